package halo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// bodyShapes are the error bodies that are known of Halo and of what stands
// before it, with the words to be found in them.
func bodyShapes() map[string][2]string {
	return map[string][2]string{
		"empty":       {``, ``},
		"text":        {"Rate Limit\r\n Reached", "Rate Limit Reached"},
		"JSON string": {`"Details and Category were required"`, "Details and Category were required"},
		"exception":   {`{"ClassName":"System.Exception","Message":"CODE:X1 Choose the board","Data":null,"InnerException":null,"StackTraceString":null}`, "CODE:X1 Choose the board"},
		"message":     {`{"message":"No."}`, "No."},
		"result":      {`{"resultCode":12,"errorMessage":"Not today"}`, "Not today"},
		"auth":        {`{"error":"invalid_token","error_description":"It is over"}`, "invalid_token: It is over"},
		"model state": {`{"[0].site_id":["The input was not valid."]}`, "[0].site_id: The input was not valid."},
		"validation":  {`{"title":"One or more errors","status":400,"errors":{"id":["The value 'abc' is not valid."]}}`, "id: The value 'abc' is not valid."},
		"HTML":        {"<!DOCTYPE html><html><head><title>503 Down</title><style>b{}</style></head><body><h1>Service&nbsp;Unavailable</h1><hr></body></html>", "Service Unavailable"},
		"binary":      {"\x1f\x8b\x08\x00\x00\xff\xfe", ""},
		"cut off":     {`{"ClassName":"System.Exception","Message":"The agent \"Bo`, `The agent "Bo`},
	}
}

func TestErrorOfEveryStatusAndBody(t *testing.T) {
	classes := map[int]Class{
		301: ClassServer, 302: ClassServer, 307: ClassServer,
		400: ClassRefused, 401: ClassUnauthorised, 402: ClassRefused, 403: ClassForbidden, 404: ClassNotFound,
		405: ClassRefused, 408: ClassServer, 409: ClassRefused, 410: ClassRefused, 413: ClassRefused,
		415: ClassRefused, 418: ClassRefused, 422: ClassRefused, 429: ClassRateLimited,
		500: ClassServer, 501: ClassServer, 502: ClassServer, 503: ClassServer, 504: ClassServer, 599: ClassServer,
	}
	var status int
	var body string
	_, c := newFake(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", "/base/api/Elsewhere")
		answerWith(status, body)(w, r)
	})
	for status = range classes {
		for shape, s := range bodyShapes() {
			body = s[0]
			_, err := c.CreateTicket(t.Context(), NewTicket{Summary: "s", DetailsHTML: "<p>private</p>"})
			e, ok := errors.AsType[*Error](err)
			if !ok {
				t.Fatalf("%d %s: %v", status, shape, err)
			}
			got := *e
			if status < 400 {
				if got.Err == nil {
					t.Errorf("%d: nothing says that it is a redirect", status)
				}
				got.Err = nil
			}
			want := Error{Op: "create ticket", Method: "POST", Path: "/Tickets", Status: status, Class: classes[status],
				Message: s[1], MaybeDone: status == 408 || status >= 500}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%d %s: %s", status, shape, diff)
			}
		}
	}
}

func TestErrorText(t *testing.T) {
	tests := []struct {
		err  Error
		want string
	}{
		{Error{Op: "create ticket", Method: "POST", Path: "/Tickets", Status: 400, Class: ClassRefused, Message: "No outcome"},
			"create ticket: POST /Tickets: 400 refused: No outcome"},
		{Error{Op: "read ticket", Method: "GET", Path: "/Tickets/9", Status: 403, Class: ClassForbidden},
			"read ticket: GET /Tickets/9: 403 forbidden"},
		{Error{Op: "add action", Method: "POST", Path: "/Actions", Class: ClassNetwork, Err: io.ErrUnexpectedEOF},
			"add action: POST /Actions: network: unexpected EOF"},
	}
	for _, tt := range tests {
		if got := tt.err.Error(); got != tt.want {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
	}
	wrapped := fmt.Errorf("while delivering: %w", &tests[2].err)
	if e, ok := errors.AsType[*Error](wrapped); !ok || e.Op != "add action" || !errors.Is(wrapped, io.ErrUnexpectedEOF) {
		t.Error("the error is not found in a chain")
	}
}

func TestMessageIsCut(t *testing.T) {
	_, c := newFake(t, answerWith(500, strings.Repeat("ä ", 40_000)))
	_, err := c.Ticket(t.Context(), 5)
	e, _ := errors.AsType[*Error](err)
	if n := len([]rune(e.Message)); n > 300 || n < 290 || !strings.HasSuffix(e.Message, "…") {
		t.Errorf("%d runes: %q", n, e.Message)
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)
	tests := []struct {
		header string
		want   time.Duration
		has    bool
	}{
		{"", 0, false},
		{"0", 0, true},
		{" 17 ", 17 * time.Second, true},
		{"3600", time.Hour, true},
		{"3601", time.Hour, true},
		{"99999999999999999999999", time.Hour, true},
		{"-3", 0, false},
		{"1.5", 0, false},
		{"soon", 0, false},
		{"Mon, 04 May 2026 03:04:01 GMT", 2 * time.Minute, true},
		{"Mon, 04 May 2026 03:00:00 GMT", 0, true},
		{"Tue, 05 May 2026 03:00:00 GMT", time.Hour, true},
	}
	for _, tt := range tests {
		got, has := retryAfter(tt.header, now)
		if got != tt.want || has != tt.has {
			t.Errorf("%q: %s, %t; want %s, %t", tt.header, got, has, tt.want, tt.has)
		}
	}
	_, c := newFake(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", "Mon, 04 May 2026 03:02:31 GMT")
		answerWith(429, `{"error":"slow down"}`)(w, r)
	})
	c.Now = func() time.Time { return now }
	_, err := c.Teams(t.Context())
	want := &Error{Op: "list teams", Method: "GET", Path: "/Team", Status: 429, Class: ClassRateLimited,
		Message: "slow down", RetryAfter: 30 * time.Second, HasRetryAfter: true}
	if diff := cmp.Diff(error(want), err); diff != "" {
		t.Error(diff)
	}
}

// withToken gives the client a token, so that the next request is the one
// under test.
func withToken(c *Client) *Client {
	c.tokens.value, c.tokens.until = "given-token", time.Now().Add(time.Hour)
	return c
}

// TestMaybeDone runs through all the ways in which an answer can fail to come.
func TestMaybeDone(t *testing.T) {
	ctx, giveUp := context.WithCancel(t.Context())
	handlers := map[string]struct {
		handler http.HandlerFunc
		class   Class
		maybe   bool
	}{
		"reset after the request": {func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			panic(http.ErrAbortHandler)
		}, ClassNetwork, true},
		"half an answer": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "1000")
			w.WriteHeader(201)
			io.WriteString(w, `{"id":`)
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}, ClassNetwork, true},
		"given up": {func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body) // only then does the server notice that the client has gone
			giveUp()
			<-r.Context().Done()
		}, ClassNetwork, true},
		"a page":  {answerWith(200, "<html>hello</html>"), ClassUnreadable, true},
		"empty":   {answerWith(201, ""), ClassUnreadable, true},
		"no id":   {answerWith(201, `{"summary":"x"}`), ClassUnreadable, true},
		"id 0":    {answerWith(201, `{"id":0}`), ClassUnreadable, true},
		"odd id":  {answerWith(201, `{"id":"abc"}`), ClassUnreadable, true},
		"nothing": {answerWith(204, ""), ClassUnreadable, true},
		"null":    {answerWith(200, "null"), ClassUnreadable, true},
		"[]":      {answerWith(200, "[]"), ClassUnreadable, true},
		"refusal": {answerWith(400, "no"), ClassRefused, false},
		"gateway": {answerWith(504, ""), ClassServer, true},
		"busy":    {answerWith(429, ""), ClassRateLimited, false},
	}
	for name, tt := range handlers {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(tt.handler)
			defer server.Close()
			caller := t.Context()
			if name == "given up" {
				caller = ctx
			}
			c := withToken(&Client{ResourceURL: server.URL})
			_, err := c.CreateTicket(caller, NewTicket{Summary: "x"})
			e, ok := errors.AsType[*Error](err)
			if !ok || e.Class != tt.class || e.MaybeDone != tt.maybe {
				t.Errorf("got %#v", err)
			}
		})
	}
}

func TestSurelyNotDone(t *testing.T) {
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	tlsServer := httptest.NewUnstartedServer(answerWith(201, `{"id":1}`)) // of an authority that nobody knows
	tlsServer.Config.ErrorLog = log.New(io.Discard, "", 0)
	tlsServer.StartTLS()
	defer tlsServer.Close()
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	noHost := &http.Client{Transport: &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.DNSError{Err: "no such host", Name: "acme.invalid", IsNotFound: true}
	}}}
	tests := map[string]struct {
		ctx context.Context
		c   *Client
	}{
		"refused":   {t.Context(), &Client{ResourceURL: closed.URL}},
		"TLS":       {t.Context(), &Client{ResourceURL: tlsServer.URL}},
		"DNS":       {t.Context(), &Client{ResourceURL: "http://acme.invalid/api", HTTP: noHost}},
		"address":   {t.Context(), &Client{ResourceURL: "http://user:" + testSecret + "@bad host/api", ClientSecret: testSecret}},
		"scheme":    {t.Context(), &Client{ResourceURL: "gopher://acme/api"}},
		"cancelled": {cancelled, &Client{ResourceURL: closed.URL}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := withToken(tt.c).CreateTicket(tt.ctx, NewTicket{Summary: "x"})
			e, ok := errors.AsType[*Error](err)
			if !ok || e.Class != ClassNetwork || e.MaybeDone || e.Err == nil {
				t.Errorf("got %#v", err)
			}
			if strings.Contains(err.Error(), testSecret) {
				t.Errorf("secret in %q", err)
			}
		})
	}
}

// A connection that was kept has died, and Halo is gone: nothing was sent on
// the second try, which is the one that counts.
func TestStaleConnection(t *testing.T) {
	var dials int
	dialer := &net.Dialer{}
	f, c := newFake(t, answerWith(201, `{"id":1}`))
	var live net.Conn
	c.HTTP = &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		if dials++; dials > 1 {
			return nil, errors.New("connection refused")
		}
		conn, err := dialer.DialContext(ctx, network, addr)
		live = &brokenWrites{Conn: conn}
		return live, err
	}}}
	if _, err := c.CreateTicket(t.Context(), NewTicket{Summary: "x"}); err != nil {
		t.Fatal(err)
	}
	live.(*brokenWrites).broken = true
	_, err := c.CreateTicket(t.Context(), NewTicket{Summary: "y"})
	e, ok := errors.AsType[*Error](err)
	if !ok || e.Class != ClassNetwork || e.MaybeDone || dials != 2 {
		t.Errorf("%d dials, %#v", dials, err)
	}
	if n := len(f.seen("/Tickets")); n != 1 {
		t.Errorf("%d creates", n)
	}
}

type brokenWrites struct {
	net.Conn
	broken bool
}

func (b *brokenWrites) Write(p []byte) (int, error) {
	if b.broken {
		return 0, errors.New("broken pipe")
	}
	return b.Conn.Write(p)
}

func TestLongAnswer(t *testing.T) {
	_, c := newFake(t, func(w http.ResponseWriter, r *http.Request) {
		chunk := strings.Repeat(" ", 1<<20)
		for range 33 {
			if _, err := io.WriteString(w, chunk); err != nil {
				return
			}
		}
	})
	_, err := c.Teams(t.Context())
	if e, ok := errors.AsType[*Error](err); !ok || e.Class != ClassUnreadable || !strings.Contains(err.Error(), "32 MiB") {
		t.Errorf("got %v", err)
	}
}

// Neither the token nor the secret goes to where a redirect points.
func TestRedirectsAreNotFollowed(t *testing.T) {
	var reached int
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached++ }))
	defer other.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		f, c := newFake(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, other.URL, status) })
		if _, err := c.Teams(t.Context()); err == nil {
			t.Errorf("%d: a redirected GET is no error", status)
		}
		if _, err := c.CreateTicket(t.Context(), NewTicket{}); err == nil {
			t.Errorf("%d: a redirected POST is no error", status)
		}
		f.serveTokens(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, other.URL, status) })
		c.tokens.drop("t1")
		if err := c.Token(t.Context()); err == nil {
			t.Errorf("%d: a redirected token request is no error", status)
		}
	}
	if reached != 0 {
		t.Errorf("the other host was asked %d times", reached)
	}
}

// The other side repeats everything that it was sent; no error may show it.
func TestNoSecretInErrors(t *testing.T) {
	const private = "private-words-of-an-alert"
	echo := func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		form := strings.NewReplacer("client_secret=", "", "&", " ").Replace(string(body))
		w.WriteHeader(400)
		fmt.Fprintf(w, `{"Message":%q}`, "denied: "+r.Header.Get("Authorization")+" "+testSecret+" "+form)
	}
	f, c := newFake(t, nil)
	calls := map[string]func() error{
		"token":  func() error { return c.Token(t.Context()) },
		"create": func() error { _, err := c.CreateTicket(t.Context(), NewTicket{DetailsHTML: private}); return err },
		"delete": func() error { return c.DeleteTicket(t.Context(), 4, private) },
		"users": func() error {
			for _, err := range c.Users(t.Context(), UserQuery{Search: private}) {
				return err
			}
			return nil
		},
	}
	check := func(name string, handler http.HandlerFunc, secrets ...string) {
		t.Helper()
		f.serve(handler)
		for call, run := range calls {
			err := run()
			if err == nil {
				continue // the token was there already
			}
			for _, secret := range secrets {
				if strings.Contains(fmt.Sprintf("%v %+v %#v", err, err, err), secret) {
					t.Errorf("%s, %s: %q shows %q", name, call, err, secret)
				}
			}
		}
	}
	secrets := []string{testSecret, "given-token-0815", testTenant}
	c.tokens.value, c.tokens.until = "given-token-0815", time.Now().Add(time.Hour)
	check("repeated", echo, secrets...)
	check("dropped", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, append(secrets, private)...)
	check("status", answerWith(503, "down"), append(secrets, private)...)
	check("unreadable", answerWith(200, "{"), append(secrets, private)...)
	f.serveTokens(echo)
	c.tokens.drop("given-token-0815")
	check("token repeated", echo, secrets...)
	f.Close()
	check("closed", echo, append(secrets, private)...)
	if err := c.Token(t.Context()); err == nil || !strings.Contains(err.Error(), "get token: POST /token: network") {
		t.Errorf("got %v", err)
	}
}

func FuzzRetryAfter(f *testing.F) {
	f.Fuzz(func(t *testing.T, header string) {
		d, has := retryAfter(header, time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
		if d < 0 || d > time.Hour || !has && d != 0 {
			t.Errorf("%s: %s, %t", strconv.Quote(header), d, has)
		}
	})
}
