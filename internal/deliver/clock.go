package deliver

import (
	"sync"
	"time"
)

// clock is the machine's clock with a watch on it. Leases and doubts are kept
// in the time of day, because several processes share them; but the time of
// day is put right now and then, and a machine that was suspended finds it
// far ahead. After such a jump a lease that lasts seems over, and a lost call
// seems long ago, so for a while neither is believed.
type clock struct {
	now func() time.Time
	// uptime counts on whatever happens to the time of day. Nil: the time of
	// day never jumps (tests that move it by hand).
	uptime func() time.Duration

	mu      sync.Mutex
	started bool
	wall    time.Time
	up      time.Duration
	rests   time.Duration // until this uptime no ticket is claimed
	doubts  time.Duration // until this uptime no look-up in vain is believed
}

const (
	// jump is the difference between the time of day and the uptime, from one
	// look to the next, that is no mere correction.
	jump = 2 * time.Second
	// jumpRest lets the other holders of leases renew them in the new time.
	jumpRest = lease / 2
)

// look compares the two clocks, and returns by how much the time of day has
// jumped since the last look.
func (c *clock) look() time.Duration {
	if c.uptime == nil {
		return 0
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	wall, up := c.now().Round(0), c.uptime()
	by := wall.Sub(c.wall) - (up - c.up)
	first := !c.started
	c.started, c.wall, c.up = true, wall, up
	if first { // the clock may have jumped while no process ran
		c.doubts = up + settle
		return 0
	}
	if by.Abs() < jump {
		return 0
	}
	c.rests, c.doubts = up+jumpRest, up+settle+slowSettle
	return by
}

// rest is for how long no ticket may be claimed.
func (c *clock) rest() time.Duration {
	if c.uptime == nil {
		return 0
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return max(0, c.rests-c.uptime())
}

// doubt is for how long no look-up in vain is believed.
func (c *clock) doubt() time.Duration {
	if c.uptime == nil {
		return 0
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return max(0, c.doubts-c.uptime())
}
