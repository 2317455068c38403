package render

import (
	"fmt"
	"strings"
	"time"

	"github.com/halert/halert/internal/alert"
)

var seen = time.Date(2026, 3, 9, 7, 41, 5, 0, time.UTC)

const tenantID = "b0a5c6d1-43de-4b8b-9a55-7f1c20f4e9aa"

func fields(pairs ...string) []alert.Field {
	var out []alert.Field
	for i := 0; i < len(pairs); i += 2 {
		out = append(out, alert.Field{Name: pairs[i], Value: pairs[i+1]})
	}
	return out
}

// ticket is a ticket of Harbour Dental's, about the topic and the findings.
func ticket(topic alert.Topic, s alert.Severity, findings ...alert.Finding) Ticket {
	return Ticket{
		Reference: "HLTQ7M2KXA4T9WBCE", Customer: "Harbour Dental", Source: "cipp", Severity: s, Topic: topic,
		Tenant:   alert.NewTenant(tenantID, "harbourdental.onmicrosoft.com"),
		Findings: findings, Total: len(findings), FirstSeen: seen,
	}
}

var adminsWithoutMFA = alert.Topic{
	Kind: "get-cippalertmfaadmins", Title: "Admins without MFA",
	What:    "These accounts have an administrator role and no second factor that is enforced.",
	Means:   "Whoever learns one of these passwords can take over the whole tenant.",
	Do:      "Have each person register a method, and check that a Conditional Access policy covers all admin roles.",
	Comment: "Runbook: https://docs.msp.example/runbooks/mfa (read step 3 first).\nBreak-glass accounts are listed there.",
	Columns: []string{"DisplayName", "UserPrincipalName"},
	Links: []alert.Link{
		{Text: "Entra: authentication methods", URL: "https://entra.microsoft.com/" + tenantID + "/#view/Microsoft_AAD_IAM/AuthenticationMethodsMenuBlade"},
		{Text: "CIPP: MFA report", URL: "https://cipp.msp.example/identity/reports/mfa-report?tenantFilter=harbourdental.onmicrosoft.com"},
	},
}

func admin(name, upn, id string) alert.Finding {
	return alert.Finding{
		Title: "Admin user " + name + " (" + upn + ") does not have MFA registered.",
		User:  alert.User{UPN: upn, Name: name, ObjectID: id},
		Fields: fields("Message", "Admin user "+name+" ("+upn+") does not have MFA registered.",
			"UserPrincipalName", upn, "DisplayName", name, "Id", id, "Tenant", "harbourdental.onmicrosoft.com"),
	}
}

func scriptedMany() Ticket {
	t := ticket(adminsWithoutMFA, alert.Error,
		admin("Mira Holt", "mira.holt@harbourdental.example", "0c5a1f7e-8a8e-4d0c-b1a4-6a0f3a1d0001"),
		admin("Tom Okafor", "tom.okafor@harbourdental.example", "0c5a1f7e-8a8e-4d0c-b1a4-6a0f3a1d0002"),
		admin("Reception (shared)", "reception@harbourdental.example", "0c5a1f7e-8a8e-4d0c-b1a4-6a0f3a1d0003"),
	)
	t.Previous = 2710
	return t
}

func perUser(linked bool) Ticket {
	f := admin("Mira Holt", "mira.holt@harbourdental.example", "0c5a1f7e-8a8e-4d0c-b1a4-6a0f3a1d0001")
	t := ticket(adminsWithoutMFA, alert.Error, f)
	t.User, t.UserLinked = f.User, linked
	return t
}

func inactiveUsers() Ticket {
	topic := alert.Topic{
		Kind: "get-cippalertinactivelicensedusers", Title: "Licensed users who do not sign in",
		What: "These users have a licence and have not signed in for a long time.", Means: "The customer pays for licences that nobody uses, and forgotten accounts are easy prey.",
		Do: "Ask the customer who has left. Block sign-in and take back the licence.", Columns: []string{"UserPrincipalName", "LicenseNames", "lastSignIn", "DaysSinceLastSignIn"},
	}
	var all []alert.Finding
	for i := range 14 {
		upn := fmt.Sprintf("person.number%02d@harbourdental.example", i)
		all = append(all, alert.Finding{
			Title: upn + " has not signed in for 121 days", User: alert.User{UPN: upn},
			Fields: fields("UserPrincipalName", upn, "Id", fmt.Sprintf("0c5a1f7e-8a8e-4d0c-b1a4-6a0f3a1d01%02d", i), "lastSignIn", "2025-11-08T16:22:41.1234567Z",
				"DaysSinceLastSignIn", "121", "AccountEnabled", "True", "LicenseNames", "Microsoft 365 Business Premium\nPower Automate Free",
				"SkuIds", "cbdc14ab-d96c-4c30-b9f4-6ada7cdc1d46", "Message", upn+" has not signed in for 121 days", "Tenant", "harbourdental.onmicrosoft.com"),
		})
	}
	return ticket(topic, alert.Info, all...)
}

func inboxRule() Ticket {
	who := alert.User{UPN: "mira.holt@harbourdental.example", Name: "Mira Holt"}
	t := ticket(alert.Topic{
		Kind: "audit/new-inboxrule/mira.holt@harbourdental.example", Title: "New inbox rule forwards mail",
		What: "A rule was made in this mailbox that sends mail to another address.", Means: "After a break-in this is how attackers read along unseen.",
		Do:      "Ask the user on the phone. If they do not know the rule: remove it, revoke the sessions, reset the password.",
		Columns: []string{"Operation", "Name", "ForwardTo", "SubjectContainsWords", "ClientIP", "CIPPGeoLocation"},
		Links:   []alert.Link{{Text: "Exchange: mailboxes", URL: "https://admin.exchange.microsoft.com/?landingpage=homepage&tid=" + tenantID + "#/mailboxes"}},
	}, alert.Critical, alert.Finding{
		Title: "Mira Holt made the inbox rule “..” that forwards to m.h0lt@mailbox.example", User: who,
		Fields: fields("Id", "7b6a0f1c-62a1-4dd3-9d0f-3d6e28dd1b11", "CreationTime", "2026-03-09T07:22:10", "Operation", "New-InboxRule", "Workload", "Exchange", "ClientIP", "203.0.113.77",
			"Name", "..", "ForwardTo", "m.h0lt@mailbox.example", "SubjectContainsWords", "invoice;payment;iban", "MarkAsRead", "True", "DeleteMessage", "True", "StopProcessingRules", "True",
			"CIPPGeoLocation", "NL", "CIPPHostedIP", "True", "OrganizationName", "harbourdental.onmicrosoft.com", "UserId", "mira.holt@harbourdental.example",
			"SessionId", "", "AppPoolName", "null", "Parameters", "AlwaysDeleteOutlookRulesBlob: False\nForce: False\nName: .."),
	})
	t.User, t.UserLinked = who, true
	return t
}

func drift() Ticket {
	row := func(standard, want, is string) alert.Finding {
		return alert.Finding{Title: standard, Fields: fields("Standard", standard, "Expected Value", want, "Current Value", is, "Status", "New")}
	}
	return ticket(alert.Topic{
		Kind: "drift", Title: "Standards have drifted", What: "Settings of this tenant are no longer as your standards ask.",
		Means: "Somebody or something changed them; protection may be gone.", Do: "Look at each one in CIPP and either put it back or accept it.",
		Columns: []string{"Standard", "Expected Value", "Current Value"},
	}, alert.Warning,
		row("Disable SMTP AUTH", "true", "false"), row("Require DKIM", "true", "false"),
		row("Conditional Access: block legacy authentication", `{"state":"enabled","conditions":{"clientAppTypes":["exchangeActiveSync","other"]}}`, `{"state":"enabledForReportingButNotEnforced","conditions":{"clientAppTypes":["exchangeActiveSync","other"]}}`))
}

func defenderIncidents() Ticket {
	row := func(id, name, severity string) alert.Finding {
		url := "https://security.microsoft.com/incidents/" + id + "?tid=" + tenantID
		return alert.Finding{
			Title: name, Links: []alert.Link{{Text: "Incident " + id, URL: url}},
			Fields: fields("IncidentName", name, "Severity", severity, "Classification", "unknown", "Determination", "unknown", "Summary", "", "AssignedTo", "",
				"CreatedAt", "2026-03-09T06:58:12.33Z", "IncidentID", id, "IncidentUrl", url, "Tenant", "harbourdental.onmicrosoft.com"),
		}
	}
	return ticket(alert.Topic{
		Kind: "get-cippalertdefenderincidents", Title: "Defender incidents", What: "Microsoft Defender has opened incidents.",
		Means: "Defender saw behaviour that looks like an attack.", Do: "Open each incident, check the evidence, contain the device or account, then classify it.",
		Columns: []string{"IncidentName", "Severity", "IncidentID", "CreatedAt"},
	}, alert.Critical,
		row("914", "Multi-stage incident involving Initial access & Credential access on one endpoint", "high"),
		row("915", "Suspicious inbox manipulation rule reported by one user", "medium"))
}

func devices() Ticket {
	row := func(device, os string) alert.Finding {
		return alert.Finding{Title: "Malware found", Device: device, Fields: fields("MalwareName", "Trojan:Win32/Sample.A", "ThreatState", "active", "OsVersion", os, "DetectionCount", "3")}
	}
	return ticket(alert.Topic{Kind: "get-cippalertdefendermalware", Title: "Malware on devices", What: "Defender found malware.", Means: "The device may be under another's control.",
		Do: "Isolate the device and run a full scan."}, alert.Critical, row("HD-FRONTDESK-01", "10.0.22631.5039"), row("HD-XRAY-02", "10.0.19045.5487"))
}

func alertmanager() Ticket {
	row := func(instance, summary string) alert.Finding {
		return alert.Finding{
			Title: summary, Device: instance, Links: []alert.Link{{Text: "Graph", URL: "http://prometheus.msp.example:9090/graph?g0.expr=node_filesystem_avail_bytes%3C5&g0.tab=1"}},
			Fields: fields("alertname", "DiskAlmostFull", "instance", instance, "mountpoint", "/var/lib/docker", "job", "node", "severity", "critical", "tenant", "harbour dental",
				"summary", summary, "description", "Less than 5 % of the file system is free, and it will be full within four hours at the present rate."),
		}
	}
	t := ticket(alert.Topic{
		Kind: "diskalmostfull", Title: "DiskAlmostFull", Comment: "", Links: []alert.Link{{Text: "Runbook", URL: "https://runbooks.msp.example/disk-almost-full"}},
	}, alert.Critical,
		row("srv-db-01.harbour.example:9100", "Disk /var/lib/docker on srv-db-01 is 96 % full"),
		row("srv-app-02.harbour.example:9100", "Disk /var/lib/docker on srv-app-02 is 95 % full"))
	t.Source, t.Tenant = "prometheus", alert.NewTenant("", "Harbour Dental")
	return t
}

const evil = `"><script>alert('x')</script><img src=x onerror=alert(1)><iframe src="https://evil.example"></iframe>`

func hostile() Ticket {
	bad := alert.Finding{
		Title: "A rule named " + evil, Device: "PC\x00-1\u202Eexe.fdp",
		User: alert.User{UPN: "a'b\"c@evil.example", Name: "משה כהן <b>"},
		Fields: fields(evil, evil, "Long", strings.Repeat("0123456789", 1000), "Emoji", "👩‍👩‍👧‍👦 🏳️‍🌈 \U0001F469\U0001F3FD", "RTL", "مرحبا بالعالم (test) 123",
			"JS", "javascript:alert(1)", "Data", "data:text/html;base64,PHNjcmlwdD4=", "Phish", "https://login.evil.example/?q=<script>",
			"Invalid", "a\xff\xfeb", "Quote", `' " & < > + = / `+"`", "Template", "{{.Reference}} ${jndi:ldap://x}", "Style", "</style><style>*{display:none}", "Zalgo", "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤"),
		Links: []alert.Link{
			{Text: "javascript", URL: "javascript:alert(1)"}, {Text: "spaced", URL: " \tJaVaScRiPt:alert(1)"}, {Text: "data", URL: "data:text/html,x"},
			{Text: "user", URL: "https://login.microsoftonline.com@evil.example/"}, {Text: "relative", URL: "//evil.example"}, {Text: "<i>good</i>", URL: `https://portal.example/?a="><script>&b='x'`},
		},
	}
	other := bad
	other.Title, other.Device = "second", "second"
	return ticket(alert.Topic{
		Kind: evil, Title: evil, What: "What " + evil, Means: "Means <b>bold</b>", Do: "Do </div></td></table>", Columns: []string{evil, "Emoji", "RTL"},
		Comment: "See javascript:alert(1), data:text/html,<script> and HTTPS://Docs.example/(a_b), or <https://x.example/?q=1&r=\"2\">.\nhttps://me:pw@evil.example/\n" + evil,
		Links:   []alert.Link{{Text: evil, URL: "javascript:alert(document.cookie)"}, {Text: "", URL: "http://plain.example/ünïcode"}},
	}, alert.Warning, bad, other)
}

func thousands() Ticket {
	var all []alert.Finding
	for i := range 5000 {
		name := fmt.Sprintf("HD-LAPTOP-%04d", i)
		all = append(all, alert.Finding{Title: name + " is noncompliant", Device: name, Fields: fields("deviceName", name, "complianceState", "noncompliant", "lastSyncDateTime", "2026-03-01T10:00:00Z")})
	}
	return ticket(alert.Topic{Kind: "get-cippalertdevicecompliance", Title: "Devices are not compliant", What: "Intune says that these devices break a compliance policy.",
		Means: "They may be kept out of company data, or should be.", Do: "Open the device in Intune and see which setting fails.", Columns: []string{"deviceName", "complianceState"}}, alert.Warning, all...)
}

// riskyUsers have their message as the title only, as the source leaves it.
func riskyUsers() Ticket {
	row := func(name, upn, level string) alert.Finding {
		return alert.Finding{Title: name + " was found at risk by a sign-in from an unfamiliar place", User: alert.User{UPN: upn, Name: name},
			Fields: fields("RiskLevel", level, "RiskState", "atRisk", "RiskDetail", "none")}
	}
	return ticket(alert.Topic{
		Kind: "get-cippalertnewriskyusers", Title: "New risky users", What: "Entra ID found signs that these accounts are used by somebody else.",
		Means: "The password may be known to an attacker.", Do: "Ask the person, revoke the sessions, and have the password changed.",
		Columns: []string{"UserPrincipalName", "RiskLevel", "RiskState"},
	}, alert.Error,
		row("Mira Holt", "mira.holt@harbourdental.example", "high"), row("Tom Okafor", "tom.okafor@harbourdental.example", "medium"))
}

func logbookRows() Ticket {
	row := func(message, at string) alert.Finding {
		return alert.Finding{Title: message, Fields: fields("Severity", "Alert", "Username", "CIPP", "Timestamp", at)}
	}
	return ticket(alert.Topic{Kind: "logbook/standards", Title: "CIPP logbook: Standards", What: "CIPP wrote an entry into its logbook that is set to be reported.",
		Do: "Read the entry.", Columns: []string{"Message", "Severity", "Username", "Timestamp"}}, alert.Warning,
		row("Could not apply the standard Require DKIM: the service answers 503", "2026-03-09T07:00:01.5521+00:00"),
		row("Could not apply the standard Disable SMTP AUTH: access denied", "2026-03-09T07:00:04.0310+00:00"))
}

// cases are the tickets of the golden files.
func cases() map[string]Ticket {
	empty := ticket(alert.Topic{Kind: "unknown"}, 0, alert.Finding{})
	empty.Tenant, empty.Customer, empty.FirstSeen = alert.Tenant{}, "", time.Time{}
	bare := ticket(alert.Topic{Title: "Something is wrong"}, alert.Info, alert.Finding{}, alert.Finding{})
	titles := ticket(alert.Topic{Kind: "logbook/alerts", Title: "CIPP reports a problem of its own", What: "CIPP wrote a warning into its logbook.", Do: "Read the message; most need a permission refresh in CIPP."},
		alert.Warning, alert.Finding{Title: "The tenant has 2 permissions that are not applied yet", Fields: fields("API", "Alerts", "Message", "The tenant has 2 permissions that are not applied yet", "Severity", "Alert", "Timestamp", "2026-03-09T07:00:01.5521+00:00")})
	return map[string]Ticket{
		"scripted-many-users": scriptedMany(), "user-linked": perUser(true), "user-not-linked": perUser(false), "inactive-users": inactiveUsers(),
		"audit-inbox-rule": inboxRule(), "drift": drift(), "defender-incidents": defenderIncidents(), "devices": devices(), "alertmanager": alertmanager(),
		"hostile": hostile(), "five-thousand": thousands(), "empty-finding": empty, "two-empty-findings": bare, "logbook": titles, "risky-users": riskyUsers(), "logbook-rows": logbookRows(),
	}
}

// noteCases are the notes of the golden files.
func noteCases() map[string]Note {
	many := scriptedMany().Findings
	last := seen.Add(47 * time.Hour)
	base := Note{Reference: "HLTQ7M2KXA4T9WBCE", Mark: "[HLTQ7M2KXA4T9WBCE/7]", Reports: 3, Since: seen, Until: last, Tenant: alert.NewTenant(tenantID, "harbourdental.onmicrosoft.com"), Columns: adminsWithoutMFA.Columns}
	with := func(change func(*Note)) Note {
		n := base
		change(&n)
		return n
	}
	return map[string]Note{
		"note-again":        with(func(n *Note) { n.Repeated, n.RepeatedTotal, n.Firing = many, 4, 4 }),
		"note-again-partly": with(func(n *Note) { n.Repeated, n.RepeatedTotal, n.Firing = many[:1], 1, 4 }),
		"note-again-once":   with(func(n *Note) { n.Repeated, n.RepeatedTotal, n.Firing, n.Reports = many[:1], 1, 1, 1 }),
		"note-new-one":      with(func(n *Note) { n.New, n.NewTotal, n.Firing = many[:1], 1, 5 }),
		"note-new-and-over": with(func(n *Note) { n.New, n.NewTotal, n.Gone, n.GoneTotal, n.Firing = many[:2], 2, many[2:], 1, 5 }),
		"note-many-over":    with(func(n *Note) { n.Gone, n.GoneTotal, n.Firing = thousands().Findings[:50], 300, 12 }),
		"note-devices-over": with(func(n *Note) { n.Gone, n.GoneTotal, n.Firing = devices().Findings, 2, 1 }),
		"note-all-clear":    with(func(n *Note) { n.Gone, n.GoneTotal, n.AllClear = many, 3, true }),
		"note-hostile":      with(func(n *Note) { n.New, n.NewTotal, n.Gone, n.GoneTotal = hostile().Findings, 2, hostile().Findings, 2 }),
		"note-new-risky": with(func(n *Note) {
			n.New, n.NewTotal, n.Firing, n.Title, n.Columns = riskyUsers().Findings, 2, 4, "New risky users", riskyUsers().Topic.Columns
		}),
		"note-nothing-known": {Reference: "HLTQ7M2KXA4T9WBCE"},
	}
}
