package cipp

import "github.com/halert/halert/internal/alert"

// applicationAlerts are about apps, their secrets and their rights.
var applicationAlerts = []spec{
	{
		Name: "NewAppApproval", Title: "Apps waiting for approval", Severity: alert.Warning,
		What:    "Users ask an administrator to approve an app.",
		Means:   "The user cannot work with the app until then; an app that is approved too lightly can read the customer's data.",
		Do:      "Check publisher and permissions of the app, ask the customer, and approve or deny the request.",
		Keys:    []string{"RequestId"},
		Columns: []string{"AppName", "RequestUser", "Reason", "RequestDate", "Scopes"},
		Portals: []portal{entraEnterpriseApps}, Page: pageConsent, User: "RequestUser",
	},
	{
		Name: "AppSecretExpiry", Title: "App secrets about to expire", Severity: alert.Warning,
		What:    "Client secrets of app registrations reach the end of their life.",
		Means:   "What uses the secret stops working on that day.",
		Do:      "Find who runs the app, create a new secret, put it into the app, and delete the old one.",
		Keys:    []string{"AppId", "SecretID"},
		Columns: []string{"AppName", "SecretName", "Expires", "AppId"},
		Portals: []portal{entraApps}, Page: pageAppRegs, NoUser: true,
	},
	{
		Name: "AppCertificateExpiry", Title: "App certificates about to expire", Severity: alert.Warning,
		What:    "Certificates of apps reach the end of their life.",
		Means:   "Single sign-on, or what else uses the certificate, stops working on that day.",
		Do:      "Renew the certificate in the app's settings, and give the new one to the other side before it becomes active.",
		Keys:    []string{"AppId", "Type", "ServicePrincipalId", "Expires"},
		Columns: []string{"DisplayName", "Type", "Expires", "AppId"},
		Portals: []portal{entraEnterpriseApps, entraApps}, Page: pageApps, NoUser: true,
	},
	{
		Name: "LongLivedAppCredentials", Title: "App credentials that live too long", Severity: alert.Info,
		What:    "Apps have secrets or certificates that stay valid longer than allowed.",
		Means:   "If such a credential leaks, it works for years.",
		Do:      "Replace it with one that lives shorter, or with a managed identity or federation.",
		Keys:    []string{"AppId", "KeyId"},
		Columns: []string{"AppDisplayName", "CredentialType", "CredentialName", "EndDateTime", "ValidityMonths"},
		Portals: []portal{entraApps}, Page: pageAppRegs, NoUser: true,
	},
	{
		Name: "HuntressRogueApps", Title: "Rogue apps", Severity: alert.Error,
		What:    "An app is in the tenant that attackers are known to use.",
		Means:   "Such apps read mailboxes and files, and survive a new password.",
		Do:      "Disable the enterprise application, look who consented and what it did, and treat those accounts as compromised.",
		Keys:    []string{"App Id"},
		Columns: []string{"App Name", "App Id", "Enabled", "Created", "Description"},
		Portals: []portal{entraEnterpriseApps}, Page: pageApps, NoUser: true,
	},
	{
		Name: "NewShadowAITool", Title: "New AI tools in use", Severity: alert.Info,
		What:    "AI tools were found that had not been seen in the tenant before.",
		Means:   "Data of the customer may go to a service that nobody has checked.",
		Do:      "Ask the customer whether the tool is allowed; if not, block the app and remove it from the devices.",
		Keys:    []string{"AI Tool"},
		Columns: []string{"AI Tool", "Vendor", "Category", "Risk", "Status", "Detected Via"},
		Portals: []portal{entraEnterpriseApps, intuneHome}, Page: pageApps, NoUser: true, OneShot: true,
	},
}
