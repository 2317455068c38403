package halosim_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/halert/halert/internal/halosim"
)

// smallSeed is the least that a seed file can hold.
const smallSeed = `{
  "clients": [{"id": 3, "name": "Tailspin", "sites": [{"id": 4, "name": "Main"}]}],
  "slas": [{"id": 1, "name": "S", "priorities": [{"priorityid": 1, "name": "P"}]}],
  "statuses": [{"id": 1, "name": "New"}, {"id": 9, "name": "Closed", "closes": true}],
  "agents": [{"id": 1, "name": "A"}],
  "ticket_types": [{"id": 5, "name": "T", "default_sla": 1, "default_priority": 1, "initial_status": 1, "reopenedstatus": 1}]
}`

func TestReadSeed(t *testing.T) {
	t.Parallel()
	seed, err := halosim.ReadSeed(strings.NewReader(smallSeed))
	if err != nil {
		t.Fatal(err)
	}
	h := start(t, halosim.Options{Seed: seed})
	h.want(201, "POST", "/api/Tickets", `[{"summary":"x","client_id":3}]`)
	if got := h.Tickets(); len(got) != 1 || got[0].TypeID != 5 || got[0].ClientName != "Tailspin" || got[0].UserID != 0 {
		t.Errorf("tickets: %+v", got)
	}
}

func TestReadSeedErrors(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, old, new, words string }{
		{"syntax", `"agents": [`, `"agents": [[`, "line "},
		{"unknown key", `"closes": true`, `"closez": true`, `line 4: json: unknown field "closez"`},
		{"type", `"id": 9, "name"`, `"id": "9", "name"`, "line 4: json: cannot unmarshal"},
		{"cut off", "}]\n}", "}]\n", "line 7: unexpected EOF"},
		{"more", "}]\n}", "}]\n}\n{}", "line 8: something follows"},
		{"same id", `{"id": 9`, `{"id": 1`, "statuses[1]: id 1 is used by another status"},
		{"bad id", `"id": 4`, `"id": -4`, "clients[0].sites[0]: id -4 is not valid"},
		{"dangling", `"default_sla": 1`, `"default_sla": 2`, "ticket_types[0].default_sla: there is no sla 2"},
		{"priority", `"default_priority": 1`, `"default_priority": 3`, "ticket_types[0].default_priority: there is no priority of sla 1 3"},
		{"no agent", `{"id": 1, "name": "A"}`, ``, "agents: give at least one"},
		{"no site", `{"id": 4, "name": "Main"}`, ``, "clients[0].sites: give at least one"},
		{"closed notes", `"reopenedstatus": 1`, `"reopenedstatus": 1, "closed_notes": "maybe"`, `"maybe" is none of accept`},
		{"workflow", `"agents":`, `"workflows": [{"id": 1}], "agents":`, "workflows[0].steps: give at least one"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if !strings.Contains(smallSeed, test.old) {
				t.Fatalf("the seed lacks %q", test.old)
			}
			_, err := halosim.ReadSeed(strings.NewReader(strings.Replace(smallSeed, test.old, test.new, 1)))
			if err == nil || !strings.Contains(err.Error(), test.words) {
				t.Errorf("error %v lacks %q", err, test.words)
			}
		})
	}
}

// TestDefaultSeed holds what documentation and demonstrations build on.
func TestDefaultSeed(t *testing.T) {
	t.Parallel()
	clients := map[int]string{}
	users := map[string][2]int{}
	for _, c := range halosim.DefaultSeed().Clients {
		clients[c.ID] = c.Name
		for _, site := range c.Sites {
			for _, u := range site.Users {
				users[u.EmailAddress] = [2]int{c.ID, site.ID}
			}
		}
	}
	want := map[int]string{1: "Unknown", 12: "Acme Dental", 14: "Northwind Traders", 15: "Contoso", 16: "Fabrikam"}
	if diff := cmp.Diff(want, clients); diff != "" {
		t.Errorf("clients (-want +got):\n%s", diff)
	}
	for email, place := range map[string][2]int{"adele.vance@contoso.com": {15, 40}, "alex.wilber@contoso.com": {15, 40},
		"jo@fabrikam.com": {16, 50}, "sunil.perera@northwind.com": {14, 31}} {
		if users[email] != place {
			t.Errorf("%s is at %v, want %v", email, users[email], place)
		}
	}
}

func FuzzReadSeed(f *testing.F) {
	f.Add(smallSeed)
	text, err := os.ReadFile("default-seed.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(text))
	f.Fuzz(func(t *testing.T, text string) {
		seed, err := halosim.ReadSeed(strings.NewReader(text))
		if err != nil {
			return
		}
		again, err := json.Marshal(seed)
		if err != nil {
			t.Fatal(err)
		}
		got, err := halosim.ReadSeed(strings.NewReader(string(again)))
		if err != nil {
			t.Fatalf("a seed that was read can not be read again: %v", err)
		}
		if diff := cmp.Diff(seed, got, cmp.Transformer("empty", func(s string) string { return strings.ToValidUTF8(s, "�") })); diff != "" {
			t.Fatalf("(-first +again):\n%s", diff)
		}
		halosim.New(halosim.Options{Seed: seed})
	})
}

// FuzzWrites sends bodies to the endpoints that take foreign bytes: none may
// break the simulator, and the tickets must stay readable.
func FuzzWrites(f *testing.F) {
	f.Add("/api/Tickets", oneTicket)
	f.Add("/api/Tickets", `[{"id":2001,"status_id":"9"},{"SUMMARY":1,"userlookup":{"id":161}}]`)
	f.Add("/api/Actions", `{"ticket_id":2001,"outcome":"closed","note_html":"<p"}`)
	f.Add("/api/Users", `[{"name":"x","site_id":40}]`)
	f.Add("/api/Client", "\xef\xbb\xbf[{\"name\":\"x\"}]")
	f.Fuzz(func(t *testing.T, path, body string) {
		inBubble(t, halosim.Options{}, func(s *halosim.Sim, call recordCall) {
			call("POST", "/api/Tickets", oneTicket)
			for _, known := range []string{"/api/Tickets", "/api/Actions", "/api/Users", "/api/Client", "/api/Site"} {
				if path == known {
					if w := call("POST", path, body); w.Code >= 500 {
						t.Fatalf("status %d", w.Code)
					}
				}
			}
			if w := call("GET", "/api/Tickets", ""); w.Code != 200 || !json.Valid(w.Body.Bytes()) {
				t.Fatalf("list: %d %s", w.Code, w.Body)
			}
		})
	})
}
