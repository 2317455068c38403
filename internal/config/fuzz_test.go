package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Whatever the bytes: no panic, problems with places, and a configuration
// that survives being written and read.
func FuzzParse(f *testing.F) {
	f.Add([]byte(full), "value")
	f.Add([]byte(minimal), "")
	f.Add([]byte(ruled), "x")
	f.Add([]byte(minimal+quiet), "${HOME}")
	files, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data, "a: b\n- c")
	}
	f.Fuzz(func(t *testing.T, data []byte, value string) {
		c, err := Parse("f", data, Lookup{
			Env:      func(string) (string, bool) { return value, true },
			ReadFile: func(string) ([]byte, error) { return []byte(value), nil },
		})
		if err != nil {
			var problems Problems
			if !errors.As(err, &problems) || len(problems) == 0 || c != nil {
				t.Fatalf("Parse = %v, %#v", c, err)
			}
			for _, p := range problems {
				if p.Line < 1 || p.Column < 1 || p.Text == "" || strings.Contains(p.String(), "\n") {
					t.Errorf("problem without a place or of several lines: %#v", p)
				}
			}
			return
		}
		again, err := Parse("again", c.YAMLWithSecrets(), Lookup{})
		if err != nil {
			t.Fatalf("written, it has problems:\n%v\n%s", err, c.YAMLWithSecrets())
		}
		if diff := cmp.Diff(c, again); diff != "" {
			t.Errorf("read back (-want +got):\n%s\n%s", diff, c.YAMLWithSecrets())
		}
	})
}

// A value from outside lands in its own place, whatever it holds.
func FuzzReference(f *testing.F) {
	for _, v := range []string{"x", "a\nhalo: 1", "- b", "}", `"`, "${X}", "a: b", "#", "\xff"} {
		f.Add(v)
	}
	f.Fuzz(func(t *testing.T, value string) {
		src := minimal + "sources: [{name: a, kind: cipp, secret: ${V}}, {name: b, kind: cipp, secret: last}]"
		c, err := Parse("f", []byte(src), lookup(map[string]string{"V": value}, nil))
		if err != nil {
			return // a value of several lines
		}
		if len(c.Sources) != 2 || c.Sources[0].Secret.Reveal() != strings.TrimSpace(value) || c.Sources[1].Secret != "last" || c.Halo.TicketType != 4 {
			t.Errorf("with %q: %+v", value, c)
		}
	})
}

// Whatever texts routes and silences hold, what is read is written and read
// alike.
func FuzzRules(f *testing.F) {
	for _, v := range [][3]string{
		{"night watch", "kind=~x|y", `user == "a"`}, {"${V}", `label.a b="\\\""`, `labels["'"] == '"'`}, {"07", "severity>=error", "true"},
		{"a: b", `title!~"[\pL]+\\."`, "any(groups, # == \"\u2028\")"}, {"'", "group=", "client_id > 1_0"}, {"#", `text="${V}"`, "not false"}, {"~", "", ""},
	} {
		f.Add(v[0], v[1], v[2])
	}
	f.Fuzz(func(t *testing.T, text, matcher, when string) {
		q, inner := quoted(text), flow{}
		inner.text("match", matcher)
		inner.text("when", when)
		inner.text("reason", text)
		src := minimal + "customers: [{client: 3, name: " + q + ", groups: [" + q + "]}]\n" +
			"hours: [{name: " + q + ", zone: UTC}]\n" +
			"routes: [{name: " + q + ", template: " + q + ", during: [" + q + "], ticket: {team: " + q + ", category: [" + q + ", x], fields: {CFa: " + q + "}}," +
			" tests: [{given: {title: " + q + ", customer: " + q + ", tenant: " + q + ", labels: {a: " + q + "}, at: 2026-03-09T12:00:00Z}, expect: {team: " + q + ", route: " + q + "}}]}]\n" +
			"exclude: [" + inner.String() + "]\n"
		c, err := Parse("f", []byte(src), Lookup{})
		if err != nil {
			for line := range strings.SplitSeq(err.Error(), "\n") {
				if !strings.HasPrefix(line, "f:") {
					t.Errorf("a problem of several lines: %v", err)
				}
			}
			return
		}
		again, err := Parse("again", c.YAML(), Lookup{})
		if err != nil {
			t.Fatalf("written, it has problems:\n%v\n%s", err, c.YAML())
		}
		if diff := cmp.Diff(c, again); diff != "" {
			t.Errorf("read back (-want +got):\n%s\n%s", diff, c.YAML())
		}
	})
}
