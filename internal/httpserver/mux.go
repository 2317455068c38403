package httpserver

import (
	"log/slog"
	"net/http"
	"strings"
)

// Mux is an http.ServeMux whose own errors are problem documents too: 404
// "not_found" and 405 "method_not_allowed" with Allow.
type Mux struct {
	log *slog.Logger
	mux http.ServeMux
}

// NewMux makes an empty one; the handlers' errors go to the log.
func NewMux(log *slog.Logger) *Mux { return &Mux{log: log} }

// Handle registers a handler as [http.ServeMux.Handle] does. The access log
// shows the pattern in place of the path if the pattern has a wildcard named
// secret, as in "POST /hooks/{source}/{secret}", or takes a whole subtree,
// which also gets the paths that were meant for others.
func (m *Mux) Handle(pattern string, h http.Handler) { m.mux.Handle(pattern, h) }

// HandleFunc registers a function; see [Handle] for its errors.
func (m *Mux) HandleFunc(pattern string, h HandlerFunc) { m.mux.Handle(pattern, Handle(m.log, h)) }

// ServeHTTP answers with the handler of the request's route.
func (m *Mux) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h, pattern := m.mux.Handler(r)
	if pattern == "" {
		Handle(m.log, func(w http.ResponseWriter, r *http.Request) error { return noRoute(h, w, r) }).ServeHTTP(w, r)
		return
	}
	if entry := entryOf(r.Context()); entry != nil {
		entry.path = r.URL.Path
		if strings.Contains(pattern, "{secret") || strings.HasSuffix(pattern, "/") || strings.HasSuffix(pattern, "...}") {
			entry.path = pattern
		}
	}
	m.mux.ServeHTTP(w, r)
}

// noRoute asks the ServeMux's own answer whether the path or the method is
// wrong, and gives it as a problem.
func noRoute(own http.Handler, w http.ResponseWriter, r *http.Request) error {
	probe := &probe{header: make(http.Header)}
	own.ServeHTTP(probe, r)
	if probe.status != http.StatusMethodNotAllowed {
		return Errorf(http.StatusNotFound, "not_found", "there is nothing at this address")
	}
	allow := probe.header.Get("Allow")
	w.Header().Set("Allow", allow)
	return Errorf(http.StatusMethodNotAllowed, "method_not_allowed", "this address does not take %s; use %s", r.Method, allow)
}

// probe takes an answer that is not sent.
type probe struct {
	header http.Header
	status int
}

// Header returns the headers of the answer.
func (p *probe) Header() http.Header { return p.header }

// WriteHeader notes the status.
func (p *probe) WriteHeader(status int) { p.status = status }

// Write drops the body.
func (p *probe) Write(b []byte) (int, error) { return len(b), nil }
