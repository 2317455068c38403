package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/halert/halert/internal/alert"
)

// Waiting is a firing alert without a ticket that is to be looked at again.
type Waiting struct {
	AlertID string
	Source  string
	Tenant  string // the canonical name
	Held    bool   // else its quiet time is over
	Event   alert.Event
}

// Waiting returns the alerts that are held, and those whose quiet time is over,
// the oldest first, after the given id.
func (s *Store) Waiting(ctx context.Context, after string, limit int, now time.Time) ([]Waiting, error) {
	rows, err := s.read.QueryContext(ctx, `
		SELECT id, held, source, tenant, tenant_id, tenant_domain, fingerprint, severity, topic, finding, grouping_wish
		FROM alerts WHERE (held = 1 OR quiet_until > 0 AND quiet_until <= $3 AND status = 'firing') AND id > $1
		ORDER BY id LIMIT $2`, after, limit, millis(now))
	if err != nil {
		return nil, fmt.Errorf("read waiting alerts: %w", err)
	}
	defer rows.Close()
	var out []Waiting
	for rows.Next() {
		h := Waiting{Event: alert.Event{Action: alert.Trigger}}
		e := &h.Event
		var topic, finding string
		if err := rows.Scan(&h.AlertID, &h.Held, &h.Source, &h.Tenant, &e.Tenant.ID, &e.Tenant.Domain, &e.Fingerprint,
			&e.Severity, &topic, &finding, &e.Grouping); err != nil {
			return nil, fmt.Errorf("read waiting alerts: %w", err)
		}
		if err := errors.Join(fromJSON(topic, &e.Topic), fromJSON(finding, &e.Finding)); err != nil {
			return nil, fmt.Errorf("read waiting alert %s: %w", h.AlertID, err)
		}
		out = append(out, h)
	}
	return out, rows.Err()
}

// QuietOver tells whether there are alerts whose quiet time is over.
func (s *Store) QuietOver(ctx context.Context, now time.Time) (bool, error) {
	var over bool
	err := s.read.QueryRowContext(ctx, `
		SELECT EXISTS (SELECT 1 FROM alerts WHERE quiet_until > 0 AND quiet_until <= $1 AND status = 'firing')`, millis(now)).Scan(&over)
	if err != nil {
		return false, fmt.Errorf("look for alerts whose quiet time is over: %w", err)
	}
	return over, nil
}

// Release looks at waiting alerts again: they go on tickets, or are quiet for
// longer, or held. The reports name the alerts by their keys; those that do
// not wait any more are left alone.
func (s *Store) Release(ctx context.Context, reports []Report, now time.Time) error {
	err := s.tx(ctx, func(tx *sql.Tx) error {
		touched := make(map[string]int64)
		for _, r := range reports {
			if err := release(ctx, tx, r, touched, now); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("release waiting alerts: %w", err)
	}
	return nil
}

func release(ctx context.Context, tx *sql.Tx, r Report, touched map[string]int64, now time.Time) error {
	key := alert.DedupKey(r.Source, r.Tenant, r.Event.Topic.Kind, r.Event.Fingerprint)
	res, err := tx.ExecContext(ctx, `
		UPDATE alerts SET held = $1, held_reason = $2, quiet_reason = $3, quiet_until = $4, client_id = $5, decision = $7
		WHERE dedup_key = $6 AND (held = 1 OR quiet_reason <> '') AND status = 'firing'`,
		flag(r.holds()), r.Held, r.quietReason(), r.quietUntil(), clientOf(r), key, r.decision())
	if err != nil {
		return err
	}
	if err := mustHit(res); errors.Is(err, ErrNotFound) {
		return nil
	} else if err != nil {
		return err
	}
	if r.Customer == nil || r.Quiet != nil {
		return nil
	}
	row, err := findAlert(ctx, tx, key)
	if err != nil {
		return err
	}
	ticketID, seq, err := placeAlert(ctx, tx, row, r, touched, now)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `
		UPDATE event_alerts SET ticket_id = $1, seq = $2 WHERE alert_id = $3 AND ticket_id IS NULL`, ticketID, seq, row.id)
	return err
}
