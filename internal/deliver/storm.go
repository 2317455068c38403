package deliver

import (
	"context"
	"time"

	"github.com/halert/halert/internal/alert"
	"github.com/halert/halert/internal/halo"
	"github.com/halert/halert/internal/render"
	"github.com/halert/halert/internal/store"
)

// rewriteEvery is the least time between two texts of a storm ticket.
const rewriteEvery = time.Minute

// notePolicy says when Halo is told of news. The text of a storm ticket is kept
// current instead of notes, whatever the plans of its alerts say.
func notePolicy(t store.Ticket) alert.NotePolicy {
	if t.Storm.Is() {
		return alert.NotePolicy{Mode: alert.NoteOnChange, Every: rewriteEvery}
	}
	return t.Plan.Notes
}

// nextStorm puts the end of a storm into what is to be done: one note.
func nextStorm(t store.Ticket, m move, now time.Time) move {
	if !t.Storm.Is() {
		return m
	}
	if m.step == stepNote && t.ShownSeq > 0 {
		return move{step: stepRewrite}
	}
	if t.Storm.Told || m.step != stepDone && m.step != stepWait {
		return m
	}
	over := t.Storm.Over()
	switch {
	case waits(over, t.Storm.Within, now):
		if m.step == stepDone || over.Before(m.until) {
			return move{step: stepWait, until: over, what: store.WaitStorm}
		}
	case m.step == stepDone:
		return move{step: stepCalm}
	}
	return m
}

// viewOf is what the text of a ticket is written from.
func viewOf(ctx context.Context, s *store.Store, t store.Ticket, found store.Findings, linked bool) (render.Ticket, error) {
	if t.Storm.Is() {
		return stormView(ctx, s, t)
	}
	return ticketView(t, found, linked), nil
}

func stormView(ctx context.Context, s *store.Store, t store.Ticket) (render.Ticket, error) {
	firing, err := s.Firing(ctx, t.ID, render.MaxStormLines*render.MaxExamples)
	if err != nil {
		return render.Ticket{}, err
	}
	all, err := s.OnTicket(ctx, t.ID, render.MaxStormLines)
	if err != nil {
		return render.Ticket{}, err
	}
	open := make(map[string]render.Section)
	for _, section := range sections(firing) {
		open[section.Topic.Kind] = section
	}
	count := make(map[string]int)
	for _, k := range firing.Kinds {
		count[k.Kind] = k.Total
	}
	shown := store.Findings{Shown: firing.Shown, Total: firing.Total}
	shown.Shown = shown.Shown[:min(len(shown.Shown), maxShown)]
	v := ticketView(t, shown, false)
	for _, section := range sections(all) {
		kind := section.Topic.Kind
		v.Storm = append(v.Storm, render.StormLine{Topic: section.Topic, Severity: section.Severity,
			Open: count[kind], Total: section.Total, Findings: open[kind].Findings})
	}
	v.StormMore = len(all.Kinds) - len(v.Storm)
	return v, nil
}

// rewrite brings the text of a storm ticket up to date, unless Halo's ticket is
// over.
func (j *job) rewrite(ctx context.Context) error {
	t := j.ticket
	if live, err := j.check(ctx); err != nil || !live {
		return err
	}
	if err := j.putText(ctx); err != nil {
		return err
	}
	if err := j.d.store.Rewritten(ctx, t.ID, j.d.owner, t.Seq, j.d.now()); err != nil {
		return err
	}
	j.log.Info("the list of Halo's storm ticket is up to date", "halo_id", t.HaloID, "reports", t.Seq-t.ShownSeq)
	return nil
}

// putText sends the text of a storm ticket. It may be done twice without harm,
// so that a lost answer needs no look-up.
func (j *job) putText(ctx context.Context) error {
	t := j.ticket
	view, err := stormView(ctx, j.d.store, t)
	if err != nil {
		return err
	}
	_, err = j.target.halo.UpdateTicket(ctx, halo.TicketUpdate{ID: t.HaloID,
		DetailsHTML: j.text(j.templates().Body(withSnooze(view, t.ID, j.target.settings)))})
	j.measure(store.CallRewrite, err)
	if err != nil {
		return err
	}
	j.good(ctx)
	return nil
}

// calm tells with a note that the storm is over.
func (j *job) calm(ctx context.Context) error {
	t := j.ticket
	if live, err := j.check(ctx); err != nil || !live {
		return err
	}
	firing, err := j.d.store.Firing(ctx, t.ID, 0)
	if err != nil {
		return err
	}
	if err := j.begin(ctx, store.CallCalm); err != nil {
		return err
	}
	_, err = j.target.halo.AddAction(ctx, halo.NewAction{TicketID: t.HaloID, OutcomeID: j.target.settings.NoteOutcome,
		NoteHTML: render.StormOverNote(noteMark(t.Reference, t.Seq), firing.Total, len(firing.Kinds), t.Storm.Within)})
	j.measure(store.CallCalm, err)
	if err != nil {
		return err
	}
	if err := j.d.store.Calmed(ctx, t.ID, j.d.owner, j.d.now()); err != nil {
		return err
	}
	j.good(ctx)
	j.log.Info("the storm on Halo's ticket is over", "halo_id", t.HaloID, "firing", firing.Total)
	return nil
}

// steadySubject tells that the ticket's subject is the same as when it was
// made: that of several kinds of alerts counts them.
func (j *job) steadySubject(ctx context.Context) (bool, error) {
	if j.ticket.Storm.Is() {
		return true, nil
	}
	all, err := j.d.store.OnTicket(ctx, j.ticket.ID, 0)
	return len(all.Kinds) < 2, err
}
