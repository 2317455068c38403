package config

import (
	"fmt"
	"strconv"
	"time"
)

const maxStormTickets = 10_000

// storm reads how many new tickets a customer may get at once.
func (n node) storm() *Storm {
	s := n.section("tickets", "within")
	out := &Storm{}
	if text, at, ok := s.required("tickets", "give the number of new tickets that a customer may get, like 20"); ok {
		number, err := strconv.Atoi(text)
		if err != nil || number < 1 || number > maxStormTickets {
			at.problem("is %s; give a whole number from 1 to %d", at.shown(), maxStormTickets)
		}
		out.Tickets = number
	}
	if _, at, ok := s.required("within", "give the time in which a customer may get so many, like 10m"); ok {
		if d := s.span("within", time.Minute); d != nil {
			if out.Within = *d; *d > day {
				at.problem("is %s; a storm is a matter of minutes: write 1m to 24h", at.shown())
			}
		}
	}
	return out
}

func (w *writer) storm(s *Storm) {
	if s != nil {
		fmt.Fprintf(w, "storm: {tickets: %d, within: %s}\n", s.Tickets, spanText(s.Within))
	}
}
