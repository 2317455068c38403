package store

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestHistoryTellsGoodAndBad(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		s := e.open(t)
		post(t, s, t0, report("mfa", "adele"))
		c := claim(t, s, "node", t0)
		ok(t, s.Begin(t.Context(), c.ID, "node", CallCreate, c.Seq, t0))
		ok(t, s.Fail(t.Context(), c.ID, "node", Failure{Call: CallCreate, Class: "server", Error: "down", State: Retryable, DueAt: t0, Known: true}, t0))
		opened(t, s, 2818, t0.Add(time.Minute))
		post(t, s, t0, report("mfa", "alex"))
		c = claim(t, s, "node", t0.Add(2*time.Minute))
		ok(t, s.Begin(t.Context(), c.ID, "node", CallNote, c.Seq, t0))
		ok(t, s.Noted(t.Context(), c.ID, "node", c.Seq, t0.Add(2*time.Minute)))
		ok(t, s.Begin(t.Context(), c.ID, "node", CallClose, c.Seq, t0))
		ok(t, s.Closed(t.Context(), c.ID, "node", t0.Add(3*time.Minute)))
		got, err := s.Attempts(t.Context(), c.ID)
		ok(t, err)
		want := []Attempt{
			{At: t0.Add(3 * time.Minute), Call: CallClose}, {At: t0.Add(2 * time.Minute), Call: CallNote},
			{At: t0.Add(time.Minute), Call: CallCreate}, {At: t0, Call: CallCreate, Class: "server", Error: "down"},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("history (-want +got):\n%s", diff)
		}
	})
}

func TestClosedByAPersonIsNoCallOfOurs(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		s := e.open(t)
		post(t, s, t0, report("mfa", "adele"))
		id := opened(t, s, 2818, t0).ID
		ok(t, s.Hint(t.Context(), []int{2818}, t0))
		claim(t, s, "node", t0)
		ok(t, s.Closed(t.Context(), id, "node", t0))
		if got, err := s.Attempts(t.Context(), id); err != nil || len(got) != 1 || got[0].Call != CallCreate {
			t.Errorf("history %+v, %v; want the create alone", got, err)
		}
	})
}

func TestHistoryKeepsTheLatest(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		s := e.open(t)
		post(t, s, t0, report("mfa", "adele"))
		post(t, s, t0, report("licence", "e5"))
		opened(t, s, 1, t0)
		other := opened(t, s, 2, t0).ID
		post(t, s, t0, report("mfa", "adele"))
		var id string
		for i := range keptAttempts + 10 {
			c := claim(t, s, "node", t0)
			id = c.ID
			ok(t, s.Fail(t.Context(), id, "node", Failure{Call: CallNote, Class: "server", Error: fmt.Sprint(i), State: Retryable, DueAt: t0}, t0))
		}
		got, err := s.Attempts(t.Context(), id)
		ok(t, err)
		if len(got) != keptAttempts || got[0].Error != "59" || got[keptAttempts-1].Error != "10" {
			t.Errorf("%d attempts, from %q to %q; want the latest 50", len(got), got[0].Error, got[len(got)-1].Error)
		}
		if got, err := s.Attempts(t.Context(), other); err != nil || len(got) != 1 {
			t.Errorf("another ticket's history: %v, %v", got, err)
		}
	})
}
