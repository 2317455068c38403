package noise

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"time"

	"github.com/halert/halert/internal/api"
)

const (
	look     = 5 * time.Millisecond  // between two looks at the server
	still    = 15 * time.Millisecond // without a change: it waits for the clock
	patience = time.Minute           // for the server to do what it can

	firstStep = 2 * time.Second // of the clock, while something waits
	// lastStep is shorter than a lease, so that no work is taken from somebody
	// who had begun it just before the clock was moved.
	lastStep = 10 * time.Second
)

// settle moves the clock, but not to until, as long as something waits for
// it: a retry, a look-up, a ticket that is put off.
func (p *player) settle(ctx context.Context, until time.Time) error {
	for step := firstStep; ; step = min(step*3/2, lastStep) {
		stats, err := p.rest(ctx)
		if err != nil || waiting(stats) == 0 {
			return err
		}
		to := p.clock.Now().Add(step)
		due := stats.OldestDue
		if due == nil { // all that waits is put off by a route
			due = stats.NextDue
		}
		if due != nil && due.After(p.clock.Now()) {
			to = *due
		}
		if !to.Before(until) {
			return nil
		}
		p.clock.moveTo(to)
		if err := p.nudge(ctx); err != nil {
			return err
		}
	}
}

// rest waits until the server does nothing more at this time of the clock.
func (p *player) rest(ctx context.Context) (api.Stats, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var last api.Stats
	calls, since := -1, time.Now()
	for {
		stats, err := p.api.Stats(ctx)
		if err != nil {
			return stats, fmt.Errorf("ask the server how far it is: %w", err)
		}
		n := p.sim.Stats().Total
		if n != calls || stats.PendingEvents != last.PendingEvents || !maps.Equal(stats.Deliveries, last.Deliveries) {
			last, calls, since = stats, n, time.Now()
		}
		busy := stats.PendingEvents > 0 || stats.Deliveries["running"] > 0
		later := stats.OldestDue != nil && stats.OldestDue.After(p.clock.Now())
		quiet := waiting(stats) == 0 || later
		if !busy && (quiet && !p.unsure || time.Since(since) > still) {
			p.unsure = false
			return stats, nil
		}
		select {
		case <-ctx.Done():
			return stats, fmt.Errorf("the server did not come to rest: %d bodies pending, deliveries %v", stats.PendingEvents, stats.Deliveries)
		case <-time.After(look):
		}
	}
}

// nudge wakes the server after the clock was moved, in the way in which a Halo
// does: by telling of some ticket.
func (p *player) nudge(ctx context.Context) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, p.api.Server+"/halo/webhook/"+secret, bytes.NewReader([]byte(`{"id":2000000000}`)))
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return fmt.Errorf("nudge the server: %w", err)
	}
	if answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("nudge the server: it answers %s", answer.Status)
	}
	return errors.Join(err, answer.Body.Close())
}
