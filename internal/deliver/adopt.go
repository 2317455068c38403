package deliver

import (
	"context"
	"errors"
	"strings"

	"github.com/halert/halert/internal/alert"
	"github.com/halert/halert/internal/halo"
	"github.com/halert/halert/internal/store"
)

// former is the subject that the ticket would have if the sender had made it
// itself; empty: not known.
func former(t store.Ticket) string {
	title := t.Topic.FormerTitle
	if title != "" && t.Topic.FormerPerUser && t.User.Key() != "" {
		title += " - " + t.User.String()
	}
	return alert.OneLine(title)
}

// adopt takes over the open ticket that the sender made itself of the same
// alert, before halert did: else every alert that lasts would have a second
// one. Nothing found is remembered; then the ticket is made. Every call may
// be repeated without harm, so that a crash in between does none.
func (j *job) adopt(ctx context.Context) error {
	found, err := j.formerTicket(ctx)
	if unanswerable(err) {
		j.log.Warn("it cannot be looked up whether the sender has a ticket of its own; a new one is made", "error", err)
		found, err = halo.Ticket{}, nil
	}
	if err != nil {
		return err
	}
	if found.ID == 0 {
		return j.d.store.NotAdopted(ctx, j.ticket.ID, j.d.owner)
	}
	j.good(ctx)
	if found.ThirdPartyID == "" {
		_, err := j.target.halo.UpdateTicket(ctx, halo.TicketUpdate{ID: found.ID, ThirdPartyID: j.ticket.Reference})
		if unanswerable(err) { // the reference stands in the note as well
			j.log.Warn("Halo does not take the reference for the ticket that is taken over", "halo_id", found.ID, "error", err)
			err = nil
		}
		if err != nil {
			return err
		}
	}
	if err := j.d.store.Adopted(ctx, j.ticket.ID, j.d.owner, found.ID, j.d.now()); err != nil {
		return err
	}
	j.log.Info("the sender's own ticket in Halo is taken over", "halo_id", found.ID)
	return nil
}

// formerPages bounds the look-up: the client's open tickets with CIPP in their
// subject, newest first, a hundred on a page.
const formerPages = 3

// formerTicket looks for the sender's own ticket, the newest first. The
// zero ticket is none. A search for the whole subject could be taken apart at
// its special characters, so that one word is searched for, and rows are
// compared.
func (j *job) formerTicket(ctx context.Context) (halo.Ticket, error) {
	want := former(j.ticket)
	q := halo.TicketQuery{ClientID: j.ticket.Customer.ClientID, SearchSummary: "CIPP", OpenOnly: true, Order: "id", OrderDesc: true, MaxPages: formerPages}
	for row, err := range j.target.halo.Tickets(ctx, q) {
		if errors.Is(err, halo.ErrPageLimit) {
			break
		}
		if err != nil {
			return halo.Ticket{}, err
		}
		if !strings.EqualFold(alert.OneLine(row.Summary), want) || row.Closed() {
			continue
		}
		free, whole, err := j.adoptable(ctx, row.ID)
		if err != nil || free {
			return whole, err
		}
	}
	return halo.Ticket{}, nil
}

// adoptable reads a ticket as a whole, since lists leave out columns, and
// tells whether it is open, of the client, and nobody else's.
func (j *job) adoptable(ctx context.Context, id int) (bool, halo.Ticket, error) {
	taken, err := j.d.store.HasOpen(ctx, id)
	if err != nil || taken {
		return false, halo.Ticket{}, err
	}
	t, err := j.target.halo.Ticket(ctx, id)
	var e *halo.Error
	if errors.As(err, &e) && e.Class == halo.ClassNotFound {
		return false, halo.Ticket{}, nil
	}
	if err != nil {
		return false, halo.Ticket{}, err
	}
	if t.Closed() || t.Deleted || t.MergedInto != 0 || t.ClientID != j.ticket.Customer.ClientID {
		return false, halo.Ticket{}, nil
	}
	return true, t, nil
}
