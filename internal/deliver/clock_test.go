package deliver

import (
	"testing"
	"time"

	"github.com/halert/halert/internal/halo"
	"github.com/halert/halert/internal/store"
)

// handClock is a time of day and an uptime that the test moves.
type handClock struct {
	wall time.Time
	up   time.Duration
}

func (h *handClock) pass(d time.Duration) { h.wall, h.up = h.wall.Add(d), h.up+d }

func TestClockNoticesJumps(t *testing.T) {
	for name, by := range map[string]time.Duration{
		"put right by a second": time.Second, "an hour forth": time.Hour, "an hour back": -time.Hour, "suspended for 10 s": 10 * time.Second,
	} {
		t.Run(name, func(t *testing.T) {
			h := &handClock{wall: time.Date(2026, 3, 9, 7, 0, 0, 0, time.UTC)}
			c := &clock{now: func() time.Time { return h.wall }, uptime: func() time.Duration { return h.up }}
			c.look()
			if c.doubt() != settle || c.rest() != 0 {
				t.Errorf("after the start: rest %v, doubt %v; want none, %v", c.rest(), c.doubt(), settle)
			}
			h.pass(time.Minute)
			if got := c.look(); got != 0 || c.doubt() != 0 {
				t.Errorf("a minute that passes is a jump by %v, doubt %v", got, c.doubt())
			}
			h.wall = h.wall.Add(by)
			want := by
			if by.Abs() < jump {
				want = 0
			}
			if got := c.look(); got != want {
				t.Errorf("jumped by %v, want %v", got, want)
			}
			if want == 0 {
				return
			}
			if c.rest() != jumpRest || c.doubt() != settle+slowSettle {
				t.Errorf("rest %v, doubt %v", c.rest(), c.doubt())
			}
			h.pass(jumpRest)
			if c.look() != 0 || c.rest() != 0 {
				t.Error("the rest does not end")
			}
			h.pass(settle + slowSettle)
			if c.look() != 0 || c.doubt() != 0 {
				t.Error("the doubt does not end")
			}
		})
	}
}

func TestClockMovedByATestNeverJumps(t *testing.T) {
	h := &handClock{}
	c := &clock{now: func() time.Time { return h.wall }}
	h.wall = h.wall.Add(time.Hour)
	if c.look() != 0 || c.rest() != 0 || c.doubt() != 0 {
		t.Error("it does")
	}
}

// The clock is put back by a day while a call is under way that Halo answers
// with 429: how long to wait is told by the new day.
func TestRateLimitAfterTheClockWasPutBack(t *testing.T) {
	w := newWorld(t, false, nil)
	up := time.Duration(0)
	w.d.clock.uptime = func() time.Duration { return up }
	w.d.clock.look()
	w.report(12, "mfa", "adele", nil)
	c, err := w.store.Claim(t.Context(), "test", w.now(), w.now().Add(lease))
	if err != nil {
		t.Fatal(err)
	}
	j := &job{d: w.d, target: w.d.target.Load(), ticket: *c, log: w.d.log}
	w.d.gate.limited(w.now(), 10*time.Second, true) // by another call, just before
	w.advance(-24 * time.Hour)
	if err := j.fail(t.Context(), store.CallCreate, &halo.Error{Class: halo.ClassRateLimited, HasRetryAfter: true, RetryAfter: 2 * time.Second}); err != nil {
		t.Fatal(err)
	}
	free, err := j.target.budget.free(t.Context())
	if from, _ := w.d.gate.admit(); err != nil || free.Sub(w.now()) > 2*time.Second || from.Sub(w.now()) > 2*time.Second {
		t.Errorf("calls wait until %v, the gate is shut until %v (%v); it is %v", free, from, err, w.now())
	}
}
