package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/halert/halert/internal/app"
	"github.com/halert/halert/internal/cli"
	"github.com/halert/halert/internal/config"
	"github.com/halert/halert/internal/demo"
	"github.com/halert/halert/internal/halosim"
	"github.com/halert/halert/internal/store"
	"github.com/halert/halert/internal/synth"
)

// commands joins the command line to the parts that run in this process.
func commands() cli.Commands {
	return cli.Commands{Serve: serve, Demo: runDemo, Sim: sim, TestFile: app.TestFile, TryRoutes: app.TryRoutes, Generate: generate, Backup: store.Backup, Migrate: store.Move}
}

// generate writes a made up month.
func generate(_ context.Context, o cli.GenerateOptions) (bodies, incidents int, err error) {
	m, err := synth.New(synth.Options{Seed: o.Seed, Days: o.Days, Tenants: o.Tenants})
	if err != nil {
		return 0, 0, err
	}
	return len(m.Bodies), len(m.Incidents), m.Write(o.Out)
}

// serve runs the server until the context ends.
func serve(ctx context.Context, o cli.ServeOptions, _, stderr io.Writer) error {
	log, err := logger(stderr, o.LogFormat, o.LogLevel)
	if err != nil {
		return err
	}
	a, err := app.New(ctx, app.Options{
		Listen: o.Listen, DataDir: o.Data, Database: o.Database, ApplyFile: o.Apply, PublicURL: o.PublicURL,
		APIToken: o.Env("HALERT_API_TOKEN"), SecretKey: o.Env("HALERT_SECRET_KEY"), Version: cli.Version(),
		Lookup: config.Lookup{Env: os.LookupEnv, ReadFile: os.ReadFile}, Log: log,
	})
	if err != nil {
		return err
	}
	log.Info("halert is ready", "version", cli.Version(), "address", "http://"+a.Addr())
	return a.Run(ctx)
}

func logger(w io.Writer, format, level string) (*slog.Logger, error) {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		return nil, fmt.Errorf("log level: %w", err)
	}
	opts := &slog.HandlerOptions{Level: l}
	if format == "json" {
		return slog.New(slog.NewJSONHandler(w, opts)), nil
	}
	return slog.New(slog.NewTextHandler(w, opts)), nil
}

// demoPause is the time between two payloads of the demo at speed 1.
const demoPause = 3 * time.Second

func runDemo(ctx context.Context, o cli.DemoOptions, stdout, stderr io.Writer) error {
	log, err := logger(stderr, "text", "warn")
	if err != nil {
		return err
	}
	d := demo.Options{Once: o.Once, Version: cli.Version(), Log: log}
	if !o.Once {
		d.Pause = time.Duration(float64(demoPause) / o.Speed)
	}
	return demo.Run(ctx, d, stdout, stderr)
}

// sim runs the simulator until the context ends.
func sim(ctx context.Context, o cli.SimOptions, stdout, _ io.Writer) error {
	options := halosim.Options{RateLimit: o.RateCalls, RateWindow: o.RatePer, Latency: o.Latency, Legacy: o.Legacy}
	if o.Seed != "" {
		f, err := os.Open(o.Seed)
		if err != nil {
			return fmt.Errorf("open the seed: %w", err)
		}
		options.Seed, err = halosim.ReadSeed(f)
		if err = errors.Join(err, f.Close()); err != nil {
			return fmt.Errorf("read the seed %s: %w", o.Seed, err)
		}
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", o.Listen)
	if err != nil {
		return fmt.Errorf("listen on %s: %w; choose another address with --listen", o.Listen, err)
	}
	fmt.Fprintf(stdout, "Halo simulator on http://%[1]s/ (tickets and faults)\nresource_url: http://%[1]s/api\nauth_url:     http://%[1]s/auth\nclient_id and client_secret: demo\n", l.Addr())
	server := &http.Server{Handler: halosim.New(options), ReadHeaderTimeout: 10 * time.Second}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve on %s: %w", o.Listen, err)
	}
	return nil
}
