package synth

import (
	"slices"
	"time"
)

// logRow is a row of CIPP's logbook that is set to be reported.
type logRow struct {
	at      time.Time
	t       *tenant
	about   *handled
	api     string
	message string
	word    string
	id      string
}

// logbook makes the hourly notification: one body with the rows of all
// tenants, in which a single row stands without brackets. CIPP's own tickets
// are one for each tenant, and their titles carry the time. [A]
func (m *maker) logbook() {
	for i := range m.tenants {
		m.logRows(&m.tenants[i])
	}
	slices.SortStableFunc(m.rows, func(a, b logRow) int { return a.at.Compare(b.at) })
	r := m.rand("logbook")
	for rest := m.rows; len(rest) > 0; {
		sent := rest[0].at.Truncate(time.Hour).Add(time.Hour + 8*time.Second)
		n := slices.IndexFunc(rest, func(row logRow) bool { return !row.at.Before(sent) })
		if n < 0 {
			n = len(rest)
		}
		rows := rest[:n]
		rest = rest[n:]
		if m.out(sent) || !sent.Before(m.end) {
			continue // rows of a day that is over are never sent
		}
		var calls []call
		for _, row := range rows {
			in := row.about.told(r, sent, 2*time.Hour, 48*time.Hour, row.word)
			calls = addLogCall(calls, row, sent, in)
		}
		form := m.form(sent)
		m.bodies = append(m.bodies, &body{calls: calls, Body: Body{Name: "logbook", At: sent, Source: SourceCIPP, Form: form, JSON: []byte(text(logBody(form, sent, rows)))}})
	}
	for _, row := range m.rows {
		row.about.until(m.end)
	}
}

func addLogCall(calls []call, row logRow, sent time.Time, in *incident) []call {
	title := row.t.Domain + " CIPP Alert: Alerts found starting at " + sent.Add(-time.Hour).Format("01/02/2006 15:04:05")
	for i := range calls {
		if calls[i].Title == title {
			if !slices.Contains(calls[i].about, in) {
				calls[i].about = append(calls[i].about, in)
			}
			return calls
		}
	}
	return append(calls, call{Call: Call{Tenant: row.t.ID, Title: title}, about: []*incident{in}})
}

// logRows makes the rows of a tenant: now and then something fails, and is
// logged again in the next hours.
func (m *maker) logRows(t *tenant) {
	r := m.rand("logrows", t.label)
	about := map[string]*handled{}
	for at := t.Joined.Add(tick(r, time.Hour)); at.Before(m.end); at = at.Add(time.Hour) {
		if r.Float64() >= 0.12*t.size/24 {
			continue
		}
		api, what := "Alerts", "Could not refresh the permissions of "
		if r.IntN(3) == 0 {
			api, what = "Standards", "Could not apply the standard "
		}
		if about[api] == nil {
			about[api] = &handled{subject: subject{m: m, tenant: t, kind: "logbook " + api}}
		}
		word := t.code("Job")
		for i := range 1 + r.IntN(3) {
			m.rows = append(m.rows, logRow{at: at.Add(time.Duration(i) * time.Hour), t: t, about: about[api], api: api, message: what + word, word: word, id: guid(r)})
		}
	}
}

func logBody(form string, sent time.Time, rows []logRow) any {
	list := make([]obj, len(rows))
	for i, row := range rows {
		stamp := row.at.UTC().Format("2006-01-02T15:04:05.0000+00:00")
		list[i] = obj{{"PartitionKey", row.at.UTC().Format("20060102")}, {"RowKey", row.id}, {"Tenant", row.t.Domain}, {"API", row.api}, {"Message", row.message},
			{"Username", "CIPP"}, {"Severity", "Alert"}, {"sentAsAlert", false}, {"FunctionNode", "cipp-proc"}, {"LogData", ""}, {"TenantID", row.t.ID},
			{"ETag", "W/\"datetime'" + row.at.UTC().Format("2006-01-02T15%3A04%3A05Z") + "'\""}, {"Timestamp", stamp}}
	}
	if form == FormStandardized {
		return envelope(sent, "Logbook Notification", "Push-SchedulerCIPPNotifications",
			"Logbook Notification: Alerts found starting at "+sent.Add(-time.Hour).Format("01/02/2006 15:04:05"), "AllTenants", list...)
	}
	if len(list) == 1 {
		return list[0]
	}
	return list
}
