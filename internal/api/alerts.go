package api

import (
	"net/http"

	"github.com/halert/halert/internal/alert"
	"github.com/halert/halert/internal/store"
)

func (s *server) listAlerts(_ http.ResponseWriter, r *http.Request, q query) (result, error) {
	page, err := q.page()
	if err != nil {
		return result{}, err
	}
	rows, err := s.Store.Alerts(r.Context(), store.AlertFilter{
		Status: alert.Status(q["status"]), Held: q.boolean("held"), Quiet: q.boolean("quiet"), Severity: alert.ParseSeverity(q["severity"]),
		ClientID: q.number("client_id"), Source: q["source"], Text: q["q"], TicketID: q["ticket_id"], EventID: q["event_id"],
	}, page)
	if err != nil {
		return result{}, err
	}
	list, err := listOf(rows, page, func(a store.Alert) string { return a.ID }, s.tickets(r.Context()).viewAlert)
	return result{value: list}, err
}

func (s *server) getAlert(_ http.ResponseWriter, r *http.Request, _ query) (result, error) {
	id := r.PathValue("id")
	a, err := s.Store.Alert(r.Context(), id)
	if err != nil {
		return result{}, notFound(err, "alert", id)
	}
	v, err := s.tickets(r.Context()).viewAlert(a)
	return result{value: v}, err
}
