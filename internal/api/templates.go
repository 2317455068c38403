package api

import (
	"errors"
	"net/http"

	"github.com/halert/halert/internal/deliver"
	"github.com/halert/halert/internal/httpserver"
	"github.com/halert/halert/internal/render"
)

// maxTemplates bounds a request with three templates, in bytes.
const maxTemplates = 512 << 10

// PreviewRequest names a stored ticket, and the templates to write it by: a
// configured set, or texts. With neither, the texts are halert's own.
type PreviewRequest struct {
	Name     string `json:"name,omitempty" doc:"Name of a configured set of templates. Left out: the three texts here."`
	Summary  string `json:"summary,omitempty" doc:"Template of the subject. Left out: halert's own."`
	Body     string `json:"body,omitempty" doc:"Template of the ticket's text, HTML. Left out: halert's own."`
	Note     string `json:"note,omitempty" doc:"Template of a note, HTML. Left out: halert's own."`
	TicketID string `json:"ticket_id,omitempty" doc:"Our id of the ticket to write."`
	AlertID  string `json:"alert_id,omitempty" doc:"Id of an alert: its ticket is written."`
}

// Preview is what templates make of a ticket. It was written with texts of a
// foreign system: show the HTML in a frame without scripts.
type Preview struct {
	Summary string `json:"summary" doc:"The subject."`
	Body    string `json:"body" doc:"The ticket's text, HTML."`
	Note    string `json:"note" doc:"A note on the ticket's last report, HTML."`
	Error   string `json:"error" doc:"Why one of them is halert's own text instead of the template's, or empty."`
}

func (s *server) previewTemplates(w http.ResponseWriter, r *http.Request, _ query) (result, error) {
	var in PreviewRequest
	if err := httpserver.ReadJSON(w, r, maxTemplates, &in); err != nil {
		return result{}, err
	}
	ticket, err := s.previewed(r, in)
	if err != nil {
		return result{}, err
	}
	templates, err := s.chosen(r, in)
	if err != nil {
		return result{}, err
	}
	p, err := deliver.PreviewTexts(r.Context(), s.Store, ticket, templates, s.Now())
	if err != nil {
		return result{}, notFound(err, "ticket", ticket)
	}
	out := Preview{Summary: p.Summary, Body: p.Body, Note: p.Note}
	if p.Err != nil {
		out.Error = p.Err.Error()
	}
	return ok(out)
}

// previewed is the id of the ticket to write.
func (s *server) previewed(r *http.Request, in PreviewRequest) (string, error) {
	if (in.TicketID == "") == (in.AlertID == "") {
		return "", httpserver.Errorf(http.StatusBadRequest, "bad_request", "give one of ticket_id and alert_id: the ticket to write")
	}
	if in.TicketID != "" {
		return in.TicketID, nil
	}
	a, err := s.Store.Alert(r.Context(), in.AlertID)
	if err != nil {
		return "", notFound(err, "alert", in.AlertID)
	}
	if a.TicketID == "" {
		return "", httpserver.Errorf(http.StatusConflict, "no_ticket", "the alert %q is on no ticket yet; map its tenant, or take another alert", in.AlertID)
	}
	return a.TicketID, nil
}

// chosen are the templates to write by.
func (s *server) chosen(r *http.Request, in PreviewRequest) (*render.Templates, error) {
	texts := render.Texts{Summary: in.Summary, Body: in.Body, Note: in.Note}
	if in.Name == "" {
		made, err := render.ParseTemplates(texts)
		if err != nil {
			return nil, badTemplate(err)
		}
		return made, nil
	}
	if texts != (render.Texts{}) {
		return nil, httpserver.Errorf(http.StatusBadRequest, "bad_request", "give name or texts, not both")
	}
	all, err := s.Templates(r.Context())
	if err != nil {
		return nil, err
	}
	made, known := all[in.Name]
	if !known {
		return nil, httpserver.Errorf(http.StatusNotFound, "not_found", "no template %q is configured; see the section templates of the configuration", in.Name)
	}
	return made, nil
}

// badTemplate tells each template that cannot be used.
func badTemplate(err error) error {
	p := httpserver.Errorf(http.StatusUnprocessableEntity, "invalid_template", "%s", err.Error())
	if all, is := errors.AsType[interface {
		error
		Unwrap() []error
	}](err); is {
		for _, one := range all.Unwrap() {
			p.Errors = append(p.Errors, one.Error())
		}
		p.Detail = count(len(p.Errors), "template") + " cannot be used; the errors name line and reason"
	}
	return p
}
