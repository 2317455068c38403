// Package cippmodel is a model of CIPP's own HaloPSA integration: it says
// which tickets and notes that would make of a [synth.Month]. It is not CIPP.
// It is written from what CIPP's code does [A], with consolidation on and users
// not linked, the settings that make the fewest tickets: a ticket for each
// title and client, repeats as notes while it is open, client 1 for what is
// not mapped, no retry, and no memory of a ticket whose answer was lost.
package cippmodel

import (
	"slices"
	"time"

	"github.com/halert/halert/internal/synth"
)

// unmapped is the Halo client that gets what is mapped to nobody. [A]
const unmapped = 1

// Ticket is a ticket that the model makes.
type Ticket struct {
	Client int
	Title  string // with CIPP's prefix
	Opened time.Time
	Closed time.Time // zero: open at the end
	Notes  int
	About  []int // the incidents that it tells of
}

// Tickets returns the tickets of a month in the order of their making. Bodies
// that are not CIPP's are left out.
func Tickets(m *synth.Month) []*Ticket {
	w := &world{month: m, tenants: make(map[string]synth.Tenant), kept: make(map[row]*Ticket)}
	for _, t := range m.Tenants {
		w.tenants[t.ID] = t
	}
	closings := m.Closings
	for _, b := range m.Bodies {
		for len(closings) > 0 && !closings[0].At.After(b.At) {
			w.close(closings[0])
			closings = closings[1:]
		}
		for _, c := range b.Calls {
			w.call(b.At, c)
		}
	}
	for _, c := range closings {
		w.close(c)
	}
	return w.tickets
}

// row is the key under which CIPP keeps the number of a ticket.
type row struct {
	client int
	title  string
}

type world struct {
	month   *synth.Month
	tenants map[string]synth.Tenant
	kept    map[row]*Ticket
	tickets []*Ticket
}

// call is one ticket text on its way to Halo.
func (w *world) call(at time.Time, c synth.Call) {
	if w.during(synth.OutageHalo, at) {
		return // caught, logged, and gone [A]
	}
	t := w.tenants[c.Tenant]
	key := row{client: t.Client, title: "[CIPP] " + c.Title}
	if at.Before(t.Mapped) {
		key.client = unmapped
	}
	lost := w.during(synth.OutageAnswers, at)
	if old := w.kept[key]; old != nil && old.Closed.IsZero() {
		old.Notes++
		old.tell(c)
		if !lost {
			return
		}
		// The answer to the note was lost: taken as refused, a new ticket
		// follows. [A]
	}
	made := &Ticket{Client: key.client, Title: key.title, Opened: at}
	made.tell(c)
	w.tickets = append(w.tickets, made)
	if !lost {
		w.kept[key] = made
	}
}

func (w *world) during(kind string, at time.Time) bool {
	return slices.ContainsFunc(w.month.Outages, func(o synth.Outage) bool { return o.Kind == kind && o.In(at) })
}

func (t *Ticket) tell(c synth.Call) {
	for _, id := range c.Incidents {
		if !slices.Contains(t.About, id) {
			t.About = append(t.About, id)
		}
	}
}

// close is a person who closes what is open about an incident.
func (w *world) close(c synth.Closing) {
	for _, t := range w.tickets {
		if t.Closed.IsZero() && slices.Contains(t.About, c.Incident) {
			t.Closed = c.At
		}
	}
}
