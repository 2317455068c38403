package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// NotAdopted records that the sender has no open ticket of its own for this
// one: it is not looked for again.
func (s *Store) NotAdopted(ctx context.Context, id, owner string) error {
	return s.tx(ctx, func(tx *sql.Tx) error { return leased(ctx, tx, id, owner, `sought = 1`) })
}

// Adopted records that a ticket that the sender had opened in Halo is ours
// now. It shows none of our reports yet.
func (s *Store) Adopted(ctx context.Context, id, owner string, haloID int, now time.Time) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		err := leased(ctx, tx, id, owner, `sought = 1, halo_id = $3, state = 'open', opened_at = $4, attempt = 0, error = '', error_class = '', failed_since = 0`,
			haloID, millis(now))
		if err != nil {
			return err
		}
		return record(ctx, tx, id, Attempt{At: now, Call: CallAdopt})
	})
}

// HasOpen tells that an open ticket of ours is this one of Halo's.
func (s *Store) HasOpen(ctx context.Context, haloID int) (bool, error) {
	var n int
	err := s.read.QueryRowContext(ctx, `SELECT COUNT(*) FROM tickets WHERE halo_id = $1 AND state <> 'closed'`, haloID).Scan(&n)
	if err != nil {
		return false, fmt.Errorf("look for Halo's ticket %d among ours: %w", haloID, err)
	}
	return n > 0, nil
}
