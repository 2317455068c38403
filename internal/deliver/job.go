package deliver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/halert/halert/internal/failpoint"
	"github.com/halert/halert/internal/halo"
	"github.com/halert/halert/internal/render"
	"github.com/halert/halert/internal/store"
)

// job is the work on one claimed ticket.
type job struct {
	d      *Deliverer
	target *target
	ticket store.Ticket
	log    *slog.Logger
	looked examined
}

// errEnded tells that the job has ended and its lease is given up.
var errEnded = errors.New("ended")

// run takes steps until Halo shows what it should, an error ends the attempt,
// or stop asks to make no further call. Errors that come back are those of
// the database or the lease; Halo's are recorded on the ticket.
func (j *job) run(ctx, stop context.Context) error {
	for {
		if stop.Err() != nil {
			return j.d.store.Yield(ctx, j.ticket.ID, j.d.owner)
		}
		call, err := j.step(ctx)
		switch {
		case errors.Is(err, errEnded):
			return nil
		case isHalo(err):
			return j.fail(ctx, call, err)
		case err != nil:
			return err
		}
		if j.ticket, err = j.d.store.Ticket(ctx, j.ticket.ID, j.d.now()); err != nil {
			return err
		}
	}
}

func isHalo(err error) bool {
	var e *halo.Error
	return errors.As(err, &e)
}

func (j *job) step(ctx context.Context) (store.Call, error) {
	changed, err := j.changed(ctx)
	if err != nil {
		return store.CallNone, err
	}
	m := next(j.ticket, j.target.settings, changed, j.d.now())
	switch m.step {
	case stepLook:
		return j.ticket.Begun, j.look(ctx)
	case stepAdopt:
		return store.CallAdopt, j.adopt(ctx)
	case stepCreate:
		return store.CallCreate, j.create(ctx)
	case stepNote:
		return store.CallNote, j.note(ctx)
	case stepEnd:
		return j.end(ctx)
	case stepRewrite:
		return store.CallRewrite, j.rewrite(ctx)
	case stepCalm:
		return store.CallCalm, j.calm(ctx)
	case stepReopen:
		return store.CallReopen, j.reopen(ctx)
	case stepCheck, stepSee:
		return store.CallNone, j.see(ctx)
	case stepWait:
		return store.CallNone, j.wait(ctx, m)
	case stepDrop:
		return store.CallNone, j.drop(ctx)
	default:
		t := j.ticket
		if err := j.d.store.Done(ctx, t.ID, j.d.owner, t.Seq, t.WantClosed, j.d.now()); err != nil {
			return store.CallNone, err
		}
		return store.CallNone, errEnded
	}
}

// create makes the ticket in Halo.
func (j *job) create(ctx context.Context) error {
	t := j.ticket
	who, err := j.contact(ctx, t.Customer.ClientID, t.User)
	if unanswerable(err) { // a ticket on the General User is better than none
		j.log.Warn("the affected user cannot be looked up in Halo; the ticket goes to the client's General User", "error", err)
		who, err = contact{}, nil
	}
	if err != nil {
		return err
	}
	found, err := j.findings(ctx)
	if err != nil {
		return err
	}
	ticket, err := j.draft(ctx, who, found)
	if err != nil {
		return err
	}
	if err := j.begin(ctx, store.CallCreate); err != nil {
		return err
	}
	made, err := j.target.halo.CreateTicket(ctx, ticket)
	failpoint.Hit("created")
	j.measure(store.CallCreate, err)
	if err != nil {
		return err
	}
	if err := j.opened(ctx, made, who.userID != 0, t.Seq); err != nil {
		return err
	}
	j.d.gate.served(t.Customer.ClientID)
	j.good(ctx)
	if j.d.metrics.Delivered != nil {
		j.d.metrics.Delivered(j.d.now().Sub(t.CreatedAt), true)
	}
	j.probe(ctx, made.ID)
	j.refreshContact(ctx, t.Customer.ClientID, t.User)
	j.refreshAssets(ctx, found.Shown)
	j.target.names.Refresh(ctx)
	return nil
}

// findings are what a new ticket tells of.
func (j *job) findings(ctx context.Context) (store.Findings, error) {
	return ticketFindings(ctx, j.d.store, j.ticket.ID)
}

func ticketFindings(ctx context.Context, s *store.Store, id string) (store.Findings, error) {
	found, err := s.Firing(ctx, id, maxShown)
	if err == nil && found.Total == 0 { // all is over already; the ticket still tells of it
		found, err = s.OnTicket(ctx, id, maxShown)
	}
	return found, err
}

// opened stores that Halo has the ticket, and says so.
func (j *job) opened(ctx context.Context, made halo.Ticket, linked bool, seq int64) error {
	haloID := made.ID
	if err := j.d.store.AsMade(ctx, j.ticket.ID, j.d.owner, made.StatusID, made.AgentID); err != nil {
		return err
	}
	if err := j.d.store.Opened(ctx, j.ticket.ID, j.d.owner, haloID, linked, seq, j.d.now()); err != nil {
		return err
	}
	j.log.Info("Halo has the ticket", "halo_id", haloID, "client", j.ticket.Customer.ClientID, "severity", j.ticket.Severity.String())
	return nil
}

// note tells Halo what happened since it was last told. The ticket is read
// first: one that a person has closed gets no note, but a follower.
func (j *job) note(ctx context.Context) error {
	if live, err := j.check(ctx); err != nil || !live {
		return err
	}
	return j.tell(ctx, "")
}

// tell adds the note. kept says why the ticket stays open though all is over.
func (j *job) tell(ctx context.Context, kept string) error {
	t := j.ticket
	news, err := j.d.store.News(ctx, t.ID, t.ShownSeq, t.Seq, maxShown)
	if err != nil {
		return err
	}
	text, err := j.noteText(ctx, news, kept)
	if err != nil {
		return err
	}
	if err := j.begin(ctx, store.CallNote); err != nil {
		return err
	}
	_, err = j.target.halo.AddAction(ctx, halo.NewAction{
		TicketID: t.HaloID, OutcomeID: j.target.settings.NoteOutcome, NoteHTML: text,
	})
	failpoint.Hit("noted")
	j.measure(store.CallNote, err)
	if err != nil {
		return err
	}
	if err := j.d.store.Noted(ctx, t.ID, j.d.owner, t.Seq, j.d.now()); err != nil {
		return err
	}
	j.good(ctx)
	j.log.Info("Halo's ticket has a new note", "halo_id", t.HaloID, "reports", t.Seq-t.ShownSeq)
	if j.d.metrics.Delivered != nil && !news.Since.IsZero() {
		j.d.metrics.Delivered(j.d.now().Sub(news.Since), false)
	}
	return nil
}

func (j *job) noteText(ctx context.Context, news store.News, kept string) (string, error) {
	t := j.ticket
	if t.ShownSeq > 0 {
		view := noteView(t, news)
		view.Kept = kept
		return j.text(j.templates().Note(ticketView(t, store.Findings{}, true), view)), nil
	}
	found, err := j.findings(ctx) // a ticket that was taken over: all that a new one says is still to be said
	if err != nil {
		return "", err
	}
	return j.text(j.templates().Body(withSnooze(ticketView(t, found, true), t.ID, j.target.settings))) + "<p>" + noteMark(t.Reference, t.Seq) + "</p>", nil
}

// check reads Halo's ticket. It returns false if there is nothing more to do
// for this one: then what is new goes on a ticket that follows it.
func (j *job) check(ctx context.Context) (bool, error) {
	_, live, err := j.read(ctx)
	return live, err
}

// read is check with the ticket as Halo has it.
func (j *job) read(ctx context.Context) (halo.Ticket, bool, error) {
	got, err := j.target.halo.Ticket(ctx, j.ticket.HaloID)
	var e *halo.Error
	if errors.As(err, &e) && e.Class == halo.ClassNotFound {
		return got, false, j.closed(ctx, "Halo does not have the ticket any more")
	}
	if err != nil {
		return got, false, err
	}
	j.good(ctx)
	j.learn(ctx, got)
	if into := got.MergedInto; into != 0 && into != j.ticket.HaloID {
		j.log.Info("Halo's ticket was merged; going on with the other one", "halo_id", j.ticket.HaloID, "merged_into", into)
		return got, false, j.d.store.Moved(ctx, j.ticket.ID, j.d.owner, into)
	}
	if got.Closed() || got.Deleted {
		return got, false, j.closed(ctx, "Halo's ticket is closed")
	}
	return got, true, nil
}

// closed records that Halo's ticket is over, which ends the job.
func (j *job) closed(ctx context.Context, why string) error {
	if err := j.d.store.Closed(ctx, j.ticket.ID, j.d.owner, j.d.now()); err != nil {
		return err
	}
	j.log.Info(why, "halo_id", j.ticket.HaloID)
	j.d.Nudge()
	return errEnded
}

// close closes Halo's ticket: all its alerts are resolved.
func (j *job) close(ctx context.Context) error {
	all, err := j.d.store.OnTicket(ctx, j.ticket.ID, 0)
	if err != nil {
		return err
	}
	if err := j.begin(ctx, store.CallClose); err != nil {
		return err
	}
	_, err = j.target.halo.UpdateTicket(ctx, halo.TicketUpdate{
		ID: j.ticket.HaloID, StatusID: *j.target.settings.ClosedStatus,
		ClosureNote: render.ClosingNote(j.ticket.Reference, all.Total, j.d.now(), j.ticket.Plan.Reopen.Within > 0),
	})
	j.measure(store.CallClose, err)
	if err != nil {
		return err
	}
	j.good(ctx)
	return j.closed(ctx, "Halo's ticket was closed: all its alerts are resolved")
}

func (j *job) begin(ctx context.Context, call store.Call) error {
	defer failpoint.Hit("begun")
	return j.d.store.Begin(ctx, j.ticket.ID, j.d.owner, call, j.ticket.Seq, j.d.now())
}

// good tells the gate that Halo works. If that ends a time of trouble, all
// that waited for its end is due now.
func (j *job) good(ctx context.Context) {
	if !j.d.gate.success(j.d.now()) {
		return
	}
	j.log.Info("Halo works again; deliveries go on")
	if err := j.d.store.Wake(ctx, troubleClasses(), j.d.now()); err != nil {
		j.log.Warn("waiting deliveries could not be woken; they go on by themselves later", "error", err)
	}
}

func (j *job) measure(call store.Call, err error) {
	if j.d.metrics.Call == nil {
		return
	}
	class := ""
	var e *halo.Error
	if errors.As(err, &e) {
		class = string(e.Class)
	}
	j.d.metrics.Call(call, class)
}

// fail decides what an error of Halo's means, records it, and ends the job.
func (j *job) fail(ctx context.Context, call store.Call, err error) error {
	var e *halo.Error
	if !errors.As(err, &e) {
		return err
	}
	if ctx.Err() != nil { // not Halo's failure: we were stopped
		return ctx.Err()
	}
	if errors.Is(err, store.ErrLost) {
		return err
	}
	if err := j.d.watchClock(ctx); err != nil { // or what the gate knows is of another day
		return err
	}
	now := j.d.now()
	f := store.Failure{Call: call, Class: string(e.Class), Error: words(e), State: store.Retryable, Known: !e.MaybeDone, Counts: true}
	if e.MaybeDone {
		f.DoubtedAt = doubtedAt(e, now)
	}
	switch judge(e.Class, call) {
	case wait:
		f.State, f.Counts, f.Known = store.Scheduled, false, true
		f.DueAt = j.d.gate.limited(now, e.RetryAfter, e.HasRetryAfter)
		if err := j.target.budget.fill(ctx, f.DueAt); err != nil {
			return err
		}
		if most := now.Add(store.MaxWait); f.DueAt.After(most) {
			f.DueAt = most // the gate knows how long it really is
		}
	case refused:
		f.State, f.Counts = store.Scheduled, false
		f.DueAt = j.d.gate.refuse(now, credentialsTrouble(e), refusedProbe)
	case doubt:
		if err := j.forbidden(ctx, call, e, &f); err != nil {
			return err
		}
	case park:
		f.State = store.Discarded
	case gone:
		return ended(j.closed(ctx, "Halo does not have the ticket any more"))
	default:
		lasts := time.Duration(0)
		if !j.ticket.FailedSince.IsZero() {
			lasts = now.Sub(j.ticket.FailedSince)
		}
		f.DueAt = now.Add(backoff(j.ticket.Attempt, lasts))
		j.d.gate.down(now, f.Error)
	}
	if j.ticket.Begun != store.CallNone {
		f.Known, f.DoubtedAt = false, time.Time{} // it was the look-up that failed: the doubt remains as it was
	}
	j.report(f)
	return j.d.store.Fail(ctx, j.ticket.ID, j.d.owner, f, now)
}

// doubtedAt is when the look-ups for the effect of a call begin to count. A
// Halo that gave no answer in time may be at work for as long again.
func doubtedAt(e *halo.Error, now time.Time) time.Time {
	if errors.Is(e, context.DeadlineExceeded) {
		return now.Add(slowSettle)
	}
	return now
}

func ended(err error) error {
	if errors.Is(err, errEnded) {
		return nil
	}
	return err
}

// words are Halo's own, or else what went wrong on the way.
func words(e *halo.Error) string {
	if e.Message != "" {
		return e.Message
	}
	return e.Error()
}

func (j *job) report(f store.Failure) {
	args := []any{"call", string(f.Call), "class", f.Class, "error", f.Error}
	switch f.State {
	case store.Discarded:
		j.log.Error("Halo refuses this delivery; it is parked. Put right what Halo names, then: halert deliveries replay d_"+j.ticket.ID, args...)
	default:
		j.log.Warn("the delivery did not go through; it is tried again", append(args, "again_at", f.DueAt.Format(time.RFC3339))...)
	}
}

// forbidden finds out whose matter a 403 is: if Halo still lets us read, and
// creates for other clients go well, it is this ticket's.
func (j *job) forbidden(ctx context.Context, call store.Call, e *halo.Error, f *store.Failure) error {
	now := j.d.now()
	everybody, first := j.readingForbidden(ctx), refusedProbe
	var parked []string
	if !everybody && call == store.CallCreate {
		// Several clients in a row, and none that went well: more likely the
		// application may not create tickets at all. One more try soon shows.
		everybody, parked = j.d.gate.forbid(j.ticket.Customer.ClientID, j.ticket.ID)
		first = soonProbe
	}
	if !everybody {
		f.State = store.Discarded
		return nil
	}
	for _, id := range parked {
		if id == j.ticket.ID {
			continue
		}
		if err := j.d.store.Replay(ctx, id, now.Add(first)); err != nil && !errors.Is(err, store.ErrClosed) { // closed: a person was quicker
			return fmt.Errorf("take back the parking of ticket %s: %w", id, err)
		}
	}
	f.State, f.Counts = store.Scheduled, false
	f.DueAt = j.d.gate.refuse(now, permissionTrouble(e), first)
	return nil
}

func (j *job) readingForbidden(ctx context.Context) bool {
	for _, err := range j.target.halo.Tickets(ctx, halo.TicketQuery{PageSize: 1, MaxPages: 1}) {
		var probe *halo.Error
		return errors.As(err, &probe) && probe.Class == halo.ClassForbidden
	}
	return false
}

func credentialsTrouble(e *halo.Error) Trouble {
	return Trouble{Class: string(e.Class), Reason: words(e),
		Remedy: "Check tenant, client_id and client_secret in the configuration against Configuration > Integrations > Halo PSA API > View Applications in Halo, and that the application and the agent it logs in as are active. Deliveries go on by themselves."}
}

func permissionTrouble(e *halo.Error) Trouble {
	return Trouble{Class: string(e.Class), Reason: words(e),
		Remedy: "Give the application read:tickets, edit:tickets, read:customers and edit:customers under Configuration > Integrations > Halo PSA API > View Applications > Permissions in Halo, and check the rights of the agent it logs in as. Deliveries go on by themselves."}
}
