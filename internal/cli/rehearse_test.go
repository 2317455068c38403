package cli

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/halert/halert/internal/rehearse"
)

func TestRehearsalText(t *testing.T) {
	at := time.Date(2026, 3, 9, 8, 0, 0, 0, time.UTC)
	got := rehearsalText(style{}, rehearse.Rehearsal{
		Since: at, Until: at.Add(time.Hour), Bodies: 1, Problems: []string{"route odd: it failed"}, Come: 1, Go: 1, Change: 3, Same: 4,
		InForce: rehearse.RehearsalTotals{Tickets: 8, Held: 2}, Draft: rehearse.RehearsalTotals{Tickets: 8, Unread: 5},
		Changes: []rehearse.TicketChange{
			{What: "come", Title: "Disk", Customer: "Acme (client 12)", At: at, Why: "held: nobody's", Draft: &rehearse.RehearsedTicket{Alerts: 2, Bodies: 3},
				Differences: []rehearse.Difference{{Name: "customer", Draft: "Acme (client 12)"}, {Name: "team", Draft: "Servers"}}},
			{What: "go", Title: "Lamp", Customer: "client 14", At: at, Why: "quiet: a lamp", InForce: &rehearse.RehearsedTicket{Alerts: 1, Bodies: 1},
				Differences: []rehearse.Difference{{Name: "type", InForce: "21"}}},
			{What: "change", Title: "Mail", Customer: "client 14", At: at, InForce: &rehearse.RehearsedTicket{Alerts: 1, Bodies: 9}, Draft: &rehearse.RehearsedTicket{Alerts: 1, Bodies: 1},
				Differences: []rehearse.Difference{{Name: "template", InForce: "short"}, {Name: "priority", InForce: "3", Draft: "1"}}},
		},
	})
	want := `1 body since 2026-03-09T08:00:00Z
There are more: only those until 2026-03-09T09:00:00Z were played.
A rule of the draft does not match, because it failed: route odd: it failed

                 IN FORCE  DRAFT
tickets          8         8
notes, about     0         0
quiet alerts     0         0
held alerts      2         0
bodies not read  0         5

9 tickets: 1 come, 1 go, 3 change, 4 stay as they are

WHAT    AT                CUSTOMER          TICKET  ALERTS  BODIES  HOW
come    2026-03-09 08:00  Acme (client 12)  Disk    2       3       held: nobody's; team Servers
go      2026-03-09 08:00  client 14         Lamp    1       1       quiet: a lamp
change  2026-03-09 08:00  client 14         Mail    1       1       template: short -> none; priority: 3 -> 1
and 2 more
`
	if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
