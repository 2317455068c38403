package pipeline

import (
	"strings"
	"testing"

	"github.com/halert/halert/internal/alert"
	"github.com/halert/halert/internal/store"
)

const contosoID = "5b7c1f0e-2f0c-4d8e-9a6b-0d3c2f1e4a55"

func directory(t *testing.T) alert.Directory {
	t.Helper()
	d, err := alert.NewDirectory([]alert.Customer{
		{ClientID: 12, Name: "Contoso", Tenants: []string{strings.ToUpper(contosoID)}},
		{ClientID: 14, SiteID: 31, Name: "Northwind", Tenants: []string{"northwind.com"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func event(tenant alert.Tenant, upn string) alert.Event {
	return alert.Event{
		Action: alert.Trigger, Topic: alert.Topic{Kind: "mfa"}, Tenant: tenant, Fingerprint: upn,
		Finding: alert.Finding{User: alert.User{UPN: upn}},
	}
}

func TestWhoseAlertItIs(t *testing.T) {
	known := alert.Aliases{"contoso.onmicrosoft.com": contosoID}
	triage := alert.Customer{ClientID: 99}
	for _, tt := range []struct {
		name   string
		tenant alert.Tenant
		triage *alert.Customer
		client int // 0: held
	}{
		{"by id", alert.NewTenant(contosoID, ""), nil, 12},
		{"by domain, without regard to case", alert.NewTenant("", "NorthWind.com"), nil, 14},
		{"by a domain that is known to be the mapped id's", alert.NewTenant("", "contoso.onmicrosoft.com"), nil, 12},
		{"a stranger is held", alert.NewTenant("", "stranger.example"), nil, 0},
		{"no tenant is held", alert.Tenant{}, nil, 0},
		{"a stranger goes to triage where there is one", alert.NewTenant("", "stranger.example"), &triage, 99},
		{"no tenant goes to triage where there is one", alert.Tenant{}, &triage, 99},
		{"a part of a mapped name is a stranger", alert.NewTenant("", "wind.com"), nil, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := report("cipp", "e1", event(tt.tenant, ""), Settings{Customers: directory(t), Triage: tt.triage, Consolidate: true}, known)
			switch {
			case tt.client == 0 && (r.Customer != nil || r.Held == ""):
				t.Errorf("customer %v, held %q; want held with a reason", r.Customer, r.Held)
			case tt.client != 0 && (r.Customer == nil || r.Customer.ClientID != tt.client):
				t.Errorf("customer %v, want client %d", r.Customer, tt.client)
			}
		})
	}
}

func TestWhatSharesATicket(t *testing.T) {
	contoso, northwind := alert.NewTenant(contosoID, ""), alert.NewTenant("", "northwind.com")
	with := func(e alert.Event, g alert.Grouping) alert.Event { e.Grouping = g; return e }
	kind := func(e alert.Event, k string) alert.Event { e.Topic.Kind = k; return e }
	for _, tt := range []struct {
		name         string
		a, b         alert.Event
		link, single bool // link_users, consolidate off
		share        bool
	}{
		{name: "two users of one kind", a: event(contoso, "a@x"), b: event(contoso, "b@x"), share: true},
		{name: "two kinds", a: event(contoso, "a@x"), b: kind(event(contoso, "a@x"), "licence")},
		{name: "two customers", a: event(contoso, "a@x"), b: event(northwind, "a@x")},
		{name: "two users, linked", a: event(contoso, "a@x"), b: event(contoso, "b@x"), link: true},
		{name: "one user in two spellings, linked", a: event(contoso, "a@x"), b: event(contoso, "A@X"), link: true, share: true},
		{name: "the task asks to split", a: with(event(contoso, "a@x"), alert.GroupPerUser), b: with(event(contoso, "b@x"), alert.GroupPerUser)},
		{name: "the task asks to consolidate, which wins", a: with(event(contoso, "a@x"), alert.GroupPerCustomer), b: with(event(contoso, "b@x"), alert.GroupPerCustomer), link: true, share: true},
		{name: "no consolidation", a: event(contoso, "a@x"), b: event(contoso, "a@x"), single: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := Settings{Customers: directory(t), Consolidate: !tt.single, LinkUsers: tt.link}
			a, b := report("cipp", "e1", tt.a, s, nil), report("cipp", "e2", tt.b, s, nil)
			if share := a.GroupKey == b.GroupKey; share != tt.share {
				t.Errorf("share a ticket: %v, want %v", share, tt.share)
			}
		})
	}
}

func TestTwoSourcesNeverShareATicket(t *testing.T) {
	s := Settings{Customers: directory(t), Consolidate: true}
	e := event(alert.NewTenant(contosoID, ""), "a@x")
	if report("cipp", "e", e, s, nil).GroupKey == report("other", "e", e, s, nil).GroupKey {
		t.Error("they do")
	}
}

func TestSeverityThatIsNotSaidIsWarning(t *testing.T) {
	o := decide(store.Event{ID: "e", Source: "cipp"}, alert.Message{Events: []alert.Event{event(alert.Tenant{}, "")}}, Settings{}, nil)
	if got := o.Reports[0].Event.Severity; got != alert.Warning {
		t.Errorf("severity %v, want warning", got)
	}
}

func TestSetsAreKeptUnderTheCanonicalTenant(t *testing.T) {
	known := alert.Aliases{"contoso.onmicrosoft.com": contosoID}
	m := alert.Message{Sets: []alert.Set{{Tenant: alert.NewTenant("", "contoso.onmicrosoft.com"), Kind: "mfa"}}}
	o := decide(store.Event{ID: "e", Source: "cipp"}, m, Settings{}, known)
	if want := (store.Set{Source: "cipp", Tenant: contosoID, Kind: "mfa"}); len(o.Sets) != 1 || o.Sets[0] != want {
		t.Errorf("sets %+v, want %+v", o.Sets, want)
	}
}
