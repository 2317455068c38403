package deliver

import (
	"sync"
	"time"
)

// gate decides when Halo may be asked at all. While Halo is down, or refuses
// everybody, one probe at a time goes through; the first success opens it for
// all. It keeps one state for all tickets, so that an outage costs a probe
// every few seconds and not a failure for each ticket.
type gate struct {
	mu        sync.Mutex
	failures  int       // in a row, of the kind that says that Halo is down
	downSince time.Time // zero: not down
	downError string
	refused   *Trouble  // nil: Halo lets us work
	probeAt   time.Time // while down or refused: no call before
	limit     time.Time // rate limited: no call before
	limits    int       // rate limits in a row that did not say how long to wait
	lastGood  time.Time
	// Clients whose create was refused with 403 since one last went well, with
	// the tickets that were parked for it: one client is that client's own
	// matter, several are everybody's.
	forbidden map[int][]string
	own       map[int]bool // clients whose 403 is their own matter: others were served meanwhile
}

// Trouble is why deliveries wait.
type Trouble struct {
	Class  string // of the error, or ClassDown
	Reason string // what Halo says
	Remedy string // what to do about it
	Since  time.Time
}

// ClassDown is the class of the trouble that Halo cannot be reached, or fails.
const ClassDown = "down"

const (
	// refusedProbe is the time between two probes while Halo refuses everybody.
	refusedProbe = time.Minute
	// soonProbe is the time to the first probe where it is not sure yet that
	// Halo refuses everybody.
	soonProbe = 2 * time.Second
	// downAfter is the number of failures in a row that make an outage. One
	// is not enough: it may be that ticket's own.
	downAfter = 2
)

// admit returns the time from which the next ticket may be worked on, and
// whether it is a probe that must be alone.
func (g *gate) admit() (from time.Time, probe bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	from = g.probeAt
	if g.limit.After(from) {
		from = g.limit
	}
	return from, !g.downSince.IsZero() || g.refused != nil
}

// success tells that a call went well. It returns true if that ended a time
// of trouble.
func (g *gate) success(now time.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	was := !g.downSince.IsZero() || g.refused != nil
	g.failures, g.downSince, g.downError, g.refused, g.probeAt = 0, time.Time{}, "", nil, time.Time{}
	g.limits, g.lastGood = 0, now
	return was
}

// down tells that Halo could not be reached, or failed.
func (g *gate) down(now time.Time, reason string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.failures++
	if g.failures < downAfter {
		return
	}
	if g.downSince.IsZero() {
		g.downSince = now
	}
	g.downError = reason
	g.probeAt = now.Add(backoff(g.failures-downAfter, now.Sub(g.downSince)))
}

// limited tells that Halo's rate limit is reached, and returns until when to
// wait: as long as Halo says, at least a second because a 0 would ask without
// end, else [calm], and twice as long each time in a row up to two minutes.
func (g *gate) limited(now time.Time, after time.Duration, said bool) time.Time {
	g.mu.Lock()
	defer g.mu.Unlock()
	after = max(after, time.Second)
	if !said {
		after = min(calm<<min(g.limits, 3), 2*time.Minute)
		g.limits++
	}
	if until := now.Add(after); until.After(g.limit) {
		g.limit = until
	}
	return g.limit
}

// refuse tells that Halo refuses everybody, and returns when to try again.
// The first try may come sooner than the later ones.
func (g *gate) refuse(now time.Time, t Trouble, first time.Duration) time.Time {
	g.mu.Lock()
	defer g.mu.Unlock()
	t.Since = now
	if g.refused != nil {
		t.Since, first = g.refused.Since, refusedProbe
	}
	g.refused = &t
	g.probeAt = now.Add(first)
	return g.probeAt
}

// forbid notes that a create for a client was refused with 403. It tells
// whether that is everybody's matter, and which tickets were parked before
// that was known.
func (g *gate) forbid(client int, ticketID string) (everybody bool, parked []string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.own[client] {
		return false, nil
	}
	if g.forbidden == nil {
		g.forbidden = make(map[int][]string)
	}
	g.forbidden[client] = append(g.forbidden[client], ticketID)
	if len(g.forbidden) < 2 {
		return false, nil
	}
	for c, ids := range g.forbidden {
		parked = append(parked, ids...)
		g.forbidden[c] = nil
	}
	return true, parked
}

// served notes that a create for a client went well: what was refused for
// other clients meanwhile was their own matter.
func (g *gate) served(client int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.own == nil {
		g.own = make(map[int]bool)
	}
	for c := range g.forbidden {
		g.own[c] = true
	}
	g.forbidden = nil
	delete(g.own, client)
}

// reset forgets all trouble: the settings have changed.
func (g *gate) reset() {
	g.success(time.Time{})
	g.mu.Lock()
	defer g.mu.Unlock()
	g.limit, g.forbidden, g.own = time.Time{}, nil, nil
}

// trouble returns why nothing is delivered now, or nil.
func (g *gate) trouble() *Trouble {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.refused != nil:
		t := *g.refused
		return &t
	case !g.downSince.IsZero():
		return &Trouble{Class: ClassDown, Reason: g.downError, Since: g.downSince,
			Remedy: "Halo cannot be reached or fails. Nothing is lost: deliveries go on when it is back."}
	}
	return nil
}

// calm is the longest wait in the first minutes of a trouble. People are
// promised 15 seconds between two calls; the rest is for the way from the end
// of the wait to the call itself.
const calm = 13 * time.Second

// backoff is the wait before the next try after n tries in vain (from 0) in a
// trouble that lasts for a time: quick at first, at most [calm] within the
// first five minutes, then growing to five minutes.
func backoff(n int, lasts time.Duration) time.Duration {
	if lasts >= 5*time.Minute {
		return min(5*time.Minute, max(calm, lasts/10))
	}
	return min(calm, 2*time.Second<<min(max(n, 0), 3))
}
