// Package client calls a running halert: its management API, its intake, and
// its health. Every method is one request (there are no retries), and every
// error says what to do next.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Client calls the halert at Server.
type Client struct {
	Server string       // address without a path, "http://127.0.0.1:8484"
	Token  string       // API token; empty for what needs none
	HTTP   *http.Client // nil: one with a time limit of two minutes
}

// Error is an answer of halert that is not a success.
type Error struct {
	Status int      `json:"status"` // HTTP status
	Code   string   `json:"code"`   // stable, for programs
	Detail string   `json:"detail"` // for people
	ID     string   `json:"id"`     // of the event that was put in quarantine; else empty
	Errors []string `json:"errors"` // the single problems, where there are several
}

// Error gives the detail, the code, and the single problems on their lines.
func (e *Error) Error() string {
	text := fmt.Sprintf("%s (%s)", e.Detail, e.Code)
	for _, line := range e.Errors {
		text += "\n  " + line
	}
	return text
}

// NotFound tells that what was asked for does not exist.
func NotFound(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Status == http.StatusNotFound
}

// The greatest answers that are read, in bytes.
const (
	maxAnswer  = 256 << 20
	maxProblem = 1 << 20
)

// request is one call. A body is either sent as it is, or made from in.
type request struct {
	method, path string
	query        url.Values
	in           any
	body         []byte
	header       http.Header
	patient      bool // the answer may take long
}

// do makes a call, and decodes the answer into out where that is not nil. A
// *[]byte takes the answer as it is.
func (c *Client) do(ctx context.Context, r request, out any) error {
	req, err := c.newRequest(ctx, r)
	if err != nil {
		return err
	}
	hc := c.HTTP
	if hc == nil {
		hc = &http.Client{Timeout: 2 * time.Minute}
		if r.patient {
			hc.Timeout = 0 // until the context ends
		}
	}
	resp, err := hc.Do(req)
	if err != nil {
		return c.unreachable(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		return c.refusal(resp)
	}
	if out == nil {
		return nil
	}
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return c.unreachable(err)
	}
	if raw, isRaw := out.(*[]byte); isRaw {
		*raw = answer
		return nil
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return fmt.Errorf("read the answer of %s to %s %s: it is not what halert answers (%w); check the server's address", c.Server, r.method, r.path, err)
	}
	return nil
}

func (c *Client) newRequest(ctx context.Context, r request) (*http.Request, error) {
	base, err := url.Parse(c.Server)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return nil, fmt.Errorf("the server's address %q is not a URL such as http://127.0.0.1:8484: mend --server or HALERT_SERVER", redact(c.Server))
	}
	body := r.body
	if r.in != nil {
		if body, err = json.Marshal(r.in); err != nil {
			return nil, fmt.Errorf("encode the request: %w", err)
		}
	}
	address := strings.TrimRight(c.Server, "/") + r.path
	if len(r.query) > 0 {
		address += "?" + r.query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, r.method, address, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("call %s: %w", redact(c.Server), withoutAddress(err))
	}
	if r.header != nil {
		req.Header = r.header.Clone()
	} else if c.Token != "" {
		req.Header.Set("Authorization", "Bearer "+c.Token)
	}
	if r.in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return req, nil
}

// redact leaves out a password that somebody put into an address.
func redact(address string) string {
	if u, err := url.Parse(address); err == nil && u.Host != "" {
		return u.Redacted()
	}
	if i := strings.LastIndex(address, "@"); i >= 0 {
		return "…" + address[i:]
	}
	return address
}

// unreachable says that nobody answers, or not to the end.
func (c *Client) unreachable(err error) error {
	if errors.Is(err, context.Canceled) {
		return err
	}
	return fmt.Errorf("no halert answers at %s (%w): start it with halert serve, or name the right address with --server or HALERT_SERVER",
		redact(c.Server), withoutAddress(err))
}

// withoutAddress takes the address, which may hold a password, out of an
// error of net/http.
func withoutAddress(err error) error {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		return wrapped.Err
	}
	return err
}

// refusal reads an answer that is not a success.
func (c *Client) refusal(resp *http.Response) error {
	e := &Error{}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxProblem))
	if err != nil || json.Unmarshal(body, e) != nil || e.Code == "" {
		return fmt.Errorf("%s answered %s, and not in halert's way: check the server's address, and what stands before it", redact(c.Server), resp.Status)
	}
	e.Status = resp.StatusCode
	return e
}
