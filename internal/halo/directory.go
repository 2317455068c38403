package halo

import (
	"context"
	"net/url"
	"strconv"
)

// Team is a group of agents. Tickets name it by its name, not its id [A].
type Team struct {
	ID       int
	Name     string
	Inactive bool
}

func readTeam(f fields) Team {
	return Team{ID: f.int("id"), Name: f.text("name"), Inactive: f.bool("inactive")}
}

// Teams reads the teams.
func (c *Client) Teams(ctx context.Context) ([]Team, error) {
	return all(ctx, c, listCall[Team]{op: "list teams", path: "/Team", name: "teams", read: readTeam})
}

// Agent is someone who works on tickets.
type Agent struct {
	ID       int
	Name     string
	Email    string
	Team     string
	Disabled bool
	API      bool // an agent for API use only
}

func readAgent(f fields) Agent {
	return Agent{ID: f.int("id"), Name: f.text("name"), Email: f.text("email"), Team: f.text("team"),
		Disabled: f.bool("isdisabled"), API: f.bool("isapiagent")}
}

// Agents reads the agents.
func (c *Client) Agents(ctx context.Context) ([]Agent, error) {
	return all(ctx, c, listCall[Agent]{op: "list agents", path: "/Agent", name: "agents", read: readAgent})
}

// AgentMe reads the agent that the application logs in as.
func (c *Client) AgentMe(ctx context.Context) (Agent, error) {
	return one(ctx, c, "read own agent", "/Agent/me", nil, readAgent)
}

// Category is a value of one of the four category fields of a ticket.
type Category struct {
	ID         int
	Path       string // "Hardware>Laptop": what a ticket takes
	Name       string
	TypeID     int // 1 to 4
	SLAID      int
	PriorityID int
}

func readCategory(f fields) Category {
	return Category{ID: f.int("id"), Path: f.text("value"), Name: f.text("category_name"),
		TypeID: f.int("type_id"), SLAID: f.int("sla_id"), PriorityID: f.int("priority_id")}
}

// Categories reads the values of category field 1, 2, 3 or 4.
func (c *Client) Categories(ctx context.Context, typeID int) ([]Category, error) {
	return all(ctx, c, listCall[Category]{op: "list categories", path: "/Category",
		query: url.Values{"type_id": {strconv.Itoa(typeID)}}, name: "categories", read: readCategory})
}

// LookupValue is one value of a lookup. Ids of 0 and below are valid [B].
type LookupValue struct {
	ID       int
	Name     string
	Value2   string
	Inactive bool
}

func readLookupValue(f fields) LookupValue {
	return LookupValue{ID: f.int("id"), Name: f.text("name"), Value2: f.text("value2"), Inactive: f.bool("inactive")}
}

// Lookup reads the values of a lookup, such as [LookupRequestSource].
func (c *Client) Lookup(ctx context.Context, lookupID int) ([]LookupValue, error) {
	return all(ctx, c, listCall[LookupValue]{op: "list lookup values", path: "/Lookup",
		query: url.Values{"lookupid": {strconv.Itoa(lookupID)}}, name: "lookups", read: readLookupValue})
}

// FieldInfo describes a custom or built-in field.
type FieldInfo struct {
	ID        int
	Name      string // "CFSerial": what a CustomField may name
	Label     string
	Type      int
	InputType int
	Usage     int
	TableID   int
	Mandatory bool
	Values    []LookupValue
}

func readFieldInfo(f fields) FieldInfo {
	info := FieldInfo{ID: f.int("id"), Name: f.text("name"), Label: f.text("label"), Type: f.int("type"),
		InputType: f.int("inputtype"), Usage: f.int("usage"), TableID: f.int("table_id"), Mandatory: f.bool("mandatory")}
	for _, o := range f.objects("values") {
		info.Values = append(info.Values, readLookupValue(o))
	}
	return info
}

// FieldInfo reads the descriptions of all fields, with the values to choose
// from where a field has such.
func (c *Client) FieldInfo(ctx context.Context) ([]FieldInfo, error) {
	return all(ctx, c, listCall[FieldInfo]{op: "list fields", path: "/FieldInfo",
		query: url.Values{"includevalues": {"true"}}, name: "fields", read: readFieldInfo})
}

// AzureADConnection is Halo's link to Microsoft 365, with what it knows of
// which tenant belongs to which client.
type AzureADConnection struct {
	ID       int
	Name     string
	Mappings []AzureMapping // only from AzureADConnection(id)
}

// AzureMapping is a client and its Entra tenant.
type AzureMapping struct {
	ClientID   int
	ClientName string
	TenantID   string
}

func readAzure(f fields) AzureADConnection {
	conn := AzureADConnection{ID: f.int("id"), Name: f.text("name")}
	for _, o := range f.objects("mappings_client") {
		conn.Mappings = append(conn.Mappings, AzureMapping{ClientID: o.int("client_id"),
			ClientName: o.text("client_name"), TenantID: o.text("azure_tenant_id")})
	}
	return conn
}

// AzureADConnections reads the connections of the kind that maps clients to
// tenants: type 2 [B].
func (c *Client) AzureADConnections(ctx context.Context) ([]AzureADConnection, error) {
	return all(ctx, c, listCall[AzureADConnection]{op: "list Azure AD connections", path: "/azureadconnection",
		query: url.Values{"type": {"2"}}, name: "azureadconnections", read: readAzure})
}

// AzureADConnection reads one connection with its mappings.
func (c *Client) AzureADConnection(ctx context.Context, id int) (AzureADConnection, error) {
	query := url.Values{"type": {"2"}, "includedetails": {"true"}, "includetenants": {"true"}}
	return one(ctx, c, "read Azure AD connection", "/azureadconnection/"+strconv.Itoa(id), query, readAzure)
}
