package synth

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// auditKind is a kind of trouble in the audit log, and the records that CIPP
// sends of one burst of it.
type auditKind struct {
	kind    string
	weight  int // of 100 bursts
	records func(r *rand.Rand, upn string) []record
}

// record is one audit log record, with the title that CIPP gives it. [A]
type record struct {
	operation string
	workload  string
	title     string // "%s" is the user; CIPP puts the tenant before it, unless whole is set
	whole     bool
	clause    string
	more      obj
}

// auditKinds are CIPP's presets. One sign-in trips two rules where it comes
// from a bad address and from a strange place; an account that was taken over
// leaves records of several operations: still one incident of that user.
func auditKinds() []auditKind {
	return []auditKind{
		{"audit sign-in", 40, signIn},
		{"audit inbox rule", 22, func(r *rand.Rand, _ string) []record { return []record{inboxRule(r)} }},
		{"audit role", 14, func(_ *rand.Rand, _ string) []record {
			return []record{{operation: "Add member to role.", workload: "AzureActiveDirectory", title: "Role change detected for %s",
				clause: "Operation is Equals to Add member to role.", more: obj{{"RoleName", "User Administrator"}}}}
		}},
		{"audit password", 20, func(_ *rand.Rand, _ string) []record {
			return []record{{operation: "Reset user password.", workload: "AzureActiveDirectory", title: "%s has had their password reset",
				clause: "Operation is Equals to Reset user password."}}
		}},
		{"audit account takeover", 4, func(r *rand.Rand, upn string) []record {
			forward := record{operation: "Set-Mailbox", workload: "Exchange", title: "A custom alert has occured", whole: true, //nolint:misspell // as CIPP writes it
				clause: "Operation is Equals to Set-Mailbox and ForwardingSmtpAddress is Like *@*", more: obj{{"ForwardingSmtpAddress", "smtp:drop@mail.invalid"}}}
			return append(signIn(r, upn), inboxRule(r), forward)
		}},
	}
}

func signIn(r *rand.Rand, _ string) []record {
	one := record{operation: "UserLoggedIn", workload: "AzureActiveDirectory", title: "a user has logged on from a location you've set up to receive alerts for."}
	bad, place := one, one
	bad.clause, bad.more = "Operation is Equals to UserLoggedIn and CIPPBadRepIP is Equals to true", obj{{"CIPPBadRepIP", true}}
	place.clause, place.more = "Operation is Equals to UserLoggedIn and CIPPGeoLocation is Not In NO", obj{{"CIPPBadRepIP", false}}
	switch r.IntN(3) {
	case 0:
		return []record{place}
	default:
		return []record{bad, place}
	}
}

func inboxRule(*rand.Rand) record {
	return record{operation: "New-InboxRule", workload: "Exchange", title: "New forwarding or redirect Rule Detected for %s",
		clause: "Operation is Equals to New-InboxRule and ForwardTo is Like *@*",
		more:   obj{{"Name", "."}, {"ForwardTo", "drop@mail.invalid"}, {"StopProcessingRules", "True"}}}
}

// audit makes the audit log alerts of a tenant: bursts of records about one
// user each. Some users come up again.
func (m *maker) audit(t *tenant) {
	r := m.rand("audit", t.label)
	kinds := auditKinds()
	known := make(map[string][]*handled)
	for at := t.Joined.Add(tick(r, time.Hour)); at.Before(m.end); at = at.Add(time.Hour) {
		if r.Float64() >= 0.25*t.size/24 {
			continue
		}
		n, k := r.IntN(100), kinds[0]
		for _, k = range kinds {
			if n -= k.weight; n < 0 {
				break
			}
		}
		var h *handled
		if old := known[k.kind]; len(old) > 0 && r.IntN(5) == 0 {
			h = old[r.IntN(len(old))]
		} else {
			_, upn := t.person()
			h = &handled{subject: subject{m: m, tenant: t, kind: k.kind, user: upn}}
			known[k.kind] = append(known[k.kind], h)
		}
		m.burst(r, h, k, at)
	}
	for _, k := range kinds {
		for _, h := range known[k.kind] {
			h.until(m.end)
		}
	}
}

// burst posts the records of one burst, some minutes apart. What happened while
// CIPP was out of order comes late: it looks back over twelve hours. [A]
func (m *maker) burst(r *rand.Rand, h *handled, k auditKind, at time.Time) {
	late := time.Duration(0)
	for _, o := range m.outages {
		if o.Kind != OutageSender || !o.In(at) {
			continue
		}
		if o.Until.Sub(at) > 12*time.Hour {
			return
		}
		late = o.Until.Sub(at) + time.Duration(r.IntN(3600))*time.Second
	}
	for _, rec := range k.records(r, h.user) {
		if sent := at.Add(late); sent.Before(m.end) && !m.out(sent) {
			m.auditBody(r, h, rec, at, sent)
		}
		at = at.Add(time.Duration(20+r.IntN(280)) * time.Second)
	}
}

func (m *maker) auditBody(r *rand.Rand, h *handled, rec record, at, sent time.Time) {
	t, in := h.tenant, h.told(r, sent, time.Hour, 36*time.Hour, h.user)
	title := rec.title
	if !rec.whole {
		if title == "Role change detected for %s" || title == "New forwarding or redirect Rule Detected for %s" || title == "%s has had their password reset" {
			title = fmt.Sprintf(title, h.user)
		}
		title = t.Domain + " - " + title
	}
	form := m.form(sent)
	v := rec.json(r, t, h.user, title, at)
	if form == FormStandardized {
		v = envelope(sent, "Audit Log Alert", "Start-AuditLogProcessingOrchestrator", title, t.Domain, v)
	}
	m.bodies = append(m.bodies, &body{calls: []call{{Call: Call{Tenant: t.ID, Title: title}, about: []*incident{in}}},
		Body: Body{Name: "audit", At: sent, Source: SourceCIPP, Form: form, JSON: []byte(text(v))}})
}

// json is the body of a record in the legacy form.
func (rec record) json(r *rand.Rand, t *tenant, upn, title string, at time.Time) obj {
	id, created := guid(r), at.UTC().Format("2006-01-02T15:04:05")
	object := upn
	switch {
	case rec.workload == "Exchange":
		object = `EURPR01A001\` + upn + `\Rule`
	case rec.operation == "UserLoggedIn":
		object = guid(r)
	}
	user, key := upn, "1003"+id[:8]
	if rec.operation == "Add member to role." || rec.operation == "Reset user password." {
		user, key = "ops@"+t.label+".example", "1003000000000001"
	}
	place := obj{{"CountryOrRegion", "BR"}, {"City", "Recife"}, {"Proxy", true}, {"Hosting", false}, {"ASName", "EXAMPLE-TRANSIT"}}
	inner := obj{{"id", id}, {"createdDateTime", created + "Z"}, {"operation", rec.operation}, {"organizationId", t.ID}, {"userType", "Regular"},
		{"userId", user}, {"service", rec.workload}, {"objectId", object}, {"userPrincipalName", user}, {"clientIp", "203.0.113.99"}}
	raw := obj{{"CreationTime", created}, {"Id", id}, {"Operation", rec.operation}, {"OrganizationId", t.ID}, {"RecordType", 15}, {"ResultStatus", "Success"},
		{"UserKey", key}, {"UserType", 0}, {"Version", 1}, {"Workload", rec.workload}, {"ClientIP", "203.0.113.99"}, {"ObjectId", object}, {"UserId", user}}
	raw = append(raw, rec.more...)
	raw = append(raw, obj{{"CIPPAction", text([]obj{{{"label", "Generate a PSA ticket"}, {"value", "generatePSA"}}, {{"label", "Generate a webhook"}, {"value", "generateWebhook"}}})},
		{"CIPPClause", rec.clause}, {"CIPPGeoLocation", "BR"}, {"CIPPHostedIP", false}, {"CIPPIPDetected", "203.0.113.99"}, {"CIPPLocationInfo", text(place)},
		{"CIPPExtendedProperties", nil}, {"CIPPDeviceProperties", nil}, {"CIPPParameters", nil}, {"CIPPModifiedProperties", nil},
		{"AuditRecord", text(inner)}, {"HasLocationData", true}, {"CIPPAlertComment", "Call the user."}, {"CIPPCustomSubject", ""}}...)
	return obj{{"Title", title}, {"ActionUrl", nil}, {"ActionText", nil}, {"RawData", raw}, {"IP", "203.0.113.99"}, {"PotentialLocationInfo", place},
		{"ActionsTaken", nil}, {"AuditRecord", inner}, {"AlertComment", "Call the user."}}
}
