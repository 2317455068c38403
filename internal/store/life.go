package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// WaitFor says what a delivery waits for that has nothing to do before a time
// which the ticket's plan sets.
type WaitFor string

// What a delivery waits for.
const (
	WaitDelay WaitFor = "delay" // the ticket may be over by itself before it is made
	WaitNote  WaitFor = "note"  // notes go at certain times
	WaitClose WaitFor = "close" // all must have been resolved for a while
	WaitStorm WaitFor = "storm" // then the storm is over, unless it goes on
)

// Who closed a ticket.
const (
	closedByHalert = "halert"
	closedByPerson = "person"
)

const noteQuiet = "quiet: closed by a person in Halo"

// Life is the part of a ticket on which its policies depend.
type Life struct {
	ClearedAt  time.Time // since when all its alerts are resolved; zero: they are not
	NewsAt     time.Time // of the first report that Halo does not show
	SeenSeq    int64     // reports that came while Halo's ticket was surely open
	KeptSeq    int64     // the Seq for which it was decided to leave the ticket open; 0: none
	HaloStatus int       // Halo's status right after the create; 0: not known
	HaloAgent  int       // likewise
	Touched    bool      // a person surely worked on it
	ByPerson   bool      // a person closed it
	WantReopen bool
	Storm      Storm   // what it holds back
	WaitsFor   WaitFor // empty: it does not wait by its plan
	WaitsUntil time.Time
}

// Dropped tells that the ticket was over before it was made.
func (t Ticket) Dropped() bool {
	return t.State == TicketClosed && t.HaloID == 0 && t.Delivery == Completed
}

const lifeColumns = `t.cleared_at, t.news_at, t.seen_seq, t.kept_seq, t.halo_status, t.halo_agent, t.touched, t.closed_by,
	t.want_reopen, t.waits_for, t.waits_until, t.storm_at, t.storm_within, t.storm_told`

// lifeRow takes lifeColumns.
type lifeRow struct {
	life                 Life
	cleared, news, until int64
	status, agent        sql.NullInt64
	closedBy             string
	storm, calm, told    int64
}

func (r *lifeRow) into() []any {
	return []any{&r.cleared, &r.news, &r.life.SeenSeq, &r.life.KeptSeq, &r.status, &r.agent, &r.life.Touched, &r.closedBy,
		&r.life.WantReopen, &r.life.WaitsFor, &r.until, &r.storm, &r.calm, &r.told}
}

func (r *lifeRow) read() Life {
	l := r.life
	l.ClearedAt, l.NewsAt, l.WaitsUntil = fromMillis(r.cleared), fromMillis(r.news), fromMillis(r.until)
	l.HaloStatus, l.HaloAgent, l.ByPerson = int(r.status.Int64), int(r.agent.Int64), r.closedBy == closedByPerson
	l.Storm = Storm{At: fromMillis(r.storm), Within: time.Duration(r.calm) * time.Millisecond, Told: r.storm > 0 && r.told == r.storm}
	return l
}

// Changed tells whether an alert of a ticket is new, came back or was resolved
// after report shown.
func (s *Store) Changed(ctx context.Context, ticketID string, shown int64) (bool, error) {
	var yes bool
	err := s.read.QueryRowContext(ctx, `SELECT EXISTS (
		SELECT 1 FROM alerts WHERE ticket_id = $1 AND (first_seq > $2 OR resolved_seq > $2))`, ticketID, shown).Scan(&yes)
	if err != nil {
		return false, fmt.Errorf("look for changes on ticket %s: %w", ticketID, err)
	}
	return yes, nil
}

// AsMade records which status and agent Halo gave the ticket at first: a
// change tells later that somebody worked on it. 0 is not known.
func (s *Store) AsMade(ctx context.Context, id, owner string, status, agent int) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		return leased(ctx, tx, id, owner, `halo_status = $3, halo_agent = $4`,
			sql.NullInt64{Int64: int64(status), Valid: status != 0}, sql.NullInt64{Int64: int64(agent), Valid: agent != 0})
	})
}

// Seen records that Halo's ticket was read, and is open: reports up to seq
// belong on it, whenever Halo is told of them.
func (s *Store) Seen(ctx context.Context, id, owner string, seq int64) error {
	return s.tx(ctx, func(tx *sql.Tx) error { return leased(ctx, tx, id, owner, `seen_seq = $3, want_check = 0`, seq) })
}

// Kept records that the ticket stays open in Halo though all its alerts are
// resolved: a person closes it. A later report begins anew.
func (s *Store) Kept(ctx context.Context, id, owner string, seq int64) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		return leased(ctx, tx, id, owner, `kept_seq = CASE WHEN seq = $3 THEN seq ELSE 0 END`, seq)
	})
}

// Wait ends the work on a ticket that has nothing to do before a time which
// its plan sets. If more came in than seq, it is due again at once. The
// delivery is looked at again every MaxWait at the latest.
func (s *Store) Wait(ctx context.Context, id, owner string, seq int64, what WaitFor, until, now time.Time) error {
	due := until
	if most := now.Add(MaxWait); due.After(most) {
		due = most
	}
	return s.tx(ctx, func(tx *sql.Tx) error {
		const same = `CASE WHEN seq = $3 AND want_check = 0 AND want_reopen = 0 THEN `
		return leased(ctx, tx, id, owner, `delivery = `+same+`'scheduled' ELSE 'available' END,
			due_at = `+same+`CAST($4 AS BIGINT) ELSE CAST($5 AS BIGINT) END, waits_for = `+same+`CAST($6 AS TEXT) ELSE '' END,
			waits_until = $7, attempt = 0, error = '', error_class = '', failed_since = 0, lease_owner = '', lease_until = 0`,
			seq, millis(due), millis(now), string(what), millis(until))
	})
}

// Drop ends a ticket that is not in Halo: all its alerts were over before it
// was due. It fails with ErrLost where more came in than seq.
func (s *Store) Drop(ctx context.Context, id, owner string, seq int64, now time.Time) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		return leased(ctx, tx, id, owner, `state = CASE WHEN seq = $3 THEN 'closed' ELSE state END,
			closed_at = CASE WHEN seq = $3 THEN CAST($4 AS BIGINT) ELSE 0 END, closed_by = CASE WHEN seq = $3 THEN 'halert' ELSE '' END,
			delivery = CASE WHEN seq = $3 THEN 'completed' ELSE 'available' END, due_at = $4, attempt = 0, error = '', error_class = '',
			failed_since = 0, lease_owner = '', lease_until = 0`, seq, millis(now))
	})
}

// Closed records that the ticket is closed in Halo, by us or by a person.
// Firing alerts that were reported since Halo's ticket was last known to be
// open bring it back if its plan says so, or else go on a new ticket, which
// follows this one.
func (s *Store) Closed(ctx context.Context, id, owner string, now time.Time) error {
	return s.end(ctx, id, owner, true, now)
}

// NotReopened records that a ticket which was to be opened again in Halo
// cannot or must not be: a new one follows it.
func (s *Store) NotReopened(ctx context.Context, id, owner string, now time.Time) error {
	return s.end(ctx, id, owner, false, now)
}

func (s *Store) end(ctx context.Context, id, owner string, mayReopen bool, now time.Time) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		t, err := scanTicket(tx.QueryRowContext(ctx, `SELECT `+ticketColumns+` FROM tickets t WHERE t.id = $1`, id), now)
		if err != nil {
			return oneError("ticket", id, err)
		}
		again := t.State == TicketClosed || t.WantReopen // when it ended is known already
		err = leased(ctx, tx, id, owner, `state = 'closed', begun = '', want_check = 0, want_reopen = 0, delivery = 'completed', attempt = 0,
			closed_at = CASE WHEN $3 = 1 THEN closed_at ELSE $4 END,
			closed_by = CASE WHEN $3 = 1 THEN closed_by WHEN begun = 'close' THEN 'halert' ELSE 'person' END,
			error = '', error_class = '', failed_since = 0, waits_for = '', waits_until = 0, lease_owner = '', lease_until = 0`,
			flag(again), millis(now))
		if err != nil || t.State == TicketClosed { // its alerts were seen to when it ended
			return err
		}
		if t.Begun == CallClose { // else a person closed it
			if err := record(ctx, tx, id, Attempt{At: now, Call: CallClose}); err != nil {
				return err
			}
		}
		return s.after(ctx, tx, t, mayReopen && !again, now)
	})
}

// after sees to the firing alerts of a ticket that is closed.
func (s *Store) after(ctx context.Context, tx *sql.Tx, t Ticket, mayReopen bool, now time.Time) error {
	since, known := `last_seq`, max(t.ShownSeq, t.SeenSeq)
	if t.Plan.Reopen.Quiet && t.Begun != CallClose && mayReopen {
		since = `first_seq` // what was on it when it was closed stays quiet
		_, err := tx.ExecContext(ctx, `
			UPDATE events SET note = CASE WHEN note = '' THEN CAST($3 AS TEXT) ELSE note || '; ' || CAST($3 AS TEXT) END WHERE id IN (
				SELECT ea.event_id FROM event_alerts ea JOIN alerts a ON a.id = ea.alert_id
				WHERE ea.ticket_id = $1 AND ea.seq > $2 AND a.ticket_id = $1 AND a.status = 'firing' AND a.first_seq <= $2)`,
			t.ID, known, noteQuiet)
		if err != nil {
			return fmt.Errorf("note why ticket %s has no follower: %w", t.ID, err)
		}
	}
	if mayReopen && t.Plan.Reopen.Within > 0 {
		reopened, err := reopenInstead(ctx, tx, t, since, known, now)
		if err != nil || reopened {
			return err
		}
	}
	return follow(ctx, tx, t.ID, since, known, now)
}

// justReopened keeps a Halo that shows a reopened ticket as closed from being
// asked again and again.
const justReopened = 2 * time.Minute

func reopenInstead(ctx context.Context, tx *sql.Tx, t Ticket, since string, known int64, now time.Time) (bool, error) {
	n, err := hits(tx.ExecContext(ctx, `
		UPDATE tickets SET `+reopenSet+` WHERE id = $2 AND (reopened_at <= $4 OR reopened_at > $1) AND EXISTS (
			SELECT 1 FROM alerts a WHERE a.ticket_id = tickets.id AND a.status = 'firing' AND a.`+since+` > $3)`,
		millis(now), t.ID, known, millis(now.Add(-justReopened))))
	if err != nil {
		return false, fmt.Errorf("ask for ticket %s to be opened again: %w", t.ID, err)
	}
	return n == 1, nil
}

const reopenSet = `state = 'open', want_reopen = 1, want_closed = 0, cleared_at = 0, kept_seq = 0, closed_by = '',
	delivery = 'available', due_at = $1, attempt = 0, error = '', error_class = '', failed_since = 0`

// reopenable takes up the last ticket of a group again if it was closed so
// lately that the report's plan wants that: for an alert that was on it, or one
// that may share it by its age. Empty: there is none.
func reopenable(ctx context.Context, tx *sql.Tx, row *alertRow, r Report, since, now time.Time) (string, error) {
	within := r.Plan.Reopen.Within
	if within <= 0 || r.Apart {
		return "", nil
	}
	var id string
	err := tx.QueryRowContext(ctx, `
		UPDATE tickets SET `+reopenSet+` WHERE halo_id IS NOT NULL AND closed_at > $2 AND id = (
			SELECT id FROM tickets WHERE group_key = $3 ORDER BY id DESC LIMIT 1) AND (created_at > $4 OR id = $5) RETURNING id`,
		millis(now), millis(now.Add(-within)), r.GroupKey, millis(since), row.ticketID.String).Scan(&id)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("open the last ticket again: %w", err)
	}
	return id, nil
}

// Reopened records that Halo's ticket is open again. status is its status now;
// 0 is not known.
func (s *Store) Reopened(ctx context.Context, id, owner string, status int, now time.Time) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		err := leased(ctx, tx, id, owner, `want_reopen = 0, closed_at = 0, reopened_at = $3, halo_status = $4`,
			millis(now), sql.NullInt64{Int64: int64(status), Valid: status != 0})
		if err != nil {
			return err
		}
		return record(ctx, tx, id, Attempt{At: now, Call: CallReopen})
	})
}

// TakenUp records that a person opened the ticket again that was closed: it
// is ours again, and that person's to close. Where a later ticket of its group
// is open, that one stays the group's.
func (s *Store) TakenUp(ctx context.Context, id, owner string, now time.Time) (bool, error) {
	taken := false
	err := s.tx(ctx, func(tx *sql.Tx) error {
		var occupied bool
		err := tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM tickets o WHERE o.state <> 'closed'
			AND o.group_key = (SELECT group_key FROM tickets WHERE id = $1))`, id).Scan(&occupied)
		if err != nil {
			return fmt.Errorf("look for an open ticket beside %s: %w", id, err)
		}
		if taken = !occupied; occupied {
			return leased(ctx, tx, id, owner, `want_check = 0`)
		}
		return leased(ctx, tx, id, owner, `state = 'open', touched = 1, kept_seq = seq, want_check = 0, closed_at = 0, closed_by = '', reopened_at = $3`, millis(now))
	})
	return taken, err
}

// follow makes a ticket that follows a closed one, of those of its firing
// alerts whose column since is above known.
func follow(ctx context.Context, tx *sql.Tx, id, since string, known int64, now time.Time) error {
	next := NewID()
	fresh := `a.ticket_id = t.id AND a.status = 'firing' AND a.` + since + ` > $5`
	res, err := tx.ExecContext(ctx, `
		INSERT INTO tickets (id, reference, group_key, source, kind, client_id, site_id, home_key, ticket_type, priority, customer, tenant_id, tenant_domain,
			user_json, topic, severity, plan, state, previous_id, created_at, seq, news_at, delivery, due_at, storm_at, storm_within, storm_told)
		SELECT CAST($1 AS TEXT), CAST($2 AS TEXT), group_key, source, kind, client_id, site_id, home_key, ticket_type, priority, customer, tenant_id, tenant_domain,
			user_json, topic, (SELECT MAX(severity) FROM alerts a WHERE `+fresh+`),
			plan, 'pending', id, CAST($3 AS BIGINT), 1, CAST($3 AS BIGINT), 'available', CAST($3 AS BIGINT), storm_at, storm_within, storm_told
		FROM tickets t WHERE id = $4 AND EXISTS (SELECT 1 FROM alerts a WHERE `+fresh+`)`,
		next, newReference(), millis(now), id, known)
	if err != nil {
		return fmt.Errorf("make the ticket that follows %s: %w", id, err)
	}
	if err := mustHit(res); errors.Is(err, ErrNotFound) {
		return nil // nothing new to say
	} else if err != nil {
		return err
	}
	for _, stmt := range []string{
		`UPDATE event_alerts SET ticket_id = $1, seq = 1 WHERE ticket_id = $2 AND seq > $3
			AND alert_id IN (SELECT id FROM alerts WHERE ticket_id = $2 AND status = 'firing' AND ` + since + ` > $3)`,
		`UPDATE alerts SET ticket_id = $1, first_seq = 1, last_seq = 1 WHERE ticket_id = $2 AND status = 'firing' AND ` + since + ` > $3`,
	} {
		if _, err := tx.ExecContext(ctx, stmt, next, id, known); err != nil {
			return fmt.Errorf("move alerts from ticket %s to %s: %w", id, next, err)
		}
	}
	return inherit(ctx, tx, id, next)
}

// InHalo is what is known of one of our tickets in Halo, for those who look
// for changes there.
type InHalo struct {
	HaloID   int
	Open     bool
	ToldAt   time.Time // when we last changed it there
	ClosedAt time.Time
}

// Watched returns those of our tickets that Halo has under the given ids and
// that are open, or were closed within the last 30 days.
func (s *Store) Watched(ctx context.Context, haloIDs []int, now time.Time) (map[int]InHalo, error) {
	out := make(map[int]InHalo)
	for _, id := range haloIDs {
		rows, err := list(ctx, s.read, `SELECT state, noted_at, closed_at FROM tickets
			WHERE halo_id = $1 AND (state = 'open' OR (state = 'closed' AND closed_at > $2)) ORDER BY state = 'open', id`,
			[]any{id, millis(now.Add(-mayReopen))}, func(row scanner) (InHalo, error) {
				t := InHalo{HaloID: id}
				var state TicketState
				var told, closed int64
				err := row.Scan(&state, &told, &closed)
				t.Open, t.ToldAt, t.ClosedAt = state == TicketOpen, fromMillis(told), fromMillis(closed)
				return t, err
			})
		if err != nil {
			return nil, fmt.Errorf("look for Halo's ticket %d among ours: %w", id, err)
		}
		for _, t := range rows {
			out[id] = t
		}
	}
	return out, nil
}
