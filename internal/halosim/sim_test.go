package halosim_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/halert/halert/internal/halosim"
)

// halo is a simulator with a caller that has a token.
type halo struct {
	*halosim.Sim
	t     *testing.T
	clock *clock
	url   string
	token string
	// direct calls go without a network: they return when all is done, the
	// webhooks included.
	direct bool
}

// clock is a clock that tests move.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

const tokenForm = "grant_type=client_credentials&client_id=demo&client_secret=demo&scope=all"

func start(t *testing.T, opts halosim.Options) *halo {
	t.Helper()
	h := &halo{t: t, clock: &clock{at: time.Date(2026, 3, 4, 9, 0, 0, 0, time.UTC)}}
	opts.Now = h.clock.now
	h.Sim = halosim.New(opts)
	server := httptest.NewServer(h.Sim)
	t.Cleanup(server.Close)
	h.url = server.URL
	h.login(tokenForm)
	return h
}

func (h *halo) login(form string) {
	h.t.Helper()
	status, _, body := h.send("POST", "/auth/token?tenant=any", form)
	var got struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.Unmarshal([]byte(body), &got); err != nil || status != 200 || got.AccessToken == "" {
		h.t.Fatalf("token: status %d, body %s", status, body)
	}
	h.token = got.AccessToken
}

// send makes a request; status 0 means that the connection was closed.
func (h *halo) send(method, path, body string) (int, http.Header, string) {
	h.t.Helper()
	req, err := http.NewRequestWithContext(h.t.Context(), method, h.url+path, strings.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if strings.HasPrefix(strings.ToLower(path), "/auth") {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if h.token != "" {
		req.Header.Set("Authorization", "Bearer "+h.token)
	}
	if h.direct {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, req)
		return w.Code, w.Header(), w.Body.String()
	}
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	if err != nil {
		return 0, nil, ""
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, string(text)
}

// want makes a request that must have the status, and returns the body.
func (h *halo) want(status int, method, path, body string) string {
	h.t.Helper()
	got, _, text := h.send(method, path, body)
	if got != status {
		h.t.Fatalf("%s %s: status %d, want %d; body %s", method, path, got, status, text)
	}
	return text
}

// create makes a ticket of the given properties and returns its number.
func (h *halo) create(properties string) int {
	h.t.Helper()
	body := h.want(201, "POST", "/api/Tickets", `[{"tickettype_id":21,"client_id":15,"summary":"Disk full"`+properties+`}]`)
	return int(object(h.t, body)["id"].(float64))
}

func object(t *testing.T, text string) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return v
}

func array(t *testing.T, text string) []any {
	t.Helper()
	var v []any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return v
}

// ids returns the ids of a list of tickets, as text.
func (h *halo) ids(query string) string {
	h.t.Helper()
	var v struct {
		Tickets []struct {
			ID int `json:"id"`
		} `json:"tickets"`
	}
	text := h.want(200, "GET", "/api/Tickets?"+query, "")
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		h.t.Fatal(err)
	}
	ids := []string{}
	for _, t := range v.Tickets {
		ids = append(ids, fmt.Sprint(t.ID))
	}
	return strings.Join(ids, " ")
}

func (h *halo) inject(f halosim.Fault) int {
	h.t.Helper()
	id, err := h.Inject(f)
	if err != nil {
		h.t.Fatal(err)
	}
	return id
}

func TestTokenErrors(t *testing.T) {
	t.Parallel()
	h := start(t, halosim.Options{})
	for _, test := range []struct {
		name, form string
		status     int
		code       string
	}{
		{"wrong secret", strings.Replace(tokenForm, "client_secret=demo", "client_secret=nope", 1), 401, "invalid_client"},
		{"wrong id", strings.Replace(tokenForm, "client_id=demo", "client_id=nope", 1), 401, "invalid_client"},
		{"wrong grant", strings.Replace(tokenForm, "client_credentials", "password", 1), 400, "unsupported_grant_type"},
		{"wrong scope", strings.Replace(tokenForm, "scope=all", "scope=everything", 1), 400, "invalid_scope"},
	} {
		t.Run(test.name, func(t *testing.T) {
			status, _, body := h.send("POST", "/auth/token", test.form)
			if got := object(t, body)["error"]; status != test.status || got != test.code {
				t.Errorf("got %d %v, want %d %s", status, got, test.status, test.code)
			}
		})
	}
	body := h.want(200, "POST", "/Auth/Token", tokenForm+"&tenant=acme")
	got := object(t, body)
	if got["expires_in"] != 3600.0 || got["token_type"] != "Bearer" || got["refresh_token"] == "" || got["id_token"] == "" {
		t.Errorf("token answer: %s", body)
	}
}

func TestTokensExpire(t *testing.T) {
	t.Parallel()
	h := start(t, halosim.Options{})
	h.want(200, "GET", "/api/Status", "")
	h.clock.advance(time.Hour)
	if body := h.want(401, "GET", "/api/Status", ""); body != "" {
		t.Errorf("a 401 has the body %q", body)
	}
	h.login(tokenForm)
	h.want(200, "GET", "/api/Status", "")
	h.ExpireTokens()
	h.want(401, "GET", "/api/Status", "")

	h.inject(halosim.Fault{Kind: halosim.KindTokenExpiry, Delay: time.Second})
	h.login(tokenForm)
	h.want(200, "GET", "/api/Status", "")
	h.clock.advance(time.Second)
	h.want(401, "GET", "/api/Status", "")
	h.token = ""
	h.want(401, "GET", "/api/Status", "")
}

func TestScopesOfTheToken(t *testing.T) {
	t.Parallel()
	h := start(t, halosim.Options{})
	h.login(strings.Replace(tokenForm, "scope=all", "scope="+url.QueryEscape("read:tickets edit:customers"), 1))
	h.want(200, "GET", "/api/Tickets", "")
	h.want(403, "POST", "/api/Tickets", `[{"summary":"x"}]`)
	h.want(403, "GET", "/api/Client", "")
	h.want(201, "POST", "/api/Client", `[{"name":"Tailspin"}]`)
	h.want(403, "GET", "/api/Webhook", "")
	h.want(200, "GET", "/api/TicketType", "")
}

func TestAnonymousDiscovery(t *testing.T) {
	t.Parallel()
	h := start(t, halosim.Options{})
	h.token = ""
	info := object(t, h.want(200, "GET", "/api/authinfo", ""))
	if info["auth_url"] != h.url+"/auth" || info["tenant_id"] != "demo" {
		t.Errorf("authinfo: %v", info)
	}
	doc := object(t, h.want(200, "GET", "/auth/.well-known/openid-configuration", ""))
	if doc["token_endpoint"] != h.url+"/auth/token" {
		t.Errorf("discovery: %v", doc)
	}
}

func TestUnknownPathsAndMethods(t *testing.T) {
	t.Parallel()
	h := start(t, halosim.Options{})
	h.want(404, "GET", "/api/Nothing", "")
	h.want(404, "GET", "/api/Nothing/deeper/7", "")
	h.want(405, "PUT", "/api/Tickets", "[]")
	h.want(200, "GET", "/API/tIckEts/?nocache=undefined&count=undefined", "")
	h.want(413, "POST", "/api/Tickets", `["`+strings.Repeat("x", 30_000_000)+`"]`)
}

func TestStatsCountCalls(t *testing.T) {
	t.Parallel()
	h := start(t, halosim.Options{RateWindow: time.Minute})
	id := h.create("")
	h.clock.advance(time.Minute)
	h.want(200, "GET", fmt.Sprintf("/api/tickets/%d", id), "")
	h.want(404, "GET", "/api/tickets/1", "")
	stats := h.Stats()
	if stats.Total != 4 || stats.Calls["GET /api/Tickets/{id}"] != 2 || stats.Creates != 1 || stats.TicketsCreated != 1 ||
		stats.MaxInWindow != 2 || stats.TokensIssued != 1 || stats.MaxConcurrentCreates != 1 {
		t.Errorf("stats: %+v", stats)
	}
	calls := h.Calls()
	if len(calls) != 4 || calls[1].Operation != "create" || calls[1].ConcurrentCreates != 1 || calls[1].Status != 201 || calls[3].Status != 404 {
		t.Errorf("calls: %+v", calls)
	}
	h.Reset()
	if got := h.Stats(); got.Total != 0 || len(h.Tickets()) != 0 || len(h.Calls()) != 0 {
		t.Errorf("after a reset: %+v", got)
	}
}

func TestPageAndControl(t *testing.T) {
	t.Parallel()
	h := start(t, halosim.Options{})
	first, second := h.create(`,"details_html":"<p>one</p>"`), h.create("")
	h.token = ""
	if body := h.want(200, "GET", "/", ""); !strings.Contains(body, `src="page.js"`) || strings.Contains(body, "onclick") {
		t.Errorf("page: %s", body)
	}
	for _, file := range []string{"/page.js", "/page.css"} {
		_, header, body := h.send("GET", file, "")
		if body == "" || !strings.HasPrefix(header.Get("Content-Security-Policy"), "default-src 'none'; script-src 'self';") {
			t.Errorf("%s: %d bytes, %v", file, len(body), header)
		}
	}
	list := object(t, h.want(200, "GET", "/sim/tickets", ""))
	tickets := list["tickets"].([]any)
	if got := tickets[1].(map[string]any); len(tickets) != 2 || got["details_html"] != "<p>one</p>" || len(got["actions"].([]any)) != 1 {
		t.Errorf("tickets: %v", list)
	}
	unchanged := fmt.Sprintf("/sim/tickets?brief=true&changes=%v", list["changes"])
	h.want(204, "GET", unchanged, "")
	h.want(204, "POST", fmt.Sprintf("/sim/tickets/%d/close", first), "")
	if body := h.want(200, "GET", unchanged, ""); strings.Contains(body, "<p>one") {
		t.Errorf("brief list has details: %s", body)
	}
	if got := object(t, h.want(200, "GET", fmt.Sprintf("/sim/tickets/%d", first), "")); got["closed"] != true || got["status_name"] != "Closed" {
		t.Errorf("closed ticket: %v", got)
	}
	h.want(204, "POST", fmt.Sprintf("/sim/tickets/%d/reopen", first), "")
	h.want(204, "POST", fmt.Sprintf("/sim/tickets/%d/merge", first), fmt.Sprintf(`{"into":%d}`, second))
	h.want(404, "POST", fmt.Sprintf("/sim/tickets/%d/merge", first), `{"into":1}`)
	h.want(400, "POST", fmt.Sprintf("/sim/tickets/%d/merge", first), `x`)
	h.want(204, "POST", fmt.Sprintf("/sim/tickets/%d/delete", second), "")
	h.want(404, "POST", "/sim/tickets/1/close", "")
	views := h.Tickets()
	if !views[0].Closed || views[0].MergedIntoID != second || !views[1].Deleted {
		t.Errorf("tickets: %+v", views)
	}
	if got := object(t, h.want(200, "GET", "/sim/stats", "")); got["tickets_created"] != 2.0 {
		t.Errorf("stats: %v", got)
	}
	if got := array(t, h.want(200, "GET", "/sim/calls", "")); len(got) != 3 {
		t.Errorf("calls: %v", got)
	}
	h.want(204, "POST", "/sim/expire-tokens", "")
	h.want(204, "POST", "/sim/reset", "")
	if got := array(t, h.want(200, "GET", "/sim/calls", "")); len(got) != 0 {
		t.Errorf("calls after a reset: %v", got)
	}
}

func TestOtherSitesCanNotControl(t *testing.T) {
	t.Parallel()
	s := halosim.New(halosim.Options{})
	for site, want := range map[string]int{"cross-site": http.StatusForbidden, "same-origin": http.StatusCreated} {
		r := httptest.NewRequestWithContext(t.Context(), "POST", "/sim/faults", strings.NewReader(`{"kind":"outage"}`))
		r.Header.Set("Sec-Fetch-Site", site)
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("%s: status %d, want %d", site, w.Code, want)
		}
	}
}
