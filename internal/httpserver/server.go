package httpserver

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// maxHeaderBytes bounds the header of a request; net/http answers 431 above.
const maxHeaderBytes = 64 << 10

// Options say how a [Server] works. A time of 0 is the default.
type Options struct {
	Addr    string       // host:port; port 0 takes a free one
	Handler http.Handler // usually AccessLog around a Mux
	Log     *slog.Logger // gets what net/http has to say, as warnings

	HeaderTimeout time.Duration // for a whole header; 10 s
	BodyTimeout   time.Duration // for a whole body, from the end of its header; 30 s
	IdleTimeout   time.Duration // between the requests of a connection; 120 s
}

// Server serves HTTP/1.1 on one address. A sender that is slow occupies its
// own connection only, and that until its timeout.
type Server struct {
	http     http.Server
	addr     string
	listener net.Listener
	stopped  chan struct{} // closed when serving is over
	err      error         // why, if not by Shutdown; read after stopped
}

// New makes a server that does not listen yet.
func New(o Options) *Server {
	return &Server{
		addr:    o.Addr,
		stopped: make(chan struct{}),
		http: http.Server{
			Handler:           limitBody(cmp.Or(o.BodyTimeout, 30*time.Second), o.Handler),
			ReadHeaderTimeout: cmp.Or(o.HeaderTimeout, 10*time.Second),
			IdleTimeout:       cmp.Or(o.IdleTimeout, 120*time.Second),
			MaxHeaderBytes:    maxHeaderBytes,
			ErrorLog:          slog.NewLogLogger(o.Log.Handler(), slog.LevelWarn),
		},
	}
}

// Start listens and serves in the background. Call it once.
func (s *Server) Start(ctx context.Context) error {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.addr)
	if err != nil {
		return fmt.Errorf("listen on %s: %w; choose another address, or stop what has this one", s.addr, err)
	}
	s.serve(l)
	return nil
}

func (s *Server) serve(l net.Listener) {
	s.listener = l
	go func() {
		defer close(s.stopped)
		if err := s.http.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			s.err = fmt.Errorf("serve on %s: %w", s.addr, err)
		}
	}()
}

// Addr is the address that it listens on, after [Server.Start].
func (s *Server) Addr() string { return s.listener.Addr().String() }

// Wait returns when serving is over: nil after [Server.Shutdown], else why.
func (s *Server) Wait() error {
	<-s.stopped
	return s.err
}

// Shutdown takes no more requests and waits for those that run. When ctx is
// over it breaks off what is left, and says so.
func (s *Server) Shutdown(ctx context.Context) error {
	if err := s.http.Shutdown(ctx); err != nil {
		return errors.Join(fmt.Errorf("stop serving on %s: requests were broken off: %w", s.addr, err), s.http.Close())
	}
	return nil
}

// limitBody gives each body a time to come whole. The time is for the body
// only: net/http would take a deadline that passes while a handler works for
// the loss of the client, so it ends where the body ends.
func limitBody(timeout time.Duration, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Body == nil || r.Body == http.NoBody {
			next.ServeHTTP(w, r)
			return
		}
		conn := http.NewResponseController(w)
		if err := conn.SetReadDeadline(time.Now().Add(timeout)); err == nil {
			r = r.WithContext(r.Context()) // net/http looks at the Body of its own request
			r.Body = &timedBody{ReadCloser: r.Body, conn: conn}
		}
		next.ServeHTTP(w, r)
	})
}

// timedBody takes its deadline back at its end.
type timedBody struct {
	io.ReadCloser
	conn *http.ResponseController
}

// Read reads from the body.
func (b *timedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err == io.EOF {
		// It fails on a closed connection only, and the body is whole.
		_ = b.conn.SetReadDeadline(time.Time{})
	}
	return n, err
}
