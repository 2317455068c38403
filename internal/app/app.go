// Package app puts the parts together: store, receiver, pipeline, deliverer
// and API, under one HTTP server, and starts and stops them in the right
// order: intake first, then the work, the database last. What an operator
// configures is kept in settings.go and handed to the parts from there.
package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/halert/halert/internal/api"
	"github.com/halert/halert/internal/config"
	"github.com/halert/halert/internal/deliver"
	"github.com/halert/halert/internal/failpoint"
	"github.com/halert/halert/internal/heard"
	"github.com/halert/halert/internal/httpserver"
	"github.com/halert/halert/internal/ingest"
	"github.com/halert/halert/internal/notify"
	"github.com/halert/halert/internal/pipeline"
	"github.com/halert/halert/internal/secret"
	"github.com/halert/halert/internal/snooze"
	"github.com/halert/halert/internal/store"
)

// Options say how a server is to run.
type Options struct {
	Listen    string // host:port; port 0 takes a free one
	DataDir   string // made if missing; holds the database, unless Database is set
	Database  string // postgres://…; empty: SQLite in DataDir
	ApplyFile string // a configuration to apply at the start; may be empty
	PublicURL string // how senders and browsers reach this server; may be empty
	APIToken  string // an administrator's token given from outside, 32 characters or more; empty: one is made in DataDir
	SecretKey string // base64 of 32 bytes; empty: one is made in DataDir
	Version   string
	Lookup    config.Lookup // for ${…} in ApplyFile
	Log       *slog.Logger
	Now       func() time.Time // nil: the machine's clock; it is watched for jumps
}

// App is a server that has been put together.
type App struct {
	opts     Options
	store    *store.Store
	settings *settings
	metrics  *metrics
	http     *httpserver.Server
	root     []byte // SHA-256 of the administrator's token
}

const (
	tokenFile = "api-token"
	keyFile   = "secret.key"
	// drain is how long requests that run may take at shutdown, and settle
	// how long a call to Halo may: together less than the ten seconds after
	// which an impatient supervisor kills.
	drain  = 3 * time.Second
	settle = 5 * time.Second
)

// New opens the database, applies the configuration file if there is one, and
// listens. Halo is not asked: a server starts, and takes alerts, while Halo
// is down. Run must be called next.
func New(ctx context.Context, o Options) (*App, error) {
	var uptime func() time.Duration
	if o.Now == nil {
		start := time.Now()
		o.Now, uptime = failpoint.Now, func() time.Duration { return time.Since(start) }
	}
	if o.APIToken != "" && len(o.APIToken) < 32 {
		return nil, errors.New("HALERT_API_TOKEN is too short: it must have 32 characters or more")
	}
	s, err := store.Open(ctx, o.Database, o.DataDir)
	if err != nil {
		return nil, err
	}
	a := &App{opts: o, store: s}
	if err := a.assemble(ctx, uptime); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return a, nil
}

func (a *App) assemble(ctx context.Context, uptime func() time.Duration) error {
	o := a.opts
	if err := a.store.Started(ctx, o.Now()); err != nil {
		return err
	}
	key, err := secretKey(o)
	if err != nil {
		return err
	}
	if a.root, err = rootToken(o); err != nil {
		return err
	}
	node := store.NewID()
	d := deliver.New(deliver.Options{Store: a.store, Log: o.Log, Now: o.Now, Uptime: uptime, Owner: node, Metrics: deliver.Metrics{
		Call:      func(c store.Call, class string) { a.metrics.call(c, class) },
		Delivered: func(waited time.Duration, create bool) { a.metrics.delivered(waited, create) },

		TemplateFailed: func(name string) { a.metrics.templateFailed(name) },
	}})
	p := pipeline.New(a.store, o.Log, o.Now, d.Nudge)
	a.metrics = newMetrics(a.store, o.Now, d.Trouble)
	receiver := ingest.New(ingest.Options{Store: a.store, Log: o.Log, Now: o.Now, Accepted: p.Nudge, Hinted: d.Nudge, Count: a.metrics.event})
	a.settings = &settings{store: a.store, key: key, now: o.Now, log: o.Log, publicURL: strings.TrimRight(o.PublicURL, "/"), ingest: receiver, pipeline: p, deliver: d,
		heard:  heard.New(heard.Options{Store: a.store, Log: o.Log, Now: o.Now, Reported: p.Nudge}),
		notify: notify.New(notify.Options{Store: a.store, Log: o.Log, Now: o.Now, Node: node, Trouble: d.Trouble, LastGood: d.LastGood, Count: a.metrics.notified})}
	if err := a.configure(ctx); err != nil {
		return err
	}
	handler, err := a.routes(receiver)
	if err != nil {
		return err
	}
	a.http = httpserver.New(httpserver.Options{Addr: o.Listen, Handler: handler, Log: o.Log})
	return a.http.Start(ctx)
}

// configure applies the file, or else takes up the stored configuration.
func (a *App) configure(ctx context.Context) error {
	if a.opts.ApplyFile == "" {
		return a.settings.load(ctx)
	}
	data, err := os.ReadFile(a.opts.ApplyFile)
	if err != nil {
		return fmt.Errorf("read the configuration: %w", err)
	}
	change, err := a.settings.apply(ctx, a.opts.ApplyFile, data, a.opts.Lookup, false, false) // Halo may be down, and the start does not wait for it
	if err != nil {
		return fmt.Errorf("the configuration was not applied:\n%w", err)
	}
	if change == "" {
		return a.settings.load(ctx)
	}
	a.opts.Log.Info("configuration applied", "file", a.opts.ApplyFile)
	return nil
}

func secretKey(o Options) (secret.Key, error) {
	if o.SecretKey != "" {
		key, err := secret.ParseKey(o.SecretKey)
		if err != nil {
			return key, fmt.Errorf("HALERT_SECRET_KEY: %w", err)
		}
		return key, nil
	}
	return secret.LoadOrMakeKey(filepath.Join(o.DataDir, keyFile))
}

// rootToken returns the hash of the administrator's token. Where none is
// given from outside it is made once, in a file that only the owner can read.
func rootToken(o Options) ([]byte, error) {
	if o.APIToken != "" {
		return secret.HashToken(o.APIToken), nil
	}
	path := filepath.Join(o.DataDir, tokenFile)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("read the API token: %w", err)
		}
		token := strings.TrimSpace(string(data))
		if len(token) < 32 {
			return nil, fmt.Errorf("the API token in %s is too short: delete the file, and a new one is made", path)
		}
		return secret.HashToken(token), nil
	}
	if err != nil {
		return nil, fmt.Errorf("make an API token: %w", err)
	}
	token := secret.NewToken()
	_, err = f.WriteString(token + "\n")
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return nil, fmt.Errorf("write the API token to %s: %w", path, err)
	}
	o.Log.Info("an API token was made; client commands read it from HALERT_API_TOKEN", "file", path)
	return secret.HashToken(token), nil
}

// Addr is the address that the server listens on.
func (a *App) Addr() string { return a.http.Addr() }

// Run works until the context ends or the server fails, then stops: intake
// first, the calls that are under way next, the database last. It takes less
// than ten seconds.
func (a *App) Run(ctx context.Context) error {
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	hard, kill := context.WithCancel(context.WithoutCancel(ctx))
	defer kill()
	var wg sync.WaitGroup
	wg.Go(func() { a.settings.watch(work, a.opts.Log) })
	wg.Go(func() { a.settings.pipeline.Run(work) })
	wg.Go(func() { a.upkeep(work) })
	wg.Go(func() { a.silence(work) })
	wg.Go(func() { a.settings.deliver.Watch(work) })
	wg.Go(func() { a.settings.deliver.Run(work, hard) })
	wg.Go(func() { a.settings.notify.Run(work, notifyEvery) })
	wg.Go(func() { a.settings.heard.Run(work, time.Minute) })

	failed := make(chan error, 1)
	go func() { failed <- a.http.Wait() }()
	var err error
	select {
	case <-ctx.Done():
		a.opts.Log.Info("stopping")
	case err = <-failed:
	}
	shutdown, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
	defer cancel()
	if e := a.http.Shutdown(shutdown); e != nil {
		a.opts.Log.Warn("some requests were broken off", "error", e)
	}
	stop()
	timer := time.AfterFunc(settle, kill)
	defer timer.Stop()
	wg.Wait()
	if e := a.store.Close(); e != nil {
		err = errors.Join(err, fmt.Errorf("close the database: %w", e))
	}
	a.opts.Log.Info("stopped")
	return err
}

// authorise tells whose API token it is.
func (a *App) authorise(ctx context.Context, token string) (string, bool) {
	if secret.Equal(a.root, token) {
		return "administrator", true
	}
	tokens, err := a.store.Tokens(ctx)
	if err != nil {
		a.opts.Log.Error("API tokens could not be read; the request is refused", "error", err)
		return "", false
	}
	now := a.opts.Now()
	name, found := "", false
	for _, t := range tokens { // all of them, so that the time taken tells nothing
		if secret.Equal(t.Hash, token) && (t.ExpiresAt.IsZero() || now.Before(t.ExpiresAt)) {
			name, found = t.Name, true
		}
	}
	return name, found
}

// routes is the table of all that the server answers to.
func (a *App) routes(receiver *ingest.Receiver) (http.Handler, error) {
	management, err := api.New(api.Options{
		Store: a.store, Log: a.opts.Log, Now: a.opts.Now, Authorise: a.authorise, Version: a.opts.Version,
		Apply: a.apply, Export: a.export, TestHalo: a.testHalo, TestNotify: a.testNotify, Templates: a.settings.templates, CheckMatchers: checkMatchers,
		Rehearse: a.settings.rehearse, TryRoutes: a.settings.tryRoutes,
		Nudge: func() { a.settings.pipeline.Nudge(); a.settings.deliver.Nudge() },
	})
	if err != nil {
		return nil, err
	}
	mux := httpserver.NewMux(a.opts.Log)
	mux.HandleFunc("POST /hooks/{source}", receiver.Post)
	mux.HandleFunc("POST /hooks/{source}/{secret}", receiver.Post)
	mux.HandleFunc("POST /halo/webhook/{secret}", receiver.Webhook)
	mux.Handle("/api/v1/", management)
	page := http.NewCrossOriginProtection().Handler(snooze.New(snooze.Options{Store: a.store, Key: a.settings.key, Log: a.opts.Log, Now: a.opts.Now, Changed: a.settings.pipeline.Nudge}))
	mux.Handle("GET "+snooze.Path, page)
	mux.Handle("POST "+snooze.Path, page)
	mux.HandleFunc("GET /healthz", a.health)
	mux.HandleFunc("GET /readyz", a.ready)
	mux.Handle("GET /metrics", a.metrics.handler())
	mux.HandleFunc("GET /{$}", a.front)
	return httpserver.AccessLog(a.opts.Log, mux), nil
}
