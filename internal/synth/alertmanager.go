package synth

import (
	"crypto/sha256"
	"encoding/hex"
	"math/rand/v2"
	"time"
)

// repeatEvery is Alertmanager's repeat_interval, as it comes.
const repeatEvery = 4 * time.Hour

// rule is an alerting rule of Prometheus.
type rule struct{ name, severity, thing, says string }

func rules() []rule {
	return []rule{
		{"HostDown", "critical", "SRV", "does not answer"},
		{"DiskAlmostFull", "warning", "FILE", "has less than 10% free disk space"},
		{"BackupFailed", "error", "BACKUP", "has no backup since yesterday"},
	}
}

// alertmanager makes the notifications about servers of a tenant: firing,
// repeated, resolved. Some flap.
func (m *maker) alertmanager(t *tenant) {
	for _, ru := range rules() {
		r := m.rand("alertmanager", t.label, ru.name)
		s := &subject{m: m, tenant: t, kind: "prometheus " + ru.name}
		for at := t.Joined.Add(time.Duration(r.Int64N(int64(day)))).Truncate(time.Second); at.Before(m.end); at = at.Add(time.Hour) {
			if r.Float64() < 0.035*t.size/24 {
				at = m.outage(r, s, ru, at)
			}
		}
	}
}

// outage is one time in which servers are in trouble. It returns its end.
func (m *maker) outage(r *rand.Rand, s *subject, ru rule, at time.Time) time.Time {
	hosts := make([]string, 1+r.IntN(3)/2)
	for i := range hosts {
		hosts[i] = s.tenant.code(ru.thing)
	}
	over := between(r, at, 10*time.Minute, 20*time.Hour)
	note := func(t time.Time, status string) *incident {
		if !t.Before(m.end) {
			return s.open
		}
		in := s.tell(t, hosts...)
		m.notify(s, ru, t, status, at, hosts, in)
		return in
	}
	note(at, "firing")
	if r.IntN(10) == 0 { // it flaps
		gap := between(r, at, 3*time.Minute, 9*time.Minute)
		note(gap, "resolved")
		if gap.Before(over) {
			note(gap.Add(time.Duration(3+r.IntN(20))*time.Minute), "firing")
		}
		over = between(r, gap.Add(Flap), time.Minute, 10*time.Hour)
	}
	for t := at.Add(repeatEvery); t.Before(over); t = t.Add(repeatEvery) {
		note(t, "firing")
	}
	in := s.open
	if fixed := over.Add(-2 * time.Minute); r.IntN(5) == 0 && fixed.After(at.Add(time.Hour)) && m.workable(s.tenant, fixed).Equal(fixed) && fixed.Before(m.end) {
		s.fixed(fixed)
		s.open = in // the last notification belongs to it still
		note(over, "resolved")
		s.open = nil
		return over.Add(Flap + time.Minute)
	}
	note(over, "resolved")
	s.gone(over)
	return over.Add(Flap + time.Minute)
}

// notify posts a notification.
func (m *maker) notify(s *subject, ru rule, at time.Time, status string, since time.Time, hosts []string, in *incident) {
	t := s.tenant
	ends := "0001-01-01T00:00:00Z"
	if status == "resolved" {
		ends = at.UTC().Format(time.RFC3339)
	}
	group := obj{{"alertname", ru.name}, {"tenant", t.Domain}}
	var alerts []obj
	for _, host := range hosts {
		sum := sha256.Sum256([]byte(ru.name + host))
		alerts = append(alerts, obj{{"status", status},
			{"labels", obj{{"alertname", ru.name}, {"instance", host}, {"severity", ru.severity}, {"tenant", t.Domain}}},
			{"annotations", obj{{"summary", host + " " + ru.says}}}, {"startsAt", since.UTC().Format(time.RFC3339)}, {"endsAt", ends},
			{"generatorURL", "https://prometheus.msp.example/graph"}, {"fingerprint", hex.EncodeToString(sum[:8])}})
	}
	v := obj{{"receiver", "halert"}, {"status", status}, {"alerts", alerts}, {"groupLabels", group}, {"commonLabels", group}, {"commonAnnotations", obj{}},
		{"externalURL", "https://alertmanager.msp.example"}, {"version", "4"}, {"groupKey", `{}:{alertname="` + ru.name + `", tenant="` + t.Domain + `"}`}, {"truncatedAlerts", 0}}
	m.bodies = append(m.bodies, &body{calls: []call{{about: []*incident{in}}},
		Body: Body{Name: "alertmanager", At: at, Source: SourceAlertmanager, Form: FormAlertmanager, JSON: []byte(text(v))}})
}
