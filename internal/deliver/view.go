package deliver

import (
	"slices"

	"github.com/halert/halert/internal/alert"
	"github.com/halert/halert/internal/render"
	"github.com/halert/halert/internal/store"
)

// ticketView is what a new ticket is written from.
func ticketView(t store.Ticket, found store.Findings, linked bool) render.Ticket {
	return render.Ticket{
		Reference: t.Reference, Customer: t.Customer.Name, ClientID: t.Customer.ClientID, Routes: t.Plan.Routes, Tenant: t.Tenant, Source: t.Source, Severity: t.Severity,
		Topic: t.Topic, User: t.User, UserLinked: linked, Findings: found.Shown, Total: found.Total,
		FirstSeen: t.CreatedAt, Previous: t.PreviousID, Sections: several(found),
	}
}

// sections are the findings by kind of alert, the gravest first.
func sections(found store.Findings) []render.Section {
	all := make([]render.Section, len(found.Kinds))
	at := make(map[string]int)
	for i, k := range found.Kinds {
		all[i] = render.Section{Severity: k.Severity, Total: k.Total}
		at[k.Kind] = i
	}
	for i, f := range found.Shown {
		s, known := at[found.Topics[i].Kind]
		if !known { // it came while the others were counted
			continue
		}
		all[s].Topic, all[s].Findings = found.Topics[i], append(all[s].Findings, f)
	}
	return slices.DeleteFunc(all, func(s render.Section) bool { return len(s.Findings) == 0 })
}

// several are the sections of a ticket that has more than one.
func several(found store.Findings) []render.Section {
	if len(found.Kinds) < 2 {
		return nil
	}
	return sections(found)
}

// withSnooze adds the link to the ticket's snooze page, where there is one.
func withSnooze(v render.Ticket, id string, s Settings) render.Ticket {
	if s.SnoozeLink != nil {
		v.Links = []alert.Link{{Text: "Snooze findings of this ticket", URL: s.SnoozeLink(id)}}
	}
	return v
}

// noteView is what a note is written from.
func noteView(t store.Ticket, n store.News) render.Note {
	view := render.Note{
		Reference: t.Reference, Mark: noteMark(t.Reference, t.Seq), Title: t.Topic.Title, Columns: t.Topic.Columns, Tenant: t.Tenant,
		New: n.New.Shown, Repeated: n.Repeated.Shown, Gone: n.Gone.Shown,
		NewTotal: n.New.Total, RepeatedTotal: n.Repeated.Total, GoneTotal: n.Gone.Total,
		Reports: int(t.Seq - t.ShownSeq), Since: n.Since, Until: n.Until,
		Firing: n.Firing, AllClear: n.Firing == 0,
	}
	if n.Kinds > 1 {
		view.NewBy, view.RepeatedBy, view.GoneBy = sections(n.New), sections(n.Repeated), sections(n.Gone)
	}
	return view
}
