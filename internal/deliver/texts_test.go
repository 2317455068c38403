package deliver

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/halert/halert/internal/halosim"
	"github.com/halert/halert/internal/render"
	"github.com/halert/halert/internal/store"
)

// templated makes a world with the template "ours", whose failures are
// collected, and whose log can be read.
func templated(t *testing.T, legacy bool, texts render.Texts) (w *world, failed *[]string, log *bytes.Buffer) {
	t.Helper()
	made, err := render.ParseTemplates(texts)
	if err != nil {
		t.Fatal(err)
	}
	w = newWorld(t, legacy, func(s *Settings) { s.Templates = map[string]*render.Templates{"ours": made} })
	failed, log = &[]string{}, &bytes.Buffer{}
	w.d.metrics.TemplateFailed = func(name string) { *failed = append(*failed, name) }
	w.d.log = slog.New(slog.NewTextHandler(log, nil))
	return w, failed, log
}

func by(name string) func(*store.Report) {
	return func(r *store.Report) { r.Plan.Template = name }
}

func TestTemplatesWriteTheTexts(t *testing.T) {
	w, failed, _ := templated(t, false, render.Texts{
		Summary: "Our subject: {{.Title}} at {{.Customer}} ({{.ClientID}})", Body: "<p>Our body, {{count `finding` .Total}}</p>{{.Table}}", Note: "<p>Our note on {{.Title}}: {{.NewTotal}} new</p>",
	})
	id := w.report(12, "mfa", "adele", by("ours"))
	w.work(time.Minute)
	got := w.exactlyOne(id) // its reference was added
	if got.Summary != "Our subject: mfa at Client 12 (12)" || !strings.Contains(got.DetailsHTML, "Our body, 1 finding<") {
		t.Errorf("the ticket has %q and %s", got.Summary, got.DetailsHTML)
	}
	w.report(12, "mfa", "alex", by("ours"))
	w.work(time.Minute)
	notes := w.notes(got.ID)
	if len(notes) != 1 || !strings.Contains(notes[0].NoteHTML+notes[0].Note, "Our note on mfa: 1 new") || !strings.Contains(notes[0].NoteHTML+notes[0].Note, noteMark(got.ThirdPartyIDString, 2)) {
		t.Errorf("the notes are %+v", notes)
	}
	other := w.ticket(w.report(12, "licence", "e5", nil))
	w.work(time.Minute)
	if all := w.sim.Tickets(); len(all) != 2 || strings.Contains(all[0].Summary+all[1].DetailsHTML, "Our subject: licence") || other.Plan.Template != "" {
		t.Errorf("a ticket without a template does not have halert's own texts: %+v", all)
	}
	if len(*failed) != 0 {
		t.Errorf("failed: %v", *failed)
	}
	p, err := PreviewTexts(t.Context(), w.store, other.ID, w.d.target.Load().settings.Templates["ours"], w.now())
	if err != nil || p.Err != nil || p.Summary != "Our subject: licence at Client 12 (12)" || !strings.Contains(p.Body, other.Reference) || !strings.Contains(p.Note, "licence: 1 new") {
		t.Errorf("the preview is %+v, %v", p, err)
	}
	if _, err := PreviewTexts(t.Context(), w.store, "none", nil, w.now()); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the preview of an unknown ticket: %v", err)
	}
}

// A template that fails, or that is gone, costs no ticket and no note.
func TestFailedTemplateLeavesThePlainTicket(t *testing.T) {
	const beyond = "{{(index .Findings 1).Title}}" // one finding is there
	for name, template := range map[string]string{"fails": "ours", "is gone": "former"} {
		t.Run(name, func(t *testing.T) {
			w, failed, log := templated(t, false, render.Texts{Summary: beyond, Body: beyond, Note: beyond})
			id := w.report(12, "mfa", "adele@secret.example", by(template))
			w.work(time.Minute)
			got := w.exactlyOne(id)
			if got.Summary != "mfa - Client 12" || !strings.Contains(got.DetailsHTML, "adele") {
				t.Errorf("the ticket has %q and %s", got.Summary, got.DetailsHTML)
			}
			w.report(12, "mfa", "alex", by(template))
			w.work(time.Minute)
			if notes := w.notes(got.ID); len(notes) != 1 || !strings.Contains(notes[0].NoteHTML+notes[0].Note, "alex") {
				t.Errorf("the notes are %+v", notes)
			}
			if len(*failed) != 1 || (*failed)[0] != template || strings.Count(log.String(), "template="+template) != 1 {
				t.Errorf("told of %v; the log says:\n%s", *failed, log)
			}
			if strings.Contains(log.String(), "adele") {
				t.Errorf("the log holds a part of the alert:\n%s", log)
			}
		})
	}
}

// A subject that moves from report to report does not hide the ticket from a
// look-up, on either age of Halo.
func TestLostAnswerWithATemplate(t *testing.T) {
	for _, legacy := range []bool{false, true} {
		w, _, _ := templated(t, legacy, render.Texts{Summary: "{{.Total}} findings now", Body: "<p>Short.</p>"})
		w.inject(halosim.Fault{Kind: "created-then-dropped", Operation: "create", Count: 1})
		id := w.report(12, "mfa", "adele", by("ours"))
		w.work(time.Second)
		w.report(12, "mfa", "alex", by("ours"))
		w.work(10 * time.Minute)
		if got := w.exactlyOne(id); got.Summary != "1 findings now" {
			t.Errorf("legacy %v: the subject is %q", legacy, got.Summary)
		}
	}
}

func TestFailedTemplatesAreBounded(t *testing.T) {
	var f failedTemplates
	for i := range maxFailed + 1 {
		if id := string(rune(0x4e00 + i)); !f.first(id) || f.first(id) {
			t.Fatalf("ticket %d is not told of once", i)
		}
	}
	if len(f.ids) != 1 {
		t.Errorf("%d tickets are remembered", len(f.ids))
	}
}
