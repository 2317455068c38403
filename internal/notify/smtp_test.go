package notify

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// mailServer is an SMTP server that keeps what it takes.
type mailServer struct {
	addr  string
	whole bool   // TLS from the first byte
	auth  string // mechanisms that it offers once TLS is on; empty: none
	start bool   // offers STARTTLS
	deny  string // a recipient that it refuses

	conf  *tls.Config
	mu    sync.Mutex
	mails []received
}

type received struct {
	tls        bool
	from, user string
	to         []string
	data       string
}

const mailPassword = "the-mail-password"

// serveMail starts the server, and returns what trusts its certificate.
func serveMail(t *testing.T, m *mailServer) *tls.Config {
	t.Helper()
	certified := httptest.NewTLSServer(nil) // has a certificate of its own for 127.0.0.1
	m.conf = &tls.Config{Certificates: certified.TLS.Certificates}
	trust := &tls.Config{RootCAs: x509.NewCertPool()}
	trust.RootCAs.AddCert(certified.Certificate())
	certified.Close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if m.whole {
		l = tls.NewListener(l, m.conf)
	}
	m.addr = l.Addr().String()
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			conn.SetDeadline(time.Now().Add(5 * time.Second)) // so that no test hangs
			wg.Go(func() { defer conn.Close(); m.talk(conn) })
		}
	})
	t.Cleanup(func() { l.Close(); wg.Wait() })
	return trust
}

func (m *mailServer) received() []received {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]received(nil), m.mails...)
}

// talk serves one connection.
func (m *mailServer) talk(conn net.Conn) {
	in := bufio.NewReader(conn)
	say := func(format string, args ...any) { fmt.Fprintf(conn, format+"\r\n", args...) }
	line := func() (string, bool) {
		text, err := in.ReadString('\n')
		return strings.TrimRight(text, "\r\n"), err == nil
	}
	r := received{tls: m.whole}
	say("220 test ESMTP")
	for {
		text, ok := line()
		if !ok {
			return
		}
		verb, rest, _ := strings.Cut(text, " ")
		switch strings.ToUpper(verb) {
		case "EHLO":
			say("250-test")
			if m.start && !r.tls {
				say("250-STARTTLS")
			}
			if m.auth != "" && r.tls {
				say("250-AUTH %s", m.auth)
			}
			say("250 8BITMIME")
		case "STARTTLS":
			say("220 go on")
			conn = tls.Server(conn, m.conf)
			in = bufio.NewReader(conn)
			r.tls = true
		case "AUTH":
			user, good := m.signIn(rest, say, line)
			if !good {
				say("535 5.7.8 these credentials are not known")
				continue
			}
			r.user = user
			say("235 welcome")
		case "MAIL":
			r.from = rest
			say("250 ok")
		case "RCPT":
			if m.deny != "" && strings.Contains(rest, m.deny) {
				say("550 5.1.1 nobody lives here")
				continue
			}
			r.to = append(r.to, rest)
			say("250 ok")
		case "DATA":
			say("354 go on")
			r.data = dotted(in)
			m.mu.Lock()
			m.mails = append(m.mails, r)
			m.mu.Unlock()
			say("250 taken")
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}

// signIn takes PLAIN in one line and LOGIN in three.
func (m *mailServer) signIn(rest string, say func(string, ...any), line func() (string, bool)) (string, bool) {
	decode := func(s string) string {
		raw, _ := base64.StdEncoding.DecodeString(s)
		return string(raw)
	}
	mechanism, initial, _ := strings.Cut(rest, " ")
	switch {
	case !strings.Contains(m.auth, mechanism):
		return "", false
	case mechanism == "PLAIN":
		parts := strings.Split(decode(initial), "\x00")
		return parts[1], parts[2] == mailPassword
	}
	say("334 %s", base64.StdEncoding.EncodeToString([]byte("Username:")))
	user, _ := line()
	say("334 %s", base64.StdEncoding.EncodeToString([]byte("Password:")))
	password, _ := line()
	return decode(user), decode(password) == mailPassword
}

func dotted(in *bufio.Reader) string {
	var out strings.Builder
	for {
		text, err := in.ReadString('\n')
		if err == io.EOF || text == ".\r\n" {
			return out.String()
		}
		out.WriteString(strings.TrimPrefix(text, "."))
	}
}
