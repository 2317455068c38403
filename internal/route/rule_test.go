package route

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/halert/halert/internal/alert"
)

func match(t *testing.T, texts ...string) []Matcher {
	t.Helper()
	var out []Matcher
	for _, text := range texts {
		m, err := ParseMatcher(text)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, m)
	}
	return out
}

func when(t *testing.T, text string) *Expr {
	t.Helper()
	e, err := ParseExpr(text)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func named(name string) *alert.Ref { return &alert.Ref{Name: name} }

func delay(d time.Duration) *time.Duration { return &d }

// monday is within business hours, 12:00 UTC.
func monday() time.Time { return time.Date(2026, 3, 9, 12, 0, 0, 0, time.UTC) }

func TestPrecedence(t *testing.T) {
	t.Parallel()
	business := mustHours(t, "UTC", "mon-fri", "08:00-18:00")
	base := Rule{Name: "base", Continue: true, Delay: delay(time.Hour), Template: "plain",
		Fields:     alert.Fields{Team: named("Desk"), Agent: named("Jo"), Parent: 7, Categories: [4]string{"A", "B"}, Custom: map[string]string{"CFa": "1", "CFb": "1"}},
		PriorityBy: map[alert.Severity]alert.Ref{alert.Error: {ID: 2}, alert.Warning: {ID: 3}},
		Notes:      &alert.NotePolicy{Mode: alert.NoteOnChange, Every: time.Hour}, Close: &alert.Closing{Never: true}}
	security := Rule{Name: "security", Match: match(t, "kind=~audit/.*"),
		Fields: alert.Fields{Team: named("Security"), Categories: [4]string{"C"}, Custom: map[string]string{"CFb": "2"}}, Delay: delay(0),
		GroupBy: []string{"user"}, Strip: true, Notes: &alert.NotePolicy{Mode: alert.NoteNever}, Reopen: &alert.Reopening{Quiet: true}}
	last := Rule{Name: "last", Fields: alert.Fields{Team: named("Nobody")}}

	merged := alert.Plan{
		Routes: []string{"base", "security"}, Template: "plain",
		Fields: alert.Fields{Team: named("Security"), Agent: named("Jo"), Parent: 7, Categories: [4]string{"C"}, Priority: &alert.Ref{ID: 2}, Custom: map[string]string{"CFa": "1", "CFb": "2"}},
		Notes:  alert.NotePolicy{Mode: alert.NoteNever}, Close: alert.Closing{Never: true}, Reopen: alert.Reopening{Quiet: true},
	}
	only := func(name, team string) Decision {
		return Decision{Plan: alert.Plan{Routes: []string{name}, Fields: alert.Fields{Team: named(team)}}}
	}
	tests := map[string]struct {
		table Table
		at    time.Time
		want  Decision
	}{
		"no rules":            {nil, monday(), Decision{}},
		"first match wins":    {Table{security, last}, monday(), Decision{Plan: alert.Plan{Routes: []string{"security"}, Fields: security.Fields, Notes: *security.Notes, Reopen: *security.Reopen}, Group: Group{"security", []string{"user"}, true}}},
		"continue overlays":   {Table{base, security, last}, monday(), Decision{Plan: merged, Group: Group{"security", []string{"user"}, true}}},
		"no match goes on":    {Table{{Name: "x", Match: match(t, "source=rmm"), Drop: true}, last}, monday(), only("last", "Nobody")},
		"drop ends it":        {Table{base, {Name: "out", Match: match(t, "user=ada@harbour.example"), Drop: true}, last}, monday(), Decision{Plan: alert.Plan{Routes: []string{"base", "out"}}, Drop: "out"}},
		"during":              {Table{{Name: "day", During: []*Hours{business}, Fields: alert.Fields{Team: named("Day")}}, last}, monday(), only("day", "Day")},
		"not during":          {Table{{Name: "day", During: []*Hours{business}}, last}, monday().Add(8 * time.Hour), only("last", "Nobody")},
		"outside":             {Table{{Name: "night", Outside: []*Hours{business}, Fields: alert.Fields{Team: named("Night")}}, last}, monday().Add(8 * time.Hour), only("night", "Night")},
		"not outside":         {Table{{Name: "night", Outside: []*Hours{business}}, last}, monday(), only("last", "Nobody")},
		"all conditions":      {Table{{Name: "x", Match: match(t, "source=cipp", "severity=info")}, last}, monday(), only("last", "Nobody")},
		"expression":          {Table{{Name: "x", Match: match(t, "source=cipp"), When: when(t, `client_id == 13`)}, last}, monday(), only("last", "Nobody")},
		"one of several days": {Table{{Name: "x", During: []*Hours{mustHours(t, "UTC", "sun", ""), business}, Fields: alert.Fields{Team: named("X")}}}, monday(), only("x", "X")},
		"unlisted severity":   {Table{{Name: "x", PriorityBy: map[alert.Severity]alert.Ref{alert.Info: {ID: 4}}, Fields: alert.Fields{Team: named("X")}}}, monday(), only("x", "X")},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, test.table.Decide(subject(), test.at)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	if diff := cmp.Diff(map[string]string{"CFa": "1", "CFb": "1"}, base.Fields.Custom); diff != "" {
		t.Errorf("deciding changed a rule:\n%s", diff)
	}
}

func TestFailedExpressionShows(t *testing.T) {
	t.Parallel()
	table := Table{{Name: "odd", When: when(t, `groups[9] == "x"`), Drop: true}, {Name: "last"}}
	d := table.Decide(subject(), monday())
	if d.Drop != "" || len(d.Errors) != 1 || !strings.HasPrefix(d.Errors[0].Error(), `route odd: the expression "groups[9] == \"x\"" failed: at character`) {
		t.Errorf("%+v", d)
	}
	silences := Silences{{Name: "odd", When: when(t, `groups[9] == "x"`)}}
	if f := silences.Find(subject(), monday()); f.Silence != nil || len(f.Errors) != 1 || !strings.HasPrefix(f.Errors[0].Error(), "silence odd: ") {
		t.Errorf("%+v", f)
	}
}

func TestGroupKey(t *testing.T) {
	t.Parallel()
	change := func(f func(*Subject)) Subject { s := subject(); f(&s); return s }
	tests := map[string]struct {
		group Group
		other Subject
		same  bool
	}{
		"kind is not asked":  {Group{By: []string{"user"}}, change(func(s *Subject) { s.Kind = "drift" }), true},
		"case of a user":     {Group{By: []string{"user"}}, change(func(s *Subject) { s.User.UPN = "ADA@HARBOUR.EXAMPLE" }), true},
		"another user":       {Group{By: []string{"user"}}, change(func(s *Subject) { s.User.UPN = "bob@harbour.example" }), false},
		"another device":     {Group{By: []string{"kind", "device"}}, change(func(s *Subject) { s.Device = "HD-LAPTOP-8" }), false},
		"devices keep parts": {Group{By: []string{"device"}, Strip: true}, change(func(s *Subject) { s.Device = "HD LAPTOP 8" }), false},
		"a label":            {Group{By: []string{"label.Count"}}, change(func(s *Subject) { s.Labels = map[string]string{"count": "18"} }), false},
		"a counter":          {Group{By: []string{"label.Count"}, Strip: true}, change(func(s *Subject) { s.Labels = map[string]string{"COUNT": "18"} }), true},
		"tenant":             {Group{By: []string{"tenant"}}, change(func(s *Subject) { s.Tenant.Domain = "other.example" }), true},
		"another tenant":     {Group{By: []string{"tenant"}}, change(func(s *Subject) { s.Tenant.ID = "x" }), false},
	}
	for name, test := range tests {
		if got := test.group.Key(subject()) == test.group.Key(test.other); got != test.same {
			t.Errorf("%s: same %v, want %v", name, got, test.same)
		}
	}
	if (Group{Route: "a", By: []string{"user"}}).Key(subject()) == (Group{Route: "b", By: []string{"user"}}).Key(subject()) {
		t.Error("two rules share a ticket")
	}
	if err := CheckGroupBy("devise"); err == nil || err.Error() != `tickets cannot be grouped by "devise" (only by kind, user, device, tenant, label.NAME); did you mean device?` {
		t.Error(err)
	}
	for _, bad := range []string{"label.", "customer", ""} {
		if CheckGroupBy(bad) == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

func TestStrip(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"Disk 3 of host-7 at 93%":                                "Disk of host-7 at",
		"Backup of 2026-03-09T22:15:00Z failed":                  "Backup of failed",
		"Backup 2026-03-09 22:15:01.123 +01:00":                  "Backup",
		"Job 5d0c3a10-11ab-4c00-8000-00000000000a (attempt #12)": "Job attempt",
		"from 10.0.0.7 at 9:05 PM, 1.5 days":                     "from 10.0.0.7 at days",
		"KB5034441 v2":                                           "KB5034441 v2",
		"12/03/2026: 4 of 5":                                     "of",
	} {
		if got := strip(in); got != want {
			t.Errorf("%q is %q; want %q", in, got, want)
		}
		if again := strip(strip(in)); again != strip(in) {
			t.Errorf("%q stripped twice is %q", in, again)
		}
	}
}

func TestSilences(t *testing.T) {
	t.Parallel()
	hour := func(n int) time.Time { return monday().Add(time.Duration(n) * time.Hour) }
	window := mustHours(t, "UTC", "mon", "11:00-14:00")
	tests := map[string]struct {
		silence Silence
		until   time.Time
		ok      bool
	}{
		"for good":         {Silence{}, time.Time{}, true},
		"between":          {Silence{From: hour(-1), Until: hour(1)}, hour(1), true},
		"from on":          {Silence{From: hour(0), Until: hour(1)}, hour(1), true},
		"not yet":          {Silence{From: hour(1), Until: hour(2)}, time.Time{}, false},
		"over":             {Silence{Until: hour(0)}, time.Time{}, false},
		"no match":         {Silence{Match: match(t, "user=bob")}, time.Time{}, false},
		"no expression":    {Silence{When: when(t, "client_id == 1")}, time.Time{}, false},
		"in a window":      {Silence{During: []*Hours{window}}, hour(2), true},
		"window cut":       {Silence{During: []*Hours{window}, Until: hour(1)}, hour(1), true},
		"window to end":    {Silence{During: []*Hours{window}, Until: hour(9)}, hour(2), true},
		"no window":        {Silence{During: []*Hours{mustHours(t, "UTC", "tue", "")}}, time.Time{}, false},
		"longest window":   {Silence{During: []*Hours{window, mustHours(t, "UTC", "mon", "12:00-16:00")}}, hour(4), true},
		"matcher and expr": {Silence{Match: match(t, "user=77aa"), When: when(t, "client_id == 12")}, time.Time{}, true},
	}
	for name, test := range tests {
		until, ok, err := test.silence.Active(subject(), monday())
		if err != nil || ok != test.ok || !until.Equal(test.until) {
			t.Errorf("%s: %v, %v, %v; want %v, %v", name, until, ok, err, test.until, test.ok)
		}
	}
	all := Silences{{Name: "hour", Until: hour(1)}, {Name: "day", Until: hour(24)}, {Name: "other", Match: match(t, "source=x")}, {Name: "minutes", Until: hour(2)}}
	if f := all.Find(subject(), monday()); f.Silence == nil || f.Silence.Name != "day" || !f.Until.Equal(hour(24)) {
		t.Errorf("found %+v", f)
	}
	all = append(all, Silence{Reason: "break-glass"}, Silence{Name: "later", Until: hour(99)})
	if f := all.Find(subject(), monday()); f.Silence.String() != "exclusion: break-glass" || !f.Until.IsZero() {
		t.Errorf("found %+v", f)
	}
	if f := all.Find(subject(), hour(400)); f.Silence == nil || (all[:4]).Find(subject(), hour(400)).Silence != nil {
		t.Errorf("found %+v", f)
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	table := Table{{Name: "a", Continue: true, Fields: alert.Fields{Team: named("Desk"), TicketType: &alert.Ref{ID: 5}, Parent: 8, Categories: [4]string{"", "B"}}}, {Name: "b", Template: "x", Delay: delay(time.Minute), GroupBy: []string{"kind", "user"}}}
	test := Test{At: monday(), Expect: []Want{
		{"route", []string{"a", "b"}}, {"drop", []string{"false"}}, {"delay", []string{"1m0s"}}, {"template", []string{"x"}}, {"group_by", []string{"kind", "user"}},
		{"notes", []string{"always"}}, {"type", []string{"5"}}, {"team", []string{"Desk"}}, {"priority", nil}, {"category", []string{"B"}}, {"parent", []string{"8"}},
		{"agent", nil}, {"impact", nil}, {"urgency", nil}, {"status", nil}, {"request_source", nil},
	}}
	if misses, _ := table.Check(test, subject()); misses != nil {
		t.Errorf("missed: %+v", misses)
	}
	test.Expect = []Want{{"team", []string{"Security"}}, {"drop", []string{"false"}}}
	misses, d := table.Check(test, subject())
	if diff := cmp.Diff([]Miss{{Want: test.Expect[0], Got: []string{"Desk"}}}, misses); diff != "" || len(d.Plan.Routes) != 2 {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
