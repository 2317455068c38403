package main

import (
	"bytes"
	"context"
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
		newChaos(t, binary, 1, false).run()
	})
	t.Run("one process on SQLite, an older Halo", func(t *testing.T) {
		t.Parallel()
		newChaos(t, binary, 1, true).run()
	})
	t.Run("three processes on PostgreSQL", func(t *testing.T) {
		t.Parallel()
		c := newChaos(t, binary, 3, false)
		c.cluster = startCluster(t)
		for _, n := range c.nodes {
			n.cable = lay(t, c.cluster.address)
		}
		c.run()
	})
}

// A disk that is full: the sender is told to come again, nothing that was
// accepted is lost, and halert goes on by itself when there is room.
func TestDiskFull(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds the program")
	}
	c := newChaos(t, build(t), 1, false)
	c.start(0)
	defer c.kill(0)
	ctx, random := t.Context(), rand.New(rand.NewPCG(1, 2))
	if !c.deliver(ctx, 0, alertBody(0, "firing", "x"), "first", random) {
		t.Fatal("not accepted with room on the disk")
	}
	if err := os.WriteFile(c.diskFile(), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	filler := alertBody(1, "firing", strings.Repeat("long ", 400))
	c.sent[1] = true
	var refused *refusal
	for i := 0; refused == nil; i++ { // what is free in the file is used up first
		id, err := c.post(ctx, filler, fmt.Sprint("filler", i), 0)
		if err == nil {
			c.accepted[id] = 1
		} else if !errors.As(err, &refused) {
			t.Fatal(err)
		}
	}
	if refused.status != http.StatusServiceUnavailable || refused.retryAfter == "" || refused.contentType != "application/problem+json" {
		t.Errorf("on a full disk the answer is %+v, want 503 with Retry-After and a problem document", refused)
	}
	if err := os.Remove(c.diskFile()); err != nil {
		t.Fatal(err)
	}
	if !c.deliver(ctx, 2, alertBody(2, "firing", "x"), "last", random) {
		t.Fatal("not accepted when there was room again")
	}
	c.settle()
	c.judge()
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

const (
	chaosToken  = "chaos-chaos-chaos-chaos-chaos-chaos"
	chaosSecret = "chaos-secret"
	chaosKinds  = 12 // at a time
)

// chaos is one run.
type chaos struct {
	t       *testing.T
	binary  string
	dir     string
	cluster *cluster // nil on SQLite
	points  string   // failpoints that are on
	lasts   time.Duration
	random  *rand.Rand
	offset  time.Duration  // by which the time of day of all processes is off
	done    map[string]int // troubles by name
	sim     *halosim.Sim
	halo    *httptest.Server
	nodes   []*node

	mu       sync.Mutex
	accepted map[string]int // event id to the kind that was sent
	over     map[int]bool   // kinds whose one alert was accepted as resolved, and not again
	// What was sent, accepted or not: the last bodies of a run may have been
	// accepted although their sender did not stay for the answer.
	sent, sentOver map[int]bool
}

// node is one process on its own port.
type node struct {
	addr  string
	cable *cable // to PostgreSQL; nil on SQLite
	cmd   *exec.Cmd
	log   *os.File
	done  chan struct{} // closed when the process has ended
}

// failpoints are the instants at which a process may die by itself, with the
// odds: after Halo's answer and before its record, and the like.
const failpoints = "accepted:300,begun:40,created:15,noted:30"

func newChaos(t *testing.T, binary string, nodes int, legacy bool) *chaos {
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
	c := &chaos{t: t, binary: binary, dir: t.TempDir(), lasts: lasts, done: make(map[string]int), over: make(map[int]bool), sent: make(map[int]bool), sentOver: make(map[int]bool),
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
	if len(c.accepted) < 20 {
		c.t.Errorf("only %d bodies were accepted: that proves nothing", len(c.accepted))
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
	if n.cable != nil {
		args = append(args, "--database", n.cable.address)
	}
	n.cmd = exec.Command(c.binary, args...)
	n.cmd.Env = append(os.Environ(), "HALERT_API_TOKEN="+chaosToken, "HALERT_SECRET_KEY=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "HALERT_FAILPOINTS="+c.points, "HALERT_CLOCK="+c.clockFile())
	if n.cable == nil {
		n.cmd.Env = append(n.cmd.Env, "HALERT_DISK_FULL="+c.diskFile())
	}
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

// send posts alerts, and now and then one that is soon over. A body that got
// no answer is sent again with its idempotency key, as a careful sender does.
func (c *chaos) send(ctx context.Context, sender int) {
	random := rand.New(rand.NewPCG(uint64(sender), 2))
	for i := 0; ctx.Err() == nil; i++ {
		kind := i/8 + random.IntN(chaosKinds) // new kinds all the time: there is always something to create
		fingerprint := fmt.Sprintf("%d-%d-%d", kind, sender, i%5)
		c.deliver(ctx, kind, alertBody(kind, "firing", fingerprint), fmt.Sprintf("%d-%d", sender, i), random)
		wait(ctx, time.Duration(random.IntN(40))*time.Millisecond)
		if i%40 != 39 {
			continue
		}
		kind = brief*(sender+1) + i
		if c.deliver(ctx, kind, alertBody(kind, "firing", "x"), fmt.Sprintf("%d-%d-fires", sender, i), random) {
			wait(ctx, time.Duration(random.IntN(2000))*time.Millisecond)
			c.mu.Lock()
			c.sentOver[kind] = true
			c.mu.Unlock()
			if c.deliver(ctx, kind, alertBody(kind, "resolved", "x"), fmt.Sprintf("%d-%d-over", sender, i), random) {
				c.mu.Lock()
				c.over[kind] = true
				c.mu.Unlock()
			}
		}
	}
}

// brief is the first of the kinds that are soon over.
const brief = 1_000_000

func alertBody(kind int, status, fingerprint string) []byte {
	tenant := []string{"acme.example", "northwind.example"}[kind%2]
	return fmt.Appendf(nil, `{"version":"4","status":"%[1]s","alerts":[{"status":"%[1]s","labels":{"alertname":"Kind%[2]d","tenant":"%[3]s"},
		"annotations":{"summary":"s"},"startsAt":"2026-11-23T08:00:00Z","fingerprint":"%[4]s"}]}`, status, kind, tenant, fingerprint)
}

// deliver sends a body until it is accepted, and tells whether it was.
func (c *chaos) deliver(ctx context.Context, kind int, body []byte, key string, random *rand.Rand) bool {
	c.mu.Lock()
	c.sent[kind] = true
	c.mu.Unlock()
	for ctx.Err() == nil { // else nobody was promised anything
		id, err := c.post(ctx, body, key, random.IntN(len(c.nodes)))
		if err == nil {
			c.mu.Lock()
			c.accepted[id] = kind
			c.mu.Unlock()
			return true
		}
		wait(ctx, 20*time.Millisecond)
	}
	return false
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
		return "", &refusal{resp.StatusCode, resp.Header.Get("Retry-After"), resp.Header.Get("Content-Type"), string(text)}
	}
	err = json.NewDecoder(resp.Body).Decode(&got)
	return got.ID, err
}

// refusal is an answer that is not 202.
type refusal struct {
	status                        int
	retryAfter, contentType, text string
}

func (r *refusal) Error() string { return fmt.Sprintf("%d %s", r.status, r.text) }

// settle waits until all that was accepted is delivered.
func (c *chaos) settle() {
	c.t.Helper()
	hc := &client.Client{Server: "http://" + c.nodes[0].addr, Token: chaosToken}
	var st api.Stats
	for end := time.Now().Add(150 * time.Second); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
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
	for i, n := range c.nodes {
		log, _ := os.ReadFile(n.log.Name())
		c.t.Logf("the end of the log of node %d:\n%s", i, log[max(0, len(log)-4000):])
	}
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
	notes, closed := 0, 0
	for _, tk := range c.sim.Tickets() {
		references[tk.ThirdPartyIDString]++
		notes += c.judgeNotes(tk)
		if tk.Closed {
			closed++
		}
	}
	for ref, n := range references {
		if n != 1 || !strings.HasPrefix(ref, "HLT") {
			c.t.Errorf("%d tickets with reference %q", n, ref)
		}
	}
	if closed < len(c.over) || closed > len(c.sentOver) {
		c.t.Errorf("%d tickets are closed, want the %d to %d whose alert is over", closed, len(c.over), len(c.sentOver))
	}
	st := c.sim.Stats()
	if len(references) < len(kinds) || len(references) > len(c.sent) || st.MaxConcurrentCreates > 1 {
		c.t.Errorf("Halo has %d tickets for %d to %d groups; at most %d creates at once", len(references), len(kinds), len(c.sent), st.MaxConcurrentCreates)
	}
	c.t.Logf("%d bodies accepted, %d tickets, %d of them closed, %d notes, %d calls to Halo; troubles: %v",
		len(c.accepted), len(references), closed, notes, st.Total, c.done)
}

// judgeNotes holds the notes of one ticket against their marks: each at most
// once, and in the order of the reports. It returns how many there are.
func (c *chaos) judgeNotes(tk halosim.TicketView) int {
	mark := regexp.MustCompile(`\[` + tk.ThirdPartyIDString + `/(\d+)\]`)
	notes, last := 0, 0
	for _, a := range c.sim.Actions(tk.ID) {
		m := mark.FindStringSubmatch(a.NoteHTML + a.Note)
		if m == nil {
			continue
		}
		notes++
		seq, err := strconv.Atoi(m[1])
		if err != nil || seq <= last {
			c.t.Errorf("ticket %d has the note %s after the one with %d", tk.ID, m[0], last)
		}
		last = seq
	}
	return notes
}
