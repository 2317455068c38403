package cipp

import "github.com/halert/halert/internal/alert"

// signInAlerts are about how users prove who they are, and about attacks on it.
var signInAlerts = []spec{
	{
		Name: "NewMFADevice", Title: "New MFA method registered", Severity: alert.Warning,
		What:    "A user registered or changed a method for signing in.",
		Means:   "Attackers add a method of their own so that a new password does not lock them out.",
		Do:      "Ask the user by telephone; if it was not the user, remove the method, revoke the sessions and reset the password.",
		Keys:    []string{"User", "Activity", "ActivityTime"},
		Columns: []string{"User", "Activity", "ActivityTime", "IpAddress", "CountryOrRegion", "City"},
		Portals: []portal{entraAuthMethods, entraUsers}, Page: pageUsers, User: "User", OneShot: true,
	},
	{
		Name: "SmtpAuthSuccess", Title: "Sign-ins with SMTP AUTH", Severity: alert.Info,
		What:    "Accounts still send mail with SMTP AUTH and a password.",
		Means:   "Basic authentication knows no MFA, and it stops working when Microsoft switches it off.",
		Do:      "Move the device or program to modern authentication, a connector or High Volume Email, then disable SMTP AUTH for the mailbox.",
		Keys:    []string{"userPrincipalName", "ipAddress"},
		Columns: []string{"userPrincipalName", "createdDateTime", "clientAppUsed", "ipAddress"},
		Portals: []portal{entraUsers, exchangeMailboxes}, Page: pageUsers, OneShot: true,
	},
	{
		Name: "NoCAConfig", Title: "No Conditional Access policy", Severity: alert.Warning,
		What:    "The tenant is licensed for Conditional Access but has no policy.",
		Means:   "Sign-ins are not checked for MFA, place or device, although it is paid for.",
		Do:      "Deploy the baseline policies: MFA for all users, phishing-resistant MFA for admins, and no legacy authentication.",
		Portals: []portal{entraAccessPolicies}, NoUser: true, Whole: true,
	},
	{
		Name: "SecDefaultsUpsell", Title: "Security Defaults will be switched on", Severity: alert.Warning,
		What:    "Microsoft is going to switch Security Defaults on by itself.",
		Means:   "All users are then asked for MFA and legacy sign-ins stop, perhaps before the customer is ready.",
		Do:      "Prepare the users before that day, or set up Conditional Access and switch Security Defaults off.",
		Columns: []string{"EnablementDate", "Action"},
		Portals: []portal{entraHome}, NoUser: true, Whole: true,
	},
	{
		Name: "SecDefaultsDisabled", Title: "No Security Defaults and no Conditional Access", Severity: alert.Error,
		What:    "Security Defaults are off, and no Conditional Access policy takes their place.",
		Means:   "Nothing in the tenant requires MFA.",
		Do:      "Switch Security Defaults on, or deploy Conditional Access policies where the licence allows it.",
		Portals: []portal{entraAccessPolicies}, NoUser: true, Whole: true,
	},
	{
		Name: "ReportOnlyCA", Title: "Conditional Access only reports", Severity: alert.Warning,
		What:    "Conditional Access policies are in report-only mode.",
		Means:   "They log what they would do, and protect nobody.",
		Do:      "Read the policies' effect in the sign-in log, then switch them on.",
		Columns: []string{"PolicyNames", "State"},
		Portals: []portal{entraAccessPolicies}, NoUser: true, Whole: true,
	},
	{
		Name: "NewRiskyUsers", Title: "Risky users", Severity: alert.Error,
		What:    "Entra ID Protection considers users to be at risk.",
		Means:   "The account has probably been taken over, or its password is known to others.",
		Do:      "Look at the risk detections; unless they can be explained, revoke the sessions, reset the password, and confirm or dismiss the risk.",
		Keys:    []string{"UserPrincipalName"},
		Columns: []string{"UserPrincipalName", "Details"},
		Portals: []portal{entraRiskyUsers}, Page: pageRiskyUsers, UserInMessage: true, OneShot: true,
	},
	{
		Name: "BreachAlert", Title: "Accounts in a data breach", Severity: alert.Error,
		What:    "Addresses of the customer stand in a published data breach, possibly with passwords.",
		Means:   "Passwords that are used again elsewhere can be tried out by anybody.",
		Do:      "Reset the password of the users named, make sure that MFA is required, and tell them not to use the old one anywhere.",
		Keys:    []string{"UserPrincipalName", "email", "clientDomain", "domain", "Name", "BreachName"},
		Columns: []string{"UserPrincipalName", "email", "clientDomain", "Name"},
		Portals: []portal{entraUsers}, Page: pageUsers, OneShot: true,
	},
	{
		Name: "CheckExtension", Title: "Phishing page visited", Severity: alert.Error,
		What:    "The Check browser extension found a phishing page that a user opened.",
		Means:   "The user may have typed a password into it.",
		Do:      "Ask the user what was entered; if in doubt, revoke the sessions, reset the password and look through the sign-in log.",
		Keys:    []string{"Type", "URL", "PotentialUserName"},
		Columns: []string{"PotentialUserName", "Type", "URL", "Reason", "Score"},
		Portals: []portal{entraUsers}, Page: pageCheck, User: "PotentialUserName", OneShot: true,
	},
}
