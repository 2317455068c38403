package deliver

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/halert/halert/internal/alert"
	"github.com/halert/halert/internal/halosim"
	"github.com/halert/halert/internal/store"
)

func withPlan(p alert.Plan) func(*store.Report) { return func(r *store.Report) { r.Plan = p } }

func resolvedWith(p alert.Plan) func(*store.Report) {
	return func(r *store.Report) { r.Plan = p; r.Event.Action = alert.Resolve }
}

// pass moves the clock on, from one due time to the next.
func (w *world) pass(d time.Duration) {
	w.t.Helper()
	for end := w.now().Add(d); ; {
		w.work(0)
		next, err := w.store.NextDue(w.t.Context())
		if err != nil {
			w.t.Fatal(err)
		}
		if next.IsZero() || !next.Before(end) {
			w.advance(end.Sub(w.now()))
			w.work(0)
			return
		}
		w.advance(max(next.Sub(w.now()), time.Second))
	}
}

// technician posts to the simulated Halo as a person with another name would.
func (w *world) technician(path, body string) {
	w.t.Helper()
	server := httptest.NewServer(w.sim)
	defer server.Close()
	token, err := http.PostForm(server.URL+"/auth/token", map[string][]string{
		"grant_type": {"client_credentials"}, "client_id": {"demo"}, "client_secret": {"demo"}, "scope": {"all"}})
	if err != nil {
		w.t.Fatal(err)
	}
	defer token.Body.Close()
	var text bytes.Buffer
	if _, err := text.ReadFrom(token.Body); err != nil {
		w.t.Fatal(err)
	}
	_, rest, _ := strings.Cut(text.String(), `"access_token":"`)
	bearer, _, _ := strings.Cut(rest, `"`)
	req, err := http.NewRequest(http.MethodPost, server.URL+"/api"+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+bearer)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode >= 300 {
		w.t.Fatalf("POST %s: %s", path, res.Status)
	}
}

func (w *world) techNote(haloID int) {
	w.technician("/Actions", fmt.Sprintf(`[{"ticket_id":%d,"outcome_id":7,"who":"Tess","note":"I am on it"}]`, haloID))
}

func (w *world) noteTexts(haloID int) []string {
	var out []string
	for _, n := range w.notes(haloID) {
		if n.Who != "Tess" {
			out = append(out, n.Note+n.NoteHTML)
		}
	}
	return out
}

func TestDelayedTicket(t *testing.T) {
	t.Parallel()
	p := alert.Plan{Delay: 30 * time.Minute}
	t.Run("is made after its delay", func(t *testing.T) {
		w := newWorld(t, false, nil)
		id := w.report(12, "disk", "a", withPlan(p))
		w.pass(29 * time.Minute)
		if len(w.sim.Tickets()) != 0 {
			t.Fatal("made too early")
		}
		w.pass(2 * time.Minute)
		w.exactlyOne(id)
	})
	t.Run("is never made if all is over before", func(t *testing.T) {
		w := newWorld(t, false, nil)
		id := w.report(12, "disk", "a", withPlan(p))
		w.pass(10 * time.Minute)
		w.report(12, "disk", "a", resolvedWith(p))
		w.pass(time.Hour)
		if got := w.ticket(id); len(w.sim.Tickets()) != 0 || !got.Dropped() {
			t.Errorf("Halo has %d tickets, ours is %s, %s; want none and dropped", len(w.sim.Tickets()), got.State, got.Delivery)
		}
		w.report(12, "disk", "a", nil)
		w.pass(time.Minute)
		if len(w.sim.Tickets()) != 1 {
			t.Error("back again without a delay, and no ticket")
		}
	})
	t.Run("is due at once where a critical report has no delay", func(t *testing.T) {
		w := newWorld(t, false, nil)
		id := w.report(12, "disk", "a", withPlan(p))
		w.pass(time.Minute)
		w.report(12, "disk", "b", func(r *store.Report) { r.Event.Severity = alert.Critical })
		w.work(0)
		w.exactlyOne(id)
	})
}

func TestNotesByPolicy(t *testing.T) {
	t.Parallel()
	// Repeats every half hour for five hours from 08:00 on; bob comes at 09:00.
	run := func(t *testing.T, p alert.NotePolicy) (*world, []halosim.ActionView) {
		w := newWorld(t, false, nil)
		plan := withPlan(alert.Plan{Notes: p})
		w.report(12, "disk", "adele", plan)
		w.work(0)
		for i := range 10 {
			w.pass(30 * time.Minute)
			w.report(12, "disk", "adele", plan)
			if i == 1 {
				w.report(12, "disk", "bob", plan)
			}
			w.work(0)
		}
		return w, w.notes(w.sim.Tickets()[0].ID)
	}
	for _, tt := range []struct {
		name   string
		policy alert.NotePolicy
		want   int // notes until 13:00
	}{
		{"always", alert.NotePolicy{}, 10},
		{"on change", alert.NotePolicy{Mode: alert.NoteOnChange}, 1},
		{"never", alert.NotePolicy{Mode: alert.NoteNever}, 0},
		{"every two hours", alert.NotePolicy{Every: 2 * time.Hour}, 2},
		{"daily at noon", alert.NotePolicy{Daily: "12:00"}, 1},
		{"daily, tomorrow", alert.NotePolicy{Daily: "07:00"}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w, notes := run(t, tt.policy)
			if len(notes) != tt.want {
				t.Fatalf("%d notes, want %d", len(notes), tt.want)
			}
			told := tt.want > 0 && slices.ContainsFunc(notes, func(n halosim.ActionView) bool { return strings.Contains(n.NoteHTML+n.Note, "bob") })
			if told != (tt.want > 0) {
				t.Error("no note tells of bob")
			}
			if b, err := w.store.Backlog(t.Context()); err != nil || b.Waiting != 0 {
				t.Errorf("the backlog is %+v, %v; want none", b, err)
			}
		})
	}
	t.Run("what waits is told at its time", func(t *testing.T) {
		w, _ := run(t, alert.NotePolicy{Daily: "15:00", Zone: "Europe/Amsterdam"})
		w.pass(at("2026-11-23T13:59:00Z").Sub(w.now()))
		if n := w.notes(w.sim.Tickets()[0].ID); len(n) != 0 {
			t.Fatalf("%d notes before 15:00 in Amsterdam", len(n))
		}
		w.pass(2 * time.Minute)
		notes := w.notes(w.sim.Tickets()[0].ID)
		if len(notes) != 1 || !strings.Contains(notes[0].NoteHTML+notes[0].Note, "bob") {
			t.Errorf("%d notes, want one that names bob", len(notes))
		}
	})
}

// Whatever the notes' rhythm: a repeat on a ticket that a person closed makes
// a new one, quickly.
func TestRepeatOnAClosedTicketWhateverTheNotes(t *testing.T) {
	t.Parallel()
	for _, p := range []alert.NotePolicy{{Mode: alert.NoteNever}, {Mode: alert.NoteOnChange}, {Every: time.Hour}, {Daily: "03:00"}} {
		t.Run(fmt.Sprintf("%+v", p), func(t *testing.T) {
			w := newWorld(t, false, nil)
			plan := withPlan(alert.Plan{Notes: p})
			w.report(12, "disk", "a", plan)
			w.work(0)
			w.report(12, "disk", "a", plan)
			w.work(0)
			if err := w.sim.CloseTicket(w.sim.Tickets()[0].ID); err != nil {
				t.Fatal(err)
			}
			id := w.report(12, "disk", "a", plan)
			w.work(8 * time.Second)
			if got := w.ticket(id); got.HaloID == 0 || len(w.sim.Tickets()) != 2 {
				t.Errorf("the repeat is on Halo's %d, of %d", got.HaloID, len(w.sim.Tickets()))
			}
		})
	}
}

func TestClosingWaits(t *testing.T) {
	t.Parallel()
	w := newWorld(t, false, nil)
	p := alert.Plan{Close: alert.Closing{After: time.Hour}}
	w.report(12, "disk", "a", withPlan(p))
	w.work(0)
	w.report(12, "disk", "a", resolvedWith(p))
	w.pass(50 * time.Minute)
	w.report(12, "disk", "a", withPlan(p)) // cancels the closing
	w.pass(50 * time.Minute)
	w.report(12, "disk", "a", resolvedWith(p))
	w.pass(59 * time.Minute)
	if w.sim.Tickets()[0].Closed {
		t.Fatal("closed too early")
	}
	w.pass(2 * time.Minute)
	if !w.sim.Tickets()[0].Closed || len(w.sim.Tickets()) != 1 {
		t.Error("not closed after an hour")
	}
}

func TestTouchedTicketIsLeftToThePerson(t *testing.T) {
	t.Parallel()
	for name, touch := range map[string]func(*world, int){
		"a note":        func(w *world, id int) { w.techNote(id) },
		"a status":      func(w *world, id int) { w.technician("/Tickets", fmt.Sprintf(`[{"id":%d,"status_id":2}]`, id)) },
		"an assignment": func(w *world, id int) { w.technician("/Tickets", fmt.Sprintf(`[{"id":%d,"agent_id":3}]`, id)) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, false, nil)
			first := w.report(12, "disk", "a", nil)
			w.work(0)
			id := w.sim.Tickets()[0].ID
			touch(w, id)
			w.report(12, "disk", "a", resolved)
			w.work(0)
			texts := w.noteTexts(id)
			if w.sim.Tickets()[0].Closed || len(texts) != 1 || !strings.Contains(texts[0], "All clear") || !strings.Contains(texts[0], "somebody has worked on it") {
				t.Fatalf("closed %v, notes %q; want open with one that says that all is over", w.sim.Tickets()[0].Closed, texts)
			}
			before := w.sim.Stats().Total
			w.pass(time.Hour)
			if calls := w.sim.Stats().Total - before; calls != 0 {
				t.Errorf("%d calls in an hour without news", calls)
			}
			again := w.report(12, "disk", "a", nil)
			w.work(0)
			if w.ticket(again).ID != w.ticket(first).ID || len(w.noteTexts(id)) != 2 || len(w.sim.Tickets()) != 1 {
				t.Error("the repeat is not a note on the same ticket")
			}
		})
	}
	t.Run("unless the plan closes it anyway", func(t *testing.T) {
		w := newWorld(t, false, nil)
		p := alert.Plan{Close: alert.Closing{Touched: true}}
		w.report(12, "disk", "a", withPlan(p))
		w.work(0)
		w.techNote(w.sim.Tickets()[0].ID)
		w.report(12, "disk", "a", resolvedWith(p))
		w.work(0)
		if !w.sim.Tickets()[0].Closed {
			t.Error("it stays open")
		}
	})
}

// A Halo that does not let us read actions still gets its tickets closed.
func TestClosingWithoutActions(t *testing.T) {
	t.Parallel()
	for _, fault := range []halosim.Fault{{Kind: "status", Status: 403}, {Kind: "status", Status: 404}, {Kind: "status", Status: 200, Body: "html"}} {
		w := newWorld(t, false, nil)
		w.report(12, "disk", "a", nil)
		w.work(0)
		fault.Method, fault.Path = "GET", "/api/Actions"
		w.inject(fault)
		w.report(12, "disk", "a", resolved)
		w.work(0)
		if !w.sim.Tickets()[0].Closed {
			t.Errorf("with %+v for the actions it stays open", fault)
		}
	}
}

func TestClosingIsForPeople(t *testing.T) {
	t.Parallel()
	for _, mode := range []alert.NoteMode{alert.NoteAlways, alert.NoteNever} {
		w := newWorld(t, false, nil)
		p := alert.Plan{Close: alert.Closing{Never: true}, Notes: alert.NotePolicy{Mode: mode}}
		w.report(12, "disk", "a", withPlan(p))
		w.work(0)
		w.report(12, "disk", "a", resolvedWith(p))
		w.pass(time.Hour)
		texts := w.noteTexts(w.sim.Tickets()[0].ID)
		if w.sim.Tickets()[0].Closed || len(texts) != 1 || !strings.Contains(texts[0], "All clear") {
			t.Errorf("mode %q: closed %v, notes %q; want open, and one note that all is over", mode, w.sim.Tickets()[0].Closed, texts)
		}
	}
}

// Notes that wait are told before the closing, whatever their rhythm; with
// "never" the closing says it all.
func TestClosingTellsWhatWaits(t *testing.T) {
	t.Parallel()
	for mode, want := range map[alert.NoteMode]int{alert.NoteAlways: 1, alert.NoteNever: 0} {
		w := newWorld(t, false, nil)
		p := alert.Plan{Notes: alert.NotePolicy{Mode: mode, Every: 24 * time.Hour}}
		w.report(12, "disk", "a", withPlan(p))
		w.work(0)
		w.report(12, "disk", "b", withPlan(p))
		w.pass(time.Minute)
		w.report(12, "disk", "a", resolvedWith(p))
		w.report(12, "disk", "b", resolvedWith(p))
		w.pass(time.Minute)
		if got := w.sim.Tickets()[0]; !got.Closed || len(w.notes(got.ID)) != want {
			t.Errorf("mode %q: closed %v, %d notes; want closed and %d", mode, got.Closed, len(w.notes(got.ID)), want)
		}
	}
}

// closedByUs is a world with one ticket that halert has closed.
func closedByUs(t *testing.T, p alert.Plan) (*world, int) {
	t.Helper()
	w := newWorld(t, false, nil)
	w.report(12, "disk", "a", withPlan(p))
	w.work(0)
	w.report(12, "disk", "a", resolvedWith(p))
	w.work(0)
	if got := w.sim.Tickets()[0]; !got.Closed || !strings.Contains(got.ClosureNote, "opened again") {
		t.Fatalf("closed %v with %q", got.Closed, got.ClosureNote)
	}
	return w, w.sim.Tickets()[0].ID
}

func TestReopened(t *testing.T) {
	t.Parallel()
	p := alert.Plan{Reopen: alert.Reopening{Within: 24 * time.Hour}}
	t.Run("with a note", func(t *testing.T) {
		w, id := closedByUs(t, p)
		w.pass(time.Hour)
		w.report(12, "disk", "a", withPlan(p))
		w.work(0)
		if got := w.sim.Tickets(); len(got) != 1 || got[0].Closed || got[0].StatusID != 1 || len(w.notes(id)) != 2 {
			t.Fatalf("%d tickets, closed %v, status %d, %d notes; want one open in status 1 with a second note", len(got), got[0].Closed, got[0].StatusID, len(w.notes(id)))
		}
		w.report(12, "disk", "a", resolvedWith(p)) // and over once more: nobody touched it
		w.work(0)
		if !w.sim.Tickets()[0].Closed {
			t.Error("it is not closed the second time")
		}
	})
	t.Run("while a person closes it", func(t *testing.T) {
		w := newWorld(t, false, nil)
		w.report(12, "disk", "a", withPlan(p))
		w.work(0)
		if err := w.sim.CloseTicket(w.sim.Tickets()[0].ID); err != nil {
			t.Fatal(err)
		}
		w.report(12, "disk", "a", withPlan(p))
		w.work(0)
		if got := w.sim.Tickets(); len(got) != 1 || got[0].Closed {
			t.Errorf("%d tickets, closed %v; want one that is open again", len(got), got[0].Closed)
		}
	})
}

func TestNotReopened(t *testing.T) {
	t.Parallel()
	p := alert.Plan{Reopen: alert.Reopening{Within: 24 * time.Hour}}
	for name, change := range map[string]func(*world, int, *alert.Plan){
		"too late":         func(w *world, _ int, _ *alert.Plan) { w.pass(25 * time.Hour) },
		"closed for good":  func(_ *world, _ int, p *alert.Plan) { p.Reopen.Not = []int{8, 9} },
		"no such status":   func(_ *world, _ int, p *alert.Plan) { p.Reopen.Status = 4711 },
		"a closing status": func(_ *world, _ int, p *alert.Plan) { p.Reopen.Status = 9 },
		"deleted": func(w *world, id int, _ *alert.Plan) {
			if err := w.sim.DeleteTicket(id); err != nil {
				w.t.Fatal(err)
			}
		},
	} {
		t.Run("not: "+name, func(t *testing.T) {
			w, id := closedByUs(t, p)
			q := p
			change(w, id, &q)
			again := w.report(12, "disk", "a", withPlan(q))
			w.work(0)
			got := w.ticket(again)
			if len(w.sim.Tickets()) != 2 || got.HaloID == id || got.HaloID == 0 || got.PreviousID != id {
				t.Errorf("Halo has %d tickets, the repeat is on %d after %d; want a new one that follows", len(w.sim.Tickets()), got.HaloID, got.PreviousID)
			}
		})
	}
}

func TestQuietUntilResolved(t *testing.T) {
	t.Parallel()
	p := alert.Plan{Reopen: alert.Reopening{Quiet: true}}
	w := newWorld(t, false, nil)
	w.report(12, "disk", "a", withPlan(p))
	w.work(0)
	if err := w.sim.CloseTicket(w.sim.Tickets()[0].ID); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		w.report(12, "disk", "a", withPlan(p))
		w.pass(time.Hour)
	}
	if n := len(w.sim.Tickets()); n != 1 {
		t.Fatalf("%d tickets, want no new one", n)
	}
	w.report(12, "disk", "a", resolvedWith(p))
	w.report(12, "disk", "a", withPlan(p))
	w.work(0)
	if n := len(w.sim.Tickets()); n != 2 {
		t.Errorf("%d tickets after it was over in between, want 2", n)
	}
}

// look has the deliverer look around in Halo n times, as often as it may.
func (w *world) look(n int) {
	w.t.Helper()
	for range n {
		w.advance(watchEvery)
		if err := w.d.lookAround(w.t.Context()); err != nil {
			w.t.Fatal(err)
		}
		w.work(0)
	}
}

func TestWatchNoticesWhatPeopleDo(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		act  func(*halosim.Sim, int) error
		want store.TicketState
	}{
		"closed":  {(*halosim.Sim).CloseTicket, store.TicketClosed},
		"deleted": {(*halosim.Sim).DeleteTicket, store.TicketClosed},
		"nothing": {func(*halosim.Sim, int) error { return nil }, store.TicketOpen},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, false, nil)
			id := w.report(12, "disk", "a", nil)
			w.report(12, "other", "b", nil)
			w.work(0)
			before := w.sim.Stats().Total
			w.look(2)
			if calls := w.sim.Stats().Total - before; calls != 2 {
				t.Errorf("two looks without a change cost %d calls", calls)
			}
			if err := tt.act(w.sim, w.ticket(id).HaloID); err != nil {
				t.Fatal(err)
			}
			w.look(2)
			if got := w.ticket(id); got.State != tt.want || got.Delivery != store.Completed {
				t.Errorf("ours is %s, %s; want %s", got.State, got.Delivery, tt.want)
			}
		})
	}
}

func TestWatchNoticesAReopenedTicket(t *testing.T) {
	t.Parallel()
	w := newWorld(t, false, nil)
	id := w.report(12, "disk", "a", nil)
	w.report(12, "other", "b", nil)
	w.work(0)
	w.report(12, "disk", "a", resolved)
	w.work(0)
	haloID := w.ticket(id).HaloID
	w.look(2)
	if err := w.sim.ReopenTicket(haloID); err != nil {
		t.Fatal(err)
	}
	w.look(2)
	if got := w.ticket(id); got.State != store.TicketOpen {
		t.Fatalf("ours is %s, want open", got.State)
	}
	again := w.report(12, "disk", "a", nil)
	w.work(0)
	if got := w.ticket(again); got.HaloID != haloID || len(w.sim.Tickets()) != 2 {
		t.Errorf("the repeat is on Halo's %d, want %d", got.HaloID, haloID)
	}
}

func TestWatchIsSparing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, false, func(s *Settings) { s.RateLimit = 10 })
	w.look(1)
	if n := w.sim.Stats().Total; n != 0 {
		t.Errorf("%d calls while no ticket is open", n)
	}
	w.report(12, "disk", "a", nil)
	w.work(0)
	before := w.sim.Stats().Total
	w.advance(watchEvery)
	for range 5 { // twice in five minutes is once
		if err := w.d.lookAround(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if calls := w.sim.Stats().Total - before; calls != 1 {
		t.Errorf("%d calls, want 1", calls)
	}
	w.advance(watchEvery)
	for range 6 {
		if err := w.d.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	before = w.sim.Stats().Total
	if err := w.d.lookAround(t.Context()); err != nil || w.sim.Stats().Total != before {
		t.Errorf("a look while more than half of the budget is used: %d calls, %v", w.sim.Stats().Total-before, err)
	}
}
