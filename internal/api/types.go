package api

import (
	"encoding/json"
	"time"

	"github.com/halert/halert/internal/alert"
)

// Event is one body that a sender posted, and all that it led to.
type Event struct {
	ID         string     `json:"id" doc:"The id that the sender was given with the 202."`
	Source     string     `json:"source" doc:"Name of the source that took it."`
	Kind       string     `json:"kind" doc:"Kind of the source."`
	ReceivedAt time.Time  `json:"received_at" doc:"When it was stored."`
	Status     string     `json:"status" enum:"pending,processed,quarantined" doc:"pending: stored, not read yet. processed: its alerts are known. quarantined: not understood; the body is kept."`
	Error      string     `json:"error" doc:"Why it is in quarantine, or empty."`
	Note       string     `json:"note" doc:"Why it has no alerts, where that is as it should be, or empty."`
	Alerts     []Alert    `json:"alerts" doc:"The alerts that it reported."`
	Tickets    []Ticket   `json:"tickets" doc:"The tickets that these alerts went on."`
	Deliveries []Delivery `json:"deliveries" doc:"The deliveries of these tickets."`
}

// Alert is the lasting record of one finding.
type Alert struct {
	ID           string         `json:"id" doc:"The alert's id."`
	DedupKey     string         `json:"dedup_key" doc:"By this the alert is recognised when it comes again."`
	Source       string         `json:"source" doc:"Name of the source that reported it."`
	Kind         string         `json:"kind" doc:"The alert kind: alerts of one kind share a ticket."`
	Title        string         `json:"title" doc:"One line that says what is wrong."`
	Status       alert.Status   `json:"status" enum:"firing,resolved" doc:"Whether the trouble lasts."`
	Severity     alert.Severity `json:"severity" enum:"critical,error,warning,info" doc:"How grave it is."`
	TenantID     string         `json:"tenant_id" doc:"The tenant's id as the sender named it, or empty."`
	TenantDomain string         `json:"tenant_domain" doc:"The tenant's domain or name as the sender named it, or empty."`
	Held         bool           `json:"held" doc:"It waits for its tenant to be mapped to a customer."`
	HeldReason   string         `json:"held_reason" doc:"Why it is held, or empty."`
	QuietReason  string         `json:"quiet_reason" doc:"Why it makes no ticket although it fires: a silence, an exclusion, a route that drops it. Or empty."`
	QuietUntil   *time.Time     `json:"quiet_until" doc:"When it is looked at again, or null: not before its next report."`
	ClientID     *int           `json:"client_id" doc:"Halo's id of the client, or null while there is none."`
	Customer     string         `json:"customer" doc:"Name of the customer whose ticket it is on, or empty."`
	TicketID     *string        `json:"ticket_id" doc:"Our id of the ticket, or null while there is none. In an event: the ticket that this report went on."`
	Reference    string         `json:"reference" doc:"Reference of that ticket, or empty."`
	HaloID       *int           `json:"halo_id" doc:"Halo's id of that ticket, or null while there is none."`
	FirstAt      time.Time      `json:"first_at" doc:"First report."`
	LastAt       time.Time      `json:"last_at" doc:"Last report."`
	ResolvedAt   *time.Time     `json:"resolved_at" doc:"When it was resolved, or null."`
	Reports      int            `json:"reports" doc:"How often it was reported as firing."`
}

// Ticket is our record of one Halo ticket.
type Ticket struct {
	ID             string         `json:"id" doc:"Our id of the ticket."`
	Reference      string         `json:"reference" doc:"The mark by which the ticket is found in Halo (third_party_id_string)."`
	HaloID         *int           `json:"halo_id" doc:"Halo's id of the ticket, or null while Halo does not have it."`
	State          string         `json:"state" enum:"pending,open,closed" doc:"pending: not in Halo yet."`
	ClientID       int            `json:"client_id" doc:"Halo's id of the client."`
	SiteID         *int           `json:"site_id" doc:"Halo's id of the site, or null for the client's own."`
	Customer       string         `json:"customer" doc:"Name of the customer."`
	Source         string         `json:"source" doc:"Name of the source."`
	Kind           string         `json:"kind" doc:"The alert kind."`
	Title          string         `json:"title" doc:"What the ticket is about."`
	Severity       alert.Severity `json:"severity" enum:"critical,error,warning,info" doc:"The gravest of its alerts."`
	User           string         `json:"user" doc:"The person whom the ticket is about, or empty."`
	PreviousHaloID *int           `json:"previous_halo_id" doc:"Halo's id of the closed ticket that this one follows, or null."`
	CreatedAt      time.Time      `json:"created_at" doc:"When it was decided that there must be a ticket."`
	OpenedAt       *time.Time     `json:"opened_at" doc:"When Halo had it, or null."`
	ClosedAt       *time.Time     `json:"closed_at" doc:"When it was found closed in Halo, or null."`
	Reports        int64          `json:"reports" doc:"Events that reported something on it."`
	Shown          int64          `json:"shown" doc:"How many of these reports Halo knows of."`
	DeliveryID     string         `json:"delivery_id" doc:"Id of its delivery."`
	Delivery       string         `json:"delivery" enum:"available,pending,running,retryable,scheduled,completed,discarded,cancelled" doc:"State of its delivery."`
}

// Delivery is the outbound side of a ticket: the work that brings Halo in
// line with it.
type Delivery struct {
	ID          string         `json:"id" doc:"The delivery's id. It is opaque."`
	TicketID    string         `json:"ticket_id" doc:"Our id of the ticket."`
	State       string         `json:"state" enum:"available,pending,running,retryable,scheduled,completed,discarded,cancelled" doc:"running: somebody works on it. retryable: failed, and tried again at due_at. scheduled: put off through no fault of its own. discarded: parked for a person."`
	Attempt     int            `json:"attempt" doc:"Attempts that failed since the last success."`
	Error       string         `json:"error" doc:"Halo's own words, or empty."`
	ErrorClass  string         `json:"error_class" doc:"Class of the failure, or empty."`
	DueAt       *time.Time     `json:"due_at" doc:"When it is tried next, or null if nothing is to be done."`
	FailedSince *time.Time     `json:"failed_since" doc:"First failure of the present trouble, or null."`
	Severity    alert.Severity `json:"severity" enum:"critical,error,warning,info" doc:"The lane: critical goes first."`
	ClientID    int            `json:"client_id" doc:"Halo's id of the client."`
	Customer    string         `json:"customer" doc:"Name of the customer."`
	Title       string         `json:"title" doc:"What the ticket is about."`
	Reference   string         `json:"reference" doc:"The ticket's reference."`
	HaloID      *int           `json:"halo_id" doc:"Halo's id of the ticket, or null."`
	SiteID      *int           `json:"site_id" doc:"Halo's id of the site, or null for the client's own."`
	TicketType  *int           `json:"ticket_type" doc:"Halo's id of the ticket type that a person chose for this ticket, or null for the configured one."`
	Priority    *int           `json:"priority" doc:"Halo's id of the priority that a person chose for this ticket, or null for the configured one."`
}

// DeliveryEdit is what a person changes about a ticket that is not in Halo
// yet. What is left out stays as it is.
type DeliveryEdit struct {
	ClientID   Change `json:"client_id,omitzero" doc:"Halo's id of the client that the ticket is for."`
	SiteID     Change `json:"site_id,omitzero" doc:"Halo's id of the site; null: the client's own, as is also the case with a new client."`
	TicketType Change `json:"ticket_type,omitzero" doc:"Halo's id of the ticket type; null: the configured one."`
	Priority   Change `json:"priority,omitzero" doc:"Halo's id of the priority, which must be one of the ticket type's SLA; null: the configured one."`
}

// Change is a number that is left out, null or given: the zero value is left
// out, and Null tells the other two apart.
type Change struct {
	Set   bool
	Null  bool
	Value int
}

// To is the change to a number.
func To(n int) Change { return Change{Set: true, Value: n} }

// ToNull is the change to null.
func ToNull() Change { return Change{Set: true, Null: true} }

// UnmarshalJSON reads null or an integer.
func (c *Change) UnmarshalJSON(b []byte) error {
	var n *int
	if err := json.Unmarshal(b, &n); err != nil {
		return err
	}
	*c = ToNull()
	if n != nil {
		*c = To(*n)
	}
	return nil
}

// MarshalJSON writes null or an integer.
func (c Change) MarshalJSON() ([]byte, error) {
	if c.Null {
		return []byte("null"), nil
	}
	return json.Marshal(c.Value)
}

// DeliveryDetail is a delivery with its history.
type DeliveryDetail struct {
	Delivery
	Attempts []Attempt `json:"attempts" doc:"The latest attempts, good and bad, the newest first, at most 50."`
}

// Attempt is one attempt at a delivery: a call to Halo and how it went.
type Attempt struct {
	At    time.Time `json:"at" doc:"When its outcome was known."`
	Call  string    `json:"call" doc:"What was asked of Halo: create, note, close, adopt (take over the ticket that the sender had made itself), or empty."`
	Class string    `json:"class" doc:"Class of the failure, or empty: it went well."`
	Error string    `json:"error" doc:"Halo's own words, or what went wrong, or empty."`
}

// List is one page of a list, the newest first.
type List[T any] struct {
	Items      []T    `json:"items" doc:"The page."`
	NextCursor string `json:"next_cursor" doc:"Give it as cursor for the next page. Empty: this is the last one."`
}

// Explanation says why an alert went where it went.
type Explanation struct {
	Alert    Alert         `json:"alert" doc:"The alert."`
	Ticket   *Ticket       `json:"ticket" doc:"Its ticket, or null."`
	Delivery *Delivery     `json:"delivery" doc:"The ticket's delivery, or null."`
	Decision Decision      `json:"decision" doc:"What was decided about the alert when it was looked at last."`
	Reports  []AlertReport `json:"reports" doc:"The events that reported it, the newest first, at most 100."`
	Attempts []Attempt     `json:"attempts" doc:"The latest attempts to tell Halo, good and bad, the newest first, at most 50."`
	Steps    []ExplainStep `json:"steps" doc:"The same as sentences, in the order of the alert's way."`
}

// Decision is what was decided about an alert, as it was decided then: rules
// may have changed since. An alert that was last reported to an older halert
// has none.
type Decision struct {
	FoundBy    string    `json:"found_by" enum:",id,domain,alias,unmapped" doc:"By which of its tenant's names the customer was found. alias: one that another body showed to be the same tenant's. unmapped: by none, it is the client that takes such alerts. Empty: there is no customer."`
	TenantName string    `json:"tenant_name" doc:"That name, or empty."`
	Routes     []string  `json:"routes" doc:"Names of the routes that matched this alert, in order."`
	Settings   []Setting `json:"settings" doc:"What these routes set for this alert. A ticket has what they set for its gravest one."`
	Group      string    `json:"group" doc:"Which alerts of the same customer and source share its ticket, in words, or empty."`
}

// Setting is one thing that routes set.
type Setting struct {
	Name  string `json:"name" doc:"What: team, priority, delay and so on, as routes write it."`
	Value string `json:"value" doc:"To what: a thing of Halo's by its name, or else its id."`
}

// AlertReport is one event that reported an alert.
type AlertReport struct {
	EventID    string    `json:"event_id" doc:"The event."`
	ReceivedAt time.Time `json:"received_at" doc:"When it came."`
	TicketID   *string   `json:"ticket_id" doc:"The ticket that the report went on, or null."`
}

// ExplainStep is one decision on an alert's way.
type ExplainStep struct {
	What   string `json:"what" doc:"What was decided: source, tenant, customer, kind, dedup_key, routes, quiet, group, ticket, delivery, report, attempt."`
	Detail string `json:"detail" doc:"How, in a sentence."`
}

// ReplayRequest says which deliveries to replay.
type ReplayRequest struct {
	State string `json:"state" enum:"discarded,cancelled,retryable,scheduled" doc:"All deliveries in this state."`
}

// Replayed says how many deliveries were replayed.
type Replayed struct {
	Replayed int `json:"replayed" doc:"How many."`
}

// TestRequest says how far the connection test goes.
type TestRequest struct {
	Ticket   bool `json:"ticket,omitempty" doc:"Raise a real test ticket, and close it."`
	ClientID int  `json:"client_id,omitempty" doc:"Halo's id of the client for the test ticket; left out: the first that is mapped."`
}

// TestResult is the outcome of the connection test.
type TestResult struct {
	OK    bool       `json:"ok" doc:"Every step went well."`
	Steps []TestStep `json:"steps" doc:"The steps in their order."`
}

// TestStep is one step of the connection test.
type TestStep struct {
	Name    string `json:"name" doc:"What was tested."`
	OK      bool   `json:"ok" doc:"It went well."`
	Detail  string `json:"detail" doc:"What was found."`
	Remedy  string `json:"remedy" doc:"What to do about it, or empty."`
	Skipped bool   `json:"skipped,omitempty" doc:"It was not tried because an earlier step failed."`
}

// Applied is the outcome of applying a configuration.
type Applied struct {
	Diff    string `json:"diff" doc:"The difference, as a unified diff; empty: none. Secrets are left out."`
	Applied bool   `json:"applied" doc:"It is in force now. False for a dry run."`
}

// Token is a key to this API, without the key.
type Token struct {
	ID        string     `json:"id" doc:"The token's id."`
	Name      string     `json:"name" doc:"What it is called."`
	CreatedAt time.Time  `json:"created_at" doc:"When it was made."`
	ExpiresAt *time.Time `json:"expires_at" doc:"When it ceases to work, or null for never."`
}

// Tokens are all keys to this API.
type Tokens struct {
	Items []Token `json:"items" doc:"All tokens, the oldest first."`
}

// NewToken asks for a key to this API.
type NewToken struct {
	Name      string `json:"name" doc:"1 to 64 letters, digits, dots, dashes and underscores."`
	ExpiresIn string `json:"expires_in,omitempty" doc:"How long it works: 90d, 12h, 30m. Left out: for ever."`
}

// MadeToken is a new key. It is shown this once: only a hash of it is kept.
type MadeToken struct {
	Token
	Secret string `json:"token" doc:"The token itself, shown this once."`
}

// Stats are the numbers that tell how halert is doing.
type Stats struct {
	PendingEvents     int            `json:"pending_events" doc:"Bodies that are stored and not read yet."`
	OldestPending     *time.Time     `json:"oldest_pending" doc:"When the oldest of them came, or null."`
	QuarantinedEvents int            `json:"quarantined_events" doc:"Bodies that were not understood."`
	HeldAlerts        int            `json:"held_alerts" doc:"Alerts without a customer."`
	FiringAlerts      int            `json:"firing_alerts" doc:"Alerts that are firing."`
	OpenTickets       int            `json:"open_tickets" doc:"Tickets that are open in Halo."`
	Deliveries        map[string]int `json:"deliveries" doc:"How many deliveries there are, by state."`
	OldestDue         *time.Time     `json:"oldest_due" doc:"Since when the delivery waits that waits longest, or null."`
	NextDue           *time.Time     `json:"next_due" doc:"When the next delivery is due that its route puts off, or null."`
	HaloLookups       *HaloLookups   `json:"halo_lookups" doc:"How tickets can be found again in this Halo, or null: not probed yet."`
	CallsInWindow     int            `json:"calls_in_window" doc:"Calls to Halo within the rolling window of the rate limit."`
}

// HaloLookups are the ways of finding a ticket by its reference that this Halo
// honours. Versions differ; halert finds its tickets in either case.
type HaloLookups struct {
	Listed   *bool      `json:"listed" doc:"Lists show third_party_id_string; null: not known."`
	ByID     *bool      `json:"by_id" doc:"A ticket that is read by its id shows it; null: not known."`
	Filter   *bool      `json:"filter" doc:"The filter on it narrows a list; null: not known."`
	ProbedAt *time.Time `json:"probed_at" doc:"When that was probed, or null."`
}
