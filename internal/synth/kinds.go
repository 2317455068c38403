package synth

import (
	"fmt"
	"math/rand/v2"
	"time"
)

const day = 24 * time.Hour

func scriptedAlert(name, label string, every time.Duration, rate float64, most int,
	make func(r *rand.Rand, t *tenant, since time.Time) finding) scriptedKind {
	return scriptedKind{command: "Get-CIPPAlert" + name, label: label,
		watched: watched{kind: "scripted " + name, every: every, rate: rate, most: most, make: make}}
}

// perUser is for a rule that asks for a ticket for each user.
func (k scriptedKind) perUser() scriptedKind { k.split = true; return k }

// aboutTenant is for an alert about the tenant as a whole.
func (k scriptedKind) aboutTenant() scriptedKind { k.whole = true; return k }

// keptForGood is for an alert that is not sent again each day.
func (k scriptedKind) keptForGood() scriptedKind { k.always = true; return k }

// stateKinds are the alerts about what lasts until somebody changes it. Names,
// labels, intervals and fields are CIPP's. [A]
func stateKinds() []scriptedKind {
	return []scriptedKind{
		scriptedAlert("MFAAdmins", "Alert on admins without any form of MFA", day, 0.012, 3, mfaAdmin).perUser(),
		scriptedAlert("MFAAlertUsers", "Alert on users without any form of MFA", day, 0.04, 4, mfaUser),
		scriptedAlert("InactiveLicensedUsers", "Alert on licensed users that have not logged in for X days", day, 0.04, 4, inactiveUser),
		scriptedAlert("LicenseAssignmentErrors", "Alert on license assignment errors", day, 0.025, 2, assignmentError),
		scriptedAlert("QuotaUsed", "Alert on % mailbox quota used", day, 0.035, 2, quotaUsed),
		scriptedAlert("OneDriveQuota", "Alert on % OneDrive quota used", day, 0.02, 2, oneDriveQuota),
		scriptedAlert("SharePointQuota", "Alert on % SharePoint quota used", day, 0.01, 1, sharePointQuota).aboutTenant(),
		scriptedAlert("DeviceCompliance", "Alert on device compliance issues", 4*time.Hour, 0.03, 3, notCompliant),
		scriptedAlert("DefenderStatus", "Alert if Defender is not running (Tenant must be on-boarded in Lighthouse)", 4*time.Hour, 0.015, 2, defenderStatus),
		scriptedAlert("DefenderMalware", "Alert on Defender Malware found  (Tenant must be on-boarded in Lighthouse)", 4*time.Hour, 0.02, 2, malware),
		scriptedAlert("DefenderIncidents", "Alert on new Defender Incidents found", 4*time.Hour, 0.025, 1, defenderIncident),
		scriptedAlert("AppSecretExpiry", "Alert on expiring application secrets", day, 0.02, 2, appSecret),
		scriptedAlert("UnusedLicenses", "Alert on unused licenses", day, 0.03, 3, unusedLicense),
		scriptedAlert("ExpiringLicenses", "Alert on licenses expiring in X days", 7*day, 0.03, 2, expiringLicense),
		scriptedAlert("SecureScore", "Alert on a low Secure Score", day, 0.012, 1, secureScore).aboutTenant().keptForGood(),
		scriptedAlert("NoCAConfig", "Alert on tenants without a Conditional Access policy, while having Conditional Access licensing available.", day, 0.006, 1, noPolicy).aboutTenant(),
		scriptedAlert("StaleEntraDevices", "Alert on stale Entra devices that have not been active for X days", day, 0.03, 5, staleDevice),
		scriptedAlert("GlobalAdminAllowList", "Alert on Global Admins outside approved list", 4*time.Hour, 0.008, 1, strangeAdmin),
		scriptedAlert("RestrictedUsers", "Alert on users restricted from sending email", 30*time.Minute, 0.008, 1, restricted),
		scriptedAlert("InactiveSharePointSites", "Alert on SharePoint sites that have not been active for X days", 7*day, 0.03, 4, inactiveSite),
		scriptedAlert("SoftDeletedMailboxes", "Alert on soft deleted mailboxes", day, 0.02, 2, softDeleted),
		scriptedAlert("QuarantineReleaseRequests", "Alert on quarantine release requests", time.Hour, 0.05, 2, quarantined),
	}
}

// eventKinds are the alerts about what happened: told once, and not again. [A]
func eventKinds() []scriptedKind {
	return []scriptedKind{
		scriptedAlert("NewRiskyUsers", "Alert on new risky users (P2 License Required)", 30*time.Minute, 0.04, 2, riskyUser),
		scriptedAlert("NewMFADevice", "Alert when users register new MFA devices", time.Hour, 0.06, 2, newMFA),
		scriptedAlert("MXRecordChanged", "Alert on MX record changes", day, 0.006, 1, mxChanged),
		scriptedAlert("GroupMembershipChange", "Alert on group membership changes for monitored groups", time.Hour, 0.03, 2, groupChange),
		scriptedAlert("CheckExtension", "Alert on new Check phishing extension detections", 30*time.Minute, 0.02, 1, phishingPage),
	}
}

// fixed is a finding whose row is the same in each run.
func fixed(word, user, name string, row obj) finding {
	return finding{word: word, user: user, name: name, row: func(time.Time) obj { return row }}
}

// since counts whole days.
func days(from, at time.Time) int { return int(at.Sub(from) / day) }

func mfaAdmin(r *rand.Rand, t *tenant, _ time.Time) finding {
	name, upn := t.person()
	return fixed(upn, upn, name, obj{{"Message", "Admin user " + name + " (" + upn + ") does not have MFA registered."},
		{"UserPrincipalName", upn}, {"DisplayName", name}, {"Id", guid(r)}, {"Tenant", t.Domain}})
}

func mfaUser(_ *rand.Rand, t *tenant, _ time.Time) finding {
	name, upn := t.person()
	return fixed(upn, upn, name, obj{{"UserPrincipalName", upn}, {"DisplayName", name}})
}

func inactiveUser(r *rand.Rand, t *tenant, since time.Time) finding {
	name, upn := t.person()
	id, last := guid(r), since.AddDate(0, 0, -90)
	return finding{word: upn, user: upn, name: name, row: func(at time.Time) obj {
		return obj{{"UserPrincipalName", upn}, {"Id", id}, {"lastSignIn", stamp(last)}, {"DaysSinceLastSignIn", days(last, at)},
			{"AccountEnabled", true}, {"LicenseNames", "Microsoft 365 Business Premium"},
			{"Message", fmt.Sprintf("User %s has been inactive for %d days. Last sign-in: %s", upn, days(last, at), stamp(last))}, {"Tenant", t.Domain}}
	}}
}

func assignmentError(r *rand.Rand, t *tenant, _ time.Time) finding {
	name, upn := t.person()
	return fixed(upn, upn, name, obj{{"Message", upn + ": Not enough licenses available for Microsoft 365 E3"}, {"UserPrincipalName", upn},
		{"Error", "CountViolation"}, {"LicenseName", "Microsoft 365 E3"}, {"SkuId", "05e9a617-0261-4cee-bb44-138d3ef5d965"},
		{"DisplayName", name}, {"Id", guid(r)}, {"Tenant", t.Domain}})
}

func quotaUsed(r *rand.Rand, t *tenant, since time.Time) finding {
	name, upn := t.person()
	const most = 50 << 30
	start := 0.90 + r.Float64()/50
	return finding{word: upn, user: upn, name: name, row: func(at time.Time) obj {
		part := min(start+at.Sub(since).Hours()/3000, 0.999)
		return obj{{"Message", fmt.Sprintf("%s: Mailbox is more than 90%% full. Mailbox is %.2f%% full", upn, part*100)}, {"Owner", upn},
			{"RecipientType", "UserMailbox"}, {"UsagePercent", int(part*10000) / 100}, {"StorageUsedInBytes", int64(part * most)},
			{"ProhibitSendReceiveQuotaInBytes", int64(most)}, {"Tenant", t.Domain}}
	}}
}

func oneDriveQuota(r *rand.Rand, t *tenant, since time.Time) finding {
	name, upn := t.person()
	const most = 1 << 40
	start := 0.91 + r.Float64()/50
	return finding{word: upn, user: upn, name: name, row: func(at time.Time) obj {
		part := min(start+at.Sub(since).Hours()/4000, 0.999)
		return obj{{"Message", fmt.Sprintf("%s: OneDrive is %.2f%% full", upn, part*100)}, {"Owner", upn}, {"UsagePercent", int(part * 100)},
			{"GBLeft", int((1 - part) * 1024)}, {"StorageUsedInBytes", int64(part * most)}, {"StorageAllocatedInBytes", int64(most)}, {"Tenant", t.Domain}}
	}}
}

// mark is what the comment of a rule shows of a tenant.
func mark(name string, t *tenant) string { return "RB-" + name + "-" + t.label }

func sharePointQuota(r *rand.Rand, t *tenant, since time.Time) finding {
	start := 0.92 + r.Float64()/50
	return finding{word: mark("SharePointQuota", t), row: func(at time.Time) obj {
		part := min(start+at.Sub(since).Hours()/5000, 0.999)
		return obj{{"UsedStoragePercentage", int(part * 100)}, {"StorageUsed", int(part * 2048)}, {"StorageQuota", 2048}, {"AlertQuotaThreshold", 90}, {"Tenant", t.Domain}}
	}}
}

func secureScore(r *rand.Rand, t *tenant, since time.Time) finding {
	start := 30 + r.Float64()*15
	return finding{word: mark("SecureScore", t), row: func(at time.Time) obj {
		score := start + float64(days(since, at)%4)/2
		return obj{{"Message", fmt.Sprintf("Secure Score is below the threshold: %.1f%%", score)}, {"Tenant", t.Domain}, {"CurrentScore", score * 2.8},
			{"MaxSecureScore", 280}, {"CurrentScorePercentage", score}, {"ScoreThresholdPercentage", 50}}
	}}
}

func noPolicy(_ *rand.Rand, t *tenant, _ time.Time) finding {
	return fixed(mark("NoCAConfig", t), "", "", obj{{"Message", "Conditional Access is available, but no policies could be found."}, {"Tenant", t.Domain}})
}
