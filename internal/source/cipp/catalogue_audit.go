package cipp

import (
	"slices"
	"strings"

	"github.com/halert/halert/internal/alert"
	"github.com/halert/halert/internal/source/jsontree"
)

// preset is one of the audit log rules that CIPP offers. [A] A record matches
// if its operation is this one and the field, where one is named, holds the text.
type preset struct {
	spec
	Operation, Field, Holds string
}

// presetFor finds the preset that fits a record best: one with a condition
// before one without. It is nil for an operation without a preset.
func presetFor(raw jsontree.Value) *preset {
	operation := operationKey(raw.Str("Operation"))
	clause := strings.ToLower(raw.Str("CIPPClause"))
	var general *preset
	for i := range presets {
		p := &presets[i]
		if operationKey(p.Operation) != operation {
			continue
		}
		if p.Field == "" {
			general = p
			continue
		}
		// CIPP adds its own fields to every record; only the rule's clause
		// tells whether they were the reason.
		if strings.HasPrefix(p.Field, "CIPP") && clause != "" && !strings.Contains(clause, strings.ToLower(p.Field)) {
			continue
		}
		if strings.Contains(strings.ToLower(raw.Get(p.Field).Flat()), p.Holds) {
			return p
		}
	}
	return general
}

// operationKey compares operations without case and without the full stop that
// some of them end with.
func operationKey(s string) string { return strings.TrimRight(fold(s), ".") }

var presets = slices.Concat(mailPresets(), accountPresets, signInPresets())

func mailPresets() []preset {
	ruleColumns := []string{"Name", "ForwardTo", "RedirectTo", "ForwardAsAttachmentTo", "MoveToFolder", "DeleteMessage", "ClientIP", "CIPPGeoLocation"}
	rule := func(name, operation, field, holds, title, what string, severity alert.Severity) preset {
		return preset{Operation: operation, Field: field, Holds: holds, spec: spec{
			Name: name, Title: title, What: what, Severity: severity,
			Means:   "Attackers hide their traces and copy mail with inbox rules; it is often the first visible sign of a taken-over mailbox.",
			Do:      "Ask the user about the rule; if it is foreign, remove it, revoke the sessions, reset the password and check the sign-ins.",
			Columns: ruleColumns, Portals: []portal{exchangeMailboxes, entraUsers}, Page: pageAudit, OneShot: true,
		}}
	}
	const created, changed = "New-InboxRule", "Set-InboxRule"
	return []preset{
		rule("New-InboxRule", created, "", "", "New inbox rule", "A new inbox rule was created in a mailbox.", alert.Warning),
		rule("New-InboxRuleRSS", created, "MoveToFolder", "rss", "Inbox rule hides mail in the RSS folder",
			"A new inbox rule moves mail to the RSS feeds folder, where nobody looks.", alert.Error),
		rule("New-InboxRuleForward", created, "ForwardTo", "@", "Inbox rule forwards mail", "A new inbox rule forwards mail to another address.", alert.Error),
		rule("New-InboxRuleRedirect", created, "RedirectTo", "@", "Inbox rule redirects mail", "A new inbox rule redirects mail to another address.", alert.Error),
		rule("Set-InboxRule", changed, "", "", "Inbox rule changed", "An inbox rule of a mailbox was changed.", alert.Warning),
		rule("Set-InboxRuleRSS", changed, "MoveToFolder", "rss", "Changed inbox rule hides mail in the RSS folder",
			"An inbox rule was changed so that it moves mail to the RSS feeds folder, where nobody looks.", alert.Error),
		rule("Set-InboxRuleForward", changed, "ForwardTo", "@", "Changed inbox rule forwards mail", "An inbox rule was changed so that it forwards mail to another address.", alert.Error),
		rule("Set-InboxRuleRedirect", changed, "RedirectTo", "@", "Changed inbox rule redirects mail", "An inbox rule was changed so that it redirects mail to another address.", alert.Error),
		{Operation: "Set-Mailbox", Field: "ForwardingSmtpAddress", Holds: "@", spec: spec{
			Name: "Set-MailboxForwardingExternal", Title: "Mailbox forwards to outside", Severity: alert.Error,
			What:    "Forwarding to an external address was set on a mailbox.",
			Means:   "All mail of the user leaves the customer, which is what attackers want and data protection forbids.",
			Do:      "Ask who wanted it; if nobody did, remove the forwarding, and treat the account that set it as compromised.",
			Columns: []string{"ForwardingSmtpAddress", "DeliverToMailboxAndForward", "ClientIP", "CIPPGeoLocation"},
			Portals: []portal{exchangeMailboxes}, Page: pageAudit, OneShot: true,
		}},
		{Operation: "Add-RoleGroupMember", spec: spec{
			Name: "Add-RoleGroupMember", Title: "Exchange admin rights granted", Severity: alert.Error,
			What:    "Somebody was added to a role group of Exchange.",
			Means:   "The person can now read or change mailboxes of others.",
			Do:      "Confirm the change with the person who made it, and remove the member if nobody asked for it.",
			Columns: []string{"Identity", "Member", "UserId", "ClientIP"},
			Portals: []portal{exchangeHome}, Page: pageAudit, OneShot: true,
		}},
	}
}

var accountPresets = []preset{
	{Operation: "Add member to role.", spec: spec{
		Name: "Add member to role.", Title: "Admin role granted", Severity: alert.Error,
		What:    "A user was added to an administrator role.",
		Means:   "More rights than needed, or given by an attacker, put the tenant at risk.",
		Do:      "Confirm it with the person who did it; if nobody asked for it, remove the role and check both accounts.",
		Columns: []string{"Role.DisplayName", "ObjectId", "UserId"}, Portals: []portal{entraRoles}, Page: pageAudit, OneShot: true,
	}},
	{Operation: "Update StsRefreshTokenValidFrom Timestamp.", spec: spec{
		Name: "Update StsRefreshTokenValidFrom Timestamp.", Title: "Sessions revoked", Severity: alert.Info,
		What:    "All sessions of a user were revoked.",
		Means:   "It follows a changed password, or somebody is reacting to an incident.",
		Do:      "Make sure that it belongs to something that is known, such as a reset or an offboarding.",
		Columns: []string{"ObjectId", "UserId"}, Portals: []portal{entraUsers}, Page: pageAudit, OneShot: true,
	}},
	{Operation: "Disable Strong Authentication.", spec: spec{
		Name: "Disable Strong Authentication.", Title: "MFA disabled for a user", Severity: alert.Error,
		What:    "Per-user MFA was switched off.",
		Means:   "Unless Conditional Access requires MFA, a password is now enough.",
		Do:      "Ask who did it and why; switch it on again, or make sure that Conditional Access covers the user.",
		Columns: []string{"ObjectId", "UserId"}, Portals: []portal{entraAuthMethods, entraUsers}, Page: pageAudit, OneShot: true,
	}},
	{Operation: "Remove Member from a role.", spec: spec{
		Name: "Remove Member from a role.", Title: "Admin role removed", Severity: alert.Info,
		What:    "A user was removed from a role.",
		Means:   "An administrator may lose access that is still needed.",
		Do:      "Make sure that the removal was meant.",
		Columns: []string{"Role.DisplayName", "ObjectId", "UserId"}, Portals: []portal{entraRoles}, Page: pageAudit, OneShot: true,
	}},
	{Operation: "Reset user password.", spec: spec{
		Name: "Reset user password.", Title: "Password reset by an administrator", Severity: alert.Warning,
		What:    "An administrator reset the password of a user.",
		Means:   "A reset that the user did not ask for is a way to take over the account.",
		Do:      "Confirm it with the user or the administrator who did it.",
		Columns: []string{"ObjectId", "UserId"}, Portals: []portal{entraUsers}, Page: pageAudit, OneShot: true,
	}},
	{Operation: "Update user.", Field: "SecuredAccessPassData", Holds: "passid", spec: spec{
		Name: "TAPCreated", Title: "Temporary Access Pass created", Severity: alert.Warning,
		What:    "A Temporary Access Pass was created for a user.",
		Means:   "Whoever has the pass signs in as the user without password and second factor.",
		Do:      "Confirm it with the administrator who made it, and delete the pass if nobody asked for it.",
		Columns: []string{"ObjectId", "UserId"}, Portals: []portal{entraAuthMethods, entraUsers}, Page: pageAudit, OneShot: true,
	}},
	{Operation: "Add service principal.", spec: spec{
		Name: "Add service principal.", Title: "Service principal added", Severity: alert.Warning,
		What:    "An application got an identity in the tenant.",
		Means:   "It can be given rights on mail and files, also by a user who was deceived.",
		Do:      "Check who added the application and what it may do; disable it if nobody knows it.",
		Columns: []string{"ObjectId", "Target", "UserId"}, Portals: []portal{entraEnterpriseApps}, Page: pageAudit, OneShot: true,
	}},
	{Operation: "Remove service principal.", spec: spec{
		Name: "Remove service principal.", Title: "Service principal removed", Severity: alert.Info,
		What:    "An application lost its identity in the tenant.",
		Means:   "What uses the application does not work any more.",
		Do:      "Make sure that the removal was meant; it can be restored for thirty days.",
		Columns: []string{"ObjectId", "Target", "UserId"}, Portals: []portal{entraEnterpriseApps}, Page: pageAudit, OneShot: true,
	}},
}

func signInPresets() []preset {
	signIn := func(name, field, title, what string, severity alert.Severity) preset {
		holds := ""
		if field != "" {
			holds = "true"
		}
		return preset{Operation: "UserLoggedIn", Field: field, Holds: holds, spec: spec{
			Name: name, Title: title, What: what, Severity: severity,
			Means:   "Somebody else may be using the account.",
			Do:      "Ask the user about place, time and device; if it was not the user, revoke the sessions, reset the password and check rules and methods.",
			Columns: []string{"CIPPGeoLocation", "CIPPIPDetected", "ClientIP", "CIPPLocationInfo", "UserAgent"},
			Portals: []portal{entraUsers, entraRiskyUsers}, Page: pageAudit, OneShot: true,
		}}
	}
	return []preset{
		signIn("UserLoggedInFromUnknownLocation", "", "Sign-in from an unusual place",
			"A user signed in from a place that is not on the list.", alert.Warning),
		signIn("badRepIP", "CIPPBadRepIP", "Sign-in through a VPN or proxy",
			"A user signed in from an address that is known as a VPN, proxy or anonymiser.", alert.Error),
		signIn("HostedIP", "CIPPHostedIP", "Sign-in from a hosting provider",
			"A user signed in from an address of a hosting provider, where servers stand and not people.", alert.Warning),
	}
}
