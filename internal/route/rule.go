package route

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/halert/halert/internal/alert"
)

// Rule says what becomes of the alerts that it matches. What it leaves at its
// zero value it does not set.
type Rule struct {
	Name     string // unique in its table
	Match    []Matcher
	When     *Expr    // nil: always
	During   []*Hours // at least one of them must be; none: at any time
	Outside  []*Hours // none of them may be
	Continue bool     // rules after it are looked at too
	Drop     bool     // no ticket; nothing else of the rule counts

	Delay      *time.Duration
	Fields     alert.Fields
	PriorityBy map[alert.Severity]alert.Ref // instead of Fields.Priority
	Template   string
	GroupBy    []string
	Strip      bool          // with GroupBy: see [Group.Key]
	Within     time.Duration // with GroupBy: see [alert.Plan]
	Notes      *alert.NotePolicy
	Close      *alert.Closing
	Reopen     *alert.Reopening

	Tests []Test
}

// Table is a list of rules in the order in which they are looked at.
type Table []Rule

// Decision is what the rules say about one alert.
type Decision struct {
	Plan   alert.Plan
	Drop   string  // name of the rule that drops the alert; empty: none does
	Group  Group   // which alerts share the ticket
	Errors []error // of expressions, which then did not match; each names its rule
}

// Decide looks at the rules in order. The first that matches decides, and the
// ones after it only where it says to continue; what a later one sets then
// replaces what an earlier one set: single ticket fields and custom fields
// each by itself, the policies for notes, closing and reopening, the
// categories and the grouping each as a whole. A rule that drops ends it.
func (t Table) Decide(s Subject, now time.Time) Decision {
	v := newView(s)
	var d Decision
	for i := range t {
		r := &t[i]
		is, err := r.matches(v, now)
		if err != nil {
			d.Errors = append(d.Errors, fmt.Errorf("route %s: %w", r.Name, err))
		}
		if !is {
			continue
		}
		d.Plan.Routes = append(d.Plan.Routes, r.Name)
		if r.Drop {
			return Decision{Plan: alert.Plan{Routes: d.Plan.Routes}, Drop: r.Name, Errors: d.Errors}
		}
		r.set(&d, v.severity())
		if !r.Continue {
			break
		}
	}
	return d
}

func (r *Rule) matches(v view, now time.Time) (bool, error) {
	contains := func(h *Hours) bool { return h.Contains(now) }
	if len(r.During) > 0 && !slices.ContainsFunc(r.During, contains) || slices.ContainsFunc(r.Outside, contains) || !allMatch(r.Match, v) {
		return false, nil
	}
	return r.When.matches(v)
}

// set puts what the rule sets over what is decided so far.
func (r *Rule) set(d *Decision, severity alert.Severity) {
	p := &d.Plan
	overlay(&p.Fields, r.Fields)
	if ref, ok := r.PriorityBy[severity]; ok {
		p.Fields.Priority = &ref
	}
	if r.Delay != nil {
		p.Delay = *r.Delay
	}
	if r.Template != "" {
		p.Template = r.Template
	}
	if len(r.GroupBy) > 0 {
		d.Group = Group{Route: r.Name, By: r.GroupBy, Strip: r.Strip}
		p.Within = r.Within
	}
	if r.Notes != nil {
		p.Notes = *r.Notes
	}
	if r.Close != nil {
		p.Close = *r.Close
	}
	if r.Reopen != nil {
		p.Reopen = *r.Reopen
	}
}

func overlay(to *alert.Fields, from alert.Fields) {
	for _, f := range []struct{ to, from **alert.Ref }{
		{&to.TicketType, &from.TicketType}, {&to.Priority, &from.Priority}, {&to.RequestSource, &from.RequestSource},
		{&to.Status, &from.Status}, {&to.Team, &from.Team}, {&to.Agent, &from.Agent}, {&to.Impact, &from.Impact}, {&to.Urgency, &from.Urgency},
	} {
		if *f.from != nil {
			*f.to = *f.from
		}
	}
	if from.Categories != [4]string{} {
		to.Categories = from.Categories
	}
	if from.Parent != 0 {
		to.Parent = from.Parent
	}
	if len(from.Custom) > 0 {
		to.Custom = maps.Clone(to.Custom) // the map may be a rule's own
		if to.Custom == nil {
			to.Custom = make(map[string]string)
		}
		maps.Copy(to.Custom, from.Custom)
	}
}
