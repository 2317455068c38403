package deliver

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/halert/halert/internal/alert"
	"github.com/halert/halert/internal/halo"
	"github.com/halert/halert/internal/store"
)

// changed tells whether a finding is new, came back or is over since the last
// note, where the plan asks for that.
func (j *job) changed(ctx context.Context) (bool, error) {
	t := j.ticket
	if notePolicy(t).Mode != alert.NoteOnChange || t.Seq <= t.ShownSeq {
		return false, nil
	}
	return j.d.store.Changed(ctx, t.ID, t.ShownSeq)
}

// see reads Halo's ticket, so that a report which waits for its note is known
// to be on an open one.
func (j *job) see(ctx context.Context) error {
	t := j.ticket
	live, err := j.check(ctx)
	if err != nil || !live {
		return err
	}
	if t.State == store.TicketClosed {
		taken, err := j.d.store.TakenUp(ctx, t.ID, j.d.owner, j.d.now())
		if err == nil && taken {
			j.log.Info("Halo's ticket is open again; it is taken up", "halo_id", t.HaloID)
		}
		return err
	}
	return j.d.store.Seen(ctx, t.ID, j.d.owner, t.Seq)
}

// wait ends the job until a time that the ticket's plan sets.
func (j *job) wait(ctx context.Context, m move) error {
	if err := j.d.store.Wait(ctx, j.ticket.ID, j.d.owner, j.ticket.Seq, m.what, m.until, j.d.now()); err != nil {
		return err
	}
	return errEnded
}

// drop ends a ticket that was over before it was due.
func (j *job) drop(ctx context.Context) error {
	if err := j.d.store.Drop(ctx, j.ticket.ID, j.d.owner, j.ticket.Seq, j.d.now()); err != nil {
		return err
	}
	j.log.Info("all was over before the ticket was due; it is not made", "delay", j.ticket.Plan.Delay.String())
	return errEnded
}

// examined is what a look at Halo's ticket before its closing showed.
type examined struct {
	seq     int64 // of the ticket at that time; 0: not looked
	touched bool
}

// What the last note says of a ticket that stays open.
const (
	keptForPerson = "The ticket stays open, as somebody has worked on it."
	keptByRule    = "The ticket stays open for a person to close."
)

// end closes a ticket whose alerts are all over, or leaves it to a person with
// one note that says that they are. What Halo was not told yet is told first.
func (j *job) end(ctx context.Context) (store.Call, error) {
	t := j.ticket
	policy := t.Plan.Close
	kept := ""
	switch {
	case policy.Never:
		kept = keptByRule
	case !policy.Touched:
		if j.looked.seq != t.Seq {
			live, err := j.examine(ctx)
			if err != nil || !live {
				return store.CallNone, err
			}
		}
		if j.looked.touched {
			kept = keptForPerson
		}
	}
	if t.Seq > t.ShownSeq && (kept != "" || t.Plan.Notes.Mode != alert.NoteNever || t.ShownSeq == 0) {
		if j.looked.seq != t.Seq {
			live, err := j.check(ctx)
			if err != nil || !live {
				return store.CallNone, err
			}
		}
		if t.Storm.Is() && kept == "" {
			return store.CallRewrite, j.rewrite(ctx)
		}
		if t.Storm.Is() {
			if err := j.putText(ctx); err != nil {
				return store.CallRewrite, err
			}
		}
		return store.CallNote, j.tell(ctx, kept)
	}
	if kept != "" {
		j.log.Info("all alerts of Halo's ticket are resolved; it stays open", "halo_id", t.HaloID, "why", kept)
		return store.CallNone, j.d.store.Kept(ctx, t.ID, j.d.owner, t.Seq)
	}
	return store.CallClose, j.close(ctx)
}

// examine reads Halo's ticket and its actions, to tell whether a person has
// worked on it. It returns false where the ticket is over already.
func (j *job) examine(ctx context.Context) (bool, error) {
	t := j.ticket
	got, live, err := j.read(ctx)
	if err != nil || !live {
		return false, err
	}
	j.looked = examined{seq: t.Seq, touched: t.Touched}
	if t.Touched {
		return true, nil
	}
	actions, err := j.target.halo.Actions(ctx, t.HaloID)
	var e *halo.Error
	if unanswerable(err) || errors.As(err, &e) && e.Class == halo.ClassUnreadable { // nothing speaks against closing it
		actions, err = nil, nil
	}
	if err != nil {
		return false, err
	}
	j.looked.touched = touched(t, got, actions)
	return true, nil
}

// touched tells whether a person has worked on a ticket. Only what Halo says
// plainly counts: a Halo that leaves out who did what, or which status and
// agent a new ticket has, still gets its tickets closed. So status and agent
// are compared only where both are known; a Halo that sets them by rules of
// its own some time after the create looks as if a person had, and its tickets
// stay open unless the plan says that touched ones are closed too: a ticket
// too many is better than a person's work that is cut off.
func touched(t store.Ticket, got halo.Ticket, actions []halo.Action) bool {
	by := signature(t, actions)
	statuses := []int{0, t.HaloStatus}
	for _, a := range actions {
		if a.ID == 1 || a.ID == 0 && mentions(a, t.Reference) { // the opening
			continue
		}
		if !by.made(a, t.Reference) {
			return true
		}
		if a.OldStatus != 0 && a.OldStatus != a.NewStatus { // our note moved it on
			statuses = append(statuses, a.NewStatus)
		}
	}
	if t.HaloStatus != 0 && !slices.Contains(statuses, got.StatusID) {
		return true
	}
	return t.HaloAgent != 0 && got.AgentID != 0 && got.AgentID != t.HaloAgent
}

// author is how Halo shows who made our own actions.
type author struct {
	agents []int
	apps   []string
	names  []string
}

// signature learns from the actions that carry our reference.
func signature(t store.Ticket, actions []halo.Action) author {
	var by author
	for _, a := range actions {
		if !mentions(a, t.Reference) {
			continue
		}
		if a.WhoAgentID != 0 {
			by.agents = append(by.agents, a.WhoAgentID)
		}
		if a.Application != "" {
			by.apps = append(by.apps, a.Application)
		}
		if a.Who != "" {
			by.names = append(by.names, a.Who)
		}
	}
	return by
}

// made tells that an action is ours, or that nobody signed it.
func (by author) made(a halo.Action, reference string) bool {
	switch {
	case mentions(a, reference), a.Application != "" && slices.Contains(by.apps, a.Application):
		return true
	case a.WhoAgentID != 0:
		return slices.Contains(by.agents, a.WhoAgentID)
	}
	return a.Who == "" || slices.Contains(by.names, a.Who)
}

// mentions tells that an action carries the reference.
func mentions(a halo.Action, reference string) bool {
	return strings.Contains(a.Note, reference) || strings.Contains(a.NoteHTML, reference)
}

// reopen opens Halo's ticket once more, or has a new one follow it where that
// cannot or must not be.
func (j *job) reopen(ctx context.Context) error {
	t := j.ticket
	policy := t.Plan.Reopen
	got, err := j.target.halo.Ticket(ctx, t.HaloID)
	var e *halo.Error
	if errors.As(err, &e) && e.Class == halo.ClassNotFound {
		return j.notReopened(ctx, "Halo does not have it any more")
	}
	if err != nil {
		return err
	}
	j.good(ctx)
	switch {
	case got.Deleted || got.MergedInto != 0 && got.MergedInto != t.HaloID:
		return j.notReopened(ctx, "it was deleted or merged")
	case !got.Closed():
		return j.d.store.Reopened(ctx, t.ID, j.d.owner, got.StatusID, j.d.now())
	case slices.Contains(policy.Not, got.StatusID):
		return j.notReopened(ctx, "it was closed for good")
	case policy.Within <= 0 || !got.DateClosed.IsZero() && j.d.now().Sub(got.DateClosed) > policy.Within+clockSkew:
		return j.notReopened(ctx, "it was closed too long ago")
	}
	status := policy.Status
	if status == 0 {
		status = firstStatus
	}
	opened, err := j.target.halo.UpdateTicket(ctx, halo.TicketUpdate{ID: t.HaloID, StatusID: status})
	j.measure(store.CallReopen, err)
	if unanswerable(err) {
		return j.notReopened(ctx, "Halo refuses it: "+err.Error())
	}
	if err != nil {
		return err
	}
	j.good(ctx)
	if opened.Closed() {
		return j.notReopened(ctx, "Halo kept it closed")
	}
	j.log.Info("Halo's ticket is open again: what it is about came back", "halo_id", t.HaloID)
	return j.d.store.Reopened(ctx, t.ID, j.d.owner, status, j.d.now())
}

const (
	// firstStatus is the status of a new ticket in a Halo as it comes [B].
	firstStatus = 1
	// clockSkew is granted to Halo's clock.
	clockSkew = 5 * time.Minute
)

// notReopened ends the job for this ticket.
func (j *job) notReopened(ctx context.Context, why string) error {
	if err := j.d.store.NotReopened(ctx, j.ticket.ID, j.d.owner, j.d.now()); err != nil {
		return err
	}
	j.log.Info("Halo's ticket is not opened again; a new one follows", "halo_id", j.ticket.HaloID, "why", why)
	j.d.Nudge()
	return errEnded
}
