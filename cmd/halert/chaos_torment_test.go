package main

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/halert/halert/internal/halosim"
)

// torment does what is bad for a server until the time is over: Halo fails in
// one way or another, and processes, clocks, disks and networks break.
func (c *chaos) torment(ctx context.Context) {
	for ctx.Err() == nil {
		c.sim.RemoveAll()
		for _, f := range c.faults() {
			if _, err := c.sim.Inject(f); err != nil {
				c.t.Error(err)
			}
		}
		calm := 1500
		if c.random.IntN(4) == 0 && c.long() > time.Second {
			calm = 30_000 // time enough to come out of all doubts
		}
		wait(ctx, time.Duration(200+c.random.IntN(calm))*time.Millisecond)
		i := c.random.IntN(len(c.nodes))
		troubles := c.troubles()
		if n := c.random.IntN(2 * len(troubles)); n < len(troubles) { // half of the rounds are kills alone
			c.done[troubles[n].name]++
			troubles[n].do(ctx, i)
		}
		c.kill(i)
		c.done["kill"]++
		wait(ctx, time.Duration(c.random.IntN(300))*time.Millisecond)
		c.start(i)
	}
}

// trouble is something bad that comes over the process i, and passes.
type trouble struct {
	name string
	do   func(ctx context.Context, i int)
}

// long is how long a trouble lasts that should outlast all leases. A short run
// has no time for that.
func (c *chaos) long() time.Duration {
	if c.lasts > time.Minute {
		return 25 * time.Second
	}
	return time.Second
}

// troubles are those that this run's engine can have.
func (c *chaos) troubles() []trouble {
	all := []trouble{{"clock", c.jump}, {"stand still", c.standStill}}
	if c.cluster == nil {
		return append(all, trouble{"disk full", c.fillDisk})
	}
	return append(all, trouble{"PostgreSQL crash", c.crash}, trouble{"cut off", c.cutOff}, trouble{"silence", c.silence})
}

// jump puts the time of day of all processes forth or back: by minutes, hours
// or a day.
func (c *chaos) jump(ctx context.Context, _ int) {
	sizes := []time.Duration{3 * time.Second, time.Hour, 24 * time.Hour}
	if c.long() > time.Second { // what was put off is late by as much
		sizes = append(sizes, time.Minute)
	}
	c.offset += sizes[c.random.IntN(len(sizes))] * time.Duration(1-2*c.random.IntN(2))
	fresh := c.clockFile() + ".new"
	if err := os.WriteFile(fresh, strconv.AppendInt(nil, c.offset.Milliseconds(), 10), 0o600); err != nil {
		c.t.Error(err)
	}
	if err := os.Rename(fresh, c.clockFile()); err != nil { // at once: a half written file would be another jump
		c.t.Error(err)
	}
	wait(ctx, time.Duration(c.random.IntN(2000))*time.Millisecond)
}

func (c *chaos) clockFile() string { return filepath.Join(c.dir, "clock") }
func (c *chaos) diskFile() string  { return filepath.Join(c.dir, "full") }

// fillDisk lets the database grow no more for a while.
func (c *chaos) fillDisk(ctx context.Context, _ int) {
	if err := os.WriteFile(c.diskFile(), nil, 0o600); err != nil {
		c.t.Error(err)
	}
	wait(ctx, time.Duration(300+c.random.IntN(1500))*time.Millisecond)
	if err := os.Remove(c.diskFile()); err != nil {
		c.t.Error(err)
	}
	wait(ctx, time.Duration(c.random.IntN(1000))*time.Millisecond)
}

// standStill stops a process for longer than its leases last; it goes on as
// if nothing had been.
func (c *chaos) standStill(ctx context.Context, i int) {
	if err := pause(c.nodes[i].cmd.Process, true); err != nil {
		return // it has died by itself
	}
	wait(ctx, c.long())
	if err := pause(c.nodes[i].cmd.Process, false); err != nil {
		c.t.Error(err)
	}
	wait(ctx, time.Second)
}

func (c *chaos) crash(ctx context.Context, _ int) {
	c.cluster.crash()
	wait(ctx, time.Second)
}

// cutOff breaks one process's connections to the database.
func (c *chaos) cutOff(ctx context.Context, i int) { c.part(ctx, i, cableCut) }

// silence lets nothing through between one process and the database.
func (c *chaos) silence(ctx context.Context, i int) { c.part(ctx, i, cableSilent) }

func (c *chaos) part(ctx context.Context, i int, s cableState) {
	c.nodes[i].cable.set(s)
	wait(ctx, c.long())
	c.nodes[i].cable.set(cableWhole)
	wait(ctx, time.Second)
}

// faults are what is wrong with Halo for a while.
func (c *chaos) faults() []halosim.Fault {
	kinds := []halosim.Fault{
		{Kind: halosim.KindCreatedDropped, Operation: halosim.OpCreate, Probability: 0.3},
		{Kind: halosim.KindCreatedStatus, Operation: halosim.OpCreate, Probability: 0.3},
		{Kind: halosim.KindDropped, Probability: 0.2},
		{Kind: halosim.KindCreatedDropped, Operation: halosim.OpNote, Probability: 0.4},
		{Kind: halosim.KindCreatedStatus, Operation: halosim.OpNote, Probability: 0.4},
		{Kind: halosim.KindStatus, Status: 429, RetryAfter: "seconds", RetryIn: time.Second, Probability: 0.1},
		{Kind: halosim.KindStatus, Status: 500, Body: "exception", Probability: 0.1},
		{Kind: halosim.KindStatus, Status: 503, Body: "html", Probability: 0.2},
		{Kind: halosim.KindSlow, Delay: 300 * time.Millisecond, Probability: 0.5},
		{Kind: halosim.KindTokenExpiry, Delay: 200 * time.Millisecond},
		{Kind: halosim.KindOutage},
	}
	var chosen []halosim.Fault
	for range c.random.IntN(4) {
		chosen = append(chosen, kinds[c.random.IntN(len(kinds))])
	}
	return chosen
}

func wait(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
