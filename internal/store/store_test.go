package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/halert/halert/internal/alert"
)

var t0 = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)

var acme = alert.Customer{ClientID: 12, Name: "Acme Dental"}

// report is a firing finding of Acme's, on the ticket of its kind.
func report(kind, fingerprint string) Report {
	ev := alert.Event{
		Action: alert.Trigger, Topic: alert.Topic{Kind: kind, Title: kind}, Tenant: alert.NewTenant("", "acme.example"),
		Fingerprint: fingerprint, Severity: alert.Warning, Finding: alert.Finding{Title: fingerprint},
	}
	return Report{Event: ev, Source: "cipp", Tenant: "acme.example", Customer: &acme, GroupKey: alert.GroupKey(acme, "cipp", kind, "", "")}
}

func resolved(r Report) Report {
	r.Event.Action = alert.Resolve
	return r
}

// post accepts a body and applies what the pipeline made of it.
func post(t *testing.T, s *Store, now time.Time, reports ...Report) string {
	t.Helper()
	id, err := s.Accept(t.Context(), Event{Source: "cipp", Kind: "cipp", ReceivedAt: now, Body: []byte(`{}`), Status: EventPending})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Apply(t.Context(), []Outcome{{EventID: id, Status: EventProcessed, Reports: reports}}, now); err != nil {
		t.Fatal(err)
	}
	return id
}

func claim(t *testing.T, s *Store, owner string, now time.Time) *Ticket {
	t.Helper()
	got, err := s.Claim(t.Context(), owner, now, now.Add(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func ticketOf(t *testing.T, s *Store, eventID string) Ticket {
	t.Helper()
	got, err := s.Tickets(t.Context(), TicketFilter{EventID: eventID}, Page{Limit: 10}, t0)
	if err != nil || len(got) != 1 {
		t.Fatalf("tickets of event: %v, %v", got, err)
	}
	return got[0]
}

// opened brings the only due ticket into Halo.
func opened(t *testing.T, s *Store, haloID int, now time.Time) *Ticket {
	t.Helper()
	c := claim(t, s, "node", now)
	if c == nil {
		t.Fatal("no ticket is due")
	}
	ok(t, s.Begin(t.Context(), c.ID, "node", CallCreate, c.Seq, now))
	ok(t, s.Opened(t.Context(), c.ID, "node", haloID, false, c.Seq, now))
	ok(t, s.Done(t.Context(), c.ID, "node", c.Seq, false, now))
	return c
}

func TestSameIdempotencyKeySameEvent(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		s := e.open(t)
		accept := func(source, key string) string {
			id, err := s.Accept(t.Context(), Event{Source: source, Kind: "cipp", ReceivedAt: t0, IdempotencyKey: key, Status: EventPending})
			ok(t, err)
			return id
		}
		first := accept("cipp", "k1")
		if again := accept("cipp", "k1"); again != first {
			t.Errorf("the same key made a second event: %s and %s", first, again)
		}
		if other := accept("prometheus", "k1"); other == first {
			t.Error("the same key on another source is the same event")
		}
		if a, b := accept("cipp", ""), accept("cipp", ""); a == b {
			t.Error("two events without a key are one")
		}
		pending, err := s.Pending(t.Context(), 10)
		ok(t, err)
		if len(pending) != 4 {
			t.Errorf("%d events are pending, want 4", len(pending))
		}
	})
}

func TestManySendersAtOnce(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		s := e.open(t)
		var wg sync.WaitGroup
		for i := range 500 {
			wg.Go(func() {
				key := fmt.Sprintf("k%d", i/2)
				if _, err := s.Accept(context.Background(), Event{Source: "cipp", ReceivedAt: t0, Body: []byte("x"), IdempotencyKey: key, Status: EventPending}); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		pending, err := s.Pending(t.Context(), 1000)
		ok(t, err)
		if len(pending) != 250 {
			t.Errorf("%d events, want one for each of 250 keys", len(pending))
		}
	})
}

func TestNothingIsAcceptedAfterClose(t *testing.T) {
	s, err := Open(t.Context(), "", t.TempDir())
	ok(t, err)
	ok(t, s.Close())
	if _, err := s.Accept(t.Context(), Event{Source: "cipp", Status: EventPending}); !errors.Is(err, errClosed) {
		t.Errorf("error %v, want %v", err, errClosed)
	}
}

func TestAcceptedSurvivesReopening(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(t.Context(), "", dir)
	ok(t, err)
	id := post(t, s, t0, report("mfa", "adele"))
	c := claim(t, s, "dead process", t0)
	ok(t, s.Close())

	s, err = Open(t.Context(), "", dir)
	ok(t, err)
	defer s.Close()
	ok(t, s.Started(t.Context(), t0))
	if got := ticketOf(t, s, id); got.ID != c.ID || got.Delivery != Available {
		t.Errorf("after reopening: ticket %s %s, want %s available: the dead process's lease is over", got.ID, got.Delivery, c.ID)
	}
}

func TestRepeatsGoOnTheOpenTicket(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		s := e.open(t)
		first := post(t, s, t0, report("mfa", "adele"), report("mfa", "alex"))
		again := post(t, s, t0.Add(time.Hour), report("mfa", "adele"))
		other := post(t, s, t0, report("licence", "e5"))
		a, b, c := ticketOf(t, s, first), ticketOf(t, s, again), ticketOf(t, s, other)
		if a.ID != b.ID || a.ID == c.ID {
			t.Errorf("tickets %s, %s, %s: want the first two the same, the last another", a.ID, b.ID, c.ID)
		}
		if b.Seq != 2 {
			t.Errorf("the ticket counts %d reports, want 2: one for each body", b.Seq)
		}
		alerts, err := s.Alerts(t.Context(), AlertFilter{EventID: again}, Page{Limit: 10})
		ok(t, err)
		if len(alerts) != 1 || alerts[0].Reports != 2 || !alerts[0].LastAt.Equal(t0.Add(time.Hour)) {
			t.Errorf("the repeated alert is %+v, want one with 2 reports", alerts)
		}
	})
}

func TestApartMakesATicketForEachEvent(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		s := e.open(t)
		r1, r2 := report("mfa", "adele"), report("mfa", "adele")
		r1.Apart, r1.GroupKey = true, "one"
		r2.Apart, r2.GroupKey = true, "two"
		if a, b := ticketOf(t, s, post(t, s, t0, r1)), ticketOf(t, s, post(t, s, t0, r2)); a.ID == b.ID {
			t.Error("without consolidation the repeat went on the first ticket")
		}
	})
}

func TestUrgentFirstAndOneCreateAtATime(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		s := e.open(t)
		with := func(kind string, sev alert.Severity) Report {
			r := report(kind, "x")
			r.Event.Severity = sev
			return r
		}
		post(t, s, t0, with("old note", alert.Warning))
		opened(t, s, 1, t0)
		post(t, s, t0.Add(1*time.Second), with("info", alert.Info))
		post(t, s, t0.Add(2*time.Second), with("warning", alert.Warning))
		post(t, s, t0.Add(3*time.Second), with("old note", alert.Warning))
		post(t, s, t0.Add(4*time.Second), with("critical", alert.Critical))

		now := t0.Add(time.Minute)
		var order []string
		c := claim(t, s, "a", now)
		order = append(order, c.Kind)
		if n := claim(t, s, "b", now); n == nil || n.Kind != "old note" {
			t.Fatalf("while a create is under way %+v was claimed, want the note", n)
		} else {
			ok(t, s.Done(t.Context(), n.ID, "b", n.Seq, false, now))
		}
		if n := claim(t, s, "b", now); n != nil {
			t.Fatalf("a second create was claimed while one is under way: %s", n.Kind)
		}
		for c != nil {
			ok(t, s.Opened(t.Context(), c.ID, "a", 100+len(order), false, c.Seq, now))
			ok(t, s.Done(t.Context(), c.ID, "a", c.Seq, false, now))
			if c = claim(t, s, "a", now); c != nil {
				order = append(order, c.Kind)
			}
		}
		if diff := cmp.Diff([]string{"critical", "warning", "info"}, order); diff != "" {
			t.Errorf("order of creates (-want +got):\n%s", diff)
		}
	})
}

func TestLeaseThatEndedIsTakenOver(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		s := e.open(t)
		id := post(t, s, t0, report("mfa", "adele"))
		c := claim(t, s, "dead", t0)
		ok(t, s.Begin(t.Context(), c.ID, "dead", CallCreate, c.Seq, t0))
		if again := claim(t, s, "alive", t0.Add(30*time.Second)); again != nil {
			t.Fatal("the ticket was claimed twice")
		}
		late := t0.Add(2 * time.Minute)
		if taken := claim(t, s, "alive", late); taken == nil || taken.ID != c.ID {
			t.Fatalf("after its lease ended the ticket was not taken over: %+v", taken)
		}
		if taken := ticketOf(t, s, id); !taken.BegunAt.Equal(t0.Add(time.Minute)) {
			t.Errorf("the doubt counts from %v, want from the end of the lease: the call may have lasted until then", taken.BegunAt)
		}
		if err := s.Opened(t.Context(), c.ID, "dead", 1, false, 1, late); !errors.Is(err, ErrLost) {
			t.Errorf("the dead node wrote to the ticket: %v", err)
		}
	})
}

// Halo may still be at work on the create of a process that was killed.
func TestCreateOfAKilledProcessHoldsBackOthers(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(t.Context(), "", dir)
	ok(t, err)
	post(t, s, t0, report("mfa", "adele"))
	c := claim(t, s, "killed", t0)
	ok(t, s.Begin(t.Context(), c.ID, "killed", CallCreate, c.Seq, t0))
	post(t, s, t0, report("other", "adele"))
	ok(t, s.Close())

	s, err = Open(t.Context(), "", dir)
	ok(t, err)
	t.Cleanup(func() { ok(t, s.Close()) })
	ok(t, s.Started(t.Context(), t0))
	if early := claim(t, s, "next", t0.Add(createRuns-time.Second)); early != nil {
		t.Fatalf("ticket %s was claimed while Halo may be at work on a create", early.ID)
	}
	if first := claim(t, s, "next", t0.Add(createRuns)); first == nil {
		t.Error("the creates did not go on")
	} else if first.ID != c.ID || !first.BegunAt.Equal(t0) {
		t.Errorf("the doubt counts from %v, want from the call at %v: its process is known to be dead", first.BegunAt, t0)
	}
}

func TestNewsSinceHaloWasTold(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		s := e.open(t)
		post(t, s, t0, report("mfa", "adele"), report("mfa", "alex"))
		c := opened(t, s, 7, t0)
		post(t, s, t0.Add(time.Hour), report("mfa", "adele"), report("mfa", "new"))
		post(t, s, t0.Add(2*time.Hour), report("mfa", "adele"), resolved(report("mfa", "alex")))

		now := t0.Add(3 * time.Hour)
		due := claim(t, s, "node", now)
		if due == nil || due.ID != c.ID || due.Seq-due.ShownSeq != 2 {
			t.Fatalf("due: %+v, want the ticket with 2 reports to tell", due)
		}
		n, err := s.News(t.Context(), c.ID, due.ShownSeq, due.Seq, 10)
		ok(t, err)
		titles := func(f Findings) (out []string) {
			for _, x := range f.Shown {
				out = append(out, x.Title)
			}
			return out
		}
		got := map[string][]string{"new": titles(n.New), "repeated": titles(n.Repeated), "gone": titles(n.Gone)}
		if diff := cmp.Diff(map[string][]string{"new": {"new"}, "repeated": {"adele"}, "gone": {"alex"}}, got); diff != "" {
			t.Errorf("news (-want +got):\n%s", diff)
		}
		if n.Firing != 2 || !n.Since.Equal(t0.Add(time.Hour)) || !n.Until.Equal(t0.Add(2*time.Hour)) {
			t.Errorf("firing %d since %v until %v", n.Firing, n.Since, n.Until)
		}
	})
}

// A finding that says something else than before is told anew, without a count
// as another one. That it says anything of the kind for the first time is not.
func TestChangedFindingIsNews(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		s := e.open(t)
		in := func(state string) Report {
			r := report("tests", "guests")
			r.Event.Finding.State = state
			return r
		}
		post(t, s, t0, in(""))
		c := opened(t, s, 7, t0)
		for i, step := range []struct {
			state string
			fresh int
		}{{"one", 0}, {"one", 0}, {"one;two", 1}, {"", 0}} {
			now := t0.Add(time.Duration(i+1) * time.Hour)
			before := ticketByID(t, s, c.ID, now).Seq
			post(t, s, now, in(step.state))
			n, err := s.News(t.Context(), c.ID, before, before+1, 10)
			ok(t, err)
			if n.New.Total != step.fresh || n.Repeated.Total != 1-step.fresh || n.Firing != 1 {
				t.Errorf("state %q, report %d: %d new, %d repeated, %d firing, want %d new of one", step.state, i+1, n.New.Total, n.Repeated.Total, n.Firing, step.fresh)
			}
		}
	})
}

func TestReportDuringWorkIsNotForgotten(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		s := e.open(t)
		post(t, s, t0, report("mfa", "adele"))
		c := claim(t, s, "node", t0)
		post(t, s, t0, report("mfa", "alex"))
		ok(t, s.Opened(t.Context(), c.ID, "node", 7, false, c.Seq, t0))
		ok(t, s.Done(t.Context(), c.ID, "node", c.Seq, false, t0))
		if again := claim(t, s, "node", t0); again == nil || again.Seq != 2 || again.ShownSeq != 1 {
			t.Errorf("due after the work: %+v, want the ticket again with the report that came meanwhile", again)
		}
	})
}

func TestLastAlertResolvedAsksForClosing(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		s := e.open(t)
		post(t, s, t0, report("disk", "a"), report("disk", "b"))
		opened(t, s, 7, t0)
		if got := ticketOf(t, s, post(t, s, t0, resolved(report("disk", "a")))); got.WantClosed {
			t.Error("closing is wanted while an alert is firing")
		}
		if got := ticketOf(t, s, post(t, s, t0, resolved(report("disk", "b")))); !got.WantClosed {
			t.Error("all alerts are resolved and closing is not wanted")
		}
		if got := ticketOf(t, s, post(t, s, t0, report("disk", "b"))); got.WantClosed {
			t.Error("an alert fires again and closing is still wanted")
		}
	})
}

func TestRepeatOnAClosedTicketGoesOnAFollower(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		s := e.open(t)
		post(t, s, t0, report("mfa", "adele"), report("mfa", "quiet"))
		old := opened(t, s, 7, t0)
		again := post(t, s, t0.Add(time.Hour), report("mfa", "adele"))
		due := claim(t, s, "node", t0.Add(time.Hour))
		ok(t, s.Closed(t.Context(), due.ID, "node", t0.Add(time.Hour)))

		next := ticketOf(t, s, again)
		if next.ID == old.ID || next.Reference == old.Reference || next.State != TicketPending || next.PreviousID != 7 {
			t.Fatalf("the repeat is on %+v, want a new ticket that follows Halo's 7", next)
		}
		found, err := s.Firing(t.Context(), next.ID, 10)
		ok(t, err)
		if found.Total != 1 || found.Shown[0].Title != "adele" {
			t.Errorf("the follower has %+v, want only the finding that was reported again", found)
		}
		if later := ticketOf(t, s, post(t, s, t0.Add(2*time.Hour), report("mfa", "quiet"))); later.ID != next.ID {
			t.Error("another finding of the closed ticket did not go on the follower")
		}
	})
}

func TestClosedWithNothingNewHasNoFollower(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		s := e.open(t)
		post(t, s, t0, report("disk", "a"))
		opened(t, s, 7, t0)
		post(t, s, t0, resolved(report("disk", "a")))
		due := claim(t, s, "node", t0)
		ok(t, s.Closed(t.Context(), due.ID, "node", t0))
		if next := claim(t, s, "node", t0.Add(time.Hour)); next != nil {
			t.Errorf("a follower was made for what is over: %+v", next)
		}
	})
}

func TestHeldUntilMapped(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		s := e.open(t)
		held := report("mfa", "adele")
		held.Customer, held.Held = nil, "tenant acme.example is not mapped"
		id := post(t, s, t0, held)
		if c := claim(t, s, "node", t0); c != nil {
			t.Fatalf("a held alert made a ticket: %+v", c)
		}
		waiting, err := s.Waiting(t.Context(), "", 10, t0)
		ok(t, err)
		if len(waiting) != 1 || waiting[0].Event.Finding.Title != "adele" || waiting[0].Event.Topic.Kind != "mfa" {
			t.Fatalf("held: %+v", waiting)
		}
		ok(t, s.Release(t.Context(), []Report{report("mfa", "adele")}, t0))
		if got := ticketOf(t, s, id); got.Customer.ClientID != acme.ClientID {
			t.Errorf("released on %+v, want %+v; the event must name the ticket", got.Customer, acme)
		}
		ok(t, s.Release(t.Context(), []Report{report("mfa", "adele")}, t0))
		if got := ticketOf(t, s, id); got.Seq != 1 {
			t.Errorf("releasing twice counted %d reports, want 1", got.Seq)
		}
	})
}

func TestParkedCreateWaitsForAPersonParkedNoteForNews(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		s := e.open(t)
		post(t, s, t0, report("mfa", "adele"))
		c := claim(t, s, "node", t0)
		ok(t, s.Fail(t.Context(), c.ID, "node", Failure{Call: CallCreate, Class: "refused", Error: "no such type", State: Discarded, Known: true, Counts: true}, t0))
		post(t, s, t0, report("mfa", "adele"))
		if again := claim(t, s, "node", t0.Add(time.Hour)); again != nil {
			t.Fatal("a parked create was tried again without a person's word")
		}
		n, err := s.ReplayAll(t.Context(), Discarded, t0)
		ok(t, err)
		if n != 1 {
			t.Fatalf("%d were replayed, want 1", n)
		}
		c = opened(t, s, 7, t0)
		post(t, s, t0, report("mfa", "adele"))
		due := claim(t, s, "node", t0)
		ok(t, s.Fail(t.Context(), due.ID, "node", Failure{Call: CallNote, Class: "refused", Error: "no access", State: Discarded, Known: true, Counts: true}, t0))
		if again := claim(t, s, "node", t0.Add(time.Hour)); again != nil {
			t.Fatal("a parked note was tried again with nothing new")
		}
		post(t, s, t0, report("mfa", "alex"))
		if again := claim(t, s, "node", t0); again == nil || again.ID != c.ID {
			t.Error("a parked note was not tried again when there was more to say")
		}
		history, err := s.Attempts(t.Context(), c.ID)
		ok(t, err)
		if len(history) != 3 || history[0].Error != "no access" || history[2].Error != "no such type" {
			t.Errorf("history %+v, want both failures with the create between them, the newest first", history)
		}
	})
}

func TestLearnedTenantKeepsTheAlert(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		s := e.open(t)
		byDomain := report("drift", "smtp")
		id := post(t, s, t0, byDomain)
		ok(t, s.Learn(t.Context(), []alert.Tenant{{ID: "guid-1", Domain: "acme.example"}}))
		byID := byDomain
		byID.Tenant = "guid-1"
		if a, b := ticketOf(t, s, id), ticketOf(t, s, post(t, s, t0, byID)); a.ID != b.ID {
			t.Error("the alert was not recognised under the tenant's id")
		}
		all, err := s.Alerts(t.Context(), AlertFilter{}, Page{Limit: 10})
		ok(t, err)
		if len(all) != 1 || all[0].Reports != 2 {
			t.Errorf("alerts: %+v, want one with 2 reports", all)
		}
		known, err := s.Aliases(t.Context())
		ok(t, err)
		if diff := cmp.Diff(alert.Aliases{"acme.example": "guid-1"}, known); diff != "" {
			t.Error(diff)
		}
	})
}

func TestRollingWindow(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		s := e.open(t)
		take := func(at time.Duration) time.Duration {
			wait, err := s.TakeCall(t.Context(), 3, time.Minute, t0.Add(at))
			ok(t, err)
			if wait.IsZero() {
				return 0
			}
			return wait.Sub(t0)
		}
		for i := range 3 {
			if w := take(time.Duration(i) * 10 * time.Second); w != 0 {
				t.Fatalf("call %d must wait until %v", i, w)
			}
		}
		if w := take(30 * time.Second); w < time.Minute || w > time.Minute+10*time.Millisecond {
			t.Errorf("the fourth call may go at %v, want when the first leaves the window", w)
		}
		if w := take(61 * time.Second); w != 0 {
			t.Errorf("after the first left the window a call must wait until %v", w)
		}
	})
}

func TestHaloSaysThatTheWindowIsFull(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		s := e.open(t)
		ok(t, s.FillWindow(t.Context(), t0.Add(20*time.Second), t0))
		wait, err := s.NextCall(t.Context(), 3, time.Minute, t0)
		ok(t, err)
		if d := wait.Sub(t0); d < 20*time.Second || d > 21*time.Second {
			t.Errorf("the next call may go after %v, want 20s", d)
		}
		wait, err = s.TakeCall(t.Context(), 3, time.Minute, t0.Add(21*time.Second))
		ok(t, err)
		if !wait.IsZero() {
			t.Errorf("after that time a call must wait until %v", wait)
		}
	})
}

func TestNewerSchemaIsRefused(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(t.Context(), "", dir)
	ok(t, err)
	_, err = s.write.ExecContext(t.Context(), `INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, 1)`)
	ok(t, errors.Join(err, s.Close()))
	if s, err := Open(t.Context(), "", dir); err == nil {
		s.Close()
		t.Error("a database of a newer halert was opened")
	}
}

// Hot queries must stay quick as the history grows: no scan of a whole table.
func TestHotQueriesUseIndexes(t *testing.T) {
	s := engine{dir: t.TempDir()}.open(t)
	for name, q := range map[string]string{
		"pending": `SELECT id FROM events WHERE status = 'pending' ORDER BY id LIMIT 10`,
		"claim": `SELECT id FROM tickets WHERE delivery IN ('available', 'retryable', 'scheduled') AND due_at <= 5 AND lease_until <= 5
			ORDER BY severity DESC, halo_id IS NOT NULL, due_at, id LIMIT 1`,
		"dedup": `SELECT id FROM alerts WHERE dedup_key = 'x'`,
		"group": `SELECT id FROM tickets WHERE group_key = 'x' AND state <> 'closed'`,
		"held":  `SELECT id FROM alerts WHERE held = 1 AND id > 'x' ORDER BY id LIMIT 10`,
	} {
		for _, detail := range explain(t, s.read, q) {
			if strings.HasPrefix(detail, "SCAN") && !strings.Contains(detail, "INDEX") {
				t.Errorf("%s: %s", name, detail)
			}
		}
	}
}

// Two processes on one PostgreSQL are one halert.
func TestTwoProcesses(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		if e.address == "" {
			return // SQLite has one process at a time
		}
		var nodes [2]*Store
		var wg sync.WaitGroup
		for i := range nodes { // at the same moment, on an empty database
			wg.Go(func() {
				s, err := Open(context.Background(), e.address, "")
				if err != nil {
					t.Error(err)
					return
				}
				nodes[i] = s
			})
		}
		wg.Wait()
		if t.Failed() {
			t.FailNow()
		}
		defer nodes[0].Close()
		defer nodes[1].Close()

		const events = 40
		for i := range events {
			_, err := nodes[i%2].Accept(t.Context(), Event{Source: "cipp", ReceivedAt: t0, Status: EventPending})
			ok(t, err)
		}
		var same [2]string // the same idempotency key at both
		for i, s := range nodes {
			wg.Go(func() {
				var err error
				same[i], err = s.Accept(context.Background(), Event{Source: "cipp", ReceivedAt: t0, Status: EventPending, IdempotencyKey: "k"})
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if same[0] != same[1] {
			t.Errorf("one key made the events %s and %s", same[0], same[1])
		}

		// Both work on the same inbox: each event counts once.
		pending, err := nodes[0].Pending(t.Context(), 100)
		ok(t, err)
		for _, s := range nodes {
			wg.Go(func() {
				for i, p := range pending {
					o := Outcome{EventID: p.ID, Status: EventProcessed, Reports: []Report{report(fmt.Sprint("kind", i%10), "x")}}
					if err := s.Apply(context.Background(), []Outcome{o}, t0); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		tickets, err := nodes[0].Tickets(t.Context(), TicketFilter{}, Page{Limit: 100}, t0)
		ok(t, err)
		var reports int64
		for _, tk := range tickets {
			reports += tk.Seq
		}
		if len(tickets) != 10 || reports != events+1 {
			t.Errorf("%d tickets with %d reports, want 10 with %d", len(tickets), reports, events+1)
		}

		// Both claim: never the same ticket, never two creates at once; and
		// both share one budget.
		var mu sync.Mutex
		creating, claimed, calls := 0, map[string]bool{}, 0
		for i, s := range nodes {
			wg.Go(func() {
				owner := fmt.Sprint("node", i)
				for range 200 {
					c, err := s.Claim(context.Background(), owner, t0, t0.Add(time.Minute))
					if err != nil {
						t.Error(err)
						return
					}
					if c == nil {
						continue
					}
					mu.Lock()
					creating++
					if creating > 1 || claimed[c.ID] {
						t.Errorf("ticket %s: %d creates at once, claimed before: %v", c.ID, creating, claimed[c.ID])
					}
					claimed[c.ID] = true
					mu.Unlock()
					if wait, err := s.TakeCall(context.Background(), 6, time.Minute, t0); err != nil {
						t.Error(err)
					} else if wait.IsZero() {
						mu.Lock()
						calls++
						mu.Unlock()
					}
					mu.Lock()
					creating--
					mu.Unlock()
					if err := s.Opened(context.Background(), c.ID, owner, 1, false, c.Seq, t0); err != nil {
						t.Error(err)
					}
					if err := s.Done(context.Background(), c.ID, owner, c.Seq, false, t0); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		if len(claimed) != 10 || calls != 6 {
			t.Errorf("%d tickets were claimed and %d calls taken, want 10 and 6", len(claimed), calls)
		}
	})
}
