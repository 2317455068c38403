package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// Heard tells when a source, or a tenant by a source, was last heard of.
type Heard struct {
	Source string
	Tenant string // canonical name; empty: the source itself
	At     time.Time
	Silent bool // its silence is reported
}

// Heard lists what was ever heard of.
func (s *Store) Heard(ctx context.Context) ([]Heard, error) {
	return list(ctx, s.read, `SELECT source, tenant, at, silent FROM heard ORDER BY source, tenant`, nil, func(row scanner) (Heard, error) {
		var h Heard
		var at int64
		err := row.Scan(&h.Source, &h.Tenant, &at, &h.Silent)
		h.At = fromMillis(at)
		return h, err
	})
}

// settingListened holds when somebody last listened.
const settingListened = "heard/listened"

// Listen starts the time of sources that were never heard, and keeps in mind
// that halert listens at this moment. Time in which nobody listened for longer
// than gap, and jumps of the clock, are not counted as anybody's silence.
func (s *Store) Listen(ctx context.Context, sources []string, gap time.Duration, now time.Time) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		var text []byte
		err := tx.QueryRowContext(ctx, `SELECT value FROM settings WHERE name = $1`, settingListened).Scan(&text)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("read when somebody last listened: %w", err)
		}
		if last, err := strconv.ParseInt(string(text), 10, 64); err == nil {
			if missed := now.Sub(fromMillis(last)); missed.Abs() > gap {
				if _, err := tx.ExecContext(ctx, `UPDATE heard SET at = at + $1`, missed.Milliseconds()); err != nil {
					return fmt.Errorf("leave out the time in which nobody listened: %w", err)
				}
			}
		}
		for _, source := range sources {
			if err := hear(ctx, tx, source, "", now, `NOTHING`); err != nil {
				return err
			}
		}
		return put(ctx, tx, settingListened, strconv.AppendInt(nil, millis(now), 10), now)
	})
}

// heard notes that a source is heard, and which tenants it speaks of.
func heard(ctx context.Context, tx *sql.Tx, o Outcome, now time.Time) error {
	done := make(map[string]bool)
	for _, r := range o.Reports {
		if r.Tenant == "" || done[r.Tenant] {
			continue
		}
		done[r.Tenant] = true
		if err := hear(ctx, tx, o.Source, r.Tenant, now, `UPDATE SET at = excluded.at`); err != nil {
			return err
		}
	}
	return hear(ctx, tx, o.Source, "", now, `UPDATE SET at = excluded.at`)
}

func hear(ctx context.Context, tx *sql.Tx, source, tenant string, now time.Time, again string) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO heard (source, tenant, at) VALUES ($1, $2, $3) ON CONFLICT (source, tenant) DO `+again,
		source, tenant, millis(now))
	if err != nil {
		return fmt.Errorf("note that source %s is heard: %w", source, err)
	}
	return nil
}

// MarkSilent keeps in mind that a silence, or its end, is reported, and puts
// the report into the inbox. It returns false if h is not as it was: another
// process was quicker, or something was heard.
func (s *Store) MarkSilent(ctx context.Context, h Heard, report Event) (bool, error) {
	marked := false
	err := s.tx(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE heard SET silent = $1 WHERE source = $2 AND tenant = $3 AND at = $4 AND silent = $5`,
			flag(!h.Silent), h.Source, h.Tenant, millis(h.At), flag(h.Silent))
		if err != nil {
			return err
		}
		if err := mustHit(res); errors.Is(err, ErrNotFound) {
			return nil
		} else if err != nil {
			return err
		}
		marked = true
		form, body := s.packer.pack(report.Body)
		_, err = tx.ExecContext(ctx, `INSERT INTO events (id, source, kind, received_at, body, status, body_form) VALUES ($1, $2, $3, $4, $5, 'pending', $6)`,
			NewID(), report.Source, report.Kind, millis(report.ReceivedAt), body, form)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("report the silence of %s: %w", h.Source, err)
	}
	return marked, nil
}
