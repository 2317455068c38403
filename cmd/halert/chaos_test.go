package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/halert/halert/internal/api"
	"github.com/halert/halert/internal/api/client"
	"github.com/halert/halert/internal/halosim"
)

// The proof of the promise: real processes are killed at random instants
// while a simulated Halo fails in all its ways. At the end every accepted body
// is on exactly one ticket, and no note stands twice.
//
// HALERT_CHAOS sets how long the trouble lasts (`make chaos`), HALERT_SEED
// plays a run again.
func TestChaos(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes a minute")
	}
	binary := build(t)
	t.Run("one process on SQLite", func(t *testing.T) {
		t.Parallel()
		newChaos(t, binary, 1, "", false).run()
	})
	t.Run("one process on SQLite, an older Halo", func(t *testing.T) {
		t.Parallel()
		newChaos(t, binary, 1, "", true).run()
	})
	t.Run("three processes on PostgreSQL", func(t *testing.T) {
		server := os.Getenv("HALERT_TEST_POSTGRES")
		if server == "" {
			t.Skip("no PostgreSQL: `make test` starts one")
		}
		t.Parallel()
		c := newChaos(t, binary, 3, "", false)
		c.admin, c.database = freshDatabase(t, server)
		c.run()
	})
}

func build(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "halert")
	out, err := exec.CommandContext(t.Context(), "go", "build", "-tags", "failpoint", "-o", binary, ".").CombinedOutput()
	if err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return binary
}

func freshDatabase(t *testing.T, server string) (admin *sql.DB, address string) {
	t.Helper()
	conf, err := pgx.ParseConfig(server)
	if err != nil {
		t.Fatal(err)
	}
	admin = stdlib.OpenDB(*conf)
	name := fmt.Sprintf("chaos_%d", os.Getpid())
	if _, err := admin.ExecContext(t.Context(), "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_, err := admin.ExecContext(context.Background(), "DROP DATABASE "+name+" WITH (FORCE)")
		if err = errors.Join(err, admin.Close()); err != nil {
			t.Error(err)
		}
	})
	return admin, fmt.Sprintf("postgres://%s:%s@%s:%d/%s?sslmode=disable", conf.User, conf.Password, conf.Host, conf.Port, name)
}

const (
	chaosToken  = "chaos-chaos-chaos-chaos-chaos-chaos"
	chaosSecret = "chaos-secret"
	chaosKinds  = 12 // at a time
)

// chaos is one run.
type chaos struct {
	t        *testing.T
	binary   string
	dir      string
	database string
	admin    *sql.DB // nil on SQLite
	points   string  // failpoints that are on
	lasts    time.Duration
	random   *rand.Rand
	sim      *halosim.Sim
	halo     *httptest.Server
	nodes    []*node

	mu       sync.Mutex
	accepted map[string]int // event id to the kind that was sent
}

// node is one process on its own port.
type node struct {
	addr string
	cmd  *exec.Cmd
	log  *os.File
	done chan struct{} // closed when the process has ended
}

// failpoints are the instants at which a process may die by itself, with the
// odds: after Halo's answer and before its record, and the like.
const failpoints = "accepted:300,begun:40,created:15,noted:30"

func newChaos(t *testing.T, binary string, nodes int, database string, legacy bool) *chaos {
	t.Helper()
	lasts, err := time.ParseDuration(or(os.Getenv("HALERT_CHAOS"), "12s"))
	if err != nil {
		t.Fatal(err)
	}
	seed, err := strconv.ParseUint(or(os.Getenv("HALERT_SEED"), strconv.FormatInt(time.Now().UnixNano(), 10)), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("play this run again with HALERT_SEED=%d HALERT_CHAOS=%s", seed, lasts)
	c := &chaos{t: t, binary: binary, dir: t.TempDir(), database: database, lasts: lasts,
		random: rand.New(rand.NewPCG(seed, 1)), sim: halosim.New(halosim.Options{Legacy: legacy}), accepted: make(map[string]int)}
	c.halo = httptest.NewServer(c.sim)
	t.Cleanup(c.halo.Close)
	configuration := fmt.Sprintf(`
halo: {resource_url: "%[1]s/api", auth_url: "%[1]s/auth", client_id: demo, client_secret: demo, ticket_type: 21, closed_status: 9, rate_limit: 100000/5m}
customers:
  - {client: 12, name: Acme, tenants: [acme.example]}
  - {client: 14, name: Northwind, tenants: [northwind.example]}
sources:
  - {name: prometheus, kind: alertmanager, secret: %[2]s}
`, c.halo.URL, chaosSecret)
	if err := os.WriteFile(filepath.Join(c.dir, "halert.yaml"), []byte(configuration), 0o600); err != nil {
		t.Fatal(err)
	}
	for range nodes {
		c.nodes = append(c.nodes, &node{addr: freeAddress(t)})
	}
	return c
}

func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func (c *chaos) run() {
	c.points = failpoints
	for i := range c.nodes {
		c.start(i)
	}
	ctx, stop := context.WithTimeout(c.t.Context(), c.lasts)
	defer stop()
	var wg sync.WaitGroup
	for sender := range 3 {
		wg.Go(func() { c.send(ctx, sender) })
	}
	c.torment(ctx)
	wg.Wait()
	c.sim.RemoveAll()
	c.points = ""
	for i := range c.nodes { // now none dies by itself
		c.kill(i)
		c.start(i)
	}
	c.settle()
	c.judge()
	for i := range c.nodes {
		c.kill(i)
	}
}

// start starts a process and waits until it lives, or has lived: a failpoint
// may end it at once.
func (c *chaos) start(i int) {
	c.t.Helper()
	n := c.nodes[i]
	var err error
	if n.log, err = os.OpenFile(filepath.Join(c.dir, fmt.Sprintf("node%d.log", i)), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600); err != nil {
		c.t.Fatal(err)
	}
	args := []string{"serve", "--listen", n.addr, "--data", filepath.Join(c.dir, fmt.Sprintf("data%d", i)), "--apply", filepath.Join(c.dir, "halert.yaml")}
	if c.database != "" {
		args = append(args, "--database", c.database)
	}
	n.cmd = exec.Command(c.binary, args...)
	n.cmd.Env = append(os.Environ(), "HALERT_API_TOKEN="+chaosToken, "HALERT_SECRET_KEY=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "HALERT_FAILPOINTS="+c.points)
	n.cmd.Stderr = n.log
	if err := n.cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	n.done = make(chan struct{})
	go func() {
		defer close(n.done)
		n.cmd.Wait()
	}()
	hc := &client.Client{Server: "http://" + n.addr}
	for end := time.Now().Add(20 * time.Second); hc.Health(c.t.Context()) != nil; {
		select {
		case <-n.done:
			if status := n.cmd.ProcessState.ExitCode(); status != -1 {
				c.fatal(i, fmt.Sprintf("ended with status %d", status))
			}
			return
		case <-time.After(10 * time.Millisecond):
		}
		if time.Now().After(end) {
			c.fatal(i, "does not live after its start")
		}
	}
}

func (c *chaos) fatal(i int, what string) {
	c.t.Helper()
	log, _ := os.ReadFile(c.nodes[i].log.Name())
	c.t.Fatalf("node %d %s:\n%s", i, what, log)
}

// kill ends a process with SIGKILL.
func (c *chaos) kill(i int) {
	n := c.nodes[i]
	n.cmd.Process.Kill()
	<-n.done
	n.log.Close()
}

// torment kills processes and makes Halo fail until the time is over.
func (c *chaos) torment(ctx context.Context) {
	for ctx.Err() == nil {
		c.sim.RemoveAll()
		for _, f := range c.faults() {
			if _, err := c.sim.Inject(f); err != nil {
				c.t.Error(err)
			}
		}
		wait(ctx, time.Duration(200+c.random.IntN(1500))*time.Millisecond)
		i := c.random.IntN(len(c.nodes))
		if c.admin != nil {
			c.disturb(ctx, i)
		}
		c.kill(i)
		wait(ctx, time.Duration(c.random.IntN(300))*time.Millisecond)
		c.start(i)
	}
}

// disturb does to a process on PostgreSQL what is worse than its death: the
// database ends all connections, or the process stands still, longer than its
// leases last, and goes on as if nothing had been.
func (c *chaos) disturb(ctx context.Context, i int) {
	switch c.random.IntN(4) {
	case 0:
		_, err := c.admin.ExecContext(c.t.Context(), `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1`,
			strings.TrimSuffix(c.database[strings.LastIndexByte(c.database, '/')+1:], "?sslmode=disable"))
		if err != nil {
			c.t.Error(err)
		}
		wait(ctx, time.Second)
	case 1:
		still := time.Second
		if c.lasts > time.Minute {
			still = 25 * time.Second
		}
		if err := pause(c.nodes[i].cmd.Process, true); err != nil {
			return // it has died by itself
		}
		wait(ctx, still)
		if err := pause(c.nodes[i].cmd.Process, false); err != nil {
			c.t.Error(err)
		}
		wait(ctx, time.Second)
	}
}

// faults are what is wrong with Halo for a while.
func (c *chaos) faults() []halosim.Fault {
	kinds := []halosim.Fault{
		{Kind: halosim.KindCreatedDropped, Operation: halosim.OpCreate, Probability: 0.3},
		{Kind: halosim.KindCreatedStatus, Operation: halosim.OpCreate, Probability: 0.3},
		{Kind: halosim.KindDropped, Probability: 0.2},
		{Kind: halosim.KindCreatedDropped, Operation: halosim.OpNote, Probability: 0.4},
		{Kind: halosim.KindCreatedStatus, Operation: halosim.OpNote, Probability: 0.4},
		{Kind: halosim.KindStatus, Status: 429, RetryAfter: "seconds", RetryIn: time.Second, Probability: 0.1},
		{Kind: halosim.KindStatus, Status: 500, Body: "exception", Probability: 0.1},
		{Kind: halosim.KindStatus, Status: 503, Body: "html", Probability: 0.2},
		{Kind: halosim.KindSlow, Delay: 300 * time.Millisecond, Probability: 0.5},
		{Kind: halosim.KindTokenExpiry, Delay: 200 * time.Millisecond},
		{Kind: halosim.KindOutage},
	}
	var chosen []halosim.Fault
	for range c.random.IntN(4) {
		chosen = append(chosen, kinds[c.random.IntN(len(kinds))])
	}
	return chosen
}

func wait(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// send posts alerts. A body that got no answer is sent again with its
// idempotency key, as a careful sender does.
func (c *chaos) send(ctx context.Context, sender int) {
	random := rand.New(rand.NewPCG(uint64(sender), 2))
	for i := 0; ctx.Err() == nil; i++ {
		kind := i/8 + random.IntN(chaosKinds) // new kinds all the time: there is always something to create
		tenant := []string{"acme.example", "northwind.example"}[kind%2]
		body := fmt.Appendf(nil, `{"version":"4","status":"firing","alerts":[{"status":"firing","labels":{"alertname":"Kind%d","tenant":"%s"},
			"annotations":{"summary":"s"},"startsAt":"2026-11-23T08:00:00Z","fingerprint":"%d-%d-%d"}]}`, kind, tenant, kind, sender, i%5)
		key := fmt.Sprintf("%d-%d", sender, i)
		for {
			id, err := c.post(ctx, body, key, random.IntN(len(c.nodes)))
			if err == nil {
				c.mu.Lock()
				c.accepted[id] = kind
				c.mu.Unlock()
				break
			}
			if ctx.Err() != nil {
				return // nobody was promised anything
			}
			wait(ctx, 20*time.Millisecond)
		}
		wait(ctx, time.Duration(random.IntN(40))*time.Millisecond)
	}
}

func (c *chaos) post(ctx context.Context, body []byte, key string, node int) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+c.nodes[node].addr+"/hooks/prometheus", bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	req.Header.Set("Authorization", "Bearer "+chaosSecret)
	req.Header.Set("Idempotency-Key", key)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	var got struct{ ID string }
	if resp.StatusCode != http.StatusAccepted {
		text, _ := io.ReadAll(resp.Body)
		return "", fmt.Errorf("%d %s", resp.StatusCode, text)
	}
	return got.ID, json.NewDecoder(resp.Body).Decode(&got)
}

// settle waits until all that was accepted is delivered.
func (c *chaos) settle() {
	c.t.Helper()
	hc := &client.Client{Server: "http://" + c.nodes[0].addr, Token: chaosToken}
	var st api.Stats
	for end := time.Now().Add(90 * time.Second); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		var err error
		if st, err = hc.Stats(c.t.Context()); err != nil {
			c.t.Fatal(err)
		}
		waiting := st.PendingEvents
		for state, n := range st.Deliveries {
			if state != "completed" {
				waiting += n
			}
		}
		if waiting == 0 {
			return
		}
	}
	c.t.Errorf("something is stuck: %+v", st)
}

// judge holds what was accepted against what Halo has.
func (c *chaos) judge() {
	c.t.Helper()
	hc := &client.Client{Server: "http://" + c.nodes[0].addr, Token: chaosToken}
	kinds := make(map[int]bool)
	for id, kind := range c.accepted {
		kinds[kind] = true
		e, err := hc.Event(c.t.Context(), id)
		if err != nil {
			c.t.Fatal(err)
		}
		if e.Status != "processed" || len(e.Tickets) != 1 || e.Tickets[0].HaloID == nil || e.Tickets[0].ClientID != 12+2*(kind%2) {
			c.t.Errorf("accepted event %s: %+v, want one ticket on client %d", id, e, 12+2*(kind%2))
		}
	}
	references := make(map[string]int)
	mark := regexp.MustCompile(`\[HLT[A-Z0-9]+/\d+\]`)
	notes := 0
	for _, tk := range c.sim.Tickets() {
		references[tk.ThirdPartyIDString]++
		seen := make(map[string]bool)
		for _, a := range c.sim.Actions(tk.ID) {
			m := mark.FindString(a.NoteHTML + a.Note)
			if m == "" {
				continue
			}
			notes++
			if seen[m] {
				c.t.Errorf("ticket %d has the note %s twice", tk.ID, m)
			}
			seen[m] = true
		}
	}
	for ref, n := range references {
		if n != 1 || !strings.HasPrefix(ref, "HLT") {
			c.t.Errorf("%d tickets with reference %q", n, ref)
		}
	}
	st := c.sim.Stats()
	if len(references) != len(kinds) || st.MaxConcurrentCreates > 1 {
		c.t.Errorf("Halo has %d tickets for %d groups; at most %d creates at once", len(references), len(kinds), st.MaxConcurrentCreates)
	}
	c.t.Logf("%d bodies accepted, %d tickets, %d notes, %d calls to Halo", len(c.accepted), len(references), notes, st.Total)
	if len(c.accepted) < 20 {
		c.t.Errorf("only %d bodies were accepted: that proves nothing", len(c.accepted))
	}
}
