package cipp

import (
	"slices"
	"strings"

	"github.com/halert/halert/internal/alert"
	"github.com/halert/halert/internal/source/jsontree"
)

// itemTenant is the tenant of an item that names it itself, else that of the
// envelope.
func itemTenant(v jsontree.Value, env envelope) alert.Tenant {
	t := tenantOf(v.Str("TenantID"), choice(v.Get("Tenant")), choice(v.Get("tenantFilter")))
	if t.IsZero() {
		t = tenantOf(env.tenant)
	}
	return t
}

// logRow makes the event of one row of CIPP's logbook.
func (c *collector) logRow(v jsontree.Value, env envelope) {
	tenant := tenantOf(v.Str("TenantID"), choice(v.Get("Tenant")))
	c.learn(tenant)
	if tenant.IsZero() {
		tenant = tenantOf(env.tenant)
	}
	api := firstOf(oneLine(v.Str("API")), "CIPP")
	message := strings.TrimSpace(alert.CleanText(v.Get("Message").Flat()))
	f := alert.Finding{Title: alert.Cut(firstOf(oneLine(message), "Logbook: "+api), maxTitle)}
	for i := range v.List {
		if m := v.List[i]; !isLogNoise(m.Name) && (!strings.EqualFold(m.Name, "Message") || message != f.Title) {
			addMember(&f, m)
		}
	}
	e := alert.Event{
		Action: alert.Trigger, Tenant: tenant, Finding: f,
		Topic: alert.Topic{
			Kind: "logbook/" + fold(api), Title: alert.Cut("CIPP logbook: "+api, maxTitle),
			What:    "CIPP wrote an entry into its logbook that is set to be reported.",
			Means:   "Something in CIPP, or in the customer's tenant, needs a look.",
			Do:      "Read the entry, and open CIPP's logbook around its time where it is not clear.",
			Columns: []string{"Message", "Severity", "Username", "Timestamp"},
			Links:   addPage(nil, c.base, pageLogbook, alert.Tenant{}),
		},
		Severity:   orSeverity(alert.ParseSeverity(v.Str("Severity")), alert.Warning),
		OccurredAt: moment(v.Str("Timestamp", "DateTime"), env.generated),
		Grouping:   grouping(env),
	}
	if id := v.Str("RowKey"); id != "" {
		c.add(e, exactly(id))
		return
	}
	c.add(e, describe(v))
}

// isLogNoise are the members of a log row that belong to the table's storage,
// and the address of the person at the keyboard.
func isLogNoise(name string) bool {
	switch letters(name) {
	case "partitionkey", "rowkey", "api", "sentasalert", "functionnode", "etag", "ip", "standardinfo":
		return true
	}
	return false
}

// standards makes the event of the thin body that CIPP sends for standards and
// for the Sherweb migration: it tells neither what nor, in the legacy schema,
// whose. [A]
func (c *collector) standards(v jsontree.Value, env envelope) {
	kind, title := "standards", "Standards out of sync"
	what := "Settings of the tenant do not match the standards in CIPP."
	if strings.EqualFold(env.source, "Alerts") {
		kind, title = "sherweb", "Sherweb migration"
		what = "CIPP reports on the migration of licences to Sherweb."
	}
	tenant, former := itemTenant(v, env), ""
	if kind == "standards" {
		former = formerStandards(tenant)
	}
	button := addLink(nil, firstOf(oneLine(v.Str("buttontext")), "CIPP"), v.Str("buttonurl"))
	c.add(alert.Event{
		Action: alert.Trigger, Tenant: tenant, Severity: alert.Warning, Grouping: grouping(env),
		OccurredAt: moment(env.generated),
		Topic: alert.Topic{
			Kind: kind, Title: title, What: what, Links: button,
			Means:       "What was agreed on is not in force; CIPP does not send the details.",
			Do:          "Open the page in CIPP to see what it is about.",
			Comment:     comment(v.Str("alertcomment"), 1),
			FormerTitle: former,
		},
		Finding: alert.Finding{Title: firstOf(alert.Cut(oneLine(v.Str("title")), maxTitle), title), Links: button},
	}, exactly(kind))
}

// drift makes one event for each deviation.
func (c *collector) drift(v jsontree.Value, env envelope) {
	tenant := itemTenant(v, env)
	topic := alert.Topic{
		Kind: "drift", Title: "Settings drifted from the standard",
		What:    "Settings of the tenant have changed away from the drift standard in CIPP.",
		Means:   "Protection that was agreed on may be off, or somebody made a change by hand.",
		Do:      "Accept the deviation, or remediate it, on CIPP's drift page.",
		Columns: []string{"Standard", "Expected Value", "Current Value", "Status"},
		Links:   addPage(nil, c.base, "/tenant/manage/drift", tenant),

		FormerTitle: formerOf(v, env),
	}
	for _, d := range items(v.Get("AlertData")) {
		s := &spec{Keys: []string{"Standard", "StandardName", "standardName"}, Columns: topic.Columns, NoUser: true}
		f := finding(d, s, "Drift", alert.User{})
		if name := d.Str(s.Keys...); name != "" {
			f.Title = alert.Cut(oneLine(name+": expected "+firstOf(d.Get("Expected Value").Flat(), "nothing")+
				", is "+firstOf(d.Get("Current Value").Flat(), "nothing")), maxTitle)
		}
		f.Links = addLink(f.Links, "CIPP", v.Str("ActionUrl"))
		c.add(alert.Event{
			Action: alert.Trigger, Topic: topic, Tenant: tenant, Finding: f, Grouping: grouping(env),
			Severity: orSeverity(rowSeverity(d), alert.Warning), OccurredAt: moment(env.generated),
		}, identify(d, s))
	}
}

// baseline makes the event of one standard of a baseline. Its end is told too:
// Remediated. [A]
func (c *collector) baseline(v jsontree.Value, env envelope) {
	tenant := itemTenant(v, env)
	standard, base := oneLine(choice(v.Get("Standard"))), oneLine(choice(v.Get("Baseline")))
	event := oneLine(v.Str("Event"))
	e := alert.Event{
		Action: alert.Trigger, Tenant: tenant, Severity: orSeverity(rowSeverity(v), alert.Warning),
		Grouping: grouping(env), OccurredAt: moment(env.generated),
		Topic: alert.Topic{
			Kind: "baseline/" + fold(base) + "/" + fold(standard), Title: alert.Cut("Baseline deviation: "+standard, maxTitle),
			What:  "A setting of the tenant does not match the baseline in CIPP.",
			Means: "Protection that was agreed on may be off, or two baselines contradict each other.",
			Do:    "See in CIPP who changed the setting; remediate it, or change the baseline.",
			Links: addPage(nil, c.base, "/tenant/manage/drift", tenant),

			FormerTitle: formerOf(v, env),
		},
		Finding: alert.Finding{Title: alert.Cut(oneLine(event+": "+standard+" ("+base+")"), maxTitle)},
	}
	switch strings.ToLower(event) {
	case "remediated":
		e.Action = alert.Resolve
	case "conflict":
		e.Severity = max(e.Severity, alert.Warning)
	}
	for _, m := range []string{"Event", "Standard", "Baseline", "Stage", "Message"} {
		addMember(&e.Finding, jsontree.Member{Name: m, Value: v.Get(m)})
	}
	for _, d := range items(v.Get("Differences")) {
		if name := d.Str("Property", "Name"); name != "" {
			text := "expected " + firstOf(d.Get("ExpectedValue").Flat(), "nothing") + ", is " + firstOf(d.Get("ReceivedValue").Flat(), "nothing")
			addMember(&e.Finding, jsontree.Member{Name: name, Value: jsontree.StringValue(text)})
			continue
		}
		addMember(&e.Finding, jsontree.Member{Name: "Difference", Value: d})
	}
	c.add(e, exactly("baseline"))
}

// customTests makes one event for each test of a set. A test that passed ends
// its alert. [A]
func (c *collector) customTests(v jsontree.Value, env envelope) {
	tests := items(v.Get("Tests"))
	tenant := itemTenant(v, env)
	topic := alert.Topic{
		Kind: testSet(tests), Title: "Custom tests failed",
		What:    "Tests of one's own in CIPP did not give the result that they should.",
		Means:   "The tenant does not meet a rule that was written for it.",
		Do:      "Read what the test found, and put the tenant or the test right.",
		Columns: []string{"ScriptName", "Status", "Risk", "Results", "ErrorMessage"},

		FormerTitle: formerOf(v, env),
	}
	if len(tests) == 1 {
		topic.Title = alert.Cut("Custom test: "+firstOf(oneLine(tests[0].Str("ScriptName", "TestId")), "one without a name"), maxTitle)
	}
	for _, t := range tests {
		s := &spec{Columns: topic.Columns, NoUser: true}
		e := alert.Event{
			Action: alert.Trigger, Topic: topic, Tenant: tenant, Grouping: grouping(env),
			Severity: orSeverity(rowSeverity(t), alert.Warning), OccurredAt: moment(env.generated),
			Finding: finding(jsontree.ObjectValue(withoutResults(t)...), s, "Custom test", alert.User{}),
		}
		status := oneLine(t.Str("Status"))
		e.Finding.Title = alert.Cut(oneLine(strings.Join([]string{t.Str("ScriptName", "TestId"), status, t.Str("ErrorMessage")}, " ")), maxTitle)
		addMember(&e.Finding, jsontree.Member{Name: "Results", Value: t.Get("Results")})
		e.Finding.State = testState(t)
		if strings.EqualFold(status, "Passed") {
			e.Action = alert.Resolve
		}
		c.add(e, exactly(testID(t)))
	}
}

// testState names the rows that a test returned: it has one result for all of
// them, and a new row under an old one is news.
func testState(t jsontree.Value) string {
	var rows []string
	for _, row := range items(t.Get("Results")) {
		rows = append(rows, describe(row).key)
	}
	slices.Sort(rows)
	return shorten(strings.Join(rows, ";"))
}

func withoutResults(v jsontree.Value) []jsontree.Member {
	return slices.DeleteFunc(slices.Clone(v.List), func(m jsontree.Member) bool { return strings.EqualFold(m.Name, "Results") })
}

func testID(t jsontree.Value) string {
	return firstOf(fold(t.Str("TestId", "ScriptGuid", "ScriptName")), "test")
}

// testSet names the set of tests by its members, whatever their order and
// number of findings.
func testSet(tests []jsontree.Value) string {
	ids := make([]string, 0, len(tests))
	for _, t := range tests {
		ids = append(ids, testID(t))
	}
	slices.Sort(ids)
	return "customtest/" + shorten(strings.Join(slices.Compact(ids), ","))
}
