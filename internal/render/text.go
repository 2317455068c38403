package render

import (
	"net/url"
	"regexp"
	"strings"
	"time"
	"unicode"

	"github.com/halert/halert/internal/alert"
)

// clip cuts a text before it is worked on, far enough behind the n characters
// that are wanted. A sender's megabytes cost no more than its kilobytes.
func clip(s string, n int) string {
	if len(s) <= 8*n {
		return s
	}
	return strings.ToValidUTF8(s[:8*n], "") + "…"
}

// line makes a foreign text one clean line of at most n characters.
func line(s string, n int) string { return alert.Cut(alert.OneLine(clip(s, n)), n) }

// lines makes a foreign text clean lines of at most n characters together.
// Empty lines go.
func lines(s string, n int) []string {
	var out []string
	for l := range strings.Lines(alert.Cut(alert.CleanText(clip(s, n)), n)) {
		if l = alert.OneLine(l); l != "" {
			out = append(out, l)
		}
	}
	return out
}

// firstOf is the first text that is more than white space.
func firstOf(texts ...string) string {
	for _, s := range texts {
		if alert.OneLine(s) != "" {
			return s
		}
	}
	return ""
}

func containsFold(s, part string) bool {
	return strings.Contains(strings.ToLower(s), strings.ToLower(part))
}

// moment writes a time for people, to the minute.
func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04 UTC")
}

// readable writes the value of a field for people: times that a machine wrote
// become short ones in UTC, and the ways of writing "nothing" become nothing.
func readable(value string) string {
	v := clip(strings.TrimSpace(value), maxValue)
	switch v {
	case "null", "[]", "{}", "<nil>":
		return ""
	}
	if t, err := time.Parse(time.RFC3339Nano, v); err == nil {
		return t.UTC().Format("2006-01-02 15:04:05 UTC")
	}
	if t, err := time.Parse("2006-01-02T15:04:05", v); err == nil { // its zone is not known
		return t.Format("2006-01-02 15:04:05")
	}
	return v
}

// label makes the name of a field readable: "DaysSinceLastSignIn" becomes
// "Days Since Last Sign In". A name that is no camel case stays as it is.
func label(name string) string {
	name = line(name, 60)
	if strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		return name
	}
	r := []rune(name)
	var b strings.Builder
	for i, c := range r {
		if i == 0 {
			b.WriteRune(unicode.ToUpper(c))
			continue
		}
		if unicode.IsUpper(c) && startsWord(r, i) {
			b.WriteByte(' ')
		}
		b.WriteRune(c)
	}
	return b.String()
}

// startsWord tells whether the capital at i begins a word: after a small
// letter or digit (signIn), or as the end of an acronym (CVSSScore), but not
// in IDs or IPv6.
func startsWord(r []rune, i int) bool {
	if !unicode.IsUpper(r[i-1]) {
		return true
	}
	return i+2 < len(r) && unicode.IsLower(r[i+1]) && unicode.IsLower(r[i+2])
}

// piece is a part of a text. With a URL it is a link.
type piece struct{ Text, URL string }

// address finds what looks like an address in a text.
var address = regexp.MustCompile(`(?i)\bhttps?://[^\s<>"'` + "`" + `]+`)

// commentLines makes the addresses in the operator's text links.
func commentLines(comment string) [][]piece {
	var out [][]piece
	for _, l := range lines(comment, maxComment) {
		out = append(out, linked(l))
	}
	return out
}

func linked(text string) []piece {
	var out []piece
	from := 0
	for _, at := range address.FindAllStringIndex(text, -1) {
		found := trimAddress(text[at[0]:at[1]])
		u, ok := safeURL(found)
		if !ok || strings.HasSuffix(found, "…") { // cut, so it would lead elsewhere
			continue
		}
		if from < at[0] {
			out = append(out, piece{Text: text[from:at[0]]})
		}
		out = append(out, piece{Text: alert.Cut(found, 80), URL: u})
		from = at[0] + len(found)
	}
	if from < len(text) {
		out = append(out, piece{Text: text[from:]})
	}
	return out
}

// trimAddress takes off the punctuation of the sentence around an address. A
// closing bracket stays if it has its opening one inside.
func trimAddress(s string) string {
	for s != "" {
		last := s[len(s)-1]
		open := strings.IndexByte(")]}", last)
		if open >= 0 && strings.Count(s, "([{"[open:open+1]) >= strings.Count(s, string(last)) {
			return s
		}
		if open < 0 && !strings.ContainsRune(".,;:!?*", rune(last)) {
			return s
		}
		s = s[:len(s)-1]
	}
	return s
}

// safeURL lets http and https through, up to 2,000 bytes, with a plain host:
// no user name before it (https://bank.example@elsewhere.example) and no
// letters that only look like others.
func safeURL(raw string) (string, bool) {
	raw = strings.TrimSpace(raw)
	u, err := url.Parse(raw)
	if err != nil || len(raw) > 2000 || alert.CleanText(raw) != raw || strings.ContainsAny(raw, "\t\n\\") {
		return "", false
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.User != nil || !plainHost.MatchString(u.Host) {
		return "", false
	}
	return u.String(), true
}

// plainHost is a name, an IPv4 address or an IPv6 address in brackets, and
// perhaps a port.
var plainHost = regexp.MustCompile(`^([A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]+)?$`)

// links keeps the links that are safe, each address once.
func links(all []alert.Link) []alert.Link {
	var out []alert.Link
	seen := make(map[string]bool)
	for _, l := range all {
		u, ok := safeURL(l.URL)
		if !ok || seen[u] || len(out) == maxLinks {
			continue
		}
		seen[u] = true
		out = append(out, alert.Link{Text: firstOf(line(l.Text, 100), line(u, 100)), URL: u})
	}
	return out
}
