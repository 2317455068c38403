package halosim_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/halert/halert/internal/halosim"
)

const oneTicket = `[{"tickettype_id":21,"client_id":15,"summary":"x"}]`

func TestRateLimit(t *testing.T) {
	t.Parallel()
	h := start(t, halosim.Options{RateLimit: 3, RateWindow: time.Minute}) // the token is the first call
	h.want(200, "GET", "/api/Status", "")
	h.clock.advance(30 * time.Second)
	h.want(200, "GET", "/api/Status", "")
	status, header, body := h.send("GET", "/api/Status", "")
	if want := `{"message":"Rate Limit Reached - 300 Requests per rolling 5 minute window"}`; status != 429 || body != want || header.Get("Retry-After") != "" {
		t.Errorf("status %d, body %s, header %v", status, body, header)
	}
	h.clock.advance(30 * time.Second)
	h.want(200, "GET", "/api/Status", "")
	h.want(200, "GET", "/api/Status", "")
	h.want(429, "POST", "/auth/token", tokenForm)
	if got := h.Stats().RateLimited; got != 2 {
		t.Errorf("429s: %d", got)
	}
}

func TestRateLimitFault(t *testing.T) {
	t.Parallel()
	h := start(t, halosim.Options{})
	for _, test := range []struct{ form, want string }{
		{"seconds", "90"},
		{"date", "Wed, 04 Mar 2026 09:01:30 GMT"},
		{"", ""},
	} {
		id := h.inject(halosim.Fault{Kind: halosim.KindRateLimit, RetryAfter: test.form, RetryIn: 90 * time.Second})
		status, header, _ := h.send("GET", "/api/Status", "")
		if got := header.Get("Retry-After"); status != 429 || got != test.want {
			t.Errorf("%q: status %d, Retry-After %q, want %q", test.form, status, got, test.want)
		}
		h.Remove(id)
	}
	h.inject(halosim.Fault{Kind: halosim.KindRateLimit, Limit: 1, Window: time.Second})
	h.want(200, "GET", "/api/Status", "")
	h.want(429, "GET", "/api/Status", "")
	h.clock.advance(time.Second)
	h.want(200, "GET", "/api/Status", "")
}

func TestErrorBodies(t *testing.T) {
	t.Parallel()
	h := start(t, halosim.Options{})
	for _, test := range []struct{ shape, want string }{
		{"exception", `{"ClassName":"System.Exception","Message":"Oh no","Data":null,"InnerException":null,"HelpURL":null,"StackTraceString":null}`},
		{"string", `"Oh no"`},
		{"message", `{"message":"Oh no"}`},
		{"modelstate", `{"[0].id":["Oh no"]}`},
		{"problem", `{"errors":{"id":["Oh no"]},"status":418,"title":"One or more validation errors occurred."}`},
		{"result", `{"errorMessage":"Oh no","resultCode":"418"}`},
		{"auth", `{"error":"server_error","error_description":"Oh no"}`},
		{"text", `Oh no`},
		{"empty", ``},
		{"html", "<!DOCTYPE html>\r\n<html><head><title>418 I'm a teapot</title></head><body><h2>Oh no</h2></body></html>\r\n"},
	} {
		id := h.inject(halosim.Fault{Kind: halosim.KindStatus, Status: 418, Body: test.shape, Message: "Oh no"})
		if got := h.want(418, "GET", "/api/Tickets", ""); got != test.want {
			t.Errorf("%s: %s", test.shape, got)
		}
		h.Remove(id)
	}
}

// TestLostAnswers shows what each fault leaves behind.
func TestLostAnswers(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		fault   halosim.Fault
		status  int
		tickets int
	}{
		{halosim.Fault{Kind: halosim.KindCreatedDropped}, 0, 1},
		{halosim.Fault{Kind: halosim.KindCreatedStatus}, 503, 1},
		{halosim.Fault{Kind: halosim.KindCreatedStatus, Status: 502, Operation: "create"}, 502, 1},
		{halosim.Fault{Kind: halosim.KindDropped}, 0, 0},
		{halosim.Fault{Kind: halosim.KindOutage}, 0, 0},
		{halosim.Fault{Kind: halosim.KindOutage, Status: 503}, 503, 0},
		{halosim.Fault{Kind: halosim.KindStatus, Status: 500}, 500, 0},
		{halosim.Fault{Kind: halosim.KindStatus, Status: 401, Operation: "read"}, 201, 1},
		{halosim.Fault{Kind: halosim.KindCreatedDropped, Operation: "note"}, 201, 1},
	} {
		t.Run(fmt.Sprintf("%s %d %s", test.fault.Kind, test.fault.Status, test.fault.Operation), func(t *testing.T) {
			t.Parallel()
			h := start(t, halosim.Options{})
			h.inject(test.fault)
			if got, _, _ := h.send("POST", "/api/Tickets", oneTicket); got != test.status {
				t.Errorf("status %d, want %d", got, test.status)
			}
			if got := len(h.Tickets()); got != test.tickets {
				t.Errorf("%d tickets, want %d", got, test.tickets)
			}
		})
	}
}

func TestConditionsOfFaults(t *testing.T) {
	t.Parallel()
	h := start(t, halosim.Options{})
	id := h.create("")
	note := fmt.Sprintf(`[{"ticket_id":%d,"outcome_id":7}]`, id)
	closing := fmt.Sprintf(`[{"ticket_id":%d,"outcome_id":9}]`, id)
	for _, test := range []struct {
		name               string
		fault              halosim.Fault
		method, path, body string
		hit                bool
	}{
		{"method", halosim.Fault{Method: "post"}, "POST", "/api/Actions", note, true},
		{"other method", halosim.Fault{Method: "POST"}, "GET", "/api/Status", "", false},
		{"path", halosim.Fault{Path: "/api/tickets/*"}, "GET", "/api/Tickets/7", "", true},
		{"other path", halosim.Fault{Path: "/api/tickets"}, "GET", "/api/Tickets/7", "", false},
		{"create", halosim.Fault{Operation: "create"}, "POST", "/api/Tickets", oneTicket, true},
		{"update is no create", halosim.Fault{Operation: "create"}, "POST", "/api/Tickets", fmt.Sprintf(`[{"id":%d}]`, id), false},
		{"update", halosim.Fault{Operation: "update"}, "POST", "/api/Tickets", fmt.Sprintf(`[{"id":%d}]`, id), true},
		{"close by update", halosim.Fault{Operation: "close"}, "POST", "/api/Tickets", fmt.Sprintf(`[{"id":%d,"status_id":9}]`, id), true},
		{"close by outcome", halosim.Fault{Operation: "close"}, "POST", "/api/Actions", closing, true},
		{"a closing is no note", halosim.Fault{Operation: "note"}, "POST", "/api/Actions", closing, false},
		{"note", halosim.Fault{Operation: "note"}, "POST", "/api/Actions", note, true},
		{"read", halosim.Fault{Operation: "read"}, "GET", "/api/Status", "", true},
		{"token", halosim.Fault{Operation: "token"}, "POST", "/auth/token", tokenForm, true},
		{"other", halosim.Fault{Operation: "other"}, "POST", "/api/Client", `[{"name":"x"}]`, true},
		{"any", halosim.Fault{Operation: "any"}, "GET", "/api/Status", "", true},
		{"client", halosim.Fault{ClientID: 15}, "POST", "/api/Tickets", oneTicket, true},
		{"client of a note", halosim.Fault{ClientID: 15}, "POST", "/api/Actions", note, true},
		{"client in a query", halosim.Fault{ClientID: 15}, "GET", "/api/Users?client_id=15", "", true},
		{"client by id", halosim.Fault{ClientID: 15}, "GET", fmt.Sprintf("/api/Tickets/%d", id), "", true},
		{"other client", halosim.Fault{ClientID: 16}, "POST", "/api/Tickets", oneTicket, false},
		{"over", halosim.Fault{Until: time.Date(2026, 3, 4, 9, 0, 0, 0, time.UTC)}, "GET", "/api/Status", "", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.fault.Kind, test.fault.Status = halosim.KindStatus, 418
			fault := h.inject(test.fault)
			defer h.Remove(fault)
			if status, _, _ := h.send(test.method, test.path, test.body); (status == 418) != test.hit {
				t.Errorf("status %d, hit wanted: %v", status, test.hit)
			}
		})
	}
}

func TestCountAndProbability(t *testing.T) {
	t.Parallel()
	h := start(t, halosim.Options{})
	h.inject(halosim.Fault{Kind: halosim.KindStatus, Status: 503, Count: 2})
	h.inject(halosim.Fault{Kind: halosim.KindStatus, Status: 502, Count: 1})
	for _, want := range []int{503, 503, 502, 200} {
		h.want(want, "GET", "/api/Status", "")
	}
	if got := h.Faults(); len(got) != 2 || got[0].Used != 2 || got[1].Used != 1 {
		t.Errorf("faults: %+v", got)
	}
	h.RemoveAll()
	h.inject(halosim.Fault{Kind: halosim.KindStatus, Status: 503, Probability: 0.5})
	failed := 0
	for range 100 {
		if status, _, _ := h.send("GET", "/api/Status", ""); status == 503 {
			failed++
		}
	}
	if failed < 30 || failed > 70 { // the dice are seeded: always the same number
		t.Errorf("%d of 100 failed", failed)
	}
}

func TestRefusalFaults(t *testing.T) {
	t.Parallel()
	h := start(t, halosim.Options{})
	id := h.create("")
	note := fmt.Sprintf(`[{"ticket_id":%d,"outcome_id":7,"note":"x"}]`, id)
	closing := fmt.Sprintf(`[{"id":%d,"status_id":9}]`, id)
	users := "/api/Users?client_id=15&advanced_search=" + `%5B%7B%22filter_name%22:%22azureoid%22,%22filter_type%22:2,%22filter_value%22:%22x%22%7D%5D`
	for _, test := range []struct {
		fault              halosim.Fault
		method, path, body string
		without, with      int
	}{
		{halosim.Fault{Kind: halosim.KindNotesRefused}, "POST", "/api/Actions", note, 201, 400},
		{halosim.Fault{Kind: halosim.KindClosingsRefused}, "POST", "/api/Tickets", closing, 201, 400},
		{halosim.Fault{Kind: halosim.KindClosingsRefused}, "POST", "/api/Actions", note, 201, 201},
		{halosim.Fault{Kind: halosim.KindPermissionMissing, Scope: "edit:tickets"}, "POST", "/api/Tickets", oneTicket, 201, 403},
		{halosim.Fault{Kind: halosim.KindPermissionMissing, Scope: "edit:tickets"}, "GET", "/api/Tickets", "", 200, 200},
		{halosim.Fault{Kind: halosim.KindInvalidClient}, "POST", "/auth/token", tokenForm, 200, 401},
		{halosim.Fault{Kind: halosim.KindNoAdvancedSearch}, "GET", users, "", 200, 400},
		{halosim.Fault{Kind: halosim.KindClientRestricted, ClientID: 15}, "POST", "/api/Tickets", oneTicket, 201, 403},
		{halosim.Fault{Kind: halosim.KindClientRestricted, ClientID: 15}, "POST", "/api/Actions", note, 201, 403},
		{halosim.Fault{Kind: halosim.KindClientRestricted, ClientID: 15}, "GET", fmt.Sprintf("/api/Tickets/%d", id), "", 200, 403},
		{halosim.Fault{Kind: halosim.KindClientRestricted, ClientID: 15}, "GET", fmt.Sprintf("/api/Actions?ticket_id=%d", id), "", 200, 403},
		{halosim.Fault{Kind: halosim.KindClientRestricted, ClientID: 15}, "GET", "/api/Users/161", "", 200, 403},
		{halosim.Fault{Kind: halosim.KindClientRestricted, ClientID: 16}, "POST", "/api/Tickets", oneTicket, 201, 201},
	} {
		h.want(test.without, test.method, test.path, test.body)
		fault := h.inject(test.fault)
		h.want(test.with, test.method, test.path, test.body)
		h.Remove(fault)
	}
	h.inject(halosim.Fault{Kind: halosim.KindClientRestricted, ClientID: 15})
	if got := h.ids(""); got != "" {
		t.Errorf("a hidden client's tickets are listed: %s", got)
	}
	if body := h.want(200, "GET", "/api/Client", ""); strings.Contains(body, "Contoso") || !strings.Contains(body, "Fabrikam") {
		t.Errorf("clients: %s", body)
	}
}

// recordCall makes a request without a network.
type recordCall = func(method, path, body string) *httptest.ResponseRecorder

// inBubble runs f with a simulator on the fake clock, called without a network.
func inBubble(t *testing.T, opts halosim.Options, f func(s *halosim.Sim, call recordCall)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := halosim.New(opts)
		token := ""
		call := func(method, path, body string) *httptest.ResponseRecorder {
			r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set("Authorization", "Bearer "+token)
			w := httptest.NewRecorder()
			s.ServeHTTP(w, r)
			return w
		}
		var got struct {
			AccessToken string `json:"access_token"`
		}
		if err := json.Unmarshal(call("POST", "/auth/token", tokenForm).Body.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		token = got.AccessToken
		f(s, call)
	})
}

func TestLatencyAndSlow(t *testing.T) {
	t.Parallel()
	inBubble(t, halosim.Options{Latency: time.Second}, func(s *halosim.Sim, call recordCall) {
		for _, test := range []struct {
			kind    string
			midway  int // tickets after half a second beyond the latency of all calls
			overall time.Duration
		}{{halosim.KindLatency, 0, 11 * time.Second}, {halosim.KindSlow, 1, 11 * time.Second}} {
			s.Reset()
			token := call("POST", "/auth/token", tokenForm).Body.String()
			if _, err := s.Inject(halosim.Fault{Kind: test.kind, Delay: 10 * time.Second}); err != nil {
				t.Fatal(err)
			}
			var out struct {
				AccessToken string `json:"access_token"`
			}
			if err := json.Unmarshal([]byte(token), &out); err != nil {
				t.Fatal(err)
			}
			begin := time.Now()
			done := make(chan time.Duration)
			go func() {
				r := httptest.NewRequest("POST", "/api/Tickets", strings.NewReader(oneTicket))
				r.Header.Set("Authorization", "Bearer "+out.AccessToken)
				s.ServeHTTP(httptest.NewRecorder(), r)
				done <- time.Since(begin)
			}()
			time.Sleep(1500 * time.Millisecond)
			if got := len(s.Tickets()); got != test.midway {
				t.Errorf("%s: %d tickets midway, want %d", test.kind, got, test.midway)
			}
			if took := <-done; took != test.overall {
				t.Errorf("%s took %v, want %v", test.kind, took, test.overall)
			}
			if got := len(s.Tickets()); got != 1 {
				t.Errorf("%s: %d tickets", test.kind, got)
			}
		}
	})
}

func TestConcurrentCreates(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		race     string
		statuses map[int]int
		tickets  int
	}{
		{"", map[int]int{201: 2}, 2},
		{"fail", map[int]int{201: 1, 500: 1}, 1},
		{"same-number", map[int]int{201: 2}, 1},
	} {
		t.Run("race "+test.race, func(t *testing.T) {
			t.Parallel()
			inBubble(t, halosim.Options{Latency: time.Second}, func(s *halosim.Sim, call recordCall) {
				if test.race != "" {
					if _, err := s.Inject(halosim.Fault{Kind: halosim.KindRace, Race: test.race}); err != nil {
						t.Fatal(err)
					}
				}
				call("POST", "/api/Tickets", oneTicket)
				var wg sync.WaitGroup
				var mu sync.Mutex
				statuses := map[int]int{}
				for range 2 {
					wg.Go(func() {
						w := call("POST", "/api/Tickets", oneTicket)
						mu.Lock()
						defer mu.Unlock()
						statuses[w.Code]++
					})
				}
				wg.Wait()
				if fmt.Sprint(statuses) != fmt.Sprint(test.statuses) || len(s.Tickets()) != 1+test.tickets {
					t.Errorf("statuses %v, %d tickets", statuses, len(s.Tickets()))
				}
				if got := s.Stats(); got.MaxConcurrentCreates != 2 || got.Creates != 3 {
					t.Errorf("stats: %+v", got)
				}
			})
		})
	}
}

func TestFaultsOverHTTP(t *testing.T) {
	t.Parallel()
	h := start(t, halosim.Options{})
	text := `{"kind":"slow","operation":"create","delay":"2s","retry_in":"1m","window":"5m","for":"1h","count":3}`
	got := object(t, h.want(201, "POST", "/sim/faults", text))
	if got["id"] != 1.0 || got["delay"] != "2s" || got["window"] != "5m0s" || got["until"] != "2026-03-04T10:00:00Z" {
		t.Errorf("fault: %v", got)
	}
	if list := array(t, h.want(200, "GET", "/sim/faults", "")); len(list) != 1 {
		t.Errorf("list: %v", list)
	}
	h.want(204, "DELETE", "/sim/faults/1", "")
	h.want(404, "DELETE", "/sim/faults/1", "")
	for _, test := range []struct{ text, words string }{
		{`{`, "unexpected EOF"},
		{`{"kind":"outage","colour":1}`, `unknown field \"colour\"`},
		{`{"kind":"meteor"}`, `kind \"meteor\" is none of status`},
		{`{"kind":"outage","operation":"dance"}`, `operation \"dance\"`},
		{`{"kind":"status"}`, "needs a status"},
		{`{"kind":"status","status":42}`, "not within 200 to 599"},
		{`{"kind":"status","status":500,"body":"poem"}`, `body \"poem\"`},
		{`{"kind":"rate-limit","retry_after":"soon"}`, `retry_after \"soon\"`},
		{`{"kind":"slow"}`, "needs a delay"},
		{`{"kind":"slow","delay":"long"}`, "delay: time: invalid duration"},
		{`{"kind":"permission-missing"}`, "needs a scope"},
		{`{"kind":"client-restricted"}`, "needs a client_id"},
		{`{"kind":"race"}`, "needs race to be"},
		{`{"kind":"outage","probability":2}`, "not within 0 to 1"},
		{`{"kind":"outage","count":-1}`, "must not be negative"},
		{`{"kind":"outage","path":"["}`, "syntax error in pattern"},
	} {
		if body := h.want(http.StatusBadRequest, "POST", "/sim/faults", test.text); !strings.Contains(body, test.words) {
			t.Errorf("%s: body %s lacks %q", test.text, body, test.words)
		}
	}
	h.want(201, "POST", "/sim/faults", `{"kind":"outage"}`)
	h.want(204, "DELETE", "/sim/faults", "")
	if list := array(t, h.want(200, "GET", "/sim/faults", "")); len(list) != 0 {
		t.Errorf("list: %v", list)
	}
}
