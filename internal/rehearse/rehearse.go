// Package rehearse tries rules before they count: on the bodies of the past,
// beside the rules in force, and on a single body. It is pure: bodies, rules
// and what people silenced are given, and nothing is written or sent.
//
// Of the world it knows less than halert: people close no tickets here, so a
// ticket ends when all on it is over; and alerts from before the first body
// are not there. Both sides of a comparison lack the same.
package rehearse

import (
	"slices"
	"time"

	"github.com/halert/halert/internal/alert"
	"github.com/halert/halert/internal/config"
	"github.com/halert/halert/internal/pipeline"
	"github.com/halert/halert/internal/store"
)

// Rules are those of one configuration.
type Rules struct {
	pipeline.Settings
	TicketType int  // Halo's id, where no route says another
	Priority   *int // the same; nil: Halo's own choice
}

// Player plays bodies through two sets of rules. [New] makes it.
type Player struct {
	inForce, draft *model
	aliases        alert.Aliases
	out            Rehearsal
}

// Bounds on the lists of a rehearsal.
const (
	maxListed   = 1000
	maxProblems = 20
)

// New begins a rehearsal. The aliases and silences are those that are known
// now; a silence counts for the bodies of its time. A parser that both sets
// have reads a body once for both.
func New(inForce, draft Rules, aliases alert.Aliases, silences []store.Silence) *Player {
	p := &Player{aliases: aliases, out: Rehearsal{Changes: []TicketChange{}, Problems: []string{}}}
	if p.aliases == nil {
		p.aliases = make(alert.Aliases)
	}
	known, problems := pipeline.NewKnowledge(time.Time{}, p.aliases, silences)
	for _, err := range problems {
		p.problem(err)
	}
	p.inForce, p.draft = newModel(inForce, known, func(error) {}), newModel(draft, known, p.problem)
	return p
}

// problem remembers what is wrong with a rule of the draft.
func (p *Player) problem(err error) {
	text := alert.OneLine(err.Error())
	if len(p.out.Problems) < maxProblems && !slices.Contains(p.out.Problems, text) {
		p.out.Problems = append(p.out.Problems, text)
	}
}

// Take plays one body. They must come in the order of their times.
func (p *Player) Take(e store.Recorded) {
	p.out.Bodies++
	if e.Gone {
		p.out.Gone++
		return
	}
	msg, ok := p.inForce.read(e.Event)
	theirs, theirsOK := msg, ok
	if !p.sameParser(e.Source) {
		theirs, theirsOK = p.draft.read(e.Event)
	} else if !ok {
		p.draft.totals.Unread++
	}
	for _, t := range slices.Concat(msg.Tenants, theirs.Tenants) {
		if t.ID != "" && t.Domain != "" {
			p.aliases[t.Domain] = t.ID
		}
	}
	if ok {
		p.inForce.take(e.Event, msg)
	}
	if theirsOK {
		p.draft.take(e.Event, theirs)
	}
	for _, side := range [][2]*model{{p.inForce, p.draft}, {p.draft, p.inForce}} {
		for _, t := range side[0].born {
			t.other = side[1].fate(t.founder)
		}
	}
	p.inForce.born, p.draft.born = nil, nil
}

func (p *Player) sameParser(name string) bool {
	return p.inForce.rules.Parsers[name] == p.draft.rules.Parsers[name]
}

// read parses a body, unless the rules do not have its source. halert's own
// source stands in no configuration.
func (m *model) read(e store.Event) (alert.Message, bool) {
	if _, known := m.rules.Parsers[e.Source]; !known && e.Source != config.OwnSource {
		m.totals.Unread++
		return alert.Message{}, false
	}
	msg, err := pipeline.Parse(e, m.rules.Settings)
	if err != nil {
		m.totals.Unread++
		return alert.Message{}, false
	}
	return msg, true
}
