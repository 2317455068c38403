package generic_test

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/halert/halert/internal/alert"
	"github.com/halert/halert/internal/source/generic"
)

func parse(t *testing.T, m generic.Mapping, body string) []alert.Event {
	t.Helper()
	p := generic.New(m)
	stored, err := p.Prepare([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	msg, err := p.Parse(stored)
	if err != nil {
		t.Fatal(err)
	}
	return msg.Events
}

func TestParse(t *testing.T) {
	t.Parallel()
	mapped := generic.Mapping{
		List: "data.items", Tenant: "org.name", Title: "what", Severity: "rank", Kind: "check.name", ID: "uid",
		Status: "phase", Resolved: []string{"gone"}, User: "who.mail", Device: "on.0", URL: "more", Message: "long",
	}
	for _, tt := range []struct {
		name string
		m    generic.Mapping
		body string
		want []alert.Event
	}{
		{
			"usual names", generic.Mapping{},
			`{"id": 7, "customer": "Wingtip", "subject": "Backup failed 3 times", "priority": "High", "host": "SRV-01", "status": "open",
			  "description": "No space\u0000 left", "url": "https://backup.msp.example/7", "timestamp": "2026-09-14T07:00:00+02:00", "extra": {"a": [1, 2]}}`,
			[]alert.Event{{
				Action: alert.Trigger, Topic: alert.Topic{Kind: "backup failed # times", Title: "Backup failed 3 times"},
				Tenant: alert.NewTenant("", "wingtip"), Fingerprint: "7", Severity: alert.Error,
				OccurredAt: time.Date(2026, 9, 14, 5, 0, 0, 0, time.UTC),
				Finding: alert.Finding{
					Title: "Backup failed 3 times", Device: "SRV-01",
					Links: []alert.Link{{Text: "Open", URL: "https://backup.msp.example/7"}},
					Fields: []alert.Field{
						{Name: "Message", Value: "No space left"}, {Name: "id", Value: "7"}, {Name: "customer", Value: "Wingtip"},
						{Name: "priority", Value: "High"}, {Name: "host", Value: "SRV-01"}, {Name: "status", Value: "open"},
						{Name: "url", Value: "https://backup.msp.example/7"}, {Name: "timestamp", Value: "2026-09-14T07:00:00+02:00"},
						{Name: "extra", Value: "a: 1, 2"},
					},
				},
			}},
		},
		{
			"a mapping", mapped,
			`{"data": {"items": [{"org": {"name": "C4E1F0AA-6B1D-4F7E-9A35-1D2B7F60E801"}, "what": "Job late", "rank": "P1", "check": {"name": "Nightly"},
			  "uid": "u1", "phase": "GONE", "who": {"mail": "noor@wingtip.example"}, "on": ["PC-01"], "more": "javascript:x", "long": "Job late"}]}}`,
			[]alert.Event{{
				Action: alert.Resolve, Topic: alert.Topic{Kind: "nightly", Title: "Nightly"},
				Tenant: alert.NewTenant("c4e1f0aa-6b1d-4f7e-9a35-1d2b7f60e801", ""), Fingerprint: "u1", Severity: alert.Critical,
				Finding: alert.Finding{
					Title: "Job late", Device: "PC-01", User: alert.User{UPN: "noor@wingtip.example"},
					Fields: []alert.Field{
						{Name: "org", Value: "name: C4E1F0AA-6B1D-4F7E-9A35-1D2B7F60E801"}, {Name: "rank", Value: "P1"},
						{Name: "check", Value: "name: Nightly"}, {Name: "uid", Value: "u1"}, {Name: "phase", Value: "GONE"},
						{Name: "who", Value: "mail: noor@wingtip.example"}, {Name: "on", Value: "PC-01"}, {Name: "more", Value: "javascript:x"},
					},
				},
			}},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, parse(t, tt.m, tt.body)); diff != "" {
				t.Errorf("what comes out differs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestOddBodies(t *testing.T) {
	t.Parallel()
	for body, titles := range map[string][]string{
		`{"x":1}`:                               {"Alert without a title"},
		`[{"title":"a"},"just text",{},null]`:   {"a", "just text"},
		`{"message":"only\na message"}`:         {"only a message"},
		`{"title":{"nested":1},"name":"other"}`: {"other"},
	} {
		var got []string
		for _, e := range parse(t, generic.Mapping{}, body) {
			got = append(got, e.Finding.Title)
		}
		if diff := cmp.Diff(titles, got); diff != "" {
			t.Errorf("%s: %s", body, diff)
		}
	}
	p := generic.New(generic.Mapping{List: "alerts"})
	for _, body := range []string{`{"alerts":7}`, `{}`, `[]`, `{"alerts":[]}`, `{`} {
		if _, err := p.Parse([]byte(body)); err == nil {
			t.Errorf("%s has an alert", body)
		}
	}
	if _, err := p.Prepare([]byte(`7`)); err == nil {
		t.Error("a number is read")
	}
}

func TestIdentity(t *testing.T) {
	t.Parallel()
	fp := func(body string) string { return parse(t, generic.Mapping{}, body)[0].Fingerprint }
	if a, b := fp(`{"title":"91% full","host":"a"}`), fp(`{"title":"92% full","host":"A"}`); a != b {
		t.Errorf("a moved number makes another alert: %q, %q", a, b)
	}
	if a, b := fp(`{"title":"full","host":"a"}`), fp(`{"title":"full","host":"b"}`); a == b {
		t.Errorf("two devices are one alert: %q", a)
	}
	for word, want := range map[string]alert.Action{"Resolved": alert.Resolve, "OK": alert.Resolve, "alerting": alert.Trigger, "": alert.Trigger} {
		if got := parse(t, generic.Mapping{}, `{"title":"x","state":"`+word+`"}`)[0].Action; got != want {
			t.Errorf("state %q: %q, want %q", word, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"tenant":"w","title":"x","url":"https://a.example"}`), "", "", "")
	f.Add([]byte(`{"a":[{"b":{"c":"x"}},7]}`), "a", "b.c", "0")
	f.Fuzz(func(t *testing.T, body []byte, list, title, id string) {
		p := generic.New(generic.Mapping{List: list, Title: title, ID: id})
		stored, err := p.Prepare(body)
		if err != nil {
			return
		}
		msg, err := p.Parse(stored)
		again, err2 := p.Parse(stored)
		if (err == nil) != (err2 == nil) || cmp.Diff(msg, again) != "" {
			t.Fatal("two readings differ")
		}
		for _, e := range msg.Events {
			texts := []string{e.Topic.Kind, e.Topic.Title, e.Finding.Title, e.Fingerprint}
			for _, s := range texts {
				if s == "" {
					t.Errorf("an empty text in %+v", e)
				}
			}
			for _, x := range e.Finding.Fields {
				texts = append(texts, x.Name, x.Value)
			}
			for _, s := range append(texts, e.Tenant.ID, e.Tenant.Domain, e.Finding.Device, e.Finding.User.UPN, e.Finding.User.Name) {
				if !utf8.ValidString(s) || strings.ContainsRune(s, 0) || utf8.RuneCountInString(s) > 2000 {
					t.Errorf("text %.200q", s)
				}
			}
		}
	})
}
