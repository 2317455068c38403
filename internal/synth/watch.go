package synth

import (
	"math/rand/v2"
	"slices"
	"time"
)

// finding is one row of what a run of the sender found.
type finding struct {
	word string                 // names the thing in the row; no other trouble has it
	user string                 // UPN, where the row has one
	name string                 // display name, where the row has one
	row  func(at time.Time) obj // the row as a run at this time shows it
}

// watched is a kind of trouble that a sender looks for again and again.
type watched struct {
	kind  string
	every time.Duration
	rate  float64 // troubles a day at a tenant of size 1
	most  int     // findings at the beginning of one trouble
	split bool    // one incident for each user
	whole bool    // the tenant as a whole is the subject
	make  func(r *rand.Rand, t *tenant, since time.Time) finding
}

// trouble is a subject whose findings last.
type trouble struct {
	subject
	found []finding
	will  fate
	at    time.Time // when the fate comes true; zero: it has
	tidy  *closing  // a person who closes the ticket when all is long over
}

// watch is one kind of trouble at one customer through the month.
type watch struct {
	m        *maker
	r        *rand.Rand
	t        *tenant
	k        watched
	troubles []*trouble
	// due tells whether what a run found is sent; post sends it. They are
	// called with the troubles that have findings.
	due  func(at time.Time, found []*trouble) bool
	post func(at time.Time, found []*trouble)
}

// slip is how many of a thousand runs find nothing because the sender could
// not look.
const slip = 10

// run goes through the month.
func (w *watch) run() {
	first := w.t.Joined.Add(tick(w.r, min(w.k.every, 24*time.Hour)))
	if w.t.storm {
		first = w.t.Joined.Add(tick(w.r, time.Hour))
	}
	for at := first; at.Before(w.m.end); at = at.Add(w.k.every) {
		if w.m.out(at) {
			continue
		}
		for _, tr := range w.troubles {
			w.people(tr, at)
		}
		w.chance(at, w.t.storm && at.Equal(first))
		if w.r.IntN(1000) < slip {
			continue
		}
		var found []*trouble
		for _, tr := range w.troubles {
			if len(tr.found) > 0 {
				found = append(found, tr)
			}
		}
		if len(found) > 0 && w.due(at, found) {
			w.told(at, found)
			w.post(at, found)
		}
	}
	for _, tr := range w.troubles {
		w.people(tr, w.m.end)
		w.tidied(tr, w.m.end)
	}
}

// tick is one of CIPP's instants in a span: every quarter of an hour, and some
// seconds for the run itself. [A]
func tick(r *rand.Rand, span time.Duration) time.Duration {
	const quarter = 15 * time.Minute
	return time.Duration(r.Int64N(int64(max(span/quarter, 1))))*quarter + time.Duration(5+r.IntN(50))*time.Second
}

// people lets the fate of a trouble come true if its time is before a run.
func (w *watch) people(tr *trouble, run time.Time) {
	w.tidied(tr, run)
	if tr.at.IsZero() || tr.at.After(run) {
		return
	}
	at := tr.at
	tr.at = time.Time{}
	switch tr.will {
	case fateFixed:
		tr.fixed(at)
		tr.found = nil
	case fateBelieved:
		tr.fixed(at)
	case fateKnown:
		tr.closed(at, tr.open, true)
		tr.will, tr.at = fateGone, between(w.r, at, 3*24*time.Hour, 10*24*time.Hour)
	case fateTidied:
		tr.tidy = &closing{at: w.m.workable(w.t, atWork(w.r, between(w.r, at, 24*time.Hour, 96*time.Hour))), of: tr.open}
		tr.gone(run)
		tr.found = nil
	case fateGone:
		tr.gone(run)
		tr.found = nil
	}
}

// tidied closes the ticket of a trouble that is long over.
func (w *watch) tidied(tr *trouble, run time.Time) {
	if tr.tidy != nil && !tr.tidy.at.After(run) {
		tr.closed(tr.tidy.at, tr.tidy.of, false)
		tr.tidy = nil
	}
}

// told takes what was sent into the incidents, and lays down the fate of new
// ones.
func (w *watch) told(at time.Time, found []*trouble) {
	for _, tr := range found {
		fresh := tr.open == nil
		for _, f := range tr.found {
			tr.tell(at, f.word)
		}
		if !fresh {
			continue
		}
		tr.tidy = nil // nobody tidies up a ticket that has news
		seen := w.m.workable(w.t, at)
		tr.will = stateFate(w.r)
		switch tr.will {
		case fateFixed:
			tr.at = atWork(w.r, between(w.r, seen, 4*time.Hour, 5*24*time.Hour))
		case fateBelieved, fateKnown:
			tr.at = atWork(w.r, between(w.r, seen, 2*time.Hour, 48*time.Hour))
		default:
			tr.at = between(w.r, seen, 6*time.Hour, 6*24*time.Hour)
		}
		tr.at = w.m.workable(w.t, tr.at)
	}
}

// workable is the first time from at on at which people can work on tickets of
// a tenant: it is mapped, and Halo is there and has caught up.
func (m *maker) workable(t *tenant, at time.Time) time.Time {
	if t != nil && at.Before(t.Mapped) {
		at = t.Mapped
	}
	for _, o := range m.outages {
		if caught := o.Until.Add(time.Hour); o.Kind != OutageSender && !at.Before(o.From) && at.Before(caught) {
			at = caught
		}
	}
	return at
}

// chance begins troubles, and lets findings come and go in those that last.
func (w *watch) chance(at time.Time, storm bool) {
	p := w.k.rate * w.t.size * w.k.every.Hours() / 24
	if w.k.split {
		w.troubles = slices.DeleteFunc(w.troubles, func(tr *trouble) bool { return len(tr.found) == 0 && tr.tidy == nil })
	}
	for _, tr := range w.troubles {
		w.shift(tr, at)
	}
	if !storm && w.r.Float64() >= p {
		return
	}
	n := 1 + w.r.IntN(w.k.most)
	if storm {
		n = w.k.most + w.r.IntN(6*w.k.most)
	}
	if w.k.whole {
		n = 1
	}
	for range n {
		w.begin(at)
	}
}

// begin adds a finding: to the trouble that there is or, where each user is an
// incident, as a trouble of its own.
func (w *watch) begin(at time.Time) {
	f := w.k.make(w.r, w.t, at)
	var tr *trouble
	if w.k.split {
		tr = &trouble{subject: subject{m: w.m, tenant: w.t, kind: w.k.kind, user: f.user}}
		w.troubles = append(w.troubles, tr)
	} else {
		if len(w.troubles) == 0 {
			w.troubles = append(w.troubles, &trouble{subject: subject{m: w.m, tenant: w.t, kind: w.k.kind}})
		}
		tr = w.troubles[0]
	}
	if w.k.whole && len(tr.found) > 0 {
		return
	}
	tr.found = append(tr.found, f)
}

// shift lets single findings come and go.
func (w *watch) shift(tr *trouble, at time.Time) {
	if w.k.split || w.k.whole || len(tr.found) == 0 {
		return
	}
	day := w.k.every.Hours() / 24
	if w.r.Float64() < 0.15*day {
		tr.found = append(tr.found, w.k.make(w.r, w.t, at))
	}
	if len(tr.found) > 1 && w.r.Float64() < 0.15*day {
		tr.found = slices.Delete(tr.found, 0, 1)
	}
}
