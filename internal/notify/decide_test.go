package notify

import (
	"encoding/json"
	"flag"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/halert/halert/internal/deliver"
	"github.com/halert/halert/internal/store"
)

var update = flag.Bool("update", false, "write the golden files")

var t0 = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)

func at(after time.Duration) time.Time { return t0.Add(after) }

// moment is what is seen at a time after t0, and what is told then.
type moment struct {
	after time.Duration
	see   func(*Observation)
	tell  string // ids without their times, parted by blanks
}

// play lets the clock run and compares what is told. The state goes through
// JSON each time, as it does in the database.
func play(t *testing.T, moments []moment) State {
	t.Helper()
	var st State
	for _, m := range moments {
		o := Observation{Now: at(m.after), Node: "a", StuckAfter: 15 * time.Minute}
		if m.see != nil {
			m.see(&o)
		}
		before, err := json.Marshal(st)
		if err != nil {
			t.Fatal(err)
		}
		next := Decide(o, st, []string{"email", "webhook"})
		if now, err := json.Marshal(st); err != nil || string(now) != string(before) {
			t.Errorf("after %s Decide changed what it was given", m.after)
		}
		var told []string
		for _, msg := range next.Outbox {
			if msg.At.Equal(o.Now) {
				told = append(told, string(msg.Kind)+"-"+string(msg.Phase))
			}
			if len(msg.Open) != 2 || msg.Subject == "" || msg.Text == "" {
				t.Errorf("message %+v", msg)
			}
		}
		if got := strings.Join(told, " "); got != m.tell {
			t.Errorf("after %s: told %q, want %q", m.after, got, m.tell)
		}
		raw, err := json.Marshal(next)
		if err != nil {
			t.Fatal(err)
		}
		st = State{}
		if err := json.Unmarshal(raw, &st); err != nil {
			t.Fatal(err)
		}
		if again, err := json.Marshal(Decide(o, st, []string{"email", "webhook"})); err != nil || string(again) != string(raw) {
			t.Errorf("after %s: the same observation changes the state again:\n%s\n%s", m.after, raw, again)
		}
	}
	return st
}

// waits sees n deliveries that wait since a time after t0.
func waits(n int, since time.Duration) func(*Observation) {
	return func(o *Observation) {
		o.Backlog = store.Backlog{Waiting: n, Since: at(since), Error: "connection refused"}
	}
}

func down(o *Observation) {
	o.Trouble = &deliver.Trouble{Class: "down", Reason: "no route to host", Since: t0, Remedy: "wait"}
}

func refusal(since time.Duration) func(*Observation) {
	return func(o *Observation) {
		o.Backlog = store.Backlog{Waiting: 1, Since: at(since)}
		o.Trouble = &deliver.Trouble{Class: "credentials", Reason: "invalid_client", Since: at(since), Remedy: "Check client_secret."}
	}
}

func good(after time.Duration) func(*Observation) {
	return func(o *Observation) { o.LastGood = at(after) }
}

func node(name string) func(*Observation) { return func(o *Observation) { o.Node = name } }

func settling(o *Observation) { o.Settling = true }

func parked(total, fresh int, newest time.Duration) func(*Observation) {
	return func(o *Observation) {
		o.Parked = store.Troubles{Total: total, New: fresh}
		if fresh > 0 {
			o.Parked.Newest = at(newest)
		}
	}
}

func quarantine(total, fresh int, newest time.Duration) func(*Observation) {
	return func(o *Observation) {
		o.Quarantined = store.Troubles{Total: total, New: fresh}
		if fresh > 0 {
			o.Quarantined.Newest = at(newest)
		}
	}
}

func pending(n int, since time.Duration) func(*Observation) {
	return func(o *Observation) { o.Pending, o.OldestPending = n, at(since) }
}

func database(failure string) func(*Observation) {
	return func(o *Observation) { o.Storage, o.StorageError = true, failure }
}

func all(f ...func(*Observation)) func(*Observation) {
	return func(o *Observation) {
		for _, f := range f {
			f(o)
		}
	}
}

const (
	s = time.Second
	m = time.Minute
	h = time.Hour
)

func TestDecide(t *testing.T) {
	for name, moments := range map[string][]moment{
		"nothing is wrong": {{0, nil, ""}, {h, good(h), ""}, {2 * h, waits(3, 2*h-s), ""}},
		"stuck": {
			{0, all(waits(1, 0), down), ""},
			{15*m - s, all(waits(2, 0), down), ""},
			{15 * m, all(waits(2, 0), down), "stuck-began"},
			{16 * m, all(waits(3, 0), down), ""},
			{90 * m, all(waits(3, 0), down), ""},
			{91 * m, all(waits(2, 0), good(91*m)), "stuck-ended"},
			{92 * m, good(91 * m), ""},
		},
		"something gets through: not stuck": {
			{20 * m, all(waits(9, 0), good(10*m)), ""},
			{25*m - s, all(waits(9, 0), good(10*m)), ""},
			{25 * m, all(waits(9, 0), good(10*m)), "stuck-began"},
		},
		"another process gets something through": {
			{14 * m, all(waits(9, 0), node("b"), good(14*m)), ""},
			{20 * m, waits(9, 0), ""},
			{29 * m, waits(9, 0), "stuck-began"},
			{30 * m, all(waits(9, 0), node("b"), good(30*m)), "stuck-ended"},
		},
		"stuck ends when nothing waits": {{15 * m, waits(1, 0), "stuck-began"}, {16 * m, nil, "stuck-ended"}},
		"just started": {
			{20 * m, all(waits(1, 0), pending(1, 0), settling), ""},
			{21 * m, all(waits(1, 0), pending(1, 0)), "stuck-began inbox-began"},
		},
		"no more than once an hour": {
			{15 * m, waits(1, 0), "stuck-began"},
			{16 * m, good(16 * m), "stuck-ended"},
			{35 * m, all(waits(1, 20*m), good(16*m)), ""},
			{75*m - s, all(waits(1, 20*m), good(16*m)), ""},
			{75 * m, all(waits(1, 20*m), good(16*m)), "stuck-began"},
			{76*m - s, good(76*m - s), ""}, // an hour after the end was told
			{76 * m, good(76*m - s), "stuck-ended"},
		},
		"refused": {
			{5 * s, refusal(0), "refused-began"},
			{m, refusal(0), ""},
			{20 * m, refusal(0), ""}, // not told as stuck too
			{21 * m, waits(1, 0), ""},
			{22 * m, all(waits(1, 0), good(22*m)), "refused-ended"},
		},
		"refused, and another process does not see it": {
			{0, refusal(0), "refused-began"},
			{m, all(node("b"), good(m)), ""},
			{2 * m, refusal(0), ""},
			{4 * m, all(node("b"), good(4*m)), ""},
			{5 * m, all(node("b"), good(5*m)), "refused-ended"}, // a has gone
		},
		"refused, then down: no end": {{0, refusal(0), "refused-began"}, {m, all(waits(1, 0), down, good(m)), ""}},
		"parked ones are gathered": {
			{0, parked(1, 1, 0), ""},
			{m - s, parked(3, 3, 30*s), ""},
			{m, parked(3, 3, 30*s), "discarded-began"},
			{2 * m, parked(3, 0, 0), ""},
			{10 * m, parked(4, 1, 10*m), ""},
			{61*m - s, parked(4, 1, 10*m), ""},
			{61 * m, parked(9, 6, 60*m), "discarded-began"},
			{62 * m, parked(0, 0, 0), "discarded-ended"},
		},
		"bodies in quarantine are gathered": {
			{0, quarantine(1, 1, 0), ""},
			{5*m - s, quarantine(2, 2, m), ""},
			{5 * m, quarantine(2, 2, m), "quarantined-began"},
			{6 * m, quarantine(0, 0, 0), "quarantined-ended"},
		},
		"parked and replayed at once": {{0, parked(1, 1, 0), ""}, {30 * s, nil, ""}, {50 * m, parked(1, 1, 50*m), ""}, {51 * m, parked(1, 1, 50*m), "discarded-began"}},
		"inbox": {
			{5*m - s, pending(4, 0), ""},
			{5 * m, pending(4, 0), "inbox-began"},
			{6 * m, pending(1, 6*m), "inbox-ended"},
		},
		"database": {
			{0, database("disk is full"), ""},
			{20 * s, database("disk is full"), ""},
			{30 * s, database("disk is full"), "storage-began"},
			{m, database("disk is full"), ""},
			{2 * m, database(""), "storage-ended"},
		},
		"a hitch of the database": {{0, database("busy"), ""}, {10 * s, database(""), ""}, {35 * s, database("busy"), ""}, {50 * s, database(""), ""}},
		"several at once":         {{h, all(waits(1, 0), parked(1, 1, 0), pending(1, 0)), "stuck-began inbox-began"}},
	} {
		t.Run(name, func(t *testing.T) { play(t, moments) })
	}
}

func TestMarksMoveWithWhatIsTold(t *testing.T) {
	st := play(t, []moment{{0, parked(2, 2, -h), ""}, {m, all(parked(2, 2, -h), quarantine(1, 1, 0)), "discarded-began"}})
	if got := st.Kinds[Discarded].Mark; !got.Equal(at(-h)) {
		t.Errorf("the mark is %s", got)
	}
	if got := st.Kinds[Quarantined].Mark; !got.IsZero() {
		t.Errorf("the mark of what is not told yet is %s", got)
	}
}

func TestOldMessagesAndFormerWaysAreDropped(t *testing.T) {
	st := play(t, []moment{{15 * m, waits(1, 0), "stuck-began"}})
	open := func(after time.Duration, channels ...string) []string {
		var out []string
		for _, m := range Decide(Observation{Now: at(after), Node: "a", StuckAfter: time.Hour}, State{Outbox: st.Outbox}, channels).Outbox {
			for _, o := range m.Open {
				out = append(out, o.Channel)
			}
		}
		return out
	}
	for _, tt := range []struct {
		after          time.Duration
		channels, want []string
	}{
		{h, []string{"email", "webhook"}, []string{"email", "webhook"}},
		{h, []string{"webhook"}, []string{"webhook"}},
		{h, nil, nil},
		{24*h + 15*m, []string{"email", "webhook"}, nil},
	} {
		if got := open(tt.after, tt.channels...); !slices.Equal(got, tt.want) {
			t.Errorf("after %s with %v: %v", tt.after, tt.channels, got)
		}
	}
}

// TestTexts writes all messages to one file, so that people read them.
func TestTexts(t *testing.T) {
	long := strings.Repeat("Halo's words go on. ", 40)
	o := Observation{Now: at(h), Backlog: store.Backlog{Waiting: 3, Since: t0, Error: "connection\nrefused"},
		Trouble: &deliver.Trouble{Class: "credentials", Reason: "invalid_client", Since: t0, Remedy: "Check client_secret."},
		Pending: 2, OldestPending: t0,
		StorageError: "commit: disk is full",
	}
	p := store.Troubles{Total: 9, New: 7, Newest: at(m), First: []store.Trouble{
		{ID: "0197", At: t0, Source: "cipp", Error: "The client is not active."}, {ID: "0198", At: at(m), Source: "cipp", Error: long}}}
	one := store.Troubles{Total: 1, New: 1, Newest: t0, First: []store.Trouble{{ID: "0199", At: t0, Source: "rmm"}}}
	calm := o
	calm.Trouble = nil
	var out strings.Builder
	for _, x := range []text{
		stuckText(o, t0), stuckText(calm, t0), stuckEnd(t0, 0), stuckEnd(t0, 1), refusedText(o), refusedEnd(t0, 5), discardedText(p), discardedText(one), discardedEnd(),
		quarantinedText(one), quarantinedText(p), quarantinedEnd(), inboxText(o), inboxEnd(t0), storageText(o), storageEnd(t0),
	} {
		out.WriteString("== " + x.subject + "\n" + x.body + "\n")
	}
	const file = "testdata/texts.txt"
	if *update {
		if err := os.WriteFile(file, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), out.String()); diff != "" {
		t.Errorf("texts (-want +got); run with -update if it is meant:\n%s", diff)
	}
}
