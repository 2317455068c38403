package halo

import (
	"context"
	"net/url"
	"strconv"
	"time"
)

// Action is an entry in the history of a ticket, such as a note. Its id counts
// within the ticket only [A].
type Action struct {
	ID             int
	TicketID       int
	OutcomeID      int
	Outcome        string
	Note           string // plain text
	NoteHTML       string
	Who            string
	WhoAgentID     int    // the agent who made it; 0: not said
	Application    string // the API application that made it; empty: not said
	At             time.Time
	HiddenFromUser bool
	OldStatus      int
	NewStatus      int
}

func readAction(f fields) Action {
	return Action{
		ID: f.int("id"), TicketID: f.int("ticket_id"),
		OutcomeID: f.int("outcome_id"), Outcome: f.text("outcome"),
		Note: f.text("note"), NoteHTML: f.text("note_html"), Who: f.text("who"),
		WhoAgentID: f.int("who_agentid"), Application: f.text("actionby_application_id"),
		At:             f.time("datetime", "actiondatecreated"),
		HiddenFromUser: f.bool("hiddenfromuser"), OldStatus: f.int("old_status"), NewStatus: f.int("new_status"),
	}
}

// NewAction is an action to be added to a ticket. Halo insists on an outcome:
// OutcomeID, or Outcome by its name [B].
type NewAction struct {
	TicketID  int
	OutcomeID int // 7 is "Internal Note" on a stock Halo [B]
	Outcome   string
	NoteHTML  string // must be safe: Halo shows it as it is
	Note      string // plain text, in place of NoteHTML
	// Public shows the action to the customer's user. A note that is not meant
	// for customers is hidden from them by leaving it out.
	Public      bool
	SendEmail   bool // Halo mails the action to the user
	Important   bool
	NewStatus   int
	NewTeam     string
	NewAgent    int
	NewPriority *int
}

func (n NewAction) body() object {
	o := object{
		"ticket_id":      n.TicketID,
		"hiddenfromuser": !n.Public,
		"sendemail":      n.SendEmail, // always said: an outcome may mail by default
	}
	put(o, "outcome_id", n.OutcomeID)
	put(o, "outcome", n.Outcome)
	put(o, "note_html", n.NoteHTML)
	put(o, "note", n.Note)
	put(o, "important", n.Important)
	put(o, "new_status", n.NewStatus)
	put(o, "new_team", n.NewTeam)
	put(o, "new_agent", n.NewAgent)
	put(o, "new_priority", n.NewPriority)
	return o
}

// AddAction adds an action and returns it as Halo has it. Halo refuses actions
// that the workflow or the agent's role does not allow [B].
func (c *Client) AddAction(ctx context.Context, n NewAction) (Action, error) {
	a, err := c.post(ctx, "add action", "/Actions", n.body())
	if err != nil {
		return Action{}, err
	}
	o, err := parseObject(a.text)
	if err != nil {
		return Action{}, a.unreadable(err)
	}
	return readAction(o), nil
}

// Actions reads the actions of a ticket that are not Halo's own.
func (c *Client) Actions(ctx context.Context, ticketID int) ([]Action, error) {
	return all(ctx, c, listCall[Action]{
		op: "list actions", path: "/Actions", name: "actions", read: readAction,
		query: url.Values{
			"ticket_id":       {strconv.Itoa(ticketID)},
			"excludesys":      {"true"},
			"includehtmlnote": {"true"},
		},
	})
}
