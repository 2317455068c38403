package app

import (
	"strings"
	"testing"
	"time"

	"github.com/halert/halert/internal/alert"
	"github.com/halert/halert/internal/store"
)

const withTemplates = base + `
templates:
  - {name: ours, summary: "Our {{.Title}}", note: "{{(index .Findings 1).Title}}"}
`

// Templates come from the configuration to the tickets whose plan names them,
// and a failed one is counted.
func TestTemplatesReachTheTickets(t *testing.T) {
	p := start(t, base)
	p.apply(withTemplates)
	c := alert.Customer{ClientID: 15, Name: "Contoso"}
	report := func(template string) string {
		t.Helper()
		now := time.Now()
		id, err := p.app.store.Accept(t.Context(), store.Event{Source: "cipp", Kind: "cipp", ReceivedAt: now, Status: store.EventPending})
		if err != nil {
			t.Fatal(err)
		}
		r := store.Report{Source: "cipp", Customer: &c, GroupKey: alert.GroupKey(c, "cipp", template, "", ""), Plan: alert.Plan{Template: template},
			Event: alert.Event{Action: alert.Trigger, Topic: alert.Topic{Kind: template, Title: "disk"}, Fingerprint: "a", Severity: alert.Warning, Finding: alert.Finding{Title: "a"}}}
		if err := p.app.store.Apply(t.Context(), []store.Outcome{{EventID: id, Status: store.EventProcessed, Reports: []store.Report{r}}}, now); err != nil {
			t.Fatal(err)
		}
		p.app.settings.deliver.Nudge()
		return id
	}
	p.delivered(report("ours"))
	p.delivered(report("none"))
	subjects := make(map[string]bool)
	for _, ticket := range p.sim.Tickets() {
		subjects[ticket.Summary] = true
	}
	if len(subjects) != 2 || !subjects["Our disk"] || !subjects["disk - Contoso"] {
		t.Errorf("the subjects are %v", subjects)
	}
	_, _, text := p.do(request{method: "GET", path: "/metrics"})
	if line := `halert_template_failures_total{template="none"} 1`; !strings.Contains(string(text), line+"\n") {
		t.Errorf("no line %q", line)
	}
	var list struct{ Items []struct{ ID string } }
	p.get("/api/v1/tickets", &list)
	status, _, answer := p.do(request{path: "/api/v1/templates/preview", body: `{"name":"ours","ticket_id":"` + list.Items[0].ID + `"}`, header: bearer(apiToken)})
	if status != 200 || !strings.Contains(string(answer), `"summary":"Our disk"`) || !strings.Contains(string(answer), "note template, line 1") {
		t.Errorf("the preview is %d %s", status, answer)
	}
}
