package cipp_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/halert/halert/internal/alert"
	"github.com/halert/halert/internal/source/cipp"
)

var update = flag.Bool("update", false, "write the golden files anew")

const cippURL = "https://cipp.msp.example/"

func parser() *cipp.Parser { return cipp.New(cipp.Options{URL: cippURL}) }

// parse reads a body as the receiver does: prepared, stored, parsed.
func parse(t *testing.T, body []byte) alert.Message {
	t.Helper()
	stored, err := parser().Prepare(body)
	if err != nil {
		t.Fatalf("Prepare: %v", err)
	}
	msg, err := parser().Parse(stored)
	if err != nil {
		t.Fatalf("Parse: %v", err)
	}
	return msg
}

func readBody(t *testing.T, name string) []byte {
	t.Helper()
	body, err := os.ReadFile(filepath.Join("testdata", "bodies", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// TestGolden reads every body under testdata/bodies and compares what comes
// out with the golden file of the same name.
func TestGolden(t *testing.T) {
	t.Parallel()
	bodies, err := filepath.Glob("testdata/bodies/*.json")
	if err != nil || len(bodies) < 60 {
		t.Fatalf("%d bodies, %v; the test needs its testdata", len(bodies), err)
	}
	for _, path := range bodies {
		name := strings.TrimSuffix(filepath.Base(path), ".json")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := json.MarshalIndent(parse(t, readBody(t, name)), "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			golden := filepath.Join("testdata", "golden", name+".json")
			if *update {
				if err := os.WriteFile(golden, append(got, '\n'), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.TrimSpace(string(want)), string(got)); diff != "" {
				t.Errorf("what comes out differs (-want +got):\n%s", diff)
			}
		})
	}
}
