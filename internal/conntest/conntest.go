// Package conntest is the connection test: it walks step by step from the name
// of the host to a note on a ticket, and says for each step that fails what to
// change, in the words of Halo's own menus.
//
// A step whose premise failed is skipped and names the step it waits for, so
// that the first remedy is the one to follow.
package conntest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/halert/halert/internal/halo"
)

// Settings are what the test checks beside the connection. Ids are Halo's.
type Settings struct {
	TicketType    int
	Priority      *int // nil: the ticket type's own
	RequestSource *int // nil: Halo writes "Manual" [B]; 0 and negative ids are valid
	NoteOutcome   int  // 0: 7, "Internal Note" on a stock Halo [B]
	ClosedStatus  int  // 0: not set
	ClientID      int  // of the test ticket; 0: the first active client
	MakeTicket    bool // make a real ticket, note, find and close it
}

// Step is the outcome of one step.
type Step struct {
	Name    string `json:"name"`
	OK      bool   `json:"ok"`
	Detail  string `json:"detail"`            // what was found
	Remedy  string `json:"remedy"`            // what to do; empty where OK
	Skipped bool   `json:"skipped,omitempty"` // not tried because an earlier step failed
}

// The names of the steps, in their order.
const (
	stepResource   = "Resource server"
	stepAuth       = "Authorisation server"
	stepClock      = "Clock"
	stepToken      = "Token"
	stepAgent      = "Agent"
	stepTickets    = "Permission read:tickets"
	stepCustomers  = "Permission read:customers"
	stepTicketType = "Ticket type"
	stepPriority   = "Priority"
	stepNote       = "Note action"
	stepClosing    = "Closing status"
	stepSource     = "Request source"
	stepCreate     = "Create a ticket"
	stepAddNote    = "Add a note"
	stepFind       = "Find the ticket by its reference"
	stepClose      = "Close the ticket"
	stepReadBack   = "Read the ticket back"
)

// settleTime is how long the test waits for a new ticket to show up in lists
// before it looks a second time. How long Halo needs is not known [G].
const settleTime = 2 * time.Second

const stockNoteOutcome = 7

// Run does the test and returns all steps. The function progress, which may be
// nil, is called with each step as it ends. Nothing is changed in Halo unless
// MakeTicket is set.
func Run(ctx context.Context, c *halo.Client, s Settings, progress func(Step)) []Step {
	return run(ctx, c, s, progress, settleTime)
}

func run(ctx context.Context, c *halo.Client, s Settings, progress func(Step), settle time.Duration) []Step {
	if s.NoteOutcome == 0 {
		s.NoteOutcome = stockNoteOutcome
	}
	if progress == nil {
		progress = func(Step) {}
	}
	t := &test{ctx: ctx, c: c, set: s, progress: progress, settle: settle}

	t.step(stepResource, t.resourceServer)
	t.step(stepAuth, t.authServer)
	t.step(stepClock, t.clock, stepResource)
	t.step(stepToken, t.token, stepAuth)
	t.step(stepAgent, t.agent, stepResource, stepToken)
	t.step(stepTickets, t.readTickets, stepAgent)
	t.step(stepCustomers, t.readCustomers, stepAgent)
	t.step(stepTicketType, t.ticketType, stepAgent)
	t.step(stepPriority, t.priority, stepTicketType)
	t.step(stepNote, t.noteAction, stepTicketType)
	t.step(stepClosing, t.closingStatus, stepAgent)
	t.step(stepSource, t.requestSource, stepAgent)
	if s.MakeTicket {
		t.step(stepCreate, t.create, stepTickets, stepCustomers, stepTicketType, stepPriority, stepSource)
		t.step(stepAddNote, t.addNote, stepCreate)
		t.step(stepFind, t.find, stepCreate)
		t.step(stepClose, t.close, stepCreate)
		t.step(stepReadBack, t.readBack, stepCreate)
	}
	return t.steps
}

// test is one run with what its steps have found for the later ones.
type test struct {
	ctx      context.Context
	c        *halo.Client
	set      Settings
	progress func(Step)
	settle   time.Duration
	steps    []Step

	date       time.Time // by Halo's clock
	asked      time.Time // by ours, at that moment
	typ        halo.TicketType
	customer   int
	reference  string
	ticket     halo.Ticket
	closeAsked bool
}

// failure is a step's bad outcome.
type failure struct{ detail, remedy string }

// step runs a step unless one of those that it needs is not OK.
func (t *test) step(name string, do func() (string, *failure), needs ...string) {
	s := Step{Name: name}
	if waits := t.notOK(needs); waits != "" {
		s.Skipped = true
		s.Detail = "not tried: it waits for the step \"" + waits + "\""
		s.Remedy = "Follow the remedy of \"" + waits + "\" first."
	} else if detail, bad := do(); bad != nil {
		s.Detail, s.Remedy = bad.detail, bad.remedy
	} else {
		s.OK, s.Detail = true, detail
	}
	t.steps = append(t.steps, s)
	t.progress(s)
}

// notOK returns the first of the named steps that is not OK. Where that one
// was skipped itself, its own premise is what counts for the reader, and the
// steps before lead there.
func (t *test) notOK(names []string) string {
	for _, name := range names {
		for _, s := range t.steps {
			if s.Name == name && !s.OK {
				return name
			}
		}
	}
	return ""
}

// fail makes a failure of an error from Halo. The remedy given is for the case
// that Halo did answer and said no; other kinds of errors have their own.
func fail(err error, remedy string) (string, *failure) {
	return "", &failure{detail: err.Error(), remedy: remedyFor(err, remedy)}
}

func remedyFor(err error, refused string) string {
	e, ok := errors.AsType[*halo.Error](err)
	if !ok {
		return refused
	}
	switch e.Class {
	case halo.ClassNetwork:
		return "Halo did not answer. Check the network between this server and Halo, then test again."
	case halo.ClassServer:
		return "Halo, or a proxy before it, is in trouble, or the address leads elsewhere. Test again in a few minutes; if it stays, check the two addresses in the settings."
	case halo.ClassRateLimited:
		return fmt.Sprintf("Halo's limit of requests is used up, by all integrations together. Wait five minutes and test again; if it comes back, lower rate_limit. Halo asks to wait %s.", e.RetryAfter)
	case halo.ClassUnreadable:
		return "What answers is not Halo's API. The Resource Server URL must end in /api; it stands in Halo under " + menuAPI + "."
	case halo.ClassUnauthorised:
		return remedyAgent
	}
	return refused
}
