package route

import (
	"slices"
	"strconv"
	"time"

	"github.com/halert/halert/internal/alert"
)

// Test is an example that a rule carries: an alert, and what the rules must
// decide about it.
type Test struct {
	Given    Subject
	Customer string    // name or client id of the customer; empty: the one of the tenant
	At       time.Time // the moment; zero where no rule looks at the clock
	Expect   []Want
}

// Want is one thing that a test expects.
type Want struct {
	Key    string   // one of [WantKeys]
	Values []string // as [Decision.Values] gives them
}

// WantKeys lists what a test can expect.
func WantKeys() []string {
	return []string{
		"route", "drop", "delay", "template", "group_by", "notes",
		"type", "priority", "request_source", "status", "team", "agent", "category", "impact", "urgency", "parent",
	}
}

// Values is one part of a decision as texts: a Halo thing by its name or else
// its id, a time as "10m0s", the note mode as its word. It is empty where no
// rule decided.
func (d Decision) Values(key string) []string {
	ref := func(r *alert.Ref) []string {
		if r == nil {
			return nil
		}
		return []string{r.String()}
	}
	f := d.Plan.Fields
	switch key {
	case "route":
		return d.Plan.Routes
	case "drop":
		return []string{strconv.FormatBool(d.Drop != "")}
	case "delay":
		return []string{d.Plan.Delay.String()}
	case "template":
		return texts(d.Plan.Template)
	case "group_by":
		return d.Group.By
	case "notes":
		if d.Plan.Notes.Mode == alert.NoteAlways {
			return []string{"always"}
		}
		return []string{string(d.Plan.Notes.Mode)}
	case "type":
		return ref(f.TicketType)
	case "priority":
		return ref(f.Priority)
	case "request_source":
		return ref(f.RequestSource)
	case "status":
		return ref(f.Status)
	case "team":
		return ref(f.Team)
	case "agent":
		return ref(f.Agent)
	case "category":
		return texts(f.Categories[:]...)
	case "impact":
		return ref(f.Impact)
	case "urgency":
		return ref(f.Urgency)
	case "parent":
		if f.Parent != 0 {
			return []string{strconv.Itoa(f.Parent)}
		}
	}
	return nil
}

// texts leaves the empty ones out.
func texts(all ...string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(s string) bool { return s == "" })
}

// Miss is an expectation that was not met.
type Miss struct {
	Want Want
	Got  []string
}

// Check runs a test against the rules and returns what was not met, and the
// decision. The customer must be in the subject already.
func (t Table) Check(test Test, s Subject) ([]Miss, Decision) {
	d := t.Decide(s, test.At)
	var misses []Miss
	for _, want := range test.Expect {
		if got := d.Values(want.Key); !slices.Equal(got, want.Values) {
			misses = append(misses, Miss{Want: want, Got: got})
		}
	}
	return misses, d
}
