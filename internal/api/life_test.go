package api

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/halert/halert/internal/alert"
	"github.com/halert/halert/internal/store"
)

// What a ticket's policies have led to is said in words.
func TestExplainTheLifeOfATicket(t *testing.T) {
	noon := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	quiet := alert.Plan{Reopen: alert.Reopening{Quiet: true}}
	for _, tt := range []struct {
		name   string
		ticket store.Ticket
		want   string
	}{
		{"waits for its note", store.Ticket{HaloID: 1, State: store.TicketOpen, Delivery: store.Scheduled, Life: store.Life{WaitsFor: store.WaitNote, WaitsUntil: noon}}, "waits until 2026-11-23T12:00:00Z, as its route says: the next note"},
		{"waits out its delay", store.Ticket{State: store.TicketPending, Delivery: store.Scheduled, Life: store.Life{WaitsFor: store.WaitDelay, WaitsUntil: noon}}, "the ticket is made then"},
		{"waits to be closed", store.Ticket{HaloID: 1, State: store.TicketOpen, Delivery: store.Scheduled, Life: store.Life{WaitsFor: store.WaitClose, WaitsUntil: noon}}, "it is closed then"},
		{"waits for Halo", store.Ticket{HaloID: 1, State: store.TicketOpen, Delivery: store.Scheduled, DueAt: noon}, "through no fault of its own"},
		{"was never made", store.Ticket{State: store.TicketClosed, Delivery: store.Completed}, "nothing is to be told"},
		{"is quiet", store.Ticket{HaloID: 1, State: store.TicketClosed, Delivery: store.Completed, Plan: quiet, Life: store.Life{ByPerson: true}}, "quiet: closed by a person in Halo"},
		{"was closed by a person", store.Ticket{HaloID: 1, State: store.TicketClosed, Delivery: store.Completed, Life: store.Life{ByPerson: true}}, "a person closed it in Halo"},
		{"comes back", store.Ticket{HaloID: 1, State: store.TicketOpen, Delivery: store.Available, Life: store.Life{WantReopen: true}}, "is to be opened again"},
		{"is left to a person", store.Ticket{HaloID: 1, State: store.TicketOpen, Delivery: store.Completed, Seq: 2, WantClosed: true, Life: store.Life{KeptSeq: 2}}, "stays open in Halo for a person"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := lifeSentence(tt.ticket, store.Alert{Status: alert.Firing}) + "\n" + deliverySentence(tt.ticket)
			if !strings.Contains(got, tt.want) {
				t.Errorf("got %q, want %q in it", got, tt.want)
			}
		})
	}
	ended := arrival(store.Alert{Reports: 1, Status: alert.Resolved, ResolvedAt: noon, ResolvedWhy: store.ReasonSilent}, "", Decision{})
	missed := arrival(store.Alert{Reports: 1, Missed: 1}, "", Decision{})
	if !strings.Contains(ended[0].Detail, store.ReasonSilent) || !strings.Contains(missed[0].Detail, "missing since then in 1 whole result set") {
		t.Errorf("got %q and %q", ended[0].Detail, missed[0].Detail)
	}
}

// What was decided about an alert is told, also where its ticket cannot say.
func TestExplainADecision(t *testing.T) {
	noon := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	d := viewDecision(store.Decision{
		Why:  store.Why{FoundBy: store.FoundByDomain, Name: "acme.example", Group: "alerts of the kind disk"},
		Plan: alert.Plan{Routes: []string{"all", "disks"}, Delay: time.Minute, Fields: alert.Fields{Team: &alert.Ref{Name: "Servers"}}},
	})
	a := store.Alert{Reports: 1, ClientID: 12, QuietReason: "silenced by jo: known", QuietUntil: noon}
	var got []string
	for _, step := range append(arrival(a, "Acme", d)[2:3], decided(a, d)...) {
		got = append(got, step.What+": "+step.Detail)
	}
	want := []string{
		"customer: Acme, Halo client 12, found by the tenant's domain acme.example",
		"routes: all, disks; set team Servers; delay 1m",
		"quiet: silenced by jo: known; it is looked at again 2026-11-23T12:00:00Z",
		"group: one ticket for alerts of the kind disk, of the same customer and source",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
	for by, want := range map[store.FoundBy]string{
		store.FoundByID: "the tenant's id", store.FoundByAlias: "which an earlier body showed", store.FoundByUnmapped: "belongs to nobody",
	} {
		if got := (Decision{FoundBy: string(by), TenantName: "n"}).found(); !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q in it", by, got, want)
		}
	}
	if early, late := joined(store.Alert{FirstAt: noon}, store.Ticket{CreatedAt: noon}), joined(store.Alert{FirstAt: noon}, store.Ticket{CreatedAt: noon.Add(-time.Hour)}); early != "made 2026-11-23T12:00:00Z" || !strings.Contains(late, "since 2026-11-23T11:00:00Z") {
		t.Errorf("%q and %q", early, late)
	}
}
