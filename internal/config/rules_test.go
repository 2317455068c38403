package config

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/halert/halert/internal/alert"
	"github.com/halert/halert/internal/route"
)

const ruled = minimal + `sources: [{name: cipp, kind: cipp}, {name: rmm, kind: generic}]
customers:
  - {client: 12, name: Harbour Dental, tenants: [harbour.example], groups: [gold, north, GOLD]}
  - {client: 14, name: Nordwind, tenants: [nordwind.example], groups: north}
templates:
  - {name: security, summary: "{{.Title}}"}
hours:
  - {name: business, zone: Europe/Amsterdam, days: mon-fri, times: "08:00-18:00", except: [2026-12-25]}
  - {name: patching, zone: America/New_York, days: sat, times: 22:00-06:00}
routes:
  - name: known noise
    match: [source=rmm, 'title=~"Heartbeat .*"']
    drop: true
    tests:
      - {given: {source: rmm, title: Heartbeat lost, at: 2026-03-09T12:00:00Z}, expect: {drop: true, route: known noise}}
  - name: night watch
    match: [severity>=error, 'label.App Name!="x \"y\""']
    when: 'labels["IPAddress"] startsWith "10." or client_id == 14'
    outside: business
    continue: true
    delay: 90s
    ticket:
      type: Incident
      priority: {critical: 1, error: High}
      request_source: -22
      status: 1
      team: Security
      agent: Jo Doe
      category: [Security>Identity, "", Cloud]
      impact: 1
      urgency: "2"
      parent: 2818
      fields: {CFCause: Alert, "CF odd: name": "a, b"}
    template: security
    group_by: [kind, device, label.App Name]
    strip: true
    within: 90m
    notes: {mode: on_change, every: 4h, daily: "08:00", zone: Europe/Amsterdam}
    close: {never: true, after: 10m, touched: true, missing: 3, silent: 7d}
    reopen: {within: 3d, status: 2, not: [14, 15], quiet: true}
    tests:
      - {given: {source: cipp, kind: drift, severity: critical, tenant: NORDWIND.example, labels: {x: y}, at: 2026-03-09T22:00:00Z}, expect: {drop: false, route: [night watch, rest], team: Security, priority: 01, delay: 0s, category: [Security>Identity, Cloud], agent: Jo Doe, parent: 2818, notes: never}}
      - given: {kind: drift, severity: error, customer: harbour dental, labels: {ipaddress: 10.0.0.1}, title: T, text: U, user: ada, device: d, at: 2026-03-09T23:00:00+01:00}
        expect: {priority: High, type: Incident}
      - {given: {customer: 12, severity: error, at: 2026-03-09T22:00:00Z}, expect: {route: rest, team: "", category: []}}
  - name: rest
    match: [customer!=14, customer!=Nordwind, group!=silver]
    during: []
    notes: never
    close: {missing: never}
    delay: 0s
`

const quiet = `silences:
  - {name: patch night, match: customer="nordwind", during: [patching, business], reason: "Servers restart", author: jo}
  - {name: move, match: ['group=north', 'severity<=warning'], when: 'device != ""', reason: Office moves, from: 2026-03-01T08:00:00+01:00, until: 2026-03-03T08:00:00.5Z}
exclude:
  - {match: ['user="breakglass@harbour.example"'], reason: Tested each month}
  - {name: sync, when: user startsWith "sync_", reason: Service account, author: kim}
`

func TestRules(t *testing.T) {
	t.Parallel()
	src := strings.Replace(ruled, "customer!=14, customer!=Nordwind, group!=silver", "customer!=13", 1)
	if _, err := Parse("f", []byte(src+quiet), Lookup{}); err == nil || !strings.Contains(err.Error(), `there is no customer "13" in this file`) {
		t.Errorf("error: %v", err)
	}
	src = strings.Replace(ruled, "customer!=14, customer!=Nordwind, group!=silver", `source=~cipp|rmm|, "kind!~x"`, 1)
	c := mustParse(t, src+quiet, Lookup{})

	if diff := cmp.Diff([]string{"gold", "north"}, c.Customers[0].Groups); diff != "" {
		t.Error(diff)
	}
	night := c.Routes[1]
	number, name := func(id int) *alert.Ref { return &alert.Ref{ID: id} }, func(s string) *alert.Ref { return &alert.Ref{Name: s} }
	wait := 90 * time.Second
	want := route.Rule{
		Name: "night watch", Match: night.Match, When: night.When, Outside: []*route.Hours{c.Hours[0]}, Continue: true, Delay: &wait,
		Fields: alert.Fields{
			TicketType: name("Incident"), RequestSource: number(-22), Status: number(1), Team: name("Security"), Agent: name("Jo Doe"),
			Categories: [4]string{"Security>Identity", "", "Cloud"}, Impact: number(1), Urgency: number(2), Parent: 2818,
			Custom: map[string]string{"CFCause": "Alert", "CF odd: name": "a, b"},
		},
		PriorityBy: map[alert.Severity]alert.Ref{alert.Critical: {ID: 1}, alert.Error: {Name: "High"}},
		Template:   "security", GroupBy: []string{"kind", "device", "label.App Name"}, Strip: true, Within: 90 * time.Minute,
		Notes:  &alert.NotePolicy{Mode: alert.NoteOnChange, Every: 4 * time.Hour, Daily: "08:00", Zone: "Europe/Amsterdam"},
		Close:  &alert.Closing{Never: true, After: 10 * time.Minute, Touched: true, Missing: 3, Silent: 7 * day},
		Reopen: &alert.Reopening{Within: 3 * day, Status: 2, Not: []int{14, 15}, Quiet: true},
		Tests:  night.Tests,
	}
	if diff := cmp.Diff(want, night); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if rest := c.Routes[2]; rest.Close.Missing != -1 || rest.Notes.Mode != alert.NoteNever || rest.Delay == nil || *rest.Delay != 0 {
		t.Errorf("rest: %+v", rest)
	}
	if len(night.Match) != 2 || night.Match[1].Value != `x "y"` || len(night.Tests) != 3 {
		t.Errorf("night watch: %+v", night)
	}
	if all := c.Quiet(); len(all) != 4 || all[0].Reason != "Tested each month" || all[3].Until.Nanosecond() != 5e8 || len(all[2].During) != 2 {
		t.Errorf("quiet: %+v", all)
	}

	written := mustParse(t, string(c.YAML()), Lookup{})
	if diff := cmp.Diff(c, written); diff != "" {
		t.Errorf("read back (-want +got):\n%s\nof:\n%s", diff, c.YAML())
	}
	golden(t, "testdata/rules.yaml", c.YAML())
}

// The example of the guide is a section to paste into a file.
func TestExampleRoutes(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("../../docs/examples/routes.yaml")
	if err != nil {
		t.Fatal(err)
	}
	c := mustParse(t, minimal+string(data), Lookup{})
	tests := 0
	for _, r := range c.Routes {
		tests += len(r.Tests)
	}
	if tests < len(c.Routes) {
		t.Errorf("%d rules carry %d tests", len(c.Routes), tests)
	}
}

// What the guide shows can be pasted.
func TestGuide(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("../../docs/routes.md")
	if err != nil {
		t.Fatal(err)
	}
	const world = minimal + "sources: [{name: prometheus, kind: alertmanager}]\ncustomers: [{client: 12, name: Harbour Dental, groups: [gold]}]\n"
	blocks := strings.Split(string(data), "```yaml\n")[1:]
	for _, block := range blocks {
		text, _, closed := strings.Cut(block, "```")
		if c := mustParse(t, world+text, Lookup{}); !closed || len(c.Routes)+len(c.Quiet()) == 0 {
			t.Errorf("no rules in:\n%s", text)
		}
	}
	if len(blocks) < 6 {
		t.Errorf("%d examples", len(blocks))
	}
	for _, name := range append(append(route.ExprNames(), route.ExprFunctions()...), append(route.Names(), effects()...)...) {
		if !strings.Contains(string(data), "`"+name+"`") {
			t.Errorf("the guide does not tell of %s", name)
		}
	}
}
