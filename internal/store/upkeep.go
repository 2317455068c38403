package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// Retention says how long things are kept after they are over. Zero keeps
// them for ever.
type Retention struct {
	Bodies  time.Duration // of processed events
	History time.Duration // events, alerts and tickets
}

const (
	upkeepRows  = 200  // touched by one step: a few milliseconds
	vacuumPages = 1000 // given back to the file system by one step: 4 MB
)

// Sweep is one pass over what may be too old. What is open, held, pending or
// not delivered stays, however old, and so does an alert on such a ticket.
// A Sweep is not safe for concurrent use.
type Sweep struct {
	store   *Store
	now     time.Time
	keep    Retention
	stage   int
	afterAt int64 // where the walk of this stage has come to
	afterID string
}

// NewSweep begins a pass. now is the time by which ages are told.
func (s *Store) NewSweep(keep Retention, now time.Time) *Sweep {
	return &Sweep{store: s, now: now, keep: keep, afterAt: -1}
}

// Step does a few milliseconds' work in one transaction, and tells whether
// there is more to do. The caller pauses between steps, so that intake is
// never kept waiting.
func (w *Sweep) Step(ctx context.Context) (more bool, err error) {
	stages := []struct {
		what string
		keep time.Duration
		do   func(context.Context, *sql.Tx, int64) (bool, error)
	}{
		{"old bodies", w.keep.Bodies, deleteBodies},
		{"closed tickets", w.keep.History, w.tickets},
		{"resolved alerts", w.keep.History, deleteAlerts},
		{"old events", w.keep.History, w.events},
		{"old silences", w.keep.History, deleteSilences},
	}
	if w.stage >= len(stages) {
		more, err := w.store.shrink(ctx)
		if err != nil {
			return false, fmt.Errorf("give space back: %w", err)
		}
		return more, nil
	}
	stage := stages[w.stage]
	again := false
	if stage.keep > 0 {
		err = w.store.tx(ctx, func(tx *sql.Tx) error {
			var err error
			again, err = stage.do(ctx, tx, millis(w.now.Add(-stage.keep)))
			return err
		})
		if err != nil {
			return false, fmt.Errorf("delete %s: %w", stage.what, err)
		}
	}
	if !again {
		w.stage, w.afterAt, w.afterID = w.stage+1, -1, ""
	}
	return true, nil
}

func hits(res sql.Result, err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

func deleteBodies(ctx context.Context, tx *sql.Tx, before int64) (bool, error) {
	n, err := hits(tx.ExecContext(ctx, `
		UPDATE events SET body = $1, body_form = 'gone' WHERE id IN (
			SELECT id FROM events WHERE status = 'processed' AND body_form <> 'gone' AND processed_at < $2
			ORDER BY processed_at LIMIT $3)`, []byte{}, before, upkeepRows))
	return n == upkeepRows, err
}

func deleteAlerts(ctx context.Context, tx *sql.Tx, before int64) (bool, error) {
	n, err := hits(tx.ExecContext(ctx, `
		DELETE FROM alerts WHERE id IN (
			SELECT id FROM alerts WHERE (status = 'resolved' OR quiet_reason <> '') AND held = 0 AND ticket_id IS NULL AND last_at < $1
			ORDER BY last_at LIMIT $2)`, before, upkeepRows))
	return n == upkeepRows, err
}

func deleteSilences(ctx context.Context, tx *sql.Tx, before int64) (bool, error) {
	_, err := tx.ExecContext(ctx, `DELETE FROM silences WHERE until_at < $1`, before) // people make few
	return false, err
}

// place is where a walk in the order of age has come to.
type place struct {
	at int64
	id string
}

// walk returns the next candidates and moves on behind them.
func (w *Sweep) walk(ctx context.Context, tx *sql.Tx, query string, before int64) ([]place, error) {
	return list(ctx, tx, query, []any{w.afterAt, w.afterID, before, upkeepRows}, func(row scanner) (place, error) {
		var p place
		err := row.Scan(&p.at, &p.id)
		return p, err
	})
}

// tickets deletes closed tickets with their alerts and attempts. An alert
// that still counts as firing goes too: its sender has been silent ever
// since, and its ticket is over.
func (w *Sweep) tickets(ctx context.Context, tx *sql.Tx, before int64) (bool, error) {
	found, err := w.walk(ctx, tx, `
		SELECT closed_at, id FROM tickets
		WHERE state = 'closed' AND delivery = 'completed' AND (closed_at, id) > ($1, $2) AND closed_at < $3
		ORDER BY closed_at, id LIMIT $4`, before)
	if err != nil {
		return false, err
	}
	left := int64(upkeepRows)
	for _, t := range found {
		n, whole, err := deleteTicket(ctx, tx, t.id, before, left)
		if err != nil {
			return false, fmt.Errorf("ticket %s: %w", t.id, err)
		}
		if left -= n; !whole || left <= 0 {
			return true, nil // the next step begins with this one
		}
		w.afterAt, w.afterID = t.at, t.id
	}
	return len(found) == upkeepRows, nil
}

// deleteTicket deletes at most left rows, and tells how many, and whether
// nothing remains to be done for the ticket.
func deleteTicket(ctx context.Context, tx *sql.Tx, id string, before, left int64) (int64, bool, error) {
	var busy bool
	err := tx.QueryRowContext(ctx, `
		SELECT EXISTS (SELECT 1 FROM tickets WHERE id = $1 AND (lease_until <> 0 OR begun <> ''))
			OR EXISTS (SELECT 1 FROM alerts WHERE ticket_id = $1 AND (held = 1 OR last_at >= $2))
			OR EXISTS (SELECT 1 FROM event_alerts ea JOIN events e ON e.id = ea.event_id WHERE ea.ticket_id = $1 AND e.status = 'pending')`,
		id, before).Scan(&busy)
	if err != nil || busy {
		return 1, true, err
	}
	var sum int64
	for _, stmt := range []string{
		`DELETE FROM event_alerts WHERE (event_id, alert_id) IN (SELECT event_id, alert_id FROM event_alerts WHERE ticket_id = $1 LIMIT $2)`,
		`DELETE FROM event_alerts WHERE (event_id, alert_id) IN (
			SELECT ea.event_id, ea.alert_id FROM event_alerts ea JOIN alerts a ON a.id = ea.alert_id WHERE a.ticket_id = $1 LIMIT $2)`,
		`DELETE FROM alerts WHERE id IN (SELECT id FROM alerts WHERE ticket_id = $1 LIMIT $2)`,
		`DELETE FROM attempts WHERE id IN (SELECT id FROM attempts WHERE ticket_id = $1 LIMIT $2)`,
	} {
		n, err := hits(tx.ExecContext(ctx, stmt, id, left-sum))
		if err != nil {
			return sum, false, err
		}
		if sum += n; sum >= left {
			return sum, false, nil
		}
	}
	n, err := hits(tx.ExecContext(ctx, `DELETE FROM tickets WHERE id = $1`, id))
	return sum + n, true, err
}

// events deletes events that no alert is left of. They are looked at in the
// order of age, so that those which stay are not looked at again in this pass.
func (w *Sweep) events(ctx context.Context, tx *sql.Tx, before int64) (bool, error) {
	found, err := w.walk(ctx, tx, `
		SELECT received_at, id FROM events WHERE (received_at, id) > ($1, $2) AND received_at < $3
		ORDER BY received_at, id LIMIT $4`, before)
	if err != nil {
		return false, err
	}
	for _, e := range found {
		_, err := tx.ExecContext(ctx, `
			DELETE FROM events WHERE id = $1 AND status <> 'pending' AND NOT EXISTS (SELECT 1 FROM event_alerts WHERE event_id = $1)`, e.id)
		if err != nil {
			return false, err
		}
		w.afterAt, w.afterID = e.at, e.id
	}
	return len(found) == upkeepRows, nil
}

// shrink gives free pages of SQLite's back to the file system. PostgreSQL
// sees to that itself.
func (s *Store) shrink(ctx context.Context) (more bool, err error) {
	if s.turn != "" {
		return false, nil
	}
	if err := drain(ctx, s.write, fmt.Sprintf(`PRAGMA incremental_vacuum(%d)`, vacuumPages)); err != nil {
		return false, err
	}
	// PASSIVE waits for nobody; journal_size_limit then cuts the log.
	if err := drain(ctx, s.write, `PRAGMA wal_checkpoint(PASSIVE)`); err != nil {
		return false, err
	}
	var vacuum, free int
	if err := s.write.QueryRowContext(ctx, `PRAGMA auto_vacuum`).Scan(&vacuum); err != nil {
		return false, err
	}
	if err := s.write.QueryRowContext(ctx, `PRAGMA freelist_count`).Scan(&free); err != nil {
		return false, err
	}
	return vacuum == 2 && free > 0, nil
}

// drain runs a statement to its end: a pragma stops where nobody reads on.
func drain(ctx context.Context, db *sql.DB, query string) error {
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
	}
	return rows.Err()
}
