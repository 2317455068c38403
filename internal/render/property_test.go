package render

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/halert/halert/internal/alert"
)

func TestSummary(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("ä", 600)
	mira := alert.User{UPN: "mira@harbour.example", Name: "Mira Holt", ObjectID: "0c5a1f7e-8a8e-4d0c-b1a4-6a0f3a1d0001"}
	domain := alert.NewTenant(tenantID, "Harbour.example")
	tests := map[string]struct {
		in   Ticket
		want string
	}{
		"what, who, which customer":     {Ticket{Topic: alert.Topic{Title: "Mail is forwarded"}, User: mira, Customer: "Harbour Dental", Tenant: domain}, "Mail is forwarded - Mira Holt - Harbour Dental"},
		"no display name":               {Ticket{Topic: alert.Topic{Title: "Mail is forwarded"}, User: alert.User{UPN: mira.UPN}, Customer: "Harbour Dental"}, "Mail is forwarded - mira@harbour.example - Harbour Dental"},
		"only an id":                    {Ticket{Topic: alert.Topic{Title: "Mail is forwarded"}, User: alert.User{ObjectID: "77"}}, "Mail is forwarded - 77"},
		"kind is bound to the user":     {Ticket{Topic: alert.Topic{Title: "Mail is forwarded", Kind: "audit/new-inboxrule/mira@harbour.example"}, Findings: []alert.Finding{{User: mira}}, Total: 1}, "Mail is forwarded - Mira Holt"},
		"first user of perhaps several": {Ticket{Topic: alert.Topic{Title: "Admins without MFA", Kind: "mfaadmins"}, Findings: []alert.Finding{{User: mira}}, Total: 1}, "Admins without MFA"},
		"title names the user":          {Ticket{Topic: alert.Topic{Title: "Mail of MIRA HOLT is forwarded"}, User: mira, Customer: "Harbour"}, "Mail of MIRA HOLT is forwarded - Harbour"},
		"no customer name":              {Ticket{Topic: alert.Topic{Title: "Drift"}, Customer: " ", Tenant: domain}, "Drift - harbour.example"},
		"a tenant id is noise":          {Ticket{Topic: alert.Topic{Title: "Drift"}, Tenant: alert.NewTenant(tenantID, "")}, "Drift"},
		"no title":                      {Ticket{Source: "cipp", Customer: "Harbour"}, "Alert from cipp - Harbour"},
		"nothing":                       {Ticket{}, "Alert"},
		"one line":                      {Ticket{Topic: alert.Topic{Title: "a\r\nb\t\x00c\u202E"}, Customer: "d\n e\xff"}, "a b c - d e\uFFFD"},
		"long": {Ticket{Topic: alert.Topic{Title: long}, User: alert.User{Name: "ö" + long}, Customer: "ü" + long},
			strings.Repeat("ä", MaxSummary-167) + "… - ö" + strings.Repeat("ä", 78) + "… - ü" + strings.Repeat("ä", 78) + "…"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := Summary(test.in)
			if d := cmp.Diff(test.want, got); d != "" {
				t.Error(d)
			}
			if n := utf8.RuneCountInString(got); n > MaxSummary {
				t.Errorf("%d characters", n)
			}
		})
	}
}

// A repeat must not look like another trouble: what moves from report to
// report is not in the subject.
func TestSummaryDoesNotMove(t *testing.T) {
	t.Parallel()
	for name, c := range cases() {
		want := Summary(c)
		c.Reference, c.Previous, c.Severity = "HLTOTHER", 4711, alert.Info
		c.FirstSeen = c.FirstSeen.Add(1000 * time.Hour)
		c.Findings, c.Total = thousands().Findings, 7777
		c.Topic.What, c.Topic.Comment = "other", "other"
		if got := Summary(c); got != want {
			t.Errorf("%s: the subject was %q and is now %q", name, want, got)
		}
	}
}

func TestBodySays(t *testing.T) {
	t.Parallel()
	many := thousands()
	many.Findings, many.Total = many.Findings[:50], 262
	tests := map[string]struct {
		in            Ticket
		has, has0     []string // has0: must not be there
		rows, columns int
	}{
		"many users": {
			in:   scriptedMany(),
			has:  []string{"High\nWhat is wrong: These accounts", "Why it matters: Whoever", "What to do: Have", "an earlier ticket about this, 2710, was closed", "Tenant: harbourdental.onmicrosoft.com (" + tenantID + ")", "Source: cipp", "First seen: 2026-03-09 07:41 UTC", "Reference: HLTQ7M2KXA4T9WBCE", "https://docs.msp.example/runbooks/mfa"},
			has0: []string{"Affected user", "more finding", "6a0f3a1d0001"}, rows: 3, columns: 3,
		},
		"not linked":   {in: perUser(false), has: []string{"Affected user: Mira Holt (mira.holt@harbourdental.example)", "could not be linked to a Halo contact"}, rows: 3, columns: 2},
		"linked":       {in: perUser(true), has: []string{"Affected user: Mira Holt"}, has0: []string{"could not be linked", "Came back"}, rows: 3, columns: 2},
		"capped":       {in: many, has: []string{"and 212 more findings", "HD-LAPTOP-0049"}, rows: 50, columns: 4},
		"capped by us": {in: thousands(), has: []string{"and 4,950 more findings"}, has0: []string{"HD-LAPTOP-0050"}, rows: 50, columns: 4},
		"long cell":    {in: hostile(), has: []string{strings.Repeat("0123456789", 29) + "012345678…", "<script>alert('x')</script>", "javascript:alert(1)"}, has0: []string{"\u202E"}, rows: 2, columns: 7},
		"one device":   {in: func() Ticket { d := devices(); d.Findings, d.Total = d.Findings[:1], 1; return d }(), has: []string{"Device: HD-FRONTDESK-01", "Malware found"}, rows: 4, columns: 2},
		"risky users":  {in: riskyUsers(), has: []string{"Mira Holt was found at risk", "tom.okafor@harbourdental.example"}, rows: 2, columns: 5},
		"log rows":     {in: logbookRows(), has: []string{"Require DKIM: the service answers 503", "Disable SMTP AUTH: access denied"}, rows: 2, columns: 4},
		"two devices":  {in: devices(), has: []string{"HD-FRONTDESK-01", "HD-XRAY-02", "Malware found"}, has0: []string{"Device: "}, rows: 2, columns: 5},
		"total wrong":  {in: func() Ticket { d := devices(); d.Total = 0; return d }(), has0: []string{"more finding"}, rows: 2, columns: 5},
		"no findings":  {in: Ticket{Topic: alert.Topic{What: "x"}, Total: 3}, has: []string{"3 more findings"}},
		"no details":   {in: cases()["two-empty-findings"], has: []string{"The sender gave no details."}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := checkHTML(t, Body(test.in))
			for _, s := range test.has {
				if !strings.Contains(got.text, s) {
					t.Errorf("the body does not say %q:\n%s", s, got.text)
				}
			}
			for _, s := range test.has0 {
				if strings.Contains(got.text, s) {
					t.Errorf("the body says %q", s)
				}
			}
			if rows := got.tags["tr"] - got.tags["thead"]; rows != test.rows {
				t.Errorf("%d rows, want %d", rows, test.rows)
			}
			if cells := got.tags["td"] + got.tags["th"]; cells != (got.tags["tr"])*test.columns {
				t.Errorf("%d cells in %d rows, want %d columns", cells, got.tags["tr"], test.columns)
			}
		})
	}
}

// heavy is a finding that takes the most bytes that its fields can take.
func heavy(fieldCount int) alert.Finding {
	worst := strings.Repeat(`'"`, 20_000)
	f := alert.Finding{Title: worst, Device: worst, User: alert.User{Name: worst, UPN: worst}}
	for i := range fieldCount {
		f.Fields = append(f.Fields, alert.Field{Name: fmt.Sprint(i, worst), Value: fmt.Sprint(i, worst)})
	}
	for i := range 30 {
		f.Links = append(f.Links, alert.Link{Text: worst, URL: fmt.Sprintf("https://a.example/%d?%s", i, strings.Repeat("&", 1900))})
	}
	return f
}

func TestBounded(t *testing.T) {
	t.Parallel()
	all := slices.Repeat([]alert.Finding{heavy(80)}, 80)
	worst := all[0].Title
	c := Ticket{Reference: "HLTREF", Customer: worst, Source: worst, Tenant: alert.NewTenant(worst, worst), User: all[0].User, Severity: alert.Critical,
		Topic: alert.Topic{Title: worst, What: worst, Means: worst, Do: worst, Links: all[0].Links, Columns: []string{worst}, Comment: strings.Repeat("http://a.é/' ", 2000)}}
	for _, n := range []int{0, 1, 2, 80} {
		c.Findings, c.Total = all[:n], n
		got := checkHTML(t, Body(c))
		if !strings.Contains(got.text, "Reference: HLTREF") {
			t.Errorf("with %d findings the body lacks the reference", n)
		}
		shown := got.tags["tr"] - got.tags["thead"]
		if n == 80 && (shown == 0 || shown >= MaxRows || !strings.Contains(got.text, fmt.Sprintf("and %d more findings", 80-shown))) {
			t.Errorf("%d findings are shown, and the rest is not told", shown)
		}
		note := checkHTML(t, NoteHTML(Note{Mark: "[HLTREF/12]", New: all[:n], NewTotal: n, Gone: all[:n], GoneTotal: n}))
		if !strings.Contains(note.text, "[HLTREF/12]") {
			t.Errorf("with %d findings the note lacks its mark", n)
		}
	}
}

func TestNote(t *testing.T) {
	t.Parallel()
	f := scriptedMany().Findings
	tests := map[string]struct {
		in   Note
		want string
	}{
		"again":           {Note{Repeated: f, RepeatedTotal: 3, Firing: 3, Reports: 3, Since: seen, Until: seen.Add(time.Hour)}, "Reported again 3 times between 2026-03-09 07:41 UTC and 2026-03-09 08:41 UTC; 3 findings still open."},
		"once":            {Note{Repeated: f[:1], Firing: 1, Reports: 1, Since: seen, Until: seen}, "Reported again at 2026-03-09 07:41 UTC; 1 finding still open."},
		"within a minute": {Note{RepeatedTotal: 3, Firing: 3, Reports: 2, Since: seen, Until: seen.Add(time.Second)}, "Reported again 2 times at 2026-03-09 07:41 UTC; 3 findings still open."},
		"some of them":    {Note{Repeated: f[:2], RepeatedTotal: 2, Firing: 3, Reports: 2}, "Reported again 2 times: 2 of 3 open findings."},
		"new":             {Note{New: f, NewTotal: 3, Firing: 1204}, "1,204 findings open now."},
		"new, no total":   {Note{New: f, Firing: 3}, "3 findings open now."},
		"over":            {Note{Gone: f[:1], GoneTotal: 1, Firing: 1}, "1 finding open now."},
		"all clear":       {Note{Gone: f, GoneTotal: 3, AllClear: true}, "All clear: nothing is open on this ticket any more."},
		"nothing known":   {Note{}, "Reported again."},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test.in.Mark, test.in.Reference = "[HLTQ7M2KXA4T9WBCE/12]", "HLTQ7M2KXA4T9WBCE"
			page := NoteHTML(test.in)
			if got := checkHTML(t, page); !strings.Contains(got.text, "\n"+test.want+"\n") {
				t.Errorf("the note does not say %q:\n%s", test.want, got.text)
			}
			if !strings.Contains(page, test.in.Mark) {
				t.Errorf("the mark is not in one piece:\n%s", page)
			}
			if quiet := len(test.in.New) == 0; quiet && strings.Contains(page, "<table") {
				t.Error("nothing is new, and there is a table")
			}
		})
	}
}

func TestClosingNote(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		ClosingNote("HLTX", 4, seen, false):          "Closed by halert: all 4 findings of this ticket are over since 2026-03-09 07:41 UTC. If it comes back, a new ticket follows. Reference HLTX.",
		ClosingNote("HLTX", 1, time.Time{}, true):    "Closed by halert: the finding of this ticket is over. If it comes back, this ticket is opened again, or a new one follows. Reference HLTX.",
		ClosingNote("<b>\n&", 2, time.Time{}, false): "Closed by halert: all 2 findings of this ticket are over. If it comes back, a new ticket follows. Reference &lt;b&gt; &amp;.",
	}
	for got, want := range tests {
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
	}
}
