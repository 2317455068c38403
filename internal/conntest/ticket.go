package conntest

import (
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/halert/halert/internal/halo"
)

const testTitle = "halert connection test"

// create makes the ticket. Where the answer is lost, the ticket may be there
// all the same: the remedy says what to look for.
func (t *test) create() (string, *failure) {
	t.reference = "HALERT-TEST-" + rand.Text()
	ticket, err := t.c.CreateTicket(t.ctx, halo.NewTicket{
		Summary: testTitle + " [" + t.reference + "]",
		DetailsHTML: "<p>This ticket was made by the connection test of halert. Nobody needs to work on it.</p>" +
			"<p>Reference: " + t.reference + "</p>",
		TicketTypeID: t.set.TicketType, ClientID: t.customer,
		PriorityID: t.set.Priority, RequestSource: t.set.RequestSource, ThirdPartyID: t.reference,
	})
	if e, ok := errors.AsType[*halo.Error](err); ok && e.MaybeDone {
		return "", &failure{e.Error(), remedyFor(err, remedyCreate) + " Halo may have made the ticket all the same: search it for " +
			t.reference + " and close it by hand."}
	}
	if err != nil {
		return fail(err, remedyCreate)
	}
	t.ticket = ticket
	return fmt.Sprintf("ticket %d on client %d, reference %s", ticket.ID, t.customer, t.reference), nil
}

func (t *test) addNote() (string, *failure) {
	_, err := t.c.AddAction(t.ctx, halo.NewAction{TicketID: t.ticket.ID, OutcomeID: t.set.NoteOutcome,
		NoteHTML: "<p>A note of the connection test.</p>"})
	if err != nil {
		return fail(err, fmt.Sprintf("Let the agent use the action %d: see the access of the action under %s, and the workflow of the ticket type under %s. "+
			"Or set note_outcome to another action.", t.set.NoteOutcome, menuActions, menuWorkflows))
	}
	return "the note is on the ticket, hidden from the customer", nil
}

// find looks for the ticket as it is done after a lost answer: by the native
// filter, which older versions ignore, then by search, then by reading the
// client's tickets. A second round gives Halo time to show a new ticket.
func (t *test) find() (string, *failure) {
	ways := []struct {
		name  string
		query halo.TicketQuery
	}{
		{"Halo's filter third_party_id_string", halo.TicketQuery{ThirdPartyID: t.reference, PageSize: 10, MaxPages: 1}},
		{"a search of the summary; Halo ignores the filter third_party_id_string", halo.TicketQuery{SearchSummary: t.reference, ClientID: t.customer, PageSize: 10, MaxPages: 1}},
		{"a search of the text; Halo ignores the filters for the reference", halo.TicketQuery{Search: t.reference, ClientID: t.customer, PageSize: 10, MaxPages: 1}},
		{"reading the client's newest tickets; no filter for the reference works by itself", halo.TicketQuery{ClientID: t.customer, Order: "id", OrderDesc: true, MaxPages: 5}},
	}
	var last error
	for round := range 2 {
		if round > 0 && !t.pause() {
			break
		}
		for _, way := range ways {
			found, only, err := t.look(way.query)
			if err != nil {
				last = err
				continue
			}
			// A filter that lets other tickets through was not understood.
			if found && (only || way.query.PageSize == 0) {
				return "found by " + way.name + t.kept(), nil
			}
		}
	}
	if last != nil {
		return fail(last, remedyPermission("read:tickets"))
	}
	return "", &failure{fmt.Sprintf("ticket %d is not found by its reference %s in any way", t.ticket.ID, t.reference),
		"Let the agent see the tickets of this client and ticket type (" + menuAgents + "). Until then a lost answer of Halo can lead to a second ticket."}
}

// look tells whether a query finds the ticket, and finds nothing else.
func (t *test) look(q halo.TicketQuery) (found, only bool, err error) {
	only = true
	for row, err := range t.c.Tickets(t.ctx, q) {
		if errors.Is(err, halo.ErrPageLimit) {
			return found, false, nil
		}
		if err != nil {
			return false, false, err
		}
		if row.ID == t.ticket.ID && t.bears(row) {
			found = true
		} else {
			only = false
		}
	}
	return found, only, nil
}

// bears tells that a row shows the reference. Rows may lack fields.
func (t *test) bears(row halo.Ticket) bool {
	return row.ThirdPartyID == t.reference || strings.Contains(row.Summary+row.Details+row.DetailsHTML, t.reference)
}

// kept says whether Halo keeps the reference in its own field.
func (t *test) kept() string {
	ticket, err := t.c.Ticket(t.ctx, t.ticket.ID)
	if err != nil || ticket.ThirdPartyID == t.reference {
		return ""
	}
	return "; Halo does not keep third_party_id_string, only the texts bear the reference"
}

func (t *test) pause() bool {
	timer := time.NewTimer(t.settle)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-t.ctx.Done():
		return false
	}
}

func (t *test) close() (string, *failure) {
	if t.set.ClosedStatus == 0 {
		return fmt.Sprintf("no closing status is set: close ticket %d by hand", t.ticket.ID), nil
	}
	_, err := t.c.UpdateTicket(t.ctx, halo.TicketUpdate{ID: t.ticket.ID, StatusID: t.set.ClosedStatus,
		ClosureNote: "Closed by the connection test."})
	if err != nil {
		return fail(err, fmt.Sprintf("Close ticket %d by hand. Then check that the workflow of the ticket type lets the status %d follow (%s), and that nothing is mandatory on closing (%s).",
			t.ticket.ID, t.set.ClosedStatus, menuWorkflows, menuTypes))
	}
	t.closeAsked = true
	return fmt.Sprintf("asked for the status %d", t.set.ClosedStatus), nil
}

func (t *test) readBack() (string, *failure) {
	ticket, err := t.c.Ticket(t.ctx, t.ticket.ID)
	if err != nil {
		return fail(err, remedyPermission("read:tickets"))
	}
	state := "open"
	if ticket.Closed() {
		state = "closed"
	}
	detail := fmt.Sprintf("ticket %d is %s, status %d, type %d, client %d", ticket.ID, state, ticket.StatusID, ticket.TicketTypeID, ticket.ClientID)
	if t.closeAsked && !ticket.Closed() {
		return "", &failure{detail, fmt.Sprintf("The status %d does not close tickets. Close ticket %d by hand and set closed_status to one that does: %s.",
			t.set.ClosedStatus, ticket.ID, menuStatuses)}
	}
	return detail, nil
}
