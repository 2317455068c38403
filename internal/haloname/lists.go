package haloname

import (
	"context"
	"strconv"

	"github.com/halert/halert/internal/halo"
)

// The lists, by what one thing in them is called.
const (
	ticketTypes    = "ticket type"
	priorities     = "priority"
	requestSources = "request source"
	statuses       = "status"
	teams          = "team"
	agents         = "agent"
	impacts        = "impact"
	urgencies      = "urgency"
	customFields   = "custom field"
)

// reader returns how a list is read.
func (b *Book) reader(list string) reader {
	switch list {
	case ticketTypes:
		return rowsOf(b.halo.TicketTypes, func(v halo.TicketType) row { return row{id: v.ID, name: v.Name, sla: v.SLAID} })
	case priorities:
		all := func(ctx context.Context) ([]halo.Priority, error) { return b.halo.Priorities(ctx, 0) }
		return rowsOf(all, func(v halo.Priority) row { return row{id: v.ID, name: v.Name, sla: v.SLAID} })
	case requestSources:
		return b.lookup(halo.LookupRequestSource)
	case statuses:
		return rowsOf(b.halo.Statuses, func(v halo.Status) row { return row{id: v.ID, name: v.Name} })
	case teams:
		return rowsOf(b.halo.Teams, func(v halo.Team) row { return row{id: v.ID, name: v.Name, off: v.Inactive} })
	case agents:
		return rowsOf(b.halo.Agents, func(v halo.Agent) row { return row{id: v.ID, name: v.Name, off: v.Disabled} })
	case impacts:
		return b.lookup(halo.LookupImpact)
	case urgencies:
		return b.lookup(halo.LookupUrgency)
	default: // customFields
		return rowsOf(b.halo.FieldInfo, func(v halo.FieldInfo) row {
			return row{id: v.ID, name: v.Name, label: v.Label, values: v.Values}
		})
	}
}

func (b *Book) lookup(id int) reader {
	all := func(ctx context.Context) ([]halo.LookupValue, error) { return b.halo.Lookup(ctx, id) }
	return rowsOf(all, func(v halo.LookupValue) row { return row{id: v.ID, name: v.Name, off: v.Inactive} })
}

// category reads the paths of one of the four category fields.
func (b *Book) category(field int) reader {
	all := func(ctx context.Context) ([]halo.Category, error) { return b.halo.Categories(ctx, field) }
	return rowsOf(all, func(v halo.Category) row { return row{id: v.ID, name: v.Path} })
}

// typeDetail reads one ticket type: a list may leave the SLA out [B].
func (b *Book) typeDetail(id int) reader {
	return func(ctx context.Context) ([]row, error) {
		v, err := b.halo.TicketType(ctx, id)
		if err != nil {
			return nil, err
		}
		return []row{{id: id, name: v.Name, sla: v.SLAID}}, nil
	}
}

func rowsOf[T any](read func(context.Context) ([]T, error), row1 func(T) row) reader {
	return func(ctx context.Context) ([]row, error) {
		all, err := read(ctx)
		if err != nil {
			return nil, err
		}
		rows := make([]row, 0, len(all))
		for _, v := range all {
			rows = append(rows, row1(v))
		}
		return rows, nil
	}
}

// sla returns the SLA of a ticket type; 0 if Halo does not tell.
func (b *Book) sla(ctx context.Context, typeID int) (int, error) {
	if typeID == 0 {
		return 0, nil
	}
	for _, from := range []struct {
		name string
		read reader
	}{{ticketTypes, b.reader(ticketTypes)}, {ticketTypes + " " + strconv.Itoa(typeID), b.typeDetail(typeID)}} {
		sla := 0
		_, err := b.search(ctx, from.name, from.read, func(rows []row) bool {
			for _, r := range rows {
				if r.id == typeID {
					sla = r.sla
					return true
				}
			}
			return false
		})
		if err != nil || sla != 0 {
			return sla, err
		}
	}
	return 0, nil
}

// SameSLA tells that two ticket types have the same SLA, and so the same
// priorities, or that Halo does not tell which they have. The error is Halo's
// trouble.
func (b *Book) SameSLA(ctx context.Context, typeID, other int) (bool, error) {
	if typeID == other {
		return true, nil
	}
	one, err := b.sla(ctx, typeID)
	if err != nil {
		return false, err
	}
	two, err := b.sla(ctx, other)
	return one == 0 || two == 0 || one == two, err
}
