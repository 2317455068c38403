package route

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // servers without a zone database know all zones too

	"github.com/halert/halert/internal/nearest"
)

// Hours is a weekly window of time in one zone, such as business hours.
// [NewHours] makes them.
type Hours struct {
	Name   string
	Zone   string   // IANA name
	Days   Days     // on which a window begins
	From   int      // minutes after midnight, 0 to 1439
	To     int      // minutes after midnight, 1 to 1440; not after From: the next day's
	Except []string // days on which no window begins, as "2026-12-25"

	zone *time.Location
}

// Days is a set of days of the week, indexed by [time.Weekday].
type Days [7]bool

// NewHours checks the parts of a window. Days is such as "mon-fri" or
// "sat,sun" and may be empty for all days; times is such as "08:00-18:00", over
// midnight "22:00-06:00", and may be empty for the whole day. The error says
// what is allowed.
func NewHours(name, zone, days, times string, except []string) (*Hours, error) {
	h := &Hours{Name: name, Zone: zone, Except: except}
	var err error
	if h.zone, err = LoadZone(zone); err != nil {
		return nil, err
	}
	if h.Days, err = parseDays(days); err != nil {
		return nil, err
	}
	if h.From, h.To, err = parseTimes(times); err != nil {
		return nil, err
	}
	for _, day := range except {
		if _, err := time.Parse(time.DateOnly, day); err != nil {
			return nil, fmt.Errorf("%s is no day; write it as 2026-12-25", shown(day))
		}
	}
	return h, nil
}

// LoadZone finds a time zone by its IANA name.
func LoadZone(name string) (*time.Location, error) {
	zone, err := time.LoadLocation(name)
	if err != nil || name == "" || name == "Local" {
		return nil, fmt.Errorf("%s is no time zone; write its IANA name, like Europe/Amsterdam or UTC", shown(name))
	}
	return zone, nil
}

// Equal tells that two windows are the same. Both may be nil.
func (h *Hours) Equal(o *Hours) bool {
	return h == o || h != nil && o != nil && h.Name == o.Name && h.Zone == o.Zone && h.Days == o.Days &&
		h.From == o.From && h.To == o.To && slices.Equal(h.Except, o.Except)
}

func dayNames() []string { return []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"} }

// parseDays reads "mon-fri" and "mon,wed,sat-sun".
func parseDays(text string) (Days, error) {
	var days Days
	if strings.TrimSpace(text) == "" {
		text = "mon-sun"
	}
	for part := range strings.SplitSeq(text, ",") {
		first, last, isRange := strings.Cut(part, "-")
		from, err := parseDay(first)
		if err != nil {
			return Days{}, err
		}
		to := from
		if isRange {
			if to, err = parseDay(last); err != nil {
				return Days{}, err
			}
		}
		for d := from; ; d = (d + 1) % 7 {
			days[d] = true
			if d == to {
				break
			}
		}
	}
	return days, nil
}

func parseDay(word string) (int, error) {
	names := dayNames()
	day := slices.Index(names, fold(word))
	if day < 0 {
		return 0, fmt.Errorf("%s is no day (write mon-fri, or sat,sun); %s", shown(word), nearest.Hint(fold(word), names))
	}
	return day, nil
}

// String writes the days as [NewHours] reads them: "mon-fri".
func (d Days) String() string {
	names := dayNames()
	var parts []string
	for from := 1; from <= 7; from++ { // Monday to Sunday
		if !d[from%7] {
			continue
		}
		to := from
		for to < 7 && d[(to+1)%7] {
			to++
		}
		part := names[from%7]
		if to > from {
			part += "-" + names[to%7]
		}
		parts = append(parts, part)
		from = to
	}
	return strings.Join(parts, ",")
}

// parseTimes reads "08:00-18:00".
func parseTimes(text string) (from, to int, err error) {
	if strings.TrimSpace(text) == "" {
		return 0, 24 * 60, nil
	}
	first, last, _ := strings.Cut(text, "-")
	from, okFrom := ParseClock(strings.TrimSpace(first))
	to, okTo := ParseClock(strings.TrimSpace(last))
	if !okFrom || !okTo || from == to || from == 24*60 {
		return 0, 0, fmt.Errorf("%s is no window of time; write 08:00-18:00, over midnight 22:00-06:00, the whole day 00:00-24:00", shown(text))
	}
	if to == 0 {
		to = 24 * 60
	}
	return from, to, nil
}

// ParseClock reads a time of day such as "08:00", up to "24:00", as minutes
// after midnight.
func ParseClock(text string) (minutes int, ok bool) {
	if len(text) != 5 || text[2] != ':' {
		return 0, false
	}
	hour, err := strconv.ParseUint(text[:2], 10, 8)
	minute, err2 := strconv.ParseUint(text[3:], 10, 8)
	if err != nil || err2 != nil || minute > 59 || hour > 24 || hour == 24 && minute > 0 {
		return 0, false
	}
	return int(hour*60 + minute), true
}

// Times writes the times of day as [NewHours] reads them.
func (h *Hours) Times() string {
	return fmt.Sprintf("%02d:%02d-%02d:%02d", h.From/60, h.From%60, h.To/60, h.To%60)
}

// Contains tells whether a moment lies in a window. Its begin does, its end
// does not.
func (h *Hours) Contains(t time.Time) bool {
	_, in := h.end(t)
	return in
}

// Next returns the end of the window that a moment lies in; ok is false if it
// lies in none. Windows that touch are one, for up to eight days.
func (h *Hours) Next(t time.Time) (end time.Time, ok bool) {
	end, ok = h.end(t)
	for range 8 {
		later, in := h.end(end)
		if !ok || !in {
			break
		}
		end = later
	}
	return end, ok
}

// end finds the window that a moment lies in: one that began on its day or on
// the day before.
func (h *Hours) end(t time.Time) (end time.Time, in bool) {
	year, month, day := t.In(h.zone).Date()
	for _, back := range []int{1, 0} {
		begins := time.Date(year, month, day-back, 0, 0, 0, 0, time.UTC)
		if !h.Days[begins.Weekday()] || slices.Contains(h.Except, begins.Format(time.DateOnly)) {
			continue
		}
		from, to := h.From, h.To
		if to <= from {
			to += 24 * 60
		}
		first, _ := moments(begins.Add(time.Duration(from)*time.Minute), h.zone)
		_, last := moments(begins.Add(time.Duration(to)*time.Minute), h.zone)
		if !t.Before(first) && t.Before(last) && last.After(end) {
			end, in = last, true
		}
	}
	return end, in
}

// moments returns the first and the last moment at which the clocks of a zone
// show a time; the time is given as if it were UTC. They differ where clocks
// are put back. A time that clocks skip is the moment at which they do.
func moments(wall time.Time, zone *time.Location) (first, last time.Time) {
	t := time.Date(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), 0, 0, zone)
	begin, end := t.ZoneBounds()
	if shows := wallOf(t); !shows.Equal(wall) {
		if shows.After(wall) {
			return begin, begin
		}
		return end, end
	}
	first, last = t, t
	if !begin.IsZero() {
		if before := t.Add(offset(t) - offset(begin.Add(-1))); before.Before(begin) {
			first = before
		}
	}
	if !end.IsZero() {
		if after := t.Add(offset(t) - offset(end)); !after.Before(end) {
			last = after
		}
	}
	return first, last
}

// wallOf is what the clocks show, as if it were UTC.
func wallOf(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
}

// offset is how far the clocks are ahead of UTC.
func offset(t time.Time) time.Duration {
	_, seconds := t.Zone()
	return time.Duration(seconds) * time.Second
}
