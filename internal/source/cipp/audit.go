package cipp

import (
	"strings"

	"github.com/halert/halert/internal/alert"
	"github.com/halert/halert/internal/source/jsontree"
)

// isAudit recognises an audit log alert. [A]
func isAudit(v jsontree.Value) bool {
	raw := v.Get("RawData").Unwrap()
	return raw.Kind == jsontree.Object && (v.Has("AuditRecord") || raw.Has("Operation"))
}

// audit makes the event of one audit log record.
func (c *collector) audit(v jsontree.Value, env envelope) {
	raw, record := v.Get("RawData").Unwrap(), v.Get("AuditRecord").Unwrap()
	operation := oneLine(raw.Str("Operation"))
	if operation == "" {
		operation = oneLine(record.Str("operation"))
	}
	title := oneLine(v.Str("Title"))
	custom := raw.Str("CIPPCustomSubject") != ""
	prefix := titleTenant(title, custom)
	id := raw.Str("OrganizationId")
	if id == "" {
		id = record.Str("organizationId")
	}
	tenant := tenantOf(id, env.tenant, prefix, v.Str("Tenant", "tenantFilter"))
	c.learn(tenant)

	user := auditUser(raw, operation)
	kind := "audit/" + operationKey(operation) + "/" + user.Key()
	topic := alert.Topic{
		Kind: kind, Title: strings.TrimRight(operation, ".") + ": " + user.String(),
		What:  "The audit log of Microsoft 365 has a record that a rule in CIPP watches for.",
		Means: "Somebody wrote the rule because such a change should not pass unseen.",
		Do:    "Confirm the change with the person who made it, and undo it if nobody asked for it.",
	}
	severity := alert.Warning
	var s *spec
	if p := presetFor(raw); p != nil {
		s = &p.spec
		topic, severity = s.topic(kind), s.Severity
	} else if user.Key() == "" {
		topic.Title = strings.TrimRight("Audit log: "+operation, ". ")
	}
	topic.Links = links(s, tenant, c.base)
	if s == nil {
		topic.Links = addPage(nil, c.base, pageAudit, tenant)
	}
	if custom {
		topic.Title = firstOf(withoutTenant(title, prefix), topic.Title)
	}
	topic.Title = alert.Cut(firstOf(oneLine(topic.Title), "Audit log"), maxTitle)
	topic.Comment = comment(firstOf(v.Str("AlertComment"), raw.Str("CIPPAlertComment")), 1)
	topic.FormerTitle = formerAudit(title, prefix, user)
	c.add(alert.Event{
		Action: alert.Trigger, Topic: topic, Tenant: tenant, Severity: orSeverity(rowSeverity(raw), severity),
		Finding:    auditFinding(v, raw, user, withoutTenant(title, prefix), topic.Title),
		Grouping:   grouping(env, v, raw),
		OccurredAt: moment(raw.Str("CreationTime"), record.Str("createdDateTime"), env.generated),
	}, recordIdentity(raw, record))
}

// recordIdentity is the record's own id, which no other record has. [A]
func recordIdentity(raw, record jsontree.Value) identity {
	if id := firstOf(raw.Str("Id"), record.Str("id")); id != "" {
		return exactly(id)
	}
	return describe(raw)
}

// auditFinding shows the record without what CIPP added for itself.
func auditFinding(v, raw jsontree.Value, user alert.User, title, topic string) alert.Finding {
	f := alert.Finding{User: user, Device: alert.Cut(oneLine(raw.Str("DeviceName")), maxName)}
	for i := range raw.List {
		if m := raw.List[i]; !isAuditNoise(m.Name) {
			addMember(&f, m)
		}
	}
	if !raw.Has("CIPPLocationInfo") {
		addMember(&f, jsontree.Member{Name: "Location", Value: v.Get("PotentialLocationInfo")})
	}
	addMember(&f, jsontree.Member{Name: "ActionsTaken", Value: v.Get("ActionsTaken")})
	addMember(&f, jsontree.Member{Name: "ActionUrl", Value: v.Get("ActionUrl")})
	who := user.String()
	if user.UPN != "" && user.ObjectID != "" {
		title = strings.ReplaceAll(title, user.ObjectID, who)
	}
	// CIPP's own titles for sign-ins and for operations without a template
	// name nobody. [A]
	if title == "" || who != "" && !mentions(title, user) {
		title = topic
		if who != "" && !mentions(topic, user) {
			title += ": " + who
		}
	}
	if place := oneLine(raw.Str("CIPPGeoLocation")); place != "" && strings.HasPrefix(operationKey(raw.Str("Operation")), "userlog") {
		title += ", from " + place
	}
	f.Title = alert.Cut(oneLine(title), maxTitle)
	return f
}

func mentions(text string, u alert.User) bool {
	low := strings.ToLower(text)
	return u.UPN != "" && strings.Contains(low, strings.ToLower(u.UPN)) ||
		u.ObjectID != "" && strings.Contains(low, u.ObjectID)
}

// isAuditNoise are members of RawData that say nothing about the event: CIPP's
// settings, and what stands flattened beside them anyway. [A]
func isAuditNoise(name string) bool {
	switch letters(name) {
	case "id", "organizationid", "recordtype", "version", "usertype", "auditrecord", "haslocationdata",
		"cippaction", "cippclause", "cippalertcomment", "cippcustomsubject", "cippparameters", "cippmodifiedproperties",
		"cippextendedproperties", "cippdeviceproperties", "parameters", "extendedproperties", "modifiedproperties", "deviceproperties":
		return true
	}
	return false
}

// auditUser finds the affected user: the first of object, user and key that is
// a UPN or an Entra id, with the name that CIPP found for an id. [A]
func auditUser(raw jsontree.Value, operation string) alert.User {
	var ids []alert.User
	for _, name := range []string{"ObjectId", "UserId", "UserKey"} {
		if name == "ObjectId" && objectIsNoUser(operationKey(operation)) {
			continue
		}
		own, twin := sure(person(raw.Get(name))), sure(person(raw.Get("CIPP"+name)))
		u := alert.User{UPN: firstOf(twin.UPN, own.UPN), ObjectID: firstOf(own.ObjectID, twin.ObjectID), Name: firstOf(twin.Name, own.Name)}
		if u != (alert.User{}) {
			ids = append(ids, u)
		}
	}
	if len(ids) == 0 {
		return alert.User{}
	}
	u := ids[0]
	// Entra writes the name of the acting user into UserId and the id of the
	// same user into UserKey. [B]
	acting := sure(person(raw.Get("UserId"))).UPN
	if key := sure(person(raw.Get("UserKey"))).ObjectID; u.ObjectID == "" && key != "" && strings.EqualFold(u.UPN, acting) {
		u.ObjectID = key
	}
	return u
}

// objectIsNoUser recognises operations whose ObjectId is an application: in a
// sign-in the one signed in to. [B]
func objectIsNoUser(operation string) bool {
	for _, part := range []string{"userlog", "service principal", "application", "consent", "oauth2permissiongrant", "app role assignment"} {
		if strings.Contains(operation, part) {
			return true
		}
	}
	return false
}

// titleTenant is the tenant before the " - " of an audit alert's title. CIPP
// puts the default domain there; but a title may also begin with the name of
// the object ("app.example - test has been disabled"), which is no tenant. [A]
func titleTenant(title string, custom bool) string {
	prefix, rest, found := strings.Cut(title, " - ")
	if !found || !domainShape.MatchString(prefix) {
		return ""
	}
	if custom || strings.HasSuffix(strings.ToLower(prefix), ".onmicrosoft.com") {
		return prefix
	}
	for _, begin := range []string{"New ", "Rule ", "Role ", "Service Principal ", "a user ", "Custom test", "Mailbox ", "External "} {
		if strings.HasPrefix(strings.ToLower(rest), strings.ToLower(begin)) {
			return prefix
		}
	}
	return ""
}

func withoutTenant(title, prefix string) string {
	if prefix == "" {
		return title
	}
	return strings.TrimSpace(strings.TrimPrefix(title, prefix+" - "))
}

func firstOf(texts ...string) string {
	for _, s := range texts {
		if s != "" {
			return s
		}
	}
	return ""
}
