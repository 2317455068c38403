package config

import (
	"net"
	"net/mail"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/halert/halert/internal/alert"
)

// Notify says by which ways, other than Halo, people hear that tickets do not
// get through. At least one of Email and Webhook is set.
type Notify struct {
	Email      *Email
	Webhook    *Webhook
	StuckAfter time.Duration // nothing got through for so long while something waits; 1 s to 24 h, whole seconds
}

// Email says how mail is sent.
type Email struct {
	Server   string // host:port
	From     string // an address without a name
	To       []string
	Username string // empty: no sign-in
	Password Secret // empty: keep the stored one
	TLS      string // one of TLSStart, TLSWhole, TLSNone
}

// The ways to protect the connection to a mail server.
const (
	TLSStart = "starttls" // begins in clear and must change to TLS before anything is said
	TLSWhole = "tls"      // TLS from the first byte
	TLSNone  = "none"     // in clear
)

// Webhook says where messages are posted as JSON.
type Webhook struct {
	URL    string
	Secret Secret // signs the body; empty: keep the stored one, if there is one
}

const defaultStuckAfter = 15 * time.Minute

func (n node) notify() *Notify {
	s := n.section("email", "webhook", "stuck_after")
	out := &Notify{StuckAfter: s.duration("stuck_after", defaultStuckAfter)}
	email, hasEmail := s.byKey["email"]
	if hasEmail {
		out.Email = email.email()
	}
	webhook, hasWebhook := s.byKey["webhook"]
	if hasWebhook {
		out.Webhook = webhook.webhook()
	}
	if !hasEmail && !hasWebhook && !s.broken {
		n.problem("names no way to send a message; give email, webhook, or both")
	}
	return out
}

func (n node) email() *Email {
	s := n.section("server", "from", "to", "username", "password", "tls")
	e := &Email{Username: s.text("username"), Password: Secret(s.text("password")), TLS: s.tls()}
	server, at, ok := s.required("server", "give host and port of the mail server, like smtp.example.com:587")
	if ok && !isHostPort(server) {
		at.problem("is %s; give host and port, like smtp.example.com:587", at.shown())
	}
	e.Server = server
	if from, at, ok := s.required("from", "give the address that the mails come from"); ok {
		e.From = at.mailAddress(from)
	}
	if to, ok := s.byKey["to"]; ok {
		for _, item := range to.items() {
			if text, ok := item.text(); ok {
				e.To = append(e.To, item.mailAddress(text))
			}
		}
	}
	switch to, ok := s.byKey["to"]; {
	case !ok && !s.broken:
		s.problem("to is missing; give a list of addresses, like [noc@msp.example]")
	case ok && len(e.To) == 0:
		to.problem("has no address; give at least one, like [noc@msp.example]")
	}
	switch {
	case e.Username == "" && e.Password != "":
		s.byKey["password"].problem("needs a username; give one, or delete the password")
	case e.Username != "" && e.TLS == TLSNone:
		s.byKey["username"].problem("would send the password in clear with tls: none; use starttls or tls")
	}
	return e
}

func isHostPort(text string) bool {
	host, port, err := net.SplitHostPort(text)
	number, err2 := strconv.ParseUint(port, 10, 16)
	return err == nil && err2 == nil && host != "" && number > 0 && !strings.ContainsAny(host, " /@")
}

// mailAddress checks an address as it stands between < and >.
func (n node) mailAddress(text string) string {
	if a, err := mail.ParseAddress(text); err != nil || a.Name != "" || a.Address != text {
		n.problem("is %s; give a mail address alone, like noc@msp.example", n.shown())
	}
	return text
}

func (s section) tls() string {
	known := []string{TLSStart, TLSWhole, TLSNone}
	text := s.text("tls")
	if text == "" {
		return TLSStart
	}
	if !contains(known, text) {
		s.byKey["tls"].problem("is %s, which is unknown; known are %s", s.byKey["tls"].shown(), strings.Join(known, ", "))
	}
	return text
}

func (n node) webhook() *Webhook {
	s := n.section("url", "secret")
	w := &Webhook{Secret: Secret(s.text("secret"))}
	text, at, ok := s.required("url", "give the address to which messages are posted")
	if !ok {
		return w
	}
	// The URL is in no message: many services write a key into it.
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Hostname() == "" || u.Scheme != "https" && u.Scheme != "http":
		at.problem("must be a whole address that begins with https:// (or http://)")
	case u.User != nil:
		at.problem("must not hold a user name or password; give a secret, with which the body is signed")
	}
	w.URL = text
	return w
}

// duration reads a time such as "15m".
func (s section) duration(key string, fallback time.Duration) time.Duration {
	text := s.text(key)
	if text == "" {
		return fallback
	}
	d, err := time.ParseDuration(text)
	if n := s.byKey[key]; err != nil || d < time.Second || d > 24*time.Hour || d%time.Second != 0 {
		n.problem("is %s; write whole seconds from 1s to 24h, like 15m", n.shown())
		return fallback
	}
	return d
}

func (w *writer) notify(n *Notify) {
	if n == nil {
		return
	}
	w.WriteString("notify:\n")
	if e := n.Email; e != nil {
		w.WriteString("  email:\n")
		w.indent = "    "
		w.line("server", quoted(e.Server))
		w.line("from", quoted(e.From))
		to := make([]string, len(e.To))
		for i, t := range e.To {
			to[i] = quoted(t)
		}
		w.line("to", "["+strings.Join(to, ", ")+"]")
		if e.Username != "" {
			w.line("username", quoted(e.Username))
			w.secret("password", e.Password)
		}
		w.line("tls", e.TLS)
	}
	if h := n.Webhook; h != nil {
		w.WriteString("  webhook:\n")
		w.indent = "    "
		w.line("url", quoted(h.URL))
		w.secret("secret", h.Secret)
	}
	w.indent = "  "
	w.line("stuck_after", alert.ShortTime(n.StuckAfter))
}
