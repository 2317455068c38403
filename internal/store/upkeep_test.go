package store

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
	"time"
)

func sweep(t *testing.T, s *Store, keep Retention, now time.Time) {
	t.Helper()
	w := s.NewSweep(keep, now)
	for range 10_000 {
		more, err := w.Step(t.Context())
		ok(t, err)
		if !more {
			return
		}
	}
	t.Fatal("the sweep does not end")
}

func count(t *testing.T, s *Store, table string) (n int) {
	t.Helper()
	ok(t, s.read.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM "+table).Scan(&n))
	return n
}

const days = 24 * time.Hour

var keepShort = Retention{Bodies: 30 * days, History: 400 * days}

func TestBodiesComeBackAsTheyWere(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		s := e.open(t)
		for name, body := range map[string][]byte{
			"empty": {}, "small": []byte(`{"a":1}`), "large": bytes.Repeat([]byte(`{"user":"adele"},`), 10_000),
			"like zstd": append([]byte{0x28, 0xb5, 0x2f, 0xfd}, "no frame"...),
		} {
			id, err := s.Accept(t.Context(), Event{Source: "cipp", ReceivedAt: t0, Body: body, Status: EventPending})
			ok(t, err)
			got, err := s.Body(t.Context(), id)
			ok(t, err)
			if !bytes.Equal(got, body) {
				t.Errorf("%s: %d bytes came back, want the %d that went in", name, len(got), len(body))
			}
			var kept int
			ok(t, s.read.QueryRowContext(t.Context(), `SELECT length(body) FROM events WHERE id = $1`, id).Scan(&kept))
			if len(body) > 100_000 && kept > len(body)/10 {
				t.Errorf("%s: %d bytes take %d on disk", name, len(body), kept)
			}
		}
		pending, err := s.Pending(t.Context(), 10)
		ok(t, err)
		for _, p := range pending {
			if b, err := s.Body(t.Context(), p.ID); err != nil || !bytes.Equal(b, p.Body) {
				t.Errorf("the pipeline reads another body of %s", p.ID)
			}
		}
	})
}

func TestOldBodiesGoAndEventsStay(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		s := e.open(t)
		old := post(t, s, t0, report("mfa", "adele"))
		fresh := post(t, s, t0.Add(2*days), report("mfa", "alex"))
		waits, err := s.Accept(t.Context(), Event{Source: "cipp", ReceivedAt: t0, Body: []byte("{}"), Status: EventPending})
		ok(t, err)
		bad, err := s.Accept(t.Context(), Event{Source: "cipp", ReceivedAt: t0, Body: []byte("{"), Status: EventQuarantined})
		ok(t, err)
		sweep(t, s, keepShort, t0.Add(31*days))
		if _, err := s.Body(t.Context(), old); !errors.Is(err, ErrBodyGone) {
			t.Errorf("the old body: %v, want %v", err, ErrBodyGone)
		}
		if err := s.Requeue(t.Context(), old); !errors.Is(err, ErrBodyGone) {
			t.Errorf("replay without a body: %v, want %v", err, ErrBodyGone)
		}
		if err := s.Requeue(t.Context(), "no such id"); !errors.Is(err, ErrNotFound) {
			t.Errorf("replay of nothing: %v, want %v", err, ErrNotFound)
		}
		for _, id := range []string{fresh, waits, bad} {
			if _, err := s.Body(t.Context(), id); err != nil {
				t.Errorf("a body that must stay: %v", err)
			}
		}
		if n := count(t, s, "events"); n != 4 {
			t.Errorf("%d events, want all 4", n)
		}
	})
}

// Only what is over goes; what is open, held, pending or parked stays for ever.
func TestOnlyWhatIsOverIsDeleted(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		s := e.open(t)
		post(t, s, t0, report("over", "a"), report("over", "b")) // b never resolves
		opened(t, s, 1, t0)
		post(t, s, t0, resolved(report("over", "a")))
		due := claim(t, s, "node", t0)
		ok(t, s.Closed(t.Context(), due.ID, "node", t0))
		post(t, s, t0, resolved(report("never seen", "x")))

		post(t, s, t0, report("open", "a"), report("open", "b"))
		opened(t, s, 2, t0)
		post(t, s, t0, resolved(report("open", "b")))
		note := claim(t, s, "node", t0)
		ok(t, s.Done(t.Context(), note.ID, "node", note.Seq, false, t0))
		post(t, s, t0, report("parked", "a"))
		c := claim(t, s, "node", t0)
		ok(t, s.Fail(t.Context(), c.ID, "node", Failure{Call: CallCreate, Class: "refused", Error: "no", State: Discarded, Known: true, Counts: true}, t0))
		held := report("held", "a")
		held.Customer, held.Held = nil, "not mapped"
		post(t, s, t0, held)
		post(t, s, t0, report("waits for Halo", "a"))
		_, err := s.Accept(t.Context(), Event{Source: "cipp", ReceivedAt: t0, Body: []byte("{}"), Status: EventPending})
		ok(t, err)

		sweep(t, s, keepShort, t0.Add(399*days))
		if n := count(t, s, "tickets"); n != 4 {
			t.Fatalf("before its time: %d tickets, want 4", n)
		}
		sweep(t, s, keepShort, t0.Add(401*days))
		left, err := s.Alerts(t.Context(), AlertFilter{}, Page{Limit: 100})
		ok(t, err)
		kinds := make(map[string]int)
		for _, a := range left {
			kinds[a.Kind]++
		}
		if got, want := fmt.Sprint(kinds), fmt.Sprint(map[string]int{"open": 2, "parked": 1, "held": 1, "waits for Halo": 1}); got != want {
			t.Errorf("alerts left: %s, want %s", got, want)
		}
		if n := count(t, s, "tickets"); n != 3 {
			t.Errorf("%d tickets are left, want 3", n)
		}
		if n := count(t, s, "events"); n != 6 {
			t.Errorf("%d events are left, want 6: two of open, one each of parked, held, waiting and pending", n)
		}
	})
}

// A ticket of many reports goes in several steps, each of them small.
func TestLargeTicketIsDeletedInSteps(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		s := e.open(t)
		var many []Report
		for i := range 3 * upkeepRows {
			many = append(many, report("mfa", fmt.Sprint(i)))
		}
		post(t, s, t0, many...)
		opened(t, s, 1, t0)
		post(t, s, t0, report("mfa", "0"))
		due := claim(t, s, "node", t0)
		ok(t, s.Closed(t.Context(), due.ID, "node", t0))
		// The report that found it closed is on a follower, which stays.
		sweep(t, s, keepShort, t0.Add(401*days))
		if n := count(t, s, "alerts"); n != 1 {
			t.Errorf("%d alerts are left, want the one on the follower", n)
		}
		if n := count(t, s, "tickets"); n != 1 {
			t.Errorf("%d tickets are left, want the follower", n)
		}
	})
}

func TestFileShrinks(t *testing.T) {
	s := engine{dir: t.TempDir()}.open(t)
	pages := func() (n int) {
		ok(t, s.read.QueryRowContext(t.Context(), "PRAGMA page_count").Scan(&n))
		return n
	}
	empty := pages()
	noise := make([]byte, 64<<10)
	for i := range noise {
		noise[i] = byte(i * i * 7919 >> 5)
	}
	for i := range 50 {
		_, err := s.Accept(t.Context(), Event{Source: "cipp", ReceivedAt: t0, Body: bytes.Repeat(noise[i*100:], 2), Status: EventQuarantined})
		ok(t, err)
	}
	before := pages()
	sweep(t, s, keepShort, t0.Add(401*days))
	if after := pages(); before < empty+40 || after > empty+2 {
		t.Errorf("the file had %d pages when it was empty, %d with bodies, and has %d after all went", empty, before, after)
	}
}

func TestQuietAlertsAndSilencesGoInTheEnd(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		s := e.open(t)
		hushed := report("noise", "adele")
		hushed.Quiet = &Quiet{Reason: "excluded"}
		post(t, s, t0, hushed)
		_, err := s.AddSilence(t.Context(), Silence{Reason: "r", Author: "a", From: t0, Until: t0.Add(100 * days), CreatedAt: t0})
		ok(t, err)
		sweep(t, s, keepShort, t0.Add(399*days))
		if count(t, s, "alerts") != 1 || count(t, s, "silences") != 1 {
			t.Error("they went before their time")
		}
		sweep(t, s, keepShort, t0.Add(501*days))
		if count(t, s, "alerts") != 0 || count(t, s, "silences") != 0 {
			t.Error("they are kept for ever")
		}
	})
}
