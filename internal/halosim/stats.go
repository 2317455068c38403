package halosim

import (
	"slices"
	"time"
)

// keptCalls is how many calls are remembered one by one.
const keptCalls = 20_000

// Call is one request to /api or /auth.
type Call struct {
	Method    string    `json:"method"`
	Path      string    `json:"path"`      // in Halo's spelling, ids as {id}
	Query     string    `json:"query"`     // as it came, without the tenant
	Operation string    `json:"operation"` // see [Fault]
	At        time.Time `json:"at"`        // when it arrived
	Status    int       `json:"status"`    // 0: the connection was closed without an answer
	// ConcurrentCreates is the number of creates in flight when this one
	// arrived, with itself. It is 0 for other calls.
	ConcurrentCreates int `json:"concurrent_creates"`
}

// Stats sums up the calls since the start or the last [Sim.Reset].
type Stats struct {
	Total                int            `json:"total"`
	Calls                map[string]int `json:"calls"` // "POST /api/Tickets": how many
	Creates              int            `json:"creates"`
	MaxConcurrentCreates int            `json:"max_concurrent_creates"`
	RateLimited          int            `json:"rate_limited"` // answers with status 429
	Dropped              int            `json:"dropped"`      // connections closed without an answer
	TokensIssued         int            `json:"tokens_issued"`
	TicketsCreated       int            `json:"tickets_created"`
	NotesWritten         int            `json:"notes_written"`
	// MaxInWindow is the highest number of calls that arrived within one
	// rate window, refused ones included.
	MaxInWindow int `json:"max_in_window"`
}

// Calls returns the calls in the order in which they arrived, the last 20,000
// of them. A call that is not answered yet has no place in it.
func (s *Sim) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	calls := slices.Clone(s.calls)
	slices.SortStableFunc(calls, func(a, b Call) int { return a.At.Compare(b.At) })
	return calls
}

// Stats returns the sums.
func (s *Sim) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	stats := s.stats
	stats.Calls = make(map[string]int, len(s.stats.Calls))
	for k, v := range s.stats.Calls {
		stats.Calls[k] = v
	}
	stats.MaxInWindow = maxInWindow(s.calls, s.opts.RateWindow)
	return stats
}

func maxInWindow(calls []Call, window time.Duration) int {
	times := make([]time.Time, len(calls))
	for i, c := range calls {
		times[i] = c.At
	}
	slices.SortFunc(times, time.Time.Compare)
	most, first := 0, 0
	for i, t := range times {
		for t.Sub(times[first]) >= window {
			first++
		}
		most = max(most, i-first+1)
	}
	return most
}

// record notes an answered call. The caller holds the mutex.
func (s *Sim) record(c Call) {
	if len(s.calls) >= keptCalls {
		s.calls = slices.Delete(s.calls, 0, keptCalls/10)
	}
	s.calls = append(s.calls, c)
	s.stats.Total++
	s.stats.Calls[c.Method+" "+c.Path]++
	switch c.Status {
	case 0:
		s.stats.Dropped++
	case 429:
		s.stats.RateLimited++
	}
}
