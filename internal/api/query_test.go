package api

import (
	"net/url"
	"strconv"
	"testing"
	"time"

	"github.com/halert/halert/internal/httpserver"
	"github.com/halert/halert/internal/store"
)

// FuzzQuery: whatever a query says, it is either refused with a problem
// document, or within the bounds of what the route takes.
func FuzzQuery(f *testing.F) {
	for _, q := range []string{
		"", "status=firing&limit=500", "limit=501", "limit=-0", "limit=+7", "cursor=MDE5NWMwZGUtMDAwMC03MDAwLTgwMDAtMDAwMDAwMDAwMDAx",
		"cursor=e30", "held=true&held=false", "client_id=0x10", "q=%00%ff", "unknown=1", "status=",
	} {
		f.Add(q)
	}
	params := alertRoutes(&server{})[0].query
	f.Fuzz(func(t *testing.T, raw string) {
		values, err := url.ParseQuery(raw)
		if err != nil {
			return
		}
		q, err := parseQuery(values, params)
		if err != nil {
			if p, ok := err.(*httpserver.Problem); !ok || p.Status != 400 || p.Code == "" {
				t.Errorf("%q: %v", raw, err)
			}
			return
		}
		page, err := q.page()
		if err != nil {
			if p, ok := err.(*httpserver.Problem); !ok || p.Code != "invalid_cursor" {
				t.Errorf("%q: %v", raw, err)
			}
			return
		}
		if page.Limit < 2 || page.Limit > maxLimit+1 || q.number("client_id") < 0 {
			t.Errorf("%q: page %+v, client %d", raw, page, q.number("client_id"))
		}
		if status := q["status"]; status != "" && status != "firing" && status != "resolved" {
			t.Errorf("%q: status %q", raw, status)
		}
	})
}

func TestCursorRoundTrip(t *testing.T) {
	id := store.NewID()
	got, err := parseCursor(cursorOf(id))
	if err != nil || got != id {
		t.Errorf("%q became %q, %v", id, got, err)
	}
}

func TestParseExpiry(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"90d": 90 * 24 * time.Hour, "12h": 12 * time.Hour, "1h30m": 90 * time.Minute, "36500d": maxExpiry,
		"": 0, "d": 0, "0d": 0, "-1d": 0, "36501d": 0, "9223372036854775807d": 0, "1": 0, "soon": 0, "1.5d": 0, "-1h": 0, "999999999h": 0,
	} {
		got, err := parseTime(text)
		if got != want || (err == nil) != (want > 0) {
			t.Errorf("%s: %s, %v; want %s", strconv.Quote(text), got, err, want)
		}
	}
}
