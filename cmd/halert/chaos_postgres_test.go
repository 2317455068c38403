package main

import (
	"bufio"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
)

// cluster is a PostgreSQL of the run's own, which may be crashed.
type cluster struct {
	t       *testing.T
	address string
	again   string // the command that crashes it and starts it again
}

// startCluster starts a PostgreSQL that ends with the test.
func startCluster(t *testing.T) *cluster {
	t.Helper()
	if os.Getenv("HALERT_TEST_POSTGRES") == "" {
		t.Skip("no PostgreSQL: `make test` has one")
	}
	cmd := exec.Command("../../scripts/with-postgres", "sh", "-c", `printf '%s\n%s\n' "$HALERT_TEST_POSTGRES" "$HALERT_TEST_POSTGRES_RESTART"; cat`)
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "HALERT_TEST_POSTGRES=") { // or the script would not start another one
			cmd.Env = append(cmd.Env, v)
		}
	}
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close() // ends cat, and with it the script, which stops the server
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	})
	lines := bufio.NewScanner(out)
	c := &cluster{t: t}
	for _, field := range []*string{&c.address, &c.again} {
		if !lines.Scan() {
			t.Fatalf("no PostgreSQL came up: %v", lines.Err())
		}
		*field = lines.Text()
	}
	return c
}

// crash ends all processes of the server as a loss of power would, and starts
// it again.
func (c *cluster) crash() {
	if out, err := exec.Command("sh", "-c", c.again).CombinedOutput(); err != nil {
		c.t.Errorf("restart PostgreSQL: %v\n%s", err, out)
	}
}

// cable is the network between a process and its database.
type cable struct {
	address string // of the database, through the cable
	to      string // host:port

	mu    sync.Mutex
	whole *sync.Cond
	state cableState
	conns map[net.Conn]bool
}

type cableState int

const (
	cableWhole  cableState = iota
	cableCut               // connections break, and none can be made
	cableSilent            // nothing comes through, and nobody is told
)

// lay joins a process to a database.
func lay(t *testing.T, database string) *cable {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cable{to: u.Host, conns: make(map[net.Conn]bool)}
	c.whole = sync.NewCond(&c.mu)
	u.Host = l.Addr().String()
	c.address = u.String()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go c.carry(conn)
		}
	}()
	t.Cleanup(func() {
		l.Close()
		c.set(cableCut)
	})
	return c
}

// set changes what comes through.
func (c *cable) set(s cableState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.state = s
	if s == cableCut {
		for conn := range c.conns {
			conn.Close()
		}
	}
	c.whole.Broadcast()
}

func (c *cable) carry(conn net.Conn) {
	defer conn.Close()
	c.mu.Lock()
	cut := c.state == cableCut
	c.mu.Unlock()
	if cut {
		return
	}
	far, err := net.Dial("tcp", c.to)
	if err != nil {
		return
	}
	defer far.Close()
	c.mu.Lock()
	c.conns[conn], c.conns[far] = true, true
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.conns, conn)
		delete(c.conns, far)
	}()
	var wg sync.WaitGroup
	wg.Go(func() { c.pump(conn, far) })
	wg.Go(func() { c.pump(far, conn) })
	wg.Wait()
}

// pump carries bytes one way, while the cable is not silent.
func (c *cable) pump(from, to net.Conn) {
	defer to.Close()
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		c.mu.Lock()
		for c.state == cableSilent {
			c.whole.Wait()
		}
		c.mu.Unlock()
		if n > 0 {
			if _, err := to.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			if err != io.EOF {
				from.Close()
			}
			return
		}
	}
}
