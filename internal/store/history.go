package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// Attempt is one attempt at a delivery: a call to Halo and how it went.
type Attempt struct {
	At    time.Time
	Call  Call
	Class string // of the failure; empty if it went well
	Error string // Halo's own words, or what went wrong
}

// keptAttempts bounds the history of each ticket.
const keptAttempts = 50

// record adds an attempt to a ticket's history, and forgets the oldest ones.
func record(ctx context.Context, tx *sql.Tx, ticketID string, a Attempt) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO attempts (id, ticket_id, at, call, class, error) VALUES ($1, $2, $3, $4, $5, $6)`,
		NewID(), ticketID, millis(a.At), string(a.Call), a.Class, a.Error)
	if err != nil {
		return fmt.Errorf("record the attempt on ticket %s: %w", ticketID, err)
	}
	_, err = tx.ExecContext(ctx, fmt.Sprintf(`
		DELETE FROM attempts WHERE ticket_id = $1 AND id <= (
			SELECT id FROM attempts WHERE ticket_id = $1 ORDER BY id DESC LIMIT 1 OFFSET %d)`, keptAttempts), ticketID)
	if err != nil {
		return fmt.Errorf("shorten the history of ticket %s: %w", ticketID, err)
	}
	return nil
}

// Attempts lists the latest attempts at a ticket's delivery, the newest first.
func (s *Store) Attempts(ctx context.Context, ticketID string) ([]Attempt, error) {
	return list(ctx, s.read, `SELECT at, call, class, error FROM attempts WHERE ticket_id = $1 ORDER BY id DESC`,
		[]any{ticketID}, func(row scanner) (Attempt, error) {
			var a Attempt
			var at int64
			err := row.Scan(&at, &a.Call, &a.Class, &a.Error)
			a.At = fromMillis(at)
			return a, err
		})
}

// Remark adds something to a ticket's history that a person should see there.
func (s *Store) Remark(ctx context.Context, ticketID string, a Attempt) error {
	return s.tx(ctx, func(tx *sql.Tx) error { return record(ctx, tx, ticketID, a) })
}
