// Package alert holds the words of the problem: what a sender reports, whose
// alert it is, what belongs on one ticket, and how grave it is. It is the leaf
// that every other package points at: standard library only, no I/O, no clock.
//
// An alert travels as an [Event] out of a source, becomes part of a ticket by
// its [GroupKey], and is recognised when it comes again by its [DedupKey].
package alert

import (
	"fmt"
	"strings"
	"time"
)

// Action says what an event does to its alert.
type Action string

// The actions, in the words of PagerDuty's Events API v2.
const (
	Trigger     Action = "trigger"
	Acknowledge Action = "acknowledge"
	Resolve     Action = "resolve"
)

// Status is the state of an alert.
type Status string

// The states of an alert.
const (
	Firing   Status = "firing"
	Resolved Status = "resolved"
)

// Severity ranks alerts. The zero value means that the sender did not say.
type Severity int

// The severities, in the words of PagerDuty's Events API v2. A higher number
// is more urgent.
const (
	Info Severity = iota + 1
	Warning
	Error
	Critical
)

// String returns "critical", "error", "warning" or "info".
func (s Severity) String() string {
	switch s {
	case Critical:
		return "critical"
	case Error:
		return "error"
	case Warning:
		return "warning"
	default:
		return "info"
	}
}

// MarshalText writes the severity as its word.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads one of the four words, exactly.
func (s *Severity) UnmarshalText(b []byte) error {
	for _, v := range []Severity{Critical, Error, Warning, Info} {
		if v.String() == string(b) {
			*s = v
			return nil
		}
	}
	return fmt.Errorf("severity %q is not one of critical, error, warning, info", b)
}

// ParseSeverity understands the words that senders use for a severity or a
// risk ("high", "Sev1", "moderate", "fatal" and so on), without regard to
// case. It returns 0 for a word that it does not know.
func ParseSeverity(word string) Severity {
	switch strings.ToLower(strings.TrimSpace(word)) {
	case "critical", "crit", "fatal", "emergency", "emerg", "disaster", "page", "sev0", "sev1", "p1":
		return Critical
	case "error", "err", "high", "major", "severe", "alert", "sev2", "p2":
		return Error
	case "warning", "warn", "medium", "moderate", "average", "minor", "sev3", "p3":
		return Warning
	case "info", "information", "informational", "low", "notice", "ok", "none", "debug", "sev4", "p4", "p5":
		return Info
	}
	return 0
}

// Tenant is the name by which a sender knows a customer. Either part may be
// empty; both are lower case (see [NewTenant]).
type Tenant struct {
	ID     string `json:"id,omitempty"`     // an Entra tenant id, or whatever id the sender has
	Domain string `json:"domain,omitempty"` // a domain, or a plain name
}

// NewTenant folds the case and trims both parts.
func NewTenant(id, domain string) Tenant {
	return Tenant{ID: fold(id), Domain: fold(domain)}
}

// IsZero tells that the sender named no tenant.
func (t Tenant) IsZero() bool { return t.ID == "" && t.Domain == "" }

// String names the tenant for people: the domain where there is one.
func (t Tenant) String() string {
	if t.Domain != "" {
		return t.Domain
	}
	return t.ID
}

// User is the person whom a finding is about. Any part may be empty.
type User struct {
	UPN      string `json:"upn,omitempty"`       // user principal name, login or e-mail address
	ObjectID string `json:"object_id,omitempty"` // Entra object id
	Name     string `json:"name,omitempty"`      // display name
}

// Key identifies the user without regard to case: the UPN, else the object
// id, else the name. It is empty where no user is known.
func (u User) Key() string {
	for _, v := range []string{u.UPN, u.ObjectID, u.Name} {
		if v = fold(v); v != "" {
			return v
		}
	}
	return ""
}

// String names the user for people, "Adele Vance (adele@contoso.com)".
func (u User) String() string {
	id := u.UPN
	if id == "" {
		id = u.ObjectID
	}
	switch {
	case u.Name == "" || strings.EqualFold(u.Name, id):
		return id
	case id == "":
		return u.Name
	}
	return u.Name + " (" + id + ")"
}

// Grouping says whether a sender asked for its own way of cutting findings
// into tickets.
type Grouping string

// The groupings. GroupDefault leaves it to the configuration (link_users).
const (
	GroupDefault     Grouping = ""
	GroupPerUser     Grouping = "per-user"     // one ticket for each user (CIPP: split)
	GroupPerCustomer Grouping = "per-customer" // one ticket for all (CIPP: consolidated)
)

// Link is a place where a technician can look further. URL is https or http.
type Link struct {
	Text string `json:"text"`
	URL  string `json:"url"`
}

// Topic is what a ticket is about. All findings of one alert kind share it.
// The texts are plain, not HTML.
type Topic struct {
	Kind    string   `json:"kind"`              // the alert kind: a stable key, never shown as a sentence
	Title   string   `json:"title"`             // what is wrong, in a few words: "Admins without MFA"
	What    string   `json:"what,omitempty"`    // one sentence: what is wrong
	Means   string   `json:"means,omitempty"`   // one sentence: why it matters
	Do      string   `json:"do,omitempty"`      // one sentence: what to do about it
	Comment string   `json:"comment,omitempty"` // what the operator wrote into the sender's rule
	Links   []Link   `json:"links,omitempty"`
	Columns []string `json:"columns,omitempty"` // fields to show first, in this order; the others follow
	// FormerTitle is the subject of the ticket that the sender itself used to
	// make of this alert; empty where it is not known or tells nobody's alert
	// from another's.
	FormerTitle string `json:"former_title,omitempty"`
	// FormerPerUser tells that the sender added the user to it where it made
	// one ticket for each: "title - Name (upn)".
	FormerPerUser bool `json:"former_per_user,omitempty"`
}

// Field is one named value of a finding. The value is plain text.
type Field struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Finding is what an alert says: one row of the ticket's table.
type Finding struct {
	Title  string  `json:"title"` // one line, useful by itself
	User   User    `json:"user,omitzero"`
	Device string  `json:"device,omitempty"`
	Fields []Field `json:"fields,omitempty"`
	Links  []Link  `json:"links,omitempty"`
	// State is what about the finding is news when it changes, free of values
	// that move from run to run: with another one, the finding is told anew.
	// Empty where only its coming and its end are news.
	State string `json:"state,omitempty"`
}

// Event is one normalised message about one alert.
type Event struct {
	Action      Action
	Topic       Topic
	Tenant      Tenant
	Fingerprint string // identity of the finding within its tenant and kind; free of values that move from run to run
	Severity    Severity
	Finding     Finding
	Grouping    Grouping
	OccurredAt  time.Time // zero if the sender did not say
	// Empty is set where the event stands for a result without findings. It is
	// an alert only where none of its kind was ever seen at its tenant.
	Empty bool
}

// Set says that a body has all findings that there are of one kind at one
// tenant: what it lacks was not found any more.
type Set struct {
	Tenant Tenant
	Kind   string
}

// Message is what one body of a sender comes to.
type Message struct {
	Events []Event
	Sets   []Set // the whole result sets that the body brings, even without findings
	// Tenants are pairs of id and domain that the body shows to belong
	// together, so that a later body that has only one of them is understood.
	Tenants []Tenant
	// Note says why there are no events, where that is as it should be
	// ("CIPP's test alert").
	Note string
}

func fold(s string) string { return strings.ToLower(strings.TrimSpace(s)) }
