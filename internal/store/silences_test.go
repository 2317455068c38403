package store

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/halert/halert/internal/alert"
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

// A quiet alert makes no ticket; when its time is over it is looked at again.
func TestQuietAlert(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		s := e.open(t)
		hushed := report("mfa", "adele")
		hushed.Quiet = &Quiet{Reason: "silenced by jo", Until: t0.Add(time.Hour)}
		post(t, s, t0, hushed)
		id := post(t, s, t0, hushed)
		if c := claim(t, s, "node", t0); c != nil {
			t.Fatalf("a quiet alert made a ticket: %+v", c)
		}
		find := func() Alert {
			t.Helper()
			all, err := s.Alerts(t.Context(), AlertFilter{Quiet: ptr(true)}, Page{Limit: 9})
			ok(t, err)
			if len(all) != 1 {
				t.Fatalf("%d quiet alerts, want 1", len(all))
			}
			return all[0]
		}
		if a := find(); a.QuietReason != "silenced by jo" || !a.QuietUntil.Equal(t0.Add(time.Hour)) || a.Held || a.Reports != 2 {
			t.Errorf("stored: %+v", a)
		}
		over := func(at time.Time) bool {
			t.Helper()
			is, err := s.QuietOver(t.Context(), at)
			ok(t, err)
			waiting, err := s.Waiting(t.Context(), "", 10, at)
			ok(t, err)
			if is != (len(waiting) == 1) {
				t.Errorf("quiet time over: %v, but %d alerts wait", is, len(waiting))
			}
			return is
		}
		if over(t0.Add(time.Hour-time.Millisecond)) || !over(t0.Add(time.Hour)) {
			t.Error("the quiet time does not end when it should")
		}
		longer := hushed
		longer.Quiet = &Quiet{Reason: "excluded"}
		ok(t, s.Release(t.Context(), []Report{longer}, t0.Add(time.Hour)))
		if a := find(); a.QuietReason != "excluded" || over(t0.Add(1000*time.Hour)) {
			t.Errorf("excluded for good: %+v", a)
		}
		ok(t, s.Release(t.Context(), []Report{report("mfa", "adele")}, t0))
		if got := ticketOf(t, s, id); got.Seq != 1 {
			t.Errorf("the ticket counts %d reports, want 1: it was quiet before", got.Seq)
		}
	})
}

// A repeat on an open ticket that is silenced by now is counted, and not told.
func TestQuietRepeat(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		s := e.open(t)
		post(t, s, t0, report("mfa", "adele"))
		c := opened(t, s, 7, t0)
		hushed := report("mfa", "adele")
		hushed.Quiet = &Quiet{Reason: "silenced", Until: t0.Add(time.Hour)}
		post(t, s, t0, hushed)
		if got, err := s.Ticket(t.Context(), c.ID, t0); err != nil || got.Seq != 1 || got.Delivery != Completed {
			t.Errorf("after a silenced repeat: %+v, %v", got, err)
		}
		post(t, s, t0, report("mfa", "adele"))
		if got, err := s.Ticket(t.Context(), c.ID, t0); err != nil || got.Seq != 2 {
			t.Errorf("after one that is not: %+v, %v", got, err)
		}
		resolved := report("mfa", "adele")
		resolved.Event.Action = alert.Resolve
		post(t, s, t0, hushed)
		post(t, s, t0, resolved)
		if got, err := s.Ticket(t.Context(), c.ID, t0); err != nil || !got.WantClosed {
			t.Errorf("a silenced alert that is over: %+v, %v", got, err)
		}
	})
}
