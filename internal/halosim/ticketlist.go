package halosim

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxTicketPage is the largest page of tickets [A]; a list without paging and
// without count has defaultCount rows [G].
const (
	maxTicketPage = 100
	defaultCount  = 50
)

// faultsView is a list of tickets. Tickets is null when there are none [A].
type faultsView struct {
	PageNo          int  `json:"page_no"`
	PageSize        int  `json:"page_size"`
	RecordCount     int  `json:"record_count"`
	Tickets         any  `json:"tickets"`
	IncludeChildren bool `json:"include_children"`
	ColumnsID       int  `json:"columns_id"`
}

// listTickets answers GET /Tickets. Filters that it does not know do nothing.
func (s *Sim) listTickets(c *call) answer {
	keep := s.ticketFilter(c)
	var rows []*ticket
	for _, t := range sorted(s.db.tickets) {
		if keep(t) {
			rows = append(rows, t)
		}
	}
	s.orderTickets(c.query, rows)
	p := newPage(c.query, maxTicketPage, defaultCount)
	view := faultsView{PageNo: p.no, PageSize: p.size, RecordCount: len(rows)}
	rows = cut(p, rows)
	var out []any
	for _, t := range rows {
		out = append(out, s.ticketRow(c.query, t))
	}
	if out != nil || s.opts.Legacy {
		view.Tickets = append([]any{}, out...)
	}
	return ok(view)
}

func (s *Sim) ticketRow(q query, t *ticket) any {
	if q.bool("ticketidonly") {
		return map[string]int{"id": t.ID}
	}
	row := s.db.faultsRow(t)
	if s.opts.Legacy {
		row.ThirdPartyIDString = nil
	}
	if q.bool("includedetails") {
		return struct {
			faultsRow
			DetailsHTML string `json:"details_html"`
		}{row, t.DetailsHTML}
	}
	return row
}

// ticketFilter builds the condition of a list from its parameters.
func (s *Sim) ticketFilter(c *call) func(*ticket) bool {
	q, now := c.query, s.now()
	var all []func(*ticket) bool
	add := func(f func(*ticket) bool) { all = append(all, f) }
	deleted := q.bool("deleted")
	add(func(t *ticket) bool {
		return t.Deleted == deleted && !now.Before(t.VisibleFrom) && !c.restricted(t.ClientID)
	})
	for _, number := range []struct {
		names []string
		of    func(*ticket) int
	}{
		{[]string{"client_id", "client_ids"}, func(t *ticket) int { return t.ClientID }},
		{[]string{"site_id"}, func(t *ticket) int { return t.SiteID }},
		{[]string{"user_id"}, func(t *ticket) int { return t.UserID }},
		{[]string{"agent_id", "agent"}, func(t *ticket) int { return t.AgentID }},
		{[]string{"status", "status_id"}, func(t *ticket) int { return t.StatusID }},
		{[]string{"requesttype", "requesttype_id"}, func(t *ticket) int { return t.TypeID }},
		{[]string{"priority"}, func(t *ticket) int { return t.PriorityID }},
		{[]string{"sla"}, func(t *ticket) int { return t.SLAID }},
		{[]string{"parent_id"}, func(t *ticket) int { return t.ParentID }},
		{[]string{"third_party_id"}, func(t *ticket) int { return t.ThirdPartyID }},
		{[]string{"ticketids"}, func(t *ticket) int { return t.ID }},
		{[]string{"search_id"}, func(t *ticket) int { return t.ID }},
	} {
		for _, name := range number.names {
			if set := q.ints(name); set != nil {
				add(func(t *ticket) bool { return set[number.of(t)] })
			}
		}
	}
	if q.bool("open_only") {
		add(func(t *ticket) bool { return t.Closed.IsZero() })
	}
	if q.bool("closed_only") {
		add(func(t *ticket) bool { return !t.Closed.IsZero() })
	}
	addTextFilters(q, s.opts.Legacy, add)
	addDateFilters(q, add)
	return func(t *ticket) bool {
		return !slices.ContainsFunc(all, func(f func(*ticket) bool) bool { return !f(t) })
	}
}

func addTextFilters(q query, legacy bool, add func(func(*ticket) bool)) {
	contains := func(name string, of func(*ticket) string) {
		if want := strings.ToLower(q[name]); want != "" {
			add(func(t *ticket) bool { return strings.Contains(strings.ToLower(of(t)), want) })
		}
	}
	contains("search", func(t *ticket) string { return strconv.Itoa(t.ID) + "\n" + t.Summary + "\n" + t.Details })
	contains("search_summary", func(t *ticket) string { return t.Summary })
	contains("search_details", func(t *ticket) string { return t.Details })
	contains("search_supplier_reference", func(t *ticket) string { return t.SupplierReference })
	contains("search_reportedby", func(t *ticket) string { return t.ReportedBy })
	if want := q["third_party_id_string"]; want != "" && !legacy {
		add(func(t *ticket) bool { return strings.EqualFold(t.ThirdPartyIDString, want) }) // SQL Server's collation [G]
	}
}

// addDateFilters adds datesearch with startdate and enddate, and
// lastupdatefromdate with lastupdatetodate.
func addDateFilters(q query, add func(func(*ticket) bool)) {
	between := func(from, to string, of func(*ticket) time.Time) {
		if start, given := parseTime(q[from]); given {
			add(func(t *ticket) bool { return !of(t).Before(start) })
		}
		if end, given := parseTime(q[to]); given {
			if len(q[to]) == len(time.DateOnly) {
				end = end.AddDate(0, 0, 1) // the whole day
			}
			add(func(t *ticket) bool { return !of(t).IsZero() && !of(t).After(end) })
		}
	}
	switch strings.ToLower(q["datesearch"]) {
	case "dateoccured", "dateoccurred":
		between("startdate", "enddate", func(t *ticket) time.Time { return t.Occurred })
	case "datecleared", "dateclosed":
		between("startdate", "enddate", func(t *ticket) time.Time { return t.Closed })
	case "lastactiondate":
		between("startdate", "enddate", func(t *ticket) time.Time { return t.LastAction })
	}
	between("lastupdatefromdate", "lastupdatetodate", func(t *ticket) time.Time { return t.Updated })
}

// orderTickets sorts by the parameter order; newest first without one [G].
func (s *Sim) orderTickets(q query, rows []*ticket) {
	by := map[string]func(a, b *ticket) int{
		"id":             func(a, b *ticket) int { return a.ID - b.ID },
		"summary":        func(a, b *ticket) int { return cmp.Compare(a.Summary, b.Summary) },
		"status_id":      func(a, b *ticket) int { return a.StatusID - b.StatusID },
		"priority_id":    func(a, b *ticket) int { return a.PriorityID - b.PriorityID },
		"client_id":      func(a, b *ticket) int { return a.ClientID - b.ClientID },
		"client_name":    func(a, b *ticket) int { return cmp.Compare(s.db.clientName(a.ClientID), s.db.clientName(b.ClientID)) },
		"dateoccurred":   func(a, b *ticket) int { return a.Occurred.Compare(b.Occurred) },
		"dateclosed":     func(a, b *ticket) int { return a.Closed.Compare(b.Closed) },
		"lastactiondate": func(a, b *ticket) int { return a.LastAction.Compare(b.LastAction) },
		"last_update":    func(a, b *ticket) int { return a.Updated.Compare(b.Updated) },
	}
	order, known := by[strings.ToLower(q["order"])]
	desc := q.bool("orderdesc")
	if !known {
		order, desc = by["id"], true
	}
	slices.SortStableFunc(rows, order)
	if desc {
		slices.Reverse(rows)
	}
}

// page is the part of a list that a caller wants.
type page struct{ no, size int }

// newPage reads pageinate, page_size and page_no or else count. A size of 0
// means all rows.
func newPage(q query, most, without int) page {
	p := page{no: 1, size: without}
	if q.bool("pageinate") {
		p.size = defaultCount
		if n, given := q.int("page_size"); given && n > 0 {
			p.size = n
		}
		if n, given := q.int("page_no"); given && n > 0 {
			p.no = n
		}
	} else if n, given := q.int("count"); given && n > 0 {
		p.size = n
	}
	if most > 0 {
		p.size = min(p.size, most)
	}
	return p
}

func cut[T any](p page, rows []T) []T {
	if p.size == 0 {
		return rows
	}
	from := min((p.no-1)*p.size, len(rows))
	return rows[from:min(from+p.size, len(rows))]
}
