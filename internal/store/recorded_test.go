package store

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/halert/halert/internal/alert"
)

func TestRecordedEventsPageByPage(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		s := e.open(t)
		for i, minute := range []int{0, 40, 40, 40, 50} {
			_, err := s.Accept(t.Context(), Event{Source: "cipp", Kind: "cipp", ReceivedAt: t0.Add(time.Duration(minute) * time.Minute), Body: fmt.Appendf(nil, "body %d", i), Status: EventPending})
			ok(t, err)
		}
		events, err := s.Pending(t.Context(), 10)
		ok(t, err)
		ok(t, s.Apply(t.Context(), []Outcome{{EventID: events[4].ID, Source: "cipp", Status: EventProcessed}}, t0.Add(time.Hour)))
		sweep(t, s, keepShort, t0.Add(40*days))
		var got []string
		at, after := t0.Add(time.Minute), ""
		for {
			page, err := s.Recorded(t.Context(), at, after, 2)
			ok(t, err)
			if len(page) == 0 {
				break
			}
			got = append(got, "page")
			for _, r := range page {
				got = append(got, fmt.Sprintf("%s %v %v", r.Body, r.ReceivedAt.Sub(t0), r.Gone))
				at, after = r.ReceivedAt, r.ID
			}
		}
		want := []string{"page", "body 1 40m0s false", "body 2 40m0s false", "page", "body 3 40m0s false", " 50m0s true"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	})
}

func TestSilencesOfThePast(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		s := e.open(t)
		for _, hours := range []int{1, 2, 3} {
			id, err := s.AddSilence(t.Context(), Silence{Matchers: []string{"kind=mfa"}, Reason: "r", Author: "jo", From: t0, Until: t0.Add(time.Duration(hours) * time.Hour), CreatedAt: t0})
			ok(t, err)
			if hours == 3 {
				ok(t, s.EndSilence(t.Context(), id, t0.Add(90*time.Minute)))
			}
		}
		all, err := s.SilencesSince(t.Context(), t0.Add(time.Hour))
		ok(t, err)
		var got []time.Duration
		for _, one := range all {
			got = append(got, one.Until.Sub(t0))
			if !one.Active(t0.Add(time.Minute)) {
				t.Errorf("%v does not hold in its time", one)
			}
		}
		if diff := cmp.Diff([]time.Duration{90 * time.Minute, 2 * time.Hour}, got); diff != "" {
			t.Errorf("ends (-want +got)\n%s", diff)
		}
	})
}

func TestWhyIsKeptWithTheAlert(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		s := e.open(t)
		customer := &alert.Customer{ClientID: 12, Name: "Acme"}
		r := Report{Source: "cipp", Tenant: "acme.example", Held: "nobody's",
			Event: alert.Event{Action: alert.Trigger, Severity: alert.Error, Fingerprint: "f", Topic: alert.Topic{Kind: "mfa"}, Tenant: alert.NewTenant("", "acme.example")}}
		report := func(r Report) {
			t.Helper()
			id, err := s.Accept(t.Context(), Event{Source: "cipp", ReceivedAt: t0, Status: EventPending})
			ok(t, err)
			ok(t, s.Apply(t.Context(), []Outcome{{EventID: id, Source: "cipp", Status: EventProcessed, Reports: []Report{r}}}, t0))
		}
		check := func(when string, want Decision) {
			t.Helper()
			all, err := s.Alerts(t.Context(), AlertFilter{}, Page{Limit: 2})
			ok(t, err)
			got, err := s.Decision(t.Context(), all[0].ID)
			ok(t, err)
			if diff := cmp.Diff(want, got); diff != "" || len(all) != 1 {
				t.Errorf("%s: %d alerts (-want +got)\n%s", when, len(all), diff)
			}
		}
		report(r)
		check("held", Decision{})
		r.Customer, r.Held, r.GroupKey = customer, "", alert.GroupKey(*customer, "cipp", "mfa", "", "")
		r.Why, r.Plan = Why{FoundBy: FoundByDomain, Name: "acme.example", Group: "all"}, alert.Plan{Routes: []string{"a"}, Delay: time.Minute}
		ok(t, s.Release(t.Context(), []Report{r}, t0))
		check("released", Decision{Why: r.Why, Plan: r.Plan})
		r.Plan.Routes = []string{"b"}
		report(r)
		check("reported again", Decision{Why: r.Why, Plan: r.Plan})
		if _, err := s.Decision(t.Context(), "none"); err == nil {
			t.Error("an alert that is not there has a decision")
		}
	})
}
