package rehearse

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/halert/halert/internal/config"
	"github.com/halert/halert/internal/pipeline"
	"github.com/halert/halert/internal/source"
	"github.com/halert/halert/internal/store"
)

func monday() time.Time { return time.Date(2026, 3, 9, 8, 0, 0, 0, time.UTC) }

// rules reads the sections of a configuration after the section halo.
func rules(t *testing.T, sections string) Rules {
	t.Helper()
	c, err := config.Parse("draft.yaml", []byte(`
halo: {resource_url: "https://halo.example/api", auth_url: "https://halo.example/auth", client_id: x, client_secret: y, ticket_type: 21, priority: 3}
sources: [{name: rmm, kind: generic, secret: z}]
customers:
  - {client: 12, name: Acme Dental, tenants: [acme.example]}
  - {client: 14, site: 31, name: Northwind, tenants: [northwind.example]}
`+sections), config.Lookup{})
	if err != nil {
		t.Fatal(err)
	}
	directory, err := c.Directory()
	if err != nil {
		t.Fatal(err)
	}
	parser, err := source.New(source.Generic, source.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return Rules{TicketType: c.Halo.TicketType, Priority: c.Halo.Priority, Settings: pipeline.Settings{
		Customers: directory, Consolidate: true, Parsers: map[string]source.Parser{"rmm": parser}, Routes: c.Routes, Quiet: c.Quiet()}}
}

// body is what source rmm sends at a minute of monday.
func body(minute int, kind, user, status string) store.Recorded {
	at := monday().Add(time.Duration(minute) * time.Minute)
	return store.Recorded{Event: store.Event{ID: fmt.Sprintf("e%d", minute), Source: "rmm", Kind: "generic", ReceivedAt: at, Body: fmt.Appendf(nil,
		`{"title":"%[1]s fails","kind":%[1]q,"id":"%[1]s-%[2]s","user":%[2]q,"tenant":"acme.example","status":%[3]q,"severity":"error"}`, kind, user, status)}}
}

// short writes a rehearsal in a few lines.
func short(r Rehearsal) []string {
	lines := []string{fmt.Sprintf("tickets %d -> %d, notes %d -> %d, quiet %d -> %d, held %d -> %d, unread %d -> %d; same %d",
		r.InForce.Tickets, r.Draft.Tickets, r.InForce.Notes, r.Draft.Notes, r.InForce.Quiet, r.Draft.Quiet, r.InForce.Held, r.Draft.Held, r.InForce.Unread, r.Draft.Unread, r.Same)}
	for _, c := range r.Changes {
		line := c.What + " " + c.Title + " at " + c.At.Format("15:04")
		for _, side := range []*RehearsedTicket{c.InForce, c.Draft} {
			if side != nil {
				line += fmt.Sprintf(" [%d alerts %d bodies]", side.Alerts, side.Bodies)
			}
		}
		if c.Why != "" {
			line += " " + c.Why
		}
		if c.What == "change" {
			for _, d := range c.Differences {
				line += fmt.Sprintf(" %s %q -> %q", d.Name, d.InForce, d.Draft)
			}
		}
		lines = append(lines, line)
	}
	return lines
}

func play(t *testing.T, inForce, draft Rules, silences []store.Silence, bodies ...store.Recorded) Rehearsal {
	t.Helper()
	p := New(inForce, draft, nil, silences)
	for _, b := range bodies {
		p.Take(b)
	}
	return p.Result(monday(), monday().Add(24*time.Hour), true)
}

func TestWhatADraftChanges(t *testing.T) {
	disks := []store.Recorded{body(0, "disk", "a", "firing"), body(1, "mail", "a", "firing"), body(5, "disk", "b", "firing"), body(30, "disk", "a", "firing")}
	flaps := []store.Recorded{body(0, "disk", "a", "firing"), body(3, "disk", "a", "resolved"), body(20, "disk", "a", "firing"), body(21, "disk", "a", "resolved"), body(90, "disk", "a", "firing")}
	for _, tt := range []struct {
		name   string
		draft  string
		bodies []store.Recorded
		want   []string
	}{
		{"the same rules", "", disks, []string{"tickets 2 -> 2, notes 2 -> 2, quiet 0 -> 0, held 0 -> 0, unread 0 -> 0; same 2"}},
		{"another team", "routes: [{name: d, match: [kind=disk], ticket: {team: Servers, priority: 3}}]", disks, []string{
			"tickets 2 -> 2, notes 2 -> 2, quiet 0 -> 0, held 0 -> 0, unread 0 -> 0; same 1",
			`change disk at 08:00 [2 alerts 3 bodies] [2 alerts 3 bodies] team "" -> "Servers"`}},
		{"a drop", "routes: [{name: d, match: [kind=disk], drop: true}]", disks, []string{
			"tickets 2 -> 1, notes 2 -> 0, quiet 0 -> 2, held 0 -> 0, unread 0 -> 0; same 1",
			"go disk at 08:00 [2 alerts 3 bodies] quiet: dropped by the route d"}},
		{"a ticket for each user", "routes: [{name: d, match: [kind=disk], group_by: [user]}]", disks, []string{
			"tickets 2 -> 3, notes 2 -> 1, quiet 0 -> 0, held 0 -> 0, unread 0 -> 0; same 1",
			`change disk at 08:00 [2 alerts 3 bodies] [1 alerts 2 bodies] user "" -> "a"`,
			`come disk at 08:05 [1 alerts 1 bodies] its alert is on the ticket "disk" of 2026-03-09T08:00:00Z`}},
		{"one ticket for all of a user", "routes: [{name: d, group_by: [tenant]}]", disks, []string{
			"tickets 2 -> 1, notes 2 -> 3, quiet 0 -> 0, held 0 -> 0, unread 0 -> 0; same 1",
			`go mail at 08:01 [1 alerts 1 bodies] its alert is on the ticket "disk" of 2026-03-09T08:00:00Z`}},
		{"notes on change", "routes: [{name: d, notes: on_change}]", disks, []string{
			"tickets 2 -> 2, notes 2 -> 1, quiet 0 -> 0, held 0 -> 0, unread 0 -> 0; same 0",
			`change disk at 08:00 [2 alerts 3 bodies] [2 alerts 3 bodies] notes "" -> "on_change"`,
			`change mail at 08:01 [1 alerts 1 bodies] [1 alerts 1 bodies] notes "" -> "on_change"`}},
		{"notes once an hour", "routes: [{name: d, match: [kind=disk], notes: {mode: always, every: 1h}}]", disks, []string{
			"tickets 2 -> 2, notes 2 -> 1, quiet 0 -> 0, held 0 -> 0, unread 0 -> 0; same 1",
			`change disk at 08:00 [2 alerts 3 bodies] [2 alerts 3 bodies] notes "" -> "at most every 1h"`}},
		{"a silence that ends", "silences: [{name: s, match: [kind=disk], until: 2026-03-09T08:20:00Z, reason: move, author: jo}]", disks, []string{
			"tickets 2 -> 2, notes 2 -> 1, quiet 0 -> 2, held 0 -> 0, unread 0 -> 0; same 1",
			`change disk at 08:00 [2 alerts 3 bodies] [2 alerts 3 bodies] made "2026-03-09T08:00:00Z" -> "2026-03-09T08:20:00Z"`}},
		{"a ticket ends when all is over", "", flaps, []string{"tickets 3 -> 3, notes 2 -> 2, quiet 0 -> 0, held 0 -> 0, unread 0 -> 0; same 3"}},
		{"a delay", "routes: [{name: d, delay: 5m}]", flaps, []string{
			"tickets 3 -> 1, notes 2 -> 0, quiet 0 -> 0, held 0 -> 0, unread 0 -> 0; same 0",
			"go disk at 08:00 [1 alerts 2 bodies] over within its delay of 5m0s",
			"go disk at 08:20 [1 alerts 2 bodies] over within its delay of 5m0s",
			`change disk at 09:30 [1 alerts 1 bodies] [1 alerts 1 bodies] delay "" -> "5m"`}},
		{"a while before it closes", "routes: [{name: d, close: {after: 30m}}]", flaps, []string{
			"tickets 3 -> 2, notes 2 -> 3, quiet 0 -> 0, held 0 -> 0, unread 0 -> 0; same 0",
			`change disk at 08:00 [1 alerts 2 bodies] [1 alerts 4 bodies] close "" -> "after 30m"`,
			`go disk at 08:20 [1 alerts 2 bodies] its alert is on the ticket "disk" of 2026-03-09T08:00:00Z`,
			`change disk at 09:30 [1 alerts 1 bodies] [1 alerts 1 bodies] close "" -> "after 30m"`}},
		{"people close it", "routes: [{name: d, close: {never: true}}]", flaps, []string{
			"tickets 3 -> 1, notes 2 -> 4, quiet 0 -> 0, held 0 -> 0, unread 0 -> 0; same 0",
			`change disk at 08:00 [1 alerts 2 bodies] [1 alerts 5 bodies] close "" -> "by people only"`,
			`go disk at 08:20 [1 alerts 2 bodies] its alert is on the ticket "disk" of 2026-03-09T08:00:00Z`,
			`go disk at 09:30 [1 alerts 1 bodies] its alert is on the ticket "disk" of 2026-03-09T08:00:00Z`}},
		{"it is opened again", "routes: [{name: d, reopen: {within: 1h}}]", flaps, []string{
			"tickets 3 -> 2, notes 2 -> 3, quiet 0 -> 0, held 0 -> 0, unread 0 -> 0; same 0",
			`change disk at 08:00 [1 alerts 2 bodies] [1 alerts 4 bodies] reopen "" -> "within 1h"`,
			`go disk at 08:20 [1 alerts 2 bodies] its alert is on the ticket "disk" of 2026-03-09T08:00:00Z`,
			`change disk at 09:30 [1 alerts 1 bodies] [1 alerts 1 bodies] reopen "" -> "within 1h"`}},
		{"it is over when silent", "routes: [{name: d, match: [kind=disk], close: {silent: 20m}}]", disks, []string{
			"tickets 2 -> 3, notes 2 -> 2, quiet 0 -> 0, held 0 -> 0, unread 0 -> 0; same 1",
			`change disk at 08:00 [2 alerts 3 bodies] [2 alerts 2 bodies] close "" -> "over when silent for 20m"`,
			`come disk at 08:30 [1 alerts 1 bodies] its alert is on the ticket "disk" of 2026-03-09T08:00:00Z`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := play(t, rules(t, ""), rules(t, tt.draft), nil, tt.bodies...)
			if diff := cmp.Diff(tt.want, short(got)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			again := play(t, rules(t, ""), rules(t, tt.draft), nil, tt.bodies...)
			if diff := cmp.Diff(got, again); diff != "" {
				t.Errorf("a second time it is another (-first +second)\n%s", diff)
			}
		})
	}
}
