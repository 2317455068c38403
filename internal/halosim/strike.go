package halosim

import (
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

// over tells that the fault strikes no more.
func (f *Fault) over(now time.Time) bool {
	return f.Count > 0 && f.Used >= f.Count || !f.Until.IsZero() && !now.Before(f.Until)
}

// answers tells whether the fault gives an answer in place of Halo's.
func (f *Fault) answers() bool {
	switch f.Kind {
	case KindStatus, KindDropped, KindOutage, KindCreatedDropped, KindCreatedStatus, KindNotesRefused, KindClosingsRefused:
		return true
	case KindRateLimit:
		return f.Limit == 0
	}
	return false
}

// match picks the faults that strike a call and counts them as used.
func (s *Sim) match(c *call) []*Fault {
	var hit []*Fault
	answered := false
	for _, f := range s.faults {
		if f.over(c.at) || !f.matches(c) || f.answers() && answered {
			continue
		}
		if f.Probability > 0 && s.random.Float64() >= f.Probability {
			continue
		}
		answered = answered || f.answers()
		f.Used++
		hit = append(hit, f)
	}
	return hit
}

func (f *Fault) matches(c *call) bool {
	name := c.route.path
	if name == "" {
		name = c.r.URL.Path
	}
	inPath, _ := path.Match(strings.ToLower(f.Path), strings.ToLower(name)) // checked by Inject
	switch {
	case f.Method != "" && !strings.EqualFold(f.Method, c.r.Method),
		f.Path != "" && !inPath,
		f.Operation != "" && f.Operation != OpAny && f.Operation != c.op,
		f.ClientID != 0 && f.Kind != KindClientRestricted && !slices.Contains(c.clientIDs, f.ClientID):
		return false
	}
	switch f.Kind { // those that concern some calls only
	case KindNotesRefused:
		return c.op == OpNote
	case KindClosingsRefused:
		return c.op == OpClose
	case KindCreatedDropped, KindCreatedStatus:
		return c.op != OpRead && c.op != OpToken
	case KindTokenExpiry, KindInvalidClient:
		return c.op == OpToken
	}
	return true
}

// fault returns the call's fault of a kind, or nil.
func (s *Sim) fault(c *call, kind string) *Fault {
	for _, f := range c.faults {
		if f.Kind == kind {
			return f
		}
	}
	return nil
}

func (s *Sim) has(c *call, kind string) bool { return s.fault(c, kind) != nil }

// restricted tells whether the agent may not see a client.
func (c *call) restricted(clientID int) bool {
	return slices.ContainsFunc(c.faults, func(f *Fault) bool {
		return f.Kind == KindClientRestricted && f.ClientID == clientID
	})
}

// faultBefore returns the answer of a fault that stops the call, or nil.
func (s *Sim) faultBefore(c *call) *answer {
	for _, f := range c.faults {
		var a answer
		switch {
		case f.Kind == KindDropped, f.Kind == KindOutage && f.Status == 0: // no answer
		case f.Kind == KindOutage, f.Kind == KindStatus:
			a = f.answer(f.Status, s.now())
		case f.Kind == KindRateLimit && f.Limit == 0:
			a = f.answer(http.StatusTooManyRequests, s.now())
		case f.Kind == KindNotesRefused:
			a = refuse(wordsNoAction)
		case f.Kind == KindClosingsRefused:
			a = refuse("CODE:APP03/2 Please select the CAB members to approve")
		default:
			continue
		}
		return &a
	}
	return nil
}

// faultAfter returns the answer of a fault that hides a success, or nil.
func (s *Sim) faultAfter(c *call) *answer {
	for _, f := range c.faults {
		var a answer
		switch f.Kind {
		case KindCreatedDropped: // no answer
		case KindCreatedStatus:
			a = f.answer(f.Status, s.now())
		default:
			continue
		}
		return &a
	}
	return nil
}

// answer builds the fault's answer. Without a shape, 5xx is a proxy's page,
// 401 is empty and the rest an object with a message.
func (f *Fault) answer(status int, now time.Time) answer {
	if status == 0 {
		status = http.StatusServiceUnavailable
	}
	shape, message := f.Body, f.Message
	if message == "" {
		message = http.StatusText(status)
		if status == http.StatusTooManyRequests {
			message = wordsRateLimit
		}
	}
	switch {
	case shape != "":
	case status >= 500:
		shape = shapeHTML
	case status == http.StatusUnauthorized:
		shape = shapeEmpty
	default:
		shape = shapeMessage
	}
	a := fail(status, shape, message)
	wait := f.RetryIn
	if wait == 0 {
		wait = 30 * time.Second
	}
	switch f.RetryAfter {
	case retryAfterSeconds:
		a.header = http.Header{"Retry-After": {strconv.Itoa(int((wait + time.Second - 1) / time.Second))}}
	case retryAfterDate:
		a.header = http.Header{"Retry-After": {now.Add(wait).Format(http.TimeFormat)}}
	}
	return a
}
