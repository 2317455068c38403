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
	t := j.ticket
	found, err := j.lookFor(ctx, t.Begun)
	if err != nil || found {
		return err
	}
	if err := j.d.watchClock(ctx); err != nil {
		return err
	}
	now := j.d.now()
	if settled := settledAt(t.BegunAt, now, j.d.clock.doubt()); now.Before(settled) {
		if next := now.Add(lookEvery); next.Before(settled) {
			settled = next
		}
		return j.later(ctx, settled)
	}
	j.log.Info("a call whose answer was lost had no effect; it is made again", "call", string(t.Begun))
	return j.d.store.Absent(ctx, t.ID, j.d.owner)
}

// settledAt is when a look-up in vain is believed: [settle] after the call, and
// not within a doubt about the clock. A call that lies far ahead was made
// before the clock was put back: when that was, nobody knows, so only the
// doubt counts, which began at the jump or at the start.
func settledAt(begun, now time.Time, doubt time.Duration) time.Time {
	settled, sure := begun.Add(settle), now.Add(doubt)
	if settled.Before(sure) || begun.After(now.Add(settle+slowSettle)) {
		return sure
	}
	return settled
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
		found, err := j.find(ctx)
		if err != nil || found.ID == 0 {
			return false, err
		}
		j.good(ctx)
		linked := found.UserID != 0 && t.User.Key() != ""
		if err := j.opened(ctx, found, linked, t.BegunSeq); err != nil || !found.Deleted {
			return true, err
		}
		return true, j.closed(ctx, "Halo's ticket was deleted before its making was known here")
	case store.CallNote, store.CallCalm:
		actions, err := j.target.halo.Actions(ctx, t.HaloID)
		if err != nil {
			return false, err
		}
		j.good(ctx)
		mark := noteMark(t.Reference, t.BegunSeq)
		for _, a := range actions {
			if strings.Contains(a.Note, mark) || strings.Contains(a.NoteHTML, mark) {
				if call == store.CallCalm {
					return true, j.d.store.Calmed(ctx, t.ID, j.d.owner, j.d.now())
				}
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

// ours compares a row with our reference. Lists leave out columns [A]: where
// the row has neither the reference nor a text that could hold it, the whole
// ticket is read if its subject may be ours.
func (j *job) ours(ctx context.Context, row halo.Ticket) (_ bool, err error) {
	ref := j.ticket.Reference
	if row.ThirdPartyID == ref || strings.Contains(row.Details+row.DetailsHTML+row.Summary, ref) {
		return true, nil
	}
	if row.Details+row.DetailsHTML != "" {
		return false, nil
	}
	// A template's subject may tell what has changed since, or be another
	// template's by now: only halert's own says whose the ticket is not.
	own := j.ticket.Plan.Template == "" && len(j.target.settings.Templates) == 0
	if own {
		if own, err = j.steadySubject(ctx); err != nil {
			return false, err
		}
	}
	if own && row.Summary != render.Summary(ticketView(j.ticket, store.Findings{}, false)) {
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
