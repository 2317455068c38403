package cippmodel_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/halert/halert/internal/cippmodel"
	"github.com/halert/halert/internal/synth"
)

var start = time.Date(2026, time.March, 2, 0, 0, 0, 0, time.UTC)

func hour(n int) time.Time { return start.Add(time.Duration(n) * time.Hour) }

func body(n int, incident int, title string) synth.Body {
	return synth.Body{At: hour(n), Source: synth.SourceCIPP, Calls: []synth.Call{{Tenant: "t", Title: title, Incidents: []int{incident}}}}
}

func TestTickets(t *testing.T) {
	ticket := func(client, opened, closed, notes int, about ...int) *cippmodel.Ticket {
		v := &cippmodel.Ticket{Client: client, Title: "[CIPP] a", Opened: hour(opened), Notes: notes, About: about}
		if closed > 0 {
			v.Closed = hour(closed)
		}
		return v
	}
	titled := func(v *cippmodel.Ticket, title string) *cippmodel.Ticket { v.Title = "[CIPP] " + title; return v }
	for _, tt := range []struct {
		name  string
		month synth.Month
		want  []*cippmodel.Ticket
	}{
		{"a repeat is a note on the open ticket", synth.Month{Bodies: []synth.Body{body(1, 0, "a"), body(2, 0, "a")}},
			[]*cippmodel.Ticket{ticket(12, 1, 0, 1, 0)}},
		{"another title is another ticket", synth.Month{Bodies: []synth.Body{body(1, 0, "a"), body(2, 0, "a 2")}},
			[]*cippmodel.Ticket{ticket(12, 1, 0, 0, 0), titled(ticket(12, 2, 0, 0, 0), "a 2")}},
		{"one title for two troubles is one ticket", synth.Month{Bodies: []synth.Body{body(1, 0, "a"), body(2, 1, "a")}},
			[]*cippmodel.Ticket{ticket(12, 1, 0, 1, 0, 1)}},
		{"closed: a new ticket", synth.Month{Bodies: []synth.Body{body(1, 0, "a"), body(3, 1, "a")}, Closings: []synth.Closing{{At: hour(2), Incident: 0}}},
			[]*cippmodel.Ticket{ticket(12, 1, 2, 0, 0), ticket(12, 3, 0, 0, 1)}},
		{"lost while Halo is down", synth.Month{Bodies: []synth.Body{body(1, 0, "a"), body(3, 0, "a")}, Outages: []synth.Outage{{Kind: synth.OutageHalo, From: hour(0), Until: hour(2)}}},
			[]*cippmodel.Ticket{ticket(12, 3, 0, 0, 0)}},
		{"doubled when the answer is lost", synth.Month{Bodies: []synth.Body{body(1, 0, "a"), body(3, 0, "a")}, Outages: []synth.Outage{{Kind: synth.OutageAnswers, From: hour(0), Until: hour(2)}}},
			[]*cippmodel.Ticket{ticket(12, 1, 0, 0, 0), ticket(12, 3, 0, 0, 0)}},
		{"a note whose answer is lost", synth.Month{Bodies: []synth.Body{body(1, 0, "a"), body(3, 0, "a")}, Outages: []synth.Outage{{Kind: synth.OutageAnswers, From: hour(2), Until: hour(4)}}},
			[]*cippmodel.Ticket{ticket(12, 1, 0, 1, 0), ticket(12, 3, 0, 0, 0)}},
		{"unmapped: client 1, and again when it is mapped", synth.Month{Tenants: []synth.Tenant{{ID: "t", Client: 12, Mapped: hour(2)}}, Bodies: []synth.Body{body(1, 0, "a"), body(3, 0, "a")}},
			[]*cippmodel.Ticket{ticket(1, 1, 0, 0, 0), ticket(12, 3, 0, 0, 0)}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.month.Tenants == nil {
				tt.month.Tenants = []synth.Tenant{{ID: "t", Client: 12}}
			}
			if diff := cmp.Diff(tt.want, cippmodel.Tickets(&tt.month)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
