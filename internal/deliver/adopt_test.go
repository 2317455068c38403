package deliver

import (
	"strings"
	"testing"
	"time"

	"github.com/halert/halert/internal/alert"
	"github.com/halert/halert/internal/halo"
	"github.com/halert/halert/internal/halosim"
	"github.com/halert/halert/internal/store"
)

const formerTitle = "[CIPP] Alert - contoso.example - *All Tenants: Alert on admins without any form of MFA"

func adopting(s *Settings) { s.AdoptCIPP = true }

// fromCIPP gives a report the title that CIPP's own ticket has.
func fromCIPP(user alert.User) func(*store.Report) {
	return func(r *store.Report) {
		r.User, r.Event.Topic.FormerTitle, r.Event.Topic.FormerPerUser = user, formerTitle, true
		r.GroupKey = alert.GroupKey(*r.Customer, "cipp", r.Event.Topic.Kind, user.Key(), "")
	}
}

// post makes a ticket in Halo as CIPP does.
func (w *world) post(client int, summary, thirdParty string) int {
	w.t.Helper()
	made, err := w.d.target.Load().halo.CreateTicket(w.t.Context(), halo.NewTicket{
		Summary: summary, DetailsHTML: "<p>CIPP's own words</p>", ClientID: client, TicketTypeID: 21, ThirdPartyID: thirdParty})
	if err != nil {
		w.t.Fatal(err)
	}
	return made.ID
}

func TestCIPPsOwnTicketIsTakenOver(t *testing.T) {
	adele := alert.User{UPN: "adele@contoso.example", Name: "Adele Vance"}
	for name, tt := range map[string]struct {
		summary, thirdParty string
		user                alert.User
		legacy              bool
	}{
		"the same title":                    {summary: formerTitle},
		"other case and white space":        {summary: strings.ToUpper(strings.ReplaceAll(formerTitle, " - ", "  -\t"))},
		"split by user":                     {summary: formerTitle + " - Adele Vance (adele@contoso.example)", user: adele},
		"with somebody else's third party":  {summary: formerTitle, thirdParty: "RMM-7"},
		"in a Halo that ignores the filter": {summary: formerTitle, legacy: true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, tt.legacy, adopting)
			w.post(15, formerTitle, "another client's")
			id := w.post(12, tt.summary, tt.thirdParty)
			event := w.report(12, "mfa", "adele", fromCIPP(tt.user))
			w.work(time.Minute)
			ours := w.ticket(event)
			if ours.HaloID != id || ours.State != store.TicketOpen || ours.Delivery != store.Completed || len(w.sim.Tickets()) != 2 {
				t.Fatalf("ours is %s %s in Halo's %d of %d tickets, want in %d of 2", ours.State, ours.Delivery, ours.HaloID, len(w.sim.Tickets()), id)
			}
			notes := w.notes(id)
			if len(notes) != 1 || !strings.Contains(notes[0].NoteHTML, ours.Reference) || !strings.Contains(notes[0].NoteHTML, "adele") {
				t.Errorf("notes %+v, want one with our body and reference", notes)
			}
			want := tt.thirdParty
			if want == "" {
				want = ours.Reference
			}
			for _, got := range w.sim.Tickets() {
				if got.ID == id && got.ThirdPartyIDString != want {
					t.Errorf("third party id %q, want %q", got.ThirdPartyIDString, want)
				}
			}
			w.report(12, "mfa", "alex", fromCIPP(tt.user))
			w.work(time.Minute)
			if n := len(w.notes(id)); n != 2 || len(w.sim.Tickets()) != 2 {
				t.Errorf("a repeat: %d notes, %d tickets; want 2 and 2", n, len(w.sim.Tickets()))
			}
			history, err := w.store.Attempts(t.Context(), ours.ID)
			if err != nil || len(history) != 3 || history[2].Call != store.CallAdopt {
				t.Errorf("history %+v, %v; want adopt and two notes", history, err)
			}
		})
	}
}

func TestWhatIsNotCIPPsOwnTicketStays(t *testing.T) {
	adele := alert.User{UPN: "adele@contoso.example", Name: "Adele Vance"}
	for name, tt := range map[string]struct {
		summary string
		client  int
		user    alert.User
		end     func(*halosim.Sim, int) error
	}{
		"closed":               {summary: formerTitle, client: 12, end: (*halosim.Sim).CloseTicket},
		"deleted":              {summary: formerTitle, client: 12, end: (*halosim.Sim).DeleteTicket},
		"of another client":    {summary: formerTitle, client: 15},
		"a longer title":       {summary: formerTitle + " again", client: 12},
		"no mark of CIPP's":    {summary: strings.TrimPrefix(formerTitle, "[CIPP] "), client: 12},
		"of another user":      {summary: formerTitle + " - Alex (alex@contoso.example)", client: 12, user: adele},
		"of all users":         {summary: formerTitle, client: 12, user: adele},
		"of one user, for all": {summary: formerTitle + " - Adele Vance (adele@contoso.example)", client: 12},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, false, adopting)
			id := w.post(tt.client, tt.summary, "")
			if tt.end != nil {
				if err := tt.end(w.sim, id); err != nil {
					t.Fatal(err)
				}
			}
			event := w.report(12, "mfa", "adele", fromCIPP(tt.user))
			w.work(time.Minute)
			if got := w.ticket(event); got.HaloID == id || got.HaloID == 0 || len(w.notes(id)) != 0 {
				t.Errorf("ours is in Halo's %d, with %d notes on %d; want a ticket of its own", got.HaloID, len(w.notes(id)), id)
			}
		})
	}
}

func TestOneTicketOfCIPPsIsTakenOverOnce(t *testing.T) {
	w := newWorld(t, false, adopting)
	id := w.post(12, formerTitle, "")
	first := w.report(12, "mfa", "adele", fromCIPP(alert.User{}))
	w.work(time.Minute)
	second := w.report(12, "other", "adele", fromCIPP(alert.User{}))
	w.work(time.Minute)
	if a, b := w.ticket(first).HaloID, w.ticket(second).HaloID; a != id || b == id || b == 0 {
		t.Errorf("in Halo's %d and %d; want %d and a new one", a, b, id)
	}
}

func TestAdoptionCostsOneListCallAndNothingWithoutTheSwitch(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*Settings)
		title  string
		want   int
	}{
		"on": {adopting, formerTitle, 2}, "off": {nil, formerTitle, 1}, "no title of CIPP's": {adopting, "", 1},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, false, tt.change)
			w.report(12, "first", "x", nil)
			w.work(time.Minute) // token and look-ups
			before := w.sim.Stats().Total
			w.report(12, "mfa", "adele", func(r *store.Report) { r.Event.Topic.FormerTitle = tt.title })
			w.work(time.Minute)
			if calls := w.sim.Stats().Total - before; calls != tt.want {
				t.Errorf("a create cost %d calls, want %d", calls, tt.want)
			}
		})
	}
}

func TestFormerTicketIsSoughtOnce(t *testing.T) {
	w := newWorld(t, false, adopting)
	w.report(12, "first", "x", nil)
	w.work(time.Minute) // token and look-ups
	fault := w.inject(halosim.Fault{Kind: "status", Status: 400, Body: "string", Message: "no", Operation: "create"})
	event := w.report(12, "mfa", "adele", fromCIPP(alert.User{}))
	w.work(time.Minute)
	w.sim.Remove(fault)
	before := w.sim.Stats().Total
	if err := w.store.Replay(t.Context(), w.ticket(event).ID, w.now()); err != nil {
		t.Fatal(err)
	}
	w.work(time.Minute)
	if calls := w.sim.Stats().Total - before; calls != 1 || w.ticket(event).HaloID == 0 {
		t.Errorf("the replay cost %d calls, want the create alone", calls)
	}
}

// The answer to the first note is lost: it is looked up, not said twice.
func TestAdoptionWithALostAnswer(t *testing.T) {
	for name, f := range map[string]halosim.Fault{
		"of the note":    {Kind: "created-then-dropped", Operation: "note", Count: 1},
		"of the update":  {Kind: "created-then-dropped", Operation: "update", Count: 1},
		"of the look-up": {Kind: "status", Status: 500, Path: "/api/Tickets", Method: "GET", Count: 1},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, false, adopting)
			id := w.post(12, formerTitle, "")
			w.inject(f)
			event := w.report(12, "mfa", "adele", fromCIPP(alert.User{}))
			w.work(2 * time.Minute)
			if got := w.ticket(event); got.HaloID != id || got.Delivery != store.Completed || len(w.notes(id)) != 1 || len(w.sim.Tickets()) != 1 {
				t.Errorf("%s in Halo's %d, %d notes, %d tickets; want one note on the one", got.Delivery, got.HaloID, len(w.notes(id)), len(w.sim.Tickets()))
			}
		})
	}
}
