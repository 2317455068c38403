package conntest

import (
	"errors"
	"fmt"
	"strings"

	"github.com/halert/halert/internal/halo"
)

func (t *test) token() (string, *failure) {
	err := t.c.Token(t.ctx)
	if err == nil {
		return "Halo gives a token", nil
	}
	if e, ok := errors.AsType[*halo.Error](err); ok && e.Class == halo.ClassUnreadable {
		return "", &failure{err.Error(), "The Authorisation Endpoint URL must end in /auth; copy it from Halo: " + menuAPI + "."}
	}
	return fail(err, remedyCredentials)
}

func (t *test) agent() (string, *failure) {
	a, err := t.c.AgentMe(t.ctx)
	if err != nil {
		if e, ok := errors.AsType[*halo.Error](err); ok && e.Class == halo.ClassNotFound {
			return "", &failure{err.Error(), "The Resource Server URL must end in /api; copy it from Halo: " + menuAPI +
				". If it does, set the \"Agent to login as\" under " + menuApplication + "."}
		}
		return fail(err, remedyAgent)
	}
	if a.Disabled {
		return "", &failure{fmt.Sprintf("the agent %q (%d) is disabled", a.Name, a.ID), remedyAgent}
	}
	return fmt.Sprintf("the application works as the agent %q (%d)", a.Name, a.ID), nil
}

const editNote = "; that editing works too can only be proven by the test with a ticket"

func (t *test) readTickets() (string, *failure) {
	for _, err := range t.c.Tickets(t.ctx, halo.TicketQuery{PageSize: 1}) {
		if err != nil {
			return fail(err, remedyPermission("read:tickets"))
		}
		break
	}
	if t.set.MakeTicket {
		return "tickets can be read", nil
	}
	return "tickets can be read" + editNote + " (edit:tickets)", nil
}

func (t *test) readCustomers() (string, *failure) {
	for client, err := range t.c.Clients(t.ctx, halo.ClientQuery{}) {
		if err != nil {
			return fail(err, remedyPermission("read:customers"))
		}
		if t.customer == 0 && !client.Inactive {
			t.customer = client.ID
			break
		}
	}
	if t.customer == 0 {
		return "", &failure{"Halo shows no active client", "Let the agent see the clients that get tickets: " + menuAgents +
			". If there is none yet, make one under Customers."}
	}
	if t.set.ClientID != 0 {
		t.customer = t.set.ClientID
	}
	return "clients can be read; edit:customers is not used by these tests", nil
}

func (t *test) ticketType() (string, *failure) {
	remedy := "Open the ticket type under " + menuTypes + ": the address of the page ends in tickettype?id= and the number. " +
		"Set ticket_type to that number."
	if t.set.TicketType == 0 {
		return "", &failure{"no ticket type is set", remedy}
	}
	typ, err := t.c.TicketType(t.ctx, t.set.TicketType)
	if err != nil {
		return fail(err, remedy+" If the number is right, the agent may not use this type: see its roles under "+menuAgents+".")
	}
	t.typ = typ
	return fmt.Sprintf("%q (%d)", typ.Name, typ.ID), nil
}

func (t *test) priority() (string, *failure) {
	if t.set.Priority == nil {
		return "none is set: tickets get the one of their type", nil
	}
	want := *t.set.Priority
	if t.typ.SLAID == 0 {
		return fmt.Sprintf("Halo does not tell the SLA of %q, so priority %d cannot be checked", t.typ.Name, want), nil
	}
	list, err := t.c.Priorities(t.ctx, t.typ.SLAID)
	if err != nil {
		return fail(err, remedyPermission("read:tickets"))
	}
	var known []string
	for _, p := range list {
		// A Halo that ignores the filter sends the priorities of all SLAs.
		if p.SLAID != 0 && p.SLAID != t.typ.SLAID {
			continue
		}
		if p.ID == want {
			return fmt.Sprintf("%q (%d) of SLA %d", p.Name, p.ID, t.typ.SLAID), nil
		}
		known = append(known, fmt.Sprintf("%d %s", p.ID, p.Name))
	}
	return "", &failure{fmt.Sprintf("priority %d is not one of SLA %d, which %q has; known are: %s", want, t.typ.SLAID, t.typ.Name, listed(known)),
		"Set priority to one of these, or add it under " + menuSLAs + " > (SLA) > Priorities, or give the ticket type another SLA under " + menuTypes + "."}
}

func listed(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	const most = 12
	if len(names) > most {
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", len(names)-most)
	}
	return strings.Join(names, ", ")
}

func (t *test) noteAction() (string, *failure) {
	want := t.set.NoteOutcome
	list, err := t.c.Outcomes(t.ctx)
	if err != nil {
		return fail(err, remedyPermission("read:tickets"))
	}
	var found *halo.Outcome
	var known []string
	for _, o := range list {
		if o.ID == want {
			found = &o
		}
		known = append(known, fmt.Sprintf("%d %s", o.ID, o.Name))
	}
	if found == nil {
		return "", &failure{fmt.Sprintf("there is no action %d; known are: %s", want, listed(known)),
			"Set note_outcome to one of these; the one for notes is often called Internal Note. They are kept under " + menuActions + "."}
	}
	name := fmt.Sprintf("%q (%d)", found.Name, found.ID)
	if t.typ.WorkflowID == 0 {
		return name, nil
	}
	flow, err := t.c.Workflow(t.ctx, t.typ.WorkflowID)
	if err != nil {
		return fail(err, "Check the workflow of the ticket type under "+menuTypes+", and that the agent may see it.")
	}
	if !flow.Allows(want) {
		return "", &failure{fmt.Sprintf("the workflow %q of the ticket type has no step that allows the action %s", flow.Name, name),
			"Add the action to the steps of the workflow, or to the actions that are always allowed, under " + menuWorkflows +
				"; or set note_outcome to an action that the workflow has."}
	}
	return name + ", which the workflow \"" + flow.Name + "\" allows", nil
}

func (t *test) closingStatus() (string, *failure) {
	want := t.set.ClosedStatus
	if want == 0 {
		return "none is set: tickets are not closed when their alerts end", nil
	}
	list, err := t.c.Statuses(t.ctx)
	if err != nil {
		return fail(err, remedyPermission("read:tickets"))
	}
	var known []string
	for _, s := range list {
		if s.ID == want && closes(s, list) {
			return fmt.Sprintf("%q (%d)", s.Name, s.ID), nil
		}
		if s.ID == want {
			return "", &failure{fmt.Sprintf("%q (%d) does not look like a status that closes a ticket", s.Name, s.ID),
				"Set closed_status to the status that closes, 9 on a stock Halo. Statuses are kept under " + menuStatuses +
					". If this one does close tickets, the test with a ticket proves it."}
		}
		known = append(known, fmt.Sprintf("%d %s", s.ID, s.Name))
	}
	return "", &failure{fmt.Sprintf("there is no status %d; known are: %s", want, listed(known)),
		"Set closed_status to the status that closes, 9 on a stock Halo. Statuses are kept under " + menuStatuses + "."}
}

// closes judges by the name, or by the type where types differ and this one is
// that of a status that is called closed. What Halo's types mean is not
// documented; 9 is Closed on a stock Halo, under whatever name [B].
func closes(s halo.Status, all []halo.Status) bool {
	const stockClosed = 9
	named := func(s halo.Status) bool {
		return s.ID == stockClosed || strings.Contains(strings.ToLower(s.Name+" "+s.ShortName), "close")
	}
	if named(s) {
		return true
	}
	same, differ := false, false
	for _, other := range all {
		if other.Type != s.Type {
			differ = true
		} else if named(other) {
			same = true
		}
	}
	return same && differ
}

func (t *test) requestSource() (string, *failure) {
	if t.set.RequestSource == nil {
		return "none is set: Halo writes \"Manual\"", nil
	}
	list, err := t.c.Lookup(t.ctx, halo.LookupRequestSource)
	if err != nil {
		return fail(err, remedyPermission("read:tickets"))
	}
	var known []string
	for _, v := range list {
		if v.ID == *t.set.RequestSource {
			return fmt.Sprintf("%q (%d)", v.Name, v.ID), nil
		}
		known = append(known, fmt.Sprintf("%d %s", v.ID, v.Name))
	}
	return "", &failure{fmt.Sprintf("there is no request source %d; known are: %s", *t.set.RequestSource, listed(known)), remedySource}
}
