// Package halosim simulates the part of HaloPSA's REST API that an alert
// integration uses, as an [http.Handler] with its data in memory. It is strict
// where Halo is strict and lax where Halo is lax, counts what it is asked, and
// can be told to fail in the ways in which Halo fails ([Fault]).
//
// It shares no type with a client of Halo, so that a wrong property name can
// not pass on both sides. How sure each behaviour is stands in
// docs/simulator.md.
package halosim

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	mrand "math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Options are the settings of a [Sim]. The zero value is a new Halo without a
// rate limit, with the default seed.
type Options struct {
	RateLimit  int              // calls per RateWindow, tokens included; 0 is no limit
	RateWindow time.Duration    // rolling; 0 means 5 minutes
	Latency    time.Duration    // added before every answer of /api and /auth
	Now        func() time.Time // nil means time.Now
	// Legacy makes it an older Halo: it does not know the filter
	// third_party_id_string, leaves that property out of lists, answers 200
	// instead of 201, names the SLA of a ticket type sla_id, answers 404 for a
	// deleted ticket and [] instead of null for an empty list.
	Legacy  bool
	Seed    Seed   // the zero value means [DefaultSeed]
	BaseURL string // scheme and host for /api/authinfo; empty: taken from the request
}

// Sim is a simulated Halo. Its methods may be called while it serves.
type Sim struct {
	opts   Options
	table  map[string]map[string]route // Halo's endpoints: lower-case path, method
	router http.Handler                // the page and the control routes

	mu sync.Mutex // guards all below
	db *database
	// inFlight are the calls to POST /Tickets that carry a create and are
	// not answered yet.
	inFlight   map[*call]struct{}
	tokens     map[string]token
	window     []time.Time // the calls that the rate limit counts
	calls      []Call
	stats      Stats
	faults     []*Fault
	nextFault  int
	random     *mrand.Rand
	deliveries []delivery // outgoing webhooks that have not been sent yet
	changes    int        // grows with every change that the page shows
}

// New returns a simulated Halo. It panics if the seed is not valid; one that
// [ReadSeed] returned is.
func New(opts Options) *Sim {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.RateWindow <= 0 {
		opts.RateWindow = 5 * time.Minute
	}
	if len(opts.Seed.TicketTypes) == 0 {
		opts.Seed = DefaultSeed()
	}
	if err := checkSeed(opts.Seed); err != nil {
		panic("halosim: seed: " + err.Error())
	}
	s := &Sim{opts: opts, table: routeTable(), inFlight: map[*call]struct{}{}}
	s.router = s.routes()
	s.Reset()
	return s
}

// Reset puts back the seed and forgets tickets, tokens, calls and faults.
// Calls under way see the new state.
func (s *Sim) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.db = newDatabase(s.opts.Seed)
	s.tokens = map[string]token{}
	s.window, s.calls, s.faults, s.deliveries = nil, nil, nil, nil
	s.stats = Stats{Calls: map[string]int{}}
	s.random = mrand.New(mrand.NewPCG(1, 2))
	s.nextFault = 0
	s.changes++
}

// ServeHTTP serves Halo's API under /api and /auth, in any case, and the page
// and control routes elsewhere.
func (s *Sim) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := strings.ToLower(r.URL.Path)
	if strings.HasPrefix(path, "/api/") || strings.HasPrefix(path, "/auth/") {
		s.serveHalo(w, r)
		return
	}
	s.router.ServeHTTP(w, r)
}

// now is the simulator's clock, in UTC, to the microsecond.
func (s *Sim) now() time.Time { return s.opts.Now().UTC().Truncate(time.Microsecond) }

func randomHex(n int) string {
	b := make([]byte, n)
	rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

func newGUID() string {
	h := randomHex(16)
	return fmt.Sprintf("%s-%s-4%s-a%s-%s", h[:8], h[8:12], h[13:16], h[17:20], h[20:])
}
