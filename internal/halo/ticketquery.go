package halo

import (
	"context"
	"iter"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// TicketQuery chooses tickets. Zero fields do not restrict. Halo ignores a
// filter that its version does not know, and then answers with all tickets
// [G]: always compare what comes back.
type TicketQuery struct {
	ClientID      int
	ThirdPartyID  string // third_party_id_string; newer versions only [A]
	Search        string // in the whole ticket
	SearchSummary string
	SearchDetails string
	OpenOnly      bool
	ClosedOnly    bool
	Deleted       bool // the deleted ones instead of the others
	IDs           []int
	// DateSearch names the date for Start and End: "dateoccured" (Halo's
	// spelling), "datecleared" [A].
	DateSearch     string
	Start, End     time.Time
	LastUpdateFrom time.Time
	Order          string // a column, such as "id"
	OrderDesc      bool
	PageSize       int // default and most: 100 [A]
	MaxPages       int // default 1,000; more end in [ErrPageLimit]
}

func (q TicketQuery) values() url.Values {
	v := url.Values{"includecolumns": {"false"}} // the layout of Halo's own list
	setInt(v, "client_id", q.ClientID)
	setText(v, "third_party_id_string", q.ThirdPartyID)
	setText(v, "search", q.Search)
	setText(v, "search_summary", q.SearchSummary)
	setText(v, "search_details", q.SearchDetails)
	setTrue(v, "open_only", q.OpenOnly)
	setTrue(v, "closed_only", q.ClosedOnly)
	setTrue(v, "deleted", q.Deleted)
	if len(q.IDs) > 0 {
		ids := make([]string, len(q.IDs))
		for i, id := range q.IDs {
			ids[i] = strconv.Itoa(id)
		}
		v.Set("ticketids", strings.Join(ids, ","))
	}
	setText(v, "datesearch", q.DateSearch)
	setTime(v, "startdate", q.Start)
	setTime(v, "enddate", q.End)
	setTime(v, "lastupdatefromdate", q.LastUpdateFrom)
	setText(v, "order", q.Order)
	setTrue(v, "orderdesc", q.OrderDesc)
	return v
}

func setTime(v url.Values, name string, t time.Time) {
	if !t.IsZero() {
		v.Set(name, wireTime(t))
	}
}

// Tickets walks through the tickets that a query chooses, page by page as they
// are needed. An error comes last, with a zero Ticket.
func (c *Client) Tickets(ctx context.Context, q TicketQuery) iter.Seq2[Ticket, error] {
	return pages(ctx, c, listCall[Ticket]{
		op: "list tickets", path: "/Tickets", query: q.values(), name: "tickets", read: readTicket,
		id: func(t Ticket) int { return t.ID }, pageSize: min(q.PageSize, defaultPageSize), maxPages: q.MaxPages,
	})
}
