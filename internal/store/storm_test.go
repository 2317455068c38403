package store

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/halert/halert/internal/alert"
)

func TestBrakeHolds(t *testing.T) {
	b := Brake{Tickets: 20, Within: 10 * time.Minute}
	for name, c := range map[string]struct {
		brake Brake
		w     weather
		want  bool
	}{
		"no brake":                   {Brake{}, weather{recent: 1000}, false},
		"no brake, a storm of old":   {Brake{}, weather{storm: t0}, false},
		"one more is allowed":        {b, weather{recent: 19}, false},
		"one too many":               {b, weather{recent: 20}, true},
		"the storm is on":            {b, weather{storm: t0.Add(-9 * time.Minute)}, true},
		"the storm is over":          {b, weather{storm: t0.Add(-10 * time.Minute)}, false},
		"over, and the next begins":  {b, weather{recent: 20, storm: t0.Add(-time.Hour)}, true},
		"the clock was put back":     {b, weather{storm: t0.Add(time.Minute)}, true},
		"one ticket, the least":      {Brake{Tickets: 1, Within: time.Minute}, weather{recent: 1}, true},
		"one ticket, none there yet": {Brake{Tickets: 1, Within: time.Minute}, weather{}, false},
	} {
		if got := c.brake.holds(c.w, t0); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func braked(kind, fingerprint string, tickets int) Report {
	r := report(kind, fingerprint)
	r.Brake = Brake{Tickets: tickets, Within: 10 * time.Minute}
	return r
}

func storms(t *testing.T, s *Store) (own, storm []Ticket) {
	t.Helper()
	all, err := s.Tickets(t.Context(), TicketFilter{}, Page{Limit: 500}, t0)
	ok(t, err)
	for _, ticket := range all {
		if ticket.Storm.Is() {
			storm = append(storm, ticket)
		} else {
			own = append(own, ticket)
		}
	}
	return own, storm
}

func TestStormTakesWhatIsTooMany(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		s := e.open(t)
		for i := range 8 {
			r := braked(fmt.Sprintf("kind-%d", i), "x", 3)
			r.Plan = alert.Plan{Routes: []string{"r"}, Delay: time.Hour, Template: "t", Notes: alert.NotePolicy{Mode: alert.NoteNever}}
			post(t, s, t0.Add(time.Duration(i)*time.Second), r)
		}
		grave := braked("grave", "x", 3)
		grave.Event.Severity = alert.Critical
		graveID := post(t, s, t0.Add(9*time.Second), grave)
		own, storm := storms(t, s)
		if len(own) != 3 || len(storm) != 1 {
			t.Fatalf("%d tickets and %d storms, want 3 and 1", len(own), len(storm))
		}
		st := storm[0]
		if st.Severity != alert.Critical || st.Kind != KindStorm || st.Topic.Title != "Many alerts at once at Acme Dental" || st.Plan.Delay != 0 || st.Plan.Template != "" ||
			st.Plan.Notes != (alert.NotePolicy{}) || st.Storm.Within != 10*time.Minute || !st.Storm.At.Equal(t0.Add(9*time.Second)) {
			t.Errorf("the storm ticket is %+v", st)
		}
		if len(st.Plan.Routes) != 0 {
			t.Errorf("the plan is not that of the gravest alert: %+v", st.Plan)
		}
		found, err := s.Firing(t.Context(), st.ID, 100)
		ok(t, err)
		if found.Total != 6 || len(found.Kinds) != 6 || found.Kinds[0].Kind != "grave" {
			t.Errorf("on the storm ticket are %+v", found.Kinds)
		}
		alerts, err := s.Alerts(t.Context(), AlertFilter{EventID: graveID}, Page{Limit: 2})
		ok(t, err)
		if len(alerts) != 1 || alerts[0].Kind != "grave" || !strings.HasPrefix(alerts[0].PlacedWhy, "put on the storm ticket because") {
			t.Errorf("the alert is %+v", alerts)
		}
		// Another customer, and repeats of both, are as ever.
		other := alert.Customer{ClientID: 14}
		r := braked("kind-7", "y", 3)
		r.Customer, r.GroupKey, r.Tenant = &other, alert.GroupKey(other, "cipp", "kind-7", "", ""), "other.example"
		if got := ticketOf(t, s, post(t, s, t0.Add(10*time.Second), r)); got.Storm.Is() {
			t.Error("another customer's alert is held back")
		}
		if got := ticketOf(t, s, post(t, s, t0.Add(11*time.Second), braked("kind-1", "x", 3))); got.Storm.Is() {
			t.Error("a repeat left its own ticket")
		}
		if got := ticketOf(t, s, post(t, s, t0.Add(12*time.Second), braked("kind-7", "x", 3))); got.ID != st.ID || got.Topic.Title != st.Topic.Title {
			t.Errorf("a repeat left the storm ticket, or renamed it: %+v", got.Topic)
		}
	})
}

func TestStormEndsByItself(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		s := e.open(t)
		at := func(d time.Duration, kind, who string) Ticket {
			return ticketOf(t, s, post(t, s, t0.Add(d), braked(kind, who, 2)))
		}
		at(0, "a", "x")
		at(0, "b", "x")
		first := at(time.Minute, "c", "x")
		// New kinds every nine minutes keep it going.
		for i := range 4 {
			if got := at(time.Duration(i+1)*9*time.Minute, fmt.Sprintf("d%d", i), "x"); got.ID != first.ID {
				t.Fatalf("kind %d is not on the storm ticket", i)
			}
		}
		if got := at(36*time.Minute+9*time.Minute, "c", "y"); got.ID != first.ID {
			t.Error("one more finding of a kind on the storm ticket is not on it")
		}
		if got := at(46*time.Minute, "e", "x"); got.Storm.Is() {
			t.Error("findings of known kinds kept the storm going")
		}
		if got := at(47*time.Minute, "c", "z"); got.ID != first.ID {
			t.Error("a kind on the storm ticket left it when the storm was over")
		}
		at(48*time.Minute, "f", "x")
		second := at(49*time.Minute, "g", "x")
		if !second.Storm.Is() || second.ID == first.ID {
			t.Error("the second storm has no ticket of its own")
		}
		if got := at(50*time.Minute, "d0", "x"); got.ID != first.ID {
			t.Error("a repeat went from the first storm to the second")
		}
	})
}

func TestStormFollowsWhenClosed(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		s := e.open(t)
		for i, kind := range []string{"a", "b"} {
			post(t, s, t0, braked(kind, "x", 1))
			opened(t, s, 100+i, t0)
		}
		_, storm := storms(t, s)
		post(t, s, t0.Add(time.Minute), braked("b", "x", 1), braked("c", "x", 1))
		c := claim(t, s, "node", t0.Add(time.Minute))
		if c == nil || c.ID != storm[0].ID {
			t.Fatalf("the storm ticket is not due: %+v", c)
		}
		ok(t, s.Closed(t.Context(), c.ID, "node", t0.Add(time.Minute)))
		next := ticketOf(t, s, post(t, s, t0.Add(2*time.Minute), braked("b", "y", 1)))
		if next.ID == c.ID || !next.Storm.Is() || next.PreviousID == 0 {
			t.Errorf("a new finding of a kind on the closed storm ticket is on %+v", next)
		}
		if got := ticketOf(t, s, post(t, s, t0.Add(3*time.Minute), braked("new", "x", 1))); got.ID != next.ID {
			t.Error("the storm did not go on with the ticket that follows")
		}
		if got := ticketOf(t, s, post(t, s, t0.Add(time.Hour), braked("c", "y", 1))); got.ID != next.ID {
			t.Error("after the storm, the ticket that follows does not know the kinds of the former one")
		}
	})
}

// Several nodes put one burst away at the same time.
func TestNodesAgreeOnAStorm(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		nodes := []*Store{e.open(t)}
		if e.address != "" {
			nodes = append(nodes, e.open(t), e.open(t))
		}
		var wg sync.WaitGroup
		for i := range 60 {
			s := nodes[i%len(nodes)]
			wg.Go(func() {
				id, err := s.Accept(t.Context(), Event{Source: "cipp", Kind: "cipp", ReceivedAt: t0, Status: EventPending})
				if err == nil {
					err = s.Apply(t.Context(), []Outcome{{EventID: id, Status: EventProcessed, Reports: []Report{braked(fmt.Sprintf("k%d", i), "x", 20)}}}, t0)
				}
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		own, storm := storms(t, nodes[0])
		if len(own) != 20 || len(storm) != 1 {
			t.Fatalf("%d tickets and %d storms, want 20 and 1", len(own), len(storm))
		}
		if found, err := nodes[0].Firing(t.Context(), storm[0].ID, 10); err != nil || found.Total != 40 || len(found.Shown) != 10 || len(found.Topics) != 10 {
			t.Errorf("on the storm ticket are %d (%v), want 40", found.Total, err)
		}
	})
}

func TestWithinParts(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		s := e.open(t)
		at := func(d time.Duration, kind, who string, change func(*Report)) Ticket {
			r := report(kind, who)
			r.Plan.Within, r.GroupKey = time.Hour, alert.GroupKey(acme, "cipp", "by user", "", "")
			if change != nil {
				change(&r)
			}
			return ticketOf(t, s, post(t, s, t0.Add(d), r))
		}
		first := at(0, "bad ip", "1", nil)
		if got := at(59*time.Minute, "location", "2", nil); got.ID != first.ID {
			t.Error("within the hour, and not on the same ticket")
		}
		second := at(61*time.Minute, "rule", "3", nil)
		if second.ID == first.ID || second.PreviousID != 0 {
			t.Errorf("after the hour: %+v", second)
		}
		if got := at(62*time.Minute, "bad ip", "1", nil); got.ID != first.ID {
			t.Error("a repeat left its open ticket")
		}
		if got := at(63*time.Minute, "bad ip", "4", nil); got.ID != second.ID {
			t.Error("a new alert is not on the newer ticket")
		}
		at(64*time.Minute, "location", "2", func(r *Report) { r.Event.Action = alert.Resolve })
		if got := at(65*time.Minute, "location", "2", nil); got.ID != second.ID {
			t.Error("an alert that was over came back on the old ticket")
		}
		if got := at(5*time.Hour, "rule", "9", func(r *Report) { r.Plan.Within = 0 }); got.ID != second.ID {
			t.Error("without a limit, and not on the open ticket")
		}
	})
}

func TestFindingsOfSeveralKinds(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		s := e.open(t)
		group := alert.GroupKey(acme, "cipp", "shared", "", "")
		var all []Report
		for i := range 9 {
			r := report("many", fmt.Sprint("m", i))
			r.GroupKey, r.Event.Severity = group, alert.Error
			all = append(all, r)
		}
		few := report("few", "f")
		few.GroupKey = group
		id := ticketOf(t, s, post(t, s, t0, append(all, few)...)).ID
		found, err := s.Firing(t.Context(), id, 3)
		ok(t, err)
		var shown []string
		for i, f := range found.Shown {
			shown = append(shown, found.Topics[i].Kind+" "+f.Title)
		}
		if got := strings.Join(shown, ", "); got != "many m0, few f, many m1" || found.Total != 10 {
			t.Errorf("shown are %s of %d", got, found.Total)
		}
		if k := found.Kinds; len(k) != 2 || k[0] != (KindCount{"many", alert.Error, 9}) || k[1] != (KindCount{"few", alert.Warning, 1}) {
			t.Errorf("the kinds are %+v", k)
		}
		if n, err := s.News(t.Context(), id, 0, 1, 5); err != nil || n.Kinds != 2 || n.Firing != 10 || len(n.New.Topics) != 5 {
			t.Errorf("the news are %+v (%v)", n, err)
		}
	})
}
