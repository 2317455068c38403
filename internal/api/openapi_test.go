package api_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/halert/halert/internal/api/apitest"
)

// TestOpenAPI checks the document against what is served: every operation
// exists, every reference leads somewhere, everything is described.
func TestOpenAPI(t *testing.T) {
	w := apitest.New(t, start())
	doc := getJSON[map[string]any](t, w, "/api/v1/openapi.json")
	if doc["openapi"] != "3.1.0" || doc["info"].(map[string]any)["version"] != "1.2.3" {
		t.Errorf("openapi %v, info %v", doc["openapi"], doc["info"])
	}
	var operations []string
	for path, item := range doc["paths"].(map[string]any) {
		for method, op := range item.(map[string]any) {
			operations = append(operations, strings.ToUpper(method)+" "+path)
			checkOperation(t, w, method, path, op.(map[string]any))
		}
	}
	slices.Sort(operations)
	if diff := cmp.Diff([]string{
		"DELETE /api/v1/silences/{id}", "DELETE /api/v1/tokens/{name}",
		"GET /api/v1/alerts", "GET /api/v1/alerts/{id}", "GET /api/v1/alerts/{id}/explain", "GET /api/v1/config",
		"GET /api/v1/deliveries", "GET /api/v1/deliveries/{id}",
		"GET /api/v1/events", "GET /api/v1/events/{id}", "GET /api/v1/events/{id}/body",
		"GET /api/v1/openapi.json", "GET /api/v1/silences", "GET /api/v1/stats", "GET /api/v1/tickets", "GET /api/v1/tickets/{id}", "GET /api/v1/tokens",
		"PATCH /api/v1/deliveries/{id}",
		"POST /api/v1/deliveries/replay", "POST /api/v1/deliveries/{id}/cancel", "POST /api/v1/deliveries/{id}/replay", "POST /api/v1/events/{id}/replay",
		"POST /api/v1/halo/test", "POST /api/v1/notify/test", "POST /api/v1/rehearse", "POST /api/v1/route-test", "POST /api/v1/silences", "POST /api/v1/templates/preview", "POST /api/v1/tokens", "PUT /api/v1/config",
	}, operations); diff != "" {
		t.Errorf("operations (-want +got):\n%s", diff)
	}
	components := doc["components"].(map[string]any)
	walk(doc, func(node map[string]any) {
		if target, ok := node["$ref"].(string); ok && !leads(components, target) {
			t.Errorf("%s leads nowhere", target)
		}
	})
	for name, s := range components["schemas"].(map[string]any) {
		for field, property := range s.(map[string]any)["properties"].(map[string]any) {
			if property.(map[string]any)["description"] == "" {
				t.Errorf("schema %s: %s is not described", name, field)
			}
		}
	}
}

func checkOperation(t *testing.T, w *apitest.World, method, path string, op map[string]any) {
	t.Helper()
	for _, field := range []string{"operationId", "summary", "description"} {
		if op[field] == "" || op[field] == nil {
			t.Errorf("%s %s: no %s", method, path, field)
		}
	}
	if path == "/api/v1/openapi.json" {
		return
	}
	status, _, _ := callAs(t, w, "", strings.ToUpper(method), strings.NewReplacer("{id}", "x", "{name}", "x").Replace(path), "")
	if status != http.StatusUnauthorized {
		t.Errorf("%s %s without a token: %d", method, path, status)
	}
	if status, _, body := call(t, w, strings.ToUpper(method), strings.NewReplacer("{id}", "x", "{name}", "x").Replace(path), ""); status == http.StatusMethodNotAllowed ||
		status == http.StatusNotFound && strings.Contains(string(body), "nothing at this address") {
		t.Errorf("%s %s is described and not served", method, path)
	}
}

func walk(v any, visit func(map[string]any)) {
	switch v := v.(type) {
	case map[string]any:
		visit(v)
		for _, child := range v {
			walk(child, visit)
		}
	case []any:
		for _, child := range v {
			walk(child, visit)
		}
	}
}

func leads(components map[string]any, target string) bool {
	parts := strings.Split(strings.TrimPrefix(target, "#/components/"), "/")
	group, ok := components[parts[0]].(map[string]any)
	return ok && len(parts) == 2 && group[parts[1]] != nil
}

// TestSchemasMatchAnswers: an answer has exactly the fields that its schema
// names.
func TestSchemasMatchAnswers(t *testing.T) {
	w := apitest.New(t, start())
	event := w.Accept(backup)
	w.Process()
	w.Deliver()
	doc := getJSON[map[string]any](t, w, "/api/v1/openapi.json")
	schemas := doc["components"].(map[string]any)["schemas"].(map[string]any)
	e := getJSON[map[string]any](t, w, "/api/v1/events/"+event)
	first := func(field string) map[string]any { return e[field].([]any)[0].(map[string]any) }
	delivery := getJSON[map[string]any](t, w, "/api/v1/deliveries/"+first("deliveries")["id"].(string))
	for name, value := range map[string]map[string]any{
		"Event": e, "Alert": first("alerts"), "Ticket": first("tickets"), "Delivery": first("deliveries"), "DeliveryDetail": delivery,
		"Stats":       getJSON[map[string]any](t, w, "/api/v1/stats"),
		"AlertList":   getJSON[map[string]any](t, w, "/api/v1/alerts"),
		"Explanation": getJSON[map[string]any](t, w, "/api/v1/alerts/"+first("alerts")["id"].(string)+"/explain"),
	} {
		s, ok := schemas[name].(map[string]any)
		if !ok {
			t.Errorf("there is no schema %s", name)
			continue
		}
		want := slices.Sorted(maps.Keys(s["properties"].(map[string]any)))
		if diff := cmp.Diff(want, slices.Sorted(maps.Keys(value))); diff != "" {
			b, _ := json.Marshal(value)
			t.Errorf("%s (-schema +answer):\n%s\n%s", name, diff, b)
		}
	}
}
