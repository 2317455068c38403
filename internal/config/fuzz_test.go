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
