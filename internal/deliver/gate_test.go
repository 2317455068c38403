package deliver

import (
	"testing"
	"time"
)

var t0 = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)

func TestBackoffIsQuickThenPatient(t *testing.T) {
	if d := backoff(0, 0); d > 3*time.Second {
		t.Errorf("the first retry waits %v, want at most 3s", d)
	}
	for n := range 100 {
		for lasts := time.Duration(0); lasts < 5*time.Minute; lasts += 7 * time.Second {
			if d := backoff(n, lasts); d <= 0 || d > 14*time.Second {
				t.Fatalf("try %d, %v into an outage: waits %v, want a second or more to spare of 15s", n, lasts, d)
			}
		}
	}
	last := time.Duration(0)
	for lasts := 5 * time.Minute; lasts < 72*time.Hour; lasts += 10 * time.Minute {
		d := backoff(50, lasts)
		if d < last || d > 5*time.Minute {
			t.Fatalf("%v into an outage: waits %v after %v, want growing to 5m", lasts, d, last)
		}
		last = d
	}
	if last != 5*time.Minute {
		t.Errorf("after days it waits %v, want 5m", last)
	}
}

func TestOneFailureIsNoOutage(t *testing.T) {
	var g gate
	g.down(t0, "500")
	if from, probe := g.admit(); !from.IsZero() || probe {
		t.Errorf("after one failure: not before %v, probe %v; want others to go on", from, probe)
	}
	if g.success(t0) {
		t.Error("a success after one failure ended an outage that was none")
	}
}

func TestOutageLetsOneProbeThroughAndEndsWithTheFirstSuccess(t *testing.T) {
	var g gate
	now := t0
	for range 10 {
		g.down(now, "connection refused")
		from, _ := g.admit()
		if wait := from.Sub(now); wait > 14*time.Second {
			t.Fatalf("probe after %v, want a second or more to spare of 15s", wait)
		}
		now = now.Add(5 * time.Second)
	}
	if from, probe := g.admit(); !from.After(now.Add(-6*time.Second)) || !probe {
		t.Errorf("in the outage: not before %v, probe %v", from, probe)
	}
	if tr := g.trouble(); tr == nil || tr.Reason != "connection refused" || !tr.Since.Equal(t0.Add(5*time.Second)) {
		t.Errorf("trouble %+v", tr)
	}
	if !g.success(now) {
		t.Error("the success did not end the outage")
	}
	if from, probe := g.admit(); !from.IsZero() || probe || g.trouble() != nil {
		t.Error("after the success the gate is not open")
	}
}

func TestRateLimitWaits(t *testing.T) {
	var g gate
	if until := g.limited(t0, 0, true); until.Sub(t0) < time.Second {
		t.Errorf("Halo said 0s: waits %v, want no call without end", until.Sub(t0))
	}
	g = gate{}
	if until := g.limited(t0, 40*time.Second, true); !until.Equal(t0.Add(40 * time.Second)) {
		t.Errorf("Halo said 40s: waits until %v", until)
	}
	g = gate{}
	if until := g.limited(t0, 0, false); until.Sub(t0) > 14*time.Second {
		t.Errorf("Halo did not say: first wait %v, want a second or more to spare of 15s", until.Sub(t0))
	}
	g.success(t0) // a call that was under way: the limit stands
	if from, _ := g.admit(); !from.Equal(t0.Add(calm)) {
		t.Errorf("after a success in between: not before %v, want the limit to stand", from)
	}
}

func TestRefusalOfEverybodyIsProbedOnceAMinute(t *testing.T) {
	var g gate
	g.refuse(t0, Trouble{Reason: "invalid_client"}, refusedProbe)
	at := g.refuse(t0.Add(time.Minute), Trouble{Reason: "invalid_client"}, time.Second)
	if want := t0.Add(2 * time.Minute); !at.Equal(want) {
		t.Errorf("next probe %v, want %v", at, want)
	}
	if tr := g.trouble(); tr == nil || !tr.Since.Equal(t0) {
		t.Errorf("trouble %+v, want it since %v", tr, t0)
	}
}

func TestWhoseMatterIsAForbiddenCreate(t *testing.T) {
	var g gate
	if everybody, _ := g.forbid(14, "a"); everybody {
		t.Error("one client is refused: taken for everybody's matter")
	}
	if everybody, _ := g.forbid(14, "b"); everybody {
		t.Error("the same client again: taken for everybody's matter")
	}
	everybody, parked := g.forbid(15, "c")
	if !everybody || len(parked) != 3 {
		t.Errorf("a second client and none served: everybody %v, parked %v; want true and all three back", everybody, parked)
	}
	if everybody, _ := g.forbid(15, "d"); !everybody {
		t.Error("forgotten while nobody is served")
	}
	g.served(12)
	for _, c := range []int{14, 15} {
		if everybody, _ := g.forbid(c, "x"); everybody {
			t.Errorf("client %d: others were served, so it is its own matter", c)
		}
	}
}
