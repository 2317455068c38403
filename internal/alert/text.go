package alert

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// CleanText makes foreign text fit for a ticket: invalid UTF-8 becomes U+FFFD,
// NUL and other control characters but tab and line feed go, and line ends are
// line feeds.
func CleanText(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	s = strings.ReplaceAll(s, "\r\n", "\n")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\r':
			return '\n'
		case r == '\n' || r == '\t':
			return r
		case unicode.IsControl(r), r >= 0x202A && r <= 0x202E, r >= 0x2066 && r <= 0x2069:
			return -1 // the last two ranges turn the direction of the text around
		}
		return r
	}, s)
}

// OneLine is CleanText with all white space folded to single spaces.
func OneLine(s string) string { return strings.Join(strings.Fields(CleanText(s)), " ") }

// Cut shortens a text to at most n runes; the last one is then an ellipsis.
func Cut(s string, n int) string {
	if len(s) <= n || utf8.RuneCountInString(s) <= n {
		return s
	}
	r := []rune(s)
	return strings.TrimRightFunc(string(r[:n-1]), unicode.IsSpace) + "…"
}

// ShortTime writes a length of time without zeros at its end: "5m", "1h".
func ShortTime(d time.Duration) string {
	s := d.String()
	if cut, ok := strings.CutSuffix(s, "m0s"); ok {
		s = cut + "m"
	}
	if cut, ok := strings.CutSuffix(s, "h0m"); ok {
		s = cut + "h"
	}
	return s
}
