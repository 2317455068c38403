package conntest

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/halert/halert/internal/halo"
)

const secret = "a-client-secret-of-the-test"

// fakeHalo is as much of a Halo as the test asks for. override replaces the
// answer to "METHOD /path".
type fakeHalo struct {
	mu       sync.Mutex
	override map[string]http.HandlerFunc
	ticket   map[string]any // the one that was made
	filter   string         // the query parameter that works: "", or one of the two
	lag      int            // lists that do not show the new ticket yet
	loses    bool           // third_party_id_string is not kept
	noClose  bool           // the status does not close
}

func reply(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

func (f *fakeHalo) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	key := r.Method + " " + strings.TrimPrefix(r.URL.Path, "/api")
	answers := map[string]string{
		"GET /Agent/me":      `{"id":4,"name":"API agent"}`,
		"GET /Client":        `{"record_count":2,"clients":[{"id":1,"name":"Old","inactive":true},{"id":12,"name":"Acme"}]}`,
		"GET /TicketType/31": `{"id":31,"name":"Alert","default_sla":2,"workflow_id":5}`,
		"GET /Priority":      `[{"id":"a","priorityid":3,"slaid":2,"name":"Medium"},{"id":"b","priorityid":4,"slaid":9,"name":"Other"}]`,
		"GET /Outcome":       `[{"id":7,"outcome":"Internal Note"},{"id":8,"outcome":"Call"}]`,
		"GET /Workflow/5":    `{"id":5,"name":"Flow","steps":[{"id":1,"actions":[{"action_id":7}]}]}`,
		"GET /Status":        `[{"id":1,"name":"New","type":1},{"id":9,"name":"Closed","type":3},{"id":10,"name":"Done","type":3}]`,
		"GET /Lookup":        `[{"id":0,"name":"Email"},{"id":22,"name":"Monitoring"}]`,
		"GET /authinfo":      `{}`,
		"POST /auth/token":   `{"access_token":"token","expires_in":3600}`,
	}
	switch {
	case f.override[key] != nil:
		f.override[key](w, r)
	case key == "GET /auth/.well-known/openid-configuration":
		reply(404, "")(w, r)
	case key == "GET /Tickets":
		f.list(w, r)
	case key == "GET /Tickets/50" && f.ticket != nil:
		json.NewEncoder(w).Encode(f.ticket)
	case key == "POST /Tickets":
		f.post(w, r)
	case key == "POST /Actions":
		reply(201, `{"id":2,"ticket_id":50}`)(w, r)
	case answers[key] != "":
		io.WriteString(w, answers[key])
	default:
		http.NotFound(w, r)
	}
}

func (f *fakeHalo) post(w http.ResponseWriter, r *http.Request) {
	var sent []map[string]any
	if err := json.NewDecoder(r.Body).Decode(&sent); err != nil || len(sent) != 1 {
		reply(400, `"an array is wanted"`)(w, r)
		return
	}
	if f.ticket == nil {
		f.ticket = map[string]any{"id": 50, "status_id": 1, "hasbeenclosed": false}
	}
	for name, value := range sent[0] {
		if name != "third_party_id_string" || !f.loses {
			f.ticket[name] = value
		}
	}
	f.ticket["hasbeenclosed"] = f.ticket["status_id"] == 9.0 && !f.noClose
	w.WriteHeader(201)
	json.NewEncoder(w).Encode(f.ticket)
}

// list shows the new ticket and two others, unless the one filter that works
// is used.
func (f *fakeHalo) list(w http.ResponseWriter, r *http.Request) {
	rows := []map[string]any{{"id": 48, "summary": "other"}, {"id": 49, "summary": "another"}}
	if f.filter != "" && r.FormValue(f.filter) != "" {
		rows = nil
	}
	if f.ticket != nil {
		if f.lag--; f.lag < 0 {
			rows = append(rows, f.ticket)
		}
	}
	json.NewEncoder(w).Encode(map[string]any{"record_count": len(rows), "tickets": rows})
}

func newTest(t *testing.T, f *fakeHalo) *halo.Client {
	t.Helper()
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	return &halo.Client{ResourceURL: server.URL + "/api", AuthURL: server.URL + "/auth", ClientID: "app",
		ClientSecret: secret, HTTP: server.Client()}
}

func settings() Settings {
	priority, source := 3, 0
	return Settings{TicketType: 31, Priority: &priority, RequestSource: &source, NoteOutcome: 7, ClosedStatus: 9}
}

func byName(steps []Step) map[string]Step {
	m := make(map[string]Step)
	for _, s := range steps {
		m[s.Name] = s
	}
	return m
}

func TestAllIsWell(t *testing.T) {
	var seen []Step
	steps := Run(t.Context(), newTest(t, &fakeHalo{}), settings(), func(s Step) { seen = append(seen, s) })
	if diff := cmp.Diff(steps, seen); diff != "" {
		t.Errorf("progress: %s", diff)
	}
	for _, s := range steps {
		if !s.OK || s.Skipped || s.Remedy != "" || s.Detail == "" {
			t.Errorf("%+v", s)
		}
	}
	if len(steps) != 12 {
		t.Errorf("%d steps", len(steps))
	}
	m := byName(steps)
	for name, want := range map[string]string{
		stepResource: "unencrypted", stepAgent: `"API agent" (4)`, stepTickets: "only be proven by the test with a ticket (edit:tickets)",
		stepTicketType: `"Alert" (31)`, stepPriority: `"Medium" (3) of SLA 2`, stepNote: `"Flow" allows`, stepClosing: `"Closed" (9)`, stepSource: `"Email" (0)`,
	} {
		if !strings.Contains(m[name].Detail, want) {
			t.Errorf("%s: %q, want %q", name, m[name].Detail, want)
		}
	}
}

// TestEachFailure breaks one thing at a time.
func TestEachFailure(t *testing.T) {
	minus, three := -9, 4
	tests := []struct {
		name    string
		key     string // what answers differently
		status  int
		body    string
		change  func(*Settings)
		step    string // the first that is not OK
		detail  string
		remedy  string
		skipped []string
	}{
		{name: "secret", key: "POST /auth/token", status: 401, body: `{"error":"invalid_client"}`, step: stepToken, detail: "invalid_client",
			remedy: "Halo PSA API > View Applications > (application)", skipped: []string{stepAgent, stepTickets, stepCustomers, stepTicketType, stepPriority, stepNote, stepClosing, stepSource}},
		{name: "token address", key: "POST /auth/token", status: 200, body: `<html>`, step: stepToken, detail: "unreadable", remedy: "must end in /auth",
			skipped: []string{stepAgent, stepTickets, stepCustomers, stepTicketType, stepPriority, stepNote, stepClosing, stepSource}},
		{name: "agent refused", key: "GET /Agent/me", status: 401, step: stepAgent, detail: "unauthorised", remedy: "not disabled",
			skipped: []string{stepTickets, stepCustomers, stepTicketType, stepPriority, stepNote, stepClosing, stepSource}},
		{name: "agent disabled", key: "GET /Agent/me", status: 200, body: `{"id":4,"name":"Bot","isdisabled":true}`, step: stepAgent, detail: "disabled", remedy: "not disabled",
			skipped: []string{stepTickets, stepCustomers, stepTicketType, stepPriority, stepNote, stepClosing, stepSource}},
		{name: "API address", key: "GET /Agent/me", status: 404, body: "no", step: stepAgent, detail: "not-found", remedy: "must end in /api",
			skipped: []string{stepTickets, stepCustomers, stepTicketType, stepPriority, stepNote, stepClosing, stepSource}},
		{name: "read:tickets", key: "GET /Tickets", status: 403, step: stepTickets, detail: "forbidden", remedy: "Permissions and tick read:tickets"},
		{name: "read:customers", key: "GET /Client", status: 403, step: stepCustomers, detail: "forbidden", remedy: "Permissions and tick read:customers"},
		{name: "no clients", key: "GET /Client", status: 200, body: `[]`, step: stepCustomers, detail: "no active client", remedy: "Teams & Agents"},
		{name: "busy", key: "GET /Client", status: 429, step: stepCustomers, detail: "rate-limited", remedy: "rate_limit"},
		{name: "down", key: "GET /Client", status: 503, step: stepCustomers, detail: "server", remedy: "few minutes"},
		{name: "odd", key: "GET /Client", status: 200, body: `<html>`, step: stepCustomers, detail: "unreadable", remedy: "end in /api"},
		{name: "type missing", change: func(s *Settings) { s.TicketType = 99 }, step: stepTicketType, detail: "not-found", remedy: "tickettype?id=", skipped: []string{stepPriority, stepNote}},
		{name: "type not set", change: func(s *Settings) { s.TicketType = 0 }, step: stepTicketType, detail: "no ticket type", remedy: "tickettype?id=", skipped: []string{stepPriority, stepNote}},
		{name: "priority of another SLA", change: func(s *Settings) { s.Priority = &three }, step: stepPriority, detail: "known are: 3 Medium", remedy: "Service Level Agreements"},
		{name: "no action", change: func(s *Settings) { s.NoteOutcome = 70 }, step: stepNote, detail: "known are: 7 Internal Note, 8 Call", remedy: "Tickets > Actions"},
		{name: "action not in workflow", change: func(s *Settings) { s.NoteOutcome = 8 }, step: stepNote, detail: `"Flow"`, remedy: "Tickets > Workflows"},
		{name: "workflow hidden", key: "GET /Workflow/5", status: 403, step: stepNote, detail: "forbidden", remedy: "workflow"},
		{name: "no status", change: func(s *Settings) { s.ClosedStatus = 77 }, step: stepClosing, detail: "known are: 1 New", remedy: "Tickets > Statuses"},
		{name: "status does not close", change: func(s *Settings) { s.ClosedStatus = 1 }, step: stepClosing, detail: `"New" (1) does not look`, remedy: "closed_status"},
		{name: "no source", change: func(s *Settings) { s.RequestSource = &minus }, step: stepSource, detail: "known are: 0 Email, 22 Monitoring", remedy: "request_source"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f, s := &fakeHalo{override: map[string]http.HandlerFunc{}}, settings()
			if tt.key != "" {
				f.override[tt.key] = reply(tt.status, tt.body)
			}
			if tt.change != nil {
				tt.change(&s)
			}
			checkFailure(t, Run(t.Context(), newTest(t, f), s, nil), tt.step, tt.detail, tt.remedy, tt.skipped)
		})
	}
}

// checkFailure wants one step not OK, the given ones skipped, all others OK.
func checkFailure(t *testing.T, steps []Step, name, detail, remedy string, skipped []string) {
	t.Helper()
	if !slices.ContainsFunc(steps, func(s Step) bool { return s.Name == name }) {
		t.Errorf("no step %q", name)
	}
	for _, s := range steps {
		switch {
		case strings.Contains(s.Detail+s.Remedy, secret):
			t.Errorf("secret in %+v", s)
		case s.Name == name:
			if s.OK || s.Skipped || !strings.Contains(s.Detail, detail) || !strings.Contains(s.Remedy, remedy) {
				t.Errorf("%+v\nwant %q and %q", s, detail, remedy)
			}
		case slices.Contains(skipped, s.Name):
			if s.OK || !s.Skipped || !strings.Contains(s.Detail, "it waits for the step") || s.Remedy == "" {
				t.Errorf("not skipped: %+v", s)
			}
		case !s.OK || s.Skipped:
			t.Errorf("not OK: %+v", s)
		}
	}
}

func TestStatusClosesByItsType(t *testing.T) {
	s := settings()
	s.ClosedStatus = 10
	if got := byName(Run(t.Context(), newTest(t, &fakeHalo{}), s, nil))[stepClosing]; !got.OK {
		t.Errorf("%+v", got)
	}
}

func TestNothingSet(t *testing.T) {
	for _, s := range Run(t.Context(), newTest(t, &fakeHalo{}), Settings{TicketType: 31}, nil) {
		if !s.OK {
			t.Errorf("%+v", s)
		}
	}
}

func TestReach(t *testing.T) {
	afterResource := []string{stepClock, stepAgent, stepTickets, stepCustomers, stepTicketType, stepPriority, stepNote, stepClosing, stepSource}
	afterAuth := append([]string{stepToken}, afterResource[1:]...)
	closed := httptest.NewServer(nil)
	closed.Close()
	unknown := httptest.NewUnstartedServer(reply(200, "{}"))
	unknown.Config.ErrorLog = log.New(io.Discard, "", 0)
	unknown.StartTLS()
	defer unknown.Close()
	noName := &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		if strings.HasPrefix(addr, "acme.invalid") {
			return nil, &net.DNSError{Err: "no such host", Name: "acme.invalid", IsNotFound: true}
		}
		return (&net.Dialer{}).DialContext(ctx, network, addr)
	}}
	tests := []struct {
		name                 string
		change               func(*halo.Client)
		step, detail, remedy string
		skipped              []string
	}{
		{"name", func(c *halo.Client) {
			c.ResourceURL, c.HTTP = "http://acme.invalid/api", &http.Client{Transport: noName}
		},
			stepResource, "does not resolve", "DNS", afterResource},
		{"port", func(c *halo.Client) { c.ResourceURL = closed.URL + "/api" }, stepResource, "does not answer", "firewall", afterResource},
		{"certificate", func(c *halo.Client) { c.AuthURL = unknown.URL + "/auth" }, stepAuth, "TLS with", "certificate", afterAuth},
		{"no address", func(c *halo.Client) { c.AuthURL = "acme/auth" }, stepAuth, "not a web address", "Halo PSA API", afterAuth},
		{"bad address", func(c *halo.Client) { c.ResourceURL = "http://u:" + secret + "@bad host/" }, stepResource, "not a web address", "Halo PSA API", afterResource},
		{"clock ahead", func(c *halo.Client) { c.Now = func() time.Time { return time.Now().Add(time.Hour) } }, stepClock, "ahead of", "NTP", nil},
		{"clock behind", func(c *halo.Client) { c.Now = func() time.Time { return time.Now().Add(-time.Hour) } }, stepClock, "behind", "NTP", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newTest(t, &fakeHalo{})
			tt.change(c)
			checkFailure(t, Run(t.Context(), c, settings(), nil), tt.step, tt.detail, tt.remedy, tt.skipped)
		})
	}
}

func TestReachTLS(t *testing.T) {
	server := httptest.NewTLSServer(&fakeHalo{})
	defer server.Close()
	c := &halo.Client{ResourceURL: server.URL + "/api", AuthURL: server.URL + "/auth", HTTP: server.Client()}
	got := byName(Run(t.Context(), c, settings(), nil))[stepResource]
	if !got.OK || !strings.Contains(got.Detail, "TLS 1.3, certificate valid until") {
		t.Errorf("%+v", got)
	}
	if !isTLS(fmt.Errorf("x: %w", x509.UnknownAuthorityError{})) || isTLS(io.EOF) {
		t.Error("errors of TLS are not told from others")
	}
}

func withTicket() Settings {
	s := settings()
	s.MakeTicket = true
	return s
}

func TestMakeTicket(t *testing.T) {
	tests := []struct {
		name string
		fake *fakeHalo
		find string
	}{
		{"native filter", &fakeHalo{filter: "third_party_id_string"}, "found by Halo's filter"},
		{"search", &fakeHalo{filter: "search_summary"}, "search of the summary"},
		{"search of the text", &fakeHalo{filter: "search"}, "search of the text"},
		{"paging", &fakeHalo{}, "newest tickets"},
		{"late", &fakeHalo{filter: "third_party_id_string", lag: 4}, "found by Halo's filter"},
		{"reference not kept", &fakeHalo{filter: "search_summary", loses: true}, "does not keep third_party_id_string"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			steps := run(t.Context(), newTest(t, tt.fake), withTicket(), nil, time.Millisecond)
			for _, s := range steps {
				if !s.OK {
					t.Errorf("%+v", s)
				}
			}
			m := byName(steps)
			if len(steps) != 17 || !strings.Contains(m[stepFind].Detail, tt.find) || !strings.Contains(m[stepReadBack].Detail, "ticket 50 is closed, status 9") {
				t.Errorf("%d steps; %+v; %+v", len(steps), m[stepFind], m[stepReadBack])
			}
			ticket, reference := tt.fake.ticket, ""
			if _, after, ok := strings.Cut(fmt.Sprint(ticket["summary"]), "["); ok {
				reference = strings.TrimSuffix(after, "]")
			}
			if len(reference) < 20 || !strings.HasPrefix(fmt.Sprint(ticket["summary"]), testTitle) || !strings.Contains(fmt.Sprint(ticket["details_html"]), reference) ||
				ticket["client_id"] != 12.0 || ticket["source"] != 0.0 || !tt.fake.loses && ticket["third_party_id_string"] != reference {
				t.Errorf("ticket %v", ticket)
			}
		})
	}
}

func TestMakeTicketFailures(t *testing.T) {
	afterCreate := []string{stepAddNote, stepFind, stepClose, stepReadBack}
	tests := []struct {
		name, key            string
		handler              http.HandlerFunc
		fake                 *fakeHalo
		change               func(*Settings)
		step, detail, remedy string
		skipped              []string
	}{
		{name: "edit:tickets", key: "POST /Tickets", handler: reply(403, `"No access"`), step: stepCreate, detail: "No access", remedy: "tick edit:tickets", skipped: afterCreate},
		{name: "lost", key: "POST /Tickets", handler: reply(504, ""), step: stepCreate, detail: "504", remedy: "search it for HALERT-TEST-", skipped: afterCreate},
		{name: "read:customers", key: "GET /Client", handler: reply(403, ""), step: stepCustomers, detail: "forbidden", remedy: "read:customers", skipped: append([]string{stepCreate}, afterCreate...)},
		{name: "note", key: "POST /Actions", handler: reply(400, `"You do not have access"`), step: stepAddNote, detail: "You do not have access", remedy: "note_outcome"},
		{name: "not found", key: "", fake: &fakeHalo{lag: 99}, step: stepFind, detail: "not found by its reference", remedy: "second ticket"},
		{name: "still open", fake: &fakeHalo{noClose: true}, step: stepReadBack, detail: "ticket 50 is open", remedy: "does not close tickets"},
		{name: "gone", key: "GET /Tickets/50", handler: reply(404, ""), step: stepReadBack, detail: "not-found", remedy: "read:tickets"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f, s := tt.fake, withTicket()
			if f == nil {
				f = &fakeHalo{filter: "third_party_id_string"}
			}
			if tt.key != "" {
				f.override = map[string]http.HandlerFunc{tt.key: tt.handler}
			}
			checkFailure(t, run(t.Context(), newTest(t, f), s, nil, time.Millisecond), tt.step, tt.detail, tt.remedy, tt.skipped)
		})
	}
}

func TestClosingRefused(t *testing.T) {
	f := &fakeHalo{filter: "third_party_id_string", override: map[string]http.HandlerFunc{}}
	f.override["POST /Tickets"] = func(w http.ResponseWriter, r *http.Request) {
		if f.ticket != nil {
			reply(400, `{"Message":"Closure note required"}`)(w, r)
			return
		}
		f.post(w, r)
	}
	checkFailure(t, run(t.Context(), newTest(t, f), withTicket(), nil, 0), stepClose, "Closure note required", "Close ticket 50 by hand", nil)
}

func TestTicketStaysOpenWithoutClosingStatus(t *testing.T) {
	s := withTicket()
	s.ClosedStatus, s.ClientID = 0, 77
	f := &fakeHalo{}
	m := byName(run(t.Context(), newTest(t, f), s, nil, 0))
	if got := m[stepClose]; !got.OK || !strings.Contains(got.Detail, "close ticket 50 by hand") {
		t.Errorf("%+v", got)
	}
	if got := m[stepReadBack]; !got.OK || !strings.Contains(got.Detail, "open") || f.ticket["client_id"] != 77.0 {
		t.Errorf("%+v; %v", got, f.ticket)
	}
}
