// Package api serves the management API under /api/v1: what became of every
// event, alert, ticket and delivery, and the few things that a person or a
// script does about them. The routes stand in one table, [routes], from which
// the server and the OpenAPI document are made alike, so that neither can say
// what the other does not.
package api

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/halert/halert/internal/httpserver"
	"github.com/halert/halert/internal/rehearse"
	"github.com/halert/halert/internal/render"
	"github.com/halert/halert/internal/store"
)

// prefix is where the API is mounted.
const prefix = "/api/v1"

// Options is what the API needs. All functions but Nudge must be set.
type Options struct {
	Store *store.Store
	Log   *slog.Logger // for what goes wrong inside
	Now   func() time.Time
	// Authorise tells whose token it is, and whether it is one.
	Authorise func(ctx context.Context, token string) (name string, ok bool)
	// Apply makes a configuration the one in force, or with dryRun only says
	// what would change. An error with a method Problems() []string is about
	// the file, and its problems are shown to the caller.
	Apply func(ctx context.Context, file string, yaml []byte, dryRun bool) (diff string, err error)
	// TryRoutes decides about one payload by the configuration in force, and
	// stores nothing. An empty source is the one that understands the payload.
	TryRoutes func(ctx context.Context, source string, payload []byte, at time.Time) (rehearse.Trial, error)
	// Rehearse plays the bodies of the latest time through a draft of a
	// configuration, beside the one in force. An error with a method Problems()
	// []string is about the file.
	Rehearse func(ctx context.Context, file string, yaml []byte, since time.Duration) (rehearse.Rehearsal, error)
	// Export returns the configuration in force as YAML, without secrets.
	Export func(ctx context.Context) ([]byte, error)
	// TestHalo runs the connection test. Its error is for what keeps the
	// test from starting; a step that fails is no error.
	TestHalo func(ctx context.Context, r TestRequest) ([]TestStep, error)
	// TestNotify sends a test message by each way to tell people. Its error
	// is for what keeps the test from starting.
	TestNotify func(ctx context.Context) ([]TestStep, error)
	// Templates are the configured templates, by their names.
	Templates func(ctx context.Context) (map[string]*render.Templates, error)
	// CheckMatchers tells what is wrong with the matchers of a silence.
	CheckMatchers func(matchers []string) error
	// Nudge wakes the pipeline and the deliveries after a replay.
	Nudge func()
	// Version is halert's own, for the OpenAPI document.
	Version string
}

// server holds what the handlers share.
type server struct {
	Options
	document []byte // the OpenAPI document
}

// New returns the handler of everything under /api/v1.
func New(o Options) (http.Handler, error) {
	if o.Nudge == nil {
		o.Nudge = func() {}
	}
	s := &server{Options: o}
	table := routes(s)
	document, err := openAPI(table, o.Version)
	if err != nil {
		return nil, err
	}
	s.document = document
	return s.handler(table), nil
}

// result is what a handler answers: a value that is written as JSON, or bytes
// where the route names a content type.
type result struct {
	value any
	body  []byte
}

func ok(v any) (result, error) { return result{value: v}, nil }

// bearer returns the token of a request, or "".
func bearer(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// notFound turns the store's ErrNotFound into the answer 404, and ErrBodyGone
// into 410.
func notFound(err error, what, id string) error {
	if errors.Is(err, store.ErrNotFound) {
		return httpserver.Errorf(http.StatusNotFound, "not_found", "there is no %s %q; the lists of the API show which ids there are", what, id)
	}
	if errors.Is(err, store.ErrBodyGone) {
		return httpserver.Errorf(http.StatusGone, "body_gone", "%v", store.ErrBodyGone)
	}
	return err
}
