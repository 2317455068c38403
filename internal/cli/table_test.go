package cli

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/halert/halert/internal/alert"
	"github.com/halert/halert/internal/api"
)

var update = flag.Bool("update", false, "write the golden files anew")

func noon() time.Time { return time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC) }

func ptr[T any](v T) *T { return &v }

func id(n int) string { return fmt.Sprintf("0195c0de-0000-7000-8000-%012d", n) }

func boardAlerts() table {
	t := table{columns: alertColumns()}
	for i, a := range []api.Alert{
		{Title: "3 global administrators sign in without multi-factor authentication at Acme Dental", Severity: alert.Critical, Customer: "Acme Dental", HaloID: ptr(2818), TicketID: ptr("t"), LastAt: noon().Add(-40 * time.Second)},
		{Title: "Mailbox of René Ångström is 98 % full", Severity: alert.Warning, Customer: "Northwind Traders & Sons International", HaloID: ptr(10233), TicketID: ptr("t"), LastAt: noon().Add(-17 * time.Minute)},
		{Title: "Licence count changed", Severity: alert.Info, Held: true, TenantDomain: "fabrikam.onmicrosoft.com", LastAt: noon().Add(-26 * time.Hour)},
		{Title: "Backup failed\x1b[2J\n", Severity: alert.Error, Status: alert.Resolved, Customer: "Contoso", TicketID: ptr("t"), LastAt: noon().AddDate(0, 0, -90)},
	} {
		if a.Status == "" {
			a.Status = alert.Firing
		}
		a.ID, a.Source = id(i+1), "cipp"
		t.add(alertRow(noon(), a)...)
	}
	return t
}

func boardTickets() table {
	t := table{columns: ticketColumns()}
	for i, k := range []api.Ticket{
		{Title: "Admins without MFA", State: "open", Severity: alert.Critical, Customer: "Acme Dental", HaloID: ptr(2818), Delivery: "completed", CreatedAt: noon().Add(-2 * time.Hour)},
		{Title: "The backup of the file server did not run last night", State: "pending", Severity: alert.Error, Customer: "Northwind Traders", Delivery: "discarded", CreatedAt: noon().Add(-5 * time.Minute)},
	} {
		k.ID, k.Reference = id(i+1), fmt.Sprintf("HLTABCDEFGHIJKLM%d", i)
		t.add(ticketRow(noon(), k)...)
	}
	return t
}

func boardDeliveries() table {
	t := table{columns: deliveryColumns()}
	for i, d := range []api.Delivery{
		{State: "discarded", Attempt: 1, FailedSince: ptr(noon().Add(-5 * time.Minute)), Customer: "Northwind Traders", Error: "Please select a valid Ticket Type for this Client. The Ticket Type 21 is not available."},
		{State: "retryable", Attempt: 12, FailedSince: ptr(noon().Add(-90 * time.Minute)), HaloID: ptr(2818), Customer: "Acme Dental", Error: "503 Service Unavailable"},
		{State: "completed", HaloID: ptr(2816), Customer: "Contoso", Title: "Admins without MFA"},
	} {
		d.ID, d.Reference = "d_"+id(i+1), fmt.Sprintf("HLTABCDEFGHIJKLM%d", i)
		t.add(deliveryRow(noon(), d)...)
	}
	return t
}

// TestTables looks at the tables as a person does; see the golden files.
func TestTables(t *testing.T) {
	for name, tab := range map[string]table{"alerts": boardAlerts(), "tickets": boardTickets(), "deliveries": boardDeliveries()} {
		for _, width := range []int{0, 80, 120, 160} {
			got := tab.render(style{width: width})
			for line := range strings.Lines(got) {
				if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); width > 0 && n > width {
					t.Errorf("%s: a line of %d columns in a terminal of %d", name, n, width)
				}
			}
			file := filepath.Join("testdata", fmt.Sprintf("table_%s_%d.golden.txt", name, width))
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", file, diff)
			}
		}
	}
}

// TestColours: colours stand around cells, change nothing else, and come
// only where they are asked for.
func TestColours(t *testing.T) {
	tab := boardAlerts()
	plain, coloured := tab.render(style{width: 80}), tab.render(style{width: 80, colours: true})
	if strings.Contains(plain, "\x1b") {
		t.Error("an escape sequence in plain output")
	}
	if !strings.Contains(coloured, "\x1b[31mcritical\x1b[0m  ") || !strings.Contains(coloured, "\x1b[33mheld\x1b[0m") {
		t.Errorf("no colours in %q", coloured)
	}
	for _, code := range []string{red, yellow, grey} {
		coloured = strings.ReplaceAll(coloured, "\x1b["+code+"m", "")
	}
	if diff := cmp.Diff(plain, strings.ReplaceAll(coloured, "\x1b[0m", "")); diff != "" {
		t.Errorf("colours changed the text (-plain +coloured):\n%s", diff)
	}
}

func TestTinyTerminal(t *testing.T) {
	tab := boardDeliveries()
	if got := tab.render(style{width: 10}); !strings.Contains(got, "discarded") {
		t.Errorf("got %q", got)
	}
}

func TestAge(t *testing.T) {
	for want, ago := range map[string]time.Duration{
		"now": -time.Hour, "1s": time.Second, "59s": 59*time.Second + 999*time.Millisecond, "1m": time.Minute, "59m": time.Hour - 1,
		"1h": time.Hour, "47h": 48*time.Hour - 1, "2d": 48 * time.Hour, "400d": 400 * 24 * time.Hour,
	} {
		if got := age(noon(), noon().Add(-ago)); got != want {
			t.Errorf("%s ago: %q, want %q", ago, got, want)
		}
	}
	if got := age(noon(), time.Time{}); got != "" {
		t.Errorf("no time: %q", got)
	}
}

func TestVersionLine(t *testing.T) {
	info := &debug.BuildInfo{GoVersion: "go1.26.8"}
	if got := versionLine(info); got != "halert (devel) (go1.26.8)\n" {
		t.Errorf("got %q", got)
	}
	info.Main.Version = "v1.2.3"
	info.Settings = []debug.BuildSetting{{Key: "vcs.revision", Value: "abc"}, {Key: "vcs.modified", Value: "true"}}
	if got := versionLine(info); got != "halert v1.2.3 (go1.26.8, commit abc, modified)\n" {
		t.Errorf("got %q", got)
	}
}

func FuzzRate(f *testing.F) {
	for _, s := range []string{"300/5m", "1/1s", "", "/", "5", "0/1m", "-1/1m", "1/-1m", "9999999999999999999/1s"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var r rate
		if err := r.UnmarshalText([]byte(s)); err != nil {
			if r != (rate{}) {
				t.Errorf("%q is refused, and read as %+v", s, r)
			}
			return
		}
		if r.calls < 1 || r.per <= 0 {
			t.Errorf("%q is taken for %+v", s, r)
		}
	})
}
