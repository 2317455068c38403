package render

import (
	"html/template"
	"slices"
	"time"

	"github.com/halert/halert/internal/alert"
)

// Data is what the operator's templates see: values of their own, which stay
// when halert's inner types change. Texts are plain, without control
// characters; "" and 0 stand for what is not known. Lists are bounded: 50
// findings, 200 fields, 10 links, 50 routes.
type Data struct {
	Reference string    // halert's mark; it is added to the body where a template leaves it out
	Customer  string    // name of the Halo client
	ClientID  int       // Halo's id of the client
	Tenant    Tenant    // by which the sender knows the customer
	Source    string    // name of the source
	Kind      string    // the alert kind: a stable key
	Severity  string    // critical, error, warning, info
	Title     string    // what is wrong, in a few words
	What      string    // one sentence: what is wrong
	Means     string    // one sentence: why it matters
	Do        string    // one sentence: what to do about it
	Comment   string    // what the operator wrote into the sender's rule; may have several lines
	Links     []Link    // where to look further; http and https only
	User      Person    // whom the ticket is about, if it is about one person
	Device    string    // what the ticket is about, if all findings name the same
	Findings  []Finding // the first 50; in a note: those that are new and those that were reported again
	Total     int       // how many findings there are, of which Findings may be a part
	FirstSeen string    // RFC 3339 in UTC, for the function date
	Previous  int       // Halo's id of the closed ticket that this one follows
	Routes    []string  // names of the routes that matched
	// Table is halert's own table of the findings as HTML; in a note, of
	// those that are new.
	Table template.HTML
	// Sections are the findings by kind of alert, at most 12; in a note, those
	// that are new. A ticket of one kind has one.
	Sections []SectionData
}

// Tenant is the sender's name for a customer. Either may be empty.
type Tenant struct {
	ID     string
	Domain string
}

// Person is an affected user. Either may be empty.
type Person struct {
	Name string
	UPN  string // login or e-mail address
}

// Finding is one row of what an alert says.
type Finding struct {
	Title  string
	User   Person
	Device string
	Fields map[string]string // by name, as the sender writes it: index .Fields "Status"
	List   []Field           // the same in the sender's order
	Links  []Link
}

// Field is a named value. Times are in RFC 3339 where the sender wrote them so.
type Field struct {
	Name  string
	Value string
}

// Link is a place to look further.
type Link struct {
	Text string
	URL  string
}

// NoteData is what the template of a note sees besides [Data].
type NoteData struct {
	Data
	Mark          string    // by which the note is found again; it is added where a template leaves it out
	New           []Finding // came on the ticket
	Repeated      []Finding // were on it, and were reported again
	Gone          []Finding // were on it, and are over
	NewTotal      int       // how many came
	RepeatedTotal int       // how many were reported again
	GoneTotal     int       // how many are over
	Reports       int       // how often the ticket's alerts were reported
	Since         string    // first of these reports, RFC 3339 in UTC
	Until         string    // last of these reports, RFC 3339 in UTC
	Firing        int       // findings that are still open
	AllClear      bool      // nothing is open any more
}

// maxTable bounds Data.Table, so that a template has room around it.
const maxTable = MaxBytes / 2

func newData(t Ticket) Data {
	d := ticketData(t)
	findings, total := bounded(t.Findings, t.Total)
	user, device := theUser(t.User, findings, total), theDevice(findings, total)
	d.User, d.Device = person(user), line(device, maxName)
	d.Findings, d.Total = findingData(findings), total
	hide := hidden{values: []string{t.Tenant.ID, t.Tenant.Domain, t.Customer, t.Topic.Title}, user: user, device: device}
	d.Table = tableHTML(findings, total, t.Topic.Columns, hide, maxTable)
	d.Sections = sectionData(sectionsOf(t), hide)
	return d
}

// ticketData is all but what comes from the findings.
func ticketData(t Ticket) Data {
	d := Data{
		Reference: line(t.Reference, maxName), Customer: line(t.Customer, maxName), ClientID: t.ClientID,
		Tenant: Tenant{ID: line(t.Tenant.ID, maxName), Domain: line(t.Tenant.Domain, maxName)},
		Source: line(t.Source, maxName), Kind: line(t.Topic.Kind, maxValue), Severity: severityWord(t.Severity),
		Title: line(t.Topic.Title, maxText), What: line(t.Topic.What, maxText), Means: line(t.Topic.Means, maxText),
		Do: line(t.Topic.Do, maxText), Comment: block(t.Topic.Comment), Links: linkData(slices.Concat(t.Topic.Links, t.Links)),
		User: person(t.User), FirstSeen: stamp(t.FirstSeen), Previous: max(t.Previous, 0),
	}
	for _, r := range t.Routes[:min(len(t.Routes), MaxRows)] {
		d.Routes = append(d.Routes, line(r, maxName))
	}
	return d
}

func newNoteData(t Ticket, n Note) NoteData {
	fresh, newTotal := bounded(n.New, n.NewTotal)
	repeated, repeatedTotal := bounded(n.Repeated, n.RepeatedTotal)
	gone, goneTotal := bounded(n.Gone, n.GoneTotal)
	d := NoteData{
		Data: ticketData(t), Mark: noteMark(n),
		New: findingData(fresh), Repeated: findingData(repeated), Gone: findingData(gone),
		NewTotal: newTotal, RepeatedTotal: repeatedTotal, GoneTotal: goneTotal,
		Reports: n.Reports, Since: stamp(n.Since), Until: stamp(n.Until), Firing: n.Firing, AllClear: n.AllClear,
	}
	told := append(append([]Finding(nil), d.New...), d.Repeated...)
	d.Findings, d.Total = told[:min(len(told), MaxRows)], newTotal+repeatedTotal
	d.Table = tableHTML(fresh, newTotal, n.Columns, hidden{values: []string{n.Tenant.ID, n.Tenant.Domain, n.Title}}, maxTable)
	d.Sections = sectionData(newSections(t, n), hidden{values: []string{n.Tenant.ID, n.Tenant.Domain}})
	return d
}

func tableHTML(findings []alert.Finding, total int, first []string, hide hidden, bytes int) template.HTML {
	return template.HTML(fit(len(findings), bytes, func(rows int) string {
		return execute("findings", newTable(findings[:rows], total, first, hide))
	}))
}

func findingData(all []alert.Finding) []Finding {
	var out []Finding
	for _, f := range all {
		d := Finding{Title: line(f.Title, maxText), User: person(f.User), Device: line(f.Device, maxName), Links: linkData(f.Links), Fields: make(map[string]string)}
		for _, field := range f.Fields[:min(len(f.Fields), maxFields)] {
			name, value := line(field.Name, maxName), block(field.Value)
			d.List = append(d.List, Field{Name: name, Value: value})
			if d.Fields[name] == "" {
				d.Fields[name] = value
			}
		}
		out = append(out, d)
	}
	return out
}

func linkData(all []alert.Link) []Link {
	var out []Link
	for _, l := range links(all) {
		out = append(out, Link(l))
	}
	return out
}

// person names an object id where nothing better is known.
func person(u alert.User) Person {
	return Person{Name: line(u.Name, maxName), UPN: line(firstOf(u.UPN, u.ObjectID), maxName)}
}

// block is a clean text that may have several lines.
func block(s string) string { return alert.Cut(alert.CleanText(clip(s, maxComment)), maxComment) }

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
