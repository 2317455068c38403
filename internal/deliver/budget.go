package deliver

import (
	"context"
	"time"

	"github.com/halert/halert/internal/store"
)

// budget counts every request to one Halo, token requests among them, under
// a rolling window that all nodes share.
type budget struct {
	store  *store.Store
	now    func() time.Time
	limit  int
	window time.Duration
}

// newBudget widens the window a little: Halo counts a call when it arrives,
// which may be later than when we counted it, and it must not see more calls
// in its window than we see in ours.
func newBudget(s *store.Store, now func() time.Time, limit int, window time.Duration) budget {
	return budget{store: s, now: now, limit: limit, window: window + min(window/20, 2*time.Second)}
}

// wait takes a place in the window, and waits until there is one. Work whose
// lease is over gets none: it is somebody else's.
func (b budget) wait(ctx context.Context) error {
	for {
		at, err := b.store.TakeCall(ctx, b.limit, b.window, b.now())
		if err == nil && leaseOver(ctx, b.now()) {
			return store.ErrLost
		}
		if err != nil || at.IsZero() {
			return err
		}
		if err := sleep(ctx, at.Sub(b.now())); err != nil {
			return err
		}
	}
}

// fill takes the window as full until a time.
func (b budget) fill(ctx context.Context, until time.Time) error {
	return b.store.FillWindow(ctx, until, b.now())
}

// free returns the time from which there is a place: zero for now.
func (b budget) free(ctx context.Context) (time.Time, error) {
	return b.store.NextCall(ctx, b.limit, b.window, b.now())
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

// Wait takes a place in the configured Halo's rate budget, for calls that are
// made by others: the connection test.
func (d *Deliverer) Wait(ctx context.Context) error {
	tg := d.target.Load()
	if tg == nil {
		return nil
	}
	return tg.budget.wait(ctx)
}
