package client_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/halert/halert/internal/api"
	"github.com/halert/halert/internal/api/apitest"
	"github.com/halert/halert/internal/api/client"
)

func world(t *testing.T) (*apitest.World, *client.Client) {
	t.Helper()
	w := apitest.New(t, time.Date(2026, 3, 2, 8, 30, 0, 0, time.UTC))
	return w, &client.Client{Server: w.Server.URL + "/", Token: apitest.Token}
}

func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// TestBoard follows a refused alert through the typed methods.
func TestBoard(t *testing.T) {
	w, c := world(t)
	ctx := t.Context()
	id := must(c.Send(ctx, "rmm", apitest.HookSecret, []byte(`{"title":"Backup refused","severity":"info","tenant":"acme.example"}`)))(t)
	w.Process()
	w.Deliver()
	e := must(c.Event(ctx, id))(t)
	if len(e.Alerts) != 1 || len(e.Tickets) != 1 || len(e.Deliveries) != 1 {
		t.Fatalf("event %+v", e)
	}
	if body := must(c.EventBody(ctx, id))(t); !strings.Contains(string(body), "Backup refused") {
		t.Errorf("body %q", body)
	}
	if diff := cmp.Diff([]api.Event{e}, must(c.Events(ctx, "processed", client.Page{Limit: 1}))(t).Items); diff != "" {
		t.Errorf("events (-one +list):\n%s", diff)
	}
	held := false
	alerts := must(c.Alerts(ctx, client.AlertFilter{
		Status: "firing", Held: &held, Severity: "info", ClientID: 12, Source: "rmm", TicketID: e.Tickets[0].ID, EventID: id, Q: "backup",
	}, client.Page{}))(t)
	if diff := cmp.Diff(e.Alerts, alerts.Items); diff != "" {
		t.Errorf("alerts (-event +list):\n%s", diff)
	}
	if diff := cmp.Diff(e.Alerts[0], must(c.Alert(ctx, e.Alerts[0].ID))(t)); diff != "" {
		t.Errorf("alert (-event +one):\n%s", diff)
	}
	tickets := must(c.Tickets(ctx, client.TicketFilter{State: "pending", Reference: e.Tickets[0].Reference, ClientID: 12, EventID: id}, client.Page{}))(t)
	if diff := cmp.Diff(e.Tickets, tickets.Items); diff != "" {
		t.Errorf("tickets (-event +list):\n%s", diff)
	}
	if diff := cmp.Diff(e.Tickets[0], must(c.Ticket(ctx, e.Tickets[0].ID))(t)); diff != "" {
		t.Errorf("ticket (-event +one):\n%s", diff)
	}
	if diff := cmp.Diff(e.Deliveries, must(c.Deliveries(ctx, "discarded", client.Page{}))(t).Items); diff != "" {
		t.Errorf("deliveries (-event +list):\n%s", diff)
	}
	detail := must(c.Delivery(ctx, e.Deliveries[0].ID))(t)
	if diff := cmp.Diff(e.Deliveries[0], detail.Delivery); diff != "" || len(detail.Attempts) != 1 {
		t.Errorf("%d attempts; delivery (-event +one):\n%s", len(detail.Attempts), diff)
	}
	if x := must(c.Explain(ctx, e.Alerts[0].ID))(t); len(x.Steps) == 0 || x.Ticket == nil {
		t.Errorf("explanation %+v", x)
	}
	if s := must(c.Stats(ctx))(t); s.FiringAlerts != 1 || s.Deliveries["discarded"] != 1 {
		t.Errorf("stats %+v", s)
	}
	edited := must(c.EditDelivery(ctx, e.Deliveries[0].ID, api.DeliveryEdit{ClientID: api.To(14), Priority: api.To(0), TicketType: api.ToNull()}))(t)
	if edited.ClientID != 14 || edited.Priority == nil || *edited.Priority != 0 || edited.TicketType != nil {
		t.Errorf("edited delivery %+v", edited)
	}
	if n := must(c.ReplayDeliveries(ctx, "discarded"))(t); n != 1 {
		t.Errorf("%d replayed", n)
	}
	if d := must(c.ReplayDelivery(ctx, e.Deliveries[0].ID))(t); d.State != "available" {
		t.Errorf("replayed delivery is %s", d.State)
	}
	if d := must(c.CancelDelivery(ctx, e.Deliveries[0].ID))(t); d.State != "cancelled" {
		t.Errorf("cancelled delivery is %s", d.State)
	}
	if e := must(c.ReplayEvent(ctx, id))(t); e.Status != "pending" {
		t.Errorf("replayed event is %s", e.Status)
	}
}

func TestPages(t *testing.T) {
	w, c := world(t)
	for _, title := range []string{"a", "b", "c"} {
		w.Accept(`{"title":"` + title + `","tenant":"acme.example"}`)
	}
	w.Process()
	first := must(c.Alerts(t.Context(), client.AlertFilter{}, client.Page{Limit: 2}))(t)
	second := must(c.Alerts(t.Context(), client.AlertFilter{}, client.Page{Limit: 2, Cursor: first.NextCursor}))(t)
	if len(first.Items) != 2 || len(second.Items) != 1 || second.NextCursor != "" || second.Items[0].Title != "a" {
		t.Errorf("pages %+v, %+v", first, second)
	}
}

func TestAdministration(t *testing.T) {
	w, c := world(t)
	ctx := t.Context()
	if b := must(c.Config(ctx))(t); string(b) != apitest.Config {
		t.Errorf("configuration %q", b)
	}
	if a := must(c.Apply(ctx, "a.yaml", []byte("x: 1"), true))(t); a.Applied || a.Diff == "" || w.Applied() != apitest.Config {
		t.Errorf("dry run %+v", a)
	}
	if a := must(c.Apply(ctx, "a.yaml", []byte("x: 1"), false))(t); !a.Applied || w.Applied() != "x: 1" {
		t.Errorf("applied %+v", a)
	}
	if r := must(c.Rehearse(ctx, "a.yaml", []byte("x: 1"), "14d"))(t); r.Change != 1 || r.Until.Sub(r.Since) != 14*24*time.Hour {
		t.Errorf("rehearsal %+v", r)
	}
	if r := must(c.TestHalo(ctx, api.TestRequest{Ticket: true}))(t); !r.OK || len(r.Steps) != 2 {
		t.Errorf("test %+v", r)
	}
	made := must(c.CreateToken(ctx, "ci", "1h"))(t)
	other := &client.Client{Server: c.Server, Token: made.Secret}
	if tokens := must(other.Tokens(ctx))(t); len(tokens) != 1 || tokens[0].Name != "ci" {
		t.Errorf("tokens %+v", tokens)
	}
	if err := c.DeleteToken(ctx, "ci"); err != nil {
		t.Error(err)
	}
	if b := must((&client.Client{Server: c.Server}).OpenAPI(ctx))(t); !strings.Contains(string(b), `"openapi"`) {
		t.Errorf("description %.100s", b)
	}
	if err := c.Health(ctx); err != nil {
		t.Error(err)
	}
	if err := c.Ready(ctx); err == nil || !strings.Contains(err.Error(), "renew its secret (deliveries_stuck)") {
		t.Errorf("ready: %v", err)
	}
}

func TestProblems(t *testing.T) {
	_, c := world(t)
	ctx := t.Context()
	_, err := c.Event(ctx, "../config")
	if !client.NotFound(err) {
		t.Errorf("an id with a path: %v", err)
	}
	_, err = c.Apply(ctx, "a.yaml", []byte("wrong: 1"), false)
	var problem *client.Error
	if !errors.As(err, &problem) || problem.Status != 422 || problem.Code != "invalid_config" || len(problem.Errors) != 2 {
		t.Errorf("a wrong configuration: %#v", err)
	}
	if text := err.Error(); !strings.Contains(text, "\n  a.yaml:1:1: ") {
		t.Errorf("the problems are not listed: %s", text)
	}
	_, err = c.Send(ctx, "rmm", apitest.HookSecret, []byte("{"))
	if !errors.As(err, &problem) || problem.ID == "" {
		t.Errorf("a refused body: %#v", err)
	}
	_, err = (&client.Client{Server: c.Server, Token: "a-wrong-token"}).Stats(ctx)
	if err == nil || !strings.Contains(err.Error(), "HALERT_API_TOKEN") || strings.Contains(err.Error(), "a-wrong-token") {
		t.Errorf("a wrong token: %v", err)
	}
}

// TestStrangeAnswers: what is not halert is told from halert.
func TestStrangeAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		want   string
	}{
		"a proxy's page":  {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "<html>", http.StatusBadGateway) }, "502 Bad Gateway, and not in halert's way"},
		"another program": {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) }, "it is not what halert answers"},
		"half an answer": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = w.Write([]byte(`{"pending`))
		}, "no halert answers at"},
		"no answer": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "no halert answers at"},
		"an error without a code": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusTeapot)
			_, _ = w.Write([]byte(`{"error":"x"}`))
		}, "not in halert's way"},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(c.answer)
			defer server.Close()
			_, err := (&client.Client{Server: server.URL, Token: "the-token"}).Stats(t.Context())
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "the-token") {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestAddresses(t *testing.T) {
	for address, want := range map[string]string{
		"":                               "is not a URL",
		"127.0.0.1:8484":                 `"127.0.0.1:8484" is not a URL`,
		"ftp://127.0.0.1":                "is not a URL",
		"/api":                           "is not a URL",
		"user:hidden@127.0.0.1:1":        "is not a URL",
		"http://user:hidden@127.0.0.1:1": "http://user:xxxxx@127.0.0.1:1",
	} {
		err := (&client.Client{Server: address}).Health(t.Context())
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hidden") {
			t.Errorf("%q: %v", address, err)
		}
	}
}

func TestCancelled(t *testing.T) {
	_, c := world(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Stats(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
