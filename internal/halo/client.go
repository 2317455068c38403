// Package halo is a client of HaloPSA's REST API: tickets, actions, customers
// and the configuration that a ticket depends on. It knows nothing of alerts.
//
// It hides no retries but one: where Halo answers 401, the token is renewed
// and the request repeated, once. Every error is an [*Error], which tells
// whether the request may have been carried out all the same.
//
// The marks [A], [B], [C] and [G] in the comments say how sure a fact about
// Halo is: its own OpenAPI or many clients, two sources, one source, a guess.
package halo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	defaultTimeout = 30 * time.Second
	maxBody        = 32 << 20 // bytes of a good answer
	maxErrorBody   = 64 << 10 // bytes read of any other answer
	userAgent      = "halert"
)

// Client talks to one Halo. The exported fields are set before first use and
// left alone then. All methods may be called by several goroutines. A Client
// must not be copied after first use.
type Client struct {
	// ResourceURL is Halo's "Resource Server", such as
	// https://acme.halopsa.com/api. A trailing slash does no harm.
	ResourceURL string
	// AuthURL is Halo's "Authorisation Server", such as
	// https://acme.halopsa.com/auth. It may be another host [A].
	AuthURL string
	// Tenant goes into the query of the token request. Hosted instances need
	// it, self-hosted ones have none: blank leaves it out [A].
	Tenant string
	// ClientID and ClientSecret belong to an application with the
	// authentication method "Client ID and Secret (Services)" [A].
	ClientID, ClientSecret string
	// Scope is what the token is asked for, separated by spaces; default "all".
	Scope string
	// HTTP sends the requests. Nil means a client with time-outs of its own.
	// Redirects are not followed, whatever it says: they would carry the
	// credentials, or turn a POST into a GET.
	HTTP *http.Client
	// Timeout bounds each request with its answer; default 30 s.
	Timeout time.Duration
	// Now is the clock, for the life of a token and for dates in Retry-After;
	// default time.Now.
	Now func() time.Time
	// Wait is called before every request, those for tokens too, and may hold
	// it up: the place for a rate budget. The time it takes is not Timeout's.
	Wait func(context.Context) error

	tokens   tokenCache
	httpOnce sync.Once
	httpOwn  *http.Client
}

// request is one call before the address and the token are added.
type request struct {
	op     string // for errors: "create ticket"
	method string
	path   string // below the base address, no query: "/Tickets"
	query  url.Values
	body   []byte
}

// answer is what came back for a request, whatever its status.
type answer struct {
	request
	status int
	header http.Header
	text   []byte
}

// do sends an API request and returns a good answer (2xx). A 401 drops the
// token that was used and repeats the request once with a new one.
func (c *Client) do(ctx context.Context, r request) (*answer, error) {
	a, token, err := c.doOnce(ctx, r)
	if e, ok := errors.AsType[*Error](err); ok && e.Class == ClassUnauthorised {
		c.tokens.drop(token)
		a, _, err = c.doOnce(ctx, r)
	}
	return a, err
}

// doOnce also returns the token that was used.
func (c *Client) doOnce(ctx context.Context, r request) (a *answer, token string, err error) {
	token, err = c.token(ctx, r.op)
	if err != nil {
		return nil, "", err
	}
	header := http.Header{"Authorization": {"Bearer " + token}}
	if r.body != nil {
		header.Set("Content-Type", "application/json")
	}
	a, err = c.exchange(ctx, c.ResourceURL, r, header, token)
	if err != nil {
		return nil, token, err
	}
	if !a.good() {
		return nil, token, c.statusError(a, token)
	}
	return a, token, nil
}

// get is do for a GET.
func (c *Client) get(ctx context.Context, op, path string, query url.Values) (*answer, error) {
	return c.do(ctx, request{op: op, method: http.MethodGet, path: path, query: query})
}

// post sends one object, as the array of one that Halo asks for [A].
func (c *Client) post(ctx context.Context, op, path string, object map[string]any) (*answer, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false) // the text is HTML: escaping would triple every tag
	if err := enc.Encode([]any{object}); err != nil {
		return nil, &Error{Op: op, Method: http.MethodPost, Path: path, Class: ClassRefused,
			Err: fmt.Errorf("the request cannot be written as JSON: %w", err)}
	}
	return c.do(ctx, request{op: op, method: http.MethodPost, path: path, body: buf.Bytes()})
}

// exchange sends one HTTP request and reads the answer, of any status. Its
// errors are those of the network, and answers that are too long.
func (c *Client) exchange(ctx context.Context, base string, r request, header http.Header, secret string) (*answer, error) {
	if c.Wait != nil {
		if err := c.Wait(ctx); err != nil {
			return nil, c.networkError(r, fmt.Errorf("wait for a place in the rate budget: %w", err), false, secret)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout())
	defer cancel()
	sent, ctx := traceSent(ctx)

	address := strings.TrimRight(strings.TrimSpace(base), "/") + r.path
	if len(r.query) > 0 {
		address += "?" + r.query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, r.method, address, bytes.NewReader(r.body))
	if err != nil {
		return nil, c.networkError(r, err, false, secret)
	}
	for name, values := range header {
		req.Header[name] = values
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", userAgent)

	resp, err := c.http().Do(req)
	if err != nil {
		return nil, c.networkError(r, err, sent.Load(), secret)
	}
	defer resp.Body.Close()
	return c.readAnswer(r, resp, secret)
}

func (c *Client) readAnswer(r request, resp *http.Response, secret string) (*answer, error) {
	a := &answer{request: r, status: resp.StatusCode, header: resp.Header}
	limit := int64(maxErrorBody)
	if a.good() {
		limit = maxBody + 1
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, limit))
	if a.good() && err != nil {
		e := c.networkError(r, err, true, secret)
		e.Status = resp.StatusCode
		return nil, e
	}
	if a.good() && len(text) > maxBody {
		return nil, a.unreadable(fmt.Errorf("the answer is longer than %d MiB", maxBody>>20))
	}
	// An error whose body is cut off is still told by its status.
	a.text = text
	return a, nil
}

func (a *answer) good() bool { return a.status >= 200 && a.status <= 299 }

// traceSent watches whether any part of a request has gone out. Where the
// transport takes a second connection, it does so because nothing had been
// written on the first: the count begins anew.
func traceSent(ctx context.Context) (*atomic.Bool, context.Context) {
	var sent atomic.Bool
	return &sent, httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn:      func(string) { sent.Store(false) },
		WroteHeaders: func() { sent.Store(true) },
		WroteRequest: func(httptrace.WroteRequestInfo) { sent.Store(true) },
	})
}

// http returns the client to send with: a shallow copy that shares the
// connections but never follows a redirect.
func (c *Client) http() *http.Client {
	c.httpOnce.Do(func() {
		own := http.Client{Transport: newTransport()}
		if c.HTTP != nil {
			own = *c.HTTP
		}
		own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		c.httpOwn = &own
	})
	return c.httpOwn
}

func newTransport() *http.Transport {
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		ForceAttemptHTTP2:     true,
		MaxIdleConns:          16,
		MaxIdleConnsPerHost:   8,
		IdleConnTimeout:       60 * time.Second,
		TLSHandshakeTimeout:   10 * time.Second,
		ExpectContinueTimeout: time.Second,
	}
}

func (c *Client) timeout() time.Duration {
	if c.Timeout > 0 {
		return c.Timeout
	}
	return defaultTimeout
}

func (c *Client) now() time.Time {
	if c.Now != nil {
		return c.Now()
	}
	return time.Now()
}
