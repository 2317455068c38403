package store

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestSwapSetting(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		s := e.open(t)
		for _, step := range []struct {
			old, fresh string
			want       bool
		}{{"x", "a", false}, {"", "a", true}, {"", "b", false}, {"b", "c", false}, {"a", "c", true}} {
			var old []byte
			if step.old != "" {
				old = []byte(step.old)
			}
			got, err := s.SwapSetting(t.Context(), "n", old, []byte(step.fresh), t0)
			ok(t, err)
			if got != step.want {
				t.Errorf("swap %q for %q: %v", step.old, step.fresh, got)
			}
		}
		if v, err := s.Setting(t.Context(), "n"); err != nil || string(v) != "c" {
			t.Errorf("it holds %q, %v", v, err)
		}
		var wins atomic.Int32
		var wg sync.WaitGroup
		for _, name := range []string{"1", "2", "3", "4"} {
			wg.Go(func() {
				won, err := s.SwapSetting(t.Context(), "n", []byte("c"), []byte(name), t0)
				if err != nil {
					t.Error(err)
				}
				if won {
					wins.Add(1)
				}
			})
		}
		wg.Wait()
		if wins.Load() != 1 {
			t.Errorf("%d of four at once won", wins.Load())
		}
	})
}

func TestBacklogAndParked(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		s := e.open(t)
		check := func(want Backlog) {
			t.Helper()
			got, err := s.Backlog(t.Context())
			ok(t, err)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("backlog (-want +got):\n%s", diff)
			}
		}
		check(Backlog{})
		post(t, s, t0, report("disk", "a"))
		post(t, s, t0.Add(time.Second), report("mail", "b"))
		check(Backlog{Waiting: 2, Since: t0})

		// A failure moves the due time on, and not the time since when it waits.
		fail := func(at time.Time, words string, state DeliveryState) string {
			t.Helper()
			tk := claim(t, s, "o", at)
			ok(t, s.Fail(t.Context(), tk.ID, "o", Failure{Call: CallCreate, Error: words, State: state, DueAt: at.Add(time.Hour), Known: true, Counts: true}, at))
			return tk.ID
		}
		first := fail(t0.Add(2*time.Second), "no route", Retryable)
		second := fail(t0.Add(3*time.Second), "no such client", Discarded)
		check(Backlog{Waiting: 1, Since: t0.Add(2 * time.Second), Error: "no route"})
		ok(t, s.Replay(t.Context(), first, t0.Add(4*time.Second)))
		third := fail(t0.Add(4*time.Second), "no such type", Discarded)
		check(Backlog{})

		parked := func(after time.Time, limit int, want Troubles) {
			t.Helper()
			got, err := s.Parked(t.Context(), after, limit)
			ok(t, err)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("parked (-want +got):\n%s", diff)
			}
		}
		two := Trouble{ID: second, At: t0.Add(3 * time.Second), Source: "cipp", Error: "no such client"}
		three := Trouble{ID: third, At: t0.Add(4 * time.Second), Source: "cipp", Error: "no such type"}
		parked(time.Time{}, 1, Troubles{Total: 2, New: 2, Newest: three.At, First: []Trouble{two}})
		parked(two.At, 5, Troubles{Total: 2, New: 1, Newest: three.At, First: []Trouble{three}})
		parked(three.At, 5, Troubles{Total: 2})
	})
}

func TestQuarantined(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		s := e.open(t)
		now := time.Now().UTC().Truncate(time.Millisecond) // ids are made of the real time
		at := func(seconds int) time.Time { return now.Add(time.Duration(seconds) * time.Second) }
		accept := func(at time.Time, status EventStatus) string {
			t.Helper()
			id, err := s.Accept(t.Context(), Event{Source: "rmm", Kind: "generic", ReceivedAt: at, Body: []byte("x"), Status: status, Error: "it says: secret"})
			ok(t, err)
			return id
		}
		late := accept(at(0), EventPending)
		first := accept(at(1), EventQuarantined)
		ok(t, s.Apply(t.Context(), []Outcome{{EventID: late, Status: EventQuarantined, Error: "unreadable"}}, at(2)))
		for _, tt := range []struct {
			after time.Time
			want  Troubles
		}{
			{time.Time{}, Troubles{Total: 2, New: 2, Newest: at(2), First: []Trouble{{ID: first, At: at(1), Source: "rmm"}, {ID: late, At: at(2), Source: "rmm"}}}},
			{at(1), Troubles{Total: 2, New: 1, Newest: at(2), First: []Trouble{{ID: late, At: at(2), Source: "rmm"}}}},
			{at(2), Troubles{Total: 2}},
			{at(0).Add(48 * time.Hour), Troubles{Total: 2}},
		} {
			got, err := s.Quarantined(t.Context(), tt.after, 5)
			ok(t, err)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("quarantined after %s (-want +got):\n%s", tt.after, diff)
			}
		}
	})
}
