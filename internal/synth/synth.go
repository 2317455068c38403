// Package synth makes up a month of alerts of a managed service provider: what
// CIPP and Alertmanager send about all its customers, what its people do, when
// Halo and CIPP are out of order, and, written down before anybody sees the
// stream, which incidents there truly were. [New] is pure: the same [Options]
// give the same month, byte for byte.
//
// An incident is one kind of trouble at one customer (for audit log records,
// and for rules that ask for a ticket per user: of one user), from the first
// body that tells of it until a run of the sender finds none of its findings
// any more, or a person closes its ticket as fixed. If the trouble comes back
// after that, it is a new incident. A resolved message of Alertmanager that is
// followed by a firing one within [Flap] ends nothing. Closing a ticket as
// known, with the cause in place, ends nothing either.
package synth

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"time"
)

// Options say which month to make. The zero value is the default month.
type Options struct {
	Seed    uint64    // 0: 1
	Days    int       // 1 to 366; 0: 30
	Tenants int       // 2 to 500; 0: 60
	Start   time.Time // zero: 1 September 2026, 00:00 UTC
}

// Limits and defaults of [Options].
const (
	DefaultSeed    = 1
	DefaultDays    = 30
	MaxDays        = 366
	DefaultTenants = 60
	MinTenants     = 2
	MaxTenants     = 500
)

// Flap is the time within which an alert that is over and comes back was never
// over.
const Flap = 30 * time.Minute

// The sources of bodies.
const (
	SourceCIPP         = "cipp"
	SourceAlertmanager = "alertmanager"
)

// The forms of bodies. CIPP's change in the middle of the month, when somebody
// switches the standardised schema on.
const (
	FormLegacy       = "legacy"
	FormStandardized = "standardized"
	FormAlertmanager = "alertmanager"
)

// Month is a made up month.
type Month struct {
	Start     time.Time
	End       time.Time
	Tenants   []Tenant
	Bodies    []Body     // by time
	Incidents []Incident // by their first body; an incident's ID is its place here
	Closings  []Closing  // by time
	Outages   []Outage   // by time
}

// Tenant is a customer of the MSP.
type Tenant struct {
	ID     string    `json:"id"` // Entra tenant id
	Domain string    `json:"domain"`
	Name   string    `json:"name"`
	Client int       `json:"client"` // Halo's id of the client
	Users  int       `json:"users"`
	Joined time.Time `json:"joined"` // when CIPP began to watch it
	Mapped time.Time `json:"mapped"` // when somebody told the bridges which client it is
}

// Body is what a sender posts.
type Body struct {
	Name   string    `json:"name"` // also the name of its file
	At     time.Time `json:"at"`
	Source string    `json:"source"`
	Form   string    `json:"form"`
	JSON   []byte    `json:"-"`
	// Calls are what CIPP hands to its own HaloPSA integration instead. Bodies
	// of Alertmanager have none.
	Calls []Call `json:"calls"`
}

// Call is one ticket text that CIPP hands to its own HaloPSA integration: the
// title is what it consolidates by.
type Call struct {
	Tenant    string `json:"tenant"` // Entra tenant id
	Title     string `json:"title"`  // without the prefix "[CIPP] "
	Incidents []int  `json:"incidents"`
}

// Ending says how an incident ended.
type Ending string

// The endings.
const (
	EndFixed Ending = "fixed" // a person closed its ticket as fixed
	EndGone  Ending = "gone"  // its findings went away
	EndNone  Ending = ""      // it lasts beyond the month
)

// Incident is a true incident.
type Incident struct {
	ID     int       `json:"id"`
	Tenant string    `json:"tenant"` // Entra tenant id; empty: no body says whose it is
	Client int       `json:"client"` // Halo's id of the client on which a ticket belongs; 0: no body says whose it is
	Kind   string    `json:"kind"`
	User   string    `json:"user"` // empty: not of one user
	From   time.Time `json:"from"`
	Until  time.Time `json:"until"` // the end of the month for one that lasts
	Ending Ending    `json:"ending"`
	Bodies []string  `json:"bodies"`
	// Words stand in the findings of this kind at this customer (and user) and
	// nowhere else: a ticket with one of them is about it.
	Words []string `json:"words"`
}

// Closing is a person who closes the tickets of an incident that are open at
// that time.
type Closing struct {
	At       time.Time `json:"at"`
	Incident int       `json:"incident"`
	// Known closes them as known: the cause stays, and the incident goes on.
	Known bool `json:"known"`
}

// The kinds of [Outage].
const (
	OutageSender  = "sender"  // CIPP sends nothing
	OutageHalo    = "halo"    // Halo closes every connection
	OutageAnswers = "answers" // Halo does what it is asked, and its answer to a create or note is lost
)

// Outage is a time in which something is out of order.
type Outage struct {
	Kind  string    `json:"kind"`
	From  time.Time `json:"from"`
	Until time.Time `json:"until"`
}

// In tells whether t lies in the outage.
func (o Outage) In(t time.Time) bool { return !t.Before(o.From) && t.Before(o.Until) }

// New makes a month. The error tells which option is out of its range.
func New(o Options) (*Month, error) {
	o.Seed = cmp.Or(o.Seed, DefaultSeed)
	o.Days = cmp.Or(o.Days, DefaultDays)
	o.Tenants = cmp.Or(o.Tenants, DefaultTenants)
	if o.Days < 1 || o.Days > MaxDays {
		return nil, fmt.Errorf("make a month of %d days: take 1 to %d", o.Days, MaxDays)
	}
	if o.Tenants < MinTenants || o.Tenants > MaxTenants {
		return nil, fmt.Errorf("make a month of %d tenants: take %d to %d", o.Tenants, MinTenants, MaxTenants)
	}
	if o.Start.IsZero() {
		o.Start = time.Date(2026, time.September, 1, 0, 0, 0, 0, time.UTC)
	}
	m := &maker{seed: o.Seed, start: o.Start.UTC(), end: o.Start.UTC().AddDate(0, 0, o.Days)}
	m.switchover = m.start.Add(m.end.Sub(m.start) / 2).Truncate(time.Hour)
	m.plan(o.Days)
	for i := range o.Tenants {
		m.tenants = append(m.tenants, m.tenant(i, i >= o.Tenants-newcomers(o.Tenants)))
	}
	for i := range m.tenants {
		t := &m.tenants[i]
		m.scripted(t)
		m.audit(t)
		m.reports(t)
		m.alertmanager(t)
	}
	m.logbook()
	m.standards()
	return m.month(), nil
}

// maker gathers a month.
type maker struct {
	seed       uint64
	start, end time.Time
	switchover time.Time // from then on CIPP's bodies are standardised
	tenants    []tenant
	outages    []Outage
	bodies     []*body
	incidents  []*incident
	closings   []closing
	rows       []logRow
}

type body struct {
	Body
	calls []call
}

type call struct {
	Call
	about []*incident
}

type incident struct{ Incident }

type closing struct {
	at    time.Time
	of    *incident
	known bool
}

// rand is a source of chance of its own for each part of the month, so that
// one part does not move when another changes.
func (m *maker) rand(parts ...any) *rand.Rand {
	h := fnv.New64a()
	fmt.Fprintln(h, parts...) // a hash never fails
	return rand.New(rand.NewPCG(m.seed, h.Sum64()))
}

// plan lays the outages: a day without CIPP, some hours without Halo, and a
// time in which Halo's answers are lost.
func (m *maker) plan(days int) {
	at := func(part float64, hour int) time.Time {
		return m.start.AddDate(0, 0, int(part*float64(days))).Add(time.Duration(hour) * time.Hour)
	}
	m.outages = []Outage{{Kind: OutageHalo, From: at(0, 20), Until: at(0, 20).Add(20 * time.Minute)}}
	if days >= 2 {
		m.outages = append(m.outages, Outage{Kind: OutageAnswers, From: at(0.4, 9), Until: at(0.4, 9).Add(30 * time.Minute)})
	}
	if days >= 7 {
		m.outages = append(m.outages,
			Outage{Kind: OutageHalo, From: at(0.6, 10), Until: at(0.6, 14)},
			Outage{Kind: OutageSender, From: at(0.7, 6), Until: at(0.7, 30)})
	}
}

// out tells whether CIPP sends nothing at t.
func (m *maker) out(t time.Time) bool {
	return slices.ContainsFunc(m.outages, func(o Outage) bool { return o.Kind == OutageSender && o.In(t) })
}

func (m *maker) form(t time.Time) string {
	if t.Before(m.switchover) {
		return FormLegacy
	}
	return FormStandardized
}

// month puts all in order, and gives names and numbers.
func (m *maker) month() *Month {
	slices.SortStableFunc(m.incidents, func(a, b *incident) int { return a.From.Compare(b.From) })
	out := &Month{Start: m.start, End: m.end, Outages: m.outages}
	slices.SortStableFunc(out.Outages, func(a, b Outage) int { return a.From.Compare(b.From) })
	for _, t := range m.tenants {
		out.Tenants = append(out.Tenants, t.Tenant)
	}
	for i, in := range m.incidents {
		in.ID = i
	}
	slices.SortStableFunc(m.bodies, func(a, b *body) int { return a.At.Compare(b.At) })
	for i, b := range m.bodies {
		b.Name = fmt.Sprintf("%06d-%s.json", i+1, b.Name)
		for _, c := range b.calls {
			for _, in := range c.about {
				c.Incidents = append(c.Incidents, in.ID)
				if !slices.Contains(in.Bodies, b.Name) {
					in.Bodies = append(in.Bodies, b.Name)
				}
			}
			if b.Source == SourceCIPP {
				b.Calls = append(b.Calls, c.Call)
			}
		}
		out.Bodies = append(out.Bodies, b.Body)
	}
	for _, in := range m.incidents {
		if in.Ending == EndNone {
			in.Until = m.end
		}
		out.Incidents = append(out.Incidents, in.Incident)
	}
	for _, c := range m.closings {
		if c.at.Before(m.end) {
			out.Closings = append(out.Closings, Closing{At: c.at, Incident: c.of.ID, Known: c.known})
		}
	}
	slices.SortStableFunc(out.Closings, func(a, b Closing) int { return a.At.Compare(b.At) })
	return out
}
