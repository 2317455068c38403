// Package httpserver is the plumbing of HTTP that intake, API and console
// share: problem documents (RFC 9457) for every error, bounded bodies, a log
// line per request that never holds a secret, and a server that slow senders
// cannot stop. It knows nothing of alerts.
package httpserver

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// Problem is an error that the client may see, as application/problem+json.
// Handlers return it, alone or wrapped; what wraps it is for the log only.
type Problem struct {
	Type       string        // a URI; empty: "about:blank"
	Title      string        // empty: the text of the status
	Status     int           // 400 to 599
	Code       string        // stable, snake_case; programs decide by it
	Detail     string        // what was attempted, on what, and what to do; for people
	ID         string        // id of a stored event, or empty
	RetryAfter time.Duration // goes into the header of that name, in whole seconds; 0: no header
	Errors     []string      // single findings, or empty
}

// Errorf makes a problem whose detail is formatted.
func Errorf(status int, code, format string, args ...any) *Problem {
	return &Problem{Status: status, Code: code, Detail: fmt.Sprintf(format, args...)}
}

// Error returns code and detail, for logs.
func (p *Problem) Error() string { return p.Code + ": " + p.Detail }

// document is the form of a problem on the wire.
type document struct {
	Type   string   `json:"type"`
	Title  string   `json:"title"`
	Status int      `json:"status"`
	Code   string   `json:"code"`
	Detail string   `json:"detail,omitempty"`
	ID     string   `json:"id,omitempty"`
	Errors []string `json:"errors,omitempty"`
}

// write answers the request with the problem.
func (p *Problem) write(w http.ResponseWriter) error {
	d := document{Type: p.Type, Title: p.Title, Status: p.Status, Code: p.Code, Detail: p.Detail, ID: p.ID, Errors: p.Errors}
	if d.Type == "" {
		d.Type = "about:blank"
	}
	if d.Title == "" {
		d.Title = http.StatusText(p.Status)
	}
	body, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("encode a problem document: %w", err)
	}
	h := w.Header()
	// What a handler set for its own answer does not fit this one.
	for _, name := range []string{"Content-Encoding", "Content-Length", "Etag", "Last-Modified", "Content-Disposition"} {
		h.Del(name)
	}
	if p.RetryAfter > 0 {
		h.Set("Retry-After", strconv.FormatInt(int64((p.RetryAfter+time.Second-1)/time.Second), 10))
	}
	return send(w, p.Status, "application/problem+json", body)
}

func send(w http.ResponseWriter, status int, contentType string, body []byte) error {
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	if _, err := w.Write(append(body, '\n')); err != nil {
		return fmt.Errorf("send the answer: %w", err)
	}
	return nil
}
