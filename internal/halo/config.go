package halo

import (
	"bytes"
	"context"
	"encoding/json"
	"net/url"
	"strconv"
)

// The ids of lookups whose values a ticket takes [C].
const (
	LookupImpact        = 12
	LookupRequestSource = 22
	LookupUrgency       = 27
)

// TicketType decides about SLA, workflow and mandatory fields of a ticket.
type TicketType struct {
	ID              int
	Name            string
	SLAID           int // the default SLA; 0 where Halo does not tell
	DefaultPriority int
	WorkflowID      int // 0 for none
	DefaultTeam     string
	InitialStatus   int
}

func readTicketType(f fields) TicketType {
	return TicketType{
		ID: f.int("id"), Name: f.text("name"),
		// The name of the field depends on the version [B].
		SLAID:           max(f.int("default_sla", "default_sla_id", "sla_id", "slaid", "sla"), 0),
		DefaultPriority: f.int("default_priority"),
		WorkflowID:      max(f.int("workflow_id"), 0), DefaultTeam: f.text("default_team"),
		InitialStatus: f.int("initial_status"),
	}
}

// TicketTypes reads all ticket types.
func (c *Client) TicketTypes(ctx context.Context) ([]TicketType, error) {
	return all(ctx, c, listCall[TicketType]{op: "list ticket types", path: "/TicketType",
		query: url.Values{"showall": {"true"}}, name: "tickettypes", read: readTicketType})
}

// TicketType reads one ticket type with its details.
func (c *Client) TicketType(ctx context.Context, id int) (TicketType, error) {
	return one(ctx, c, "read ticket type", "/TicketType/"+strconv.Itoa(id), details(), readTicketType)
}

func details() url.Values { return url.Values{"includedetails": {"true"}} }

// Status is a state that a ticket can have.
type Status struct {
	ID        int
	Name      string
	ShortName string
	Type      int // of Halo's own numbering, which is not documented
	SLAAction string
}

func readStatus(f fields) Status {
	return Status{ID: f.int("id"), Name: f.text("name"), ShortName: f.text("shortname"),
		Type: f.int("type"), SLAAction: f.text("slaaction")}
}

// Statuses reads all statuses.
func (c *Client) Statuses(ctx context.Context) ([]Status, error) {
	return all(ctx, c, listCall[Status]{op: "list statuses", path: "/Status",
		query: url.Values{"showall": {"true"}}, name: "statuses", read: readStatus})
}

// Priority is a priority of one SLA, in Halo's schema a Policy.
type Priority struct {
	ID     int    // priorityid: what a ticket's priority_id means [A]
	GUID   string // id: of no use in tickets [A]
	SLAID  int
	Name   string
	Hidden bool
}

func readPriority(f fields) Priority {
	return Priority{ID: f.int("priorityid"), GUID: f.text("id"), SLAID: f.int("slaid"),
		Name: f.text("name"), Hidden: f.bool("ishidden")}
}

// Priorities reads the priorities of an SLA, or of all where slaID is 0.
func (c *Client) Priorities(ctx context.Context, slaID int) ([]Priority, error) {
	query := url.Values{}
	setInt(query, "slaid", slaID)
	return all(ctx, c, listCall[Priority]{op: "list priorities", path: "/Priority",
		query: query, name: "priorities", read: readPriority})
}

// SLA is a service level agreement with its priorities.
type SLA struct {
	ID   int
	Name string
	// Priorities may have nothing but an ID or a GUID: some versions send no
	// more here [B]. Priorities(slaID) has the rest.
	Priorities []Priority
}

func readSLA(f fields) SLA {
	s := SLA{ID: f.int("id"), Name: f.text("name")}
	for _, item := range f.items("priorities") {
		s.Priorities = append(s.Priorities, readSLAPriority(item))
	}
	return s
}

func readSLAPriority(raw json.RawMessage) Priority {
	if o, err := parseFields(raw); err == nil {
		return readPriority(o)
	}
	var n Int
	if n.UnmarshalJSON(raw) == nil {
		return Priority{ID: int(n)}
	}
	return Priority{GUID: string(bytes.Trim(raw, `"`))}
}

// SLA reads one service level agreement.
func (c *Client) SLA(ctx context.Context, id int) (SLA, error) {
	return one(ctx, c, "read SLA", "/SLA/"+strconv.Itoa(id), details(), readSLA)
}

// Workflow is a chain of steps, each of which allows some actions.
type Workflow struct {
	ID    int
	Name  string
	Steps []WorkflowStep
	// AlwaysAllowed are the outcomes that every step allows [A].
	AlwaysAllowed []int
}

// WorkflowStep is one step of a workflow.
type WorkflowStep struct {
	ID       int
	Name     string
	Outcomes []int // what is allowed here, by outcome id
}

// Allows tells that an outcome is allowed in some step or in all.
func (w Workflow) Allows(outcomeID int) bool {
	for _, id := range w.AlwaysAllowed {
		if id == outcomeID {
			return true
		}
	}
	for _, step := range w.Steps {
		for _, id := range step.Outcomes {
			if id == outcomeID {
				return true
			}
		}
	}
	return false
}

func readWorkflow(f fields) Workflow {
	w := Workflow{ID: f.int("id"), Name: f.text("name")}
	for _, o := range f.objects("always_allow_actions") {
		w.AlwaysAllowed = append(w.AlwaysAllowed, o.int("action_id", "id"))
	}
	for _, o := range f.objects("steps") {
		step := WorkflowStep{ID: o.int("id"), Name: o.text("name")}
		for _, action := range o.objects("actions") {
			step.Outcomes = append(step.Outcomes, action.int("action_id"))
		}
		w.Steps = append(w.Steps, step)
	}
	return w
}

// Workflow reads one workflow with its steps.
func (c *Client) Workflow(ctx context.Context, id int) (Workflow, error) {
	return one(ctx, c, "read workflow", "/Workflow/"+strconv.Itoa(id), details(), readWorkflow)
}

// Outcome is a kind of action; Halo's menus call it an action.
type Outcome struct {
	ID        int
	Name      string
	Button    string
	NewStatus int
	Hidden    bool
	SystemID  int
}

func readOutcome(f fields) Outcome {
	return Outcome{ID: f.int("id"), Name: f.text("outcome"), Button: f.text("buttonname"),
		NewStatus: f.int("newstatus"), Hidden: f.bool("hidden"), SystemID: f.int("systemid")}
}

// Outcomes reads the outcomes.
func (c *Client) Outcomes(ctx context.Context) ([]Outcome, error) {
	return all(ctx, c, listCall[Outcome]{op: "list outcomes", path: "/Outcome", name: "outcomes", read: readOutcome})
}
