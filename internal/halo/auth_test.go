package halo

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestTokenRequest(t *testing.T) {
	f, c := newFake(t, answerWith(200, `[]`))
	if err := c.Token(t.Context()); err != nil {
		t.Fatal(err)
	}
	c2 := &Client{ResourceURL: c.ResourceURL, AuthURL: c.AuthURL + "/", ClientID: "app-2",
		ClientSecret: "s", Scope: "read:tickets edit:tickets"}
	if err := c2.Token(t.Context()); err != nil {
		t.Fatal(err)
	}
	var forms []url.Values
	var queries []string
	for _, r := range f.seen("/auth/token") {
		if r.Method != "POST" || r.ContentType != "application/x-www-form-urlencoded" || r.Agent != "halert" || r.Token != "" {
			t.Errorf("token request %+v", r)
		}
		form, err := url.ParseQuery(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		forms, queries = append(forms, form), append(queries, r.Query)
	}
	want := []url.Values{
		{"grant_type": {"client_credentials"}, "client_id": {"app-1"}, "client_secret": {testSecret}, "scope": {"all"}},
		{"grant_type": {"client_credentials"}, "client_id": {"app-2"}, "client_secret": {"s"}, "scope": {"read:tickets edit:tickets"}},
	}
	if diff := cmp.Diff(want, forms); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"tenant=" + testTenant, ""}, queries); diff != "" {
		t.Errorf("a blank tenant is left out: %s", diff)
	}
}

func TestTokenIsKept(t *testing.T) {
	tests := []struct {
		name    string
		expires string
		still   time.Duration // still good
		renewed time.Duration // and not any more
	}{
		{"an hour", "3600", 59*time.Minute - time.Second, 59 * time.Minute},
		{"as text", `"3600"`, 59*time.Minute - time.Second, 59 * time.Minute},
		{"short", "100", 49 * time.Second, 50 * time.Second},
		{"at the border", "120", 59 * time.Second, 60 * time.Second},
		{"just over", "121", 60 * time.Second, 61 * time.Second},
		{"not told", "null", 59*time.Minute - time.Second, 59 * time.Minute},
		{"nonsense", `"soon"`, 59*time.Minute - time.Second, 59 * time.Minute},
		{"negative", "-5", 59*time.Minute - time.Second, 59 * time.Minute},
		{"for ever", "99999999999", 24*time.Hour - 61*time.Second, 24*time.Hour - 60*time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f, c := newFake(t, answerWith(200, `[]`))
			f.expires = tt.expires
			k := newClock()
			c.Now = k.now
			ask := func(want int) {
				t.Helper()
				if _, err := c.Teams(t.Context()); err != nil {
					t.Fatal(err)
				}
				if got := f.tokenCount(); got != want {
					t.Errorf("%d tokens were asked for, want %d", got, want)
				}
			}
			ask(1)
			k.advance(tt.still)
			ask(1)
			k.advance(tt.renewed - tt.still)
			ask(2)
		})
	}
}

// Many callers wait for one renewal, and again when Halo forgets the token.
func TestOneRenewalForMany(t *testing.T) {
	const callers = 40
	var revoked atomic.Bool
	f, c := newFake(t, answerWith(200, `[]`))
	f.good = func(token string) bool { return token != "t1" || !revoked.Load() }
	ask := func() {
		var wg sync.WaitGroup
		for range callers {
			wg.Go(func() {
				if _, err := c.Teams(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	}
	ask()
	if n := f.tokenCount(); n != 1 {
		t.Errorf("%d tokens for the first round, want 1", n)
	}
	revoked.Store(true)
	ask()
	if n := f.tokenCount(); n != 2 {
		t.Errorf("%d tokens after the revocation, want 2", n)
	}
	for _, r := range f.seen("/Team")[callers:] {
		if r.Token != "t1" && r.Token != "t2" {
			t.Errorf("token %q", r.Token)
		}
	}
}

func TestSecond401IsTheError(t *testing.T) {
	f, c := newFake(t, nil)
	f.good = func(string) bool { return false }
	_, err := c.CreateTicket(t.Context(), NewTicket{Summary: "x"})
	want := &Error{Op: "create ticket", Method: "POST", Path: "/Tickets", Status: 401, Class: ClassUnauthorised}
	if diff := cmp.Diff(error(want), err); diff != "" {
		t.Error(diff)
	}
	var tokens []string
	for _, r := range f.seen("/Tickets") {
		tokens = append(tokens, r.Token)
	}
	if diff := cmp.Diff([]string{"t1", "t2"}, tokens); diff != "" {
		t.Errorf("one repeat with a fresh token: %s", diff)
	}
}

func TestRepeatAfter401SendsTheSameBody(t *testing.T) {
	f, c := newFake(t, answerWith(201, `{"id":7}`))
	f.good = func(token string) bool { return token != "t1" }
	got, err := c.CreateTicket(t.Context(), NewTicket{Summary: "Disk full"})
	if err != nil || got.ID != 7 {
		t.Fatalf("ticket %+v, %v", got, err)
	}
	sent := f.seen("/Tickets")
	if len(sent) != 2 || sent[0].Body != sent[1].Body || !strings.Contains(sent[1].Body, "Disk full") {
		t.Errorf("requests %+v", sent)
	}
}

// A token that was dropped late must not take its successor with it.
func TestDropOnlyThatToken(t *testing.T) {
	f, c := newFake(t, answerWith(200, `[]`))
	if err := c.Token(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.tokens.drop("t0")
	if err := c.Token(t.Context()); err != nil || f.tokenCount() != 1 {
		t.Errorf("%v; %d tokens, want 1", err, f.tokenCount())
	}
	c.tokens.drop("t1")
	if err := c.Token(t.Context()); err != nil || f.tokenCount() != 2 {
		t.Errorf("%v; %d tokens, want 2", err, f.tokenCount())
	}
}

// roundTripper serves requests without a network, for tests in a time bubble.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func replyWith(status int, body string) *http.Response {
	w := httptest.NewRecorder()
	w.WriteHeader(status)
	io.WriteString(w, body)
	return w.Result()
}

// The caller who began the renewal gives up; the others still get its token.
func TestCancelledCallerDoesNotSpoilTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var tokens atomic.Int32
		c := &Client{ResourceURL: "http://halo.test/api", AuthURL: "http://halo.test/auth"}
		c.HTTP = &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			if !strings.HasSuffix(r.URL.Path, "/token") {
				return replyWith(200, `[]`), nil
			}
			tokens.Add(1)
			select {
			case <-time.After(5 * time.Second):
				return replyWith(200, `{"access_token":"abc","expires_in":3600}`), nil
			case <-r.Context().Done():
				return nil, r.Context().Err()
			}
		})}
		ctx, cancel := context.WithCancel(t.Context())
		first := make(chan error, 1)
		go func() { first <- c.Token(ctx) }()
		synctest.Wait()
		others := make(chan error, 3)
		for range cap(others) {
			go func() { _, err := c.Teams(t.Context()); others <- err }()
		}
		time.Sleep(time.Second)
		cancel()
		if err := <-first; !errors.Is(err, context.Canceled) {
			t.Errorf("the caller who gave up got %v", err)
		}
		for range cap(others) {
			if err := <-others; err != nil {
				t.Errorf("another caller got %v", err)
			}
		}
		if n := tokens.Load(); n != 1 {
			t.Errorf("%d token requests, want 1", n)
		}
	})
}

func TestTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &Client{ResourceURL: "http://halo.test/api", AuthURL: "http://halo.test/auth"}
		c.HTTP = &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		})}
		start := time.Now()
		err := c.Token(t.Context())
		e, ok := errors.AsType[*Error](err)
		if !ok || e.Class != ClassNetwork || e.MaybeDone || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %#v", err)
		}
		if d := time.Since(start); d != 30*time.Second {
			t.Errorf("gave up after %s, want 30s", d)
		}
	})
}

func TestTokenFailures(t *testing.T) {
	tests := []struct {
		name   string
		status int
		header string // Retry-After
		body   string
		want   Error
	}{
		{"bad secret", 401, "", `{"error":"invalid_client","error_description":"The secret is wrong."}`,
			Error{Status: 401, Class: ClassCredentials, Message: "invalid_client: The secret is wrong."}},
		{"bad scope", 400, "", `{"error":"invalid_scope"}`, Error{Status: 400, Class: ClassCredentials, Message: "invalid_scope"}},
		{"forbidden", 403, "", ``, Error{Status: 403, Class: ClassCredentials}},
		{"wrong address", 404, "", `<html><body>Not here</body></html>`, Error{Status: 404, Class: ClassCredentials, Message: "Not here"}},
		{"busy", 429, "7", `Too many`, Error{Status: 429, Class: ClassRateLimited, Message: "Too many", RetryAfter: 7 * time.Second, HasRetryAfter: true}},
		{"down", 503, "9", `<h1>Upgrade</h1>`, Error{Status: 503, Class: ClassServer, Message: "Upgrade", RetryAfter: 9 * time.Second, HasRetryAfter: true}},
		{"slow", 408, "", ``, Error{Status: 408, Class: ClassServer}},
		{"a page", 200, "", `<html>Halo</html>`, Error{Status: 200, Class: ClassUnreadable}},
		{"no token", 200, "", `{"token_type":"Bearer"}`, Error{Status: 200, Class: ClassUnreadable}},
		{"no header", 200, "", `{"access_token":"a\nb"}`, Error{Status: 200, Class: ClassUnreadable}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f, c := newFake(t, answerWith(200, `[]`))
			f.tokenFor = func(w http.ResponseWriter, r *http.Request) {
				if tt.header != "" {
					w.Header().Set("Retry-After", tt.header)
				}
				answerWith(tt.status, tt.body)(w, r)
			}
			want := tt.want
			want.Method, want.Path = "POST", "/token"
			for op, call := range map[string]func() error{
				"get token":                func() error { return c.Token(t.Context()) },
				"create ticket: get token": func() error { _, err := c.CreateTicket(t.Context(), NewTicket{}); return err },
			} {
				err := call()
				got, ok := errors.AsType[*Error](err)
				if !ok {
					t.Fatalf("error %v", err)
				}
				checked := *got
				if want.Class == ClassUnreadable && checked.Err == nil {
					t.Error("no cause given")
				}
				want.Op, checked.Err = op, nil
				if diff := cmp.Diff(want, checked); diff != "" {
					t.Error(diff)
				}
			}
			if n := len(f.seen("/Tickets")); n != 0 {
				t.Errorf("%d API requests without a token", n)
			}
		})
	}
}

func TestTokenServerUnreachable(t *testing.T) {
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	c := &Client{ResourceURL: gone.URL + "/api", AuthURL: gone.URL + "/auth"}
	_, err := c.CreateTicket(t.Context(), NewTicket{})
	e, ok := errors.AsType[*Error](err)
	if !ok || e.Class != ClassNetwork || e.MaybeDone || e.Op != "create ticket: get token" {
		t.Errorf("got %#v", err)
	}
}

func TestWaitComesBeforeEveryRequest(t *testing.T) {
	requests := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests++
		if strings.HasSuffix(r.URL.Path, "/token") {
			io.WriteString(w, `{"access_token":"t","expires_in":3600}`)
			return
		}
		io.WriteString(w, `{"id":7,"summary":"x"}`)
	}))
	defer server.Close()
	waits := 0
	c := &Client{ResourceURL: server.URL + "/api", AuthURL: server.URL + "/auth", ClientID: "id", ClientSecret: "s",
		Wait: func(context.Context) error { waits++; return nil }}
	if _, err := c.Ticket(t.Context(), 7); err != nil {
		t.Fatal(err)
	}
	if waits != requests || requests != 2 {
		t.Errorf("%d waits for %d requests, want one for the token and one for the ticket", waits, requests)
	}
	c.Wait = func(context.Context) error { return errors.New("no place") }
	_, err := c.Ticket(t.Context(), 7)
	if e, ok := errors.AsType[*Error](err); !ok || e.MaybeDone || requests != 2 {
		t.Errorf("error %v after %d requests, want one that says that nothing was sent", err, requests)
	}
}
