package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/halert/halert/internal/deliver"
	"github.com/halert/halert/internal/store"
)

// hook is a webhook that keeps the ids it is sent.
type hook struct {
	*httptest.Server
	mu     sync.Mutex
	status int
	ids    []string
}

func newHook(t *testing.T) *hook {
	h := &hook{status: http.StatusOK}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		var body struct{ ID string }
		if err := json.Unmarshal(raw, &body); err != nil {
			t.Error(err)
		}
		h.mu.Lock()
		defer h.mu.Unlock()
		h.ids = append(h.ids, body.ID)
		w.WriteHeader(h.status)
	}))
	t.Cleanup(h.Close)
	return h
}

func (h *hook) answer(status int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.status, h.ids = status, nil
}

func (h *hook) got() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.ids)
}

// office is a database, a clock, and what Halo does.
type office struct {
	t       *testing.T
	store   *store.Store
	now     time.Time
	trouble *deliver.Trouble
	good    time.Time
	log     bytes.Buffer
	hook    *hook
	mail    *mailServer
}

func newOffice(t *testing.T) *office {
	t.Helper()
	s, err := store.Open(t.Context(), "", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return &office{t: t, store: s, now: t0, hook: newHook(t), mail: &mailServer{}}
}

// process makes one process on the database, which tells by both ways.
func (o *office) process(name string) *Notifier {
	o.t.Helper()
	if o.mail.addr == "" {
		serveMail(o.t, o.mail)
	}
	n := New(Options{Store: o.store, Log: slog.New(slog.NewTextHandler(&o.log, nil)), Now: func() time.Time { return o.now }, Node: name,
		Trouble: func() *deliver.Trouble { return o.trouble }, LastGood: func() time.Time { return o.good }})
	n.Configure(Settings{StuckAfter: 15 * time.Minute, Webhook: &Webhook{URL: o.hook.URL},
		Email: &Email{Server: o.mail.addr, From: "halert@msp.example", To: []string{"noc@msp.example"}, TLS: NoTLS}})
	return n
}

func (o *office) refuse() {
	o.trouble = &deliver.Trouble{Class: "credentials", Reason: "invalid_client", Since: o.now, Remedy: "Check client_secret."}
}

// told checks what came by the webhook since the last look, and the number of mails so far.
func (o *office) told(what string, mails int, want ...string) {
	o.t.Helper()
	if got := o.hook.got(); !slices.Equal(got, want) {
		o.t.Errorf("%s: the webhook got %v, want %v", what, got, want)
	}
	o.hook.answer(http.StatusOK)
	if got := len(o.mail.received()); got != mails {
		o.t.Errorf("%s: %d mails, want %d", what, got, mails)
	}
}

func TestToldOnceByAllProcessesAndAcrossRestarts(t *testing.T) {
	o := newOffice(t)
	a, b := o.process("a"), o.process("b")
	a.Round(t.Context())
	o.told("at peace", 0)
	o.refuse()
	var wg sync.WaitGroup
	for _, n := range []*Notifier{a, b} {
		wg.Go(func() { n.Round(t.Context()) })
	}
	wg.Wait()
	began := "refused-began-20261123T080000"
	o.told("refused", 1, began)
	for range 3 {
		o.now = o.now.Add(10 * time.Minute)
		a.Round(t.Context())
		o.process("c").Round(t.Context())
	}
	o.told("later", 1)
	o.trouble, o.good = nil, o.now
	o.now = o.now.Add(5 * time.Minute)
	b.Round(t.Context())
	a.Round(t.Context())
	o.told("over", 2, "refused-ended-20261123T083500")
}

func TestAWayThatFailsDoesNotStopTheOther(t *testing.T) {
	o := newOffice(t)
	n := o.process("a")
	o.hook.answer(http.StatusBadGateway)
	o.refuse()
	n.Round(t.Context())
	if got := o.hook.got(); len(got) != 1 || len(o.mail.received()) != 1 {
		t.Fatalf("webhook %v, mails %v", got, o.mail.received())
	}
	n.Round(t.Context()) // not before its time
	o.now = o.now.Add(10 * time.Second)
	o.process("b").Round(t.Context()) // a restart goes on with it
	n.Round(t.Context())
	if got := o.hook.got(); len(got) != 2 {
		t.Errorf("after ten seconds: %v", got)
	}
	o.now = o.now.Add(20 * time.Second)
	n.Round(t.Context())
	if got := strings.Count(o.log.String(), "could not be told"); got != 2 {
		t.Errorf("logged %d times, want once for each process:\n%s", got, o.log.String())
	}
	o.hook.answer(http.StatusOK)
	o.now = o.now.Add(40 * time.Second)
	n.Round(t.Context())
	o.told("it works again", 1, "refused-began-20261123T080000")
	if !strings.Contains(o.log.String(), "can be told again") {
		t.Errorf("the log does not say so:\n%s", o.log.String())
	}
	o.now = o.now.Add(time.Minute)
	n.Round(t.Context())
	o.told("sent", 1)
}

func TestAMessageOfAProcessThatDiedIsSentByAnother(t *testing.T) {
	o := newOffice(t)
	o.refuse()
	a, b := o.process("a"), o.process("b")
	if err := a.look(t.Context(), a.settings.Load(), []string{"email", "webhook"}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []string{"email", "webhook"} { // a claims, and dies
		if m, err := a.shared.claim(t.Context(), c); err != nil || m == nil {
			t.Fatalf("claim: %v, %v", m, err)
		}
	}
	b.Round(t.Context())
	o.told("claimed", 0)
	o.now = o.now.Add(claimFor)
	b.Round(t.Context())
	o.told("the claim has ended", 1, "refused-began-20261123T080000")
}

func TestADatabaseThatFailsIsTold(t *testing.T) {
	o := newOffice(t)
	n := o.process("a")
	n.Round(t.Context())
	if err := o.store.Close(); err != nil {
		t.Fatal(err)
	}
	for range 6 {
		o.now = o.now.Add(10 * time.Second)
		n.Round(t.Context())
	}
	o.told("the database is closed", 1, "storage-began-20261123T080040")
}

func TestRunGoesRoundUntilItIsStopped(t *testing.T) {
	o := newOffice(t)
	n := o.process("a")
	o.refuse()
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { n.Run(ctx, time.Millisecond) })
	for len(o.hook.got()) == 0 || len(o.mail.received()) == 0 {
		time.Sleep(time.Millisecond)
	}
	stop()
	wg.Wait()
	if got := o.hook.got(); len(got) != 1 {
		t.Errorf("told %v", got)
	}
}

func TestTestMessages(t *testing.T) {
	o := newOffice(t)
	n := o.process("a")
	o.hook.answer(http.StatusForbidden)
	got := n.Test(t.Context())
	if len(got) != 2 || got[0].Channel != "email" || got[0].Err != nil || got[1].Channel != "webhook" || got[1].Err == nil {
		t.Errorf("results %+v", got)
	}
	n.Configure(Settings{})
	if got := n.Test(t.Context()); len(got) != 0 {
		t.Errorf("nothing is configured, and %+v", got)
	}
}
