package render

import (
	"time"

	"github.com/halert/halert/internal/alert"
)

// sample is a ticket with all fields set, on which templates are tried before
// they are taken.
func sample() Ticket {
	who := func(name string) alert.User {
		return alert.User{Name: name, UPN: name + "@customer.example", ObjectID: "9d3f6f0a-2c51-4a7e-8d57-1a4c7ad0a001"}
	}
	link := []alert.Link{{Text: "Open", URL: "https://portal.example/"}}
	finding := func(name string) alert.Finding {
		return alert.Finding{Title: "A finding about " + name, User: who(name), Device: "PC-1", Links: link,
			Fields: []alert.Field{{Name: "Name", Value: name}, {Name: "When", Value: "2026-01-02T03:04:05Z"}, {Name: "Count", Value: "3"}}}
	}
	topic := func(kind string) alert.Topic {
		return alert.Topic{Kind: kind, Title: "A title", What: "What is wrong.", Means: "Why it matters.", Do: "What to do.", Comment: "A comment.", Links: link}
	}
	return Ticket{
		Reference: "HLTSAMPLE", Customer: "A customer", ClientID: 1, Source: "source", Severity: alert.Warning,
		Tenant: alert.NewTenant("9d3f6f0a-2c51-4a7e-8d57-1a4c7ad0a000", "customer.example"),
		Topic:  topic("kind"),
		Sections: []Section{
			{Topic: topic("kind"), Severity: alert.Warning, Findings: []alert.Finding{finding("ann")}, Total: 2},
			{Topic: topic("another"), Severity: alert.Info, Findings: []alert.Finding{finding("bob")}, Total: 1},
		},
		User: who("ann"), Findings: []alert.Finding{finding("ann"), finding("bob")}, Total: 3,
		FirstSeen: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Previous: 1, Routes: []string{"a route", "another"},
	}
}

func sampleNote() Note {
	t := sample()
	return Note{
		Reference: t.Reference, Mark: "[HLTSAMPLE/2]", Tenant: t.Tenant, New: t.Findings[:1], Repeated: t.Findings, Gone: t.Findings[1:],
		NewTotal: 1, RepeatedTotal: 2, GoneTotal: 1, Reports: 2, Since: t.FirstSeen, Until: t.FirstSeen.Add(time.Hour), Firing: 2,
	}
}
