package cli

import (
	"fmt"
	"strings"

	"github.com/halert/halert/internal/api"
	"github.com/halert/halert/internal/api/client"
)

type explainCmd struct {
	ID   string `arg:"" help:"Id of an alert, event, ticket or delivery, a reference, or Halo's ticket id."`
	JSON bool   `name:"json" help:"Print the API's explanations as a JSON array."`
	remote
}

// Help is shown by --help.
func (*explainCmd) Help() string {
	return `Tells for each alert behind the id from whom it came, whose it is, on which ticket it went, and
what Halo said.

Example: halert explain 2818`
}

// Run explains.
func (c *explainCmd) Run(s *session) error {
	hc := c.client(s)
	found, event, err := c.alerts(s, hc)
	if err != nil {
		return err
	}
	explanations := []api.Explanation{}
	for _, id := range found {
		x, err := hc.Explain(s.ctx, id)
		if err != nil {
			return err
		}
		explanations = append(explanations, x)
	}
	if c.JSON {
		return s.printJSON(explanations)
	}
	if len(explanations) == 0 {
		return s.print(withoutAlerts(event))
	}
	var b strings.Builder
	for i, x := range explanations {
		if i > 0 {
			b.WriteByte('\n')
		}
		s.explanation(&b, x)
	}
	return s.print(b.String())
}

// alerts finds the ids of the alerts behind an id. The event is that which
// the id names, if it names one.
func (c *explainCmd) alerts(s *session, hc *client.Client) (ids []string, event *api.Event, err error) {
	if f, isTicket := ticketFilter(c.ID); isTicket {
		tickets, err := findTickets(s, hc, c.ID, f)
		if err != nil {
			return nil, nil, err
		}
		for _, t := range tickets {
			more, err := alertsOf(s, hc, t.ID)
			if err != nil {
				return nil, nil, err
			}
			ids = append(ids, more...)
		}
		return ids, nil, nil
	}
	if strings.HasPrefix(c.ID, "d_") {
		d, err := hc.Delivery(s.ctx, c.ID)
		if err != nil {
			return nil, nil, err
		}
		ids, err := alertsOf(s, hc, d.TicketID)
		return ids, nil, err
	}
	return c.byOwnID(s, hc)
}

// byOwnID tries what an id without a mark can be.
func (c *explainCmd) byOwnID(s *session, hc *client.Client) (ids []string, event *api.Event, err error) {
	if _, err := hc.Alert(s.ctx, c.ID); err == nil || !client.NotFound(err) {
		return []string{c.ID}, nil, err
	}
	if t, err := hc.Ticket(s.ctx, c.ID); err == nil {
		ids, err := alertsOf(s, hc, t.ID)
		return ids, nil, err
	} else if !client.NotFound(err) {
		return nil, nil, err
	}
	e, err := hc.Event(s.ctx, c.ID)
	if client.NotFound(err) {
		return nil, nil, fmt.Errorf("%q is the id of no alert, ticket, delivery or event; halert alerts --json shows ids", c.ID)
	}
	for _, a := range e.Alerts {
		ids = append(ids, a.ID)
	}
	return ids, &e, err
}

func alertsOf(s *session, hc *client.Client, ticketID string) ([]string, error) {
	items, _, err := gather(0, func(p client.Page) (api.List[api.Alert], error) {
		return hc.Alerts(s.ctx, client.AlertFilter{TicketID: ticketID}, p)
	})
	ids := make([]string, len(items))
	for i, a := range items {
		ids[i] = a.ID
	}
	return ids, err
}

// withoutAlerts says why nothing is there to explain.
func withoutAlerts(e *api.Event) string {
	if e == nil {
		return "the ticket has no alerts any more: they went on a later ticket of theirs\n"
	}
	why := e.Note
	switch {
	case e.Status == "pending":
		why = "it has not been read yet"
	case e.Error != "":
		why = e.Error
	}
	return fmt.Sprintf("event %s of source %s is %s and has no alerts: %s\n", e.ID, oneLine(e.Source), e.Status, oneLine(why))
}

// explanation writes the steps below the alert's title.
func (s *session) explanation(b *strings.Builder, x api.Explanation) {
	st := s.style()
	width := 0
	for _, step := range x.Steps {
		width = max(width, len(step.What))
	}
	fmt.Fprintf(b, "%s: %s, %s\n", oneLine(x.Alert.Title), st.colour(severityColour(x.Alert.Severity.String()), x.Alert.Severity.String()), x.Alert.Status)
	fmt.Fprintf(b, "  %-*s  %s\n", width, "alert", x.Alert.ID)
	for _, step := range x.Steps {
		fmt.Fprintf(b, "  %-*s  %s\n", width, step.What, oneLine(step.Detail))
	}
}
