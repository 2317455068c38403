package api_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/halert/halert/internal/api/apitest"
)

type page struct {
	Items []struct {
		ID, Title, Reference string
	}
	NextCursor *string `json:"next_cursor"`
}

func TestPages(t *testing.T) {
	w := apitest.New(t, start())
	for i := range 7 {
		w.Accept(fmt.Sprintf(`{"title":"Alert %d","tenant":"acme.example"}`, i))
	}
	w.Process()
	for _, list := range []string{"events", "alerts", "tickets", "deliveries"} {
		var sizes []int
		seen := make(map[string]bool)
		cursor := ""
		for {
			p := getJSON[page](t, w, "/api/v1/"+list+"?limit=3&cursor="+cursor)
			sizes = append(sizes, len(p.Items))
			for _, item := range p.Items {
				seen[item.ID] = true
			}
			if p.NextCursor == nil {
				t.Fatalf("%s: no next_cursor", list)
			}
			if cursor = *p.NextCursor; cursor == "" {
				break
			}
		}
		if diff := cmp.Diff([]int{3, 3, 1}, sizes); diff != "" || len(seen) != 7 {
			t.Errorf("%s: %d of 7 seen, pages (-want +got):\n%s", list, len(seen), diff)
		}
	}
	if p := getJSON[page](t, w, "/api/v1/alerts?limit=7"); len(p.Items) != 7 || *p.NextCursor != "" {
		t.Errorf("a page that is just full has a cursor %q after %d items", *p.NextCursor, len(p.Items))
	}
	if p := getJSON[page](t, w, "/api/v1/alerts"); len(p.Items) == 0 || p.Items[0].Title != "Alert 6" {
		t.Errorf("the newest is not first: %+v", p.Items)
	}
}

func TestEmptyLists(t *testing.T) {
	w := apitest.New(t, start())
	for _, list := range []string{"events", "alerts", "tickets", "deliveries"} {
		if _, _, body := call(t, w, "GET", "/api/v1/"+list, ""); strings.TrimSpace(string(body)) != `{"items":[],"next_cursor":""}` {
			t.Errorf("%s: %s", list, body)
		}
	}
}

func TestFilters(t *testing.T) {
	w := apitest.New(t, start())
	event := w.Accept(disk)
	for _, body := range []string{backup, later, unknown} {
		w.Accept(body)
	}
	w.Process()
	w.Quarantine("?")
	w.Accept(`{}`)
	w.Deliver()
	reference := getJSON[page](t, w, "/api/v1/tickets?state=open").Items[0].Reference
	ticket := getJSON[page](t, w, "/api/v1/tickets?state=open").Items[0].ID
	for query, want := range map[string]string{
		"alerts":                             "Mailbox full, Try later, Backup refused, Disk full",
		"alerts?status=&held=":               "Mailbox full, Try later, Backup refused, Disk full",
		"alerts?status=firing":               "Mailbox full, Try later, Backup refused, Disk full",
		"alerts?status=resolved":             "",
		"alerts?held=true":                   "Mailbox full",
		"alerts?held=false":                  "Try later, Backup refused, Disk full",
		"alerts?severity=critical":           "Disk full",
		"alerts?severity=info":               "Mailbox full",
		"alerts?client_id=12":                "Try later, Backup refused, Disk full",
		"alerts?client_id=13":                "",
		"alerts?source=rmm&severity=error":   "Backup refused",
		"alerts?source=other":                "",
		"alerts?q=FULL":                      "Mailbox full, Disk full",
		"alerts?q=100%25":                    "",
		"alerts?q=nobody.example":            "Mailbox full",
		"alerts?event_id=" + event:           "Disk full",
		"alerts?ticket_id=" + ticket:         "Disk full",
		"tickets?state=pending":              "Try later, Backup refused",
		"tickets?state=open":                 "Disk full",
		"tickets?state=closed":               "",
		"tickets?client_id=12&halo_id=2818":  "Disk full",
		"tickets?reference=" + reference:     "Disk full",
		"tickets?reference=HLTNONE":          "",
		"tickets?event_id=" + event:          "Disk full",
		"deliveries?state=discarded":         "Backup refused",
		"deliveries?state=retryable":         "Try later",
		"deliveries?state=completed":         "Disk full",
		"deliveries?state=pending":           "",
		"deliveries?state=running":           "",
		"deliveries?state=retryable&limit=1": "Try later",
	} {
		var titles []string
		for _, item := range getJSON[page](t, w, "/api/v1/"+query).Items {
			titles = append(titles, item.Title)
		}
		if got := strings.Join(titles, ", "); got != want {
			t.Errorf("%s: got %q, want %q", query, got, want)
		}
	}
	for status, want := range map[string]int{"pending": 1, "processed": 4, "quarantined": 1, "": 6} {
		if got := len(getJSON[page](t, w, "/api/v1/events?status="+status).Items); got != want {
			t.Errorf("events %q: %d, want %d", status, got, want)
		}
	}
}
