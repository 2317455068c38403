package halo

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Class says what kind of failure an [Error] is, and so what can be done.
type Class string

// The classes.
const (
	// ClassNetwork: Halo was not reached, or did not answer to the end.
	ClassNetwork Class = "network"
	// ClassUnauthorised: 401, also with a fresh token. The agent behind the
	// application may be disabled.
	ClassUnauthorised Class = "unauthorised"
	// ClassForbidden: 403. The application or its agent lacks a permission.
	ClassForbidden Class = "forbidden"
	// ClassNotFound: 404, or a good answer without the object.
	ClassNotFound Class = "not-found"
	// ClassRefused: 400 and every other 4xx. Halo does not want this request.
	ClassRefused Class = "refused"
	// ClassRateLimited: 429. The limit is shared by all who use the instance.
	ClassRateLimited Class = "rate-limited"
	// ClassServer: 5xx and 408. Also 3xx: it is not Halo's API that answers.
	ClassServer Class = "server"
	// ClassCredentials: the token endpoint refuses the client id, the secret,
	// the tenant or the scope, or is not where the authorisation URL says.
	ClassCredentials Class = "credentials"
	// ClassUnreadable: 2xx with a body that cannot be understood.
	ClassUnreadable Class = "unreadable"
)

const maxRetryAfter = time.Hour

// ErrPageLimit is the Err of an [Error] that ends a list which has more pages
// than the query allows. What came before is good, but not all there is.
var ErrPageLimit = errors.New("the list has more pages than allowed; narrow the query")

// Error is the one error type of this package. It holds no secret, no query
// and no body of a request.
type Error struct {
	Op     string // what was attempted: "create ticket"
	Method string
	Path   string // below the resource or authorisation URL: "/Tickets"
	Status int    // HTTP status; 0 where none came
	Class  Class
	// Message is what Halo says, in one line of at most 300 runes, or empty.
	Message string
	// RetryAfter is how long Halo asks to wait: 0 to 1 h. It counts only
	// where HasRetryAfter is true.
	RetryAfter    time.Duration
	HasRetryAfter bool
	// MaybeDone is true where Halo may have carried the request out although
	// there is no good answer: look before you repeat it.
	MaybeDone bool
	// Err is the cause where there is one beside Halo's answer, or nil.
	Err error
}

// Error returns one line, such as
// "create ticket: POST /Tickets: 400 refused: Details and Category were required".
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s %s: ", e.Op, e.Method, e.Path)
	if e.Status != 0 {
		fmt.Fprintf(&b, "%d ", e.Status)
	}
	b.WriteString(string(e.Class))
	if e.Message != "" {
		b.WriteString(": " + e.Message)
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// networkError is for a request that got no answer, or not all of it.
func (c *Client) networkError(r request, err error, sent bool, token string) *Error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err // the outer error shows the address with its query
	}
	if errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("no answer in time: %w", err)
	}
	if text := err.Error(); c.redact(text, token) != text {
		err = errors.New(c.redact(text, token))
	}
	return &Error{Op: r.op, Method: r.method, Path: r.path, Class: ClassNetwork, MaybeDone: sent, Err: err}
}

// statusError is for an answer that is not 2xx.
func (c *Client) statusError(a *answer, token string) *Error {
	e := &Error{
		Op: a.op, Method: a.method, Path: a.path, Status: a.status,
		Class:     classOf(a.status),
		Message:   cutRunes(c.redact(message(a.text), token), maxMessage),
		MaybeDone: a.status >= 500 || a.status == http.StatusRequestTimeout,
	}
	if a.status >= 300 && a.status <= 399 {
		e.Err = errors.New("a redirect is not followed; check the address in the settings")
	}
	e.RetryAfter, e.HasRetryAfter = retryAfter(a.header.Get("Retry-After"), c.now())
	return e
}

// unreadable is for a 2xx answer that cannot be understood. Halo may well
// have done what was asked.
func (a *answer) unreadable(err error) *Error {
	return &Error{Op: a.op, Method: a.method, Path: a.path, Status: a.status,
		Class: ClassUnreadable, MaybeDone: true, Err: err}
}

// absent is for a good answer that lacks the object asked for. Some versions
// answer so, instead of 404 [C].
func (a *answer) absent() *Error {
	return &Error{Op: a.op, Method: a.method, Path: a.path, Status: a.status,
		Class: ClassNotFound, Err: errors.New("the answer has no such object")}
}

func classOf(status int) Class {
	switch {
	case status == http.StatusUnauthorized:
		return ClassUnauthorised
	case status == http.StatusForbidden:
		return ClassForbidden
	case status == http.StatusNotFound:
		return ClassNotFound
	case status == http.StatusTooManyRequests:
		return ClassRateLimited
	case status == http.StatusRequestTimeout, status >= 500, status < 400:
		return ClassServer
	}
	return ClassRefused
}

// retryAfter reads the header in both its forms, seconds and a date.
func retryAfter(value string, now time.Time) (time.Duration, bool) {
	value = strings.TrimSpace(value)
	if value == "" {
		return 0, false
	}
	if strings.Trim(value, "0123456789") == "" {
		n, err := strconv.ParseInt(value, 10, 32)
		if err != nil { // more digits than any sensible wait
			return maxRetryAfter, true
		}
		return min(time.Duration(n)*time.Second, maxRetryAfter), true
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0, false
	}
	return min(max(at.Sub(now), 0), maxRetryAfter), true
}

// redact takes our secrets out of a text, in case the other side repeats them.
// Very short ones are left: to blank out every "a" helps nobody.
func (c *Client) redact(text, token string) string {
	for _, secret := range []string{c.ClientSecret, url.QueryEscape(c.ClientSecret), token} {
		if len(secret) >= 4 {
			text = strings.ReplaceAll(text, secret, "[redacted]")
		}
	}
	return text
}
