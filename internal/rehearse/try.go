package rehearse

import (
	"fmt"
	"time"

	"github.com/halert/halert/internal/alert"
	"github.com/halert/halert/internal/pipeline"
	"github.com/halert/halert/internal/store"
)

// Trial is what rules make of one body.
type Trial struct {
	Source   string    `json:"source" doc:"Name of the source."`
	At       time.Time `json:"at" doc:"Time at which it would have come."`
	Note     string    `json:"note" doc:"Why there are no alerts, where that is as it should be; or empty."`
	Alerts   []Verdict `json:"alerts" doc:"What was decided about each alert of the body."`
	Problems []string  `json:"problems" doc:"Rules that could not be looked at, and did not match."`
}

// Verdict is what rules decide about one alert.
type Verdict struct {
	Title      string          `json:"title" doc:"One line that says what is wrong."`
	Kind       string          `json:"kind" doc:"The alert kind."`
	Status     string          `json:"status" doc:"firing, resolved or acknowledged."`
	Severity   alert.Severity  `json:"severity" enum:"critical,error,warning,info" doc:"How grave it is."`
	Tenant     string          `json:"tenant" doc:"The tenant as the sender named it."`
	Customer   string          `json:"customer" doc:"Name of the customer, or empty."`
	ClientID   int             `json:"client_id" doc:"Halo's id of the client; 0: none."`
	SiteID     int             `json:"site_id" doc:"Halo's id of the site; 0: the client's own."`
	FoundBy    store.FoundBy   `json:"found_by" doc:"How the customer was found."`
	TenantName string          `json:"tenant_name" doc:"By which of the tenant's names."`
	Held       string          `json:"held" doc:"Why it would be held, or empty."`
	Quiet      string          `json:"quiet" doc:"Why it would make no ticket, or empty."`
	QuietUntil *time.Time      `json:"quiet_until" doc:"When it would be looked at again, or null."`
	Routes     []string        `json:"routes" doc:"The routes that match, in order."`
	Settings   []alert.Setting `json:"settings" doc:"What they set."`
	User       string          `json:"user" doc:"Whom the ticket would be about, or empty."`
	Group      string          `json:"group" doc:"Which alerts would share its ticket, in words."`
	Ticket     int             `json:"ticket" doc:"Which of this body's tickets it would go on, from 1; 0: none."`
}

// Try decides about a body as if its source had sent it at a time. People's
// silences are not known here, nor are names of tenants that earlier bodies
// have shown. The error is for a source that the rules do not have, and for a
// body that it cannot read.
func Try(r Rules, source string, body []byte, at time.Time) (Trial, error) {
	parser, known := r.Parsers[source]
	if !known {
		return Trial{}, fmt.Errorf("there is no source %q in the configuration", source)
	}
	body, err := parser.Prepare(body)
	if err != nil {
		return Trial{}, fmt.Errorf("the payload is not one of source %s: %w", source, err)
	}
	e := store.Event{ID: "this body", Source: source, ReceivedAt: at, Body: body}
	msg, err := pipeline.Parse(e, r.Settings)
	if err != nil {
		return Trial{}, fmt.Errorf("the payload is not one of source %s: %w", source, err)
	}
	aliases := make(alert.Aliases)
	for _, t := range msg.Tenants {
		if t.ID != "" && t.Domain != "" {
			aliases[t.Domain] = t.ID
		}
	}
	o, problems := pipeline.Decide(e, msg, r.Settings, pipeline.Knowledge{Now: at, Tenants: aliases})
	out := Trial{Source: source, At: at, Note: msg.Note, Alerts: []Verdict{}, Problems: []string{}}
	for _, err := range problems {
		out.Problems = append(out.Problems, alert.OneLine(err.Error()))
	}
	tickets := make(map[string]int)
	for _, report := range o.Reports {
		v := verdict(report)
		if report.Customer != nil && report.Quiet == nil && report.Event.Action == alert.Trigger {
			if tickets[report.GroupKey] == 0 {
				tickets[report.GroupKey] = len(tickets) + 1
			}
			v.Ticket = tickets[report.GroupKey]
		}
		out.Alerts = append(out.Alerts, v)
	}
	return out, nil
}

func status(a alert.Action) string {
	switch a {
	case alert.Resolve:
		return string(alert.Resolved)
	case alert.Acknowledge:
		return "acknowledged"
	}
	return string(alert.Firing)
}

func verdict(r store.Report) Verdict {
	ev := r.Event
	v := Verdict{
		Title: ev.Finding.Title, Kind: ev.Topic.Kind, Status: status(ev.Action), Severity: ev.Severity, Tenant: ev.Tenant.String(),
		FoundBy: r.Why.FoundBy, TenantName: r.Why.Name, Held: r.Held, Routes: append([]string{}, r.Plan.Routes...),
		Settings: append([]alert.Setting{}, r.Plan.Settings()...), User: r.User.String(), Group: r.Why.Group,
	}
	if c := r.Customer; c != nil {
		v.Customer, v.ClientID, v.SiteID = c.Name, c.ClientID, c.SiteID
	}
	if r.Quiet != nil {
		v.Quiet = r.Quiet.Reason
		if until := r.Quiet.Until; !until.IsZero() {
			v.QuietUntil = &until
		}
	}
	return v
}
