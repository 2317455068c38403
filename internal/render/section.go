package render

import (
	"html/template"
	"slices"
	"strconv"
	"strings"

	"github.com/halert/halert/internal/alert"
)

// Section is the part of a ticket or note that is about one kind of alert.
type Section struct {
	Topic    alert.Topic
	Severity alert.Severity  // of the gravest finding; 0 shows none
	Findings []alert.Finding // at most MaxRows are shown
	Total    int             // number of findings there are
}

// maxSections bounds the kinds of alerts that a ticket or note speaks of.
const maxSections = 12

// several tells that the ticket is about more than one kind of alert.
func (t Ticket) several() bool { return len(t.Sections) > 1 }

// severalTitle speaks for all alerts of a ticket: "3 alerts about Ann Lee".
// Nobody in particular: it names the kinds.
func severalTitle(t Ticket) string {
	findings, total := bounded(t.Findings, t.Total)
	title := number(total, "alert")
	user := theUser(t.User, findings, total)
	about := firstOf(user.Name, user.UPN, user.ObjectID, theDevice(findings, total))
	if about != "" {
		return title + " about " + line(about, 80)
	}
	var kinds []string
	for _, s := range t.Sections[:min(len(t.Sections), maxSections)] {
		kinds = append(kinds, sectionTitle(s.Topic))
	}
	return title + ": " + strings.Join(kinds, ", ")
}

func sectionTitle(t alert.Topic) string {
	return firstOf(line(t.Title, 120), line(t.What, 120), "Alert")
}

// sectionPage is a section as the template shows it.
type sectionPage struct {
	Title    string
	Severity string
	Texts    []labelled
	Table    table
	Links    []alert.Link
	Comment  [][]piece
}

// severalBody is the body of a ticket about several kinds of alerts.
func severalBody(t Ticket, p bodyPage, hide hidden) string {
	p.Texts = []labelled{{"What is wrong", number(max(t.Total, len(t.Findings)), "alert") + " of " + strconv.Itoa(len(t.Sections)) + " kinds."}}
	p.Comment, p.Links = nil, links(t.Links)
	return fitSections(t.Sections, MaxBytes, func(all []Section, rows int) string {
		p.Sections = nil
		for _, s := range all {
			part := pageOf(s, rows, hide)
			part.Texts = topicTexts(s.Topic)
			part.Links, part.Comment = links(s.Topic.Links), commentLines(s.Topic.Comment)
			p.Sections = append(p.Sections, part)
		}
		p.More = len(t.Sections) - len(all)
		return execute("body", p)
	})
}

// pageOf is a section with its title and table.
func pageOf(s Section, rows int, hide hidden) sectionPage {
	findings, total := bounded(s.Findings, s.Total)
	hide.values = append(slices.Clone(hide.values), s.Topic.Title)
	return sectionPage{
		Title: sectionTitle(s.Topic), Severity: severityWord(s.Severity),
		Table: newTable(findings[:min(rows, len(findings))], total, s.Topic.Columns, hide),
	}
}

// fitSections writes with fewer and fewer findings in each section, and then
// with fewer sections, until the text is short enough.
func fitSections(all []Section, bytes int, write func(all []Section, rows int) string) string {
	for all = all[:min(len(all), maxSections)]; ; all = all[:len(all)/2] {
		html := fit(MaxRows, bytes, func(rows int) string { return write(all, rows) })
		if len(html) < bytes || len(all) == 0 {
			return html
		}
	}
}

// sectionsOf are the sections of a ticket; one that is about one kind of alert
// has one.
func sectionsOf(t Ticket) []Section {
	if len(t.Sections) > 0 {
		return t.Sections
	}
	return []Section{{Topic: t.Topic, Severity: t.Severity, Findings: t.Findings, Total: t.Total}}
}

// newSections are the sections of what is new in a note.
func newSections(t Ticket, n Note) []Section {
	if len(n.NewBy) > 0 || len(n.New) == 0 {
		return n.NewBy
	}
	return []Section{{Topic: t.Topic, Severity: t.Severity, Findings: n.New, Total: n.NewTotal}}
}

// SectionData is a section as templates see it.
type SectionData struct {
	Kind     string // the alert kind: a stable key
	Severity string
	Title    string
	What     string
	Means    string
	Do       string
	Comment  string
	Links    []Link
	Findings []Finding     // the first 50
	Total    int           // how many findings there are
	Table    template.HTML // halert's own table of the findings
}

// sectionData is what templates see of the sections. Together, their tables
// are no longer than one may be.
func sectionData(all []Section, hide hidden) []SectionData {
	var out []SectionData
	all = all[:min(len(all), maxSections)]
	for _, s := range all {
		findings, total := bounded(s.Findings, s.Total)
		values := hidden{values: append(slices.Clone(hide.values), s.Topic.Title), user: hide.user, device: hide.device}
		out = append(out, SectionData{
			Kind: line(s.Topic.Kind, maxValue), Severity: severityWord(s.Severity), Title: line(s.Topic.Title, maxText), What: line(s.Topic.What, maxText),
			Means: line(s.Topic.Means, maxText), Do: line(s.Topic.Do, maxText), Comment: block(s.Topic.Comment), Links: linkData(s.Topic.Links),
			Findings: findingData(findings), Total: total, Table: tableHTML(findings, total, s.Topic.Columns, values, maxTable/len(all)),
		})
	}
	return out
}

// titles are those of the sections, in one line.
func titles(all []Section) string {
	var out []string
	for _, s := range all[:min(len(all), maxSections)] {
		out = append(out, sectionTitle(s.Topic))
	}
	return strings.Join(out, ", ")
}
