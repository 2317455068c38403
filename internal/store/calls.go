package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
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

// Calls counts the calls to Halo within a window that ends now.
func (s *Store) Calls(ctx context.Context, window time.Duration, now time.Time) (int, error) {
	var n int
	if err := s.read.QueryRowContext(ctx, `SELECT COUNT(*) FROM halo_calls WHERE at > $1`, millis(now.Add(-window))).Scan(&n); err != nil {
		return 0, fmt.Errorf("count the calls to Halo: %w", err)
	}
	return n, nil
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
	if full, err := fullUntil(ctx, q, now); err != nil || !full.IsZero() {
		return full, err
	}
	var n int
	var oldest sql.NullInt64
	err := q.QueryRowContext(ctx, `SELECT COUNT(*), MIN(at) FROM halo_calls WHERE at > $1`, millis(now.Add(-window))).Scan(&n, &oldest)
	if err != nil || n < limit {
		return time.Time{}, err
	}
	return fromMillis(oldest.Int64).Add(window + time.Millisecond), nil
}

// settingFull holds until when Halo's window is full by Halo's own word.
const settingFull = "halo/window-full-until"

// FillWindow takes the window as full until a time: Halo says so, whatever our
// own count is, because other integrations use up its limit too. All processes
// on the database see it.
func (s *Store) FillWindow(ctx context.Context, until, now time.Time) error {
	return s.PutSettings(ctx, map[string][]byte{settingFull: strconv.AppendInt(nil, millis(until), 10)}, now)
}

// maxFull is longer than Halo ever asks to wait.
const maxFull = time.Hour + time.Minute

// fullUntil reads what FillWindow wrote. What was written in the future, or
// lasts for longer than Halo asks for, is of the time before the clock was put
// back, and counts no more.
func fullUntil(ctx context.Context, q rowQuerier, now time.Time) (time.Time, error) {
	var text []byte
	err := q.QueryRowContext(ctx, `SELECT value FROM settings WHERE name = $1 AND updated_at <= $2`, settingFull, millis(now.Add(clockSlack))).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, err
	}
	ms, err := strconv.ParseInt(string(text), 10, 64)
	if until := fromMillis(ms); err == nil && until.After(now) && until.Before(now.Add(maxFull)) {
		return until, nil
	}
	return time.Time{}, err
}
