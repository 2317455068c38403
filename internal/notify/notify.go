// Package notify tells people by mail and webhook that tickets do not get
// through: the one trouble that Halo cannot show. What is to be told is the
// pure function [Decide]; what was told is kept in the database, so that
// neither a restart nor a second process tells it again. A message is sent at
// least once by each way, and tried for a day. Only trouble with the database
// itself is kept in memory, by each process for itself.
package notify

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/halert/halert/internal/deliver"
	"github.com/halert/halert/internal/store"
)

// Settings say by which ways messages go.
type Settings struct {
	Email      *Email   // nil: no mail
	Webhook    *Webhook // nil: no webhook
	StuckAfter time.Duration
}

// Options are what a Notifier needs.
type Options struct {
	Store    *store.Store
	Log      *slog.Logger
	Now      func() time.Time
	Node     string                  // names this process; unique
	Trouble  func() *deliver.Trouble // why nothing is delivered now, or nil
	LastGood func() time.Time        // when Halo last did what this process asked; zero: not yet
	Count    func(channel, result string)
	TLS      *tls.Config // for mail and webhook; nil: the system's
}

// Notifier looks at what goes wrong and tells of it.
type Notifier struct {
	Options
	started  time.Time
	settings atomic.Pointer[Settings]
	shared   *ledger // in the database
	own      *ledger // in memory, for trouble with the database

	mu      sync.Mutex
	failing map[string]bool // ways whose failure has been logged
}

const (
	timeout = 20 * time.Second // of sending one message by one way
	grace   = time.Minute      // after the start, before stuck deliveries are told of
	named   = 5                // of what is parked or in quarantine, how many a message names
)

// setting is the name under which the state stands in the store.
const setting = "notify/state"

// New makes a notifier. It does nothing before Configure and Run.
func New(o Options) *Notifier {
	return &Notifier{Options: o, started: o.Now(), failing: make(map[string]bool),
		shared: &ledger{store: o.Store, now: o.Now}, own: &ledger{now: o.Now}}
}

// Configure sets by which ways messages go from now on.
func (n *Notifier) Configure(s Settings) { n.settings.Store(&s) }

// Run does a round each time that every has passed, until the context ends.
func (n *Notifier) Run(ctx context.Context, every time.Duration) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		n.Round(ctx)
	}
}

// Round looks once, decides what is to be told, and sends what waits.
func (n *Notifier) Round(ctx context.Context) {
	s := n.settings.Load()
	if s == nil || len(n.channels(s)) == 0 {
		return
	}
	names := make([]string, 0, 2)
	for _, c := range n.channels(s) {
		names = append(names, c.name)
	}
	err := n.look(ctx, s, names)
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		n.Log.Warn("the database does not let us see or keep what is to be told", "error", err)
	}
	_, own := n.own.update(ctx, func(st State) State {
		o := Observation{Now: n.Now(), Node: n.Node, Storage: true}
		if err != nil {
			o.StorageError = err.Error()
		}
		return Decide(o, st, names)
	})
	if own != nil {
		n.Log.Error("what is to be told of the database could not be kept", "error", own)
	}
	n.send(ctx, s, err == nil)
}

// look observes all but the database itself, and keeps what follows from it.
// Its error is the database's.
func (n *Notifier) look(ctx context.Context, s *Settings, names []string) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if err := n.Store.Ping(ctx, n.Now()); err != nil {
		return err
	}
	st, err := n.shared.read(ctx)
	if err != nil {
		return err
	}
	o, err := n.observe(ctx, s, st)
	if err != nil {
		return err
	}
	_, err = n.shared.update(ctx, func(st State) State { return Decide(o, st, names) })
	return err
}

func (n *Notifier) observe(ctx context.Context, s *Settings, st State) (Observation, error) {
	now := n.Now()
	o := Observation{Now: now, Node: n.Node, StuckAfter: s.StuckAfter, LastGood: n.LastGood(), Trouble: n.Trouble(),
		Settling: now.Sub(n.started) < min(grace, s.StuckAfter)}
	backlog, err1 := n.Store.Backlog(ctx)
	parked, err2 := n.Store.Parked(ctx, st.Kinds[Discarded].Mark, named)
	quarantined, err3 := n.Store.Quarantined(ctx, st.Kinds[Quarantined].Mark, named)
	stats, err4 := n.Store.Stats(ctx, now)
	o.Backlog, o.Parked, o.Quarantined, o.Pending, o.OldestPending = backlog, parked, quarantined, stats.PendingEvents, stats.OldestPending
	return o, errors.Join(err1, err2, err3, err4)
}

// send sends what waits, by all ways at once, so that one that hangs does not
// stop the others. What waits in the database is left alone while that fails.
func (n *Notifier) send(ctx context.Context, s *Settings, shared bool) {
	var wg sync.WaitGroup
	defer wg.Wait()
	for _, c := range n.channels(s) {
		wg.Go(func() {
			n.drain(ctx, n.own, c)
			if shared {
				n.drain(ctx, n.shared, c)
			}
		})
	}
}

// drain sends the messages that are due by one way, in their order, up to the
// first failure.
func (n *Notifier) drain(ctx context.Context, l *ledger, c channel) {
	for ctx.Err() == nil {
		m, err := l.claim(ctx, c.name)
		if err != nil {
			n.Log.Warn("the message to send could not be claimed; the next round tries again", "channel", c.name, "error", err)
		}
		if m == nil || err != nil {
			return
		}
		err = n.deliver(ctx, c, *m)
		if ctx.Err() != nil && err != nil {
			return // stopped; the claim ends by itself
		}
		if e := l.settle(context.WithoutCancel(ctx), c.name, m.ID, err == nil); e != nil {
			n.Log.Warn("a message's outcome could not be kept; it may be sent again", "channel", c.name, "kind", string(m.Kind), "error", e)
			return
		}
		if err != nil {
			return
		}
	}
}

// deliver sends one message by one way, and logs the first of failures in a
// row and their end.
func (n *Notifier) deliver(ctx context.Context, c channel, m Message) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	err := c.send(ctx, m)
	n.mu.Lock()
	was := n.failing[c.name]
	n.failing[c.name] = err != nil
	n.mu.Unlock()
	result := "sent"
	switch {
	case err != nil:
		result = "failed"
		if !was {
			n.Log.Error("people could not be told of trouble; it is tried again, and not logged again until it works", "channel", c.name, "kind", string(m.Kind), "error", err)
		}
	case was:
		n.Log.Info("people can be told again", "channel", c.name)
	}
	if n.Count != nil {
		n.Count(c.name, result)
	}
	return err
}

// Result is how a test message went by one way.
type Result struct {
	Channel string // email, webhook
	To      string // where it went, without secrets
	Err     error  // nil: it was taken
}

// Test sends a test message by each way that is configured. It is not kept
// and not tried again.
func (n *Notifier) Test(ctx context.Context) []Result {
	s := n.settings.Load()
	if s == nil {
		return nil
	}
	ways := n.channels(s)
	out := make([]Result, len(ways))
	var wg sync.WaitGroup
	for i, c := range ways {
		wg.Go(func() {
			out[i] = Result{Channel: c.name, To: c.to, Err: n.deliver(ctx, c, testMessage(n.Now()))}
		})
	}
	wg.Wait()
	return out
}
