package httpserver

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// logbook is a log that tests can read while it is written.
type logbook struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logbook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logbook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

func newLog() (*slog.Logger, *logbook) {
	book := &logbook{}
	return slog.New(slog.NewTextHandler(book, &slog.HandlerOptions{Level: slog.LevelDebug})), book
}

// wantProblem checks that an answer is a problem document with status and code.
func wantProblem(t *testing.T, res *http.Response, body []byte, status int, code string) {
	t.Helper()
	var doc struct {
		Type, Title, Code string
		Status            int
	}
	if err := json.Unmarshal(body, &doc); err != nil {
		t.Errorf("status %d, body %.200q is not JSON: %v", res.StatusCode, body, err)
		return
	}
	if res.StatusCode != status || doc.Status != status || doc.Code != code || doc.Type == "" || doc.Title == "" {
		t.Errorf("status %d, problem %+v; want %d %s", res.StatusCode, doc, status, code)
	}
	if got := res.Header.Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("Content-Type %q", got)
	}
}

// serve lets a handler answer one request. aborted tells that it broke off.
func serve(h http.Handler, r *http.Request) (rec *httptest.ResponseRecorder, aborted bool) {
	rec = httptest.NewRecorder()
	defer func() {
		if p := recover(); p != nil {
			if p != http.ErrAbortHandler {
				panic(p)
			}
			aborted = true
		}
	}()
	h.ServeHTTP(rec, r)
	return rec, false
}

func TestProblemDocument(t *testing.T) {
	t.Parallel()
	log, book := newLog()
	tests := map[string]struct {
		err   error
		want  string
		retry string
		log   string
	}{
		"plain": {
			err:  Errorf(404, "no_such_source", "there is no source %q", "cipp"),
			want: `{"type":"about:blank","title":"Not Found","status":404,"code":"no_such_source","detail":"there is no source \"cipp\""}`,
		},
		"whole": {
			err:  &Problem{Type: "urn:x", Title: "T", Status: 400, Code: "c", Detail: "d", ID: "ev1", Errors: []string{"a", "b"}},
			want: `{"type":"urn:x","title":"T","status":400,"code":"c","detail":"d","id":"ev1","errors":["a","b"]}`,
		},
		"wrapped, with a cause for the log": {
			err:   fmt.Errorf("disk is full: %w", &Problem{Status: 503, Code: "not_stored", RetryAfter: 1500 * time.Millisecond}),
			want:  `{"type":"about:blank","title":"Service Unavailable","status":503,"code":"not_stored"}`,
			retry: "2", log: "disk is full",
		},
		"internal": {
			err:  errors.New("select from nowhere"),
			want: `{"type":"about:blank","title":"Internal Server Error","status":500,"code":"internal","detail":"the server could not do this; its log has the reason under request id req-1"}`,
			log:  "select from nowhere",
		},
	}
	for name, test := range tests {
		h := AccessLog(log, Handle(log, func(w http.ResponseWriter, _ *http.Request) error {
			w.Header().Set("Content-Encoding", "gzip") // of the answer that is not given
			return test.err
		}))
		r := httptest.NewRequest("GET", "/x", nil)
		r.Header.Set("X-Request-Id", "req-1")
		rec, aborted := serve(h, r)
		if diff := cmp.Diff(test.want+"\n", rec.Body.String()); diff != "" || aborted {
			t.Errorf("%s: aborted %v, body (-want +got):\n%s", name, aborted, diff)
		}
		if got := rec.Header().Get("Retry-After"); got != test.retry {
			t.Errorf("%s: Retry-After %q; want %q", name, got, test.retry)
		}
		if rec.Header().Get("Content-Encoding") != "" {
			t.Errorf("%s: the encoding of the handler's own answer is left", name)
		}
		if test.log != "" && strings.Count(book.String(), test.log) != 1 {
			t.Errorf("%s: %q is not once in the log:\n%s", name, test.log, book)
		}
	}
	if strings.Contains(book.String(), "no_such_source") {
		t.Errorf("a client's own error is in the log:\n%s", book)
	}
}

func TestPanics(t *testing.T) {
	t.Parallel()
	log, book := newLog()
	rec, aborted := serve(Handle(log, func(http.ResponseWriter, *http.Request) error { panic([]int{42}) }), httptest.NewRequest("GET", "/", nil))
	wantProblem(t, rec.Result(), rec.Body.Bytes(), 500, "internal")
	if aborted || !strings.Contains(book.String(), "panic: [42]") || !strings.Contains(book.String(), "handler_test.go") {
		t.Errorf("aborted %v; no panic with its stack in the log:\n%s", aborted, book)
	}
	if strings.Contains(rec.Body.String(), "42") {
		t.Errorf("the panic is shown: %s", rec.Body)
	}

	log, book = newLog()
	if _, aborted := serve(Handle(log, func(http.ResponseWriter, *http.Request) error { panic(http.ErrAbortHandler) }), httptest.NewRequest("GET", "/", nil)); !aborted {
		t.Error("http.ErrAbortHandler did not pass")
	}
	if book.String() != "" {
		t.Errorf("logged: %s", book)
	}
}

func TestErrorAfterTheAnswerBegan(t *testing.T) {
	t.Parallel()
	for name, begin := range map[string]func(http.ResponseWriter) error{
		"written": func(w http.ResponseWriter) error { return WriteJSON(w, 200, 1) },
		"header":  func(w http.ResponseWriter) error { w.WriteHeader(204); return nil },
		"flushed": func(w http.ResponseWriter) error { return http.NewResponseController(w).Flush() },
	} {
		log, book := newLog()
		rec, aborted := serve(AccessLog(log, Handle(log, func(w http.ResponseWriter, _ *http.Request) error {
			if err := begin(w); err != nil {
				t.Error(err)
			}
			return errors.New("too late")
		})), httptest.NewRequest("GET", "/", nil))
		if !aborted || strings.Contains(rec.Body.String(), "internal") {
			t.Errorf("%s: aborted %v, body %q; want the connection broken off", name, aborted, rec.Body)
		}
		if !strings.Contains(book.String(), "too late") || !strings.Contains(book.String(), "aborted=true") {
			t.Errorf("%s: log:\n%s", name, book)
		}
	}
}

func TestClientIsGone(t *testing.T) {
	t.Parallel()
	log, book := newLog()
	ctx, cancel := context.WithCancel(t.Context())
	_, aborted := serve(Handle(log, func(_ http.ResponseWriter, r *http.Request) error {
		cancel()
		return fmt.Errorf("query: %w", r.Context().Err())
	}), httptest.NewRequestWithContext(ctx, "GET", "/", nil))
	if !aborted || book.String() != "" {
		t.Errorf("aborted %v, log %s; want it broken off without an error in the log", aborted, book)
	}
}

func TestWriteJSON(t *testing.T) {
	t.Parallel()
	log, _ := newLog()
	rec, _ := serve(Handle(log, func(w http.ResponseWriter, _ *http.Request) error {
		return WriteJSON(w, 202, map[string]string{"id": "1"})
	}), httptest.NewRequest("GET", "/", nil))
	if rec.Code != 202 || rec.Body.String() != "{\"id\":\"1\"}\n" || rec.Header().Get("Content-Type") != "application/json" {
		t.Errorf("answer %d %q %v", rec.Code, rec.Body, rec.Header())
	}
	rec, _ = serve(Handle(log, func(w http.ResponseWriter, _ *http.Request) error {
		return WriteJSON(w, 200, make(chan int))
	}), httptest.NewRequest("GET", "/", nil))
	wantProblem(t, rec.Result(), rec.Body.Bytes(), 500, "internal")
}
