package api_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/halert/halert/internal/api/apitest"
)

type silence struct {
	ID, Reason, Author string
	Matchers           []string
	From, Until        time.Time
	Active             bool
}

func TestSilences(t *testing.T) {
	w := apitest.New(t, start())
	event := w.Accept(`{"title":"Disk full","tenant":"acme.example","severity":"error"}`)
	w.Process()
	alertID := getJSON[struct{ Alerts []struct{ ID string } }](t, w, "/api/v1/events/"+event).Alerts[0].ID

	for _, body := range []string{
		`{"matchers":["customer=\"Acme\""],"reason":"patching","for":"2h"}`,
		`{"alert_id":"` + alertID + `","reason":"known","author":"Jo","for":"7d","from":"2030-01-01T00:00:00Z"}`,
	} {
		if status, _, got := call(t, w, "POST", "/api/v1/silences", body); status != http.StatusCreated {
			t.Fatalf("%s: %d %s", body, status, got)
		}
	}
	all := getJSON[struct{ Items []silence }](t, w, "/api/v1/silences").Items
	if len(all) != 2 || all[0].Author != "Jo" || all[0].Active || !all[1].Active || all[1].Author == "" || all[1].Until.Sub(all[1].From) != 2*time.Hour {
		t.Fatalf("listed: %+v", all)
	}
	if status, _, _ := call(t, w, "DELETE", "/api/v1/silences/"+all[1].ID, ""); status != http.StatusNoContent {
		t.Errorf("ending one: %d", status)
	}
	if again := getJSON[struct{ Items []silence }](t, w, "/api/v1/silences").Items; again[1].Active {
		t.Error("it is active after its end")
	}

	for name, c := range map[string]struct {
		method, path, body, code string
		status                   int
	}{
		"nothing to silence": {"POST", "", `{"reason":"r","for":"1h"}`, "invalid_silence", 422},
		"both":               {"POST", "", `{"alert_id":"a","matchers":["x=y"],"reason":"r","for":"1h"}`, "invalid_silence", 422},
		"no reason":          {"POST", "", `{"matchers":["x=y"],"reason":" ","for":"1h"}`, "invalid_silence", 422},
		"no end":             {"POST", "", `{"matchers":["x=y"],"reason":"r"}`, "invalid_silence", 422},
		"for ever":           {"POST", "", `{"matchers":["x=y"],"reason":"r","for":"4000d"}`, "invalid_silence", 422},
		"over already":       {"POST", "", `{"matchers":["x=y"],"reason":"r","for":"1h","from":"2001-01-01T00:00:00Z"}`, "invalid_silence", 422},
		"no matcher":         {"POST", "", `{"matchers":["xy"],"reason":"r","for":"1h"}`, "invalid_silence", 422},
		"no such alert":      {"POST", "", `{"alert_id":"none","reason":"r","for":"1h"}`, "not_found", 404},
		"no such silence":    {"DELETE", "/none", "", "not_found", 404},
	} {
		status, header, body := call(t, w, c.method, "/api/v1/silences"+c.path, c.body)
		wantProblem(t, name, status, header, body, c.status, c.code)
	}
}
