package deliver

import (
	"cmp"
	"context"
	"log/slog"
	"sync"

	"github.com/halert/halert/internal/halo"
	"github.com/halert/halert/internal/store"
)

// draft is the ticket to be made, with all that has to be looked up first.
func (j *job) draft(ctx context.Context, who contact, found store.Findings) (halo.NewTicket, error) {
	t := j.ticket
	templates := j.templates()
	view, err := viewOf(ctx, j.d.store, t, found, who.userID != 0)
	if err != nil {
		return halo.NewTicket{}, err
	}
	view = withSnooze(view, t.ID, j.target.settings)
	n := halo.NewTicket{
		Summary: j.text(templates.Summary(view)), DetailsHTML: j.text(templates.Body(view)), ThirdPartyID: t.Reference,
		ClientID: t.Customer.ClientID, SiteID: t.Customer.SiteID,
	}
	if err := j.fields(ctx, &n); err != nil {
		return halo.NewTicket{}, err
	}
	assets, err := j.assets(ctx, found.Shown)
	if err != nil {
		return halo.NewTicket{}, err
	}
	for _, a := range assets {
		n.AssetIDs = append(n.AssetIDs, a.id)
	}
	if who.userID != 0 {
		n.UserID, n.SiteID = who.userID, who.siteID
	} else {
		n.SiteID = cmp.Or(commonSite(assets), n.SiteID)
	}
	return n, nil
}

// fields puts Halo's fields on a new ticket: a person's choice goes first,
// then the plan, then the settings. What the plan names and Halo does not
// have is left out, for a ticket that lacks its team is better than none.
func (j *job) fields(ctx context.Context, n *halo.NewTicket) error {
	t, s, f := j.ticket, j.target.settings, j.ticket.Plan.Fields
	usual := s.TicketType
	if t.TicketType != nil {
		usual, f.TicketType = *t.TicketType, nil
	}
	if t.Priority != nil {
		f.Priority = nil
	}
	v, problems, err := j.target.names.Resolve(ctx, f, usual)
	if err != nil {
		return err
	}
	for _, p := range problems {
		j.target.told.warn(j.log, "a field of a ticket cannot be sent to Halo, so tickets are made without it", p.Text, "field", p.Path)
	}
	n.TicketTypeID = cmp.Or(v.TicketType, usual)
	n.PriorityID = cmp.Or(t.Priority, v.Priority)
	if n.PriorityID == nil && s.Priority != nil {
		// Under another SLA it would mean something else, or Halo would refuse
		// the ticket [A].
		fits, err := j.target.names.SameSLA(ctx, n.TicketTypeID, s.TicketType)
		if err != nil {
			return err
		}
		if fits {
			n.PriorityID = s.Priority
		}
	}
	n.RequestSource = cmp.Or(v.RequestSource, s.RequestSource)
	n.StatusID, n.Team, n.AgentID = v.Status, v.Team, v.Agent
	n.Impact, n.Urgency, n.ParentID, n.CustomFields = v.Impact, v.Urgency, f.Parent, v.Custom
	n.Category1, n.Category2, n.Category3, n.Category4 = f.Categories[0], f.Categories[1], f.Categories[2], f.Categories[3]
	return nil
}

// toldOnce keeps what was logged already, so that it is not said again for
// every ticket.
type toldOnce struct {
	mu   sync.Mutex
	said map[string]bool
}

const toldMost = 1000 // texts; then all is forgotten, and said once more

// warn logs a text with its reason, the first time only.
func (o *toldOnce) warn(log *slog.Logger, text, reason string, args ...any) {
	o.mu.Lock()
	known := o.said[text+reason]
	if o.said == nil || len(o.said) >= toldMost {
		o.said = make(map[string]bool)
	}
	o.said[text+reason] = true
	o.mu.Unlock()
	if !known {
		log.Warn(text, append(args, "reason", reason)...)
	}
}
