package haloname

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/halert/halert/internal/alert"
	"github.com/halert/halert/internal/halo"
	"github.com/halert/halert/internal/nearest"
)

// Values are the fields of a ticket as Halo takes them. A nil or zero one is
// not given, or was left out.
type Values struct {
	TicketType    int
	Priority      *int
	RequestSource *int
	Status        int
	Team          string // tickets name a team by its name, not its id [A]
	Agent         int
	Impact        *int
	Urgency       *int
	Custom        []halo.CustomField // by id [B]; of a value to choose, its id [G]
}

// Problem is a field that Halo cannot take as it is written.
type Problem struct {
	Path string // such as "routes.night watch.ticket.team"
	Text string // what is wrong, with the nearest names that Halo has
}

// Resolve turns names into what Halo takes. ticketType is the one that counts
// where the fields have none or one that Halo does not have; 0: not known. A
// field that is left out is a [Problem], whose path is its key alone. Ids are
// taken as they are, and cost no call but for a team's. The error is Halo's
// trouble: it could not be asked.
func (b *Book) Resolve(ctx context.Context, f alert.Fields, ticketType int) (Values, []Problem, error) {
	r := resolver{ctx: ctx, book: b}
	v := r.values(f, ticketType)
	return v, r.problems, r.err
}

// resolver resolves the fields of one ticket. After an error it does nothing.
type resolver struct {
	ctx      context.Context
	book     *Book
	strict   bool   // ids must exist too
	path     string // stands before the keys
	problems []Problem
	err      error
}

func (r *resolver) values(f alert.Fields, ticketType int) Values {
	v := Values{TicketType: r.id("ticket_type", ticketTypes, f.TicketType)}
	v.Priority = r.priority(f.Priority, cmp.Or(v.TicketType, ticketType))
	v.RequestSource = r.any("request_source", requestSources, f.RequestSource)
	v.Status = r.id("status", statuses, f.Status)
	v.Team = r.team(f.Team)
	v.Agent = r.id("agent", agents, f.Agent)
	v.Impact = r.any("impact", impacts, f.Impact)
	v.Urgency = r.any("urgency", urgencies, f.Urgency)
	v.Custom = r.custom(f.Custom)
	return v
}

func (r *resolver) problem(key, format string, args ...any) {
	r.problems = append(r.problems, Problem{Path: r.path + key, Text: fmt.Sprintf(format, args...)})
}

// any resolves a field of which 0 is a valid id.
func (r *resolver) any(key, list string, ref *alert.Ref) *int {
	if ref == nil || r.err != nil {
		return nil
	}
	if ref.Name == "" && !r.strict {
		return &ref.ID
	}
	if found, ok := r.find(key, question{list: list, ref: *ref, read: r.book.reader(list)}); ok {
		return &found.id
	}
	return nil
}

func (r *resolver) id(key, list string, ref *alert.Ref) int {
	if id := r.any(key, list, ref); id != nil {
		return *id
	}
	return 0
}

func (r *resolver) team(ref *alert.Ref) string {
	if ref == nil || r.err != nil {
		return ""
	}
	found, _ := r.find("team", question{list: teams, ref: *ref, read: r.book.reader(teams), byName: true})
	return found.name
}

// priority resolves a priority within the SLA of a ticket type.
func (r *resolver) priority(ref *alert.Ref, ticketType int) *int {
	if ref == nil || r.err != nil {
		return nil
	}
	if ref.Name == "" && !r.strict {
		return &ref.ID
	}
	sla, err := r.book.sla(r.ctx, ticketType)
	if err != nil {
		r.err = err
		return nil
	}
	q := question{list: priorities, ref: *ref, read: r.book.reader(priorities)}
	if sla != 0 {
		q.where = fmt.Sprintf(" in the SLA of ticket type %d", ticketType)
		q.among = func(v row) bool { return v.sla == sla || v.sla == 0 }
	}
	if found, ok := r.find("priority", q); ok {
		return &found.id
	}
	return nil
}

func (r *resolver) custom(values map[string]string) []halo.CustomField {
	var out []halo.CustomField
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if r.err != nil {
			return nil
		}
		key := "custom." + name
		found, ok := r.find(key, question{list: customFields, ref: alert.Ref{Name: name}, read: r.book.reader(customFields), byName: true})
		if !ok {
			continue
		}
		if value, ok := r.choice(key, found, values[name]); ok {
			out = append(out, halo.CustomField{ID: found.id, Value: value})
		}
	}
	return out
}

// choice is what a custom field takes for a value. Where the field has values
// to choose from, it is the id of that value, as text [G].
func (r *resolver) choice(key string, field row, value string) (string, bool) {
	if len(field.values) == 0 {
		return value, true
	}
	var names []string
	for _, v := range field.values {
		if strings.EqualFold(strings.TrimSpace(v.Name), strings.TrimSpace(value)) || strconv.Itoa(v.ID) == value {
			return strconv.Itoa(v.ID), true
		}
		names = append(names, v.Name)
	}
	r.problem(key, "Halo's custom field %q has no value %q; %s", field.name, value, nearest.Hint(value, names))
	return "", false
}

// question is what is looked for in a list.
type question struct {
	list   string
	ref    alert.Ref
	read   reader
	byName bool           // an id would not do in place of the row
	asIs   bool           // the name itself is sent, so it need not be found
	where  string         // says which rows count, for people
	among  func(row) bool // nil: all rows count
}

func (q question) wanted() string {
	if q.ref.Name != "" {
		return fmt.Sprintf("%s %q", q.list, q.ref.Name)
	}
	return fmt.Sprintf("%s with id %d", q.list, q.ref.ID)
}

// find returns the one row that a question is about, or notes the problem.
func (r *resolver) find(key string, q question) (row, bool) {
	var hits []row
	s, err := r.book.search(r.ctx, q.list, q.read, func(rows []row) bool {
		hits = q.pick(rows)
		return len(hits) > 0
	})
	switch {
	case err != nil:
		r.err = err
	case s.withheld != nil && !q.byName && (q.ref.Name == "" || q.asIs):
		return row{id: q.ref.ID}, true // it cannot be checked, and is sent as it is
	case s.withheld != nil:
		r.problem(key, "Halo does not tell which id %s has (%v); let the application and its agent read that list, or leave the field out", q.wanted(), s.withheld)
	case len(hits) == 0:
		r.problem(key, "Halo has no %s%s; %s", q.wanted(), q.where, q.hint(s.rows))
	case len(hits) > 1:
		r.problem(key, "Halo has %d of %s%s; %s", len(hits), q.wanted(), q.where, q.choose(hits))
	case hits[0].off:
		r.problem(key, "Halo's %s is inactive; choose another, or make it active in Halo", q.wanted())
	default:
		return hits[0], true
	}
	return row{}, false
}

// pick returns the rows that the question may mean: without regard to case
// but, if several differ in nothing else, the one that is written alike. What
// is inactive counts only if nothing else does.
func (q question) pick(rows []row) []row {
	var by [4][]row // the surer, the earlier
	for _, v := range rows {
		if q.among != nil && !q.among(v) {
			continue
		}
		name, label, want := strings.TrimSpace(v.name), strings.TrimSpace(v.label), strings.TrimSpace(q.ref.Name)
		switch {
		case want == "" && v.id == q.ref.ID, want != "" && name == want:
			by[0] = append(by[0], v)
		case want == "":
		case strings.EqualFold(name, want):
			by[1] = append(by[1], v)
		case label == want:
			by[2] = append(by[2], v)
		case strings.EqualFold(label, want):
			by[3] = append(by[3], v)
		}
	}
	for _, hits := range by {
		if on := slices.DeleteFunc(slices.Clone(hits), func(v row) bool { return v.off }); len(on) > 0 {
			return distinct(on)
		}
	}
	return distinct(slices.Concat(by[:]...))
}

// distinct leaves one row of each id: without an SLA, the priorities of
// several may have the same one.
func distinct(rows []row) []row {
	var out []row
	for _, v := range rows {
		if !slices.ContainsFunc(out, func(o row) bool { return o.id == v.id }) {
			out = append(out, v)
		}
	}
	return out
}

// hint names the nearest rows that exist.
func (q question) hint(rows []row) string {
	var known []string
	for _, v := range rows {
		if v.off || q.among != nil && !q.among(v) {
			continue
		}
		if q.ref.Name == "" {
			known = append(known, fmt.Sprintf("%d (%s)", v.id, v.name))
			continue
		}
		known = append(known, v.name)
		if v.label != "" {
			known = append(known, v.label)
		}
	}
	if q.ref.Name == "" { // of numbers none is nearer than another
		return nearest.Hint("", known)
	}
	return nearest.Hint(q.ref.Name, known)
}

// choose says how to name one of several rows.
func (q question) choose(rows []row) string {
	var all []string
	for _, v := range rows {
		if q.list == customFields {
			all = append(all, v.name)
		} else {
			all = append(all, strconv.Itoa(v.id))
		}
	}
	if q.list == customFields {
		return "write the name of one instead of the label: " + strings.Join(all, ", ")
	}
	return "give the id of one: " + strings.Join(all, ", ")
}
