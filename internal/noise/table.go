package noise

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/halert/halert/internal/cippmodel"
	"github.com/halert/halert/internal/synth"
)

// Comparison holds what became of a month, side by side.
type Comparison struct {
	Month   *synth.Month
	Results []Named
	Model   Score // the model of CIPP's own integration
}

// Named is what became of the month with one configuration.
type Named struct {
	Name string
	*Result
}

// Compare judges results, and the model on the same month.
func Compare(m *synth.Month, results ...Named) Comparison {
	return Comparison{Month: m, Results: results, Model: Judge(m, OfModel(cippmodel.Tickets(m)), FromCIPP)}
}

// scores are the columns of the table: for what CIPP tells of, then for what
// Alertmanager does.
func (c Comparison) scores() (names []string, all []Score) {
	add := func(name string, s Score) { names, all = append(names, name), append(all, s) }
	for _, r := range c.Results {
		add(r.Name, Judge(c.Month, r.Tickets, FromCIPP))
	}
	add("CIPP (model)", c.Model)
	for _, r := range c.Results {
		about := slices.DeleteFunc(slices.Clone(r.Tickets), func(t Ticket) bool { return len(t.About) == 0 }) // those count once, at CIPP
		add(r.Name+", Alertmanager", Judge(c.Month, about, FromAlertmanager))
	}
	return names, all
}

// Write writes the comparison as tables in Markdown.
func (c Comparison) Write(w io.Writer) error {
	fromCIPP := 0
	for _, b := range c.Month.Bodies {
		if b.Source == synth.SourceCIPP {
			fromCIPP++
		}
	}
	rows := []struct {
		name string
		of   func(Score) string
	}{
		{"true incidents", number(func(s Score) int { return s.Incidents })},
		{"missed", number(func(s Score) int { return s.Missed })},
		{"tickets", number(func(s Score) int { return s.Tickets })},
		{"tickets per incident", func(s Score) string { return fmt.Sprintf("%.3f", s.PerIncident) }},
		{"incidents with more than one ticket", number(func(s Score) int { return s.Doubled })},
		{"incidents told on an older ticket only", number(func(s Score) int { return s.Shared })},
		{"incidents told more than an hour late", number(func(s Score) int { return s.Late })},
		{"tickets with an incident of another client", number(func(s Score) int { return s.WrongClient })},
		{"tickets about nothing true", number(func(s Score) int { return s.Stray })},
		{"notes", number(func(s Score) int { return s.Notes })},
		{"notes per incident", func(s Score) string { return fmt.Sprintf("%.2f", s.NotesPerIncident()) }},
		{"tickets open at the end though all is over", number(func(s Score) int { return s.Stale })},
	}
	names, scores := c.scores()
	var b strings.Builder
	fmt.Fprintf(&b, "%d days, %d tenants, %d bodies of CIPP and %d of Alertmanager.\n\n| | %s |\n|---|%s\n",
		int(c.Month.End.Sub(c.Month.Start).Hours()/24), len(c.Month.Tenants), fromCIPP, len(c.Month.Bodies)-fromCIPP,
		strings.Join(names, " | "), strings.Repeat("---:|", len(names)))
	for _, row := range rows {
		b.WriteString("| " + row.name + " |")
		for _, s := range scores {
			b.WriteString(" " + row.of(s) + " |")
		}
		b.WriteString("\n")
	}
	b.WriteString("\n")
	for _, r := range c.Results {
		fmt.Fprintf(&b, "%s: %d bodies not understood, %d alerts held because no body says whose they are, %d deliveries refused, %d calls to Halo.\n",
			r.Name, r.Quarantined, r.Held, r.Discarded, r.Calls)
	}
	_, err := io.WriteString(w, b.String())
	if err != nil {
		return fmt.Errorf("write the comparison: %w", err)
	}
	return nil
}

func number(f func(Score) int) func(Score) string {
	return func(s Score) string { return fmt.Sprint(f(s)) }
}

// WriteDoubled writes a line for each incident that has more than one ticket,
// or none, on halert's side.
func (c Comparison) WriteDoubled(w io.Writer) error {
	for _, r := range c.Results {
		for _, in := range c.Month.Incidents {
			if in.Client == 0 {
				continue
			}
			one := func(o synth.Incident) bool { return o.ID == in.ID }
			if s := Judge(&synth.Month{Tenants: c.Month.Tenants, Incidents: c.Month.Incidents}, r.Tickets, one); s.Doubled+s.Missed > 0 {
				if _, err := fmt.Fprintf(w, "%s: %d tickets: %s, %s %s, %s to %s, %s\n", r.Name, s.Tickets-s.Stray, in.Kind, in.Tenant, in.User, in.From, in.Until, in.Ending); err != nil {
					return fmt.Errorf("write the incidents: %w", err)
				}
			}
		}
	}
	return nil
}
