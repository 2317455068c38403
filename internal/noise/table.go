package noise

import (
	"fmt"
	"io"
	"slices"

	"github.com/halert/halert/internal/cippmodel"
	"github.com/halert/halert/internal/synth"
)

// Comparison holds what became of a month, side by side.
type Comparison struct {
	Month        *synth.Month
	Result       *Result
	CIPP         Score // halert, for what CIPP tells of
	Alertmanager Score // halert, for what Alertmanager tells of
	Model        Score // the model of CIPP's own integration
}

// Compare judges a result, and the model on the same month.
func Compare(m *synth.Month, r *Result) Comparison {
	about := slices.DeleteFunc(slices.Clone(r.Tickets), func(t Ticket) bool { return len(t.About) == 0 }) // those count once, at CIPP
	return Comparison{Month: m, Result: r, CIPP: Judge(m, r.Tickets, FromCIPP), Alertmanager: Judge(m, about, FromAlertmanager),
		Model: Judge(m, OfModel(cippmodel.Tickets(m)), FromCIPP)}
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
	_, err := fmt.Fprintf(w, "%d days, %d tenants, %d bodies of CIPP and %d of Alertmanager.\n\n| | halert | CIPP (model) | halert, Alertmanager |\n|---|---:|---:|---:|\n",
		int(c.Month.End.Sub(c.Month.Start).Hours()/24), len(c.Month.Tenants), fromCIPP, len(c.Month.Bodies)-fromCIPP)
	for _, row := range rows {
		if err == nil {
			_, err = fmt.Fprintf(w, "| %s | %s | %s | %s |\n", row.name, row.of(c.CIPP), row.of(c.Model), row.of(c.Alertmanager))
		}
	}
	if err == nil {
		_, err = fmt.Fprintf(w, "\nhalert: %d bodies not understood, %d alerts held because no body says whose they are, %d deliveries refused, %d calls to Halo.\n",
			c.Result.Quarantined, c.Result.Held, c.Result.Discarded, c.Result.Calls)
	}
	if err != nil {
		return fmt.Errorf("write the comparison: %w", err)
	}
	return nil
}

func number(f func(Score) int) func(Score) string {
	return func(s Score) string { return fmt.Sprint(f(s)) }
}

// WriteDoubled writes a line for each kind of incident that has more than one
// ticket, or none, on halert's side.
func (c Comparison) WriteDoubled(w io.Writer) error {
	for _, in := range c.Month.Incidents {
		if in.Client == 0 {
			continue
		}
		one := func(o synth.Incident) bool { return o.ID == in.ID }
		if s := Judge(&synth.Month{Tenants: c.Month.Tenants, Incidents: c.Month.Incidents}, c.Result.Tickets, one); s.Doubled+s.Missed > 0 {
			if _, err := fmt.Fprintf(w, "%d tickets: %s, %s %s, %s to %s, %s\n", s.Tickets-s.Stray, in.Kind, in.Tenant, in.User, in.From, in.Until, in.Ending); err != nil {
				return fmt.Errorf("write the incidents: %w", err)
			}
		}
	}
	return nil
}
