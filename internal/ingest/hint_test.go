package ingest

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTicketNumberInWhateverHaloSends(t *testing.T) {
	for body, want := range map[string][]int{
		`{"id":"6f2c","event":"Closed","object_id":2818,"ticket":{"id":2818.0,"summary":"x"}}`: {2818},
		`{"ticket_id":"42","status_id":9}`:                          {42},
		`[{"ticket":{"id":1}},{"faultid":2},{"id":3},{"name":"x"}]`: {1, 2, 3},
		`{"id":"6f2c0000-0000-0000-0000-000000000000"}`:             nil,
		`{"ticket":null,"id":7}`:                                    {7},
		`{"ticket_id":-1}`:                                          nil,
		`"text"`:                                                    nil,
		`not json`:                                                  nil,
	} {
		if diff := cmp.Diff(want, ticketIDs([]byte(body))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", body, diff)
		}
	}
}

func FuzzTicketIDs(f *testing.F) {
	for _, s := range []string{`{"ticket":{"id":1}}`, `[{"id":1e300}]`, `{"id":"\u0031"}`, `[[]]`, "null"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, id := range ticketIDs(body) {
			if id < 1 {
				t.Errorf("id %d in %q", id, body)
			}
		}
	})
}
