package render

import (
	"html/template"
	"strconv"
	"strings"
	"time"

	"github.com/halert/halert/internal/alert"
)

// Note is what happened on a ticket since Halo was last told.
type Note struct {
	Reference string       // of the ticket
	Mark      string       // by which the note is found again; it stands at the end, in one piece
	Tenant    alert.Tenant // of the ticket, so that no column repeats it; may be zero
	Title     string       // of the ticket's topic, so that no column repeats it; may be empty
	Columns   []string     // fields to show first, as in [alert.Topic]; may be empty

	New      []alert.Finding // came on the ticket; at most MaxRows are shown
	Repeated []alert.Finding // were on it, and were reported again
	Gone     []alert.Finding // were on it, and are over

	NewTotal, RepeatedTotal, GoneTotal int // how many of each there are

	// The same by kind of alert, for a ticket of several kinds; else nil.
	NewBy, RepeatedBy, GoneBy []Section

	Reports      int       // how often the ticket's alerts were reported
	Since, Until time.Time // when first and last; zero shows none
	Firing       int       // findings that are still open
	AllClear     bool      // nothing is open any more
	Kept         string    // why the ticket stays open then, a sentence; empty: it is closed, or nobody knows
}

// NoteHTML is the text of a note: a fragment of HTML of fewer than MaxBytes
// bytes. It tells what is new and what is over, and does not repeat the
// table; where nothing is new it is one line.
func NoteHTML(n Note) string {
	fresh, newTotal := bounded(n.New, n.NewTotal)
	gone, goneTotal := bounded(n.Gone, n.GoneTotal)
	gone = gone[:min(len(gone), maxGone)]
	p := notePage{NewTotal: newTotal, GoneTotal: goneTotal, Status: status(n), Mark: noteMark(n)}
	for _, f := range gone {
		p.Gone = append(p.Gone, goneLine(f))
	}
	if len(n.GoneBy) > 0 {
		p.Gone = goneBy(n.GoneBy)
	}
	p.GoneMore = goneTotal - len(p.Gone)
	hide := hidden{values: []string{n.Tenant.ID, n.Tenant.Domain, n.Title}}
	if len(n.NewBy) > 0 {
		return fitSections(n.NewBy, MaxBytes, func(all []Section, rows int) string {
			p.Sections = nil
			for _, s := range all {
				p.Sections = append(p.Sections, pageOf(s, rows, hide))
			}
			p.More = len(n.NewBy) - len(all)
			return execute("note", p)
		})
	}
	return fit(len(fresh), MaxBytes, func(rows int) string {
		p.New = newTable(fresh[:rows], newTotal, n.Columns, hide)
		return execute("note", p)
	})
}

// noteMark is what must stand in the note in one piece.
func noteMark(n Note) string { return line(firstOf(n.Mark, n.Reference), maxName) }

// notePage is what the template of a note shows.
type notePage struct {
	New       table
	Sections  []sectionPage // instead of New
	More      int           // kinds of alerts that are not shown
	NewTotal  int
	Gone      []string
	GoneTotal int
	GoneMore  int
	Status    string
	Mark      string
}

// goneLine names a finding in one line.
func goneLine(f alert.Finding) string {
	name := line(f.Title, MaxCell)
	for _, part := range []string{line(f.User.String(), maxName), line(f.Device, maxName)} {
		switch {
		case name == "":
			name = part
		case part != "" && !containsFold(name, part):
			name += " - " + part
		}
	}
	return firstOf(name, "A finding without a name")
}

// status is the line that tells how things stand.
func status(n Note) string {
	switch {
	case n.AllClear:
		return strings.TrimSpace("All clear: nothing is open on this ticket any more. " + line(n.Kept, MaxCell))
	case n.NewTotal > 0 || n.GoneTotal > 0 || len(n.New)+len(n.Gone) > 0:
		return number(n.Firing, "finding") + " open now."
	}
	s := "Reported again" + often(n)
	if repeated := max(n.RepeatedTotal, len(n.Repeated)); repeated > 0 && repeated < n.Firing {
		return s + ": " + strconv.Itoa(repeated) + " of " + number(n.Firing, "open finding") + "." + about(n.RepeatedBy)
	}
	if n.Firing > 0 {
		s += "; " + number(n.Firing, "finding") + " still open"
	}
	return s + "." + about(n.RepeatedBy)
}

// goneBy names findings that are over, with their kinds.
func goneBy(all []Section) []string {
	var out []string
	for _, s := range all {
		for _, f := range s.Findings {
			if len(out) == maxGone {
				return out
			}
			out = append(out, sectionTitle(s.Topic)+": "+goneLine(f))
		}
	}
	return out
}

// about names the kinds of alerts that were reported again.
func about(all []Section) string {
	if len(all) == 0 {
		return ""
	}
	return " About: " + titles(all) + "."
}

func often(n Note) string {
	s := ""
	if n.Reports > 1 {
		s = " " + number(n.Reports, "time")
	}
	since, until := moment(n.Since), moment(n.Until)
	switch {
	case until == "":
		return s
	case n.Reports > 1 && since != "" && since != until:
		return s + " between " + since + " and " + until
	}
	return s + " at " + until
}

// ClosingNote says why a ticket is closed: all its findings are over. It is
// plain text that is good as HTML too, as Halo does not tell which of the two
// a closure note is [G].
// reopens tells that this ticket is opened again if something comes back soon.
func ClosingNote(reference string, findings int, at time.Time, reopens bool) string {
	s := "Closed by halert: "
	if findings > 1 {
		s += "all " + number(findings, "finding") + " of this ticket are over"
	} else {
		s += "the finding of this ticket is over"
	}
	if when := moment(at); when != "" {
		s += " since " + when
	}
	then := "a new ticket follows"
	if reopens {
		then = "this ticket is opened again, or a new one follows"
	}
	return s + ". If it comes back, " + then + ". Reference " + template.HTMLEscapeString(line(reference, maxName)) + "."
}
