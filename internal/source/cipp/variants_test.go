package cipp_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/halert/halert/internal/alert"
)

const (
	tenantID     = "c4e1f0aa-6b1d-4f7e-9a35-1d2b7f60e801"
	tenantDomain = "wingtip.onmicrosoft.com"
)

// sameness is what the two schemas of one alert must agree on.
type sameness struct {
	Action      alert.Action
	Kind, Title string
	Fingerprint string
	Tenant      alert.Tenant
	User        alert.User
	Severity    alert.Severity
	Finding     string
}

func sames(msg alert.Message) []sameness {
	var out []sameness
	for _, e := range msg.Events {
		out = append(out, sameness{e.Action, e.Topic.Kind, e.Topic.Title, e.Fingerprint, e.Tenant, e.Finding.User, e.Severity, e.Finding.Title})
	}
	return out
}

// TestSchemasAgree compares every body that stands in both schemas.
func TestSchemasAgree(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob("testdata/bodies/*-legacy.json")
	if err != nil || len(paths) < 25 {
		t.Fatalf("%d bodies, %v", len(paths), err)
	}
	for _, path := range paths {
		name := strings.TrimSuffix(filepath.Base(path), "-legacy.json")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			legacy, standard := sames(parse(t, readBody(t, name+"-legacy"))), sames(parse(t, readBody(t, name+"-standardized")))
			if name == "audit-unknown" {
				// The legacy schema has no tenant in the title of such a record, only its id.
				standard[0].Tenant.Domain = ""
			}
			if diff := cmp.Diff(legacy, standard); diff != "" {
				t.Errorf("the schemas differ (-legacy +standardised):\n%s", diff)
			}
			if len(legacy) == 0 && !strings.HasPrefix(name, "test") {
				t.Error("no events")
			}
		})
	}
}

// scripted makes the legacy body of one scripted alert.
func scripted(t *testing.T, command, name string, results any) []byte {
	t.Helper()
	body, err := json.Marshal(map[string]any{
		"tenantId": tenantID, "Tenant": tenantDomain, "AlertComment": "", "Results": results,
		"TaskInfo": map[string]any{"Command": command, "Name": name, "Tenant": "AllTenants", "ExecutedTime": "1789371060"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return body
}

type row = map[string]any

// TestFingerprintIsStable sends a finding again, a day later: what moves has
// moved, and it is still the same finding.
func TestFingerprintIsStable(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		command     string
		today, next any
	}{
		{"InactiveUsers", row{"UserPrincipalName": "Noor@wingtip.example", "DaysSinceLastSignIn": 90, "Message": "inactive for 90 days"},
			row{"UserPrincipalName": "noor@wingtip.example", "DaysSinceLastSignIn": "91", "Message": "inactive for 91 days"}},
		{"QuotaUsed", row{"Owner": "ravi@wingtip.example", "UsagePercent": 91.5, "Message": "91.5% used"}, row{"Owner": "ravi@wingtip.example", "UsagePercent": 92, "Message": "92% used"}},
		{"SecureScore", row{"Message": "Score is 40%", "CurrentScore": 40}, row{"Message": "Score is 39.5%", "CurrentScore": 39.5}},
		{"SharePointQuota", row{"UsedStoragePercentage": 91, "StorageUsed": 100}, row{"UsedStoragePercentage": 92, "StorageUsed": 101}},
		{"DeviceCompliance", row{"id": "D-1", "deviceName": "PC-01", "lastSyncDateTime": "2026-09-14T07:00:00Z"}, row{"id": "d-1", "deviceName": "PC-01", "lastSyncDateTime": "2026-09-15T07:00:00Z"}},
		{"Vulnerabilities", row{"CVE": "CVE-2026-1", "SoftwareName": "paint", "DaysOld": 1, "AffectedDeviceCount": 3}, row{"CVE": "CVE-2026-1", "SoftwareName": "paint", "DaysOld": 2, "AffectedDeviceCount": 5}},
		{"ExpiringLicenses", row{"SkuId": "s1", "DaysUntilRenew": 30, "Message": "in 30 days"}, row{"SkuId": "s1", "DaysUntilRenew": 29, "Message": "in 29 days"}},
		{"NewRiskyUsers", row{"Message": "User noor@wingtip.example: medium risk at 07:10"}, row{"Message": "User noor@wingtip.example: high risk at 09:10"}},
		{"DefenderMalware", row{"DeviceName": "PC-01", "MalwareName": "Eicar", "DetectionCount": 1}, row{"DeviceName": "PC-01", "MalwareName": "Eicar", "DetectionCount": 4}},
		{"TERRL", row{"UsagePercentage": 81, "Message": "81% used"}, row{"UsagePercentage": 84, "Message": "84% used"}},
		{"NotKnownYet", row{"Thing": "Press 5000x", "DaysLeft": 4, "LastSeen": "2026-09-14", "Message": "Press has 4 days left"}, row{"Message": "Press has 3 days left", "LastSeen": "2026-09-15", "DaysLeft": 3, "Thing": "Press 5000x"}},
		{"NotKnownYet", "Disk at 91% since 07:00", "Disk at 93% since 08:00"},
	} {
		t.Run(tt.command, func(t *testing.T) {
			t.Parallel()
			a := parse(t, scripted(t, "Get-CIPPAlert"+tt.command, "*All Tenants: Alert", []any{tt.today})).Events
			b := parse(t, scripted(t, "Get-CIPPAlert"+tt.command, "*All Tenants: Alert", []any{tt.next})).Events
			if len(a) != 1 || len(b) != 1 {
				t.Fatalf("%d and %d events, want 1 each", len(a), len(b))
			}
			if a[0].Fingerprint != b[0].Fingerprint || a[0].Topic.Kind != b[0].Topic.Kind {
				t.Errorf("%q became %q", a[0].Fingerprint, b[0].Fingerprint)
			}
		})
	}
}

// TestFindingsDoNotCollide sends different findings in one body.
func TestFindingsDoNotCollide(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		command string
		rows    []any
		want    int
	}{
		{"two licences of one user", "LicenseAssignmentErrors", []any{row{"UserPrincipalName": "a@w.example", "SkuId": "1"}, row{"UserPrincipalName": "a@w.example", "SkuId": "2"}}, 2},
		{"two devices", "StaleEntraDevices", []any{row{"Id": "1", "DeviceName": "PC"}, row{"Id": "2", "DeviceName": "PC"}}, 2},
		{"texts that differ in a number", "NotKnownYet", []any{"Port 1 is down", "Port 2 is down"}, 2},
		{"names with numbers", "NotKnownYet", []any{row{"Printer": "P 1"}, row{"Printer": "P 2"}}, 2},
		{"two secrets of one app", "AppSecretExpiry", []any{row{"AppId": "a", "SecretID": "1"}, row{"AppId": "a", "SecretID": "2"}}, 2},
		{"the same text twice", "NotKnownYet", []any{"Port 1 is down", "Port 1 is down"}, 1},
		{"two rows of one user", "SmtpAuthSuccess", []any{row{"userPrincipalName": "a@w.example", "ipAddress": "203.0.113.1", "createdDateTime": "1"}, row{"userPrincipalName": "a@w.example", "ipAddress": "203.0.113.1", "createdDateTime": "2"}}, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			events := parse(t, scripted(t, "Get-CIPPAlert"+tt.command, "*All Tenants: Alert", tt.rows)).Events
			seen := make(map[string]bool)
			for _, e := range events {
				seen[e.Fingerprint] = true
			}
			if len(events) != tt.want || len(seen) != tt.want {
				t.Errorf("%d events with %d fingerprints, want %d", len(events), len(seen), tt.want)
			}
		})
	}
}

func TestMergedFindingTellsBoth(t *testing.T) {
	t.Parallel()
	events := parse(t, scripted(t, "Get-CIPPAlertSmtpAuthSuccess", "*All Tenants: x", []any{
		row{"userPrincipalName": "a@w.example", "clientAppUsed": "SMTP", "createdDateTime": "2026-09-14T01:00:00Z"},
		row{"userPrincipalName": "A@w.example", "clientAppUsed": "SMTP", "createdDateTime": "2026-09-14T02:00:00Z"},
	})).Events
	if len(events) != 1 {
		t.Fatalf("%d events, want 1", len(events))
	}
	got := fmt.Sprint(events[0].Finding.Fields)
	for _, want := range []string{"2026-09-14T01:00:00Z; 2026-09-14T02:00:00Z", "{clientAppUsed SMTP}"} {
		if !strings.Contains(got, want) {
			t.Errorf("the merged finding lacks %q: %s", want, got)
		}
	}
}

func TestKinds(t *testing.T) {
	t.Parallel()
	kind := func(command, name string) string {
		return parse(t, scripted(t, command, name, "x")).Events[0].Topic.Kind
	}
	all := kind("Get-CIPPAlertMFAAdmins", "*All Tenants: Alert on admins")
	for _, tt := range []struct {
		what, got string
		same      bool
	}{
		{"another spelling", kind("get-cippalertMFAADMINS", "*all tenants:  Alert on  Admins"), true},
		{"one tenant's label", kind("Get-CIPPAlertMFAAdmins", "Wingtip (wingtip.example): Alert on admins"), true},
		{"another name", kind("Get-CIPPAlertMFAAdmins", "*All Tenants: Break-glass"), false},
		{"another command", kind("Get-CIPPAlertMFAAlertUsers", "*All Tenants: Alert on admins"), false},
	} {
		if (tt.got == all) != tt.same {
			t.Errorf("%s: kind %q beside %q", tt.what, tt.got, all)
		}
	}
	if a, b := kind("Set-CIPPUserLicense", "Edit user: a@w.example"), kind("Set-CIPPUserLicense", "Edit user: b@w.example"); a == b {
		t.Errorf("two tasks have one kind, %q", a)
	}
}

// TestResults goes through what PowerShell makes of the results of a task.
func TestResults(t *testing.T) {
	t.Parallel()
	for results, want := range map[string]int{
		`null`: 1, `""`: 1, `[]`: 1, `{}`: 1, `[null,"",[],{}]`: 1, `"[]"`: 1, `{"Keys":[],"Values":[],"Count":0}`: 1,
		`"done"`: 1, `["done","also done"]`: 2, `{"Results":["done","also done"]}`: 2, `[{"Results":"done"},{"Results":["b","c"]}]`: 3,
		`{"Results":["done"],"Metadata":{"a":1}}`:                        1,
		`{"UserPrincipalName":"a@w.example","Results":["done","twice"]}`: 1,
		`{"Keys":["Results","Total"],"Values":[["a","b"],2],"Count":2}`:  1,
		`"[{\"Message\":\"a\"},{\"Message\":\"b\"}]"`:                    2,
	} {
		body := `{"Tenant":"w.example","TaskInfo":{"Command":"Set-Thing","Name":"Do it"},"Results":` + results + `}`
		events := parse(t, []byte(body)).Events
		if len(events) != want {
			t.Errorf("%s: %d events, want %d: %+v", results, len(events), want, events)
		}
		for _, e := range events {
			if e.Tenant.Domain != "w.example" || e.Finding.Title == "" {
				t.Errorf("%s: %+v", results, e)
			}
		}
	}
}

// TestTestButton tells the test from alerts that look like it.
func TestTestButton(t *testing.T) {
	t.Parallel()
	for body, isTest := range map[string]bool{
		`{"Title":"CIPP Notification Test","Text":"anything"}`:                                                  true,
		`{"title":"Hello","text":"This is a test from Notification Settings"}`:                                  true,
		`{"source":"Send Alert","invoking":"Invoke-ExecAddAlert","payload":[{}]}`:                               false,
		`{"source":"Send Alert","invoking":"Invoke-ExecAddAlert","payload":[{"Title":"Hello","Text":"World"}]}`: true,
		`{"Title":"Breach found","Text":"Look"}`:                                                                false,
		`{"Title":"CIPP Notification Test","Text":"x","Tenant":"w.example"}`:                                    false,
	} {
		stored, err := parser().Prepare([]byte(body))
		if err != nil {
			t.Fatal(err)
		}
		msg, _ := parser().Parse(stored)
		if got := msg.Note != "" && len(msg.Events) == 0; got != isTest {
			t.Errorf("%s: note %q and %d events", body, msg.Note, len(msg.Events))
		}
	}
}

func TestGrouping(t *testing.T) {
	t.Parallel()
	body := func(schema, strategy string) []byte {
		if schema == "legacy" {
			return fmt.Appendf(nil, `{"Tenant":"w.example","TaskInfo":{"Command":"Get-CIPPAlertMFAAdmins","Name":"x","PSATicketStrategy":%s},"Results":["x"]}`, strategy)
		}
		return fmt.Appendf(nil, `{"schemaVersion":"1.0","source":"Alert","payload":[{"tenant":"w.example","task":{"command":"Get-CIPPAlertMFAAdmins","name":"x","psaTicketStrategy":%s},"results":["x"]}]}`, strategy)
	}
	for strategy, want := range map[string]alert.Grouping{
		`"split"`: alert.GroupPerUser, `"Consolidated"`: alert.GroupPerCustomer, `""`: alert.GroupDefault, `null`: alert.GroupDefault,
		`{"label":"Split per user","value":"split"}`: alert.GroupPerUser,
	} {
		for _, schema := range []string{"legacy", "standardised"} {
			if got := parse(t, body(schema, strategy)).Events[0].Grouping; got != want {
				t.Errorf("%s %s: grouping %q, want %q", schema, strategy, got, want)
			}
		}
	}
}

func TestTenants(t *testing.T) {
	t.Parallel()
	both := alert.NewTenant(tenantID, tenantDomain)
	for _, tt := range []struct {
		name, body string
		want       alert.Tenant
		learned    bool
	}{
		{"both", `{"tenantId":"` + strings.ToUpper(tenantID) + `","Tenant":"Wingtip.onmicrosoft.com","TaskInfo":{"Command":"x"}}`, both, true},
		{"a GUID in the name's place", `{"tenantId":null,"Tenant":"` + tenantID + `","TaskInfo":{"Command":"x"}}`, alert.NewTenant(tenantID, ""), false},
		{"a domain in the id's place", `{"tenantId":"` + tenantDomain + `","Tenant":"AllTenants","TaskInfo":{"Command":"x"}}`, alert.NewTenant("", tenantDomain), false},
		{"only the task's", `{"Tenant":null,"TaskInfo":{"Command":"x","Tenant":{"label":"W","value":"` + tenantDomain + `"}}}`, alert.NewTenant("", tenantDomain), false},
		{"only the row's", `{"Tenant":"AllTenants","TaskInfo":{"Command":"x","Tenant":"AllTenants"},"Results":[{"Message":"x","Tenant":"` + tenantDomain + `"}]}`, alert.NewTenant("", tenantDomain), false},
		{"none", `{"Tenant":"none","TaskInfo":{"Command":"x","Tenant":"*All Tenants"},"Results":["x"]}`, alert.Tenant{}, false},
		{"CIPP itself", `{"API":"Alerts","Message":"x","Tenant":"CIPP","RowKey":"1"}`, alert.Tenant{}, false},
		{"an object's name in an audit title", `{"Title":"app.wingtip.example - test has been disabled","RawData":{"Operation":"x","Id":"1"},"AuditRecord":{}}`, alert.Tenant{}, false},
		{"an audit title", `{"Title":"wingtip.example - New Rule","RawData":{"Operation":"x","Id":"1","OrganizationId":"` + tenantID + `"},"AuditRecord":{}}`, alert.NewTenant(tenantID, "wingtip.example"), true},
		{"an unknown kind", `{"what":{"deep":{"organizationId":"` + tenantID + `"}}}`, alert.NewTenant(tenantID, ""), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			msg := parse(t, []byte(tt.body))
			if len(msg.Events) != 1 || msg.Events[0].Tenant != tt.want {
				t.Fatalf("tenant %+v of %d events, want %+v", msg.Events, len(msg.Events), tt.want)
			}
			if got := len(msg.Tenants) == 1; got != tt.learned {
				t.Errorf("learned %v, want %v", msg.Tenants, tt.learned)
			}
		})
	}
}

// A custom test is one alert, whose state changes with the rows that it
// returns, but not with their order or with values that move.
func TestStateOfACustomTest(t *testing.T) {
	t.Parallel()
	state := func(rows string) string {
		t.Helper()
		got := parse(t, []byte(`{"Title":"x","Tenant":"fabrikam.example","AlertCount":1,"Tests":[{"TestId":"t1","ScriptName":"Guests","Status":"Failed","Results":`+rows+`}]}`))
		if len(got.Events) != 1 || got.Events[0].Fingerprint != "t1" {
			t.Fatalf("events %+v, want the one of the test", got.Events)
		}
		return got.Events[0].Finding.State
	}
	one := state(`[{"Policy":"CA001","DaysOld":3},{"Policy":"CA002","DaysOld":9}]`)
	if same := state(`[{"Policy":"CA002","DaysOld":10},{"Policy":"CA001","DaysOld":4}]`); one == "" || same != one {
		t.Errorf("the same rows a day later are %q, were %q", same, one)
	}
	for _, rows := range []string{`[{"Policy":"CA001"}]`, `[{"Policy":"CA001"},{"Policy":"CA002"},{"Policy":"CA003"}]`, `[]`, `"No policy"`} {
		if other := state(rows); other == one {
			t.Errorf("the rows %s have the state of others, %q", rows, one)
		}
	}
}
