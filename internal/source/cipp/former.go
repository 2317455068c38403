package cipp

import (
	"strings"

	"github.com/halert/halert/internal/alert"
	"github.com/halert/halert/internal/source/jsontree"
)

// formerPrefix stands before the title of every ticket that CIPP makes. [A]
const formerPrefix = "[CIPP] "

// formerTask is the title of CIPP's own ticket for a task: kind, tenant and
// name, or the operator's subject and the tenant. [A] The standardised schema
// has it ready.
func formerTask(info jsontree.Value, env envelope, t alert.Tenant, command string) string {
	if title := oneLine(env.title); title != "" {
		return formerPrefix + title
	}
	name, subject := oneLine(info.Str("Name")), oneLine(info.Str("CustomSubject"))
	if t.Domain == "" || name == "" && subject == "" {
		return ""
	}
	title := subject + " - " + t.Domain
	if subject == "" {
		label := "Scheduled Task"
		switch {
		case isAlertCommand(command):
			label = "Alert"
		case strings.EqualFold(command, "Invoke-CIPPOffboardingJob"):
			label = "User Offboarding"
		}
		title = label + " - " + t.Domain + " - " + name
	}
	if ref := oneLine(info.Str("Reference")); ref != "" {
		title += " - Reference: " + ref
	}
	return formerPrefix + title
}

// formerAudit is the title of CIPP's own ticket for an audit log alert. Some
// of CIPP's titles name nobody ("a user has logged on from …"), so that all
// users of a tenant, or all tenants, have the same: these tell nothing. [A]
func formerAudit(title, tenant string, u alert.User) string {
	if title == "" || u.Key() != "" && !mentions(title, u) || u.Key() == "" && tenant == "" {
		return ""
	}
	return formerPrefix + title
}

// formerOf is for bodies that carry the title themselves, which names the
// tenant. [A]
func formerOf(v jsontree.Value, env envelope) string {
	if title := firstOf(oneLine(v.Str("Title")), oneLine(env.title)); title != "" {
		return formerPrefix + title
	}
	return ""
}

// formerStandards is the title of CIPP's own ticket for standards. [A]
func formerStandards(t alert.Tenant) string {
	if t.Domain == "" {
		return ""
	}
	return formerPrefix + t.Domain + ": Standards are out of sync for " + t.Domain
}
