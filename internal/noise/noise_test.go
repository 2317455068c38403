package noise_test

import (
	"fmt"
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
// outage of Halo and lost answers; and a day of two tenants with the routes
// that the documentation begins with.
func TestShortMonth(t *testing.T) {
	routes, err := os.ReadFile("../../docs/examples/routes.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		synth.Options
		rules string
		least int // incidents
	}{
		"defaults": {synth.Options{Days: 3, Tenants: 8}, "", 50},
		"routes":   {synth.Options{Days: 1, Tenants: 2}, string(routes), 30},
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
			if all.Incidents < tt.least || all.Missed > 0 || all.WrongClient > 0 || all.Stray > 0 || all.Late > 0 || all.PerIncident > most {
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

// TestFlap plays one server that is well for a quarter of an hour: two tickets
// with the defaults, and one with the routes, which is closed and opened again
// at times that the player has to find.
func TestFlap(t *testing.T) {
	routes, err := os.ReadFile("../../docs/examples/routes.yaml")
	if err != nil {
		t.Fatal(err)
	}
	start := time.Date(2026, time.March, 2, 8, 0, 0, 0, time.UTC)
	tenant := synth.Tenant{ID: "2d0f4c1e-7f53-4f4b-9b8e-1f0a5f9c0a01", Domain: "mill.example", Name: "Mill", Client: 1001, Joined: start, Mapped: start}
	m := &synth.Month{Start: start, End: start.Add(6 * time.Hour), Tenants: []synth.Tenant{tenant}}
	m.Incidents = []synth.Incident{{Tenant: tenant.ID, Client: tenant.Client, Kind: "prometheus DiskFull", From: start, Until: start.Add(2 * time.Hour), Words: []string{"MILL-FILE-1"}}}
	for _, b := range []struct {
		after  time.Duration
		status string
	}{{0, "firing"}, {20 * time.Minute, "resolved"}, {35 * time.Minute, "firing"}, {2 * time.Hour, "resolved"}} {
		m.Bodies = append(m.Bodies, synth.Body{Name: b.status, At: start.Add(b.after), Source: synth.SourceAlertmanager, JSON: fmt.Appendf(nil,
			`{"version":"4","status":%[1]q,"alerts":[{"status":%[1]q,"fingerprint":"0a1b","labels":{"alertname":"DiskFull","tenant":"mill.example","severity":"warning"},"annotations":{"summary":"MILL-FILE-1 is full"}}]}`, b.status)})
	}
	for rules, want := range map[string]int{"": 2, string(routes): 1} {
		got, err := noise.Play(t.Context(), m, rules, t.TempDir(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Tickets) != want || got.Tickets[want-1].Closed.IsZero() {
			t.Errorf("with %d bytes of routes: tickets %+v, want %d, the last one closed", len(rules), got.Tickets, want)
		}
		if wait := got.Tickets[want-1].Closed.Sub(start.Add(2 * time.Hour)); rules != "" && (wait < 10*time.Minute || wait > 11*time.Minute) {
			t.Errorf("closed %v after the end, want ten minutes", wait)
		}
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
