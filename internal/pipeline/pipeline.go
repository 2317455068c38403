// Package pipeline turns accepted bodies into alerts and tickets. It takes
// pending events from the inbox in batches, parses them, finds the customer,
// decides which ticket each alert belongs on, and writes all of it in one
// transaction. From there the delivery goes on by itself: the two meet only
// in the database. The decisions are pure functions (decide.go).
package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/halert/halert/internal/alert"
	"github.com/halert/halert/internal/source"
	"github.com/halert/halert/internal/store"
)

const (
	batchSize = 200
	idle      = 2 * time.Second // how often to look without being nudged
	pause     = time.Second     // after a failure of the database
)

// Pipeline works on the inbox of one store.
type Pipeline struct {
	store    *store.Store
	log      *slog.Logger
	now      func() time.Time
	changed  func() // called when tickets may have fallen due
	settings atomic.Pointer[Settings]
	recheck  atomic.Bool // held alerts have to be looked at again
	nudge    chan struct{}
	told     map[string]bool // problems with rules, by Run alone
}

// New makes a pipeline. It does nothing before Configure and Run.
func New(s *store.Store, log *slog.Logger, now func() time.Time, changed func()) *Pipeline {
	return &Pipeline{store: s, log: log, now: now, changed: changed, nudge: make(chan struct{}, 1), told: make(map[string]bool)}
}

// Configure sets the decisions to follow from now on, and looks at held
// alerts again: their tenant may be mapped now.
func (p *Pipeline) Configure(s Settings) {
	p.settings.Store(&s)
	p.recheck.Store(true)
	p.Nudge()
}

// Nudge says that there may be work.
func (p *Pipeline) Nudge() {
	select {
	case p.nudge <- struct{}{}:
	default:
	}
}

// Run works until the context ends. Failures of the database are logged and
// tried again: the inbox is durable.
func (p *Pipeline) Run(ctx context.Context) {
	for ctx.Err() == nil {
		wait := idle
		more, err := p.step(ctx)
		switch {
		case err != nil && ctx.Err() == nil:
			p.log.Error("the inbox could not be worked on; trying again", "error", err)
			wait = pause
		case more:
			continue
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-p.nudge:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// step does one batch, and tells whether there may be more.
func (p *Pipeline) step(ctx context.Context) (bool, error) {
	s := p.settings.Load()
	if s == nil {
		return false, nil // nothing is configured: bodies wait in the inbox
	}
	if err := p.lookAgain(ctx, *s); err != nil {
		return false, err
	}
	events, err := p.store.Pending(ctx, batchSize)
	if err != nil || len(events) == 0 {
		return false, err
	}
	if err := p.process(ctx, events, *s); err != nil {
		return false, err
	}
	p.changed()
	return true, nil
}

func (p *Pipeline) process(ctx context.Context, events []store.Event, s Settings) error {
	messages := make([]alert.Message, len(events))
	failures := make([]error, len(events))
	var pairs []alert.Tenant
	for i, e := range events {
		messages[i], failures[i] = Parse(e, s)
		pairs = append(pairs, messages[i].Tenants...)
	}
	known, err := p.learn(ctx, pairs)
	if err != nil {
		return err
	}
	now, err := p.knowledge(ctx, known)
	if err != nil {
		return err
	}
	outcomes := make([]store.Outcome, len(events))
	for i, e := range events {
		if failures[i] != nil {
			outcomes[i] = store.Outcome{EventID: e.ID, Source: e.Source, Status: store.EventQuarantined, Error: failures[i].Error()}
			p.log.Warn("a body could not be understood and is in quarantine", "event", e.ID, "source", e.Source, "error", failures[i])
			continue
		}
		var problems []error
		outcomes[i], problems = Decide(e, messages[i], s, now)
		p.tell(problems)
	}
	if err := p.store.Apply(ctx, outcomes, p.now()); err == nil || ctx.Err() != nil || errors.Is(err, store.ErrStorage) {
		return err
	}
	for _, o := range outcomes { // one of them may be at fault: each by itself, so that it stops no other
		if err := p.applyOrPark(ctx, o); err != nil {
			return err
		}
	}
	return nil
}

// applyOrPark puts an event into quarantine that cannot be applied. If not
// even that works, the database is at fault and not the event.
func (p *Pipeline) applyOrPark(ctx context.Context, o store.Outcome) error {
	err := p.store.Apply(ctx, []store.Outcome{o}, p.now())
	if err != nil && ctx.Err() == nil && !errors.Is(err, store.ErrStorage) {
		err = p.store.Apply(ctx, []store.Outcome{o}, p.now()) // it costs little to be sure
	}
	if err == nil || ctx.Err() != nil || errors.Is(err, store.ErrStorage) {
		return err
	}
	parked := store.Outcome{EventID: o.EventID, Source: o.Source, Status: store.EventQuarantined, Error: err.Error()}
	if err := p.store.Apply(ctx, []store.Outcome{parked}, p.now()); err != nil {
		return err
	}
	p.log.Error("an event could not be applied and is in quarantine; replay it when the cause is gone", "event", o.EventID, "error", err)
	return nil
}

// knowledge is what a batch is decided by.
func (p *Pipeline) knowledge(ctx context.Context, tenants alert.Aliases) (Knowledge, error) {
	now := p.now()
	active, err := p.store.ActiveSilences(ctx, now)
	if err != nil {
		return Knowledge{}, err
	}
	known, problems := NewKnowledge(now, tenants, active)
	p.tell(problems)
	return known, nil
}

// maxTold bounds how many problems are remembered; beyond it all are forgotten,
// and told of once more.
const maxTold = 1000

// tell logs what is wrong with a rule, once.
func (p *Pipeline) tell(problems []error) {
	for _, err := range problems {
		if p.told[err.Error()] {
			continue
		}
		if len(p.told) >= maxTold {
			clear(p.told)
		}
		p.told[err.Error()] = true
		p.log.Warn("a rule could not be looked at, and counts as one that does not match; mend it in the configuration", "error", err)
	}
}

// learn remembers new pairs of tenant id and domain, and returns all.
func (p *Pipeline) learn(ctx context.Context, pairs []alert.Tenant) (alert.Aliases, error) {
	known, err := p.store.Aliases(ctx)
	if err != nil {
		return nil, err
	}
	var fresh []alert.Tenant
	for _, t := range pairs {
		if t.ID == "" || t.Domain == "" || known[t.Domain] == t.ID {
			continue
		}
		known[t.Domain] = t.ID
		fresh = append(fresh, t)
	}
	if len(fresh) == 0 {
		return known, nil
	}
	p.recheck.Store(true) // a held alert's tenant may be known by its other name
	return known, p.store.Learn(ctx, fresh)
}

// lookAgain looks at alerts without a ticket: all of them after a change of
// the settings, else those whose quiet time is over.
func (p *Pipeline) lookAgain(ctx context.Context, s Settings) error {
	if p.recheck.Swap(false) {
		err := p.store.LookAgain(ctx, p.now())
		if err == nil {
			err = p.release(ctx, s)
		}
		if err != nil {
			p.recheck.Store(true)
		}
		return err
	}
	over, err := p.store.QuietOver(ctx, p.now())
	if err != nil || !over {
		return err
	}
	return p.release(ctx, s)
}

// release decides again about alerts without a ticket.
func (p *Pipeline) release(ctx context.Context, s Settings) error {
	known, err := p.store.Aliases(ctx)
	if err != nil {
		return err
	}
	now, err := p.knowledge(ctx, known)
	if err != nil {
		return err
	}
	after := ""
	for {
		held, err := p.store.Waiting(ctx, after, batchSize, p.now())
		if err != nil || len(held) == 0 {
			return err
		}
		var reports []store.Report
		for _, h := range held {
			after = h.AlertID
			r, problems := report(h.Source, h.AlertID, h.Event, s, now)
			p.tell(problems)
			r.Tenant = h.Tenant // the key under which the alert is kept
			if r.Customer != nil || r.Quiet != nil || !h.Held {
				reports = append(reports, r)
			}
		}
		if len(reports) == 0 {
			continue
		}
		if err := p.store.Release(ctx, reports, p.now()); err != nil {
			return err
		}
		p.log.Info("alerts without a ticket were looked at again", "alerts", len(reports))
		p.changed()
	}
}

// Parse reads the body of an event as its source does. It guards against a
// parser that fails on foreign bytes in a way that its author did not think
// of: that is an error like any other.
func Parse(e store.Event, s Settings) (m alert.Message, err error) {
	defer func() {
		if r := recover(); r != nil {
			m, err = alert.Message{}, fmt.Errorf("parse body of kind %s: internal error: %v", e.Kind, r)
		}
	}()
	parser, ok := s.Parsers[e.Source]
	if !ok { // the source was removed after the body came
		if parser, err = source.New(e.Kind, source.Options{}); err != nil {
			return alert.Message{}, err
		}
	}
	return parser.Parse(e.Body)
}
