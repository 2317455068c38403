package halosim

import (
	"net/http"
	"slices"
	"time"
)

// limit counts the call in the rolling window and returns a 429 if that is
// full. Refused calls do not count [G].
func (s *Sim) limit(c *call) *answer {
	limit, window := s.opts.RateLimit, s.opts.RateWindow
	f := s.fault(c, KindRateLimit)
	if f != nil {
		limit = f.Limit
		if f.Window > 0 {
			window = f.Window
		}
	}
	if limit == 0 {
		return nil
	}
	now := s.now()
	s.window = slices.DeleteFunc(s.window, func(t time.Time) bool { return now.Sub(t) >= window })
	if len(s.window) < limit {
		s.window = append(s.window, now)
		return nil
	}
	if f == nil {
		f = &Fault{}
	}
	a := f.answer(http.StatusTooManyRequests, now)
	return &a
}
