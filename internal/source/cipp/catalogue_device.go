package cipp

import "github.com/halert/halert/internal/alert"

// deviceAlerts are about devices and their management.
var deviceAlerts = []spec{
	{
		Name: "AppleTerms", Title: "Apple terms to accept", Severity: alert.Warning,
		What:    "Apple Business Manager asks for new terms to be accepted.",
		Means:   "New Apple devices do not enrol until somebody accepts them.",
		Do:      "Sign in to business.apple.com as an administrator and accept the terms.",
		Keys:    []string{"AppleIdentifier", "TokenName"},
		Columns: []string{"TokenName", "AppleIdentifier", "TokenExpirationDateTime"},
		Portals: []portal{intuneHome}, NoUser: true,
	},
	{
		Name: "ApnCertExpiry", Title: "Apple push certificate about to expire", Severity: alert.Error,
		What:    "The Apple MDM push certificate reaches the end of its life.",
		Means:   "Once it lapses, Intune reaches no Apple device any more, and all have to be enrolled again.",
		Do:      "Renew it (do not make a new one) at identity.apple.com with the same Apple account, and upload it to Intune.",
		Keys:    []string{"appleIdentifier"},
		Columns: []string{"appleIdentifier", "expirationDateTime"},
		Portals: []portal{intuneHome}, NoUser: true,
	},
	{
		Name: "VppTokenExpiry", Title: "Apple app token about to expire", Severity: alert.Warning,
		What:    "The token for apps from Apple Business Manager reaches the end of its life.",
		Means:   "Apps and licences for Apple devices are no longer kept in step.",
		Do:      "Download a new content token from Apple Business Manager and upload it to Intune.",
		Keys:    []string{"organizationName", "appleId"},
		Columns: []string{"organizationName", "appleId", "vppTokenAccountType"},
		Portals: []portal{intuneHome}, NoUser: true,
	},
	{
		Name: "DepTokenExpiry", Title: "Apple enrolment token about to expire", Severity: alert.Warning,
		What:    "The automated device enrolment token of Apple reaches the end of its life.",
		Means:   "New Apple devices do not enrol by themselves any more.",
		Do:      "Download a new server token from Apple Business Manager and upload it to Intune.",
		Keys:    []string{"tokenName"},
		Columns: []string{"tokenName"},
		Portals: []portal{intuneHome}, NoUser: true,
	},
	{
		Name: "IntuneApprovalRequests", Title: "Intune changes waiting for approval", Severity: alert.Info,
		What:    "Changes in Intune wait for a second administrator.",
		Means:   "The change does not take effect, and its request lapses.",
		Do:      "Check with the requester what the change is for, and approve or reject it in Intune.",
		Keys:    []string{"id"},
		Columns: []string{"operation", "target", "requestJustification", "requestDateTime", "expirationDateTime"},
		Portals: []portal{intuneHome}, NoUser: true,
	},
	{
		Name: "DeviceCompliance", Title: "Devices not compliant", Severity: alert.Warning,
		What:    "Managed devices do not meet the compliance policies.",
		Means:   "They may be without encryption, updates or protection, and may lose access by Conditional Access.",
		Do:      "Open the device in Intune, see which setting fails, and repair it with the user.",
		Keys:    []string{"id"},
		Columns: []string{"deviceName", "complianceState", "managedDeviceOwnerType", "lastSyncDateTime"},
		Portals: []portal{intuneHome}, Page: pageCompliance,
	},
	{
		Name: "IntunePolicyConflicts", Title: "Intune policy and app errors", Severity: alert.Warning,
		What:    "Policies or apps of Intune conflict or fail on devices.",
		Means:   "Devices do not have the settings or programs that they should have.",
		Do:      "Find the two policies that set the same thing, or the app's install error, in Intune's reports, and correct the assignment.",
		Keys:    []string{"Type", "PolicyType", "PolicyName", "AppName", "DeviceId", "DeviceName", "UserPrincipalName"},
		Columns: []string{"Type", "PolicyName", "AppName", "DeviceName", "UserPrincipalName", "IssueStatus"},
		Portals: []portal{intuneHome}, Whole: true,
	},
	{
		Name: "StaleEntraDevices", Title: "Stale devices", Severity: alert.Info,
		What:    "Devices in Entra ID have not been active for a long time.",
		Means:   "Lost or retired devices keep their place and perhaps their access.",
		Do:      "Disable the device first, and delete it later; save its BitLocker key before.",
		Keys:    []string{"Id"},
		Columns: []string{"DeviceName", "operatingSystem", "lastActivity", "DaysSinceLastActivity", "JoinType", "Enabled"},
		Portals: []portal{entraDevices}, Page: pageEntraDevices, NoUser: true,
	},
}
