package noise

import (
	"slices"
	"strings"
	"time"

	"github.com/halert/halert/internal/cippmodel"
	"github.com/halert/halert/internal/halosim"
	"github.com/halert/halert/internal/synth"
)

// noteOutcome is the action that is a note, in the simulator as in a Halo as
// it comes. [B]
const noteOutcome = 7

// Ticket is a ticket as the comparison sees it.
type Ticket struct {
	Client int
	Opened time.Time
	Closed time.Time // zero: open at the end
	Notes  int
	About  []int // the incidents that it tells of
}

// wordSet are the words in a ticket.
type wordSet map[string]bool

func (s wordSet) any(words []string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return s[w] })
}

type wordCache struct {
	actions int
	words   wordSet
}

// wordsOf are the words of a ticket in Halo, with its notes. Tickets do not
// change but by actions.
func (p *player) wordsOf(t halosim.TicketView) wordSet {
	if c, ok := p.words[t.ID]; ok && c.actions == t.ActionCount {
		return c.words
	}
	s := make(wordSet)
	s.add(t.Summary, t.Details, t.DetailsHTML)
	for _, a := range t.Actions {
		s.add(a.Note, a.NoteHTML)
	}
	p.words[t.ID] = wordCache{actions: t.ActionCount, words: s}
	return s
}

func (s wordSet) add(texts ...string) {
	for _, text := range texts {
		for word := range strings.FieldsFuncSeq(text, func(r rune) bool {
			return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' || r == '@' || r == '-' || r == '_')
		}) {
			s[strings.Trim(word, ".-")] = true
		}
	}
}

// attribute finds out which incidents each ticket in Halo tells of: one of
// their words stands in it, and it was made in the time from the incident's
// beginning to that of the next of its kind, or was open when it began.
func attribute(m *synth.Month, tickets []halosim.TicketView, wordsOf func(halosim.TicketView) wordSet) []Ticket {
	byWord := make(map[string][]int)
	for _, in := range m.Incidents {
		for _, w := range in.Words {
			byWord[w] = append(byWord[w], in.ID)
		}
	}
	next := nextOfKind(m)
	var out []Ticket
	for _, t := range tickets {
		v := Ticket{Client: t.ClientID, Opened: t.CreatedAt, Closed: t.ClosedAt}
		for _, a := range t.Actions {
			if a.OutcomeID == noteOutcome {
				v.Notes++
			}
		}
		for w := range wordsOf(t) {
			for _, id := range byWord[w] {
				if !slices.Contains(v.About, id) && tells(v, m.Incidents[id], next[id]) {
					v.About = append(v.About, id)
				}
			}
		}
		slices.Sort(v.About)
		out = append(out, v)
	}
	return out
}

func tells(t Ticket, in synth.Incident, next time.Time) bool {
	if t.Opened.Before(in.From) {
		return t.Closed.IsZero() || t.Closed.After(in.From)
	}
	return next.IsZero() || t.Opened.Before(next)
}

// nextOfKind is when the next incident of the same kind, customer and user
// begins; zero for none.
func nextOfKind(m *synth.Month) map[int]time.Time {
	next := make(map[int]time.Time)
	last := make(map[[3]string]int)
	for _, in := range m.Incidents {
		key := [3]string{in.Tenant, in.Kind, in.User}
		if before, ok := last[key]; ok {
			next[before] = in.From
		}
		last[key] = in.ID
	}
	return next
}

// OfModel are the tickets of the model, as the comparison sees them.
func OfModel(tickets []*cippmodel.Ticket) []Ticket {
	out := make([]Ticket, len(tickets))
	for i, t := range tickets {
		out[i] = Ticket{Client: t.Client, Opened: t.Opened, Closed: t.Closed, Notes: t.Notes, About: t.About}
	}
	return out
}

// Score is how good tickets are for a set of incidents.
type Score struct {
	Incidents   int
	Missed      int     // incidents without a ticket on their client
	Tickets     int     // tickets about any of them, or about nothing
	Stray       int     // tickets about nothing that is true
	WrongClient int     // tickets about an incident of another client
	PerIncident float64 // tickets for each incident that has one; stray ones count as well
	Doubled     int     // incidents with more than one ticket
	Shared      int     // incidents that were told only on a ticket that was open already
	Late        int     // incidents whose first ticket came more than an hour after their first body, or after their tenant was mapped
	Notes       int
	Stale       int // tickets that are open at the end although all of it is over
}

// NotesPerIncident is the number of notes for each incident.
func (s Score) NotesPerIncident() float64 { return float64(s.Notes) / float64(max(s.Incidents, 1)) }

// Judge compares tickets with the incidents that are chosen. Those of which no
// body says whose they are cannot be on the right client, and are left out.
func Judge(m *synth.Month, tickets []Ticket, chosen func(synth.Incident) bool) Score {
	var s Score
	of := make(map[int][]Ticket)
	for _, t := range tickets {
		s.ticket(m, t, chosen)
		for _, id := range t.About {
			if in := m.Incidents[id]; in.Client == t.Client {
				of[id] = append(of[id], t)
			}
		}
	}
	mapped := make(map[string]time.Time)
	for _, t := range m.Tenants {
		mapped[t.ID] = t.Mapped
	}
	pairs := s.Stray
	for _, in := range m.Incidents {
		if in.Client == 0 || !chosen(in) {
			continue
		}
		s.Incidents++
		got := of[in.ID]
		pairs += len(got)
		switch {
		case len(got) == 0:
			s.Missed++
			continue
		case len(got) > 1:
			s.Doubled++
		}
		first := slices.MinFunc(got, func(a, b Ticket) int { return a.Opened.Compare(b.Opened) })
		if !slices.ContainsFunc(got, func(t Ticket) bool { return !t.Opened.Before(in.From) }) {
			s.Shared++
		} else if first.Opened.Sub(laterOf(in.From, mapped[in.Tenant])) > time.Hour {
			s.Late++
		}
	}
	if told := s.Incidents - s.Missed; told > 0 {
		s.PerIncident = float64(pairs) / float64(told)
	}
	return s
}

func laterOf(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// ticket counts one ticket, if it is about what was chosen or about nothing.
func (s *Score) ticket(m *synth.Month, t Ticket, chosen func(synth.Incident) bool) {
	about := slices.DeleteFunc(slices.Clone(t.About), func(id int) bool { return !chosen(m.Incidents[id]) })
	switch {
	case len(t.About) == 0:
		s.Stray++
	case len(about) == 0 || !slices.ContainsFunc(about, func(id int) bool { return m.Incidents[id].Client != 0 }):
		return
	}
	s.Tickets++
	s.Notes += t.Notes
	if slices.ContainsFunc(about, func(id int) bool { in := m.Incidents[id]; return in.Client != 0 && in.Client != t.Client }) {
		s.WrongClient++
	}
	over := func(id int) bool { return m.Incidents[id].Ending != synth.EndNone }
	if t.Closed.IsZero() && !slices.ContainsFunc(about, func(id int) bool { return !over(id) }) {
		s.Stale++
	}
}

// FromCIPP chooses the incidents that CIPP tells of.
func FromCIPP(in synth.Incident) bool { return !FromAlertmanager(in) }

// FromAlertmanager chooses those that Alertmanager tells of.
func FromAlertmanager(in synth.Incident) bool { return strings.HasPrefix(in.Kind, "prometheus ") }
