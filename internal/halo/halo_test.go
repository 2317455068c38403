package halo

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	testSecret = "5f0c1d2e-aaaa-4bbb-8ccc-0123456789ab-77777777-dddd-4eee-9fff-ba9876543210"
	testTenant = "secret-tenant-name"
)

// fake is a Halo below a path of its own, so that a client that drops the
// base path is found out. It gives tokens t1, t2, … and serves api.
type fake struct {
	*httptest.Server
	api http.HandlerFunc // for paths below /base/api, with a token that is good

	mu       sync.Mutex
	tokens   int    // given so far
	expires  string // JSON of expires_in
	tokenFor http.HandlerFunc
	good     func(token string) bool
	requests []seenRequest
}

type seenRequest struct {
	Method, Path, Query, Token, ContentType, Agent, Body string
}

func newFake(t *testing.T, api http.HandlerFunc) (*fake, *Client) {
	t.Helper()
	f := &fake{api: api, expires: "3600"}
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.Close)
	return f, &Client{
		ResourceURL: f.URL + "/base/api/", AuthURL: f.URL + "/base/auth", Tenant: testTenant,
		ClientID: "app-1", ClientSecret: testSecret, HTTP: f.Client(),
	}
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	f.mu.Lock()
	f.requests = append(f.requests, seenRequest{r.Method, r.URL.Path, r.URL.RawQuery, token,
		r.Header.Get("Content-Type"), r.Header.Get("User-Agent"), string(body)})
	good, tokenFor, api := f.good, f.tokenFor, f.api
	f.mu.Unlock()

	switch {
	case r.URL.Path == "/base/auth/token" && tokenFor != nil:
		tokenFor(w, r)
	case r.URL.Path == "/base/auth/token":
		f.giveToken(w)
	case !strings.HasPrefix(r.URL.Path, "/base/api/"):
		http.Error(w, "outside of the base path", http.StatusTeapot)
	case token == "" || good != nil && !good(token):
		w.WriteHeader(http.StatusUnauthorized)
	default:
		r.URL.Path = strings.TrimPrefix(r.URL.Path, "/base/api")
		api(w, r)
	}
}

func (f *fake) serve(api http.HandlerFunc) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.api = api
}

func (f *fake) serveTokens(h http.HandlerFunc) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tokenFor = h
}

func (f *fake) giveToken(w http.ResponseWriter) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tokens++
	fmt.Fprintf(w, `{"scope":"all","token_type":"Bearer","access_token":"t%d","expires_in":%s,"refresh_token":"r","id_token":"i"}`, f.tokens, f.expires)
}

func (f *fake) tokenCount() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.tokens
}

// seen returns the requests whose path ends so.
func (f *fake) seen(suffix string) []seenRequest {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []seenRequest
	for _, r := range f.requests {
		if strings.HasSuffix(r.Path, suffix) {
			out = append(out, r)
		}
	}
	return out
}

// answerWith serves the same answer to all requests.
func answerWith(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

// clock is a clock that only moves when it is told to.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func newClock() *clock { return &clock{t: time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

func decodeJSON(t *testing.T, text string) any {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v in %q", err, text)
	}
	return v
}
