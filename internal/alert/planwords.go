package alert

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Setting is one thing that a plan sets, for people.
type Setting struct {
	Name  string `json:"name"`  // as routes write it: team, priority, delay
	Value string `json:"value"` // a Halo thing by its name, or else its id
}

// Settings lists what a plan sets, in an order that does not change. What it
// leaves to the general settings is not in it.
func (p Plan) Settings() []Setting {
	var out []Setting
	add := func(name, value string) {
		if value != "" {
			out = append(out, Setting{name, value})
		}
	}
	for _, s := range p.Fields.settings() {
		add(s.Name, s.Value)
	}
	add("template", p.Template)
	add("delay", span(p.Delay))
	add("notes", p.Notes.words())
	add("close", p.Close.words())
	add("reopen", p.Reopen.words())
	return out
}

func (f Fields) settings() []Setting {
	var out []Setting
	for _, s := range []struct {
		name string
		ref  *Ref
	}{
		{"type", f.TicketType}, {"priority", f.Priority}, {"team", f.Team}, {"agent", f.Agent}, {"status", f.Status},
		{"request_source", f.RequestSource}, {"impact", f.Impact}, {"urgency", f.Urgency},
	} {
		if s.ref != nil {
			out = append(out, Setting{s.name, s.ref.String()})
		}
	}
	out = append(out, Setting{"category", joined(", ", f.Categories[:]...)})
	if f.Parent != 0 {
		out = append(out, Setting{"parent", strconv.Itoa(f.Parent)})
	}
	for _, name := range slices.Sorted(maps.Keys(f.Custom)) {
		out = append(out, Setting{"field " + name, f.Custom[name]})
	}
	return out
}

func (n NotePolicy) words() string {
	every, daily := "", ""
	if n.Every > 0 {
		every = "at most every " + span(n.Every)
	}
	if n.Daily != "" {
		daily = strings.TrimSpace("daily at " + n.Daily + " " + n.Zone)
	}
	return joined(", ", string(n.Mode), every, daily)
}

func (c Closing) words() string {
	var never, after, touched, missing, silent string
	if c.Never {
		never = "by people only"
	}
	if c.After > 0 {
		after = "after " + span(c.After)
	}
	if c.Touched {
		touched = "also if a person has worked on it"
	}
	switch {
	case c.Missing < 0:
		missing = "missing findings stay"
	case c.Missing > 0:
		missing = fmt.Sprintf("over when missing %d times", c.Missing)
	}
	if c.Silent > 0 {
		silent = "over when silent for " + span(c.Silent)
	}
	return joined(", ", never, after, touched, missing, silent)
}

func (r Reopening) words() string {
	var within, status, not, quiet string
	if r.Within > 0 {
		within = "within " + span(r.Within)
	}
	if r.Status != 0 {
		status = "with status " + strconv.Itoa(r.Status)
	}
	if len(r.Not) > 0 {
		not = "not from status " + strings.Trim(fmt.Sprint(r.Not), "[]")
	}
	if r.Quiet {
		quiet = "quiet once a person closed it"
	}
	return joined(", ", within, status, not, quiet)
}

// joined leaves out what is empty.
func joined(with string, all ...string) string {
	return strings.Join(slices.DeleteFunc(slices.Clone(all), func(s string) bool { return s == "" }), with)
}

// span writes a time without zeros at its end; 0 is empty.
func span(d time.Duration) string {
	if d == 0 {
		return ""
	}
	text := d.String()
	for _, end := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(text, end) {
			text = text[:len(text)-2]
		}
	}
	return text
}
