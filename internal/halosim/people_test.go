package halosim_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/halert/halert/internal/halosim"
)

// names returns the names in a wrapped list.
func (h *halo) names(path, key string) string {
	h.t.Helper()
	var names []string
	rows, _ := object(h.t, h.want(200, "GET", path, ""))[key].([]any)
	for _, row := range rows {
		names = append(names, row.(map[string]any)["name"].(string))
	}
	return strings.Join(names, ", ")
}

func TestCustomers(t *testing.T) {
	t.Parallel()
	h := start(t, halosim.Options{})
	search := func(field, value string, kind int) string {
		return "/api/Users?pageinate=false&client_id=15&advanced_search=" +
			url.QueryEscape(fmt.Sprintf(`[{"filter_name":"%s","filter_type":%d,"filter_value":"%s"}]`, field, kind, value))
	}
	for _, test := range []struct{ path, key, names string }{
		{"/api/Client?page_size=999&pageinate=true", "clients", "Unknown, Acme Dental, Northwind Traders, Contoso, Fabrikam"},
		{"/api/Client?search=NORTH", "clients", "Northwind Traders"},
		{"/api/Client?pageinate=true&page_size=2&page_no=3", "clients", "Fabrikam"},
		{"/api/Site?client_id=14", "sites", "Head Office, Warehouse"},
		{"/api/Users?client_id=15", "users", "General User, Adele Vance, Alex Wilber"},
		{"/api/Users?client_id=15&includeinactive=true&exclude_generaluser=true", "users", "Adele Vance, Alex Wilber, Pat Former"},
		{"/api/Users?client_id=15&includeinactive=true&includeactive=false", "users", "Pat Former"},
		{"/api/Users?site_id=31", "users", "General User, Sunil Perera"},
		{"/api/Users?search=billing@acme", "users", "Tomas Okafor"},
		{"/api/Users?search=jo@fabrikam.com", "users", "Jo Berg"},
		{"/api/Users?client_id=99", "users", ""},
		{search("azureoid", "7F3A6C2E-1f60-4a0b-8e55-11c0b4f2d001", 2), "users", "Adele Vance"},
		{search("aaduserid", "7f3a6c2e-1f60-4a0b-8e55-11c0b4f2d002", 2), "users", "Alex Wilber"},
		{search("networklogin", "nobody", 2), "users", ""},
	} {
		if got := h.names(test.path, test.key); got != test.names {
			t.Errorf("%s: got %q, want %q", test.path, got, test.names)
		}
	}
	for _, path := range []string{search("shoesize", "43", 2), search("azureoid", "x", 4), "/api/Users?advanced_search=x"} {
		if body := h.want(400, "GET", path, ""); !strings.Contains(body, "Invalid advanced search parameter") {
			t.Errorf("%s: %s", path, body)
		}
	}
	for path, want := range map[string]string{
		"/api/Site/31": `"client_id":14.0`, "/api/Users/161": `"site_id":40.0`, "/api/Client/12": `"name":"Acme Dental"`,
		"/api/Users?client_id=99": `"users":null`, "/api/Asset?client_id=14": `"key_field":"NW-SRV-01"`} {
		if body := h.want(200, "GET", path, ""); !strings.Contains(body, want) {
			t.Errorf("%s: %s lacks %s", path, body, want)
		}
	}
	for _, path := range []string{"/api/Client/99", "/api/Site/99", "/api/Users/x"} {
		h.want(404, "GET", path, "")
	}
}

func TestMoreCustomers(t *testing.T) {
	t.Parallel()
	h := start(t, halosim.Options{})
	client := object(t, h.want(201, "POST", "/api/Client", `[{"name":"Tailspin Toys"}]`))
	site := object(t, h.want(201, "POST", "/api/Site", fmt.Sprintf(`[{"name":"Airfield","client_id":%v}]`, client["id"])))
	user := object(t, h.want(201, "POST", "/api/Users",
		fmt.Sprintf(`[{"name":"Kit Moss","site_id":%v,"emailaddress":"kit@tailspin.example","azureoid":"b0"}]`, site["id"])))
	if got := h.names(fmt.Sprintf("/api/Site?client_id=%v", client["id"]), "sites"); got != "Main, Airfield" {
		t.Errorf("sites: %s", got)
	}
	if user["client_name"] != "Tailspin Toys" || user["site_name"] != "Airfield" {
		t.Errorf("user: %v", user)
	}
	h.want(201, "POST", "/api/Tickets", fmt.Sprintf(`[{"tickettype_id":21,"summary":"x","client_id":%v,"site_id":%v,"user_id":%v}]`, client["id"], site["id"], user["id"]))
	got := array(t, h.want(201, "POST", "/api/Users?returnall=true", fmt.Sprintf(`[{"id":%v,"inactive":true}]`, user["id"])))
	if one := got[0].(map[string]any); one["inactive"] != true || one["emailaddress"] != "kit@tailspin.example" {
		t.Errorf("changed user: %v", one)
	}
	h.want(201, "POST", "/api/Client", `[{"id":12,"inactive":true,"name":"Acme"}]`)
	if got := h.names("/api/Client?search=acme", "clients"); got != "" {
		t.Errorf("inactive client listed: %s", got)
	}
	h.want(201, "POST", "/api/Site", `[{"id":31,"inactive":true,"name":"Depot"}]`)
	for path, bodies := range map[string][]string{
		"/api/Client": {`{}`, `[{}]`, `[{"id":99,"name":"x"}]`, `[{"id":1.0}]`},
		"/api/Site":   {`[{"client_id":12}]`, `[{"name":"x","client_id":99}]`, `[{"id":99}]`, `[{"name":"x","client_id":12.5}]`},
		"/api/Users":  {`[{"site_id":40}]`, `[{"name":"x"}]`, `[{"name":"x","site_id":99}]`, `[{"id":999}]`, `[{"name":"x","site_id":40.0}]`},
	} {
		for _, body := range bodies {
			if status, _, text := h.send("POST", path, body); status != 400 && status != 404 {
				t.Errorf("%s %s: status %d, body %s", path, body, status, text)
			}
		}
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	h := start(t, halosim.Options{})
	for path, wants := range map[string][]string{
		"/api/TicketType?showall=true":  {`"id":21`, `"name":"Monitoring alert"`, `"default_sla":1`},
		"/api/TicketType/30":            {`"workflow_id":1`, `"workflow_name":"Change approval"`},
		"/api/Status":                   {`"id":9`, `"name":"Closed"`},
		"/api/Priority?slaid=2":         {`"id":"00000302-5a1c-4d00-8000-000000000001"`, `"priorityid":1`, `"name":"Urgent","fixtime":16.0`},
		"/api/SLA":                      {`"name":"Standard"`, `"priorities":null`},
		"/api/SLA/1":                    {`"priorityid":4`},
		"/api/Team":                     {`"name":"Monitoring"`},
		"/api/Agent":                    {`"name":"Mira Castell"`},
		"/api/Agent/me":                 {`"id":2,"name":"API Integration"`},
		"/api/Agent/5":                  {`"isdisabled":true`},
		"/api/Category?type_id=1":       {`"value":"Security>Identity"`},
		"/api/Outcome":                  {`"id":7`, `"outcome":"Internal Note"`},
		"/api/Workflow":                 {`"steps":null`},
		"/api/Workflow/1":               {`"action_id":10`},
		"/api/Lookup?lookupid=22":       {`"id":0,"name":"Email"`, `"id":22,"name":"CIPP"`, `"id":-1`},
		"/api/FieldInfo":                {`"name":"CFalertreference"`},
		"/api/InstanceInfo":             {`"version"`},
		"/api/azureadconnection?type=2": {`"id":1`},
		"/api/azureadconnection/1?includedetails=true&includetenants=true": {`"client_name":"Contoso"`, `"azure_tenant_id":"5b7c1f0e-2f0c-4d8e-9a6b-0d3c2f1e4a55"`},
	} {
		body := h.want(200, "GET", path, "")
		for _, want := range wants {
			if !strings.Contains(body, want) {
				t.Errorf("%s: %s lacks %s", path, body, want)
			}
		}
	}
	for path, unwanted := range map[string]string{
		"/api/Priority?slaid=2": `"Medium"`, "/api/Agent": "Hal Former", "/api/Category?type_id=1": "Automated",
		"/api/Outcome": "Logged", "/api/Lookup?lookupid=22&exclude_zero=true": `"id":0`, "/api/azureadconnection/1": "Contoso",
		"/api/azureadconnection?type=7": "Partner",
	} {
		if body := h.want(200, "GET", path, ""); strings.Contains(body, unwanted) {
			t.Errorf("%s: %s has %s", path, body, unwanted)
		}
	}
	for _, kind := range []string{"TicketType", "SLA", "Agent", "Workflow", "azureadconnection"} {
		h.want(404, "GET", "/api/"+kind+"/99", "")
	}
}

func TestWebhooks(t *testing.T) {
	t.Parallel()
	type request struct{ user, body string }
	got := make(chan request, 10)
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, _, _ := r.BasicAuth()
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		got <- request{user, string(body)}
		w.WriteHeader(http.StatusAccepted)
	}))
	t.Cleanup(receiver.Close)
	h := start(t, halosim.Options{})
	h.direct = true
	hook := object(t, h.want(201, "POST", "/api/Webhook", `[{"name":"status","url":"`+receiver.URL+`","type":0,"basic_username":"halo","basic_password":"p"}]`))
	id := hook["id"].(string)
	for _, event := range []string{"3", "39", "1072"} {
		h.want(201, "POST", "/api/Notification", `[{"webhook_id":"`+id+`","eventno":`+event+`,"delivery_method":6}]`)
	}
	ticket := h.create(`,"details_html":"<b>x</b>"`)
	h.want(201, "POST", "/api/Tickets", fmt.Sprintf(`[{"id":%d,"status_id":2}]`, ticket)) // no event is joined to this
	h.want(201, "POST", "/api/Tickets", fmt.Sprintf(`[{"id":%d,"status_id":9}]`, ticket))
	h.want(200, "DELETE", fmt.Sprintf("/api/Tickets/%d", ticket), "")
	for _, want := range []string{"New Ticket Logged", "Ticket Closed", "Ticket Deleted"} {
		r := <-got
		body := object(t, r.body)
		if r.user != "halo" || body["event"] != want || body["object_id"] != float64(ticket) || body["ticket"].(map[string]any)["details_html"] != "<b>x</b>" {
			t.Errorf("want %s, got user %s, body %s", want, r.user, r.body)
		}
	}
	log := array(t, h.want(200, "GET", "/api/WebhookEvent?webhook_id="+id, ""))
	if last := log[0].(map[string]any); len(log) != 3 || last["responsestatus"] != 202.0 || last["error"] != false {
		t.Errorf("log: %v", log)
	}
	if body := h.want(200, "GET", "/api/Webhook/"+id, ""); strings.Contains(body, "password") {
		t.Errorf("the webhook tells its password: %s", body)
	}
	if list := array(t, h.want(200, "GET", "/api/Webhook?type=0", "")); len(list) != 1 {
		t.Errorf("webhooks: %v", list)
	}
	h.want(200, "DELETE", "/api/Webhook/"+id, "")
	h.want(404, "DELETE", "/api/Webhook/"+id, "")
	h.want(404, "GET", "/api/Webhook/"+id, "")
	h.want(400, "POST", "/api/Webhook", `[{"name":"x","url":"ftp://x"}]`)
	h.want(400, "POST", "/api/Notification", `[{"webhook_id":"`+id+`","eventno":3}]`)
}

func TestExternalLinks(t *testing.T) {
	t.Parallel()
	h := start(t, halosim.Options{})
	id := h.create(`,"new_external_link":{"third_party_id":"ref-9","third_party_url":"https://alerts.example/9","module_id":4}`)
	h.create("")
	list := array(t, h.want(200, "GET", "/api/ExternalLink?third_party_id=ref-9", ""))
	if len(list) != 1 || list[0].(map[string]any)["halo_id"] != float64(id) {
		t.Errorf("links: %v", list)
	}
	if list := array(t, h.want(200, "GET", "/api/ExternalLink?third_party_id=ref-8", "")); len(list) != 0 {
		t.Errorf("links: %v", list)
	}
}
