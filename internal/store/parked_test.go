package store

import (
	"errors"
	"testing"
	"time"

	"github.com/halert/halert/internal/alert"
)

// parked reports a finding whose create Halo refuses.
func parked(t *testing.T, s *Store, r Report) Ticket {
	t.Helper()
	id := post(t, s, t0, r)
	c := claim(t, s, "node", t0)
	if c == nil {
		t.Fatal("no ticket is due")
	}
	ok(t, s.Begin(t.Context(), c.ID, "node", CallCreate, c.Seq, t0))
	ok(t, s.Fail(t.Context(), c.ID, "node", Failure{Call: CallCreate, Class: "refused", Error: "no", State: Discarded, Known: true, Counts: true}, t0))
	return ticketOf(t, s, id)
}

func one(t *testing.T, s *Store, id string) Ticket {
	t.Helper()
	got, err := s.Ticket(t.Context(), id, t0)
	ok(t, err)
	return got
}

func ptr[T any](v T) *T { return &v }

func TestEditChangesWhatIsAskedForOnly(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		s := e.open(t)
		id := parked(t, s, report("mfa", "adele")).ID
		ok(t, s.Edit(t.Context(), id, Edit{ClientID: ptr(14), SiteID: ptr(31), TicketType: ptr(ptr(25)), Priority: ptr(ptr(2))}, t0))
		ok(t, s.Edit(t.Context(), id, Edit{Priority: ptr(ptr(0))}, t0))
		got := one(t, s, id)
		if got.Customer.ClientID != 14 || got.Customer.SiteID != 31 || *got.TicketType != 25 || *got.Priority != 0 || got.Delivery != Discarded {
			t.Errorf("after the edit: %+v", got)
		}
		ok(t, s.Edit(t.Context(), id, Edit{ClientID: ptr(15), TicketType: ptr[*int](nil), Priority: ptr[*int](nil)}, t0))
		got = one(t, s, id)
		if got.Customer.ClientID != 15 || got.Customer.SiteID != 0 || got.TicketType != nil || got.Priority != nil {
			t.Errorf("after taking back: %+v; want client 15 itself, type and priority as configured", got)
		}
	})
}

func TestMovedTicketKeepsItsReportsWhileOpen(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		s := e.open(t)
		id := parked(t, s, report("mfa", "adele")).ID
		ok(t, s.Edit(t.Context(), id, Edit{ClientID: ptr(14)}, t0))
		for _, who := range []string{"adele", "alex"} {
			if got := ticketOf(t, s, post(t, s, t0.Add(time.Minute), report("mfa", who))); got.ID != id || got.Customer.ClientID != 14 {
				t.Errorf("the next report of %s is on %s at client %d, want on the moved one", who, got.ID, got.Customer.ClientID)
			}
		}
		there := report("mfa", "megan")
		there.Customer = &alert.Customer{ClientID: 14}
		there.GroupKey = alert.GroupKey(*there.Customer, "cipp", "mfa", "", "")
		if got := ticketOf(t, s, post(t, s, t0, there)); got.ID != id {
			t.Error("the new client's own report made a second open ticket of the group")
		}
		ok(t, s.Edit(t.Context(), id, Edit{ClientID: ptr(12)}, t0))
		if got := ticketOf(t, s, post(t, s, t0, report("mfa", "adele"))); got.ID != id || got.Customer.ClientID != 12 {
			t.Errorf("moved back: the report is on %s at %d", got.ID, got.Customer.ClientID)
		}
	})
}

func TestEditWhereTheGroupHasAnOpenTicket(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		s := e.open(t)
		there := report("mfa", "megan")
		there.Customer = &alert.Customer{ClientID: 14}
		there.GroupKey = alert.GroupKey(*there.Customer, "cipp", "mfa", "", "")
		other := ticketOf(t, s, post(t, s, t0, there))
		opened(t, s, 2818, t0)
		id := parked(t, s, report("mfa", "adele")).ID
		err := s.Edit(t.Context(), id, Edit{ClientID: ptr(14), TicketType: ptr(ptr(25))}, t0)
		occupied, is := errors.AsType[*OccupiedError](err)
		if !is || occupied.TicketID != other.ID || occupied.HaloID != 2818 {
			t.Errorf("got %v, want that %s is in the way", err, other.ID)
		}
		if got := one(t, s, id); got.Customer.ClientID != 12 || got.TicketType != nil {
			t.Errorf("the refused edit left %+v", got)
		}
	})
}

func TestNoEditNorCancelBehindTheBackOfADelivery(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		s := e.open(t)
		move := Edit{ClientID: ptr(14)}
		if err := s.Edit(t.Context(), "nothing", move, t0); !errors.Is(err, ErrNotFound) {
			t.Errorf("an unknown one: %v", err)
		}
		post(t, s, t0, report("mfa", "adele"))
		c := claim(t, s, "node", t0)
		if e, c := s.Edit(t.Context(), c.ID, move, t0), s.Cancel(t.Context(), c.ID, t0); !errors.Is(e, ErrBusy) || !errors.Is(c, ErrBusy) {
			t.Errorf("under lease: %v and %v, want ErrBusy", e, c)
		}
		late := t0.Add(2 * time.Minute) // the lease is over, and its owner does not know
		ok(t, s.Edit(t.Context(), c.ID, move, late))
		if err := s.Begin(t.Context(), c.ID, "node", CallCreate, c.Seq, late); !errors.Is(err, ErrLost) {
			t.Errorf("the former owner begins a create for the former client: %v", err)
		}
		c = claim(t, s, "node", late)
		ok(t, s.Begin(t.Context(), c.ID, "node", CallCreate, c.Seq, late))
		ok(t, s.Fail(t.Context(), c.ID, "node", Failure{Call: CallCreate, Class: "network", State: Retryable, DueAt: late, DoubtedAt: t0}, late))
		if e, c := s.Edit(t.Context(), c.ID, move, late), s.Cancel(t.Context(), c.ID, late); !errors.Is(e, ErrBusy) || !errors.Is(c, ErrBusy) {
			t.Errorf("in doubt: %v and %v, want ErrBusy", e, c)
		}
		ok(t, s.Absent(t.Context(), claim(t, s, "node", late).ID, "node"))
		ok(t, s.Opened(t.Context(), c.ID, "node", 2818, false, c.Seq, late))
		ok(t, s.Done(t.Context(), c.ID, "node", c.Seq, false, late))
		if e, c := s.Edit(t.Context(), c.ID, move, late), s.Cancel(t.Context(), c.ID, late); !errors.Is(e, ErrInHalo) || !errors.Is(c, ErrCompleted) {
			t.Errorf("in Halo: %v and %v, want ErrInHalo and ErrCompleted", e, c)
		}
	})
}

func TestCancelledBeforeHalo(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		s := e.open(t)
		was := parked(t, s, report("mfa", "adele"))
		ok(t, s.Cancel(t.Context(), was.ID, t0))
		if got := one(t, s, was.ID); got.State != TicketClosed || got.Delivery != Cancelled || !got.ClosedAt.Equal(t0) {
			t.Errorf("%s %s, closed at %v", got.State, got.Delivery, got.ClosedAt)
		}
		if c := claim(t, s, "node", t0.Add(time.Hour)); c != nil {
			t.Error("a cancelled delivery is worked on")
		}
		for what, err := range map[string]error{
			"edit": s.Edit(t.Context(), was.ID, Edit{ClientID: ptr(14)}, t0), "cancel": s.Cancel(t.Context(), was.ID, t0), "replay": s.Replay(t.Context(), was.ID, t0),
		} {
			if !errors.Is(err, ErrClosed) {
				t.Errorf("%s of a closed one: %v, want ErrClosed", what, err)
			}
		}
		if n, err := s.ReplayAll(t.Context(), Cancelled, t0); n != 0 || err != nil {
			t.Errorf("%d closed ones were replayed, %v", n, err)
		}
		alerts, err := s.Alerts(t.Context(), AlertFilter{TicketID: was.ID}, Page{Limit: 9})
		ok(t, err)
		if len(alerts) != 1 || alerts[0].Status != alert.Firing {
			t.Errorf("alerts %+v, want the one that was there", alerts)
		}
		if next := ticketOf(t, s, post(t, s, t0.Add(time.Hour), report("mfa", "adele"))); next.ID == was.ID || next.Delivery != Available {
			t.Errorf("the next report is on %s (%s), want on a new ticket", next.ID, next.Delivery)
		}
	})
}

func TestCancelledNoteIsToldWithTheNextReport(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		s := e.open(t)
		post(t, s, t0, report("mfa", "adele"))
		id := opened(t, s, 2818, t0).ID
		post(t, s, t0, report("mfa", "alex"))
		ok(t, s.Cancel(t.Context(), id, t0))
		if got := one(t, s, id); got.State != TicketOpen || got.Delivery != Cancelled {
			t.Errorf("%s %s, want open and cancelled", got.State, got.Delivery)
		}
		post(t, s, t0, report("mfa", "megan"))
		if c := claim(t, s, "node", t0); c == nil || c.ID != id || c.ShownSeq != 1 || c.Seq != 3 {
			t.Errorf("claimed %+v, want the open ticket with two reports to tell", c)
		}
	})
}

func TestAdoptedTicketHasAllToTellYet(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		s := e.open(t)
		post(t, s, t0, report("mfa", "adele"))
		c := claim(t, s, "node", t0)
		ok(t, s.NotAdopted(t.Context(), c.ID, "node"))
		if got := one(t, s, c.ID); !got.Sought || got.HaloID != 0 {
			t.Errorf("sought in vain: %+v", got)
		}
		if held, err := s.HasOpen(t.Context(), 2818); held || err != nil {
			t.Errorf("nobody has 2818: %t, %v", held, err)
		}
		ok(t, s.Adopted(t.Context(), c.ID, "node", 2818, t0))
		if got := one(t, s, c.ID); got.HaloID != 2818 || got.State != TicketOpen || got.ShownSeq != 0 || !got.OpenedAt.Equal(t0) {
			t.Errorf("adopted: %+v", got)
		}
		if held, err := s.HasOpen(t.Context(), 2818); !held || err != nil {
			t.Errorf("ours is 2818: %t, %v", held, err)
		}
		if err := s.Adopted(t.Context(), c.ID, "other", 1, t0); !errors.Is(err, ErrLost) {
			t.Errorf("by another: %v, want ErrLost", err)
		}
	})
}
