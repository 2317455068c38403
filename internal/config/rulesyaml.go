package config

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/halert/halert/internal/alert"
	"github.com/halert/halert/internal/route"
)

// flow is a mapping on one line. Entries without a value are left out.
type flow []string

func (f *flow) add(key, value string) {
	if value != "" {
		*f = append(*f, key+": "+value)
	}
}

// text adds a text, unless it is empty.
func (f *flow) text(key, value string) {
	if value != "" {
		f.add(key, quoted(value))
	}
}

// list adds a list, unless it is empty.
func (f *flow) list(key string, all []string) {
	if len(all) > 0 {
		f.add(key, list(all))
	}
}

// flag adds a true, but no false.
func (f *flow) flag(key string, value bool) {
	if value {
		f.add(key, "true")
	}
}

// number adds a number, unless it is 0.
func (f *flow) number(key string, value int) {
	if value != 0 {
		f.add(key, strconv.Itoa(value))
	}
}

// span adds a time, unless it is 0.
func (f *flow) span(key string, d time.Duration) {
	if d != 0 {
		f.add(key, spanText(d))
	}
}

func (f *flow) moment(key string, t time.Time) {
	if !t.IsZero() {
		f.add(key, quoted(t.Format(time.RFC3339Nano)))
	}
}

func (f *flow) ref(key string, r *alert.Ref) {
	if r != nil {
		f.add(key, refText(*r))
	}
}

func refText(r alert.Ref) string {
	if r.Name != "" {
		return quoted(r.Name)
	}
	return strconv.Itoa(r.ID)
}

// pairs adds a mapping, unless it is empty.
func (f *flow) pairs(key string, all map[string]string) {
	if len(all) > 0 {
		var inner flow
		for _, name := range slices.Sorted(maps.Keys(all)) {
			inner.add(quoted(name), quoted(all[name]))
		}
		f.add(key, inner.String())
	}
}

// String writes the mapping.
func (f flow) String() string { return "{" + strings.Join(f, ", ") + "}" }

// list writes a list of texts on one line.
func list(all []string) string {
	out := make([]string, len(all))
	for i, text := range all {
		out[i] = quoted(text)
	}
	return "[" + strings.Join(out, ", ") + "]"
}

// block writes the mapping as an entry of a list, one key on a line.
func (w *writer) block(f flow) {
	for i, line := range f {
		if i == 0 {
			w.WriteString("  - " + line + "\n")
		} else {
			w.WriteString("    " + line + "\n")
		}
	}
}

// rules writes the sections about what becomes of alerts.
func (w *writer) rules(c *Config) {
	w.heading("hours", len(c.Hours))
	for _, h := range c.Hours {
		var f flow
		f.text("name", h.Name)
		f.text("zone", h.Zone)
		f.add("days", quoted(h.Days.String()))
		f.add("times", quoted(h.Times()))
		f.list("except", h.Except)
		w.WriteString("  - " + f.String() + "\n")
	}
	w.heading("routes", len(c.Routes))
	for _, r := range c.Routes {
		w.block(routeFlow(r))
		if len(r.Tests) > 0 {
			w.WriteString("    tests:\n")
		}
		for _, t := range r.Tests {
			w.WriteString("      - {given: " + givenFlow(t).String() + ", expect: " + expectFlow(t).String() + "}\n")
		}
	}
	w.heading("silences", len(c.Silences))
	for _, s := range c.Silences {
		w.block(silenceFlow(s))
	}
	w.heading("exclude", len(c.Exclude))
	for _, s := range c.Exclude {
		w.block(silenceFlow(s))
	}
}

func (w *writer) heading(name string, entries int) {
	if entries > 0 {
		w.WriteString(name + ":\n")
	}
}

func silenceFlow(s route.Silence) flow {
	var f flow
	f.text("name", s.Name)
	f.conditions(s.Match, s.When)
	f.text("reason", s.Reason)
	f.text("author", s.Author)
	f.moment("from", s.From)
	f.moment("until", s.Until)
	f.list("during", hoursNames(s.During))
	return f
}

func (f *flow) conditions(match []route.Matcher, when *route.Expr) {
	texts := make([]string, len(match))
	for i, m := range match {
		texts[i] = m.String()
	}
	f.list("match", texts)
	if when != nil {
		f.text("when", when.String())
	}
}

func hoursNames(all []*route.Hours) []string {
	names := make([]string, len(all))
	for i, h := range all {
		names[i] = h.Name
	}
	return names
}

func routeFlow(r route.Rule) flow {
	var f flow
	f.text("name", r.Name)
	f.conditions(r.Match, r.When)
	f.list("during", hoursNames(r.During))
	f.list("outside", hoursNames(r.Outside))
	f.flag("continue", r.Continue)
	f.flag("drop", r.Drop)
	if r.Delay != nil {
		f.add("delay", spanText(*r.Delay))
	}
	if ticket := ticketFlow(r); len(ticket) > 0 {
		f.add("ticket", ticket.String())
	}
	f.text("template", r.Template)
	f.list("group_by", r.GroupBy)
	f.flag("strip", r.Strip)
	f.span("within", r.Within)
	if r.Notes != nil {
		f.add("notes", notesText(*r.Notes))
	}
	if c := r.Close; c != nil {
		var inner flow
		inner.flag("never", c.Never)
		inner.span("after", c.After)
		inner.flag("touched", c.Touched)
		if c.Missing < 0 {
			inner.add("missing", "never")
		} else {
			inner.number("missing", c.Missing)
		}
		inner.span("silent", c.Silent)
		f.add("close", inner.String())
	}
	if o := r.Reopen; o != nil {
		var inner flow
		inner.span("within", o.Within)
		inner.number("status", o.Status)
		not := make([]string, len(o.Not))
		for i, id := range o.Not {
			not[i] = strconv.Itoa(id)
		}
		if len(not) > 0 {
			inner.add("not", "["+strings.Join(not, ", ")+"]")
		}
		inner.flag("quiet", o.Quiet)
		f.add("reopen", inner.String())
	}
	return f
}

func notesText(p alert.NotePolicy) string {
	mode := string(p.Mode)
	if p.Mode == alert.NoteAlways {
		mode = "always"
	}
	if p == (alert.NotePolicy{Mode: p.Mode}) {
		return mode
	}
	var f flow
	f.add("mode", mode)
	f.span("every", p.Every)
	f.text("daily", p.Daily)
	f.text("zone", p.Zone)
	return f.String()
}

func ticketFlow(r route.Rule) flow {
	var f flow
	f.ref("type", r.Fields.TicketType)
	f.ref("priority", r.Fields.Priority)
	if len(r.PriorityBy) > 0 {
		var by flow
		for _, severity := range severities() {
			if ref, ok := r.PriorityBy[severity]; ok {
				by.ref(severity.String(), &ref)
			}
		}
		f.add("priority", by.String())
	}
	f.ref("request_source", r.Fields.RequestSource)
	f.ref("status", r.Fields.Status)
	f.ref("team", r.Fields.Team)
	f.ref("agent", r.Fields.Agent)
	last := len(r.Fields.Categories)
	for last > 0 && r.Fields.Categories[last-1] == "" {
		last--
	}
	f.list("category", r.Fields.Categories[:last])
	f.ref("impact", r.Fields.Impact)
	f.ref("urgency", r.Fields.Urgency)
	f.number("parent", r.Fields.Parent)
	f.pairs("fields", r.Fields.Custom)
	return f
}

func givenFlow(t route.Test) flow {
	var f flow
	s := t.Given
	f.text("source", s.Source)
	f.text("kind", s.Kind)
	if s.Severity != 0 {
		f.add("severity", s.Severity.String())
	}
	f.text("title", s.Title)
	f.text("customer", t.Customer)
	f.text("tenant", s.Tenant.Domain)
	f.text("user", s.User.UPN)
	f.text("device", s.Device)
	f.text("text", s.Text)
	f.pairs("labels", s.Labels)
	f.moment("at", t.At)
	return f
}

func expectFlow(t route.Test) flow {
	var f flow
	for _, w := range t.Expect {
		switch {
		case len(w.Values) != 1:
			f.add(w.Key, list(w.Values))
		case w.Key == "drop" || w.Key == "delay" || isRef(w.Key) && isNumber(w.Values[0]):
			f.add(w.Key, w.Values[0])
		default:
			f.text(w.Key, w.Values[0])
		}
	}
	return f
}

func isNumber(text string) bool {
	_, err := strconv.Atoi(text)
	return err == nil
}
