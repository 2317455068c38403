package cipp

import (
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/halert/halert/internal/alert"
	"github.com/halert/halert/internal/source/jsontree"
)

// scriptedNames are the 61 alerts of CIPP's page, and NewRole, which is no
// longer offered there but still runs.
const scriptedNames = `
MFAAlertUsers MFAAdmins NewMFADevice LicenseAssignmentErrors SmtpAuthSuccess NoCAConfig AdminPassword
InactiveLicensedUsers InactiveGuestUsers InactiveUsers InactiveSharePointSites InactiveTeamsSites
EntraConnectSyncStatus QuotaUsed SharePointQuota OneDriveQuota UnlicensedOneDriveData ExpiringLicenses
NewAppApproval SecDefaultsUpsell SecDefaultsDisabled DefenderStatus DefenderMalware DefenderIncidents
DefenderAlerts Vulnerabilities UnusedLicenses OverusedLicenses EntraLicenseUtilization AppSecretExpiry
AppleTerms AppCertificateExpiry LongLivedAppCredentials ApnCertExpiry VppTokenExpiry DepTokenExpiry
IntuneApprovalRequests SoftDeletedMailboxes DeviceCompliance IntunePolicyConflicts BreachAlert
LicensedUsersWithRoles RoleEscalableGroups HuntressRogueApps TERRL LowDomainScore MXRecordChanged
GlobalAdminNoAltEmail GlobalAdminAllowList NewRiskyUsers GroupMembershipChange LowTenantAlignment
RestrictedUsers ReportOnlyCA QuarantineReleaseRequests StaleEntraDevices SecureScore TenantAccess
CheckExtension UserReportedPhishing NewShadowAITool NewRole`

var presetNames = []string{
	"New-InboxRule", "New-InboxRuleRSS", "New-InboxRuleForward", "New-InboxRuleRedirect",
	"Set-InboxRule", "Set-InboxRuleRSS", "Set-InboxRuleForward", "Set-InboxRuleRedirect",
	"Add member to role.", "Update StsRefreshTokenValidFrom Timestamp.", "Disable Strong Authentication.",
	"Remove Member from a role.", "Reset user password.", "UserLoggedInFromUnknownLocation",
	"Add service principal.", "Remove service principal.", "badRepIP", "HostedIP", "TAPCreated",
	"Set-MailboxForwardingExternal", "Add-RoleGroupMember",
}

func TestCatalogueIsComplete(t *testing.T) {
	t.Parallel()
	names := strings.Fields(scriptedNames)
	if len(names) != 62 || len(scripted) != len(names) {
		t.Errorf("the catalogue holds %d alerts, the list %d; want 62 each", len(scripted), len(names))
	}
	for _, name := range names {
		s := scripted[commandPrefix+strings.ToLower(name)]
		if s == nil {
			t.Errorf("no entry for %s", name)
			continue
		}
		checkSpec(t, s)
		if !s.Whole && len(s.Keys) == 0 && name != "NewRole" {
			t.Errorf("%s: neither natural keys nor the whole tenant as its subject", name)
		}
	}
	if len(presets) != len(presetNames) {
		t.Errorf("the catalogue holds %d presets, want %d", len(presets), len(presetNames))
	}
	for _, name := range presetNames {
		found := false
		for i := range presets {
			if presets[i].Name == name {
				found = true
				checkSpec(t, &presets[i].spec)
			}
		}
		if !found {
			t.Errorf("no entry for the preset %q", name)
		}
	}
}

// volatile are words that would tie a text to one tenant or one run.
var volatile = regexp.MustCompile(`(?i)\btenant (?:id|name)\b|%|contoso|fabrikam|\{|\}|\b\d+\b`)

func checkSpec(t *testing.T, s *spec) {
	t.Helper()
	if s.Severity < alert.Info || s.Severity > alert.Critical {
		t.Errorf("%s: severity %d", s.Name, s.Severity)
	}
	if n := utf8.RuneCountInString(s.Title); n < 5 || n > 60 || strings.HasSuffix(s.Title, ".") {
		t.Errorf("%s: title %q has %d runes or ends with a full stop", s.Name, s.Title, n)
	}
	if volatile.MatchString(s.Title) {
		t.Errorf("%s: title %q is not for every tenant and run", s.Name, s.Title)
	}
	for _, text := range []string{s.What, s.Means, s.Do} {
		if len(text) < 20 || len(text) > 240 || !strings.HasSuffix(text, ".") || volatile.MatchString(strings.ReplaceAll(text, "Microsoft 365", "")) {
			t.Errorf("%s: %q is not one plain sentence for every tenant and run", s.Name, text)
		}
	}
	if len(s.Portals) == 0 {
		t.Errorf("%s: no portal", s.Name)
	}
	tenant := alert.NewTenant("c4e1f0aa-6b1d-4f7e-9a35-1d2b7f60e801", "wingtip.onmicrosoft.com")
	if got := links(s, tenant, "https://cipp.msp.example"); len(got) < len(s.Portals) {
		t.Errorf("%s: %d links for %d portals", s.Name, len(got), len(s.Portals))
	}
}

// TestPresetsAreFound gives each preset a record that only it describes.
func TestPresetsAreFound(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		`{"Operation":"New-InboxRule"}`:                                          "New-InboxRule",
		`{"operation":"new-inboxrule","MoveToFolder":"RSS Feeds"}`:               "New-InboxRuleRSS",
		`{"Operation":"New-InboxRule","ForwardTo":"a@litware.example"}`:          "New-InboxRuleForward",
		`{"Operation":"New-InboxRule","RedirectTo":["a@litware.example"]}`:       "New-InboxRuleRedirect",
		`{"Operation":"Set-InboxRule","MoveToFolder":"Archive"}`:                 "Set-InboxRule",
		`{"Operation":"Set-InboxRule","MoveToFolder":"\\RSS-feeds"}`:             "Set-InboxRuleRSS",
		`{"Operation":"Set-InboxRule","ForwardTo":"a@litware.example"}`:          "Set-InboxRuleForward",
		`{"Operation":"Set-InboxRule","RedirectTo":"a@litware.example"}`:         "Set-InboxRuleRedirect",
		`{"Operation":"Add member to role"}`:                                     "Add member to role.",
		`{"Operation":"Update StsRefreshTokenValidFrom Timestamp."}`:             "Update StsRefreshTokenValidFrom Timestamp.",
		`{"Operation":"Disable Strong Authentication."}`:                         "Disable Strong Authentication.",
		`{"Operation":"Remove member from a role."}`:                             "Remove Member from a role.",
		`{"Operation":"Reset user password."}`:                                   "Reset user password.",
		`{"Operation":"UserLoggedIn","CIPPGeoLocation":"BR"}`:                    "UserLoggedInFromUnknownLocation",
		`{"Operation":"UserLoggedIn","CIPPBadRepIP":true}`:                       "badRepIP",
		`{"Operation":"UserLoggedIn","CIPPHostedIP":"True"}`:                     "HostedIP",
		`{"Operation":"Add service principal."}`:                                 "Add service principal.",
		`{"Operation":"Remove service principal."}`:                              "Remove service principal.",
		`{"Operation":"Update user.","SecuredAccessPassData":[{"PassId":"x"}]}`:  "TAPCreated",
		`{"Operation":"Set-Mailbox","ForwardingSmtpAddress":"smtp:a@l.example"}`: "Set-MailboxForwardingExternal",
		`{"Operation":"Add-RoleGroupMember"}`:                                    "Add-RoleGroupMember",
		// The record came from a hosting provider, but the rule asked for the place.
		`{"Operation":"UserLoggedIn","CIPPHostedIP":true,"CIPPClause":"CIPPGeoLocation NotIn NL"}`: "UserLoggedInFromUnknownLocation",
		`{"Operation":"Update user."}`: "",
		`{"Operation":"Set-Mailbox"}`:  "",
		`{}`:                           "",
	} {
		v, err := jsontree.Decode([]byte(raw))
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if p := presetFor(v); p != nil {
			got = p.Name
		}
		if got != want {
			t.Errorf("%s: preset %q, want %q", raw, got, want)
		}
	}
}

func TestRowSeverity(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]alert.Severity{
		`{"Severity":"high"}`:                      alert.Error,
		`{"severity":"Informational"}`:             alert.Info,
		`{"MalwareSeverity":"severe"}`:             alert.Error,
		`{"Details":{"Severity":"Critical"}}`:      alert.Critical,
		`{"Details":"{\"Severity\":\"Warning\"}"}`: alert.Warning,
		`{"Risk":"Medium"}`:                        alert.Warning,
		`{"CVSSScore":9.8}`:                        alert.Critical,
		`{"CVSSScore":"7"}`:                        alert.Error,
		`{"CVSSScore":5}`:                          alert.Warning,
		`{"CVSSScore":"2.1"}`:                      alert.Info,
		`{"Severity":"purple","CVSSScore":"n/a"}`:  0,
		`{}`: 0,
	} {
		v, err := jsontree.Decode([]byte(raw))
		if err != nil {
			t.Fatal(err)
		}
		if got := rowSeverity(v); got != want {
			t.Errorf("%s: %v, want %v", raw, got, want)
		}
	}
}

func TestOneShot(t *testing.T) {
	t.Parallel()
	for kind, want := range map[string]bool{
		"get-cippalertmxrecordchanged/alert on mx record changes": true,
		"get-cippalertmfaadmins/alert on admins":                  false,
		"get-cippalertsomethingnew/alert":                         false,
		"audit/new-inboxrule/adele@litware.example":               true,
		"logbook/alerts": true,
		"drift":          false,
	} {
		if got := OneShot(kind); got != want {
			t.Errorf("OneShot(%q) = %v, want %v", kind, got, want)
		}
	}
}

func TestPortalLinks(t *testing.T) {
	t.Parallel()
	s := &spec{Portals: []portal{
		entraUsers, entraHome, exchangeMailboxes, exchangeHome, intuneHome, defenderIncidents,
		sharePointAdmin, teamsAdmin, m365Admin, azureHome,
	}}
	const id = "c4e1f0aa-6b1d-4f7e-9a35-1d2b7f60e801"
	for _, tt := range []struct {
		name   string
		tenant alert.Tenant
		want   int
	}{
		{"both", alert.NewTenant(id, "wingtip.example"), 10},
		{"id only", alert.NewTenant(id, ""), 7},
		{"domain only", alert.NewTenant("", "wingtip.example"), 7},
		{"a name is no address", alert.NewTenant("", `Wing "tip" & co/../x`), 0},
		{"nobody", alert.Tenant{}, 0},
	} {
		got := links(s, tt.tenant, "")
		if len(got) != tt.want {
			t.Errorf("%s: %d links, want %d: %v", tt.name, len(got), tt.want, got)
		}
		for _, l := range got {
			if !strings.HasPrefix(l.URL, "https://") || !strings.Contains(l.URL, "microsoft.com") && !strings.Contains(l.URL, "azure.com") {
				t.Errorf("%s: odd address %q", tt.name, l.URL)
			}
			if !strings.Contains(l.URL, id) && !strings.Contains(l.URL, "wingtip.example") {
				t.Errorf("%s: %q opens nobody's tenant", tt.name, l.URL)
			}
		}
	}
	page := addPage(nil, "https://cipp.msp.example", "/cipp/logs", alert.NewTenant("", "a&b=c.example"))
	if len(page) != 1 || page[0].URL != "https://cipp.msp.example/cipp/logs?tenantFilter=a%26b%3Dc.example" {
		t.Errorf("the tenant is not escaped: %v", page)
	}
}

func TestPageBase(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"https://cipp.msp.example/":    "https://cipp.msp.example",
		" http://127.0.0.1:8080/cipp/": "http://127.0.0.1:8080/cipp",
		"cipp.msp.example":             "",
		"javascript:alert(1)":          "",
		"https://user:pw@cipp.example": "",
		"":                             "",
	} {
		if got := pageBase(in); got != want {
			t.Errorf("pageBase(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestMask(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"Inactive for 131 days (since 2026-05-06T08:00:00Z).": "inactive for # days (since #",
		"PC-01 used 93.5% of 50GB":                            "pc-01 used # of #",
		"Sign-in from 203.0.113.9 at 07:31":                   "sign-in from 203.0.113.9 at #",
		"CVE-2026-1 and KB500123":                             "cve-2026-1 and kb500123",
		"":                                                    "",
	} {
		if got := mask(in); got != want {
			t.Errorf("mask(%q) = %q, want %q", in, got, want)
		}
	}
}
