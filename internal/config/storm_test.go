package config

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestStorm(t *testing.T) {
	t.Parallel()
	if c := mustParse(t, minimal, Lookup{}); c.Storm != nil || strings.Contains(string(c.YAML()), "storm") {
		t.Errorf("without the section there is a brake: %+v", c.Storm)
	}
	c := mustParse(t, minimal+"storm: {tickets: 20, within: 10m}\n", Lookup{})
	if diff := cmp.Diff(&Storm{Tickets: 20, Within: 10 * time.Minute}, c.Storm); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(c, mustParse(t, string(c.YAML()), Lookup{})); diff != "" {
		t.Errorf("read back (-want +got):\n%s", diff)
	}
	for text, want := range map[string]string{
		"{within: 10m}":                "storm.tickets: is missing",
		"{tickets: 20}":                "storm.within: is missing",
		"{tickets: 0, within: 10m}":    "give a whole number from 1 to 10000",
		"{tickets: many, within: 10m}": "give a whole number from 1 to 10000",
		"{tickets: 20, within: 30s}":   "from 1m",
		"{tickets: 20, within: 25h}":   "1m to 24h",
		"{tickets: 20, whithin: 10m}":  "did you mean within?",
		"20":                           "must be a mapping",
	} {
		_, err := Parse("f", []byte(minimal+"storm: "+text+"\n"), Lookup{})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("storm: %s: %v, want %q", text, err, want)
		}
	}
	const lone = "routes: [{name: r, within: 1h}]\n"
	if _, err := Parse("f", []byte(minimal+lone), Lookup{}); err == nil || !strings.Contains(err.Error(), "routes[0].within: needs group_by") {
		t.Errorf("within without group_by: %v", err)
	}
}
