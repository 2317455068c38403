package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// Silence keeps alerts from becoming tickets for a while, as a person asked.
type Silence struct {
	ID        string
	DedupKey  string   // of the one alert that it is about; empty: Matchers say
	Matchers  []string // all must match; as the configuration writes them
	Reason    string
	Author    string
	From      time.Time
	Until     time.Time
	CreatedAt time.Time
	EndedAt   time.Time // a person ended it before its time; zero: nobody did
}

// Active tells whether the silence holds at a time.
func (s Silence) Active(now time.Time) bool {
	return s.EndedAt.IsZero() && !now.Before(s.From) && now.Before(s.Until)
}

const silenceColumns = `id, dedup_key, matchers, reason, author, from_at, until_at, created_at, ended_at`

func scanSilence(row scanner) (Silence, error) {
	var s Silence
	var matchers string
	var from, until, created, ended int64
	if err := row.Scan(&s.ID, &s.DedupKey, &matchers, &s.Reason, &s.Author, &from, &until, &created, &ended); err != nil {
		return Silence{}, err
	}
	s.From, s.Until, s.CreatedAt, s.EndedAt = fromMillis(from), fromMillis(until), fromMillis(created), fromMillis(ended)
	return s, fromJSON(matchers, &s.Matchers)
}

// AddSilence stores a silence under a new id, which it returns.
func (s *Store) AddSilence(ctx context.Context, sil Silence) (string, error) {
	id := NewID()
	err := s.tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO silences (`+silenceColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0)`,
			id, sil.DedupKey, toJSON(append([]string{}, sil.Matchers...)), sil.Reason, sil.Author, millis(sil.From), millis(sil.Until), millis(sil.CreatedAt))
		return err
	})
	if err != nil {
		return "", fmt.Errorf("store a silence: %w", err)
	}
	return id, nil
}

// EndSilence ends a silence now, and has the alerts looked at again that are
// quiet. One that has ended stays as it is. It returns ErrNotFound for an
// unknown id.
func (s *Store) EndSilence(ctx context.Context, id string, now time.Time) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `
			UPDATE silences SET ended_at = CASE WHEN ended_at = 0 AND until_at > $1 THEN $1 ELSE ended_at END WHERE id = $2`, millis(now), id)
		if err != nil {
			return fmt.Errorf("end silence %s: %w", id, err)
		}
		if err := mustHit(res); err != nil {
			return fmt.Errorf("silence %s: %w", id, err)
		}
		return lookAgain(ctx, tx, now)
	})
}

// LookAgain has all alerts looked at again that are quiet until some time: the
// rules have changed.
func (s *Store) LookAgain(ctx context.Context, now time.Time) error {
	return s.tx(ctx, func(tx *sql.Tx) error { return lookAgain(ctx, tx, now) })
}

func lookAgain(ctx context.Context, tx *sql.Tx, now time.Time) error {
	if _, err := tx.ExecContext(ctx, `UPDATE alerts SET quiet_until = $1 WHERE status = 'firing' AND quiet_until > $1`, millis(now)); err != nil {
		return fmt.Errorf("look at quiet alerts again: %w", err)
	}
	return nil
}

// Silences lists what people silenced, the newest first.
func (s *Store) Silences(ctx context.Context, p Page) ([]Silence, error) {
	var c conditions
	return list(ctx, s.read, `SELECT `+silenceColumns+` FROM silences`+c.page(p, "id"), c.args, scanSilence)
}

// Silence returns one silence, or ErrNotFound.
func (s *Store) Silence(ctx context.Context, id string) (Silence, error) {
	sil, err := scanSilence(s.read.QueryRowContext(ctx, `SELECT `+silenceColumns+` FROM silences WHERE id = $1`, id))
	return sil, oneError("silence", id, err)
}

// ActiveSilences lists those that hold at a time.
func (s *Store) ActiveSilences(ctx context.Context, now time.Time) ([]Silence, error) {
	return list(ctx, s.read, `SELECT `+silenceColumns+` FROM silences WHERE ended_at = 0 AND from_at <= $1 AND until_at > $1 ORDER BY until_at DESC, id`,
		[]any{millis(now)}, scanSilence)
}
