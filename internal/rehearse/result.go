package rehearse

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/halert/halert/internal/alert"
)

// Rehearsal is what draft rules would have made of the past, beside what the
// rules in force make of it.
type Rehearsal struct {
	Since    time.Time       `json:"since" doc:"Bodies from this time on were played."`
	Until    time.Time       `json:"until" doc:"The last body that was played was received not after this time."`
	Bodies   int             `json:"bodies" doc:"How many bodies were received in this time."`
	Gone     int             `json:"gone" doc:"How many of them could not be played because they are not kept any more."`
	Complete bool            `json:"complete" doc:"All bodies of the time were played. False: there were too many, and the later ones were not."`
	InForce  RehearsalTotals `json:"in_force" doc:"What the configuration in force makes of them."`
	Draft    RehearsalTotals `json:"draft" doc:"What the draft makes of them."`
	Come     int             `json:"come" doc:"Tickets that the draft makes and the configuration in force does not."`
	Go       int             `json:"go" doc:"Tickets that the configuration in force makes and the draft does not."`
	Change   int             `json:"change" doc:"Tickets that both make, and not alike."`
	Same     int             `json:"same" doc:"Tickets that both make alike."`
	Changes  []TicketChange  `json:"changes" doc:"The tickets that come, go or change, in the order of their time, at most 1000."`
	Problems []string        `json:"problems" doc:"Rules of the draft that could not be looked at and did not match, at most 20."`
}

// RehearsalTotals are the numbers of one side.
type RehearsalTotals struct {
	Tickets int `json:"tickets" doc:"Tickets."`
	Notes   int `json:"notes" doc:"Notes on them, by their note policies, roughly."`
	Quiet   int `json:"quiet" doc:"Alerts that were silenced, excluded or dropped at some time."`
	Held    int `json:"held" doc:"Alerts that waited for their tenant to be mapped."`
	Unread  int `json:"unread" doc:"Bodies that were not understood, or whose source the configuration does not have."`
}

// TicketChange is a ticket that only one side makes, or that they do not make
// alike.
type TicketChange struct {
	What        string           `json:"what" enum:"come,go,change" doc:"come: only the draft makes it. go: only the configuration in force does. change: both do."`
	Title       string           `json:"title" doc:"What the ticket is about."`
	Kind        string           `json:"kind" doc:"The alert kind that it was made for."`
	Source      string           `json:"source" doc:"Name of the source."`
	Customer    string           `json:"customer" doc:"Name of the customer, and Halo's id of the client."`
	At          time.Time        `json:"at" doc:"When it is made."`
	Why         string           `json:"why" doc:"What becomes of its first alert on the other side, where that has no such ticket."`
	InForce     *RehearsedTicket `json:"in_force" doc:"The ticket of the configuration in force, or null."`
	Draft       *RehearsedTicket `json:"draft" doc:"The ticket of the draft, or null."`
	Differences []Difference     `json:"differences" doc:"What is not alike; of a ticket that comes or goes: all that rules set for it."`
}

// RehearsedTicket is what is behind a ticket.
type RehearsedTicket struct {
	Routes []string `json:"routes" doc:"Names of the routes that matched, in order."`
	Alerts int      `json:"alerts" doc:"How many alerts were on it."`
	Bodies int      `json:"bodies" doc:"How many bodies said something about it."`
	Notes  int      `json:"notes" doc:"How many notes it has, roughly."`
}

// Difference is one thing that the sides do not set alike.
type Difference struct {
	Name    string `json:"name" doc:"What: customer, user, made (the time), or as routes write it: team, priority, delay."`
	InForce string `json:"in_force" doc:"What the configuration in force sets, or empty."`
	Draft   string `json:"draft" doc:"What the draft sets, or empty."`
}

// Result ends a rehearsal of the bodies of a time. complete tells that all of
// them were played.
func (p *Player) Result(since, until time.Time, complete bool) Rehearsal {
	out := p.out
	out.Since, out.Until, out.Complete = since, until, complete
	out.InForce, out.Draft = p.inForce.result(), p.draft.result()
	pairs := match(p.inForce.made(), p.draft.made())
	for _, a := range p.inForce.made() {
		b := pairs[a]
		if b == nil {
			out.Go++
			out.Changes = append(out.Changes, p.change("go", a, nil))
			continue
		}
		if c := p.change("change", a, b); len(c.Differences) > 0 {
			out.Change++
			out.Changes = append(out.Changes, c)
		} else {
			out.Same++
		}
	}
	for _, b := range p.draft.made() {
		if pairs[b] == nil {
			out.Come++
			out.Changes = append(out.Changes, p.change("come", nil, b))
		}
	}
	slices.SortStableFunc(out.Changes, func(a, b TicketChange) int { return a.At.Compare(b.At) })
	out.Changes = out.Changes[:min(len(out.Changes), maxListed)]
	return out
}

// made are the tickets that come to be in Halo, the first one first.
func (m *model) made() []*ticket {
	return slices.DeleteFunc(slices.Clone(m.tickets), func(t *ticket) bool { return t.dropped })
}

func (m *model) result() RehearsalTotals {
	out := m.totals
	for _, t := range m.made() {
		out.Tickets++
		out.Notes += t.notes
	}
	return out
}

// match finds which tickets of the sides are the same: those of which one
// side's was made for an alert that is on the other's. Each has one partner at
// most, the earliest.
func match(inForce, draft []*ticket) map[*ticket]*ticket {
	pairs := make(map[*ticket]*ticket)
	for _, side := range [][]*ticket{inForce, draft} {
		for _, t := range side {
			if o := t.other.ticket; o != nil && !o.dropped && pairs[t] == nil && pairs[o] == nil {
				pairs[t], pairs[o] = o, t
			}
		}
	}
	return pairs
}

// change compares the tickets of the sides, of which one may be nil.
func (p *Player) change(what string, a, b *ticket) TicketChange {
	first := cmp.Or(a, b)
	c := TicketChange{
		What: what, Title: first.report.Event.Topic.Title, Kind: first.report.Event.Topic.Kind, Source: first.report.Source,
		Customer: customerOf(first), At: first.at, InForce: a.view(), Draft: b.view(), Differences: []Difference{},
	}
	theirs := make(map[string]string)
	for _, s := range p.draft.settings(b) {
		theirs[s.Name] = s.Value
	}
	for _, s := range p.inForce.settings(a) {
		if theirs[s.Name] != s.Value {
			c.Differences = append(c.Differences, Difference{s.Name, s.Value, theirs[s.Name]})
		}
		delete(theirs, s.Name)
	}
	for _, s := range p.draft.settings(b) {
		if value, left := theirs[s.Name]; left {
			c.Differences = append(c.Differences, Difference{s.Name, "", value})
		}
	}
	if a == nil || b == nil {
		c.Why = first.other.sentence()
	} else if !a.at.Equal(b.at) {
		c.Differences = append(c.Differences, Difference{"made", stamp(a.at), stamp(b.at)})
	}
	return c
}

// settings is all that the rules say about a ticket, with what they leave to
// the section halo.
func (m *model) settings(t *ticket) []alert.Setting {
	if t == nil {
		return nil
	}
	out := []alert.Setting{{Name: "customer", Value: customerOf(t)}}
	if name := t.report.User.String(); name != "" {
		out = append(out, alert.Setting{Name: "user", Value: name})
	}
	f := &t.plan.Fields
	if f.TicketType == nil {
		out = append(out, alert.Setting{Name: "type", Value: strconv.Itoa(m.rules.TicketType)})
	}
	if f.Priority == nil && m.rules.Priority != nil {
		out = append(out, alert.Setting{Name: "priority", Value: strconv.Itoa(*m.rules.Priority)})
	}
	return append(out, t.plan.Settings()...)
}

func (t *ticket) view() *RehearsedTicket {
	if t == nil {
		return nil
	}
	return &RehearsedTicket{Routes: append([]string{}, t.plan.Routes...), Alerts: len(t.keys), Bodies: t.bodies, Notes: t.notes}
}

func customerOf(t *ticket) string {
	c := t.report.Customer
	at := fmt.Sprintf("client %d", c.ClientID)
	if c.SiteID != 0 {
		at += fmt.Sprintf(", site %d", c.SiteID)
	}
	if c.Name == "" {
		return at
	}
	return c.Name + " (" + at + ")"
}

// sentence says what became of an alert.
func (f fate) sentence() string {
	switch {
	case f.quiet != "":
		return "quiet: " + f.quiet
	case f.held != "":
		return "held: " + f.held
	case f.ticket == nil:
		return "there is no such alert then"
	case f.ticket.dropped:
		return "over within its delay of " + f.ticket.plan.Delay.String()
	}
	return fmt.Sprintf("its alert is on the ticket %q of %s", f.ticket.report.Event.Topic.Title, stamp(f.ticket.at))
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
