package cipp_test

import (
	"path/filepath"
	"strings"
	"testing"
)

// CIPP's own ticket has one title, whichever schema the webhook has.
func TestFormerTitleIsTheSameInBothSchemas(t *testing.T) {
	t.Parallel()
	legacy, err := filepath.Glob("testdata/bodies/*-legacy.json")
	if err != nil || len(legacy) == 0 {
		t.Fatal(legacy, err)
	}
	titles := 0
	for _, path := range legacy {
		name := strings.TrimSuffix(filepath.Base(path), "-legacy.json")
		other := filepath.Join("testdata/bodies", name+"-standardized.json")
		if found, _ := filepath.Glob(other); len(found) == 0 || strings.HasPrefix(name, "baseline") { // a legacy baseline names no title
			continue
		}
		of := func(form string) (out []string) {
			for _, e := range parse(t, readBody(t, name+form)).Events {
				out = append(out, e.Topic.FormerTitle)
			}
			return out
		}
		a, b := of("-legacy"), of("-standardized")
		if strings.Join(a, "\n") != strings.Join(b, "\n") {
			t.Errorf("%s: legacy %q, standardised %q", name, a, b)
		}
		if len(a) > 0 && a[0] != "" {
			titles++
		}
	}
	if titles < 15 {
		t.Errorf("only %d bodies have a title", titles)
	}
}

// Titles that all users of a tenant, or all tenants, have are no title: by
// them one user's alert would go on another's ticket.
func TestFormerTitleThatNamesNobody(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"audit-sign-in-legacy", "audit-unknown-legacy", "logbook-legacy", "test-legacy", "unknown-object"} {
		for _, e := range parse(t, readBody(t, name)).Events {
			if e.Topic.FormerTitle != "" {
				t.Errorf("%s: %q", name, e.Topic.FormerTitle)
			}
		}
	}
}
