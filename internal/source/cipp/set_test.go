package cipp_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/halert/halert/internal/alert"
)

// taskBody is the body of a scripted alert at Fabrikam with the given results.
func taskBody(command, results string) string {
	return fmt.Sprintf(`[{"TaskInfo":{"Name":"Fabrikam: Alert","Command":%q},"Tenant":"fabrikam.example","Results":%s}]`, command, results)
}

func rows(n int) string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf(`{"IncidentID":"%d","UserPrincipalName":"u%d@fabrikam.example","CVE":"CVE-2026-%d"}`, i, i, i)
	}
	return "[" + strings.Join(list, ",") + "]"
}

func TestWholeSets(t *testing.T) {
	t.Parallel()
	fabrikam := alert.NewTenant("", "fabrikam.example")
	mfa := []alert.Set{{Tenant: fabrikam, Kind: "get-cippalertmfaadmins/alert"}}
	for name, tt := range map[string]struct {
		body string
		want []alert.Set
	}{
		"a scripted alert":                  {taskBody("Get-CIPPAlertMFAAdmins", rows(2)), mfa},
		"without findings":                  {taskBody("Get-CIPPAlertMFAAdmins", `[]`), mfa},
		"in the standardised schema":        {`{"schemaVersion":"1.0","source":"Alert","tenant":"fabrikam.example","payload":` + taskBody("Get-CIPPAlertMFAAdmins", rows(1)) + `}`, mfa},
		"of what happened once":             {taskBody("Get-CIPPAlertNewMFADevice", rows(2)), nil},
		"that may be only what is new":      {taskBody("Get-CIPPAlertVulnerabilities", rows(2)), nil},
		"of an alert that nobody knows":     {taskBody("Get-CIPPAlertSomethingNew", rows(2)), nil},
		"of a task that is no alert":        {taskBody("Set-CIPPMailbox", rows(2)), nil},
		"that tells of a failure":           {taskBody("Get-CIPPAlertMFAAdmins", `["Could not connect to the tenant"]`), nil},
		"cut off by CIPP's own limit":       {taskBody("Get-CIPPAlertDefenderIncidents", rows(50)), nil},
		"below CIPP's own limit":            {taskBody("Get-CIPPAlertDefenderIncidents", rows(49)), []alert.Set{{Tenant: fabrikam, Kind: "get-cippalertdefenderincidents/alert"}}},
		"whose tenant is not known":         {strings.Replace(taskBody("Get-CIPPAlertMFAAdmins", rows(1)), "fabrikam.example", "AllTenants", 1), nil},
		"a row of the logbook":              {`[{"API":"Alerts","Message":"x","Tenant":"fabrikam.example"}]`, nil},
		"the test button":                   {`{"Title":"Notification Test","Text":"This is a test"}`, nil},
		"deviations, which may be in parts": {`{"Title":"Drift","Tenant":"fabrikam.example","AlertData":[{"standardName":"x"}]}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, parse(t, []byte(tt.body)).Sets); diff != "" {
				t.Errorf("sets (-want +got):\n%s", diff)
			}
		})
	}
}

func TestResultWithoutFindingsIsMarked(t *testing.T) {
	t.Parallel()
	got := parse(t, []byte(taskBody("Get-CIPPAlertMFAAdmins", `[]`)))
	if len(got.Events) != 1 || !got.Events[0].Empty {
		t.Errorf("events %+v, want one that is marked as empty", got.Events)
	}
	for _, body := range []string{taskBody("Get-CIPPAlertMFAAdmins", rows(1)), taskBody("Get-CIPPAlertSomethingNew", `[]`)} {
		if got := parse(t, []byte(body)); len(got.Events) != 1 || got.Events[0].Empty {
			t.Errorf("%s: events %+v, want one that is not", body, got.Events)
		}
	}
}

// Every finding of a set is of the set's tenant and kind, so that none of them
// is counted as missing.
func TestSetsAgreeWithTheirEvents(t *testing.T) {
	t.Parallel()
	got := parse(t, readBody(t, "scripted-mfa-admins-standardized"))
	if len(got.Sets) != 1 {
		t.Fatalf("sets %+v, want one", got.Sets)
	}
	if i := slices.IndexFunc(got.Events, func(e alert.Event) bool { return e.Tenant != got.Sets[0].Tenant || e.Topic.Kind != got.Sets[0].Kind }); i >= 0 {
		t.Errorf("event %+v is not of the set %+v", got.Events[i], got.Sets[0])
	}
}
