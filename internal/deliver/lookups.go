package deliver

import (
	"context"
	"errors"
	"time"

	"github.com/halert/halert/internal/halo"
	"github.com/halert/halert/internal/store"
)

// probeEvery is how long it is believed which look-ups a Halo honours: it may
// be brought to a new version.
const probeEvery = 24 * time.Hour

// lookups is what is known of the Halo at work.
func (j *job) lookups(ctx context.Context) (store.Lookups, error) {
	known, err := j.d.store.Lookups(ctx)
	if known.Halo != j.target.halo.ResourceURL {
		known = store.Lookups{Halo: j.target.halo.ResourceURL}
	}
	return known, err
}

// probe asks for the ticket that was just made by its reference, at most once
// a day, and remembers what the answer shows. It is only about the cost of
// later look-ups, so that nothing depends on its success.
func (j *job) probe(ctx context.Context, made int) {
	known, err := j.lookups(ctx)
	if err != nil || j.d.now().Sub(known.ProbedAt) < probeEvery {
		return
	}
	known.ProbedAt, known.Listed, known.Filter = j.d.now(), nil, nil
	// Without the client: then a Halo that ignores the filter shows others.
	q := halo.TicketQuery{ThirdPartyID: j.ticket.Reference, Order: "id", OrderDesc: true, PageSize: 10, MaxPages: 1}
	rows := 0
	for row, err := range j.target.halo.Tickets(ctx, q) {
		if err != nil {
			if !refusedFilter(err) && !errors.Is(err, halo.ErrPageLimit) {
				return // not Halo's word on the matter: the next create asks again
			}
			break
		}
		rows++
		if row.ID == made {
			known.Listed = yes(row.ThirdPartyID == j.ticket.Reference)
		} else {
			known.Filter = yes(false)
		}
	}
	if known.Listed != nil && *known.Listed && rows == 1 {
		known.Filter = yes(true)
	}
	j.remember(ctx, known)
}

// learn notes what reading a ticket by its id shows, at no cost.
func (j *job) learn(ctx context.Context, got halo.Ticket) {
	known, err := j.lookups(ctx)
	if shows := got.ThirdPartyID == j.ticket.Reference; err == nil && (known.ByID == nil || *known.ByID != shows) && (shows || got.ThirdPartyID == "") {
		known.ByID = &shows
		j.remember(ctx, known)
	}
}

func (j *job) remember(ctx context.Context, l store.Lookups) {
	if err := j.d.store.PutLookups(ctx, l, j.d.now()); err != nil {
		j.log.Warn("it could not be remembered which look-ups Halo honours; the next ticket shows it again", "error", err)
	}
}

func yes(b bool) *bool { return &b }
