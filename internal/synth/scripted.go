package synth

import (
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
	"time"
)

// scriptedKind is one of CIPP's scripted alerts.
type scriptedKind struct {
	watched
	command string
	label   string // in CIPP's pages
	// always is for the kinds whose last result is kept for good, and not for
	// a day only. [A]
	always bool
}

// reporter writes the bodies of one scripted alert at one tenant. It sends as
// CIPP does: the whole set of findings whenever anything in it has changed,
// and at least once on each day. [A]
type reporter struct {
	m       *maker
	t       *tenant
	k       scriptedKind
	day     string
	content string
}

// scripted makes what the scripted alerts find at a tenant.
func (m *maker) scripted(t *tenant) {
	for _, k := range stateKinds() {
		w := &watch{m: m, r: m.rand("scripted", t.label, k.command), t: t, k: k.watched}
		rep := &reporter{m: m, t: t, k: k}
		w.due, w.post = rep.due, rep.report
		w.run()
	}
	for _, k := range eventKinds() {
		m.happenings(t, k)
	}
}

// happenings makes what an alert reports once: each finding is sent in one
// body, and never again.
func (m *maker) happenings(t *tenant, k scriptedKind) {
	r := m.rand("happenings", t.label, k.command)
	rep := &reporter{m: m, t: t, k: k}
	h := &handled{subject: subject{m: m, tenant: t, kind: k.kind}}
	for at := t.Joined.Add(tick(r, k.every)); at.Before(m.end); at = at.Add(k.every) {
		if m.out(at) || r.Float64() >= k.rate*t.size*k.every.Hours()/24 {
			continue
		}
		var found []finding
		var about *incident
		for range 1 + r.IntN(k.most) {
			f := k.make(r, t, at)
			found = append(found, f)
			about = h.told(r, at, 2*time.Hour, 48*time.Hour, f.word)
		}
		rep.add(at, found, []call{{Call: Call{Tenant: t.ID, Title: rep.title()}, about: []*incident{about}}})
	}
	h.until(m.end)
}

// due tells whether CIPP's own comparison lets a result through.
func (p *reporter) due(at time.Time, found []*trouble) bool {
	var content strings.Builder
	for _, tr := range found {
		for _, f := range tr.found {
			content.WriteString(text(f.row(at)))
		}
	}
	day := at.UTC().Format("20060102")
	if content.String() == p.content && (day == p.day || p.k.always) {
		return false
	}
	p.day, p.content = day, content.String()
	return true
}

// report posts a body, with CIPP's own tickets: one, or one for each user.
func (p *reporter) report(at time.Time, found []*trouble) {
	var all []finding
	var calls []call
	for _, tr := range found {
		all = append(all, tr.found...)
		title := p.title()
		if p.k.split {
			title += " - " + tr.found[0].name + " (" + tr.found[0].user + ")"
		}
		calls = append(calls, call{Call: Call{Tenant: p.t.ID, Title: title}, about: []*incident{tr.open}})
	}
	p.add(at, all, calls)
}

func (p *reporter) title() string { return "Alert - " + p.t.Domain + " - " + p.taskName() }

func (p *reporter) taskName() string { return "*All Tenants: " + p.k.label }

// comment is what the operator wrote into the rule. It names the tenant by a
// variable that CIPP has replaced, which marks tickets about a whole tenant.
func (p *reporter) comment() string { return "Runbook " + p.mark() }

func (p *reporter) mark() string {
	return "RB-" + strings.TrimPrefix(p.k.command, "Get-CIPPAlert") + "-" + p.t.label
}

// add adds the body of one run.
func (p *reporter) add(at time.Time, found []finding, calls []call) {
	rows := make([]obj, len(found))
	for i, f := range found {
		rows[i] = f.row(at)
	}
	form := p.m.form(at)
	v := p.legacy(at, rows)
	if form == FormStandardized {
		v = envelope(at, "Alert", p.k.command, p.title(), p.t.Domain, p.standardized(at, rows))
	}
	b := &body{calls: calls, Body: Body{Name: "scripted-" + strings.ToLower(strings.TrimPrefix(p.k.command, "Get-CIPPAlert")),
		At: at, Source: SourceCIPP, Form: form, JSON: []byte(text(v))}}
	p.m.bodies = append(p.m.bodies, b)
}

// envelope is CIPP's standardised schema. [A]
func envelope(at time.Time, source string, invoking any, title, tenant string, payload ...obj) obj {
	return obj{{"schemaVersion", "1.0"}, {"source", source}, {"invoking", invoking}, {"title", title}, {"tenant", tenant},
		{"generatedAt", stamp(at)}, {"alertCount", len(payload)}, {"payload", payload}}
}

func (p *reporter) taskID() string { return guid(p.m.rand("task", p.k.command)) }

func (p *reporter) strategy() string {
	if p.k.split {
		return "split"
	}
	return ""
}

func (p *reporter) legacy(at time.Time, rows []obj) obj {
	unix := strconv.FormatInt(at.Truncate(15*time.Minute).Unix(), 10)
	info := obj{
		{"PartitionKey", "ScheduledTask"}, {"RowKey", p.taskID()}, {"TaskState", "Planned"}, {"Tenant", "AllTenants"},
		{"excludedTenants", ""}, {"excludedTenantGroups", ""}, {"Name", p.taskName()}, {"Command", p.k.command},
		{"Parameters", text(obj{{"InputValue", false}, {"Headers", obj{{"x-ms-client-principal-name", "ops@msp.example"}}}})},
		{"ScheduledTime", unix}, {"ExecutedTime", strconv.FormatInt(at.Unix(), 10)}, {"Recurrence", recurrence(p.k.every)},
		{"PostExecution", "Webhook,PSA"}, {"Reference", ""}, {"AdditionalProperties", "{}"}, {"Hidden", true},
		{"Results", text(obj{{"Results", "Completed, details are available in the More Info pane"}})},
		{"AlertComment", p.comment()}, {"CustomSubject", ""}, {"PsaTicketStrategy", p.strategy()},
		{"Timestamp", stamp(at)}, {"ETag", "W/\"datetime'" + strings.ReplaceAll(stamp(at), ":", "%3A") + "'\""},
	}
	return obj{{"tenantId", p.t.ID}, {"Tenant", p.t.Domain}, {"TaskInfo", info}, {"Results", rows},
		{"AlertComment", p.comment()}, {"Snooze", p.snooze(rows)}}
}

// standardized has no strategy: CIPP leaves it out. [A]
func (p *reporter) standardized(at time.Time, rows []obj) obj {
	task := obj{{"id", p.taskID()}, {"name", p.taskName()}, {"command", p.k.command}, {"state", "Planned"}, {"reference", ""},
		{"scheduled", strconv.FormatInt(at.Truncate(15*time.Minute).Unix(), 10)}, {"executed", strconv.FormatInt(at.Unix(), 10)},
		{"partition", "ScheduledTask"}}
	return obj{{"tenantId", p.t.ID}, {"tenant", p.t.Domain}, {"taskType", "Alert"}, {"executingUser", "ops@msp.example"},
		{"task", task}, {"results", rows}, {"alertComment", p.comment()}, {"snooze", p.snooze(rows)}}
}

func recurrence(every time.Duration) string {
	switch {
	case every%(24*time.Hour) == 0:
		return strconv.Itoa(int(every/(24*time.Hour))) + "d"
	case every%time.Hour == 0:
		return strconv.Itoa(int(every/time.Hour)) + "h"
	}
	return strconv.Itoa(int(every/time.Minute)) + "m"
}

func (p *reporter) snooze(rows []obj) obj {
	items := make([]obj, len(rows))
	for i, row := range rows {
		key := contentKey(row)
		sum := sha256.Sum256([]byte(key))
		items[i] = obj{{"contentHash", base64.StdEncoding.EncodeToString(sum[:])}, {"contentPreview", key}, {"alertItem", row}}
	}
	return obj{{"apiEndpoint", "/api/ExecSnoozeAlert"}, {"cmdletName", p.k.command}, {"tenant", p.t.Domain},
		{"durations", []int{7, 14, 30, -1}}, {"items", items}}
}

// contentKey is what CIPP's content hash is made of. [A]
func contentKey(row obj) string {
	for _, name := range []string{"UserPrincipalName", "Id"} {
		if v := row.get(name); v != "" {
			return strings.ToLower(v)
		}
	}
	if v := row.get("Message"); v != "" {
		return v
	}
	sorted := slices.Clone(row)
	slices.SortFunc(sorted, func(a, b member) int { return strings.Compare(a.name, b.name) })
	return text(sorted)
}
