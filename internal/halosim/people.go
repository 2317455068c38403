package halosim

import (
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
)

type clientRow struct {
	ID           int              `json:"id"`
	Name         string           `json:"name"`
	TopLevelID   int              `json:"toplevel_id"`
	TopLevelName string           `json:"toplevel_name"`
	Inactive     bool             `json:"inactive"`
	Colour       string           `json:"colour"`
	Ref          *string          `json:"ref"`
	MainSiteID   int              `json:"main_site_id"`
	CustomFields []map[string]any `json:"customfields"`
}

type siteRow struct {
	ID             int              `json:"id"`
	Name           string           `json:"name"`
	ClientID       double           `json:"client_id"` // 21.0 [A]
	ClientName     string           `json:"client_name"`
	ClientSiteName string           `json:"clientsite_name"`
	Inactive       bool             `json:"inactive"`
	SLAID          int              `json:"sla_id"`
	PhoneNumber    string           `json:"phonenumber"`
	CustomFields   []map[string]any `json:"customfields"`
}

type userRow struct {
	ID           int              `json:"id"`
	Name         string           `json:"name"`
	SiteID       double           `json:"site_id"` // 95.0 [A]
	SiteIDInt    int              `json:"site_id_int"`
	SiteName     string           `json:"site_name"`
	ClientID     int              `json:"client_id"`
	ClientName   string           `json:"client_name"`
	FirstName    string           `json:"firstname"`
	Surname      string           `json:"surname"`
	EmailAddress *string          `json:"emailaddress"`
	Email2       *string          `json:"email2"`
	Email3       *string          `json:"email3"`
	NetworkLogin *string          `json:"networklogin"`
	AzureOID     *string          `json:"azureoid"`
	AADUserID    *string          `json:"aaduserid"`
	Inactive     bool             `json:"inactive"`
	CustomFields []map[string]any `json:"customfields"`
}

func (db *database) clientRow(c *client) clientRow {
	row := clientRow{ID: c.id, Name: c.name, TopLevelID: 1, TopLevelName: "Customers", Inactive: c.inactive, CustomFields: []map[string]any{}}
	if st := db.defaultSite(c.id); st != nil {
		row.MainSiteID = st.id
	}
	return row
}

func (db *database) siteRow(st *site) siteRow {
	name := db.clientName(st.clientID)
	return siteRow{ID: st.id, Name: st.name, ClientID: double(st.clientID), ClientName: name,
		ClientSiteName: name + "/" + st.name, Inactive: st.inactive, CustomFields: []map[string]any{}}
}

func (db *database) clientOf(u *user) int {
	if st := db.sites[u.siteID]; st != nil {
		return st.clientID
	}
	return 0
}

func (db *database) userRow(u *user) userRow {
	text := func(v string) *string {
		if v == "" {
			return nil
		}
		return &v
	}
	first, last, _ := strings.Cut(u.Name, " ")
	clientID := db.clientOf(u)
	return userRow{ID: u.ID, Name: u.Name, SiteID: double(u.siteID), SiteIDInt: u.siteID, SiteName: db.siteName(u.siteID),
		ClientID: clientID, ClientName: db.clientName(clientID), FirstName: first, Surname: last,
		EmailAddress: text(u.EmailAddress), Email2: text(u.Email2), Email3: text(u.Email3), NetworkLogin: text(u.NetworkLogin),
		AzureOID: text(u.AzureOID), AADUserID: text(u.AzureOID), Inactive: u.Inactive, CustomFields: []map[string]any{}}
}

// visible applies includeactive and includeinactive: only active ones unless
// told otherwise [B].
func visible(q query, inactive bool) bool {
	if inactive {
		return q.bool("includeinactive")
	}
	return q["includeactive"] == "" || q.bool("includeactive")
}

// view wraps a page of rows as Halo does for customers and assets.
func view[T any](s *Sim, c *call, key string, rows []T) answer {
	p := newPage(c.query, 0, 0)
	total := len(rows)
	rows = cut(p, rows)
	out := map[string]any{"record_count": total}
	if key == "clients" || c.query.bool("pageinate") {
		out["page_no"], out["page_size"] = p.no, p.size
	}
	out[key] = rows
	if len(rows) == 0 && s.opts.Legacy {
		out[key] = []T{}
	} else if len(rows) == 0 {
		out[key] = nil
	}
	return ok(out)
}

func (s *Sim) listClients(c *call) answer {
	var rows []clientRow
	for _, v := range sorted(s.db.clients) {
		search := strings.ToLower(c.query["search"] + c.query["search_name_only"])
		if visible(c.query, v.inactive) && !c.restricted(v.id) && strings.Contains(strings.ToLower(v.name), search) {
			rows = append(rows, s.db.clientRow(v))
		}
	}
	return view(s, c, "clients", rows)
}

func (s *Sim) getClient(c *call) answer {
	id, _ := strconv.Atoi(c.id)
	v := s.db.clients[id]
	switch {
	case v == nil:
		return notFound("Client", id)
	case c.restricted(id):
		return forbidden()
	}
	return ok(s.db.clientRow(v))
}

func (s *Sim) listSites(c *call) answer {
	want := c.query.ints("client_id")
	search := strings.ToLower(c.query["search"])
	var rows []siteRow
	for _, v := range sorted(s.db.sites) {
		if visible(c.query, v.inactive) && (want == nil || want[v.clientID]) && !c.restricted(v.clientID) &&
			strings.Contains(strings.ToLower(v.name), search) {
			rows = append(rows, s.db.siteRow(v))
		}
	}
	return view(s, c, "sites", rows)
}

func (s *Sim) getSite(c *call) answer {
	id, _ := strconv.Atoi(c.id)
	v := s.db.sites[id]
	switch {
	case v == nil:
		return notFound("Site", id)
	case c.restricted(v.clientID):
		return forbidden()
	}
	return ok(s.db.siteRow(v))
}

func (s *Sim) listUsers(c *call) answer {
	advanced, refused := s.advancedSearch(c)
	if refused != nil {
		return *refused
	}
	clients, sites := c.query.ints("client_id"), c.query.ints("site_id")
	search := strings.ToLower(c.query["search"])
	var rows []userRow
	for _, u := range sorted(s.db.users) {
		clientID := s.db.clientOf(u)
		text := strings.ToLower(strings.Join([]string{u.Name, u.EmailAddress, u.Email2, u.Email3, u.NetworkLogin}, "\n"))
		switch {
		case !visible(c.query, u.Inactive), clients != nil && !clients[clientID], sites != nil && !sites[u.siteID],
			c.restricted(clientID), !strings.Contains(text, search), !advanced(u),
			c.query.bool("exclude_generaluser") && u.general():
			continue
		}
		rows = append(rows, s.db.userRow(u))
	}
	return view(s, c, "users", rows)
}

// advancedSearch reads the parameter of that name: a JSON array of filters
// that must all hold; type 2 is equality. A field or type that is not on the
// list is a 400 [B].
func (s *Sim) advancedSearch(c *call) (func(*user) bool, *answer) {
	text := c.query["advanced_search"]
	if text == "" {
		return func(*user) bool { return true }, nil
	}
	// Clients escape the JSON twice [B].
	if once, err := url.QueryUnescape(text); err == nil && strings.HasPrefix(text, "%") {
		text = once
	}
	var filters []struct {
		Name  string `json:"filter_name"`
		Type  int    `json:"filter_type"`
		Value string `json:"filter_value"`
	}
	fields := map[string]func(*user) string{
		"azureoid":     func(u *user) string { return u.AzureOID },
		"aaduserid":    func(u *user) string { return u.AzureOID },
		"emailaddress": func(u *user) string { return u.EmailAddress },
		"networklogin": func(u *user) string { return u.NetworkLogin },
	}
	bad := refusal("Invalid advanced search parameter")
	if s.has(c, KindNoAdvancedSearch) || json.Unmarshal([]byte(text), &filters) != nil {
		return nil, bad
	}
	for _, f := range filters {
		if fields[f.Name] == nil || f.Type != 2 {
			return nil, bad
		}
	}
	return func(u *user) bool {
		for _, f := range filters {
			if !strings.EqualFold(fields[f.Name](u), f.Value) {
				return false
			}
		}
		return true
	}, nil
}

func (s *Sim) getUser(c *call) answer {
	id, _ := strconv.Atoi(c.id)
	u := s.db.users[id]
	switch {
	case u == nil:
		return notFound("User", id)
	case c.restricted(s.db.clientOf(u)):
		return forbidden()
	}
	return ok(s.db.userRow(u))
}

// write runs f over the objects of the body and answers the last result, or
// all of them with returnall=true.
func write[T any](s *Sim, c *call, f func(*reader) (T, *answer)) answer {
	var done []T
	for i, item := range c.items {
		in := newReader(item, i)
		v, refused := f(in)
		if wrong := in.refused(); wrong != nil {
			return *wrong
		}
		if refused != nil {
			return *refused
		}
		done = append(done, v)
	}
	s.changes++
	if c.query.bool("returnall") {
		return jsonAnswer(s.created(), done)
	}
	return jsonAnswer(s.created(), done[len(done)-1])
}

// postClients creates clients, each with the site "Main" and its General User,
// or changes those that have an id.
func (s *Sim) postClients(c *call) answer {
	return write(s, c, func(in *reader) (clientRow, *answer) {
		id, name := in.positive("id"), strings.TrimSpace(in.text("name"))
		v := s.db.clients[id]
		inactive, given := in.bool("inactive")
		switch {
		case len(in.bad) > 0:
			return clientRow{}, nil
		case id > 0 && v == nil:
			return clientRow{}, new(notFound("Client", id))
		case id == 0 && name == "":
			return clientRow{}, refusal("Name is required")
		case v == nil:
			v = &client{id: nextKey(s.db.clients)}
			s.db.clients[v.id] = v
			s.db.addSite(v.id, "Main")
		}
		if name != "" {
			v.name = name
		}
		if given {
			v.inactive = inactive
		}
		return s.db.clientRow(v), nil
	})
}

func (db *database) addSite(clientID int, name string) *site {
	st := &site{id: nextKey(db.sites), clientID: clientID, name: name}
	db.sites[st.id] = st
	u := &user{User: User{ID: nextKey(db.users), Name: "General User"}, siteID: st.id}
	db.users[u.ID] = u
	return st
}

// postSites creates sites, each with its General User, or changes those that
// have an id.
func (s *Sim) postSites(c *call) answer {
	return write(s, c, func(in *reader) (siteRow, *answer) {
		id, clientID, name := in.positive("id"), in.positive("client_id"), strings.TrimSpace(in.text("name"))
		v := s.db.sites[id]
		inactive, given := in.bool("inactive")
		switch {
		case len(in.bad) > 0:
			return siteRow{}, nil
		case id > 0 && v == nil:
			return siteRow{}, new(notFound("Site", id))
		case id == 0 && name == "":
			return siteRow{}, refusal("Name is required")
		case id == 0 && s.db.clients[clientID] == nil:
			return siteRow{}, refusal("The client with ID %d does not exist.", clientID)
		case v == nil:
			v = s.db.addSite(clientID, name)
		}
		if name != "" {
			v.name = name
		}
		if given {
			v.inactive = inactive
		}
		return s.db.siteRow(v), nil
	})
}

// postUsers creates users at a site, or changes those that have an id.
func (s *Sim) postUsers(c *call) answer {
	return write(s, c, func(in *reader) (userRow, *answer) {
		id, siteID, name := in.positive("id"), in.positive("site_id"), strings.TrimSpace(in.text("name"))
		u := s.db.users[id]
		var fresh User
		if u != nil {
			fresh = u.User
		}
		for key, to := range map[string]*string{"name": &fresh.Name, "emailaddress": &fresh.EmailAddress, "email2": &fresh.Email2,
			"email3": &fresh.Email3, "networklogin": &fresh.NetworkLogin, "azureoid": &fresh.AzureOID} {
			if v, found := in.string(key); found {
				*to = v
			}
		}
		if v, found := in.bool("inactive"); found {
			fresh.Inactive = v
		}
		switch {
		case len(in.bad) > 0:
			return userRow{}, nil
		case id > 0 && u == nil:
			return userRow{}, new(notFound("User", id))
		case id == 0 && name == "":
			return userRow{}, refusal("Name is required")
		case siteID > 0 && s.db.sites[siteID] == nil, id == 0 && siteID == 0:
			return userRow{}, refusal("The site with ID %d does not exist.", siteID)
		case u == nil:
			u = &user{}
			fresh.ID = nextKey(s.db.users)
			s.db.users[fresh.ID] = u
		}
		u.User = fresh
		if siteID > 0 {
			u.siteID = siteID
		}
		return s.db.userRow(u), nil
	})
}

// listAssets searches in the number and the keys or, with
// search_inventory_number_only=true, in the number alone.
func (s *Sim) listAssets(c *call) answer {
	type assetRow struct {
		Asset
		ClientName string `json:"client_name"`
		SiteName   string `json:"site_name"`
	}
	clients, sites, types := c.query.ints("client_id"), c.query.ints("site_id"), c.query.ints("assettype_id")
	search := strings.ToLower(c.query["search"])
	var rows []assetRow
	for _, a := range s.db.seed.Assets {
		text := a.InventoryNumber
		if !c.query.bool("search_inventory_number_only") {
			text += "\n" + a.KeyField + "\n" + a.KeyField2 + "\n" + a.ThirdPartyID
		}
		exact := c.query["inventory_number"]
		if visible(c.query, a.Inactive) && (clients == nil || clients[a.ClientID]) && !c.restricted(a.ClientID) &&
			strings.Contains(strings.ToLower(text), search) && (sites == nil || sites[a.SiteID]) && (types == nil || types[a.AssetTypeID]) &&
			(exact == "" || strings.EqualFold(exact, a.InventoryNumber)) {
			rows = append(rows, assetRow{Asset: a, ClientName: s.db.clientName(a.ClientID), SiteName: s.db.siteName(a.SiteID)})
		}
	}
	return view(s, c, "assets", rows)
}
