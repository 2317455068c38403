package cipp

import (
	"net/url"
	"strings"

	"github.com/halert/halert/internal/alert"
)

// portal is a page of Microsoft's portals, opened for one customer.
type portal int

// The portals. The hosts and the way they take a tenant are [A]; the paths
// behind them are [C], and a portal that does not know one opens its home page.
const (
	entraUsers portal = iota + 1
	entraAuthMethods
	entraAccessPolicies
	entraRoles
	entraGroups
	entraApps
	entraEnterpriseApps
	entraRiskyUsers
	entraDevices
	entraHome
	exchangeMailboxes
	exchangeHome
	intuneHome
	defenderIncidents
	defenderAlertsPage
	defenderQuarantine
	defenderSubmissions
	defenderRestricted
	defenderWeaknesses
	defenderScore
	sharePointAdmin
	teamsAdmin
	m365Admin
	azureHome
)

var entraViews = map[portal]struct{ text, view string }{
	entraUsers:          {"Entra: users", "Microsoft_AAD_UsersAndTenants/UserManagementMenuBlade/~/AllUsers"},
	entraAuthMethods:    {"Entra: authentication methods", "Microsoft_AAD_IAM/AuthenticationMethodsMenuBlade/~/AdminAuthMethods"},
	entraAccessPolicies: {"Entra: Conditional Access", "Microsoft_AAD_ConditionalAccess/ConditionalAccessBlade/~/Policies"},
	entraRoles:          {"Entra: roles", "Microsoft_AAD_IAM/RolesManagementMenuBlade/~/AllRoles"},
	entraGroups:         {"Entra: groups", "Microsoft_AAD_IAM/GroupsManagementMenuBlade/~/AllGroups"},
	entraApps:           {"Entra: app registrations", "Microsoft_AAD_RegisteredApps/ApplicationsListBlade"},
	entraEnterpriseApps: {"Entra: enterprise applications", "Microsoft_AAD_IAM/StartboardApplicationsMenuBlade/~/AppAppsPreview"},
	entraRiskyUsers:     {"Entra: risky users", "Microsoft_AAD_IAM/SecurityMenuBlade/~/RiskyUsers"},
	entraDevices:        {"Entra: devices", "Microsoft_AAD_Devices/DevicesMenuBlade/~/Devices"},
}

var defenderPaths = map[portal]struct{ text, path string }{
	defenderIncidents:   {"Defender: incidents", "incidents"},
	defenderAlertsPage:  {"Defender: alerts", "alerts"},
	defenderQuarantine:  {"Defender: quarantine", "quarantine"},
	defenderSubmissions: {"Defender: submissions", "reportsubmission"},
	defenderRestricted:  {"Defender: restricted entities", "restrictedentities"},
	defenderWeaknesses:  {"Defender: vulnerabilities", "vulnerabilities"},
	defenderScore:       {"Defender: Secure Score", "securescore"},
}

// link returns the address of a portal for a tenant, or no text where what is
// known of the tenant is not enough for it.
func (p portal) link(t alert.Tenant) (text, address string) {
	id, domain := "", ""
	if isGUID(t.ID) {
		id = url.QueryEscape(t.ID)
	}
	if domainShape.MatchString(t.Domain) {
		domain = url.QueryEscape(t.Domain)
	}
	either := domain
	if id != "" {
		either = id
	}
	if v, ok := entraViews[p]; ok && either != "" {
		return v.text, "https://entra.microsoft.com/" + either + "/#view/" + v.view
	}
	if d, ok := defenderPaths[p]; ok && id != "" {
		return d.text, "https://security.microsoft.com/" + d.path + "?tid=" + id
	}
	switch {
	case p == entraHome && either != "":
		return "Entra", "https://entra.microsoft.com/" + either
	case p == intuneHome && either != "":
		return "Intune", "https://intune.microsoft.com/" + either + "/#home"
	case p == azureHome && either != "":
		return "Azure", "https://portal.azure.com/" + either
	case p == exchangeMailboxes && domain != "":
		return "Exchange: mailboxes", "https://admin.exchange.microsoft.com/?delegatedOrg=" + domain + "#/mailboxes"
	case p == exchangeHome && domain != "":
		return "Exchange admin center", "https://admin.exchange.microsoft.com/?landingpage=homepage&delegatedOrg=" + domain
	case p == teamsAdmin && domain != "":
		return "Teams admin center", "https://admin.teams.microsoft.com/?delegatedOrg=" + domain
	case p == m365Admin && id != "":
		return "Microsoft 365 admin center", "https://admin.microsoft.com/Partner/BeginClientSession.aspx?CTID=" + id + "&CSDEST=o365admincenter"
	case p == sharePointAdmin && id != "":
		return "SharePoint admin center", "https://admin.microsoft.com/Partner/BeginClientSession.aspx?CTID=" + id + "&CSDEST=SharePoint"
	}
	return "", ""
}

// links are the places to look for an alert of this kind, for one tenant.
func links(s *spec, t alert.Tenant, base string) []alert.Link {
	var out []alert.Link
	if s == nil || t.IsZero() {
		return nil
	}
	for _, p := range s.Portals {
		if text, address := p.link(t); text != "" {
			out = addLink(out, text, address)
		}
	}
	return addPage(out, base, s.Page, t)
}

// addPage adds CIPP's own page, for the tenant where it is known by its domain.
func addPage(out []alert.Link, base, page string, t alert.Tenant) []alert.Link {
	if base == "" || page == "" {
		return out
	}
	address := base + page
	if name := t.String(); name != "" && !strings.ContainsAny(name, " \t\n") {
		address += "?tenantFilter=" + url.QueryEscape(name)
	}
	return addLink(out, "CIPP", address)
}

// CIPP's pages. [A]
const (
	pageUsers        = "/identity/administration/users"
	pageGuests       = "/identity/administration/guest-users"
	pageGroups       = "/identity/administration/groups"
	pageRoles        = "/identity/administration/roles"
	pageRiskyUsers   = "/identity/administration/risky-users"
	pageEntraDevices = "/identity/administration/devices"
	pageMFA          = "/identity/reports/mfa-report"
	pageInactive     = "/identity/reports/inactive-users-report"
	pageSync         = "/identity/reports/azure-ad-connect-report"
	pageApps         = "/tenant/administration/applications/enterprise-apps"
	pageAppRegs      = "/tenant/administration/applications/app-registrations"
	pageConsent      = "/tenant/administration/app-consent-requests"
	pageScore        = "/tenant/administration/securescore"
	pageDomains      = "/tenant/administration/domains"
	pageAudit        = "/tenant/administration/audit-logs"
	pageAlerts       = "/security/incidents/list-alerts"
	pageIncidents    = "/security/incidents/list-incidents"
	pageCheck        = "/security/incidents/list-check-alerts"
	pageWeaknesses   = "/security/defender/list-defender-tvm"
	pageDefender     = "/security/defender/list-defender"
	pageCompliance   = "/security/reports/list-device-compliance"
	pageLogbook      = "/cipp/logs"
)
