package halosim

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"
)

// addAction appends to the history of a ticket. It fills in number, time and
// author.
func (s *Sim) addAction(t *ticket, a *action) *action {
	me := s.db.seed.Agents[0]
	a.ID, a.TicketID, a.GUID, a.At = t.nextAction, t.ID, newGUID(), s.now()
	if a.Who == "" {
		a.Who, a.WhoAgentID = me.Name, me.ID
	}
	if o := s.db.outcomeNamed(a.Outcome); o != nil && a.OutcomeID == 0 {
		a.OutcomeID = o.ID
	}
	t.nextAction++
	t.Actions = append(t.Actions, a)
	t.LastAction, t.Updated = a.At, a.At
	s.changes++
	return a
}

// stamp sets or clears the closing date by the ticket's status.
func (s *Sim) stamp(t *ticket) {
	switch closed := s.db.closes(t.StatusID); {
	case closed && t.Closed.IsZero():
		t.Closed = s.now()
	case !closed:
		t.Closed = time.Time{}
	}
}

// changedStatus follows up a change of status: closing date, history,
// webhooks. An empty who is the application.
func (s *Sim) changedStatus(t *ticket, old int, outcome, who string) {
	s.stamp(t)
	a := s.addAction(t, &action{Outcome: outcome, Who: who, System: true, HiddenFromUser: true, OldStatus: old, NewStatus: t.StatusID,
		Note: fmt.Sprintf("Status changed from %s to %s", s.db.statusName(old), s.db.statusName(t.StatusID))})
	s.notifyStatus(t, a, old)
}

func (s *Sim) notifyStatus(t *ticket, a *action, old int) {
	s.notify(eventStatus, t, a)
	if s.db.closes(t.StatusID) && !s.db.closes(old) {
		s.notify(eventClosed, t, a)
	}
}

func (s *Sim) remove(t *ticket) {
	t.Deleted = true
	t.Updated = s.now()
	s.changes++
	s.notify(eventDeleted, t, nil)
}

// change runs f on a ticket as a technician would, and sends the webhooks.
func (s *Sim) change(id int, f func(*ticket) error) error {
	defer s.deliver(context.Background())
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.db.tickets[id]
	if t == nil {
		return fmt.Errorf("change ticket %d: there is no such ticket", id)
	}
	if err := f(t); err != nil {
		return fmt.Errorf("change ticket %d: %w", id, err)
	}
	return nil
}

// CloseTicket sets the first status that closes, as a technician does.
func (s *Sim) CloseTicket(id int) error {
	return s.change(id, func(t *ticket) error {
		closing := find(s.db.seed.Statuses, func(v Status) bool { return v.Closes })
		if closing == nil {
			return errors.New("no status of the seed closes")
		}
		s.setStatus(t, closing.ID, "Closed")
		return nil
	})
}

// ReopenTicket sets the status that the ticket's type has for that.
func (s *Sim) ReopenTicket(id int) error {
	return s.change(id, func(t *ticket) error {
		s.setStatus(t, cmp.Or(s.db.ticketType(t.TypeID).ReopenedStatus, 1), "Reopened")
		return nil
	})
}

// DeleteTicket deletes softly: the ticket leaves the lists.
func (s *Sim) DeleteTicket(id int) error {
	return s.change(id, func(t *ticket) error {
		s.remove(t)
		return nil
	})
}

// MergeTicket closes ticket id and notes that it went into another.
func (s *Sim) MergeTicket(id, into int) error {
	return s.change(id, func(t *ticket) error {
		target := s.db.tickets[into]
		switch target {
		case nil:
			return fmt.Errorf("there is no ticket %d to merge into", into)
		case t:
			return errors.New("a ticket can not be merged into itself")
		}
		t.MergedInto = into
		if closing := find(s.db.seed.Statuses, func(v Status) bool { return v.Closes }); closing != nil {
			s.setStatus(t, closing.ID, "Closed")
		}
		s.addAction(target, &action{Outcome: "Merged", Who: "Technician", System: true, HiddenFromUser: true, NewStatus: target.StatusID,
			Note: fmt.Sprintf("Ticket %d was merged into this one", id)})
		return nil
	})
}

func (s *Sim) setStatus(t *ticket, status int, outcome string) {
	old := t.StatusID
	if t.StatusID = status; status != old {
		s.changedStatus(t, old, outcome, "Technician")
	}
}
