package app

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/halert/halert/internal/api"
	"github.com/halert/halert/internal/config"
	"github.com/halert/halert/internal/conntest"
	"github.com/halert/halert/internal/deliver"
	"github.com/halert/halert/internal/httpserver"
	"github.com/halert/halert/internal/route"
	"github.com/halert/halert/internal/store"
)

// stuckAfter is how long a delivery may be due before deliveries count as
// stuck.
const stuckAfter = 15 * time.Minute

// downAfter is how long Halo may be down before a server is not ready. A
// short outage is what deliveries wait out, and no reason to wake anybody.
const downAfter = 2 * time.Minute

// health answers that the process lives.
func (a *App) health(w http.ResponseWriter, _ *http.Request) error {
	return httpserver.WriteJSON(w, http.StatusOK, map[string]string{"status": "ok"})
}

// ready answers whether bodies can be stored and deliveries go on. It is for
// those who watch: a server that is not ready still takes alerts.
func (a *App) ready(w http.ResponseWriter, r *http.Request) error {
	if err := a.store.Ping(r.Context(), a.opts.Now()); err != nil {
		return httpserver.Errorf(http.StatusServiceUnavailable, "cannot_store", "the database cannot be written to: %v", err)
	}
	if t := a.settings.deliver.Trouble(); t != nil && (t.Class != deliver.ClassDown || a.opts.Now().Sub(t.Since) > downAfter) {
		return httpserver.Errorf(http.StatusServiceUnavailable, "deliveries_wait", "Halo: %s (since %s). %s", t.Reason, t.Since.UTC().Format(time.RFC3339), t.Remedy)
	}
	st, err := a.store.Stats(r.Context(), a.opts.Now())
	if err != nil {
		return err
	}
	if waits := a.opts.Now().Sub(st.OldestDue); !st.OldestDue.IsZero() && waits > stuckAfter {
		return httpserver.Errorf(http.StatusServiceUnavailable, "deliveries_stuck",
			"a delivery has waited for %s; look at `halert deliveries` and at the log", waits.Round(time.Second))
	}
	return httpserver.WriteJSON(w, http.StatusOK, map[string]any{"status": "ready", "discarded": st.Deliveries["discarded"]})
}

//go:embed front.html
var frontPage []byte

// front is the page of those who come with a browser.
func (a *App) front(w http.ResponseWriter, _ *http.Request) error {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	_, err := w.Write(frontPage)
	return err
}

// apply is the API's way to apply a configuration. References in it were
// replaced where it comes from: the files and the environment of the server
// are no business of those who hold a token.
func (a *App) apply(ctx context.Context, file string, data []byte, dryRun bool) (string, error) {
	change, err := a.settings.apply(ctx, file, data, config.Lookup{}, dryRun, true)
	var problems config.Problems
	if errors.As(err, &problems) {
		return "", fileProblems(problems)
	}
	if err == nil && !dryRun && change != "" {
		a.opts.Log.Info("configuration applied", "file", file)
	}
	return change, err
}

// fileProblems shows config.Problems in the API's form.
type fileProblems config.Problems

// Error lists the problems, one on a line.
func (p fileProblems) Error() string { return config.Problems(p).Error() }

// Problems lists them.
func (p fileProblems) Problems() []string {
	out := make([]string, len(p))
	for i, problem := range p {
		out[i] = problem.String()
	}
	return out
}

func (a *App) export(ctx context.Context) ([]byte, error) {
	stored, err := a.store.Setting(ctx, settingConfig)
	if err == nil && stored == nil {
		return nil, httpserver.Errorf(http.StatusNotFound, "nothing_configured", "%v", errNoConfig)
	}
	return stored, err
}

// testHalo runs the connection test with the stored configuration. Its calls
// count in the budget like all others.
func (a *App) testHalo(ctx context.Context, r api.TestRequest) ([]api.TestStep, error) {
	c, err := a.settings.current(ctx)
	if errors.Is(err, errNoConfig) {
		return nil, httpserver.Errorf(http.StatusConflict, "nothing_configured", "%v", err)
	}
	if err != nil {
		return nil, err
	}
	client, err := a.settings.client(ctx, c)
	if err != nil {
		return nil, err
	}
	client.Wait = a.settings.deliver.Wait
	steps := testSteps(conntest.Run(ctx, client, testSettings(c.Halo, r), nil))
	known, err := a.store.Lookups(ctx)
	if err == nil && known.Halo == c.Halo.ResourceURL {
		steps = append(steps, lookupStep(known))
	}
	return steps, err
}

// lookupStep tells which look-ups this Halo was seen to honour. It is for
// information: tickets are found again in either case.
func lookupStep(l store.Lookups) api.TestStep {
	say := func(b *bool) string {
		switch {
		case b == nil:
			return "not known yet"
		case *b:
			return "yes"
		}
		return "no"
	}
	return api.TestStep{Name: "Look-ups", OK: true, Detail: fmt.Sprintf(
		"seen with earlier tickets: lists show the reference: %s; a ticket that is read by its id shows it: %s; the filter on it works: %s",
		say(l.Listed), say(l.ByID), say(l.Filter))}
}

// TestFile runs the connection test on a configuration without a server. done
// is told of each step as it ends.
func TestFile(ctx context.Context, c *config.Config, r api.TestRequest, done func(api.TestStep)) error {
	clientSecret := c.Halo.ClientSecret.Reveal()
	if clientSecret == "" {
		return errors.New("halo.client_secret is missing: without a server there is no stored one")
	}
	conntest.Run(ctx, newHalo(c.Halo, clientSecret), testSettings(c.Halo, r), func(s conntest.Step) { done(api.TestStep(s)) })
	return nil
}

func testSettings(h config.Halo, r api.TestRequest) conntest.Settings {
	s := conntest.Settings{TicketType: h.TicketType, Priority: h.Priority, RequestSource: h.RequestSource, NoteOutcome: h.NoteOutcome,
		ClientID: r.ClientID, MakeTicket: r.Ticket}
	if h.ClosedStatus != nil {
		s.ClosedStatus = *h.ClosedStatus
	}
	return s
}

func testSteps(steps []conntest.Step) []api.TestStep {
	out := make([]api.TestStep, len(steps))
	for i, s := range steps {
		out[i] = api.TestStep(s)
	}
	return out
}

// checkMatchers tells which matcher of a silence cannot be read.
func checkMatchers(matchers []string) error {
	var all []error
	for _, m := range matchers {
		_, err := route.ParseMatcher(m)
		all = append(all, err)
	}
	return errors.Join(all...)
}
