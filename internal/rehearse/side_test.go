package rehearse

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/halert/halert/internal/alert"
	"github.com/halert/halert/internal/config"
	"github.com/halert/halert/internal/pipeline"
	"github.com/halert/halert/internal/source"
	"github.com/halert/halert/internal/store"
)

// Customers, sources and the section halo are rehearsed too.
func TestOtherThanRoutes(t *testing.T) {
	inForce, draft := rules(t, ""), rules(t, "")
	directory, err := alert.NewDirectory([]alert.Customer{{ClientID: 14, SiteID: 31, Name: "Northwind", Tenants: []string{"acme.example"}}})
	if err != nil {
		t.Fatal(err)
	}
	draft.Customers, draft.TicketType, draft.Priority = directory, 22, nil
	got := play(t, inForce, draft, nil, body(0, "disk", "a", "firing"))
	want := []Difference{{"customer", "Acme Dental (client 12)", "Northwind (client 14, site 31)"}, {"type", "21", "22"}, {"priority", "3", ""}}
	if got.Change != 1 {
		t.Fatalf("%+v, want one change", got)
	}
	if diff := cmp.Diff(want, got.Changes[0].Differences); diff != "" {
		t.Errorf("differences (-want +got)\n%s", diff)
	}

	draft.Customers = alert.Directory{}
	got = play(t, inForce, draft, nil, body(0, "disk", "a", "firing"), body(1, "disk", "a", "firing"))
	if got.Go != 1 || got.Draft.Held != 1 || got.Draft.Tickets != 0 || !strings.HasPrefix(got.Changes[0].Why, "held: tenant acme.example is not mapped") {
		t.Errorf("a tenant that the draft does not have: %+v", got)
	}
	got = play(t, draft, inForce, nil, body(0, "disk", "a", "firing"))
	if got.Come != 1 || got.InForce.Held != 1 || len(got.Changes[0].Differences) != 3 || !strings.HasPrefix(got.Changes[0].Why, "held: ") {
		t.Errorf("a tenant that only the draft has: %+v", got)
	}

	draft.Parsers = nil
	got = play(t, inForce, draft, nil, body(0, "disk", "a", "firing"))
	if got.Go != 1 || got.InForce.Unread != 0 || got.Draft.Unread != 1 || got.Changes[0].Why != "there is no such alert then" {
		t.Errorf("a source that the draft does not have: %+v", got)
	}
}

func TestBodiesThatCannotBePlayed(t *testing.T) {
	broken, gone, own := body(0, "disk", "a", "firing"), body(1, "disk", "a", "firing"), body(2, "silent", "a", "firing")
	broken.Body, gone.Body, gone.Gone, own.Source = []byte("{"), nil, true, config.OwnSource
	got := play(t, rules(t, ""), rules(t, ""), nil, broken, gone, own)
	if got.Bodies != 3 || got.Gone != 1 || got.InForce.Unread != 1 || got.Draft.Unread != 1 || got.Same != 1 {
		t.Errorf("%+v; want one gone, one unread on both sides, and one of halert's own source that is played", got)
	}
}

// A silence of a person counts in its time, and for both sides.
func TestSilencesOfPeople(t *testing.T) {
	at := func(minute int) time.Time { return monday().Add(time.Duration(minute) * time.Minute) }
	silences := []store.Silence{
		{ID: "1", Matchers: []string{"kind=disk"}, Reason: "known", Author: "jo", From: at(10), Until: at(20)},
		{ID: "2", Matchers: []string{"???"}, Reason: "broken", Author: "jo", Until: at(20)},
	}
	got := play(t, rules(t, ""), rules(t, ""), silences,
		body(0, "disk", "a", "firing"), body(1, "disk", "a", "resolved"), body(12, "disk", "a", "firing"), body(13, "disk", "a", "resolved"), body(20, "disk", "a", "firing"))
	if got.Same != 2 || got.InForce.Quiet != 1 || got.Draft.Quiet != 1 || len(got.Problems) != 1 || !strings.Contains(got.Problems[0], "silence 2 of jo") {
		t.Errorf("%+v; want two tickets and one alert between them that is quiet, and the broken silence told of", got)
	}
}

// An expression that fails is told of once, for the draft.
func TestProblemsOfTheDraft(t *testing.T) {
	draft := rules(t, `routes: [{name: odd, when: 'int(labels["size"]) > 3', drop: true}]`)
	got := play(t, rules(t, ""), draft, nil, body(0, "disk", "a", "firing"), body(1, "disk", "b", "firing"))
	if got.Same != 1 || len(got.Problems) != 1 || !strings.Contains(got.Problems[0], "route odd") {
		t.Errorf("%+v; want one problem", got)
	}
}

// What a whole result set lacks twice is over.
func TestWholeSets(t *testing.T) {
	m := newModel(rules(t, ""), pipeline.Knowledge{Tenants: alert.Aliases{}}, func(err error) { t.Error(err) })
	tenant := alert.NewTenant("", "acme.example")
	set := func(minute int, users ...string) {
		t.Helper()
		msg := alert.Message{Sets: []alert.Set{{Tenant: tenant, Kind: "mfa"}}}
		for _, u := range users {
			msg.Events = append(msg.Events, alert.Event{Action: alert.Trigger, Tenant: tenant, Topic: alert.Topic{Kind: "mfa"}, Fingerprint: u, Empty: u == ""})
		}
		m.take(store.Event{ID: "e", Source: "cipp", ReceivedAt: monday().Add(time.Duration(minute) * time.Minute)}, msg)
	}
	set(0, "a", "b")
	set(1, "a")
	set(2, "")
	if len(m.findings) != 1 {
		t.Errorf("%d alerts fire after b was missing twice and a once, want 1", len(m.findings))
	}
	set(3, "a")
	set(4)
	if len(m.tickets) != 1 || len(m.findings) != 1 {
		t.Errorf("%d tickets, %d alerts; want a on its first ticket: it was never missing twice in a row", len(m.tickets), len(m.findings))
	}
	set(5)
	set(6, "a")
	if got := m.result(); got.Tickets != 2 {
		t.Errorf("%+v, want a second ticket after all was over", got)
	}
}

func TestDailyNotes(t *testing.T) {
	p := alert.NotePolicy{Daily: "08:00", Zone: "Europe/Amsterdam"}
	for at, want := range map[string]string{
		"2026-03-09T06:59:59Z": "2026-03-09T07:00:00Z", "2026-03-09T07:00:00Z": "2026-03-10T07:00:00Z", "2026-03-28T12:00:00Z": "2026-03-29T06:00:00Z",
	} {
		from, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		if got := stamp(daily(p, from)); got != want {
			t.Errorf("after %s: %s, want %s", at, got, want)
		}
	}
	if got := daily(alert.NotePolicy{}, monday()); !got.Equal(monday()) {
		t.Errorf("at any time: %s", got)
	}
}

func TestTry(t *testing.T) {
	r := rules(t, `
routes:
  - {name: all, match: [source=rmm], continue: true, ticket: {priority: 2}}
  - {name: disks, match: [kind=disk], group_by: [user], ticket: {team: Servers}}
exclude:
  - {match: [user=service], reason: Service account}
silences:
  - {name: move, match: [kind=mail], until: 2026-03-10T08:00:00Z, reason: Move, author: jo}
`)
	list, err := source.New(source.Generic, source.Options{})
	if err != nil {
		t.Fatal(err)
	}
	r.Parsers["rmm"] = list
	payload := `[
		{"title":"One","kind":"disk","id":"1","user":"a","tenant":"acme.example","severity":"error"},
		{"title":"Two","kind":"disk","id":"2","user":"a","tenant":"acme.example"},
		{"title":"Three","kind":"disk","id":"3","user":"b","tenant":"acme.example"},
		{"title":"Four","kind":"disk","id":"4","user":"service","tenant":"acme.example"},
		{"title":"Five","kind":"mail","id":"5","tenant":"acme.example"},
		{"title":"Six","kind":"other","id":"6","tenant":"stranger.example"}]`
	got, err := Try(r, "rmm", []byte(payload), monday())
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, v := range got.Alerts {
		until := ""
		if v.QuietUntil != nil {
			until = stamp(*v.QuietUntil)
		}
		lines = append(lines, strings.Join([]string{v.Title, v.Customer, string(v.FoundBy), strings.Join(v.Routes, "+"), string(rune('0' + v.Ticket)), v.Quiet, until, v.Held}, "|"))
	}
	want := []string{
		"One|Acme Dental|domain|all+disks|1|||",
		"Two|Acme Dental|domain|all+disks|1|||",
		"Three|Acme Dental|domain|all+disks|2|||",
		"Four|Acme Dental|domain|all+disks|0|exclusion: Service account||",
		"Five|Acme Dental|domain|all|0|move by jo: Move|2026-03-10T08:00:00Z|",
		"Six|||all|0|||tenant stranger.example is not mapped to a Halo client; add it to a customer's `tenants`",
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if diff := cmp.Diff([]alert.Setting{{Name: "priority", Value: "2"}, {Name: "team", Value: "Servers"}}, got.Alerts[0].Settings); diff != "" {
		t.Errorf("settings (-want +got)\n%s", diff)
	}
	for _, wrong := range []struct{ source, body, want string }{
		{"none", payload, `no source "none"`}, {"rmm", "{", "not one of source rmm"},
	} {
		if _, err := Try(r, wrong.source, []byte(wrong.body), monday()); err == nil || !strings.Contains(err.Error(), wrong.want) {
			t.Errorf("%v: %v", wrong, err)
		}
	}
}
