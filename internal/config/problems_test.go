package config

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files")

// Each file of testdata/bad has all its problems in the .txt beside it.
func TestBadFiles(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	l := lookup(map[string]string{"HIDDEN": "hunter2", "LONG": strings.Repeat("hunter2", 99)}, map[string]string{"/hidden": "hunter2", "/big": strings.Repeat("x", maxFile+1)})
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			c, err := Parse(filepath.Base(file), data, l)
			if err == nil || c != nil {
				t.Fatalf("Parse = %v, %v; want problems", c, err)
			}
			golden(t, strings.TrimSuffix(file, ".yaml")+".txt", []byte(err.Error()+"\n"))
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("a secret shows in: %v", err)
			}
		})
	}
}

func TestBadBytes(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ data, want string }{
		"not UTF-8":      {"halo:\n  tenant: \xff\n", "c.yaml:2:1: is not UTF-8; save the file in that encoding"},
		"control":        {"halo:\n  te\x01: x\n", "c.yaml:2:5: holds a character that is not text; delete it"},
		"noncharacter":   {"# \uFDD0\n", "c.yaml:1:3: holds a character that is not text; delete it"},
		"too large":      {strings.Repeat("#", maxBytes+1), "c.yaml:1:1: is larger than 4 MiB"},
		"deep lists":     {"a: " + strings.Repeat("[", 5000), "c.yaml:1:36: is nested more than 32 deep"},
		"deep dashes":    {strings.Repeat("- ", 5000), "c.yaml:1:65: is nested more than 32 deep"},
		"deep questions": {strings.Repeat("? ", 5000), "c.yaml:1:65: is nested more than 32 deep"},
		"empty":          {"", "c.yaml:1:1: halo: the section is missing; it needs resource_url, auth_url, client_id, client_secret and ticket_type"},
		"no mapping":     {"- a\n", "c.yaml:1:1: must be a mapping of keys, but is a list\nc.yaml:1:1: halo: the section is missing; it needs resource_url, auth_url, client_id, client_secret and ticket_type"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Parse("c.yaml", []byte(test.data), Lookup{})
			var problems Problems
			if !errors.As(err, &problems) || err.Error() != test.want {
				t.Errorf("error:\n%v\nwant:\n%s", err, test.want)
			}
		})
	}
}

func TestReferencesNotAllowed(t *testing.T) {
	t.Parallel()
	_, err := Parse("c.yaml", []byte(minimal+"sources: [{name: a, kind: cipp, secret: ${A}}, {name: b, kind: cipp, secret: ${file:/b}}]"), Lookup{})
	want := "c.yaml:2:41: sources[0].secret: ${A} cannot be used here; give the value itself\n" +
		"c.yaml:2:78: sources[1].secret: ${file:…} cannot be used here; give the value itself"
	if err == nil || err.Error() != want {
		t.Errorf("error:\n%v\nwant:\n%s", err, want)
	}
}
