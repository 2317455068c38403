package pipeline

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/halert/halert/internal/alert"
	"github.com/halert/halert/internal/route"
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
	Routes      route.Table
	Quiet       route.Silences // silences and exclusions of the configuration
	Storm       store.Brake    // keeps a customer from getting too many tickets at once
}

// knowledge is what decisions depend on besides the settings, as it is at the
// time of a batch.
type knowledge struct {
	now     time.Time
	tenants alert.Aliases
	asked   []silence // what people silenced
}

// silence is one that a person made.
type silence struct {
	store.Silence
	rule route.Silence // its matchers; not looked at where it is about one alert
}

// readSilences makes what people silenced ready for use. A silence that
// cannot be read any more counts for nothing, and is told of.
func readSilences(all []store.Silence) (out []silence, problems []error) {
	for _, s := range all {
		rule := route.Silence{Until: s.Until}
		for _, text := range s.Matchers {
			m, err := route.ParseMatcher(text)
			if err != nil {
				problems = append(problems, fmt.Errorf("silence %s of %s: %w", s.ID, s.Author, err))
				continue
			}
			rule.Match = append(rule.Match, m)
		}
		if len(rule.Match) == len(s.Matchers) {
			out = append(out, silence{s, rule})
		}
	}
	return out, problems
}

// decide turns a parsed body into what is to be stored. It is pure: all that
// is known of customers, tenants and silences comes with its arguments. The
// problems are those of rules that could not be looked at.
func decide(e store.Event, m alert.Message, s Settings, known knowledge) (store.Outcome, []error) {
	o := store.Outcome{EventID: e.ID, Source: e.Source, Status: store.EventProcessed, Note: m.Note}
	for _, set := range m.Sets {
		o.Sets = append(o.Sets, store.Set{Source: e.Source, Tenant: known.tenants.Canonical(set.Tenant), Kind: set.Kind})
	}
	var problems []error
	for _, ev := range m.Events {
		r, found := report(e.Source, e.ID, ev, s, known)
		o.Reports = append(o.Reports, r)
		problems = append(problems, found...)
	}
	return o, problems
}

// report decides about one event: whose it is, whether it is to be quiet, what
// its ticket is to be like, and which ticket it belongs on.
func report(sourceName, eventID string, ev alert.Event, s Settings, known knowledge) (store.Report, []error) {
	if ev.Severity == 0 {
		ev.Severity = alert.Warning
	}
	r := store.Report{Event: ev, Source: sourceName, Tenant: known.tenants.Canonical(ev.Tenant), Brake: s.Storm}
	c, reason := customer(ev.Tenant, s, known.tenants)
	subject := subjectOf(r, c)
	decision := s.Routes.Decide(subject, known.now)
	r.Plan = decision.Plan
	var problems []error
	r.Quiet, problems = quiet(r, subject, decision.Drop, s, known)
	problems = append(problems, decision.Errors...)
	if c == nil {
		r.Held = reason
		return r, problems
	}
	r.Customer = c
	kind := ev.Topic.Kind
	if by := decision.Group.By; len(by) > 0 {
		kind = decision.Group.Key(subject)
		if slices.Contains(by, "user") {
			r.User = ev.Finding.User
		}
	} else if perUser(ev, s) {
		r.User = ev.Finding.User
	}
	nonce := ""
	if !s.Consolidate {
		nonce, r.Apart = eventID, true
	}
	r.GroupKey = alert.GroupKey(*c, sourceName, kind, r.User.Key(), nonce)
	return r, problems
}

// subjectOf is what rules see of a report.
func subjectOf(r store.Report, c *alert.Customer) route.Subject {
	ev := r.Event
	s := route.Subject{Source: r.Source, Kind: ev.Topic.Kind, Severity: ev.Severity, Title: ev.Finding.Title, Tenant: ev.Tenant,
		User: ev.Finding.User, Device: ev.Finding.Device, Labels: make(map[string]string, len(ev.Finding.Fields))}
	if c != nil {
		s.Customer = *c
	}
	if s.Tenant.ID == "" && r.Tenant != s.Tenant.Domain {
		s.Tenant.ID = r.Tenant // known by a body that had both
	}
	text := []string{ev.Topic.Title, ev.Finding.Title, ev.Topic.Comment}
	for _, f := range ev.Finding.Fields {
		s.Labels[f.Name] = f.Value
		text = append(text, f.Value)
	}
	s.Text = strings.Join(text, "\n")
	return s
}

// quiet finds out whether a report makes no ticket: a route drops it, or one
// of the silences holds; then the one that lasts the longest counts.
func quiet(r store.Report, subject route.Subject, drop string, s Settings, known knowledge) (*store.Quiet, []error) {
	if drop != "" {
		return &store.Quiet{Reason: "dropped by the route " + drop}, nil
	}
	found := s.Quiet.Find(subject, known.now)
	var q *store.Quiet
	if one := found.Silence; one != nil {
		q = &store.Quiet{Reason: because(one.String(), one.Author, one.Reason), Until: found.Until}
	}
	key := alert.DedupKey(r.Source, r.Tenant, r.Event.Topic.Kind, r.Event.Fingerprint)
	for _, one := range known.asked {
		if q != nil && (q.Until.IsZero() || !one.Until.After(q.Until)) {
			continue
		}
		holds := one.DedupKey == key
		if one.DedupKey == "" {
			_, holds, _ = one.rule.Active(subject, known.now) // without an expression nothing can fail
		}
		if holds {
			q = &store.Quiet{Reason: because("silenced", one.Author, one.Reason), Until: one.Until}
		}
	}
	return q, found.Errors
}

func because(what, author, reason string) string {
	if author != "" {
		what += " by " + author
	}
	if strings.HasSuffix(what, reason) {
		return what
	}
	return what + ": " + reason
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
