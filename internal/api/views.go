package api

import (
	"context"
	"math"
	"slices"
	"time"

	"github.com/halert/halert/internal/store"
)

// deliveryPrefix makes a delivery's id out of that of its ticket: a delivery
// is the ticket's outbound side and lives as long.
const deliveryPrefix = "d_"

// whole is a page without an end. What one event reports is bounded by the
// size of its body.
func whole() store.Page { return store.Page{Limit: math.MaxInt32} }

func orNull[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}

// timeOrNull is orNull for times, whose zero has a name of its own.
func timeOrNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func viewTicket(t store.Ticket) Ticket {
	return Ticket{
		ID: t.ID, Reference: t.Reference, HaloID: orNull(t.HaloID), State: string(t.State),
		ClientID: t.Customer.ClientID, SiteID: orNull(t.Customer.SiteID), Customer: t.Customer.Name,
		Source: t.Source, Kind: t.Kind, Title: t.Topic.Title, Severity: t.Severity, User: t.User.String(),
		PreviousHaloID: orNull(t.PreviousID), CreatedAt: t.CreatedAt, OpenedAt: timeOrNull(t.OpenedAt), ClosedAt: timeOrNull(t.ClosedAt),
		Reports: t.Seq, Shown: t.ShownSeq, DeliveryID: deliveryPrefix + t.ID, Delivery: string(t.Delivery),
	}
}

func viewDelivery(t store.Ticket) Delivery {
	d := Delivery{
		ID: deliveryPrefix + t.ID, TicketID: t.ID, State: string(t.Delivery), Attempt: t.Attempt, Error: t.Error, ErrorClass: t.ErrorClass,
		FailedSince: timeOrNull(t.FailedSince), Severity: t.Severity, ClientID: t.Customer.ClientID, Customer: t.Customer.Name,
		Title: t.Topic.Title, Reference: t.Reference, HaloID: orNull(t.HaloID), SiteID: orNull(t.Customer.SiteID), TicketType: t.TicketType, Priority: t.Priority,
	}
	if slices.Contains([]store.DeliveryState{store.Available, store.Retryable, store.Scheduled}, t.Delivery) {
		d.DueAt = timeOrNull(t.DueAt)
	}
	return d
}

func viewAttempts(attempts []store.Attempt) []Attempt {
	out := make([]Attempt, len(attempts))
	for i, a := range attempts {
		out[i] = Attempt{At: a.At, Call: string(a.Call), Class: a.Class, Error: a.Error}
	}
	return out
}

// tickets looks tickets up by id, each once.
type tickets struct {
	ctx    context.Context
	server *server
	known  map[string]store.Ticket
}

func (s *server) tickets(ctx context.Context) *tickets {
	return &tickets{ctx: ctx, server: s, known: make(map[string]store.Ticket)}
}

func (l *tickets) find(id string) (store.Ticket, error) {
	if t, ok := l.known[id]; ok {
		return t, nil
	}
	t, err := l.server.Store.Ticket(l.ctx, id, l.server.Now())
	if err == nil {
		l.known[id] = t
	}
	return t, err
}

// viewAlert shows an alert together with its ticket.
func (l *tickets) viewAlert(a store.Alert) (Alert, error) {
	v := Alert{
		ID: a.ID, DedupKey: a.DedupKey, Source: a.Source, Kind: a.Kind, Title: a.Title, Status: a.Status, Severity: a.Severity,
		TenantID: a.Tenant.ID, TenantDomain: a.Tenant.Domain, Held: a.Held, HeldReason: a.HeldReason, QuietReason: a.QuietReason, QuietUntil: timeOrNull(a.QuietUntil),
		ClientID: orNull(a.ClientID), TicketID: orNull(a.TicketID),
		FirstAt: a.FirstAt, LastAt: a.LastAt, ResolvedAt: timeOrNull(a.ResolvedAt), Reports: a.Reports,
	}
	if a.TicketID == "" {
		return v, nil
	}
	t, err := l.find(a.TicketID)
	if err != nil {
		return Alert{}, err
	}
	v.Customer, v.Reference, v.HaloID = t.Customer.Name, t.Reference, orNull(t.HaloID)
	return v, nil
}

// viewEvent shows an event with all that it led to.
func (s *server) viewEvent(ctx context.Context, e store.Event) (Event, error) {
	v := Event{
		ID: e.ID, Source: e.Source, Kind: e.Kind, ReceivedAt: e.ReceivedAt, Status: string(e.Status), Error: e.Error, Note: e.Note,
		Alerts: []Alert{}, Tickets: []Ticket{}, Deliveries: []Delivery{},
	}
	known := s.tickets(ctx)
	rows, err := s.Store.Tickets(ctx, store.TicketFilter{EventID: e.ID}, whole(), s.Now())
	if err != nil {
		return Event{}, err
	}
	for _, t := range rows {
		known.known[t.ID] = t
		v.Tickets = append(v.Tickets, viewTicket(t))
		v.Deliveries = append(v.Deliveries, viewDelivery(t))
	}
	placed, err := s.Store.Placed(ctx, e.ID)
	if err != nil {
		return Event{}, err
	}
	alerts, err := s.Store.Alerts(ctx, store.AlertFilter{EventID: e.ID}, whole())
	if err != nil {
		return Event{}, err
	}
	for _, a := range alerts {
		a.TicketID = placed[a.ID]
		alert, err := known.viewAlert(a)
		if err != nil {
			return Event{}, err
		}
		v.Alerts = append(v.Alerts, alert)
	}
	return v, nil
}
