package deliver

import (
	"github.com/halert/halert/internal/alert"
	"github.com/halert/halert/internal/render"
	"github.com/halert/halert/internal/store"
)

// ticketView is what a new ticket is written from.
func ticketView(t store.Ticket, found store.Findings, linked bool) render.Ticket {
	return render.Ticket{
		Reference: t.Reference, Customer: t.Customer.Name, ClientID: t.Customer.ClientID, Routes: t.Plan.Routes, Tenant: t.Tenant, Source: t.Source, Severity: t.Severity,
		Topic: t.Topic, User: t.User, UserLinked: linked, Findings: found.Shown, Total: found.Total,
		FirstSeen: t.CreatedAt, Previous: t.PreviousID,
	}
}

// withSnooze adds the link to the ticket's snooze page, where there is one.
func withSnooze(v render.Ticket, id string, s Settings) render.Ticket {
	if s.SnoozeLink != nil {
		links := v.Topic.Links
		v.Topic.Links = append(links[:len(links):len(links)], alert.Link{Text: "Snooze findings of this ticket", URL: s.SnoozeLink(id)})
	}
	return v
}

// noteView is what a note is written from.
func noteView(t store.Ticket, n store.News) render.Note {
	return render.Note{
		Reference: t.Reference, Mark: noteMark(t.Reference, t.Seq), Title: t.Topic.Title, Columns: t.Topic.Columns, Tenant: t.Tenant,
		New: n.New.Shown, Repeated: n.Repeated.Shown, Gone: n.Gone.Shown,
		NewTotal: n.New.Total, RepeatedTotal: n.Repeated.Total, GoneTotal: n.Gone.Total,
		Reports: int(t.Seq - t.ShownSeq), Since: n.Since, Until: n.Until,
		Firing: n.Firing, AllClear: n.Firing == 0,
	}
}
