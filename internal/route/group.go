package route

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/halert/halert/internal/nearest"
)

// Group says which alerts of one customer and source share an open ticket,
// where a rule decides about it. The zero value leaves it as usual: one ticket
// for each alert kind, or for each user too.
type Group struct {
	Route string   // the rule that decided: alerts of two rules never share a ticket
	By    []string // what must be the same: names that [CheckGroupBy] takes; empty: as usual
	Strip bool     // volatile parts of kinds and labels do not count
}

// CheckGroupBy tells whether tickets can be grouped by a name: kind, user,
// device, tenant or label.NAME.
func CheckGroupBy(name string) error {
	known := []string{"kind", "user", "device", "tenant", labelPrefix + "NAME"}
	if label, ok := strings.CutPrefix(name, labelPrefix); ok && strings.TrimSpace(label) != "" || slices.Contains(known, name) {
		return nil
	}
	return fmt.Errorf("tickets cannot be grouped by %s (only by %s); %s", shown(name), strings.Join(known, ", "), nearest.Hint(name, known))
}

// Key is the part of a ticket's group key that the rule decided about: alike
// for alerts that share a ticket. It does not regard case.
//
// With Strip, GUIDs, dates, times of day and numbers that stand alone are
// taken out of kinds and labels, with the punctuation around words: "Disk 3
// of host-7 at 93%" and "Disk 4 of host-7 at 95%" are alike. A number that is
// part of a word, or of an address such as 10.0.0.7, stays.
func (g Group) Key(s Subject) string {
	v := newView(s)
	parts := []string{fold(g.Route)}
	for _, name := range g.By {
		value := ""
		switch {
		case name == "user":
			value = v.User.Key()
		case name == "tenant":
			value = v.values(name)[0] // its id, where it is known
		case g.Strip && (name == "kind" || strings.HasPrefix(name, labelPrefix)):
			value = strip(v.values(name)[0])
		default:
			value = v.values(name)[0]
		}
		parts = append(parts, fold(name)+"="+fold(value))
	}
	return strings.Join(parts, "\x00")
}

// strip takes out what changes from one report of the same trouble to the
// next.
func strip(s string) string {
	volatile := regexp.MustCompile(`(?i)\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b` +
		`|\b\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d)?(\.\d+)?( ?Z\b| ?[+-]\d\d:?\d\d\b)?)?` +
		`|\b\d{1,2}[./]\d{1,2}[./]\d{4}\b` +
		`|\b\d{1,2}:\d\d(:\d\d)?(\.\d+)?( ?[ap]m)?\b`)
	number := regexp.MustCompile(`^\d+(\.\d+)?%?$`)
	words := strings.FieldsFunc(volatile.ReplaceAllString(s, " "), func(c rune) bool {
		return strings.ContainsRune(" \t\r\n()[]{}<>#:;,=\"'|", c)
	})
	words = slices.DeleteFunc(words, func(w string) bool { return number.MatchString(w) })
	return strings.Join(words, " ")
}
