package halo

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const ticketAnswer = `{"id":2818,"dateoccurred":"2026-09-01T08:00:00","summary":"Disk full","details":"d","details_html":"<p>d</p>",
	"status_id":1,"tickettype_id":31,"sla_id":1,"priority_id":3,"client_id":12.0,"client_name":"Acme","site_id":"18","site_name":"Main",
	"user_id":33,"user_name":"General User","team":"1st Line","agent_id":1,"source":0,"third_party_id_string":"HA-1","hasbeenclosed":false,
	"dateclosed":"1900-01-01T00:00:00","merged_into_id":-1,"deleted":false,"last_update":"2026-09-01T08:00:01.5Z","customfields":[],"colour":{}}`

func wantTicket() Ticket {
	return Ticket{ID: 2818, Summary: "Disk full", Details: "d", DetailsHTML: "<p>d</p>", StatusID: 1, TicketTypeID: 31,
		SLAID: 1, PriorityID: 3, ClientID: 12, ClientName: "Acme", SiteID: 18, SiteName: "Main", UserID: 33,
		UserName: "General User", Team: "1st Line", AgentID: 1, ThirdPartyID: "HA-1",
		DateOccurred: time.Date(2026, 9, 1, 8, 0, 0, 0, time.UTC),
		LastUpdate:   time.Date(2026, 9, 1, 8, 0, 1, 5e8, time.UTC)}
}

func TestCreateTicketBody(t *testing.T) {
	zero, three, minus := 0, 3, -4
	tests := []struct {
		name string
		in   NewTicket
		want string
	}{
		{"general user", NewTicket{Summary: "Disk <full>", DetailsHTML: "<p>a & b</p>", TicketTypeID: 31, ClientID: 12, PriorityID: &three},
			`[{"usertype":1,"userlookup":{"id":-1,"lookupdisplay":"Enter Details Manually"},"client_id":12,"_forcereassign":true,
			"summary":"Disk <full>","details_html":"<p>a & b</p>","donotapplytemplateintheapi":true,"_novalidate":true,"tickettype_id":31,"priority_id":3}]`},
		{"linked user", NewTicket{Summary: "s", ClientID: 12, SiteID: 18, UserID: 33, RequestSource: &zero},
			`[{"user_id":33,"site_id":18,"client_id":12,"source":0,"summary":"s","_forcereassign":true,"donotapplytemplateintheapi":true,"_novalidate":true}]`},
		{"everything", NewTicket{Summary: "s", ClientID: 12, SiteID: 18, RequestSource: &minus, StatusID: 2, Team: "NOC", AgentID: 5,
			Impact: &zero, Urgency: &three, ParentID: 2700,
			Category1: "A>B", Category2: "c2", Category3: "c3", Category4: "c4", ThirdPartyID: "HA-1", ReportedBy: "Jo", UsersName: "Jo Doe",
			DateOccurred: time.Date(2026, 9, 1, 10, 0, 0, 9, time.FixedZone("", 7200)), AssetIDs: []int{8, 9},
			CustomFields: []CustomField{{ID: 152, Value: "x"}, {Name: "CFa", Value: 1}}},
			`[{"usertype":1,"userlookup":{"id":-1,"lookupdisplay":"Enter Details Manually"},"client_id":12,"site_id":18,"_forcereassign":true,
			"summary":"s","donotapplytemplateintheapi":true,"_novalidate":true,"source":-4,"status_id":2,"impact":0,"urgency":3,"parent_id":2700,"team":"NOC","agent_id":5,
			"category_1":"A>B","category_2":"c2","category_3":"c3","category_4":"c4","third_party_id_string":"HA-1","reportedby":"Jo",
			"users_name":"Jo Doe","dateoccurred":"2026-09-01T08:00:00Z","assets":[{"id":8},{"id":9}],
			"customfields":[{"id":152,"value":"x"},{"name":"CFa","value":1}]}]`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f, c := newFake(t, answerWith(201, ticketAnswer))
			got, err := c.CreateTicket(t.Context(), tt.in)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(wantTicket(), got); diff != "" {
				t.Errorf("ticket: %s", diff)
			}
			sent := f.seen("/Tickets")
			if len(sent) != 1 || sent[0].Method != "POST" || sent[0].ContentType != "application/json" || sent[0].Agent != "halert" {
				t.Fatalf("requests %+v", sent)
			}
			if diff := cmp.Diff(decodeJSON(t, tt.want), decodeJSON(t, sent[0].Body)); diff != "" {
				t.Errorf("body: %s", diff)
			}
		})
	}
}

func TestPostAnswers(t *testing.T) {
	for _, body := range []string{ticketAnswer, "[" + ticketAnswer + "]", `[{"id":1},` + ticketAnswer + `]`, `{"tickets":[` + ticketAnswer + `]}`} {
		for _, status := range []int{200, 201} {
			_, c := newFake(t, answerWith(status, body))
			got, err := c.UpdateTicket(t.Context(), TicketUpdate{ID: 2818, StatusID: 9})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(wantTicket(), got); diff != "" {
				t.Errorf("%d %s: %s", status, body, diff)
			}
		}
	}
}

func TestUpdateTicket(t *testing.T) {
	f, c := newFake(t, answerWith(200, ticketAnswer))
	if _, err := c.UpdateTicket(t.Context(), TicketUpdate{ID: 2818, StatusID: 9, ClosureNote: "over"}); err != nil {
		t.Fatal(err)
	}
	want := decodeJSON(t, `[{"id":2818,"status_id":9,"closure_note":"over","_novalidate":true}]`)
	if diff := cmp.Diff(want, decodeJSON(t, f.seen("/Tickets")[0].Body)); diff != "" {
		t.Error(diff)
	}
	if _, err := c.UpdateTicket(t.Context(), TicketUpdate{StatusID: 9}); err == nil || len(f.seen("/Tickets")) != 1 {
		t.Errorf("an update without an id was sent: %v", err)
	}
	_, err := c.CreateTicket(t.Context(), NewTicket{CustomFields: []CustomField{{ID: 1, Value: make(chan int)}}})
	if e, ok := errors.AsType[*Error](err); !ok || e.Class != ClassRefused || e.MaybeDone || len(f.seen("/Tickets")) != 1 {
		t.Errorf("a value that is no JSON: %v", err)
	}
}

func TestReadTicket(t *testing.T) {
	f, c := newFake(t, answerWith(200, ticketAnswer))
	got, err := c.Ticket(t.Context(), 2818)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(wantTicket(), got); diff != "" {
		t.Error(diff)
	}
	if r := f.seen("/Tickets/2818"); len(r) != 1 || r[0].Query != "includedetails=true&includelastaction=false&nocache=true" {
		t.Errorf("requests %+v", r)
	}
	for _, a := range []struct {
		status int
		body   string
	}{{404, ``}, {404, `{"Message":"gone"}`}, {200, `{}`}, {200, `{"id":null}`}, {200, `{"id":0}`}, {200, `null`}, {200, `[]`}} {
		f.serve(answerWith(a.status, a.body))
		_, err := c.Ticket(t.Context(), 5)
		if e, ok := errors.AsType[*Error](err); !ok || e.Class != ClassNotFound || e.MaybeDone || e.Status != a.status {
			t.Errorf("%+v: %v", a, err)
		}
	}
}

func TestClosed(t *testing.T) {
	for body, want := range map[string]bool{
		`{"id":1,"hasbeenclosed":true}`: true, `{"id":1,"hasbeenclosed":1}`: true, `{"id":1,"hasbeenclosed":"true"}`: true,
		`{"id":1,"hasbeenclosed":false}`: false, `{"id":1}`: false, `{"id":1,"dateclosed":null}`: false,
		`{"id":1,"dateclosed":"1900-01-01T00:00:00"}`: false, `{"id":1,"dateclosed":"2026-01-01T00:00:00"}`: true,
	} {
		o, err := parseObject([]byte(body))
		if err != nil || readTicket(o).Closed() != want {
			t.Errorf("%s: %v, want closed %t", body, err, want)
		}
	}
}

func TestDeleteTicket(t *testing.T) {
	f, c := newFake(t, answerWith(200, `{"id":4}`))
	if err := c.DeleteTicket(t.Context(), 4, "a test"); err != nil {
		t.Fatal(err)
	}
	if r := f.seen("/Tickets/4"); len(r) != 1 || r[0].Method != "DELETE" || r[0].Query != "reason=a+test" {
		t.Errorf("requests %+v", r)
	}
}

func TestActions(t *testing.T) {
	f, c := newFake(t, answerWith(201, `{"ticket_id":2818,"id":4,"outcome":"Internal Note","outcome_id":7,"hiddenfromuser":true,"datetime":"2026-09-01T08:00:00"}`))
	got, err := c.AddAction(t.Context(), NewAction{TicketID: 2818, OutcomeID: 7, NoteHTML: "<p>again</p>"})
	if err != nil {
		t.Fatal(err)
	}
	want := Action{ID: 4, TicketID: 2818, OutcomeID: 7, Outcome: "Internal Note", HiddenFromUser: true, At: time.Date(2026, 9, 1, 8, 0, 0, 0, time.UTC)}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	body := decodeJSON(t, `[{"ticket_id":2818,"outcome_id":7,"hiddenfromuser":true,"sendemail":false,"note_html":"<p>again</p>"}]`)
	if diff := cmp.Diff(body, decodeJSON(t, f.seen("/Actions")[0].Body)); diff != "" {
		t.Error(diff)
	}
	f.serve(answerWith(200, `{"ticket_id":5,"record_count":2,"actions":[{"id":1,"ticket_id":5,"note":"n"},{"id":2,"ticket_id":5}]}`))
	list, err := c.Actions(t.Context(), 5)
	if diff := cmp.Diff([]Action{{ID: 1, TicketID: 5, Note: "n"}, {ID: 2, TicketID: 5}}, list); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
	if q := f.seen("/Actions")[1].Query; q != "excludesys=true&includehtmlnote=true&ticket_id=5" {
		t.Errorf("query %q", q)
	}
}

func TestTicketQuery(t *testing.T) {
	f, c := newFake(t, answerWith(200, `{"record_count":0,"tickets":null}`))
	at := time.Date(2026, 9, 1, 8, 0, 0, 0, time.UTC)
	for _, err := range c.Tickets(t.Context(), TicketQuery{ClientID: 12, ThirdPartyID: "HA-1", Search: "a b", SearchSummary: "s", SearchDetails: "d",
		OpenOnly: true, ClosedOnly: true, Deleted: true, IDs: []int{4, 5}, DateSearch: "dateoccured", Start: at, End: at.Add(time.Hour),
		LastUpdateFrom: at, Order: "id", OrderDesc: true, PageSize: 500}) {
		t.Errorf("a row, or %v", err)
	}
	want := url.Values{"pageinate": {"true"}, "page_size": {"100"}, "page_no": {"1"}, "includecolumns": {"false"}, "client_id": {"12"},
		"third_party_id_string": {"HA-1"}, "search": {"a b"}, "search_summary": {"s"}, "search_details": {"d"}, "open_only": {"true"},
		"closed_only": {"true"}, "deleted": {"true"}, "ticketids": {"4,5"}, "datesearch": {"dateoccured"}, "startdate": {"2026-09-01T08:00:00Z"},
		"enddate": {"2026-09-01T09:00:00Z"}, "lastupdatefromdate": {"2026-09-01T08:00:00Z"}, "order": {"id"}, "orderdesc": {"true"}}
	got, _ := url.ParseQuery(f.seen("/Tickets")[0].Query)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// paged serves total tickets in pages of at most most rows.
func paged(total, most int, counts, paging bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		size, _ := strconv.Atoi(r.FormValue("page_size"))
		number, _ := strconv.Atoi(r.FormValue("page_no"))
		size = min(size, most)
		if !paging {
			number = 1
		}
		io.WriteString(w, `{`)
		if counts {
			fmt.Fprintf(w, `"record_count":%d,`, total)
		}
		io.WriteString(w, `"tickets":[`)
		for i := (number - 1) * size; i < min(number*size, total); i++ {
			if i > (number-1)*size {
				io.WriteString(w, ",")
			}
			fmt.Fprintf(w, `{"id":%d.0}`, i+1)
		}
		io.WriteString(w, `]}`)
	}
}

func TestPages(t *testing.T) {
	tests := []struct {
		name    string
		handler http.HandlerFunc
		query   TicketQuery
		rows    int
		calls   int
		limit   bool
	}{
		{"none", paged(0, 100, true, true), TicketQuery{}, 0, 1, false},
		{"one short page", paged(7, 100, true, true), TicketQuery{}, 7, 1, false},
		{"exactly one page", paged(100, 100, true, true), TicketQuery{}, 100, 1, false},
		{"three pages", paged(250, 100, true, true), TicketQuery{}, 250, 3, false},
		{"smaller pages than asked for", paged(120, 50, true, true), TicketQuery{}, 120, 3, false},
		{"no count", paged(250, 100, false, true), TicketQuery{}, 250, 3, false},
		{"no count, full last page", paged(200, 100, false, true), TicketQuery{}, 200, 3, false},
		{"page number ignored", paged(250, 100, true, false), TicketQuery{}, 100, 2, false},
		{"page number ignored, no count", paged(250, 100, false, false), TicketQuery{}, 100, 2, false},
		{"own page size", paged(25, 100, true, true), TicketQuery{PageSize: 10}, 25, 3, false},
		{"limit", paged(250, 100, true, true), TicketQuery{MaxPages: 2}, 200, 2, true},
		{"limit not needed", paged(200, 100, true, true), TicketQuery{MaxPages: 2}, 200, 2, false},
		{"rows without id", answerWith(200, `[{"id":3},{"summary":"x"},{"id":3},{"id":4}]`), TicketQuery{}, 2, 1, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f, c := newFake(t, tt.handler)
			rows, last := 0, error(nil)
			for ticket, err := range c.Tickets(t.Context(), tt.query) {
				if last = err; err == nil {
					rows++
				} else if ticket != (Ticket{}) {
					t.Error("a ticket beside an error")
				}
			}
			if calls := len(f.seen("/Tickets")); rows != tt.rows || calls != tt.calls || errors.Is(last, ErrPageLimit) != tt.limit {
				t.Errorf("%d rows, %d calls, %v; want %d, %d, limit %t", rows, calls, last, tt.rows, tt.calls, tt.limit)
			}
		})
	}
}

func TestPagesEndEarly(t *testing.T) {
	f, c := newFake(t, paged(250, 100, true, true))
	for ticket, err := range c.Tickets(t.Context(), TicketQuery{}) {
		if err != nil || ticket.ID == 5 {
			break
		}
	}
	if n := len(f.seen("/Tickets")); n != 1 {
		t.Errorf("%d calls for five rows", n)
	}
	f.serve(answerWith(403, `"No access"`))
	var got []error
	for _, err := range c.Tickets(t.Context(), TicketQuery{}) {
		got = append(got, err)
	}
	want := []error{&Error{Op: "list tickets", Method: "GET", Path: "/Tickets", Status: 403, Class: ClassForbidden, Message: "No access"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
