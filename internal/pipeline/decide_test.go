package pipeline

import (
	"strings"
	"testing"
	"time"

	"github.com/halert/halert/internal/alert"
	"github.com/halert/halert/internal/route"
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
			r, _ := report("cipp", "e1", event(tt.tenant, ""), Settings{Customers: directory(t), Triage: tt.triage, Consolidate: true}, Knowledge{Tenants: known})
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
			a, _ := report("cipp", "e1", tt.a, s, Knowledge{})
			b, _ := report("cipp", "e2", tt.b, s, Knowledge{})
			if share := a.GroupKey == b.GroupKey; share != tt.share {
				t.Errorf("share a ticket: %v, want %v", share, tt.share)
			}
		})
	}
}

func TestTwoSourcesNeverShareATicket(t *testing.T) {
	s := Settings{Customers: directory(t), Consolidate: true}
	e := event(alert.NewTenant(contosoID, ""), "a@x")
	one, _ := report("cipp", "e", e, s, Knowledge{})
	other, _ := report("other", "e", e, s, Knowledge{})
	if one.GroupKey == other.GroupKey {
		t.Error("they do")
	}
}

func TestSeverityThatIsNotSaidIsWarning(t *testing.T) {
	o, _ := Decide(store.Event{ID: "e", Source: "cipp"}, alert.Message{Events: []alert.Event{event(alert.Tenant{}, "")}}, Settings{}, Knowledge{})
	if got := o.Reports[0].Event.Severity; got != alert.Warning {
		t.Errorf("severity %v, want warning", got)
	}
}

func TestRoutesDecide(t *testing.T) {
	who := alert.NewTenant(contosoID, "")
	team := &alert.Ref{Name: "Security"}
	s := Settings{Customers: directory(t), Consolidate: true, LinkUsers: true, Routes: route.Table{
		{Name: "noise", Match: match(t, "kind=noise"), Drop: true},
		{Name: "security", Match: match(t, "kind=~audit/.*", "customer=Contoso"), Fields: alert.Fields{Team: team}, GroupBy: []string{"user"}},
		{Name: "all users on one", Match: match(t, "kind=licence"), GroupBy: []string{"kind"}},
	}}
	of := func(kind, upn string) store.Report {
		t.Helper()
		ev := event(who, upn)
		ev.Topic.Kind = kind
		r, problems := report("cipp", "e", ev, s, Knowledge{})
		if len(problems) > 0 {
			t.Error(problems)
		}
		return r
	}
	if r := of("noise", "a@x"); r.Quiet == nil || r.Quiet.Reason != "dropped by the route noise" || !r.Quiet.Until.IsZero() {
		t.Errorf("dropped: %+v", r.Quiet)
	}
	location, badIP := of("audit/location", "a@x"), of("audit/bad-ip", "A@X")
	if location.GroupKey != badIP.GroupKey || location.User.UPN != "a@x" || location.Plan.Fields.Team != team {
		t.Errorf("two audit records of one user: %+v and %+v; want one ticket, on the user, for the team", location, badIP)
	}
	if of("audit/location", "b@x").GroupKey == location.GroupKey {
		t.Error("two users share a ticket")
	}
	if a, b := of("licence", "a@x"), of("licence", "b@x"); a.GroupKey != b.GroupKey || a.User != (alert.User{}) {
		t.Errorf("grouped by kind: %+v and %+v; want one ticket about no user", a, b)
	}
	if a := of("mfa", "a@x"); len(a.Plan.Routes) != 0 || a.User.UPN != "a@x" {
		t.Errorf("no route matches: %+v", a)
	}
}

func match(t *testing.T, texts ...string) (all []route.Matcher) {
	t.Helper()
	for _, text := range texts {
		m, err := route.ParseMatcher(text)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, m)
	}
	return all
}

func TestWhatIsQuiet(t *testing.T) {
	now := time.Date(2026, 3, 9, 7, 0, 0, 0, time.UTC)
	in := func(d time.Duration) time.Time { return now.Add(d) }
	snoozed := store.Silence{DedupKey: alert.DedupKey("cipp", contosoID, "mfa", "a@x"), Reason: "known", Author: "jo", Until: in(2 * time.Hour)}
	matching := store.Silence{Matchers: []string{"customer=Contoso", "kind=mfa"}, Reason: "patching", Author: "al", Until: in(3 * time.Hour)}
	elsewhere := store.Silence{Matchers: []string{"customer=Northwind"}, Reason: "r", Author: "al", Until: in(9 * time.Hour)}
	window := route.Silence{Name: "window", Match: match(t, "kind=mfa"), Reason: "restart", Until: in(time.Hour)}
	excluded := route.Silence{Match: match(t, "user=a@x"), Reason: "break-glass"}
	for _, tt := range []struct {
		name   string
		asked  []store.Silence
		rules  route.Silences
		reason string
		until  time.Time
	}{
		{"nothing silences it", []store.Silence{elsewhere, {DedupKey: "another", Until: in(time.Hour)}}, nil, "", time.Time{}},
		{"a silence that a person ended", []store.Silence{{Matchers: []string{"kind=mfa"}, Until: in(time.Hour), EndedAt: now}}, nil, "", time.Time{}},
		{"a silence that is to come", []store.Silence{{Matchers: []string{"kind=mfa"}, From: in(time.Minute), Until: in(time.Hour)}}, nil, "", time.Time{}},
		{"snoozed by a person", []store.Silence{snoozed}, nil, "silenced by jo: known", in(2 * time.Hour)},
		{"matched by a person's silence", []store.Silence{matching}, nil, "silenced by al: patching", in(3 * time.Hour)},
		{"in a window", nil, route.Silences{window}, "window: restart", in(time.Hour)},
		{"excluded for good", []store.Silence{matching}, route.Silences{excluded}, "exclusion: break-glass", time.Time{}},
		{"the longest counts", []store.Silence{snoozed, matching}, route.Silences{window}, "silenced by al: patching", in(3 * time.Hour)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			asked, problems := readSilences(tt.asked)
			s := Settings{Customers: directory(t), Consolidate: true, Quiet: tt.rules}
			r, more := report("cipp", "e", event(alert.NewTenant(contosoID, ""), "a@x"), s, Knowledge{Now: now, asked: asked})
			if len(problems)+len(more) > 0 {
				t.Error(problems, more)
			}
			switch {
			case tt.reason == "" && r.Quiet != nil:
				t.Errorf("quiet: %+v", r.Quiet)
			case tt.reason != "" && (r.Quiet == nil || r.Quiet.Reason != tt.reason || !r.Quiet.Until.Equal(tt.until)):
				t.Errorf("quiet: %+v, want %q until %v", r.Quiet, tt.reason, tt.until)
			}
		})
	}
}

func TestSilenceThatCannotBeRead(t *testing.T) {
	got, problems := readSilences([]store.Silence{{ID: "s", Author: "jo", Matchers: []string{"kind=mfa", "???"}}})
	if len(got) != 0 || len(problems) != 1 {
		t.Errorf("%+v, %v; want none, and a problem: half of a silence would silence more than was asked", got, problems)
	}
}

func TestSetsAreKeptUnderTheCanonicalTenant(t *testing.T) {
	known := alert.Aliases{"contoso.onmicrosoft.com": contosoID}
	m := alert.Message{Sets: []alert.Set{{Tenant: alert.NewTenant("", "contoso.onmicrosoft.com"), Kind: "mfa"}}}
	o, _ := Decide(store.Event{ID: "e", Source: "cipp"}, m, Settings{}, Knowledge{Tenants: known})
	if want := (store.Set{Source: "cipp", Tenant: contosoID, Kind: "mfa"}); len(o.Sets) != 1 || o.Sets[0] != want {
		t.Errorf("sets %+v, want %+v", o.Sets, want)
	}
}

func TestReportsCarryBrakeAndWithin(t *testing.T) {
	b := store.Brake{Tickets: 20, Within: 10 * time.Minute}
	s := Settings{Customers: directory(t), Consolidate: true, Storm: b,
		Routes: route.Table{{Name: "one user", GroupBy: []string{"user"}, Within: time.Hour}}}
	r, _ := report("cipp", "e1", event(alert.NewTenant(contosoID, ""), "a@x"), s, Knowledge{})
	if r.Brake != b || r.Plan.Within != time.Hour {
		t.Errorf("the report has %+v and %v", r.Brake, r.Plan.Within)
	}
	s.Storm, s.Routes = store.Brake{}, nil
	r, _ = report("cipp", "e1", event(alert.NewTenant(contosoID, ""), "a@x"), s, Knowledge{})
	if r.Brake != (store.Brake{}) || r.Plan.Within != 0 {
		t.Errorf("without settings the report has %+v and %v", r.Brake, r.Plan.Within)
	}
}

// What was decided can be told later.
func TestWhyItWasDecided(t *testing.T) {
	known := alert.Aliases{"contoso.onmicrosoft.com": contosoID}
	grouped := route.Table{{Name: "audits", GroupBy: []string{"user", "label.App"}}}
	for _, tt := range []struct {
		name     string
		tenant   alert.Tenant
		settings Settings
		want     store.Why
	}{
		{"by id", alert.NewTenant(contosoID, "contoso.com"), Settings{Consolidate: true}, store.Why{FoundBy: store.FoundByID, Name: contosoID, Group: "alerts of the kind mfa"}},
		{"by domain, by user", alert.NewTenant("", "Northwind.com"), Settings{Consolidate: true, LinkUsers: true},
			store.Why{FoundBy: store.FoundByDomain, Name: "northwind.com", Group: "alerts of the kind mfa about a@x"}},
		{"by alias, as a route says", alert.NewTenant("", "contoso.onmicrosoft.com"), Settings{Consolidate: true, Routes: grouped},
			store.Why{FoundBy: store.FoundByAlias, Name: contosoID, Group: "alerts with user=a@x, label.app=, as the route audits says"}},
		{"a stranger, not consolidated", alert.NewTenant("", "stranger.example"), Settings{Triage: &alert.Customer{ClientID: 99}},
			store.Why{FoundBy: store.FoundByUnmapped, Group: "alerts of the kind mfa, and of the same event: consolidate is off"}},
		{"held", alert.NewTenant("", "stranger.example"), Settings{}, store.Why{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.settings.Customers = directory(t)
			r, _ := report("cipp", "e1", event(tt.tenant, "a@x"), tt.settings, Knowledge{Tenants: known})
			if r.Why != tt.want {
				t.Errorf("got %+v, want %+v", r.Why, tt.want)
			}
		})
	}
}
