package httpserver

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// pipes is a listener whose connections are pipes, so that time is the test's.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

// client is the sender's end of a connection.
type client struct {
	t *testing.T
	net.Conn
	in *bufio.Reader
}

func (p *pipes) dial(t *testing.T) *client {
	ours, theirs := net.Pipe()
	p.conns <- theirs
	return newClient(t, ours)
}

func newClient(t *testing.T, c net.Conn) *client { return &client{t, c, bufio.NewReader(c)} }

func (c *client) send(text string) {
	c.t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		c.t.Errorf("send %.40q: %v", text, err)
	}
}

func (c *client) receive() (*http.Response, []byte) {
	c.t.Helper()
	res, err := http.ReadResponse(c.in, nil)
	if err != nil {
		c.t.Fatalf("receive: %v", err)
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		c.t.Fatalf("receive the body: %v", err)
	}
	return res, body
}

// wantEnd waits for the server's end of the connection.
func (c *client) wantEnd() {
	c.t.Helper()
	if b, err := c.in.ReadByte(); err != io.EOF {
		c.t.Errorf("received %q, %v; want the end", b, err)
	}
}

func post(length int) string {
	return fmt.Sprintf("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n", length)
}

// inBubble runs a test with a server of the default times in a bubble of time.
func inBubble(t *testing.T, h HandlerFunc, test func(t *testing.T, s *Server, p *pipes)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log, book := newLog()
		s := New(Options{Handler: AccessLog(log, Handle(log, h)), Log: log})
		p := &pipes{conns: make(chan net.Conn), closed: make(chan struct{})}
		s.serve(p)
		test(t, s, p)
		if err := s.http.Close(); err != nil {
			t.Error(err)
		}
		if err := s.Wait(); err != nil {
			t.Error(err)
		}
		if strings.Contains(book.String(), "superfluous") {
			t.Errorf("log:\n%s", book)
		}
	})
}

func echo(w http.ResponseWriter, r *http.Request) error {
	body, err := ReadBody(w, r, 10<<20)
	if err != nil {
		return err
	}
	return WriteJSON(w, http.StatusOK, string(body))
}

func TestBodyThatStops(t *testing.T) {
	inBubble(t, echo, func(t *testing.T, _ *Server, p *pipes) {
		c, start := p.dial(t), time.Now()
		c.send(post(100) + "a few bytes")
		res, body := c.receive()
		wantProblem(t, res, body, 408, "body_timeout")
		c.wantEnd()
		if took := time.Since(start); took != 30*time.Second {
			t.Errorf("after %v; want 30 s", took)
		}
	})
}

func TestBodyThatTrickles(t *testing.T) {
	inBubble(t, echo, func(t *testing.T, _ *Server, p *pipes) {
		c, start := p.dial(t), time.Now()
		c.send(post(1000))
		var trickle sync.WaitGroup
		trickle.Go(func() {
			for {
				if _, err := io.WriteString(c, "x"); err != nil {
					return
				}
				time.Sleep(time.Second)
			}
		})
		res, body := c.receive()
		wantProblem(t, res, body, 408, "body_timeout")
		if took := time.Since(start); took != 30*time.Second {
			t.Errorf("after %v; want 30 s", took)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		trickle.Wait()
	})
}

func TestBodyOfARefusedRequestStops(t *testing.T) {
	refuse := func(http.ResponseWriter, *http.Request) error { return Errorf(401, "wrong_secret", "no") }
	inBubble(t, refuse, func(t *testing.T, _ *Server, p *pipes) {
		c := p.dial(t)
		c.send(post(1000) + "x")
		res, body := c.receive()
		wantProblem(t, res, body, 401, "wrong_secret")
		c.wantEnd()
	})
}

func TestBodyThatBreaksOff(t *testing.T) {
	var problem error
	inBubble(t, func(w http.ResponseWriter, r *http.Request) error {
		_, problem = ReadBody(w, r, 10<<20)
		return problem
	}, func(t *testing.T, _ *Server, p *pipes) {
		c := p.dial(t)
		c.send(post(100) + "a few bytes")
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if problem == nil || !strings.HasPrefix(problem.Error(), "incomplete_body: ") {
			t.Errorf("error %v; want incomplete_body", problem)
		}
	})
}

func TestHeaderThatStops(t *testing.T) {
	inBubble(t, echo, func(t *testing.T, _ *Server, p *pipes) {
		c, start := p.dial(t), time.Now()
		c.send("POST / HTTP/1.1\r\nHost:")
		c.wantEnd()
		if took := time.Since(start); took != 10*time.Second {
			t.Errorf("after %v; want 10 s", took)
		}
	})
}

// The deadline of the body does not reach into the work, nor into the next
// request, nor into the idle time.
func TestDeadlineEndsWithTheBody(t *testing.T) {
	inBubble(t, func(w http.ResponseWriter, r *http.Request) error {
		if _, err := ReadBody(w, r, 100); err != nil {
			return err
		}
		select {
		case <-r.Context().Done():
			return r.Context().Err()
		case <-time.After(time.Hour):
			return WriteJSON(w, 200, "done")
		}
	}, func(t *testing.T, _ *Server, p *pipes) {
		c := p.dial(t)
		for _, request := range []string{post(2) + "hi", "GET / HTTP/1.1\r\nHost: h\r\n\r\n", post(0)} {
			c.send(request)
			if res, body := c.receive(); res.StatusCode != 200 || string(body) != "\"done\"\n" {
				t.Errorf("%q: %d %q; want it done", request, res.StatusCode, body)
			}
			time.Sleep(100 * time.Second)
		}
		start := time.Now()
		c.wantEnd()
		if left := time.Since(start); left != 20*time.Second {
			t.Errorf("an idle connection ended after 100 s and %v; want 120 s", left)
		}
	})
}

func TestShutdownWaits(t *testing.T) {
	inBubble(t, func(w http.ResponseWriter, _ *http.Request) error {
		time.Sleep(5 * time.Second)
		return WriteJSON(w, 200, "finished")
	}, func(t *testing.T, s *Server, p *pipes) {
		c := p.dial(t)
		c.send(post(0))
		synctest.Wait()
		stopped := make(chan error)
		go func() { stopped <- s.Shutdown(t.Context()) }()
		synctest.Wait()
		select {
		case <-p.closed:
		default:
			t.Error("the server still takes connections")
		}
		if res, body := c.receive(); res.StatusCode != 200 || string(body) != "\"finished\"\n" {
			t.Errorf("%d %q; want it finished", res.StatusCode, body)
		}
		if err := <-stopped; err != nil {
			t.Errorf("Shutdown: %v", err)
		}
	})
}

func TestShutdownBreaksOff(t *testing.T) {
	var ended error
	inBubble(t, func(_ http.ResponseWriter, r *http.Request) error {
		<-r.Context().Done()
		ended = r.Context().Err()
		return ended
	}, func(t *testing.T, s *Server, p *pipes) {
		c := p.dial(t)
		c.send(post(0))
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), 8*time.Second)
		defer cancel()
		if err := s.Shutdown(ctx); err == nil || !strings.Contains(err.Error(), "requests were broken off") {
			t.Errorf("Shutdown: %v; want it to say that requests were broken off", err)
		}
		c.wantEnd()
		synctest.Wait()
		if ended != context.Canceled {
			t.Errorf("the handler's context: %v", ended)
		}
	})
}

// started runs a server on a free port of this machine.
func started(t *testing.T, h HandlerFunc) *Server {
	t.Helper()
	log, _ := newLog()
	s := New(Options{Addr: "127.0.0.1:0", Handler: Handle(log, h), Log: log, BodyTimeout: time.Hour})
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel() // slow senders are not waited for
		if err := s.Shutdown(ctx); err != nil && !strings.Contains(err.Error(), "broken off") {
			t.Error(err)
		}
		if err := s.Wait(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func dialTCP(t *testing.T, s *Server) *client {
	t.Helper()
	c, err := net.Dial("tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return newClient(t, c)
}

func TestHundredsOfSlowSenders(t *testing.T) {
	t.Parallel()
	var reading sync.WaitGroup
	const slow = 300
	reading.Add(slow)
	s := started(t, func(w http.ResponseWriter, r *http.Request) error {
		if r.ContentLength > 10 {
			reading.Done()
		}
		return echo(w, r)
	})
	for range slow {
		dialTCP(t, s).send(post(5000) + "x")
	}
	reading.Wait()
	for range 3 {
		c := dialTCP(t, s)
		c.send(post(2) + "hi")
		if res, body := c.receive(); res.StatusCode != 200 || string(body) != "\"hi\"\n" {
			t.Errorf("%d %q; want 200", res.StatusCode, body)
		}
	}
}

// A sender that reads only when all is sent gets its answer too.
func TestRefusedSenderSeesTheAnswer(t *testing.T) {
	t.Parallel()
	s := started(t, func(w http.ResponseWriter, r *http.Request) error {
		if r.Header.Get("Authorization") == "" {
			return Errorf(401, "wrong_secret", "no")
		}
		return echo(w, r)
	})
	for name, test := range map[string]struct {
		auth   string
		status int
		code   string
	}{
		"without secret": {"", 401, "wrong_secret"},
		"too large":      {"Authorization: x\r\n", 413, "body_too_large"},
		"encoded":        {"Authorization: x\r\nContent-Encoding: br\r\n", 415, "unsupported_encoding"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := dialTCP(t, s)
			const size = 11 << 20
			c.send(fmt.Sprintf("POST / HTTP/1.1\r\nHost: h\r\n%sContent-Length: %d\r\n\r\n", test.auth, size))
			c.send(strings.Repeat("x", size))
			res, body := c.receive()
			wantProblem(t, res, body, test.status, test.code)
		})
	}
}

// Who asks before sending is answered without the body.
func TestExpectContinue(t *testing.T) {
	t.Parallel()
	s := started(t, func(http.ResponseWriter, *http.Request) error { return Errorf(401, "wrong_secret", "no") })
	c := dialTCP(t, s)
	c.send("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 100\r\n\r\n")
	res, body := c.receive()
	wantProblem(t, res, body, 401, "wrong_secret")
}

func TestHeaderTooLarge(t *testing.T) {
	t.Parallel()
	s := started(t, echo)
	c := dialTCP(t, s)
	c.send("GET / HTTP/1.1\r\nHost: h\r\nX: " + strings.Repeat("x", maxHeaderBytes+8192))
	if res, _ := c.receive(); res.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("status %d; want 431", res.StatusCode)
	}
}

func TestAddressInUse(t *testing.T) {
	t.Parallel()
	s := started(t, echo)
	log, _ := newLog()
	err := New(Options{Addr: s.Addr(), Handler: http.NotFoundHandler(), Log: log}).Start(t.Context())
	if err == nil || !strings.Contains(err.Error(), "listen on "+s.Addr()) || !strings.Contains(err.Error(), "choose another address") {
		t.Errorf("Start: %v", err)
	}
}
