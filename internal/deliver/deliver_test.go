package deliver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/halert/halert/internal/alert"
	"github.com/halert/halert/internal/halo"
	"github.com/halert/halert/internal/halosim"
	"github.com/halert/halert/internal/store"
)

// world is a store, a deliverer and a simulated Halo under one clock that the
// test moves: nothing here waits in real time.
type world struct {
	t     *testing.T
	store *store.Store
	sim   *halosim.Sim
	d     *Deliverer
	mu    sync.Mutex
	clock time.Time
}

func newWorld(t *testing.T, legacy bool, change func(*Settings)) *world {
	t.Helper()
	w := &world{t: t, clock: t0}
	var err error
	if w.store, err = store.Open(t.Context(), "", t.TempDir()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.store.Close() })
	w.sim = halosim.New(halosim.Options{Legacy: legacy, Now: w.now})
	server := httptest.NewServer(w.sim)
	t.Cleanup(server.Close)
	w.d = New(Options{Store: w.store, Log: slog.New(slog.DiscardHandler), Now: w.now, Owner: "test"})
	closed := 9
	s := Settings{TicketType: 21, NoteOutcome: 7, ClosedStatus: &closed, RateLimit: 10_000, RateWindow: 5 * time.Minute}
	if change != nil {
		change(&s)
	}
	client := &halo.Client{ResourceURL: server.URL + "/api", AuthURL: server.URL + "/auth", ClientID: "demo", ClientSecret: "demo", Now: w.now}
	if err := w.d.Configure(t.Context(), client, s); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.clock
}

func (w *world) advance(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.clock = w.clock.Add(d)
}

// work lets the deliverer work until nothing is due, or for at most a time.
func (w *world) work(most time.Duration) {
	w.t.Helper()
	end := w.now().Add(most)
	var wg sync.WaitGroup
	slots := make(chan struct{}, workers)
	for {
		wait, err := w.d.dispatch(w.t.Context(), w.t.Context(), slots, &wg)
		if err != nil {
			w.t.Fatal(err)
		}
		wg.Wait()
		if wait == 0 {
			continue
		}
		next, err := w.store.NextDue(w.t.Context())
		if err != nil {
			w.t.Fatal(err)
		}
		if next.IsZero() || w.now().Add(wait).After(end) {
			return
		}
		w.advance(wait)
	}
}

// report is one alert of a kind at a client, as the pipeline would store it.
func (w *world) report(client int, kind, who string, change func(*store.Report)) string {
	w.t.Helper()
	c := alert.Customer{ClientID: client, Name: fmt.Sprint("Client ", client)}
	r := store.Report{Source: "cipp", Tenant: "tenant", Customer: &c, GroupKey: alert.GroupKey(c, "cipp", kind, "", ""), Event: alert.Event{
		Action: alert.Trigger, Topic: alert.Topic{Kind: kind, Title: kind}, Fingerprint: who, Severity: alert.Warning, Finding: alert.Finding{Title: who},
	}}
	if change != nil {
		change(&r)
	}
	id, err := w.store.Accept(w.t.Context(), store.Event{Source: "cipp", Kind: "cipp", ReceivedAt: w.now(), Status: store.EventPending})
	if err != nil {
		w.t.Fatal(err)
	}
	if err := w.store.Apply(w.t.Context(), []store.Outcome{{EventID: id, Status: store.EventProcessed, Reports: []store.Report{r}}}, w.now()); err != nil {
		w.t.Fatal(err)
	}
	return id
}

func resolved(r *store.Report) { r.Event.Action = alert.Resolve }

func (w *world) ticket(eventID string) store.Ticket {
	w.t.Helper()
	got, err := w.store.Tickets(w.t.Context(), store.TicketFilter{EventID: eventID}, store.Page{Limit: 2}, w.now())
	if err != nil || len(got) != 1 {
		w.t.Fatalf("tickets of the event: %v, %v", got, err)
	}
	return got[0]
}

func (w *world) inject(f halosim.Fault) int {
	w.t.Helper()
	id, err := w.sim.Inject(f)
	if err != nil {
		w.t.Fatal(err)
	}
	return id
}

// exactlyOne checks that Halo has one ticket, that it is ours, and that ours
// knows it.
func (w *world) exactlyOne(eventID string) halosim.TicketView {
	w.t.Helper()
	all := w.sim.Tickets()
	if len(all) != 1 {
		w.t.Fatalf("Halo has %d tickets, want 1", len(all))
	}
	ours := w.ticket(eventID)
	if ours.HaloID != all[0].ID || all[0].ThirdPartyIDString != ours.Reference || !strings.Contains(all[0].DetailsHTML, ours.Reference) {
		w.t.Fatalf("ours is %s in Halo's %d; Halo has %d with %q", ours.Reference, ours.HaloID, all[0].ID, all[0].ThirdPartyIDString)
	}
	if ours.Delivery != store.Completed {
		w.t.Fatalf("the delivery is %s (%s), want completed", ours.Delivery, ours.Error)
	}
	return all[0]
}

func (w *world) notes(haloID int) (out []halosim.ActionView) {
	for _, a := range w.sim.Actions(haloID) {
		if !a.System && a.OutcomeID == 7 {
			out = append(out, a)
		}
	}
	return out
}

func TestHealthyCreateCostsOneCall(t *testing.T) {
	w := newWorld(t, false, nil)
	w.report(12, "mfa", "adele", nil)
	w.work(time.Minute)
	before := w.sim.Stats().Total
	w.report(12, "licence", "e5", nil)
	w.work(time.Minute)
	if calls := w.sim.Stats().Total - before; calls != 1 {
		t.Errorf("a healthy create cost %d calls, want 1", calls)
	}
}

func TestRepeatsThatWaitTogetherAreOneNote(t *testing.T) {
	w := newWorld(t, false, nil)
	id := w.report(12, "mfa", "adele", nil)
	w.work(time.Minute)
	for range 10 {
		w.report(12, "mfa", "adele", nil)
	}
	w.report(12, "mfa", "alex", nil)
	w.work(time.Minute)
	got := w.exactlyOne(id)
	notes := w.notes(got.ID)
	if len(notes) != 1 || !notes[0].HiddenFromUser || !strings.Contains(notes[0].NoteHTML+notes[0].Note, "alex") {
		t.Errorf("notes: %+v, want one hidden note that names alex", notes)
	}
}

func TestClosedByAPersonThenReportedAgain(t *testing.T) {
	for name, end := range map[string]func(*halosim.Sim, int) error{
		"closed": (*halosim.Sim).CloseTicket, "deleted": (*halosim.Sim).DeleteTicket,
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, false, nil)
			first := w.ticket(w.report(12, "mfa", "adele", nil))
			w.work(time.Minute)
			if err := end(w.sim, w.sim.Tickets()[0].ID); err != nil {
				t.Fatal(err)
			}
			again := w.report(12, "mfa", "adele", nil)
			w.work(8 * time.Second)
			next := w.ticket(again)
			if next.HaloID == 0 || next.Reference == first.Reference || len(w.sim.Tickets()) != 2 {
				t.Errorf("the repeat is on %s (Halo %d) with %d tickets in Halo; want a new one", next.Reference, next.HaloID, len(w.sim.Tickets()))
			}
		})
	}
}

func TestMergedTicketGetsTheNote(t *testing.T) {
	w := newWorld(t, false, nil)
	w.report(12, "mfa", "adele", nil)
	w.report(12, "other", "x", nil)
	w.work(time.Minute)
	all := w.sim.Tickets()
	if err := w.sim.MergeTicket(all[0].ID, all[1].ID); err != nil {
		t.Fatal(err)
	}
	w.report(12, "mfa", "adele", nil)
	w.work(time.Minute)
	if n := len(w.notes(all[1].ID)); n != 1 || len(w.sim.Tickets()) != 2 {
		t.Errorf("%d notes on the merged ticket, %d tickets; want 1 and 2", n, len(w.sim.Tickets()))
	}
}

func TestLastResolvedAlertClosesTheTicket(t *testing.T) {
	w := newWorld(t, false, nil)
	w.report(12, "disk", "a", nil)
	id := w.report(12, "disk", "b", nil)
	w.work(time.Minute)
	w.report(12, "disk", "a", resolved)
	w.work(time.Minute)
	if w.exactlyOne(id).Closed {
		t.Fatal("closed while an alert is firing")
	}
	w.report(12, "disk", "b", resolved)
	w.work(time.Minute)
	if got := w.sim.Tickets()[0]; !got.Closed || got.StatusID != 9 || len(w.notes(got.ID)) != 2 {
		t.Errorf("closed %v, status %d, %d notes; want closed with 9 and a note for each that ended", got.Closed, got.StatusID, len(w.notes(got.ID)))
	}
	if ours := w.ticket(id); ours.State != store.TicketClosed {
		t.Errorf("ours is %s", ours.State)
	}
}

func TestFiredAndResolvedWhileHaloWasDown(t *testing.T) {
	w := newWorld(t, false, nil)
	fault := w.inject(halosim.Fault{Kind: "outage"})
	id := w.report(12, "disk", "a", nil)
	w.work(time.Minute)
	w.report(12, "disk", "a", resolved)
	w.sim.Remove(fault)
	w.work(time.Minute)
	if got := w.exactlyOne(id); !got.Closed {
		t.Error("the ticket of what is over was not closed")
	}
}

// A lost answer, whichever way, on both ages of Halo, makes no second ticket.
func TestLostAnswerMakesNoSecondTicket(t *testing.T) {
	for _, legacy := range []bool{false, true} {
		for _, kind := range []string{"created-then-dropped", "created-then-status", "dropped-before"} {
			t.Run(fmt.Sprintf("%s, legacy %v", kind, legacy), func(t *testing.T) {
				w := newWorld(t, legacy, nil)
				w.report(12, "other", "x", nil) // somebody else's tickets are there
				w.work(time.Minute)
				w.inject(halosim.Fault{Kind: kind, Operation: "create", Count: 1})
				id := w.report(12, "mfa", "adele", nil)
				w.work(time.Minute)
				ours := w.ticket(id)
				if n := len(w.sim.Tickets()); n != 2 || ours.HaloID == 0 || ours.Delivery != store.Completed {
					t.Errorf("Halo has %d tickets, ours is %d, %s (%s); want 2, and ours known and completed", n, ours.HaloID, ours.Delivery, ours.Error)
				}
			})
		}
	}
}

// Halo makes the ticket, but is so slow that we give up waiting.
func TestLateCreateIsFound(t *testing.T) {
	w := newWorld(t, false, nil)
	w.d.target.Load().halo.Timeout = 50 * time.Millisecond
	w.report(12, "other", "x", nil)
	w.work(time.Minute)
	w.inject(halosim.Fault{Kind: halosim.KindSlow, Delay: 200 * time.Millisecond, Operation: halosim.OpCreate, Count: 1})
	id := w.report(12, "mfa", "adele", nil)
	w.work(time.Second) // the create ends without an answer
	if got := w.ticket(id); got.Begun != store.CallCreate {
		t.Fatalf("after the time-out: begun %q, %s (%s); want the create in doubt", got.Begun, got.Delivery, got.Error)
	}
	w.work(time.Minute)
	if n := len(w.sim.Tickets()); n != 2 || w.ticket(id).Delivery != store.Completed {
		t.Errorf("Halo has %d tickets, ours is %s; want 2 and completed", n, w.ticket(id).Delivery)
	}
}

func TestLostAnswerToANoteMakesNoSecondNote(t *testing.T) {
	for _, kind := range []string{"created-then-dropped", "created-then-status", "dropped-before"} {
		t.Run(kind, func(t *testing.T) {
			w := newWorld(t, false, nil)
			id := w.report(12, "mfa", "adele", nil)
			w.work(time.Minute)
			w.inject(halosim.Fault{Kind: kind, Operation: "note", Count: 1})
			w.report(12, "mfa", "adele", nil)
			w.work(time.Minute)
			if n := len(w.notes(w.exactlyOne(id).ID)); n != 1 {
				t.Errorf("%d notes, want 1", n)
			}
		})
	}
}

// A process that was killed between the create and its record: the row says
// only that a create was begun.
func TestKilledAfterTheCreate(t *testing.T) {
	w := newWorld(t, false, nil)
	id := w.report(12, "mfa", "adele", nil)
	c, err := w.store.Claim(t.Context(), "killed", w.now(), w.now().Add(lease))
	if err != nil || c == nil {
		t.Fatal(c, err)
	}
	if err := w.store.Begin(t.Context(), c.ID, "killed", store.CallCreate, c.Seq, w.now()); err != nil {
		t.Fatal(err)
	}
	tg := w.d.target.Load()
	if _, err := tg.halo.CreateTicket(t.Context(), halo.NewTicket{Summary: "x", DetailsHTML: "Reference " + c.Reference, ThirdPartyID: c.Reference, TicketTypeID: 21, ClientID: 12}); err != nil {
		t.Fatal(err)
	}
	w.advance(lease + time.Second)
	w.work(time.Minute)
	w.exactlyOne(id)
}

func TestOutageCostsFewCallsAndAllGoAfterwards(t *testing.T) {
	w := newWorld(t, false, nil)
	fault := w.inject(halosim.Fault{Kind: "outage"})
	for i := range 100 {
		w.report(12, fmt.Sprint("kind", i), "x", nil)
	}
	w.work(2 * time.Minute)
	if calls := w.sim.Stats().Total; calls > 40 {
		t.Errorf("two minutes of outage cost %d calls, want a probe every few seconds", calls)
	}
	if w.d.Trouble() == nil {
		t.Error("the outage does not show")
	}
	w.sim.Remove(fault)
	w.work(time.Minute)
	if n := len(w.sim.Tickets()); n != 100 {
		t.Errorf("a minute after the outage Halo has %d tickets, want 100", n)
	}
	if w.d.Trouble() != nil {
		t.Error("the outage still shows")
	}
}

func TestRefusedTicketIsParkedAndOthersGoOn(t *testing.T) {
	for _, status := range []int{400, 404, 409, 422} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			w := newWorld(t, false, nil)
			fault := w.inject(halosim.Fault{Kind: "status", Status: status, Body: "string", Message: "Please select a category", Operation: "create", ClientID: 12})
			bad := w.report(12, "mfa", "adele", nil)
			good := w.report(14, "mfa", "adele", nil)
			w.work(time.Minute)
			if got := w.ticket(bad); got.Delivery != store.Discarded || !strings.Contains(got.Error, "Please select a category") {
				t.Errorf("refused: %s with %q, want discarded with Halo's words", got.Delivery, got.Error)
			}
			if got := w.ticket(good); got.Delivery != store.Completed {
				t.Errorf("the other one: %s", got.Delivery)
			}
			w.sim.Remove(fault)
			if err := w.store.Replay(t.Context(), w.ticket(bad).ID, w.now()); err != nil {
				t.Fatal(err)
			}
			w.work(time.Minute)
			if got := w.ticket(bad); got.Delivery != store.Completed {
				t.Errorf("after replay: %s (%s)", got.Delivery, got.Error)
			}
		})
	}
}

func TestClientThatTheAgentMayNotSeeIsParkedAlone(t *testing.T) {
	w := newWorld(t, false, nil)
	w.inject(halosim.Fault{Kind: "status", Status: 403, Operation: "create", ClientID: 14})
	w.inject(halosim.Fault{Kind: "status", Status: 403, Operation: "create", ClientID: 15})
	a, b := w.report(14, "mfa", "x", nil), w.report(15, "mfa", "x", nil)
	c := w.report(12, "mfa", "x", nil)
	w.work(3 * time.Minute)
	for id, want := range map[string]store.DeliveryState{a: store.Discarded, b: store.Discarded, c: store.Completed} {
		if got := w.ticket(id); got.Delivery != want {
			t.Errorf("client %d: %s (%s), want %s", got.Customer.ClientID, got.Delivery, got.Error, want)
		}
	}
	if tr := w.d.Trouble(); tr != nil {
		t.Errorf("trouble: %+v, want none: others are served", tr)
	}
}

func TestRefusalOfEverybodyParksNothing(t *testing.T) {
	for name, f := range map[string]halosim.Fault{
		"401 for everything":   {Kind: "status", Status: 401, Path: "/api/*"},
		"403 for everything":   {Kind: "status", Status: 403, Path: "/api/*"},
		"403 for every create": {Kind: "status", Status: 403, Operation: "create"},
		"invalid_client":       {Kind: "invalid-client"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, false, nil)
			fault := w.inject(f)
			var ids []string
			for _, client := range []int{12, 14, 15, 16} {
				ids = append(ids, w.report(client, "mfa", "x", nil))
			}
			w.work(10 * time.Minute)
			if tr := w.d.Trouble(); tr == nil || tr.Remedy == "" {
				t.Errorf("trouble %+v, want a reason and a remedy", tr)
			}
			if calls := w.sim.Stats().Total; calls > 60 {
				t.Errorf("ten minutes cost %d calls, want about one probe a minute", calls)
			}
			for _, id := range ids {
				if got := w.ticket(id); got.Delivery == store.Discarded {
					t.Errorf("client %d: discarded (%s)", got.Customer.ClientID, got.Error)
				}
			}
			w.sim.Remove(fault)
			w.work(2 * time.Minute)
			if n := len(w.sim.Tickets()); n != 4 {
				t.Errorf("when the cause was gone, %d tickets came, want 4", n)
			}
		})
	}
}

func TestRefusedNoteIsParkedAndSaidAgainWithTheNextNews(t *testing.T) {
	w := newWorld(t, false, nil)
	w.report(12, "mfa", "adele", nil)
	w.work(time.Minute)
	fault := w.inject(halosim.Fault{Kind: "notes-refused"})
	id := w.report(12, "mfa", "alex", nil)
	w.work(time.Minute)
	if got := w.ticket(id); got.Delivery != store.Discarded || got.Error == "" {
		t.Fatalf("%s with %q, want discarded with Halo's words", got.Delivery, got.Error)
	}
	w.sim.Remove(fault)
	w.report(12, "mfa", "megan", nil)
	w.work(time.Minute)
	notes := w.notes(w.exactlyOne(id).ID)
	if len(notes) != 1 || !strings.Contains(notes[0].NoteHTML, "alex") || !strings.Contains(notes[0].NoteHTML, "megan") {
		t.Errorf("notes %+v, want one that names both", notes)
	}
}

func TestRateLimitOfHalosIsKept(t *testing.T) {
	w := newWorld(t, false, nil)
	w.inject(halosim.Fault{Kind: "status", Status: 429, RetryAfter: "seconds", RetryIn: 40 * time.Second, Operation: "create", Count: 1})
	id := w.report(12, "mfa", "x", nil)
	start := w.now()
	w.work(39 * time.Second)
	if got := w.ticket(id); got.Delivery != store.Scheduled || got.Attempt != 0 {
		t.Fatalf("%s after %d attempts, want scheduled and none counted", got.Delivery, got.Attempt)
	}
	w.work(time.Minute)
	if got := w.ticket(id); got.Delivery != store.Completed || got.OpenedAt.Sub(start) < 40*time.Second {
		t.Errorf("%s, opened after %v, want not before 40s", got.Delivery, got.OpenedAt.Sub(start))
	}
}

func TestUserIsLinked(t *testing.T) {
	for name, tt := range map[string]struct {
		user  alert.User
		fault string
		want  int // Halo's user; 0: the General User
	}{
		"by object id":                     {user: alert.User{ObjectID: "7F3A6C2E-1F60-4A0B-8E55-11C0B4F2D001"}, want: 161},
		"by address, in another case":      {user: alert.User{UPN: "Alex.Wilber@Contoso.com"}, want: 162},
		"by address, where filters refuse": {user: alert.User{UPN: "alex.wilber@contoso.com", ObjectID: "ffffffff-0000-0000-0000-000000000000"}, fault: "advanced-search-refused", want: 162},
		"not one who has left":             {user: alert.User{UPN: "pat.former@contoso.com"}},
		"not one of another client":        {user: alert.User{UPN: "jo@fabrikam.com"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, false, nil)
			if tt.fault != "" {
				w.inject(halosim.Fault{Kind: tt.fault})
			}
			id := w.report(15, "mfa", "x", func(r *store.Report) { r.User = tt.user })
			w.work(time.Minute)
			got := w.exactlyOne(id)
			if linked := w.ticket(id).UserLinked; linked != (tt.want != 0) {
				t.Errorf("our ticket says linked: %v", linked)
			}
			if tt.want != 0 && (got.UserID != tt.want || got.SiteID != 40) {
				t.Errorf("user %d at site %d, want %d at 40", got.UserID, got.SiteID, tt.want)
			}
			if tt.want == 0 && (got.UserName != "General User" || !strings.Contains(got.DetailsHTML, tt.user.UPN)) {
				t.Errorf("user %q, want General User and the name in the body", got.UserName)
			}
			before := w.sim.Stats().Total
			w.report(15, "other", "x", func(r *store.Report) { r.User = tt.user })
			w.work(time.Minute)
			if calls := w.sim.Stats().Total - before; calls != 1 {
				t.Errorf("the second ticket for the same user cost %d calls, want 1: who was found, and who not, is remembered", calls)
			}
		})
	}
}

func TestAnAgingContactIsLookedUpBehindTheTicket(t *testing.T) {
	w := newWorld(t, false, nil)
	adele := func(r *store.Report) { r.User = alert.User{UPN: "adele.vance@contoso.com"} }
	reads := func() int { return w.sim.Stats().Calls["GET /api/Users"] }
	w.report(15, "first", "x", adele)
	w.work(time.Minute)
	w.advance(foundFor/2 + time.Minute)
	before := reads()
	w.report(15, "second", "x", adele)
	w.work(time.Minute)
	w.advance(foundFor/2 + time.Minute)
	w.report(15, "third", "x", adele)
	w.work(time.Minute)
	var last string
	for _, c := range w.sim.Calls() {
		if c.Method == "POST" && strings.HasSuffix(c.Path, "/Tickets") {
			last = "create"
		} else if strings.HasSuffix(c.Path, "/Users") {
			last = "look-up"
		}
	}
	if n := reads() - before; n != 2 || last != "look-up" {
		t.Errorf("%d look-ups for two tickets an hour apart, the last call is a %s; want 2, each behind its ticket", n, last)
	}
}

func TestCreatesAreNeverTwoAtATime(t *testing.T) {
	w := newWorld(t, false, nil)
	for i := range 30 {
		w.report(12+2*(i%2), fmt.Sprint("kind", i), "x", nil)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { w.d.Run(ctx, t.Context()); close(done) }()
	for len(w.sim.Tickets()) < 30 {
		time.Sleep(5 * time.Millisecond)
	}
	cancel()
	<-done
	if st := w.sim.Stats(); st.MaxConcurrentCreates != 1 || st.TicketsCreated != 30 {
		t.Errorf("%d creates at once, %d tickets; want 1 and 30", st.MaxConcurrentCreates, st.TicketsCreated)
	}
}

// A parked ticket that a person gives to another client goes there, with the
// type and priority that they chose.
func TestEditedTicketIsMadeAsAsked(t *testing.T) {
	w := newWorld(t, false, nil)
	fault := w.inject(halosim.Fault{Kind: "status", Status: 400, Body: "string", Message: "Client is inactive", Operation: "create", ClientID: 12})
	id := w.report(12, "mfa", "adele", nil)
	w.work(time.Minute)
	of := w.ticket(id).ID
	client, site, typ, prio := 14, 31, 25, 2
	tp, pp := &typ, &prio
	if err := w.store.Edit(t.Context(), of, store.Edit{ClientID: &client, SiteID: &site, TicketType: &tp, Priority: &pp}, w.now()); err != nil {
		t.Fatal(err)
	}
	if err := w.store.Replay(t.Context(), of, w.now()); err != nil {
		t.Fatal(err)
	}
	w.work(time.Minute)
	got := w.exactlyOne(id)
	if got.ClientID != 14 || got.SiteID != 31 || got.TypeID != 25 || got.PriorityID != 2 {
		t.Errorf("Halo has it at client %d, site %d, type %d, priority %d", got.ClientID, got.SiteID, got.TypeID, got.PriorityID)
	}
	w.sim.Remove(fault)
	w.report(12, "mfa", "alex", nil)
	w.work(time.Minute)
	if n := len(w.notes(got.ID)); n != 1 || len(w.sim.Tickets()) != 1 {
		t.Errorf("the next report: %d notes and %d tickets, want a note on the one", n, len(w.sim.Tickets()))
	}
}

// A process that was stopped for longer than its lease makes no call when it
// goes on: another one may have made it.
func TestNoCallAfterTheLeaseIsOver(t *testing.T) {
	w := newWorld(t, false, nil)
	held := &leaseClock{}
	held.until.Store(w.now().Add(lease).UnixMilli())
	ctx := context.WithValue(t.Context(), leaseKey{}, held)
	create := func() error {
		_, err := w.d.target.Load().halo.CreateTicket(ctx, halo.NewTicket{Summary: "x", TicketTypeID: 21, ClientID: 12})
		return err
	}
	if err := create(); err != nil {
		t.Fatalf("under the lease: %v", err)
	}
	w.advance(lease)
	if err := create(); !errors.Is(err, store.ErrLost) {
		t.Errorf("after the lease: %v, want %v", err, store.ErrLost)
	}
	if n := len(w.sim.Tickets()); n != 1 {
		t.Errorf("Halo has %d tickets, want 1", n)
	}
}
