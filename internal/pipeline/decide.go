package pipeline

import (
	"fmt"

	"github.com/halert/halert/internal/alert"
	"github.com/halert/halert/internal/source"
	"github.com/halert/halert/internal/store"
)

// Settings are the operator's decisions that the pipeline follows.
type Settings struct {
	Customers   alert.Directory
	Triage      *alert.Customer // takes what is mapped to nobody; nil: such alerts are held
	Consolidate bool            // repeats go on the open ticket
	LinkUsers   bool            // one ticket for each affected user
	Parsers     map[string]source.Parser
}

// knowledge is what decisions depend on besides the settings, as it is at the
// time of a batch.
type knowledge struct {
	tenants  alert.Aliases
	silences []store.Silence // active ones, the longest first
}

// decide turns a parsed body into what is to be stored. It is pure: all that
// is known of customers, tenants and silences comes with its arguments.
func decide(e store.Event, m alert.Message, s Settings, known knowledge) store.Outcome {
	o := store.Outcome{EventID: e.ID, Source: e.Source, Status: store.EventProcessed, Note: m.Note}
	for _, set := range m.Sets {
		o.Sets = append(o.Sets, store.Set{Source: e.Source, Tenant: known.tenants.Canonical(set.Tenant), Kind: set.Kind})
	}
	for _, ev := range m.Events {
		o.Reports = append(o.Reports, report(e.Source, e.ID, ev, s, known))
	}
	return o
}

// report decides about one event: whose it is, whether it is to be quiet, and
// which ticket it belongs on.
func report(sourceName, eventID string, ev alert.Event, s Settings, k knowledge) store.Report {
	if ev.Severity == 0 {
		ev.Severity = alert.Warning
	}
	known := k.tenants
	r := store.Report{Event: ev, Source: sourceName, Tenant: known.Canonical(ev.Tenant)}
	r.Quiet = silence(r, k.silences)
	c, reason := customer(ev.Tenant, s, known)
	if c == nil {
		r.Held = reason
		return r
	}
	r.Customer = c
	if perUser(ev, s) {
		r.User = ev.Finding.User
	}
	nonce := ""
	if !s.Consolidate {
		nonce, r.Apart = eventID, true
	}
	r.GroupKey = alert.GroupKey(*c, sourceName, ev.Topic.Kind, r.User.Key(), nonce)
	return r
}

// silence finds the silence that a person made and that lasts the longest.
func silence(r store.Report, all []store.Silence) *store.Quiet {
	key := alert.DedupKey(r.Source, r.Tenant, r.Event.Topic.Kind, r.Event.Fingerprint)
	for _, s := range all {
		if s.DedupKey == key {
			return &store.Quiet{Reason: fmt.Sprintf("silenced by %s: %s", s.Author, s.Reason), Until: s.Until}
		}
	}
	return nil
}

// customer never guesses: a tenant that is mapped to nobody is held, or goes
// to the client that the operator chose for such.
func customer(t alert.Tenant, s Settings, known alert.Aliases) (*alert.Customer, string) {
	if c, ok := s.Customers.Find(t, known); ok {
		return &c, ""
	}
	if s.Triage != nil {
		return s.Triage, ""
	}
	if t.IsZero() {
		return nil, "the alert names no tenant; set `unmapped: {client: N}` to give such alerts to a Halo client"
	}
	return nil, fmt.Sprintf("tenant %s is not mapped to a Halo client; add it to a customer's `tenants`", t)
}

// perUser tells whether a finding gets a ticket of its user's own. What the
// sender's rule asks for wins over the setting.
func perUser(ev alert.Event, s Settings) bool {
	switch ev.Grouping {
	case alert.GroupPerUser:
		return true
	case alert.GroupPerCustomer:
		return false
	default:
		return s.LinkUsers
	}
}
