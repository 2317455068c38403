package store

import (
	"testing"
	"time"
)

// Somebody puts the clock back by an hour: what was put off, leased and
// counted before does not hold anything up for an hour.
func TestClockIsPutBack(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		s := e.open(t)
		post(t, s, t0, report("retried", "x"))
		c := claim(t, s, "node", t0)
		ok(t, s.Fail(t.Context(), c.ID, "node", Failure{Call: CallCreate, Class: "network", State: Retryable, DueAt: t0.Add(15 * time.Second), Known: true}, t0))
		if wait, err := s.TakeCall(t.Context(), 1, time.Minute, t0); err != nil || !wait.IsZero() {
			t.Fatal(wait, err)
		}
		back := t0.Add(-time.Hour)
		if claim(t, s, "node", back) == nil {
			t.Error("a delivery waits for the time before the clock was put back")
		}
		if again := claim(t, s, "other", back.Add(10*time.Second)); again != nil {
			t.Error("a lease of the new time does not hold")
		}
		if wait, err := s.TakeCall(t.Context(), 1, time.Minute, back); err != nil || !wait.IsZero() {
			t.Errorf("a call must wait until %v (%v): calls of the old time still count", wait, err)
		}
	})
}

func TestLeaseOfTheOldTimeIsOver(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		s := e.open(t)
		post(t, s, t0, report("leased", "x"))
		claim(t, s, "dead", t0)
		if claim(t, s, "alive", t0.Add(-time.Hour)) == nil {
			t.Error("a lease of the time before the clock was put back holds for an hour")
		}
	})
}
