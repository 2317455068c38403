package store

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestSilences(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		s := e.open(t)
		patching := Silence{Matchers: []string{`customer="Acme"`}, Reason: "patching", Author: "jo", From: t0, Until: t0.Add(time.Hour), CreatedAt: t0}
		id, err := s.AddSilence(t.Context(), patching)
		ok(t, err)
		later, err := s.AddSilence(t.Context(), Silence{DedupKey: "k", Reason: "known", Author: "al", From: t0.Add(time.Hour), Until: t0.Add(2 * time.Hour), CreatedAt: t0})
		ok(t, err)
		patching.ID = id
		got, err := s.Silence(t.Context(), id)
		ok(t, err)
		if diff := cmp.Diff(patching, got); diff != "" {
			t.Errorf("stored (-want +got)\n%s", diff)
		}
		active := func(after time.Duration) (ids []string) {
			t.Helper()
			all, err := s.ActiveSilences(t.Context(), t0.Add(after))
			ok(t, err)
			for _, one := range all {
				if !one.Active(t0.Add(after)) {
					t.Errorf("%s is listed as active", one.Reason)
				}
				ids = append(ids, one.ID)
			}
			return ids
		}
		for _, tt := range []struct {
			after time.Duration
			want  []string
		}{{-time.Second, nil}, {0, []string{id}}, {time.Hour - 1, []string{id}}, {time.Hour, []string{later}}, {2 * time.Hour, nil}} {
			if diff := cmp.Diff(tt.want, active(tt.after)); diff != "" {
				t.Errorf("after %v (-want +got)\n%s", tt.after, diff)
			}
		}
		ok(t, s.EndSilence(t.Context(), id, t0.Add(time.Minute)))
		ok(t, s.EndSilence(t.Context(), id, t0.Add(2*time.Minute)))
		if got, err := s.Silence(t.Context(), id); err != nil || !got.EndedAt.Equal(t0.Add(time.Minute)) || active(2*time.Minute) != nil {
			t.Errorf("after its end: %+v, %v", got, err)
		}
		if err := s.EndSilence(t.Context(), "none", t0); !errors.Is(err, ErrNotFound) {
			t.Errorf("ending one that is not there: %v", err)
		}
		if all, err := s.Silences(t.Context(), Page{Limit: 10}); err != nil || len(all) != 2 || all[0].ID != later {
			t.Errorf("listed: %+v, %v", all, err)
		}
	})
}
