// Package noise measures how many tickets a month of alerts becomes. It plays
// a [synth.Month] through a real server, with a simulated Halo beside it and a
// clock that goes from event to event; people close tickets in the simulator
// as the month says. Then it compares the simulator's tickets, and those of
// [cippmodel], with the incidents that there truly were.
//
// A ticket is taken to be about an incident if one of the incident's words
// stands in it, so that nothing rests on what the server says of itself.
package noise

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/halert/halert/internal/api"
	"github.com/halert/halert/internal/api/client"
	"github.com/halert/halert/internal/app"
	"github.com/halert/halert/internal/config"
	"github.com/halert/halert/internal/halosim"
	"github.com/halert/halert/internal/synth"
)

const (
	token  = "noise-noise-noise-noise-noise-noise" // of a server that only this machine reaches, and not for long
	secret = "noise"
)

// Result is what became of a month.
type Result struct {
	Tickets     []Ticket
	Quarantined int // bodies that the server did not understand
	Held        int // alerts that belong to nobody
	Discarded   int // deliveries that Halo refused
	Calls       int // to Halo
}

// Play plays a month through a server whose data is in dir, and returns the
// tickets that Halo has at its end. rules are sections of its configuration,
// such as routes; they may be empty. progress may be nil.
//
// What the server does by the machine's own clock comes too late to count:
// the end of alerts that are silent, and the regular look at Halo's tickets.
func Play(ctx context.Context, m *synth.Month, rules, dir string, progress io.Writer) (_ *Result, err error) {
	p := &player{month: m, rules: rules, clock: &clock{now: m.Start}, progress: progress, words: make(map[int]wordCache)}
	if err := p.start(ctx, dir); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, p.stop()) }()
	if err := p.play(ctx); err != nil {
		return nil, err
	}
	return p.result(ctx)
}

// player is a month under way.
type player struct {
	month    *synth.Month
	rules    string
	clock    *clock
	sim      *halosim.Sim
	halo     *http.Server
	haloAddr string
	api      *client.Client
	stop     func() error
	faults   map[string]int // kind of outage to the fault that is on
	unsure   bool           // the server has work that its numbers do not show yet
	words    map[int]wordCache
	progress io.Writer
}

// start starts the simulator, and a server joined to it.
func (p *player) start(ctx context.Context, dir string) error {
	p.faults = make(map[string]int)
	p.sim = halosim.New(halosim.Options{Seed: seed(p.month), Now: p.clock.Now})
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listen for the simulator: %w", err)
	}
	p.halo, p.haloAddr = &http.Server{Handler: p.sim, ReadHeaderTimeout: 10 * time.Second}, l.Addr().String()
	go p.halo.Serve(l) //nolint:errcheck // it ends with Close
	file := filepath.Join(dir, "halert.yaml")
	if err := os.WriteFile(file, p.configuration(), 0o600); err != nil {
		return errors.Join(fmt.Errorf("write the configuration: %w", err), p.halo.Close())
	}
	a, err := app.New(ctx, app.Options{
		Listen: "127.0.0.1:0", DataDir: filepath.Join(dir, "data"), ApplyFile: file, APIToken: token,
		Lookup: config.Lookup{}, Log: slog.New(slog.DiscardHandler), Now: p.clock.Now,
	})
	if err != nil {
		return errors.Join(err, p.halo.Close())
	}
	p.api = &client.Client{Server: "http://" + a.Addr(), Token: token}
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	p.stop = func() error { cancel(); return errors.Join(<-ended, p.halo.Close()) }
	return nil
}

// seed is a Halo with the clients of the month, and a team that routes may
// name.
func seed(m *synth.Month) halosim.Seed {
	s := halosim.DefaultSeed()
	s.Teams = append(s.Teams, halosim.Team{ID: 50, Name: "Security"})
	for i, t := range m.Tenants {
		s.Clients = append(s.Clients, halosim.Client{ID: t.Client, Name: t.Name, Sites: []halosim.Site{{
			ID: 20_000 + i, Name: "Main", Users: []halosim.User{{ID: 40_000 + i, Name: "General User"}}}}})
	}
	return s
}

// configuration joins the server to the simulator, with the customers that are
// mapped by now, and the rules. All else is as it comes; the rate limit is out of the way,
// because a clock that stands still would not let it pass.
func (p *player) configuration() []byte {
	var b strings.Builder
	fmt.Fprintf(&b, `halo:
  resource_url: http://%[1]s/api
  auth_url: http://%[1]s/auth
  tenant: demo
  client_id: demo
  client_secret: demo
  ticket_type: 21
  closed_status: 9
  rate_limit: 100000/5m
  webhook_secret: %[2]s
unmapped: hold
sources:
  - {name: cipp, kind: cipp, secret: %[2]s}
  - {name: alertmanager, kind: alertmanager, secret: %[2]s}
customers:
`, p.haloAddr, secret)
	for _, t := range p.month.Tenants {
		if !t.Mapped.After(p.clock.Now()) {
			fmt.Fprintf(&b, "  - {client: %d, name: %q, tenants: [%s, %s]}\n", t.Client, t.Name, t.ID, t.Domain)
		}
	}
	b.WriteString(p.rules)
	return []byte(b.String())
}

// event is something that happens at a time.
type event struct {
	at time.Time
	do func(ctx context.Context) error
}

// events are all events of the month in their order.
func (p *player) events() []event {
	var all []event
	for _, o := range p.month.Outages {
		if o.Kind != synth.OutageSender {
			all = append(all, event{o.From, func(context.Context) error { return p.breakHalo(o.Kind) }},
				event{o.Until, func(context.Context) error { p.sim.Remove(p.faults[o.Kind]); return nil }})
		}
	}
	for _, t := range p.month.Tenants {
		if t.Mapped.After(p.month.Start) {
			all = append(all, event{t.Mapped, p.apply})
		}
	}
	for _, c := range p.month.Closings {
		all = append(all, event{c.At, func(context.Context) error { return p.closeTickets(c) }})
	}
	for _, b := range p.month.Bodies {
		all = append(all, event{b.At, func(ctx context.Context) error {
			if _, err := p.api.Send(ctx, b.Source, secret, b.JSON); err != nil {
				return fmt.Errorf("send %s: %w", b.Name, err)
			}
			return nil
		}})
	}
	slices.SortStableFunc(all, func(a, b event) int { return a.at.Compare(b.at) })
	return all
}

// play lets the events happen. After those of one time it waits until the
// server has done what it can do then: a clock that is moved while a call is
// under way would take the call's lease from it.
func (p *player) play(ctx context.Context) error {
	events := p.events()
	shown := p.month.Start
	for i, e := range events {
		p.clock.moveTo(e.at)
		if err := e.do(ctx); err != nil {
			return fmt.Errorf("at %s: %w", e.at.Format(time.RFC3339), err)
		}
		next := p.month.End
		if i+1 < len(events) {
			next = events[i+1].at
		}
		if next.Equal(e.at) {
			continue
		}
		if err := p.settle(ctx, next); err != nil {
			return fmt.Errorf("after %s: %w", e.at.Format(time.RFC3339), err)
		}
		if p.progress != nil && e.at.Sub(shown) >= 24*time.Hour {
			shown = e.at
			fmt.Fprintf(p.progress, "%s  %d calls to Halo\n", e.at.Format(time.DateOnly), p.sim.Stats().Total)
		}
	}
	p.clock.moveTo(p.month.End)
	return p.settle(ctx, p.month.End.Add(time.Hour))
}

func (p *player) breakHalo(kind string) error {
	p.sim.RemoveAll()
	fault := halosim.Fault{Kind: halosim.KindOutage}
	if kind == synth.OutageAnswers {
		if _, err := p.sim.Inject(halosim.Fault{Kind: halosim.KindCreatedDropped, Operation: halosim.OpNote}); err != nil {
			return err
		}
		fault = halosim.Fault{Kind: halosim.KindCreatedDropped, Operation: halosim.OpCreate}
	}
	id, err := p.sim.Inject(fault)
	p.faults[kind] = id
	return err
}

// apply tells the server of the customers that are mapped by now. What was
// held for them is looked at again a little later.
func (p *player) apply(ctx context.Context) error {
	p.unsure = true
	_, err := p.api.Apply(ctx, "halert.yaml", p.configuration(), false)
	return err
}

// closeTickets is a technician who closes what is open about an incident.
func (p *player) closeTickets(c synth.Closing) error {
	in := p.month.Incidents[c.Incident]
	if in.Client == 0 {
		return nil
	}
	for _, t := range p.sim.Tickets() {
		if t.ClientID != in.Client || t.Closed || !p.wordsOf(t).any(in.Words) {
			continue
		}
		if err := p.sim.CloseTicket(t.ID); err != nil {
			return err
		}
	}
	return nil
}

// result reads what there is at the end.
func (p *player) result(ctx context.Context) (*Result, error) {
	stats, err := p.api.Stats(ctx)
	if err != nil {
		return nil, err
	}
	r := &Result{Quarantined: stats.QuarantinedEvents, Held: stats.HeldAlerts, Discarded: stats.Deliveries["discarded"], Calls: p.sim.Stats().Total}
	// A note that a rule puts off may go after the month.
	if left := waiting(stats) - stats.Deliveries["scheduled"]; left > 0 || stats.PendingEvents > 0 {
		return nil, fmt.Errorf("at the end %d bodies and %d deliveries wait still", stats.PendingEvents, left)
	}
	r.Tickets = attribute(p.month, p.sim.Tickets(), p.wordsOf)
	return r, nil
}

// waiting counts the deliveries that are not at their end.
func waiting(s api.Stats) int {
	return s.Deliveries["available"] + s.Deliveries["pending"] + s.Deliveries["running"] + s.Deliveries["retryable"] + s.Deliveries["scheduled"]
}
