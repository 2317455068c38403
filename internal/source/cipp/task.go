package cipp

import (
	"slices"
	"strings"

	"github.com/halert/halert/internal/alert"
	"github.com/halert/halert/internal/source/jsontree"
)

// isTask recognises the result of a scripted alert or of a task, in either
// schema. [A]
func isTask(v jsontree.Value) bool {
	info := taskInfo(v)
	return info.Kind == jsontree.Object && (info.Has("Command") || info.Has("Name"))
}

func taskInfo(v jsontree.Value) jsontree.Value { return v.Get("TaskInfo", "task").Unwrap() }

// task makes the events of a scripted alert, or of a task that is done.
func (c *collector) task(v jsontree.Value, env envelope) {
	info := taskInfo(v)
	command := oneLine(info.Str("Command"))
	name := taskName(info.Str("Name"), command)
	tenant := c.taskTenant(v, info, env)
	s := scripted[strings.ToLower(command)]
	topic, fallback := c.taskTopic(s, command, name, tenant)
	topic.Title = alert.Cut(firstOf(customSubject(info, env, tenant), topic.Title, command, "CIPP task"), maxTitle)
	topic.FormerTitle, topic.FormerPerUser = formerTask(info, env, tenant, command), isAlertCommand(command)
	rows := results(v.Get("Results"), 0)
	topic.Comment = comment(firstOf(v.Str("AlertComment"), info.Str("AlertComment")), len(rows))
	var user alert.User
	if !isAlertCommand(command) {
		user = taskUser(info.Get("Parameters"))
		if user == (alert.User{}) {
			user = onlyUPN(name) // the standardised schema has no parameters
		}
	}
	event := alert.Event{
		Action: alert.Trigger, Topic: topic, Tenant: tenant, Severity: fallback,
		Grouping:   grouping(env, info, v),
		OccurredAt: moment(info.Str("ExecutedTime", "executed"), env.generated),
	}
	if !tenant.IsZero() && !env.chat && s.isWhole(len(rows)) && !slices.ContainsFunc(rows, isFailure) {
		c.whole(alert.Set{Tenant: tenant, Kind: boundKind(topic.Kind)})
		event.Empty = len(rows) == 0
	}
	if len(rows) == 0 {
		event.Finding = alert.Finding{Title: topic.Title, User: user}
		c.add(withReference(event, info), exactly("task"))
		return
	}
	for _, row := range rows {
		e := event
		e.Severity = orSeverity(rowSeverity(row), fallback)
		e.Finding = finding(row, s, topic.Title, user)
		if !isAlertCommand(command) {
			e.Severity = max(e.Severity, failureSeverity(e.Finding.Title))
		}
		if tenant.IsZero() {
			e.Tenant = tenantOf(row.Str("TenantId"), row.Str("Tenant", "TenantFilter"))
		}
		c.add(withReference(e, info), identify(row, s))
	}
}

// isFailure recognises a row that tells of no finding, but that CIPP could not
// look: a plain text that says so. [A]
func isFailure(row jsontree.Value) bool {
	return row.Kind == jsontree.String && failureSeverity(row.Text) > 0
}

// taskTopic is the head of a ticket about a task, and its severity where the
// rows do not say. The spec is nil for what is not in the catalogue.
func (c *collector) taskTopic(s *spec, command, name string, t alert.Tenant) (alert.Topic, alert.Severity) {
	kind := firstOf(strings.Trim(fold(command)+"/"+fold(name), "/"), "task")
	if s != nil {
		topic := s.topic(kind)
		topic.Links = links(s, t, c.base)
		return topic, s.Severity
	}
	topic := alert.Topic{
		Kind: kind, Title: name,
		What:  "A task of CIPP has finished and asked to be reported.",
		Means: "The result may need a look or a further step.",
		Do:    "Read the result, and do in CIPP what is still missing.",
		Links: addPage(nil, c.base, "/cipp/scheduler", t),
	}
	if !isAlertCommand(command) {
		return topic, alert.Info
	}
	topic.What = "An alert of CIPP found something."
	topic.Means = "Somebody switched the alert on because it should not pass unseen."
	topic.Do = "Look at the findings, and put right what is wrong."
	return topic, alert.Warning
}

// taskTenant prefers what stands beside the results: the task itself often
// belongs to all tenants. [A]
func (c *collector) taskTenant(v, info jsontree.Value, env envelope) alert.Tenant {
	t := tenantOf(v.Str("tenantId"), choice(v.Get("Tenant")))
	c.learn(t)
	if t.IsZero() {
		t = tenantOf(env.tenant)
	}
	if t.IsZero() {
		t = tenantOf(choice(info.Get("Tenant")))
	}
	return t
}

func isAlertCommand(command string) bool {
	return strings.HasPrefix(strings.ToLower(command), commandPrefix)
}

// taskName is the name without the list of tenants that CIPP's pages put
// before the name of a scripted alert ("*All Tenants: Alert on …"). [A] The
// names of other tasks ("Edit user: …") stay whole.
func taskName(name, command string) string {
	name = strings.TrimSpace(strings.TrimLeft(oneLine(name), "*"))
	if !isAlertCommand(command) && command != "" {
		return name
	}
	if _, rest, ok := strings.Cut(name, ": "); ok && strings.TrimSpace(rest) != "" {
		return strings.TrimSpace(rest)
	}
	return name
}

// customSubject is the subject that the operator gave to the alert. The
// standardised schema has it only in its title, as "<subject> - <tenant>". [A]
func customSubject(info jsontree.Value, env envelope, t alert.Tenant) string {
	if s := oneLine(info.Str("CustomSubject")); s != "" {
		return s
	}
	title, _, _ := strings.Cut(env.title, " - Reference: ")
	for _, label := range []string{"Alert - ", "Scheduled Task - ", "User Offboarding - "} {
		if title == "" || strings.HasPrefix(title, label) {
			return ""
		}
	}
	for _, tenant := range []string{t.Domain, t.ID, env.tenant} {
		n := len(title) - len(" - "+tenant)
		if tenant != "" && n > 0 && strings.EqualFold(title[n:], " - "+tenant) {
			return strings.TrimSpace(title[:n])
		}
	}
	return ""
}

// maxResults bounds how deep results are looked for inside of results.
const maxResults = 5

// results lists the rows of a task, whatever PowerShell made of them: an array,
// one object, strings, JSON in a string, results inside of results, or the
// .NET members of a hash table. [A]
func results(v jsontree.Value, depth int) []jsontree.Value {
	v = v.Unwrap()
	if v.IsEmpty() {
		return nil
	}
	switch {
	case depth > maxResults:
		return []jsontree.Value{v}
	case v.Kind == jsontree.Array:
		var rows []jsontree.Value
		for i := range v.List {
			rows = append(rows, results(v.List[i].Value, depth+1)...)
		}
		return rows
	case v.Kind != jsontree.Object:
		return []jsontree.Value{v}
	}
	v = hashTable(v)
	if onlyResults(v) {
		return results(v.Get("Results"), depth+1)
	}
	if v.IsEmpty() {
		return nil
	}
	return []jsontree.Value{v}
}

// onlyResults tells that an object is but a wrapping around results. A row that
// says more beside them stays whole.
func onlyResults(v jsontree.Value) bool {
	for i := range v.List {
		switch m := &v.List[i]; letters(m.Name) {
		case "results", "metadata":
		default:
			if !m.Value.IsEmpty() {
				return false
			}
		}
	}
	return v.Has("Results")
}

// hashTable puts a hash table together again that was serialised as its .NET
// members. [C]
func hashTable(v jsontree.Value) jsontree.Value {
	if !v.Has("Keys") || !v.Has("Values") || !v.Has("Count") && !v.Has("SyncRoot") {
		return v
	}
	keys, values := list(v.Get("Keys")), list(v.Get("Values"))
	if len(keys) != len(values) {
		return v
	}
	var members []jsontree.Member
	for i := range keys {
		if name := strings.TrimSpace(keys[i].Scalar()); name != "" {
			members = append(members, jsontree.Member{Name: name, Value: values[i]})
		}
	}
	return jsontree.ObjectValue(members...)
}

func list(v jsontree.Value) []jsontree.Value {
	if v.Kind != jsontree.Array {
		return []jsontree.Value{v}
	}
	out := make([]jsontree.Value, len(v.List))
	for i := range v.List {
		out[i] = v.List[i].Value
	}
	return out
}

// withReference shows the reference that was given to a task, often the number
// of a ticket.
func withReference(e alert.Event, info jsontree.Value) alert.Event {
	if ref := oneLine(info.Str("Reference")); ref != "" {
		e.Finding.Fields = append(e.Finding.Fields, alert.Field{Name: "Reference", Value: alert.Cut(ref, maxTitle)})
	}
	return e
}

// failureSeverity is Warning for the result of a task that says so. CIPP has
// no better sign of it than the words. [A]
func failureSeverity(text string) alert.Severity {
	low := strings.ToLower(text)
	for _, w := range []string{"failed", "could not", "error"} {
		if strings.Contains(low, w) {
			return alert.Warning
		}
	}
	return 0
}
