package halo

import (
	"context"
	"encoding/json"
	"iter"
	"net/url"
	"strconv"
	"strings"
)

// Customer is what Halo calls a client, and its schema an Area.
type Customer struct {
	ID           int
	Name         string
	TopLevelID   int
	TopLevelName string
	Inactive     bool
}

func readCustomer(f fields) Customer {
	return Customer{ID: f.int("id"), Name: f.text("name"), TopLevelID: f.int("toplevel_id"),
		TopLevelName: f.text("toplevel_name"), Inactive: f.bool("inactive")}
}

// ClientQuery chooses clients. Zero fields do not restrict.
type ClientQuery struct {
	Search          string
	IncludeInactive bool
}

// Clients walks through the clients.
func (c *Client) Clients(ctx context.Context, q ClientQuery) iter.Seq2[Customer, error] {
	v := inactiveQuery(q.IncludeInactive)
	setText(v, "search", q.Search)
	return pages(ctx, c, listCall[Customer]{
		op: "list clients", path: "/Client", query: v, name: "clients", read: readCustomer,
		id: func(o Customer) int { return o.ID },
	})
}

// Site is a place of a client.
type Site struct {
	ID         int
	Name       string
	ClientID   int // a double in Halo's schema [A]
	ClientName string
	Inactive   bool
}

func readSite(f fields) Site {
	return Site{ID: f.int("id"), Name: f.text("name"), ClientID: f.int("client_id"),
		ClientName: f.text("client_name"), Inactive: f.bool("inactive")}
}

// SiteQuery chooses sites. Zero fields do not restrict.
type SiteQuery struct {
	ClientID        int
	Search          string
	IncludeInactive bool
}

// Sites walks through the sites.
func (c *Client) Sites(ctx context.Context, q SiteQuery) iter.Seq2[Site, error] {
	v := inactiveQuery(q.IncludeInactive)
	setInt(v, "client_id", q.ClientID)
	setText(v, "search", q.Search)
	return pages(ctx, c, listCall[Site]{
		op: "list sites", path: "/Site", query: v, name: "sites", read: readSite,
		id: func(o Site) int { return o.ID },
	})
}

// User is a contact of a client. The text fields are as they stand in Halo,
// in whatever case.
type User struct {
	ID             int
	Name           string
	ClientID       int
	ClientName     string
	SiteID         int // a double in Halo's schema [A]
	SiteName       string
	Email          string
	Email2, Email3 string
	NetworkLogin   string
	Login          string
	SAMAccountName string
	Aliases        []string // from the fields alias and aliases, where there are any [G]
	// AzureOID and AADUserID hold the Entra object id: which of the two
	// depends on how the user came into Halo [B].
	AzureOID, AADUserID string
	Inactive            bool
}

func readUser(f fields) User {
	return User{
		ID: f.int("id"), Name: f.text("name"),
		ClientID: f.int("client_id"), ClientName: f.text("client_name"),
		SiteID: f.int("site_id", "site_id_int"), SiteName: f.text("site_name"),
		Email:        f.text("emailaddress", "email"),
		Email2:       f.text("emailaddress2", "email2"),
		Email3:       f.text("emailaddress3", "email3"),
		NetworkLogin: f.text("networklogin"), Login: f.text("login"),
		SAMAccountName: f.text("samaccountname"), Aliases: readAliases(f),
		AzureOID: f.text("azureoid"), AADUserID: f.text("aaduserid", "azure_id"),
		Inactive: f.bool("inactive"),
	}
}

// readAliases takes an array of texts, or one text with commas or semicolons.
func readAliases(f fields) []string {
	var names []string
	for _, field := range []string{"alias", "aliases"} {
		for _, item := range f.items(field) {
			var s string
			if json.Unmarshal(item, &s) == nil {
				names = append(names, s)
			}
		}
		names = append(names, strings.FieldsFunc(f.text(field), func(r rune) bool { return r == ',' || r == ';' })...)
	}
	var kept []string
	for _, name := range names {
		if name = strings.TrimSpace(name); name != "" {
			kept = append(kept, name)
		}
	}
	return kept
}

// Filter is one condition of an advanced search. Halo answers 400 with
// "Invalid advanced search parameter" for a field that it does not list [B].
type Filter struct {
	Name  string `json:"filter_name"` // a field: "azureoid"
	Type  int    `json:"filter_type"` // 2 is "equals" [B]
	Value string `json:"filter_value"`
}

// UserQuery chooses users. Zero fields do not restrict.
type UserQuery struct {
	ClientID        int
	Search          string
	IncludeInactive bool
	AdvancedSearch  []Filter
}

// Users walks through the users.
func (c *Client) Users(ctx context.Context, q UserQuery) iter.Seq2[User, error] {
	v := inactiveQuery(q.IncludeInactive)
	setInt(v, "client_id", q.ClientID)
	setText(v, "search", q.Search)
	if len(q.AdvancedSearch) > 0 {
		text, _ := json.Marshal(q.AdvancedSearch) // texts and numbers: it cannot fail
		v.Set("advanced_search", string(text))
	}
	return pages(ctx, c, listCall[User]{
		op: "list users", path: "/Users", query: v, name: "users", read: readUser,
		id: func(o User) int { return o.ID },
	})
}

// Asset is a device or another thing that a client has.
type Asset struct {
	ID              int
	InventoryNumber string
	KeyField        string // the name that people know it by, made by Halo [B]
	KeyField2       string
	ClientID        int
	SiteID          int
	TypeID          int
	TypeName        string
	ThirdPartyID    string
	Inactive        bool
}

func readAsset(f fields) Asset {
	return Asset{
		ID: f.int("id"), InventoryNumber: f.text("inventory_number"),
		KeyField: f.text("key_field"), KeyField2: f.text("key_field2"),
		ClientID: f.int("client_id"), SiteID: f.int("site_id"),
		TypeID: f.int("assettype_id"), TypeName: f.text("assettype_name"),
		ThirdPartyID: f.text("third_party_id_string", "third_party_id"), Inactive: f.bool("inactive"),
	}
}

// AssetQuery chooses assets. Zero fields do not restrict.
type AssetQuery struct {
	ClientID        int
	Search          string
	IncludeInactive bool
}

// Assets walks through the assets.
func (c *Client) Assets(ctx context.Context, q AssetQuery) iter.Seq2[Asset, error] {
	v := inactiveQuery(q.IncludeInactive)
	setInt(v, "client_id", q.ClientID)
	setText(v, "search", q.Search)
	return pages(ctx, c, listCall[Asset]{
		op: "list assets", path: "/Asset", query: v, name: "assets", read: readAsset,
		id: func(o Asset) int { return o.ID },
	})
}

func inactiveQuery(include bool) url.Values {
	return url.Values{"includeinactive": {strconv.FormatBool(include)}}
}
