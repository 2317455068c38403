package config

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/halert/halert/internal/alert"
)

// lookup knows the given variables and files.
func lookup(env, files map[string]string) Lookup {
	return Lookup{
		Env: func(name string) (string, bool) { v, ok := env[name]; return v, ok },
		ReadFile: func(path string) ([]byte, error) {
			if data, ok := files[path]; ok {
				return []byte(data), nil
			}
			return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
		},
	}
}

func ptr(v int) *int { return &v }

const full = `
halo:
  resource_url: https://msp.example/api/
  auth_url: http://127.0.0.1:8485/auth
  tenant: 4711
  client_id: 3f0c
  client_secret: ${HALO_CLIENT_SECRET}
  ticket_type: https://msp.example/config/tickets/tickettype?id=21&tab=2
  priority: 3
  request_source: -22
  note_outcome: 8
  closed_status: 9
  consolidate: false
  link_users: true
  link_assets: true
  adopt_cipp: true
  snooze_links: true
  rate_limit: 700/1h30m
retention: {bodies: 7d, history: 90d}
unmapped: {client: 12, site: 5}
own_alerts: {client: 15, site: 6}
customers:
  - {client: 12, name: Harbour Dental, tenants: [0aa0a1a2-0001-4000-8000-000000000001, Harbour.onmicrosoft.com, harbour.ONMICROSOFT.com]}
  - {client: 14, site: 31, name: "Nord: Wind", tenants: [nordwind.example]}
  - client: 15
    tenants: []
sources:
  - {name: cipp, kind: cipp, secret: ${CIPP_SECRET}, url: "https://cipp.example/", silent_after: 36h, silent_tenants_after: 7d}
  - {name: prometheus, kind: alertmanager, secret: ${file:/run/secrets/am, prod}}
  - name: rmm
    kind: generic
    fields: {list: alerts, title: event.title, message: event.text}
notify:
  email: {server: "mail.msp.example:587", from: halert@msp.example, to: [noc@msp.example, oncall@msp.example], username: halert, password: ${SMTP_PASSWORD}}
  webhook: {url: "https://hooks.example/in?key=4#now", secret: third}
  stuck_after: 20m
`

func fullConfig() *Config {
	return &Config{
		Retention: Retention{Bodies: 7 * day, History: 90 * day},
		Halo: Halo{
			ResourceURL: "https://msp.example/api", AuthURL: "http://127.0.0.1:8485/auth", Tenant: "4711",
			ClientID: "3f0c", ClientSecret: "p:{w}, #1", TicketType: 21, Priority: ptr(3), RequestSource: ptr(-22),
			NoteOutcome: 8, ClosedStatus: ptr(9), LinkUsers: true, LinkAssets: true, AdoptCIPP: true, SnoozeLinks: true, RateLimit: Rate{700, 90 * time.Minute},
		},
		Unmapped: Unmapped{ClientID: 12, SiteID: 5},
		Own:      Own{ClientID: 15, SiteID: 6},
		Customers: []alert.Customer{
			{ClientID: 12, Name: "Harbour Dental", Tenants: []string{"0aa0a1a2-0001-4000-8000-000000000001", "Harbour.onmicrosoft.com"}},
			{ClientID: 14, SiteID: 31, Name: "Nord: Wind", Tenants: []string{"nordwind.example"}},
			{ClientID: 15},
		},
		Sources: []Source{
			{Name: "cipp", Kind: KindCIPP, Secret: "first", URL: "https://cipp.example", SilentAfter: 36 * time.Hour, SilentTenantsAfter: 7 * day},
			{Name: "prometheus", Kind: KindAlertmanager, Secret: "second"},
			{Name: "rmm", Kind: KindGeneric, Fields: Fields{List: "alerts", Title: "event.title", Message: "event.text"}},
		},
		Notify: &Notify{
			Email: &Email{Server: "mail.msp.example:587", From: "halert@msp.example", To: []string{"noc@msp.example", "oncall@msp.example"},
				Username: "halert", Password: "fourth", TLS: TLSStart},
			Webhook:    &Webhook{URL: "https://hooks.example/in?key=4#now", Secret: "third"},
			StuckAfter: 20 * time.Minute,
		},
	}
}

func fullLookup() Lookup {
	return lookup(
		map[string]string{"HALO_CLIENT_SECRET": "p:{w}, #1", "CIPP_SECRET": "first", "SMTP_PASSWORD": "fourth"},
		map[string]string{"/run/secrets/am, prod": "second\r\n"},
	)
}

func mustParse(t *testing.T, src string, l Lookup) *Config {
	t.Helper()
	c, err := Parse("halert.yaml", []byte(src), l)
	if err != nil {
		t.Fatalf("Parse:\n%v\nof:\n%s", err, src)
	}
	return c
}

func TestParse(t *testing.T) {
	t.Parallel()
	got := mustParse(t, full, fullLookup())
	if diff := cmp.Diff(fullConfig(), got); diff != "" {
		t.Errorf("configuration (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"sources.rmm.secret"}, got.MissingSecrets()); diff != "" {
		t.Errorf("missing secrets (-want +got):\n%s", diff)
	}
	directory, err := got.Directory()
	if err != nil {
		t.Fatal(err)
	}
	if c, _, ok := directory.Find(alert.NewTenant("", "HARBOUR.onmicrosoft.com"), nil); !ok || c.ClientID != 12 {
		t.Errorf("Find = %+v, %v; want client 12", c, ok)
	}
	crlf := mustParse(t, "\uFEFF"+strings.ReplaceAll(full, "\n", "\r\n"), fullLookup())
	if diff := cmp.Diff(got, crlf); diff != "" {
		t.Errorf("with byte order mark and CRLF (-want +got):\n%s", diff)
	}
}

const minimal = `halo: {resource_url: https://h.example/api, auth_url: https://h.example/auth, client_id: id, ticket_type: 4}
`

func TestDefaults(t *testing.T) {
	t.Parallel()
	got := mustParse(t, minimal+"unmapped:\nsources:\n", Lookup{})
	want := &Config{Halo: Halo{
		ResourceURL: "https://h.example/api", AuthURL: "https://h.example/auth", ClientID: "id", TicketType: 4,
		NoteOutcome: 7, Consolidate: true, RateLimit: Rate{300, 5 * time.Minute},
	}, Retention: Retention{Bodies: 30 * day, History: 400 * day}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("configuration (-want +got):\n%s", diff)
	}
	if !got.Unmapped.Hold() {
		t.Error("Hold() = false; want unmapped alerts held")
	}
	if diff := cmp.Diff([]string{"halo.client_secret"}, got.MissingSecrets()); diff != "" {
		t.Errorf("missing secrets (-want +got):\n%s", diff)
	}
}

func TestTicketType(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{
		`21`: 21, `"21"`: 21, `${TYPE}`: 33, `"${TYPE}"`: 33, `'1${TYPE}'`: 133,
		`tickettype?id=5`: 5, `…/tickettype?id=6`: 6, `https://x.example/config/tickets/tickettype?id=7&tab=a`: 7,
		`https://x.example/config/tickets/TicketType/?area=2&id=8#top`: 8,
	} {
		src := strings.Replace(minimal, "ticket_type: 4", "ticket_type: "+text, 1)
		got := mustParse(t, src, lookup(map[string]string{"TYPE": "33"}, nil))
		if got.Halo.TicketType != want {
			t.Errorf("ticket_type: %s is %d; want %d", text, got.Halo.TicketType, want)
		}
	}
}

func TestRateString(t *testing.T) {
	t.Parallel()
	for want, r := range map[string]Rate{
		"300/5m": {300, 5 * time.Minute}, "1/1h": {1, time.Hour}, "7/1m30s": {7, 90 * time.Second},
		"2/24h": {2, 24 * time.Hour}, "9/10s": {9, 10 * time.Second}, "4/1h10m": {4, 70 * time.Minute}, "5/10m": {5, 10 * time.Minute},
	} {
		if got := r.String(); got != want {
			t.Errorf("%#v is %q; want %q", r, got, want)
		}
	}
}

// What a reference stands for is never YAML, whatever it holds.
func TestReferencesAddNoStructure(t *testing.T) {
	t.Parallel()
	for _, value := range []string{
		"a: b", "- x", "x, name: y}", "}", "]", "# not a comment", "'", `"`, `\`, "&a *b !c", "${HOME}", "$${HOME}",
		"null", "~", "true", "12", "{}", "|", ">-", "---", "${file:/etc/passwd}", "$", "a: 'b", "wäö 🙂", "a\u2028b", "@", "%",
	} {
		env := lookup(map[string]string{"V": value}, map[string]string{"/f": value + "\n"})
		for _, ref := range []string{`${V}`, `"${V}"`, `'${V}'`, `${file:/f}`, `x${V}y`} {
			src := minimal + "sources:\n  - {name: a, kind: cipp, secret: " + ref + "}\n  - name: b\n    kind: cipp\n    secret: " + ref + "\n"
			want := strings.NewReplacer("${V}", value, "${file:/f}", value).Replace(strings.Trim(ref, `"'`))
			got := mustParse(t, src, env)
			for _, s := range got.Sources {
				if s.Secret.Reveal() != want {
					t.Errorf("secret: %s with %q is %q in source %s; want %q", ref, value, s.Secret.Reveal(), s.Name, want)
				}
			}
			if len(got.Sources) != 2 {
				t.Errorf("secret: %s with %q makes %d sources", ref, value, len(got.Sources))
			}
		}
	}
}

func TestLineBreaksAreRefused(t *testing.T) {
	t.Parallel()
	for _, value := range []string{"a\nsources: []", "a\n  - b", "a\x00b", "a\r\nb: c", "a\uFDD0b", "a\xffb"} {
		src := minimal + "customers:\n  - {client: 3, name: ${V}}\n"
		_, err := Parse("f.yaml", []byte(src), lookup(map[string]string{"V": value}, nil))
		want := "f.yaml:3:23: customers[0].name: holds a line break or another character that is not text; give it as one line"
		if err == nil || err.Error() != want {
			t.Errorf("name from %q: error %v; want %s", value, err, want)
		}
	}
}

func TestLiteralDollar(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`a$b`: "a$b", `$$`: "$$", `$${X}`: "${X}", `"$$${X}"`: "$${X}", `cost$`: "cost$", `$X`: "$X", `'$${'`: "${",
	} {
		got := mustParse(t, minimal+"sources: [{name: a, kind: cipp, secret: "+text+"}]", Lookup{})
		if s := got.Sources[0].Secret.Reveal(); s != want {
			t.Errorf("%s is %q; want %q", text, s, want)
		}
	}
}

func TestYAML(t *testing.T) {
	t.Parallel()
	c := fullConfig()
	c.Customers = append(c.Customers, alert.Customer{ClientID: 16, Name: `Quote " \ ${X} $${Y}: {#1}, [no]` + "\u2028\u00a0.", Tenants: []string{"null", "true", "007", "- x", "a.b"}})
	for _, v := range []struct {
		name string
		yaml []byte
		want func(*Config)
	}{
		{"without secrets", c.YAML(), func(c *Config) {
			c.Halo.ClientSecret = ""
			for i := range c.Sources {
				c.Sources[i].Secret = ""
			}
			c.Notify.Email.Password, c.Notify.Webhook.Secret = "", ""
		}},
		{"with secrets", c.YAMLWithSecrets(), func(*Config) {}},
	} {
		got := mustParse(t, string(v.yaml), Lookup{})
		want := mustParse(t, string(c.YAMLWithSecrets()), Lookup{})
		v.want(want)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s\nof:\n%s", v.name, diff, v.yaml)
		}
	}
	reread := mustParse(t, string(c.YAMLWithSecrets()), Lookup{})
	if diff := cmp.Diff(c, reread); diff != "" {
		t.Errorf("read back (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(string(c.YAML()), string(reread.YAML())); diff != "" {
		t.Errorf("written again (-first +second):\n%s", diff)
	}
	golden(t, "testdata/full.yaml", fullConfig().YAML())
}

func TestSecretIsNeverShown(t *testing.T) {
	t.Parallel()
	const word = "correct-horse"
	c := fullConfig()
	c.Halo.ClientSecret = word
	for i := range c.Sources {
		c.Sources[i].Secret = word
	}
	c.Notify.Email.Password, c.Notify.Webhook.Secret = word, word
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("json", "config", c, "secret", c.Halo.ClientSecret)
	slog.New(slog.NewTextHandler(&log, nil)).Info("text", "config", c, "secret", c.Halo.ClientSecret)
	asJSON, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	outputs := []string{log.String(), string(asJSON), string(c.YAML())}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%T %v"} {
		outputs = append(outputs, fmt.Sprintf(verb, c.Halo), fmt.Sprintf(verb, c.Sources), fmt.Sprintf(verb, *c.Notify.Email), fmt.Sprintf(verb, *c.Notify.Webhook), fmt.Sprintf(verb, *c), fmt.Sprintf(verb, c.Halo.ClientSecret))
	}
	for _, out := range outputs {
		if strings.Contains(out, word) || strings.Contains(out, fmt.Sprintf("%x", word)) {
			t.Errorf("the secret shows in: %s", out)
		}
	}
	if got := c.Halo.ClientSecret.Reveal(); got != word {
		t.Errorf("Reveal() = %q", got)
	}
}

func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got); run with -update if it is meant:\n%s", path, diff)
	}
}

func TestRetention(t *testing.T) {
	t.Parallel()
	got := mustParse(t, minimal+"retention: {history: 60d}\n", Lookup{})
	if diff := cmp.Diff(Retention{Bodies: 30 * day, History: 60 * day}, got.Retention); diff != "" {
		t.Errorf("one key given (-want +got):\n%s", diff)
	}
	for _, bad := range []string{"{bodies: 30}", "{bodies: 0d}", "{bodies: -1d}", "{history: 12h}", "{history: 36501d}", "{bodies: 20d, history: 10d}", "{history: 20d}", "{body: 1d}", "5d"} {
		if _, err := Parse("halert.yaml", []byte(minimal+"retention: "+bad+"\n"), Lookup{}); err == nil {
			t.Errorf("retention: %s was taken", bad)
		} else if !strings.Contains(err.Error(), "halert.yaml:2:") {
			t.Errorf("retention: %s: the error does not name the line: %v", bad, err)
		}
	}
}
