package app

import (
	"context"
	"time"
)

const (
	firstUpkeep = time.Minute // after the start, when what waited has been worked on
	upkeepEvery = time.Hour
	upkeepPause = 100 * time.Millisecond // between two steps, in which others write

	silenceEvery = time.Minute
	silenceRows  = 100 // resolved by one step
)

// silence resolves alerts that nobody reports any more, where their plans say
// so.
func (a *App) silence(ctx context.Context) {
	wait := silenceEvery
	for sleep(ctx, wait) {
		n, err := a.store.ResolveSilent(ctx, a.opts.Now(), silenceRows)
		if err != nil && ctx.Err() == nil {
			a.opts.Log.Error("silent alerts could not be resolved; trying again in a minute", "error", err)
		}
		if n > 0 {
			a.opts.Log.Info("alerts were resolved that are not reported any more", "alerts", n)
			a.settings.deliver.Nudge()
		}
		if wait = silenceEvery; n == silenceRows {
			wait = upkeepPause
		}
	}
}

// upkeep deletes what is over and old enough, a little at a time.
func (a *App) upkeep(ctx context.Context) {
	for wait := firstUpkeep; sleep(ctx, wait); wait = upkeepEvery {
		keep := a.settings.keep.Load()
		if keep == nil {
			continue // nothing is configured yet
		}
		sweep := a.store.NewSweep(*keep, a.opts.Now())
		for more := true; more && sleep(ctx, upkeepPause); {
			var err error
			if more, err = sweep.Step(ctx); err != nil && ctx.Err() == nil {
				a.opts.Log.Error("old data could not be deleted; trying again in an hour", "error", err)
				break
			}
		}
	}
}

// sleep waits, and tells whether the context still lives.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
