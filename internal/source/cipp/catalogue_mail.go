package cipp

import "github.com/halert/halert/internal/alert"

// mailAlerts are about mail flow and mailboxes.
var mailAlerts = []spec{
	{
		Name: "SoftDeletedMailboxes", Title: "Soft-deleted mailboxes", Severity: alert.Info,
		What:    "Mailboxes are deleted and wait for their final removal.",
		Means:   "After thirty days the mail is gone, unless a hold keeps it.",
		Do:      "Make sure that the mailbox was deleted on purpose; restore it within the thirty days if not.",
		Keys:    []string{"ExchangeGuid"},
		Columns: []string{"UPN", "WhenSoftDeleted", "IsInactiveMailbox", "ExchangeGuid"},
		Portals: []portal{exchangeMailboxes}, Page: "/email/administration/mailboxes", User: "UPN",
	},
	{
		Name: "TERRL", Title: "External mail limit almost reached", Severity: alert.Warning,
		What:    "The tenant is near the number of external recipients that it may write to in a day.",
		Means:   "Exchange Online refuses mail to outside once the limit is reached.",
		Do:      "Find out who sends so much; stop a compromised account, and move bulk mail to a service made for it.",
		Columns: []string{"UsagePercentage", "CurrentVolume", "ThresholdLimit", "EnforcementEnabled", "Verdict"},
		Portals: []portal{exchangeHome}, NoUser: true, Whole: true,
	},
	{
		Name: "RestrictedUsers", Title: "Users blocked from sending mail", Severity: alert.Error,
		What:    "Exchange Online has blocked a user from sending because of spam or too much mail.",
		Means:   "The account has most probably been taken over and sends spam.",
		Do:      "Reset the password, revoke the sessions, remove foreign inbox rules and methods, and only then unblock the user.",
		Keys:    []string{"SenderAddress"},
		Columns: []string{"SenderAddress", "Reason", "BlockType", "CreatedDatetime", "ExternalCount"},
		Portals: []portal{defenderRestricted, exchangeHome}, Page: "/email/administration/mailboxes", User: "SenderAddress",
	},
	{
		Name: "QuarantineReleaseRequests", Title: "Quarantine release requests", Severity: alert.Info,
		What:    "Users ask for a quarantined mail to be released.",
		Means:   "The user waits for the mail, or is being lured into wanting it.",
		Do:      "Check sender, links and the reason for the quarantine; then release or deny the request.",
		Keys:    []string{"Identity"},
		Columns: []string{"RecipientAddress", "SenderAddress", "Subject", "Type", "ReceivedTime", "ReleaseStatus"},
		Portals: []portal{defenderQuarantine}, Page: "/email/administration/quarantine", User: "RecipientAddress",
	},
	{
		Name: "UserReportedPhishing", Title: "Mail reported as phishing", Severity: alert.Warning,
		What:    "Users reported mail as phishing.",
		Means:   "The same mail may lie in other mailboxes, and somebody may have fallen for it.",
		Do:      "Judge the mail; if it is phishing, remove it from all mailboxes, block the sender, and ask who has clicked.",
		Keys:    []string{"SubmissionId"},
		Columns: []string{"ReporterEmail", "Sender", "Subject", "Category", "ReportedAt", "Status"},
		Portals: []portal{defenderSubmissions}, User: "ReporterEmail", OneShot: true,
	},
	{
		Name: "MXRecordChanged", Title: "MX records changed", Severity: alert.Error,
		What:    "The mail servers of a domain changed in DNS.",
		Means:   "Mail for the customer now goes elsewhere, by mistake or by a takeover of the domain.",
		Do:      "Ask who changed the DNS; if nobody did, restore the records and secure the account at the DNS provider.",
		Keys:    []string{"Domain", "CurrentRecords"},
		Columns: []string{"Domain", "PreviousRecords", "CurrentRecords"},
		Portals: []portal{m365Admin}, Page: pageDomains, NoUser: true, OneShot: true,
	},
	{
		Name: "LowDomainScore", Title: "Weak mail security of a domain", Severity: alert.Info,
		What:    "SPF, DKIM, DMARC or other DNS records of a domain are missing or weak.",
		Means:   "Others can send mail in the customer's name, and the customer's own mail is trusted less.",
		Do:      "Publish the records that the explanation names; DMARC first with p=none, later with reject.",
		Keys:    []string{"Domain"},
		Columns: []string{"Domain", "ScorePercentage", "ScoreExplanation"},
		Portals: []portal{m365Admin}, Page: pageDomains, NoUser: true,
	},
}

// tenantAlerts are about the tenant as a whole and CIPP's access to it.
var tenantAlerts = []spec{
	{
		Name: "LowTenantAlignment", Title: "Tenant out of line with its standards", Severity: alert.Info,
		What:    "The tenant meets fewer of the settings of its standards template than it should.",
		Means:   "Settings that were agreed on are missing or have been changed.",
		Do:      "Open the alignment report in CIPP, and remediate or accept each deviation.",
		Keys:    []string{"StandardId"},
		Columns: []string{"StandardName", "AlignmentScore", "LicenseMissingPercentage"},
		Portals: []portal{entraHome}, Page: "/tenant/standards/alignment", NoUser: true,
	},
	{
		Name: "TenantAccess", Title: "No full access to the tenant", Severity: alert.Error,
		What:    "CIPP cannot reach Graph or Exchange, or lacks GDAP roles in the tenant.",
		Means:   "Alerts and standards of this customer do not work while this lasts.",
		Do:      "Check that the GDAP relationship is active and its roles are mapped, then refresh CIPP's permissions for the tenant.",
		Keys:    []string{"Issue"},
		Columns: []string{"Issue", "MissingRoles", "GraphStatus", "ExchangeStatus"},
		Portals: []portal{entraRoles}, Page: "/tenant/administration/tenants", NoUser: true, Whole: true,
	},
}
