package api_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/halert/halert/internal/api"
	"github.com/halert/halert/internal/api/apitest"
)

var update = flag.Bool("update", false, "write the golden files anew")

func start() time.Time { return time.Date(2026, 3, 2, 8, 30, 0, 0, time.UTC) }

// call makes a request with the administrator's token, and returns status,
// headers and body.
func call(t *testing.T, w *apitest.World, method, path, body string) (int, http.Header, []byte) {
	t.Helper()
	return callAs(t, w, apitest.Token, method, path, body)
}

func callAs(t *testing.T, w *apitest.World, token, method, path, body string) (int, http.Header, []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, w.Server.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := w.Server.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, b
}

// getJSON gets a path and decodes the answer.
func getJSON[T any](t *testing.T, w *apitest.World, path string) T {
	t.Helper()
	status, _, body := call(t, w, "GET", path, "")
	if status != http.StatusOK {
		t.Fatalf("GET %s: %d %s", path, status, body)
	}
	var v T
	if err := json.Unmarshal(body, &v); err != nil {
		t.Fatalf("GET %s: %v in %s", path, err, body)
	}
	return v
}

// golden compares JSON with a file, after it has named the ids that differ
// from run to run by the order in which they appear.
func golden(t *testing.T, name string, body []byte) {
	t.Helper()
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, body, "", "  "); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	seen := make(map[string]string)
	ids := regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|HLT[A-Z2-7]{14}`)
	got := ids.ReplaceAllStringFunc(pretty.String(), func(id string) string {
		if seen[id] == "" {
			seen[id] = "id-" + strconv.Itoa(len(seen)+1)
		}
		return seen[id]
	})
	file := filepath.Join("testdata", name+".golden.json")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

const (
	disk    = `{"title":"Disk full","severity":"critical","tenant":"acme.example","user":"adele@acme.example"}`
	backup  = `{"title":"Backup refused","severity":"error","tenant":"acme.example"}`
	later   = `{"title":"Try later","severity":"warning","tenant":"acme.example"}`
	unknown = `{"title":"Mailbox full","severity":"info","tenant":"nobody.example"}`
)

// TestEventStages follows events through all their stages.
func TestEventStages(t *testing.T) {
	w := apitest.New(t, start())
	show := func(name, id string) {
		t.Helper()
		status, _, body := call(t, w, "GET", "/api/v1/events/"+id, "")
		if status != http.StatusOK {
			t.Fatalf("event %s: %d %s", name, status, body)
		}
		golden(t, "event_"+name, body)
	}
	first := w.Accept(disk)
	show("pending", first)

	w.Advance(time.Second)
	w.Process()
	show("processed", first)
	w.Claim()
	show("running", first)
	w.Advance(2 * time.Minute) // the lease ends
	w.Deliver()
	show("delivered", first)

	w.Advance(time.Hour)
	repeat := w.Accept(disk)
	w.Process()
	show("repeat", repeat)

	show("quarantined", w.Quarantine("\x00 no JSON"))
	held, note, refused, retried := w.Accept(unknown), w.Accept(`{}`), w.Accept(backup), w.Accept(later)
	w.Process()
	w.Deliver()
	show("held", held)
	show("note", note)
	show("discarded", refused)
	show("retryable", retried)
}

// TestOldEventKeepsItsTicket: once an alert has moved on to a new ticket, the
// event that reported it first still names the ticket that it went on.
func TestOldEventKeepsItsTicket(t *testing.T) {
	w := apitest.New(t, start())
	type event struct {
		Alerts []struct {
			TicketID string `json:"ticket_id"`
			HaloID   int    `json:"halo_id"`
		}
		Tickets []struct {
			ID     string
			HaloID int `json:"halo_id"`
		}
	}
	first := w.Accept(disk)
	w.Process()
	w.Deliver()
	w.Close()
	second := w.Accept(disk)
	w.Process()
	w.Deliver()
	for id, halo := range map[string]int{first: 2818, second: 2819} {
		e := getJSON[event](t, w, "/api/v1/events/"+id)
		if len(e.Alerts) != 1 || len(e.Tickets) != 1 || e.Alerts[0].HaloID != halo || e.Tickets[0].HaloID != halo || e.Alerts[0].TicketID != e.Tickets[0].ID {
			t.Errorf("want Halo ticket %d, got %+v", halo, e)
		}
	}
}

func TestShowOne(t *testing.T) {
	w := apitest.New(t, start())
	event := w.Accept(backup)
	w.Process()
	w.Deliver()
	e := getJSON[struct{ Alerts, Tickets, Deliveries []struct{ ID string } }](t, w, "/api/v1/events/"+event)
	for name, path := range map[string]string{
		"alert":    "/alerts/" + e.Alerts[0].ID,
		"ticket":   "/tickets/" + e.Tickets[0].ID,
		"delivery": "/deliveries/" + e.Deliveries[0].ID,
		"explain":  "/alerts/" + e.Alerts[0].ID + "/explain",
		"stats":    "/stats",
	} {
		status, header, body := call(t, w, "GET", "/api/v1"+path, "")
		if status != http.StatusOK || header.Get("Content-Type") != "application/json" {
			t.Errorf("%s: %d %s", path, status, header.Get("Content-Type"))
		}
		golden(t, "show_"+name, body)
	}
}

func TestExplainHeldAndOpen(t *testing.T) {
	w := apitest.New(t, start())
	held, open := w.Accept(unknown), w.Accept(disk)
	w.Process()
	w.Deliver()
	for name, id := range map[string]string{"held": held, "open": open} {
		e := getJSON[struct{ Alerts []struct{ ID string } }](t, w, "/api/v1/events/"+id)
		_, _, body := call(t, w, "GET", "/api/v1/alerts/"+e.Alerts[0].ID+"/explain", "")
		golden(t, "explain_"+name, body)
	}
}

func TestStoredBody(t *testing.T) {
	w := apitest.New(t, start())
	const body = "<script>alert(1)</script>\x00\xff"
	id := w.Quarantine(body)
	status, header, got := call(t, w, "GET", "/api/v1/events/"+id+"/body", "")
	if status != http.StatusOK || string(got) != body {
		t.Errorf("got %d %q", status, got)
	}
	if ct := header.Get("Content-Type"); ct != "application/octet-stream" || header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("a foreign body is served as %q", ct)
	}
}

func TestReplay(t *testing.T) {
	w := apitest.New(t, start())
	event := w.Accept(backup)
	w.Process()
	w.Deliver()
	d := getJSON[struct{ Deliveries []struct{ ID, State string } }](t, w, "/api/v1/events/"+event).Deliveries[0]
	if d.State != "discarded" {
		t.Fatalf("state %s", d.State)
	}
	status, _, body := call(t, w, "POST", "/api/v1/deliveries/"+d.ID+"/replay", "")
	if status != http.StatusOK || !bytes.Contains(body, []byte(`"state":"available"`)) || w.Nudges.Load() != 1 {
		t.Errorf("one: %d %s, %d nudges", status, body, w.Nudges.Load())
	}
	w.Deliver() // refused again
	status, _, body = call(t, w, "POST", "/api/v1/deliveries/replay", `{"state":"discarded"}`)
	if status != http.StatusOK || strings.TrimSpace(string(body)) != `{"replayed":1}` || w.Nudges.Load() != 2 {
		t.Errorf("all: %d %s, %d nudges", status, body, w.Nudges.Load())
	}
	status, _, body = call(t, w, "POST", "/api/v1/events/"+event+"/replay", "")
	if status != http.StatusOK || !bytes.Contains(body, []byte(`"status":"pending"`)) || w.Nudges.Load() != 3 {
		t.Errorf("event: %d %s, %d nudges", status, body, w.Nudges.Load())
	}
	w.Process()
	if n := len(getJSON[struct{ Items []any }](t, w, "/api/v1/tickets").Items); n != 1 {
		t.Errorf("a replayed event made %d tickets of 1", n)
	}
}

func TestTestHalo(t *testing.T) {
	w := apitest.New(t, start())
	for name, c := range map[string]struct{ body, want string }{
		"no body": {"", `{"ok":true,"steps":[{"name":"token","ok":true,"detail":"Halo gave a token","remedy":""}]}`},
		"ticket":  {`{"ticket":true}`, `{"ok":true,"steps":[{"name":"token","ok":true,"detail":"Halo gave a token","remedy":""},{"name":"ticket","ok":true,"detail":"ticket 2817 was raised and closed","remedy":""}]}`},
	} {
		status, _, body := call(t, w, "POST", "/api/v1/halo/test", c.body)
		if status != http.StatusOK || strings.TrimSpace(string(body)) != c.want {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
	w.SetSteps(api.TestStep{Name: "token", Detail: "refused", Remedy: "renew the secret"})
	if _, _, body := call(t, w, "POST", "/api/v1/halo/test", ""); !bytes.HasPrefix(body, []byte(`{"ok":false,`)) {
		t.Errorf("a failed step: %s", body)
	}
}

func TestTestNotify(t *testing.T) {
	w := apitest.New(t, start())
	w.SetNotify(nil, api.TestStep{Name: "email", OK: true, Detail: "taken"}, api.TestStep{Name: "webhook", Detail: "it answered 500", Remedy: "mend it"})
	const want = `{"ok":false,"steps":[{"name":"email","ok":true,"detail":"taken","remedy":""},{"name":"webhook","ok":false,"detail":"it answered 500","remedy":"mend it"}]}`
	if status, _, body := call(t, w, "POST", "/api/v1/notify/test", ""); status != http.StatusOK || strings.TrimSpace(string(body)) != want {
		t.Errorf("%d %s", status, body)
	}
}

func TestConfig(t *testing.T) {
	w := apitest.New(t, start())
	status, header, body := call(t, w, "GET", "/api/v1/config", "")
	if status != http.StatusOK || string(body) != apitest.Config || header.Get("Content-Type") != "application/yaml" {
		t.Errorf("export: %d %q", status, body)
	}
	const next = "halo:\n  tenant: other\n"
	for _, c := range []struct{ query, want, inForce string }{
		{"?file=a.yaml&dry_run=true", `{"diff":"-21 bytes\n+22 bytes\n","applied":false}`, apitest.Config},
		{"?file=a.yaml", `{"diff":"-21 bytes\n+22 bytes\n","applied":true}`, next},
		{"", `{"diff":"","applied":true}`, next},
	} {
		status, _, body := call(t, w, "PUT", "/api/v1/config"+c.query, next)
		if status != http.StatusOK || strings.TrimSpace(string(body)) != c.want || w.Applied() != c.inForce {
			t.Errorf("PUT %s: %d %s; in force is %q", c.query, status, body, w.Applied())
		}
	}
}

func TestTokens(t *testing.T) {
	w := apitest.New(t, start())
	status, _, body := call(t, w, "POST", "/api/v1/tokens", `{"name":"ci","expires_in":"90d"}`)
	var made struct {
		Token     string
		ExpiresAt time.Time `json:"expires_at"`
	}
	if err := json.Unmarshal(body, &made); err != nil || status != http.StatusCreated {
		t.Fatalf("make: %d %s", status, body)
	}
	if want := start().AddDate(0, 0, 90); !made.ExpiresAt.Equal(want) {
		t.Errorf("expires at %s, want %s", made.ExpiresAt, want)
	}
	if status, _, _ := callAs(t, w, made.Token, "GET", "/api/v1/stats", ""); status != http.StatusOK {
		t.Errorf("with the new token: %d", status)
	}
	_, _, body = call(t, w, "GET", "/api/v1/tokens", "")
	if bytes.Contains(body, []byte(made.Token)) {
		t.Error("the list shows the token")
	}
	golden(t, "tokens", body)
	w.Advance(91 * 24 * time.Hour)
	if status, _, _ := callAs(t, w, made.Token, "GET", "/api/v1/stats", ""); status != http.StatusUnauthorized {
		t.Errorf("with the expired token: %d", status)
	}
	if status, _, body := call(t, w, "DELETE", "/api/v1/tokens/ci", ""); status != http.StatusNoContent || len(body) != 0 {
		t.Errorf("delete: %d %s", status, body)
	}
	if n := len(getJSON[struct{ Items []any }](t, w, "/api/v1/tokens").Items); n != 0 {
		t.Errorf("%d tokens are left", n)
	}
}

// TestInternalErrorIsNotShown: what goes wrong inside is for the log.
func TestInternalErrorIsNotShown(t *testing.T) {
	w := apitest.New(t, start())
	if err := w.Store.Close(); err != nil {
		t.Fatal(err)
	}
	status, header, body := call(t, w, "GET", "/api/v1/alerts", "")
	if status != http.StatusInternalServerError || header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("got %d %s", status, header.Get("Content-Type"))
	}
	if bytes.Contains(body, []byte("database")) || !strings.Contains(w.Logged(), "database") {
		t.Errorf("answer %s, log %s", body, w.Logged())
	}
}
