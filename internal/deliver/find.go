package deliver

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/halert/halert/internal/halo"
	"github.com/halert/halert/internal/store"
)

// maxPages bounds a look-up in a Halo that ignores the filter: the client's
// tickets since ours was decided on, newest first, a hundred on a page.
const maxPages = 20

// find looks for a ticket of ours by its reference. The filter on
// third_party_id_string is honoured by newer Halos [A] and ignored by older
// ones [G], which then send the client's tickets; either way each row is
// compared exactly. Which way is tried first depends on what is known of this
// Halo; what is not known is no reason to leave a way out. A ticket that was
// deleted meanwhile counts as made. The zero ticket is none.
func (j *job) find(ctx context.Context) (halo.Ticket, error) {
	known, err := j.lookups(ctx)
	if err != nil {
		return halo.Ticket{}, err
	}
	client, ref := j.ticket.Customer.ClientID, j.ticket.Reference
	filter := halo.TicketQuery{ClientID: client, ThirdPartyID: ref, Order: "id", OrderDesc: true, MaxPages: maxPages}
	search := halo.TicketQuery{ClientID: client, Search: ref, Order: "id", OrderDesc: true, MaxPages: 1}
	ways := []halo.TicketQuery{filter, search}
	switch {
	case known.Filter != nil && *known.Filter:
		ways = ways[:1]
	case known.Filter != nil:
		ways = []halo.TicketQuery{search, filter}
	}
	filter.Deleted = true
	for _, q := range append(ways, filter) {
		found, err := j.matches(ctx, q)
		if err != nil {
			return halo.Ticket{}, err
		}
		if len(found) == 0 {
			continue
		}
		if q.Deleted {
			return j.deleted(ctx, found[0])
		}
		return found[0], j.doubled(ctx, found)
	}
	return halo.Ticket{}, nil
}

// tooOld is how much older than our ticket a row must be to end the look-up.
// Halo's dates have no zone, and our own clock may have been put back since.
const tooOld = 7 * 24 * time.Hour

// matches lists the tickets with our reference that a query finds, the oldest
// first.
func (j *job) matches(ctx context.Context, q halo.TicketQuery) ([]halo.Ticket, error) {
	var found []halo.Ticket
	age := max(0, j.d.now().Sub(j.ticket.CreatedAt))
	var newest time.Time // by Halo's clock, which may be another than ours
	for row, err := range j.target.halo.Tickets(ctx, q) {
		if refusedFilter(err) || errors.Is(err, halo.ErrPageLimit) {
			break
		}
		if err != nil {
			return nil, err
		}
		if newest.IsZero() {
			newest = row.DateOccurred
		}
		if !row.DateOccurred.IsZero() && row.DateOccurred.Before(newest.Add(-age-tooOld)) {
			break
		}
		ours, err := j.ours(ctx, row)
		if err != nil {
			return nil, err
		}
		if ours {
			found = append(found, row)
		}
	}
	slices.SortFunc(found, func(a, b halo.Ticket) int { return cmp.Compare(a.ID, b.ID) })
	return found, nil
}

// deleted makes sure that a ticket from the list of deleted ones is: a Halo
// that ignores that filter too shows the others, which may be new there.
func (j *job) deleted(ctx context.Context, row halo.Ticket) (halo.Ticket, error) {
	whole, err := j.target.halo.Ticket(ctx, row.ID)
	var e *halo.Error
	if errors.As(err, &e) && e.Class == halo.ClassNotFound {
		row.Deleted = true
		return row, nil
	}
	return whole, err
}

// classDoubled marks in history and metrics that Halo has a ticket twice.
const classDoubled = "doubled"

// doubled tells of further tickets with one reference. The oldest is kept.
func (j *job) doubled(ctx context.Context, found []halo.Ticket) error {
	if len(found) < 2 {
		return nil
	}
	var others []string
	for _, t := range found[1:] {
		others = append(others, fmt.Sprint(t.ID))
	}
	text := fmt.Sprintf("Halo has this ticket more than once: %d is kept; close %s in Halo", found[0].ID, strings.Join(others, ", "))
	j.log.Error(text)
	if j.d.metrics.Call != nil {
		j.d.metrics.Call(store.CallCreate, classDoubled)
	}
	return j.d.store.Remark(ctx, j.ticket.ID, store.Attempt{At: j.d.now(), Call: store.CallCreate, Class: classDoubled, Error: text})
}
