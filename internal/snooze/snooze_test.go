package snooze

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/halert/halert/internal/alert"
	"github.com/halert/halert/internal/secret"
	"github.com/halert/halert/internal/store"
)

var t0 = time.Date(2026, 3, 9, 7, 0, 0, 0, time.UTC)

type world struct {
	*testing.T
	store   *store.Store
	key     secret.Key
	mux     http.Handler
	ticket  string
	alerts  []store.Alert // newest first
	changed int
}

func report(user string) store.Report {
	return store.Report{
		Event: alert.Event{Action: alert.Trigger, Topic: alert.Topic{Kind: "mfa", Title: "Admins without MFA"}, Fingerprint: user, Severity: alert.Error,
			Finding: alert.Finding{Title: user + " has no <b>MFA</b>"}},
		Source: "cipp", Tenant: "acme", Customer: &alert.Customer{ClientID: 12, Name: "Acme Dental"}, GroupKey: "g",
	}
}

func newWorld(t *testing.T) *world {
	t.Helper()
	s, err := store.Open(t.Context(), "", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	key, err := secret.ParseKey("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")
	if err != nil {
		t.Fatal(err)
	}
	w := &world{T: t, store: s, key: key}
	mux := http.NewServeMux()
	mux.Handle(Path, New(Options{Store: s, Key: key, Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return t0 }, Changed: func() { w.changed++ }}))
	w.mux = mux
	w.apply(report("adele"), report("alex"))
	if w.alerts, err = s.Alerts(t.Context(), store.AlertFilter{}, store.Page{Limit: 9}); err != nil || len(w.alerts) != 2 {
		t.Fatal(w.alerts, err)
	}
	w.ticket = w.alerts[0].TicketID
	return w
}

func (w *world) apply(reports ...store.Report) {
	w.Helper()
	id, err := w.store.Accept(w.Context(), store.Event{Source: "cipp", Kind: "cipp", ReceivedAt: t0, Body: []byte("{}"), Status: store.EventPending})
	if err == nil {
		err = w.store.Apply(w.Context(), []store.Outcome{{EventID: id, Source: "cipp", Status: store.EventProcessed, Reports: reports}}, t0)
	}
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) link() string { return Link(w.key, "", w.ticket) }

func (w *world) get(link string) (int, string) {
	rec := httptest.NewRecorder()
	w.mux.ServeHTTP(rec, httptest.NewRequestWithContext(w.Context(), http.MethodGet, link, nil))
	return rec.Code, rec.Body.String()
}

func (w *world) post(link string, form url.Values) (int, string) {
	req := httptest.NewRequestWithContext(w.Context(), http.MethodPost, link, strings.NewReader(form.Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	rec := httptest.NewRecorder()
	w.mux.ServeHTTP(rec, req)
	return rec.Code, rec.Body.String()
}

func (w *world) silences() []store.Silence {
	w.Helper()
	all, err := w.store.Silences(w.Context(), store.Page{Limit: 9})
	if err != nil {
		w.Fatal(err)
	}
	return all
}

// Opening the link shows the findings and changes nothing: mail filters and
// previews open links too.
func TestOpeningTheLink(t *testing.T) {
	w := newWorld(t)
	status, page := w.get(w.link())
	for _, want := range []string{"Snooze: Admins without MFA", "Acme Dental", "adele has no &lt;b&gt;MFA&lt;/b&gt;", "alex has no", "90 days", `method="post"`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if status != http.StatusOK || len(w.silences()) != 0 || w.changed != 0 {
		t.Errorf("status %d, silences %v", status, w.silences())
	}
}

func TestSnoozeOneFinding(t *testing.T) {
	w := newWorld(t)
	form := url.Values{"finding": {w.alerts[0].ID}, "days": {"14"}, "reason": {"  known\r\n "}, "author": {"Jo"}}
	status, page := w.post(w.link(), form)
	all := w.silences()
	if status != http.StatusOK || len(all) != 1 || w.changed != 1 || !strings.Contains(page, "snoozed until 23 March 2026") {
		t.Fatalf("status %d, silences %+v, page:\n%s", status, all, page)
	}
	got := all[0]
	if got.DedupKey != w.alerts[0].DedupKey || got.Reason != "known" || got.Author != "Jo" || !got.From.Equal(t0) || !got.Until.Equal(t0.AddDate(0, 0, 14)) {
		t.Errorf("stored: %+v", got)
	}
}

func TestFormThatIsNotWhole(t *testing.T) {
	w := newWorld(t)
	whole := url.Values{"finding": {w.alerts[0].ID}, "days": {"7"}, "reason": {"known"}, "author": {"Jo"}}
	for key, wrong := range map[string][]string{"finding": {"", "another-alert"}, "days": {"", "8", "x", "-7"}, "reason": {"", " "}, "author": {""}} {
		for _, value := range wrong {
			form := url.Values{}
			for k, v := range whole {
				form[k] = v
			}
			form.Set(key, value)
			if status, page := w.post(w.link(), form); status != http.StatusUnprocessableEntity || !strings.Contains(page, `role="alert"`) {
				t.Errorf("%s=%q: status %d", key, value, status)
			}
		}
	}
	if len(w.silences()) != 0 {
		t.Errorf("silences: %+v", w.silences())
	}
}

func TestLinkThatIsNone(t *testing.T) {
	w := newWorld(t)
	other, err := secret.ParseKey("AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=")
	if err != nil {
		t.Fatal(err)
	}
	for name, link := range map[string]string{
		"made up": "/snooze/abc", "not base64": "/snooze/%20!", "of another key": Link(other, "", w.ticket), "of a ticket that is gone": Link(w.key, "", store.NewID()),
		"cut": w.link()[:len(w.link())-4],
	} {
		if status, _ := w.get(link); status != http.StatusNotFound {
			t.Errorf("%s: status %d", name, status)
		}
		if status, _ := w.post(link, url.Values{"finding": {w.alerts[0].ID}, "days": {"7"}, "reason": {"r"}, "author": {"a"}}); status != http.StatusNotFound {
			t.Errorf("%s: POST gives status %d", name, status)
		}
	}
	if len(w.silences()) != 0 {
		t.Errorf("silences: %+v", w.silences())
	}
}

func TestNothingFires(t *testing.T) {
	w := newWorld(t)
	a, b := report("adele"), report("alex")
	a.Event.Action, b.Event.Action = alert.Resolve, alert.Resolve
	w.apply(a, b)
	if status, page := w.get(w.link()); status != http.StatusOK || strings.Contains(page, "<form") || !strings.Contains(page, "nothing to snooze") {
		t.Errorf("status %d, page:\n%s", status, page)
	}
}
