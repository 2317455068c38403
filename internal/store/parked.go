package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/halert/halert/internal/alert"
)

// Why a person's wish about a delivery cannot be followed.
var (
	// ErrInHalo is returned for an edit of a ticket that Halo has already.
	ErrInHalo = errors.New("the ticket is in Halo already")
	// ErrClosed is returned for a ticket that is closed.
	ErrClosed = errors.New("the ticket is closed")
	// ErrBusy is returned while Halo is being asked for the ticket, or while it
	// is not known what became of that.
	ErrBusy = errors.New("the ticket is being delivered")
	// ErrCompleted is returned where nothing is left to cancel.
	ErrCompleted = errors.New("the delivery is completed")
)

// OccupiedError is returned where the wanted client and site have an open
// ticket of the same group: there is one open ticket of each.
type OccupiedError struct {
	TicketID string
	HaloID   int // 0: not in Halo yet
}

// Error names the ticket that is in the way.
func (e *OccupiedError) Error() string {
	return fmt.Sprintf("ticket %s is open there for the same matter", e.TicketID)
}

// Edit is what a person changes about a ticket that is not in Halo yet. What
// is nil stays as it is.
type Edit struct {
	ClientID   *int
	SiteID     *int  // 0: the client's own; it is also the default with a new ClientID
	TicketType **int // pointing to nil: the configured one
	Priority   **int // pointing to nil: the configured one
}

// Edit changes a ticket that is not in Halo yet. Where it moves to another
// client or site, the reports of its group go on coming to it while it is
// open. Errors: ErrNotFound, ErrClosed, ErrInHalo, ErrBusy, OccupiedError.
func (s *Store) Edit(ctx context.Context, id string, e Edit, now time.Time) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		t, err := idle(ctx, tx, id, now)
		switch {
		case err != nil:
			return err
		case t.haloID != 0:
			return ErrInHalo
		}
		if err := move(ctx, tx, id, t, e); err != nil {
			return err
		}
		for column, v := range map[string]**int{"ticket_type": e.TicketType, "priority": e.Priority} {
			if v == nil {
				continue
			}
			if _, err := tx.ExecContext(ctx, `UPDATE tickets SET `+column+` = $1 WHERE id = $2`, *v, id); err != nil {
				return fmt.Errorf("edit delivery %s: %w", id, err)
			}
		}
		return nil
	})
}

// editable is the part of a ticket on which a person's wish depends.
type editable struct {
	group        string
	client, site int
	haloID       int
	delivery     DeliveryState
}

// idle reads a ticket that nobody works on, and keeps those away whose lease
// has ended without their noticing. ErrBusy comes where Halo may have been
// asked for the ticket: its answer counts, and it is looked up at the client
// that was asked for.
func idle(ctx context.Context, tx *sql.Tx, id string, now time.Time) (editable, error) {
	var t editable
	var haloID sql.NullInt64
	var state TicketState
	var begun Call
	var lease int64
	err := tx.QueryRowContext(ctx, `
		UPDATE tickets SET lease_owner = CASE WHEN lease_until > $1 THEN lease_owner ELSE '' END WHERE id = $2
		RETURNING group_key, client_id, site_id, halo_id, state, delivery, begun, lease_until`, millis(now), id).
		Scan(&t.group, &t.client, &t.site, &haloID, &state, &t.delivery, &begun, &lease)
	t.haloID = int(haloID.Int64)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return t, ErrNotFound
	case err != nil:
		return t, fmt.Errorf("read delivery %s: %w", id, err)
	case state == TicketClosed:
		return t, ErrClosed
	case begun != CallNone || lease > millis(now):
		return t, ErrBusy
	}
	return t, nil
}

// move gives a ticket to another client or site.
func move(ctx context.Context, tx *sql.Tx, id string, t editable, e Edit) error {
	to := alert.Customer{ClientID: t.client, SiteID: t.site}
	if e.ClientID != nil && *e.ClientID != t.client {
		to = alert.Customer{ClientID: *e.ClientID}
	}
	if e.SiteID != nil {
		to.SiteID = *e.SiteID
	}
	if to.ClientID == t.client && to.SiteID == t.site {
		return nil
	}
	group := alert.MoveGroup(t.group, to)
	var other OccupiedError
	var haloID sql.NullInt64
	err := tx.QueryRowContext(ctx, `SELECT id, halo_id FROM tickets WHERE group_key = $1 AND state <> 'closed'`, group).Scan(&other.TicketID, &haloID)
	if err == nil {
		other.HaloID = int(haloID.Int64)
		return &other
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("look for a ticket of the group: %w", err)
	}
	_, err = tx.ExecContext(ctx, `
		UPDATE tickets SET home_key = CASE WHEN home_key = '' THEN group_key ELSE home_key END, group_key = $1,
			client_id = $2, site_id = $3, previous_id = '', sought = 0, customer = CASE WHEN client_id = $2 THEN customer ELSE
				COALESCE((SELECT n.customer FROM tickets n WHERE n.client_id = $2 AND n.customer <> '' ORDER BY n.id DESC LIMIT 1), '') END
		WHERE id = $4`, group, to.ClientID, to.SiteID, id)
	if err != nil {
		return fmt.Errorf("move ticket %s to client %d: %w", id, to.ClientID, err)
	}
	return nil
}

// Cancel ends a delivery on a person's word. A ticket that is not in Halo yet
// is closed: it never comes there, and the next report of its alerts opens a
// new one. One that Halo has stays open: what Halo does not know yet is told
// with the next report. Errors: ErrNotFound, ErrClosed, ErrBusy, ErrCompleted.
func (s *Store) Cancel(ctx context.Context, id string, now time.Time) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		t, err := idle(ctx, tx, id, now)
		switch {
		case err != nil:
			return err
		case t.delivery == Completed:
			return ErrCompleted
		}
		_, err = tx.ExecContext(ctx, `
			UPDATE tickets SET delivery = 'cancelled', due_at = 0,
				state = CASE WHEN halo_id IS NULL THEN 'closed' ELSE state END,
				closed_at = CASE WHEN halo_id IS NULL THEN $1 ELSE closed_at END
			WHERE id = $2`, millis(now), id)
		if err != nil {
			return fmt.Errorf("cancel delivery %s: %w", id, err)
		}
		return nil
	})
}

const replaySet = `delivery = 'available', due_at = $1, attempt = 0, failed_since = 0`

// Replay gives a parked delivery another chance. Replaying one that is not
// parked makes it due now. An unknown id is ErrNotFound, that of a closed
// ticket ErrClosed.
func (s *Store) Replay(ctx context.Context, id string, now time.Time) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		var state TicketState
		err := tx.QueryRowContext(ctx, `SELECT state FROM tickets WHERE id = $1`, id).Scan(&state)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return ErrNotFound
		case err != nil:
			return fmt.Errorf("replay delivery %s: %w", id, err)
		case state == TicketClosed:
			return ErrClosed
		}
		if _, err := tx.ExecContext(ctx, `UPDATE tickets SET `+replaySet+` WHERE id = $2`, millis(now), id); err != nil {
			return fmt.Errorf("replay delivery %s: %w", id, err)
		}
		return nil
	})
}

// ReplayAll does Replay for all deliveries in a state whose tickets are not
// closed, and counts them.
func (s *Store) ReplayAll(ctx context.Context, state DeliveryState, now time.Time) (int, error) {
	var n int64
	err := s.tx(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE tickets SET `+replaySet+` WHERE delivery = $2 AND state <> 'closed'`, millis(now), string(state))
		if err != nil {
			return fmt.Errorf("replay %s deliveries: %w", state, err)
		}
		n, err = res.RowsAffected()
		return err
	})
	return int(n), err
}
