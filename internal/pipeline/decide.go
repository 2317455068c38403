package pipeline

import (
	"cmp"
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

// Knowledge is what decisions depend on besides the settings. Its zero value
// knows nothing.
type Knowledge struct {
	Now     time.Time
	Tenants alert.Aliases
	asked   []silence
}

// NewKnowledge also takes what people silenced; of those, the ones count that
// hold at the time. A silence that cannot be read any more counts for nothing,
// and is told of.
func NewKnowledge(now time.Time, tenants alert.Aliases, asked []store.Silence) (Knowledge, []error) {
	ready, problems := readSilences(asked)
	return Knowledge{Now: now, Tenants: tenants, asked: ready}, problems
}

// silence is one that a person made.
type silence struct {
	store.Silence
	rule route.Silence // its matchers; not looked at where it is about one alert
}

// readSilences makes what people silenced ready for use.
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

// Decide turns a parsed body into what is to be stored. It is pure: all that
// is known of customers, tenants and silences comes with its arguments. The
// problems are those of rules that could not be looked at.
func Decide(e store.Event, m alert.Message, s Settings, known Knowledge) (store.Outcome, []error) {
	o := store.Outcome{EventID: e.ID, Source: e.Source, Status: store.EventProcessed, Note: m.Note}
	for _, set := range m.Sets {
		o.Sets = append(o.Sets, store.Set{Source: e.Source, Tenant: known.Tenants.Canonical(set.Tenant), Kind: set.Kind})
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
func report(sourceName, eventID string, ev alert.Event, s Settings, known Knowledge) (store.Report, []error) {
	if ev.Severity == 0 {
		ev.Severity = alert.Warning
	}
	r := store.Report{Event: ev, Source: sourceName, Tenant: known.Tenants.Canonical(ev.Tenant), Brake: s.Storm}
	c, reason := customer(ev.Tenant, s, known.Tenants, &r.Why)
	subject := subjectOf(r, c)
	decision := s.Routes.Decide(subject, known.Now)
	r.Plan = decision.Plan
	var problems []error
	r.Quiet, problems = quiet(r, subject, decision.Drop, s, known)
	problems = append(problems, decision.Errors...)
	if c == nil {
		r.Held = reason
		return r, problems
	}
	r.Customer = c
	group(&r, eventID, subject, decision.Group, s)
	return r, problems
}

// group decides which alerts of its customer and source a report shares a
// ticket with, and says it in words too.
func group(r *store.Report, eventID string, subject route.Subject, by route.Group, s Settings) {
	kind, nonce := r.Event.Topic.Kind, ""
	r.Why.Group = "alerts of the kind " + kind
	if len(by.By) > 0 {
		kind = by.Key(subject)
		same := strings.Join(strings.Split(kind, "\x00")[1:], ", ")
		r.Why.Group = "alerts with " + alert.Cut(alert.OneLine(same), 300) + ", as the route " + by.Route + " says"
		if slices.Contains(by.By, "user") {
			r.User = r.Event.Finding.User
		}
	} else if perUser(r.Event, s) {
		r.User = r.Event.Finding.User
		r.Why.Group += " about " + cmp.Or(r.User.String(), "no user")
	}
	if !s.Consolidate {
		nonce, r.Apart = eventID, true
		r.Why.Group += ", and of the same event: consolidate is off"
	}
	r.GroupKey = alert.GroupKey(*r.Customer, r.Source, kind, r.User.Key(), nonce)
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
func quiet(r store.Report, subject route.Subject, drop string, s Settings, known Knowledge) (*store.Quiet, []error) {
	if drop != "" {
		return &store.Quiet{Reason: "dropped by the route " + drop}, nil
	}
	found := s.Quiet.Find(subject, known.Now)
	var q *store.Quiet
	if one := found.Silence; one != nil {
		q = &store.Quiet{Reason: because(one.String(), one.Author, one.Reason), Until: found.Until}
	}
	key := alert.DedupKey(r.Source, r.Tenant, r.Event.Topic.Kind, r.Event.Fingerprint)
	for _, one := range known.asked {
		if !one.Active(known.Now) || q != nil && (q.Until.IsZero() || !one.Until.After(q.Until)) {
			continue
		}
		holds := one.DedupKey == key
		if one.DedupKey == "" {
			_, holds, _ = one.rule.Active(subject, known.Now) // without an expression nothing can fail
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
func customer(t alert.Tenant, s Settings, known alert.Aliases, why *store.Why) (*alert.Customer, string) {
	if c, name, ok := s.Customers.Find(t, known); ok {
		why.Name, why.FoundBy = name, store.FoundByAlias
		switch name {
		case t.ID:
			why.FoundBy = store.FoundByID
		case t.Domain:
			why.FoundBy = store.FoundByDomain
		}
		return &c, ""
	}
	if s.Triage != nil {
		why.FoundBy = store.FoundByUnmapped
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
