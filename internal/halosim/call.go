package halosim

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// maxBody is the most that IIS takes by default, in bytes [G].
const maxBody = 30_000_000

// call is one request to Halo on its way through the simulator.
type call struct {
	r         *http.Request
	at        time.Time
	route     route
	id        string // the last part of the path, for routes that have one
	query     query
	body      []byte
	items     []object // the objects of the body
	bodyError *answer  // what a body that is not an array of objects gets
	op        string   // the operation, for matching faults
	clientIDs []int    // clients that the call is about
	token     token
	faults    []*Fault // those that match
	creates   int      // creates in flight at the start, with this one
	// number is the next ticket number as it stood when the call began. Only
	// the fault "race" uses it.
	number int
}

// serveHalo answers a call to /api or /auth.
func (s *Sim) serveHalo(w http.ResponseWriter, r *http.Request) {
	c := &call{r: r, at: s.now(), query: newQuery(r.URL.Query())}
	c.route, c.id = s.findRoute(r)
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var a answer
	tooLarge := &http.MaxBytesError{}
	switch {
	case errors.As(err, &tooLarge):
		s.finish(c, fail(http.StatusRequestEntityTooLarge, shapeHTML, "The request entity is too large.")).write(w)
		return
	case err != nil:
		s.finish(c, answer{}).write(w)
		return
	}
	c.body = body
	wait := s.begin(c)
	if sleep(r.Context(), wait) {
		var slow time.Duration
		a, slow = s.decide(c)
		if !sleep(r.Context(), slow) {
			a = answer{}
		}
	}
	a = s.finish(c, a)
	defer s.deliver(context.WithoutCancel(r.Context()))
	a.write(w)
	// The caller has its answer before the webhooks go out.
	_ = http.NewResponseController(w).Flush()
}

// sleep waits and tells whether the caller is still there.
func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// begin notes that the call is in flight, picks its faults and returns how
// long it has to wait.
func (s *Sim) begin(c *call) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.classify(c)
	if c.op == OpCreate {
		s.inFlight[c] = struct{}{}
		c.creates = len(s.inFlight)
		c.number = s.db.nextTicket
		s.stats.Creates++
		s.stats.MaxConcurrentCreates = max(s.stats.MaxConcurrentCreates, c.creates)
	}
	c.faults = s.match(c)
	wait := s.opts.Latency
	for _, f := range c.faults {
		if f.Kind == KindLatency {
			wait += f.Delay
		}
	}
	return wait
}

// decide does what the call asks, and returns its answer and how long to hold
// that back.
func (s *Sim) decide(c *call) (answer, time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var slow time.Duration
	for _, f := range c.faults {
		if f.Kind == KindSlow {
			slow += f.Delay
		}
	}
	if a := s.faultBefore(c); a != nil {
		return *a, slow
	}
	if a := s.limit(c); a != nil {
		return *a, slow
	}
	a := s.handle(c)
	if a.status < 300 && c.r.Method != http.MethodGet && c.op != OpToken {
		if after := s.faultAfter(c); after != nil {
			return *after, slow
		}
	}
	return a, slow
}

// handle checks the route, the token and the permission and runs the handler.
func (s *Sim) handle(c *call) answer {
	switch {
	case c.route.handler == nil && c.route.path != "":
		return fail(http.StatusMethodNotAllowed, shapeMessage, "The requested resource does not support http method '"+c.r.Method+"'.")
	case c.route.handler == nil:
		return fail(http.StatusNotFound, shapeEmpty, "")
	case c.route.anonymous:
		return c.route.handler(s, c)
	}
	t, refused := s.authenticate(c)
	if refused != nil {
		return *refused
	}
	c.token = t
	if c.route.scope != "" {
		if refused := s.permit(c, c.route.scope); refused != nil {
			return *refused
		}
	}
	if c.r.Method == http.MethodPost && c.bodyError != nil {
		return *c.bodyError
	}
	return c.route.handler(s, c)
}

// finish records the call and takes it out of flight.
func (s *Sim) finish(c *call, a answer) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.inFlight, c)
	path := c.route.path
	if path == "" {
		path = c.r.URL.Path
	}
	q := c.r.URL.Query()
	q.Del("tenant")
	s.record(Call{Method: c.r.Method, Path: path, Query: q.Encode(), Operation: c.op, At: c.at,
		Status: a.status, ConcurrentCreates: c.creates})
	return a
}

// classify decodes the body and finds the operation and the clients that the
// call is about. The caller holds the mutex.
func (s *Sim) classify(c *call) {
	c.op = OpOther
	switch {
	case c.route.path == "/auth/token":
		c.op = OpToken
		return
	case c.r.Method == http.MethodGet:
		c.op = OpRead
		if id, found := c.query.int("client_id"); found {
			c.clientIDs = []int{id}
		}
		if id, err := strconv.Atoi(c.id); err == nil && c.route.path == "/api/Tickets/{id}" {
			c.addTicketClient(s.db, id)
		}
		return
	case c.r.Method != http.MethodPost:
		return
	}
	c.items, c.bodyError = decodeBody(c.body, c.route.takesObject)
	for _, item := range c.items {
		switch c.route.path {
		case "/api/Tickets":
			s.classifyTicket(c, item)
		case "/api/Actions":
			s.classifyAction(c, item)
		}
	}
}

func (s *Sim) classifyTicket(c *call, item object) {
	in := newReader(item, 0)
	if id, found := in.int("client_id"); found {
		c.clientIDs = append(c.clientIDs, id)
	}
	id, found := in.int("id")
	if !found || id <= 0 {
		c.op = OpCreate
		return
	}
	c.addTicketClient(s.db, id)
	if c.op != OpCreate {
		c.op = OpUpdate
		if status, found := in.int("status_id"); found && s.db.closes(status) {
			c.op = OpClose
		}
	}
}

func (s *Sim) classifyAction(c *call, item object) {
	in := newReader(item, 0)
	if id, found := in.int("ticket_id"); found {
		c.addTicketClient(s.db, id)
	}
	status, _ := in.int("new_status")
	if o := s.db.outcomeOf(in); o != nil && status == 0 {
		status = o.NewStatus
	}
	c.op = OpNote
	if s.db.closes(status) {
		c.op = OpClose
	}
}

func (c *call) addTicketClient(db *database, id int) {
	if t := db.tickets[id]; t != nil {
		c.clientIDs = append(c.clientIDs, t.ClientID)
	}
}

// query are the parameters of a request; names are compared without regard to
// case, as ASP.NET does.
type query map[string]string

func newQuery(values url.Values) query {
	q := query{}
	for k, v := range values {
		q[strings.ToLower(k)] = v[0]
	}
	return q
}

// int returns a number; one that can not be read counts as absent, since
// clients send "undefined" and get an answer [G].
func (q query) int(name string) (int, bool) {
	n, err := strconv.Atoi(q[name])
	return n, err == nil
}

func (q query) bool(name string) bool { return strings.EqualFold(q[name], "true") || q[name] == "1" }

// ints returns the numbers of a list such as "1,2,3".
func (q query) ints(name string) map[int]bool {
	if q[name] == "" {
		return nil
	}
	set := map[int]bool{}
	for word := range strings.SplitSeq(q[name], ",") {
		if n, err := strconv.Atoi(strings.TrimSpace(word)); err == nil {
			set[n] = true
		}
	}
	return set
}
