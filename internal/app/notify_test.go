package app

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/halert/halert/internal/api"
	"github.com/halert/halert/internal/halosim"
)

// told is what the webhook of a test gets.
type told struct {
	Kind, Phase, Subject, Text string
	signature                  string
}

func listen(t *testing.T) (string, <-chan told) {
	got := make(chan told, 16)
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		m := told{signature: r.Header.Get("X-Halert-Signature")}
		if err := json.Unmarshal(body, &m); err != nil {
			t.Error(err)
		}
		got <- m
	}))
	t.Cleanup(hook.Close)
	return hook.URL, got
}

// rounds goes round until the webhook is told something.
func (p *program) rounds(got <-chan told) told {
	p.t.Helper()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		p.app.settings.notify.Round(p.t.Context())
		select {
		case m := <-got:
			return m
		default:
		}
	}
	p.t.Fatalf("nobody was told; log:\n%s", p.log)
	return told{}
}

const hookSecret = "hook-secret-that-nobody-sees"

func TestPeopleAreToldOfAnOutageAndItsEnd(t *testing.T) {
	address, got := listen(t)
	p := start(t, base+"notify: {webhook: {url: "+address+"/path-that-nobody-sees, secret: "+hookSecret+"}, stuck_after: 1s}\n")
	id, err := p.sim.Inject(halosim.Fault{Kind: halosim.KindOutage})
	if err != nil {
		t.Fatal(err)
	}
	event := p.cipp(mfa(contosoID, "contoso.onmicrosoft.com", "adele.vance@contoso.com"))
	if m := p.rounds(got); m.Kind != "stuck" || m.Phase != "began" || !strings.HasPrefix(m.signature, "sha256=") || strings.Contains(m.Text, "adele") {
		t.Errorf("told %+v", m)
	}
	p.stop()
	p.run("") // a restart tells nothing again, and has the stored secret
	p.sim.Remove(id)
	p.delivered(event)
	if m := p.rounds(got); m.Kind != "stuck" || m.Phase != "ended" || !strings.HasPrefix(m.signature, "sha256=") {
		t.Errorf("told %+v", m)
	}
	if n := len(got); n != 0 {
		t.Errorf("%d more messages", n)
	}
	_, _, metrics := p.do(request{method: http.MethodGet, path: "/metrics"})
	if line := `halert_notifications_total{channel="webhook",result="sent"} 1`; !strings.Contains(string(metrics), line) {
		t.Errorf("no line %s", line)
	}
	for _, secret := range []string{hookSecret, "path-that-nobody-sees"} {
		if strings.Contains(p.log.String(), secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
}

func TestPeopleAreToldThatHaloRefusesEverybody(t *testing.T) {
	address, got := listen(t)
	p := start(t, base+"notify: {webhook: {url: "+address+"}}\n")
	if _, err := p.sim.Inject(halosim.Fault{Kind: halosim.KindInvalidClient}); err != nil {
		t.Fatal(err)
	}
	p.cipp(mfa(contosoID, "contoso.onmicrosoft.com", "adele.vance@contoso.com"))
	if m := p.rounds(got); m.Kind != "refused" || m.Phase != "began" || !strings.Contains(m.Text, "client_secret") || m.signature != "" {
		t.Errorf("told %+v", m)
	}
}

func TestTestMessagesAndTheirSecrets(t *testing.T) {
	address, got := listen(t)
	p := start(t, base)
	test := func() (int, api.TestResult) {
		t.Helper()
		status, _, answer := p.do(request{path: "/api/v1/notify/test", header: bearer(apiToken)})
		var out api.TestResult
		if err := json.Unmarshal(answer, &out); err != nil {
			t.Fatal(err)
		}
		return status, out
	}
	if status, _ := test(); status != http.StatusConflict {
		t.Errorf("nothing is configured: %d", status)
	}
	hook := "notify: {webhook: {url: " + address + "%s}}\n"
	for _, step := range []struct {
		configuration string
		signed        bool
	}{
		{base + strings.Replace(hook, "%s", ", secret: "+hookSecret, 1), true},
		{base + strings.Replace(hook, "%s", "", 1), true}, // the stored one is kept
		{base, false},
		{base + strings.Replace(hook, "%s", "", 1), false}, // it was forgotten
	} {
		p.apply(step.configuration)
		if step.configuration == base {
			continue
		}
		if status, out := test(); status != http.StatusOK || !out.OK || len(out.Steps) != 1 || out.Steps[0].Name != "webhook" {
			t.Errorf("%d %+v", status, out)
		}
		if m := <-got; m.Kind != "test" || (m.signature != "") != step.signed {
			t.Errorf("told %+v, want signed %v", m, step.signed)
		}
	}
	unsigned := base + "notify: {email: {server: \"127.0.0.1:1\", from: a@msp.example, to: [b@msp.example], username: u}}\n"
	status, _, answer := p.do(request{method: http.MethodPut, path: "/api/v1/config?file=f.yaml", body: strings.ReplaceAll(unsigned, "%[1]s", p.halo.URL), header: bearer(apiToken)})
	if status != http.StatusUnprocessableEntity || !strings.Contains(string(answer), "notify.email.password") {
		t.Errorf("no password: %d %s", status, answer)
	}
	p.apply(strings.Replace(unsigned, "username: u", "username: u, password: a-password", 1))
	if _, out := test(); out.OK || len(out.Steps) != 1 || out.Steps[0].Remedy == "" || strings.Contains(out.Steps[0].Detail, "a-password") {
		t.Errorf("nobody listens: %+v", out)
	}
	if stored, err := p.app.store.Setting(t.Context(), settingMailSecret); err != nil || len(stored) == 0 || strings.Contains(string(stored), "a-password") {
		t.Errorf("the stored password is %q, %v", stored, err)
	}
}
