package api_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/halert/halert/internal/api"
	"github.com/halert/halert/internal/api/apitest"
)

func TestPreviewTemplates(t *testing.T) {
	w := apitest.New(t, start())
	w.Accept(`{"title":"Disk full","tenant":"acme.example","severity":"error"}`)
	w.Accept(`{"title":"Held","tenant":"nobody.example","severity":"error"}`)
	w.Process()
	tickets := getJSON[api.List[api.Ticket]](t, w, "/api/v1/tickets").Items
	alerts := getJSON[api.List[api.Alert]](t, w, "/api/v1/alerts?q=disk").Items
	held := getJSON[api.List[api.Alert]](t, w, "/api/v1/alerts?held=true").Items
	if len(tickets) != 1 || len(alerts) != 1 || len(held) != 1 {
		t.Fatalf("%d tickets, %d and %d alerts; want one of each", len(tickets), len(alerts), len(held))
	}
	preview := func(r api.PreviewRequest) api.Preview {
		t.Helper()
		in, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		status, _, body := call(t, w, "POST", "/api/v1/templates/preview", string(in))
		var out api.Preview
		if err := json.Unmarshal(body, &out); status != 200 || err != nil {
			t.Fatalf("%d %s, %v", status, body, err)
		}
		return out
	}
	own := preview(api.PreviewRequest{TicketID: tickets[0].ID})
	if !strings.HasPrefix(own.Summary, "Disk full") || !strings.Contains(own.Body, tickets[0].Reference) || own.Note == "" || own.Error != "" {
		t.Errorf("halert's own: %+v", own)
	}
	texts := preview(api.PreviewRequest{AlertID: alerts[0].ID, Summary: "{{upper .Title}}", Body: "<script>x</script><p>{{.Kind}}</p>"})
	if texts.Summary != "DISK FULL" || strings.Contains(texts.Body, "script") || !strings.Contains(texts.Body, tickets[0].Reference) || texts.Note != own.Note || texts.Error != "" {
		t.Errorf("texts: %+v", texts)
	}
	named := preview(api.PreviewRequest{TicketID: tickets[0].ID, Name: "ours"})
	if named.Summary != "Ours: Disk full" || named.Body != own.Body || !strings.Contains(named.Error, "body template, line 1: ") {
		t.Errorf("a set that fails in the body: %+v", named)
	}
	for _, c := range []struct {
		name, body, code string
		status           int
	}{
		{"no ticket", `{"name":"ours"}`, "bad_request", 400},
		{"both", `{"ticket_id":"a","alert_id":"b"}`, "bad_request", 400},
		{"name and texts", `{"name":"ours","body":"x","ticket_id":"` + tickets[0].ID + `"}`, "bad_request", 400},
		{"unknown ticket", `{"name":"ours","ticket_id":"none"}`, "not_found", 404},
		{"unknown alert", `{"name":"ours","alert_id":"none"}`, "not_found", 404},
		{"unknown template", `{"name":"none","ticket_id":"` + tickets[0].ID + `"}`, "not_found", 404},
		{"held", `{"alert_id":"` + held[0].ID + `"}`, "no_ticket", 409},
		{"wrong", `{"summary":"{{.A}}","body":"{{.B","ticket_id":"` + tickets[0].ID + `"}`, "invalid_template", 422},
	} {
		status, header, body := call(t, w, "POST", "/api/v1/templates/preview", c.body)
		wantProblem(t, c.name, status, header, body, c.status, c.code)
		if c.name == "wrong" && (strings.Count(string(body), "template, line 1") != 2 || !strings.Contains(string(body), "2 templates cannot be used")) {
			t.Errorf("not both problems are told: %s", body)
		}
	}
}
