package deliver

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/halert/halert/internal/halo"
	"github.com/halert/halert/internal/render"
	"github.com/halert/halert/internal/store"
)

// look finds out whether a call whose answer was lost had its effect. What is
// found is recorded; what is not found is looked for again for a while, and
// only then taken for absent.
func (j *job) look(ctx context.Context) error {
	t, now := j.ticket, j.d.now()
	found, err := j.lookFor(ctx, t.Begun)
	if err != nil || found {
		return err
	}
	if settled := t.BegunAt.Add(settle); now.Before(settled) {
		if next := now.Add(lookEvery); next.Before(settled) {
			settled = next
		}
		return j.later(ctx, settled)
	}
	j.log.Info("a call whose answer was lost had no effect; it is made again", "call", string(t.Begun))
	return j.d.store.Absent(ctx, t.ID, j.d.owner)
}

func (j *job) later(ctx context.Context, at time.Time) error {
	if err := j.d.store.Later(ctx, j.ticket.ID, j.d.owner, at); err != nil {
		return err
	}
	return errEnded
}

// lookFor looks for the effect of a call, and records it if it is there.
func (j *job) lookFor(ctx context.Context, call store.Call) (bool, error) {
	t := j.ticket
	switch call {
	case store.CallCreate:
		id, linked, err := j.find(ctx)
		if err != nil || id == 0 {
			return false, err
		}
		j.good(ctx)
		return true, j.opened(ctx, id, linked, t.BegunSeq)
	case store.CallNote:
		actions, err := j.target.halo.Actions(ctx, t.HaloID)
		if err != nil {
			return false, err
		}
		j.good(ctx)
		mark := noteMark(t.Reference, t.BegunSeq)
		for _, a := range actions {
			if strings.Contains(a.Note, mark) || strings.Contains(a.NoteHTML, mark) {
				return true, j.d.store.Noted(ctx, t.ID, j.d.owner, t.BegunSeq, j.d.now())
			}
		}
		return false, nil
	case store.CallNone: // nothing was begun
		return true, nil
	default: // a closing: reading the ticket shows it
		live, err := j.check(ctx)
		if err != nil || !live {
			return true, err
		}
		return true, j.d.store.Absent(ctx, t.ID, j.d.owner)
	}
}

// noteMark is the mark that a note carries, by which it is found again.
func noteMark(reference string, seq int64) string { return fmt.Sprintf("[%s/%d]", reference, seq) }

// maxPages bounds a look-up in a Halo that ignores the filter: the client's
// tickets since ours was decided on, newest first, a hundred on a page.
const maxPages = 20

// find looks for a ticket of ours by its reference. The filter on
// third_party_id_string is honoured by newer Halos [A] and ignored by older
// ones [G], which then send the client's tickets; either way each row is
// compared exactly. It returns 0 if there is none.
func (j *job) find(ctx context.Context) (id int, linked bool, err error) {
	t := j.ticket
	since := t.CreatedAt.Add(-24 * time.Hour) // clocks differ, and so do time zones
	for _, q := range []halo.TicketQuery{
		{ClientID: t.Customer.ClientID, ThirdPartyID: t.Reference, Order: "id", OrderDesc: true, MaxPages: maxPages},
		{ClientID: t.Customer.ClientID, Search: t.Reference, Order: "id", OrderDesc: true, MaxPages: 1},
	} {
		for row, err := range j.target.halo.Tickets(ctx, q) {
			if refusedFilter(err) || errors.Is(err, halo.ErrPageLimit) {
				break
			}
			if err != nil {
				return 0, false, err
			}
			if !row.DateOccurred.IsZero() && row.DateOccurred.Before(since) {
				break
			}
			ours, err := j.ours(ctx, row)
			if err != nil {
				return 0, false, err
			}
			if ours {
				return row.ID, row.UserID != 0 && t.User.Key() != "", nil
			}
		}
	}
	return 0, false, nil
}

// ours compares a row with our reference. Lists leave out columns [A]: where
// the row has neither the reference nor a text that could hold it, the whole
// ticket is read if its subject is ours.
func (j *job) ours(ctx context.Context, row halo.Ticket) (bool, error) {
	ref := j.ticket.Reference
	if row.ThirdPartyID == ref || strings.Contains(row.Details+row.DetailsHTML+row.Summary, ref) {
		return true, nil
	}
	if row.Details+row.DetailsHTML != "" || row.Summary != render.Summary(ticketView(j.ticket, store.Findings{}, false)) {
		return false, nil
	}
	whole, err := j.target.halo.Ticket(ctx, row.ID)
	var e *halo.Error
	if errors.As(err, &e) && e.Class == halo.ClassNotFound {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return whole.ThirdPartyID == ref || strings.Contains(whole.Details+whole.DetailsHTML, ref), nil
}
