package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/halert/halert/internal/alert"
)

// KindStorm is the kind of a storm ticket.
const KindStorm = "storm"

// Brake says when the new tickets of one customer, a Halo client and site, are
// too many. The zero value never brakes.
type Brake struct {
	Tickets int           // so many new tickets a customer may get; 0: any number
	Within  time.Duration // in so long
}

// weather is what is known of a customer when a group of its alerts is to get
// a new ticket.
type weather struct {
	recent int       // tickets of its own that it got within Brake.Within
	storm  time.Time // when the last new group came on its open storm ticket; zero: it has none
}

// holds tells whether a new group goes on the storm ticket.
func (b Brake) holds(w weather, now time.Time) bool {
	return b.Tickets > 0 && (b.lasts(w, now) || w.recent >= b.Tickets)
}

// lasts tells that the storm on the customer's open storm ticket is not over.
func (b Brake) lasts(w weather, now time.Time) bool {
	return !w.storm.IsZero() && now.Sub(w.storm) < b.Within
}

// why says it to people.
func (b Brake) why(w weather, now time.Time) string {
	if b.lasts(w, now) {
		return fmt.Sprintf("put on the storm ticket because a storm was on: it lasts until no new kind of alert came for %s", alert.ShortTime(b.Within))
	}
	return fmt.Sprintf("put on the storm ticket because the customer had got %d new tickets within %s", w.recent, alert.ShortTime(b.Within))
}

// Storm is the part of a ticket that says what it holds back.
type Storm struct {
	At     time.Time     // when the last new group came on it; zero: it is no storm ticket
	Within time.Duration // without a new group that end the storm
	Told   bool          // Halo was told that it is over
}

// Is tells that the ticket is a storm ticket.
func (s Storm) Is() bool { return !s.At.IsZero() }

// Over is when the storm is over, unless another group comes.
func (s Storm) Over() time.Time { return s.At.Add(s.Within) }

// placing is the ticket on which an alert goes.
type placing struct {
	id       string
	reopened bool
	storm    bool
	why      string // it is not the group's own
}

// stormGroup finds the open storm ticket that has the group of a report.
func stormGroup(ctx context.Context, tx *sql.Tx, r Report, since time.Time) (placing, error) {
	p := placing{storm: true, why: "put on the storm ticket because alerts of the same group are on it"}
	err := tx.QueryRowContext(ctx, `
		SELECT t.id FROM storm_groups g JOIN tickets t ON t.id = g.ticket_id
		WHERE g.group_key = $1 AND t.state <> 'closed' AND g.joined_at > $2 ORDER BY t.id DESC LIMIT 1`, r.GroupKey, millis(since)).Scan(&p.id)
	if errors.Is(err, sql.ErrNoRows) {
		return placing{}, nil
	}
	if err != nil {
		return placing{}, fmt.Errorf("find the storm ticket of a group: %w", err)
	}
	return p, nil
}

// brake puts a new group on the customer's storm ticket where it would be a
// ticket too many; an empty placing means that it gets one of its own.
func brake(ctx context.Context, tx *sql.Tx, r Report, now time.Time) (placing, error) {
	b := r.Brake
	if b.Tickets <= 0 {
		return placing{}, nil
	}
	var id string
	var at int64
	err := tx.QueryRowContext(ctx, `
		SELECT id, storm_at FROM tickets WHERE client_id = $1 AND site_id = $2 AND storm_at > 0 AND state <> 'closed'
		ORDER BY storm_at DESC, id DESC LIMIT 1`, r.Customer.ClientID, r.Customer.SiteID).Scan(&id, &at)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return placing{}, fmt.Errorf("look for a storm ticket: %w", err)
	}
	w := weather{storm: fromMillis(at)}
	err = tx.QueryRowContext(ctx, `
		SELECT COUNT(*) FROM tickets WHERE client_id = $1 AND site_id = $2 AND created_at > $3 AND storm_at = 0`,
		r.Customer.ClientID, r.Customer.SiteID, millis(now.Add(-b.Within))).Scan(&w.recent)
	if err != nil {
		return placing{}, fmt.Errorf("count the new tickets of client %d: %w", r.Customer.ClientID, err)
	}
	if !b.holds(w, now) {
		return placing{}, nil
	}
	if !b.lasts(w, now) {
		if id, err = beginStorm(ctx, tx, r, id, now); err != nil {
			return placing{}, err
		}
	}
	return placing{id: id, storm: true, why: b.why(w, now)}, join(ctx, tx, id, r, now)
}

// join notes that a group is on a storm ticket, which goes on by that.
func join(ctx context.Context, tx *sql.Tx, id string, r Report, now time.Time) error {
	for _, stmt := range []struct {
		sql  string
		args []any
	}{
		{`INSERT INTO storm_groups (ticket_id, group_key, joined_at) VALUES ($1, $2, $3)
			ON CONFLICT (group_key, ticket_id) DO UPDATE SET joined_at = excluded.joined_at`, []any{id, r.GroupKey, millis(now)}},
		{`UPDATE tickets SET storm_at = $2, storm_within = $3 WHERE id = $1`, []any{id, millis(now), r.Brake.Within.Milliseconds()}},
	} {
		if _, err := tx.ExecContext(ctx, stmt.sql, stmt.args...); err != nil {
			return fmt.Errorf("put a group on storm ticket %s: %w", id, err)
		}
	}
	return nil
}

// beginStorm makes a storm ticket. The customer's former one keeps what is on
// it, and gets nothing new.
func beginStorm(ctx context.Context, tx *sql.Tx, r Report, former string, now time.Time) (string, error) {
	if former != "" {
		if err := retire(ctx, tx, former); err != nil {
			return "", err
		}
	}
	r.GroupKey = alert.GroupKey(*r.Customer, "", KindStorm, "", "")
	r.Event.Topic, r.Plan, r.User = stormTopic(r), stormPlan(r.Plan), alert.User{}
	return insertTicket(ctx, tx, r, now)
}

// retire keeps an open ticket from getting more alerts of its group: the group
// may have another one then.
func retire(ctx context.Context, tx *sql.Tx, id string) error {
	_, err := tx.ExecContext(ctx, `
		UPDATE tickets SET group_key = group_key || '~' || id, home_key = CASE WHEN home_key = '' THEN '' ELSE home_key || '~' || id END
		WHERE id = $1`, id)
	if err != nil {
		return fmt.Errorf("close ticket %s for new alerts: %w", id, err)
	}
	return nil
}

func stormTopic(r Report) alert.Topic {
	customer := r.Customer.Name
	if customer == "" {
		customer = r.Event.Tenant.String()
	}
	title := "Many alerts at once"
	if customer != "" {
		title += " at " + customer
	}
	return alert.Topic{Kind: KindStorm, Title: title,
		What:  fmt.Sprintf("This customer would have got more new tickets within %s than allowed (%d). What came beyond them is listed here.", alert.ShortTime(r.Brake.Within), r.Brake.Tickets),
		Means: "So many at once mostly have one cause: an outage, a change, or a tenant that is new.",
		Do:    "Look for the common cause first. The list is kept up to date; further alerts get tickets of their own again when the storm is over."}
}

// stormPlan takes from a plan how the ticket is made. How it lives is the
// storm's own.
func stormPlan(p alert.Plan) alert.Plan { return alert.Plan{Routes: p.Routes, Fields: p.Fields} }

// inherit hands the groups of a storm ticket to the one that follows it.
func inherit(ctx context.Context, tx *sql.Tx, from, to string) error {
	_, err := tx.ExecContext(ctx, `
		INSERT INTO storm_groups (ticket_id, group_key, joined_at)
		SELECT CAST($2 AS TEXT), group_key, joined_at FROM storm_groups WHERE ticket_id = $1`, from, to)
	if err != nil {
		return fmt.Errorf("hand the groups of ticket %s on: %w", from, err)
	}
	return nil
}

// Calmed records that Halo was told with a note that the
// storm is over.
func (s *Store) Calmed(ctx context.Context, id, owner string, now time.Time) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		err := leased(ctx, tx, id, owner, `storm_told = storm_at, noted_at = $3, begun = '', attempt = 0, error = '', error_class = '', failed_since = 0`, millis(now))
		if err != nil {
			return err
		}
		return record(ctx, tx, id, Attempt{At: now, Call: CallCalm})
	})
}

// Rewritten records that the text of Halo's ticket shows the reports up to seq.
func (s *Store) Rewritten(ctx context.Context, id, owner string, seq int64, now time.Time) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		err := leased(ctx, tx, id, owner, `shown_seq = $3, noted_at = $4, news_at = $4, attempt = 0, error = '', error_class = '', failed_since = 0`,
			seq, millis(now))
		if err != nil {
			return err
		}
		return record(ctx, tx, id, Attempt{At: now, Call: CallRewrite})
	})
}
