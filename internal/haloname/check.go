package haloname

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/halert/halert/internal/alert"
	"github.com/halert/halert/internal/halo"
)

// Wanted are the fields that one part of a configuration gives to tickets.
type Wanted struct {
	Path   string // where they stand: "routes.night watch.ticket"
	Fields alert.Fields
	// TicketType is the one that tickets have where the fields name none: it
	// decides which priorities there are. 0: not known; then a priority of any
	// SLA is good.
	TicketType int
}

// Check compares fields with what Halo has: names and ids, that a priority
// belongs to the SLA of the ticket type, categories, the ticket they go
// under, and the values of custom fields that have a list of them. Each of
// Halo's lists is read once, and only if it is needed. What Halo does not let
// us read counts as a problem where it is needed to send the field, and as
// good otherwise. The error says that Halo could not be asked.
func Check(ctx context.Context, client *halo.Client, wanted []Wanted) ([]Problem, error) {
	start := time.Now()
	book := New(client, func() time.Time { return start }) // nothing grows old during a check
	var problems []Problem
	for _, w := range wanted {
		r := resolver{ctx: ctx, book: book, strict: true, path: w.Path + "."}
		r.values(w.Fields, w.TicketType)
		r.categories(w.Fields.Categories)
		r.parent(w.Fields.Parent)
		if r.err != nil {
			return nil, fmt.Errorf("check the fields of %s against Halo; test the connection with halert test, then try again: %w", cmp.Or(w.Path, "tickets"), r.err)
		}
		problems = append(problems, r.problems...)
	}
	return problems, nil
}

func (r *resolver) categories(paths [4]string) {
	for i, path := range paths {
		if strings.TrimSpace(path) == "" || r.err != nil {
			continue
		}
		r.find(fmt.Sprintf("category_%d", i+1), question{
			list: fmt.Sprintf("category %d", i+1), ref: alert.Ref{Name: path}, read: r.book.category(i + 1), asIs: true,
		})
	}
}

func (r *resolver) parent(id int) {
	if id == 0 || r.err != nil {
		return
	}
	got, err := r.book.halo.Ticket(r.ctx, id)
	e, _ := errors.AsType[*halo.Error](err)
	switch {
	case e != nil && e.Class == halo.ClassNotFound || err == nil && got.Deleted:
		r.problem("parent", "Halo has no ticket %d", id)
	case err == nil && got.Closed():
		r.problem("parent", "Halo's ticket %d is closed; name an open one", id)
	case err != nil && !withheld(err):
		r.err = err
	}
}
