package halosim

import (
	"slices"
	"strings"
)

// actionRow is an action as Halo sends it.
type actionRow struct {
	TicketID       int      `json:"ticket_id"`
	ID             int      `json:"id"`
	GUID           string   `json:"guid"`
	Outcome        string   `json:"outcome"`
	OutcomeID      int      `json:"outcome_id"`
	Who            string   `json:"who"`
	WhoType        int      `json:"who_type"`
	WhoAgentID     int      `json:"who_agentid"`
	DateTime       haloTime `json:"datetime"`
	Note           string   `json:"note"`
	NoteHTML       *string  `json:"note_html,omitempty"`
	TimeTaken      double   `json:"timetaken"`
	HiddenFromUser bool     `json:"hiddenfromuser"`
	Important      bool     `json:"important"`
	OldStatus      int      `json:"old_status"`
	NewStatus      int      `json:"new_status"`
	NewStatusName  string   `json:"new_status_name"`
	DateCreated    haloTime `json:"actiondatecreated"`
	Attachments    int      `json:"attachment_count"`
	EmailMessageID *string  `json:"email_message_id"`
	ByApplication  *string  `json:"actionby_application_id"`
}

func newActionRow(db *database, a *action, withHTML bool) actionRow {
	row := actionRow{TicketID: a.TicketID, ID: a.ID, GUID: a.GUID, Outcome: a.Outcome, OutcomeID: a.OutcomeID, Who: a.Who,
		WhoType: 1, WhoAgentID: a.WhoAgentID, DateTime: haloTime{a.At}, Note: a.Note, TimeTaken: double(a.TimeTaken),
		HiddenFromUser: a.HiddenFromUser, Important: a.Important, OldStatus: a.OldStatus, NewStatus: a.NewStatus,
		NewStatusName: db.statusName(a.NewStatus), DateCreated: haloTime{a.At}}
	if withHTML {
		row.NoteHTML = &a.NoteHTML
	}
	if a.EmailMessageID != "" {
		row.EmailMessageID = &a.EmailMessageID
	}
	return row
}

// listActions answers the history of one ticket, newest first [G].
func (s *Sim) listActions(c *call) answer {
	id, _ := c.query.int("ticket_id")
	t := s.db.tickets[id]
	if t != nil && c.restricted(t.ClientID) {
		return forbidden()
	}
	rows := []actionRow{}
	if t != nil {
		for _, a := range slices.Backward(t.Actions) {
			if a.System && c.query.bool("excludesys") || a.HiddenFromUser && c.query.bool("excludeprivate") {
				continue
			}
			rows = append(rows, newActionRow(s.db, a, c.query.bool("includehtmlnote")))
		}
	}
	total := len(rows)
	if n, given := c.query.int("count"); given && n > 0 {
		rows = rows[:min(n, len(rows))]
	}
	return ok(map[string]any{"ticket_id": id, "record_count": total, "actions": rows})
}

// postActions writes actions, one after the other; the first that is refused
// ends the call. The answer is the last one or, with returnall=true, all [B].
func (s *Sim) postActions(c *call) answer {
	var done []actionRow
	for i, item := range c.items {
		in := newReader(item, i)
		a, refused := s.postAction(c, in)
		if refused != nil {
			return *refused
		}
		done = append(done, newActionRow(s.db, a, true))
	}
	if c.query.bool("returnall") {
		return jsonAnswer(s.created(), done)
	}
	return jsonAnswer(s.created(), done[len(done)-1])
}

// actionInput is an action as a caller sends it.
type actionInput struct {
	id, ticketID, newStatus, newAgent, newPriority int
	newTeam, note, noteHTML, who                   *string
	hidden, hiddenGiven, important                 bool
	timeTaken                                      float64
	emailMessageID                                 string
}

func readAction(in *reader) (actionInput, *answer) {
	text := func(name string) *string {
		if v, found := in.string(name); found {
			return &v
		}
		return nil
	}
	a := actionInput{id: in.positive("id"), ticketID: in.positive("ticket_id"), newStatus: in.positive("new_status"),
		newAgent: in.positive("new_agent"), newPriority: in.positive("new_priority"), newTeam: text("new_team"),
		note: text("note"), noteHTML: text("note_html"), who: text("who"), important: in.flag("important"),
		timeTaken: in.float("timetaken"), emailMessageID: in.text("email_message_id")}
	a.hidden, a.hiddenGiven = in.bool("hiddenfromuser")
	in.int("outcome_id")
	return a, in.refused()
}

func (s *Sim) postAction(c *call, r *reader) (*action, *answer) {
	in, refused := readAction(r)
	if refused != nil {
		return nil, refused
	}
	t := s.db.tickets[in.ticketID]
	if refused := s.writable(c, t, in.ticketID); refused != nil {
		return nil, refused
	}
	if in.id > 0 {
		return s.updateAction(t, in)
	}
	o, refused := s.outcome(t, r)
	if refused != nil {
		return nil, refused
	}
	status := t.StatusID
	switch {
	case in.newStatus > 0:
		status = in.newStatus
	case o.NewStatus > 0:
		status = o.NewStatus
	}
	reopens, refused := s.closedNote(t, status)
	if refused != nil {
		return nil, refused
	}
	if reopens {
		status = s.db.ticketType(t.TypeID).ReopenedStatus
	}
	old, changed := t.StatusID, *t
	err := s.fillRanks(&changed, ticketInput{statusID: status, agentID: in.newAgent, priorityID: in.newPriority, team: in.newTeam})
	if err != nil {
		return nil, err
	}
	*t = changed
	return s.writeAction(t, in, o, old), nil
}

// writeAction does what was checked. Status changes come through the action
// itself, without a further entry in the history.
func (s *Sim) writeAction(t *ticket, in actionInput, o *Outcome, old int) *action {
	a := &action{Outcome: o.Outcome, OutcomeID: o.ID, HiddenFromUser: in.hidden, Important: in.important,
		TimeTaken: in.timeTaken, EmailMessageID: in.emailMessageID, OldStatus: old, NewStatus: t.StatusID}
	a.setNote(in)
	if in.who != nil {
		a.Who = *in.who
	}
	s.addAction(t, a)
	s.stamp(t)
	s.advance(t, o.ID)
	s.stats.NotesWritten++
	if t.StatusID != old {
		s.notifyStatus(t, a, old)
	}
	return a
}

func (a *action) setNote(in actionInput) {
	switch {
	case in.noteHTML != nil:
		a.NoteHTML, a.Note = *in.noteHTML, plainText(*in.noteHTML)
	case in.note != nil:
		a.NoteHTML, a.Note = markup(*in.note), *in.note
	}
}

func (s *Sim) updateAction(t *ticket, in actionInput) (*action, *answer) {
	for _, a := range t.Actions {
		if a.ID == in.id {
			a.setNote(in)
			if in.hiddenGiven {
				a.HiddenFromUser = in.hidden
			}
			t.Updated = s.now()
			s.changes++
			return a, nil
		}
	}
	return nil, new(notFound("Action", in.id))
}

// outcome returns the outcome that a new action names, if the ticket takes it.
func (s *Sim) outcome(t *ticket, in *reader) (*Outcome, *answer) {
	if in.positive("outcome_id") == 0 && strings.TrimSpace(in.text("outcome")) == "" {
		return nil, new(fail(400, shapeString, "An Outcome must be entered for this Action"))
	}
	o := s.db.outcomeOf(in)
	if o == nil || o.System || o.Hidden || !s.allows(t, o.ID) {
		return nil, refusal(wordsNoAction)
	}
	return o, nil
}

// allows tells whether the workflow of the ticket has the outcome at its
// present step.
func (s *Sim) allows(t *ticket, outcome int) bool {
	w := s.db.workflow(s.db.ticketType(t.TypeID).WorkflowID)
	if w == nil || slices.Contains(w.Always, outcome) {
		return true
	}
	return w.action(t.WorkflowStep, outcome) != nil
}

// advance moves the ticket to the step that an outcome leads to.
func (s *Sim) advance(t *ticket, outcome int) {
	w := s.db.workflow(s.db.ticketType(t.TypeID).WorkflowID)
	if w == nil {
		return
	}
	if a := w.action(t.WorkflowStep, outcome); a != nil && a.NextStep > 0 {
		t.WorkflowStep = a.NextStep
	}
}

func (w *Workflow) action(step, outcome int) *WorkflowAction {
	at := find(w.Steps, func(v WorkflowStep) bool { return v.ID == step })
	if at == nil {
		return nil
	}
	return find(at.Actions, func(v WorkflowAction) bool { return v.OutcomeID == outcome })
}

// closedNote says what the ticket type has in mind for an action on a closed
// ticket: whether the action reopens it, or the refusal [G].
func (s *Sim) closedNote(t *ticket, status int) (reopens bool, refused *answer) {
	if t.Closed.IsZero() || !s.db.closes(status) {
		return false, nil
	}
	switch s.db.ticketType(t.TypeID).ClosedNotes {
	case "reopen":
		return true, nil
	case "refuse":
		return false, refusal("This ticket has been closed and can not be updated.")
	}
	return false, nil
}
