package cipp_test

import (
	"testing"

	"github.com/halert/halert/internal/alert"
)

// TestAffectedUser goes through the fields in which CIPP names the user.
func TestAffectedUser(t *testing.T) {
	t.Parallel()
	const oid = "2f60e801-0000-4000-8000-000000000001"
	noor := alert.User{UPN: "noor@wingtip.example"}
	for _, tt := range []struct {
		command string
		row     row
		want    alert.User
	}{
		{"MFAAlertUsers", row{"UserPrincipalName": "noor@wingtip.example", "DisplayName": "Noor"}, alert.User{UPN: "noor@wingtip.example", Name: "Noor"}},
		{"MFAAdmins", row{"UserPrincipalName": "noor@wingtip.example", "Id": oid}, alert.User{UPN: "noor@wingtip.example", ObjectID: oid}},
		{"LicensedUsersWithRoles", row{"userPrincipalName": "noor@wingtip.example", "displayName": "Noor"}, alert.User{UPN: "noor@wingtip.example", Name: "Noor"}},
		{"SoftDeletedMailboxes", row{"UPN": "noor@wingtip.example"}, noor},
		{"QuotaUsed", row{"Owner": "noor@wingtip.example"}, noor},
		{"NewMFADevice", row{"User": "noor@wingtip.example"}, noor},
		{"RestrictedUsers", row{"SenderAddress": "noor@wingtip.example"}, noor},
		{"QuarantineReleaseRequests", row{"SenderAddress": "x@litware.example", "RecipientAddress": "noor@wingtip.example"}, noor},
		{"CheckExtension", row{"PotentialUserName": "noor@wingtip.example", "PotentialUserDisplayName": "Noor", "URL": "https://evil.example"}, alert.User{UPN: "noor@wingtip.example", Name: "Noor"}},
		{"UserReportedPhishing", row{"ReporterEmail": "noor@wingtip.example", "Sender": "x@litware.example"}, noor},
		{"NewAppApproval", row{"RequestUser": "noor@wingtip.example"}, noor},
		{"GroupMembershipChange", row{"MemberName": "Noor Moreau", "InitiatedBy": "dana@wingtip.example"}, alert.User{Name: "Noor Moreau"}},
		{"InactiveSharePointSites", row{"ownerPrincipalName": "noor@wingtip.example", "siteId": "1"}, noor},
		{"NewRiskyUsers", row{"Message": "noor@wingtip.example is at risk."}, noor},
		{"NewRiskyUsers", row{"Message": "noor@wingtip.example and ravi@wingtip.example"}, alert.User{}},
		{"GlobalAdminAllowList", row{"NonCompliantUsers": []string{"noor@wingtip.example", "ravi@wingtip.example"}}, alert.User{}},
		{"StaleEntraDevices", row{"Id": oid, "DeviceName": "PC-01"}, alert.User{}},
		{"NotKnownYet", row{"userId": oid}, alert.User{ObjectID: oid}},
		{"NotKnownYet", row{"Member": "noor@wingtip.example", "SenderAddress": 7}, noor},
		{"NotKnownYet", row{"SenderAddress": "x@litware.example", "RecipientAddress": "noor@wingtip.example"}, noor},
		{"NotKnownYet", row{"User": "noor@wingtip.example, ravi@wingtip.example"}, alert.User{}},
	} {
		got := parse(t, scripted(t, "Get-CIPPAlert"+tt.command, "*All Tenants: x", []any{tt.row})).Events[0].Finding
		if got.User != tt.want {
			t.Errorf("%s %v: user %+v, want %+v", tt.command, tt.row, got.User, tt.want)
		}
		if len(got.Links) != 0 {
			t.Errorf("%s: links %v from fields that are none", tt.command, got.Links)
		}
	}
}

// TestTaskUser goes through the parameters in which a task names its user.
func TestTaskUser(t *testing.T) {
	t.Parallel()
	const oid = "2f60e801-0000-4000-8000-000000000001"
	upn := alert.User{UPN: "noor@wingtip.example"}
	for params, want := range map[string]alert.User{
		`"{\"UserPrincipalName\":\"noor@wingtip.example\"}"`:                          upn,
		`{"UPN":"noor@wingtip.example"}`:                                              upn,
		`{"username":"noor@wingtip.example"}`:                                         upn,
		`{"user":[{"value":"noor@wingtip.example"}]}`:                                 upn,
		`{"user":["noor@wingtip.example","ravi@wingtip.example"]}`:                    {},
		`{"UserObj":{"id":"` + oid + `","userPrincipalName":"noor@wingtip.example"}}`: {UPN: "noor@wingtip.example", ObjectID: oid},
		`{"userid":"` + oid + `"}`:                                                    {ObjectID: oid},
		`{"id":"42"}`:                                                                 {},
		`"@{UPN=noor@wingtip.example}"`:                                               {},
		`null`:                                                                        {},
	} {
		body := `{"Tenant":"wingtip.example","TaskInfo":{"Command":"Set-Thing","Name":"Do it","Parameters":` + params + `},"Results":"done"}`
		if got := parse(t, []byte(body)).Events[0].Finding.User; got != want {
			t.Errorf("%s: user %+v, want %+v", params, got, want)
		}
	}
}
