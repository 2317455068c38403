package halosim_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/halert/halert/internal/halosim"
)

func TestActions(t *testing.T) {
	t.Parallel()
	h := start(t, halosim.Options{})
	id := h.create("")
	note := object(t, h.want(201, "POST", "/api/Actions",
		fmt.Sprintf(`[{"ticket_id":"%d","outcome_id":7,"hiddenfromuser":true,"note_html":"<p>again</p>","timetaken":0.5}]`, id)))
	if note["id"] != 2.0 || note["outcome"] != "Internal Note" || note["note"] != "again" || note["hiddenfromuser"] != true || note["timetaken"] != 0.5 {
		t.Errorf("note: %v", note)
	}
	all := array(t, h.want(201, "POST", "/api/actions?returnall=true",
		fmt.Sprintf(`[{"ticket_id":%d,"outcome":"note","note":"a"},{"ticket_id":%d,"outcome_id":8,"note":"b","new_status":2}]`, id, id)))
	if len(all) != 2 || all[1].(map[string]any)["new_status_name"] != "In Progress" || all[1].(map[string]any)["old_status"] != 1.0 {
		t.Errorf("returnall: %v", all)
	}
	h.want(201, "POST", "/api/Actions", fmt.Sprintf(`{"id":2,"ticket_id":%d,"note":"better"}`, id))
	h.want(404, "POST", "/api/Actions", fmt.Sprintf(`[{"id":22,"ticket_id":%d,"note":"x"}]`, id))
	if got := h.Actions(id); len(got) != 4 || got[1].Note != "better" || got[0].Outcome != "Logged" {
		t.Errorf("actions: %+v", got)
	}
	view := object(t, h.want(200, "GET", fmt.Sprintf("/api/Actions?ticket_id=%d&excludesys=true&count=2&includehtmlnote=true", id), ""))
	rows := view["actions"].([]any)
	if view["record_count"] != 4.0 || view["ticket_id"] != float64(id) || len(rows) != 2 || rows[0].(map[string]any)["note_html"] != "b" {
		t.Errorf("list: %v", view)
	}
	public := object(t, h.want(200, "GET", fmt.Sprintf("/api/Actions?ticket_id=%d&excludeprivate=true", id), ""))
	if public["record_count"] != 3.0 {
		t.Errorf("without hidden ones: %v", public)
	}
	if h.Actions(7) != nil {
		t.Error("a ticket that does not exist has actions")
	}
}

func TestActionRefusals(t *testing.T) {
	t.Parallel()
	h := start(t, halosim.Options{})
	alert, change := h.create(""), h.create(`,"tickettype_id":30`)
	for _, test := range []struct {
		name, body string
		status     int
		words      string
	}{
		{"no outcome", fmt.Sprintf(`[{"ticket_id":%d,"note":"x"}]`, alert), 400, `"An Outcome must be entered for this Action"`},
		{"unknown outcome", fmt.Sprintf(`[{"ticket_id":%d,"outcome_id":99}]`, alert), 400, "You do not have access to this Action at the moment"},
		{"system outcome", fmt.Sprintf(`[{"ticket_id":%d,"outcome_id":20}]`, alert), 400, "You do not have access"},
		{"workflow", fmt.Sprintf(`[{"ticket_id":%d,"outcome_id":7}]`, change), 400, "You do not have access"},
		{"unknown ticket", `[{"ticket_id":7,"outcome_id":7}]`, 404, "7"},
		{"unknown status", fmt.Sprintf(`[{"ticket_id":%d,"outcome_id":7,"new_status":77}]`, alert), 400, "status with ID 77"},
		{"float", fmt.Sprintf(`[{"ticket_id":%d.0,"outcome_id":7}]`, alert), 400, `"[0].ticket_id"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			if body := h.want(test.status, "POST", "/api/Actions", test.body); !strings.Contains(body, test.words) {
				t.Errorf("body %s lacks %q", body, test.words)
			}
		})
	}
	if a, b := len(h.Actions(alert)), len(h.Actions(change)); a != 1 || b != 1 {
		t.Errorf("refused actions were written: %d and %d", a, b)
	}
}

func TestWorkflowSteps(t *testing.T) {
	t.Parallel()
	h := start(t, halosim.Options{})
	id := h.create(`,"tickettype_id":30`)
	for _, outcome := range []int{1, 10, 11, 7} {
		h.want(201, "POST", "/api/Actions", fmt.Sprintf(`[{"ticket_id":%d,"outcome_id":%d}]`, id, outcome))
	}
	h.want(400, "POST", "/api/Actions", fmt.Sprintf(`[{"ticket_id":%d,"outcome_id":10}]`, id))
}

func TestActionsOnClosedTickets(t *testing.T) {
	t.Parallel()
	h := start(t, halosim.Options{})
	for _, test := range []struct {
		name, properties string
		status           int
		closed           bool
	}{
		{"accepted", `,"tickettype_id":21`, 201, true},
		{"reopens", `,"tickettype_id":1,"_novalidate":true`, 201, false},
		{"refused", `,"tickettype_id":25,"priority_id":1`, 400, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			id := h.create(test.properties)
			if err := h.CloseTicket(id); err != nil {
				t.Fatal(err)
			}
			h.want(test.status, "POST", "/api/Actions", fmt.Sprintf(`[{"ticket_id":%d,"outcome_id":7,"note":"x"}]`, id))
			all := h.Tickets()
			if got := all[len(all)-1]; got.Closed != test.closed {
				t.Errorf("closed: %v", got.Closed)
			}
		})
	}
}
