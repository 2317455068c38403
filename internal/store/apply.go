package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/halert/halert/internal/alert"
)

// Outcome is what the pipeline made of one event.
type Outcome struct {
	EventID string
	Source  string
	Status  EventStatus // EventProcessed or EventQuarantined
	Error   string
	Note    string
	Reports []Report
	Sets    []Set // whole result sets: what they lack was not found any more
}

// Report is one alert of an event with all that was decided about it.
type Report struct {
	Event    alert.Event
	Source   string
	Tenant   string          // the tenant's canonical name
	Customer *alert.Customer // nil: the alert is held
	Held     string          // why it is held
	GroupKey string          // of the ticket that it belongs on
	Apart    bool            // it must go to the ticket of GroupKey, even if it has an open one already
	User     alert.User      // whom the ticket is about; zero for none
	Plan     alert.Plan      // how the ticket is to look and to live
	Quiet    *Quiet          // the alert makes no ticket; nil: it does
	Brake    Brake           // keeps the customer from getting too many tickets
	Why      Why             // for those who ask later
}

// Quiet says why a firing alert makes no ticket and no note.
type Quiet struct {
	Reason string
	Until  time.Time // when it is looked at again; zero: not before its next report
}

// Apply writes the outcomes of a batch of events: alerts, tickets, and the
// tickets' deliveries, in one transaction.
func (s *Store) Apply(ctx context.Context, outcomes []Outcome, now time.Time) error {
	err := s.tx(ctx, func(tx *sql.Tx) error {
		for _, o := range outcomes {
			if err := applyOutcome(ctx, tx, o, now); err != nil {
				return fmt.Errorf("event %s: %w", o.EventID, err)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("apply events: %w", err)
	}
	return nil
}

// work is what one event has done so far.
type work struct {
	eventID  string
	touched  map[string]int64 // ticket id to its seq in this event
	reported map[string]bool  // alert ids
	empty    []string         // alerts that a result without findings is about
	notes    []string
}

func (w *work) say(note string) {
	if !slices.Contains(w.notes, note) {
		w.notes = append(w.notes, note)
	}
}

// link records what an event did to an alert.
func (w *work) link(ctx context.Context, tx *sql.Tx, alertID string, ticketID sql.NullString, seq int64) error {
	w.reported[alertID] = true
	_, err := tx.ExecContext(ctx, `
		INSERT INTO event_alerts (event_id, alert_id, ticket_id, seq) VALUES ($1, $2, $3, $4)
		ON CONFLICT (event_id, alert_id) DO UPDATE SET ticket_id = excluded.ticket_id, seq = excluded.seq`,
		w.eventID, alertID, ticketID, seq)
	return err
}

func applyOutcome(ctx context.Context, tx *sql.Tx, o Outcome, now time.Time) error {
	var before int64
	err := tx.QueryRowContext(ctx, `SELECT processed_at FROM events WHERE id = $1`, o.EventID).Scan(&before)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	res, err := tx.ExecContext(ctx, `
		UPDATE events SET status = $1, error = $2, note = $3, processed_at = $4 WHERE id = $5 AND status = 'pending'`,
		string(o.Status), o.Error, o.Note, millis(now), o.EventID)
	if err != nil {
		return err
	}
	if err := mustHit(res); errors.Is(err, ErrNotFound) {
		return nil // another process was quicker
	} else if err != nil {
		return err
	}
	if err := heard(ctx, tx, o, now); err != nil {
		return err
	}
	w := &work{eventID: o.EventID, touched: make(map[string]int64), reported: make(map[string]bool)}
	if o.Note != "" {
		w.notes = []string{o.Note}
	}
	for _, r := range o.Reports {
		if err := applyReport(ctx, tx, w, r, now); err != nil {
			return err
		}
	}
	for _, set := range o.Sets {
		if before != 0 {
			break // a body that is read once more says nothing about now
		}
		if err := applySet(ctx, tx, w, set, now); err != nil {
			return err
		}
	}
	if err := w.linkEmpty(ctx, tx); err != nil {
		return err
	}
	if note := strings.Join(w.notes, "; "); note != o.Note {
		_, err = tx.ExecContext(ctx, `UPDATE events SET note = $1 WHERE id = $2`, note, o.EventID)
	}
	return err
}

// alertRow is the part of an alert's row on which decisions depend.
type alertRow struct {
	id       string
	status   alert.Status
	ticketID sql.NullString
	changed  bool // its finding says something else than before
	// The alert's ticket, where it has one.
	ticketState  sql.NullString
	closedBy     sql.NullString
	client, site sql.NullInt64
	ticketAt     sql.NullInt64 // when it was made
	storm        sql.NullBool  // it is a storm ticket
}

// quiet tells that a person closed the alert's ticket, and does not want to
// hear of it before it was resolved.
func (a *alertRow) quiet(r Report) bool {
	return r.Plan.Reopen.Quiet && a.status == alert.Firing && a.ticketState.String == string(TicketClosed) && a.closedBy.String == closedByPerson
}

func applyReport(ctx context.Context, tx *sql.Tx, w *work, r Report, now time.Time) error {
	if r.Event.Empty {
		if known, err := w.knownEmpty(ctx, tx, r); err != nil || known {
			return err
		}
	}
	key := alert.DedupKey(r.Source, r.Tenant, r.Event.Topic.Kind, r.Event.Fingerprint)
	row, err := findAlert(ctx, tx, key)
	if err != nil {
		return err
	}
	if row == nil {
		if row, err = insertAlert(ctx, tx, key, r, now); err != nil {
			return err
		}
	} else if err := updateAlert(ctx, tx, row, r, now); err != nil {
		return err
	}
	var ticketID sql.NullString
	var seq int64
	switch {
	case r.Event.Action == alert.Resolve:
		ticketID, seq, err = resolveAlert(ctx, tx, row, "", w.touched, now)
	case r.Event.Action == alert.Acknowledge || r.Quiet != nil:
		ticketID = row.ticketID
	case r.Customer != nil && row.quiet(r):
		ticketID = row.ticketID
		w.say(noteQuiet)
	case r.Customer != nil:
		ticketID.Valid = true
		ticketID.String, seq, err = placeAlert(ctx, tx, row, r, w.touched, now)
	}
	if err != nil {
		return err
	}
	return w.link(ctx, tx, row.id, ticketID, seq)
}

func findAlert(ctx context.Context, tx *sql.Tx, key string) (*alertRow, error) {
	var r alertRow
	err := tx.QueryRowContext(ctx, `
		SELECT a.id, a.status, a.ticket_id, t.state, t.closed_by, t.client_id, t.site_id, t.created_at, t.storm_at > 0
		FROM alerts a LEFT JOIN tickets t ON t.id = a.ticket_id WHERE a.dedup_key = $1`, key).
		Scan(&r.id, &r.status, &r.ticketID, &r.ticketState, &r.closedBy, &r.client, &r.site, &r.ticketAt, &r.storm)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("find alert: %w", err)
	}
	return &r, nil
}

func insertAlert(ctx context.Context, tx *sql.Tx, key string, r Report, now time.Time) (*alertRow, error) {
	e := r.Event
	status := alert.Firing
	if e.Action == alert.Resolve {
		status = alert.Resolved
	}
	row := &alertRow{id: NewID(), status: status}
	_, err := tx.ExecContext(ctx, `
		INSERT INTO alerts (id, dedup_key, source, kind, tenant, tenant_id, tenant_domain, fingerprint, status, severity,
			title, topic, finding, grouping_wish, held, held_reason, client_id, first_at, last_at, quiet_reason, quiet_until, missing, silent, decision)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $18, $19, $20, $21, $22, $23)`,
		row.id, key, r.Source, e.Topic.Kind, r.Tenant, e.Tenant.ID, e.Tenant.Domain, e.Fingerprint, string(status), int(e.Severity),
		e.Finding.Title, toJSON(e.Topic), toJSON(e.Finding), string(e.Grouping),
		flag(r.holds() && status == alert.Firing), r.Held, clientOf(r), millis(now), r.quietReason(), r.quietUntil(),
		r.Plan.Close.Missing, r.Plan.Close.Silent.Milliseconds(), r.decision())
	if err != nil {
		return nil, fmt.Errorf("insert alert: %w", err)
	}
	return row, nil
}

// holds tells that the alert waits for its tenant to be mapped.
func (r Report) holds() bool { return r.Customer == nil && r.Quiet == nil }

func (r Report) quietReason() string {
	if r.Quiet == nil {
		return ""
	}
	return r.Quiet.Reason
}

func (r Report) quietUntil() int64 {
	if r.Quiet == nil {
		return 0
	}
	return millis(r.Quiet.Until)
}

func clientOf(r Report) sql.NullInt64 {
	if r.Customer == nil {
		return sql.NullInt64{}
	}
	return sql.NullInt64{Int64: int64(r.Customer.ClientID), Valid: true}
}

// updateAlert brings what the sender says now. Only a firing report counts
// as one more, and only a firing alert without a customer is held.
func updateAlert(ctx context.Context, tx *sql.Tx, row *alertRow, r Report, now time.Time) (err error) {
	if r.Event.Action != alert.Trigger {
		return nil
	}
	e, id := r.Event, row.id
	if row.changed, err = changed(ctx, tx, id, e.Finding); err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `
		UPDATE alerts SET severity = $1, title = $2, topic = $3, finding = $4, grouping_wish = $5, held = $6, held_reason = $7,
			client_id = $8, last_at = $9, quiet_reason = $10, quiet_until = $11, reports = reports + 1, missed = 0, missing = $13, silent = $14, decision = $15 WHERE id = $12`,
		int(e.Severity), e.Finding.Title, toJSON(e.Topic), toJSON(e.Finding), string(e.Grouping),
		flag(r.holds()), r.Held, clientOf(r), millis(now), r.quietReason(), r.quietUntil(), id,
		r.Plan.Close.Missing, r.Plan.Close.Silent.Milliseconds(), r.decision())
	if err != nil {
		return fmt.Errorf("update alert %s: %w", id, err)
	}
	return nil
}

// changed tells that an alert's finding had another state before. One of which
// no state is known has not changed.
func changed(ctx context.Context, tx *sql.Tx, id string, now alert.Finding) (bool, error) {
	if now.State == "" {
		return false, nil
	}
	var text string
	var before alert.Finding
	err := tx.QueryRowContext(ctx, `SELECT finding FROM alerts WHERE id = $1`, id).Scan(&text)
	if err == nil {
		err = fromJSON(text, &before)
	}
	if err != nil {
		return false, fmt.Errorf("read the finding of alert %s: %w", id, err)
	}
	return before.State != "" && before.State != now.State, nil
}

// placeAlert puts a firing alert on its ticket and marks the ticket due.
func placeAlert(ctx context.Context, tx *sql.Tx, row *alertRow, r Report, touched map[string]int64, now time.Time) (string, int64, error) {
	to, err := ticketFor(ctx, tx, row, r, now)
	if err != nil {
		return "", 0, err
	}
	ticketID := to.id
	seq, err := touch(ctx, tx, ticketID, touched, now)
	if err != nil {
		return "", 0, err
	}
	plan := r.Plan
	if to.storm {
		plan = stormPlan(plan)
	}
	_, err = tx.ExecContext(ctx, `
		UPDATE tickets SET severity = CASE WHEN severity < $1 THEN $1 ELSE severity END, plan = CASE WHEN severity <= $1 THEN $4 ELSE plan END,
			topic = CASE WHEN storm_at > 0 THEN topic ELSE $2 END, want_closed = 0, cleared_at = 0 WHERE id = $3`,
		int(r.Event.Severity), toJSON(r.Event.Topic), ticketID, toJSON(plan))
	if err != nil {
		return "", 0, fmt.Errorf("update ticket %s: %w", ticketID, err)
	}
	if err := due(ctx, tx, ticketID, now); err != nil {
		return "", 0, err
	}
	fresh := to.reopened || row.ticketID.String != ticketID || row.status == alert.Resolved || row.changed
	_, err = tx.ExecContext(ctx, `
		UPDATE alerts SET status = 'firing', ticket_id = $1, first_seq = CASE WHEN $2 = 1 THEN $3 ELSE first_seq END,
			last_seq = $3, resolved_seq = 0, resolved_at = 0, resolved_why = '',
			placed_why = CASE WHEN ticket_id = $1 THEN placed_why ELSE $5 END WHERE id = $4`,
		ticketID, flag(fresh), seq, row.id, to.why)
	if err != nil {
		return "", 0, fmt.Errorf("place alert %s: %w", row.id, err)
	}
	return ticketID, seq, nil
}

func insertTicket(ctx context.Context, tx *sql.Tx, r Report, now time.Time) (string, error) {
	id := NewID()
	_, err := tx.ExecContext(ctx, `
		INSERT INTO tickets (id, reference, group_key, source, kind, client_id, site_id, customer, tenant_id, tenant_domain,
			user_json, topic, severity, plan, state, created_at, delivery, due_at, previous_id)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $15, 'pending', $14, 'available', $14,
			COALESCE((SELECT id FROM tickets WHERE group_key = $3 AND halo_id IS NOT NULL ORDER BY id DESC LIMIT 1), ''))`,
		id, newReference(), r.GroupKey, r.Source, r.Event.Topic.Kind, r.Customer.ClientID, r.Customer.SiteID, r.Customer.Name,
		r.Event.Tenant.ID, r.Event.Tenant.Domain, toJSON(r.User), toJSON(r.Event.Topic), int(r.Event.Severity), millis(now), toJSON(r.Plan))
	if err != nil {
		return "", fmt.Errorf("insert ticket: %w", err)
	}
	return id, nil
}

// newReference makes the mark by which our ticket is found again in Halo: one
// word of letters and digits, so that no search takes it apart. Its 70 random
// bits keep it unique also against an earlier database of halert's.
func newReference() string { return "HLT" + rand.Text()[:14] }

// touch counts a report on a ticket, once for each event.
func touch(ctx context.Context, tx *sql.Tx, ticketID string, touched map[string]int64, now time.Time) (int64, error) {
	if seq, ok := touched[ticketID]; ok {
		return seq, nil
	}
	var seq int64
	err := tx.QueryRowContext(ctx, `
		UPDATE tickets SET seq = seq + 1, news_at = CASE WHEN seq = shown_seq THEN CAST($2 AS BIGINT) ELSE news_at END
		WHERE id = $1 RETURNING seq`, ticketID, millis(now)).Scan(&seq)
	if err != nil {
		return 0, fmt.Errorf("count report on ticket %s: %w", ticketID, err)
	}
	touched[ticketID] = seq
	return seq, nil
}

// due makes a ticket's delivery available, also where it waits for its time by
// the ticket's plan: that has to be weighed again. It does not where it waits
// for a retry already, or is a create that a person has to look at first. A note that was
// parked or cancelled gets another chance: there is more to say now.
func due(ctx context.Context, tx *sql.Tx, ticketID string, now time.Time) error {
	_, err := tx.ExecContext(ctx, `
		UPDATE tickets SET delivery = 'available', due_at = $1, attempt = 0, error = '', error_class = '', waits_for = '', waits_until = 0
		WHERE id = $2 AND (delivery = 'completed' OR waits_for <> '' OR (delivery IN ('discarded', 'cancelled') AND halo_id IS NOT NULL))`, millis(now), ticketID)
	if err != nil {
		return fmt.Errorf("make ticket %s due: %w", ticketID, err)
	}
	return nil
}

// resolveAlert ends an alert. The last one to end on a ticket asks for the
// ticket to be closed. why says who ended it where it was not its sender.
func resolveAlert(ctx context.Context, tx *sql.Tx, row *alertRow, why string, touched map[string]int64, now time.Time) (sql.NullString, int64, error) {
	if row.status == alert.Resolved {
		return row.ticketID, 0, nil
	}
	var seq int64
	var err error
	open := row.ticketID.Valid && row.ticketState.String != string(TicketClosed)
	if open {
		if seq, err = touch(ctx, tx, row.ticketID.String, touched, now); err != nil {
			return sql.NullString{}, 0, err
		}
	}
	_, err = tx.ExecContext(ctx, `
		UPDATE alerts SET status = 'resolved', held = 0, held_reason = '', quiet_reason = '', quiet_until = 0, resolved_at = $1, resolved_seq = $2, resolved_why = $4, missed = 0 WHERE id = $3`,
		millis(now), seq, row.id, why)
	if err != nil {
		return sql.NullString{}, 0, fmt.Errorf("resolve alert %s: %w", row.id, err)
	}
	if !open {
		return row.ticketID, 0, nil
	}
	_, err = tx.ExecContext(ctx, `
		UPDATE tickets SET want_closed = 1, cleared_at = $2 WHERE id = $1 AND NOT EXISTS (
			SELECT 1 FROM alerts a WHERE a.ticket_id = tickets.id AND a.status = 'firing')`, row.ticketID.String, millis(now))
	if err != nil {
		return sql.NullString{}, 0, fmt.Errorf("update ticket %s: %w", row.ticketID.String, err)
	}
	return row.ticketID, seq, due(ctx, tx, row.ticketID.String, now)
}

// toJSON encodes our own plain structs, which cannot fail.
func toJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("encode %T: %v", v, err))
	}
	return string(b)
}

func fromJSON(s string, v any) error { return json.Unmarshal([]byte(s), v) }
