package route

import (
	"fmt"
	"slices"
	"time"
)

// Silence keeps the alerts that it matches from making tickets for a time, or
// for good: then it is an exclusion.
type Silence struct {
	Name   string // empty only for an exclusion
	Match  []Matcher
	When   *Expr // nil: always
	Reason string
	Author string
	From   time.Time // zero: from the beginning
	Until  time.Time // zero: for good
	During []*Hours  // only in these windows; none: at any time
}

// Equal tells that two silences are the same; moments may be in different
// zones.
func (s Silence) Equal(o Silence) bool {
	return s.Name == o.Name && slices.EqualFunc(s.Match, o.Match, Matcher.Equal) && s.When.Equal(o.When) && s.Reason == o.Reason &&
		s.Author == o.Author && s.From.Equal(o.From) && s.Until.Equal(o.Until) && slices.EqualFunc(s.During, o.During, (*Hours).Equal)
}

// String names the silence for people: its name, or else its reason.
func (s Silence) String() string {
	if s.Name != "" {
		return s.Name
	}
	return "exclusion: " + s.Reason
}

// Active tells whether the silence holds for an alert now, and until when:
// zero means for good. An error of its expression means that it does not.
func (s Silence) Active(subject Subject, now time.Time) (until time.Time, ok bool, err error) {
	return s.active(newView(subject), now)
}

func (s Silence) active(v view, now time.Time) (until time.Time, ok bool, err error) {
	if now.Before(s.From) || !s.Until.IsZero() && !now.Before(s.Until) || !allMatch(s.Match, v) {
		return time.Time{}, false, nil
	}
	until = s.Until
	if len(s.During) > 0 {
		var window time.Time
		for _, h := range s.During {
			if end, in := h.Next(now); in && end.After(window) {
				window = end
			}
		}
		if window.IsZero() {
			return time.Time{}, false, nil
		}
		if until.IsZero() || window.Before(until) {
			until = window
		}
	}
	if ok, err = s.When.matches(v); !ok {
		return time.Time{}, false, err
	}
	return until, true, nil
}

// Silences is a list of silences in no order that matters.
type Silences []Silence

// Found is the silence that holds for an alert.
type Found struct {
	Silence *Silence  // nil: none does
	Until   time.Time // when to look again; zero: never
	Errors  []error   // of expressions, which then did not match; each names its silence
}

// Find returns, of the silences that hold for an alert now, the one that
// holds longest.
func (all Silences) Find(subject Subject, now time.Time) Found {
	v := newView(subject)
	var f Found
	for i := range all {
		until, ok, err := all[i].active(v, now)
		if err != nil {
			f.Errors = append(f.Errors, fmt.Errorf("silence %s: %w", all[i], err))
		}
		if !ok {
			continue
		}
		if f.Silence == nil || !f.Until.IsZero() && (until.IsZero() || until.After(f.Until)) {
			f.Silence, f.Until = &all[i], until
		}
	}
	return f
}
