package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/halert/halert/internal/api"
	"github.com/halert/halert/internal/rehearse"
)

// Page asks for one page of a list.
type Page struct {
	Limit  int    // 1 to 500; 0: 50
	Cursor string // NextCursor of the page before; empty: the first
}

// AlertFilter narrows a list of alerts. Zero fields do not.
type AlertFilter struct {
	Status   string // firing, resolved
	Held     *bool
	Quiet    *bool
	Severity string // critical, error, warning, info
	ClientID int
	Source   string
	TicketID string
	EventID  string
	Q        string // part of the title, the kind or the tenant
}

// TicketFilter narrows a list of tickets. Zero fields do not.
type TicketFilter struct {
	State     string // pending, open, closed
	Reference string
	ClientID  int
	HaloID    int
	EventID   string
}

// values builds a query, leaving out what is not set.
type values url.Values

func (p Page) values() values {
	v := values{}
	return v.number("limit", p.Limit).text("cursor", p.Cursor)
}

func (v values) text(name, value string) values {
	if value != "" {
		v[name] = []string{value}
	}
	return v
}

func (v values) number(name string, n int) values {
	if n != 0 {
		v[name] = []string{strconv.Itoa(n)}
	}
	return v
}

func (v values) boolean(name string, b *bool) values {
	if b != nil {
		v[name] = []string{strconv.FormatBool(*b)}
	}
	return v
}

const root = "/api/v1"

func get[T any](ctx context.Context, c *Client, path string, v values) (T, error) {
	var out T
	err := c.do(ctx, request{method: http.MethodGet, path: root + path, query: url.Values(v)}, &out)
	return out, err
}

func post[T any](ctx context.Context, c *Client, path string, in any) (T, error) {
	var out T
	err := c.do(ctx, request{method: http.MethodPost, path: root + path, in: in}, &out)
	return out, err
}

// Events lists events; status is pending, processed, quarantined, or empty for all.
func (c *Client) Events(ctx context.Context, status string, p Page) (api.List[api.Event], error) {
	return get[api.List[api.Event]](ctx, c, "/events", p.values().text("status", status))
}

// Event shows one event and what it led to.
func (c *Client) Event(ctx context.Context, id string) (api.Event, error) {
	return get[api.Event](ctx, c, "/events/"+url.PathEscape(id), nil)
}

// EventBody reads the stored body of an event.
func (c *Client) EventBody(ctx context.Context, id string) ([]byte, error) {
	return get[[]byte](ctx, c, "/events/"+url.PathEscape(id)+"/body", nil)
}

// ReplayEvent has a stored body parsed again.
func (c *Client) ReplayEvent(ctx context.Context, id string) (api.Event, error) {
	return post[api.Event](ctx, c, "/events/"+url.PathEscape(id)+"/replay", nil)
}

// Alerts lists alerts.
func (c *Client) Alerts(ctx context.Context, f AlertFilter, p Page) (api.List[api.Alert], error) {
	v := p.values().text("status", f.Status).boolean("held", f.Held).boolean("quiet", f.Quiet).text("severity", f.Severity).number("client_id", f.ClientID).
		text("source", f.Source).text("ticket_id", f.TicketID).text("event_id", f.EventID).text("q", f.Q)
	return get[api.List[api.Alert]](ctx, c, "/alerts", v)
}

// Alert shows one alert.
func (c *Client) Alert(ctx context.Context, id string) (api.Alert, error) {
	return get[api.Alert](ctx, c, "/alerts/"+url.PathEscape(id), nil)
}

// Explain tells why an alert went where it went.
func (c *Client) Explain(ctx context.Context, alertID string) (api.Explanation, error) {
	return get[api.Explanation](ctx, c, "/alerts/"+url.PathEscape(alertID)+"/explain", nil)
}

// Tickets lists tickets.
func (c *Client) Tickets(ctx context.Context, f TicketFilter, p Page) (api.List[api.Ticket], error) {
	v := p.values().text("state", f.State).text("reference", f.Reference).number("client_id", f.ClientID).
		number("halo_id", f.HaloID).text("event_id", f.EventID)
	return get[api.List[api.Ticket]](ctx, c, "/tickets", v)
}

// Ticket shows one ticket, by our id.
func (c *Client) Ticket(ctx context.Context, id string) (api.Ticket, error) {
	return get[api.Ticket](ctx, c, "/tickets/"+url.PathEscape(id), nil)
}

// Deliveries lists deliveries; an empty state is all.
func (c *Client) Deliveries(ctx context.Context, state string, p Page) (api.List[api.Delivery], error) {
	return get[api.List[api.Delivery]](ctx, c, "/deliveries", p.values().text("state", state))
}

// Delivery shows one delivery with its history.
func (c *Client) Delivery(ctx context.Context, id string) (api.DeliveryDetail, error) {
	return get[api.DeliveryDetail](ctx, c, "/deliveries/"+url.PathEscape(id), nil)
}

// EditDelivery changes a ticket that is not in Halo yet.
func (c *Client) EditDelivery(ctx context.Context, id string, e api.DeliveryEdit) (api.Delivery, error) {
	var out api.Delivery
	err := c.do(ctx, request{method: http.MethodPatch, path: root + "/deliveries/" + url.PathEscape(id), in: e}, &out)
	return out, err
}

// CancelDelivery ends a delivery.
func (c *Client) CancelDelivery(ctx context.Context, id string) (api.Delivery, error) {
	return post[api.Delivery](ctx, c, "/deliveries/"+url.PathEscape(id)+"/cancel", nil)
}

// ReplayDelivery gives a delivery another chance.
func (c *Client) ReplayDelivery(ctx context.Context, id string) (api.Delivery, error) {
	return post[api.Delivery](ctx, c, "/deliveries/"+url.PathEscape(id)+"/replay", nil)
}

// ReplayDeliveries gives all deliveries in a state another chance, and counts them.
func (c *Client) ReplayDeliveries(ctx context.Context, state string) (int, error) {
	out, err := post[api.Replayed](ctx, c, "/deliveries/replay", api.ReplayRequest{State: state})
	return out.Replayed, err
}

// TestHalo runs the connection test.
func (c *Client) TestHalo(ctx context.Context, r api.TestRequest) (api.TestResult, error) {
	return post[api.TestResult](ctx, c, "/halo/test", r)
}

// TestNotify sends a test message by each way to tell people of trouble.
func (c *Client) TestNotify(ctx context.Context) (api.TestResult, error) {
	return post[api.TestResult](ctx, c, "/notify/test", nil)
}

// PreviewTemplates writes a stored ticket's texts by templates.
func (c *Client) PreviewTemplates(ctx context.Context, r api.PreviewRequest) (api.Preview, error) {
	return post[api.Preview](ctx, c, "/templates/preview", r)
}

// Config exports the configuration in force as YAML, without secrets.
func (c *Client) Config(ctx context.Context) ([]byte, error) {
	return get[[]byte](ctx, c, "/config", nil)
}

// Apply makes a configuration the one in force; with dryRun it only tells the
// difference. The file's name is for messages.
func (c *Client) Apply(ctx context.Context, file string, yaml []byte, dryRun bool) (api.Applied, error) {
	var out api.Applied
	v := values{}.text("file", file)
	if dryRun {
		v = v.boolean("dry_run", &dryRun)
	}
	err := c.do(ctx, request{method: http.MethodPut, path: root + "/config", query: url.Values(v), body: yaml}, &out)
	return out, err
}

// TestRoutes tries the rules in force on a payload. An empty source is the one
// that understands it; the zero time is now.
func (c *Client) TestRoutes(ctx context.Context, source string, payload []byte, at time.Time) (rehearse.Trial, error) {
	var out rehearse.Trial
	v := values{}.text("source", source)
	if !at.IsZero() {
		v = v.text("at", at.Format(time.RFC3339))
	}
	err := c.do(ctx, request{method: http.MethodPost, path: root + "/route-test", query: url.Values(v), body: payload}, &out)
	return out, err
}

// Rehearse plays the stored bodies of the latest time ("14d"; empty: the
// server's choice) through a draft of a configuration. It may take minutes.
func (c *Client) Rehearse(ctx context.Context, file string, yaml []byte, since string) (rehearse.Rehearsal, error) {
	var out rehearse.Rehearsal
	err := c.do(ctx, request{method: http.MethodPost, path: root + "/rehearse", query: url.Values(values{}.text("file", file).text("since", since)), body: yaml, patient: true}, &out)
	return out, err
}

// Tokens lists the API tokens.
func (c *Client) Tokens(ctx context.Context) ([]api.Token, error) {
	out, err := get[api.Tokens](ctx, c, "/tokens", nil)
	return out.Items, err
}

// CreateToken makes an API token. It works as long as expiresIn says ("90d"),
// or for ever if that is empty.
func (c *Client) CreateToken(ctx context.Context, name, expiresIn string) (api.MadeToken, error) {
	return post[api.MadeToken](ctx, c, "/tokens", api.NewToken{Name: name, ExpiresIn: expiresIn})
}

// DeleteToken ends an API token.
func (c *Client) DeleteToken(ctx context.Context, name string) error {
	return c.do(ctx, request{method: http.MethodDelete, path: root + "/tokens/" + url.PathEscape(name)}, nil)
}

// Stats shows the numbers.
func (c *Client) Stats(ctx context.Context) (api.Stats, error) {
	return get[api.Stats](ctx, c, "/stats", nil)
}

// OpenAPI reads the description of the API.
func (c *Client) OpenAPI(ctx context.Context) ([]byte, error) {
	return get[[]byte](ctx, c, "/openapi.json", nil)
}

// Send posts a body as a sender does, with the source's secret, and returns
// the event's id.
func (c *Client) Send(ctx context.Context, source, secret string, body []byte) (string, error) {
	var out struct {
		ID string `json:"id"`
	}
	err := c.do(ctx, request{
		method: http.MethodPost, path: "/hooks/" + url.PathEscape(source), body: body,
		header: http.Header{"Authorization": {"Bearer " + secret}, "Content-Type": {"application/json"}},
	}, &out)
	return out.ID, err
}

// Health asks /healthz: does the process live?
func (c *Client) Health(ctx context.Context) error {
	return c.do(ctx, request{method: http.MethodGet, path: "/healthz", header: http.Header{}}, nil)
}

// Ready asks /readyz: can it store, and do deliveries get through?
func (c *Client) Ready(ctx context.Context) error {
	return c.do(ctx, request{method: http.MethodGet, path: "/readyz", header: http.Header{}}, nil)
}

// Silences lists what people silenced.
func (c *Client) Silences(ctx context.Context, p Page) (api.List[api.Silence], error) {
	return get[api.List[api.Silence]](ctx, c, "/silences", p.values())
}

// Silence silences alerts for a while.
func (c *Client) Silence(ctx context.Context, n api.NewSilence) (api.Silence, error) {
	return post[api.Silence](ctx, c, "/silences", n)
}

// EndSilence ends a silence now.
func (c *Client) EndSilence(ctx context.Context, id string) error {
	return c.do(ctx, request{method: http.MethodDelete, path: root + "/silences/" + url.PathEscape(id)}, nil)
}
