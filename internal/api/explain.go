package api

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/halert/halert/internal/alert"
	"github.com/halert/halert/internal/store"
)

func (s *server) explainAlert(_ http.ResponseWriter, r *http.Request, _ query) (result, error) {
	ctx, id := r.Context(), r.PathValue("id")
	a, err := s.Store.Alert(ctx, id)
	if err != nil {
		return result{}, notFound(err, "alert", id)
	}
	x, err := s.explain(ctx, a)
	return result{value: x}, err
}

func (s *server) explain(ctx context.Context, a store.Alert) (Explanation, error) {
	known := s.tickets(ctx)
	view, err := known.viewAlert(a)
	if err != nil {
		return Explanation{}, err
	}
	x := Explanation{Alert: view, Reports: []AlertReport{}, Attempts: []Attempt{}}
	reports, err := s.Store.Reports(ctx, a.ID, maxHistory)
	if err != nil {
		return Explanation{}, err
	}
	for _, rep := range reports {
		x.Reports = append(x.Reports, AlertReport{EventID: rep.Event.ID, ReceivedAt: rep.Event.ReceivedAt, TicketID: orNull(rep.TicketID)})
	}
	d, err := s.Store.Decision(ctx, a.ID)
	if err != nil {
		return Explanation{}, err
	}
	x.Decision = viewDecision(d)
	x.Steps = append(x.Steps, arrival(a, view.Customer, x.Decision)...)
	x.Steps = append(x.Steps, decided(a, x.Decision)...)
	if a.TicketID == "" {
		x.Steps = append(x.Steps, ExplainStep{"ticket", noTicket(a)})
	} else {
		if err := s.explainTicket(ctx, known, a, &x); err != nil {
			return Explanation{}, err
		}
	}
	x.Steps = append(x.Steps, history(x)...)
	return x, nil
}

// arrival tells what was decided about an alert before there was a ticket.
func arrival(a store.Alert, name string, d Decision) []ExplainStep {
	times := fmt.Sprintf("reported %s as firing, first %s, last %s", count(a.Reports, "time"), stamp(a.FirstAt), stamp(a.LastAt))
	if !a.ResolvedAt.IsZero() {
		times += ", resolved " + stamp(a.ResolvedAt)
		if a.ResolvedWhy != "" {
			times += ": " + a.ResolvedWhy
		}
	}
	if a.Missed > 0 {
		times += fmt.Sprintf("; missing since then in %s", count(a.Missed, "whole result set"))
	}
	tenant := "the sender named no tenant"
	switch {
	case a.Tenant.ID != "" && a.Tenant.Domain != "":
		tenant = fmt.Sprintf("%s, with the id %s", a.Tenant.Domain, a.Tenant.ID)
	case !a.Tenant.IsZero():
		tenant = a.Tenant.String()
	}
	customer := "none: " + a.HeldReason
	switch {
	case a.ClientID != 0:
		customer = strings.TrimPrefix(fmt.Sprintf("%s, Halo client %d", name, a.ClientID), ", ") + d.found()
	case a.HeldReason == "":
		customer = "none"
	}
	return []ExplainStep{
		{"source", fmt.Sprintf("source %s, %s", a.Source, times)},
		{"tenant", tenant},
		{"customer", customer},
		{"kind", a.Kind},
		{"dedup_key", a.DedupKey + ": a report with the same key is a repeat of this alert"},
	}
}

// viewDecision is the decision in the words of the API.
func viewDecision(d store.Decision) Decision {
	out := Decision{FoundBy: string(d.FoundBy), TenantName: d.Name, Routes: append([]string{}, d.Plan.Routes...), Group: d.Group, Settings: []Setting{}}
	for _, one := range d.Plan.Settings() {
		out.Settings = append(out.Settings, Setting(one))
	}
	return out
}

// found says by which name the customer was found.
func (d Decision) found() string {
	switch store.FoundBy(d.FoundBy) {
	case store.FoundByID:
		return ", found by the tenant's id"
	case store.FoundByDomain:
		return ", found by the tenant's domain " + d.TenantName
	case store.FoundByAlias:
		return ", found by " + d.TenantName + ", which an earlier body showed to be the same tenant"
	case store.FoundByUnmapped:
		return ", which takes what belongs to nobody (unmapped)"
	}
	return ""
}

// decided tells what the rules said about an alert.
func decided(a store.Alert, d Decision) []ExplainStep {
	var steps []ExplainStep
	if len(d.Routes) > 0 {
		var sets []string
		for _, one := range d.Settings {
			sets = append(sets, one.Name+" "+one.Value)
		}
		detail := strings.Join(d.Routes, ", ")
		if len(sets) > 0 {
			detail += "; set " + strings.Join(sets, "; ")
		}
		steps = append(steps, ExplainStep{"routes", detail})
	}
	if a.QuietReason != "" {
		steps = append(steps, ExplainStep{"quiet", quiet(a)})
	}
	if d.Group != "" {
		steps = append(steps, ExplainStep{"group", "one ticket for " + d.Group + ", of the same customer and source"})
	}
	return steps
}

// joined tells whether the ticket was there before the alert.
func joined(a store.Alert, t store.Ticket) string {
	if t.CreatedAt.Before(a.FirstAt) {
		return "it was open for this group since " + stamp(t.CreatedAt) + " when the alert came first"
	}
	return "made " + stamp(t.CreatedAt)
}

// quiet says why an alert makes no ticket, and for how long.
func quiet(a store.Alert) string {
	if a.QuietUntil.IsZero() {
		return a.QuietReason
	}
	return a.QuietReason + "; it is looked at again " + stamp(a.QuietUntil)
}

func noTicket(a store.Alert) string {
	if a.QuietReason != "" {
		return "none: " + quiet(a)
	}
	if a.Held {
		return "none: the alert is held; map its tenant to a customer in the configuration, and it becomes a ticket"
	}
	return "none: the alert has not fired for a customer yet"
}

func (s *server) explainTicket(ctx context.Context, known *tickets, a store.Alert, x *Explanation) error {
	t, err := known.find(a.TicketID)
	if err != nil {
		return err
	}
	ticket, delivery := viewTicket(t), viewDelivery(t)
	x.Ticket, x.Delivery = &ticket, &delivery
	firing, err := s.Store.Firing(ctx, t.ID, 1)
	if err != nil {
		return err
	}
	attempts, err := s.Store.Attempts(ctx, t.ID)
	if err != nil {
		return err
	}
	x.Attempts = viewAttempts(attempts)
	where := "not in Halo yet"
	switch {
	case t.Dropped():
		where = fmt.Sprintf("never made in Halo, as all was over within its delay of %s", t.Plan.Delay)
	case t.HaloID != 0:
		where = fmt.Sprintf("Halo ticket %d", t.HaloID)
	}
	detail := fmt.Sprintf("%s, %s, %s; %s on it now", t.Reference, where, t.State, firingAlerts(firing.Total))
	detail += "; " + joined(a, t)
	if name := t.User.String(); name != "" {
		detail += "; it is about " + name
	}
	if t.PreviousID != 0 {
		detail += fmt.Sprintf("; it follows Halo ticket %d, which is closed", t.PreviousID)
	}
	if a.PlacedWhy != "" {
		detail += "; " + a.PlacedWhy
	}
	if why := lifeSentence(t, a); why != "" {
		detail += "; " + why
	}
	x.Steps = append(x.Steps,
		ExplainStep{"ticket", detail},
		ExplainStep{"delivery", deliverySentence(t)})
	return nil
}

// lifeSentence tells what a ticket's policies have led to.
func lifeSentence(t store.Ticket, a store.Alert) string {
	switch {
	case t.State == store.TicketClosed && t.ByPerson && t.Plan.Reopen.Quiet && a.Status == alert.Firing:
		return "quiet: closed by a person in Halo, so it makes no ticket until it was resolved in between"
	case t.State == store.TicketClosed && t.ByPerson:
		return "a person closed it in Halo"
	case t.WantReopen:
		return "it came back and is to be opened again in Halo"
	case t.WantClosed && t.KeptSeq == t.Seq:
		return "all is over; it stays open in Halo for a person to close"
	}
	return ""
}

func firingAlerts(n int) string { return strings.Replace(count(n, "alert"), " ", " firing ", 1) }

func deliverySentence(t store.Ticket) string {
	shown := fmt.Sprintf("Halo shows %d of %s", t.ShownSeq, count(int(t.Seq), "report"))
	var state string
	switch t.Delivery {
	case store.Completed:
		if t.Dropped() {
			return "completed: nothing is to be told"
		}
		state = "completed: nothing is left to do"
	case store.Available:
		state = "available: it goes as soon as the rate limit and graver tickets allow"
	case store.Running:
		state = "running: Halo is being told just now"
	case store.Retryable:
		state = fmt.Sprintf("retryable: %s failed, the next is at %s", count(t.Attempt, "attempt"), stamp(t.DueAt))
	case store.Scheduled:
		if t.WaitsFor == store.WaitStorm {
			return fmt.Sprintf("scheduled: waits until %s, when the storm is over unless a new kind of alert comes; %s", stamp(t.WaitsUntil), shown)
		}
		if what, waits := map[store.WaitFor]string{
			store.WaitDelay: "the ticket is made then, unless all is over before",
			store.WaitNote:  "the next note goes then",
			store.WaitClose: "it is closed then, unless something comes back before",
		}[t.WaitsFor]; waits {
			return fmt.Sprintf("scheduled: waits until %s, as its route says: %s; %s", stamp(t.WaitsUntil), what, shown)
		}
		state = "scheduled: put off until " + stamp(t.DueAt) + " through no fault of its own"
	case store.Discarded:
		state = "discarded: parked for a person; mend the cause, then replay it"
	default:
		state = string(t.Delivery)
	}
	state += "; " + shown
	if t.Error != "" {
		state += "; the last error: " + t.Error
	}
	return state
}

// history tells of the single reports and attempts, the newest first.
func history(x Explanation) []ExplainStep {
	var steps []ExplainStep
	for _, r := range x.Reports {
		on := "no ticket"
		if r.TicketID != nil {
			on = "ticket " + *r.TicketID
		}
		steps = append(steps, ExplainStep{"report", fmt.Sprintf("%s event %s went on %s", stamp(r.ReceivedAt), r.EventID, on)})
	}
	for _, a := range x.Attempts {
		call := a.Call
		if call == "" {
			call = "look-up"
		}
		how := "went well"
		if a.Class != "" {
			how = fmt.Sprintf("failed (%s): %s", a.Class, a.Error)
		}
		steps = append(steps, ExplainStep{"attempt", fmt.Sprintf("%s %s %s", stamp(a.At), call, how)})
	}
	return steps
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
