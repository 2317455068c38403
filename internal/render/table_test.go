package render

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/halert/halert/internal/alert"
)

// sketch writes a table as lines of text, cells parted by "|".
func sketch(t table) string {
	out := []string{strings.Join(t.Head, "|")}
	for _, row := range t.Rows {
		var cells []string
		for _, c := range row {
			text := strings.Join(c.Lines, "/")
			for _, l := range c.Links {
				text += "[" + l.Text + "]"
			}
			cells = append(cells, text)
		}
		out = append(out, strings.Join(cells, "|"))
	}
	if t.Lead != "" {
		out = append([]string{t.Lead + ":"}, out...)
	}
	return strings.Join(out, "\n")
}

func finding(title string, pairs ...string) alert.Finding {
	return alert.Finding{Title: title, Fields: fields(pairs...)}
}

func TestTable(t *testing.T) {
	t.Parallel()
	const id1, id2 = "0c5a1f7e-8a8e-4d0c-b1a4-6a0f3a1d0001", "0c5a1f7e-8a8e-4d0c-b1a4-6a0f3a1d0002"
	link := func(f alert.Finding, url string) alert.Finding {
		f.Links = []alert.Link{{Text: "open", URL: url}}
		return f
	}
	on := func(f alert.Finding, device, upn string) alert.Finding {
		f.Device, f.User = device, alert.User{UPN: upn}
		return f
	}
	tests := map[string]struct {
		findings []alert.Finding
		first    []string
		hide     hidden
		want     string
	}{
		"asked first, in any case":      {[]alert.Finding{finding("t1", "a", "1", "B", "2"), finding("t2", "a", "3", "b", "4")}, []string{"b", "missing", "a"}, hidden{}, "Finding|B|A\nt1|2|1\nt2|4|3"},
		"empty dropped, also asked":     {[]alert.Finding{finding("", "a", "1", "b", "null", "c", "[]"), finding("", "a", "2", "b", " ")}, []string{"c", "b"}, hidden{}, "A\n1\n2"},
		"rare dropped":                  {[]alert.Finding{finding("", "a", "1"), finding("", "a", "2"), finding("", "a", "3", "b", "x")}, nil, hidden{}, "A\n1\n2\n3"},
		"same for all comes later":      {[]alert.Finding{finding("", "same", "x", "own", "1"), finding("", "same", "x", "own", "2")}, nil, hidden{}, "Own|Same\n1|x\n2|x"},
		"ids only if asked":             {[]alert.Finding{finding("", "id", id1, "n", "1"), finding("", "id", id2, "n", "2")}, nil, hidden{}, "N\n1\n2"},
		"ids if asked":                  {[]alert.Finding{finding("", "id", id1, "n", "1"), finding("", "id", id2, "n", "2")}, []string{"id"}, hidden{}, "Id|N\n" + id1 + "|1\n" + id2 + "|2"},
		"ids if there is nothing else":  {[]alert.Finding{finding("", "id", id1), finding("", "id", id2)}, nil, hidden{}, "Id\n" + id1 + "\n" + id2},
		"ids of one finding":            {[]alert.Finding{finding("", "id", id1, "n", "1")}, nil, hidden{}, "\nN|1\nId|" + id1},
		"tenant is said elsewhere":      {[]alert.Finding{finding("", "Tenant", "A.example", "n", "1"), finding("", "Tenant", "a.example", "n", "2")}, nil, hidden{values: []string{"", "a.example"}}, "N\n1\n2"},
		"a title is a column":           {[]alert.Finding{finding("one", "a", "1"), finding("two", "a", "2")}, nil, hidden{}, "Finding|A\none|1\ntwo|2"},
		"unless a field has it":         {[]alert.Finding{finding("one …", "a", "1", "msg", "one  or more"), finding("two", "a", "2", "msg", "two")}, nil, hidden{}, "Msg|A\none or more|1\ntwo|2"},
		"or fields make it":             {[]alert.Finding{finding("Ann, E3", "who", "ann", "what", "E3"), finding("Bob, E5", "who", "Bob", "what", "E5")}, nil, hidden{}, "Who|What\nann|E3\nBob|E5"},
		"or all have the same":          {[]alert.Finding{finding("one", "a", "1"), finding("one", "a", "2")}, nil, hidden{}, "one:\nA\n1\n2"},
		"also beside what is asked for": {[]alert.Finding{finding("one", "a", "1"), finding("two", "a", "2")}, []string{"a"}, hidden{}, "Finding|A\none|1\ntwo|2"},
		"unless that and the topic say": {[]alert.Finding{finding("Topic: one, 2026-01-02T03:04:05Z", "a", "One", "t", "2026-01-02T03:04:05Z"), finding("Topic: two", "a", "two", "t", "x")}, []string{"a"}, hidden{values: []string{"topic"}}, "A|T\nOne|2026-01-02 03:04:05 UTC\ntwo|x"},
		"or a column that is shown":     {[]alert.Finding{finding("one is bad", "a", "1", "msg", "one is bad"), finding("two is bad", "a", "2", "msg", "two is bad")}, []string{"a"}, hidden{}, "A|Msg\n1|one is bad\n2|two is bad"},
		"a field that came too late":    {[]alert.Finding{finding("bad one", "a", "1", "b", "1", "c", "1", "d", "1", "e", "1", "f", "1", "g", "1", "msg", "bad one"), finding("bad two", "a", "2", "b", "2", "c", "2", "d", "2", "e", "2", "f", "2", "g", "2", "msg", "bad two")}, []string{"a"}, hidden{}, "Msg|A|B|C|D|E|F\nbad one|1|1|1|1|1|1\nbad two|2|2|2|2|2|2"},
		"the same for all, and asked":   {[]alert.Finding{finding("bad", "a", "1"), finding("bad", "a", "2")}, []string{"a"}, hidden{}, "bad:\nA\n1\n2"},
		"half of it is not enough":      {[]alert.Finding{finding("Ann was blocked", "who", "Ann"), finding("Bob was freed", "who", "Bob")}, []string{"who"}, hidden{}, "Finding|Who\nAnn was blocked|Ann\nBob was freed|Bob"},
		"title of one finding":          {[]alert.Finding{finding("one", "a", "1")}, nil, hidden{}, "one:\n\nA|1"},
		"title of one finding, a field": {[]alert.Finding{finding("one", "a", "1", "msg", "one")}, nil, hidden{}, "one:\n\nA|1"},
		"links under the first cell":    {[]alert.Finding{link(finding("", "a", "1", "u", "https://x.example/1"), "https://x.example/1"), finding("", "a", "2")}, nil, hidden{}, "A\n1[open]\n2"},
		"an unsafe link stays a text":   {[]alert.Finding{link(finding("", "a", "1", "u", "ftp://x"), "ftp://x"), link(finding("", "a", "2", "u", "ftp://y"), "ftp://y")}, nil, hidden{}, "A|U\n1|ftp://x\n2|ftp://y"},
		"user and device":               {[]alert.Finding{on(finding("x", "a", "1"), "pc1", "u1@x.example"), on(finding("x", "a", "2"), "pc2", "u2@x.example")}, nil, hidden{}, "x:\nUser|Device|A\nu1@x.example|pc1|1\nu2@x.example|pc2|2"},
		"user is a field, device known": {[]alert.Finding{on(finding("bad", "upn", "U1@x.example"), "pc", "u1@x.example"), on(finding("bad", "upn", "u2@x.example"), "pc", "U2@x.example")}, nil, hidden{device: "pc"}, "bad:\nUpn\nU1@x.example\nu2@x.example"},
		"seven at most":                 {[]alert.Finding{finding("one", "a", "1", "b", "1", "c", "1", "d", "1", "e", "1", "f", "1", "g", "1", "h", "1"), finding("two", "a", "2")}, nil, hidden{}, "Finding|A|B|C|D|E|F\none|1|1|1|1|1|1\ntwo|2|||||"},
		"lines, times, camel case":      {[]alert.Finding{finding("", "lastSignIn", "2026-01-02T03:04:05.678+02:00", "l", "x\r\n\n y")}, nil, hidden{}, "\nLast Sign In|2026-01-02 01:04:05 UTC\nL|x/y"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := sketch(newTable(test.findings, len(test.findings), test.first, test.hide))
			if d := cmp.Diff(test.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestManyFields(t *testing.T) {
	t.Parallel()
	got := newTable([]alert.Finding{heavy(1000)}, 1, nil, hidden{})
	if len(got.Rows) != maxPairs || got.More != 1000-maxPairs {
		t.Errorf("%d rows and %d more", len(got.Rows), got.More)
	}
}

func TestLabel(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"UserPrincipalName": "User Principal Name", "userPrincipalName": "User Principal Name", "CVSSScore": "CVSS Score", "GBLeft": "GB Left", "UPN": "UPN",
		"LicenseIDs": "License IDs", "IPv6Address": "IPv6 Address", "CIPPGeoLocation": "CIPP Geo Location", "Expected Value": "Expected Value",
		"runbook_url": "runbook_url", "Day30Use": "Day30 Use", "": "", "ärgerGröße": "Ärger Größe",
	} {
		if got := label(in); got != want {
			t.Errorf("label(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestLinked(t *testing.T) {
	t.Parallel()
	show := func(text string) string {
		var b strings.Builder
		for _, p := range linked(text) {
			if p.URL != "" {
				b.WriteString("[" + p.Text + "→" + p.URL + "]")
			} else {
				b.WriteString(p.Text)
			}
		}
		return b.String()
	}
	for in, want := range map[string]string{
		"":      "",
		"plain": "plain",
		"see https://a.example/x?y=1&z=2, or http://b.example.": "see [https://a.example/x?y=1&z=2→https://a.example/x?y=1&z=2], or [http://b.example→http://b.example].",
		"(https://a.example/w_(x))":                             "([https://a.example/w_(x)→https://a.example/w_(x)])",
		"HTTPS://A.example":                                     "[HTTPS://A.example→https://A.example]",
		"https://":                                              "https://",
		"https://me@a.example":                                  "https://me@a.example",
		"javascript:alert(1) data:text/html,x ftp://a.example":  "javascript:alert(1) data:text/html,x ftp://a.example",
		"https://a.example/%zz":                                 "https://a.example/%zz",
		"https://a.example/cut…":                                "https://a.example/cut…",
	} {
		if got := show(in); got != want {
			t.Errorf("linked(%q):\n%s\nwant\n%s", in, got, want)
		}
	}
}

func TestSafeURL(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{
		"", "javascript:alert(1)", " JaVaScRiPt:alert(1)", "java\nscript:alert(1)", "data:text/html,x", "vbscript:x", "file:///etc/passwd", "//a.example", "/a", "a.example",
		"https:a.example", "https:///a", "https://:80/", "https://user@a.example", "https://u:p@a.example", "https://a.example/\x00", "https://a.example/\n/x", `https://a.example\@b.example`,
		"https://a.example/\u202E", "https://a.example/\xff", "https://a.example/" + strings.Repeat("x", 2000), "https://[::1", "http://(0", "http://%280", "https://bänk.example", "https://a.example:x",
	} {
		if u, ok := safeURL(bad); ok {
			t.Errorf("safeURL(%q) = %q", bad, u)
		}
	}
	for _, good := range []string{"https://a.example", "http://a.example:8080/x?y=z#f", "https://[2001:db8::1]/x", "https://a.example/#view/Menu/~/Overview"} {
		if u, ok := safeURL("  " + good); !ok || u != good {
			t.Errorf("safeURL(%q) = %q, %v", good, u, ok)
		}
	}
}
