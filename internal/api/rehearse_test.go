package api_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/halert/halert/internal/api/apitest"
	"github.com/halert/halert/internal/rehearse"
)

// A rehearsal is answered as it is described, for a week where nothing is said.
func TestRehearse(t *testing.T) {
	w := apitest.New(t, start())
	status, _, body := call(t, w, "POST", "/api/v1/rehearse", "x: 1")
	var out rehearse.Rehearsal
	if err := json.Unmarshal(body, &out); status != http.StatusOK || err != nil || out.Until.Sub(out.Since) != 7*24*time.Hour || out.Change != 1 {
		t.Fatalf("%d %s, %v; want a week with one change", status, body, err)
	}
	var answer map[string]any
	if err := json.Unmarshal(body, &answer); err != nil {
		t.Fatal(err)
	}
	schemas := getJSON[map[string]any](t, w, "/api/v1/openapi.json")["components"].(map[string]any)["schemas"].(map[string]any)
	change := answer["changes"].([]any)[0].(map[string]any)
	for name, value := range map[string]any{
		"Rehearsal": answer, "RehearsalTotals": answer["draft"], "TicketChange": change, "RehearsedTicket": change["draft"], "Difference": change["differences"].([]any)[0],
	} {
		want := slices.Sorted(maps.Keys(schemas[name].(map[string]any)["properties"].(map[string]any)))
		if diff := cmp.Diff(want, slices.Sorted(maps.Keys(value.(map[string]any)))); diff != "" {
			t.Errorf("%s (-schema +answer):\n%s", name, diff)
		}
	}
	if w.Nudges.Load() != 0 {
		t.Error("a rehearsal woke the pipeline")
	}
}
