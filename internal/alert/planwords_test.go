package alert

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestSettingsOfAPlan(t *testing.T) {
	if got := (Plan{Routes: []string{"all"}}).Settings(); len(got) != 0 {
		t.Errorf("a plan that sets nothing: %v", got)
	}
	p := Plan{
		Fields: Fields{
			Team: &Ref{Name: "Security"}, Priority: &Ref{ID: 1}, RequestSource: &Ref{}, Categories: [4]string{"Cloud>Mail", "", "Other"},
			Parent: 7, Custom: map[string]string{"CFb": "2", "CFa": "1"},
		},
		Template: "short", Delay: 90 * time.Minute,
		Notes:  NotePolicy{Mode: NoteOnChange, Every: 2 * time.Hour, Daily: "08:00", Zone: "Europe/Amsterdam"},
		Close:  Closing{Never: true, After: 10 * time.Minute, Touched: true, Missing: 3, Silent: 48*time.Hour + time.Second},
		Reopen: Reopening{Within: time.Hour, Status: 2, Not: []int{8, 9}, Quiet: true},
	}
	want := []Setting{
		{"priority", "1"}, {"team", "Security"}, {"request_source", "0"}, {"category", "Cloud>Mail, Other"}, {"parent", "7"},
		{"field CFa", "1"}, {"field CFb", "2"}, {"template", "short"}, {"delay", "1h30m"},
		{"notes", "on_change, at most every 2h, daily at 08:00 Europe/Amsterdam"},
		{"close", "by people only, after 10m, also if a person has worked on it, over when missing 3 times, over when silent for 48h0m1s"},
		{"reopen", "within 1h, with status 2, not from status 8 9, quiet once a person closed it"},
	}
	if diff := cmp.Diff(want, p.Settings()); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
	if got := (Plan{Close: Closing{Missing: -1}}).Settings(); len(got) != 1 || got[0].Value != "missing findings stay" {
		t.Errorf("findings that stay: %v", got)
	}
}

func TestTheNameByWhichACustomerIsFound(t *testing.T) {
	d, err := NewDirectory([]Customer{{ClientID: 1, Tenants: []string{"B.example", "c.example"}}})
	if err != nil {
		t.Fatal(err)
	}
	known := Aliases{"z.example": "id-1", "c.example": "id-1", "b.example": "id-1"}
	for _, tt := range []struct {
		tenant Tenant
		want   string
	}{
		{NewTenant("", "B.EXAMPLE"), "b.example"},
		{NewTenant("", "z.example"), "b.example"}, // the first of its other names
		{NewTenant("id-1", "c.example"), "c.example"},
		{NewTenant("", "example"), ""},
	} {
		if _, got, ok := d.Find(tt.tenant, known); got != tt.want || ok != (tt.want != "") {
			t.Errorf("%v is found by %q, want %q", tt.tenant, got, tt.want)
		}
	}
}
