package deliver

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/halert/halert/internal/render"
	"github.com/halert/halert/internal/store"
)

// templates are those that the ticket's plan names. A name that is not
// configured any more is told, and leaves the texts to halert.
func (j *job) templates() *render.Templates {
	name := j.ticket.Plan.Template
	if name == "" {
		return nil
	}
	t, ok := j.target.settings.Templates[name]
	if !ok {
		j.templateFailed(errors.New("no template has this name; add it to the section templates of the configuration, or name another one in the route"))
	}
	return t
}

// text takes what a template wrote, or halert's own if the template failed.
func (j *job) text(text string, err error) string {
	if err != nil {
		j.templateFailed(err)
	}
	return text
}

// templateFailed tells of a ticket's first failure.
func (j *job) templateFailed(err error) {
	if !j.d.failed.first(j.ticket.ID) {
		return
	}
	name := j.ticket.Plan.Template
	j.log.Warn("the ticket has halert's own text, as its template failed; try it with: halert template try --name "+name+" --ticket "+j.ticket.ID, "template", name, "error", err)
	if j.d.metrics.TemplateFailed != nil {
		j.d.metrics.TemplateFailed(name)
	}
}

// maxFailed bounds how many tickets are remembered; beyond it all are
// forgotten, and told of once more.
const maxFailed = 10_000

// failedTemplates remembers the tickets whose template failed.
type failedTemplates struct {
	mu  sync.Mutex
	ids map[string]struct{}
}

func (f *failedTemplates) first(id string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, known := f.ids[id]; known {
		return false
	}
	if len(f.ids) >= maxFailed || f.ids == nil {
		f.ids = make(map[string]struct{})
	}
	f.ids[id] = struct{}{}
	return true
}

// Preview is what templates make of a stored ticket.
type Preview struct {
	Summary string
	Body    string // HTML
	Note    string // HTML; of the ticket's last report
	Err     error  // why a text is halert's own; nil: none failed
}

// PreviewTexts writes the texts of a stored ticket by templates, without
// Halo. The error is [store.ErrNotFound] for an unknown ticket.
func PreviewTexts(ctx context.Context, s *store.Store, ticketID string, templates *render.Templates, now time.Time) (Preview, error) {
	t, err := s.Ticket(ctx, ticketID, now)
	if err != nil {
		return Preview{}, err
	}
	found, err := ticketFindings(ctx, s, ticketID)
	if err != nil {
		return Preview{}, fmt.Errorf("read the findings of ticket %s: %w", ticketID, err)
	}
	shown := min(t.ShownSeq, t.Seq-1)
	news, err := s.News(ctx, ticketID, shown, t.Seq, maxShown)
	if err != nil {
		return Preview{}, fmt.Errorf("read the reports of ticket %s: %w", ticketID, err)
	}
	t.ShownSeq = shown
	view, err := viewOf(ctx, s, t, found, t.UserLinked)
	if err != nil {
		return Preview{}, fmt.Errorf("read the findings of ticket %s: %w", ticketID, err)
	}
	var p Preview
	var summaryErr, bodyErr, noteErr error
	p.Summary, summaryErr = templates.Summary(view)
	p.Body, bodyErr = templates.Body(view)
	p.Note, noteErr = templates.Note(ticketView(t, store.Findings{}, true), noteView(t, news))
	p.Err = errors.Join(summaryErr, bodyErr, noteErr)
	return p, nil
}
