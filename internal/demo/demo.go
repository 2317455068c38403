// Package demo shows the whole way in one process: a simulated HaloPSA, a
// server joined to it, and a stream of what CIPP sends. Nothing else is
// needed. It is also the shortest test that everything fits together.
package demo

import (
	"cmp"
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/halert/halert/internal/api"
	"github.com/halert/halert/internal/api/client"
	"github.com/halert/halert/internal/app"
	"github.com/halert/halert/internal/config"
	"github.com/halert/halert/internal/halosim"
)

//go:embed payloads
var payloads embed.FS

// Options say how the demo is to run.
type Options struct {
	Once    bool          // play the samples, wait until they are tickets, print those, end
	Pause   time.Duration // between two payloads
	Version string
	Log     *slog.Logger
}

const (
	token  = "demo-demo-demo-demo-demo-demo-demo-demo" // of a server that only this machine reaches, and not for long
	hook   = "demo"
	desk   = 2 // Halo's id of the MSP's own client
	within = time.Minute
)

// configuration joins the server to the simulator. What names no tenant goes
// to the MSP's own client.
const configuration = `
halo:
  resource_url: http://%[1]s/api
  auth_url: http://%[1]s/auth
  tenant: demo
  client_id: demo
  client_secret: demo
  ticket_type: 21
  priority: 3
  closed_status: 9
  rate_limit: 700/5m
unmapped: {client: 2}
customers:
  - {client: 2, name: Our own service desk, tenants: []}
  - {client: 12, name: Acme Dental, tenants: [0c6e8d92-1b7f-4a35-9e84-d5f2a6c03b17, acmedental.onmicrosoft.com]}
  - {client: 14, site: 31, name: Northwind Traders, tenants: [northwind.onmicrosoft.com]}
  - {client: 15, name: Contoso, tenants: [contoso.onmicrosoft.com, 5b7c1f0e-2f0c-4d8e-9a6b-0d3c2f1e4a55]}
  - {client: 16, name: Fabrikam, tenants: [fabrikam.onmicrosoft.com]}
sources:
  - {name: cipp, kind: cipp, secret: demo, url: "https://cipp.msp.example"}
`

// Run runs the demo until the context ends, or with Once until every sample
// is a ticket. The tickets go to out, addresses and progress to progress.
func Run(ctx context.Context, o Options, out, progress io.Writer) error {
	dir, err := os.MkdirTemp("", "halert-demo-")
	if err != nil {
		return fmt.Errorf("make a folder for the demo: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()

	seed := halosim.DefaultSeed()
	seed.Clients = append(seed.Clients, ownClient())
	sim, err := serveSim(ctx, halosim.New(halosim.Options{Seed: seed}))
	if err != nil {
		return err
	}
	defer func() { _ = sim.Close() }()

	server, err := start(ctx, dir, sim.addr, o)
	if err != nil {
		return err
	}
	fmt.Fprintf(progress, "Halo simulator   http://%s/   (look at the tickets here)\n", sim.addr)
	fmt.Fprintf(progress, "halert           http://%s/\n", server.addr)
	fmt.Fprintf(progress, "                 HALERT_SERVER=http://%s HALERT_API_TOKEN=%s\n\n", server.addr, token)

	p := player{server: "http://" + server.addr, progress: progress, pause: o.Pause}
	err = p.play(ctx, o.Once)
	if err == nil && o.Once {
		err = p.printTickets(ctx, out)
	}
	return errors.Join(err, server.stop())
}

func ownClient() halosim.Client {
	return halosim.Client{ID: desk, Name: "Our own service desk", Sites: []halosim.Site{{ID: 2, Name: "Main", Users: []halosim.User{{ID: 2, Name: "General User"}}}}}
}

// simServer is the simulator on a free port.
type simServer struct {
	*http.Server
	addr string
}

func serveSim(ctx context.Context, h http.Handler) (*simServer, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for the simulator: %w", err)
	}
	s := &simServer{Server: &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}, addr: l.Addr().String()}
	go s.Serve(l) //nolint:errcheck // it ends with Close
	return s, nil
}

// running is a started server.
type running struct {
	addr string
	stop func() error
}

func start(ctx context.Context, dir, simAddr string, o Options) (*running, error) {
	file := filepath.Join(dir, "halert.yaml")
	if err := os.WriteFile(file, fmt.Appendf(nil, configuration, simAddr), 0o600); err != nil {
		return nil, fmt.Errorf("write the demo's configuration: %w", err)
	}
	a, err := app.New(ctx, app.Options{
		Listen: "127.0.0.1:0", DataDir: filepath.Join(dir, "data"), ApplyFile: file, APIToken: token,
		Version: o.Version, Lookup: config.Lookup{}, Log: o.Log,
	})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	return &running{addr: a.Addr(), stop: func() error { cancel(); return <-ended }}, nil
}

// player sends the samples as CIPP would, and follows them.
type player struct {
	server   string
	progress io.Writer
	pause    time.Duration
	events   []string
}

func (p *player) play(ctx context.Context, once bool) error {
	names, err := fs.Glob(payloads, "payloads/*.json")
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := p.post(ctx, name); err != nil {
			return err
		}
		if err := sleep(ctx, p.pause); err != nil {
			return ignoreEnd(err, once)
		}
	}
	if once {
		return nil
	}
	fmt.Fprintln(p.progress, "\nThat was all. The server runs on; end it with Ctrl-C.")
	<-ctx.Done()
	return nil
}

// ignoreEnd makes the end of an endless demo no error.
func ignoreEnd(err error, once bool) error {
	if once {
		return err
	}
	return nil
}

func (p *player) post(ctx context.Context, name string) error {
	body, err := payloads.ReadFile(name)
	if err != nil {
		return err
	}
	c := &client.Client{Server: p.server}
	id, err := c.Send(ctx, "cipp", hook, body)
	if err != nil {
		return fmt.Errorf("send %s: %w", filepath.Base(name), err)
	}
	p.events = append(p.events, id)
	fmt.Fprintf(p.progress, "CIPP sends %-36s event %s\n", strings.TrimSuffix(filepath.Base(name), ".json"), id)
	return nil
}

// printTickets waits until Halo shows every report, and prints the tickets.
func (p *player) printTickets(ctx context.Context, out io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	c := &client.Client{Server: p.server, Token: token}
	tickets := make(map[string]api.Ticket)
	for _, id := range p.events {
		if err := p.follow(ctx, c, id, tickets); err != nil {
			return fmt.Errorf("event %s did not become a ticket: %w", id, err)
		}
	}
	rows := make([]api.Ticket, 0, len(tickets))
	for _, t := range tickets {
		rows = append(rows, t)
	}
	slices.SortFunc(rows, func(a, b api.Ticket) int { return cmp.Compare(*a.HaloID, *b.HaloID) })
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, t := range rows {
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%s\n", *t.HaloID, t.Severity, t.Customer, t.Title, t.User, t.Reference)
	}
	return w.Flush()
}

// follow waits until all deliveries of an event are completed.
func (p *player) follow(ctx context.Context, c *client.Client, id string, tickets map[string]api.Ticket) error {
	for {
		e, err := c.Event(ctx, id)
		if err != nil {
			return err
		}
		done := e.Status == "processed"
		for _, d := range e.Deliveries {
			done = done && d.State == "completed"
			if d.State == "discarded" {
				return fmt.Errorf("delivery %s was refused: %s", d.ID, d.Error)
			}
		}
		for _, a := range e.Alerts {
			if a.Held {
				return fmt.Errorf("alert %s is held: %s", a.ID, a.HeldReason)
			}
		}
		if done {
			for _, t := range e.Tickets {
				tickets[t.ID] = t
			}
			return nil
		}
		if e.Status == "quarantined" {
			return errors.New(e.Error)
		}
		if err := sleep(ctx, 50*time.Millisecond); err != nil {
			return err
		}
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
