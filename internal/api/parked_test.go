package api_test

import (
	"strings"
	"testing"

	"github.com/halert/halert/internal/alert"
	"github.com/halert/halert/internal/api/apitest"
	"github.com/halert/halert/internal/store"
)

// TestParkedConflicts: what a delivery's state forbids is 409 with a code that
// says which state, and the operator's way out.
func TestParkedConflicts(t *testing.T) {
	w := apitest.New(t, start())
	deliveryOf := func(event string) string {
		return getJSON[struct{ Deliveries []struct{ ID string } }](t, w, "/api/v1/events/"+event).Deliveries[0].ID
	}
	refused := w.Accept(`{"title":"Disk refused","tenant":"acme.example","severity":"error"}`)
	w.Process()
	w.Deliver()
	parked := deliveryOf(refused)
	open := w.Accept(`{"title":"Disk full","tenant":"acme.example","severity":"error"}`)
	w.Process()
	w.Deliver()
	inHalo := deliveryOf(open)
	busyEvent := w.Accept(`{"title":"Fan stopped","tenant":"acme.example","severity":"error"}`)
	w.Process()
	w.Claim()
	busy := deliveryOf(busyEvent)

	const move = `{"client_id":14}`
	for _, c := range []struct{ name, method, path, body, code, says string }{
		{"edit in Halo", "PATCH", inHalo, move, "already_in_halo", "change it there"},
		{"cancel with nothing left", "POST", inHalo + "/cancel", "", "completed", "close the ticket in Halo"},
		{"edit under way", "PATCH", busy, move, "being_delivered", "half a minute"},
		{"cancel under way", "POST", busy + "/cancel", "", "being_delivered", "half a minute"},
	} {
		status, header, body := call(t, w, c.method, "/api/v1/deliveries/"+c.path, c.body)
		wantProblem(t, c.name, status, header, body, 409, c.code)
		if !strings.Contains(string(body), c.says) {
			t.Errorf("%s: %s", c.name, body)
		}
	}
	if status, _, body := call(t, w, "POST", "/api/v1/deliveries/"+parked+"/cancel", ""); status != 200 || !strings.Contains(string(body), `"state":"cancelled"`) {
		t.Errorf("cancel: %d %s", status, body)
	}
	for _, c := range []struct{ method, path, body string }{
		{"PATCH", parked, move}, {"POST", parked + "/cancel", ""}, {"POST", parked + "/replay", ""},
	} {
		status, header, body := call(t, w, c.method, "/api/v1/deliveries/"+c.path, c.body)
		wantProblem(t, c.method+" "+c.path, status, header, body, 409, "closed")
	}
	if _, _, body := call(t, w, "POST", "/api/v1/deliveries/replay", `{"state":"cancelled"}`); strings.TrimSpace(string(body)) != `{"replayed":0}` {
		t.Errorf("replaying all that are cancelled: %s", body)
	}
}

// TestEditOntoAnOccupiedClient: the answer names the ticket that is in the way.
func TestEditOntoAnOccupiedClient(t *testing.T) {
	w := apitest.New(t, start())
	park := func() (id, ticket string) {
		w.Accept(`{"title":"Disk refused","tenant":"acme.example","severity":"error"}`)
		w.Process()
		w.Deliver()
		d := getJSON[struct {
			Items []struct {
				ID       string
				TicketID string `json:"ticket_id"`
			}
		}](t, w, "/api/v1/deliveries?state=discarded").Items[0]
		return d.ID, d.TicketID
	}
	first, ticket := park()
	edit := func(id, body string) (int, string) {
		status, _, answer := call(t, w, "PATCH", "/api/v1/deliveries/"+id, body)
		return status, string(answer)
	}
	if status, answer := edit(first, `{"client_id":14,"site_id":31}`); status != 200 || !strings.Contains(answer, `"site_id":31`) {
		t.Fatalf("edit: %d %s", status, answer)
	}
	if again, _ := park(); again != first {
		t.Errorf("the next report made %s beside the moved %s", again, first)
	}
	// A ticket of the same matter at another client, as a second tenant makes it.
	customer := alert.Customer{ClientID: 15}
	report := store.Report{Source: "rmm", Tenant: "other.example", Customer: &customer, GroupKey: alert.GroupKey(customer, "rmm", "Disk refused", "", ""),
		Event: alert.Event{Action: alert.Trigger, Topic: alert.Topic{Kind: "Disk refused", Title: "Disk refused"}, Severity: alert.Error}}
	event := w.Accept(`{}`)
	if err := w.Store.Apply(t.Context(), []store.Outcome{{EventID: event, Status: store.EventProcessed, Reports: []store.Report{report}}}, w.Now()); err != nil {
		t.Fatal(err)
	}
	second := getJSON[struct{ Deliveries []struct{ ID string } }](t, w, "/api/v1/events/"+event).Deliveries[0].ID
	if status, answer := edit(second, `{"client_id":14,"site_id":31}`); status != 409 || !strings.Contains(answer, `"occupied"`) || !strings.Contains(answer, ticket) {
		t.Errorf("edit onto an occupied client: %d %s", status, answer)
	}
}

func TestStatsTellWhichLookUpsHaloHonours(t *testing.T) {
	w := apitest.New(t, start())
	no := false
	if err := w.Store.PutLookups(t.Context(), store.Lookups{Halo: "https://acme.example/api", Filter: &no, ProbedAt: w.Now()}, w.Now()); err != nil {
		t.Fatal(err)
	}
	_, _, body := call(t, w, "GET", "/api/v1/stats", "")
	if want := `"halo_lookups":{"listed":null,"by_id":null,"filter":false,"probed_at":"2026-03-02T08:30:00Z"}`; !strings.Contains(string(body), want) {
		t.Errorf("got %s, want %s in it", body, want)
	}
}
