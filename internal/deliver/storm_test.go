package deliver

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/halert/halert/internal/alert"
	"github.com/halert/halert/internal/halosim"
	"github.com/halert/halert/internal/store"
)

// braked lets the client have one ticket in ten minutes.
func braked(r *store.Report) { r.Brake = store.Brake{Tickets: 1, Within: 10 * time.Minute} }

func brakedAnd(change func(*store.Report)) func(*store.Report) {
	return func(r *store.Report) { braked(r); change(r) }
}

// stormy is a world with a ticket of kind "first" and a storm ticket with kind
// "a", both in Halo.
func stormy(t *testing.T, change func(*Settings)) (w *world, event string, haloID int) {
	t.Helper()
	w = newWorld(t, false, change)
	w.report(12, "first", "x", braked)
	event = w.report(12, "a", "ann", braked)
	w.work(0)
	return w, event, w.ticket(event).HaloID
}

func (w *world) text(haloID int) string {
	w.t.Helper()
	all := w.sim.Tickets()
	i := slices.IndexFunc(all, func(v halosim.TicketView) bool { return v.ID == haloID })
	if i < 0 {
		w.t.Fatalf("Halo has no ticket %d", haloID)
	}
	return all[i].DetailsHTML
}

func TestStormListIsKeptCurrent(t *testing.T) {
	t.Parallel()
	w, event, id := stormy(t, nil)
	reference := w.ticket(event).Reference
	if text := w.text(id); !strings.Contains(text, ">ann<") || !strings.Contains(text, reference) {
		t.Fatalf("the storm ticket says %s", text)
	}
	before := w.sim.Stats()
	for i := range 30 {
		w.report(12, fmt.Sprintf("kind %d", i), fmt.Sprint("who-", i), braked)
		w.pass(time.Second)
	}
	if strings.Contains(w.text(id), "who-") {
		t.Error("the list is written more than once a minute")
	}
	w.pass(time.Minute)
	text := w.text(id)
	if !strings.Contains(text, ">who-0<") || !strings.Contains(text, ">who-29<") || !strings.Contains(text, reference) {
		t.Errorf("after a minute the storm ticket says %s", text)
	}
	if len(w.sim.Tickets()) != 2 || len(w.notes(id)) != 0 {
		t.Errorf("Halo has %d tickets, and %d notes on the storm ticket; want 2 and none", len(w.sim.Tickets()), len(w.notes(id)))
	}
	updates := w.sim.Stats().TicketsCreated - before.TicketsCreated
	if updates != 0 {
		t.Errorf("%d tickets were made", updates)
	}
	if e := w.ticket(event); e.ShownSeq != e.Seq {
		t.Errorf("Halo shows %d of %d reports", e.ShownSeq, e.Seq)
	}
}

func TestStormIsOverWithOneNote(t *testing.T) {
	t.Parallel()
	w, event, id := stormy(t, nil)
	w.report(12, "b", "bob", braked)
	w.pass(9 * time.Minute)
	if got := w.ticket(event); len(w.notes(id)) != 0 || got.WaitsFor != store.WaitStorm || got.Delivery != store.Scheduled {
		t.Fatalf("%d notes, the ticket is %s and waits for %q", len(w.notes(id)), got.Delivery, got.WaitsFor)
	}
	w.pass(2 * time.Minute)
	w.pass(time.Hour)
	notes := w.noteTexts(id)
	if len(notes) != 1 || !strings.Contains(notes[0], "The storm is over:") || !strings.Contains(notes[0], "2 findings of 2 kinds open") {
		t.Fatalf("the notes are %q", notes)
	}
	if got := w.ticket(event); got.Delivery != store.Completed {
		t.Errorf("the delivery is %s", got.Delivery)
	}
	own := w.report(12, "c", "cy", braked)
	w.report(12, "a", "ann", brakedAnd(resolved))
	w.pass(2 * time.Minute)
	if w.ticket(own).HaloID == id || len(w.notes(id)) != 1 || strings.Contains(w.text(id), ">ann<") {
		t.Errorf("after the storm: a new kind on %d, %d notes, and the list is %s", w.ticket(own).HaloID, len(w.notes(id)), w.text(id))
	}
}

func TestStormClosesWhenAllIsOver(t *testing.T) {
	t.Parallel()
	for _, touched := range []bool{false, true} {
		w, event, id := stormy(t, nil)
		w.report(12, "b", "bob", braked)
		w.pass(2 * time.Minute)
		if touched {
			w.techNote(id)
		}
		w.report(12, "a", "ann", brakedAnd(resolved))
		w.report(12, "b", "bob", brakedAnd(resolved))
		w.pass(time.Minute)
		notes, text := w.noteTexts(id), w.text(id)
		if strings.Contains(text, ">bob<") {
			t.Errorf("touched %v: the list names what is over: %s", touched, text)
		}
		if got := w.ticket(event).State; (got == store.TicketClosed) == touched {
			t.Errorf("touched %v: the ticket is %s", touched, got)
		}
		if kept := slices.ContainsFunc(notes, func(n string) bool { return strings.Contains(n, keptForPerson) }); kept != touched {
			t.Errorf("touched %v: the notes are %q", touched, notes)
		}
	}
}

// Answers that are lost lead to no second note and no lost list.
func TestStormWithLostAnswers(t *testing.T) {
	t.Parallel()
	w, event, id := stormy(t, nil)
	w.report(12, "b", "bob", braked)
	fault := w.inject(halosim.Fault{Kind: halosim.KindStatus, Status: 503, Method: "POST", Path: "/api/Tickets"})
	w.pass(2 * time.Minute)
	if got := w.ticket(event); got.Delivery != store.Retryable || strings.Contains(w.text(id), ">bob<") {
		t.Fatalf("the delivery is %s while Halo refuses the list", got.Delivery)
	}
	w.sim.Remove(fault)
	w.pass(3 * time.Minute)
	if !strings.Contains(w.text(id), ">bob<") {
		t.Error("the list was not written later")
	}
	fault = w.inject(halosim.Fault{Kind: halosim.KindCreatedDropped, Operation: "note", Count: 1})
	w.pass(20 * time.Minute)
	w.sim.Remove(fault)
	if notes := w.noteTexts(id); len(notes) != 1 {
		t.Errorf("the notes are %q", notes)
	}
	if got := w.ticket(event); !got.Storm.Told || got.Delivery != store.Completed {
		t.Errorf("the ticket is %+v", got.Life)
	}
}

// A storm ticket that a technician closed is followed by another one when
// something on it is reported again.
func TestClosedStormIsFollowed(t *testing.T) {
	t.Parallel()
	w, _, id := stormy(t, nil)
	w.pass(time.Minute)
	w.technician("/Tickets", fmt.Sprintf(`[{"id":%d,"status_id":9}]`, id))
	again := w.report(12, "a", "ann", braked)
	w.pass(time.Minute)
	next := w.ticket(again)
	if next.HaloID == id || next.HaloID == 0 || !next.Storm.Is() || !strings.Contains(w.text(next.HaloID), ">ann<") {
		t.Errorf("the repeat is on %+v", next)
	}
}

// Alerts of several kinds on one ticket: a section for each, a subject for
// all, notes that name them, and a lost create that is found again.
func TestTicketOfSeveralKinds(t *testing.T) {
	t.Parallel()
	who := alert.User{UPN: "ann@harbour.example", Name: "Ann Lee"}
	c := alert.Customer{ClientID: 12}
	shared := func(title string) func(*store.Report) {
		return func(r *store.Report) {
			r.GroupKey = alert.GroupKey(c, "cipp", "by user", who.Key(), "")
			r.Event.Topic.Title, r.Event.Topic.What, r.Event.Finding.User = title, "What is wrong with "+title, who
		}
	}
	w := newWorld(t, true, nil)
	w.report(12, "ip", "1", shared("Bad address"))
	event := w.report(12, "location", "2", shared("New country"))
	fault := w.inject(halosim.Fault{Kind: halosim.KindCreatedDropped, Operation: "create", Count: 1})
	w.work(0)
	w.report(12, "rule", "3", shared("Inbox rule"))
	w.pass(5 * time.Minute)
	w.sim.Remove(fault)
	v := w.exactlyOne(event)
	if v.Summary != "2 alerts about Ann Lee - Client 12" || !strings.Contains(v.DetailsHTML, "<b>Bad address</b>") || !strings.Contains(v.DetailsHTML, "What is wrong with New country") {
		t.Errorf("the ticket is %q: %s", v.Summary, v.DetailsHTML)
	}
	if notes := w.noteTexts(v.ID); len(notes) != 1 || !strings.Contains(notes[0], "<b>Inbox rule</b>") {
		t.Errorf("the notes are %q", notes)
	}
	w.report(12, "ip", "1", func(r *store.Report) { shared("Bad address")(r); resolved(r) })
	w.pass(time.Minute)
	if notes := w.noteTexts(v.ID); len(notes) != 2 || !strings.Contains(notes[1], "Bad address: 1 - Ann Lee") {
		t.Errorf("the notes are %q", notes)
	}
}
