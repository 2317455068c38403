package deliver

import (
	"time"

	"github.com/halert/halert/internal/alert"
	"github.com/halert/halert/internal/halo"
	"github.com/halert/halert/internal/store"
)

// step is the next thing to do for a ticket.
type step int

const (
	stepDone    step = iota // Halo shows what it should
	stepLook                // a call was begun and its outcome is not known: look before repeating it
	stepAdopt               // Halo may have a ticket that the sender made itself
	stepCreate              // Halo has no such ticket
	stepNote                // there is news that Halo does not show
	stepCheck               // something happened to Halo's ticket
	stepSee                 // reports wait for the next note: make sure that the ticket is open
	stepWait                // nothing before a time that the ticket's plan sets
	stepDrop                // all was over before the ticket was due: it is never made
	stepEnd                 // all is over: close it, or leave it to a person
	stepRewrite             // the list of a storm ticket is to be brought up to date
	stepCalm                // a storm is over
	stepReopen              // it came again: open Halo's ticket once more
)

// move is a step, and for stepWait until when and for what.
type move struct {
	step  step
	until time.Time
	what  store.WaitFor
}

// next decides what to do for a ticket at a time, by what Halo should show,
// what it shows, and the ticket's plan. changed tells whether a finding is
// new, came back or is over since the last note.
func next(t store.Ticket, s Settings, changed bool, now time.Time) move {
	switch {
	case t.Begun != store.CallNone:
		return move{step: stepLook}
	case t.State == store.TicketClosed:
		return checkOr(t, move{step: stepDone})
	case t.WantReopen:
		return move{step: stepReopen}
	case t.HaloID == 0:
		return unborn(t, s, now)
	}
	m := nextStorm(t, nextNote(t, changed, now), now)
	if ends(t, s) {
		at := t.ClearedAt.Add(t.Plan.Close.After)
		if !waits(at, t.Plan.Close.After, now) {
			return move{step: stepEnd}
		}
		if m.step == stepDone || m.step == stepWait && at.Before(m.until) {
			m = move{step: stepWait, until: at, what: store.WaitClose}
		}
	}
	if m.step == stepDone || m.step == stepWait {
		return checkOr(t, m)
	}
	return m
}

func checkOr(t store.Ticket, m move) move {
	if t.WantCheck {
		return move{step: stepCheck}
	}
	return m
}

// waits tells that a time is still to come. One that lies further ahead than
// the whole wait was reckoned before the clock was put back: it is over.
func waits(at time.Time, whole time.Duration, now time.Time) bool {
	left := at.Sub(now)
	return left > 0 && left <= whole
}

// ends tells that all is over, and that it was not decided yet what becomes of
// Halo's ticket.
func ends(t store.Ticket, s Settings) bool {
	return t.WantClosed && t.KeptSeq != t.Seq && (t.Plan.Close.Never || s.ClosedStatus != nil)
}

// unborn is the next step for a ticket that is not in Halo yet.
func unborn(t store.Ticket, s Settings, now time.Time) move {
	due := t.CreatedAt.Add(t.Plan.Delay)
	switch {
	case t.Plan.Delay > 0 && t.WantClosed && t.ClearedAt.Before(due):
		return move{step: stepDrop}
	case waits(due, t.Plan.Delay, now):
		return move{step: stepWait, until: due, what: store.WaitDelay}
	case s.AdoptCIPP && !t.Sought && former(t) != "":
		return move{step: stepAdopt}
	}
	return move{step: stepCreate}
}

// nextNote says whether Halo is to be told of what it does not show.
func nextNote(t store.Ticket, changed bool, now time.Time) move {
	p := notePolicy(t)
	m := move{step: stepDone}
	switch {
	case t.Seq <= t.ShownSeq:
		return m
	case t.ShownSeq == 0: // taken over: all that a new ticket says is still to be said
		return move{step: stepNote}
	case p.Mode == alert.NoteNever, p.Mode == alert.NoteOnChange && !changed:
	default:
		at := noteTime(p, t.NotedAt, t.NewsAt)
		if !waits(at, longestWait(p), now) {
			return move{step: stepNote}
		}
		m = move{step: stepWait, until: at, what: store.WaitNote}
	}
	if t.Seq > t.SeenSeq {
		return move{step: stepSee}
	}
	return m
}

const (
	// settle is how long after a lost answer a look-up in vain is believed:
	// Halo may still have been at work, and its lists may lag behind [G].
	settle = 8 * time.Second
	// slowSettle comes on top where Halo gave no answer in time.
	slowSettle = 30 * time.Second
	// lookEvery is the time between two look-ups until then.
	lookEvery = 4 * time.Second
)

// verdict is what a failure means for a ticket.
type verdict int

const (
	retry   verdict = iota // again after a while
	wait                   // again when the rate limit has passed
	refused                // Halo refuses everybody: again when the cause is gone
	doubt                  // 403: this ticket's matter or everybody's, to be found out
	park                   // Halo refuses this ticket: for a person
	gone                   // the Halo ticket is not there any more
)

// judge is the one table of what an error of Halo's means (CONTRACT 6).
func judge(class halo.Class, call store.Call) verdict {
	switch class {
	case halo.ClassRateLimited:
		return wait
	case halo.ClassUnauthorised, halo.ClassCredentials:
		return refused
	case halo.ClassForbidden:
		return doubt
	case halo.ClassNotFound:
		if call == store.CallCreate || call == store.CallAdopt {
			return park
		}
		return gone
	case halo.ClassRefused:
		return park
	}
	return retry // network, server, unreadable, and what we do not know
}
