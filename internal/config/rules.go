package config

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"github.com/halert/halert/internal/alert"
	"github.com/halert/halert/internal/nearest"
	"github.com/halert/halert/internal/route"
)

// rules reads the sections about what becomes of alerts. They name each other
// and the customers and sources, which are read before.
type rules struct {
	*Config
	names map[string]int // lines in which names of silences and exclusions stand
	tests []pendingTest
}

func (s section) rules(c *Config) *rules {
	r := &rules{Config: c, names: make(map[string]int)}
	if n, ok := s.byKey["hours"]; ok {
		r.hours(n)
	}
	if n, ok := s.byKey["routes"]; ok {
		lines := make(map[string]int)
		for _, item := range n.items() {
			r.route(item, lines)
		}
	}
	if n, ok := s.byKey["silences"]; ok {
		for _, item := range n.items() {
			r.silence(item)
		}
	}
	if n, ok := s.byKey["exclude"]; ok {
		for _, item := range n.items() {
			r.exclude(item)
		}
	}
	return r
}

// item is a text of a list, with its place.
type item struct {
	node
	text string
}

// list reads an optional list of texts; a single text is a list of one.
func (s section) list(key string) []item {
	n, ok := s.byKey[key]
	if !ok {
		return nil
	}
	nodes := []node{n}
	if _, single := scalar(n.ast); !single {
		nodes = n.items()
	}
	var out []item
	for _, n := range nodes {
		if text, ok := n.text(); ok {
			out = append(out, item{n, text})
		}
	}
	return out
}

// name reads a name that no other entry may have.
func (s section) name(lines map[string]int) string {
	name, n, ok := s.required("name", "give each a name of its own, by which people find it")
	if !ok {
		return ""
	}
	n.unique(name, lines)
	return name
}

func (n node) unique(name string, lines map[string]int) {
	if line := lines[name]; line > 0 {
		n.problem("is already the name of the one in line %d; give each its own", line)
		return
	}
	lines[name] = n.at.Position.Line
}

// hours reads windows of time. Each part is tried by itself, so that all that
// is wrong shows at once.
func (r *rules) hours(n node) {
	lines := make(map[string]int)
	for _, item := range n.items() {
		s := item.section("name", "zone", "days", "times", "except")
		name := s.name(lines)
		zone, zoneAt, ok := s.required("zone", "give a time zone by its IANA name, like Europe/Amsterdam")
		days, times := s.text("days"), s.text("times")
		var except []string
		for _, day := range s.list("except") {
			except = append(except, day.text)
			_, err := route.NewHours(name, "UTC", "", "", []string{day.text})
			day.unless(err)
		}
		if ok {
			_, err := route.NewHours(name, zone, "", "", nil)
			itemOf(zoneAt, zone).unless(err)
		}
		if days != "" {
			_, err := route.NewHours(name, "UTC", days, "", nil)
			itemOf(s.byKey["days"], days).unless(err)
		}
		if times != "" {
			_, err := route.NewHours(name, "UTC", "", times, nil)
			itemOf(s.byKey["times"], times).unless(err)
		}
		if h, err := route.NewHours(name, zone, days, times, except); err == nil && name != "" {
			r.Hours = append(r.Hours, h)
		}
	}
}

func itemOf(n node, text string) item { return item{n, text} }

// unless reports an error about the text, if there is one.
func (i item) unless(err error) {
	if err != nil {
		i.invalid(i.text, err)
	}
}

// windows reads names of hours.
func (r *rules) windows(s section, key string) []*route.Hours {
	var out []*route.Hours
	for _, item := range s.list(key) {
		at := slices.IndexFunc(r.Hours, func(h *route.Hours) bool { return h.Name == item.text })
		if at < 0 {
			known := make([]string, len(r.Hours))
			for i, h := range r.Hours {
				known[i] = item.r.asWritten(h.Name)
			}
			item.problem("the section hours has no %s; %s", item.shown(), nearest.Hint(item.r.asWritten(item.text), known))
			continue
		}
		out = append(out, r.Hours[at])
	}
	return out
}

// matchers reads a list of matchers.
func (r *rules) matchers(s section) []route.Matcher {
	var out []route.Matcher
	for _, item := range s.list("match") {
		m, err := route.ParseMatcher(item.text)
		if err != nil {
			item.unless(err)
			continue
		}
		r.checkNames(item, m)
		out = append(out, m)
	}
	return out
}

// checkNames reports a source, customer or group that the file does not have:
// such a matcher would never match, or always.
func (r *rules) checkNames(i item, m route.Matcher) {
	if m.Op != "=" && m.Op != "!=" || m.Value == "" {
		return
	}
	var known []string
	switch m.Name {
	case "source":
		for _, s := range r.Sources {
			known = append(known, s.Name)
		}
	case "customer":
		known = r.customerNames()
	case "group":
		for _, c := range r.Customers {
			known = append(known, c.Groups...)
		}
	default:
		return
	}
	if slices.ContainsFunc(known, func(k string) bool { return strings.EqualFold(k, m.Value) }) {
		return
	}
	for k, name := range known {
		known[k] = i.r.asWritten(name)
	}
	i.unless(errors.New("there is no " + m.Name + " " + quote(m.Value) + " in this file; " + nearest.Hint(m.Value, slices.Compact(known))))
}

// customerNames lists the names and ids by which rules can speak of customers.
func (r *rules) customerNames() []string {
	var names []string
	for _, c := range r.Customers {
		if c.Name != "" {
			names = append(names, c.Name)
		}
		names = append(names, strconv.Itoa(c.ClientID))
	}
	if id := r.Unmapped.ClientID; id != 0 {
		names = append(names, strconv.Itoa(id))
	}
	return names
}

// when reads an optional expression.
func (s section) when() *route.Expr {
	text := s.text("when")
	if text == "" {
		return nil
	}
	e, err := route.ParseExpr(text)
	itemOf(s.byKey["when"], text).unless(err)
	return e
}

func (r *rules) silence(n node) {
	s := n.section("name", "match", "when", "reason", "author", "from", "until", "during")
	out := route.Silence{Name: s.name(r.names), Author: s.text("author"), From: s.moment("from"), Until: s.moment("until"), During: r.windows(s, "during")}
	r.quiet(s, &out)
	_, until := s.byKey["until"]
	_, during := s.byKey["during"]
	if !until && !during && !s.broken {
		n.problem("has no end; give until or during, or move it to the section exclude if it is for good")
	}
	if !out.Until.IsZero() && !out.Until.After(out.From) {
		s.byKey["until"].problem("is not after from; the silence would never hold")
	}
	r.Silences = append(r.Silences, out)
}

func (r *rules) exclude(n node) {
	s := n.section("name", "match", "when", "reason", "author")
	out := route.Silence{Name: s.text("name"), Author: s.text("author")}
	if out.Name != "" {
		s.byKey["name"].unique(out.Name, r.names)
	}
	r.quiet(s, &out)
	r.Exclude = append(r.Exclude, out)
}

// quiet reads what silences and exclusions have in common.
func (r *rules) quiet(s section, out *route.Silence) {
	out.Match, out.When = r.matchers(s), s.when()
	out.Reason, _, _ = s.required("reason", "say why, for whoever wonders later")
	_, match := s.byKey["match"]
	_, when := s.byKey["when"]
	if !s.broken && !when && (!match || isEmptyList(s.byKey["match"])) {
		s.problem("would hold for every alert; give match or when")
	}
}

func isEmptyList(n node) bool {
	list, ok := n.ast.(*ast.SequenceNode)
	return ok && len(list.Values) == 0
}

// isEmpty tells that a mapping has no keys at all.
func (n node) isEmpty() bool {
	list, ok := entries(n.ast)
	return ok && len(list) == 0
}

// moment reads an optional moment; zero if it is not there or not one.
func (s section) moment(key string) time.Time {
	text := s.text(key)
	if text == "" {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil || t.IsZero() {
		n := s.byKey[key]
		n.problem("is %s; write date, time and zone like 2026-12-24T18:00:00+01:00 or 2026-12-24T17:00:00Z", n.shown())
		return time.Time{}
	}
	return t
}

const maxSpan = 3650 * day

// span reads an optional time such as "90s", "1h30m" or "3d"; nil if it is
// not there or not one.
func (s section) span(key string, lowest time.Duration) *time.Duration {
	text := s.text(key)
	if text == "" {
		return nil
	}
	var d time.Duration
	var err error
	if number, isDays := strings.CutSuffix(text, "d"); isDays {
		var days uint64
		if days, err = strconv.ParseUint(number, 10, 12); err == nil {
			d = time.Duration(days) * day
		}
	} else {
		d, err = time.ParseDuration(text)
	}
	if err != nil || d < lowest || d > maxSpan || d%time.Second != 0 {
		n := s.byKey[key]
		n.problem("is %s; write whole seconds, minutes, hours or days from %s to 3650d, like 10m or 3d", n.shown(), spanText(lowest))
		return nil
	}
	return &d
}

// spanOr is span with a default.
func (s section) spanOr(key string, fallback time.Duration) time.Duration {
	if d := s.span(key, time.Second); d != nil {
		return *d
	}
	return fallback
}

// spanText writes a time as span reads it.
func spanText(d time.Duration) string {
	if d > 0 && d%day == 0 {
		return strconv.Itoa(int(d/day)) + "d"
	}
	return alert.ShortTime(d)
}

// pairs reads a mapping with names that nobody knows beforehand.
func (n node) pairs() map[string]string {
	list, ok := entries(n.ast)
	if !ok {
		n.problem("must be a mapping of keys, but is %s", kindOf(n.ast))
		return nil
	}
	out := make(map[string]string)
	for _, e := range list {
		key := e.key.GetToken()
		name := strings.TrimSpace(unmask(key.Value))
		child := node{r: n.r, ast: e.value, at: key, path: n.path}
		_, taken := out[name]
		switch {
		case name == "" || strings.Contains(name, "$") || name != alert.OneLine(name) || strings.ContainsFunc(name, isNonchar):
			child.problem("the key must be a plain name of one line, without $")
			continue
		case taken:
			child.problem("the key %s stands twice", quote(name))
			continue
		}
		if _, single := scalar(e.value); single {
			child.at = startOf(e.value)
		}
		child.path = join(n.path, quote(name))
		out[name], _ = child.text()
	}
	return out
}
