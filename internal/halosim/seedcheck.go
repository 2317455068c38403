package halosim

import (
	"errors"
	"fmt"
	"slices"
)

// seedCheck collects what is wrong with a seed.
type seedCheck struct {
	ids  map[string]map[int]bool // kind of object: its ids
	errs []error
}

// checkSeed returns all faults of the seed, joined.
func checkSeed(s Seed) error {
	c := &seedCheck{ids: map[string]map[int]bool{}}
	c.collect(s)
	c.references(s)
	return errors.Join(c.errs...)
}

func (c *seedCheck) fail(format string, args ...any) {
	c.errs = append(c.errs, fmt.Errorf(format, args...))
}

// add notes an id; least is the smallest that is valid.
func (c *seedCheck) add(kind string, id, least int, format string, args ...any) {
	if c.ids[kind] == nil {
		c.ids[kind] = map[int]bool{}
	}
	where := fmt.Sprintf(format, args...)
	switch {
	case id < least:
		c.fail("%s: id %d is not valid; give %d or more", where, id, least)
	case c.ids[kind][id]:
		c.fail("%s: id %d is used by another %s; give a free one", where, id, kind)
	}
	c.ids[kind][id] = true
}

func (c *seedCheck) ref(kind string, id int, format string, args ...any) {
	if !c.ids[kind][id] {
		c.fail("%s: there is no %s %d", fmt.Sprintf(format, args...), kind, id)
	}
}

func (c *seedCheck) collect(s Seed) {
	for i, cl := range s.Clients {
		c.add("client", cl.ID, 1, "clients[%d]", i)
		for j, site := range cl.Sites {
			c.add("site", site.ID, 1, "clients[%d].sites[%d]", i, j)
			for k, u := range site.Users {
				c.add("user", u.ID, 1, "clients[%d].sites[%d].users[%d]", i, j, k)
			}
		}
	}
	for i, sla := range s.SLAs {
		c.add("sla", sla.ID, 1, "slas[%d]", i)
		for j, p := range sla.Priorities {
			c.add(fmt.Sprintf("priority of sla %d", sla.ID), p.PriorityID, 1, "slas[%d].priorities[%d]", i, j)
		}
	}
	for i, v := range s.Statuses {
		c.add("status", v.ID, 1, "statuses[%d]", i)
	}
	for i, v := range s.Outcomes {
		c.add("outcome", v.ID, 1, "outcomes[%d]", i)
	}
	for i, v := range s.Workflows {
		c.add("workflow", v.ID, 1, "workflows[%d]", i)
	}
	for i, v := range s.Teams {
		c.add("team", v.ID, 1, "teams[%d]", i)
	}
	for i, v := range s.Agents {
		c.add("agent", v.ID, 1, "agents[%d]", i)
	}
	for i, v := range s.TicketTypes {
		c.add("ticket type", v.ID, 1, "ticket_types[%d]", i)
	}
	for i, v := range s.Assets {
		c.add("asset", v.ID, 1, "assets[%d]", i)
	}
	for i, v := range s.Fields {
		c.add("field", v.ID, 1, "fields[%d]", i)
		for j, value := range v.Values {
			c.add(fmt.Sprintf("value of field %d", v.ID), value.ID, 1, "fields[%d].values[%d]", i, j)
		}
	}
	for i, v := range s.AzureADConnection {
		c.add("connection", v.ID, 1, "azure_ad_connections[%d]", i)
	}
}

func (c *seedCheck) references(s Seed) {
	if len(s.Agents) == 0 {
		c.fail("agents: give at least one; the application logs in as the first")
	}
	if len(s.TicketTypes) == 0 {
		c.fail("ticket_types: give at least one")
	}
	for i, cl := range s.Clients {
		if len(cl.Sites) == 0 {
			c.fail("clients[%d].sites: give at least one", i)
		}
	}
	for i, v := range s.Outcomes {
		if v.NewStatus != 0 {
			c.ref("status", v.NewStatus, "outcomes[%d].newstatus", i)
		}
	}
	for i, w := range s.Workflows {
		c.workflow(i, w)
	}
	for i, t := range s.TicketTypes {
		c.ticketType(i, t)
	}
	for i, a := range s.Assets {
		c.ref("client", a.ClientID, "assets[%d].client_id", i)
		c.ref("site", a.SiteID, "assets[%d].site_id", i)
	}
	for i, conn := range s.AzureADConnection {
		for j, m := range conn.Mappings {
			c.ref("client", m.ClientID, "azure_ad_connections[%d].mappings_client[%d].client_id", i, j)
		}
	}
}

func (c *seedCheck) workflow(i int, w Workflow) {
	if len(w.Steps) == 0 {
		c.fail("workflows[%d].steps: give at least one", i)
	}
	for _, id := range w.Always {
		c.ref("outcome", id, "workflows[%d].always", i)
	}
	for j, step := range w.Steps {
		for k, a := range step.Actions {
			c.ref("outcome", a.OutcomeID, "workflows[%d].steps[%d].actions[%d].action_id", i, j, k)
			known := func(s WorkflowStep) bool { return s.ID == a.NextStep }
			if a.NextStep != 0 && !slices.ContainsFunc(w.Steps, known) {
				c.fail("workflows[%d].steps[%d].actions[%d].next_step_id: there is no step %d", i, j, k, a.NextStep)
			}
		}
	}
}

func (c *seedCheck) ticketType(i int, t TicketType) {
	c.ref("sla", t.DefaultSLA, "ticket_types[%d].default_sla", i)
	c.ref(fmt.Sprintf("priority of sla %d", t.DefaultSLA), t.DefaultPriority, "ticket_types[%d].default_priority", i)
	c.ref("status", t.InitialStatus, "ticket_types[%d].initial_status", i)
	c.ref("status", t.ReopenedStatus, "ticket_types[%d].reopenedstatus", i)
	if t.WorkflowID != 0 {
		c.ref("workflow", t.WorkflowID, "ticket_types[%d].workflow_id", i)
	}
	if !slices.Contains([]string{"", "accept", "reopen", "refuse"}, t.ClosedNotes) {
		c.fail("ticket_types[%d].closed_notes: %q is none of accept, reopen, refuse", i, t.ClosedNotes)
	}
}
