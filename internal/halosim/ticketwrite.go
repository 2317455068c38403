package halosim

import (
	"cmp"
	"net/http"
	"strconv"
	"strings"
)

// postTickets creates tickets and updates those that have an id, one after
// the other. The first that is refused ends the call; those before it stay
// [G]. The answer is the last ticket or, with returnall=true, all of them [B].
func (s *Sim) postTickets(c *call) answer {
	var done []any
	silent := false
	for i, item := range c.items {
		in, refused := readTicket(newReader(item, i))
		if refused != nil {
			return *refused
		}
		var t *ticket
		if in.id > 0 {
			t, refused = s.updateTicket(c, in)
		} else {
			t, refused = s.createTicket(c, in)
		}
		if refused != nil {
			return *refused
		}
		done = append(done, s.db.faultsOne(t, true))
		silent = !in.returnThis
	}
	status := s.created()
	switch {
	case c.query.bool("returnall"):
		return jsonAnswer(status, done)
	case silent:
		return answer{status: status}
	}
	return jsonAnswer(status, done[len(done)-1])
}

// created is the status of a successful write: 201 in newer versions, 200 in
// older ones [A].
func (s *Sim) created() int {
	if s.opts.Legacy {
		return http.StatusOK
	}
	return http.StatusCreated
}

func (s *Sim) createTicket(c *call, in ticketInput) (*ticket, *answer) {
	kind := s.db.ticketType(cmp.Or(in.typeID, s.db.seed.TicketTypes[0].ID))
	if kind == nil || kind.Inactive {
		return nil, refusal("The ticket type with ID %d does not exist or can not be used.", in.typeID)
	}
	now := s.now()
	t := &ticket{GUID: newGUID(), TypeID: kind.ID, SLAID: kind.DefaultSLA, StatusID: kind.InitialStatus, AgentID: 1,
		Team: kind.DefaultTeam, Created: now, Occurred: now, Updated: now, nextAction: 1}
	if kind.WorkflowID > 0 {
		t.WorkflowStep = s.db.workflow(kind.WorkflowID).Steps[0].ID
	}
	if refused := in.missing(kind.Mandatory); refused != nil {
		return nil, refused
	}
	if in.priorityID == 0 && in.slaID == 0 {
		t.PriorityID = kind.DefaultPriority
	}
	if refused := s.fill(c, t, in); refused != nil {
		return nil, refused
	}
	if refused := s.number(c, t); refused != nil {
		return nil, refused
	}
	t.VisibleFrom = now
	if f := s.fault(c, KindListLag); f != nil {
		t.VisibleFrom = now.Add(f.Delay)
	}
	s.db.tickets[t.ID] = t
	if in.linkThirdPartyID != "" {
		s.db.addLink(t.ID, in, now)
	}
	opening := s.addAction(t, &action{Outcome: "Logged", Note: t.Details, NoteHTML: t.DetailsHTML, NewStatus: t.StatusID})
	s.stats.TicketsCreated++
	s.notify(eventNew, t, opening)
	if in.statusID > 0 {
		s.stamp(t)
	}
	return t, nil
}

// number gives a new ticket its number. With the fault "race" the number is
// the one that was next when the call began, as if two creates had both read
// it before either wrote.
func (s *Sim) number(c *call, t *ticket) *answer {
	f := s.fault(c, KindRace)
	t.ID = s.db.nextTicket
	if f != nil && c.number > 0 {
		t.ID = c.number
		c.number = 0 // a further ticket of the same call gets a fresh one
	}
	if s.db.tickets[t.ID] != nil && f.Race == raceFail {
		a := fail(http.StatusInternalServerError, shapeException,
			"Violation of PRIMARY KEY constraint 'PK_FAULTS'. Cannot insert duplicate key in object 'dbo.FAULTS'. The duplicate key value is ("+strconv.Itoa(t.ID)+").")
		return &a
	}
	s.db.nextTicket = max(s.db.nextTicket, t.ID+1)
	return nil
}

func (s *Sim) updateTicket(c *call, in ticketInput) (*ticket, *answer) {
	t := s.db.tickets[in.id]
	if refused := s.writable(c, t, in.id); refused != nil {
		return nil, refused
	}
	changed := *t
	if kind := s.db.ticketType(in.typeID); in.typeID > 0 && in.typeID != t.TypeID {
		if kind == nil {
			return nil, refusal("The ticket type with ID %d does not exist or can not be used.", in.typeID)
		}
		changed.TypeID, changed.SLAID = kind.ID, kind.DefaultSLA
		if in.priorityID == 0 {
			changed.PriorityID = kind.DefaultPriority
		}
	}
	if refused := s.fill(c, &changed, in); refused != nil {
		return nil, refused
	}
	old := t.StatusID
	*t = changed
	t.Updated = s.now()
	s.changes++
	if t.StatusID != old {
		s.changedStatus(t, old, "Status Changed", "")
	}
	return t, nil
}

// writable returns why a ticket can not be changed, or nil.
func (s *Sim) writable(c *call, t *ticket, id int) *answer {
	var a answer
	switch {
	case t == nil || t.Deleted && s.opts.Legacy:
		a = notFound("Ticket", id)
	case c.restricted(t.ClientID):
		a = forbidden()
	case t.Deleted:
		a = refuse("Ticket %d has been deleted.", id)
	case t.MergedInto > 0:
		a = refuse("Ticket %d has been merged into ticket %d.", id, t.MergedInto)
	default:
		return nil
	}
	return &a
}

// fill puts the given properties into the ticket, or returns the refusal. On a
// refusal the ticket may be half changed; callers drop it.
func (s *Sim) fill(c *call, t *ticket, in ticketInput) *answer {
	if refused := in.tooLong(); refused != nil {
		return refused
	}
	if refused := s.fillParty(c, t, in); refused != nil {
		return refused
	}
	if refused := s.fillRanks(t, in); refused != nil {
		return refused
	}
	s.fillTexts(t, in)
	return nil
}

// fillParty sets client, site and user, which must belong together. A user
// needs its site [B]; without a user it is the site's General User [B].
func (s *Sim) fillParty(c *call, t *ticket, in ticketInput) *answer {
	db := s.db
	if in.clientID|in.siteID|in.userID == 0 && t.ClientID > 0 {
		return nil
	}
	clientID := in.clientID
	if st := db.sites[in.siteID]; in.siteID > 0 {
		if st == nil {
			return refusal("The site with ID %d does not exist.", in.siteID)
		}
		if clientID = cmp.Or(clientID, st.clientID); st.clientID != clientID {
			return refusal("The site with ID %d does not belong to the client with ID %d.", in.siteID, clientID)
		}
	}
	clientID = cmp.Or(clientID, t.ClientID, 1)
	if db.clients[clientID] == nil {
		return refusal("The client with ID %d does not exist.", clientID)
	}
	if c.restricted(clientID) {
		a := forbidden()
		return &a
	}
	t.ClientID, t.SiteID = clientID, in.siteID
	if u := db.users[in.userID]; in.userID > 0 {
		switch {
		case u == nil:
			return refusal("The user with ID %d does not exist.", in.userID)
		case in.siteID == 0:
			return refusal("Please select a site for the user.")
		case u.siteID != in.siteID:
			return refusal("The user with ID %d does not belong to the site with ID %d.", in.userID, in.siteID)
		}
		t.UserID = u.ID
		return nil
	}
	if t.SiteID == 0 {
		if st := db.defaultSite(clientID); st != nil {
			t.SiteID = st.id
		}
	}
	t.UserID = db.generalUser(t.SiteID)
	return nil
}

// fillRanks sets SLA, priority, status, agent and team.
func (s *Sim) fillRanks(t *ticket, in ticketInput) *answer {
	db := s.db
	t.SLAID = cmp.Or(in.slaID, t.SLAID)
	sla := db.sla(t.SLAID)
	if sla == nil {
		return refusal("The SLA with ID %d does not exist.", t.SLAID)
	}
	t.PriorityID = cmp.Or(in.priorityID, t.PriorityID)
	if t.PriorityID == 0 && len(sla.Priorities) > 0 {
		t.PriorityID = sla.Priorities[0].PriorityID
	}
	if db.priority(t.SLAID, t.PriorityID) == nil {
		return refusal("The priority with ID %d does not exist for the SLA %s.", t.PriorityID, sla.Name)
	}
	t.StatusID = cmp.Or(in.statusID, t.StatusID)
	if db.status(t.StatusID) == nil {
		return refusal("The status with ID %d does not exist.", t.StatusID)
	}
	t.AgentID = cmp.Or(in.agentID, t.AgentID)
	if in.agentID > 0 && db.agent(in.agentID) == nil {
		return refusal("The agent with ID %d does not exist.", in.agentID)
	}
	// A team that does not exist is passed over without a word [G].
	if in.team != nil {
		if team := find(db.seed.Teams, func(v Team) bool { return strings.EqualFold(v.Name, *in.team) }); team != nil {
			t.Team = team.Name
		}
	}
	return nil
}

func (s *Sim) fillTexts(t *ticket, in ticketInput) {
	set := func(to, from *string) {
		if from != nil {
			*to = *from
		}
	}
	set(&t.Summary, in.summary)
	set(&t.ReportedBy, in.reportedBy)
	set(&t.ClosureNote, in.closureNote)
	set(&t.ThirdPartyIDString, in.thirdPartyIDString)
	set(&t.SupplierReference, in.supplierReference)
	set(&t.ClientReference, in.clientReference)
	set(&t.Reference, in.reference)
	for i, category := range in.categories {
		set(&t.Categories[i], category)
	}
	switch { // html wins
	case in.detailsHTML != nil:
		t.DetailsHTML, t.Details = *in.detailsHTML, plainText(*in.detailsHTML)
	case in.details != nil:
		t.DetailsHTML, t.Details = markup(*in.details), *in.details
	}
	t.Source, t.Impact, t.Urgency = cmp.Or(in.source, t.Source), cmp.Or(in.impact, t.Impact), cmp.Or(in.urgency, t.Urgency)
	if in.thirdPartyID != nil {
		t.ThirdPartyID = *in.thirdPartyID
	}
	t.ParentID = cmp.Or(in.parentID, t.ParentID)
	if in.customFields != nil {
		t.CustomFields = in.customFields
	}
	if in.assets != nil {
		t.Assets = in.assets
	}
	if !in.occurred.IsZero() {
		t.Occurred = in.occurred
	}
}

func refusal(format string, args ...any) *answer {
	a := refuse(format, args...)
	return &a
}

// deleteTicket hides a ticket; it stays readable by id [G].
func (s *Sim) deleteTicket(c *call) answer {
	id, err := strconv.Atoi(c.id)
	t := s.db.tickets[id]
	switch {
	case err != nil || t == nil || t.Deleted:
		return notFound("Ticket", id)
	case c.restricted(t.ClientID):
		return forbidden()
	}
	s.remove(t)
	return ok(map[string]int{"id": t.ID})
}
