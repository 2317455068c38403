// Package archtest keeps the arrows pointing down: one test that compares who
// imports whom with the table below. A new package needs a line there, and
// whoever writes it has thought about where it stands.
package archtest

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/halert/halert/"

// allowed says which packages of this module each package may import.
var allowed = map[string][]string{
	"internal/alert":               {},
	"internal/source":              {"internal/source/cipp", "internal/source/alertmanager", "internal/source/generic", "internal/alert"},
	"internal/source/cipp":         {"internal/alert", "internal/source/jsontree"},
	"internal/source/alertmanager": {"internal/alert", "internal/source/jsontree"},
	"internal/source/generic":      {"internal/alert", "internal/source/jsontree"},
	"internal/source/jsontree":     {"internal/alert"},
	"internal/render":              {"internal/alert", "internal/nearest"},
	"internal/secret":              {},
	"internal/httpserver":          {},
	"internal/halo":                {},
	"internal/nearest":             {},
	"internal/haloname":            {"internal/alert", "internal/halo", "internal/nearest"},
	"internal/conntest":            {"internal/halo"},
	// The simulator must not know the client: a wrong name of a field would
	// pass on both sides.
	"internal/halosim":    {},
	"internal/route":      {"internal/alert", "internal/nearest"},
	"internal/config":     {"internal/alert", "internal/nearest", "internal/render", "internal/route"},
	"internal/failpoint":  {},
	"internal/store":      {"internal/alert", "internal/failpoint"},
	"internal/ingest":     {"internal/source", "internal/store", "internal/httpserver", "internal/secret"},
	"internal/pipeline":   {"internal/alert", "internal/route", "internal/source", "internal/store"},
	"internal/rehearse":   {"internal/alert", "internal/config", "internal/pipeline", "internal/store"},
	"internal/heard":      {"internal/store"},
	"internal/snooze":     {"internal/alert", "internal/secret", "internal/store"},
	"internal/deliver":    {"internal/failpoint", "internal/alert", "internal/render", "internal/store", "internal/halo", "internal/haloname"},
	"internal/notify":     {"internal/alert", "internal/store", "internal/deliver"},
	"internal/api":        {"internal/alert", "internal/store", "internal/httpserver", "internal/secret", "internal/deliver", "internal/rehearse", "internal/render"},
	"internal/api/client": {"internal/api", "internal/alert", "internal/rehearse"},
	"internal/app": {
		"internal/alert", "internal/source", "internal/source/generic", "internal/secret", "internal/httpserver", "internal/halo",
		"internal/conntest", "internal/config", "internal/failpoint", "internal/heard", "internal/snooze", "internal/store", "internal/ingest", "internal/pipeline", "internal/rehearse", "internal/deliver", "internal/haloname", "internal/notify", "internal/api", "internal/render", "internal/route",
	},
	"internal/demo": {"internal/app", "internal/halosim", "internal/api", "internal/api/client", "internal/config"},
	"internal/cli":  {"internal/api", "internal/api/client", "internal/config", "internal/alert", "internal/rehearse", "internal/store"},
	// The one place where the command line meets what it commands.
	"cmd/halert": {"internal/cli", "internal/app", "internal/demo", "internal/halosim", "internal/config", "internal/store", "internal/synth"},
	// A made up month, what a model of CIPP makes of it, and what halert does.
	"internal/synth":     {},
	"internal/cippmodel": {"internal/synth"},
	"internal/noise":     {"internal/synth", "internal/cippmodel", "internal/app", "internal/halosim", "internal/api", "internal/api/client", "internal/config"},
	"cmd/noise":          {"internal/noise", "internal/synth"},
	// Helps the tests of api and cli; no program imports it.
	"internal/api/apitest": {"internal/alert", "internal/api", "internal/rehearse", "internal/render", "internal/httpserver", "internal/secret", "internal/store"},
	"internal/archtest":    {},
}

// foreign says who alone may import a package from outside the module.
var foreign = map[string][]string{
	"database/sql":              {"internal/store", "internal/failpoint"},
	"github.com/expr-lang/expr": {"internal/route"},
	"testing":                   {"internal/api/apitest"}, // production code does not know that it is tested
}

type goPackage struct {
	ImportPath string
	Imports    []string
}

func TestArrowsPointDown(t *testing.T) {
	for _, p := range packages(t) {
		name := strings.TrimPrefix(p.ImportPath, module)
		may, known := allowed[name]
		if !known {
			t.Errorf("package %s is not in the table of internal/archtest: say there what it may import", name)
			continue
		}
		for _, imp := range p.Imports {
			if inner, ours := strings.CutPrefix(imp, module); ours {
				if !slices.Contains(may, inner) {
					t.Errorf("%s imports %s, which the table does not allow", name, inner)
				}
			} else if who, guarded := foreign[imp]; guarded && !slices.Contains(who, name) {
				t.Errorf("%s imports %s, which only %v may", name, imp, who)
			} else if name == "internal/alert" && strings.Contains(imp, ".") {
				t.Errorf("the domain imports %s; it keeps to the standard library", imp)
			}
		}
	}
}

func packages(t *testing.T) []goPackage {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports", module+"...")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []goPackage
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p goPackage
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}
