package cipp

import "github.com/halert/halert/internal/alert"

// defenderAlerts are about Microsoft Defender and what it finds.
var defenderAlerts = []spec{
	{
		Name: "DefenderStatus", Title: "Defender is not running", Severity: alert.Error,
		What:    "Defender Antivirus does not protect a device as it should.",
		Means:   "Malware on the device would not be stopped.",
		Do:      "Check on the device that no other virus scanner is in the way and that the Defender services and updates work; restart, then scan.",
		Keys:    []string{"ManagedDeviceName"},
		Columns: []string{"ManagedDeviceName", "RealTimeProtectionEnabled", "MalwareProtectionEnabled", "ManagedDeviceHealthState", "AttentionRequired"},
		Portals: []portal{intuneHome}, Page: pageDefender, NoUser: true,
	},
	{
		Name: "DefenderMalware", Title: "Malware found", Severity: alert.Error,
		What:    "Defender Antivirus found malware on a device.",
		Means:   "The device may be infected, and with it the accounts that are used on it.",
		Do:      "See whether the threat was removed; if not, isolate the device and run a full or offline scan.",
		Keys:    []string{"DeviceName", "MalwareName"},
		Columns: []string{"DeviceName", "MalwareName", "MalwareSeverity", "ThreatState", "InitialDetectionDateTime"},
		Portals: []portal{defenderIncidents, intuneHome}, Page: pageDefender, NoUser: true,
	},
	{
		Name: "DefenderIncidents", Most: 50, Title: "Defender incidents", Severity: alert.Error,
		What:    "Defender XDR opened an incident.",
		Means:   "Several signs together point to an attack.",
		Do:      "Open the incident, follow its attack story, contain the users and devices in it, and classify it.",
		Keys:    []string{"IncidentID"},
		Columns: []string{"IncidentName", "Severity", "IncidentID", "CreatedAt", "Summary"},
		Portals: []portal{defenderIncidents}, Page: pageIncidents, NoUser: true,
	},
	{
		Name: "DefenderAlerts", Most: 50, Title: "Defender alerts", Severity: alert.Warning,
		What:    "A Defender product raised an alert.",
		Means:   "It saw something that may be an attack.",
		Do:      "Read the alert and its recommended actions, carry them out, and classify it as true or false.",
		Keys:    []string{"AlertID"},
		Columns: []string{"Title", "Severity", "Category", "ServiceSource", "CreatedAt", "Description"},
		Portals: []portal{defenderAlertsPage}, Page: pageAlerts, NoUser: true,
	},
	{
		Name: "Vulnerabilities", Partial: true, Title: "Software vulnerabilities", Severity: alert.Warning,
		What:    "Programs with known vulnerabilities are installed on devices.",
		Means:   "Attackers use such holes to get into a device; those with an exploit come first.",
		Do:      "Install the recommended update on the devices named, or remove the program.",
		Keys:    []string{"CVE", "SoftwareVendor", "SoftwareName"},
		Columns: []string{"CVE", "Severity", "CVSSScore", "SoftwareName", "SoftwareVersion", "AffectedDeviceCount", "ExploitabilityLevel", "RecommendedUpdate"},
		Portals: []portal{defenderWeaknesses}, Page: pageWeaknesses, NoUser: true,
	},
	{
		Name: "SecureScore", Title: "Low Secure Score", Severity: alert.Warning,
		What:    "The Microsoft Secure Score of the tenant is low, or has dropped.",
		Means:   "Security settings are missing or have been switched off.",
		Do:      "Compare the improvement actions with those of last time, and restore or carry out what is missing.",
		Columns: []string{"CurrentScore", "MaxScore", "CurrentScorePercentage", "PreviousScore", "DropPercentage"},
		Portals: []portal{defenderScore}, Page: pageScore, NoUser: true, Whole: true,
	},
}
