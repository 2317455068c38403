package api

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"

	"github.com/halert/halert/internal/httpserver"
	"github.com/halert/halert/internal/store"
)

func (s *server) replayDelivery(_ http.ResponseWriter, r *http.Request, _ query) (result, error) {
	return s.change(r, "replayed", func(id string) error { return s.Store.Replay(r.Context(), id, s.Now()) })
}

func (s *server) cancelDelivery(_ http.ResponseWriter, r *http.Request, _ query) (result, error) {
	return s.change(r, "cancelled", func(id string) error { return s.Store.Cancel(r.Context(), id, s.Now()) })
}

func (s *server) editDelivery(w http.ResponseWriter, r *http.Request, _ query) (result, error) {
	var in DeliveryEdit
	if err := httpserver.ReadJSON(w, r, maxJSON, &in); err != nil {
		return result{}, err
	}
	edit, err := in.edit()
	if err != nil {
		return result{}, err
	}
	return s.change(r, "edited", func(id string) error { return s.Store.Edit(r.Context(), id, edit, s.Now()) })
}

// edit checks a wish, and puts it into the words of the store.
func (in DeliveryEdit) edit() (store.Edit, error) {
	for _, f := range []struct {
		name     string
		change   Change
		min      int
		nullable bool
	}{
		{"client_id", in.ClientID, 1, false}, {"site_id", in.SiteID, 1, true}, {"ticket_type", in.TicketType, 1, true}, {"priority", in.Priority, 0, true},
	} {
		switch c := f.change; {
		case !c.Set || c.Null && f.nullable:
		case c.Null:
			return store.Edit{}, invalidEdit("%s cannot be null: leave it out, or give Halo's id of the client", f.name)
		case c.Value < f.min || c.Value > math.MaxInt32:
			return store.Edit{}, invalidEdit("%s %d is no id of Halo's: give a whole number from %d on", f.name, c.Value, f.min)
		}
	}
	if in == (DeliveryEdit{}) {
		return store.Edit{}, invalidEdit("nothing is to be changed: give client_id, site_id, ticket_type or priority")
	}
	return store.Edit{
		ClientID: in.ClientID.number(), SiteID: in.SiteID.number(),
		TicketType: in.TicketType.orConfigured(), Priority: in.Priority.orConfigured(),
	}, nil
}

// number is nil where nothing changes, and 0 for null.
func (c Change) number() *int {
	if !c.Set {
		return nil
	}
	return &c.Value
}

// orConfigured is nil where nothing changes, and points to nil for null.
func (c Change) orConfigured() **int {
	n := c.number()
	if n == nil {
		return nil
	}
	if c.Null {
		n = nil
	}
	return &n
}

func invalidEdit(format string, args ...any) error {
	return httpserver.Errorf(http.StatusUnprocessableEntity, "invalid_edit", format, args...)
}

// change does what a person asks for one delivery, and answers with it.
func (s *server) change(r *http.Request, done string, do func(ticketID string) error) (result, error) {
	t, err := s.delivery(r)
	if err != nil {
		return result{}, err
	}
	if err := do(t.ID); err != nil {
		return result{}, conflict(notFound(err, "delivery", r.PathValue("id")), deliveryPrefix+t.ID, done)
	}
	s.Nudge()
	if t, err = s.delivery(r); err != nil {
		return result{}, err
	}
	return ok(viewDelivery(t))
}

// conflict says why a delivery is not in a state for what was asked.
func conflict(err error, id, done string) error {
	refuse := func(code, format string, args ...any) error {
		return httpserver.Errorf(http.StatusConflict, code, "delivery %s cannot be %s: %s", id, done, fmt.Sprintf(format, args...))
	}
	if other, is := errors.AsType[*store.OccupiedError](err); is {
		where := "it is not in Halo yet"
		if other.HaloID != 0 {
			where = fmt.Sprintf("in Halo it is ticket %d", other.HaloID)
		}
		return refuse("occupied", "ticket %s is open there for the same matter (%s); cancel this delivery, and the next report goes on that one", other.TicketID, where)
	}
	switch {
	case errors.Is(err, store.ErrInHalo):
		return refuse("already_in_halo", "its ticket is in Halo already; change it there")
	case errors.Is(err, store.ErrClosed):
		return refuse("closed", "its ticket is closed; the next report of its alerts opens a new one")
	case errors.Is(err, store.ErrBusy):
		return refuse("being_delivered", "Halo is being asked for it, or it is not known yet what became of that; try again in half a minute")
	case errors.Is(err, store.ErrCompleted):
		return refuse("completed", "Halo knows all there is; close the ticket in Halo")
	}
	return err
}

func (s *server) replayDeliveries(w http.ResponseWriter, r *http.Request, _ query) (result, error) {
	var in ReplayRequest
	if err := httpserver.ReadJSON(w, r, maxJSON, &in); err != nil {
		return result{}, err
	}
	states := []string{"discarded", "cancelled", "retryable", "scheduled"}
	if !slices.Contains(states, in.State) {
		return result{}, httpserver.Errorf(http.StatusUnprocessableEntity, "invalid_state",
			"state %q cannot be replayed; the states that can: %s", in.State, strings.Join(states, ", "))
	}
	n, err := s.Store.ReplayAll(r.Context(), store.DeliveryState(in.State), s.Now())
	if err != nil {
		return result{}, err
	}
	s.Nudge()
	return ok(Replayed{Replayed: n})
}
