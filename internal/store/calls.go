package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// TakeCall asks for one call to Halo under a rolling window: at most limit
// calls in any window. It returns the zero time and counts the call, or the
// time at which to ask again.
func (s *Store) TakeCall(ctx context.Context, limit int, window time.Duration, now time.Time) (time.Time, error) {
	var wait time.Time
	err := s.tx(ctx, func(tx *sql.Tx) error {
		var err error
		if _, err = tx.ExecContext(ctx, `DELETE FROM halo_calls WHERE at <= $1 OR at > $2`,
			millis(now.Add(-window)), millis(now.Add(maxLease))); err != nil {
			return err
		}
		if wait, err = nextCall(ctx, tx, limit, window, now); err != nil || !wait.IsZero() {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO halo_calls (id, at) VALUES ($1, $2)`, NewID(), millis(now))
		return err
	})
	if err != nil {
		return time.Time{}, fmt.Errorf("count a call to Halo: %w", err)
	}
	return wait, nil
}

// NextCall is TakeCall without taking: it tells from when there is a place,
// the zero time for now.
func (s *Store) NextCall(ctx context.Context, limit int, window time.Duration, now time.Time) (time.Time, error) {
	at, err := nextCall(ctx, s.read, limit, window, now)
	if err != nil {
		return time.Time{}, fmt.Errorf("look at the calls to Halo: %w", err)
	}
	return at, nil
}

type rowQuerier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

func nextCall(ctx context.Context, q rowQuerier, limit int, window time.Duration, now time.Time) (time.Time, error) {
	var n int
	var oldest sql.NullInt64
	err := q.QueryRowContext(ctx, `SELECT COUNT(*), MIN(at) FROM halo_calls WHERE at > $1`, millis(now.Add(-window))).Scan(&n, &oldest)
	if err != nil || n < limit {
		return time.Time{}, err
	}
	return fromMillis(oldest.Int64).Add(window + time.Millisecond), nil
}
