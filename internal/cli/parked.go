package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/halert/halert/internal/api"
	"github.com/halert/halert/internal/api/client"
)

type replayCmd struct {
	ID    []string `arg:"" optional:"" help:"Ids of deliveries, references of tickets, or Halo's ticket ids."`
	All   bool     `help:"Replay all deliveries in a state."`
	State string   `help:"Which with --all: discarded, cancelled, retryable or scheduled." enum:"discarded,cancelled,retryable,scheduled" default:"discarded" placeholder:"STATE"`
	remote
}

// Help is shown by --help.
func (*replayCmd) Help() string {
	return `Example: halert deliveries replay --all --state discarded`
}

// Validate is called when the flags are known.
func (c *replayCmd) Validate() error {
	if c.All == (len(c.ID) > 0) {
		return errors.New("name deliveries, or give --all")
	}
	return nil
}

// Run replays deliveries.
func (c *replayCmd) Run(s *session) error {
	hc := c.client(s)
	if c.All {
		n, err := hc.ReplayDeliveries(s.ctx, c.State)
		if err != nil {
			return err
		}
		if n == 1 {
			return s.print("1 delivery was replayed\n")
		}
		return s.print(fmt.Sprintf("%d deliveries were replayed\n", n))
	}
	return eachDelivery(s, hc, c.ID, hc.ReplayDelivery)
}

// eachDelivery does something to the deliveries that people name.
func eachDelivery(s *session, hc *client.Client, ids []string, do func(context.Context, string) (api.Delivery, error)) error {
	for _, id := range ids {
		found, err := deliveriesOf(s, hc, id)
		if err != nil {
			return err
		}
		for _, delivery := range found {
			d, err := do(s.ctx, delivery)
			if err != nil {
				return err
			}
			if err := s.print(fmt.Sprintf("%s %s is %s now\n", d.ID, d.Reference, d.State)); err != nil {
				return err
			}
		}
	}
	return nil
}

type cancelCmd struct {
	ID []string `arg:"" help:"Ids of deliveries, references of tickets, or Halo's ticket ids."`
	remote
}

// Help is shown by --help.
func (*cancelCmd) Help() string {
	return `A ticket that is not in Halo yet never comes there; its alerts stay, and their next report opens
a new ticket. One that Halo has stays open, and what Halo does not know yet is told with the next
report.

Example: halert deliveries cancel HLTQ7M2KXA4T9WBCE`
}

// Run cancels deliveries.
func (c *cancelCmd) Run(s *session) error {
	hc := c.client(s)
	return eachDelivery(s, hc, c.ID, hc.CancelDelivery)
}

type editCmd struct {
	ID         string `arg:"" help:"Id of a delivery, or reference of a ticket."`
	Client     *int   `help:"Halo's id of the client that the ticket is for." placeholder:"N"`
	Site       *int   `help:"Halo's id of the site; 0: the client's own." placeholder:"N"`
	TicketType string `help:"Halo's id of the ticket type, or \"configured\"." placeholder:"N"`
	Priority   string `help:"Halo's id of the priority, one of the ticket type's SLA, or \"configured\"." placeholder:"N"`
	Replay     bool   `help:"Replay the delivery at once."`
	remote

	edit api.DeliveryEdit
}

// Help is shown by --help.
func (*editCmd) Help() string {
	return `What is not given stays as it is. A new client's own site is taken where none is given. While the
ticket is open, further reports of its alerts go on it, wherever it was moved.

Example: halert deliveries edit HLTQ7M2KXA4T9WBCE --client 14 --site 31 --replay`
}

// Validate is called when the flags are known.
func (c *editCmd) Validate() error {
	if c.Client != nil {
		c.edit.ClientID = api.To(*c.Client)
	}
	if c.Site != nil {
		c.edit.SiteID = api.To(*c.Site)
		if *c.Site == 0 {
			c.edit.SiteID = api.ToNull()
		}
	}
	var err error
	if c.edit.TicketType, err = orConfigured("--ticket-type", c.TicketType); err != nil {
		return err
	}
	if c.edit.Priority, err = orConfigured("--priority", c.Priority); err != nil {
		return err
	}
	if c.edit == (api.DeliveryEdit{}) {
		return errors.New("say what to change: --client, --site, --ticket-type or --priority")
	}
	return nil
}

// orConfigured reads a number, or the word that takes a choice back.
func orConfigured(flag, text string) (api.Change, error) {
	switch text {
	case "":
		return api.Change{}, nil
	case "configured":
		return api.ToNull(), nil
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return api.Change{}, fmt.Errorf("%s %q is neither a number nor the word configured", flag, text)
	}
	return api.To(n), nil
}

// Run edits a delivery.
func (c *editCmd) Run(s *session) error {
	hc := c.client(s)
	return eachDelivery(s, hc, []string{c.ID}, func(ctx context.Context, id string) (api.Delivery, error) {
		d, err := hc.EditDelivery(ctx, id, c.edit)
		if err != nil || !c.Replay {
			return d, err
		}
		return hc.ReplayDelivery(ctx, id)
	})
}

// history shows the attempts at one delivery, the oldest first.
func (c *deliveriesListCmd) history(s *session, hc *client.Client) error {
	ids, err := deliveriesOf(s, hc, c.ID)
	if err != nil {
		return err
	}
	details := make([]api.DeliveryDetail, len(ids))
	for i, id := range ids {
		if details[i], err = hc.Delivery(s.ctx, id); err != nil {
			return err
		}
	}
	if c.JSON {
		return s.printJSON(details)
	}
	for _, d := range details {
		if err := s.print(fmt.Sprintf("%s %s: %s, client %d, Halo ticket %s: %s\n", d.ID, d.Reference, d.State, d.ClientID, haloTicket(d.HaloID, true), oneLine(d.Title))); err != nil {
			return err
		}
		t := table{columns: []column{{head: "TIME"}, {head: "CALL"}, {head: "OUTCOME", tint: stateColour}, {head: "HALO'S WORDS"}}}
		for _, a := range slices.Backward(d.Attempts) {
			t.add(a.At.Format(time.RFC3339), cmp.Or(a.Call, "look-up"), cmp.Or(a.Class, "ok"), a.Error)
		}
		if err := s.print(t.render(s.style())); err != nil {
			return err
		}
	}
	return nil
}
