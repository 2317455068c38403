package app

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/halert/halert/internal/api"
	"github.com/halert/halert/internal/halosim"
	"github.com/halert/halert/internal/store"
)

// standing is a clock that stands still until it is moved.
type standing struct {
	mu  sync.Mutex
	now time.Time
}

func (s *standing) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

// pass moves the clock on by steps, each time when the program has done what
// it can do.
func (p *program) pass(clock *standing, d time.Duration) {
	p.t.Helper()
	for end := clock.Now().Add(d); ; {
		p.rest(clock)
		left := end.Sub(clock.Now())
		if left <= 0 {
			return
		}
		clock.mu.Lock()
		clock.now = clock.now.Add(min(left, 30*time.Second))
		clock.mu.Unlock()
		p.app.settings.pipeline.Nudge()
		p.app.settings.deliver.Nudge()
	}
}

// rest waits until all that is left to do waits for the clock.
func (p *program) rest(clock *standing) {
	p.t.Helper()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		pending, err := p.app.store.Pending(p.t.Context(), 1)
		if err != nil {
			p.t.Fatal(err)
		}
		tickets, err := p.app.store.Tickets(p.t.Context(), store.TicketFilter{}, store.Page{Limit: 500}, clock.Now())
		if err != nil {
			p.t.Fatal(err)
		}
		busy := len(pending)
		for _, t := range tickets {
			if t.Delivery != store.Completed && !t.DueAt.After(clock.Now()) {
				busy++
			}
		}
		if busy == 0 {
			return
		}
	}
	p.t.Fatalf("the program does not come to rest\nlog:\n%s", p.log)
}

func stormAlert(kind, finding int) string {
	return fmt.Sprintf(`{"status":"firing","labels":{"alertname":"Kind%02d","tenant":"%s","severity":"warning","instance":"srv-%d"},
		"annotations":{"summary":"finding %d of kind %02d"},"startsAt":"2026-11-23T08:00:00Z","fingerprint":"f%d-%d"}`, kind, contosoID, finding, finding, kind, kind, finding)
}

// notification is what Alertmanager sends of some findings of one kind.
func notification(kind, findings int) string {
	var all []string
	for i := range findings {
		all = append(all, stormAlert(kind, i))
	}
	return `{"version":"4","groupKey":"g","status":"firing","receiver":"halert","alerts":[` + strings.Join(all, ",") + `]}`
}

// A tenant is new: 300 findings of 60 kinds come at once. 20 of the kinds get
// tickets, the others one together; and when it is over, all is as ever.
func TestStorm(t *testing.T) {
	clock := &standing{now: time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)}
	p := &program{t: t, sim: halosim.New(halosim.Options{Now: clock.Now}), dir: t.TempDir(), log: &logBuffer{}, now: clock.Now}
	p.halo = httptest.NewServer(p.sim)
	t.Cleanup(p.halo.Close)
	p.run(base + "storm: {tickets: 20, within: 10m}\n")
	t.Cleanup(func() { p.stop() })
	const secret = "am-secret-that-nobody-sees"
	for kind := range 60 {
		p.send("prometheus", secret, notification(kind, 5))
	}
	p.pass(clock, 5*time.Minute)

	var list struct{ Items []api.Alert }
	p.get("/api/v1/alerts?limit=500", &list)
	on := make(map[string]map[string]bool) // kinds by ticket
	for _, a := range list.Items {
		if a.TicketID == nil {
			t.Fatalf("the alert %s is on no ticket", a.Title)
		}
		if on[*a.TicketID] == nil {
			on[*a.TicketID] = make(map[string]bool)
		}
		kind, _, _ := strings.Cut(a.Title[strings.LastIndex(a.Title, "kind "):], "\n")
		on[*a.TicketID][kind] = true
	}
	storm := ""
	for id, kinds := range on {
		if len(kinds) > 1 {
			storm = id
		}
	}
	if len(list.Items) != 300 || len(on) != 21 || len(on[storm]) != 40 {
		t.Fatalf("%d alerts on %d tickets, %d kinds on the storm ticket; want 300, 21, 40", len(list.Items), len(on), len(on[storm]))
	}
	tickets := p.sim.Tickets()
	if len(tickets) != 21 {
		t.Fatalf("Halo has %d tickets, want 21", len(tickets))
	}
	var whole strings.Builder
	for _, ticket := range tickets {
		whole.WriteString(ticket.DetailsHTML)
		if strings.HasPrefix(ticket.Summary, "Many alerts at once at Contoso") != strings.Contains(ticket.DetailsHTML, "would have got more new tickets within 10m than allowed (20)") {
			t.Errorf("the ticket is %q: %s", ticket.Summary, ticket.DetailsHTML)
		}
	}
	for kind := range 60 {
		if name := fmt.Sprintf("kind %02d", kind); !strings.Contains(whole.String(), name) {
			t.Errorf("no ticket in Halo tells of %s", name)
		}
	}
	for _, a := range list.Items {
		if *a.TicketID != storm {
			continue
		}
		var x api.Explanation
		p.get("/api/v1/alerts/"+a.ID+"/explain", &x)
		if !strings.Contains(fmt.Sprint(x.Steps), "put on the storm ticket because") {
			t.Errorf("the explanation is %+v", x.Steps)
		}
		break
	}

	p.pass(clock, 20*time.Minute)
	e := p.delivered(p.send("prometheus", secret, notification(77, 1)))
	if len(e.Tickets) != 1 || e.Tickets[0].ID == storm || len(p.sim.Tickets()) != 22 {
		t.Errorf("20 minutes later a new kind is on %+v, and Halo has %d tickets", e.Tickets, len(p.sim.Tickets()))
	}
}
