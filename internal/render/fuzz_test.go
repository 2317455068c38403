package render

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/halert/halert/internal/alert"
)

// FuzzBody puts foreign text everywhere. A page must stay what the templates
// make of it, and say what it was given.
func FuzzBody(f *testing.F) {
	f.Add("Name", "value", "A title", "https://a.example/x", "see https://b.example/y.", uint8(1))
	f.Add(evil, evil, evil, "javascript:alert(1)", "javascript:alert(1) https://c.example/?a=b&c=\"d\"", uint8(2))
	f.Add("a\x00b", "\xff\xfe", "\u202Egnp.exe", "https://u:p@a.example", "data:text/html;base64,AAAA\r\nhttp://d.example/(x)", uint8(3))
	f.Add("{{.}}", "2026-01-02T03:04:05Z", "]]><!--", "HTTPS://A.EXAMPLE/'onclick='x", "--><style>", uint8(60))
	f.Fuzz(func(t *testing.T, name, value, title, link, text string, n uint8) {
		finding := alert.Finding{
			Title: title, Device: value, User: alert.User{Name: title, UPN: value},
			Fields: []alert.Field{{Name: name, Value: value}, {Name: "Other " + name, Value: text}},
			Links:  []alert.Link{{Text: title, URL: link}, {Text: link, URL: value}},
		}
		c := Ticket{
			Reference: "HLTFUZZ", Customer: text, Source: name, Severity: alert.Severity(n % 5), UserLinked: n%2 == 0, Previous: int(n) - 3,
			Tenant: alert.NewTenant(value, title), User: alert.User{UPN: name},
			Topic:    alert.Topic{Title: title, What: text, Means: value, Do: name, Comment: text, Links: finding.Links, Columns: []string{name}},
			Findings: slices.Repeat([]alert.Finding{finding}, int(n)), Total: int(n) * 2,
		}
		subject := Summary(c)
		if !utf8.ValidString(subject) || subject == "" || utf8.RuneCountInString(subject) > MaxSummary || strings.ContainsAny(subject, "\r\n\t\x00") {
			t.Errorf("the subject is %q", subject)
		}
		body := checkHTML(t, Body(c))
		for _, want := range []string{"Reference: HLTFUZZ", line(firstOf(text, title), maxText), line(value, maxText), line(name, maxText)} {
			if !strings.Contains(body.text, want) {
				t.Errorf("the body does not say %q:\n%s", want, body.text)
			}
		}
		if rows := body.tags["tr"] - body.tags["thead"]; rows > MaxRows || body.tags["td"]+body.tags["th"] > (rows+1)*MaxColumns {
			t.Errorf("%v elements", body.tags)
		}
		note := NoteHTML(Note{Reference: "HLTFUZZ", Mark: "[HLTFUZZ/1]", New: c.Findings, Gone: c.Findings, GoneTotal: int(n), Firing: int(n), AllClear: n%3 == 0})
		if checkHTML(t, note); !strings.Contains(note, "[HLTFUZZ/1]") {
			t.Error("the note lacks its mark")
		}
	})
}
