package deliver

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/halert/halert/internal/alert"
	"github.com/halert/halert/internal/halo"
	"github.com/halert/halert/internal/halosim"
	"github.com/halert/halert/internal/store"
)

func named(s string) *alert.Ref { return &alert.Ref{Name: s} }
func byID(n int) *alert.Ref     { return &alert.Ref{ID: n} }

// withFields gives a report a plan.
func withFields(f alert.Fields) func(*store.Report) {
	return func(r *store.Report) { r.Plan.Fields = f }
}

// shown are the fields of a ticket that a plan can set, as Halo has them.
type shown struct {
	Type, Priority, Status, Team, Agent, Source, Impact, Urgency string
	Categories                                                   [4]string
	Parent                                                       int
	Custom                                                       []halosim.FieldView
}

func fieldsOf(v halosim.TicketView) shown {
	return shown{v.TypeName, v.PriorityName, v.StatusName, v.Team, v.AgentName, v.SourceName, v.ImpactName, v.UrgencyName,
		[4]string{v.Category1, v.Category2, v.Category3, v.Category4}, v.ParentID, v.CustomFields}
}

// logged makes the deliverer write its log into the returned buffer.
func (w *world) logged() *bytes.Buffer {
	var b bytes.Buffer
	w.d.log = slog.New(slog.NewTextHandler(&b, nil))
	return &b
}

func (w *world) reads(path string) int {
	n := 0
	for _, c := range w.sim.Calls() {
		if strings.EqualFold(c.Path, path) && c.Method == "GET" {
			n++
		}
	}
	return n
}

// choose parks the ticket of an event and lets a person choose for it.
func (w *world) choose(eventID string, ticketType, priority *int) {
	w.t.Helper()
	w.inject(halosim.Fault{Kind: halosim.KindStatus, Operation: halosim.OpCreate, Status: 400, Count: 1})
	w.work(time.Minute)
	id := w.ticket(eventID).ID
	if err := w.store.Edit(w.t.Context(), id, store.Edit{TicketType: &ticketType, Priority: &priority}, w.now()); err != nil {
		w.t.Fatal(err)
	}
	if err := w.store.Replay(w.t.Context(), id, w.now()); err != nil {
		w.t.Fatal(err)
	}
}

func TestEveryFieldArrives(t *testing.T) {
	everything := shown{Type: "Project task", Priority: "Urgent", Status: "In Progress", Team: "Monitoring", Agent: "Devon Pike", Source: "CIPP",
		Impact: "Multiple Users", Urgency: "Low", Categories: [4]string{"Security>Identity", "Automated", "c", "d"}, Parent: 1999,
		Custom: []halosim.FieldView{{ID: 153, Label: "Alert origin", Value: "2", Display: "On premises"}, {ID: 152, Label: "Alert reference", Value: "R-7", Display: "R-7"}}}
	categories := [4]string{"Security>Identity", "Automated", "c", "d"}
	custom := map[string]string{"Alert origin": "on premises", "CFalertreference": "R-7"}
	for name, f := range map[string]alert.Fields{
		"by name": {TicketType: named("project task"), Priority: named("urgent"), RequestSource: named("cipp"), Status: named("in progress"),
			Team: named("monitoring"), Agent: named("devon pike"), Impact: named("multiple users"), Urgency: named("low"),
			Categories: categories, Parent: 1999, Custom: custom},
		"by id": {TicketType: byID(25), Priority: byID(1), RequestSource: byID(22), Status: byID(2), Team: byID(2), Agent: byID(4),
			Impact: byID(2), Urgency: byID(3), Categories: categories, Parent: 1999, Custom: custom},
	} {
		for _, legacy := range []bool{false, true} {
			w := newWorld(t, legacy, nil)
			id := w.report(12, "mfa", "adele", withFields(f))
			w.work(time.Minute)
			if diff := cmp.Diff(everything, fieldsOf(w.exactlyOne(id))); diff != "" {
				t.Errorf("%s, legacy %v: %s", name, legacy, diff)
			}
		}
	}
}

func TestWhoDecidesAboutAField(t *testing.T) {
	for _, tt := range []struct {
		name           string
		plan           alert.Fields
		typ, priority  *int // a person's choice
		usual          int  // priority of the settings
		wantType, want string
	}{
		{"settings", alert.Fields{}, nil, nil, 2, "Monitoring alert", "High"},
		{"plan", alert.Fields{TicketType: named("Incident"), Priority: named("Critical")}, nil, nil, 2, "Incident", "Critical"},
		{"person", alert.Fields{TicketType: named("Incident"), Priority: named("Critical")}, new(25), new(2), 3, "Project task", "Normal"},
		{"a person's type under another SLA", alert.Fields{}, new(25), nil, 4, "Project task", "Normal"},
		{"a person's type, a plan's priority", alert.Fields{Priority: named("urgent")}, new(25), nil, 3, "Project task", "Urgent"},
		{"a plan's type, the settings' priority", alert.Fields{TicketType: byID(1)}, nil, nil, 2, "Incident", "High"},
		{"a plan's type under another SLA", alert.Fields{TicketType: byID(25)}, nil, nil, 4, "Project task", "Normal"},
		{"unknown type and priority", alert.Fields{TicketType: named("Indicent"), Priority: named("Hgih")}, nil, nil, 2, "Monitoring alert", "High"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, false, func(s *Settings) { s.Priority = &tt.usual })
			id := w.report(12, "mfa", "adele", withFields(tt.plan))
			if tt.typ != nil || tt.priority != nil {
				w.choose(id, tt.typ, tt.priority)
			}
			w.work(time.Minute)
			got := w.exactlyOne(id)
			if got.TypeName != tt.wantType || got.PriorityName != tt.want {
				t.Errorf("type %s, priority %s; want %s, %s", got.TypeName, got.PriorityName, tt.wantType, tt.want)
			}
		})
	}
}

func TestUnknownNamesAreLeftOutAndToldOnce(t *testing.T) {
	w := newWorld(t, false, nil)
	log := w.logged()
	f := alert.Fields{Team: named("Projcts"), Agent: named("Mira Castel"), Status: named("Night Shift"), Custom: map[string]string{"Alert origin": "Clod", "Nope": "x"}, Impact: named("single user")}
	for _, kind := range []string{"a", "b", "c"} {
		w.report(12, kind, "x", withFields(f))
	}
	w.work(time.Minute)
	all := w.sim.Tickets()
	if len(all) != 3 {
		t.Fatalf("%d tickets, want 3", len(all))
	}
	for _, got := range all {
		if got.Team != "Monitoring" || got.AgentName != "Unassigned" || got.StatusName != "New" || got.CustomFields != nil || got.ImpactName != "Single User" {
			t.Errorf("%+v: want Halo's own choice for what it does not have, and what it has", fieldsOf(got))
		}
	}
	for _, words := range []string{"did you mean Projects?", "did you mean Mira Castell?", "field=status", "did you mean Cloud?", "field=custom.Nope"} {
		if n := strings.Count(log.String(), words); n != 1 {
			t.Errorf("the log says %q %d times, want once:\n%s", words, n, log)
		}
	}
}

func TestListsAreReadOnceForManyTickets(t *testing.T) {
	w := newWorld(t, false, nil)
	f := alert.Fields{Priority: named("High"), Team: named("Monitoring"), Agent: named("nobody"), Impact: named("Single User")}
	for _, kind := range strings.Split("abcdefghij", "") {
		w.report(12, kind, "x", withFields(f))
	}
	w.work(time.Minute)
	if n := len(w.sim.Tickets()); n != 10 {
		t.Fatalf("%d tickets, want 10", n)
	}
	for path, want := range map[string]int{"/api/TicketType": 1, "/api/Priority": 1, "/api/Team": 1, "/api/Agent": 1, "/api/Lookup": 1,
		"/api/Status": 0, "/api/FieldInfo": 0, "/api/Asset": 0} {
		if got := w.reads(path); got != want {
			t.Errorf("%s was read %d times, want %d", path, got, want)
		}
	}
	w.advance(40 * time.Minute)
	w.report(12, "k", "x", withFields(f)) // reads agents anew: the name may be there by now
	w.work(time.Minute)
	if got := w.reads("/api/Team"); got != 2 {
		t.Errorf("teams were read %d times, want a second time behind the work", got)
	}
	w.advance(25 * time.Minute)
	teams := w.reads("/api/Team")
	w.report(12, "l", "x", withFields(alert.Fields{Team: named("Monitoring")}))
	w.work(time.Second)
	if got := w.reads("/api/Team"); got != teams {
		t.Errorf("teams were read %d times, want %d: they were refreshed", got, teams)
	}
}

func TestRefusedListDoesNotHoldTheTicket(t *testing.T) {
	for _, status := range []int{400, 403, 404} {
		w := newWorld(t, false, nil)
		w.inject(halosim.Fault{Kind: halosim.KindStatus, Path: "/api/Team", Status: status})
		for _, kind := range []string{"a", "b"} {
			w.report(12, kind, "x", withFields(alert.Fields{Team: named("Projects"), Agent: named("Devon Pike")}))
		}
		w.work(time.Minute)
		all := w.sim.Tickets()
		if len(all) != 2 || all[1].Team != "Monitoring" || all[1].AgentName != "Devon Pike" || w.reads("/api/Team") != 1 {
			t.Errorf("%d: %d tickets after %d reads of the teams; want 2 without the team after 1", status, len(all), w.reads("/api/Team"))
		}
	}
}

func TestHalosTroubleInALookupIsTriedAgain(t *testing.T) {
	for _, f := range []halosim.Fault{
		{Kind: halosim.KindStatus, Status: 503}, {Kind: halosim.KindDropped}, {Kind: halosim.KindRateLimit},
	} {
		w := newWorld(t, false, nil)
		f.Path, f.Count = "/api/Team", 1
		w.inject(f)
		id := w.report(12, "mfa", "x", withFields(alert.Fields{Team: named("Projects")}))
		w.work(2 * time.Minute)
		if got := w.exactlyOne(id); got.Team != "Projects" {
			t.Errorf("%s: the team is %q, want Projects", f.Kind, got.Team)
		}
	}
}

func onDevice(name string) func(*store.Report) {
	return func(r *store.Report) { r.Event.Finding.Device = name }
}

func TestAssets(t *testing.T) {
	for _, tt := range []struct {
		name    string
		client  int
		devices []string
		want    []int
		site    int
	}{
		{"inventory number", 14, []string{"nw-srv-01"}, []int{502}, 31},
		{"key field", 15, []string{"Adele-Laptop"}, []int{501}, 40},
		{"second key field", 15, []string{"sn-7731"}, []int{501}, 40},
		{"third-party id", 15, []string{"RMM-9001"}, []int{501}, 40},
		{"part of a name", 14, []string{"NW-SRV"}, nil, 30},
		{"two exact hits", 14, []string{"FRONTDESK"}, nil, 30},
		{"of another client", 14, []string{"ADELE-LAPTOP"}, nil, 30},
		{"inactive", 14, []string{"SUNIL-LAPTOP"}, nil, 30},
		{"two devices of two sites", 14, []string{"NW-SRV-01", "NW-LT-07"}, []int{502, 503}, 30},
		{"one device in many findings", 14, []string{"NW-SRV-01", "nw-srv-01", ""}, []int{502}, 31},
		{"too many", 14, []string{"NW-SRV-01", "NW-LT-07", "NW-LT-08", "d", "e", "f"}, nil, 30},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, false, func(s *Settings) { s.LinkAssets = true })
			id := ""
			for i, d := range tt.devices {
				id = w.report(tt.client, "disk", string(rune('a'+i)), onDevice(d))
			}
			w.work(time.Minute)
			got := w.exactlyOne(id)
			var ids []int
			for _, a := range got.Assets {
				ids = append(ids, a.ID)
			}
			slices.Sort(ids)
			if diff := cmp.Diff(tt.want, ids); diff != "" || got.SiteID != tt.site {
				t.Errorf("site %d, want %d; assets %s", got.SiteID, tt.site, diff)
			}
		})
	}
}

func TestContactsSiteGoesBeforeTheAssets(t *testing.T) {
	w := newWorld(t, false, func(s *Settings) { s.LinkAssets = true })
	id := w.report(14, "disk", "x", func(r *store.Report) {
		r.Event.Finding.Device = "NW-SRV-01" // in the warehouse, site 31
		r.User = alert.User{UPN: "lena.moreau@northwind.com"}
	})
	w.work(time.Minute)
	if got := w.exactlyOne(id); got.UserID != 142 || got.SiteID != 30 || len(got.Assets) != 1 {
		t.Errorf("user %d, site %d, %d assets; want 142, 30, 1", got.UserID, got.SiteID, len(got.Assets))
	}
}

func TestAssetLookupsAreFewAndOnlyWhereAskedFor(t *testing.T) {
	for _, tt := range []struct {
		name  string
		link  bool
		fault int // status of every answer about assets; 0: none
		want  int
	}{
		{"not asked for", false, 0, 0}, {"found", true, 0, 1}, {"refused", true, 403, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, false, func(s *Settings) { s.LinkAssets = tt.link })
			if tt.fault != 0 {
				w.inject(halosim.Fault{Kind: halosim.KindStatus, Path: "/api/Asset", Status: tt.fault})
			}
			for _, kind := range []string{"a", "b", "c"} {
				w.report(14, kind, "x", onDevice("NW-SRV-01"))
			}
			w.work(time.Minute)
			if n, reads := len(w.sim.Tickets()), w.reads("/api/Asset"); n != 3 || reads != tt.want {
				t.Errorf("%d tickets, %d look-ups; want 3 and %d", n, reads, tt.want)
			}
		})
	}
}

func TestAnAgingAssetIsLookedUpBehindTheTicket(t *testing.T) {
	w := newWorld(t, false, func(s *Settings) { s.LinkAssets = true })
	for i, kind := range []string{"a", "b", "c"} {
		w.report(14, kind, "x", onDevice("NW-SRV-01"))
		w.work(time.Minute)
		calls := w.sim.Calls()
		behind := strings.HasSuffix(calls[len(calls)-1].Path, "/Asset")
		if reads := w.reads("/api/Asset"); reads != i+1 || behind != (i > 0) {
			t.Errorf("ticket %d: %d look-ups, the last behind the ticket: %v", i, reads, behind)
		}
		w.advance(foundFor/2 + time.Minute)
	}
}

// A Halo that ignores both the search and the client must not lead to a wrong
// asset.
func TestAssetFiltersThatHaloIgnores(t *testing.T) {
	answers := `{"record_count":3,"assets":[{"id":1,"key_field":"PC-1","client_id":15},{"id":2,"key_field":"PC-1","client_id":14,"site_id":30},{"id":3,"key_field":"PC-2","client_id":14}]}`
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/auth") {
			io.WriteString(w, `{"access_token":"t","token_type":"Bearer","expires_in":3600}`)
			return
		}
		io.WriteString(w, answers)
	}))
	t.Cleanup(server.Close)
	client := &halo.Client{ResourceURL: server.URL + "/api", AuthURL: server.URL + "/auth", ClientID: "a", ClientSecret: "b"}
	for device, want := range map[string]asset{"pc-1": {2, 30}, "PC-3": {}} {
		if got, err := findAsset(t.Context(), client, 14, device); err != nil || got != want {
			t.Errorf("%s: %+v, %v; want %+v", device, got, err, want)
		}
	}
}
