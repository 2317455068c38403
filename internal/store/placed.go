package store

import "context"

// Placed returns on which ticket each alert of an event went, by alert id. An
// alert without a ticket is left out. It differs from the alert's own ticket
// once the alert has moved on to a later one.
func (s *Store) Placed(ctx context.Context, eventID string) (map[string]string, error) {
	type pair struct{ alert, ticket string }
	pairs, err := list(ctx, s.read, `SELECT alert_id, ticket_id FROM event_alerts WHERE event_id = $1 AND ticket_id IS NOT NULL`,
		[]any{eventID}, func(row scanner) (pair, error) {
			var p pair
			err := row.Scan(&p.alert, &p.ticket)
			return p, err
		})
	out := make(map[string]string, len(pairs))
	for _, p := range pairs {
		out[p.alert] = p.ticket
	}
	return out, err
}
