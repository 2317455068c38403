package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/halert/halert/internal/alert"
)

// Alert is the lasting record of one finding.
type Alert struct {
	ID          string
	DedupKey    string
	Source      string
	Kind        string
	Title       string
	Status      alert.Status
	Severity    alert.Severity
	Tenant      alert.Tenant
	Held        bool
	HeldReason  string
	QuietReason string    // why it makes no ticket although it fires; empty: it does
	PlacedWhy   string    // why it is on a ticket that is not its group's own; empty: it is on its own
	QuietUntil  time.Time // when it is looked at again; zero: not before its next report
	ClientID    int       // 0: no customer
	TicketID    string    // empty: none
	FirstAt     time.Time
	LastAt      time.Time
	ResolvedAt  time.Time
	ResolvedWhy string // what ended it; empty: its sender said so
	Reports     int
	Missed      int // whole result sets in a row that lacked it
}

const alertColumns = `a.id, a.dedup_key, a.source, a.kind, a.title, a.status, a.severity, a.tenant_id, a.tenant_domain,
	a.held, a.held_reason, a.quiet_reason, a.quiet_until, a.client_id, a.ticket_id, a.first_at, a.last_at, a.resolved_at, a.reports, a.resolved_why, a.missed, a.placed_why`

func scanAlert(row scanner) (Alert, error) {
	var a Alert
	var client sql.NullInt64
	var ticket sql.NullString
	var quiet, first, last, resolved int64
	err := row.Scan(&a.ID, &a.DedupKey, &a.Source, &a.Kind, &a.Title, &a.Status, &a.Severity, &a.Tenant.ID, &a.Tenant.Domain,
		&a.Held, &a.HeldReason, &a.QuietReason, &quiet, &client, &ticket, &first, &last, &resolved, &a.Reports, &a.ResolvedWhy, &a.Missed, &a.PlacedWhy)
	a.ClientID, a.TicketID = int(client.Int64), ticket.String
	a.QuietUntil = fromMillis(quiet)
	a.FirstAt, a.LastAt, a.ResolvedAt = fromMillis(first), fromMillis(last), fromMillis(resolved)
	return a, err
}

// Page asks for one page of a list. Lists are newest first.
type Page struct {
	Limit  int
	Before string // id after which to go on; empty for the first page
}

// AlertFilter narrows a list of alerts. Zero fields do not.
type AlertFilter struct {
	Status   alert.Status
	Held     *bool
	Quiet    *bool
	Severity alert.Severity
	ClientID int
	Source   string
	Text     string // part of the title, the kind or the tenant, in any case
	TicketID string
	EventID  string
}

// TicketFilter narrows a list of tickets. Zero fields do not.
type TicketFilter struct {
	State     TicketState
	Reference string
	ClientID  int
	Delivery  DeliveryState
	EventID   string
	HaloID    int
}

// conditions gathers the WHERE of a list.
type conditions struct {
	parts []string
	args  []any
}

// add takes a condition with one placeholder, written as "?".
func (c *conditions) add(cond string, arg any) {
	c.args = append(c.args, arg)
	c.parts = append(c.parts, strings.ReplaceAll(cond, "?", fmt.Sprintf("$%d", len(c.args))))
}

func (c *conditions) where() string {
	if len(c.parts) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(c.parts, " AND ")
}

func (c *conditions) page(p Page, id string) string {
	if p.Before != "" {
		c.add(id+" < ?", p.Before)
	}
	return c.where() + fmt.Sprintf(" ORDER BY %s DESC LIMIT %d", id, p.Limit)
}

// Alerts lists alerts, the newest first.
func (s *Store) Alerts(ctx context.Context, f AlertFilter, p Page) ([]Alert, error) {
	var c conditions
	if f.Status != "" {
		c.add("a.status = ?", string(f.Status))
	}
	if f.Held != nil {
		c.add("a.held = ?", flag(*f.Held))
	}
	if f.Quiet != nil {
		c.add("(a.quiet_reason <> '') = (? = 1)", flag(*f.Quiet))
	}
	if f.Severity != 0 {
		c.add("a.severity = ?", int(f.Severity))
	}
	if f.ClientID != 0 {
		c.add("a.client_id = ?", f.ClientID)
	}
	if f.Source != "" {
		c.add("a.source = ?", f.Source)
	}
	if f.Text != "" {
		c.add(`lower(a.title || ' ' || a.kind || ' ' || a.tenant_id || ' ' || a.tenant_domain) LIKE ? ESCAPE '\'`, likePart(f.Text))
	}
	if f.TicketID != "" {
		c.add("a.ticket_id = ?", f.TicketID)
	}
	if f.EventID != "" {
		c.add("a.id IN (SELECT alert_id FROM event_alerts WHERE event_id = ?)", f.EventID)
	}
	return list(ctx, s.read, `SELECT `+alertColumns+` FROM alerts a`+c.page(p, "a.id"), c.args, scanAlert)
}

func likePart(text string) string {
	return "%" + strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(strings.ToLower(text)) + "%"
}

// Tickets lists tickets with their deliveries, the newest first.
func (s *Store) Tickets(ctx context.Context, f TicketFilter, p Page, now time.Time) ([]Ticket, error) {
	var c conditions
	if f.State != "" {
		c.add("t.state = ?", string(f.State))
	}
	if f.Reference != "" {
		c.add("t.reference = ?", f.Reference)
	}
	if f.ClientID != 0 {
		c.add("t.client_id = ?", f.ClientID)
	}
	if f.HaloID != 0 {
		c.add("t.halo_id = ?", f.HaloID)
	}
	if f.EventID != "" {
		c.add("t.id IN (SELECT ticket_id FROM event_alerts WHERE event_id = ?)", f.EventID)
	}
	switch f.Delivery {
	case "":
	case Running:
		c.add("t.lease_until > ?", millis(now))
	default:
		c.add("t.delivery = ?", string(f.Delivery))
		c.add("t.lease_until <= ?", millis(now))
	}
	scan := func(row scanner) (Ticket, error) { return scanTicket(row, now) }
	return list(ctx, s.read, `SELECT `+ticketColumns+` FROM tickets t`+c.page(p, "t.id"), c.args, scan)
}

// Events lists events without their bodies, the newest first.
func (s *Store) Events(ctx context.Context, status EventStatus, p Page) ([]Event, error) {
	var c conditions
	if status != "" {
		c.add("status = ?", string(status))
	}
	return list(ctx, s.read, `SELECT `+eventColumns+` FROM events`+c.page(p, "id"), c.args, scanEvent)
}

const eventColumns = `id, source, kind, received_at, status, error, note`

func scanEvent(row scanner) (Event, error) {
	var e Event
	var at int64
	err := row.Scan(&e.ID, &e.Source, &e.Kind, &at, &e.Status, &e.Error, &e.Note)
	e.ReceivedAt = fromMillis(at)
	return e, err
}

type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

func list[T any](ctx context.Context, db querier, query string, args []any, scan func(scanner) (T, error)) ([]T, error) {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("read list: %w", err)
	}
	defer rows.Close()
	var out []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, fmt.Errorf("read list: %w", err)
		}
		out = append(out, v)
	}
	return out, rows.Err()
}

// Event returns one event without its body, or ErrNotFound.
func (s *Store) Event(ctx context.Context, id string) (Event, error) {
	e, err := scanEvent(s.read.QueryRowContext(ctx, `SELECT `+eventColumns+` FROM events WHERE id = $1`, id))
	return e, oneError("event", id, err)
}

// Body returns the stored body of an event, or ErrNotFound, or ErrBodyGone.
func (s *Store) Body(ctx context.Context, id string) ([]byte, error) {
	var b []byte
	var form string
	err := s.read.QueryRowContext(ctx, `SELECT body, body_form FROM events WHERE id = $1`, id).Scan(&b, &form)
	if err == nil {
		b, err = s.packer.unpack(form, b)
	}
	return b, oneError("event", id, err)
}

// Alert returns one alert, or ErrNotFound.
func (s *Store) Alert(ctx context.Context, id string) (Alert, error) {
	a, err := scanAlert(s.read.QueryRowContext(ctx, `SELECT `+alertColumns+` FROM alerts a WHERE a.id = $1`, id))
	return a, oneError("alert", id, err)
}

// Ticket returns one ticket with its delivery, or ErrNotFound.
func (s *Store) Ticket(ctx context.Context, id string, now time.Time) (Ticket, error) {
	t, err := scanTicket(s.read.QueryRowContext(ctx, `SELECT `+ticketColumns+` FROM tickets t WHERE t.id = $1`, id), now)
	return t, oneError("ticket", id, err)
}

func oneError(what, id string, err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("%s %s: %w", what, id, ErrNotFound)
	}
	if err != nil {
		return fmt.Errorf("read %s %s: %w", what, id, err)
	}
	return nil
}

// Report of an alert in an event, for those who ask how it came here.
type EventReport struct {
	Event    Event
	TicketID string
	Seq      int64
}

// Reports lists the events that reported an alert, the newest first.
func (s *Store) Reports(ctx context.Context, alertID string, limit int) ([]EventReport, error) {
	rows, err := s.read.QueryContext(ctx, `
		SELECT e.id, e.source, e.kind, e.received_at, e.status, e.error, e.note, ea.ticket_id, ea.seq
		FROM event_alerts ea JOIN events e ON e.id = ea.event_id WHERE ea.alert_id = $1 ORDER BY e.id DESC LIMIT $2`, alertID, limit)
	if err != nil {
		return nil, fmt.Errorf("read reports of alert %s: %w", alertID, err)
	}
	defer rows.Close()
	var out []EventReport
	for rows.Next() {
		var r EventReport
		var at int64
		var ticket sql.NullString
		err := rows.Scan(&r.Event.ID, &r.Event.Source, &r.Event.Kind, &at, &r.Event.Status, &r.Event.Error, &r.Event.Note, &ticket, &r.Seq)
		if err != nil {
			return nil, fmt.Errorf("read reports of alert %s: %w", alertID, err)
		}
		r.Event.ReceivedAt, r.TicketID = fromMillis(at), ticket.String
		out = append(out, r)
	}
	return out, rows.Err()
}

// Stats are the numbers that tell an operator how halert is doing.
type Stats struct {
	PendingEvents     int
	OldestPending     time.Time // zero: none
	QuarantinedEvents int
	HeldAlerts        int
	FiringAlerts      int
	OpenTickets       int
	Deliveries        map[DeliveryState]int
	OldestDue         time.Time // since when the delivery waits that waits longest: its first failure, or its due time, not by its plan; zero: none
	NextDue           time.Time // when the first delivery is due that waits by its plan; zero: none
	CallsInWindow     int
}

// Stats counts. It reads indexes only.
func (s *Store) Stats(ctx context.Context, now time.Time) (Stats, error) {
	st := Stats{Deliveries: make(map[DeliveryState]int)}
	var oldestEvent sql.NullString
	var oldestDue, nextDue sql.NullInt64
	for _, q := range []struct {
		query string
		into  []any
	}{
		{`SELECT COUNT(*), MIN(id) FROM events WHERE status = 'pending'`, []any{&st.PendingEvents, &oldestEvent}},
		{`SELECT COUNT(*) FROM events WHERE status = 'quarantined'`, []any{&st.QuarantinedEvents}},
		{`SELECT COUNT(*) FROM alerts WHERE held = 1`, []any{&st.HeldAlerts}},
		{`SELECT COUNT(*) FROM alerts WHERE status = 'firing'`, []any{&st.FiringAlerts}},
		{`SELECT COUNT(*) FROM tickets WHERE state = 'open'`, []any{&st.OpenTickets}},
		{`SELECT MIN(CASE WHEN failed_since > 0 THEN failed_since ELSE due_at END) FROM tickets
			WHERE delivery IN ('available', 'retryable', 'scheduled') AND waits_for = ''`, []any{&oldestDue}},
		{`SELECT MIN(waits_until) FROM tickets WHERE delivery = 'scheduled' AND waits_for <> ''`, []any{&nextDue}},
		{`SELECT COUNT(*) FROM halo_calls`, []any{&st.CallsInWindow}},
	} {
		if err := s.read.QueryRowContext(ctx, q.query).Scan(q.into...); err != nil {
			return st, fmt.Errorf("count: %w", err)
		}
	}
	st.OldestDue, st.NextDue = fromMillis(oldestDue.Int64), fromMillis(nextDue.Int64)
	if oldestEvent.Valid {
		e, err := s.Event(ctx, oldestEvent.String)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return st, err
		}
		st.OldestPending = e.ReceivedAt
	}
	rows, err := s.read.QueryContext(ctx, `SELECT delivery, COUNT(*) FROM tickets GROUP BY delivery`)
	if err != nil {
		return st, fmt.Errorf("count deliveries: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var state DeliveryState
		var n int
		if err := rows.Scan(&state, &n); err != nil {
			return st, fmt.Errorf("count deliveries: %w", err)
		}
		st.Deliveries[state] = n
	}
	return st, rows.Err()
}
