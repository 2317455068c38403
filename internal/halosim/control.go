package halosim

import (
	"embed"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"slices"
	"strconv"
)

//go:embed page
var pageFiles embed.FS

// routes builds the routes of the page and of the control interface. They
// need no credentials, but pages of other sites can not use them to write.
func (s *Sim) routes() http.Handler {
	mux := http.NewServeMux()
	files, err := fs.Sub(pageFiles, "page")
	if err != nil {
		panic("halosim: embedded page: " + err.Error()) // the name is fixed
	}
	mux.Handle("GET /", secured(http.FileServerFS(files)))
	mux.HandleFunc("GET /sim/tickets", s.controlTickets)
	mux.HandleFunc("GET /sim/tickets/{id}", s.controlTicket)
	mux.HandleFunc("POST /sim/tickets/{id}/close", s.controlChange(s.CloseTicket))
	mux.HandleFunc("POST /sim/tickets/{id}/reopen", s.controlChange(s.ReopenTicket))
	mux.HandleFunc("POST /sim/tickets/{id}/delete", s.controlChange(s.DeleteTicket))
	mux.HandleFunc("POST /sim/tickets/{id}/merge", s.controlMerge)
	mux.HandleFunc("GET /sim/faults", func(w http.ResponseWriter, _ *http.Request) { reply(w, 200, s.Faults()) })
	mux.HandleFunc("POST /sim/faults", s.controlInject)
	mux.HandleFunc("DELETE /sim/faults", s.control(s.RemoveAll))
	mux.HandleFunc("DELETE /sim/faults/{id}", s.controlRemove)
	mux.HandleFunc("POST /sim/expire-tokens", s.control(s.ExpireTokens))
	mux.HandleFunc("POST /sim/reset", s.control(s.Reset))
	mux.HandleFunc("GET /sim/stats", func(w http.ResponseWriter, _ *http.Request) { reply(w, 200, s.Stats()) })
	mux.HandleFunc("GET /sim/calls", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, 200, append([]Call{}, s.Calls()...))
	})
	return http.NewCrossOriginProtection().Handler(mux)
}

// secured keeps the page from loading anything from elsewhere and tickets'
// HTML from running scripts.
func secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "+
			"connect-src 'self'; frame-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-cache")
		next.ServeHTTP(w, r)
	})
}

// reply writes JSON to a caller of the control interface.
func reply(w http.ResponseWriter, status int, v any) { jsonAnswer(status, v).write(w) }

func replyError(w http.ResponseWriter, status int, err error) {
	reply(w, status, map[string]string{"error": err.Error()})
}

func (s *Sim) control(f func()) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		f()
		w.WriteHeader(http.StatusNoContent)
	}
}

// controlTickets answers the tickets, newest first. With changes=N it answers
// 204 as long as nothing changed; with brief=true it leaves out texts and
// actions.
func (s *Sim) controlTickets(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	changes, all := s.changes, r.FormValue("brief") != "true"
	if r.FormValue("changes") == strconv.Itoa(changes) {
		s.mu.Unlock()
		w.WriteHeader(http.StatusNoContent)
		return
	}
	views := []TicketView{}
	for _, t := range slices.Backward(sorted(s.db.tickets)) {
		views = append(views, s.db.view(t, all))
	}
	s.mu.Unlock()
	reply(w, http.StatusOK, map[string]any{"changes": changes, "tickets": views})
}

func (s *Sim) controlTicket(w http.ResponseWriter, r *http.Request) {
	id, _ := strconv.Atoi(r.PathValue("id"))
	s.mu.Lock()
	t := s.db.tickets[id]
	var v TicketView
	if t != nil {
		v = s.db.view(t, true)
	}
	s.mu.Unlock()
	if t == nil {
		replyError(w, http.StatusNotFound, fmt.Errorf("there is no ticket %s", r.PathValue("id")))
		return
	}
	reply(w, http.StatusOK, v)
}

func (s *Sim) controlChange(f func(int) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		id, _ := strconv.Atoi(r.PathValue("id"))
		if err := f(id); err != nil {
			replyError(w, http.StatusNotFound, err)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	}
}

// controlMerge takes {"into":2002}.
func (s *Sim) controlMerge(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Into int `json:"into"`
	}
	if err := json.NewDecoder(io.LimitReader(r.Body, 1000)).Decode(&in); err != nil {
		replyError(w, http.StatusBadRequest, fmt.Errorf(`read the body, which must be {"into":ID}: %w`, err))
		return
	}
	s.controlChange(func(id int) error { return s.MergeTicket(id, in.Into) })(w, r)
}

func (s *Sim) controlInject(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 100_000))
	if err != nil {
		replyError(w, http.StatusBadRequest, err)
		return
	}
	f, err := readFault(body, s.now())
	if err == nil {
		f.ID, err = s.Inject(f)
	}
	if err != nil {
		replyError(w, http.StatusBadRequest, err)
		return
	}
	reply(w, http.StatusCreated, f)
}

func (s *Sim) controlRemove(w http.ResponseWriter, r *http.Request) {
	id, err := strconv.Atoi(r.PathValue("id"))
	if err != nil || !s.Remove(id) {
		replyError(w, http.StatusNotFound, fmt.Errorf("there is no fault %s", r.PathValue("id")))
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
