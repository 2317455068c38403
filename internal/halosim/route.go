package halosim

import (
	"net/http"
	"strings"
)

// route is one thing that Halo can be asked.
type route struct {
	path        string // as Halo spells it
	scope       string // the permission that it needs; empty: any token does
	anonymous   bool
	takesObject bool // a body that is one object counts as an array of one
	handler     func(*Sim, *call) answer
}

// findRoute returns the route of a request and the id in its path. Paths are
// compared without regard to case [A]. A path that exists, but not for this
// method, comes without a handler; an unknown one is empty.
func (s *Sim) findRoute(r *http.Request) (route, string) {
	path := strings.ToLower(strings.TrimSuffix(r.URL.Path, "/"))
	id := ""
	methods, found := s.table[path]
	if !found {
		at := strings.LastIndexByte(path, '/')
		id = path[at+1:]
		methods, found = s.table[path[:at]+"/{id}"]
	}
	if !found {
		return route{}, ""
	}
	if exact, ok := methods[r.Method]; ok {
		return exact, id
	}
	for _, other := range methods {
		return route{path: other.path}, id
	}
	return route{}, ""
}

// routeTable joins haloRoutes and settingRoutes, by lower-case path.
func routeTable() map[string]map[string]route {
	table := map[string]map[string]route{}
	for path, methods := range haloRoutes() {
		filled := map[string]route{}
		for method, r := range methods {
			r.path = path
			filled[method] = r
		}
		table[strings.ToLower(path)] = filled
	}
	for path, handler := range settingRoutes() {
		table[strings.ToLower(path)] = map[string]route{http.MethodGet: {path: path, handler: handler}}
	}
	return table
}

// haloRoutes lists the endpoints that change something or need a permission,
// and those for signing in. An empty scope means that any token will do.
func haloRoutes() map[string]map[string]route {
	const (
		get, post, del = http.MethodGet, http.MethodPost, http.MethodDelete
		readTickets    = "read:tickets"
		editTickets    = "edit:tickets"
		readCustomers  = "read:customers"
		editCustomers  = "edit:customers"
	)
	type m = map[string]route
	return map[string]m{
		"/auth/token":                            {post: {anonymous: true, handler: (*Sim).issueToken}},
		"/auth/.well-known/openid-configuration": {get: {anonymous: true, handler: (*Sim).discovery}},
		"/api/authinfo":                          {get: {anonymous: true, handler: (*Sim).authInfo}},
		"/api/Tickets": {
			get:  {scope: readTickets, handler: (*Sim).listTickets},
			post: {scope: editTickets, handler: (*Sim).postTickets}},
		"/api/Tickets/{id}": {
			get: {scope: readTickets, handler: (*Sim).getTicket},
			del: {scope: editTickets, handler: (*Sim).deleteTicket}},
		"/api/Actions": {
			get:  {scope: readTickets, handler: (*Sim).listActions},
			post: {scope: editTickets, takesObject: true, handler: (*Sim).postActions}},
		"/api/Client": {
			get:  {scope: readCustomers, handler: (*Sim).listClients},
			post: {scope: editCustomers, handler: (*Sim).postClients}},
		"/api/Client/{id}": {get: {scope: readCustomers, handler: (*Sim).getClient}},
		"/api/Site": {
			get:  {scope: readCustomers, handler: (*Sim).listSites},
			post: {scope: editCustomers, handler: (*Sim).postSites}},
		"/api/Site/{id}": {get: {scope: readCustomers, handler: (*Sim).getSite}},
		"/api/Users": {
			get:  {scope: readCustomers, handler: (*Sim).listUsers},
			post: {scope: editCustomers, handler: (*Sim).postUsers}},
		"/api/Users/{id}":   {get: {scope: readCustomers, handler: (*Sim).getUser}},
		"/api/Asset":        {get: {scope: "read:assets", handler: (*Sim).listAssets}},
		"/api/ExternalLink": {get: {handler: (*Sim).listLinks}},
		"/api/Webhook": {
			get:  {scope: "admin", handler: (*Sim).listWebhooks},
			post: {scope: "admin", handler: (*Sim).postWebhooks}},
		"/api/Webhook/{id}": {
			get: {scope: "admin", handler: (*Sim).getWebhook},
			del: {scope: "admin", handler: (*Sim).deleteWebhook}},
		"/api/WebhookEvent": {get: {scope: "admin", handler: (*Sim).listWebhookEvents}},
		"/api/Notification": {post: {scope: "admin", handler: (*Sim).postNotifications}},
	}
}

// settingRoutes lists the endpoints that any token may read.
func settingRoutes() map[string]func(*Sim, *call) answer {
	return map[string]func(*Sim, *call) answer{
		"/api/TicketType":             (*Sim).listTicketTypes,
		"/api/TicketType/{id}":        (*Sim).getTicketType,
		"/api/Status":                 (*Sim).listStatuses,
		"/api/Priority":               (*Sim).listPriorities,
		"/api/SLA":                    (*Sim).listSLAs,
		"/api/SLA/{id}":               (*Sim).getSLA,
		"/api/Team":                   (*Sim).listTeams,
		"/api/Agent":                  (*Sim).listAgents,
		"/api/Agent/{id}":             (*Sim).getAgent,
		"/api/Category":               (*Sim).listCategories,
		"/api/Outcome":                (*Sim).listOutcomes,
		"/api/Workflow":               (*Sim).listWorkflows,
		"/api/Workflow/{id}":          (*Sim).getWorkflow,
		"/api/Lookup":                 (*Sim).listLookups,
		"/api/FieldInfo":              (*Sim).listFields,
		"/api/InstanceInfo":           (*Sim).instanceInfo,
		"/api/azureadconnection":      (*Sim).listAzureConnections,
		"/api/azureadconnection/{id}": (*Sim).getAzureConnection,
	}
}
