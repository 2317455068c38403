package app

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/halert/halert/internal/api"
)

const withRoutes = base + `
routes:
  - {name: priority by severity, continue: true, ticket: {priority: {critical: Critical, error: High, warning: 3}}}
  - {name: noise, match: [kind=~noise.*], drop: true}
  - {name: disks, match: [kind=~disk.*], ticket: {team: Projects, status: In Progress}, group_by: [label.instance]}
silences:
  - {name: move of the office, match: [customer=Northwind, kind=printer], reason: the printers are in boxes, until: 2100-01-01T00:00:00Z}
exclude:
  - {match: [label.instance=lab], reason: nobody's matter}
`

// monitor is an alert of Alertmanager about Northwind.
func monitor(name, instance, severity string) string {
	return `{"version":"4","status":"firing","alerts":[{"status":"firing","labels":{"alertname":"` + name + `","tenant":"northwind.com","instance":"` + instance +
		`","severity":"` + severity + `"},"annotations":{"summary":"` + name + ` of ` + instance + `"},"fingerprint":"` + name + instance + `"}]}`
}

func (p *program) monitor(name, instance, severity string) string {
	p.t.Helper()
	return p.send("prometheus", "am-secret-that-nobody-sees", monitor(name, instance, severity))
}

func TestRoutesReachHalo(t *testing.T) {
	p := start(t, base)
	p.apply(withRoutes)
	full, slow := p.delivered(p.monitor("DiskFull", "srv-1", "critical")), p.delivered(p.monitor("DiskSlow", "srv-1", "warning"))
	p.delivered(p.monitor("Fan", "srv-1", "error"))
	if full.Tickets[0].ID != slow.Tickets[0].ID {
		t.Errorf("two alerts about one disk are on tickets %s and %s", full.Tickets[0].ID, slow.Tickets[0].ID)
	}
	tickets := p.sim.Tickets()
	if len(tickets) != 2 {
		t.Fatalf("Halo has %d tickets, want 2", len(tickets))
	}
	if got := tickets[0]; got.Team != "Projects" || got.PriorityName != "Critical" || got.StatusName != "In Progress" {
		t.Errorf("the ticket about the disk: team %s, priority %s, status %s", got.Team, got.PriorityName, got.StatusName)
	}
	if got := tickets[1]; got.Team != "Monitoring" || got.PriorityName != "High" {
		t.Errorf("the ticket about the fan: team %s, priority %s", got.Team, got.PriorityName)
	}

	for name, id := range map[string]string{
		"dropped by the route noise":                        p.monitor("Noise", "srv-1", "warning"),
		"move of the office: the printers are in boxes":     p.monitor("Printer", "srv-1", "warning"),
		"exclusion: nobody's matter":                        p.monitor("Fan", "lab", "critical"),
		"silenced by administrator: a person asked for it.": "",
	} {
		if id == "" {
			status, _, body := p.do(request{method: http.MethodPost, path: "/api/v1/silences", body: `{"matchers":["kind=~heat.*"],"reason":"a person asked for it.","for":"1h"}`, header: bearer(apiToken)})
			if status != http.StatusCreated {
				t.Fatalf("silence: %d %s", status, body)
			}
			id = p.monitor("Heat", "srv-1", "warning")
		}
		e := p.until(id, "processed", func(e api.Event) bool { return e.Status == "processed" })
		if len(e.Tickets) != 0 || len(e.Alerts) != 1 || e.Alerts[0].QuietReason != name || e.Alerts[0].Held {
			t.Errorf("%s: %+v", name, e)
		}
	}
	if n := len(p.sim.Tickets()); n != 2 {
		t.Errorf("Halo has %d tickets, want the 2 from before", n)
	}
}

// The end of a silence: what it kept quiet becomes a ticket.
func TestEndOfASilence(t *testing.T) {
	p := start(t, base)
	var made api.Silence
	status, _, body := p.do(request{method: http.MethodPost, path: "/api/v1/silences", body: `{"matchers":["customer=Northwind"],"reason":"new server","for":"9h"}`, header: bearer(apiToken)})
	if status != http.StatusCreated {
		t.Fatalf("silence: %d %s", status, body)
	}
	decode(t, body, &made)
	id := p.monitor("Fan", "srv-1", "error")
	p.until(id, "quiet", func(e api.Event) bool { return len(e.Alerts) == 1 && e.Alerts[0].QuietUntil != nil })
	if status, _, body := p.do(request{method: http.MethodDelete, path: "/api/v1/silences/" + made.ID, header: bearer(apiToken)}); status != http.StatusNoContent {
		t.Fatalf("end: %d %s", status, body)
	}
	if e := p.delivered(id); e.Tickets[0].HaloID == nil {
		t.Errorf("after the end: %+v", e)
	}
}

// A rule that names what Halo does not have is told with its line and the
// nearest name, and nothing is applied.
func TestNamesAreComparedWithHalo(t *testing.T) {
	p := start(t, base)
	for wrong, want := range map[string]string{
		"team: Projcets":                       `team: Halo has no team "Projcets"; did you mean Projects?`,
		"priority: {critical: Kritical}":       "priority.critical: ",
		"priority: 9":                          "priority: ",
		"type: Monitring alert":                `type: Halo has no ticket type "Monitring alert"; did you mean Monitoring alert?`,
		"status: 99":                           "status: ",
		"agent: Mira Castel":                   "did you mean Mira Castell?",
		"fields: {CFNone: x}":                  "fields.CFNone: ",
		`category: ["Hardwear>Laptop"]`:        "category: ",
		"parent: 99999":                        "parent: Halo has no ticket 99999",
		"team: Projects, request_source: Nope": "request_source: ",
	} {
		configuration := base + "routes:\n  - name: one\n    ticket: {" + wrong + "}\n"
		line := strings.Count(configuration, "\n")
		status, _, answer := p.do(request{method: http.MethodPut, path: "/api/v1/config?file=test.yaml", body: strings.ReplaceAll(configuration, "%[1]s", p.halo.URL), header: bearer(apiToken)})
		var problem struct{ Errors []string }
		decode(t, answer, &problem)
		if status != http.StatusUnprocessableEntity || len(problem.Errors) != 1 || !strings.HasPrefix(problem.Errors[0], "test.yaml:"+strconv.Itoa(line)+":") || !strings.Contains(problem.Errors[0], "routes[0].ticket."+strings.SplitN(wrong, ":", 2)[0]) && !strings.Contains(problem.Errors[0], "request_source") || !strings.Contains(problem.Errors[0], want) {
			t.Errorf("%s: %d %s", wrong, status, answer)
		}
	}
	if status, _, exported := p.do(request{method: http.MethodGet, path: "/api/v1/config", header: bearer(apiToken)}); status != http.StatusOK || strings.Contains(string(exported), "routes:") {
		t.Errorf("something was applied:\n%s", exported)
	}
	p.halo.Close() // Halo is down: the names are taken on trust
	p.apply(base + "routes: [{name: one, ticket: {team: Projcets}}]\n")
}

func decode(t *testing.T, body []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(body, into); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
}

func TestRulesAreTriedOnAPayload(t *testing.T) {
	p := start(t, base)
	p.apply(withRoutes)
	try := func(query, body string) (int, string) {
		t.Helper()
		status, _, answer := p.do(request{method: http.MethodPost, path: "/api/v1/route-test" + query, body: body, header: bearer(apiToken)})
		return status, string(answer)
	}
	for query, want := range map[string]string{
		"?source=prometheus":              `"routes":["priority by severity","disks"]`,
		"?at=2101-01-01T00:00:00%2B01:00": `"source":"prometheus"`,
	} {
		if status, answer := try(query, monitor("DiskFull", "srv-1", "critical")); status != http.StatusOK || !strings.Contains(answer, want) {
			t.Errorf("%s: %d %s, want %s", query, status, answer, want)
		}
	}
	if status, answer := try("", "neither fish"); status != http.StatusUnprocessableEntity || !strings.Contains(answer, "not_understood") {
		t.Errorf("no payload: %d %s", status, answer)
	}
	if n := len(p.sim.Tickets()); n != 0 {
		t.Errorf("a try made %d tickets", n)
	}
}
