package render

import (
	"strconv"
	"time"

	"github.com/halert/halert/internal/alert"
)

// StormLine is one kind of alert on a storm ticket.
type StormLine struct {
	Topic    alert.Topic
	Severity alert.Severity  // of the gravest finding
	Open     int             // findings that are firing
	Total    int             // findings that there are or were
	Findings []alert.Finding // some of those that are open, as examples
}

const (
	// MaxStormLines is how many kinds of alerts a storm ticket lists.
	MaxStormLines = 200
	// MaxExamples is how many findings of each it names.
	MaxExamples = 3
)

// stormTable lists the kinds of alerts of a storm ticket, a row each.
func stormTable(all []StormLine, rows int) table {
	t := table{Head: []string{"Alert", "Severity", "Open", "Over", "Findings"}, Shown: min(len(all), rows), Total: len(all)}
	for _, l := range all[:t.Shown] {
		examples := cell{}
		for _, f := range l.Findings[:min(len(l.Findings), MaxExamples)] {
			examples.Lines = append(examples.Lines, alert.Cut(goneLine(f), maxExample))
		}
		if more := l.Open - len(examples.Lines); more > 0 && len(examples.Lines) > 0 {
			examples.Lines = append(examples.Lines, "and "+number(more, "more finding"))
		}
		t.Rows = append(t.Rows, []cell{
			{Lines: []string{sectionTitle(l.Topic)}}, {Lines: []string{severityWord(l.Severity)}},
			{Lines: []string{strconv.Itoa(l.Open)}}, {Lines: []string{strconv.Itoa(max(l.Total-l.Open, 0))}}, examples,
		})
	}
	if t.Shown == 0 {
		t.Head = nil
	}
	return t
}

const maxExample = 160 // text of one example

// stormBody is the body of a storm ticket. It is written anew when something
// changes, so that it says when that was.
func stormBody(t Ticket, p bodyPage) string {
	p.User, p.Device, p.Unlinked = "", "", false
	return fit(min(len(t.Storm), MaxStormLines), MaxBytes, func(rows int) string {
		p.Table, p.More = stormTable(t.Storm, rows), len(t.Storm)-rows+max(t.StormMore, 0)
		return execute("body", p)
	})
}

// minutes writes a time for people.
func minutes(d time.Duration) string {
	if d > 0 && d%time.Minute == 0 {
		return number(int(d/time.Minute), "minute")
	}
	return d.String()
}

// StormOverNote is the note that a storm is over: a fragment of HTML. Quiet is
// how long no new kind of alert came.
func StormOverNote(mark string, firing, kinds int, quiet time.Duration) string {
	return execute("stormover", struct {
		Quiet, Firing, Kinds, Mark string
	}{minutes(quiet), number(firing, "finding"), number(kinds, "kind"), line(mark, maxName)})
}
