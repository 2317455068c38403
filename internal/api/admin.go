package api

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/halert/halert/internal/httpserver"
	"github.com/halert/halert/internal/secret"
	"github.com/halert/halert/internal/store"
)

// The greatest bodies that are taken, in bytes.
const (
	maxJSON   = 64 << 10
	maxConfig = 4 << 20
)

func (s *server) testHalo(w http.ResponseWriter, r *http.Request, _ query) (result, error) {
	var in TestRequest
	if r.ContentLength != 0 {
		if err := httpserver.ReadJSON(w, r, maxJSON, &in); err != nil {
			return result{}, err
		}
	}
	steps, err := s.TestHalo(r.Context(), in)
	if err != nil {
		return result{}, unless[*httpserver.Problem](err, http.StatusUnprocessableEntity, "test_impossible")
	}
	return testResult(steps)
}

func testResult(steps []TestStep) (result, error) {
	out := TestResult{OK: true, Steps: append([]TestStep{}, steps...)}
	for _, step := range steps {
		out.OK = out.OK && step.OK
	}
	return ok(out)
}

func (s *server) testNotify(_ http.ResponseWriter, r *http.Request, _ query) (result, error) {
	steps, err := s.TestNotify(r.Context())
	if err != nil {
		return result{}, err
	}
	return testResult(steps)
}

// unless keeps an error of type E as it is, and makes a problem of any other.
func unless[E error](err error, status int, code string) error {
	if _, is := errors.AsType[E](err); is {
		return err
	}
	return httpserver.Errorf(status, code, "%s", err.Error())
}

func (s *server) getConfig(_ http.ResponseWriter, r *http.Request, _ query) (result, error) {
	b, err := s.Export(r.Context())
	return result{body: b}, err
}

func (s *server) putConfig(w http.ResponseWriter, r *http.Request, q query) (result, error) {
	body, err := httpserver.ReadBody(w, r, maxConfig)
	if err != nil {
		return result{}, err
	}
	file := cmp.Or(q["file"], "the file")
	dryRun := q["dry_run"] == "true"
	diff, err := s.Apply(r.Context(), file, body, dryRun)
	return result{value: Applied{Diff: diff, Applied: !dryRun}}, invalidConfig(err, file, "applied")
}

// invalidConfig shows an error about a configuration with its problems.
func invalidConfig(err error, file, done string) error {
	if found, is := errors.AsType[interface {
		error
		Problems() []string
	}](err); is {
		p := httpserver.Errorf(http.StatusUnprocessableEntity, "invalid_config", "%s has %s; nothing was %s", file, count(len(found.Problems()), "problem"), done)
		p.Errors = found.Problems()
		return p
	}
	return err
}

// defaultSince is for how long bodies are played where nothing else is said.
const defaultSince = "7d"

func (s *server) rehearse(w http.ResponseWriter, r *http.Request, q query) (result, error) {
	since, err := parseTime(cmp.Or(q["since"], defaultSince))
	if err != nil {
		return result{}, badParameter("since %v", err)
	}
	body, err := httpserver.ReadBody(w, r, maxConfig)
	if err != nil {
		return result{}, err
	}
	file := cmp.Or(q["file"], "the file")
	out, err := s.Rehearse(r.Context(), file, body, since)
	return result{value: out}, invalidConfig(err, file, "rehearsed")
}

// maxPayload is as much as a sender may post.
const maxPayload = 10 << 20

func (s *server) testRoutes(w http.ResponseWriter, r *http.Request, q query) (result, error) {
	at := s.Now()
	if text := q["at"]; text != "" {
		var err error
		if at, err = time.Parse(time.RFC3339, text); err != nil {
			return result{}, badParameter("at %q is not a time such as 2026-03-09T22:00:00Z", text)
		}
	}
	body, err := httpserver.ReadBody(w, r, maxPayload)
	if err != nil {
		return result{}, err
	}
	out, err := s.TryRoutes(r.Context(), q["source"], body, at)
	if err != nil {
		return result{}, unless[*httpserver.Problem](err, http.StatusUnprocessableEntity, "not_understood")
	}
	return result{value: out}, nil
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

func viewToken(t store.Token) Token {
	return Token{ID: t.ID, Name: t.Name, CreatedAt: t.CreatedAt, ExpiresAt: timeOrNull(t.ExpiresAt)}
}

func (s *server) listTokens(_ http.ResponseWriter, r *http.Request, _ query) (result, error) {
	rows, err := s.Store.Tokens(r.Context())
	out := Tokens{Items: []Token{}}
	for _, t := range rows {
		out.Items = append(out.Items, viewToken(t))
	}
	return result{value: out}, err
}

func (s *server) createToken(w http.ResponseWriter, r *http.Request, _ query) (result, error) {
	var in NewToken
	if err := httpserver.ReadJSON(w, r, maxJSON, &in); err != nil {
		return result{}, err
	}
	if !regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`).MatchString(in.Name) {
		return result{}, httpserver.Errorf(http.StatusUnprocessableEntity, "invalid_name",
			"a token's name has 1 to 64 letters, digits, dots, dashes and underscores")
	}
	now := s.Now().Truncate(time.Millisecond).UTC() // as the store keeps it
	t := store.Token{Name: in.Name, CreatedAt: now}
	if in.ExpiresIn != "" {
		d, err := parseTime(in.ExpiresIn)
		if err != nil {
			return result{}, httpserver.Errorf(http.StatusUnprocessableEntity, "invalid_expiry", "expires_in %s", err.Error())
		}
		t.ExpiresAt = now.Add(d)
	}
	token := secret.NewToken()
	t.Hash = secret.HashToken(token)
	var err error
	t.ID, err = s.Store.AddToken(r.Context(), t)
	if errors.Is(err, store.ErrExists) {
		return result{}, httpserver.Errorf(http.StatusConflict, "name_taken",
			"there is a token %q already; delete it first, or choose another name", in.Name)
	}
	return result{value: MadeToken{Token: viewToken(t), Secret: token}}, err
}

// maxExpiry keeps the sum with the present time within what a date can be.
const maxExpiry = 100 * 365 * 24 * time.Hour

// parseTime reads a Go duration, or days ("90d"), above 0.
func parseTime(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if days, isDays := strings.CutSuffix(text, "d"); isDays {
		var n int
		if n, err = strconv.Atoi(days); err == nil && n <= int(maxExpiry/(24*time.Hour)) {
			d = time.Duration(n) * 24 * time.Hour
		}
	}
	if err != nil || d <= 0 || d > maxExpiry {
		return 0, fmt.Errorf("%q is not a time such as 90d, 12h or 30m, of at most 100 years", text)
	}
	return d, nil
}

func (s *server) deleteToken(_ http.ResponseWriter, r *http.Request, _ query) (result, error) {
	name := r.PathValue("name")
	return result{}, notFound(s.Store.DeleteToken(r.Context(), name), "token", name)
}

func (s *server) getStats(_ http.ResponseWriter, r *http.Request, _ query) (result, error) {
	st, err := s.Store.Stats(r.Context(), s.Now())
	if err != nil {
		return result{}, err
	}
	v := Stats{
		PendingEvents: st.PendingEvents, OldestPending: timeOrNull(st.OldestPending), QuarantinedEvents: st.QuarantinedEvents,
		HeldAlerts: st.HeldAlerts, FiringAlerts: st.FiringAlerts, OpenTickets: st.OpenTickets,
		Deliveries: make(map[string]int), OldestDue: timeOrNull(st.OldestDue), NextDue: timeOrNull(st.NextDue), CallsInWindow: st.CallsInWindow,
	}
	l, err := s.Store.Lookups(r.Context())
	if err != nil {
		return result{}, err
	}
	if l.Halo != "" {
		v.HaloLookups = &HaloLookups{Listed: l.Listed, ByID: l.ByID, Filter: l.Filter, ProbedAt: timeOrNull(l.ProbedAt)}
	}
	for state, n := range st.Deliveries {
		v.Deliveries[string(state)] = n
	}
	return ok(v)
}

func (s *server) getOpenAPI(http.ResponseWriter, *http.Request, query) (result, error) {
	return result{body: s.document}, nil
}
