package cipp

import (
	"strings"

	"github.com/halert/halert/internal/alert"
	"github.com/halert/halert/internal/source/jsontree"
)

// tenantNames are the fields in which a body of a kind to come may name its
// tenant.
var tenantNames = []string{"Tenant", "TenantFilter", "TenantDomain", "defaultDomainName", "TenantName", "customerTenant"}

// tenantIDNames are the same for the tenant's id.
var tenantIDNames = []string{"TenantId", "OrganizationId", "customerId", "azureTenantId"}

// unknown makes an event of whatever CIPP may send one day: something that a
// technician can read, on the tenant that it names.
func (c *collector) unknown(v jsontree.Value, env envelope) {
	title := firstOf(oneLine(choice(v.Get("Title"))), oneLine(choice(v.Get("Subject"))), env.title)
	tenant := anyTenant(v, 0)
	if tenant.IsZero() {
		tenant = tenantOf(env.tenant)
	}
	if tenant.IsZero() {
		tenant = tenantOf(titleTenant(title, false))
	}
	title = withoutTenant(title, titleTenant(title, false))
	kind := []string{"unknown"}
	for _, word := range []string{env.source, env.invoking, firstOf(title, oneLine(v.Str("Type", "Event", "Name", "Command")))} {
		if w := stableWords(word); w != "" {
			kind = append(kind, w)
		}
	}
	e := alert.Event{
		Action: alert.Trigger, Tenant: tenant, Severity: orSeverity(rowSeverity(v), alert.Warning),
		Grouping: grouping(env, v), OccurredAt: moment(v.Str("Timestamp", "CreationTime"), env.generated),
		Topic: alert.Topic{
			Kind:    strings.Join(kind, "/"),
			Title:   alert.Cut(firstOf(title, env.source, "Alert from CIPP"), maxTitle),
			What:    "CIPP sent an alert of a kind that is not known here.",
			Means:   "What it means has to be read from its fields.",
			Do:      "Look at the fields, and in CIPP at what sent it.",
			Comment: comment(v.Str("AlertComment"), 1),
		},
	}
	e.Finding = finding(v, nil, e.Topic.Title, alert.User{})
	if e.Finding.Title == "" {
		e.Finding.Title = e.Topic.Title
	}
	c.add(e, describe(v))
}

// anyTenant looks for the tenant in an item and the objects inside of it.
func anyTenant(v jsontree.Value, depth int) alert.Tenant {
	v = v.Unwrap()
	if v.Kind != jsontree.Object || depth > 3 {
		return alert.Tenant{}
	}
	var names []string
	for _, n := range append(tenantIDNames[:len(tenantIDNames):len(tenantIDNames)], tenantNames...) {
		names = append(names, choice(v.Get(n)))
	}
	if t := tenantOf(names...); !t.IsZero() {
		return t
	}
	for i := range v.List {
		if t := anyTenant(v.List[i].Value, depth+1); !t.IsZero() {
			return t
		}
	}
	return alert.Tenant{}
}
