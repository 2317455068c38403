package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// SwapSetting stores fresh under a name if old is what stands there now; a
// nil old means that nothing does. It returns whether it did: if not,
// somebody else was quicker.
func (s *Store) SwapSetting(ctx context.Context, name string, old, fresh []byte, now time.Time) (bool, error) {
	var hit int64
	err := s.tx(ctx, func(tx *sql.Tx) error {
		stmt, args := `UPDATE settings SET value = $2, updated_at = $3 WHERE name = $1 AND value = $4`, []any{name, fresh, millis(now), old}
		if old == nil {
			stmt, args = `INSERT INTO settings (name, value, updated_at) VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING`, args[:3]
		}
		res, err := tx.ExecContext(ctx, stmt, args...)
		if err != nil {
			return fmt.Errorf("swap setting %s: %w", name, err)
		}
		hit, err = res.RowsAffected()
		return err
	})
	return err == nil && hit > 0, err
}

// Backlog is what waits to be brought to Halo.
type Backlog struct {
	Waiting int
	Since   time.Time // since when the delivery waits that waits longest; zero: none does
	Error   string    // what went wrong with that one last; may be empty
}

// Backlog looks at the deliveries that are not where they should be, other
// than parked ones and those that wait for their time by their plan. A failed one waits since its first failure.
func (s *Store) Backlog(ctx context.Context) (Backlog, error) {
	const waiting = ` FROM tickets WHERE delivery IN ('available', 'retryable', 'scheduled') AND waits_for = ''`
	var b Backlog
	if err := s.read.QueryRowContext(ctx, `SELECT COUNT(*)`+waiting).Scan(&b.Waiting); err != nil {
		return b, fmt.Errorf("count waiting deliveries: %w", err)
	}
	if b.Waiting == 0 {
		return b, nil
	}
	type oldest struct {
		since int64
		error string
	}
	rows, err := list(ctx, s.read, `SELECT CASE WHEN failed_since > 0 THEN failed_since ELSE due_at END AS since, error`+waiting+` ORDER BY since LIMIT 1`,
		nil, func(row scanner) (oldest, error) {
			var o oldest
			err := row.Scan(&o.since, &o.error)
			return o, err
		})
	for _, o := range rows {
		b.Since, b.Error = fromMillis(o.since), o.error
	}
	return b, err
}

// Trouble is a parked delivery, or a body in quarantine.
type Trouble struct {
	ID     string    // of the ticket, or of the event
	At     time.Time // when it came to that
	Source string
	Error  string // of a delivery: Halo's words. Empty for a body: what is said of it may quote it
}

// Troubles are those that are new.
type Troubles struct {
	Total  int // with those that are not new
	New    int
	Newest time.Time // zero: none is new
	First  []Trouble // the oldest of the new ones
}

// Parked looks for deliveries that were parked after a time, and lists the
// first of them.
func (s *Store) Parked(ctx context.Context, after time.Time, limit int) (Troubles, error) {
	const parked = `(SELECT t.id, t.source, t.error, COALESCE((SELECT MAX(a.at) FROM attempts a WHERE a.ticket_id = t.id), t.created_at) AS at
		FROM tickets t WHERE t.delivery = 'discarded') p`
	return s.troubles(ctx, parked, after, limit, []any{millis(after)})
}

// quarantineLag is how long after its arrival a body is still looked at: most
// come to quarantine at once. It spares a look at all of them.
const quarantineLag = 24 * time.Hour

// Quarantined looks for bodies that came to quarantine after a time, and
// lists the first of them.
func (s *Store) Quarantined(ctx context.Context, after time.Time, limit int) (Troubles, error) {
	const quarantined = `(SELECT id, source, '' AS error, CASE WHEN processed_at > received_at THEN processed_at ELSE received_at END AS at
		FROM events WHERE status = 'quarantined' AND id > $2) q`
	from := ""
	if !after.IsZero() {
		hex := fmt.Sprintf("%012x", millis(after.Add(-quarantineLag))) // ids begin with their time
		from = hex[:8] + "-" + hex[8:]
	}
	out, err := s.troubles(ctx, quarantined, after, limit, []any{millis(after), from})
	if err != nil {
		return out, err
	}
	err = s.read.QueryRowContext(ctx, `SELECT COUNT(*) FROM events WHERE status = 'quarantined'`).Scan(&out.Total)
	if err != nil {
		return out, fmt.Errorf("count bodies in quarantine: %w", err)
	}
	return out, nil
}

func (s *Store) troubles(ctx context.Context, from string, after time.Time, limit int, args []any) (Troubles, error) {
	var out Troubles
	var newest int64
	query := `SELECT COUNT(*), COALESCE(SUM(CASE WHEN at > $1 THEN 1 ELSE 0 END), 0), COALESCE(MAX(at), 0) FROM ` + from
	if err := s.read.QueryRowContext(ctx, query, args...).Scan(&out.Total, &out.New, &newest); err != nil {
		return out, fmt.Errorf("count what is new: %w", err)
	}
	if out.New == 0 {
		return out, nil
	}
	out.Newest = fromMillis(newest)
	var err error
	out.First, err = list(ctx, s.read, `SELECT id, source, error, at FROM `+from+fmt.Sprintf(` WHERE at > $1 ORDER BY at, id LIMIT %d`, limit), args,
		func(row scanner) (Trouble, error) {
			var t Trouble
			var at int64
			err := row.Scan(&t.ID, &t.Source, &t.Error, &at)
			t.At = fromMillis(at)
			return t, err
		})
	return out, err
}
