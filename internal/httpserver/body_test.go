package httpserver

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http/httptest"
	"strings"
	"testing"
)

// pack makes one gzip member of each part.
func pack(t testing.TB, parts ...string) string {
	t.Helper()
	var out bytes.Buffer
	for _, part := range parts {
		w := gzip.NewWriter(&out)
		if _, err := io.WriteString(w, part); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return out.String()
}

func TestReadBody(t *testing.T) {
	t.Parallel()
	const limit = 1000
	full := strings.Repeat("x", limit)
	packed := pack(t, "some text that is long enough")
	tests := map[string]struct {
		coding, body string
		chunked      bool
		want         string
		status       int // 0: want is read
		code         string
	}{
		"plain":                        {body: "abc", want: "abc"},
		"empty":                        {body: "", want: ""},
		"identity":                     {coding: "Identity", body: "abc", want: "abc"},
		"just fits":                    {body: full, want: full},
		"just fits, length unknown":    {body: full, chunked: true, want: full},
		"one too many":                 {body: full + "x", status: 413, code: "body_too_large"},
		"one too many, length unknown": {body: full + "x", chunked: true, status: 413, code: "body_too_large"},
		"gzip":                         {coding: "gzip", body: pack(t, "abc"), want: "abc"},
		"gzip by its old name":         {coding: " X-GZIP ", body: pack(t, "abc"), want: "abc"},
		"gzip of several members":      {coding: "gzip", body: pack(t, "ab", "", "c"), want: "abc"},
		"gzip that just fits":          {coding: "gzip", body: pack(t, full), want: full},
		"gzip of one too many":         {coding: "gzip", body: pack(t, full+"x"), status: 413, code: "body_too_large"},
		// Broken at its end, which only who unpacks all of it sees.
		"gzip bomb":                   {coding: "gzip", body: pack(t, strings.Repeat("\x00", 8<<20)) + "broken", status: 413, code: "body_too_large"},
		"gzip bomb of members":        {coding: "gzip", body: strings.Repeat(pack(t, full), 50), status: 413, code: "body_too_large"},
		"packed bytes over the limit": {coding: "gzip", body: strings.Repeat(pack(t, ""), 5000), status: 413, code: "body_too_large"},
		"no gzip":                     {coding: "gzip", body: "abc", status: 400, code: "bad_gzip"},
		"nothing, as gzip":            {coding: "gzip", body: "", status: 400, code: "bad_gzip"},
		"gzip cut off":                {coding: "gzip", body: packed[:len(packed)-9], status: 400, code: "bad_gzip"},
		"gzip with a wrong sum":       {coding: "gzip", body: packed[:len(packed)-8] + "12345678", status: 400, code: "bad_gzip"},
		"gzip with more after it":     {coding: "gzip", body: packed + "more", status: 400, code: "bad_gzip"},
		"gzip of gzip":                {coding: "gzip, gzip", body: pack(t, pack(t, "abc")), status: 415, code: "unsupported_encoding"},
		"brotli":                      {coding: "br", body: "abc", status: 415, code: "unsupported_encoding"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest("POST", "/", strings.NewReader(test.body))
			r.Header.Set("Content-Encoding", test.coding)
			if test.chunked {
				r.ContentLength = -1
			}
			w := httptest.NewRecorder()
			got, err := ReadBody(w, r, limit)
			if test.status == 0 {
				if err != nil || string(got) != test.want {
					t.Errorf("ReadBody = %.50q, %v; want %.50q", got, err, test.want)
				}
				return
			}
			problem, ok := errors.AsType[*Problem](err)
			if !ok || problem.Status != test.status || problem.Code != test.code || got != nil {
				t.Errorf("ReadBody = %.50q, %#v; want %d %s", got, err, test.status, test.code)
			}
			if accepts := w.Header().Get("Accept-Encoding"); (accepts != "") != (test.status == 415) {
				t.Errorf("Accept-Encoding %q", accepts)
			}
		})
	}
}

func TestReadJSON(t *testing.T) {
	t.Parallel()
	type value struct {
		State string `json:"state"`
		Limit int    `json:"limit"`
	}
	tests := map[string]struct {
		media, body string
		status      int
		code        string
		detail      string
	}{
		"good":             {media: "application/json; charset=utf-8", body: `{"state":"s","limit":3} `},
		"no media type":    {body: `{"state":"s","limit":3}`},
		"suffix":           {media: "application/merge-patch+json", body: `{"state":"s","limit":3}`},
		"curl's default":   {media: "application/x-www-form-urlencoded", body: `{"state":"s","limit":3}`},
		"bad media type":   {media: "/;", body: `{"state":"s","limit":3}`},
		"form":             {media: "application/x-www-form-urlencoded", body: "state=s&limit=3", status: 400, code: "bad_json"},
		"empty":            {body: " \n", status: 400, code: "bad_json", detail: "the body is empty; send a JSON value"},
		"syntax":           {body: `{"state":hunter2}`, status: 400, code: "bad_json", detail: "the body is not JSON: it breaks off or goes wrong at byte 10"},
		"cut off":          {body: `{"state":`, status: 400, code: "bad_json", detail: "the body is not JSON, or breaks off"},
		"wrong type":       {body: `{"limit":"hunter2"}`, status: 400, code: "bad_json", detail: "limit has the wrong type at byte 18; see the API description"},
		"wrong type above": {body: `[]`, status: 400, code: "bad_json", detail: "the body has the wrong type at byte 1; see the API description"},
		"unknown field":    {body: `{"stat":"hunter2"}`, status: 400, code: "bad_json", detail: `the field "stat" is unknown; see the API description`},
		"two values":       {body: `{} {}`, status: 400, code: "bad_json", detail: "the body holds more than one JSON value, or something after it; send one"},
		"deep":             {body: strings.Repeat("[", 20_000), status: 400, code: "bad_json"},
		"too large":        {body: strings.Repeat(" ", 100_001), status: 413, code: "body_too_large"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest("POST", "/", strings.NewReader(test.body))
			if test.media != "" {
				r.Header.Set("Content-Type", test.media)
			}
			var got value
			err := ReadJSON(httptest.NewRecorder(), r, 100_000, &got)
			if test.status == 0 {
				if err != nil || got != (value{"s", 3}) {
					t.Errorf("ReadJSON: %+v, %v", got, err)
				}
				return
			}
			problem, ok := errors.AsType[*Problem](err)
			if !ok || problem.Status != test.status || problem.Code != test.code || test.detail != "" && problem.Detail != test.detail {
				t.Errorf("error %#v; want %d %s %q", err, test.status, test.code, test.detail)
			}
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error repeats the body: %v", err)
			}
		})
	}
}

// Whatever comes in, it is read within the limit or refused as a problem.
func FuzzReadBody(f *testing.F) {
	f.Add("gzip", pack(f, "abc"))
	f.Add("gzip", pack(f, "a", "b")[:30])
	f.Add("", "abc")
	f.Add("gzip, identity", "\x1f\x8b")
	f.Fuzz(func(t *testing.T, coding, body string) {
		const limit = 4096
		r := httptest.NewRequest("POST", "/", strings.NewReader(body))
		r.Header.Set("Content-Encoding", coding)
		got, err := ReadBody(httptest.NewRecorder(), r, limit)
		if problem, ok := errors.AsType[*Problem](err); err != nil && (!ok || problem.Status < 400 || problem.Status > 499) {
			t.Errorf("error %v is not the client's problem", err)
		}
		if len(got) > limit {
			t.Errorf("read %d bytes; the limit is %d", len(got), limit)
		}
	})
}

// Whatever comes in, it is decoded or refused in one line of valid text.
func FuzzReadJSON(f *testing.F) {
	for _, s := range []string{`{"a":1,"b":["x"]}`, `{"a":"1"}`, `{"c":1}`, `{} {}`, `[`, "\xff", `{"a":1e99}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, body string) {
		var v struct {
			A int      `json:"a"`
			B []string `json:"b"`
		}
		err := ReadJSON(httptest.NewRecorder(), httptest.NewRequest("POST", "/", strings.NewReader(body)), 4096, &v)
		if err == nil {
			return
		}
		problem, ok := errors.AsType[*Problem](err)
		if !ok || problem.Status < 400 || problem.Status > 499 {
			t.Fatalf("error %v is not the client's problem", err)
		}
		w := httptest.NewRecorder()
		if err := problem.write(w); err != nil || strings.Count(w.Body.String(), "\n") != 1 {
			t.Errorf("answer %q, %v", w.Body, err)
		}
	})
}
