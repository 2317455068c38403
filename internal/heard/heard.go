// Package heard notices what is not there: a source, or a tenant of a source,
// that is usually heard of and is not any more. Such a silence is reported
// into halert's own inbox, as an alert of halert's own, and travels from there
// like any other: a ticket, which is closed when the source is heard again.
// The decision is a pure function; the reports meet the rest in the database.
package heard

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/halert/halert/internal/store"
)

// The source of halert's own alerts, its kind, and the tenant that they name.
const (
	Source = "halert"
	Kind   = "generic"
	Tenant = "halert"
)

// Limit says how long a source may be silent.
type Limit struct {
	Source  string
	After   time.Duration // for the source itself; 0: as long as it likes
	Tenants time.Duration // for each tenant that it has spoken of; 0: as long as it likes
}

// Options are what a Watch needs.
type Options struct {
	Store    *store.Store
	Log      *slog.Logger
	Now      func() time.Time
	Reported func() // called when something is in the inbox
}

// Watch listens whether anybody has fallen silent.
type Watch struct {
	Options
	limits atomic.Pointer[[]Limit]
}

// New makes a watch. It does nothing before Configure and Run.
func New(o Options) *Watch { return &Watch{Options: o} }

// Configure sets the limits to watch from now on.
func (w *Watch) Configure(limits []Limit) { w.limits.Store(&limits) }

// gap is the time in which nobody listened that is no mere pause between two
// looks: a longer one is not counted as silence.
const gap = 5 * time.Minute

// Run looks every so often until the context ends.
func (w *Watch) Run(ctx context.Context, every time.Duration) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		if err := w.look(ctx); err != nil && ctx.Err() == nil {
			w.Log.Error("silent sources could not be looked for; trying again", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

func (w *Watch) look(ctx context.Context) error {
	limits := w.limits.Load()
	if limits == nil {
		return nil // nothing is configured yet
	}
	now := w.Now()
	var sources []string
	for _, l := range *limits {
		sources = append(sources, l.Source)
	}
	if err := w.Store.Listen(ctx, sources, gap, now); err != nil {
		return err
	}
	all, err := w.Store.Heard(ctx)
	if err != nil {
		return err
	}
	for _, c := range changes(all, *limits, now) {
		event := store.Event{Source: Source, Kind: Kind, ReceivedAt: now, Body: body(c)}
		done, err := w.Store.MarkSilent(ctx, c.Heard, event)
		if err != nil {
			return err
		}
		if done {
			w.Log.Warn("a silence began or ended", "source", c.Source, "tenant", c.Tenant, "silent", !c.Silent, "last_heard", c.At.Format(time.RFC3339))
			w.Reported()
		}
	}
	return nil
}

// change is a silence that is to be reported, or its end.
type change struct {
	store.Heard // as it was
	after       time.Duration
}

// changes finds who has fallen silent, and who is heard again or may be silent
// for longer by now.
func changes(all []store.Heard, limits []Limit, now time.Time) []change {
	by := make(map[string]Limit)
	for _, l := range limits {
		by[l.Source] = l
	}
	var out []change
	for _, h := range all {
		after := by[h.Source].After
		if h.Tenant != "" {
			after = by[h.Source].Tenants
		}
		if silent := after > 0 && now.Sub(h.At) > after; silent != h.Silent {
			out = append(out, change{h, after})
		}
	}
	return out
}

// body is the report, in the form of a generic source.
func body(c change) []byte {
	title, means := fmt.Sprintf("Source %s is silent", c.Source), "Alerts of this source may be lost on their way to halert."
	id := c.Source
	if c.Tenant != "" {
		title, id = fmt.Sprintf("Tenant %s is silent in source %s", c.Tenant, c.Source), c.Source+"/"+c.Tenant
		means = "The tenant may have been removed at the sender, or nobody looks after its alerts any more."
	}
	report := map[string]string{
		"tenant": Tenant, "title": title, "severity": "error", "kind": "silence/" + id, "id": id, "status": "firing",
		"message": fmt.Sprintf("Nothing was heard since %s; the limit is %s. %s", c.At.UTC().Format("2 January 2006 15:04 MST"), c.after, means),
	}
	if c.Silent {
		report["status"] = "resolved"
	}
	b, err := json.Marshal(report)
	if err != nil {
		panic(err) // a map of strings
	}
	return b
}
