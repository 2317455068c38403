package alert

import (
	"strconv"
	"time"
)

// Plan is what the routes decided about an alert: how its ticket is to look
// in Halo, and how it lives. The zero value leaves all of it to the general
// settings. Ids are Halo's own.
type Plan struct {
	Routes   []string      `json:"routes,omitempty"`   // names of the routes that matched, in order
	Fields   Fields        `json:"fields,omitzero"`    // how the ticket is made
	Template string        `json:"template,omitempty"` // name of the templates that write its texts; empty: halert's own
	Within   time.Duration `json:"within,omitempty"`   // how old a ticket may be that new alerts share; 0: as old as it is
	Delay    time.Duration `json:"delay,omitempty"`    // how long to wait before the ticket is made: it may be over by itself
	Notes    NotePolicy    `json:"notes,omitzero"`
	Close    Closing       `json:"close,omitzero"`
	Reopen   Reopening     `json:"reopen,omitzero"`
}

// Fields are Halo's fields of a new ticket. A nil or empty one is not sent,
// or is the configured one.
type Fields struct {
	TicketType    *Ref              `json:"ticket_type,omitempty"`
	Priority      *Ref              `json:"priority,omitempty"` // must belong to the SLA of the ticket type
	RequestSource *Ref              `json:"request_source,omitempty"`
	Status        *Ref              `json:"status,omitempty"`
	Team          *Ref              `json:"team,omitempty"`
	Agent         *Ref              `json:"agent,omitempty"`
	Categories    [4]string         `json:"categories,omitzero"` // paths such as "Hardware>Laptop"
	Impact        *Ref              `json:"impact,omitempty"`
	Urgency       *Ref              `json:"urgency,omitempty"`
	Parent        int               `json:"parent,omitempty"` // Halo id of the ticket that this one belongs under; 0: none
	Custom        map[string]string `json:"custom,omitempty"` // values of custom fields, by their names
}

// Ref names one of Halo's things: by its id, or by its name where Name is not
// empty.
type Ref struct {
	ID   int    `json:"id,omitempty"`
	Name string `json:"name,omitempty"`
}

// String is the name, or else the id.
func (r Ref) String() string {
	if r.Name != "" {
		return r.Name
	}
	return strconv.Itoa(r.ID)
}

// NoteMode says when repeats become notes on the open ticket.
type NoteMode string

// The note modes.
const (
	NoteAlways   NoteMode = ""          // every repeat; those that wait together are one note
	NoteOnChange NoteMode = "on_change" // only when a finding is new, came back or is over
	NoteNever    NoteMode = "never"
)

// NotePolicy says when Halo is told of what happened since the ticket was
// made. The next report of every mode tells of all that was not told before.
type NotePolicy struct {
	Mode  NoteMode      `json:"mode,omitempty"`
	Every time.Duration `json:"every,omitempty"` // at least this long between two notes; 0: no limit
	Daily string        `json:"daily,omitempty"` // "08:00": notes at this time of day only; empty: at any time
	Zone  string        `json:"zone,omitempty"`  // time zone of Daily, an IANA name; empty: UTC
}

// Closing says how a ticket ends.
type Closing struct {
	Never   bool          `json:"never,omitempty"`   // people close it; a note says that it is over
	After   time.Duration `json:"after,omitempty"`   // how long all must have been resolved before it is closed
	Touched bool          `json:"touched,omitempty"` // close it also if a person has worked on it
	Missing int           `json:"missing,omitempty"` // whole result sets without a finding that resolve it; 0: [DefaultMissing]; below 0: never
	Silent  time.Duration `json:"silent,omitempty"`  // a finding that is not reported for so long is resolved; 0: never
}

// DefaultMissing is how many whole result sets in a row must lack a finding
// before it is taken as resolved: one may be a slip of the sender.
const DefaultMissing = 2

// Reopening says what a finding does that comes again after its ticket was
// closed.
type Reopening struct {
	Within time.Duration `json:"within,omitempty"` // the closed ticket is opened again for so long after its end; 0: a new one follows it
	Status int           `json:"status,omitempty"` // the status that opens it; 0: Halo's first status, 1 in a Halo as it comes [B]
	Not    []int         `json:"not,omitempty"`    // closed with one of these statuses: never opened again ("won't fix")
	// Quiet keeps a finding quiet that fires again after a person closed its
	// ticket, until it was resolved in between.
	Quiet bool `json:"quiet,omitempty"`
}
