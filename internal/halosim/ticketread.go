package halosim

import (
	"strconv"
	"time"
)

// faultsRow is a ticket as a list has it. "Faults" is Halo's name for tickets.
type faultsRow struct {
	ID             int      `json:"id"`
	DateOccurred   haloTime `json:"dateoccurred"`
	Summary        string   `json:"summary"`
	Details        string   `json:"details"`
	StatusID       int      `json:"status_id"`
	TicketTypeID   int      `json:"tickettype_id"`
	SLAID          int      `json:"sla_id"`
	PriorityID     int      `json:"priority_id"`
	ClientID       int      `json:"client_id"`
	ClientName     string   `json:"client_name"`
	SiteID         int      `json:"site_id"`
	SiteName       string   `json:"site_name"`
	UserID         int      `json:"user_id"`
	UserName       string   `json:"user_name"`
	Team           string   `json:"team"`
	AgentID        int      `json:"agent_id"`
	AgentName      string   `json:"agent_name"`
	Category1      string   `json:"category_1"`
	Category2      string   `json:"category_2"`
	Category3      string   `json:"category_3"`
	Category4      string   `json:"category_4"`
	Estimate       double   `json:"estimate"`
	TimeTaken      double   `json:"timetaken"`
	ParentID       int      `json:"parent_id"`
	ChildCount     int      `json:"child_count"`
	Attachments    int      `json:"attachment_count"`
	OnHold         bool     `json:"onhold"`
	DateClosed     haloTime `json:"dateclosed"`
	HasBeenClosed  bool     `json:"hasbeenclosed"`
	LastActionDate haloTime `json:"lastactiondate"`
	LastUpdate     haloTime `json:"last_update"`
	ReportedBy     string   `json:"reportedby"`
	Source         *int     `json:"source"`
	Impact         *int     `json:"impact"`
	Urgency        *int     `json:"urgency"`
	Inactive       bool     `json:"inactive"`
	ThirdPartyID   int      `json:"third_party_id"`
	// ThirdPartyIDString is absent from the lists of older versions [G].
	ThirdPartyIDString *string          `json:"third_party_id_string,omitempty"`
	CustomFields       []map[string]any `json:"customfields"`
	WorkflowID         int              `json:"workflow_id"`
	WorkflowStep       int              `json:"workflow_step"`
}

// faultsOne is a ticket that is read by its id.
type faultsOne struct {
	faultsRow
	GUID              string           `json:"guid"`
	DateCreated       haloTime         `json:"datecreated"`
	DetailsHTML       *string          `json:"details_html,omitempty"`
	ClosureNote       string           `json:"closure_note"`
	MergedIntoID      int              `json:"merged_into_id"`
	Deleted           bool             `json:"deleted"`
	SupplierReference string           `json:"supplier_reference"`
	ClientReference   string           `json:"client_reference"`
	Reference         string           `json:"reference"`
	UserEmail         string           `json:"user_email"`
	Assets            []map[string]any `json:"assets"`
	LastAction        *actionRow       `json:"lastaction,omitempty"`
}

func (db *database) faultsRow(t *ticket) faultsRow {
	row := faultsRow{
		ID: t.ID, DateOccurred: haloTime{t.Occurred}, Summary: t.Summary, Details: t.Details, StatusID: t.StatusID,
		TicketTypeID: t.TypeID, SLAID: t.SLAID, PriorityID: t.PriorityID, ClientID: t.ClientID,
		ClientName: db.clientName(t.ClientID), SiteID: t.SiteID, SiteName: db.siteName(t.SiteID), UserID: t.UserID,
		UserName: db.userName(t.UserID), Team: t.Team, AgentID: t.AgentID, AgentName: db.agentName(t.AgentID),
		Category1: t.Categories[0], Category2: t.Categories[1], Category3: t.Categories[2], Category4: t.Categories[3],
		ParentID: t.ParentID, DateClosed: haloTime{t.Closed}, HasBeenClosed: !t.Closed.IsZero(),
		LastActionDate: haloTime{t.LastAction}, LastUpdate: haloTime{t.Updated}, ReportedBy: t.ReportedBy,
		Source: t.Source, Impact: t.Impact, Urgency: t.Urgency, ThirdPartyID: t.ThirdPartyID,
		ThirdPartyIDString: &t.ThirdPartyIDString, CustomFields: t.CustomFields, WorkflowStep: t.WorkflowStep,
	}
	if st := db.status(t.StatusID); st != nil {
		row.OnHold = st.OnHold
	}
	if kind := db.ticketType(t.TypeID); kind != nil {
		row.WorkflowID = kind.WorkflowID
	}
	if row.CustomFields == nil {
		row.CustomFields = []map[string]any{}
	}
	return row
}

func (db *database) faultsOne(t *ticket, details bool) faultsOne {
	one := faultsOne{faultsRow: db.faultsRow(t), GUID: t.GUID, DateCreated: haloTime{t.Created}, ClosureNote: t.ClosureNote,
		MergedIntoID: t.MergedInto, Deleted: t.Deleted, SupplierReference: t.SupplierReference,
		ClientReference: t.ClientReference, Reference: t.Reference, Assets: t.Assets}
	if u := db.users[t.UserID]; u != nil {
		one.UserEmail = u.EmailAddress
	}
	if details {
		one.DetailsHTML = &t.DetailsHTML
	}
	return one
}

// getTicket answers one ticket. details_html comes with includedetails=true
// only [G].
func (s *Sim) getTicket(c *call) answer {
	id, err := strconv.Atoi(c.id)
	if err != nil {
		return jsonAnswer(400, map[string][]string{"id": {"The value '" + c.id + "' is not valid."}})
	}
	t := s.db.tickets[id]
	switch {
	case t == nil || t.Deleted && s.opts.Legacy:
		return notFound("Ticket", id)
	case c.restricted(t.ClientID):
		return forbidden()
	}
	one := s.db.faultsOne(t, c.query.bool("includedetails"))
	if c.query.bool("includelastaction") && len(t.Actions) > 0 {
		row := newActionRow(s.db, t.Actions[len(t.Actions)-1], true)
		one.LastAction = &row
	}
	return ok(one)
}

// TicketView is a ticket for tests and for the page: all that is known of it.
type TicketView struct {
	ID                 int          `json:"id"`
	Summary            string       `json:"summary"`
	Details            string       `json:"details,omitempty"`
	DetailsHTML        string       `json:"details_html,omitempty"`
	TypeID             int          `json:"tickettype_id"`
	TypeName           string       `json:"tickettype_name"`
	SLAID              int          `json:"sla_id"`
	PriorityID         int          `json:"priority_id"`
	PriorityName       string       `json:"priority_name"`
	StatusID           int          `json:"status_id"`
	StatusName         string       `json:"status_name"`
	ClientID           int          `json:"client_id"`
	ClientName         string       `json:"client_name"`
	SiteID             int          `json:"site_id"`
	SiteName           string       `json:"site_name"`
	UserID             int          `json:"user_id"`
	UserName           string       `json:"user_name"`
	AgentID            int          `json:"agent_id"`
	AgentName          string       `json:"agent_name"`
	Team               string       `json:"team"`
	Source             *int         `json:"source"` // nil: none was given
	SourceName         string       `json:"source_name"`
	Category1          string       `json:"category_1"`
	Category2          string       `json:"category_2"`
	Category3          string       `json:"category_3"`
	Category4          string       `json:"category_4"`
	Impact             *int         `json:"impact"` // nil: none was given
	ImpactName         string       `json:"impact_name"`
	Urgency            *int         `json:"urgency"` // nil: none was given
	UrgencyName        string       `json:"urgency_name"`
	ParentID           int          `json:"parent_id"`
	CustomFields       []FieldView  `json:"customfields"`
	Assets             []Asset      `json:"assets"`
	ThirdPartyIDString string       `json:"third_party_id_string"`
	SupplierReference  string       `json:"supplier_reference"`
	ClosureNote        string       `json:"closure_note"`
	Closed             bool         `json:"closed"`
	Deleted            bool         `json:"deleted"`
	MergedIntoID       int          `json:"merged_into_id"`
	CreatedAt          time.Time    `json:"created_at"`
	UpdatedAt          time.Time    `json:"updated_at"`
	ClosedAt           time.Time    `json:"closed_at,omitzero"`
	ActionCount        int          `json:"action_count"`
	Actions            []ActionView `json:"actions,omitempty"`
}

// FieldView is the value of a custom field. Display is what people see: the
// name of a value that was chosen.
type FieldView struct {
	ID      int    `json:"id"`
	Label   string `json:"label"`
	Value   string `json:"value"`
	Display string `json:"display"`
}

// ActionView is an action for tests and for the page. The first action of a
// ticket is its opening.
type ActionView struct {
	ID             int       `json:"id"` // counts within the ticket, from 1
	TicketID       int       `json:"ticket_id"`
	Outcome        string    `json:"outcome"`
	OutcomeID      int       `json:"outcome_id"`
	System         bool      `json:"system"` // made by Halo, or in Halo by hand
	Who            string    `json:"who"`
	At             time.Time `json:"at"`
	Note           string    `json:"note"`
	NoteHTML       string    `json:"note_html"`
	HiddenFromUser bool      `json:"hiddenfromuser"`
	OldStatus      int       `json:"old_status"`
	NewStatus      int       `json:"new_status"`
}

// Tickets returns all tickets, deleted ones included, in the order of their
// numbers.
func (s *Sim) Tickets() []TicketView {
	s.mu.Lock()
	defer s.mu.Unlock()
	var views []TicketView
	for _, t := range sorted(s.db.tickets) {
		views = append(views, s.db.view(t, true))
	}
	return views
}

// Actions returns the history of a ticket, oldest first; nil if there is no
// such ticket.
func (s *Sim) Actions(ticketID int) []ActionView {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.db.tickets[ticketID]; t != nil {
		return s.db.view(t, true).Actions
	}
	return nil
}

// view returns the ticket; without all, the long texts and actions stay out.
func (db *database) view(t *ticket, all bool) TicketView {
	v := TicketView{
		ID: t.ID, Summary: t.Summary, TypeID: t.TypeID, TypeName: db.typeName(t.TypeID), SLAID: t.SLAID,
		PriorityID: t.PriorityID, PriorityName: db.priorityName(t.SLAID, t.PriorityID), StatusID: t.StatusID,
		StatusName: db.statusName(t.StatusID), ClientID: t.ClientID, ClientName: db.clientName(t.ClientID),
		SiteID: t.SiteID, SiteName: db.siteName(t.SiteID), UserID: t.UserID, UserName: db.userName(t.UserID),
		AgentID: t.AgentID, AgentName: db.agentName(t.AgentID), Team: t.Team, Source: t.Source,
		Category1: t.Categories[0], Category2: t.Categories[1], Category3: t.Categories[2], Category4: t.Categories[3],
		Impact: t.Impact, Urgency: t.Urgency, ParentID: t.ParentID, CustomFields: db.fieldViews(t), Assets: db.assetsOf(t),
		ThirdPartyIDString: t.ThirdPartyIDString, SupplierReference: t.SupplierReference, ClosureNote: t.ClosureNote,
		Closed: !t.Closed.IsZero(), Deleted: t.Deleted, MergedIntoID: t.MergedInto, CreatedAt: t.Created,
		UpdatedAt: t.Updated, ClosedAt: t.Closed, ActionCount: len(t.Actions),
	}
	for _, name := range []struct {
		list int
		id   *int
		to   *string
	}{{12, t.Impact, &v.ImpactName}, {22, t.Source, &v.SourceName}, {27, t.Urgency, &v.UrgencyName}} {
		if name.id != nil {
			*name.to = db.lookupName(name.list, *name.id)
		}
	}
	if !all {
		return v
	}
	v.Details, v.DetailsHTML = t.Details, t.DetailsHTML
	for _, a := range t.Actions {
		v.Actions = append(v.Actions, ActionView{ID: a.ID, TicketID: a.TicketID, Outcome: a.Outcome, OutcomeID: a.OutcomeID,
			System: a.System, Who: a.Who, At: a.At, Note: a.Note, NoteHTML: a.NoteHTML, HiddenFromUser: a.HiddenFromUser,
			OldStatus: a.OldStatus, NewStatus: a.NewStatus})
	}
	return v
}
