package synth

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// reports makes what CIPP tells of settings at a tenant: drift, custom tests
// and baselines.
func (m *maker) reports(t *tenant) {
	m.drift(t)
	m.customTest(t)
	m.baseline(t)
}

// drift is sent by every run as long as there is a deviation. [A]
func (m *maker) drift(t *tenant) {
	k := watched{kind: "drift", every: 12 * time.Hour, rate: 0.03, most: 3, make: func(_ *rand.Rand, t *tenant, _ time.Time) finding {
		name := t.code("Policy")
		return fixed(name, "", "", obj{{"Standard", name}, {"Expected Value", "true"}, {"Current Value", "false"}, {"Status", "New"}})
	}}
	title := "CIPP Alert - Standard Drift Detected for " + t.Domain
	m.repeated(t, "drift", title, k, func(at time.Time, found []finding) obj {
		var data any
		rows := rowsOf(found, at)
		if data = rows; len(rows) == 1 { // PowerShell makes one object of a list of one
			data = rows[0]
		}
		v := obj{{"Title", title}, {"ActionUrl", nil}, {"ActionText", nil}, {"AlertData", data}, {"Tenant", t.Domain}}
		return m.wrap(at, "Send Alert", nil, title, t, v)
	})
}

func rowsOf(found []finding, at time.Time) []obj {
	rows := make([]obj, len(found))
	for i, f := range found {
		rows[i] = f.row(at)
	}
	return rows
}

// wrap puts a body into the envelope where that is the form of its time.
func (m *maker) wrap(at time.Time, source string, invoking any, title string, t *tenant, v obj) obj {
	if m.form(at) == FormStandardized {
		return envelope(at, source, invoking, title, t.Domain, v)
	}
	return v
}

// customTest is a test of the MSP's own, which reports as long as it fails.
func (m *maker) customTest(t *tenant) {
	const name = "Break-glass account is watched"
	k := watched{kind: "custom test", every: day, rate: 0.015, most: 2, make: func(_ *rand.Rand, t *tenant, _ time.Time) finding {
		policy := t.code("Rule")
		return fixed(policy, "", "", obj{{"Policy", policy}, {"Watched", false}})
	}}
	title := t.Domain + " - Custom test '" + name + "' returned status 'Failed'"
	m.repeated(t, "customtest", title, k, func(at time.Time, found []finding) obj {
		rows := rowsOf(found, at)
		test := obj{{"TestId", "custom-0001"}, {"ScriptGuid", guid(m.rand("script"))}, {"ScriptName", name}, {"Status", "Failed"}, {"Risk", "High"},
			{"Pillar", "Identity"}, {"Category", "Custom Script"}, {"FailedRowCount", len(rows)}, {"Results", rows}, {"ResultMarkdown", ""}, {"ErrorMessage", nil}}
		v := obj{{"Title", title}, {"Tenant", t.Domain}, {"AlertCount", 1}, {"Tests", []obj{test}}}
		return m.wrap(at, "Custom Test Notification", "Invoke-CippTestCustomScripts", title, t, v)
	})
}

// repeated makes bodies of one kind that every run sends while it finds
// anything.
func (m *maker) repeated(t *tenant, name, title string, k watched, encode func(at time.Time, found []finding) obj) {
	w := &watch{m: m, r: m.rand(name, t.label), t: t, k: k}
	w.due = func(time.Time, []*trouble) bool { return true }
	w.post = func(at time.Time, found []*trouble) {
		m.bodies = append(m.bodies, &body{calls: []call{{Call: Call{Tenant: t.ID, Title: title}, about: []*incident{found[0].open}}},
			Body: Body{Name: name, At: at, Source: SourceCIPP, Form: m.form(at), JSON: []byte(text(encode(at, found[0].found)))}})
	}
	w.run()
}

// baseline makes deviations from a baseline. CIPP tells of their end too. [A]
func (m *maker) baseline(t *tenant) {
	r := m.rand("baseline", t.label)
	for at := t.Joined.Add(tick(r, 12*time.Hour)); at.Before(m.end); at = at.Add(12 * time.Hour) {
		if m.out(at) || r.Float64() >= 0.02*t.size/2 {
			continue
		}
		standard := "standards.IntuneTemplate." + t.code("Template")
		s := &subject{m: m, tenant: t, kind: "baseline " + standard}
		m.baselineBody(s, at, "Drift", standard)
		over := at.Add(time.Duration(1+r.IntN(8)) * 12 * time.Hour)
		if r.IntN(10) < 3 {
			if fixed := m.workable(t, atWork(r, between(r, m.workable(t, at), 2*time.Hour, 10*time.Hour))); fixed.Before(over) {
				in := s.open
				s.fixed(fixed)
				m.remediated(s, over, standard, in)
				continue
			}
		}
		in := s.open
		if over.Before(m.end) && !m.out(over) {
			s.gone(over)
		}
		m.remediated(s, over, standard, in)
	}
}

// remediated tells of the end of a deviation.
func (m *maker) remediated(s *subject, at time.Time, standard string, in *incident) {
	if at.Before(m.end) && !m.out(at) {
		s.open = in
		m.baselineBody(s, at, "Remediated", standard)
		s.open = nil
	}
}

func (m *maker) baselineBody(s *subject, at time.Time, event, standard string) {
	t := s.tenant
	title := fmt.Sprintf("Baseline %s detected: %s on %s", strings.ToLower(event), standard, t.Domain)
	v := obj{{"Event", event}, {"Tenant", t.Domain}, {"Standard", standard}, {"Baseline", "Gold baseline"}, {"Stage", 2},
		{"Differences", []obj{{{"Property", "state"}, {"ExpectedValue", "enabled"}, {"ReceivedValue", "disabled"}}}}}
	in := s.tell(at, standard)
	m.bodies = append(m.bodies, &body{calls: []call{{Call: Call{Tenant: t.ID, Title: title}, about: []*incident{in}}},
		Body: Body{Name: "baseline", At: at, Source: SourceCIPP, Form: m.form(at), JSON: []byte(text(m.wrap(at, "Baselines", nil, title, t, v)))}})
}

// standards makes the notices that standards are out of sync. The body that
// CIPP posts says neither what nor whose; only its own ticket is on a tenant.
// [A]
func (m *maker) standards() {
	r := m.rand("standards")
	h := &handled{subject: subject{m: m, kind: "standards"}}
	for at := m.start.Add(tick(r, 12*time.Hour)); at.Before(m.end); at = at.Add(12 * time.Hour) {
		if m.out(at) || r.Float64() >= 0.15 {
			continue
		}
		t := &m.tenants[r.IntN(len(m.tenants)-newcomers(len(m.tenants)))]
		in := h.told(r, at, 4*time.Hour, 48*time.Hour)
		v := obj{{"title", ""}, {"buttonurl", "https://cipp.msp.example/cipp/logs"}, {"buttontext", "Check logbook information"}, {"auditlog", nil}, {"alertcomment", nil}}
		form := m.form(at)
		if form == FormStandardized {
			v = envelope(at, "Standards Notification", "Push-SchedulerCIPPNotifications", "Standards Notification: Out of sync standards detected", "AllTenants", v)
		}
		m.bodies = append(m.bodies, &body{
			calls: []call{{Call: Call{Tenant: t.ID, Title: t.Domain + ": Standards are out of sync for " + t.Domain}, about: []*incident{in}}},
			Body:  Body{Name: "standards", At: at, Source: SourceCIPP, Form: form, JSON: []byte(text(v))}})
	}
	h.until(m.end)
}
