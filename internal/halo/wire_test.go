package halo

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestInt(t *testing.T) {
	good := map[string]Int{
		`21`: 21, `21.0`: 21, `"21"`: 21, `"21.0"`: 21, `" 21 "`: 21, `null`: 0, `""`: 0, `-1`: -1, `"-1"`: -1,
		`0`: 0, `2.1e1`: 21, `9007199254740991`: 1<<53 - 1,
	}
	for text, want := range good {
		var v struct{ N Int }
		v.N = 99
		if err := json.Unmarshal([]byte(`{"n":`+text+`}`), &v); err != nil || text != "null" && v.N != want {
			t.Errorf("%s: %d, %v; want %d", text, v.N, err, want)
		}
	}
	for _, text := range []string{`21.5`, `"a"`, `true`, `[1]`, `{}`, `1e300`, `"NaN"`, `"Inf"`, `"0x10"`, `"1_0"`, `9007199254740992`, `9007199254740993`} {
		var n Int
		if err := json.Unmarshal([]byte(text), &n); err == nil {
			t.Errorf("%s was read as %d", text, n)
		}
	}
}

func TestFields(t *testing.T) {
	f, err := parseFields([]byte(`{"ID":95.0,"a":null,"b":"","c":"x","n":12,"t1":true,"t2":1,"t3":"True","f1":0,"f2":"no",
		"d1":"2026-09-01T08:00:00","d2":"2026-09-01T08:00:00.25+02:00","d3":"1900-01-01T00:00:00","d4":"0001-01-01T00:00:00Z","d5":"2026-09-01 08:00:00","d6":"x"}`))
	if err != nil {
		t.Fatal(err)
	}
	day := time.Date(2026, 9, 1, 8, 0, 0, 0, time.UTC)
	got := []any{f.int("id"), f.int("a", "b", "zz", "n"), f.text("a", "b", "c"), f.text("n"),
		f.bool("t1"), f.bool("t2"), f.bool("t3"), f.bool("f1"), f.bool("f2"), f.bool("zz"),
		f.time("d1"), f.time("d2"), f.time("d3"), f.time("d4"), f.time("d5"), f.time("d6", "d1")}
	want := []any{95, 12, "x", "12", true, true, true, false, false, false,
		day, day.Add(-2*time.Hour + 250*time.Millisecond), time.Time{}, time.Time{}, day, day}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestParsePage(t *testing.T) {
	tests := []struct {
		text  string
		ids   []int
		total int
	}{
		{`[{"id":1},{"id":2.0}]`, []int{1, 2}, 0},
		{`[]`, nil, 0},
		{`null`, nil, 0},
		{"\xEF\xBB\xBF [ ]", nil, 0},
		{`{"page_no":1,"record_count":7,"tickets":[{"id":"3"}],"columns":[{"id":9}]}`, []int{3}, 7},
		{`{"record_count":"2","Tickets":[{"id":3}]}`, []int{3}, 2},
		{`{"record_count":1,"faults":[{"id":4}]}`, []int{4}, 1},
		{`{"record_count":0,"tickets":null}`, nil, 0},
		{`{"record_count":0}`, nil, 0},
	}
	for _, tt := range tests {
		p, err := parsePage([]byte(tt.text), "tickets")
		if err != nil {
			t.Errorf("%s: %v", tt.text, err)
		}
		var ids []int
		for _, row := range p.rows {
			ids = append(ids, row.int("id"))
		}
		if diff := cmp.Diff(tt.ids, ids); diff != "" || p.total != tt.total {
			t.Errorf("%s: total %d %s", tt.text, p.total, diff)
		}
	}
	for _, text := range []string{``, `  `, `<html>`, `{`, `"no"`, `5`, `{"error":"x"}`, `[1]`, `[null]`, `{"tickets":{}}`, `{"a":[],"b":[]}`} {
		if p, err := parsePage([]byte(text), "tickets"); err == nil {
			t.Errorf("%s was read as %v", text, p)
		}
	}
}

func TestParseObject(t *testing.T) {
	for text, want := range map[string]int{
		`{"id":5}`: 5, `[{"id":5},{"id":6}]`: 6, `{"tickets":[{"id":7}]}`: 7, `{"Workflow":{"id":8,"steps":[]}}`: 8,
		`{"record_count":1,"tickets":[{"id":9},{}]}`: 9,
	} {
		o, err := parseObject([]byte(text))
		if err != nil || o.int("id") != want {
			t.Errorf("%s: %v, %v", text, o, err)
		}
	}
	for _, text := range []string{`null`, `{}`, `[]`, `[{}]`, `{"id":null}`, `{"id":""}`, `{"id":"x"}`, `{"a":{"b":{"id":1}}}`} {
		if _, err := parseObject([]byte(text)); err != errNoObject {
			t.Errorf("%s: %v", text, err)
		}
	}
	for _, text := range []string{``, `<html>`, `"x"`, `[1]`} {
		if _, err := parseObject([]byte(text)); err == nil || err == errNoObject {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestMessage(t *testing.T) {
	tests := map[string]string{
		"\"\\\"quoted\\\" <b>words</b>\"":                 `"quoted" words`,
		`"{\"Message\":\"inside\"}"`:                      "inside",
		`{"message":null,"ClassName":"System.Exception"}`: "ClassName: System.Exception",
		`{"error":{"message":"deep"}}`:                    "deep",
		`{"error":"e","message":"m"}`:                     "m",
		`{"errors":["first","second"]}`:                   "first",
		`{"title":"t","status":4}`:                        "t",
		`{"id":["The value is not valid."],"x":["y"]}`:    "id: The value is not valid.",
		`[]`:                        "",
		`{"a":1,"b":true,"c":null}`: "",
		`["one"]`:                   "one",
		`5 < 6 and 7 > 3`:           "5 < 6 and 7 > 3",
		"<p>a<br>b</p><!-- <i>no</i> --><script>x()</script>&lt;c&gt; ": "a b <c>",
		"<h1>cut <b":            "cut",
		`{"error":"cut`:         "cut",
		`{"x":{"Message":"\u00`: "",
		`"cut \u00`:             "cut",
		`{"nothing": 5`:         "",
		"\xEF\xBB\xBFbom":       "bom",
		"ends in half \xE2\x82": "ends in half \uFFFD",
		"a\u202Eb\u0007c":       "abc",
		"\x00\x01":              "",
		strings.Repeat("[", 50) + strings.Repeat("]", 50): "",
		strings.Repeat("[", 20_000):                       "",
	}
	for body, want := range tests {
		if got := message([]byte(body)); got != want {
			t.Errorf("%q: %q, want %q", body, got, want)
		}
	}
}

func FuzzInt(f *testing.F) {
	f.Fuzz(func(t *testing.T, text []byte) {
		var n Int
		if json.Unmarshal(text, &n) != nil {
			return
		}
		again, err := json.Marshal(n)
		if err != nil || strings.ContainsAny(string(again), `."e`) {
			t.Fatalf("%q is written as %s, %v", text, again, err)
		}
		var m Int
		if err := json.Unmarshal(again, &m); err != nil || m != n {
			t.Errorf("%q: %d became %d, %v", text, n, m, err)
		}
	})
}

func FuzzMessage(f *testing.F) {
	f.Fuzz(func(t *testing.T, body []byte) {
		got := cutRunes(message(body), maxMessage)
		if !utf8.ValidString(got) || utf8.RuneCountInString(got) > maxMessage || strings.TrimSpace(got) != got {
			t.Errorf("%q", got)
		}
		for _, r := range got {
			if unicode.IsControl(r) || r == '\u202E' {
				t.Errorf("control character in %q", got)
			}
		}
	})
}

func FuzzTicket(f *testing.F) {
	f.Fuzz(func(t *testing.T, text []byte) {
		if o, err := parseObject(text); err == nil {
			ticket := readTicket(o)
			if ticket.MergedInto < 0 || ticket.Closed() != (ticket.HasBeenClosed || !ticket.DateClosed.IsZero()) {
				t.Errorf("%+v", ticket)
			}
			if y := ticket.DateClosed.Year(); y <= 1899 && !ticket.DateClosed.IsZero() {
				t.Errorf("closed in the year %d", y)
			}
		}
		if p, err := parsePage(text, "tickets"); err == nil && !json.Valid(trimBOM(text)) {
			t.Errorf("%d rows out of what is no JSON: %q", len(p.rows), text)
		}
	})
}

func trimBOM(text []byte) []byte { return []byte(strings.TrimPrefix(string(text), "\uFEFF")) }
