package halo

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Ticket is what Halo calls a Fault, as far as it is of use here. A field
// that Halo did not send is zero. Lists may leave fields out; a ticket that
// was read by its id has them all.
type Ticket struct {
	ID           int
	Summary      string
	Details      string // plain text
	DetailsHTML  string
	ClientID     int
	ClientName   string
	SiteID       int
	SiteName     string
	UserID       int
	UserName     string
	StatusID     int
	TicketTypeID int
	PriorityID   int // meaning depends on the SLA [A]
	SLAID        int
	Source       int // request source, an id of lookup 22 [B]
	AgentID      int
	Team         string // a name
	// ThirdPartyID is third_party_id_string, where a reference of ours is kept.
	ThirdPartyID string
	DateOccurred time.Time
	// HasBeenClosed is what tells a closed ticket [B]; see [Ticket.Closed].
	HasBeenClosed bool
	DateClosed    time.Time // zero while open
	ClosureNote   string
	Deleted       bool
	MergedInto    int // the ticket that this one was merged into, or 0
	LastUpdate    time.Time
}

// Closed tells that the ticket has been closed: by its mark, or by its date.
func (t Ticket) Closed() bool { return t.HasBeenClosed || !t.DateClosed.IsZero() }

func readTicket(f fields) Ticket {
	return Ticket{
		ID: f.int("id"), Summary: f.text("summary"),
		Details: f.text("details"), DetailsHTML: f.text("details_html"),
		ClientID: f.int("client_id"), ClientName: f.text("client_name"),
		SiteID: f.int("site_id"), SiteName: f.text("site_name"),
		UserID: f.int("user_id"), UserName: f.text("user_name", "users_name"),
		StatusID: f.int("status_id"), TicketTypeID: f.int("tickettype_id"),
		PriorityID: f.int("priority_id"), SLAID: f.int("sla_id"), Source: f.int("source"),
		AgentID: f.int("agent_id"), Team: f.text("team"),
		ThirdPartyID:  f.text("third_party_id_string"),
		DateOccurred:  f.time("dateoccurred"),
		HasBeenClosed: f.bool("hasbeenclosed"), DateClosed: f.time("dateclosed"),
		ClosureNote: f.text("closure_note"), Deleted: f.bool("deleted"),
		MergedInto: max(f.int("merged_into_id"), 0), // -1 is none
		LastUpdate: f.time("last_update", "lastactiondate"),
	}
}

// CustomField is a value for a custom field, which is named by its id [B] or
// else by its name [G].
type CustomField struct {
	ID    int    `json:"id,omitempty"`
	Name  string `json:"name,omitempty"`
	Value any    `json:"value"`
}

// NewTicket is a ticket to be made. What is zero is left to Halo: the type,
// the client and the customer's site have defaults there.
type NewTicket struct {
	Summary      string // plain text; Halo keeps 4,000 characters [A]
	DetailsHTML  string // must be safe: Halo shows it as it is
	TicketTypeID int
	ClientID     int
	SiteID       int // needed with a user [B]
	UserID       int // 0: the client's General User [B]
	// ReportedBy and UsersName name a person who is not linked.
	ReportedBy, UsersName string
	PriorityID            *int   // one of the ticket type's SLA
	RequestSource         *int   // an id of lookup 22; 0 and negative ones are valid [B]
	StatusID              int    // 0: the first one of the ticket type [B]
	Impact                *int   // an id of lookup 12 [C]
	Urgency               *int   // an id of lookup 27 [C]
	ParentID              int    // the ticket that this one belongs under
	Team                  string // a name; Halo takes no id here [A]
	AgentID               int
	Category1             string // a path, "Hardware>Laptop"; so are the others [A]
	Category2             string
	Category3             string
	Category4             string
	ThirdPartyID          string // third_party_id_string
	DateOccurred          time.Time
	AssetIDs              []int
	CustomFields          []CustomField
}

// body is the shape of CIPP's create, which is in daily use on live Halos [B].
func (t NewTicket) body() object {
	o := object{
		"_forcereassign":             true,
		"donotapplytemplateintheapi": true, // a template would put its own texts over ours
		"_novalidate":                true, // mandatory fields are for people
	}
	put(o, "summary", t.Summary)
	put(o, "details_html", t.DetailsHTML)
	put(o, "tickettype_id", t.TicketTypeID)
	put(o, "client_id", t.ClientID)
	put(o, "site_id", t.SiteID)
	put(o, "reportedby", t.ReportedBy)
	put(o, "users_name", t.UsersName)
	if t.UserID != 0 {
		o["user_id"] = t.UserID
	} else {
		o["usertype"] = 1
		o["userlookup"] = object{"id": -1, "lookupdisplay": "Enter Details Manually"}
	}
	put(o, "priority_id", t.PriorityID)
	put(o, "source", t.RequestSource)
	put(o, "status_id", t.StatusID)
	put(o, "impact", t.Impact)
	put(o, "urgency", t.Urgency)
	put(o, "parent_id", t.ParentID)
	put(o, "team", t.Team)
	put(o, "agent_id", t.AgentID)
	put(o, "category_1", t.Category1)
	put(o, "category_2", t.Category2)
	put(o, "category_3", t.Category3)
	put(o, "category_4", t.Category4)
	put(o, "third_party_id_string", t.ThirdPartyID)
	putTime(o, "dateoccurred", t.DateOccurred)
	if len(t.AssetIDs) > 0 {
		o["assets"] = assetRefs(t.AssetIDs)
	}
	if len(t.CustomFields) > 0 {
		o["customfields"] = t.CustomFields
	}
	return o
}

func assetRefs(ids []int) []object {
	refs := make([]object, 0, len(ids))
	for _, id := range ids {
		refs = append(refs, object{"id": id})
	}
	return refs
}

// TicketUpdate is a change to a ticket. What is zero stays as it is.
type TicketUpdate struct {
	ID           int
	StatusID     int // a status that closes also closes the ticket [B]
	ClosureNote  string
	Summary      string
	DetailsHTML  string
	TicketTypeID int
	PriorityID   *int
	Team         string
	AgentID      int
	ClientID     int
	SiteID       int
	UserID       int
	ThirdPartyID string
	CustomFields []CustomField
}

func (t TicketUpdate) body() object {
	// That a closure, too, is spared the mandatory fields is likely, not known [G].
	o := object{"id": t.ID, "_novalidate": true}
	put(o, "status_id", t.StatusID)
	put(o, "closure_note", t.ClosureNote)
	put(o, "summary", t.Summary)
	put(o, "details_html", t.DetailsHTML)
	put(o, "tickettype_id", t.TicketTypeID)
	put(o, "priority_id", t.PriorityID)
	put(o, "team", t.Team)
	put(o, "agent_id", t.AgentID)
	put(o, "client_id", t.ClientID)
	put(o, "site_id", t.SiteID)
	put(o, "user_id", t.UserID)
	put(o, "third_party_id_string", t.ThirdPartyID)
	if len(t.CustomFields) > 0 {
		o["customfields"] = t.CustomFields
	}
	return o
}

// CreateTicket makes a ticket and returns it as Halo has it. Halo knows no
// idempotency key [A]: after an error with MaybeDone, look for the ticket
// before you ask again. Two creates at the same time may fail on Halo's side,
// where they race for the number [C]: the caller sees to it that there is one.
func (c *Client) CreateTicket(ctx context.Context, t NewTicket) (Ticket, error) {
	return c.postTicket(ctx, "create ticket", t.body())
}

// UpdateTicket changes a ticket and returns it as Halo has it then.
func (c *Client) UpdateTicket(ctx context.Context, t TicketUpdate) (Ticket, error) {
	const op = "update ticket"
	if t.ID <= 0 { // without an id Halo would make a new ticket
		return Ticket{}, &Error{Op: op, Method: http.MethodPost, Path: "/Tickets", Class: ClassRefused,
			Err: errors.New("no ticket id; nothing was sent")}
	}
	return c.postTicket(ctx, op, t.body())
}

// postTicket accepts 200 and 201, an object and an array of it [A].
func (c *Client) postTicket(ctx context.Context, op string, body object) (Ticket, error) {
	a, err := c.post(ctx, op, "/Tickets", body)
	if err != nil {
		return Ticket{}, err
	}
	o, err := parseObject(a.text)
	if err != nil {
		return Ticket{}, a.unreadable(err)
	}
	t := readTicket(o)
	if t.ID <= 0 {
		return Ticket{}, a.unreadable(errNoObject)
	}
	return t, nil
}

// Ticket reads one ticket with all its details. A ticket that is not there is
// an error of [ClassNotFound]: Halo says 404 [A], or 200 without an id [C].
func (c *Client) Ticket(ctx context.Context, id int) (Ticket, error) {
	const op = "read ticket"
	query := url.Values{
		"includedetails":    {"true"},
		"includelastaction": {"false"},
		"nocache":           {"true"}, // else an old state may come [C]
	}
	path := "/Tickets/" + strconv.Itoa(id)
	t, err := one(ctx, c, op, path, query, readTicket)
	if err == nil && t.ID <= 0 {
		a := answer{request: request{op: op, method: http.MethodGet, path: path}, status: http.StatusOK}
		return Ticket{}, a.absent()
	}
	return t, err
}

// DeleteTicket puts a ticket into Halo's bin. The reason is for Halo's log.
func (c *Client) DeleteTicket(ctx context.Context, id int, reason string) error {
	query := url.Values{}
	setText(query, "reason", reason)
	_, err := c.do(ctx, request{op: "delete ticket", method: http.MethodDelete,
		path: "/Tickets/" + strconv.Itoa(id), query: query})
	return err
}
