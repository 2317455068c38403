package api_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/halert/halert/internal/api/apitest"
)

// refusal is a request that is refused, and how.
type refusal struct {
	method, path, body string
	status             int
	code               string
}

func refusals() []refusal {
	const none = "01890000-0000-7000-8000-000000000000"
	return []refusal{
		{"GET", "/api/v1/events/" + none, "", 404, "not_found"},
		{"GET", "/api/v1/events/no-id", "", 404, "not_found"},
		{"GET", "/api/v1/events/" + none + "/body", "", 404, "not_found"},
		{"POST", "/api/v1/events/" + none + "/replay", "", 404, "not_found"},
		{"GET", "/api/v1/alerts/" + none, "", 404, "not_found"},
		{"GET", "/api/v1/alerts/" + none + "/explain", "", 404, "not_found"},
		{"GET", "/api/v1/tickets/" + none, "", 404, "not_found"},
		{"GET", "/api/v1/deliveries/d_" + none, "", 404, "not_found"},
		{"GET", "/api/v1/deliveries/" + none, "", 404, "not_found"},
		{"POST", "/api/v1/deliveries/d_" + none + "/replay", "", 404, "not_found"},
		{"DELETE", "/api/v1/tokens/nobody", "", 404, "not_found"},
		{"GET", "/api/v1/nothing", "", 404, "not_found"},
		{"GET", "/api/v1/", "", 404, "not_found"},
		{"DELETE", "/api/v1/events", "", 405, "method_not_allowed"},
		{"POST", "/api/v1/events/" + none, "", 405, "method_not_allowed"},
		{"GET", "/api/v1/events?status=foo", "", 400, "invalid_parameter"},
		{"GET", "/api/v1/alerts?status=foo", "", 400, "invalid_parameter"},
		{"GET", "/api/v1/alerts?severity=high", "", 400, "invalid_parameter"},
		{"GET", "/api/v1/alerts?held=maybe", "", 400, "invalid_parameter"},
		{"GET", "/api/v1/alerts?client_id=x", "", 400, "invalid_parameter"},
		{"GET", "/api/v1/alerts?client_id=0", "", 400, "invalid_parameter"},
		{"GET", "/api/v1/alerts?sevrity=error", "", 400, "invalid_parameter"},
		{"GET", "/api/v1/alerts?status=firing&status=resolved", "", 400, "invalid_parameter"},
		{"GET", "/api/v1/tickets?state=foo", "", 400, "invalid_parameter"},
		{"GET", "/api/v1/deliveries?state=foo", "", 400, "invalid_parameter"},
		{"GET", "/api/v1/alerts?limit=0", "", 400, "invalid_parameter"},
		{"GET", "/api/v1/alerts?limit=501", "", 400, "invalid_parameter"},
		{"GET", "/api/v1/alerts?limit=-1", "", 400, "invalid_parameter"},
		{"GET", "/api/v1/alerts?limit=99999999999999999999", "", 400, "invalid_parameter"},
		{"GET", "/api/v1/alerts?cursor=%21", "", 400, "invalid_cursor"},
		{"GET", "/api/v1/events?cursor=" + none, "", 400, "invalid_cursor"},
		{"POST", "/api/v1/route-test?at=noon", "{}", 400, "invalid_parameter"},
		{"POST", "/api/v1/route-test", "", 422, "not_understood"},
		{"POST", "/api/v1/rehearse?since=soon", "x: 1", 400, "invalid_parameter"},
		{"POST", "/api/v1/rehearse?since=-1h", "x: 1", 400, "invalid_parameter"},
		{"POST", "/api/v1/rehearse?sinse=1h", "x: 1", 400, "invalid_parameter"}, //nolint:misspell // on purpose
		{"POST", "/api/v1/rehearse", "wrong: 1", 422, "invalid_config"},
		{"POST", "/api/v1/rehearse", strings.Repeat("x", 5<<20), 413, "body_too_large"},
		{"POST", "/api/v1/deliveries/replay", "", 400, "bad_json"},
		{"POST", "/api/v1/deliveries/replay", "{", 400, "bad_json"},
		{"POST", "/api/v1/deliveries/replay", `{"status":"discarded"}`, 400, "bad_json"},
		{"POST", "/api/v1/deliveries/replay", `{"state":"completed"}`, 422, "invalid_state"},
		{"POST", "/api/v1/deliveries/replay", `{}`, 422, "invalid_state"},
		{"POST", "/api/v1/deliveries/replay", `{"state":"` + strings.Repeat("x", 70<<10) + `"}`, 413, "body_too_large"},
		{"POST", "/api/v1/deliveries/d_" + none + "/cancel", "", 404, "not_found"},
		{"PATCH", "/api/v1/deliveries/d_" + none, `{"client_id":14}`, 404, "not_found"},
		{"PATCH", "/api/v1/deliveries/d_" + none, `{}`, 422, "invalid_edit"},
		{"PATCH", "/api/v1/deliveries/d_" + none, `{"client_id":null}`, 422, "invalid_edit"},
		{"PATCH", "/api/v1/deliveries/d_" + none, `{"site_id":0}`, 422, "invalid_edit"},
		{"PATCH", "/api/v1/deliveries/d_" + none, `{"priority":-1}`, 422, "invalid_edit"},
		{"PATCH", "/api/v1/deliveries/d_" + none, `{"ticket_type":99999999999}`, 422, "invalid_edit"},
		{"PATCH", "/api/v1/deliveries/d_" + none, `{"ticket_type":"x"}`, 400, "bad_json"},
		{"PATCH", "/api/v1/deliveries/d_" + none, `{"client":14}`, 400, "bad_json"},
		{"POST", "/api/v1/halo/test", `{"ticket":"yes"}`, 400, "bad_json"},
		{"POST", "/api/v1/halo/test", `{"ticket":true,"client_id":99}`, 422, "test_impossible"},
		{"POST", "/api/v1/notify/test", "", 409, "nothing_configured"},
		{"PUT", "/api/v1/config?file=a.yaml", "wrong: 1", 422, "invalid_config"},
		{"PUT", "/api/v1/config?dry_run=1", "x: 1", 400, "invalid_parameter"},
		{"POST", "/api/v1/tokens", `{"name":"taken"}`, 409, "name_taken"},
		{"POST", "/api/v1/tokens", `{"name":"a b"}`, 422, "invalid_name"},
		{"POST", "/api/v1/tokens", `{"name":""}`, 422, "invalid_name"},
		{"POST", "/api/v1/tokens", `{"name":"x","expires_in":"soon"}`, 422, "invalid_expiry"},
		{"POST", "/api/v1/tokens", `{"name":"x","expires_in":"-1d"}`, 422, "invalid_expiry"},
		{"POST", "/api/v1/tokens", `{"name":"x","expires_in":"99999999999d"}`, 422, "invalid_expiry"},
	}
}

// TestErrors goes through every way to be refused: each is a problem document
// with its own code, and none repeats the token.
func TestErrors(t *testing.T) {
	w := apitest.New(t, start())
	call(t, w, "POST", "/api/v1/tokens", `{"name":"taken"}`)
	for _, c := range refusals() {
		name := c.method + " " + c.path
		status, header, body := call(t, w, c.method, c.path, c.body)
		wantProblem(t, name, status, header, body, c.status, c.code)
		if status == http.StatusMethodNotAllowed && header.Get("Allow") == "" {
			t.Errorf("%s: no Allow", name)
		}
	}
	if strings.Contains(w.Logged(), apitest.Token) {
		t.Error("the token is in the log")
	}
}

func wantProblem(t *testing.T, name string, status int, header http.Header, body []byte, wantStatus int, wantCode string) {
	t.Helper()
	var p struct {
		Status       int
		Code, Detail string
	}
	if err := json.Unmarshal(body, &p); err != nil {
		t.Errorf("%s: %v in %s", name, err, body)
	}
	if status != wantStatus || p.Status != wantStatus || p.Code != wantCode || p.Detail == "" {
		t.Errorf("%s: got %d %s, want %d %s", name, status, body, wantStatus, wantCode)
	}
	if ct := header.Get("Content-Type"); ct != "application/problem+json" {
		t.Errorf("%s: Content-Type %q", name, ct)
	}
	if strings.Contains(string(body), apitest.Token) {
		t.Errorf("%s: the token is in the answer", name)
	}
}

func TestConfigProblemsAreListed(t *testing.T) {
	w := apitest.New(t, start())
	_, _, body := call(t, w, "PUT", "/api/v1/config?file=a.yaml", "wrong: 1")
	var p struct{ Errors []string }
	if err := json.Unmarshal(body, &p); err != nil || len(p.Errors) != 2 || !strings.HasPrefix(p.Errors[0], "a.yaml:1:1:") {
		t.Errorf("got %s", body)
	}
	if w.Applied() != apitest.Config {
		t.Error("a wrong configuration was applied")
	}
}

// TestUnauthorised: without a token nothing is told, not even which addresses
// there are; only the description is open.
func TestUnauthorised(t *testing.T) {
	w := apitest.New(t, start())
	for _, path := range []string{"/api/v1/events", "/api/v1/events/x", "/api/v1/nothing", "/api/v1/openapi.json/", "/api/v1/config"} {
		for _, token := range []string{"", "wrong-token"} {
			status, header, body := callAs(t, w, token, "GET", path, "")
			wantProblem(t, path, status, header, body, http.StatusUnauthorized, "unauthorised")
			if !strings.HasPrefix(header.Get("WWW-Authenticate"), "Bearer") {
				t.Errorf("%s: WWW-Authenticate %q", path, header.Get("WWW-Authenticate"))
			}
			if strings.Contains(string(body), "wrong-token") {
				t.Errorf("%s: the answer repeats the token", path)
			}
		}
	}
	if status, _, _ := callAs(t, w, "", "GET", "/api/v1/openapi.json", ""); status != http.StatusOK {
		t.Errorf("the description without a token: %d", status)
	}
}
