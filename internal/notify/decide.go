package notify

import (
	"maps"
	"slices"
	"time"

	"github.com/halert/halert/internal/deliver"
	"github.com/halert/halert/internal/store"
)

// Kind names what goes wrong.
type Kind string

// The kinds of trouble that are told.
const (
	Stuck       Kind = "stuck"       // nothing gets through to Halo while something waits
	Refused     Kind = "refused"     // Halo refuses everybody
	Discarded   Kind = "discarded"   // deliveries are parked
	Quarantined Kind = "quarantined" // bodies are in quarantine
	Inbox       Kind = "inbox"       // accepted bodies are not worked on
	Storage     Kind = "storage"     // the database fails
)

// Phase tells whether a trouble begins or ends.
type Phase string

// The phases, and that of a test message.
const (
	Began Phase = "began"
	Ended Phase = "ended"
	Tried Phase = "test"
)

// Observation is what one process sees at one time.
type Observation struct {
	Now  time.Time
	Node string // the process

	// Storage is set where the database itself was tried, and nothing else
	// seen; StorageError is then what failed, or empty.
	Storage      bool
	StorageError string

	StuckAfter    time.Duration
	Settling      bool // the process has just started: what waited for it goes first
	Trouble       *deliver.Trouble
	LastGood      time.Time // when Halo last did what this process asked; zero: not yet
	Backlog       store.Backlog
	Parked        store.Troubles // since the mark of Discarded
	Quarantined   store.Troubles // since the mark of Quarantined
	Pending       int            // bodies that are not worked on yet
	OldestPending time.Time
}

// State is what was told, and what is still to be sent. The zero value is the
// state of a new database.
type State struct {
	LastGood time.Time       `json:"last_good,omitzero"` // at least so late did something get through, by any process
	Kinds    map[Kind]Status `json:"kinds,omitempty"`
	Outbox   []Message       `json:"outbox,omitempty"`
}

// Status is how far one kind of trouble has been told.
type Status struct {
	Active  bool      `json:"active,omitempty"`  // people know of it, and not yet of its end
	Since   time.Time `json:"since,omitzero"`    // when what people know of began
	Noticed time.Time `json:"noticed,omitzero"`  // when the first was seen of what is not told yet
	Told    time.Time `json:"told,omitzero"`     // when a beginning was last told
	Ended   time.Time `json:"ended,omitzero"`    // when an end was last told
	Mark    time.Time `json:"mark,omitzero"`     // what happened up to here is told
	Seen    time.Time `json:"seen,omitzero"`     // when it was last seen going on
	By      string    `json:"seen_by,omitempty"` // the process that saw it
}

// Message is something to tell.
type Message struct {
	ID      string    `json:"id"` // the same each time that it is sent
	Kind    Kind      `json:"kind"`
	Phase   Phase     `json:"phase"`
	At      time.Time `json:"at"`
	Subject string    `json:"subject"`
	Text    string    `json:"text"` // lines of plain text
	Open    []Try     `json:"open"` // the ways by which it has not gone yet
}

// Try is how far a message is by one way.
type Try struct {
	Channel string    `json:"channel"`
	Count   int       `json:"count,omitempty"`
	Next    time.Time `json:"next,omitzero"` // not before
}

const (
	quiet         = time.Hour        // between two messages of one kind and phase
	gatherParked  = time.Minute      // so that one message tells of many
	gatherBodies  = 5 * time.Minute  // likewise
	gatherStorage = 30 * time.Second // a hitch of the database is no matter
	inboxAfter    = 5 * time.Minute  // a body waits for so long: that is trouble
	seenEvery     = time.Minute      // how often it is noted that Halo refuses everybody
	seenLong      = 3 * time.Minute  // after which the process that saw it is not heard of any more
	downClass     = "down"           // of a deliver.Trouble: Halo is not reached, and refuses nobody
	idForm        = "20060102T150405"
)

// condition is one kind of trouble as it is seen now.
type condition struct {
	kind   Kind
	tell   bool          // there is something that people do not know of
	over   bool          // what people know of is over, for certain
	since  time.Time     // when it began
	gather time.Duration // how long to wait for more before it is told
	mark   time.Time
	began  text
	ended  text
}

// Decide says what is to be told. What comes back is st with what o adds to
// it; new messages stand at the end of the outbox, for all the channels. It
// has no effects, and changes nothing that it is given.
func Decide(o Observation, st State, channels []string) State {
	st.Kinds = maps.Clone(st.Kinds)
	if st.Kinds == nil {
		st.Kinds = make(map[Kind]Status)
	}
	st.Outbox = tidy(st.Outbox, o.Now, channels)
	if o.Storage {
		st.step(storageFailed(o, st.Kinds[Storage]), o.Now, channels)
		return st
	}
	good := latest(st.LastGood, o.LastGood)
	longWait := o.Backlog.Waiting > 0 && o.Now.Sub(o.Backlog.Since) >= o.StuckAfter/2
	if longWait || st.Kinds[Stuck].Active || st.Kinds[Refused].Active {
		st.LastGood = good // others ask for it only then, so it is not written all day
	}
	st.see(o)
	st.step(refused(o, st.Kinds[Refused], good), o.Now, channels)
	st.step(stuck(o, st, good), o.Now, channels)
	st.step(discarded(o, st.Kinds[Discarded]), o.Now, channels)
	st.step(quarantined(o, st.Kinds[Quarantined]), o.Now, channels)
	st.step(inbox(o, st.Kinds[Inbox]), o.Now, channels)
	return st
}

// tidy drops what is too old to be of use, and ways that are not configured
// any more.
func tidy(outbox []Message, now time.Time, channels []string) []Message {
	var out []Message
	for _, m := range outbox {
		m.Open = slices.DeleteFunc(slices.Clone(m.Open), func(t Try) bool { return !slices.Contains(channels, t.Channel) })
		if len(m.Open) > 0 && now.Sub(m.At) < keepFor {
			out = append(out, m)
		}
	}
	return out
}

// step takes one condition into the state.
func (st *State) step(c condition, now time.Time, channels []string) {
	s := st.Kinds[c.kind]
	switch {
	case !c.tell:
		s.Noticed = time.Time{}
	case s.Noticed.IsZero():
		s.Noticed = now
	}
	switch {
	case c.tell && now.Sub(s.Noticed) >= c.gather && now.Sub(s.Told) >= quiet:
		st.add(message(c.kind, Began, now, c.began), channels)
		if !s.Active {
			s.Since = c.since
		}
		s.Active, s.Told, s.Noticed, s.Mark = true, now, time.Time{}, latest(s.Mark, c.mark)
	case !c.tell && c.over && s.Active && now.Sub(s.Ended) >= quiet:
		st.add(message(c.kind, Ended, now, c.ended), channels)
		s.Active, s.Ended, s.Since, s.Seen, s.By = false, now, time.Time{}, time.Time{}, ""
	}
	if s == (Status{}) {
		delete(st.Kinds, c.kind)
		return
	}
	st.Kinds[c.kind] = s
}

func message(kind Kind, phase Phase, now time.Time, t text) Message {
	now = now.UTC()
	return Message{ID: string(kind) + "-" + string(phase) + "-" + now.Format(idForm), Kind: kind, Phase: phase, At: now, Subject: t.subject, Text: t.body}
}

func (st *State) add(m Message, channels []string) {
	for _, c := range channels {
		m.Open = append(m.Open, Try{Channel: c})
	}
	st.Outbox = append(st.Outbox, m)
}

// see notes who sees that Halo refuses everybody: each process asks Halo for
// itself, and one that does not see it must not tell that it is over.
func (st *State) see(o Observation) {
	s := st.Kinds[Refused]
	if refuses(o.Trouble) && (s.Seen.IsZero() || o.Now.Sub(s.Seen) >= seenEvery) {
		s.Seen, s.By = o.Now.UTC(), o.Node
		st.Kinds[Refused] = s
	}
}

func refuses(t *deliver.Trouble) bool { return t != nil && t.Class != downClass }

func refused(o Observation, s Status, good time.Time) condition {
	c := condition{kind: Refused, tell: refuses(o.Trouble) && !s.Active}
	if c.tell {
		c.since, c.began = o.Trouble.Since.UTC(), refusedText(o)
	}
	mine := s.By == o.Node || o.Now.Sub(s.Seen) >= seenLong
	c.over = o.Trouble == nil && mine && (good.After(s.Since) || o.Backlog.Waiting == 0)
	c.ended = refusedEnd(s.Since, o.Backlog.Waiting)
	return c
}

func stuck(o Observation, st State, good time.Time) condition {
	s := st.Kinds[Stuck]
	from := latest(o.Backlog.Since, good)
	waits := o.Backlog.Waiting > 0
	return condition{
		kind:  Stuck,
		tell:  waits && o.Now.Sub(from) >= o.StuckAfter && !o.Settling && !s.Active && !st.Kinds[Refused].Active,
		over:  !waits || good.After(s.Since),
		since: from, began: stuckText(o, from), ended: stuckEnd(s.Since, o.Backlog.Waiting),
	}
}

func discarded(o Observation, s Status) condition {
	return condition{kind: Discarded, tell: o.Parked.Newest.After(s.Mark), over: o.Parked.Total == 0, since: o.Now.UTC(),
		gather: gatherParked, mark: o.Parked.Newest, began: discardedText(o.Parked), ended: discardedEnd()}
}

func quarantined(o Observation, s Status) condition {
	return condition{kind: Quarantined, tell: o.Quarantined.Newest.After(s.Mark), over: o.Quarantined.Total == 0, since: o.Now.UTC(),
		gather: gatherBodies, mark: o.Quarantined.Newest, began: quarantinedText(o.Quarantined), ended: quarantinedEnd()}
}

func inbox(o Observation, s Status) condition {
	late := o.Pending > 0 && o.Now.Sub(o.OldestPending) >= inboxAfter
	return condition{kind: Inbox, tell: late && !o.Settling && !s.Active, over: !late, since: o.OldestPending,
		began: inboxText(o), ended: inboxEnd(s.Since)}
}

func storageFailed(o Observation, s Status) condition {
	fails := o.StorageError != ""
	return condition{kind: Storage, tell: fails && !s.Active, over: !fails, since: o.Now.UTC(), gather: gatherStorage,
		began: storageText(o), ended: storageEnd(s.Since)}
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b.UTC()
	}
	return a
}
