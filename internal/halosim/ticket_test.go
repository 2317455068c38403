package halosim_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/halert/halert/internal/halosim"
)

func TestCreateRefusals(t *testing.T) {
	t.Parallel()
	h := start(t, halosim.Options{})
	for _, test := range []struct{ name, body, words string }{
		{"an object", `{"summary":"x"}`, "requires a JSON array"},
		{"not JSON", `[{]`, "not valid JSON"},
		{"two values", `[{"summary":"x"}] 1`, "not valid JSON"},
		{"empty array", `[]`, "empty"},
		{"array of text", `["x"]`, `"[0]":`},
		{"float id", `[{"summary":"x","client_id":15,"site_id":40.0}]`, `"[0].site_id":["The input was not valid."]`},
		{"word for a number", `[{"summary":"x","tickettype_id":"abc"}]`, `"[0].tickettype_id"`},
		{"float in a lookup", `[{"summary":"x","userlookup":{"id":161.0}}]`, `"[0].id"`},
		{"one asset alone", `[{"summary":"x","assets":{"id":501}}]`, `"[0].assets"`},
		{"ticket type", `[{"summary":"x","tickettype_id":99}]`, "ticket type with ID 99"},
		{"client", `[{"summary":"x","tickettype_id":21,"client_id":99}]`, "client with ID 99"},
		{"site", `[{"summary":"x","tickettype_id":21,"client_id":15,"site_id":99}]`, "site with ID 99"},
		{"site of another client", `[{"summary":"x","tickettype_id":21,"client_id":15,"site_id":50}]`, "does not belong to the client"},
		{"user without site", `[{"summary":"x","tickettype_id":21,"client_id":15,"user_id":161}]`, "select a site"},
		{"user of another site", `[{"summary":"x","tickettype_id":21,"client_id":15,"site_id":40,"user_id":171}]`, "does not belong to the site"},
		{"priority not in the SLA", `[{"summary":"x","tickettype_id":25,"priority_id":3}]`, "priority with ID 3"},
		{"status", `[{"summary":"x","tickettype_id":21,"status_id":99}]`, "status with ID 99"},
		{"agent", `[{"summary":"x","tickettype_id":21,"agent_id":99}]`, "agent with ID 99"},
		{"mandatory", `[{"tickettype_id":1}]`, "Summary and Category are required"},
		{"long summary", `[{"tickettype_id":21,"summary":"` + strings.Repeat("é", 4001) + `"}]`, "truncated"},
		{"long client reference", `[{"tickettype_id":21,"summary":"x","client_reference":"` + strings.Repeat("x", 51) + `"}]`, "truncated"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if body := h.want(400, "POST", "/api/Tickets", test.body); !strings.Contains(body, test.words) {
				t.Errorf("body %s lacks %q", body, test.words)
			}
		})
	}
	if got := h.Tickets(); len(got) != 0 {
		t.Errorf("refused calls left tickets: %+v", got)
	}
}

func TestCreateAndRead(t *testing.T) {
	t.Parallel()
	h := start(t, halosim.Options{})
	body := h.want(201, "POST", "/api/Tickets", `[{"files":null,"usertype":1,"userlookup":{"id":-1,"lookupdisplay":"Enter Details Manually"},
		"client_id":15,"site_id":null,"summary":"Alert","details_html":"<p>a &amp; b</p>","tickettype_id":"21","priority_id":2,"_novalidate":true,
		"source":0,"third_party_id_string":"ref-1","team":"1st line support","unknown":{"x":[1]},"customfields":[{"id":152,"value":"v"}]}]`)
	got := object(t, body)
	want := map[string]any{"id": 2001.0, "client_id": 15.0, "client_name": "Contoso", "site_id": 40.0, "site_name": "Main",
		"user_id": 160.0, "user_name": "General User", "status_id": 1.0, "tickettype_id": 21.0, "sla_id": 1.0, "priority_id": 2.0,
		"team": "1st Line Support", "agent_name": "Unassigned", "hasbeenclosed": false, "dateclosed": nil, "source": 0.0,
		"third_party_id_string": "ref-1", "details": "a & b", "details_html": "<p>a &amp; b</p>", "dateoccurred": "2026-03-04T09:00:00"}
	for k, v := range want {
		if diff := cmp.Diff(v, got[k]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", k, diff)
		}
	}
	if strings.Contains(body, `\u003c`) || !strings.Contains(body, `"timetaken":0.0`) {
		t.Errorf("not written as .NET does: %s", body)
	}
	if all := h.Tickets(); all[0].SourceName != "Email" || *all[0].Source != 0 || all[0].PriorityName != "High" {
		t.Errorf("view: %+v", all[0])
	}
	plain := object(t, h.want(200, "GET", "/api/tickets/2001", ""))
	if _, found := plain["details_html"]; found {
		t.Error("details_html came without includedetails")
	}
	full := object(t, h.want(200, "GET", "/api/tickets/2001?includedetails=true&includelastaction=true&nocache=undefined", ""))
	if last, found := full["lastaction"].(map[string]any); !found || full["details_html"] != "<p>a &amp; b</p>" || last["id"] != 1.0 {
		t.Errorf("details: %v", full)
	}
	h.want(404, "GET", "/api/Tickets/7", "")
	h.want(400, "GET", "/api/Tickets/abc", "")
}

func TestContactsOfANewTicket(t *testing.T) {
	t.Parallel()
	h := start(t, halosim.Options{})
	for _, test := range []struct {
		name, properties   string
		client, site, user int
	}{
		{"nothing: the unknown client", ``, 1, 1, 1},
		{"client", `,"client_id":14`, 14, 30, 140},
		{"site", `,"site_id":31`, 14, 31, 150},
		{"user", `,"client_id":"15","site_id":40,"user_id":"162"`, 15, 40, 162},
		{"user by lookup", `,"client_id":15,"site_id":40,"userlookup":{"id":161}`, 15, 40, 161},
	} {
		t.Run(test.name, func(t *testing.T) {
			h.want(201, "POST", "/api/Tickets", `[{"tickettype_id":21,"summary":"x"`+test.properties+`}]`)
			all := h.Tickets()
			got := all[len(all)-1]
			if got.ClientID != test.client || got.SiteID != test.site || got.UserID != test.user {
				t.Errorf("client %d, site %d, user %d", got.ClientID, got.SiteID, got.UserID)
			}
		})
	}
}

func TestSeveralInOneCall(t *testing.T) {
	t.Parallel()
	h := start(t, halosim.Options{})
	two := `[{"tickettype_id":21,"summary":"a"},{"tickettype_id":21,"summary":"b"}]`
	if got := object(t, h.want(201, "POST", "/api/Tickets", two)); got["summary"] != "b" {
		t.Errorf("the answer is not the last: %v", got)
	}
	if got := array(t, h.want(201, "POST", "/api/Tickets?returnall=true", two)); len(got) != 2 || got[0].(map[string]any)["summary"] != "a" {
		t.Errorf("returnall: %v", got)
	}
	if got := h.want(201, "POST", "/api/Tickets", `[{"tickettype_id":21,"summary":"a","return_this":false}]`); got != "" {
		t.Errorf("return_this=false answers %s", got)
	}
	h.want(400, "POST", "/api/Tickets", `[{"tickettype_id":21,"summary":"kept"},{"tickettype_id":99,"summary":"refused"}]`)
	if all := h.Tickets(); len(all) != 6 || all[5].Summary != "kept" {
		t.Errorf("a refusal took the earlier ticket with it: %+v", all)
	}
}

func TestTimesAndTruthsOnWrite(t *testing.T) {
	t.Parallel()
	h := start(t, halosim.Options{})
	for text, want := range map[string]string{`"2026-02-01T10:00:00"`: "2026-02-01T10:00:00", `"2026-02-01T10:00:00.5+02:00"`: "2026-02-01T08:00:00.5",
		`"2026-02-01"`: "2026-02-01T00:00:00", `null`: "2026-03-04T09:00:00"} {
		got := object(t, h.want(201, "POST", "/api/Tickets", `[{"tickettype_id":21,"summary":"x","dateoccurred":`+text+`,"_novalidate":"True"}]`))
		if got["dateoccurred"] != want {
			t.Errorf("%s: %v, want %s", text, got["dateoccurred"], want)
		}
	}
	for _, wrong := range []string{`"dateoccurred":"soon"`, `"_novalidate":7`, `"summary":{}`} {
		h.want(400, "POST", "/api/Tickets", `[{"tickettype_id":21,`+wrong+`}]`)
	}
}

func TestMandatoryIsSkippedByNoValidate(t *testing.T) {
	t.Parallel()
	h := start(t, halosim.Options{})
	h.want(400, "POST", "/api/Tickets", `[{"tickettype_id":1,"summary":"x"}]`)
	h.want(201, "POST", "/api/Tickets", `[{"tickettype_id":1,"summary":"x","_novalidate":true}]`)
	h.want(201, "POST", "/api/Tickets", `[{"tickettype_id":1,"summary":"x","category_1":"Security"}]`)
}

// fourTickets makes tickets 2001 to 2004: one of yesterday, one of another
// client, one that is closed and one that is deleted.
func fourTickets(t *testing.T) *halo {
	t.Helper()
	h := start(t, halosim.Options{})
	h.create(`,"third_party_id_string":"ref-a","details":"needle in text"`) // 2001
	h.clock.advance(24 * time.Hour)
	h.login(tokenForm)
	h.create(`,"third_party_id_string":"ref-b","client_id":14,"site_id":31,"priority_id":1,"parent_id":2001`) // 2002
	h.create(`,"summary":"[ref-c] other","tickettype_id":25,"priority_id":2,"supplier_reference":"S-9"`)      // 2003
	h.create(``)                                                                                              // 2004
	h.want(201, "POST", "/api/Tickets", `[{"id":2003,"status_id":9}]`)
	if err := h.DeleteTicket(2004); err != nil {
		t.Fatal(err)
	}
	return h
}

func TestListShapes(t *testing.T) {
	t.Parallel()
	h := start(t, halosim.Options{})
	if body := h.want(200, "GET", "/api/Tickets", ""); !strings.Contains(body, `"tickets":null`) {
		t.Errorf("empty list: %s", body)
	}
	h = fourTickets(t)
	one := object(t, h.want(200, "GET", "/api/Tickets?pageinate=true&page_size=2", ""))
	if one["record_count"] != 3.0 || one["page_no"] != 1.0 || one["page_size"] != 2.0 {
		t.Errorf("view: %v", one)
	}
	if body := h.want(200, "GET", "/api/Tickets?includedetails=true&ticketids=2001", ""); !strings.Contains(body, `"details_html":"needle in text"`) {
		t.Errorf("includedetails: %s", body)
	}
}

func TestLists(t *testing.T) {
	t.Parallel()
	h := fourTickets(t)
	for _, test := range []struct{ query, ids string }{
		{"", "2003 2002 2001"},
		{"surprise=1", "2003 2002 2001"},
		{"third_party_id_string=ref-b", "2002"},
		{"third_party_id_string=ref", ""},
		{"search=needle", "2001"},
		{"search=2002", "2002"},
		{"search_summary=%5BREF-C%5D", "2003"},
		{"search_details=needle", "2001"},
		{"search_supplier_reference=s-9", "2003"},
		{"ticketids=2001,2003", "2003 2001"},
		{"client_id=14", "2002"},
		{"site_id=31", "2002"},
		{"status=9", "2003"},
		{"status_id=1", "2002 2001"},
		{"requesttype_id=25", "2003"},
		{"requesttype=21&priority=1", "2002"},
		{"parent_id=2001", "2002"},
		{"open_only=true", "2002 2001"},
		{"closed_only=true", "2003"},
		{"open_only=false&closed_only=false", "2003 2002 2001"},
		{"deleted=true", "2004"},
		{"datesearch=dateoccured&startdate=2026-03-05&enddate=2026-03-05", "2003 2002"},
		{"datesearch=datecleared&enddate=2026-03-06", "2003"},
		{"lastupdatefromdate=2026-03-05T00:00:00Z", "2003 2002"},
		{"lastupdatetodate=2026-03-04", "2001"},
		{"order=id", "2001 2002 2003"},
		{"order=client_name", "2001 2003 2002"},
		{"order=summary", "2001 2002 2003"},
		{"order=last_update", "2001 2002 2003"},
		{"order=priority_id", "2002 2003 2001"},
		{"order=dateoccurred&orderdesc=true", "2003 2002 2001"},
		{"pageinate=true&page_size=2&page_no=1", "2003 2002"},
		{"pageinate=true&page_size=2&page_no=2", "2001"},
		{"pageinate=true&page_size=2&page_no=3", ""},
		{"count=1", "2003"},
		{"ticketidonly=true", "2003 2002 2001"},
	} {
		if got := h.ids(test.query); got != test.ids {
			t.Errorf("%s: got %q, want %q", test.query, got, test.ids)
		}
	}
}

func TestPagesAreCapped(t *testing.T) {
	t.Parallel()
	h := start(t, halosim.Options{})
	h.want(201, "POST", "/api/Tickets", `[`+strings.Repeat(`{"tickettype_id":21,"summary":"x"},`, 119)+`{"tickettype_id":21,"summary":"x"}]`)
	for query, want := range map[string]int{"pageinate=true&page_size=500": 100, "pageinate=true": 50, "count=200": 100, "": 50} {
		if got := len(strings.Fields(h.ids(query))); got != want {
			t.Errorf("%q: %d rows, want %d", query, got, want)
		}
	}
}

func TestListLag(t *testing.T) {
	t.Parallel()
	h := start(t, halosim.Options{})
	h.inject(halosim.Fault{Kind: halosim.KindListLag, Delay: 3 * time.Second})
	id := h.create(`,"third_party_id_string":"late"`)
	h.want(200, "GET", fmt.Sprintf("/api/Tickets/%d", id), "")
	if got := h.ids("third_party_id_string=late"); got != "" {
		t.Errorf("the ticket is listed at once: %s", got)
	}
	h.clock.advance(3 * time.Second)
	if got := h.ids("third_party_id_string=late"); got != "2001" {
		t.Errorf("the ticket is not listed: %q", got)
	}
}

func TestCloseReopenDeleteMerge(t *testing.T) {
	t.Parallel()
	h := start(t, halosim.Options{})
	a, b := h.create(""), h.create("")
	path := fmt.Sprintf("/api/Tickets/%d", a)
	got := object(t, h.want(201, "POST", "/api/Tickets", fmt.Sprintf(`[{"id":%d,"status_id":9,"closure_note":"done"}]`, a)))
	if got["hasbeenclosed"] != true || got["dateclosed"] != "2026-03-04T09:00:00" || got["closure_note"] != "done" || got["summary"] != "Disk full" {
		t.Errorf("closed: %v", got)
	}
	if err := h.ReopenTicket(a); err != nil {
		t.Fatal(err)
	}
	if got := object(t, h.want(200, "GET", path, "")); got["hasbeenclosed"] != false || got["status_id"] != 2.0 {
		t.Errorf("reopened: %v", got)
	}
	h.want(201, "POST", "/api/Actions", fmt.Sprintf(`[{"ticket_id":%d,"outcome":"closed","note":"bye"}]`, a))
	if got := object(t, h.want(200, "GET", path, "")); got["hasbeenclosed"] != true {
		t.Errorf("closed by an outcome: %v", got)
	}
	if err := h.MergeTicket(a, b); err != nil {
		t.Fatal(err)
	}
	if got := object(t, h.want(200, "GET", path, "")); got["merged_into_id"] != float64(b) {
		t.Errorf("merged: %v", got)
	}
	h.want(400, "POST", "/api/Actions", fmt.Sprintf(`[{"ticket_id":%d,"outcome_id":7}]`, a))
	if got := object(t, h.want(200, "DELETE", fmt.Sprintf("/api/Tickets/%d?reason=test", b), "")); got["id"] != float64(b) {
		t.Errorf("deleted: %v", got)
	}
	if got := object(t, h.want(200, "GET", fmt.Sprintf("/api/Tickets/%d", b), "")); got["deleted"] != true {
		t.Errorf("deleted: %v", got)
	}
	h.want(404, "DELETE", fmt.Sprintf("/api/Tickets/%d", b), "")
	h.want(400, "POST", "/api/Tickets", fmt.Sprintf(`[{"id":%d,"status_id":1}]`, b))
	h.want(404, "POST", "/api/Tickets", `[{"id":7,"status_id":1}]`)
	for name, err := range map[string]error{"into itself": h.MergeTicket(a, a), "into nothing": h.MergeTicket(a, 1), "nothing": h.CloseTicket(1)} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestUpdates(t *testing.T) {
	t.Parallel()
	h := start(t, halosim.Options{})
	id := h.create(`,"details":"kept"`)
	got := object(t, h.want(201, "POST", "/api/Tickets", fmt.Sprintf(`[{"id":"%d","priority_id":1,"client_id":16}]`, id)))
	if got["priority_id"] != 1.0 || got["client_id"] != 16.0 || got["site_id"] != 50.0 || got["user_id"] != 170.0 || got["details"] != "kept" {
		t.Errorf("updated: %v", got)
	}
	h.want(400, "POST", "/api/Tickets", fmt.Sprintf(`[{"id":%d,"summary":"lost","priority_id":77}]`, id))
	got = object(t, h.want(201, "POST", "/api/Tickets", fmt.Sprintf(`[{"id":%d,"tickettype_id":25}]`, id)))
	if got["summary"] != "Disk full" || got["sla_id"] != 2.0 || got["priority_id"] != 2.0 {
		t.Errorf("another type: %v", got)
	}
	h.want(400, "POST", "/api/Tickets", fmt.Sprintf(`[{"id":%d,"tickettype_id":99}]`, id))
}

func TestLegacy(t *testing.T) {
	t.Parallel()
	h := start(t, halosim.Options{Legacy: true})
	if body := h.want(200, "GET", "/api/Tickets", ""); !strings.Contains(body, `"tickets":[]`) {
		t.Errorf("empty list: %s", body)
	}
	for _, ref := range []string{"one", "two"} {
		h.want(200, "POST", "/api/Tickets", `[{"tickettype_id":21,"summary":"x","third_party_id_string":"`+ref+`"}]`)
	}
	body := h.want(200, "GET", "/api/Tickets?third_party_id_string=one", "")
	if got := object(t, body); got["record_count"] != 2.0 || strings.Contains(body, "third_party_id_string") {
		t.Errorf("an old Halo knows the filter: %s", body)
	}
	if got := object(t, h.want(200, "GET", "/api/Tickets/2001", "")); got["third_party_id_string"] != "one" {
		t.Errorf("by id: %v", got)
	}
	kind := object(t, h.want(200, "GET", "/api/TicketType/21", ""))
	if _, found := kind["default_sla"]; found || kind["sla_id"] != 1.0 {
		t.Errorf("ticket type: %v", kind)
	}
	if err := h.DeleteTicket(2001); err != nil {
		t.Fatal(err)
	}
	h.want(404, "GET", "/api/Tickets/2001", "")
}
