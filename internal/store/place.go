package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/halert/halert/internal/alert"
)

// ticketFor finds the open ticket of an alert, opens the last one again, or
// makes one: of the group's own, or a storm ticket. Where the plan lets alerts
// share a ticket for a limited time only, those that come later leave it.
func ticketFor(ctx context.Context, tx *sql.Tx, row *alertRow, r Report, now time.Time) (placing, error) {
	since := time.Time{}
	if r.Plan.Within > 0 {
		since = now.Add(-r.Plan.Within)
	}
	if row.stays(r, since) {
		return placing{id: row.ticketID.String, storm: row.storm.Bool}, nil
	}
	p, err := groupTicket(ctx, tx, r, since)
	if err != nil || p.id != "" {
		return p, err
	}
	if p, err = stormGroup(ctx, tx, r, since); err != nil || p.id != "" {
		return p, err
	}
	if p.id, err = reopenable(ctx, tx, row, r, since, now); err != nil || p.id != "" {
		p.reopened = true
		return p, err
	}
	if p, err = brake(ctx, tx, r, now); err != nil || p.id != "" {
		return p, err
	}
	p.id, err = insertTicket(ctx, tx, r, now)
	return p, err
}

// stays tells that the alert has an open ticket on which its report goes. One
// that was over in between may share its ticket no longer than a new one.
func (a *alertRow) stays(r Report, since time.Time) bool {
	mine := a.ticketID.Valid && a.ticketState.String != string(TicketClosed) &&
		a.client.Int64 == int64(r.Customer.ClientID) && a.site.Int64 == int64(r.Customer.SiteID)
	return mine && !r.Apart && (a.status == alert.Firing || a.ticketAt.Int64 > millis(since))
}

// groupTicket finds the open ticket of a group. One that was made before the
// group's time to share it is left to the alerts that are on it. A ticket that
// a person has moved to another client keeps its reports.
func groupTicket(ctx context.Context, tx *sql.Tx, r Report, since time.Time) (placing, error) {
	var p placing
	var made int64
	err := tx.QueryRowContext(ctx, `
		SELECT id, created_at FROM tickets WHERE (group_key = $1 OR home_key = $1) AND state <> 'closed'
		ORDER BY group_key = $1 DESC, id LIMIT 1`, r.GroupKey).Scan(&p.id, &made)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return placing{}, nil
	case err != nil:
		return placing{}, fmt.Errorf("find ticket: %w", err)
	case made <= millis(since):
		return placing{}, retire(ctx, tx, p.id)
	}
	return p, nil
}
