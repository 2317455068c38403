package haloname_test

import (
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/halert/halert/internal/alert"
	"github.com/halert/halert/internal/halo"
	"github.com/halert/halert/internal/haloname"
	"github.com/halert/halert/internal/halosim"
)

// start runs a simulated Halo whose team names collide too.
func start(t *testing.T, legacy bool) (*halosim.Sim, *halo.Client) {
	t.Helper()
	seed := halosim.DefaultSeed()
	seed.Teams = append(seed.Teams, halosim.Team{ID: 7, Name: "Twins"}, halosim.Team{ID: 8, Name: "twins"}, halosim.Team{ID: 9, Name: "TWINS"})
	seed.Fields = append(seed.Fields, halosim.Field{ID: 160, Name: "CFone", Label: "Floor"}, halosim.Field{ID: 161, Name: "CFtwo", Label: "Floor"})
	sim := halosim.New(halosim.Options{Seed: seed, Legacy: legacy})
	server := httptest.NewServer(sim)
	t.Cleanup(server.Close)
	return sim, &halo.Client{ResourceURL: server.URL + "/api", AuthURL: server.URL + "/auth", ClientID: "demo", ClientSecret: "demo"}
}

func name(s string) *alert.Ref { return &alert.Ref{Name: s} }
func id(n int) *alert.Ref      { return &alert.Ref{ID: n} }

func custom(name, value string) alert.Fields {
	return alert.Fields{Custom: map[string]string{name: value}}
}

func TestCheck(t *testing.T) {
	_, client := start(t, false)
	const usual = 21 // SLA 1
	for _, tt := range []struct {
		name      string
		fields    alert.Fields
		key, text string // of the one problem; empty: there is none
	}{
		{"nothing", alert.Fields{}, "", ""},
		{"all names", alert.Fields{TicketType: name("project task"), Priority: name("urgent"), RequestSource: name("CIPP"), Status: name("in progress"),
			Team: name("monitoring"), Agent: name("Mira Castell"), Impact: name("Single User"), Urgency: name("high"),
			Categories: [4]string{"security>identity", "Automated"}, Custom: map[string]string{"Alert origin": "cloud", "cfalertreference": "x"}}, "", ""},
		{"all ids", alert.Fields{TicketType: id(25), Priority: id(2), RequestSource: id(-1), Status: id(23), Team: id(3), Agent: id(4),
			Impact: id(2), Urgency: id(3), Custom: map[string]string{"CFalertorigin": "2"}}, "", ""},
		{"source 0", alert.Fields{RequestSource: id(0)}, "", ""},
		{"misspelt team", alert.Fields{Team: name("Monitorng")}, "team", `Halo has no team "Monitorng"; did you mean Monitoring?`},
		{"inactive team", alert.Fields{Team: name("Night Shift")}, "team", `Halo's team "Night Shift" is inactive; choose another, or make it active in Halo`},
		{"team id", alert.Fields{Team: id(77)}, "team", `Halo has no team with id 77; known are 1 (1st Line Support), 2 (Monitoring), 3 (Projects), 7 (Twins), 8 (twins), 9 (TWINS)`},
		{"exact case decides", alert.Fields{Team: name("twins")}, "", ""},
		{"two of that name", alert.Fields{Team: name("tWINS")}, "team", `Halo has 3 of team "tWINS"; give the id of one: 7, 8, 9`},
		{"ticket type", alert.Fields{TicketType: id(22)}, "ticket_type", `Halo has no ticket type with id 22; known are 1 (Incident), 21 (Monitoring alert), 25 (Project task), 30 (Change request)`},
		{"status", alert.Fields{Status: id(99)}, "status", `Halo has no status with id 99; known are 1 (New), 2 (In Progress), 3 (Action Required), 4 (With User), 8 (Resolved), 9 (Closed), 23 (On Hold)`},
		{"agent", alert.Fields{Agent: id(5)}, "agent", `Halo has no agent with id 5; known are 2 (API Integration), 1 (Unassigned), 3 (Mira Castell), 4 (Devon Pike)`},
		{"priority of another SLA by name", alert.Fields{Priority: name("Urgent")}, "priority", `Halo has no priority "Urgent" in the SLA of ticket type 21; known are Critical, High, Medium, Low`},
		{"priority of another SLA by id", alert.Fields{TicketType: name("Project task"), Priority: id(3)}, "priority", `Halo has no priority with id 3 in the SLA of ticket type 25; known are 1 (Urgent), 2 (Normal)`},
		{"impact", alert.Fields{Impact: name("Sngle User")}, "impact", `Halo has no impact "Sngle User"; did you mean Single User?`},
		{"urgency", alert.Fields{Urgency: id(9)}, "urgency", `Halo has no urgency with id 9; known are 1 (High), 2 (Medium), 3 (Low)`},
		{"category", alert.Fields{Categories: [4]string{"", "Automatd"}}, "category_2", `Halo has no category 2 "Automatd"; did you mean Automated?`},
		{"custom field", custom("Alert orign", "Cloud"), "custom.Alert orign", `Halo has no custom field "Alert orign"; did you mean Alert origin?`},
		{"custom value", custom("CFalertorigin", "Clod"), "custom.CFalertorigin", `Halo's custom field "CFalertorigin" has no value "Clod"; did you mean Cloud?`},
		{"label of two fields", custom("Floor", "3"), "custom.Floor", `Halo has 2 of custom field "Floor"; write the name of one instead of the label: CFone, CFtwo`},
		{"parent", alert.Fields{Parent: 40}, "parent", `Halo has no ticket 40`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := haloname.Check(t.Context(), client, []haloname.Wanted{{Path: "routes.night watch.ticket", Fields: tt.fields, TicketType: usual}})
			if err != nil {
				t.Fatal(err)
			}
			var want []haloname.Problem
			if tt.key != "" {
				want = []haloname.Problem{{Path: "routes.night watch.ticket." + tt.key, Text: tt.text}}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestCheckReadsEachListOnce(t *testing.T) {
	sim, client := start(t, true)
	wanted := make([]haloname.Wanted, 20)
	for i := range wanted {
		wanted[i] = haloname.Wanted{Path: "routes.r", Fields: alert.Fields{Team: name("NOC"), Priority: name("High"), Agent: name("nobody at all")}, TicketType: 21}
	}
	got, err := haloname.Check(t.Context(), client, wanted)
	if err != nil || len(got) != 40 {
		t.Fatalf("%d problems, %v; want 40 and none", len(got), err)
	}
	if calls := sim.Stats().Total; calls != 5 { // token, ticket types, priorities, teams, agents
		t.Errorf("%d calls, want 5", calls)
	}
}

func TestCheckOfWhatHaloKeepsToItself(t *testing.T) {
	sim, client := start(t, false)
	for _, path := range []string{"/api/Team", "/api/Agent", "/api/Category"} {
		if _, err := sim.Inject(halosim.Fault{Kind: halosim.KindStatus, Path: path, Status: 403}); err != nil {
			t.Fatal(err)
		}
	}
	fields := alert.Fields{Team: name("Monitoring"), Agent: id(3), Categories: [4]string{"Security"}}
	got, err := haloname.Check(t.Context(), client, []haloname.Wanted{{Path: "p", Fields: fields}})
	if err != nil || len(got) != 1 || got[0].Path != "p.team" {
		t.Errorf("problems %v, %v; want one of p.team: an id and a category are sent as they are", got, err)
	}
}

func TestCheckCannotAsk(t *testing.T) {
	sim, client := start(t, false)
	if _, err := sim.Inject(halosim.Fault{Kind: halosim.KindOutage, Status: 503}); err != nil {
		t.Fatal(err)
	}
	if got, err := haloname.Check(t.Context(), client, []haloname.Wanted{{Path: "p", Fields: alert.Fields{Team: name("Monitoring")}}}); err == nil {
		t.Errorf("problems %v and no error while Halo is down", got)
	}
	if got, err := haloname.Check(t.Context(), client, []haloname.Wanted{{Path: "p"}}); err != nil || got != nil {
		t.Errorf("%v, %v: nothing is wanted, so nothing is to be asked", got, err)
	}
}

func TestResolveAfterAMiss(t *testing.T) {
	_, client := start(t, false)
	book := haloname.New(client, time.Now)
	for _, tt := range []struct{ name, want string }{{"Nobody", ""}, {"projects", "Projects"}, {"Nobody", ""}, {"Monitoring", "Monitoring"}} {
		got, problems, err := book.Resolve(t.Context(), alert.Fields{Team: name(tt.name)}, 0)
		if err != nil || got.Team != tt.want || (len(problems) == 0) != (tt.want != "") {
			t.Errorf("%s: %q, %v, %v; want %q", tt.name, got.Team, problems, err, tt.want)
		}
	}
}

func TestMissesAreBelievedForAShorterTime(t *testing.T) {
	sim, client := start(t, false)
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	book := haloname.New(client, func() time.Time { return now })
	calls := func(team string, after time.Duration, refresh bool) int {
		t.Helper()
		now = now.Add(after)
		before := sim.Stats().Total
		if refresh {
			book.Refresh(t.Context())
		} else if _, _, err := book.Resolve(t.Context(), alert.Fields{Team: name(team)}, 0); err != nil {
			t.Fatal(err)
		}
		return sim.Stats().Total - before
	}
	for i, step := range []struct {
		team    string
		after   time.Duration
		refresh bool
		want    int
	}{
		{"Monitoring", 0, false, 2}, // token and list
		{"Monitoring", 29 * time.Minute, false, 0},
		{"", 0, true, 0},                      // not half of its life
		{"", 2 * time.Minute, true, 1},        // behind the work
		{"", 40 * time.Minute, true, 0},       // nobody used it since
		{"Nobody", 0, false, 1},               // old enough that the name may be new
		{"Nobody", 9 * time.Minute, false, 0}, // believed
		{"", 0, true, 1},                      // past the half of a miss's life
		{"Nobody", 9 * time.Minute, false, 0}, // believed again
		{"Nobody", 2 * time.Minute, false, 1}, // no more
		{"Monitoring", time.Minute, false, 0}, // the same list
		{"Monitoring", 61 * time.Minute, false, 1},
	} {
		if got := calls(step.team, step.after, step.refresh); got != step.want {
			t.Errorf("step %d: %d calls, want %d", i, got, step.want)
		}
	}
}
