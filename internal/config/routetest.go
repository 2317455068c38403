package config

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/halert/halert/internal/alert"
	"github.com/halert/halert/internal/nearest"
	"github.com/halert/halert/internal/route"
)

// pendingTest is a test of a route that runs once all routes are read.
type pendingTest struct {
	node
	test   route.Test
	given  section
	expect section
}

func (r *rules) test(n node) route.Test {
	s := n.section("given", "expect")
	var t route.Test
	p := pendingTest{node: n}
	if given, ok := s.byKey["given"]; ok {
		p.given = given.section("source", "kind", "severity", "title", "customer", "tenant", "user", "device", "text", "labels", "at")
		p.given.subject(&t)
	} else if !s.broken {
		s.problem("given is missing; describe an alert, like given: {kind: drift, severity: critical}")
	}
	if expect, ok := s.byKey["expect"]; ok {
		p.expect = expect.section(route.WantKeys()...)
		t.Expect = p.expect.wants()
		if expect.isEmpty() {
			expect.problem("expects nothing; say what the rules must decide, like expect: {drop: true}")
		}
	} else if !s.broken {
		s.problem("expect is missing; say what the rules must decide, like expect: {drop: true}")
	}
	p.test = t
	r.tests = append(r.tests, p)
	return t
}

// subject reads the alert of a test.
func (s section) subject(t *route.Test) {
	t.Customer, t.At = s.text("customer"), s.moment("at")
	t.Given = route.Subject{
		Source: s.text("source"), Kind: s.text("kind"), Title: s.text("title"), Device: s.text("device"), Text: s.text("text"),
		Tenant: alert.NewTenant("", s.text("tenant")), User: alert.User{UPN: s.text("user")},
	}
	if text := s.text("severity"); text != "" {
		if err := t.Given.Severity.UnmarshalText([]byte(text)); err != nil {
			n := s.byKey["severity"]
			n.problem("is %s, which is no severity; %s", n.shown(), nearest.Hint(n.r.asWritten(text), []string{"critical", "error", "warning", "info"}))
		}
	}
	if labels, ok := s.byKey["labels"]; ok {
		if pairs := labels.pairs(); len(pairs) > 0 {
			t.Given.Labels = pairs
		}
	}
}

// wants reads what a test expects, in the form of [route.Decision.Values].
func (s section) wants() []route.Want {
	var out []route.Want
	for _, key := range route.WantKeys() {
		if _, ok := s.byKey[key]; !ok {
			continue
		}
		w := route.Want{Key: key}
		switch key {
		case "drop":
			w.Values = []string{strconv.FormatBool(s.flag(key, false))}
		case "delay":
			w.Values = []string{cmp.Or(s.span(key, 0), new(time.Duration)).String()}
		default:
			for _, item := range s.list(key) {
				if ref, err := parseRef(item.text); err == nil && isRef(key) && item.text != "" {
					item.text = ref.String() // 07 is 7
				}
				if item.text != "" {
					w.Values = append(w.Values, item.text)
				}
			}
		}
		out = append(out, w)
	}
	return out
}

// isRef tells the expectations that are an id or a name in Halo.
func isRef(key string) bool {
	return contains([]string{"type", "priority", "request_source", "status", "team", "agent", "impact", "urgency", "parent"}, key)
}

// runTests runs the tests of all routes.
func (r *rules) runTests() {
	directory, err := r.Directory()
	if err != nil {
		return // a tenant of two customers has been reported
	}
	clock := slices.ContainsFunc(r.Routes, func(rule route.Rule) bool { return len(rule.During) > 0 || len(rule.Outside) > 0 })
	for _, p := range r.tests {
		if clock && p.test.At.IsZero() {
			p.given.problem("at is missing, and a route looks at the clock; give a moment, like at: 2026-03-09T22:00:00Z")
			continue
		}
		subject := p.test.Given
		subject.Customer, _, _ = directory.Find(subject.Tenant, nil)
		if name := p.test.Customer; name != "" {
			at := slices.IndexFunc(r.Customers, func(c alert.Customer) bool {
				return strings.EqualFold(c.Name, name) || strconv.Itoa(c.ClientID) == name
			})
			if at < 0 {
				known := r.customerNames()
				for i := range known {
					known[i] = p.r.asWritten(known[i])
				}
				n := p.given.byKey["customer"]
				n.problem("there is no customer %s in this file; %s", n.shown(), nearest.Hint(p.r.asWritten(name), known))
				continue
			}
			subject.Customer = r.Customers[at]
		}
		misses, decision := r.Routes.Check(p.test, subject)
		p.report(misses, decision, r.hidesRule(p.r))
	}
}

// hidesRule tells that references stand for the name or the expression of a
// rule, which the error of an expression quotes.
func (r *rules) hidesRule(from *reader) bool {
	return slices.ContainsFunc(r.Routes, func(rule route.Rule) bool {
		_, name := from.hidden[rule.Name]
		if rule.When == nil {
			return name
		}
		_, when := from.hidden[rule.When.String()]
		return name || when
	})
}

// report says what a test expected and what came.
func (p pendingTest) report(misses []route.Miss, d route.Decision, hide bool) {
	for _, m := range misses {
		p.expect.byKey[m.Want.Key].problem("the test expects %s, but the rules give %s (routes that matched: %s)",
			p.shownAll(m.Want.Values), p.shownAll(m.Got), p.shownAll(d.Plan.Routes))
	}
	for _, err := range d.Errors {
		text := alert.OneLine(err.Error())
		if hide {
			text = "references in the routes hide which"
		}
		p.problem("an expression failed on this alert: %s", text)
	}
}

// shownAll writes values as they stand in the file.
func (p pendingTest) shownAll(values []string) string {
	if len(values) == 0 {
		return "none"
	}
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = quote(p.r.asWritten(v))
	}
	return strings.Join(out, ", ")
}
