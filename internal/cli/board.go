package cli

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/halert/halert/internal/api"
	"github.com/halert/halert/internal/api/client"
)

// listing is embedded by the commands that print a list.
type listing struct {
	Limit int  `help:"How many to show; 0: all." default:"50" placeholder:"N"`
	JSON  bool `name:"json" help:"Print the API's items as a JSON array."`
}

// Validate is called when the flags are known.
func (l *listing) Validate() error {
	if l.Limit < 0 {
		return errors.New("--limit must not be negative")
	}
	return nil
}

// given is the value of a flag, or "" if it was not given.
func given(flag *string) string {
	if flag == nil {
		return ""
	}
	return *flag
}

// maxPage is the greatest page of the API.
const maxPage = 500

// gather reads pages until the limit is reached, and tells whether there is
// more.
func gather[T any](limit int, next func(client.Page) (api.List[T], error)) (items []T, more bool, err error) {
	items = []T{}
	var cursor string
	for {
		p := client.Page{Limit: maxPage, Cursor: cursor}
		if limit > 0 {
			p.Limit = min(limit-len(items), maxPage)
		}
		list, err := next(p)
		if err != nil {
			return nil, false, err
		}
		items = append(items, list.Items...)
		cursor = list.NextCursor
		if cursor == "" || limit > 0 && len(items) >= limit {
			return items, cursor != "", nil
		}
	}
}

// show prints a list as JSON or as a table.
func show[T any](s *session, l listing, columns []column, next func(client.Page) (api.List[T], error), row func(time.Time, T) []string) error {
	items, more, err := gather(l.Limit, next)
	if err != nil {
		return err
	}
	if l.JSON {
		return s.printJSON(items)
	}
	if len(items) == 0 {
		s.remark("nothing to show")
		return nil
	}
	t := table{columns: columns}
	for _, item := range items {
		t.add(row(s.now(), item)...)
	}
	if err := s.print(t.render(s.style())); err != nil {
		return err
	}
	if more {
		s.remark("there are more: --limit %d shows them", 2*l.Limit)
	}
	return nil
}

func (s *session) printJSON(v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the output: %w", err)
	}
	return s.print(string(b) + "\n")
}

type alertsCmd struct {
	Status   *string `help:"firing or resolved." enum:"firing,resolved" placeholder:"STATUS"`
	Held     *bool   `help:"Only alerts that wait for their tenant to be mapped; --no-held: only the others." negatable:""`
	Quiet    *bool   `help:"Only alerts that make no ticket because they are silenced, excluded or dropped; --no-quiet: only the others." negatable:""`
	Severity *string `help:"critical, error, warning or info." enum:"critical,error,warning,info" placeholder:"SEVERITY"`
	ClientID int     `help:"Halo's id of the client." placeholder:"ID"`
	Source   string  `help:"Name of the source." placeholder:"NAME"`
	Q        string  `name:"q" short:"q" help:"Part of the title, the kind or the tenant." placeholder:"TEXT"`
	listing
	remote
}

// Help is shown by --help.
func (*alertsCmd) Help() string {
	return `The newest come first. A narrow terminal shows fewer columns.

Example: halert alerts --status firing --severity critical`
}

// Run lists alerts.
func (c *alertsCmd) Run(s *session) error {
	f := client.AlertFilter{Status: given(c.Status), Held: c.Held, Quiet: c.Quiet, Severity: given(c.Severity), ClientID: c.ClientID, Source: c.Source, Q: c.Q}
	hc := c.client(s)
	return show(s, c.listing, alertColumns(), func(p client.Page) (api.List[api.Alert], error) { return hc.Alerts(s.ctx, f, p) }, alertRow)
}

func alertColumns() []column {
	return []column{
		{head: "SEVERITY", tint: severityColour}, {head: "STATE", tint: stateColour}, {head: "AGE"}, {head: "CUSTOMER", max: 20}, {head: "TICKET"},
		{head: "SOURCE", drop: 2, max: 16}, {head: "ID", drop: 1}, {head: "TITLE"},
	}
}

func alertRow(now time.Time, a api.Alert) []string {
	state := string(a.Status)
	switch {
	case a.Held:
		state = "held"
	case a.QuietReason != "":
		state = "quiet"
	}
	return []string{a.Severity.String(), state, age(now, a.LastAt), alertCustomer(a), haloTicket(a.HaloID, a.TicketID != nil), a.Source, a.ID, a.Title}
}

// alertCustomer names whose alert it is as well as it is known.
func alertCustomer(a api.Alert) string {
	if a.Customer == "" && a.ClientID != nil {
		return "client " + strconv.Itoa(*a.ClientID)
	}
	return cmp.Or(a.Customer, a.TenantDomain, a.TenantID)
}

// haloTicket is the number by which people know a ticket.
func haloTicket(haloID *int, wanted bool) string {
	switch {
	case haloID != nil:
		return strconv.Itoa(*haloID)
	case wanted:
		return "waits"
	}
	return ""
}

type ticketsCmd struct {
	State     *string `help:"pending, open or closed." enum:"pending,open,closed" placeholder:"STATE"`
	Reference string  `help:"The reference that stands in the Halo ticket." placeholder:"REF"`
	ClientID  int     `help:"Halo's id of the client." placeholder:"ID"`
	HaloID    int     `help:"Halo's id of the ticket." placeholder:"ID"`
	listing
	remote
}

// Help is shown by --help.
func (*ticketsCmd) Help() string {
	return `The newest come first. TICKET is Halo's id; one that waits is not in Halo yet. A narrow terminal
shows fewer columns.

Example: halert tickets --state open --client-id 12`
}

// Run lists tickets.
func (c *ticketsCmd) Run(s *session) error {
	f := client.TicketFilter{State: given(c.State), Reference: c.Reference, ClientID: c.ClientID, HaloID: c.HaloID}
	hc := c.client(s)
	return show(s, c.listing, ticketColumns(), func(p client.Page) (api.List[api.Ticket], error) { return hc.Tickets(s.ctx, f, p) }, ticketRow)
}

func ticketColumns() []column {
	return []column{
		{head: "TICKET"}, {head: "STATE", tint: stateColour}, {head: "SEVERITY", tint: severityColour}, {head: "AGE"}, {head: "CUSTOMER", max: 20},
		{head: "REFERENCE", drop: 1}, {head: "DELIVERY", drop: 2, tint: stateColour}, {head: "ID", drop: 3}, {head: "TITLE"},
	}
}

func ticketRow(now time.Time, t api.Ticket) []string {
	return []string{haloTicket(t.HaloID, true), t.State, t.Severity.String(), age(now, t.CreatedAt), t.Customer, t.Reference, t.Delivery, t.ID, t.Title}
}

type deliveriesCmd struct {
	List   deliveriesListCmd `cmd:"" default:"withargs" help:"List deliveries, or show the history of one."`
	Replay replayCmd         `cmd:"" help:"Give deliveries another chance."`
	Edit   editCmd           `cmd:"" help:"Change a ticket that is not in Halo yet."`
	Cancel cancelCmd         `cmd:"" help:"End deliveries."`
}

type deliveriesListCmd struct {
	ID    string  `arg:"" optional:"" help:"Id of a delivery, reference of a ticket, or Halo's ticket id: show its history."`
	State *string `help:"available, pending, running, retryable, scheduled, completed, discarded or cancelled." enum:"available,pending,running,retryable,scheduled,completed,discarded,cancelled" placeholder:"STATE"`
	listing
	remote
}

// Help is shown by --help.
func (*deliveriesListCmd) Help() string {
	return `A delivery brings a ticket in Halo in line with its alerts. One that is discarded waits for a
person: mend the cause, then replay it. A narrow terminal shows fewer columns. With an id, each call
to Halo is shown with its time, its outcome and Halo's words.

Example: halert deliveries --state discarded`
}

// Run lists deliveries.
func (c *deliveriesListCmd) Run(s *session) error {
	hc := c.client(s)
	if c.ID != "" {
		return c.history(s, hc)
	}
	return show(s, c.listing, deliveryColumns(), func(p client.Page) (api.List[api.Delivery], error) { return hc.Deliveries(s.ctx, given(c.State), p) }, deliveryRow)
}

func deliveryColumns() []column {
	return []column{
		{head: "STATE", tint: stateColour}, {head: "FAILED"}, {head: "SINCE"}, {head: "TICKET"}, {head: "REFERENCE"},
		{head: "CUSTOMER", drop: 1, max: 20}, {head: "ID", drop: 2}, {head: "ERROR OR TITLE"},
	}
}

func deliveryRow(now time.Time, d api.Delivery) []string {
	since := ""
	if d.FailedSince != nil {
		since = age(now, *d.FailedSince)
	}
	return []string{d.State, strconv.Itoa(d.Attempt), since, haloTicket(d.HaloID, true), d.Reference, d.Customer, d.ID, cmp.Or(d.Error, d.Title)}
}

// deliveriesOf finds deliveries by whatever people know of their tickets.
func deliveriesOf(s *session, hc *client.Client, id string) ([]string, error) {
	f, isTicket := ticketFilter(id)
	if !isTicket {
		return []string{id}, nil
	}
	tickets, err := findTickets(s, hc, id, f)
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(tickets))
	for i, t := range tickets {
		ids[i] = t.DeliveryID
	}
	return ids, nil
}

// ticketFilter understands Halo's ticket ids and references.
func ticketFilter(id string) (client.TicketFilter, bool) {
	if n, err := strconv.Atoi(id); err == nil && n > 0 {
		return client.TicketFilter{HaloID: n}, true
	}
	if strings.HasPrefix(id, "HLT") {
		return client.TicketFilter{Reference: id}, true
	}
	return client.TicketFilter{}, false
}

func findTickets(s *session, hc *client.Client, id string, f client.TicketFilter) ([]api.Ticket, error) {
	list, err := hc.Tickets(s.ctx, f, client.Page{})
	if err != nil {
		return nil, err
	}
	if len(list.Items) == 0 {
		return nil, fmt.Errorf("no ticket of halert's has the Halo id or reference %q; halert tickets shows those that there are", id)
	}
	return list.Items, nil
}
