package api

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/halert/halert/internal/alert"
	"github.com/halert/halert/internal/httpserver"
	"github.com/halert/halert/internal/store"
)

// Silence keeps alerts from becoming tickets for a while.
type Silence struct {
	ID        string     `json:"id" doc:"The silence's id."`
	DedupKey  string     `json:"dedup_key" doc:"Key of the one alert that it is about, or empty: the matchers say which."`
	Matchers  []string   `json:"matchers" doc:"What an alert must match, all of it, as in the configuration's routes."`
	Reason    string     `json:"reason" doc:"Why."`
	Author    string     `json:"author" doc:"Who asked for it."`
	From      time.Time  `json:"from" doc:"When it begins."`
	Until     time.Time  `json:"until" doc:"When it ends; then the alerts are looked at again."`
	CreatedAt time.Time  `json:"created_at" doc:"When it was made."`
	EndedAt   *time.Time `json:"ended_at" doc:"When a person ended it before its time, or null."`
	Active    bool       `json:"active" doc:"It holds now."`
}

// NewSilence asks for a silence, of one alert or of all that match.
type NewSilence struct {
	AlertID  string     `json:"alert_id,omitzero" doc:"The one alert to silence. Give this or matchers."`
	Matchers []string   `json:"matchers,omitzero" doc:"What an alert must match, all of it, such as customer=\"Acme\" or severity<error."`
	Reason   string     `json:"reason" doc:"Why: 1 to 500 characters."`
	Author   string     `json:"author,omitzero" doc:"Who asks for it; left out: the name of the token."`
	From     *time.Time `json:"from,omitzero" doc:"When it begins; left out: now."`
	For      string     `json:"for" doc:"How long it lasts: 2h, 7d; at most 3650d."`
}

func silenceRoutes(s *server) []route {
	return []route{
		{method: "GET", path: "/silences", id: "listSilences", summary: "List silences",
			doc:   "What people silenced, the newest first. Those of the configuration stand in its file.",
			query: paging(), out: List[Silence]{}, handle: s.listSilences},
		{method: "POST", path: "/silences", id: "createSilence", summary: "Silence alerts",
			doc: "Silenced alerts are kept, make no ticket and no note, and are looked at again when the silence ends.",
			in:  NewSilence{}, out: Silence{}, status: http.StatusCreated, handle: s.createSilence},
		{method: "DELETE", path: "/silences/{id}", id: "endSilence", summary: "End a silence", doc: "Ends it now; what it kept quiet is looked at again.",
			status: http.StatusNoContent, handle: s.endSilence},
	}
}

func (s *server) viewSilence(one store.Silence) (Silence, error) {
	return Silence{ID: one.ID, DedupKey: one.DedupKey, Matchers: append([]string{}, one.Matchers...), Reason: one.Reason, Author: one.Author, From: one.From, Until: one.Until,
		CreatedAt: one.CreatedAt, EndedAt: timeOrNull(one.EndedAt), Active: one.Active(s.Now())}, nil
}

func (s *server) listSilences(_ http.ResponseWriter, r *http.Request, q query) (result, error) {
	page, err := q.page()
	if err != nil {
		return result{}, err
	}
	rows, err := s.Store.Silences(r.Context(), page)
	if err != nil {
		return result{}, err
	}
	list, err := listOf(rows, page, func(one store.Silence) string { return one.ID }, s.viewSilence)
	return result{value: list}, err
}

func (s *server) createSilence(w http.ResponseWriter, r *http.Request, _ query) (result, error) {
	var in NewSilence
	if err := httpserver.ReadJSON(w, r, maxJSON, &in); err != nil {
		return result{}, err
	}
	now := s.Now()
	one, err := in.silence(now)
	if err != nil {
		return result{}, invalidSilence(err)
	}
	if one.Author == "" {
		one.Author, _ = s.Authorise(r.Context(), bearer(r))
	}
	if len(in.Matchers) > 0 {
		if err := s.CheckMatchers(in.Matchers); err != nil {
			return result{}, invalidSilence(err)
		}
	} else {
		a, err := s.Store.Alert(r.Context(), in.AlertID)
		if err != nil {
			return result{}, notFound(err, "alert", in.AlertID)
		}
		one.DedupKey = a.DedupKey
	}
	if one.ID, err = s.Store.AddSilence(r.Context(), one); err != nil {
		return result{}, err
	}
	s.Log.Info("a silence was made", "silence", one.ID, "author", one.Author, "until", one.Until.Format(time.RFC3339))
	s.Nudge()
	v, err := s.viewSilence(one)
	return result{value: v}, err
}

// maxSilence is ten years: what is to be quiet for longer is an exclusion of
// the configuration.
const maxSilence = 3650 * 24 * time.Hour

// silence checks a wish.
func (in NewSilence) silence(now time.Time) (store.Silence, error) {
	one := store.Silence{Matchers: in.Matchers, Reason: alert.OneLine(in.Reason), Author: alert.Cut(alert.OneLine(in.Author), 100), From: now, CreatedAt: now}
	if in.From != nil {
		one.From = in.From.UTC().Truncate(time.Millisecond)
	}
	lasts, err := parseTime(in.For)
	switch {
	case (in.AlertID == "") == (len(in.Matchers) == 0):
		return one, fmt.Errorf("say what to silence: alert_id or matchers, and not both")
	case one.Reason == "" || len([]rune(one.Reason)) > 500:
		return one, fmt.Errorf("say why, in 1 to 500 characters: reason")
	case err != nil || lasts > maxSilence:
		return one, fmt.Errorf("for is %q: say for how long, such as 2h or 7d, at most 3650d", in.For)
	case !one.From.Add(lasts).After(now):
		return one, fmt.Errorf("the silence would be over already: %s and %s after it", one.From.Format(time.RFC3339), in.For)
	}
	one.Until = one.From.Add(lasts)
	return one, nil
}

func invalidSilence(err error) error {
	return httpserver.Errorf(http.StatusUnprocessableEntity, "invalid_silence", "%s", strings.TrimSpace(err.Error()))
}

func (s *server) endSilence(_ http.ResponseWriter, r *http.Request, _ query) (result, error) {
	id := r.PathValue("id")
	err := notFound(s.Store.EndSilence(r.Context(), id, s.Now()), "silence", id)
	if err == nil {
		s.Log.Info("a silence was ended", "silence", id)
		s.Nudge()
	}
	return result{}, err
}
