package halosim

import (
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"
)

// The operations that a [Fault] can be limited to.
const (
	OpCreate = "create" // POST /Tickets with an object that has no id
	OpUpdate = "update" // POST /Tickets with an id
	OpClose  = "close"  // an update or an action that sets a closing status
	OpNote   = "note"   // any other POST /Actions
	OpRead   = "read"   // GET of /api or /auth
	OpToken  = "token"  // POST /auth/token
	OpOther  = "other"  // every other write
	OpAny    = "any"    // all of them; the same as an empty operation
)

// The kinds of [Fault].
const (
	KindStatus            = "status"                  // answer Status with Body and Message, and do nothing
	KindDropped           = "dropped-before"          // close the connection, and do nothing
	KindOutage            = "outage"                  // close every connection or, with Status set, answer that
	KindCreatedDropped    = "created-then-dropped"    // do it, then close the connection
	KindCreatedStatus     = "created-then-status"     // do it, then answer Status (503 if 0)
	KindRateLimit         = "rate-limit"              // 429; with Limit, only beyond Limit calls in Window
	KindLatency           = "latency"                 // wait Delay, then do it
	KindSlow              = "slow"                    // do it, then wait Delay before the answer
	KindTokenExpiry       = "token-expiry"            // tokens live for Delay, though the answer says an hour
	KindInvalidClient     = "invalid-client"          // the credentials are no longer valid
	KindPermissionMissing = "permission-missing"      // 403 for what needs Scope
	KindClientRestricted  = "client-restricted"       // the agent does not see ClientID
	KindNotesRefused      = "notes-refused"           // 400 for notes
	KindClosingsRefused   = "closings-refused"        // 400 for what closes a ticket
	KindNoAdvancedSearch  = "advanced-search-refused" // 400 for advanced_search
	KindListLag           = "list-lag"                // new tickets show in lists after Delay
	KindRace              = "race"                    // creates in flight together spoil each other; see Race
)

const (
	raceFail       = "fail"
	raceSameNumber = "same-number"

	retryAfterSeconds = "seconds"
	retryAfterDate    = "date"

	// The words of a 429, from a live Halo [B].
	wordsRateLimit = "Rate Limit Reached - 300 Requests per rolling 5 minute window"
	// The words of a 400 for an outcome that is not allowed [B].
	wordsNoAction = "You do not have access to this Action at the moment"
)

// Fault is something that goes wrong. It holds for the calls that match all
// its conditions, until it is removed, used up or out of time. Of the kinds
// that give an answer of their own the first that matches wins; the others
// add up.
type Fault struct {
	ID   int    `json:"id"` // given by Inject
	Kind string `json:"kind"`

	// Conditions. An empty one holds for every call.
	Method      string    `json:"method,omitempty"`      // such as POST
	Path        string    `json:"path,omitempty"`        // such as /api/Tickets/*, case does not matter
	Operation   string    `json:"operation,omitempty"`   // see OpCreate and its neighbours
	ClientID    int       `json:"client_id,omitempty"`   // a Halo client that the call is about
	Count       int       `json:"count,omitempty"`       // how many calls it strikes, refused ones too; 0: all
	Probability float64   `json:"probability,omitempty"` // 0 to 1 of the calls; 0: all. The dice fall alike every time
	Until       time.Time `json:"until,omitzero"`

	// Parameters of the kinds that name them.
	Status     int           `json:"status,omitempty"`
	Body       string        `json:"body,omitempty"`        // exception, string, message, modelstate, problem, result, auth, html, text, empty
	Message    string        `json:"message,omitempty"`     // the words in Body
	RetryAfter string        `json:"retry_after,omitempty"` // form of the header: seconds or date; empty: no header
	RetryIn    time.Duration `json:"-"`                     // what Retry-After says; 0 means 30 s. JSON: "retry_in":"30s"
	Delay      time.Duration `json:"-"`                     // JSON: "delay":"2s"
	Limit      int           `json:"limit,omitempty"`
	Window     time.Duration `json:"-"`               // JSON: "window":"5m"; 0 means the one of Options
	Scope      string        `json:"scope,omitempty"` // such as edit:tickets
	// Race says what a create gets that began while another was in flight:
	// "fail", a 500 for the one that ends second, or "same-number", the number
	// of the other, whose ticket is lost.
	Race string `json:"race,omitempty"`

	Used int `json:"used"` // the calls that it struck
}

// plainFault has the fields of a Fault without its methods.
type plainFault Fault

type faultJSON struct {
	plainFault
	RetryIn string `json:"retry_in,omitempty"`
	Delay   string `json:"delay,omitempty"`
	Window  string `json:"window,omitempty"`
	For     string `json:"for,omitempty"` // read only: Until, from now on
}

// MarshalJSON writes durations as in "1m30s".
func (f Fault) MarshalJSON() ([]byte, error) {
	text := func(d time.Duration) string {
		if d == 0 {
			return ""
		}
		return d.String()
	}
	return json.Marshal(faultJSON{plainFault: plainFault(f), RetryIn: text(f.RetryIn), Delay: text(f.Delay), Window: text(f.Window)})
}

// readFault reads the JSON form, in which "for" is also allowed.
func readFault(text []byte, now time.Time) (Fault, error) {
	var in faultJSON
	dec := json.NewDecoder(strings.NewReader(string(text)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&in); err != nil {
		return Fault{}, fmt.Errorf("read the fault: %w", err)
	}
	f := Fault(in.plainFault)
	var lasts time.Duration
	for _, d := range []struct {
		name, text string
		to         *time.Duration
	}{{"retry_in", in.RetryIn, &f.RetryIn}, {"delay", in.Delay, &f.Delay}, {"window", in.Window, &f.Window}, {"for", in.For, &lasts}} {
		if d.text == "" {
			continue
		}
		var err error
		if *d.to, err = time.ParseDuration(d.text); err != nil {
			return Fault{}, fmt.Errorf("read the fault: %s: %w", d.name, err)
		}
	}
	if lasts > 0 {
		f.Until = now.Add(lasts)
	}
	return f, nil
}

// check returns what is wrong with the fault.
func (f Fault) check() error {
	kinds := []string{KindStatus, KindDropped, KindOutage, KindCreatedDropped, KindCreatedStatus, KindRateLimit, KindLatency,
		KindSlow, KindTokenExpiry, KindInvalidClient, KindPermissionMissing, KindClientRestricted, KindNotesRefused,
		KindClosingsRefused, KindNoAdvancedSearch, KindListLag, KindRace}
	operations := []string{"", OpCreate, OpUpdate, OpClose, OpNote, OpRead, OpToken, OpOther, OpAny}
	var errs []error
	word := func(name, value string, valid []string) {
		if !slices.Contains(valid, value) {
			errs = append(errs, fmt.Errorf("%s %q is none of %s", name, value, strings.Join(valid, " ")))
		}
	}
	word("kind", f.Kind, kinds)
	word("operation", f.Operation, operations)
	word("body", f.Body, append(shapes(), ""))
	word("retry_after", f.RetryAfter, []string{"", retryAfterSeconds, retryAfterDate})
	needs := func(kind string, holds bool, what string) {
		if f.Kind == kind && !holds {
			errs = append(errs, fmt.Errorf("kind %s needs %s", kind, what))
		}
	}
	needs(KindStatus, f.Status != 0, "a status")
	needs(KindPermissionMissing, f.Scope != "", "a scope such as edit:tickets")
	needs(KindClientRestricted, f.ClientID != 0, "a client_id")
	needs(KindRace, f.Race == raceFail || f.Race == raceSameNumber, "race to be fail or same-number")
	for _, kind := range []string{KindLatency, KindSlow, KindTokenExpiry, KindListLag} {
		needs(kind, f.Delay > 0, "a delay above 0")
	}
	if f.Status != 0 && (f.Status < 200 || f.Status > 599) {
		errs = append(errs, fmt.Errorf("status %d is not within 200 to 599", f.Status))
	}
	if f.Probability < 0 || f.Probability > 1 {
		errs = append(errs, fmt.Errorf("probability %g is not within 0 to 1", f.Probability))
	}
	if f.Count < 0 || f.Limit < 0 || f.Delay < 0 || f.Window < 0 || f.RetryIn < 0 {
		errs = append(errs, errors.New("count, limit and durations must not be negative"))
	}
	if _, err := path.Match(f.Path, ""); err != nil {
		errs = append(errs, fmt.Errorf("path %q: %w", f.Path, err))
	}
	return errors.Join(errs...)
}

// Inject switches a fault on and returns its id. It fails if the fault makes
// no sense.
func (s *Sim) Inject(f Fault) (int, error) {
	if err := f.check(); err != nil {
		return 0, fmt.Errorf("inject a fault: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.nextFault++
	f.ID, f.Used = s.nextFault, 0
	s.faults = append(s.faults, &f)
	s.changes++
	return f.ID, nil
}

// Remove switches a fault off and tells whether it was on.
func (s *Sim) Remove(id int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := len(s.faults)
	s.faults = slices.DeleteFunc(s.faults, func(f *Fault) bool { return f.ID == id })
	s.changes++
	return len(s.faults) < before
}

// RemoveAll switches all faults off.
func (s *Sim) RemoveAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
	s.changes++
}

// Faults returns the faults that are on, oldest first, those that are used up
// included.
func (s *Sim) Faults() []Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]Fault, len(s.faults))
	for i, f := range s.faults {
		list[i] = *f
	}
	return list
}
