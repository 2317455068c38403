// Package deliver brings Halo in line with what the ticket rows say. It takes
// the most urgent due ticket, looks what Halo shows and what it should show,
// and makes the call that is missing: create, note, close. Every create
// carries the ticket's reference, and its beginning is recorded first, so
// that a lost answer leads to a look-up and never to a second ticket. All
// calls share one rate budget and one gate, which closes while Halo is down.
package deliver

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/halert/halert/internal/halo"
	"github.com/halert/halert/internal/haloname"
	"github.com/halert/halert/internal/render"
	"github.com/halert/halert/internal/store"
)

// Settings say how tickets are made.
type Settings struct {
	TicketType    int
	Priority      *int // nil: Halo's default
	RequestSource *int // nil: none is sent
	NoteOutcome   int
	ClosedStatus  *int // nil: tickets are never closed by us
	LinkAssets    bool // tickets are linked to the assets of the devices that they name
	AdoptCIPP     bool // open tickets that CIPP made itself are taken over
	// SnoozeLink is the address of a ticket's snooze page; nil: there is none.
	SnoozeLink func(ticketID string) string
	RateLimit  int
	RateWindow time.Duration
	Templates  map[string]*render.Templates // by the names that plans use; nil: halert's own texts
}

// target is one configured Halo with its settings.
type target struct {
	halo     *halo.Client
	settings Settings
	budget   budget
	names    *haloname.Book
	assets   memory[asset]
	told     toldOnce
	contacts memory[contact]
}

// Metrics are told of what happens. Any may be nil.
type Metrics struct {
	Call      func(call store.Call, class string)     // a changing call ended; class is empty if it went well
	Delivered func(waited time.Duration, create bool) // Halo shows a report; how long that took
	// TemplateFailed tells that a ticket has halert's own text because the
	// template of that name is not configured any more, or failed.
	TemplateFailed func(name string)
}

// Options are what a Deliverer needs.
type Options struct {
	Store *store.Store
	Log   *slog.Logger
	Now   func() time.Time
	Owner string // names this process in leases; unique
	// Uptime counts on while the time of day jumps, so that jumps are noticed.
	// Nil: Now never jumps.
	Uptime  func() time.Duration
	Metrics Metrics
}

// Deliverer works on the due tickets of one store.
type Deliverer struct {
	store   *store.Store
	log     *slog.Logger
	now     func() time.Time
	clock   clock
	owner   string
	metrics Metrics
	target  atomic.Pointer[target]
	gate    gate
	failed  failedTemplates
	nudge   chan struct{}
}

const (
	workers  = 4                // tickets worked on at once
	lease    = 15 * time.Second // after which another node takes a ticket over
	idle     = 5 * time.Second  // how often to look without being nudged
	pause    = time.Second      // after a failure of the database
	maxShown = 50               // findings in a ticket or note
)

// New makes a deliverer. It does nothing before Configure and Run.
func New(o Options) *Deliverer {
	return &Deliverer{store: o.Store, log: o.Log, now: o.Now, clock: clock{now: o.Now, uptime: o.Uptime}, owner: o.Owner, metrics: o.Metrics, nudge: make(chan struct{}, 1)}
}

// Configure sets the Halo to deliver to. The client must not be used by
// anybody else: its calls are put under the budget. What waited for the old
// settings is tried again.
func (d *Deliverer) Configure(ctx context.Context, h *halo.Client, s Settings) error {
	b := newBudget(d.store, d.now, s.RateLimit, s.RateWindow)
	h.Wait = b.wait
	d.target.Store(&target{halo: h, settings: s, budget: b, names: haloname.New(h, d.now)})
	d.gate.reset()
	err := d.store.Wake(ctx, troubleClasses(), d.now())
	d.Nudge()
	return err
}

// Nudge says that there may be work.
func (d *Deliverer) Nudge() {
	select {
	case d.nudge <- struct{}{}:
	default:
	}
}

// Trouble returns why nothing is delivered now, or nil.
func (d *Deliverer) Trouble() *Trouble { return d.gate.trouble() }

// LastGood returns when Halo last did what this process asked. It is zero
// before the first time, and after Configure.
func (d *Deliverer) LastGood() time.Time {
	d.gate.mu.Lock()
	defer d.gate.mu.Unlock()
	return d.gate.lastGood
}

// Run works until the context ends, and returns when all workers have: a call
// that is under way is finished, unless hard ends first.
func (d *Deliverer) Run(ctx, hard context.Context) {
	var wg sync.WaitGroup
	defer wg.Wait()
	slots := make(chan struct{}, workers)
	for ctx.Err() == nil {
		wait, err := d.dispatch(ctx, hard, slots, &wg)
		if err != nil && ctx.Err() == nil {
			d.log.Error("no delivery could be claimed; trying again", "error", err)
			wait = pause
		}
		if wait <= 0 {
			continue
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-d.nudge:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// dispatch starts the work on one ticket if it may, and returns how long to
// wait before the next look: nothing if there may be more.
func (d *Deliverer) dispatch(ctx, hard context.Context, slots chan struct{}, wg *sync.WaitGroup) (time.Duration, error) {
	tg := d.target.Load()
	if tg == nil {
		return idle, nil
	}
	if err := d.watchClock(ctx); err != nil {
		return 0, err
	}
	if wait := d.clock.rest(); wait > 0 {
		return min(wait, idle), nil
	}
	from, probe := d.gate.admit()
	if wait := from.Sub(d.now()); wait > 0 {
		return min(wait, idle), nil
	}
	if probe && len(slots) > 0 || len(slots) == workers {
		return idle, nil // a worker that ends nudges
	}
	free, err := tg.budget.free(ctx)
	if err != nil {
		return 0, err
	}
	if wait := free.Sub(d.now()); wait > 0 {
		return min(wait, idle), nil
	}
	now := d.now()
	t, err := d.store.Claim(ctx, d.owner, now, now.Add(lease))
	if err != nil {
		return 0, err
	}
	if t == nil {
		return d.untilDue(ctx)
	}
	slots <- struct{}{}
	wg.Go(func() {
		defer func() { <-slots; d.Nudge() }()
		d.work(hard, ctx, tg, *t)
	})
	return 0, nil
}

// watchClock notices jumps of the time of day. Whoever is about to believe a
// lease or a look-up in vain asks for it first.
func (d *Deliverer) watchClock(ctx context.Context) error {
	by := d.clock.look()
	if by == 0 {
		return nil
	}
	d.log.Warn("the time of day jumped; deliveries go on in a moment, and what is in doubt is looked at for longer", "by", by.Round(time.Millisecond).String())
	d.gate.reset() // its times are of the old day
	return d.store.Wake(ctx, troubleClasses(), d.now())
}

// untilDue is the time until the next delivery falls due.
func (d *Deliverer) untilDue(ctx context.Context) (time.Duration, error) {
	at, err := d.store.NextDue(ctx)
	if err != nil || at.IsZero() {
		return idle, err
	}
	// A ticket that is due but cannot be claimed waits for another create:
	// whoever ends that one nudges.
	return min(idle, max(at.Sub(d.now()), 200*time.Millisecond)), nil
}

// work keeps the lease while it brings one ticket in line. stop ends the work
// between two calls, hard ends it at once.
func (d *Deliverer) work(hard, stop context.Context, tg *target, t store.Ticket) {
	held := &leaseClock{}
	held.until.Store(d.now().Add(lease).UnixMilli())
	ctx, cancel := context.WithCancelCause(context.WithValue(hard, leaseKey{}, held))
	defer cancel(nil)
	renewed := make(chan struct{})
	go func() {
		defer close(renewed)
		d.keepLease(ctx, t.ID, held, cancel)
	}()
	defer func() { cancel(nil); <-renewed }()

	j := &job{d: d, target: tg, ticket: t, log: d.log.With("ticket", t.ID, "reference", t.Reference)}
	err := j.run(ctx, stop)
	switch {
	case err == nil:
	case errors.Is(err, store.ErrLost):
		j.log.Warn("the ticket's lease went to another process, which goes on with it", "error", err)
	case ctx.Err() != nil:
		j.log.Info("work on the ticket was interrupted; it goes on at the next start")
		d.yield(t.ID)
	default:
		j.log.Error("the outcome of a delivery could not be stored; it is looked up when it can be", "error", err)
		cancel(nil)
		d.yieldWhenPossible(stop, t.ID)
	}
}

// yieldWhenPossible gives a lease back as soon as the database can be written
// to again, so that nothing waits for its end: no other ticket is created
// until then.
func (d *Deliverer) yieldWhenPossible(ctx context.Context, id string) {
	for end := d.now().Add(lease); d.now().Before(end); {
		if sleep(ctx, pause/2) != nil {
			return
		}
		if err := d.store.Yield(ctx, id, d.owner); err == nil || errors.Is(err, store.ErrLost) {
			return
		}
	}
}

// yield gives a lease back at shutdown, so that nobody waits for its end.
func (d *Deliverer) yield(id string) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if err := d.store.Yield(ctx, id, d.owner); err != nil && !errors.Is(err, store.ErrLost) {
		d.log.Warn("a lease could not be given back; it ends by itself", "ticket", id, "error", err)
	}
}

// leaseClock says until when a ticket is ours. It travels with the context,
// so that it is looked at before every request: a process that was stopped for
// longer than its lease must not go on with a call that another one has made
// in the meantime.
type leaseClock struct{ until atomic.Int64 } // unix milliseconds

type leaseKey struct{}

// leaseOver tells that the work under ctx has lost its lease by now.
func leaseOver(ctx context.Context, now time.Time) bool {
	held, ok := ctx.Value(leaseKey{}).(*leaseClock)
	return ok && now.UnixMilli() >= held.until.Load()
}

// keepLease renews the lease until the context ends. If it cannot, the work
// is stopped before another node may take the ticket over.
func (d *Deliverer) keepLease(ctx context.Context, id string, held *leaseClock, stop context.CancelCauseFunc) {
	for sleep(ctx, lease/4) == nil {
		now := d.now()
		err := d.renew(ctx, id, now.Add(lease))
		switch {
		case err == nil:
			held.until.Store(now.Add(lease).UnixMilli())
		case errors.Is(err, store.ErrLost) || leaseOver(ctx, now.Add(lease/4)):
			stop(store.ErrLost)
			return
		}
	}
}

// renew does not wait for the database for longer than the lease allows.
func (d *Deliverer) renew(ctx context.Context, id string, until time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, lease/4)
	defer cancel()
	return d.store.Renew(ctx, id, d.owner, until)
}

// troubleClasses are the classes of failures that pass for all tickets at once.
func troubleClasses() []string {
	return []string{
		string(halo.ClassNetwork), string(halo.ClassServer), string(halo.ClassUnreadable), string(halo.ClassRateLimited),
		string(halo.ClassUnauthorised), string(halo.ClassCredentials), string(halo.ClassForbidden),
	}
}
