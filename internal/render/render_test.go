package render

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files")

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s has changed; look at it, then run the tests with -update (-want +got):\n%s", path, d)
	}
}

func TestGolden(t *testing.T) {
	t.Parallel()
	pages := make(map[string]string)
	for name, c := range cases() {
		pages[name] = "<!-- " + strings.ReplaceAll(Summary(c), "--", "- -") + " -->\n" + Body(c)
	}
	for name, n := range noteCases() {
		pages[name] = NoteHTML(n)
	}
	for name, page := range pages {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			checkHTML(t, page)
			golden(t, name+".html", page)
		})
	}
}
