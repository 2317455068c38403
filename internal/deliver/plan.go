package deliver

import (
	"time"

	"github.com/halert/halert/internal/halo"
	"github.com/halert/halert/internal/store"
)

// step is the next thing to do for a ticket.
type step int

const (
	stepDone   step = iota // Halo shows what it should
	stepLook               // a call was begun and its outcome is not known: look before repeating it
	stepAdopt              // Halo may have a ticket that the sender made itself
	stepCreate             // Halo has no such ticket
	stepNote               // there is news that Halo does not show
	stepClose              // nothing is wrong any more
	stepCheck              // something happened to Halo's ticket
)

// next decides what to do for a ticket, by what Halo should show and what it
// shows.
func next(t store.Ticket, s Settings) step {
	switch {
	case t.Begun != store.CallNone:
		return stepLook
	case t.HaloID == 0 && s.AdoptCIPP && !t.Sought && former(t) != "":
		return stepAdopt
	case t.HaloID == 0:
		return stepCreate
	case t.Seq > t.ShownSeq:
		return stepNote
	case t.WantClosed && s.ClosedStatus != nil:
		return stepClose
	case t.WantCheck:
		return stepCheck
	}
	return stepDone
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
