package halosim

import (
	"fmt"
	"strconv"
)

type ticketTypeRow struct {
	ID              int    `json:"id"`
	GUID            string `json:"guid"`
	Name            string `json:"name"`
	Use             string `json:"use"`
	DefaultSLA      *int   `json:"default_sla,omitempty"`
	SLAID           *int   `json:"sla_id,omitempty"` // older versions [B]
	DefaultPriority int    `json:"default_priority"`
	DefaultTeam     string `json:"default_team"`
	InitialStatus   int    `json:"initial_status"`
	ReopenedStatus  int    `json:"reopenedstatus"`
	AllowAllStatus  bool   `json:"allowall_status"`
	WorkflowID      int    `json:"workflow_id"`
	WorkflowName    string `json:"workflow_name"`
	CanCreate       bool   `json:"cancreate"`
	AgentsCanSelect bool   `json:"agentscanselect"`
	Visible         bool   `json:"visible"`
	Fields          []any  `json:"fields"`
}

func (s *Sim) ticketTypeRow(t TicketType) ticketTypeRow {
	row := ticketTypeRow{ID: t.ID, GUID: fixedGUID(1, t.ID), Name: t.Name, Use: "ticket", DefaultPriority: t.DefaultPriority,
		DefaultTeam: t.DefaultTeam, InitialStatus: t.InitialStatus, ReopenedStatus: t.ReopenedStatus, AllowAllStatus: true,
		WorkflowID: t.WorkflowID, CanCreate: !t.Inactive, AgentsCanSelect: !t.Inactive, Visible: !t.Inactive, Fields: []any{}}
	if w := s.db.workflow(t.WorkflowID); w != nil {
		row.WorkflowName = w.Name
	}
	if s.opts.Legacy {
		row.SLAID = &t.DefaultSLA
	} else {
		row.DefaultSLA = &t.DefaultSLA
	}
	return row
}

// fixedGUID makes a GUID of two numbers, alike in every run.
func fixedGUID(kind, id int) string {
	return fmt.Sprintf("%08x-5a1c-4d00-8000-%012x", kind, id)
}

// listTicketTypes leaves out inactive ones unless showinactive=true [G].
func (s *Sim) listTicketTypes(c *call) answer {
	rows := []ticketTypeRow{}
	for _, t := range s.db.seed.TicketTypes {
		if !t.Inactive || c.query.bool("showinactive") {
			rows = append(rows, s.ticketTypeRow(t))
		}
	}
	return ok(rows)
}

func (s *Sim) getTicketType(c *call) answer {
	id, _ := strconv.Atoi(c.id)
	if t := s.db.ticketType(id); t != nil {
		return ok(s.ticketTypeRow(*t))
	}
	return notFound("TicketType", id)
}

func (s *Sim) listStatuses(*call) answer {
	type statusRow struct {
		ID        int    `json:"id"`
		GUID      string `json:"guid"`
		Name      string `json:"name"`
		ShortName string `json:"shortname"`
		Type      int    `json:"type"`
		Sequence  int    `json:"sequence"`
		Colour    string `json:"colour"`
		SLAAction string `json:"slaaction"`
	}
	rows := []statusRow{}
	for i, v := range s.db.seed.Statuses {
		row := statusRow{ID: v.ID, GUID: fixedGUID(2, v.ID), Name: v.Name, ShortName: v.Name, Sequence: i + 1, Colour: v.Colour, SLAAction: "N"}
		switch {
		case v.OnHold:
			row.SLAAction = "H"
		case v.ID == 2:
			row.SLAAction = "R"
		}
		rows = append(rows, row)
	}
	return ok(rows)
}

// priorityRow is a Policy. Its id is a GUID; tickets use priorityid [A].
type priorityRow struct {
	ID            string `json:"id"`
	SLAID         int    `json:"slaid"`
	PriorityID    int    `json:"priorityid"`
	Name          string `json:"name"`
	FixTime       double `json:"fixtime"`
	FixUnits      string `json:"fixunits"`
	ResponseTime  double `json:"responsetime"`
	ResponseUnits string `json:"responseunits"`
	IsHidden      bool   `json:"ishidden"`
	Colour        string `json:"colour"`
}

func priorityRows(sla SLA) []priorityRow {
	rows := []priorityRow{}
	for _, p := range sla.Priorities {
		rows = append(rows, priorityRow{ID: fixedGUID(0x300+sla.ID, p.PriorityID), SLAID: sla.ID, PriorityID: p.PriorityID, Name: p.Name,
			FixTime: double(p.FixHours), FixUnits: "H", ResponseTime: double(p.ResponseHours), ResponseUnits: "H", Colour: p.Colour})
	}
	return rows
}

func (s *Sim) listPriorities(c *call) answer {
	want, limited := c.query.int("slaid")
	rows := []priorityRow{}
	for _, sla := range s.db.seed.SLAs {
		if !limited || sla.ID == want {
			rows = append(rows, priorityRows(sla)...)
		}
	}
	return ok(rows)
}

type slaRow struct {
	ID         int           `json:"id"`
	GUID       string        `json:"guid"`
	Name       string        `json:"name"`
	WorkdayID  int           `json:"workday_id"`
	Priorities []priorityRow `json:"priorities"` // null in a list [G]
}

func (s *Sim) listSLAs(*call) answer {
	rows := []slaRow{}
	for _, v := range s.db.seed.SLAs {
		rows = append(rows, slaRow{ID: v.ID, GUID: fixedGUID(3, v.ID), Name: v.Name, WorkdayID: 1})
	}
	return ok(rows)
}

func (s *Sim) getSLA(c *call) answer {
	id, _ := strconv.Atoi(c.id)
	v := s.db.sla(id)
	if v == nil {
		return notFound("SLA", id)
	}
	return ok(slaRow{ID: v.ID, GUID: fixedGUID(3, v.ID), Name: v.Name, WorkdayID: 1, Priorities: priorityRows(*v)})
}

func (s *Sim) listTeams(*call) answer {
	type teamRow struct {
		Team
		GUID        string `json:"guid"`
		Sequence    int    `json:"sequence"`
		ForRequests bool   `json:"forrequests"`
		TicketCount int    `json:"ticket_count"`
	}
	rows := []teamRow{}
	for i, v := range s.db.seed.Teams {
		rows = append(rows, teamRow{Team: v, GUID: fixedGUID(4, v.ID), Sequence: i + 1, ForRequests: true})
	}
	return ok(rows)
}

type agentRow struct {
	Agent
	IsAgent   bool `json:"is_agent"`
	OneClient int  `json:"one_client"`
}

func (s *Sim) listAgents(c *call) answer {
	rows := []agentRow{}
	for _, v := range s.db.seed.Agents {
		if !v.Disabled || c.query.bool("includeinactive") {
			rows = append(rows, agentRow{Agent: v, IsAgent: true})
		}
	}
	return ok(rows)
}

// getAgent also answers /Agent/me: the agent that the application logs in as.
func (s *Sim) getAgent(c *call) answer {
	if c.id == "me" {
		return ok(agentRow{Agent: s.db.seed.Agents[0], IsAgent: true})
	}
	id, _ := strconv.Atoi(c.id)
	if v := s.db.agent(id); v != nil {
		return ok(agentRow{Agent: *v, IsAgent: true})
	}
	return notFound("Agent", id)
}

func (s *Sim) listCategories(c *call) answer {
	type categoryRow struct {
		Category
		CategoryName string `json:"category_name"`
		SLAID        int    `json:"sla_id"`
		PriorityID   int    `json:"priority_id"`
	}
	want, limited := c.query.int("type_id")
	rows := []categoryRow{}
	for _, v := range s.db.seed.Categories {
		if !limited || v.TypeID == want {
			rows = append(rows, categoryRow{Category: v, CategoryName: v.Value})
		}
	}
	return ok(rows)
}

// listOutcomes leaves out hidden outcomes unless showhidden=true, and system
// ones unless showsystemactions=true [G].
func (s *Sim) listOutcomes(c *call) answer {
	type outcomeRow struct {
		ID         int    `json:"id"`
		GUID       string `json:"guid"`
		Outcome    string `json:"outcome"`
		ButtonName string `json:"buttonname"`
		NewStatus  int    `json:"newstatus"`
		Hidden     bool   `json:"hidden"`
		SystemID   int    `json:"systemid"`
		SendEmail  int    `json:"sendemail"`
		Sequence   int    `json:"sequence"`
	}
	rows := []outcomeRow{}
	for i, v := range s.db.seed.Outcomes {
		if v.Hidden && !c.query.bool("showhidden") || v.System && !c.query.bool("showsystemactions") {
			continue
		}
		row := outcomeRow{ID: v.ID, GUID: fixedGUID(5, v.ID), Outcome: v.Outcome, ButtonName: v.Outcome, NewStatus: v.NewStatus, Hidden: v.Hidden, Sequence: i + 1}
		if v.System {
			row.SystemID = v.ID
		}
		rows = append(rows, row)
	}
	return ok(rows)
}

func (db *database) workflow(id int) *Workflow {
	return find(db.seed.Workflows, func(w Workflow) bool { return w.ID == id })
}

type workflowRow struct {
	ID            int              `json:"id"`
	GUID          string           `json:"guid"`
	Name          string           `json:"name"`
	Active        bool             `json:"active"`
	Steps         []WorkflowStep   `json:"steps"` // null in a list [G]
	AlwaysActions []map[string]int `json:"always_allow_actions"`
}

func (s *Sim) listWorkflows(*call) answer {
	rows := []workflowRow{}
	for _, w := range s.db.seed.Workflows {
		rows = append(rows, workflowRow{ID: w.ID, GUID: fixedGUID(6, w.ID), Name: w.Name, Active: true})
	}
	return ok(rows)
}

func (s *Sim) getWorkflow(c *call) answer {
	id, _ := strconv.Atoi(c.id)
	w := s.db.workflow(id)
	if w == nil {
		return notFound("Workflow", id)
	}
	row := workflowRow{ID: w.ID, GUID: fixedGUID(6, w.ID), Name: w.Name, Active: true, Steps: w.Steps, AlwaysActions: []map[string]int{}}
	for _, outcome := range w.Always {
		row.AlwaysActions = append(row.AlwaysActions, map[string]int{"id": outcome})
	}
	return ok(row)
}

func (s *Sim) listLookups(c *call) answer {
	type lookupRow struct {
		Lookup
		Value2 string `json:"value2"`
	}
	want, limited := c.query.int("lookupid")
	rows := []lookupRow{}
	for _, v := range s.db.seed.Lookups {
		if (!limited || v.LookupID == want) && (v.ID != 0 || !c.query.bool("exclude_zero")) {
			rows = append(rows, lookupRow{Lookup: v})
		}
	}
	return ok(rows)
}

// listFields has the values to choose from with includevalues=true only [G].
func (s *Sim) listFields(c *call) answer {
	type fieldRow struct {
		Field
		Usage     int          `json:"usage"`
		InputType int          `json:"inputtype"`
		TableID   int          `json:"table_id"`
		Mandatory bool         `json:"mandatory"`
		Values    []FieldValue `json:"values"`
	}
	rows := []fieldRow{}
	for _, v := range s.db.seed.Fields {
		row := fieldRow{Field: v, Usage: 1, Values: []FieldValue{}}
		if c.query.bool("includevalues") && v.Values != nil {
			row.Values = v.Values
		}
		rows = append(rows, row)
	}
	return ok(rows)
}

func (s *Sim) instanceInfo(*call) answer {
	version := "2.252.25"
	if s.opts.Legacy {
		version = "2.174.1"
	}
	return ok(map[string]any{"version": version, "tenant_id": s.opts.Seed.TenantID, "product": "HaloPSA"})
}

func (s *Sim) listAzureConnections(c *call) answer {
	type connectionRow struct {
		ID   int    `json:"id"`
		Name string `json:"name"`
		Type int    `json:"type"`
	}
	want, limited := c.query.int("type")
	rows := []connectionRow{}
	for _, v := range s.db.seed.AzureADConnection {
		if !limited || v.Type == want {
			rows = append(rows, connectionRow{ID: v.ID, Name: v.Name, Type: v.Type})
		}
	}
	return ok(rows)
}

// getAzureConnection has the mapped clients with includetenants=true only [G].
func (s *Sim) getAzureConnection(c *call) answer {
	type mappingRow struct {
		AzureTenant
		ClientName string `json:"client_name"`
	}
	id, _ := strconv.Atoi(c.id)
	v := find(s.db.seed.AzureADConnection, func(a AzureADConnection) bool { return a.ID == id })
	if v == nil {
		return notFound("AzureADConnection", id)
	}
	var rows []mappingRow
	if c.query.bool("includetenants") {
		for _, m := range v.Mappings {
			rows = append(rows, mappingRow{AzureTenant: m, ClientName: s.db.clientName(m.ClientID)})
		}
	}
	return ok(map[string]any{"id": v.ID, "name": v.Name, "type": v.Type, "mappings_client": rows})
}
