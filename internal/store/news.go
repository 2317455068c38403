package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/halert/halert/internal/alert"
)

// Findings are some of the findings of a ticket, and how many there are.
type Findings struct {
	Shown  []alert.Finding // at most as many as asked for, the gravest first; of several kinds, some of each
	Topics []alert.Topic   // of each of Shown
	Kinds  []KindCount     // all kinds of alerts among the findings, the gravest first
	Total  int
}

// KindCount is how many findings there are of one kind of alert.
type KindCount struct {
	Kind     string
	Severity alert.Severity // of the gravest
	Total    int
}

// Firing returns the findings of a ticket that are firing, at most limit.
func (s *Store) Firing(ctx context.Context, ticketID string, limit int) (Findings, error) {
	return s.findings(ctx, limit, `ticket_id = $1 AND status = 'firing'`, ticketID)
}

// OnTicket returns all findings of a ticket, firing or not, at most limit.
func (s *Store) OnTicket(ctx context.Context, ticketID string, limit int) (Findings, error) {
	return s.findings(ctx, limit, `ticket_id = $1`, ticketID)
}

// News is what happened on a ticket between two of its reports.
type News struct {
	New      Findings  // came on the ticket
	Repeated Findings  // were on it, and were reported again
	Gone     Findings  // were on it, and were resolved
	Firing   int       // findings that are firing now
	Kinds    int       // kinds of alerts that the ticket has, firing or not
	Since    time.Time // time of the first report among the repeated
	Until    time.Time
}

// News returns what happened on a ticket after report shown, up to report
// seq; of each list at most limit findings.
func (s *Store) News(ctx context.Context, ticketID string, shown, seq int64, limit int) (News, error) {
	var n News
	var errs [3]error
	n.New, errs[0] = s.findings(ctx, limit, `ticket_id = $1 AND status = 'firing' AND first_seq > $2 AND first_seq <= $3`, ticketID, shown, seq)
	n.Repeated, errs[1] = s.findings(ctx, limit, `ticket_id = $1 AND status = 'firing' AND first_seq <= $2 AND last_seq > $2`, ticketID, shown)
	n.Gone, errs[2] = s.findings(ctx, limit, `ticket_id = $1 AND status = 'resolved' AND resolved_seq > $2 AND resolved_seq <= $3`, ticketID, shown, seq)
	if err := errors.Join(errs[:]...); err != nil {
		return News{}, err
	}
	err := s.read.QueryRowContext(ctx, `
		SELECT COUNT(CASE WHEN status = 'firing' THEN 1 END), COUNT(DISTINCT kind) FROM alerts WHERE ticket_id = $1`, ticketID).Scan(&n.Firing, &n.Kinds)
	if err != nil {
		return News{}, fmt.Errorf("count alerts of ticket %s: %w", ticketID, err)
	}
	var since, until sql.NullInt64
	err = s.read.QueryRowContext(ctx, `
		SELECT MIN(e.received_at), MAX(e.received_at) FROM event_alerts ea JOIN events e ON e.id = ea.event_id
		WHERE ea.ticket_id = $1 AND ea.seq > $2 AND ea.seq <= $3`, ticketID, shown, seq).Scan(&since, &until)
	if err != nil {
		return News{}, fmt.Errorf("read reports of ticket %s: %w", ticketID, err)
	}
	n.Since, n.Until = fromMillis(since.Int64), fromMillis(until.Int64)
	return n, nil
}

// findings reads the first of each kind before the second of any, so that none
// is crowded out.
func (s *Store) findings(ctx context.Context, limit int, where string, args ...any) (Findings, error) {
	var f Findings
	var err error
	f.Kinds, err = list(ctx, s.read, `SELECT kind, MAX(severity), COUNT(*) FROM alerts WHERE `+where+` GROUP BY kind ORDER BY MAX(severity) DESC, MIN(id)`,
		args, func(row scanner) (k KindCount, err error) {
			err = row.Scan(&k.Kind, &k.Severity, &k.Total)
			return k, err
		})
	if err != nil {
		return f, fmt.Errorf("count findings: %w", err)
	}
	for _, k := range f.Kinds {
		f.Total += k.Total
	}
	if f.Total == 0 || limit <= 0 {
		return f, nil
	}
	rows, err := s.read.QueryContext(ctx, fmt.Sprintf(`
		SELECT a.topic, a.finding FROM alerts a JOIN (
			SELECT id, ROW_NUMBER() OVER (PARTITION BY kind ORDER BY severity DESC, id) AS place FROM alerts WHERE %s) o ON o.id = a.id
		ORDER BY o.place, a.severity DESC, a.id LIMIT %d`, where, limit), args...)
	if err != nil {
		return f, fmt.Errorf("read findings: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var topicText, text string
		var topic alert.Topic
		var finding alert.Finding
		if err := rows.Scan(&topicText, &text); err != nil {
			return f, fmt.Errorf("read findings: %w", err)
		}
		if err := errors.Join(fromJSON(topicText, &topic), fromJSON(text, &finding)); err != nil {
			return f, fmt.Errorf("read findings: %w", err)
		}
		f.Shown, f.Topics = append(f.Shown, finding), append(f.Topics, topic)
	}
	return f, rows.Err()
}
