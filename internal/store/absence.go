package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/halert/halert/internal/alert"
)

// Set says that an event has all findings that there are of one kind at one
// tenant of a source.
type Set struct {
	Source string
	Tenant string // the tenant's canonical name
	Kind   string
}

// ReasonSilent is why an alert was resolved that nobody reported for as long
// as its plan says.
const ReasonSilent = "it was not reported any more for as long as its route allows"

func reasonMissing(sets int64) string {
	return fmt.Sprintf("it was missing in %d whole result sets in a row", sets)
}

// applySet counts the firing alerts of a set that the event does not report,
// and resolves those that were missing often enough.
func applySet(ctx context.Context, tx *sql.Tx, w *work, set Set, now time.Time) error {
	type row struct {
		id, key         string
		missed, missing int64
	}
	firing, err := list(ctx, tx, `
		SELECT id, dedup_key, missed, missing FROM alerts
		WHERE tenant = $1 AND kind = $2 AND status = 'firing' AND source = $3 AND missing >= 0 ORDER BY id`,
		[]any{set.Tenant, set.Kind, set.Source}, func(s scanner) (row, error) {
			var r row
			err := s.Scan(&r.id, &r.key, &r.missed, &r.missing)
			return r, err
		})
	if err != nil {
		return fmt.Errorf("read the firing alerts of %s: %w", set.Kind, err)
	}
	for _, r := range firing {
		if w.reported[r.id] {
			continue
		}
		if r.missing == 0 {
			r.missing = alert.DefaultMissing
		}
		if r.missed+1 >= r.missing {
			err = resolveMissing(ctx, tx, w, r.key, r.missed+1, now)
		} else {
			_, err = tx.ExecContext(ctx, `UPDATE alerts SET missed = missed + 1 WHERE id = $1`, r.id)
		}
		if err != nil {
			return fmt.Errorf("count alert %s as missing: %w", r.id, err)
		}
	}
	return nil
}

func resolveMissing(ctx context.Context, tx *sql.Tx, w *work, key string, sets int64, now time.Time) error {
	row, err := findAlert(ctx, tx, key)
	if err != nil {
		return err
	}
	ticketID, seq, err := resolveAlert(ctx, tx, row, reasonMissing(sets), w.touched, now)
	if err != nil {
		return err
	}
	return w.link(ctx, tx, row.id, ticketID, seq)
}

// knownEmpty deals with a result without findings where alerts of its kind
// are known: it makes none of its own. The event is shown with the latest one.
func (w *work) knownEmpty(ctx context.Context, tx *sql.Tx, r Report) (bool, error) {
	var id string
	err := tx.QueryRowContext(ctx, `
		SELECT id FROM alerts WHERE tenant = $1 AND kind = $2 AND source = $3 AND fingerprint <> $4 ORDER BY last_at DESC, id DESC LIMIT 1`,
		r.Tenant, r.Event.Topic.Kind, r.Source, r.Event.Fingerprint).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look for alerts of %s: %w", r.Event.Topic.Kind, err)
	}
	w.empty = append(w.empty, id)
	w.say("a result without findings")
	return true, nil
}

// linkEmpty shows an event without findings with the alerts that it is about.
func (w *work) linkEmpty(ctx context.Context, tx *sql.Tx) error {
	for _, id := range w.empty {
		_, err := tx.ExecContext(ctx, `
			INSERT INTO event_alerts (event_id, alert_id, ticket_id, seq) SELECT CAST($1 AS TEXT), id, ticket_id, 0 FROM alerts WHERE id = $2
			ON CONFLICT (event_id, alert_id) DO NOTHING`, w.eventID, id)
		if err != nil {
			return err
		}
	}
	return nil
}

// ResolveSilent resolves at most limit firing alerts that were not reported for as
// long as their plans say, and counts them.
func (s *Store) ResolveSilent(ctx context.Context, now time.Time, limit int) (int, error) {
	var keys []string
	err := s.tx(ctx, func(tx *sql.Tx) error {
		var err error
		keys, err = list(ctx, tx, `
			SELECT dedup_key FROM alerts WHERE status = 'firing' AND silent > 0 AND last_at + silent <= $1 ORDER BY last_at LIMIT $2`,
			[]any{millis(now), limit}, func(s scanner) (key string, err error) {
				err = s.Scan(&key)
				return key, err
			})
		if err != nil {
			return err
		}
		touched := make(map[string]int64)
		for _, key := range keys {
			row, err := findAlert(ctx, tx, key)
			if err != nil {
				return err
			}
			if _, _, err := resolveAlert(ctx, tx, row, ReasonSilent, touched, now); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("resolve silent alerts: %w", err)
	}
	return len(keys), nil
}
