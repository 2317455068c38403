package nearest

import (
	"strings"
	"testing"
)

func TestHint(t *testing.T) {
	teams := []string{"Security", "Service Desk", "NOC"}
	for _, tt := range []struct {
		name, word string
		known      []string
		want       string
	}{
		{"misspelt", "Secrity", teams, "did you mean Security?"},
		{"other case", "SERVICE desk", teams, "did you mean Service Desk?"},
		{"nothing near", "Accounting", teams, "known are Security, Service Desk, NOC"},
		{"nothing known", "Security", nil, "there are none"},
		{"too long", strings.Repeat("Security", 9), teams[:1], "known are Security"},
		{"many", "zzzzzz", strings.Split(strings.Repeat("alpha ", 22)+"omega", " "), "known are " + strings.TrimSuffix(strings.Repeat("alpha, ", 20), ", ") + " and 3 more"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := Hint(tt.word, tt.known); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
