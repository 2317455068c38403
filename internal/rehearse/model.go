package rehearse

import (
	"cmp"
	"slices"
	"time"

	"github.com/halert/halert/internal/alert"
	"github.com/halert/halert/internal/pipeline"
	"github.com/halert/halert/internal/store"
)

// model is what becomes of alerts by one set of rules.
type model struct {
	rules    Rules
	known    pipeline.Knowledge
	findings map[string]*finding           // firing alerts by their keys
	kinds    map[store.Set][]*finding      // the same by what a whole result set is about
	seen     map[store.Set]map[string]bool // fingerprints of alerts that ever were; at most two of each
	last     map[string]*ticket            // the latest ticket of each group
	tickets  []*ticket                     // all of them
	born     []*ticket                     // made since the last body
	touched  map[*ticket]bool              // by this body; true: something is new or over
	quieted  map[string]*finding           // quiet until some time
	silent   map[string]*finding           // over when not reported for long
	wake     time.Time                     // no quiet time ends, and no silence is long enough, before; zero: none
	totals   RehearsalTotals
	problems func(error)
}

// finding is an alert that fires.
type finding struct {
	key    string
	set    store.Set
	event  alert.Event // kept while it is quiet for a time
	ticket *ticket
	quiet  *store.Quiet
	held   string
	counts [2]bool // as quiet, as held
	missed int
	plan   alert.Closing
	last   time.Time
}

// ticket is one that would be made.
type ticket struct {
	founder  string // key of the alert that it was made for
	report   store.Report
	at       time.Time
	severity alert.Severity
	plan     alert.Plan
	firing   int
	keys     map[string]bool // of the alerts that were on it
	bodies   int
	notes    int
	noteAt   time.Time // of the ticket or its last note; either may be to come
	cleared  time.Time // since when all is over; zero: it is not
	ended    time.Time // zero: it is open
	dropped  bool      // all was over within its delay
	other    fate      // of its founder by the other rules
}

// fate is what became of an alert.
type fate struct {
	ticket *ticket
	quiet  string
	held   string
}

func newModel(r Rules, known pipeline.Knowledge, problems func(error)) *model {
	return &model{rules: r, known: known, problems: problems,
		findings: make(map[string]*finding), kinds: make(map[store.Set][]*finding), seen: make(map[store.Set]map[string]bool),
		last: make(map[string]*ticket), quieted: make(map[string]*finding), silent: make(map[string]*finding)}
}

// take plays one body that was read.
func (m *model) take(e store.Event, msg alert.Message) {
	m.touched = make(map[*ticket]bool)
	m.advance(e.ReceivedAt)
	m.note()
	m.touched = make(map[*ticket]bool)
	m.known.Now = e.ReceivedAt
	o, problems := pipeline.Decide(e, msg, m.rules.Settings, m.known)
	for _, err := range problems {
		m.problems(err)
	}
	reported := make(map[string]bool)
	for _, r := range o.Reports {
		m.report(r, reported)
	}
	for _, set := range o.Sets {
		m.missing(set, reported)
	}
	for t := range m.touched {
		t.bodies++
	}
	m.note()
}

// fate tells where an alert is now.
func (m *model) fate(key string) fate {
	f, fires := m.findings[key]
	if !fires {
		return fate{}
	}
	out := fate{ticket: f.ticket, held: f.held}
	if f.quiet != nil {
		out.quiet = f.quiet.Reason
	}
	return out
}

func (m *model) report(r store.Report, reported map[string]bool) {
	ev := r.Event
	set := store.Set{Source: r.Source, Tenant: r.Tenant, Kind: ev.Topic.Kind}
	if ev.Empty && m.others(set, ev.Fingerprint) {
		return
	}
	m.remember(set, ev.Fingerprint)
	key := alert.DedupKey(r.Source, r.Tenant, ev.Topic.Kind, ev.Fingerprint)
	reported[key] = true
	f := m.findings[key]
	if ev.Action == alert.Resolve && f != nil {
		m.resolve(f)
	}
	if ev.Action != alert.Trigger {
		return
	}
	if f == nil {
		f = &finding{key: key, set: set}
		m.findings[key] = f
		m.kinds[set] = append(m.kinds[set], f)
	}
	f.last, f.missed, f.plan = m.known.Now, 0, r.Plan.Close
	if f.plan.Silent > 0 {
		m.silent[key] = f
		m.wakeAt(f.last.Add(f.plan.Silent))
	} else {
		delete(m.silent, key)
	}
	m.settle(f, r)
}

// settle puts an alert where the decision says.
func (m *model) settle(f *finding, r store.Report) {
	f.quiet, f.held, f.event = r.Quiet, "", alert.Event{}
	delete(m.quieted, f.key)
	switch {
	case r.Quiet != nil:
		if !f.counts[0] {
			f.counts[0] = true
			m.totals.Quiet++
		}
		if until := r.Quiet.Until; !until.IsZero() {
			f.event = r.Event
			m.quieted[f.key] = f
			m.wakeAt(until)
		}
	case r.Customer == nil:
		f.held = r.Held
		if !f.counts[1] {
			f.counts[1] = true
			m.totals.Held++
		}
	default:
		m.place(f, r)
	}
}

// others tells whether alerts of a kind were seen besides the one.
func (m *model) others(set store.Set, fingerprint string) bool {
	n := len(m.seen[set])
	if m.seen[set][fingerprint] {
		n--
	}
	return n > 0
}

func (m *model) remember(set store.Set, fingerprint string) {
	if m.seen[set] == nil {
		m.seen[set] = make(map[string]bool)
	}
	if len(m.seen[set]) < 2 { // two are enough to answer
		m.seen[set][fingerprint] = true
	}
}

// place puts a firing alert on its ticket.
func (m *model) place(f *finding, r store.Report) {
	t := f.ticket
	if t != nil && (r.Apart || t.report.Customer.ClientID != r.Customer.ClientID || t.report.Customer.SiteID != r.Customer.SiteID) {
		t = nil
	}
	if t == nil {
		t = m.ticketFor(f, r)
	}
	fresh := f.ticket != t
	if fresh {
		m.leave(f)
		f.ticket = t
		t.firing++
		t.keys[f.key] = true
	}
	t.cleared = time.Time{}
	if r.Event.Severity >= t.severity {
		t.severity, t.plan = r.Event.Severity, r.Plan
	}
	m.touched[t] = m.touched[t] || fresh
}

// leave takes an alert off the ticket that it was on.
func (m *model) leave(f *finding) {
	t := f.ticket
	if f.ticket = nil; t == nil {
		return
	}
	if t.firing--; t.firing == 0 && t.ended.IsZero() {
		t.cleared = m.known.Now
		if t.cleared.Before(t.at.Add(t.plan.Delay)) {
			t.dropped, t.ended = true, t.cleared
		}
	}
	m.touched[t] = true
}

// ticketFor finds the open ticket of a group, opens its last one again, or
// makes one.
func (m *model) ticketFor(f *finding, r store.Report) *ticket {
	t := m.last[r.GroupKey]
	if t != nil && !m.over(t) {
		return t
	}
	if t != nil && !t.dropped && !r.Apart && r.Plan.Reopen.Within > 0 && t.ended.Add(r.Plan.Reopen.Within).After(m.known.Now) {
		t.ended = time.Time{}
		return t
	}
	t = &ticket{founder: f.key, report: store.Report{Source: r.Source, Customer: r.Customer, User: r.User, Event: alert.Event{Topic: alert.Topic{Kind: r.Event.Topic.Kind, Title: r.Event.Topic.Title}}},
		at: m.known.Now, noteAt: m.known.Now.Add(r.Plan.Delay), plan: r.Plan, severity: r.Event.Severity, keys: make(map[string]bool)}
	m.last[r.GroupKey] = t
	m.tickets, m.born = append(m.tickets, t), append(m.born, t)
	return t
}

// over tells whether a ticket is closed by now: all on it is over, for as long
// as its plan wants.
func (m *model) over(t *ticket) bool {
	if t.ended.IsZero() && !t.cleared.IsZero() && !t.plan.Close.Never {
		if end := t.cleared.Add(t.plan.Close.After); m.known.Now.After(end) {
			t.ended = end
		}
	}
	return !t.ended.IsZero()
}

func (m *model) resolve(f *finding) {
	m.leave(f)
	delete(m.findings, f.key)
	delete(m.quieted, f.key)
	delete(m.silent, f.key)
	m.kinds[f.set] = slices.DeleteFunc(m.kinds[f.set], func(o *finding) bool { return o == f })
	if len(m.kinds[f.set]) == 0 {
		delete(m.kinds, f.set)
	}
}

// missing counts what a whole result set lacks.
func (m *model) missing(set store.Set, reported map[string]bool) {
	for _, f := range slices.Clone(m.kinds[set]) {
		if reported[f.key] || f.plan.Missing < 0 {
			continue
		}
		if f.missed++; f.missed >= cmp.Or(f.plan.Missing, alert.DefaultMissing) {
			m.resolve(f)
		}
	}
}

func (m *model) wakeAt(t time.Time) {
	if m.wake.IsZero() || t.Before(m.wake) {
		m.wake = t
	}
}

// advance does what falls due up to a time: quiet times that end, and alerts
// that were not reported for long enough.
func (m *model) advance(to time.Time) {
	if m.wake.IsZero() || m.wake.After(to) {
		return
	}
	m.wake = time.Time{}
	due := func(at func(*finding) time.Time, all map[string]*finding) (out []*finding) {
		for _, f := range all {
			if at(f).After(to) {
				m.wakeAt(at(f))
			} else {
				out = append(out, f)
			}
		}
		slices.SortFunc(out, func(a, b *finding) int { return cmp.Or(at(a).Compare(at(b)), cmp.Compare(a.key, b.key)) })
		return out
	}
	silentAt := func(f *finding) time.Time { return f.last.Add(f.plan.Silent) }
	for _, f := range due(silentAt, m.silent) {
		m.known.Now = silentAt(f)
		m.resolve(f)
	}
	quietAt := func(f *finding) time.Time { return f.quiet.Until }
	for _, f := range due(quietAt, m.quieted) {
		m.known.Now = quietAt(f)
		o, problems := pipeline.Decide(store.Event{ID: f.key, Source: f.set.Source}, alert.Message{Events: []alert.Event{f.event}}, m.rules.Settings, m.known)
		for _, err := range problems {
			m.problems(err)
		}
		m.settle(f, o.Reports[0])
		if f.ticket != nil {
			f.ticket.bodies++ // the one that was quiet
		}
	}
}

// note counts the notes on what was touched, as far as a model can tell.
func (m *model) note() {
	for t, changed := range m.touched {
		p := t.plan.Notes
		switch {
		case t.dropped, t.at.Equal(m.known.Now): // there is none, or it says so itself
			continue
		case p.Mode == alert.NoteNever, p.Mode == alert.NoteOnChange && !changed:
			continue
		case m.known.Now.Before(t.noteAt): // goes with the ticket or the note that waits
			continue
		}
		at := m.known.Now
		if earliest := t.noteAt.Add(p.Every); at.Before(earliest) {
			at = earliest
		}
		t.noteAt = daily(p, at)
		t.notes++
	}
}

// daily is the next time of day for notes.
func daily(p alert.NotePolicy, at time.Time) time.Time {
	clock, err := time.Parse("15:04", p.Daily)
	if err != nil {
		return at // at any time
	}
	zone, err := time.LoadLocation(p.Zone)
	if err != nil {
		zone = time.UTC
	}
	y, mon, d := at.In(zone).Date()
	next := time.Date(y, mon, d, clock.Hour(), clock.Minute(), 0, 0, zone)
	if !next.After(at) {
		next = time.Date(y, mon, d+1, clock.Hour(), clock.Minute(), 0, 0, zone)
	}
	return next
}
