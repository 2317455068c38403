package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/halert/halert/internal/alert"
	"github.com/halert/halert/internal/nearest"
	"github.com/halert/halert/internal/route"
)

// effects lists the keys of what a route does, in the order in which they are
// written.
func effects() []string {
	return []string{"delay", "ticket", "template", "group_by", "strip", "within", "notes", "close", "reopen"}
}

func (r *rules) route(n node, lines map[string]int) {
	s := n.section(append([]string{"name", "match", "when", "during", "outside", "continue", "drop", "tests"}, effects()...)...)
	out := route.Rule{
		Name: s.name(lines), Match: r.matchers(s), When: s.when(), During: r.windows(s, "during"), Outside: r.windows(s, "outside"),
		Continue: s.flag("continue", false), Drop: s.flag("drop", false), Delay: s.span("delay", 0), Template: r.template(s),
		GroupBy: s.groupBy(), Strip: s.flag("strip", false), Within: s.spanOr("within", 0),
	}
	if ticket, ok := s.byKey["ticket"]; ok {
		ticket.ticket(&out)
	}
	if notes, ok := s.byKey["notes"]; ok {
		out.Notes = notes.notes()
	}
	if closing, ok := s.byKey["close"]; ok {
		out.Close = closing.closing()
	}
	if reopen, ok := s.byKey["reopen"]; ok {
		out.Reopen = reopen.reopening()
	}
	for _, key := range append(effects(), "continue") {
		if at, ok := s.byKey[key]; ok && out.Drop && (key != "continue" || out.Continue) {
			at.problem("has no effect, because the route drops its alerts; delete this or drop")
		}
	}
	if out.Strip && len(out.GroupBy) == 0 {
		s.byKey["strip"].problem("needs group_by; say what alerts of one ticket have in common")
	}
	if out.Within > 0 && len(out.GroupBy) == 0 {
		s.byKey["within"].problem("needs group_by; say what alerts of one ticket have in common")
	}
	if tests, ok := s.byKey["tests"]; ok {
		for _, item := range tests.items() {
			out.Tests = append(out.Tests, r.test(item))
		}
	}
	r.Routes = append(r.Routes, out)
}

// template reads the name of a template that is configured.
func (r *rules) template(s section) string {
	name := s.text("template")
	var known []string
	for _, t := range r.Templates {
		known = append(known, t.Name)
	}
	if n := s.byKey["template"]; name != "" && !slices.Contains(known, name) {
		n.problem("is %s, which is not in the section templates; %s", n.shown(), nearest.Hint(name, known))
	}
	return name
}

func (s section) groupBy() []string {
	var out []string
	names := s.list("group_by")
	for _, item := range names {
		item.unless(route.CheckGroupBy(item.text))
		out = append(out, item.text)
	}
	if at, ok := s.byKey["group_by"]; ok && len(names) == 0 {
		at.problem("names nothing; give a list like [kind, device], or delete it")
	}
	return out
}

// ticket reads the fields of a ticket.
func (n node) ticket(out *route.Rule) {
	s := n.section("type", "priority", "request_source", "status", "team", "agent", "category", "impact", "urgency", "parent", "fields")
	out.Fields = alert.Fields{
		TicketType: s.ref("type"), RequestSource: s.ref("request_source"), Status: s.ref("status"), Team: s.ref("team"), Agent: s.ref("agent"),
		Impact: s.ref("impact"), Urgency: s.ref("urgency"), Parent: s.numberOr("parent", 1, 0), Categories: s.categories(),
	}
	if fields, ok := s.byKey["fields"]; ok {
		if custom := fields.pairs(); len(custom) > 0 {
			out.Fields.Custom = custom
		}
	}
	priority, ok := s.byKey["priority"]
	if !ok {
		return
	}
	if _, single := scalar(priority.ast); single {
		out.Fields.Priority = s.ref("priority")
		return
	}
	by := priority.section("critical", "error", "warning", "info")
	for _, severity := range severities() {
		if ref := by.ref(severity.String()); ref != nil {
			if out.PriorityBy == nil {
				out.PriorityBy = make(map[alert.Severity]alert.Ref)
			}
			out.PriorityBy[severity] = *ref
		}
	}
	if priority.isEmpty() {
		priority.problem("is empty; give one priority, or one for each severity like {critical: 1, error: 2}")
	}
}

// severities lists them, the most urgent first.
func severities() []alert.Severity {
	return []alert.Severity{alert.Critical, alert.Error, alert.Warning, alert.Info}
}

// ref reads an optional id or name of something in Halo.
func (s section) ref(key string) *alert.Ref {
	text := s.text(key)
	if text == "" {
		return nil
	}
	ref, err := parseRef(text)
	if err != nil {
		itemOf(s.byKey[key], text).unless(err)
		return nil
	}
	return &ref
}

// parseRef takes a whole number for an id and anything else for a name.
func parseRef(text string) (alert.Ref, error) {
	if strings.Trim(text, "+-0123456789") != "" {
		return alert.Ref{Name: text}, nil
	}
	id, err := strconv.ParseInt(text, 10, 32)
	if err != nil {
		return alert.Ref{}, fmt.Errorf("is %s, which is neither an id nor a name of something in Halo", quote(text))
	}
	return alert.Ref{ID: int(id)}, nil
}

// categories reads up to four categories. An empty one leaves its place free.
func (s section) categories() [4]string {
	var out [4]string
	list := s.list("category")
	for i, item := range list {
		if i < len(out) {
			out[i] = item.text
		} else {
			item.problem("is one too many; a ticket in Halo has four categories")
		}
	}
	if at, ok := s.byKey["category"]; ok && out == [4]string{} {
		at.problem(`names no category; give paths like ["Security>Identity"]`)
	}
	return out
}

func (n node) notes() *alert.NotePolicy {
	if _, single := scalar(n.ast); single {
		mode := n.noteMode()
		return &alert.NotePolicy{Mode: mode}
	}
	s := n.section("mode", "every", "daily", "zone")
	p := &alert.NotePolicy{Every: s.spanOr("every", 0), Daily: s.text("daily"), Zone: s.text("zone")}
	if mode, ok := s.byKey["mode"]; ok {
		p.Mode = mode.noteMode()
	}
	if at := s.byKey["daily"]; p.Daily != "" {
		if minutes, ok := route.ParseClock(p.Daily); !ok || minutes == 24*60 {
			at.problem("is %s; write a time of day, like \"08:00\"", at.shown())
		}
	}
	if at := s.byKey["zone"]; p.Zone != "" {
		_, err := route.LoadZone(p.Zone)
		itemOf(at, p.Zone).unless(err)
		if p.Daily == "" {
			at.problem("is the zone of daily, which is not there; give daily, or delete the zone")
		}
	}
	return p
}

// noteMode reads one of the three words.
func (n node) noteMode() alert.NoteMode {
	known := []string{"always", string(alert.NoteOnChange), string(alert.NoteNever)}
	text, ok := n.text()
	switch {
	case !ok || text == "" || text == known[0]:
		return alert.NoteAlways
	case !slices.Contains(known, text):
		n.problem("is %s; %s", n.shown(), nearest.Hint(n.r.asWritten(text), known))
	}
	return alert.NoteMode(text)
}

func (n node) closing() *alert.Closing {
	s := n.section("never", "after", "touched", "missing", "silent")
	c := &alert.Closing{Never: s.flag("never", false), After: s.spanOr("after", 0), Touched: s.flag("touched", false), Silent: s.spanOr("silent", 0)}
	if missing, ok := s.byKey["missing"]; ok {
		if text, _ := scalar(missing.ast); text == "never" {
			c.Missing = -1
		} else {
			c.Missing = s.numberOr("missing", 1, 0)
		}
	}
	return c
}

func (n node) reopening() *alert.Reopening {
	s := n.section("within", "status", "not", "quiet")
	out := &alert.Reopening{Within: s.spanOr("within", 0), Status: s.numberOr("status", 1, 0), Quiet: s.flag("quiet", false)}
	for _, item := range s.list("not") {
		id, err := strconv.ParseInt(item.text, 10, 32)
		if err != nil || id < 1 {
			item.problem("is %s; give the id of a status in Halo", item.shown())
			continue
		}
		out.Not = append(out.Not, int(id))
	}
	return out
}
