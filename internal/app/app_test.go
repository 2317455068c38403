package app

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/halert/halert/internal/api"
	"github.com/halert/halert/internal/config"
	"github.com/halert/halert/internal/halosim"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("database/sql.(*DB).connectionOpener"))
}

const (
	apiToken   = "0123456789abcdef0123456789abcdef"
	cippSecret = "cipp-secret-that-nobody-sees"
	haloSecret = "demo"
	contosoID  = "5b7c1f0e-2f0c-4d8e-9a6b-0d3c2f1e4a55"
)

const base = `
halo:
  resource_url: %[1]s/api
  auth_url: %[1]s/auth
  client_id: demo
  client_secret: demo
  ticket_type: 21
  priority: 3
  closed_status: 9
  rate_limit: 5000/5m
  webhook_secret: webhook-secret-that-nobody-sees
customers:
  - {client: 15, name: Contoso, tenants: [` + contosoID + `]}
  - {client: 14, site: 31, name: Northwind, tenants: [northwind.com]}
sources:
  - {name: cipp, kind: cipp, secret: ` + cippSecret + `}
  - {name: prometheus, kind: alertmanager, secret: am-secret-that-nobody-sees}
`

// program is a whole halert in process, joined to a simulated Halo.
type program struct {
	t    *testing.T
	sim  *halosim.Sim
	halo *httptest.Server
	dir  string
	url  string
	log  *logBuffer
	app  *App
	stop func()
	now  func() time.Time // nil: the machine's
}

// logBuffer keeps what an operator would read.
type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

func start(t *testing.T, configuration string) *program {
	t.Helper()
	p := &program{t: t, sim: halosim.New(halosim.Options{}), dir: t.TempDir(), log: &logBuffer{}}
	p.halo = httptest.NewServer(p.sim)
	t.Cleanup(p.halo.Close)
	p.run(configuration)
	t.Cleanup(func() { p.stop() })
	return p
}

// run starts the program on its data folder; configuration may be empty.
func (p *program) run(configuration string) {
	p.t.Helper()
	o := Options{Listen: "127.0.0.1:0", DataDir: filepath.Join(p.dir, "data"), APIToken: apiToken, Lookup: config.Lookup{}, Now: p.now,
		Log: slog.New(slog.NewTextHandler(p.log, nil))}
	if configuration != "" {
		o.ApplyFile = filepath.Join(p.dir, "halert.yaml")
		if err := os.WriteFile(o.ApplyFile, []byte(strings.ReplaceAll(configuration, "%[1]s", p.halo.URL)), 0o600); err != nil {
			p.t.Fatal(err)
		}
	}
	a, err := New(p.t.Context(), o)
	if err != nil {
		p.t.Fatal(err)
	}
	p.app, p.url = a, "http://"+a.Addr()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	p.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			p.t.Error(err)
		}
	})
}

// request is one HTTP request of a test.
type request struct {
	method, path, body string
	header             map[string]string
	raw                []byte
}

func (p *program) do(r request) (int, http.Header, []byte) {
	p.t.Helper()
	body := r.raw
	if body == nil {
		body = []byte(r.body)
	}
	if r.method == "" {
		r.method = http.MethodPost
	}
	req, err := http.NewRequestWithContext(p.t.Context(), r.method, p.url+r.path, bytes.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	for k, v := range r.header {
		req.Header.Set(k, v)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, answer
}

func bearer(token string) map[string]string {
	return map[string]string{"Authorization": "Bearer " + token}
}

// send posts a body to a source and returns the event's id.
func (p *program) send(source, secret, body string) string {
	p.t.Helper()
	status, _, answer := p.do(request{path: "/hooks/" + source, body: body, header: bearer(secret)})
	if status != http.StatusAccepted {
		p.t.Fatalf("POST /hooks/%s: %d %s", source, status, answer)
	}
	var got struct{ ID string }
	if err := json.Unmarshal(answer, &got); err != nil || got.ID == "" {
		p.t.Fatalf("answer %s: %v", answer, err)
	}
	return got.ID
}

func (p *program) cipp(body string) string { p.t.Helper(); return p.send("cipp", cippSecret, body) }

func (p *program) get(path string, into any) {
	p.t.Helper()
	status, _, answer := p.do(request{method: http.MethodGet, path: path, header: bearer(apiToken)})
	if status != http.StatusOK {
		p.t.Fatalf("GET %s: %d %s", path, status, answer)
	}
	if err := json.Unmarshal(answer, into); err != nil {
		p.t.Fatalf("GET %s: %v in %s", path, err, answer)
	}
}

// until waits for an event to come to a state.
func (p *program) until(id, what string, good func(api.Event) bool) api.Event {
	p.t.Helper()
	var e api.Event
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		e = api.Event{}
		p.get("/api/v1/events/"+id, &e)
		if good(e) {
			return e
		}
	}
	p.t.Fatalf("the event did not come to: %s; it is %+v\nlog:\n%s", what, e, p.log)
	return e
}

// delivered waits until Halo shows all that an event reported.
func (p *program) delivered(id string) api.Event {
	p.t.Helper()
	return p.until(id, "delivered", func(e api.Event) bool {
		for _, d := range e.Deliveries {
			if d.State != "completed" {
				return false
			}
		}
		return e.Status == "processed" && len(e.Tickets) > 0
	})
}

func (p *program) apply(configuration string) {
	p.t.Helper()
	status, _, answer := p.do(request{method: http.MethodPut, path: "/api/v1/config?file=test.yaml", body: strings.ReplaceAll(configuration, "%[1]s", p.halo.URL), header: bearer(apiToken)})
	if status != http.StatusOK {
		p.t.Fatalf("apply: %d %s", status, answer)
	}
}

// mfa is what CIPP sends of admins without MFA, in the legacy form.
func mfa(tenantID, domain string, users ...string) string {
	rows := make([]string, len(users))
	for i, u := range users {
		rows[i] = fmt.Sprintf(`{"Message":"Admin user %[1]s does not have MFA registered.","UserPrincipalName":"%[1]s","DisplayName":"%[1]s","Tenant":"%[2]s"}`, u, domain)
	}
	return fmt.Sprintf(`{"tenantId":"%s","Tenant":"%s","TaskInfo":{"RowKey":"r","Tenant":"AllTenants","Name":"*All Tenants: Alert on admins without any form of MFA",
		"Command":"Get-CIPPAlertMFAAdmins","Parameters":"{\"Headers\":{\"x-ms-client-principal\":\"leaked-principal\"}}","PostExecution":"Webhook"},"Results":[%s],"AlertComment":"see runbook"}`,
		tenantID, domain, strings.Join(rows, ","))
}

func mfaStandardised(tenantID, domain, user string) string {
	return fmt.Sprintf(`{"schemaVersion":"1.0","source":"Alert","invoking":"Get-CIPPAlertMFAAdmins","title":"Alert - %[2]s - *All Tenants: Alert on admins without any form of MFA","tenant":"%[2]s","alertCount":1,
		"payload":[{"tenantId":"%[1]s","tenant":"%[2]s","taskType":"Alert","task":{"id":"r","name":"*All Tenants: Alert on admins without any form of MFA","command":"Get-CIPPAlertMFAAdmins"},
		"results":[{"Message":"Admin user %[3]s does not have MFA registered.","UserPrincipalName":"%[3]s","DisplayName":"%[3]s","Tenant":"%[2]s"}],"alertComment":"see runbook"}]}`, tenantID, domain, user)
}

func TestACippAlertBecomesAHaloTicket(t *testing.T) {
	p := start(t, base)
	e := p.delivered(p.cipp(mfa(contosoID, "contoso.onmicrosoft.com", "adele.vance@contoso.com", "alex.wilber@contoso.com")))
	tickets := p.sim.Tickets()
	if len(tickets) != 1 || len(e.Alerts) != 2 {
		t.Fatalf("%d tickets in Halo, %d alerts; want 1 and 2", len(tickets), len(e.Alerts))
	}
	got := tickets[0]
	if *e.Tickets[0].HaloID != got.ID || got.ClientID != 15 || got.TypeID != 21 || got.PriorityID != 3 || got.ThirdPartyIDString != e.Tickets[0].Reference {
		t.Errorf("Halo's ticket %+v for ours %+v", got, e.Tickets[0])
	}
	for _, must := range []string{"adele.vance@contoso.com", "alex.wilber@contoso.com", "see runbook", got.ThirdPartyIDString} {
		if !strings.Contains(got.DetailsHTML, must) {
			t.Errorf("the body lacks %q", must)
		}
	}
	if strings.Contains(got.DetailsHTML, "leaked-principal") {
		t.Error("the body holds a task's parameters")
	}
	var body map[string]any
	p.get("/api/v1/events/"+e.ID+"/body", &body)
	if text := fmt.Sprint(body); strings.Contains(text, "leaked-principal") {
		t.Error("a task's parameters were stored")
	}
}

func TestBothSchemasAreOneAlert(t *testing.T) {
	p := start(t, base)
	a := p.delivered(p.cipp(mfa(contosoID, "contoso.onmicrosoft.com", "adele.vance@contoso.com")))
	b := p.delivered(p.cipp(mfaStandardised(contosoID, "contoso.onmicrosoft.com", "adele.vance@contoso.com")))
	if a.Alerts[0].DedupKey != b.Alerts[0].DedupKey || a.Tickets[0].ID != b.Tickets[0].ID || len(p.sim.Tickets()) != 1 {
		t.Errorf("keys %s and %s, %d tickets", a.Alerts[0].DedupKey, b.Alerts[0].DedupKey, len(p.sim.Tickets()))
	}
}

func TestStrangersAreHeldUntilTheMappingComes(t *testing.T) {
	p := start(t, base)
	id := p.cipp(mfa("", "stranger.onmicrosoft.com", "x@stranger.example"))
	e := p.until(id, "held", func(e api.Event) bool { return e.Status == "processed" })
	if len(e.Alerts) != 1 || !e.Alerts[0].Held || e.Alerts[0].HeldReason == "" || len(e.Tickets) != 0 {
		t.Fatalf("event %+v, want one held alert with its reason", e)
	}
	p.apply(strings.Replace(base, "customers:", "customers:\n  - {client: 12, name: Acme, tenants: [Stranger.onmicrosoft.com]}", 1))
	if got := p.delivered(id); got.Tickets[0].ClientID != 12 || got.Alerts[0].Held {
		t.Errorf("released: %+v", got)
	}
}

func TestADomainIsKnownFromAnEarlierBody(t *testing.T) {
	p := start(t, base) // only the tenant's id is mapped
	p.delivered(p.cipp(mfa(contosoID, "contoso.onmicrosoft.com", "adele.vance@contoso.com")))
	drift := `{"Title":"CIPP Alert - Standard Drift Detected for contoso.onmicrosoft.com","ActionUrl":null,"ActionText":null,
		"AlertData":{"Standard":"Disable SMTP AUTH","Expected Value":"true","Current Value":"false","Status":"New"},"Tenant":"contoso.onmicrosoft.com"}`
	if e := p.delivered(p.cipp(drift)); e.Tickets[0].ClientID != 15 {
		t.Errorf("client %d, want 15", e.Tickets[0].ClientID)
	}
}

func TestTheTestButtonMakesNoTicket(t *testing.T) {
	p := start(t, base)
	id := p.cipp(`{"Title":"CIPP Notification Test","Text":"This is a test from Notification Settings"}`)
	e := p.until(id, "processed", func(e api.Event) bool { return e.Status == "processed" })
	if len(e.Alerts) != 0 || e.Note == "" {
		t.Errorf("event %+v, want a note and no alert", e)
	}
}

func TestClosedInHaloThenARepeat(t *testing.T) {
	p := start(t, base)
	body := mfa(contosoID, "contoso.onmicrosoft.com", "adele.vance@contoso.com")
	first := p.delivered(p.cipp(body))
	if err := p.sim.CloseTicket(*first.Tickets[0].HaloID); err != nil {
		t.Fatal(err)
	}
	second := p.delivered(p.cipp(body))
	if *second.Tickets[0].HaloID == *first.Tickets[0].HaloID || second.Tickets[0].Reference == first.Tickets[0].Reference {
		t.Errorf("the repeat went on %+v", second.Tickets[0])
	}
}

func TestHaloTellsThatATicketWasClosed(t *testing.T) {
	p := start(t, base)
	e := p.delivered(p.cipp(mfa(contosoID, "contoso.onmicrosoft.com", "adele.vance@contoso.com")))
	halo := *e.Tickets[0].HaloID
	if status, _, _ := p.do(request{path: "/halo/webhook/wrong", body: `{}`}); status != http.StatusNotFound {
		t.Errorf("wrong secret: %d, want 404", status)
	}
	if err := p.sim.CloseTicket(halo); err != nil {
		t.Fatal(err)
	}
	status, _, answer := p.do(request{path: "/halo/webhook/webhook-secret-that-nobody-sees", body: fmt.Sprintf(`{"ticket_id":%d}`, halo)})
	if status != http.StatusOK {
		t.Fatalf("%d %s", status, answer)
	}
	p.until(e.ID, "closed", func(e api.Event) bool { return e.Tickets[0].State == "closed" })
	if strings.Contains(p.log.String(), "webhook-secret") {
		t.Error("the log holds the webhook's secret")
	}
}

func TestWhereTheSecretMayStand(t *testing.T) {
	p := start(t, base)
	button := `{"Title":"CIPP Notification Test","Text":"x"}`
	basic := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", nil)
	basic.SetBasicAuth("anyone", cippSecret)
	for name, tt := range map[string]struct {
		request
		want int
	}{
		"bearer":         {request{path: "/hooks/cipp", header: bearer(cippSecret)}, 202},
		"basic":          {request{path: "/hooks/cipp", header: map[string]string{"Authorization": basic.Header.Get("Authorization")}}, 202},
		"api key":        {request{path: "/hooks/cipp", header: map[string]string{"X-API-Key": cippSecret}}, 202},
		"path":           {request{path: "/hooks/cipp/" + cippSecret}, 202},
		"none":           {request{path: "/hooks/cipp"}, 401},
		"wrong":          {request{path: "/hooks/cipp", header: bearer("wrong")}, 401},
		"another's":      {request{path: "/hooks/prometheus", header: bearer(cippSecret)}, 401},
		"no such source": {request{path: "/hooks/nobody", header: bearer(cippSecret)}, 404},
		"wrong method":   {request{method: http.MethodGet, path: "/hooks/cipp", header: bearer(cippSecret)}, 405},
	} {
		tt.body = button
		status, header, answer := p.do(tt.request)
		if status != tt.want {
			t.Errorf("%s: %d, want %d (%s)", name, status, tt.want, answer)
		}
		if status >= 400 {
			problem(t, name, header, answer)
		}
	}
	for _, secret := range []string{cippSecret, apiToken, "am-secret"} {
		if strings.Contains(p.log.String(), secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
}

// problem checks that an answer is a problem document, and returns its fields.
func problem(t *testing.T, name string, header http.Header, answer []byte) map[string]any {
	t.Helper()
	var doc map[string]any
	if err := json.Unmarshal(answer, &doc); err != nil || header.Get("Content-Type") != "application/problem+json" || doc["code"] == "" || doc["code"] == nil {
		t.Errorf("%s: %s %s is no problem document with a code", name, header.Get("Content-Type"), answer)
	}
	return doc
}

func TestBadBodies(t *testing.T) {
	p := start(t, base)
	var packed bytes.Buffer
	zip := gzip.NewWriter(&packed)
	io.WriteString(zip, `{"Title":"CIPP Notification Test","Text":"x"}`)
	zip.Close()
	for name, tt := range map[string]struct {
		raw      []byte
		encoding string
		want     int
	}{
		"not JSON":            {raw: []byte("hello"), want: 400},
		"cut off":             {raw: []byte(`{"tenantId":"x","Parameters":"secret-parameter`), want: 400},
		"empty":               {raw: []byte{}, want: 400},
		"binary":              {raw: []byte{0xff, 0x00, 0x81}, want: 400},
		"gzip":                {raw: packed.Bytes(), encoding: "gzip", want: 202},
		"brotli":              {raw: []byte("x"), encoding: "br", want: 415},
		"too large":           {raw: bytes.Repeat([]byte(" "), maxBody+1), want: 413},
		"byte order mark":     {raw: []byte("\ufeff" + `{"Title":"CIPP Notification Test","Text":"x"}`), want: 202},
		"nested 10,000 deep":  {raw: []byte(`{"a":` + strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000) + "}"), want: 400},
		"a variant of future": {raw: []byte(`{"novel":{"shape":true},"Tenant":"` + contosoID + `"}`), want: 202},
	} {
		t.Run(name, func(t *testing.T) {
			h := bearer(cippSecret)
			if tt.encoding != "" {
				h["Content-Encoding"] = tt.encoding
			}
			status, header, answer := p.do(request{path: "/hooks/cipp", raw: tt.raw, header: h})
			if status != tt.want {
				t.Fatalf("%d, want %d (%.200s)", status, tt.want, answer)
			}
			if status < 400 {
				return
			}
			doc := problem(t, name, header, answer)
			if status != 400 {
				return
			}
			var e api.Event
			p.get("/api/v1/events/"+doc["id"].(string), &e)
			if e.Status != "quarantined" || e.Error == "" {
				t.Errorf("the event is %+v, want quarantined with its reason", e)
			}
		})
	}
}

// maxBody is CONTRACT 3's limit.
const maxBody = 10 << 20

func TestSameIdempotencyKeyOneEvent(t *testing.T) {
	p := start(t, base)
	h := bearer(cippSecret)
	h["Idempotency-Key"] = "k1"
	r := request{path: "/hooks/cipp", body: mfa(contosoID, "contoso.onmicrosoft.com", "a@contoso.com"), header: h}
	_, _, first := p.do(r)
	_, _, second := p.do(r)
	if !bytes.Equal(first, second) {
		t.Errorf("answers %s and %s", first, second)
	}
	var list struct{ Items []api.Event }
	p.get("/api/v1/events", &list)
	if len(list.Items) != 1 {
		t.Errorf("%d events, want 1", len(list.Items))
	}
}

func TestAlertmanagerFiresAndResolves(t *testing.T) {
	p := start(t, base)
	alertOf := func(status, tenant, fingerprint string) string {
		return fmt.Sprintf(`{"status":"%s","labels":{"alertname":"DiskFull","tenant":"%s","severity":"critical","instance":"srv1"},"annotations":{"summary":"Disk is full"},
			"startsAt":"2026-11-23T08:00:00Z","endsAt":"0001-01-01T00:00:00Z","generatorURL":"http://prom.example/graph","fingerprint":"%s"}`, status, tenant, fingerprint)
	}
	note := func(alerts ...string) string {
		return `{"version":"4","groupKey":"g","status":"firing","receiver":"halert","alerts":[` + strings.Join(alerts, ",") + `]}`
	}
	send := func(alerts ...string) api.Event {
		return p.delivered(p.send("prometheus", "am-secret-that-nobody-sees", note(alerts...)))
	}
	e := send(alertOf("firing", contosoID, "f1"), alertOf("firing", "northwind.com", "f2"))
	clients := map[int]bool{}
	for _, tk := range p.sim.Tickets() {
		clients[tk.ClientID] = true
	}
	if len(e.Tickets) != 2 || !clients[15] || !clients[14] {
		t.Fatalf("tickets on %v, want one on 15 and one on 14", clients)
	}
	send(alertOf("resolved", contosoID, "f1"))
	for _, tk := range p.sim.Tickets() {
		if tk.Closed != (tk.ClientID == 15) {
			t.Errorf("client %d: closed %v", tk.ClientID, tk.Closed)
		}
	}
}

func TestAlertsAreTakenWhileHaloIsDownAndSurviveARestart(t *testing.T) {
	p := start(t, base)
	id, err := p.sim.Inject(halosim.Fault{Kind: halosim.KindOutage})
	if err != nil {
		t.Fatal(err)
	}
	event := p.cipp(mfa(contosoID, "contoso.onmicrosoft.com", "adele.vance@contoso.com"))
	p.until(event, "tried in vain", func(e api.Event) bool { return len(e.Deliveries) == 1 && e.Deliveries[0].Error != "" })
	p.stop()
	p.run("") // the stored configuration
	p.sim.Remove(id)
	if e := p.delivered(event); len(p.sim.Tickets()) != 1 {
		t.Errorf("%d tickets for %+v, want 1", len(p.sim.Tickets()), e)
	}
}

func TestReadinessTellsOfWrongCredentials(t *testing.T) {
	p := start(t, base)
	if _, err := p.sim.Inject(halosim.Fault{Kind: halosim.KindInvalidClient}); err != nil {
		t.Fatal(err)
	}
	id := p.cipp(mfa(contosoID, "contoso.onmicrosoft.com", "adele.vance@contoso.com"))
	p.until(id, "waiting", func(e api.Event) bool { return len(e.Deliveries) == 1 && e.Deliveries[0].State == "scheduled" })
	status, header, answer := p.do(request{method: http.MethodGet, path: "/readyz"})
	if doc := problem(t, "readyz", header, answer); status != http.StatusServiceUnavailable || !strings.Contains(fmt.Sprint(doc["detail"]), "client_secret") {
		t.Errorf("%d %s, want 503 with the remedy", status, answer)
	}
	if status, _, _ := p.do(request{method: http.MethodGet, path: "/healthz"}); status != http.StatusOK {
		t.Errorf("healthz: %d", status)
	}
}

func TestApplyIsAllOrNothing(t *testing.T) {
	p := start(t, base)
	bad := strings.ReplaceAll(strings.Replace(base, "priority: 3", "priorty: 3", 1), "%[1]s", p.halo.URL)
	status, header, answer := p.do(request{method: http.MethodPut, path: "/api/v1/config?file=bad.yaml", body: bad, header: bearer(apiToken)})
	problem(t, "apply", header, answer)
	if status != http.StatusUnprocessableEntity || !strings.Contains(string(answer), "bad.yaml:8") {
		t.Errorf("%d %s, want 422 that names file and line", status, answer)
	}
	_, _, before := p.do(request{method: http.MethodGet, path: "/api/v1/config", header: bearer(apiToken)})
	p.apply(string(before)) // an export can be applied: secrets are kept
	_, _, after := p.do(request{method: http.MethodGet, path: "/api/v1/config", header: bearer(apiToken)})
	if !bytes.Equal(before, after) || strings.Contains(string(after), cippSecret) {
		t.Errorf("export before and after:\n%s\n%s", before, after)
	}
	p.delivered(p.cipp(mfa(contosoID, "contoso.onmicrosoft.com", "adele.vance@contoso.com")))
}

func TestMetricsCount(t *testing.T) {
	p := start(t, base)
	p.delivered(p.cipp(mfa(contosoID, "contoso.onmicrosoft.com", "adele.vance@contoso.com")))
	_, _, text := p.do(request{method: http.MethodGet, path: "/metrics"})
	for _, line := range []string{
		`halert_events_total{result="accepted",source="cipp"} 1`, `halert_halo_calls_total{call="create",class=""} 1`,
		`halert_deliveries{state="completed"} 1`, "halert_alerts_firing 1", "halert_halo_up 1",
	} {
		if !strings.Contains(string(text), line+"\n") {
			t.Errorf("no line %q", line)
		}
	}
}
