package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/halert/halert/internal/alert"
)

// TicketState is the state of our ticket.
type TicketState string

// The states of a ticket.
const (
	TicketPending TicketState = "pending" // not in Halo yet
	TicketOpen    TicketState = "open"
	TicketClosed  TicketState = "closed"
)

// DeliveryState is the state of a ticket's delivery, in River's words.
type DeliveryState string

// The states of a delivery.
const (
	Available DeliveryState = "available" // can be worked on now
	Running   DeliveryState = "running"   // somebody works on it; never stored: a lease says it
	Retryable DeliveryState = "retryable" // failed, and will be tried again
	Scheduled DeliveryState = "scheduled" // put off through no fault of its own: rate limit, or Halo refuses everybody
	Completed DeliveryState = "completed" // Halo shows what it should
	Discarded DeliveryState = "discarded" // parked for a person
	Cancelled DeliveryState = "cancelled" // a person ended it
)

// Call names a call to Halo that changes something, so that one whose outcome
// is not known can be resolved.
type Call string

// The calls.
const (
	CallNone    Call = ""
	CallCreate  Call = "create"
	CallNote    Call = "note"
	CallClose   Call = "close"
	CallReopen  Call = "reopen"
	CallRewrite Call = "rewrite" // the text of a storm ticket
	CallCalm    Call = "calm"    // the note that a storm is over
	CallAdopt   Call = "adopt"   // look for the sender's own ticket, and take it over
)

// Ticket is our record of one Halo ticket, with the delivery that keeps Halo
// in line with it.
type Ticket struct {
	ID         string
	Reference  string
	Source     string
	Kind       string
	Customer   alert.Customer
	Tenant     alert.Tenant
	User       alert.User
	UserLinked bool // Halo's ticket is linked to the user's contact
	Topic      alert.Topic
	Severity   alert.Severity
	State      TicketState
	TicketType *int       // a person's choice for this ticket; nil: the configured one
	Priority   *int       // likewise
	Plan       alert.Plan // of its gravest report
	HaloID     int        // 0: not in Halo yet
	Sought     bool       // the sender's own ticket was looked for
	PreviousID int        // Halo id of the closed ticket that this one follows; 0: none
	CreatedAt  time.Time
	OpenedAt   time.Time
	ClosedAt   time.Time

	Seq        int64 // reports so far
	ShownSeq   int64 // reports that Halo knows of
	NotedAt    time.Time
	WantClosed bool
	WantCheck  bool // something happened to Halo's ticket, so it is to be read
	Life

	Delivery    DeliveryState
	DueAt       time.Time
	Attempt     int
	ErrorClass  string
	Error       string
	FailedSince time.Time
	Begun       Call // begun, and its outcome not known
	BegunAt     time.Time
	BegunSeq    int64
}

const ticketColumns = `t.id, t.reference, t.source, t.kind, t.client_id, t.site_id, t.customer, t.tenant_id, t.tenant_domain,
	t.user_json, t.user_linked, t.topic, t.severity, t.plan, t.state, t.ticket_type, t.priority, t.sought, t.halo_id,
	(SELECT p.halo_id FROM tickets p WHERE p.id = t.previous_id), t.created_at, t.opened_at, t.closed_at,
	t.seq, t.shown_seq, t.noted_at, t.want_closed, t.want_check, t.delivery, t.due_at, t.attempt, t.error_class, t.error, t.failed_since,
	t.begun, t.begun_at, t.begun_seq, t.lease_until, ` + lifeColumns

type scanner interface{ Scan(...any) error }

// scanTicket reads ticketColumns. A ticket under lease is Running.
func scanTicket(row scanner, now time.Time) (Ticket, error) {
	var t Ticket
	var user, topic, plan string
	var haloID, previous sql.NullInt64
	var linked, wantClosed bool
	var created, opened, closed, noted, dueAt, failed, begun, lease int64
	var life lifeRow
	err := row.Scan(append([]any{&t.ID, &t.Reference, &t.Source, &t.Kind, &t.Customer.ClientID, &t.Customer.SiteID, &t.Customer.Name,
		&t.Tenant.ID, &t.Tenant.Domain, &user, &linked, &topic, &t.Severity, &plan, &t.State, &t.TicketType, &t.Priority, &t.Sought, &haloID, &previous, &created, &opened, &closed,
		&t.Seq, &t.ShownSeq, &noted, &wantClosed, &t.WantCheck, &t.Delivery, &dueAt, &t.Attempt, &t.ErrorClass, &t.Error, &failed,
		&t.Begun, &begun, &t.BegunSeq, &lease}, life.into()...)...)
	if err != nil {
		return Ticket{}, err
	}
	t.HaloID, t.PreviousID, t.UserLinked, t.WantClosed = int(haloID.Int64), int(previous.Int64), linked, wantClosed
	t.CreatedAt, t.OpenedAt, t.ClosedAt, t.NotedAt = fromMillis(created), fromMillis(opened), fromMillis(closed), fromMillis(noted)
	t.Life = life.read()
	t.DueAt, t.FailedSince, t.BegunAt = fromMillis(dueAt), fromMillis(failed), fromMillis(begun)
	if lease > millis(now) {
		t.Delivery = Running
	}
	return t, errors.Join(fromJSON(user, &t.User), fromJSON(topic, &t.Topic), fromJSON(plan, &t.Plan))
}

// MaxWait is the longest time for which a delivery is put off, and maxLease
// the longest lease. A time that lies further ahead was written before the
// clock was put back: it counts as over.
const (
	MaxWait  = 5 * time.Minute
	maxLease = time.Minute
)

// clockSlack is by how much the clocks of two processes may differ.
const clockSlack = 10 * time.Second

// Claim leases the most urgent due ticket to owner until the lease ends, and
// returns it; nil if none is due. Critical comes before error, warning and
// info; among equals a create comes before a note, then the one that waits
// longest. While any create is under way, only tickets that are in Halo already
// are claimed: Halo's numbering races. A call that the lease's former owner
// had begun may have lasted until its lease ended, so the doubt counts from
// then; not where that owner gave the lease back, or is known to be dead.
func (s *Store) Claim(ctx context.Context, owner string, now, until time.Time) (*Ticket, error) {
	var t *Ticket
	err := s.tx(ctx, func(tx *sql.Tx) error {
		var id string
		err := tx.QueryRowContext(ctx, `
			UPDATE tickets SET lease_owner = $1, lease_until = $2, waits_for = '', waits_until = 0,
				begun_at = CASE WHEN begun <> '' AND lease_owner <> '' AND lease_until > begun_at AND lease_until <= $3 THEN lease_until ELSE begun_at END
			WHERE id = (
				SELECT id FROM tickets
				WHERE delivery IN ('available', 'retryable', 'scheduled')
				AND (due_at <= $3 OR due_at > $4) AND (lease_until <= $3 OR lease_until > $5)
				AND (halo_id IS NOT NULL OR NOT EXISTS (
					SELECT 1 FROM tickets c WHERE c.halo_id IS NULL AND c.lease_until > $3 AND c.lease_until <= $5))
				ORDER BY severity DESC, halo_id IS NOT NULL, due_at, id LIMIT 1)
			RETURNING id`, owner, millis(until), millis(now), millis(now.Add(MaxWait+time.Minute)), millis(now.Add(maxLease))).Scan(&id)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		got, err := scanTicket(tx.QueryRowContext(ctx, `SELECT `+ticketColumns+` FROM tickets t WHERE t.id = $1`, id), now)
		t = &got
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("claim a ticket: %w", err)
	}
	return t, nil
}

// NextDue returns when the next delivery falls due, the zero time for none.
func (s *Store) NextDue(ctx context.Context) (time.Time, error) {
	var at sql.NullInt64
	err := s.read.QueryRowContext(ctx, `
		SELECT MIN(CASE WHEN due_at > lease_until THEN due_at ELSE lease_until END) FROM tickets
		WHERE delivery IN ('available', 'retryable', 'scheduled')`).Scan(&at)
	if err != nil {
		return time.Time{}, fmt.Errorf("find the next due delivery: %w", err)
	}
	return fromMillis(at.Int64), nil
}

// ErrLost is returned when the lease of a ticket has gone to somebody else.
var ErrLost = errors.New("the lease of the ticket was lost")

// leased runs one update on a ticket that owner must hold. set is a list of
// assignments with placeholders from $3 on.
func leased(ctx context.Context, tx *sql.Tx, id, owner, set string, args ...any) error {
	res, err := tx.ExecContext(ctx, `UPDATE tickets SET `+set+` WHERE id = $1 AND lease_owner = $2`, append([]any{id, owner}, args...)...)
	if err != nil {
		return fmt.Errorf("update ticket %s: %w", id, err)
	}
	if err := mustHit(res); errors.Is(err, ErrNotFound) {
		return fmt.Errorf("update ticket %s: %w", id, ErrLost)
	} else if err != nil {
		return err
	}
	return nil
}

// Begin records that a call is about to be made, before it is made: if its
// outcome is lost, the next attempt looks first.
func (s *Store) Begin(ctx context.Context, id, owner string, call Call, seq int64, now time.Time) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		return leased(ctx, tx, id, owner, `begun = $3, begun_at = $4, begun_seq = $5`, string(call), millis(now), seq)
	})
}

// Absent records that what was begun did not come about: the call may be
// made again.
func (s *Store) Absent(ctx context.Context, id, owner string) error {
	return s.tx(ctx, func(tx *sql.Tx) error { return leased(ctx, tx, id, owner, `begun = ''`) })
}

// Later ends the work on a ticket until a time, without a failure.
func (s *Store) Later(ctx context.Context, id, owner string, due time.Time) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		return leased(ctx, tx, id, owner, `due_at = $3, lease_owner = '', lease_until = 0`, millis(due))
	})
}

// Opened records that Halo has the ticket and shows the reports up to seq.
func (s *Store) Opened(ctx context.Context, id, owner string, haloID int, userLinked bool, seq int64, now time.Time) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		err := leased(ctx, tx, id, owner, `halo_id = $3, user_linked = $4, state = 'open', opened_at = $5, noted_at = $5,
			shown_seq = $6, news_at = $5, begun = '', attempt = 0, error = '', error_class = '', failed_since = 0`,
			haloID, flag(userLinked), millis(now), seq)
		if err != nil {
			return err
		}
		return record(ctx, tx, id, Attempt{At: now, Call: CallCreate})
	})
}

// Noted records that Halo shows the reports up to seq.
func (s *Store) Noted(ctx context.Context, id, owner string, seq int64, now time.Time) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		err := leased(ctx, tx, id, owner, `shown_seq = $3, noted_at = $4, news_at = $4, begun = '', attempt = 0, error = '', error_class = '', failed_since = 0`,
			seq, millis(now))
		if err != nil {
			return err
		}
		return record(ctx, tx, id, Attempt{At: now, Call: CallNote})
	})
}

// Moved records that Halo merged the ticket into another one: a person's work.
func (s *Store) Moved(ctx context.Context, id, owner string, haloID int) error {
	return s.tx(ctx, func(tx *sql.Tx) error { return leased(ctx, tx, id, owner, `halo_id = $3, touched = 1`, haloID) })
}

// mayReopen is how long after its end a ticket is still looked at again when
// Halo tells of a change, and justClosed how long not: that is the echo.
const (
	mayReopen  = 30 * 24 * time.Hour
	justClosed = time.Minute
)

// Hint asks for tickets to be read in Halo, by their ids there: open ones, and
// those that were closed within the last 30 days, as they may be open again.
// Ids that are not of our tickets do no harm.
func (s *Store) Hint(ctx context.Context, haloIDs []int, now time.Time) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		for _, id := range haloIDs {
			_, err := tx.ExecContext(ctx, `UPDATE tickets SET want_check = 1,
				delivery = CASE WHEN delivery = 'completed' OR waits_for <> '' THEN 'available' ELSE delivery END,
				due_at = CASE WHEN delivery = 'completed' OR waits_for <> '' THEN $1 ELSE due_at END,
				waits_for = '', waits_until = 0
				WHERE halo_id = $2 AND (state = 'open' OR (state = 'closed' AND delivery = 'completed' AND closed_at > $3 AND closed_at <= $4))`,
				millis(now), id, millis(now.Add(-mayReopen)), millis(now.Add(-justClosed)))
			if err != nil {
				return fmt.Errorf("note that Halo's ticket %d changed: %w", id, err)
			}
		}
		return nil
	})
}

// Done ends the work on a ticket whose Halo ticket shows the reports up to
// seq. If more came in the meantime, the ticket is due again at once.
func (s *Store) Done(ctx context.Context, id, owner string, seq int64, wantClosed bool, now time.Time) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		return leased(ctx, tx, id, owner, `delivery = CASE WHEN seq = $3 AND want_closed = $4 AND want_check = 0 AND want_reopen = 0 THEN 'completed' ELSE 'available' END,
			due_at = $5, attempt = 0, error = '', error_class = '', failed_since = 0, lease_owner = '', lease_until = 0`,
			seq, flag(wantClosed), millis(now))
	})
}

// Failure is an attempt that did not go well.
type Failure struct {
	Call  Call
	Class string
	Error string // Halo's own words, or what went wrong; no secret
	State DeliveryState
	DueAt time.Time // when to try again; ignored for Discarded
	// Known is set when the call had surely no effect: what was begun is
	// not begun any more.
	Known bool
	// DoubtedAt is set when the call may have had its effect: the time from
	// which it can be looked for in vain.
	DoubtedAt time.Time
	// Counts is unset when the ticket itself is not at fault (rate limit,
	// Halo refuses everybody, shutdown): the attempt is not counted.
	Counts bool
}

// Fail ends an attempt on a ticket, and gives up its lease.
func (s *Store) Fail(ctx context.Context, id, owner string, f Failure, now time.Time) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		err := leased(ctx, tx, id, owner, `delivery = $3, due_at = $4, attempt = attempt + $5, error_class = $6, error = $7,
			failed_since = CASE WHEN failed_since = 0 THEN $8 ELSE failed_since END,
			begun = CASE WHEN $9 = 1 THEN '' ELSE begun END, begun_at = CASE WHEN CAST($10 AS BIGINT) > 0 THEN $10 ELSE begun_at END,
			lease_owner = '', lease_until = 0`,
			string(f.State), millis(f.DueAt), flag(f.Counts), f.Class, f.Error, millis(now), flag(f.Known), millis(f.DoubtedAt))
		if err != nil {
			return err
		}
		return record(ctx, tx, id, Attempt{At: now, Call: f.Call, Class: f.Class, Error: f.Error})
	})
}

// Yield gives a lease back without an attempt, for a shutdown. One under which
// a create was begun lasts for [createRuns] from then: Halo may still be at
// work on it, and no other create may be under way.
func (s *Store) Yield(ctx context.Context, id, owner string) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		return leased(ctx, tx, id, owner, `lease_owner = '',
			lease_until = CASE WHEN begun = 'create' THEN begun_at + CAST($3 AS BIGINT) ELSE 0 END`, createRuns.Milliseconds())
	})
}

// Renew prolongs a lease.
func (s *Store) Renew(ctx context.Context, id, owner string, until time.Time) error {
	return s.tx(ctx, func(tx *sql.Tx) error { return leased(ctx, tx, id, owner, `lease_until = $3`, millis(until)) })
}

// Wake makes all deliveries due that wait for one of the given classes of
// failure to pass.
func (s *Store) Wake(ctx context.Context, classes []string, now time.Time) error {
	if len(classes) == 0 {
		return nil
	}
	args := []any{millis(now)}
	marks := make([]string, len(classes))
	for i, c := range classes {
		marks[i] = fmt.Sprintf("$%d", i+2)
		args = append(args, c)
	}
	return s.tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE tickets SET due_at = $1 WHERE delivery IN ('retryable', 'scheduled') AND due_at > $1
			AND error_class IN (`+strings.Join(marks, ", ")+`)`, args...)
		if err != nil {
			return fmt.Errorf("wake waiting deliveries: %w", err)
		}
		return nil
	})
}
