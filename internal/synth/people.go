package synth

import (
	"math/rand/v2"
	"slices"
	"time"
)

// fate is how an incident will end, as laid down at its beginning.
type fate int

const (
	fateFixed    fate = iota // a person removes the cause, and closes the ticket as fixed
	fateBelieved             // a person closes it as fixed, but the cause is still there: it comes back
	fateKnown                // a person closes it as known, and lives with it
	fateTidied               // it goes away, and days later a person closes the ticket
	fateGone                 // it goes away, and nobody touches the ticket
)

// stateFate draws the fate of trouble that lasts.
func stateFate(r *rand.Rand) fate {
	switch n := r.IntN(100); {
	case n < 45:
		return fateFixed
	case n < 60:
		return fateBelieved
	case n < 62:
		return fateKnown
	case n < 82:
		return fateTidied
	default:
		return fateGone
	}
}

// between is a random time from shortest to longest after t.
func between(r *rand.Rand, t time.Time, shortest, longest time.Duration) time.Time {
	return t.Add(shortest + time.Duration(r.Int64N(int64(longest-shortest)))).Truncate(time.Second)
}

// atWork moves a time into working hours, 8 to 18 o'clock.
func atWork(r *rand.Rand, t time.Time) time.Time {
	day := t.Truncate(24 * time.Hour)
	switch h := t.Sub(day); {
	case h < 8*time.Hour:
		return between(r, day.Add(8*time.Hour), 0, 2*time.Hour)
	case h >= 18*time.Hour:
		return between(r, day.Add(32*time.Hour), 0, 2*time.Hour)
	}
	return t
}

// subject is one kind of trouble at one customer, or of one user there. It
// knows which incident is open, if any.
type subject struct {
	m      *maker
	tenant *tenant // nil: no body says whose it is
	kind   string
	user   string
	open   *incident
}

// tell notes that a body sent at t speaks of findings with these words, and
// returns the incident that they belong to.
func (s *subject) tell(t time.Time, words ...string) *incident {
	if s.open == nil {
		in := &incident{Incident: Incident{Kind: s.kind, User: s.user, From: t}}
		if s.tenant != nil {
			in.Tenant, in.Client = s.tenant.ID, s.tenant.Client
		}
		s.open = in
		s.m.incidents = append(s.m.incidents, in)
	}
	for _, w := range words {
		if !slices.Contains(s.open.Words, w) {
			s.open.Words = append(s.open.Words, w)
		}
	}
	return s.open
}

// gone ends the open incident because nothing is found any more.
func (s *subject) gone(t time.Time) { s.end(t, EndGone) }

// fixed ends the open incident because a person closed it as fixed.
func (s *subject) fixed(t time.Time) {
	s.m.closings = append(s.m.closings, closing{at: t, of: s.open})
	s.end(t, EndFixed)
}

func (s *subject) end(t time.Time, how Ending) {
	if t.Before(s.m.end) {
		s.open.Until, s.open.Ending = t, how
	}
	s.open = nil
}

// closed is a person who closes tickets without ending the incident: as known,
// or after its end.
func (s *subject) closed(t time.Time, of *incident, known bool) {
	s.m.closings = append(s.m.closings, closing{at: t, of: of, known: known})
}

// handled is for reports of what happened once: they are open until a person
// has dealt with them. It ends the open incident if that time has come by t,
// and returns the time for the next one.
type handled struct {
	subject
	due time.Time
}

// told is tell for what happened once. A person deals with it within the given
// time.
func (h *handled) told(r *rand.Rand, t time.Time, soonest, latest time.Duration, words ...string) *incident {
	h.until(t)
	if h.open == nil {
		h.due = h.m.workable(h.tenant, atWork(r, between(r, h.m.workable(h.tenant, t), soonest, latest)))
	}
	return h.tell(t, words...)
}

// until ends the open incident if a person has dealt with it by t.
func (h *handled) until(t time.Time) {
	if h.open != nil && !h.due.After(t) {
		h.fixed(h.due)
	}
}
