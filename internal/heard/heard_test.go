package heard

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/halert/halert/internal/alert"
	"github.com/halert/halert/internal/source"
	"github.com/halert/halert/internal/store"
)

var t0 = time.Date(2026, 3, 9, 7, 0, 0, 0, time.UTC)

func TestWhoIsSilent(t *testing.T) {
	day := 24 * time.Hour
	limits := []Limit{{Source: "cipp", After: day, Tenants: 7 * day}, {Source: "free"}}
	for _, tt := range []struct {
		name   string
		heard  store.Heard
		change bool
	}{
		{"heard within the limit", store.Heard{Source: "cipp", At: t0.Add(-day)}, false},
		{"not heard for longer", store.Heard{Source: "cipp", At: t0.Add(-day - time.Second)}, true},
		{"reported already", store.Heard{Source: "cipp", At: t0.Add(-2 * day), Silent: true}, false},
		{"heard again", store.Heard{Source: "cipp", At: t0, Silent: true}, true},
		{"a tenant has its own limit", store.Heard{Source: "cipp", Tenant: "acme", At: t0.Add(-6 * day)}, false},
		{"a tenant that stopped", store.Heard{Source: "cipp", Tenant: "acme", At: t0.Add(-8 * day)}, true},
		{"a source without a limit", store.Heard{Source: "free", At: t0.Add(-800 * day)}, false},
		{"a source whose limit was taken away", store.Heard{Source: "free", At: t0.Add(-800 * day), Silent: true}, true},
		{"a source that is not configured any more", store.Heard{Source: "gone", At: t0.Add(-800 * day)}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := changes([]store.Heard{tt.heard}, limits, t0); (len(got) == 1) != tt.change {
				t.Errorf("changes: %+v, want one: %v", got, tt.change)
			}
		})
	}
}

// The report is one that halert itself understands.
func TestReport(t *testing.T) {
	parser, err := source.New(Kind, source.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range []store.Heard{{Source: "cipp", At: t0}, {Source: "cipp", At: t0, Silent: true}, {Source: "cipp", Tenant: "acme.example", At: t0}} {
		m, err := parser.Parse(body(change{h, time.Hour}))
		if err != nil || len(m.Events) != 1 {
			t.Fatalf("%+v: %+v, %v", h, m, err)
		}
		want := alert.Trigger
		if h.Silent {
			want = alert.Resolve
		}
		e := m.Events[0]
		if e.Action != want || e.Tenant.String() != Tenant || e.Severity != alert.Error || !strings.Contains(e.Topic.Title+e.Finding.Title, "is silent") {
			t.Errorf("%+v became %+v", h, e)
		}
	}
}

func TestSilenceOfASource(t *testing.T) {
	s, err := store.Open(t.Context(), "", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	now, reported := t0, 0
	w := New(Options{Store: s, Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return now }, Reported: func() { reported++ }})
	w.Configure([]Limit{{Source: "cipp", After: time.Hour}})
	pass := func(d, step time.Duration) { // as the loop would
		t.Helper()
		for end := now.Add(d); now.Before(end); now = now.Add(step) {
			if err := w.look(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	pass(time.Hour, time.Minute)
	if reported != 0 {
		t.Error("a silence was reported before its time")
	}
	pass(10*time.Minute, time.Minute)
	if reported != 1 {
		t.Errorf("%d reports of one silence", reported)
	}
	hear := func() {
		t.Helper()
		id, err := s.Accept(t.Context(), store.Event{Source: "cipp", Kind: "cipp", ReceivedAt: now, Body: []byte("{}"), Status: store.EventPending})
		if err == nil {
			err = s.Apply(t.Context(), []store.Outcome{{EventID: id, Source: "cipp", Status: store.EventProcessed}}, now)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	hear()
	pass(10*time.Minute, time.Minute)
	if reported != 2 {
		t.Errorf("%d reports, want the end of the silence too", reported)
	}
	now = now.Add(48 * time.Hour) // halert was down: nobody listened
	pass(30*time.Minute, time.Minute)
	if reported != 2 {
		t.Error("the time in which halert was down counts as silence")
	}
	pass(time.Hour, time.Minute)
	if reported != 3 {
		t.Errorf("%d reports, want the second silence", reported)
	}
	if pending, err := s.Pending(t.Context(), 10); err != nil || len(pending) != 3 || pending[0].Source != Source {
		t.Errorf("the inbox has %+v, %v", pending, err)
	}
}
