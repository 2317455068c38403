package app

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/halert/halert/internal/api"
	"github.com/halert/halert/internal/config"
	"github.com/halert/halert/internal/rehearse"
)

const otherTeam = base + `
routes:
  - {name: mfa, match: ['text=~(?s).*adele.*'], ticket: {team: Security}}
  - {name: rest, drop: true}
`

func (p *program) rehearse(query, draft string) (int, rehearse.Rehearsal, string) {
	p.t.Helper()
	status, _, body := p.do(request{path: "/api/v1/rehearse" + query, body: draft, header: map[string]string{"Authorization": "Bearer " + apiToken}})
	var out rehearse.Rehearsal
	if status == http.StatusOK {
		if err := json.Unmarshal(body, &out); err != nil {
			p.t.Fatal(err)
		}
	}
	return status, out, string(body)
}

func TestRehearseADraft(t *testing.T) {
	p := start(t, base)
	draft := strings.ReplaceAll(otherTeam, "%[1]s", p.halo.URL)
	ours := p.delivered(p.cipp(mfa(contosoID, "contoso.onmicrosoft.com", "adele.vance@contoso.com")))
	p.delivered(p.cipp(mfa("", "northwind.com", "megan.bowen@northwind.com")))
	before := p.sim.Tickets()
	status, got, body := p.rehearse("?since=1d&file=new.yaml", draft)
	if status != http.StatusOK || !got.Complete || got.Bodies != 2 || got.InForce.Tickets != 2 || got.Draft.Tickets != 1 || got.Draft.Quiet != 1 || got.Change != 1 || got.Go != 1 {
		t.Fatalf("%d %s; want one ticket that changes and one that goes", status, body)
	}
	if d := got.Changes[0].Differences; len(d) != 1 || d[0] != (rehearse.Difference{Name: "team", Draft: "Security"}) || got.Changes[1].Why != "quiet: dropped by the route rest" {
		t.Errorf("%+v", got.Changes)
	}
	if after := p.sim.Tickets(); len(after) != len(before) {
		t.Errorf("Halo has %d tickets, and had %d before", len(after), len(before))
	}
	if status, same, body := p.rehearse("", strings.ReplaceAll(base, "%[1]s", p.halo.URL)); status != http.StatusOK || same.Same != 2 || len(same.Changes) != 0 {
		t.Errorf("the same rules: %d %s", status, body)
	}
	var x api.Explanation
	if _, _, body := p.do(request{method: "GET", path: "/api/v1/alerts/" + ours.Alerts[0].ID + "/explain", header: map[string]string{"Authorization": "Bearer " + apiToken}}); json.Unmarshal(body, &x) != nil ||
		x.Decision.FoundBy != "id" || x.Decision.TenantName != contosoID || x.Decision.Group == "" {
		t.Errorf("explained: %+v", x.Decision)
	}
	for name, tt := range map[string]struct {
		query, draft, code string
		status             int
	}{
		"a wrong time":      {"?since=soon", draft, "invalid_parameter", 400},
		"more than is kept": {"?since=31d", draft, "since_too_long", 422},
		"a wrong draft":     {"", "routes: [{name: x, match: [kin=y]}]", "invalid_config", 422},
	} {
		if status, _, body := p.rehearse(tt.query, tt.draft); status != tt.status || !strings.Contains(body, `"`+tt.code+`"`) {
			t.Errorf("%s: %d %s, want %d %s", name, status, body, tt.status, tt.code)
		}
	}
}

func TestRehearseBeforeAnythingIsConfigured(t *testing.T) {
	p := start(t, "")
	if status, _, body := p.rehearse("", strings.ReplaceAll(base, "%[1]s", p.halo.URL)); status != http.StatusConflict || !strings.Contains(body, "nothing_configured") {
		t.Errorf("%d %s", status, body)
	}
}

// A rehearsal is bounded, alone, and ends with its caller.
func TestBoundsOfARehearsal(t *testing.T) {
	p := start(t, base)
	for _, user := range []string{"a", "b", "c"} {
		p.delivered(p.cipp(mfa(contosoID, "contoso.onmicrosoft.com", user+"@contoso.com")))
	}
	s := p.app.settings
	draft := strings.ReplaceAll(base, "%[1]s", p.halo.URL)
	current, err := s.current(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	now := s.now()
	for limit, complete := range map[int]bool{2: false, 3: true} {
		player, err := s.player(t.Context(), current, current, now.Add(-time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := s.play(t.Context(), player, now.Add(-time.Hour), now, limit); err != nil || got.Bodies != limit || got.Complete != complete || got.Until.After(now) {
			t.Errorf("at most %d of three bodies: %+v, %v", limit, got, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.rehearse(ctx, "f", []byte(draft), time.Hour); !errors.Is(err, context.Canceled) {
		t.Errorf("after its caller went: %v", err)
	}
	s.rehearsing.Lock()
	status, _, body := p.rehearse("", draft)
	s.rehearsing.Unlock()
	if status != http.StatusConflict || !strings.Contains(body, "rehearsal_running") {
		t.Errorf("a second one: %d %s", status, body)
	}
}

func TestTheSourceOfAPayload(t *testing.T) {
	const am = `{"version":"4","status":"firing","alerts":[{"status":"firing","labels":{"alertname":"Down","tenant":"northwind.com"},"fingerprint":"1"}]}`
	cipp := mfa(contosoID, "contoso.onmicrosoft.com", "adele.vance@contoso.com")
	parse := func(more string) *config.Config {
		t.Helper()
		c, err := config.Parse("halert.yaml", []byte(strings.ReplaceAll(base+more, "%[1]s", "http://127.0.0.1:1")), config.Lookup{})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	for _, tt := range []struct {
		name, more, source, payload, want, err string
	}{
		{"of Alertmanager", "", "", am, "prometheus", ""},
		{"of CIPP", "", "", cipp, "cipp", ""},
		{"as it is said", "", "cipp", cipp, "cipp", ""},
		{"two of the kind", "  - {name: second, kind: cipp, secret: x}\n", "", cipp, "", "name one with --source (cipp, second)"},
		{"of nobody", "", "", "{", "", "no source of the file understands the payload"},
		{"of one that is not there", "", "none", cipp, "", `no source "none"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := TryRoutes(parse(tt.more), tt.source, []byte(tt.payload), time.Now())
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Errorf("got %v, want %q", err, tt.err)
				}
				return
			}
			if err != nil || got.Source != tt.want || len(got.Alerts) != 1 || got.Alerts[0].ClientID == 0 {
				t.Errorf("%+v, %v; want one alert by %s", got, err, tt.want)
			}
		})
	}
}
