package api

import (
	"net/http"
	"strings"

	"github.com/halert/halert/internal/store"
)

// maxHistory bounds how many reports are shown.
const maxHistory = 100

func ticketID(t store.Ticket) string { return t.ID }

func (s *server) listTickets(_ http.ResponseWriter, r *http.Request, q query) (result, error) {
	page, err := q.page()
	if err != nil {
		return result{}, err
	}
	rows, err := s.Store.Tickets(r.Context(), store.TicketFilter{
		State: store.TicketState(q["state"]), Reference: q["reference"], ClientID: q.number("client_id"),
		HaloID: q.number("halo_id"), EventID: q["event_id"],
	}, page, s.Now())
	if err != nil {
		return result{}, err
	}
	list, err := listOf(rows, page, ticketID, func(t store.Ticket) (Ticket, error) { return viewTicket(t), nil })
	return result{value: list}, err
}

func (s *server) getTicket(_ http.ResponseWriter, r *http.Request, _ query) (result, error) {
	id := r.PathValue("id")
	t, err := s.Store.Ticket(r.Context(), id, s.Now())
	return result{value: viewTicket(t)}, notFound(err, "ticket", id)
}

func (s *server) listDeliveries(_ http.ResponseWriter, r *http.Request, q query) (result, error) {
	page, err := q.page()
	if err != nil {
		return result{}, err
	}
	rows, err := s.Store.Tickets(r.Context(), store.TicketFilter{Delivery: store.DeliveryState(q["state"])}, page, s.Now())
	if err != nil {
		return result{}, err
	}
	list, err := listOf(rows, page, ticketID, func(t store.Ticket) (Delivery, error) { return viewDelivery(t), nil })
	return result{value: list}, err
}

// delivery finds the ticket of the delivery that a request names.
func (s *server) delivery(r *http.Request) (store.Ticket, error) {
	id := r.PathValue("id")
	of, isDelivery := strings.CutPrefix(id, deliveryPrefix)
	if !isDelivery {
		return store.Ticket{}, notFound(store.ErrNotFound, "delivery", id)
	}
	t, err := s.Store.Ticket(r.Context(), of, s.Now())
	return t, notFound(err, "delivery", id)
}

func (s *server) getDelivery(_ http.ResponseWriter, r *http.Request, _ query) (result, error) {
	t, err := s.delivery(r)
	if err != nil {
		return result{}, err
	}
	attempts, err := s.Store.Attempts(r.Context(), t.ID)
	return result{value: DeliveryDetail{Delivery: viewDelivery(t), Attempts: viewAttempts(attempts)}}, err
}
