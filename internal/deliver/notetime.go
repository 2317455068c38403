package deliver

import (
	"time"
	_ "time/tzdata" // the one binary has to know the zones on machines that do not

	"github.com/halert/halert/internal/alert"
)

// noteDay bounds the way to the next time of day: the longest day, with the
// clocks put back, and some more.
const noteDay = 27 * time.Hour

// longestWait is the longest that a report waits for its note: not at all
// without a limit, whatever the clock did since it came.
func longestWait(p alert.NotePolicy) time.Duration {
	if _, err := time.Parse("15:04", p.Daily); err != nil {
		return p.Every
	}
	return p.Every + noteDay
}

// noteTime says when the next note may go under a policy, given when Halo was
// last told (the making of the ticket counts) and when the first report came
// that it does not know. A policy without limits says: at once. A zone or time
// that cannot be read is UTC, and no limit.
func noteTime(p alert.NotePolicy, told, news time.Time) time.Time {
	at := news
	if p.Every > 0 && told.Add(p.Every).After(at) {
		at = told.Add(p.Every)
	}
	daily, err := time.Parse("15:04", p.Daily)
	if err != nil {
		return at
	}
	zone, err := time.LoadLocation(p.Zone)
	if err != nil {
		zone = time.UTC
	}
	if told.After(at) {
		at = told
	}
	// Days are counted and not hours: a day may have 23 or 25 of them. A time
	// that a day does not have, since the clocks are put forward then, becomes
	// the one that takes its place; of one that it has twice, one counts.
	local := at.In(zone)
	for day := 0; ; day++ {
		next := time.Date(local.Year(), local.Month(), local.Day()+day, daily.Hour(), daily.Minute(), 0, 0, zone)
		if next.After(at) {
			return next
		}
	}
}
