package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// Lookups are the ways of finding a ticket by its reference that a Halo is
// known to honour. Versions differ [A]. What is nil is not known yet.
type Lookups struct {
	Halo     string    `json:"halo"`      // the resource address for which it holds
	Listed   *bool     `json:"listed"`    // lists show third_party_id_string
	ByID     *bool     `json:"by_id"`     // a ticket that is read by its id shows it
	Filter   *bool     `json:"filter"`    // the filter on it narrows a list
	ProbedAt time.Time `json:"probed_at"` // zero: never
}

const settingLookups = "halo/capabilities"

// Lookups returns what is known of the Halo that was probed last.
func (s *Store) Lookups(ctx context.Context) (Lookups, error) {
	var l Lookups
	b, err := s.Setting(ctx, settingLookups)
	if err != nil || b == nil {
		return l, err
	}
	if err := json.Unmarshal(b, &l); err != nil {
		return Lookups{}, fmt.Errorf("read setting %s: %w", settingLookups, err)
	}
	return l, nil
}

// PutLookups remembers what is known of a Halo.
func (s *Store) PutLookups(ctx context.Context, l Lookups, now time.Time) error {
	return s.PutSettings(ctx, map[string][]byte{settingLookups: []byte(toJSON(l))}, now)
}
