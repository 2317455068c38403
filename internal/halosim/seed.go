package halosim

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
)

// Seed is the data that a simulated Halo starts with. Its JSON form, read by
// [ReadSeed], uses Halo's own property names.
type Seed struct {
	TenantID          string              `json:"tenant_id"` // what /api/authinfo tells
	Clients           []Client            `json:"clients"`
	SLAs              []SLA               `json:"slas"`
	Statuses          []Status            `json:"statuses"`
	Outcomes          []Outcome           `json:"outcomes"`
	Workflows         []Workflow          `json:"workflows"`
	Teams             []Team              `json:"teams"`
	Agents            []Agent             `json:"agents"` // the application logs in as the first one
	TicketTypes       []TicketType        `json:"ticket_types"`
	Lookups           []Lookup            `json:"lookups"`
	Categories        []Category          `json:"categories"`
	Fields            []Field             `json:"fields"`
	Assets            []Asset             `json:"assets"`
	AzureADConnection []AzureADConnection `json:"azure_ad_connections"`
}

// Client is a customer of the MSP.
type Client struct {
	ID       int    `json:"id"`
	Name     string `json:"name"`
	Inactive bool   `json:"inactive"`
	Sites    []Site `json:"sites"`
}

// Site is a place of a client; users belong to sites.
type Site struct {
	ID       int    `json:"id"`
	Name     string `json:"name"`
	Inactive bool   `json:"inactive"`
	Users    []User `json:"users"`
}

// User is a contact of a client. A site's user that is named "General User"
// stands for everybody there who has no entry.
type User struct {
	ID           int    `json:"id"`
	Name         string `json:"name"`
	EmailAddress string `json:"emailaddress"`
	Email2       string `json:"email2"` // a further address, such as an alias
	Email3       string `json:"email3"`
	NetworkLogin string `json:"networklogin"`
	AzureOID     string `json:"azureoid"` // Entra object id
	Inactive     bool   `json:"inactive"`
}

// SLA names the priorities that tickets under it can have.
type SLA struct {
	ID         int        `json:"id"`
	Name       string     `json:"name"`
	Priorities []Priority `json:"priorities"`
}

// Priority is one level of an SLA. Tickets name it by PriorityID; the GUID is
// made up from the two numbers.
type Priority struct {
	PriorityID    int     `json:"priorityid"`
	Name          string  `json:"name"`
	FixHours      float64 `json:"fixtime"`
	ResponseHours float64 `json:"responsetime"`
	Colour        string  `json:"colour"`
}

// Status is a state of a ticket.
type Status struct {
	ID     int    `json:"id"`
	Name   string `json:"name"`
	Colour string `json:"colour"`
	Closes bool   `json:"closes"` // a ticket in this status is closed
	OnHold bool   `json:"onhold"`
}

// Outcome is a kind of action.
type Outcome struct {
	ID        int    `json:"id"`
	Outcome   string `json:"outcome"`
	NewStatus int    `json:"newstatus"` // the status that the action sets; 0 keeps it
	Hidden    bool   `json:"hidden"`
	System    bool   `json:"system"` // made by Halo, not by people or applications
}

// Workflow limits which outcomes a ticket takes, step by step.
type Workflow struct {
	ID     int            `json:"id"`
	Name   string         `json:"name"`
	Steps  []WorkflowStep `json:"steps"`  // a ticket starts at the first
	Always []int          `json:"always"` // outcomes that every step allows
}

// WorkflowStep is one step of a workflow.
type WorkflowStep struct {
	ID      int              `json:"id"`
	Name    string           `json:"name"`
	Actions []WorkflowAction `json:"actions"`
}

// WorkflowAction allows an outcome at a step.
type WorkflowAction struct {
	OutcomeID int `json:"action_id"`
	NextStep  int `json:"next_step_id"` // 0 stays
}

// Team is a group of agents.
type Team struct {
	ID       int    `json:"id"`
	Name     string `json:"name"`
	Inactive bool   `json:"inactive"`
}

// Agent is a technician.
type Agent struct {
	ID       int    `json:"id"`
	Name     string `json:"name"`
	Email    string `json:"email"`
	Team     string `json:"team"`
	Disabled bool   `json:"isdisabled"`
}

// TicketType decides how a ticket is handled.
type TicketType struct {
	ID              int      `json:"id"`
	Name            string   `json:"name"`
	DefaultSLA      int      `json:"default_sla"`
	DefaultPriority int      `json:"default_priority"`
	DefaultTeam     string   `json:"default_team"`
	InitialStatus   int      `json:"initial_status"`
	ReopenedStatus  int      `json:"reopenedstatus"`
	WorkflowID      int      `json:"workflow_id"` // 0: none
	Inactive        bool     `json:"inactive"`
	Mandatory       []string `json:"mandatory"` // properties that a create without _novalidate must have
	// ClosedNotes says what an action on a closed ticket does: "accept"
	// (or empty) writes it, "reopen" also reopens the ticket, "refuse" is a 400.
	ClosedNotes string `json:"closed_notes"`
}

// Lookup is a row of one of Halo's small lists. List 22 holds the request
// sources.
type Lookup struct {
	LookupID int    `json:"lookupid"`
	ID       int    `json:"id"`
	Name     string `json:"name"`
}

// Category is a category of tickets; Value is a path such as "Mail>Security".
type Category struct {
	ID     int    `json:"id"`
	Value  string `json:"value"`
	TypeID int    `json:"type_id"` // 1 to 4: which of the four category fields
}

// Field is a custom field.
type Field struct {
	ID    int    `json:"id"`
	Name  string `json:"name"`
	Label string `json:"label"`
	Type  int    `json:"type"` // 0 text, 2 one of Values
	// Values are those to choose from. A ticket has the id of one.
	Values []FieldValue `json:"values"`
}

// FieldValue is a value that a custom field offers.
type FieldValue struct {
	ID   int    `json:"id"`
	Name string `json:"name"`
}

// Asset is a device of a client.
type Asset struct {
	ID              int    `json:"id"`
	InventoryNumber string `json:"inventory_number"`
	KeyField        string `json:"key_field"`
	KeyField2       string `json:"key_field2"`
	ThirdPartyID    string `json:"third_party_id_string"`
	ClientID        int    `json:"client_id"`
	SiteID          int    `json:"site_id"`
	AssetTypeID     int    `json:"assettype_id"`
	AssetTypeName   string `json:"assettype_name"`
	Inactive        bool   `json:"inactive"`
}

// AzureADConnection joins Halo to a partner tenant of Microsoft.
type AzureADConnection struct {
	ID       int           `json:"id"`
	Name     string        `json:"name"`
	Type     int           `json:"type"` // 2: Cloud Solution Provider
	Mappings []AzureTenant `json:"mappings_client"`
}

// AzureTenant says which Entra tenant is which client.
type AzureTenant struct {
	ClientID int    `json:"client_id"`
	TenantID string `json:"azure_tenant_id"`
	Domain   string `json:"azure_tenant_domain"`
}

//go:embed default-seed.json
var defaultSeed string

// DefaultSeed returns the built-in data: five clients with sites and users,
// three ticket types, two SLAs, statuses with 9 = Closed and outcomes with
// 7 = Internal Note. docs/simulator.md lists it.
func DefaultSeed() Seed {
	seed, err := ReadSeed(strings.NewReader(defaultSeed))
	if err != nil {
		panic("halosim: the built-in seed: " + err.Error()) // a test reads it
	}
	return seed
}

// ReadSeed reads a seed file. It refuses unknown keys, wrong types, ids that
// are used twice and ids that name nothing; errors name the line or the place.
func ReadSeed(r io.Reader) (Seed, error) {
	var seed Seed
	text, err := io.ReadAll(r)
	if err != nil {
		return seed, fmt.Errorf("read seed: %w", err)
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&seed); err != nil {
		return Seed{}, fmt.Errorf("read seed: %s: %w", place(text, err), err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return Seed{}, fmt.Errorf("read seed: line %d: something follows the end of the object; remove it", line(text, dec.InputOffset()))
	}
	if err := checkSeed(seed); err != nil {
		return Seed{}, fmt.Errorf("read seed: %w", err)
	}
	return seed, nil
}

// place says where in the text a decoding error is. The decoder does not tell
// where an unknown key stands, so all lines that have it are named.
func place(text []byte, err error) string {
	if e, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fmt.Sprintf("line %d", line(text, e.Offset))
	}
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Sprintf("line %d", line(text, e.Offset))
	}
	key, found := strings.CutPrefix(err.Error(), "json: unknown field ")
	if !found {
		return fmt.Sprintf("line %d", line(text, int64(len(text))))
	}
	var lines []string
	for _, at := range regexp.MustCompile(regexp.QuoteMeta(key)+`\s*:`).FindAllIndex(text, -1) {
		lines = append(lines, fmt.Sprint(line(text, int64(at[0]))))
	}
	return "line " + strings.Join(lines, " or ")
}

func line(text []byte, offset int64) int {
	return 1 + bytes.Count(text[:min(max(offset, 0), int64(len(text)))], []byte("\n"))
}
