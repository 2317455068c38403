package deliver

import (
	"testing"
	"time"
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
