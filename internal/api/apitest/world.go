// Package apitest is a small halert for tests: the real management API on a
// real database, with an intake, a pipeline and a delivery that are reduced to
// the least that moves an alert along. Tests decide when each of them runs, so
// that every stage can be looked at.
package apitest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/halert/halert/internal/alert"
	"github.com/halert/halert/internal/api"
	"github.com/halert/halert/internal/httpserver"
	"github.com/halert/halert/internal/rehearse"
	"github.com/halert/halert/internal/render"
	"github.com/halert/halert/internal/secret"
	"github.com/halert/halert/internal/store"
)

// What a World knows.
const (
	Token      = "an-administrators-token-for-the-tests"
	HookSecret = "the-secret-of-the-source"
	Config     = "halo:\n  tenant: acme\n"
	firstHalo  = 2818
)

// World is a halert with a clock that stands still.
type World struct {
	Store  *store.Store
	Server *httptest.Server
	Nudges atomic.Int32 // how often the API woke pipeline and deliveries
	// Live makes the intake process and deliver what it takes at once.
	Live atomic.Bool

	t      testing.TB
	mu     sync.Mutex
	now    time.Time
	halo   int
	config string
	steps  []api.TestStep

	notifySteps []api.TestStep
	notifyError error

	templates map[string]*render.Templates

	log lockedBuffer
}

// lockedBuffer can be read while it is written.
type lockedBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// Logged is what the server has logged so far.
func (w *World) Logged() string {
	w.log.mu.Lock()
	defer w.log.mu.Unlock()
	return w.log.b.String()
}

// New starts a World at a time.
func New(t testing.TB, now time.Time) *World {
	t.Helper()
	st, err := store.Open(t.Context(), "", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	ours, err := render.ParseTemplates(render.Texts{Summary: "Ours: {{.Title}}", Body: "<p>{{(index .Findings 1).Title}}</p>"})
	if err != nil {
		t.Fatal(err)
	}
	w := &World{
		templates: map[string]*render.Templates{"ours": ours},

		Store: st, t: t, now: now.UTC().Truncate(time.Millisecond), halo: firstHalo, config: Config,
		steps: []api.TestStep{{Name: "token", OK: true, Detail: "Halo gave a token"}},

		notifyError: httpserver.Errorf(http.StatusConflict, "nothing_configured", "no way to tell people is configured"),
	}
	log := slog.New(slog.NewTextHandler(&w.log, nil))
	handler, err := api.New(api.Options{
		Store: st, Log: log, Now: w.Now, Version: "1.2.3",
		Authorise: w.authorise, Apply: w.apply,
		Export:   func(context.Context) ([]byte, error) { return []byte(w.config), nil },
		TestHalo: w.testHalo, TestNotify: w.testNotify,
		Templates: func(context.Context) (map[string]*render.Templates, error) { return w.templates, nil },
		CheckMatchers: func(all []string) error {
			for _, m := range all {
				if !strings.ContainsAny(m, "=~<>") {
					return fmt.Errorf("matcher %q: there is no operator in it", m)
				}
			}
			return nil
		},
		Rehearse: w.rehearse,
		TryRoutes: func(_ context.Context, source string, payload []byte, at time.Time) (rehearse.Trial, error) {
			if len(payload) == 0 {
				return rehearse.Trial{}, errors.New("no source of the file understands the payload")
			}
			return rehearse.Trial{Source: source, At: at, Alerts: []rehearse.Verdict{}}, nil
		},
		Nudge: func() { w.Nudges.Add(1) },
	})
	if err != nil {
		t.Fatal(err)
	}
	mux := httpserver.NewMux(log)
	mux.Handle("/api/v1/", handler)
	mux.HandleFunc("POST /hooks/{source}", w.hook)
	mux.HandleFunc("GET /healthz", func(rw http.ResponseWriter, _ *http.Request) error {
		return httpserver.WriteJSON(rw, http.StatusOK, map[string]string{"status": "ok"})
	})
	mux.HandleFunc("GET /readyz", func(http.ResponseWriter, *http.Request) error {
		return httpserver.Errorf(http.StatusServiceUnavailable, "deliveries_stuck", "Halo refuses the application: renew its secret")
	})
	w.Server = httptest.NewServer(mux)
	t.Cleanup(func() {
		w.Server.Close()
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

// Now is the World's time.
func (w *World) Now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

// Advance moves the clock.
func (w *World) Advance(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

func (w *World) authorise(ctx context.Context, token string) (string, bool) {
	if token == Token {
		return "environment", true
	}
	tokens, err := w.Store.Tokens(ctx)
	if err != nil {
		return "", false
	}
	for _, t := range tokens {
		if secret.Equal(t.Hash, token) && (t.ExpiresAt.IsZero() || t.ExpiresAt.After(w.Now())) {
			return t.Name, true
		}
	}
	return "", false
}

// badConfig is an error about a file.
type badConfig []string

func (b badConfig) Error() string      { return strings.Join(b, "\n") }
func (b badConfig) Problems() []string { return b }

// apply takes any text for a configuration but one with the word "wrong".
func (w *World) apply(_ context.Context, file string, yaml []byte, dryRun bool) (string, error) {
	if strings.Contains(string(yaml), "wrong") {
		return "", badConfig{file + ":1:1: wrong: unknown key", file + ":2:1: halo: is missing"}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if string(yaml) == w.config {
		return "", nil
	}
	diff := fmt.Sprintf("-%d bytes\n+%d bytes\n", len(w.config), len(yaml))
	if !dryRun {
		w.config = string(yaml)
	}
	return diff, nil
}

// rehearse takes what apply takes, and finds that ticket "Disk full" goes to
// another team.
func (w *World) rehearse(_ context.Context, file string, yaml []byte, since time.Duration) (rehearse.Rehearsal, error) {
	if strings.Contains(string(yaml), "wrong") {
		return rehearse.Rehearsal{}, badConfig{file + ":1:1: wrong: unknown key"}
	}
	now := w.Now()
	return rehearse.Rehearsal{
		Since: now.Add(-since), Until: now, Bodies: 3, Gone: 1, Complete: true, Change: 1, Problems: []string{},
		InForce: rehearse.RehearsalTotals{Tickets: 1, Notes: 1}, Draft: rehearse.RehearsalTotals{Tickets: 1, Quiet: 2},
		Changes: []rehearse.TicketChange{{
			What: "change", Title: "Disk full", Kind: "disk", Source: "rmm", Customer: "Acme Dental (client 12)", At: now.Add(-time.Hour),
			InForce: &rehearse.RehearsedTicket{Routes: []string{}, Alerts: 1, Bodies: 2, Notes: 1}, Draft: &rehearse.RehearsedTicket{Routes: []string{"disks"}, Alerts: 1, Bodies: 2},
			Differences: []rehearse.Difference{{Name: "team", Draft: "Servers"}},
		}},
	}, nil
}

// Applied is the configuration in force.
func (w *World) Applied() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.config
}

// SetSteps chooses what the connection test answers.
func (w *World) SetSteps(steps ...api.TestStep) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.steps = steps
}

func (w *World) testHalo(_ context.Context, r api.TestRequest) ([]api.TestStep, error) {
	if r.Ticket && r.ClientID == 99 {
		return nil, errors.New("client 99 is mapped to nobody: choose another with client_id")
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if r.Ticket {
		return append(slices.Clone(w.steps), api.TestStep{Name: "ticket", OK: true, Detail: "ticket 2817 was raised and closed"}), nil
	}
	return w.steps, nil
}

func (w *World) testNotify(context.Context) ([]api.TestStep, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.notifySteps, w.notifyError
}

// SetNotify chooses what the test of notifications answers.
func (w *World) SetNotify(err error, steps ...api.TestStep) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.notifyError, w.notifySteps = err, steps
}

func (w *World) hook(rw http.ResponseWriter, r *http.Request) error {
	if r.Header.Get("Authorization") != "Bearer "+HookSecret {
		return httpserver.Errorf(http.StatusUnauthorized, "wrong_secret", "the secret is not that of source %s", r.PathValue("source"))
	}
	body, err := httpserver.ReadBody(rw, r, 1<<20)
	if err != nil {
		return err
	}
	if !json.Valid(body) {
		p := httpserver.Errorf(http.StatusBadRequest, "unreadable", "the body is not JSON; it is kept in quarantine")
		p.ID = w.Quarantine(string(body))
		return p
	}
	id := w.Accept(string(body))
	if w.Live.Load() {
		w.Process()
		w.Deliver()
	}
	return httpserver.WriteJSON(rw, http.StatusAccepted, map[string]string{"id": id})
}

func (w *World) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// Accept stores a body of source "rmm": {"title", "severity", "tenant", "user"}.
func (w *World) Accept(body string) string {
	w.t.Helper()
	return w.accept(store.Event{Body: []byte(body), Status: store.EventPending})
}

// Quarantine stores a body that nobody understands.
func (w *World) Quarantine(body string) string {
	w.t.Helper()
	return w.accept(store.Event{Body: []byte(body), Status: store.EventQuarantined, Error: "not JSON"})
}

func (w *World) accept(e store.Event) string {
	w.t.Helper()
	e.Source, e.Kind, e.ReceivedAt = "rmm", "generic", w.Now()
	id, err := w.Store.Accept(context.Background(), e)
	w.must(err)
	return id
}

// Process makes alerts of all that is pending. Tenant acme.example is client
// 12, any other is held; an empty title makes no alert.
func (w *World) Process() {
	w.t.Helper()
	ctx := context.Background()
	events, err := w.Store.Pending(ctx, 1000)
	w.must(err)
	var outcomes []store.Outcome
	for _, e := range events {
		outcomes = append(outcomes, w.outcome(e))
	}
	w.must(w.Store.Apply(ctx, outcomes, w.Now()))
}

func (w *World) outcome(e store.Event) store.Outcome {
	var in struct{ Title, Severity, Tenant, User string }
	w.must(json.Unmarshal(e.Body, &in))
	o := store.Outcome{EventID: e.ID, Status: store.EventProcessed}
	if in.Title == "" {
		o.Note = "a test of the sender"
		return o
	}
	tenant := alert.NewTenant("", in.Tenant)
	r := store.Report{
		Source: e.Source, Tenant: tenant.Domain, User: alert.User{UPN: in.User},
		Event: alert.Event{
			Action: alert.Trigger, Tenant: tenant, Fingerprint: in.Title, Severity: alert.ParseSeverity(in.Severity),
			Topic:   alert.Topic{Kind: in.Title, Title: in.Title},
			Finding: alert.Finding{Title: in.Title},
		},
	}
	if in.Tenant == "acme.example" {
		r.Customer = &alert.Customer{ClientID: 12, Name: "Acme Dental"}
		r.Why = store.Why{FoundBy: store.FoundByDomain, Name: tenant.Domain, Group: "alerts of the kind " + in.Title}
		r.GroupKey = alert.GroupKey(*r.Customer, r.Source, in.Title, in.User, "")
	} else {
		r.Held = fmt.Sprintf("tenant %q is mapped to no customer", in.Tenant)
	}
	o.Reports = []store.Report{r}
	return o
}

// Deliver brings the due tickets to Halo. It refuses those whose title says
// "refused", and does not get through with those that say "later".
func (w *World) Deliver() {
	w.t.Helper()
	ctx := context.Background()
	for {
		now := w.Now()
		t, err := w.Store.Claim(ctx, "tests", now, now.Add(time.Minute))
		w.must(err)
		if t == nil {
			return
		}
		switch {
		case strings.Contains(t.Topic.Title, "refused"):
			w.must(w.Store.Fail(ctx, t.ID, "tests", store.Failure{
				Call: store.CallCreate, Class: "refused", Error: "The client is not active.", State: store.Discarded, Known: true, Counts: true}, now))
		case strings.Contains(t.Topic.Title, "later"):
			w.must(w.Store.Fail(ctx, t.ID, "tests", store.Failure{
				Call: store.CallCreate, Class: "network", Error: "connection refused", State: store.Retryable, DueAt: now.Add(3 * time.Second), Known: true, Counts: true}, now))
		default:
			w.open(ctx, t, now)
		}
	}
}

func (w *World) open(ctx context.Context, t *store.Ticket, now time.Time) {
	w.t.Helper()
	if t.HaloID == 0 {
		w.must(w.Store.Opened(ctx, t.ID, "tests", w.halo, t.User.UPN != "", t.Seq, now))
		w.halo++
	} else {
		w.must(w.Store.Noted(ctx, t.ID, "tests", t.Seq, now))
	}
	w.must(w.Store.Done(ctx, t.ID, "tests", t.Seq, t.WantClosed, now))
}

// Claim leases the next due ticket, as somebody who works on it does.
func (w *World) Claim() {
	w.t.Helper()
	t, err := w.Store.Claim(context.Background(), "tests", w.Now(), w.Now().Add(time.Minute))
	w.must(err)
	if t == nil {
		w.t.Fatal("no ticket is due")
	}
}

// Close closes all tickets, as a person does in Halo.
func (w *World) Close() {
	w.t.Helper()
	ctx := context.Background()
	open, err := w.Store.Tickets(ctx, store.TicketFilter{State: store.TicketOpen}, store.Page{Limit: 1000}, w.Now())
	w.must(err)
	for _, t := range open {
		w.must(w.Store.Replay(ctx, t.ID, w.Now()))
		w.Claim()
		w.must(w.Store.Closed(ctx, t.ID, "tests", w.Now()))
	}
}
