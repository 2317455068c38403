package halo

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// collect turns an iterator into a list for comparison.
func collect[T any](t *testing.T, seq func(func(T, error) bool)) []T {
	t.Helper()
	var out []T
	for item, err := range seq {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, item)
	}
	return out
}

// readTest is a read: where it goes and what it makes of an answer in the
// shape that Halo gives.
type readTest struct {
	path, query, answer string
	call                func(*Client) any
	want                any
}

// must returns a function that fails the test on an error.
func must(t *testing.T) func(any, error) any {
	return func(v any, err error) any {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func (tt readTest) run(t *testing.T) {
	f, c := newFake(t, answerWith(200, tt.answer))
	if diff := cmp.Diff(tt.want, tt.call(c)); diff != "" {
		t.Errorf("%s: %s", tt.path, diff)
	}
	sent := f.seen("/base/api" + tt.path)
	if len(sent) != 1 || sent[0].Method != http.MethodGet || sent[0].Body != "" {
		t.Fatalf("%s: requests %+v", tt.path, sent)
	}
	if query, _ := url.QueryUnescape(sent[0].Query); query != tt.query {
		t.Errorf("%s: query %s, want %s", tt.path, query, tt.query)
	}
}

func TestReadCustomers(t *testing.T) {
	const paging = "&page_no=1&page_size=100&pageinate=true"
	for _, tt := range []readTest{
		{"/Client", "includeinactive=false" + paging + "&search=ac", `{"page_no":1,"record_count":1,"clients":[{"id":12,"name":"Acme","toplevel_id":1,"toplevel_name":"MSP","inactive":false}]}`,
			func(c *Client) any { return collect(t, c.Clients(t.Context(), ClientQuery{Search: "ac"})) },
			[]Customer{{ID: 12, Name: "Acme", TopLevelID: 1, TopLevelName: "MSP"}}},
		{"/Site", "client_id=12&includeinactive=true" + paging, `{"record_count":1,"sites":[{"id":18,"name":"Main","client_id":12.0,"client_name":"Acme","inactive":true}]}`,
			func(c *Client) any {
				return collect(t, c.Sites(t.Context(), SiteQuery{ClientID: 12, IncludeInactive: true}))
			},
			[]Site{{ID: 18, Name: "Main", ClientID: 12, ClientName: "Acme", Inactive: true}}},
		{"/Users", `advanced_search=[{"filter_name":"azureoid","filter_type":2,"filter_value":"o-1"}]&client_id=12&includeinactive=false` + paging + "&search=jo",
			`{"record_count":1,"users":[{"id":33,"name":"Jo","site_id":18.0,"client_id":12,"emailaddress":"Jo@x.example","email2":"j2@x.example","emailaddress3":"j3@x.example","networklogin":"X\\jo","login":"jo","samaccountname":"jo1","azureoid":"o-1","aaduserid":null,"azure_id":"o-2","alias":"a; b,","aliases":["c"]}]}`,
			func(c *Client) any {
				return collect(t, c.Users(t.Context(), UserQuery{ClientID: 12, Search: "jo", AdvancedSearch: []Filter{{"azureoid", 2, "o-1"}}}))
			},
			[]User{{ID: 33, Name: "Jo", SiteID: 18, ClientID: 12, Email: "Jo@x.example", Email2: "j2@x.example", Email3: "j3@x.example",
				NetworkLogin: `X\jo`, Login: "jo", SAMAccountName: "jo1", AzureOID: "o-1", AADUserID: "o-2", Aliases: []string{"a", "b", "c"}}}},
		{"/Asset", "client_id=12&includeinactive=false" + paging + "&search=srv", `{"record_count":1,"assets":[{"id":8,"inventory_number":"INV8","key_field":"srv1","key_field2":"sn","client_id":12,"site_id":18,"assettype_id":4,"assettype_name":"Server","third_party_id":77}]}`,
			func(c *Client) any { return collect(t, c.Assets(t.Context(), AssetQuery{ClientID: 12, Search: "srv"})) },
			[]Asset{{ID: 8, InventoryNumber: "INV8", KeyField: "srv1", KeyField2: "sn", ClientID: 12, SiteID: 18, TypeID: 4, TypeName: "Server", ThirdPartyID: "77"}}},
	} {
		tt.run(t)
	}
}

func TestReadTicketConfig(t *testing.T) {
	for _, tt := range []readTest{
		{"/TicketType", "showall=true", `[{"id":31,"name":"Alert","default_sla":2},{"id":32,"sla":"3","workflow_id":-1}]`,
			func(c *Client) any { return must(t)(c.TicketTypes(t.Context())) },
			[]TicketType{{ID: 31, Name: "Alert", SLAID: 2}, {ID: 32, SLAID: 3}}},
		{"/TicketType/31", "includedetails=true", `{"id":31,"name":"Alert","default_sla":-1,"default_priority":3,"workflow_id":5,"default_team":"NOC","initial_status":1}`,
			func(c *Client) any { return must(t)(c.TicketType(t.Context(), 31)) },
			TicketType{ID: 31, Name: "Alert", DefaultPriority: 3, WorkflowID: 5, DefaultTeam: "NOC", InitialStatus: 1}},
		{"/Status", "showall=true", `[{"id":9,"name":"Closed","shortname":"Closed","type":3,"slaaction":"R"}]`,
			func(c *Client) any { return must(t)(c.Statuses(t.Context())) },
			[]Status{{ID: 9, Name: "Closed", ShortName: "Closed", Type: 3, SLAAction: "R"}}},
		{"/Priority", "slaid=2", `[{"id":"7d0c1f5e-0000-4000-8000-000000000001","priorityid":3,"slaid":2,"name":"Medium","ishidden":true}]`,
			func(c *Client) any { return must(t)(c.Priorities(t.Context(), 2)) },
			[]Priority{{ID: 3, GUID: "7d0c1f5e-0000-4000-8000-000000000001", SLAID: 2, Name: "Medium", Hidden: true}}},
		{"/SLA/2", "includedetails=true", `{"id":2,"name":"Gold","priorities":[{"id":"g-1","priorityid":1,"name":"High"},4,"5","g-2"]}`,
			func(c *Client) any { return must(t)(c.SLA(t.Context(), 2)) },
			SLA{ID: 2, Name: "Gold", Priorities: []Priority{{ID: 1, GUID: "g-1", Name: "High"}, {ID: 4}, {ID: 5}, {GUID: "g-2"}}}},
		{"/Workflow/5", "includedetails=true", `{"Workflow":[{"id":5,"name":"Flow","steps":[{"id":1,"name":"Start","actions":[{"action_id":7},{"action_id":"8"}]},{"id":2,"actions":null}],"always_allow_actions":[{"id":11}]}]}`,
			func(c *Client) any { return must(t)(c.Workflow(t.Context(), 5)) },
			Workflow{ID: 5, Name: "Flow", Steps: []WorkflowStep{{ID: 1, Name: "Start", Outcomes: []int{7, 8}}, {ID: 2}}, AlwaysAllowed: []int{11}}},
		{"/Outcome", "", `[{"id":7,"outcome":"Internal Note","buttonname":"Note","newstatus":-1,"hidden":false,"systemid":2}]`,
			func(c *Client) any { return must(t)(c.Outcomes(t.Context())) },
			[]Outcome{{ID: 7, Name: "Internal Note", Button: "Note", NewStatus: -1, SystemID: 2}}},
	} {
		tt.run(t)
	}
}

func TestReadDirectory(t *testing.T) {
	for _, tt := range []readTest{
		{"/Team", "", `[{"id":2,"name":"NOC","inactive":true}]`,
			func(c *Client) any { return must(t)(c.Teams(t.Context())) }, []Team{{ID: 2, Name: "NOC", Inactive: true}}},
		{"/Agent", "", `{"agents":[{"id":4,"name":"Bot","email":"b@x.example","team":"NOC","isdisabled":true,"isapiagent":true}]}`,
			func(c *Client) any { return must(t)(c.Agents(t.Context())) },
			[]Agent{{ID: 4, Name: "Bot", Email: "b@x.example", Team: "NOC", Disabled: true, API: true}}},
		{"/Agent/me", "", `{"id":4,"name":"Bot"}`, func(c *Client) any { return must(t)(c.AgentMe(t.Context())) }, Agent{ID: 4, Name: "Bot"}},
		{"/Category", "type_id=1", `[{"id":6,"value":"A>B","category_name":"B","type_id":1,"sla_id":2,"priority_id":3}]`,
			func(c *Client) any { return must(t)(c.Categories(t.Context(), 1)) },
			[]Category{{ID: 6, Path: "A>B", Name: "B", TypeID: 1, SLAID: 2, PriorityID: 3}}},
		{"/Lookup", "lookupid=22", `[{"id":0,"name":"Email"},{"id":-3,"name":"Portal","value2":"x","inactive":true}]`,
			func(c *Client) any { return must(t)(c.Lookup(t.Context(), LookupRequestSource)) },
			[]LookupValue{{Name: "Email"}, {ID: -3, Name: "Portal", Value2: "x", Inactive: true}}},
		{"/FieldInfo", "includevalues=true", `[{"id":152,"name":"CFref","label":"Reference","type":0,"inputtype":1,"usage":1,"table_id":0,"mandatory":true,"values":[{"id":1,"name":"one"}]}]`,
			func(c *Client) any { return must(t)(c.FieldInfo(t.Context())) },
			[]FieldInfo{{ID: 152, Name: "CFref", Label: "Reference", InputType: 1, Usage: 1, Mandatory: true, Values: []LookupValue{{ID: 1, Name: "one"}}}}},
		{"/azureadconnection", "type=2", `[{"id":1,"name":"Entra"}]`,
			func(c *Client) any { return must(t)(c.AzureADConnections(t.Context())) }, []AzureADConnection{{ID: 1, Name: "Entra"}}},
		{"/azureadconnection/1", "includedetails=true&includetenants=true&type=2", `{"id":1,"name":"Entra","mappings_client":[{"client_id":12.0,"client_name":"Acme","azure_tenant_id":"t-1"}]}`,
			func(c *Client) any { return must(t)(c.AzureADConnection(t.Context(), 1)) },
			AzureADConnection{ID: 1, Name: "Entra", Mappings: []AzureMapping{{ClientID: 12, ClientName: "Acme", TenantID: "t-1"}}}},
	} {
		tt.run(t)
	}
}

func TestSLAFieldOfTicketType(t *testing.T) {
	for _, name := range []string{"default_sla", "default_sla_id", "sla_id", "slaid", "sla"} {
		_, c := newFake(t, answerWith(200, `{"id":1,"`+name+`":4.0}`))
		if got, err := c.TicketType(t.Context(), 1); err != nil || got.SLAID != 4 {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func TestWorkflowAllows(t *testing.T) {
	w := Workflow{Steps: []WorkflowStep{{Outcomes: []int{3}}, {Outcomes: []int{4, 7}}}, AlwaysAllowed: []int{9}}
	for id, want := range map[int]bool{3: true, 7: true, 9: true, 5: false, 0: false} {
		if w.Allows(id) != want {
			t.Errorf("%d: want %t", id, want)
		}
	}
}

func TestDiscover(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("/api/authinfo", answerWith(200, `{"auth_url":"https://login.example/auth/","tenant_id":"acme"}`))
	mux.HandleFunc("/moved/api/authinfo", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/api/authinfo", 302) })
	root := httptest.NewServer(mux)
	defer root.Close()
	sub := http.NewServeMux()
	sub.HandleFunc("/", answerWith(200, "<html>a page for every address</html>"))
	sub.HandleFunc("/desk/api/authinfo", answerWith(200, `{"auth_url":"auth","tenant_id":null,"x":1}`))
	below := httptest.NewServer(sub)
	defer below.Close()

	acme := AuthInfo{ResourceURL: root.URL + "/api", AuthURL: "https://login.example/auth", Tenant: "acme"}
	desk := AuthInfo{ResourceURL: below.URL + "/desk/api", AuthURL: below.URL + "/desk/auth"}
	for address, want := range map[string]AuthInfo{
		root.URL: acme, root.URL + "/": acme, " " + root.URL + "/config/integrations/api?x=1#y": acme,
		root.URL + "/api": acme, root.URL + "/tickets?id=5": acme, below.URL + "/desk/tickets?id=5": desk, below.URL + "/desk/api": desk,
	} {
		got, err := Discover(t.Context(), nil, address)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v %s", address, err, diff)
		}
	}
	moved, err := parseAuthInfo([]byte(`{"tenant_id":"t"}`), &url.URL{Scheme: "https", Host: "new.example", Path: "/api/authinfo", RawQuery: "q"})
	if diff := cmp.Diff(AuthInfo{"https://new.example/api", "https://new.example/auth", "t"}, moved); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
	if bases, err := discoverBases("acme.halopsa.com"); err != nil || !cmp.Equal(bases, []string{"https://acme.halopsa.com"}) {
		t.Errorf("a bare host: %v, %v", bases, err)
	}
	for address, want := range map[string]string{
		"": "not a web address", "ftp://x": "not a web address", "https://": "not a web address",
		below.URL + "/other": "unreadable", "http://127.0.0.1:1": "network",
	} {
		if _, err := Discover(t.Context(), nil, address); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", address, err, want)
		}
	}
	for _, text := range []string{`{}`, `[]`, `{"auth_url":"javascript:x"}`, `{"auth_url":"http://"}`} {
		if got, err := parseAuthInfo([]byte(text), &url.URL{Scheme: "https", Host: "h", Path: "/api/authinfo"}); err == nil {
			t.Errorf("%s was read as %+v", text, got)
		}
	}
}
