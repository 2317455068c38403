package httpserver

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

func testMux(t *testing.T) (http.Handler, *logbook) {
	t.Helper()
	log, book := newLog()
	mux := NewMux(log)
	ok := func(w http.ResponseWriter, r *http.Request) error {
		return WriteJSON(w, 200, r.PathValue("source")+r.PathValue("id")+RequestID(r.Context()))
	}
	mux.HandleFunc("POST /hooks/{source}", ok)
	mux.HandleFunc("POST /hooks/{source}/{secret}", ok)
	mux.HandleFunc("GET /api/v1/events/{id}", ok)
	mux.HandleFunc("PUT /api/v1/events/{id}", ok)
	mux.Handle("GET /assets/", Handle(log, ok))
	return AccessLog(log, mux), book
}

func TestMux(t *testing.T) {
	t.Parallel()
	tests := []struct {
		method, path string
		status       int
		code, allow  string
	}{
		{"POST", "/hooks/cipp", 200, "", ""},
		{"HEAD", "/api/v1/events/1", 200, "", ""},
		{"GET", "/hooks/cipp", 405, "method_not_allowed", "POST"},
		{"DELETE", "/hooks/cipp/s", 405, "method_not_allowed", "POST"},
		{"POST", "/api/v1/events/1", 405, "method_not_allowed", "GET, HEAD, PUT"},
		{"GET", "/", 404, "not_found", ""},
		{"POST", "/hooks", 404, "not_found", ""},
		{"POST", "/hooks/a/b/c", 404, "not_found", ""},
		{"BREW", "/nowhere", 404, "not_found", ""},
	}
	for _, test := range tests {
		h, _ := testMux(t)
		rec, _ := serve(h, httptest.NewRequest(test.method, test.path, nil))
		if rec.Code != test.status || rec.Header().Get("Allow") != test.allow {
			t.Errorf("%s %s: %d, Allow %q; want %d, %q", test.method, test.path, rec.Code, rec.Header().Get("Allow"), test.status, test.allow)
		}
		if test.code != "" {
			wantProblem(t, rec.Result(), rec.Body.Bytes(), test.status, test.code)
		}
	}
}

// However a request with a secret in its path goes wrong, no log line has it.
func TestNoSecretInTheLog(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ method, target, logged string }{
		{"POST", "/hooks/cipp/hunter2", `path="POST /hooks/{source}/{secret}"`},
		{"POST", "/hooks/cipp/hunter2?x=hunter2", `path="POST /hooks/{source}/{secret}"`},
		{"GET", "/hooks/cipp/hunter2", `path="(no route)"`},
		{"POST", "/hooks/cipp/hunter2/", `path="(no route)"`},
		{"POST", "/hooks//cipp/hunter2", `path="POST /hooks/{source}/{secret}"`},
		{"POST", "/x/../hooks/cipp/hunter2", `path="POST /hooks/{source}/{secret}"`},
		{"POST", "/proxy/hooks/cipp/hunter2", `path="(no route)"`},
		{"POST", "/hooks%2Fcipp%2Fhunter2", `path="(no route)"`},
		{"GET", "/assets/hooks/cipp/hunter2", `path="GET /assets/"`},
		{"GET", "/api/v1/events/77?token=hunter2", `path=/api/v1/events/77`},
	} {
		h, book := testMux(t)
		r := httptest.NewRequest(test.method, test.target, nil)
		r.Header.Set("Referer", "https://h.example/hunter2")
		r.Header.Set("X-Request-Id", "hunter2 with spaces")
		serve(h, r)
		if log := book.String(); strings.Contains(log, "hunter2") || !strings.Contains(log, test.logged) {
			t.Errorf("%s %s is logged as %s; want %s", test.method, test.target, log, test.logged)
		}
	}
}

func TestRequestID(t *testing.T) {
	t.Parallel()
	made := regexp.MustCompile(`^[a-z2-7]{26}$`)
	for sent, kept := range map[string]bool{
		"": false, "abc-1_2.Z": true, strings.Repeat("x", 64): true, strings.Repeat("x", 65): false, "a b": false, "ä": false, "a\"": false,
	} {
		h, book := testMux(t)
		r := httptest.NewRequest("POST", "/hooks/", nil)
		r.URL.Path = "/hooks/s"
		r.RemoteAddr = "192.0.2.7:1234"
		r.Header.Set("X-Request-Id", sent)
		rec, _ := serve(h, r)
		id := rec.Header().Get("X-Request-Id")
		if kept && id != sent || !kept && !made.MatchString(id) {
			t.Errorf("X-Request-Id %q came back as %q", sent, id)
		}
		if rec.Body.String() != `"s`+id+"\"\n" {
			t.Errorf("the handler saw %s; want %s", rec.Body, id)
		}
		if log := book.String(); strings.Count(log, "\n") != 1 || !strings.Contains(log, "request_id="+id+" method=POST path=/hooks/s status=200 bytes=") || !strings.Contains(log, "remote=192.0.2.7\n") {
			t.Errorf("log: %s", log)
		}
	}
	if got := RequestID(t.Context()); got != "" {
		t.Errorf("RequestID outside of a request is %q", got)
	}
}
