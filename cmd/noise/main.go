// Command noise plays a made up month of alerts through halert and through a
// model of CIPP's own HaloPSA integration, and prints how many tickets each
// makes of it. `make noise` runs it; docs/noise.md explains the figures.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"

	"github.com/halert/halert/internal/noise"
	"github.com/halert/halert/internal/synth"
)

func main() {
	var o synth.Options
	flag.Uint64Var(&o.Seed, "seed", synth.DefaultSeed, "chance of the month")
	flag.IntVar(&o.Days, "days", synth.DefaultDays, "days")
	flag.IntVar(&o.Tenants, "tenants", synth.DefaultTenants, "tenants")
	why := flag.Bool("why", false, "list the incidents that were missed, or have more than one ticket")
	routes := flag.String("routes", "", "play the month also with the routes of this file, beside the defaults")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, o, *why, *routes); err != nil {
		fmt.Fprintln(os.Stderr, "noise:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o synth.Options, why bool, routes string) error {
	m, err := synth.New(o)
	if err != nil {
		return err
	}
	plain, err := play(ctx, m, "")
	if err != nil {
		return err
	}
	results := []noise.Named{{Name: "halert", Result: plain}}
	if routes != "" {
		rules, err := os.ReadFile(routes)
		if err != nil {
			return fmt.Errorf("read the routes: %w", err)
		}
		routed, err := play(ctx, m, string(rules))
		if err != nil {
			return err
		}
		results = append(results, noise.Named{Name: "halert with routes", Result: routed})
	}
	c := noise.Compare(m, results...)
	if why {
		if err := c.WriteDoubled(os.Stderr); err != nil {
			return err
		}
	}
	return c.Write(os.Stdout)
}

func play(ctx context.Context, m *synth.Month, rules string) (_ *noise.Result, err error) {
	dir, err := os.MkdirTemp("", "halert-noise-")
	if err != nil {
		return nil, fmt.Errorf("make a folder: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	return noise.Play(ctx, m, rules, dir, os.Stderr)
}
