package store

import (
	"context"
	"fmt"

	"github.com/halert/halert/internal/alert"
)

// Why says what led to a decision, where the decision itself does not show it.
type Why struct {
	FoundBy FoundBy `json:"found_by,omitempty"`
	Name    string  `json:"name,omitempty"`  // of the tenant, by which its customer was found
	Group   string  `json:"group,omitempty"` // which alerts of the customer and source share the ticket, in words; empty: no ticket was thought of
}

// FoundBy says by which name of a tenant its customer was found.
type FoundBy string

// The ways of finding a customer. Empty means that none was found.
const (
	FoundByID       FoundBy = "id"
	FoundByDomain   FoundBy = "domain"
	FoundByAlias    FoundBy = "alias"    // a name that another body showed to mean the same tenant
	FoundByUnmapped FoundBy = "unmapped" // nobody's: the client that takes such alerts
)

// Decision is what was decided about an alert when it was looked at last.
type Decision struct {
	Why
	Plan alert.Plan `json:"plan,omitzero"` // of this alert; its ticket has that of the gravest one
}

func (r Report) decision() string { return toJSON(Decision{Why: r.Why, Plan: r.Plan}) }

// Decision returns what was decided about an alert. It is zero for one that
// was last reported to a halert that did not keep it.
func (s *Store) Decision(ctx context.Context, alertID string) (Decision, error) {
	var d Decision
	var text string
	err := s.read.QueryRowContext(ctx, `SELECT decision FROM alerts WHERE id = $1`, alertID).Scan(&text)
	if err == nil {
		if err = fromJSON(text, &d); err != nil {
			err = fmt.Errorf("the column decision: %w", err)
		}
	}
	return d, oneError("alert", alertID, err)
}
