package store

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/halert/halert/internal/alert"
)

// wholeSet posts all findings that there are of a kind at Acme.
func wholeSet(t *testing.T, s *Store, now time.Time, kind string, reports ...Report) string {
	t.Helper()
	id, err := s.Accept(t.Context(), Event{Source: "cipp", Kind: "cipp", ReceivedAt: now, Body: []byte(`{}`), Status: EventPending})
	ok(t, err)
	ok(t, s.Apply(t.Context(), []Outcome{{EventID: id, Status: EventProcessed, Reports: reports,
		Sets: []Set{{Source: "cipp", Tenant: "acme.example", Kind: kind}}}}, now))
	return id
}

// states are the alerts of a kind by their titles, "firing" or "resolved".
func states(t *testing.T, s *Store, kind string) map[string]string {
	t.Helper()
	all, err := s.Alerts(t.Context(), AlertFilter{Text: kind}, Page{Limit: 50})
	ok(t, err)
	out := make(map[string]string)
	for _, a := range all {
		out[a.Title] = string(a.Status)
	}
	return out
}

func planned(r Report, p alert.Plan) Report {
	r.Plan = p
	return r
}

func ticketByID(t *testing.T, s *Store, id string, now time.Time) Ticket {
	t.Helper()
	got, err := s.Ticket(t.Context(), id, now)
	ok(t, err)
	return got
}

func TestMissingFromTwoWholeSetsIsResolved(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		s := e.open(t)
		first := wholeSet(t, s, t0, "mfa", report("mfa", "adele"), report("mfa", "alex"))
		post(t, s, t0, report("licence", "e5"))
		opened(t, s, 1, t0)
		opened(t, s, 2, t0)
		wholeSet(t, s, t0.Add(time.Hour), "mfa", report("mfa", "adele"))
		if got := states(t, s, "mfa"); got["alex"] != "firing" {
			t.Fatalf("after one set: %v; want alex still firing", got)
		}
		last := wholeSet(t, s, t0.Add(2*time.Hour), "mfa", report("mfa", "adele"))
		if diff := cmp.Diff(map[string]string{"adele": "firing", "alex": "resolved"}, states(t, s, "mfa")); diff != "" {
			t.Fatalf("after two sets (-want +got):\n%s", diff)
		}
		if got := states(t, s, "licence"); got["e5"] != "firing" {
			t.Error("an alert of another kind was counted as missing")
		}
		named, err := s.Alerts(t.Context(), AlertFilter{EventID: last, Status: alert.Resolved}, Page{Limit: 9})
		ok(t, err)
		if len(named) != 1 || named[0].Title != "alex" || !strings.Contains(named[0].ResolvedWhy, "missing in 2 whole result sets") {
			t.Errorf("the event names %+v as resolved; want alex with the reason", named)
		}
		if ticketOf(t, s, first).WantClosed {
			t.Error("the ticket is to be closed while adele is firing")
		}
		wholeSet(t, s, t0.Add(3*time.Hour), "mfa")
		wholeSet(t, s, t0.Add(4*time.Hour), "mfa")
		got := ticketOf(t, s, first)
		if !got.WantClosed || !got.ClearedAt.Equal(t0.Add(4*time.Hour)) || got.Delivery != Available {
			t.Errorf("closing wanted %v since %s, delivery %s; want yes, since the last set, and due", got.WantClosed, got.ClearedAt, got.Delivery)
		}
		back := wholeSet(t, s, t0.Add(5*time.Hour), "mfa", report("mfa", "alex"))
		if again := ticketOf(t, s, back); again.ID != got.ID || again.WantClosed || !again.ClearedAt.IsZero() {
			t.Errorf("back again on ticket %s, to be closed %v; want the same, and no", again.ID, again.WantClosed)
		}
	})
}

func TestAbsenceCountsOnlyInARow(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		s := e.open(t)
		for i := range 6 { // there and not there, in turn
			var found []Report
			if i%2 == 0 {
				found = []Report{report("mfa", "adele")}
			}
			wholeSet(t, s, t0.Add(time.Duration(i)*time.Hour), "mfa", found...)
		}
		if got := states(t, s, "mfa"); got["adele"] != "firing" {
			t.Errorf("%v; want firing: it was never missing twice in a row", got)
		}
	})
}

func TestMissingAsThePlanSays(t *testing.T) {
	for missing, want := range map[int]int{1: 1, 3: 3, -1: 0} {
		onEach(t, func(t *testing.T, e engine) {
			s := e.open(t)
			p := alert.Plan{Close: alert.Closing{Missing: missing}}
			wholeSet(t, s, t0, "mfa", planned(report("mfa", "adele"), p))
			got := 0
			for n := 1; n <= 5 && got == 0; n++ {
				wholeSet(t, s, t0.Add(time.Duration(n)*time.Hour), "mfa")
				if states(t, s, "mfa")["adele"] == "resolved" {
					got = n
				}
			}
			if got != want {
				t.Errorf("missing %d: resolved by set %d, want %d", missing, got, want)
			}
		})
	}
}

// A body that a person has read once more says nothing about now.
func TestReplayedBodyIsNoSecondSet(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		s := e.open(t)
		wholeSet(t, s, t0, "mfa", report("mfa", "adele"))
		id := wholeSet(t, s, t0.Add(time.Hour), "mfa")
		ok(t, s.Requeue(t.Context(), id))
		ok(t, s.Apply(t.Context(), []Outcome{{EventID: id, Status: EventProcessed,
			Sets: []Set{{Source: "cipp", Tenant: "acme.example", Kind: "mfa"}}}}, t0.Add(2*time.Hour)))
		if got := states(t, s, "mfa"); got["adele"] != "firing" {
			t.Errorf("%v; want firing: the set was the same one", got)
		}
	})
}

func TestSetWithoutFindingsMakesNoAlertOfItsOwn(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		s := e.open(t)
		empty := report("mfa", "task")
		empty.Event.Empty = true
		first := wholeSet(t, s, t0, "mfa", report("mfa", "adele"))
		for n := range 3 {
			id := wholeSet(t, s, t0.Add(time.Duration(n+1)*time.Hour), "mfa", empty)
			if got := ticketOf(t, s, id); got.ID != ticketOf(t, s, first).ID {
				t.Errorf("set %d leads to ticket %s, want that of what it is about", n, got.ID)
			}
		}
		if diff := cmp.Diff(map[string]string{"adele": "resolved"}, states(t, s, "mfa")); diff != "" {
			t.Errorf("alerts (-want +got):\n%s", diff)
		}
		unknown := report("quota", "task")
		unknown.Event.Empty = true
		wholeSet(t, s, t0, "quota", unknown)
		if got := states(t, s, "quota"); got["task"] != "firing" {
			t.Errorf("%v; want an alert where nothing of the kind is known", got)
		}
	})
}

func TestSilenceResolves(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		s := e.open(t)
		p := alert.Plan{Close: alert.Closing{Silent: 72 * time.Hour}}
		id := post(t, s, t0, planned(report("mfa", "adele"), p))
		post(t, s, t0.Add(24*time.Hour), planned(report("mfa", "alex"), p))
		post(t, s, t0, report("licence", "e5"))
		for _, tt := range []struct {
			after time.Duration
			want  int
		}{{71 * time.Hour, 0}, {72 * time.Hour, 1}, {73 * time.Hour, 0}, {96 * time.Hour, 1}, {1000 * time.Hour, 0}} {
			if n, err := s.ResolveSilent(t.Context(), t0.Add(tt.after), 10); err != nil || n != tt.want {
				t.Errorf("after %s: %d resolved, %v; want %d", tt.after, n, err, tt.want)
			}
		}
		if got := ticketOf(t, s, id); !got.WantClosed {
			t.Error("all are silent, and the ticket is not to be closed")
		}
		all, err := s.Alerts(t.Context(), AlertFilter{EventID: id}, Page{Limit: 1})
		ok(t, err)
		if all[0].ResolvedWhy != ReasonSilent {
			t.Errorf("resolved because %q", all[0].ResolvedWhy)
		}
	})
}

// What waits by its plan is weighed again with each report, is not taken for
// stuck, and comes up at its time.
func TestWaitingByPlan(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		s := e.open(t)
		id := post(t, s, t0, report("mfa", "adele"))
		c := claim(t, s, "node", t0)
		ok(t, s.Wait(t.Context(), c.ID, "node", c.Seq, WaitDelay, t0.Add(time.Hour), t0))
		got := ticketOf(t, s, id)
		if got.WaitsFor != WaitDelay || !got.WaitsUntil.Equal(t0.Add(time.Hour)) || got.Delivery != Scheduled || !got.DueAt.Equal(t0.Add(MaxWait)) {
			t.Fatalf("%s until %s, %s due %s", got.WaitsFor, got.WaitsUntil, got.Delivery, got.DueAt)
		}
		if b, err := s.Backlog(t.Context()); err != nil || b.Waiting != 0 {
			t.Errorf("backlog %+v, %v; want none", b, err)
		}
		if st, err := s.Stats(t.Context(), t0); err != nil || !st.OldestDue.IsZero() || !st.NextDue.Equal(t0.Add(time.Hour)) {
			t.Errorf("oldest due %s, %v; want none; next due %s, want in an hour", st.OldestDue, err, st.NextDue)
		}
		if claim(t, s, "node", t0.Add(MaxWait-time.Second)) != nil {
			t.Error("claimed before it is due")
		}
		post(t, s, t0.Add(time.Minute), report("mfa", "alex"))
		c = claim(t, s, "node", t0.Add(time.Minute))
		if c == nil || c.WaitsFor != "" {
			t.Fatalf("a report did not bring it up: %+v", c)
		}
		post(t, s, t0.Add(time.Minute), report("mfa", "alex")) // while somebody works on it
		ok(t, s.Wait(t.Context(), c.ID, "node", c.Seq, WaitDelay, t0.Add(time.Hour), t0.Add(time.Minute)))
		if claim(t, s, "node", t0.Add(time.Minute)) == nil {
			t.Error("a report during the work was forgotten")
		}
	})
}

func TestDroppedBeforeItIsMade(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		s := e.open(t)
		id := post(t, s, t0, report("mfa", "adele"))
		post(t, s, t0, resolved(report("mfa", "adele")))
		c := claim(t, s, "node", t0)
		ok(t, s.Drop(t.Context(), c.ID, "node", c.Seq-1, t0)) // more came in meanwhile
		if got := ticketOf(t, s, id); got.State != TicketPending || got.Delivery != Available {
			t.Fatalf("%s, %s; want it to be looked at again", got.State, got.Delivery)
		}
		c = claim(t, s, "node", t0)
		ok(t, s.Drop(t.Context(), c.ID, "node", c.Seq, t0))
		if got := ticketOf(t, s, id); !got.Dropped() || got.ByPerson {
			t.Fatalf("%+v; want it dropped", got)
		}
		if again := ticketOf(t, s, post(t, s, t0, report("mfa", "adele"))); again.Dropped() || again.PreviousID != 0 {
			t.Errorf("the next one: dropped %v, previous %d", again.Dropped(), again.PreviousID)
		}
	})
}

// A report that was seen to be on an open ticket needs no new one when that
// is closed before Halo was told of it.
func TestSeenReportsNeedNoFollower(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		s := e.open(t)
		post(t, s, t0, report("mfa", "adele"), report("mfa", "alex"))
		opened(t, s, 1, t0)
		post(t, s, t0, report("mfa", "adele"))
		c := claim(t, s, "node", t0)
		ok(t, s.Seen(t.Context(), c.ID, "node", c.Seq))
		late := post(t, s, t0, report("mfa", "alex"))
		ok(t, s.Closed(t.Context(), c.ID, "node", t0))
		all, err := s.Tickets(t.Context(), TicketFilter{}, Page{Limit: 9}, t0)
		ok(t, err)
		if next := ticketOf(t, s, late); len(all) != 2 || next.PreviousID != 1 {
			t.Fatalf("%d tickets, the late report on %+v; want it on a follower", len(all), next)
		}
		on, err := s.Alerts(t.Context(), AlertFilter{TicketID: c.ID}, Page{Limit: 9})
		ok(t, err)
		if len(on) != 1 || on[0].Title != "adele" {
			t.Errorf("on the closed ticket: %+v, want adele alone", on)
		}
	})
}

// closedInHalo has a person close the only ticket.
func closedInHalo(t *testing.T, s *Store, p alert.Plan) *Ticket {
	t.Helper()
	post(t, s, t0, planned(report("mfa", "adele"), p))
	opened(t, s, 1, t0)
	ok(t, s.Hint(t.Context(), []int{1}, t0))
	c := claim(t, s, "node", t0)
	ok(t, s.Closed(t.Context(), c.ID, "node", t0))
	return c
}

func TestReopenWithinItsWindow(t *testing.T) {
	p := alert.Plan{Reopen: alert.Reopening{Within: 24 * time.Hour}}
	onEach(t, func(t *testing.T, e engine) {
		s := e.open(t)
		c := closedInHalo(t, s, p)
		again := post(t, s, t0.Add(23*time.Hour), planned(report("mfa", "adele"), p))
		got := ticketOf(t, s, again)
		if got.ID != c.ID || !got.WantReopen || got.State != TicketOpen || got.Delivery != Available {
			t.Fatalf("the repeat is on %s, %s, %s; want the first ticket, to be opened again", got.ID, got.State, got.Delivery)
		}
		if changed, err := s.Changed(t.Context(), c.ID, got.ShownSeq); err != nil || !changed {
			t.Errorf("changed %v, %v; want yes: it came back", changed, err)
		}
		now := t0.Add(23 * time.Hour)
		claim(t, s, "node", now)
		ok(t, s.Reopened(t.Context(), c.ID, "node", 3, now))
		got = ticketByID(t, s, c.ID, now)
		if got.WantReopen || got.HaloStatus != 3 || !got.ClosedAt.IsZero() {
			t.Errorf("after reopening: %+v", got.Life)
		}
		// Halo shows it as closed all the same: not again and again.
		ok(t, s.Closed(t.Context(), c.ID, "node", now.Add(time.Second)))
		if next := ticketOf(t, s, again); next.ID == c.ID || next.PreviousID != 1 {
			t.Errorf("the repeat is on %s, want a follower", next.ID)
		}
	})
	onEach(t, func(t *testing.T, e engine) {
		s := e.open(t)
		c := closedInHalo(t, s, p)
		late := post(t, s, t0.Add(25*time.Hour), planned(report("mfa", "adele"), p))
		if got := ticketOf(t, s, late); got.ID == c.ID {
			t.Error("opened again after the window")
		}
	})
}

func TestNotReopenedIsFollowed(t *testing.T) {
	p := alert.Plan{Reopen: alert.Reopening{Within: 24 * time.Hour}}
	onEach(t, func(t *testing.T, e engine) {
		s := e.open(t)
		c := closedInHalo(t, s, p)
		again := post(t, s, t0.Add(time.Hour), planned(report("mfa", "adele"), p))
		claim(t, s, "node", t0.Add(time.Hour))
		ok(t, s.NotReopened(t.Context(), c.ID, "node", t0.Add(time.Hour)))
		got, old := ticketOf(t, s, again), ticketByID(t, s, c.ID, t0)
		if got.ID == c.ID || got.PreviousID != 1 || old.State != TicketClosed || !old.ClosedAt.Equal(t0) {
			t.Errorf("the repeat is on %s after Halo's %d; the first is %s since %s", got.ID, got.PreviousID, old.State, old.ClosedAt)
		}
	})
}

// A person closes the ticket while the repeat is on its way.
func TestReopenWhereTheRepeatCameFirst(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		s := e.open(t)
		p := alert.Plan{Reopen: alert.Reopening{Within: time.Hour}}
		post(t, s, t0, planned(report("mfa", "adele"), p))
		opened(t, s, 1, t0)
		again := post(t, s, t0, planned(report("mfa", "adele"), p))
		c := claim(t, s, "node", t0)
		ok(t, s.Closed(t.Context(), c.ID, "node", t0))
		if got := ticketOf(t, s, again); got.ID != c.ID || !got.WantReopen {
			t.Errorf("the repeat is on %s, to be opened again %v; want the same ticket, and yes", got.ID, got.WantReopen)
		}
	})
}

func TestQuietAfterAPersonClosedIt(t *testing.T) {
	p := alert.Plan{Reopen: alert.Reopening{Quiet: true, Within: time.Hour}}
	onEach(t, func(t *testing.T, e engine) {
		s := e.open(t)
		c := closedInHalo(t, s, p)
		kept := post(t, s, t0.Add(time.Minute), planned(report("mfa", "adele"), p))
		event, err := s.Event(t.Context(), kept)
		ok(t, err)
		alerts, err := s.Alerts(t.Context(), AlertFilter{EventID: kept}, Page{Limit: 9})
		ok(t, err)
		if got := ticketOf(t, s, kept); got.ID != c.ID || got.State != TicketClosed || event.Note != noteQuiet || alerts[0].Reports != 2 {
			t.Errorf("on %s, %s, note %q, %d reports; want kept with the closed one, counted", got.ID, got.State, event.Note, alerts[0].Reports)
		}
		post(t, s, t0.Add(time.Minute), resolved(planned(report("mfa", "adele"), p)))
		p.Reopen.Within = 0
		if got := ticketOf(t, s, post(t, s, t0.Add(time.Minute), planned(report("mfa", "adele"), p))); got.ID == c.ID {
			t.Error("it stays quiet though it was resolved in between")
		}
	})
	onEach(t, func(t *testing.T, e engine) { // the closing is noticed only with the repeat
		s := e.open(t)
		post(t, s, t0, planned(report("mfa", "adele"), p))
		opened(t, s, 1, t0)
		again := post(t, s, t0, planned(report("mfa", "adele"), p))
		fresh := post(t, s, t0, planned(report("mfa", "alex"), alert.Plan{Reopen: alert.Reopening{Quiet: true}}))
		c := claim(t, s, "node", t0)
		ok(t, s.Closed(t.Context(), c.ID, "node", t0))
		event, err := s.Event(t.Context(), again)
		ok(t, err)
		if got := ticketOf(t, s, again); got.ID != c.ID || event.Note != noteQuiet {
			t.Errorf("the repeat is on %s with note %q, want it quiet", got.ID, event.Note)
		}
		if got := ticketOf(t, s, fresh); got.ID == c.ID {
			t.Error("what is new is quiet too")
		}
		// A later look at the closed ticket brings none of it up.
		ok(t, s.Hint(t.Context(), []int{1}, t0.Add(time.Hour)))
		for {
			c := claim(t, s, "node", t0.Add(time.Hour))
			if c == nil {
				t.Fatal("a change in Halo does not bring the closed ticket up")
			}
			if c.HaloID == 1 {
				ok(t, s.Closed(t.Context(), c.ID, "node", t0.Add(time.Hour)))
				break
			}
			ok(t, s.Wait(t.Context(), c.ID, "node", c.Seq, WaitDelay, t0.Add(2*time.Hour), t0.Add(time.Hour)))
		}
		all, err := s.Tickets(t.Context(), TicketFilter{}, Page{Limit: 9}, t0)
		ok(t, err)
		if got := ticketByID(t, s, c.ID, t0); len(all) != 2 || !got.ClosedAt.Equal(t0) {
			t.Errorf("%d tickets, the first closed at %s; want 2, and as before", len(all), got.ClosedAt)
		}
	})
}

func TestTakenUpAgain(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		s := e.open(t)
		c := closedInHalo(t, s, alert.Plan{})
		ok(t, s.Hint(t.Context(), []int{1}, t0.Add(time.Second)))
		if claim(t, s, "node", t0.Add(time.Second)) != nil {
			t.Error("the echo of the closing brings the ticket up")
		}
		ok(t, s.Hint(t.Context(), []int{1}, t0.Add(31*24*time.Hour)))
		if claim(t, s, "node", t0.Add(31*24*time.Hour)) != nil {
			t.Error("a ticket is looked at 31 days after its end")
		}
		now := t0.Add(time.Hour)
		ok(t, s.Hint(t.Context(), []int{1}, now))
		if got := claim(t, s, "node", now); got == nil || !got.WantCheck {
			t.Fatalf("claimed %+v, want the closed ticket, to be looked at", got)
		}
		taken, err := s.TakenUp(t.Context(), c.ID, "node", now)
		ok(t, err)
		if got := ticketByID(t, s, c.ID, now); !taken || got.State != TicketOpen || !got.Touched || got.KeptSeq != got.Seq {
			t.Errorf("taken %v: %s, %+v", taken, got.State, got.Life)
		}
		ok(t, s.Done(t.Context(), c.ID, "node", c.Seq, false, now))
		watched, err := s.Watched(t.Context(), []int{1, 2}, now)
		ok(t, err)
		if diff := cmp.Diff(map[int]InHalo{1: {HaloID: 1, Open: true, ToldAt: t0}}, watched); diff != "" {
			t.Errorf("watched (-want +got):\n%s", diff)
		}
	})
	onEach(t, func(t *testing.T, e engine) { // a later ticket is open
		s := e.open(t)
		c := closedInHalo(t, s, alert.Plan{})
		now := t0.Add(time.Hour)
		post(t, s, now, report("mfa", "adele"))
		opened(t, s, 2, now)
		ok(t, s.Hint(t.Context(), []int{1}, now))
		claim(t, s, "node", now)
		if taken, err := s.TakenUp(t.Context(), c.ID, "node", now); err != nil || taken {
			t.Errorf("taken %v, %v; want no: the group has an open ticket", taken, err)
		}
	})
}

func TestKeptOpenUntilTheNextReport(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		s := e.open(t)
		post(t, s, t0, report("mfa", "adele"))
		opened(t, s, 1, t0)
		post(t, s, t0, resolved(report("mfa", "adele")))
		c := claim(t, s, "node", t0)
		ok(t, s.AsMade(t.Context(), c.ID, "node", 1, 0))
		ok(t, s.Kept(t.Context(), c.ID, "node", c.Seq))
		ok(t, s.Done(t.Context(), c.ID, "node", c.Seq, true, t0))
		got := ticketByID(t, s, c.ID, t0)
		if got.KeptSeq != got.Seq || got.HaloStatus != 1 || got.HaloAgent != 0 || got.Delivery != Completed {
			t.Errorf("%s, %+v", got.Delivery, got.Life)
		}
		if again := ticketOf(t, s, post(t, s, t0, report("mfa", "adele"))); again.ID != c.ID || again.KeptSeq == again.Seq || again.WantClosed {
			t.Errorf("the repeat is on %s, kept %d of %d", again.ID, again.KeptSeq, again.Seq)
		}
	})
}
