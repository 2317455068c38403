package store

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLookupsAreRemembered(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		s := e.open(t)
		if got, err := s.Lookups(t.Context()); err != nil || got != (Lookups{}) {
			t.Errorf("before the first probe: %+v, %v", got, err)
		}
		want := Lookups{Halo: "https://acme.example/api", Listed: ptr(true), Filter: ptr(false), ProbedAt: t0}
		ok(t, s.PutLookups(t.Context(), want, t0))
		got, err := s.Lookups(t.Context())
		ok(t, err)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}
