package synth

import (
	"fmt"
	"math/rand/v2"
	"time"
)

func notCompliant(r *rand.Rand, t *tenant, _ time.Time) finding {
	id, device := guid(r), t.code("LAPTOP")
	return finding{word: device, row: func(at time.Time) obj {
		return obj{{"id", id}, {"deviceName", device}, {"managedDeviceOwnerType", "company"}, {"complianceState", "noncompliant"},
			{"lastSyncDateTime", stamp(at.Truncate(8 * time.Hour))}}
	}}
}

func defenderStatus(_ *rand.Rand, t *tenant, _ time.Time) finding {
	device := t.code("DESKTOP")
	return finding{word: device, row: func(at time.Time) obj {
		return obj{{"ManagedDeviceName", device}, {"RealTimeProtectionEnabled", false}, {"MalwareProtectionEnabled", false},
			{"NetworkInspectionSystemEnabled", true}, {"ManagedDeviceHealthState", "critical"}, {"AttentionRequired", true},
			{"LastSyncDateTime", stamp(at.Truncate(8 * time.Hour))}, {"OsVersion", "10.0.26100.1742"}, {"Tenant", t.Domain}, {"TenantId", t.ID}}
	}}
}

func malware(r *rand.Rand, t *tenant, since time.Time) finding {
	device := t.code("PC")
	names := []string{"Trojan:Win32/Wacatac.B!ml", "PUA:Win32/Presenoker", "HackTool:Win32/AutoKMS"}
	return fixed(device, "", "", obj{{"DeviceName", device}, {"MalwareName", names[r.IntN(len(names))]}, {"MalwareSeverity", "high"}, {"ThreatState", "active"},
		{"AdditionalInformationUrl", nil}, {"InitialDetectionDateTime", stamp(since)}, {"LastStateChangeDateTime", stamp(since)}, {"DetectionCount", 1},
		{"Tenant", t.Domain}, {"TenantId", t.ID}})
}

func defenderIncident(r *rand.Rand, t *tenant, since time.Time) finding {
	id := fmt.Sprint(t.Client*10_000 + t.next("defender")) // long enough to be no other number
	return fixed(id, "", "", obj{{"IncidentName", "Multi-stage incident on one endpoint"}, {"Severity", []string{"low", "medium", "high"}[r.IntN(3)]},
		{"Classification", "unknown"}, {"Determination", "unknown"}, {"Summary", ""}, {"AssignedTo", ""}, {"CreatedAt", stamp(since)},
		{"IncidentID", id}, {"IncidentUrl", "https://security.microsoft.com/incidents/" + id + "?tid=" + t.ID}, {"Tenant", t.Domain}})
}

func appSecret(r *rand.Rand, t *tenant, since time.Time) finding {
	app := t.code("SyncApp")
	return fixed(app, "", "", obj{{"AppName", app}, {"AppId", guid(r)}, {"Expires", stamp(since.AddDate(0, 0, 30))}, {"SecretName", "client secret"},
		{"SecretID", guid(r)}, {"Tenant", t.Domain}})
}

func unusedLicense(r *rand.Rand, t *tenant, _ time.Time) finding {
	name, bought := t.code("Addon"), 5+r.IntN(40)
	used := r.IntN(bought)
	return fixed(name, "", "", obj{{"Message", fmt.Sprintf("%s has unused licenses. Using %d of %d.", name, used, bought)}, {"LicenseName", name},
		{"SkuId", guid(r)}, {"SkuPartNumber", "ADDON"}, {"ConsumedUnits", used}, {"EnabledUnits", bought}, {"Tenant", t.Domain}})
}

func expiringLicense(r *rand.Rand, t *tenant, since time.Time) finding {
	name, sku, ends := t.code("Plan"), guid(r), since.AddDate(0, 0, 29)
	return finding{word: name, row: func(at time.Time) obj {
		left := max(days(at, ends), 0)
		return obj{{"Message", fmt.Sprintf("%s will expire in %d days. The estimated term is P1Y", name, left)}, {"License", name}, {"SkuId", sku},
			{"DaysUntilRenew", left}, {"Term", "P1Y"}, {"Status", "Enabled"}, {"TotalLicenses", 25}, {"CountUsed", 21}, {"CountAvailable", 4},
			{"NextLifecycle", stamp(ends)}, {"Tenant", t.Domain}}
	}}
}

func staleDevice(r *rand.Rand, t *tenant, since time.Time) finding {
	id, device, last := guid(r), t.code("TABLET"), since.AddDate(0, 0, -91)
	return finding{word: device, row: func(at time.Time) obj {
		return obj{{"DeviceName", device}, {"Id", id}, {"deviceOwnership", "Company"}, {"operatingSystem", "Windows"}, {"enrollmentType", "AzureADJoined"},
			{"Enabled", true}, {"Managed", false}, {"Compliant", false}, {"JoinType", "AzureAd"}, {"lastActivity", stamp(last)},
			{"DaysSinceLastActivity", days(last, at)}, {"RegisteredDateTime", stamp(last.AddDate(-1, 0, 0))},
			{"Message", fmt.Sprintf("Device %s has been inactive for %d days.", device, days(last, at))}, {"Tenant", t.Domain}}
	}}
}

func strangeAdmin(r *rand.Rand, t *tenant, _ time.Time) finding {
	name, upn := t.person()
	return fixed(upn, upn, name, obj{{"Message", name + " (" + upn + ") is a Global Administrator who is not on the approved list."}, {"DisplayName", name},
		{"UserPrincipalName", upn}, {"Id", guid(r)}, {"AllowedList", "breakglass"}, {"Tenant", t.Domain}})
}

func restricted(_ *rand.Rand, t *tenant, since time.Time) finding {
	name, upn := t.person()
	return fixed(upn, upn, name, obj{{"SenderAddress", upn}, {"Message", upn + " is restricted from sending email."}, {"BlockType", "OutboundSpam"},
		{"TemporaryBlock", false}, {"InternalCount", 4}, {"ExternalCount", 512}, {"CreatedDatetime", stamp(since)}, {"Reason", "OutboundSpamLast24Hours=512"},
		{"Tenant", t.Domain}})
}

func inactiveSite(r *rand.Rand, t *tenant, since time.Time) finding {
	site, id, last := t.code("Project"), guid(r), since.AddDate(0, 0, -95)
	owner := "owner@" + t.label + ".example"
	return finding{word: site, row: func(at time.Time) obj {
		return obj{{"Message", fmt.Sprintf("Site %s has not been active for %d days.", site, days(last, at))}, {"Id", id}, {"siteId", id},
			{"webUrl", "https://" + t.label + ".sharepoint.com/sites/" + site}, {"displayName", site}, {"ownerPrincipalName", owner},
			{"lastActivityDate", last.Format(time.DateOnly)}, {"DaysSinceActivity", days(last, at)}, {"rootWebTemplate", "Group"},
			{"cachedAt", stamp(at)}, {"reportPeriod", "180"}, {"teamLinkResolutionStatus", "NotLinked"}, {"Tenant", t.Domain}}
	}}
}

func softDeleted(r *rand.Rand, t *tenant, since time.Time) finding {
	name, upn := t.person()
	return fixed(upn, upn, name, obj{{"ExchangeGuid", guid(r)}, {"ArchiveGuid", "00000000-0000-0000-0000-000000000000"}, {"WhenSoftDeleted", stamp(since)},
		{"UPN", upn}, {"IsInactiveMailbox", false}, {"Tenant", t.Domain}})
}

func quarantined(r *rand.Rand, t *tenant, since time.Time) finding {
	name, upn := t.person()
	identity := guid(r) + `\` + guid(r)
	return fixed(upn, upn, name, obj{{"Identity", identity}, {"MessageId", "<" + guid(r) + "@mail.example>"}, {"Subject", "Invoice"},
		{"SenderAddress", "billing@supplier.example"}, {"RecipientAddress", []string{upn}}, {"Type", "HighConfPhish"}, {"PolicyName", "Default"},
		{"ReleaseStatus", "REQUESTED"}, {"ReceivedTime", stamp(since)}, {"QuarantineViewUrl", "https://security.microsoft.com/quarantine"}, {"Tenant", t.Domain}})
}

func riskyUser(r *rand.Rand, t *tenant, since time.Time) finding {
	name, upn := t.person()
	level := []string{"low", "medium", "high"}[r.IntN(3)]
	return fixed(upn, upn, name, obj{{"Message", "New risky user detected: " + name + " (" + upn + ")"},
		{"Details", obj{{"RiskLevel", level}, {"RiskState", "atRisk"}, {"RiskDetail", "none"}, {"LastUpdated", stamp(since)},
			{"IsProcessing", false}, {"RiskHistory", "First time detected"}, {"Severity", "Warning"}}}, {"Tenant", t.Domain}})
}

func newMFA(_ *rand.Rand, t *tenant, since time.Time) finding {
	name, upn := t.person()
	return fixed(upn, upn, name, obj{{"Message", "New MFA device registered for " + upn}, {"User", upn}, {"DisplayName", name},
		{"Activity", "User registered security info"}, {"ActivityTime", stamp(since)}, {"Tenant", t.Domain}, {"IpAddress", "198.51.100.40"},
		{"CountryOrRegion", "NO"}, {"City", "Oslo"}, {"Proxy", false}, {"Hosting", false}, {"ASN", "EXAMPLE-NET"}, {"GeoLocationInfo", nil}})
}

func mxChanged(_ *rand.Rand, t *tenant, _ time.Time) finding {
	domain := fmt.Sprintf("mail%d.%s.example", t.next("domain")+1, t.label)
	return fixed(domain, "", "", obj{{"Message", domain + ": MX record has changed from mx1.old.example to mx2.new.example"}, {"Domain", domain},
		{"PreviousRecords", "mx1.old.example"}, {"CurrentRecords", "mx2.new.example"}, {"Tenant", t.Domain}})
}

func groupChange(_ *rand.Rand, t *tenant, since time.Time) finding {
	name, upn := t.person()
	return fixed(upn, upn, name, obj{{"Message", upn + " was added to the group Finance"}, {"GroupName", "Finance"}, {"MemberName", upn}, {"Action", "Added"},
		{"InitiatedBy", "helpdesk@" + t.label + ".example"}, {"ActivityTime", stamp(since)}, {"Tenant", t.Domain}})
}

func phishingPage(_ *rand.Rand, t *tenant, _ time.Time) finding {
	name, upn := t.person()
	return fixed(upn, upn, name, obj{{"Message", "Check blocked a phishing page for " + upn}, {"Type", "phishing_blocked"}, {"URL", "https://login.invalid/signin"},
		{"Reason", "Copied sign-in page"}, {"Score", 12}, {"Threshold", 80}, {"PotentialUserName", upn}, {"PotentialUserDisplayName", name},
		{"ReportedByIP", "198.51.100.41"}, {"Tenant", t.Domain}})
}
