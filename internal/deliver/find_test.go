package deliver

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/halert/halert/internal/halo"
	"github.com/halert/halert/internal/halosim"
	"github.com/halert/halert/internal/store"
)

func TestWhichLookUpsHaloHonoursIsRemembered(t *testing.T) {
	for name, tt := range map[string]struct {
		legacy               bool
		listed, byID, filter *bool
	}{
		"a newer Halo": {false, yes(true), yes(true), yes(true)},
		"an older one": {true, yes(false), yes(true), yes(false)},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, tt.legacy, nil)
			w.post(14, "another ticket", "")
			w.report(12, "mfa", "adele", nil)
			w.work(time.Minute)
			w.report(12, "mfa", "alex", nil) // its note reads the ticket
			w.work(time.Minute)
			got, err := w.store.Lookups(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			want := store.Lookups{Halo: w.d.target.Load().halo.ResourceURL, Listed: tt.listed, ByID: tt.byID, Filter: tt.filter, ProbedAt: t0}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestLookUpsAreProbedOnceADay(t *testing.T) {
	w := newWorld(t, false, nil)
	cost := func(kind string) int {
		before := w.sim.Stats().Total
		w.report(12, kind, "x", nil)
		w.work(time.Minute)
		return w.sim.Stats().Total - before
	}
	cost("a") // a token, the create and the probe
	calls := []int{cost("b"), cost("c")}
	w.advance(25 * time.Hour)
	cost("d") // likewise
	calls = append(calls, cost("e"))
	if diff := cmp.Diff([]int{1, 1, 1}, calls); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	if l, err := w.store.Lookups(t.Context()); err != nil || l.ProbedAt.Sub(t0) < 24*time.Hour {
		t.Errorf("probed at %v, %v; want again after a day", l.ProbedAt, err)
	}
}

// A probe that fails harms nothing, and the next create asks again.
func TestProbeThatFails(t *testing.T) {
	w := newWorld(t, false, nil)
	w.inject(halosim.Fault{Kind: "status", Status: 500, Method: "GET", Path: "/api/Tickets", Count: 1})
	id := w.report(12, "mfa", "adele", nil)
	w.work(time.Minute)
	w.exactlyOne(id)
	if l, err := w.store.Lookups(t.Context()); err != nil || !l.ProbedAt.IsZero() || w.d.Trouble() != nil {
		t.Errorf("remembered %+v, %v; trouble %v", l, err, w.d.Trouble())
	}
	w.report(12, "other", "adele", nil)
	w.work(time.Minute)
	if l, err := w.store.Lookups(t.Context()); err != nil || l.ProbedAt.IsZero() {
		t.Errorf("the next create did not probe: %+v, %v", l, err)
	}
}

// begun makes a ticket's create be begun by a process that is dead now.
func (w *world) begun(event string) store.Ticket {
	w.t.Helper()
	c, err := w.store.Claim(w.t.Context(), "killed", w.now(), w.now().Add(lease))
	if err != nil || c == nil || c.ID != w.ticket(event).ID {
		w.t.Fatal(c, err)
	}
	if err := w.store.Begin(w.t.Context(), c.ID, "killed", store.CallCreate, c.Seq, w.now()); err != nil {
		w.t.Fatal(err)
	}
	w.advance(lease + time.Second)
	return *c
}

func (w *world) made(of store.Ticket) int {
	w.t.Helper()
	made, err := w.d.target.Load().halo.CreateTicket(w.t.Context(), halo.NewTicket{
		Summary: "x", DetailsHTML: "<p>Reference " + of.Reference + "</p>", ThirdPartyID: of.Reference, TicketTypeID: 21, ClientID: of.Customer.ClientID})
	if err != nil {
		w.t.Fatal(err)
	}
	return made.ID
}

// Made, its answer lost, and deleted by a person before it was looked up: it
// was made, and is over. What is new goes on a ticket that follows it.
func TestDeletedBeforeItsMakingWasKnown(t *testing.T) {
	for name, legacy := range map[string]bool{"a newer Halo": false, "an older one": true} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, legacy, nil)
			first := w.report(12, "mfa", "adele", nil)
			c := w.begun(first)
			if err := w.sim.DeleteTicket(w.made(c)); err != nil {
				t.Fatal(err)
			}
			w.work(time.Minute)
			if got := w.ticket(first); got.State != store.TicketClosed || got.HaloID == 0 || len(w.sim.Tickets()) != 1 {
				t.Fatalf("ours is %s in Halo's %d, %d tickets; want closed, and no second one", got.State, got.HaloID, len(w.sim.Tickets()))
			}
			next := w.ticket(w.report(12, "mfa", "adele", nil))
			w.work(time.Minute)
			if next.ID == c.ID || len(w.sim.Tickets()) != 2 {
				t.Errorf("the next report is on %s with %d tickets in Halo; want on a new one", next.ID, len(w.sim.Tickets()))
			}
		})
	}
}

// News that came while the outcome was in doubt is not lost with the ticket.
func TestNewsOfADeletedTicketGoesOnAFollower(t *testing.T) {
	w := newWorld(t, false, nil)
	c := w.begun(w.report(12, "mfa", "adele", nil))
	deleted := w.made(c)
	if err := w.sim.DeleteTicket(deleted); err != nil {
		t.Fatal(err)
	}
	news := w.report(12, "mfa", "alex", nil)
	w.work(time.Minute)
	got := w.ticket(news)
	if got.ID == c.ID || got.PreviousID != deleted || got.HaloID == 0 || got.Delivery != store.Completed {
		t.Errorf("the news is on %s (follows %d) in Halo's %d, %s; want on a follower of %d", got.ID, got.PreviousID, got.HaloID, got.Delivery, deleted)
	}
}

func TestTwoTicketsWithOneReference(t *testing.T) {
	for name, legacy := range map[string]bool{"a newer Halo": false, "an older one": true} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, legacy, nil)
			var counted []string
			w.d.metrics.Call = func(call store.Call, class string) { counted = append(counted, string(call)+" "+class) }
			event := w.report(12, "mfa", "adele", nil)
			c := w.begun(event)
			older, newer := w.made(c), w.made(c)
			w.work(time.Minute)
			if got := w.ticket(event); got.HaloID != older || got.Delivery != store.Completed {
				t.Errorf("in Halo's %d, %s; want in the older one, %d", got.HaloID, got.Delivery, older)
			}
			history, err := w.store.Attempts(t.Context(), c.ID)
			if err != nil || len(history) != 2 || history[1].Class != classDoubled && history[0].Class != classDoubled {
				t.Fatalf("history %+v, %v; want that it is doubled", history, err)
			}
			text := history[0].Error + history[1].Error
			if n := len(w.sim.Tickets()); n != 2 || newer == older || !strings.Contains(text, "close") || len(counted) != 1 {
				t.Errorf("%d tickets, %q, counted %q", n, text, counted)
			}
		})
	}
}

// What is known of Halo decides which way is tried first, and so the cost of
// a doubt.
func TestLookUpTakesTheCheapestWay(t *testing.T) {
	for name, tt := range map[string]struct {
		filter *bool
		want   int // calls until it is found among 120 tickets of the client
	}{
		"not known":    {nil, 2},
		"not honoured": {yes(false), 1},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, true, nil)
			event := w.report(12, "mfa", "adele", nil)
			c := w.begun(event)
			id := w.made(c)
			for range 120 {
				w.post(12, "noise", "")
			}
			tg := w.d.target.Load()
			if err := w.store.PutLookups(t.Context(), store.Lookups{Halo: tg.halo.ResourceURL, Filter: tt.filter, ProbedAt: w.now()}, w.now()); err != nil {
				t.Fatal(err)
			}
			before := w.sim.Stats().Total
			j := &job{d: w.d, target: tg, ticket: w.ticket(event), log: w.d.log}
			found, err := j.find(t.Context())
			if err != nil || found.ID != id {
				t.Fatalf("found %d, %v; want %d", found.ID, err, id)
			}
			if calls := w.sim.Stats().Total - before; calls != tt.want {
				t.Errorf("%d calls, want %d", calls, tt.want)
			}
		})
	}
}

// Halo's clock is days behind ours: the lost ticket seems older than the
// report that it was made for, and is found all the same.
func TestClocksThatDisagree(t *testing.T) {
	for name, legacy := range map[string]bool{"a newer Halo": false, "an older one": true} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, legacy, nil)
			event := w.report(12, "mfa", "adele", nil)
			c := w.begun(event)
			w.advance(-5 * 24 * time.Hour)
			made := w.made(c)
			w.advance(5 * 24 * time.Hour)
			w.work(time.Minute)
			if got := w.ticket(event); got.HaloID != made || len(w.sim.Tickets()) != 1 {
				t.Errorf("ours is Halo's %d of %d tickets, want %d alone", got.HaloID, len(w.sim.Tickets()), made)
			}
		})
	}
}
