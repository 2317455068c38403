// Package render writes what a technician reads in Halo: the subject and body
// of a ticket, and the notes that follow. It is pure: domain values in, text
// out; no I/O, no clock.
//
// Halo applies no style sheets to a ticket [B], so styles stand on each
// element. Colours come only in pairs of text and background, or not at all:
// the same ticket is read in light and in dark mode.
package render

import (
	"embed"
	"html/template"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/halert/halert/internal/alert"
)

// Bounds of what is written, whatever comes in. Texts are in characters.
const (
	MaxRows    = 50      // findings in a ticket or a note
	MaxColumns = 7       // columns of a table of findings
	MaxCell    = 300     // text of one cell
	MaxSummary = 255     // subject
	MaxBytes   = 500_000 // body or note, in bytes; both stay below

	maxFields  = 200   // fields of one finding that are looked at
	maxPairs   = 60    // fields of a single finding
	maxValue   = 1_000 // text of one such field
	maxText    = 1_000 // What, Means, Do
	maxComment = 4_000
	maxName    = 200 // names of people, devices, customers, sources
	maxLinks   = 10  // links of a topic or of a finding
	maxGone    = 20  // findings in a note that are over
)

// Ticket is what a new ticket is written from.
type Ticket struct {
	Reference  string          // our mark; it stands in the body
	Customer   string          // name of the Halo client; may be empty
	ClientID   int             // Halo's id of the client; 0 if not known; for templates only
	Routes     []string        // names of the routes that matched; for templates only
	Tenant     alert.Tenant    // may be zero
	Source     string          // name of the source
	Severity   alert.Severity  // 0 shows none
	Topic      alert.Topic     //
	User       alert.User      // the affected user if the ticket is about one
	UserLinked bool            // false, and User set: the body says that no contact was found
	Findings   []alert.Finding // at most MaxRows are shown
	Total      int             // number of findings there are
	FirstSeen  time.Time       // zero shows none
	Previous   int             // Halo's id of the closed ticket that this one follows; 0 for none
	Links      []alert.Link    // of the ticket itself, besides the topic's
	Sections   []Section       // the findings by kind of alert, the gravest first; with fewer than two, Topic is what the ticket is about
	Storm      []StormLine     // what a storm ticket lists instead of findings; nil for all others
	StormMore  int             // kinds of alerts that are not among Storm
}

// Summary is the subject: what is wrong, with whom, at which customer. It is
// one line of at most MaxSummary characters, the same for the same trouble
// whenever it is reported: no counts, no times. A hyphen parts it, which
// people can type into a filter.
func Summary(t Ticket) string {
	title := line(t.Topic.Title, MaxSummary)
	if t.several() {
		title = line(severalTitle(t), MaxSummary)
	}
	if title == "" {
		title = "Alert"
		if source := line(t.Source, 80); source != "" {
			title += " from " + source
		}
	}
	customer := t.Customer
	if alert.OneLine(customer) == "" {
		customer = t.Tenant.Domain // a tenant's id tells a reader nothing
	}
	who := subjectUser(t)
	rest := ""
	for _, part := range []string{firstOf(who.Name, who.UPN, who.ObjectID), customer} {
		part = line(part, 80)
		if part != "" && !containsFold(title, part) {
			rest += " - " + part
		}
	}
	return alert.Cut(title, MaxSummary-utf8.RuneCountInString(rest)) + rest
}

// subjectUser is the user that every report on the ticket will be about: the
// ticket's own, or the one that its kind is bound to. A user who is only the
// first of several must not be in the subject.
func subjectUser(t Ticket) alert.User {
	findings, total := bounded(t.Findings, t.Total)
	user := theUser(t.User, findings, total)
	if t.User.Key() == "" && (user.Key() == "" || !containsFold(t.Topic.Kind, user.Key())) {
		return alert.User{}
	}
	return user
}

// Body is the ticket's text: a fragment of HTML of fewer than MaxBytes bytes.
// Every value of the sender's is escaped, and only the links of the topic and
// of the findings, and addresses in the operator's comment, can be clicked:
// an address in a field may be the very phishing page that the alert is about.
func Body(t Ticket) string {
	findings, total := bounded(t.Findings, t.Total)
	user := theUser(t.User, findings, total)
	device := theDevice(findings, total)
	p := bodyPage{
		Severity: severityWord(t.Severity),
		Texts:    topicTexts(t.Topic),
		User:     line(user.String(), maxName),
		Unlinked: t.User.Key() != "" && !t.UserLinked,
		Device:   line(device, maxName),
		Previous: max(t.Previous, 0),
		Links:    links(slices.Concat(t.Topic.Links, t.Links)),
		Comment:  commentLines(t.Topic.Comment),
		Footer:   footer(t),
	}
	hide := hidden{
		values: []string{t.Tenant.ID, t.Tenant.Domain, t.Customer, t.Topic.Title},
		user:   user, device: device,
	}
	switch {
	case t.Storm != nil:
		return stormBody(t, p)
	case t.several():
		hide.values = hide.values[:3]
		return severalBody(t, p, hide)
	}
	return fit(len(findings), MaxBytes, func(rows int) string {
		p.Table = newTable(findings[:rows], total, t.Topic.Columns, hide)
		return execute("body", p)
	})
}

// bodyPage is what the template of the body shows.
type bodyPage struct {
	Severity string
	Texts    []labelled
	User     string
	Unlinked bool
	Device   string
	Previous int
	Table    table
	Links    []alert.Link
	Comment  [][]piece
	Sections []sectionPage
	More     int // kinds of alerts that are not shown
	Footer   []labelled
}

// labelled is a short text with its label.
type labelled struct{ Label, Text string }

func topicTexts(t alert.Topic) []labelled {
	what := firstOf(t.What, t.Title, "The sender reported something without saying what it is.")
	return present(
		labelled{"What is wrong", line(what, maxText)},
		labelled{"Why it matters", line(t.Means, maxText)},
		labelled{"What to do", line(t.Do, maxText)},
	)
}

func footer(t Ticket) []labelled {
	tenant := t.Tenant.Domain
	if tenant == "" {
		tenant = t.Tenant.ID
	} else if t.Tenant.ID != "" {
		tenant += " (" + t.Tenant.ID + ")"
	}
	return present(
		labelled{"Customer", line(t.Customer, maxName)},
		labelled{"Tenant", line(tenant, maxName)},
		labelled{"Source", line(t.Source, maxName)},
		labelled{"First seen", moment(t.FirstSeen)},
		labelled{"Reference", line(t.Reference, maxName)},
	)
}

func present(all ...labelled) []labelled {
	var out []labelled
	for _, l := range all {
		if l.Text != "" {
			out = append(out, l)
		}
	}
	return out
}

// bounded gives the findings to show and a total that is not below them.
func bounded(findings []alert.Finding, total int) ([]alert.Finding, int) {
	total = max(total, len(findings))
	return findings[:min(len(findings), MaxRows)], total
}

// theUser is the user that the whole ticket is about: the ticket's own, else
// the one that all findings share.
func theUser(own alert.User, findings []alert.Finding, total int) alert.User {
	if own.Key() != "" || len(findings) == 0 || len(findings) < total {
		return own
	}
	for _, f := range findings {
		if f.User.Key() != findings[0].User.Key() {
			return own
		}
	}
	return findings[0].User
}

// theDevice is the device that all findings share.
func theDevice(findings []alert.Finding, total int) string {
	if len(findings) == 0 || len(findings) < total {
		return ""
	}
	for _, f := range findings {
		if !strings.EqualFold(f.Device, findings[0].Device) {
			return ""
		}
	}
	return findings[0].Device
}

// fit writes with fewer and fewer findings until the text is short enough.
// All else that is written is bounded well below what is asked for.
func fit(rows, bytes int, write func(rows int) string) string {
	for {
		html := write(rows)
		if len(html) < bytes || rows == 0 {
			return html
		}
		rows /= 2
	}
}

func severityWord(s alert.Severity) string {
	if s == 0 {
		return ""
	}
	return s.String()
}

//go:embed *.tmpl
var files embed.FS

// pages is read only.
var pages = template.Must(template.New("").Funcs(template.FuncMap{"number": number}).ParseFS(files, "*.tmpl"))

// number writes 12 findings, 1 finding, 1,204 findings.
func number(n int, one string) string {
	digits := strconv.Itoa(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	if n == 1 {
		return digits + " " + one
	}
	return digits + " " + one + "s"
}

// execute cannot fail: the templates are fixed, their tests run each branch,
// and a builder takes every write.
func execute(name string, data any) string {
	var b strings.Builder
	if err := pages.ExecuteTemplate(&b, name, data); err != nil {
		panic("render: " + err.Error())
	}
	return b.String()
}
