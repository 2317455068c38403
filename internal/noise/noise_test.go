package noise_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/halert/halert/internal/noise"
	"github.com/halert/halert/internal/synth"
)

// most is how many tickets an incident may cost.
const most = 1.05

// TestShortMonth plays three days of eight tenants, with an onboarding, an
// outage of Halo and lost answers; and two days of three tenants with the
// routes that the documentation begins with.
func TestShortMonth(t *testing.T) {
	routes, err := os.ReadFile("../../docs/examples/routes.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		synth.Options
		rules string
		least int // incidents
		late  int // of them: so short a month has Halo's outage on the day of the newcomer
	}{
		"defaults": {synth.Options{Days: 3, Tenants: 8}, "", 50, 0},
		"routes":   {synth.Options{Days: 2, Tenants: 3}, string(routes), 40, 30},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := synth.New(tt.Options)
			if err != nil {
				t.Fatal(err)
			}
			got, err := noise.Play(t.Context(), m, tt.rules, t.TempDir(), nil)
			if err != nil {
				t.Fatal(err)
			}
			if got.Quarantined > 0 || got.Discarded > 0 {
				t.Errorf("%d bodies were not understood, %d deliveries refused", got.Quarantined, got.Discarded)
			}
			c := noise.Compare(m, noise.Named{Name: name, Result: got})
			var b strings.Builder
			all := noise.Judge(m, got.Tickets, func(synth.Incident) bool { return true })
			if all.Incidents < tt.least || all.Missed > 0 || all.WrongClient > 0 || all.Stray > 0 || all.Late > tt.late || all.PerIncident > most {
				if err := c.WriteDoubled(&b); err != nil {
					t.Fatal(err)
				}
				t.Errorf("%+v\n%s", all, b.String())
			}
			b.Reset()
			if err := c.Write(&b); err != nil || strings.Count(b.String(), "\n|") < 14 || !strings.Contains(b.String(), name+", Alertmanager |") {
				t.Errorf("the table is %q, %v", b.String(), err)
			}
		})
	}
}

// TestJudge counts by hand.
func TestJudge(t *testing.T) {
	start := time.Date(2026, time.March, 2, 0, 0, 0, 0, time.UTC)
	hour := func(n int) time.Time { return start.Add(time.Duration(n) * time.Hour) }
	m := &synth.Month{
		Tenants: []synth.Tenant{{ID: "a", Client: 12}, {ID: "b", Client: 14, Mapped: hour(20)}},
		Incidents: []synth.Incident{
			{ID: 0, Tenant: "a", Client: 12, Kind: "one", From: hour(1), Ending: synth.EndFixed},
			{ID: 1, Tenant: "a", Client: 12, Kind: "two", From: hour(5)},
			{ID: 2, Tenant: "b", Client: 14, Kind: "one", From: hour(5)},
			{ID: 3, Kind: "standards", From: hour(5)},
		},
	}
	ticket := func(client, opened, notes int, about ...int) noise.Ticket {
		return noise.Ticket{Client: client, Opened: hour(opened), Notes: notes, About: about}
	}
	for _, tt := range []struct {
		name    string
		tickets []noise.Ticket
		want    noise.Score
	}{
		{"nothing", nil, noise.Score{Incidents: 3, Missed: 3}},
		{"one each", []noise.Ticket{ticket(12, 1, 2, 0), ticket(12, 5, 0, 1), ticket(14, 20, 0, 2), ticket(1, 5, 0, 3)},
			noise.Score{Incidents: 3, Tickets: 3, PerIncident: 1, Notes: 2, Stale: 1}},
		{"two for one, and a late one", []noise.Ticket{ticket(12, 3, 0, 0), ticket(12, 4, 0, 0)},
			noise.Score{Incidents: 3, Missed: 2, Tickets: 2, PerIncident: 2, Doubled: 1, Late: 1, Stale: 2}},
		{"one for two", []noise.Ticket{ticket(12, 1, 0, 0, 1)}, noise.Score{Incidents: 3, Missed: 1, Tickets: 1, PerIncident: 1, Shared: 1}},
		{"on another client", []noise.Ticket{ticket(12, 20, 0, 2)}, noise.Score{Incidents: 3, Missed: 3, Tickets: 1, WrongClient: 1}},
		{"about nothing", []noise.Ticket{ticket(12, 1, 0, 0), ticket(12, 1, 0)},
			noise.Score{Incidents: 3, Missed: 2, Tickets: 2, Stray: 1, PerIncident: 2, Stale: 2}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, noise.Judge(m, tt.tickets, func(synth.Incident) bool { return true })); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
