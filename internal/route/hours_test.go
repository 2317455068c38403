package route

import (
	"testing"
	"time"
)

func mustHours(t *testing.T, zone, days, times string, except ...string) *Hours {
	t.Helper()
	h, err := NewHours("h", zone, days, times, except)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func at(t *testing.T, text string) time.Time {
	t.Helper()
	m, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestHours(t *testing.T) {
	t.Parallel()
	const ams, nyc = "Europe/Amsterdam", "America/New_York"
	tests := []struct {
		zone, days, times, now, end string // no end: outside
	}{
		{ams, "mon-fri", "08:00-18:00", "2026-03-09T07:00:00Z", "2026-03-09T17:00:00Z"},
		{ams, "mon-fri", "08:00-18:00", "2026-03-09T06:59:59Z", ""},
		{ams, "mon-fri", "08:00-18:00", "2026-03-09T17:00:00Z", ""},
		{ams, "mon-fri", "08:00-18:00", "2026-03-14T10:00:00Z", ""}, // Saturday
		{ams, "mon-fri", "08:00-18:00", "2026-12-25T10:00:00Z", ""}, // excepted
		{ams, "fri", "22:00-06:00", "2026-03-13T21:30:00Z", "2026-03-14T05:00:00Z"},
		{ams, "fri", "22:00-06:00", "2026-03-14T04:59:00Z", "2026-03-14T05:00:00Z"},
		{ams, "fri", "22:00-06:00", "2026-03-13T04:00:00Z", ""}, // began on Thursday
		{ams, "sat,sun", "", "2026-03-14T12:00:00Z", "2026-03-15T23:00:00Z"},
		{ams, "", "", "2026-03-14T12:00:00Z", "2026-03-22T23:00:00Z"}, // all the time: look again

		// Clocks go forward at 2026-03-29T01:00:00Z: 02:00 to 03:00 is skipped.
		{ams, "sat", "22:00-06:00", "2026-03-29T03:59:00Z", "2026-03-29T04:00:00Z"},
		{ams, "sun", "02:30-05:00", "2026-03-29T00:59:00Z", ""},
		{ams, "sun", "02:30-05:00", "2026-03-29T01:00:00Z", "2026-03-29T03:00:00Z"},
		{ams, "sun", "01:00-02:30", "2026-03-29T00:59:00Z", "2026-03-29T01:00:00Z"},
		{ams, "sun", "02:00-03:00", "2026-03-29T01:00:00Z", ""}, // a window that does not happen
		{ams, "sun", "00:00-24:00", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"},
		// Clocks go back at 2026-10-25T01:00:00Z: 02:00 to 03:00 comes twice.
		{ams, "sun", "02:30-05:00", "2026-10-25T00:29:00Z", ""},
		{ams, "sun", "02:30-05:00", "2026-10-25T00:30:00Z", "2026-10-25T04:00:00Z"},
		{ams, "sun", "02:30-05:00", "2026-10-25T01:10:00Z", "2026-10-25T04:00:00Z"},
		{ams, "sun", "01:00-02:30", "2026-10-25T00:45:00Z", "2026-10-25T01:30:00Z"},
		{ams, "sun", "01:00-02:30", "2026-10-25T01:30:00Z", ""},
		{ams, "sat", "22:00-06:00", "2026-10-25T04:59:00Z", "2026-10-25T05:00:00Z"},
		{ams, "sun", "00:00-24:00", "2026-10-25T22:59:00Z", "2026-10-25T23:00:00Z"},

		// New York: forward at 2026-03-08T07:00:00Z, back at 2026-11-01T06:00:00Z.
		{nyc, "sun", "02:15-04:00", "2026-03-08T06:59:00Z", ""},
		{nyc, "sun", "02:15-04:00", "2026-03-08T07:00:00Z", "2026-03-08T08:00:00Z"},
		{nyc, "sat", "23:00-02:30", "2026-03-08T06:30:00Z", "2026-03-08T07:00:00Z"},
		{nyc, "sun", "01:30-03:00", "2026-11-01T05:30:00Z", "2026-11-01T08:00:00Z"},
		{nyc, "sun", "00:00-01:30", "2026-11-01T06:29:00Z", "2026-11-01T06:30:00Z"},
		{nyc, "mon-fri", "09:00-17:00", "2026-03-09T13:00:00Z", "2026-03-09T21:00:00Z"},
		{nyc, "mon-fri", "09:00-17:00", "2026-11-02T14:00:00Z", "2026-11-02T22:00:00Z"},
		// Half an hour, in the south: forward at 2026-10-03T15:30:00Z.
		{"Australia/Lord_Howe", "sun", "02:15-03:00", "2026-10-03T15:30:00Z", "2026-10-03T16:00:00Z"},
		{"UTC", "thu", "23:00-00:00", "2026-01-01T23:30:00Z", "2026-01-02T00:00:00Z"},
	}
	for _, test := range tests {
		h := mustHours(t, test.zone, test.days, test.times, "2026-12-25")
		now := at(t, test.now)
		end, ok := h.Next(now)
		got := ""
		if ok {
			got = end.UTC().Format(time.RFC3339)
		}
		if got != test.end || h.Contains(now) != (test.end != "") {
			t.Errorf("%s %s %s at %s: ends %q, inside %v; want %q", test.zone, test.days, test.times, test.now, got, h.Contains(now), test.end)
		}
	}
}

// A window has one begin and one end, whatever the clocks do: seen minute by
// minute over both changes, the inside is one stretch that Next ends.
func TestHoursAreWhole(t *testing.T) {
	t.Parallel()
	for _, day := range []string{"2026-03-28T12:00:00Z", "2026-10-24T12:00:00Z"} {
		for _, times := range []string{"02:00-03:00", "01:30-02:30", "02:30-03:30", "00:00-24:00", "22:00-02:30", "02:30-02:00"} {
			h := mustHours(t, "Europe/Amsterdam", "sat", times)
			h.Days[time.Sunday], h.Days[time.Saturday] = times != "22:00-02:30", times == "22:00-02:30"
			var begins, ends int
			was := false
			for m := at(t, day); m.Before(at(t, day).Add(48 * time.Hour)); m = m.Add(time.Minute) {
				is := h.Contains(m)
				if is && !was {
					begins++
				}
				if was && !is {
					ends++
					if end, _ := h.Next(m.Add(-time.Minute)); !end.Equal(m) {
						t.Errorf("%s from %s: Next says %v, it ended %v", times, day, end, m)
					}
				}
				was = is
			}
			if begins > 1 || begins != ends {
				t.Errorf("%s from %s: %d begins, %d ends", times, day, begins, ends)
			}
		}
	}
}

func TestHoursErrors(t *testing.T) {
	t.Parallel()
	tests := []struct{ zone, days, times, except, want string }{
		{"Europe/Amsterdm", "", "", "", `"Europe/Amsterdm" is no time zone; write its IANA name, like Europe/Amsterdam or UTC`},
		{"Local", "", "", "", `"Local" is no time zone; write its IANA name, like Europe/Amsterdam or UTC`},
		{"", "", "", "", `"" is no time zone; write its IANA name, like Europe/Amsterdam or UTC`},
		{"UTC", "mon-fry", "", "", `"fry" is no day (write mon-fri, or sat,sun); did you mean fri?`},
		{"UTC", "mon,,tue", "", "", `"" is no day (write mon-fri, or sat,sun); known are sun, mon, tue, wed, thu, fri, sat`},
		{"UTC", "", "8-18", "", `"8-18" is no window of time; write 08:00-18:00, over midnight 22:00-06:00, the whole day 00:00-24:00`},
		{"UTC", "", "08:00-08:00", "", `"08:00-08:00" is no window of time; write 08:00-18:00, over midnight 22:00-06:00, the whole day 00:00-24:00`},
		{"UTC", "", "08:00-24:30", "", `"08:00-24:30" is no window of time; write 08:00-18:00, over midnight 22:00-06:00, the whole day 00:00-24:00`},
		{"UTC", "", "", "25-12-2026", `"25-12-2026" is no day; write it as 2026-12-25`},
	}
	for _, test := range tests {
		var except []string
		if test.except != "" {
			except = []string{test.except}
		}
		if _, err := NewHours("h", test.zone, test.days, test.times, except); err == nil || err.Error() != test.want {
			t.Errorf("got  %v\nwant %s", err, test.want)
		}
	}
}

func TestDaysString(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"mon-fri": "mon-fri", "sun,sat": "sat-sun", "fri-mon": "mon,fri-sun", "Mon, wed ,fri": "mon,wed,fri", "": "mon-sun", "sun": "sun", "tue-mon": "mon-sun", "sat-sat": "sat",
	} {
		days, err := parseDays(in)
		if err != nil || days.String() != want {
			t.Errorf("%q is %q, %v; want %q", in, days, err, want)
		}
		if again, err := parseDays(days.String()); err != nil || again != days {
			t.Errorf("%q is read as %v, %v", days, again, err)
		}
	}
}
