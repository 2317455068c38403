package alertmanager_test

import (
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/halert/halert/internal/alert"
	"github.com/halert/halert/internal/source/alertmanager"
)

var update = flag.Bool("update", false, "write the golden file anew")

func parse(t *testing.T, body []byte) alert.Message {
	t.Helper()
	p := alertmanager.New()
	stored, err := p.Prepare(body)
	if err != nil {
		t.Fatal(err)
	}
	msg, err := p.Parse(stored)
	if err != nil {
		t.Fatal(err)
	}
	return msg
}

func TestGolden(t *testing.T) {
	t.Parallel()
	body, err := os.ReadFile("testdata/two-tenants.json")
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.MarshalIndent(parse(t, body), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	const golden = "testdata/two-tenants.golden"
	if *update {
		if err := os.WriteFile(golden, append(got, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.TrimSpace(string(want)), string(got)); diff != "" {
		t.Errorf("what comes out differs (-want +got):\n%s", diff)
	}
}

func one(t *testing.T, a string) alert.Event {
	t.Helper()
	msg := parse(t, []byte(`{"alerts":[`+a+`]}`))
	if len(msg.Events) != 1 {
		t.Fatalf("%d events", len(msg.Events))
	}
	return msg.Events[0]
}

func TestIdentity(t *testing.T) {
	t.Parallel()
	a := one(t, `{"labels":{"alertname":"Up","job":"x","tenant":"w"},"annotations":{"summary":"7 down"}}`)
	b := one(t, `{"status":"resolved","labels":{"job":"x","tenant":"w","alertname":"Up"},"annotations":{"summary":"0 down"},"startsAt":"2026-09-14T07:00:00Z"}`)
	c := one(t, `{"labels":{"alertname":"Up","job":"y","tenant":"w"}}`)
	d := one(t, `{"labels":{"alertname":"Up","job":"y","tenant":"w"},"fingerprint":"abc"}`)
	if a.Fingerprint != b.Fingerprint || a.Fingerprint == c.Fingerprint || d.Fingerprint != "abc" {
		t.Errorf("fingerprints %q, %q, %q, %q", a.Fingerprint, b.Fingerprint, c.Fingerprint, d.Fingerprint)
	}
	if a.Action != alert.Trigger || b.Action != alert.Resolve || a.Topic.Kind != "up" || a.Severity != alert.Warning {
		t.Errorf("%+v and %+v", a, b)
	}
}

func TestStatusOfTheNotification(t *testing.T) {
	t.Parallel()
	msg := parse(t, []byte(`{"status":"resolved","alerts":[{"labels":{"alertname":"A"}}]}`))
	if msg.Events[0].Action != alert.Resolve {
		t.Error("an alert without a status does not take that of its notification")
	}
}

func TestRefuses(t *testing.T) {
	t.Parallel()
	p := alertmanager.New()
	for _, body := range []string{`{}`, `[]`, `{"alerts":{}}`, `{"alerts":null}`, `{"alerts":`, `"alerts"`} {
		if _, err := p.Prepare([]byte(body)); err == nil {
			t.Errorf("%s is read", body)
		}
	}
	for _, body := range []string{`{"alerts":[]}`, `{"alerts":[1]}`, `{}`, `{`} {
		if _, err := p.Parse([]byte(body)); err == nil {
			t.Errorf("%s has an alert", body)
		}
	}
}

func FuzzParse(f *testing.F) {
	body, err := os.ReadFile("testdata/two-tenants.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(body)
	f.Add([]byte("\uFEFF" + `{"alerts":[{"labels":{"alertname":"\u0000","tenant":["x"]},"annotations":7}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		p := alertmanager.New()
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
			for _, l := range e.Finding.Links {
				texts = append(texts, l.Text, l.URL)
				if !strings.HasPrefix(l.URL, "http") {
					t.Errorf("link %q", l.URL)
				}
			}
			for _, s := range append(texts, e.Tenant.ID, e.Tenant.Domain, e.Finding.Device) {
				if !utf8.ValidString(s) || strings.ContainsRune(s, 0) || utf8.RuneCountInString(s) > 2000 {
					t.Errorf("text %.200q", s)
				}
			}
		}
	})
}
