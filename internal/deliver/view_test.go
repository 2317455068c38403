package deliver

import (
	"strings"
	"testing"
	"time"
)

func TestSnoozeLinkStandsOnTheTicket(t *testing.T) {
	w := newWorld(t, false, func(s *Settings) {
		s.SnoozeLink = func(id string) string { return "https://halert.msp.example/snooze/of-" + id }
	})
	event := w.report(12, "mfa", "adele", nil)
	w.work(time.Minute)
	want := `href="https://halert.msp.example/snooze/of-` + w.ticket(event).ID + `"`
	if got := w.exactlyOne(event).DetailsHTML; !strings.Contains(got, want) {
		t.Errorf("the ticket lacks %s:\n%s", want, got)
	}
}
