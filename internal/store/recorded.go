package store

import (
	"context"
	"fmt"
	"time"
)

// Recorded is an event of the past.
type Recorded struct {
	Event
	Gone bool // its body is not kept any more
}

// Recorded returns events that were received since a time, with their bodies,
// the oldest first. The next page begins at the time of this one's last event,
// after its id; the first one after "".
func (s *Store) Recorded(ctx context.Context, since time.Time, after string, limit int) ([]Recorded, error) {
	out, err := list(ctx, s.read, `
		SELECT id, source, kind, received_at, status, body, body_form FROM events
		WHERE (received_at, id) > ($1, $2) ORDER BY received_at, id LIMIT $3`,
		[]any{millis(since), after, limit}, func(row scanner) (Recorded, error) {
			var r Recorded
			var at int64
			var form string
			var kept []byte
			if err := row.Scan(&r.ID, &r.Source, &r.Kind, &at, &r.Status, &kept, &form); err != nil {
				return r, err
			}
			r.ReceivedAt = fromMillis(at)
			if r.Gone = form == bodyGone; r.Gone {
				return r, nil
			}
			var err error
			if r.Body, err = s.packer.unpack(form, kept); err != nil {
				return r, fmt.Errorf("event %s: %w", r.ID, err)
			}
			return r, nil
		})
	if err != nil {
		return nil, fmt.Errorf("read recorded events: %w", err)
	}
	return out, nil
}

// SilencesSince lists what people silenced that held at some time since then.
// One that a person ended before its time has that end.
func (s *Store) SilencesSince(ctx context.Context, since time.Time) ([]Silence, error) {
	all, err := list(ctx, s.read, `SELECT `+silenceColumns+` FROM silences WHERE until_at > $1 ORDER BY until_at DESC, id`,
		[]any{millis(since)}, scanSilence)
	for i := range all {
		if !all[i].EndedAt.IsZero() {
			all[i].Until, all[i].EndedAt = all[i].EndedAt, time.Time{}
		}
	}
	return all, err
}
