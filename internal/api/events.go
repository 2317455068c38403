package api

import (
	"net/http"

	"github.com/halert/halert/internal/store"
)

func (s *server) listEvents(_ http.ResponseWriter, r *http.Request, q query) (result, error) {
	page, err := q.page()
	if err != nil {
		return result{}, err
	}
	rows, err := s.Store.Events(r.Context(), store.EventStatus(q["status"]), page)
	if err != nil {
		return result{}, err
	}
	list, err := listOf(rows, page, func(e store.Event) string { return e.ID }, func(e store.Event) (Event, error) {
		return s.viewEvent(r.Context(), e)
	})
	return result{value: list}, err
}

func (s *server) getEvent(_ http.ResponseWriter, r *http.Request, _ query) (result, error) {
	id := r.PathValue("id")
	e, err := s.Store.Event(r.Context(), id)
	if err != nil {
		return result{}, notFound(err, "event", id)
	}
	v, err := s.viewEvent(r.Context(), e)
	return result{value: v}, err
}

func (s *server) getEventBody(_ http.ResponseWriter, r *http.Request, _ query) (result, error) {
	id := r.PathValue("id")
	body, err := s.Store.Body(r.Context(), id)
	return result{body: body}, notFound(err, "event", id)
}

func (s *server) replayEvent(w http.ResponseWriter, r *http.Request, q query) (result, error) {
	id := r.PathValue("id")
	if err := s.Store.Requeue(r.Context(), id); err != nil {
		return result{}, notFound(err, "event", id)
	}
	s.Nudge()
	return s.getEvent(w, r, q)
}
