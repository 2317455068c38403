package deliver

import (
	"testing"
	"time"

	"github.com/halert/halert/internal/alert"
	"github.com/halert/halert/internal/halo"
	"github.com/halert/halert/internal/store"
)

func at(text string) time.Time {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return t
}

func TestNoteTime(t *testing.T) {
	daily := func(hour, zone string) alert.NotePolicy { return alert.NotePolicy{Daily: hour, Zone: zone} }
	for _, tt := range []struct {
		name       string
		policy     alert.NotePolicy
		told, news string
		want       string
	}{
		{"no limit", alert.NotePolicy{}, "2026-11-23T08:00:00Z", "2026-11-23T08:05:00Z", "2026-11-23T08:05:00Z"},
		{"every hour, soon after the last", alert.NotePolicy{Every: time.Hour}, "2026-11-23T08:00:00Z", "2026-11-23T08:05:00Z", "2026-11-23T09:00:00Z"},
		{"every hour, long after the last", alert.NotePolicy{Every: time.Hour}, "2026-11-23T08:00:00Z", "2026-11-23T11:05:00Z", "2026-11-23T11:05:00Z"},
		{"daily, later today", daily("08:00", ""), "2026-11-22T20:00:00Z", "2026-11-23T07:00:00Z", "2026-11-23T08:00:00Z"},
		{"daily, not today any more", daily("08:00", ""), "2026-11-20T20:00:00Z", "2026-11-23T10:00:00Z", "2026-11-24T08:00:00Z"},
		{"daily, told at that very time", daily("08:00", ""), "2026-11-23T08:00:00Z", "2026-11-23T07:59:00Z", "2026-11-24T08:00:00Z"},
		{"daily and every two days", alert.NotePolicy{Every: 48 * time.Hour, Daily: "08:00"}, "2026-11-23T09:00:00Z", "2026-11-23T10:00:00Z", "2026-11-26T08:00:00Z"},
		{"daily in a zone of its own", daily("08:00", "Australia/Sydney"), "2026-11-22T00:00:00Z", "2026-11-22T22:00:00Z", "2026-11-23T21:00:00Z"},
		{"the clocks are put forward", daily("08:00", "Europe/Amsterdam"), "2026-03-28T07:00:00Z", "2026-03-28T12:00:00Z", "2026-03-29T06:00:00Z"},
		{"the clocks are put back", daily("08:00", "Europe/Amsterdam"), "2026-10-24T06:00:00Z", "2026-10-24T12:00:00Z", "2026-10-25T07:00:00Z"},
		{"a time that the day does not have", daily("02:30", "Europe/Amsterdam"), "2026-03-28T02:00:00Z", "2026-03-28T12:00:00Z", "2026-03-29T01:30:00Z"},
		{"a time that is no time", daily("8 o'clock", ""), "2026-11-23T08:00:00Z", "2026-11-23T08:05:00Z", "2026-11-23T08:05:00Z"},
		{"a zone that is none", daily("08:00", "Middle/Earth"), "2026-11-22T20:00:00Z", "2026-11-23T07:00:00Z", "2026-11-23T08:00:00Z"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := noteTime(tt.policy, at(tt.told), at(tt.news)); !got.Equal(at(tt.want)) {
				t.Errorf("got %s, want %s", got.UTC().Format(time.RFC3339), tt.want)
			}
		})
	}
}

// However the clocks are put, notes of a daily policy are a day apart, and no
// further off than the bound that a wait is believed for.
func TestDailyNotesAreADayApart(t *testing.T) {
	for _, p := range []alert.NotePolicy{{Daily: "02:30", Zone: "Europe/Amsterdam"}, {Daily: "00:00", Zone: "America/Santiago"}, {Daily: "23:59", Zone: "Australia/Lord_Howe"}} {
		told := at("2026-01-01T00:00:00Z")
		for day := range 366 {
			next := noteTime(p, told, told)
			if gap := next.Sub(told); gap <= 0 || gap > noteDay || day > 0 && gap < 22*time.Hour {
				t.Fatalf("%s %s: after %s comes %s", p.Zone, p.Daily, told, next)
			}
			told = next
		}
	}
}

func TestTouched(t *testing.T) {
	const ref = "HLTABC"
	opening := halo.Action{ID: 1, Who: "API", WhoAgentID: 5, Note: "Reference " + ref}
	ours := halo.Action{ID: 2, Who: "API", WhoAgentID: 5, Note: "again [" + ref + "/2]"}
	fresh := halo.Ticket{StatusID: 1, AgentID: 1}
	for _, tt := range []struct {
		name    string
		status  int // right after the create; 0: not known
		agent   int
		got     halo.Ticket
		actions []halo.Action
		want    bool
	}{
		{"nothing but ours", 1, 1, fresh, []halo.Action{opening, ours}, false},
		{"no actions at all", 1, 1, fresh, nil, false},
		{"a technician's note", 1, 1, fresh, []halo.Action{opening, {ID: 2, Who: "Tess", WhoAgentID: 9}}, true},
		{"a technician's note where agents are not said", 1, 1, fresh, []halo.Action{{ID: 1, Who: "API", Note: ref}, {ID: 2, Who: "Tess"}}, true},
		{"an unsigned action", 1, 1, fresh, []halo.Action{opening, {ID: 2}}, false},
		{"our agent without our mark", 1, 1, fresh, []halo.Action{opening, {ID: 3, Who: "API", WhoAgentID: 5}}, false},
		{"our application under another name", 1, 1, fresh, []halo.Action{{ID: 1, Application: "app", Note: ref}, {ID: 2, Application: "app", Who: "Rule", WhoAgentID: 8}}, false},
		{"an opening without our mark", 1, 1, fresh, []halo.Action{{ID: 1, Who: "Somebody", WhoAgentID: 4}}, false},
		{"another status", 1, 1, halo.Ticket{StatusID: 2, AgentID: 1}, []halo.Action{opening}, true},
		{"another agent", 1, 1, halo.Ticket{StatusID: 1, AgentID: 9}, []halo.Action{opening}, true},
		{"a status that our own note brought", 1, 1, halo.Ticket{StatusID: 4, AgentID: 1}, []halo.Action{opening, {ID: 2, WhoAgentID: 5, Note: ref, OldStatus: 1, NewStatus: 4}}, false},
		{"a status that our note only found", 1, 1, halo.Ticket{StatusID: 4, AgentID: 1}, []halo.Action{opening, {ID: 2, WhoAgentID: 5, Note: ref, OldStatus: 4, NewStatus: 4}}, true},
		{"status and agent were not known", 0, 0, halo.Ticket{StatusID: 7, AgentID: 9}, []halo.Action{opening}, false},
		{"status and agent are not said now", 1, 1, halo.Ticket{}, []halo.Action{opening}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			row := store.Ticket{Reference: ref, Life: store.Life{HaloStatus: tt.status, HaloAgent: tt.agent}}
			if got := touched(row, tt.got, tt.actions); got != tt.want {
				t.Errorf("touched: %v, want %v", got, tt.want)
			}
		})
	}
}

// Somebody puts the clock back by a day: a note without a policy goes at once,
// and one that waits for its time waits no longer than its policy says.
func TestNotesAfterTheClockWasPutBack(t *testing.T) {
	now := at("2026-11-23T08:00:00Z")
	for _, tt := range []struct {
		name   string
		policy alert.NotePolicy
		told   time.Time // by the old clock
		want   step
	}{
		{"no limit", alert.NotePolicy{}, now.Add(24 * time.Hour), stepNote},
		{"every hour, told a day ahead", alert.NotePolicy{Every: time.Hour}, now.Add(24 * time.Hour), stepNote},
		{"every hour, told just now", alert.NotePolicy{Every: time.Hour}, now, stepWait},
		{"daily, told two days ahead", alert.NotePolicy{Daily: "08:00"}, now.Add(48 * time.Hour), stepNote},
	} {
		ticket := store.Ticket{HaloID: 7, State: store.TicketOpen, Seq: 2, ShownSeq: 1, NotedAt: tt.told, Plan: alert.Plan{Notes: tt.policy}}
		ticket.NewsAt, ticket.SeenSeq = tt.told.Add(time.Second), 2
		if got := next(ticket, Settings{}, true, now); got.step != tt.want {
			t.Errorf("%s: step %d until %v, want %d", tt.name, got.step, got.until, tt.want)
		}
	}
}
