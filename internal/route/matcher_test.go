package route

import (
	"strings"
	"testing"

	"github.com/halert/halert/internal/alert"
)

func subject() Subject {
	return Subject{
		Source: "cipp", Kind: "audit/new-inboxrule/ada@harbour.example", Severity: alert.Error, Title: "Inbox rule forwards mail",
		Customer: alert.Customer{ClientID: 12, Name: "Harbour Dental", Groups: []string{"gold", "North"}},
		Tenant:   alert.NewTenant("5d0c3a10-0000-4000-8000-00000000000a", "harbour.example"),
		User:     alert.User{UPN: "Ada@harbour.example", ObjectID: "77aa", Name: "Ada Byron"},
		Device:   "HD-LAPTOP-7",
		Labels:   map[string]string{"IPAddress": "10.1.2.3", "App Name": `Say "hi"`, "Count": "17"},
		Text:     "first line\nForwardTo evil@elsewhere.example",
	}
}

func TestMatchers(t *testing.T) {
	t.Parallel()
	nobody := Subject{Kind: "drift"}
	tests := []struct {
		matcher string
		subject Subject
		want    bool
	}{
		{"source=cipp", subject(), true}, {"source = CIPP ", subject(), true}, {"source!=cipp", subject(), false}, {`source="cip"`, subject(), false},
		{`kind=~"audit/.*"`, subject(), true}, {"kind=~audit/.*", subject(), true}, {"kind=~audit", subject(), false}, {"kind!~audit", subject(), true},
		{"kind=~drift|audit/.*", subject(), true}, {"kind=~x|drift", nobody, true},
		{"severity=error", subject(), true}, {"severity>=error", subject(), true}, {"severity>=critical", subject(), false},
		{"severity<=error", subject(), true}, {"severity<=warning", subject(), false}, {"severity=~err.r", subject(), true},
		{"severity=warning", nobody, true}, {"severity!=warning", nobody, false},
		{`customer="harbour dental"`, subject(), true}, {"customer=12", subject(), true}, {"customer!=12", subject(), false}, {"customer=0", nobody, false}, {`customer=""`, nobody, true},
		{"group=north", subject(), true}, {"group!=gold", subject(), false}, {"group!=silver", subject(), true}, {"group!=gold", nobody, true}, {`group=""`, nobody, true}, {`group=""`, subject(), false},
		{"tenant=HARBOUR.example", subject(), true}, {"tenant=5D0C3A10-0000-4000-8000-00000000000A", subject(), true}, {`tenant!=""`, nobody, false},
		{`user="ada byron"`, subject(), true}, {"user=77aa", subject(), true}, {"user!=ada@HARBOUR.example", subject(), false}, {`user=""`, subject(), false}, {`user=""`, nobody, true},
		{"device=~hd-.*", subject(), true}, {`title=~".*forwards.*"`, subject(), true}, {"text=~.*evil@.*", subject(), true}, {"text=~evil@.*", subject(), false},
		{"label.ipaddress=10.1.2.3", subject(), true}, {"label.IPAddress!=10.1.2.3", subject(), false}, {`label.App Name="Say \"hi\""`, subject(), true},
		{"label.none=x", subject(), false}, {"label.none!=x", subject(), true}, {`label.none=""`, subject(), true}, {`label.Count=~\d+`, subject(), true}, {`label.Count=~"\\d+"`, subject(), true}, {`label.Count=~"\d+"`, subject(), true},
	}
	for _, test := range tests {
		m, err := ParseMatcher(test.matcher)
		if err != nil {
			t.Errorf("%s: %v", test.matcher, err)
			continue
		}
		if got := m.matches(newView(test.subject)); got != test.want {
			t.Errorf("%s on %s: %v; want %v", test.matcher, test.subject.Kind, got, test.want)
		}
	}
	if (Matcher{}).matches(newView(subject())) {
		t.Error("the zero matcher matches")
	}
}

func TestMatcherErrors(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"severty=error":        `in "severty=error" at character 1: the name "severty" is unknown; did you mean severity?`,
		"priority=1":           `in "priority=1" at character 1: the name "priority" is unknown; known are source, kind, severity, customer, group, tenant, user, device, title, text, label.NAME`,
		"label.=x":             `in "label.=x" at character 1: names no label; write label.NAME, like label.alertname`,
		"=x":                   `in "=x" at character 1: a name must stand here: one of source, kind, severity, customer, group, tenant, user, device, title, text, label.NAME`,
		"kind":                 `in "kind" at character 5: has no operator; write NAME OPERATOR VALUE, like severity>=error`,
		"kind>=x":              `in "kind>=x" at character 5: an operator must stand here: one of = != =~ !~ (>= and <= are for severity only)`,
		"severity>error":       `in "severity>error" at character 9: an operator must stand here: one of = != =~ !~ >= <=`,
		"severity>=high":       `in "severity>=high" at character 11: "high" is no severity (critical, error, warning, info); known are critical, error, warning, info`,
		"severity=critcal":     `in "severity=critcal" at character 10: "critcal" is no severity (critical, error, warning, info); did you mean critical?`,
		"kind=":                `in "kind=" at character 6: a value must stand here; write "" for none`,
		"kind==x":              `in "kind==x" at character 6: an operator is followed by its value; put a value that begins with = in double quotes`,
		"title=größer als":     `in "title=größer als" at character 13: a value with white space, quotes, braces or commas must stand in double quotes`,
		`kind="x`:              `in "kind=\"x" at character 8: the closing quote is missing`,
		`kind="x",user="y"`:    `in "kind=\"x\",user=\"y\"" at character 9: nothing may follow the closing quote; write a matcher of its own for each condition`,
		"kind=~a(b":            `in "kind=~a(b" at character 7: the regular expression cannot be read: missing closing )`,
		"kind=~a)(b":           `in "kind=~a)(b" at character 7: the regular expression cannot be read: unexpected )`,
		`text=~"(a{500}){2}x"`: `in "text=~\"(a{500}){2}x\"" at character 7: the regular expression is too large; make its repetitions smaller`,
	} {
		if _, err := ParseMatcher(text); err == nil || err.Error() != want {
			t.Errorf("%s:\n got %v\nwant %s", text, err, want)
		}
	}
	if _, err := ParseMatcher("kind=" + strings.Repeat("x", maxMatcher)); err == nil {
		t.Error("a very long matcher was taken")
	}
}

// Whatever the text: no panic, and what is read is written and read alike.
func FuzzMatcher(f *testing.F) {
	for _, s := range []string{"kind=x", `label.App Name!~"a\"\\b"`, "severity>=error", `text=~"(a|b)*"`, "group=", `user="`, "label.\x00=\xff", `kind=~"\"`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		m, err := ParseMatcher(text)
		if err != nil {
			if strings.ContainsAny(err.Error(), "\n\r") {
				t.Errorf("%q: an error of several lines: %v", text, err)
			}
			return
		}
		again, err := ParseMatcher(m.String())
		if err != nil || !again.Equal(m) {
			t.Fatalf("%q is written %q, which reads as %+v, %v", text, m, again, err)
		}
		v := newView(subject())
		if m.matches(v) != again.matches(v) {
			t.Errorf("%q and %q do not match alike", text, m)
		}
		opposite := m
		if opposite.Op = map[string]string{"=": "!=", "!=": "=", "=~": "!~", "!~": "=~"}[m.Op]; opposite.Op != "" && opposite.matches(v) == m.matches(v) {
			t.Errorf("%q and its opposite agree", text)
		}
	})
}
