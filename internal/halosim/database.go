package halosim

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"
)

// firstTicket is the number of the first ticket after a start.
const firstTicket = 2001

// database is all that Halo remembers. The mutex of [Sim] guards it.
type database struct {
	seed       Seed // configuration; customers live below
	clients    map[int]*client
	sites      map[int]*site
	users      map[int]*user
	tickets    map[int]*ticket
	nextTicket int
	links      []externalLink
	webhooks   []*webhook
	events     []webhookEvent
}

type client struct {
	id       int
	name     string
	inactive bool
}

type site struct {
	id, clientID int
	name         string
	inactive     bool
}

type user struct {
	User
	siteID int
}

// ticket is one ticket with its actions.
type ticket struct {
	ID                                            int
	GUID                                          string
	TypeID, SLAID, PriorityID, StatusID           int
	ClientID, SiteID, UserID, AgentID             int
	Summary, Details, DetailsHTML                 string
	Team, ReportedBy, ClosureNote                 string
	Categories                                    [4]string
	Source, Impact, Urgency                       *int
	ThirdPartyID, ParentID                        int
	ThirdPartyIDString                            string
	SupplierReference, ClientReference, Reference string
	CustomFields, Assets                          []map[string]any
	Occurred, Created, Updated, LastAction        time.Time
	Closed                                        time.Time // zero while open
	VisibleFrom                                   time.Time // in lists
	WorkflowStep                                  int
	Deleted                                       bool
	MergedInto                                    int
	Actions                                       []*action
	nextAction                                    int
}

// action is one entry in the history of a ticket.
type action struct {
	ID, TicketID         int
	GUID                 string
	Outcome              string
	OutcomeID            int
	System               bool
	Who                  string
	WhoAgentID           int
	At                   time.Time
	Note, NoteHTML       string
	HiddenFromUser       bool
	Important            bool
	TimeTaken            float64
	OldStatus, NewStatus int
	EmailMessageID       string
}

func newDatabase(seed Seed) *database {
	db := &database{seed: seed, clients: map[int]*client{}, sites: map[int]*site{}, users: map[int]*user{},
		tickets: map[int]*ticket{}, nextTicket: firstTicket}
	for _, c := range seed.Clients {
		db.clients[c.ID] = &client{id: c.ID, name: c.Name, inactive: c.Inactive}
		for _, st := range c.Sites {
			db.sites[st.ID] = &site{id: st.ID, clientID: c.ID, name: st.Name, inactive: st.Inactive}
			for _, u := range st.Users {
				db.users[u.ID] = &user{User: u, siteID: st.ID}
			}
		}
	}
	return db
}

// sorted returns the values of m by their keys.
func sorted[T any](m map[int]T) []T {
	out := make([]T, 0, len(m))
	for _, k := range slices.Sorted(maps.Keys(m)) {
		out = append(out, m[k])
	}
	return out
}

// nextKey returns a free id for a map.
func nextKey[T any](m map[int]T) int {
	most := 0
	for k := range m {
		most = max(most, k)
	}
	return most + 1
}

// find returns a pointer to the first element that satisfies f, or nil.
func find[T any](list []T, f func(T) bool) *T {
	if i := slices.IndexFunc(list, f); i >= 0 {
		return &list[i]
	}
	return nil
}

func (db *database) ticketType(id int) *TicketType {
	return find(db.seed.TicketTypes, func(t TicketType) bool { return t.ID == id })
}

func (db *database) sla(id int) *SLA {
	return find(db.seed.SLAs, func(v SLA) bool { return v.ID == id })
}

func (db *database) priority(slaID, id int) *Priority {
	sla := db.sla(slaID)
	if sla == nil {
		return nil
	}
	return find(sla.Priorities, func(p Priority) bool { return p.PriorityID == id })
}

func (db *database) status(id int) *Status {
	return find(db.seed.Statuses, func(v Status) bool { return v.ID == id })
}

func (db *database) closes(status int) bool {
	st := db.status(status)
	return st != nil && st.Closes
}

func (db *database) agent(id int) *Agent {
	return find(db.seed.Agents, func(v Agent) bool { return v.ID == id })
}

// outcomeOf returns the outcome that an action names by id or by name, or nil.
func (db *database) outcomeOf(in *reader) *Outcome {
	if id := in.positive("outcome_id"); id > 0 {
		return find(db.seed.Outcomes, func(o Outcome) bool { return o.ID == id })
	}
	name := in.text("outcome")
	if name == "" {
		return nil
	}
	return db.outcomeNamed(name)
}

func (db *database) outcomeNamed(name string) *Outcome {
	return find(db.seed.Outcomes, func(o Outcome) bool { return strings.EqualFold(o.Outcome, name) })
}

// defaultSite returns the first active site of a client, or its first.
func (db *database) defaultSite(clientID int) *site {
	var first *site
	for _, st := range sorted(db.sites) {
		switch {
		case st.clientID != clientID:
		case !st.inactive:
			return st
		case first == nil:
			first = st
		}
	}
	return first
}

// generalUser returns the id of the site's General User, 0 if it has none.
func (db *database) generalUser(siteID int) int {
	for _, u := range sorted(db.users) {
		if u.siteID == siteID && u.general() {
			return u.ID
		}
	}
	return 0
}

func (u *user) general() bool { return strings.EqualFold(u.Name, "General User") }

func (db *database) clientName(id int) string {
	if c := db.clients[id]; c != nil {
		return c.name
	}
	return ""
}

func (db *database) siteName(id int) string {
	if st := db.sites[id]; st != nil {
		return st.name
	}
	return ""
}

func (db *database) userName(id int) string {
	if u := db.users[id]; u != nil {
		return u.Name
	}
	return ""
}

func (db *database) statusName(id int) string {
	if st := db.status(id); st != nil {
		return st.Name
	}
	return ""
}

func (db *database) agentName(id int) string {
	if a := db.agent(id); a != nil {
		return a.Name
	}
	return "Unassigned"
}

func (db *database) typeName(id int) string {
	if t := db.ticketType(id); t != nil {
		return t.Name
	}
	return ""
}

func (db *database) priorityName(slaID, id int) string {
	if p := db.priority(slaID, id); p != nil {
		return p.Name
	}
	return ""
}

func (db *database) lookupName(list, id int) string {
	row := find(db.seed.Lookups, func(l Lookup) bool { return l.LookupID == list && l.ID == id })
	return cmp.Or(row, &Lookup{}).Name
}
