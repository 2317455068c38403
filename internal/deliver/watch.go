package deliver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/halert/halert/internal/halo"
	"github.com/halert/halert/internal/store"
)

const (
	// watchEvery is the least time between two looks at what changed in Halo,
	// over all nodes: one call each. None is made so soon after the start.
	watchEvery = 5 * time.Minute
	// watchTick is how often it is weighed whether to look.
	watchTick = 30 * time.Second
	// watchOverlap is looked at twice: clocks differ, and lists lag behind [G].
	watchOverlap = 5 * time.Minute
	// echo is how long after our own call a change is taken for ours.
	echo = time.Minute
)

const settingWatch = "halo/watch"

// watched is when Halo was last looked at. Deleted tickets are in no list but
// their own, so that every other look is for them.
type watched struct {
	Halo    string    `json:"halo"`
	At      time.Time `json:"at"`
	Changed time.Time `json:"changed"` // up to when changes were seen
	Deleted time.Time `json:"deleted"` // likewise deletions
}

// Watch asks Halo now and then for the tickets that changed, so that what
// people close, open again, merge and delete there is noticed also where no
// webhook tells. It returns when the context ends.
func (d *Deliverer) Watch(ctx context.Context) {
	first := d.now().Add(watchEvery)
	for sleep(ctx, watchTick) == nil {
		if d.now().Before(first) {
			continue
		}
		if err := d.lookAround(ctx); err != nil && ctx.Err() == nil {
			d.log.Warn("it could not be looked up what changed in Halo; the next look shows it", "error", err)
		}
	}
}

// lookAround makes one look if it is time, and worth a call.
func (d *Deliverer) lookAround(ctx context.Context) error {
	tg := d.target.Load()
	if tg == nil || d.gate.trouble() != nil {
		return nil
	}
	if free, err := d.spare(ctx, tg); err != nil || !free {
		return err
	}
	q, mine, err := d.turn(ctx, tg.halo.ResourceURL)
	if err != nil || !mine {
		return err
	}
	rows, err := listed(ctx, tg.halo, q)
	if err != nil {
		return err
	}
	changed, err := d.changedThere(ctx, rows, q.Deleted)
	if err != nil || len(changed) == 0 {
		return err
	}
	if err := d.store.Hint(ctx, changed, d.now()); err != nil {
		return err
	}
	d.Nudge()
	return nil
}

// spare tells that there are open tickets to look for, and that at least
// half of the budget is free.
func (d *Deliverer) spare(ctx context.Context, tg *target) (bool, error) {
	if from, probe := d.gate.admit(); probe || from.After(d.now()) {
		return false, nil
	}
	if free, err := tg.budget.free(ctx); err != nil || !free.IsZero() {
		return false, err
	}
	n, err := d.store.Calls(ctx, tg.budget.window, d.now())
	if err != nil || n > tg.budget.limit/2 {
		return false, err
	}
	st, err := d.store.Stats(ctx, d.now())
	return st.OpenTickets > 0, err
}

// turn takes the turn to look, which all nodes share, and says for what.
func (d *Deliverer) turn(ctx context.Context, resource string) (halo.TicketQuery, bool, error) {
	now := d.now()
	old, err := d.store.Setting(ctx, settingWatch)
	if err != nil {
		return halo.TicketQuery{}, false, err
	}
	var w watched
	if old != nil {
		if err := json.Unmarshal(old, &w); err != nil {
			return halo.TicketQuery{}, false, fmt.Errorf("read setting %s: %w", settingWatch, err)
		}
	}
	if w.Halo != resource {
		w = watched{Halo: resource, Changed: now.Add(-watchEvery), Deleted: now.Add(-watchEvery)}
	}
	if since := now.Sub(w.At); since >= 0 && since < watchEvery { // a time ahead was written before the clock was put back
		return halo.TicketQuery{}, false, nil
	}
	q := halo.TicketQuery{Order: "last_update", OrderDesc: true, MaxPages: 1, LastUpdateFrom: w.Changed.Add(-watchOverlap)}
	if w.Deleted.Before(w.Changed) {
		q.Deleted, q.LastUpdateFrom, w.Deleted = true, w.Deleted.Add(-watchOverlap), now
	} else {
		w.Changed = now
	}
	w.At = now
	fresh, err := json.Marshal(w)
	if err != nil {
		return q, false, fmt.Errorf("write setting %s: %w", settingWatch, err)
	}
	mine, err := d.store.SwapSetting(ctx, settingWatch, old, fresh, now)
	return q, mine, err
}

// listed is one page. A Halo that ignores the filter sends other tickets too.
func listed(ctx context.Context, h *halo.Client, q halo.TicketQuery) (map[int]halo.Ticket, error) {
	rows := make(map[int]halo.Ticket)
	for row, err := range h.Tickets(ctx, q) {
		if refusedFilter(err) || errors.Is(err, halo.ErrPageLimit) {
			break
		}
		if err != nil {
			return nil, err
		}
		if row.LastUpdate.IsZero() || row.LastUpdate.After(q.LastUpdateFrom) {
			rows[row.ID] = row
		}
	}
	return rows, nil
}

// changedThere picks those of our tickets that are worth reading: what we
// wrote ourselves is not.
func (d *Deliverer) changedThere(ctx context.Context, rows map[int]halo.Ticket, deleted bool) ([]int, error) {
	ids := make([]int, 0, len(rows))
	for id := range rows {
		ids = append(ids, id)
	}
	ours, err := d.store.Watched(ctx, ids, d.now())
	if err != nil {
		return nil, err
	}
	var out []int
	for id, t := range ours {
		if worthReading(t, rows[id], deleted) {
			out = append(out, id)
		}
	}
	return out, nil
}

func worthReading(t store.InHalo, row halo.Ticket, deleted bool) bool {
	over := row.Closed() || row.Deleted || row.MergedInto != 0
	if !t.Open {
		// Lists may leave out what tells a closed ticket; the time of its last
		// change then tells whether anything happened since.
		return !over && !deleted && row.LastUpdate.After(t.ClosedAt.Add(echo))
	}
	return over || deleted && row.LastUpdate.After(t.ToldAt) || row.LastUpdate.After(t.ToldAt.Add(echo))
}
