package deliver

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/halert/halert/internal/halo"
	"github.com/halert/halert/internal/halosim"
	"github.com/halert/halert/internal/store"
)

// row is what a failed call leaves on the ticket.
type row struct {
	State    store.TicketState
	Delivery store.DeliveryState
	Class    halo.Class
	InDoubt  bool // the call may have had its effect
	Counted  bool
	Later    bool // it is tried again, and not at once
	Words    bool // what went wrong is told
}

// judged is one line of the table: an answer of Halo's, its class, the verdict
// on it, and the row that remains. Where a note or a closing differs from a
// create, it has a verdict of its own.
type judged struct {
	fault   halosim.Fault
	class   halo.Class
	verdict verdict
	inHalo  verdict // of a call about a ticket that Halo has
	doubt   bool    // the call may have had its effect
}

// verdicts is the whole table of what an answer means.
func verdicts() []judged {
	status := func(n int) halosim.Fault { return halosim.Fault{Kind: halosim.KindStatus, Status: n} }
	same := func(f halosim.Fault, c halo.Class, v verdict, doubt bool) judged { return judged{f, c, v, v, doubt} }
	table := []judged{
		same(status(401), halo.ClassUnauthorised, refused, false),
		same(status(403), halo.ClassForbidden, doubt, false),
		{status(404), halo.ClassNotFound, park, gone, false},
		same(status(408), halo.ClassServer, retry, true),
		same(status(429), halo.ClassRateLimited, wait, false),
		same(halosim.Fault{Kind: halosim.KindInvalidClient}, halo.ClassCredentials, refused, false),
		same(halosim.Fault{Kind: halosim.KindDropped}, halo.ClassNetwork, retry, true),
		same(halosim.Fault{Kind: halosim.KindCreatedDropped}, halo.ClassNetwork, retry, true),
		same(halosim.Fault{Kind: halosim.KindCreatedStatus, Status: 503}, halo.ClassServer, retry, true),
	}
	for _, n := range []int{400, 409, 418, 422} {
		table = append(table, same(status(n), halo.ClassRefused, park, false))
	}
	for _, n := range []int{500, 502, 503} {
		table = append(table, same(status(n), halo.ClassServer, retry, true))
	}
	return table
}

// left is the row that a verdict leaves.
func left(call store.Call, j judged, v verdict) row {
	r := row{State: store.TicketOpen, Class: j.class, InDoubt: j.doubt, Words: true}
	if call == store.CallCreate {
		r.State = store.TicketPending
	}
	switch v {
	case retry:
		r.Delivery, r.Counted, r.Later = store.Retryable, true, true
	case wait, refused:
		r.Delivery, r.Later = store.Scheduled, true
	case doubt, park: // doubt: Halo still lets us read, so that it is this ticket's own matter
		r.Delivery, r.Counted = store.Discarded, true
	case gone:
		r.State, r.Delivery, r.Class = store.TicketClosed, store.Completed, ""
		r.Words = false
	}
	return r
}

// shapes are the bodies in which Halo and what stands before it clothe an
// error. The class is the status's alone.
func shapes(j judged, call store.Call) []string {
	if j.fault.Kind != halosim.KindStatus {
		return []string{""}
	}
	if call != store.CallCreate || j.fault.Status != 400 && j.fault.Status != 503 {
		return []string{"exception", "empty"}
	}
	return []string{"exception", "string", "message", "modelstate", "problem", "result", "auth", "html", "text", "empty"}
}

func TestWhatAnErrorOfHalosMeans(t *testing.T) {
	for _, call := range []store.Call{store.CallCreate, store.CallNote, store.CallClose} {
		for _, j := range verdicts() {
			t.Run(fmt.Sprintf("%s %s %d", call, j.fault.Kind, j.fault.Status), func(t *testing.T) {
				t.Parallel() // most of the time is the disk's
				v := j.verdict
				if call != store.CallCreate {
					v = j.inHalo
				}
				if got := judge(j.class, call); got != v {
					t.Errorf("%s of a %s: verdict %d, want %d", j.class, call, got, v)
				}
				w := newWorld(t, false, nil)
				for _, shape := range shapes(j, call) {
					if diff := cmp.Diff(left(call, j, v), w.struck(call, "kind "+shape, j.fault, shape)); diff != "" {
						t.Errorf("body %q, row (-want +got):\n%s", shape, diff)
					}
				}
			})
		}
	}
}

// struck makes one call for a ticket of its own while a fault strikes, and
// returns what that leaves.
func (w *world) struck(call store.Call, kind string, f halosim.Fault, shape string) row {
	w.t.Helper()
	f.Body, f.Message = shape, "Please select a category"
	if f.Kind != halosim.KindInvalidClient {
		f.Operation = string(call)
	}
	event := w.report(12, kind, "x", nil)
	switch call {
	case store.CallNote:
		w.due()
		w.report(12, kind, "y", nil)
	case store.CallClose:
		w.due()
		w.report(12, kind, "x", resolved)
	}
	if f.Kind == halosim.KindInvalidClient { // the token that is in hand would still do
		w.newClient()
	}
	fault := w.inject(f)
	w.due()
	w.sim.Remove(fault)
	w.d.gate.reset()
	if err := w.store.FillWindow(w.t.Context(), time.Time{}, w.now()); err != nil {
		w.t.Fatal(err)
	}
	got := w.ticket(event)
	return row{State: got.State, Delivery: got.Delivery, Class: halo.Class(got.ErrorClass), InDoubt: got.Begun == call,
		Counted: got.Attempt == 1, Later: got.Delivery != store.Completed && got.DueAt.After(w.now()), Words: got.Error != ""}
}

// due works on what is due now.
func (w *world) due() {
	w.t.Helper()
	for wait := time.Duration(0); wait == 0; {
		var wg sync.WaitGroup
		var err error
		if wait, err = w.d.dispatch(w.t.Context(), w.t.Context(), make(chan struct{}, workers), &wg); err != nil {
			w.t.Fatal(err)
		}
		wg.Wait()
	}
}

// newClient gives the deliverer a client that has no token yet.
func (w *world) newClient() {
	w.t.Helper()
	tg := w.d.target.Load()
	fresh := &halo.Client{ResourceURL: tg.halo.ResourceURL, AuthURL: tg.halo.AuthURL, ClientID: "demo", ClientSecret: "demo", Now: w.now}
	if err := w.d.Configure(w.t.Context(), fresh, tg.settings); err != nil {
		w.t.Fatal(err)
	}
}
