package notify

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/wneessen/go-mail"
)

// channel is one way to tell people.
type channel struct {
	name string
	to   string // for people, without secrets
	send func(context.Context, Message) error
}

func (n *Notifier) channels(s *Settings) []channel {
	var out []channel
	if e := s.Email; e != nil {
		out = append(out, channel{"email", strings.Join(e.To, ", ") + " by way of " + e.Server, func(ctx context.Context, m Message) error { return n.mail(ctx, e, m) }})
	}
	if w := s.Webhook; w != nil {
		out = append(out, channel{"webhook", hostOf(w.URL), func(ctx context.Context, m Message) error { return n.post(ctx, w, m) }})
	}
	return out
}

// TLSMode is how the connection to a mail server is protected.
type TLSMode string

// The modes.
const (
	StartTLS TLSMode = "starttls" // begins in clear and must change to TLS
	WholeTLS TLSMode = "tls"
	NoTLS    TLSMode = "none"
)

// Email is a mail server and whom to write to.
type Email struct {
	Server   string // host:port
	From     string
	To       []string
	Username string // empty: no sign-in
	Password string
	TLS      TLSMode
}

// mail sends a message to all recipients in one mail. go-mail is used because
// net/smtp has no sign-in by LOGIN, the only one besides OAuth that Microsoft
// 365 offers.
func (n *Notifier) mail(ctx context.Context, e *Email, m Message) error {
	msg := mail.NewMsg(mail.WithNoDefaultUserAgent())
	_, domain, _ := strings.Cut(e.From, "@")
	msg.SetMessageIDWithValue(m.ID + ".halert@" + domain)
	msg.SetDateWithValue(m.At)
	msg.Subject(m.Subject)
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetBodyString(mail.TypeTextPlain, m.Text)
	if err := errors.Join(msg.From(e.From), msg.To(e.To...)); err != nil {
		return fmt.Errorf("write the mail: %w", err)
	}
	var conn net.Conn // go-mail leaves it open where the sign-in fails
	defer func() {
		if conn != nil {
			_ = conn.Close() // closed already where all went well
		}
	}()
	client, err := n.mailClient(e, &conn)
	if err != nil {
		return fmt.Errorf("set up the mail server %s: %w", e.Server, err)
	}
	if err := client.DialAndSendWithContext(ctx, msg); err != nil {
		return fmt.Errorf("send a mail by way of %s: %w; check notify.email in the configuration", e.Server, err)
	}
	return nil
}

// mailClient makes the client for one mail. It puts its connection into conn.
func (n *Notifier) mailClient(e *Email, conn *net.Conn) (*mail.Client, error) {
	host, port, err := net.SplitHostPort(e.Server)
	if err != nil {
		return nil, err
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		return nil, err
	}
	conf := &tls.Config{}
	if n.TLS != nil {
		conf = n.TLS.Clone()
	}
	conf.ServerName = host
	dial := mail.WithDialContextFunc(func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := (&net.Dialer{}).DialContext(ctx, network, address)
		if err == nil {
			*conn = c
		}
		return c, err
	})
	options := []mail.Option{mail.WithPort(number), mail.WithTimeout(timeout), mail.WithoutNoop(), mail.WithTLSConfig(conf)}
	switch e.TLS {
	case WholeTLS:
		options = append(options, mail.WithSSL()) // go-mail must dial itself to know that it is TLS
	case NoTLS:
		options = append(options, mail.WithTLSPolicy(mail.NoTLS), dial)
	default:
		options = append(options, mail.WithTLSPolicy(mail.TLSMandatory), dial)
	}
	if e.Username != "" {
		options = append(options, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(e.Username), mail.WithPassword(e.Password))
	}
	return mail.NewClient(host, options...)
}

// Webhook is an address that takes messages as JSON.
type Webhook struct {
	URL    string
	Secret string // empty: the body is not signed
}

// hookBody is what is posted. Chat services show text; programs read the rest.
type hookBody struct {
	ID      string `json:"id"` // the same when a message comes twice
	Kind    Kind   `json:"kind"`
	Phase   Phase  `json:"phase"`
	At      string `json:"at"` // RFC 3339, UTC
	Subject string `json:"subject"`
	Text    string `json:"text"`
}

const (
	// SignatureHeader carries "sha256=" and the HMAC-SHA256 of the body under
	// the webhook's secret, in hexadecimal digits.
	SignatureHeader = "X-Halert-Signature"
	maxAnswer       = 64 << 10 // bytes that are read, so that the connection ends well
)

// post posts a message. Any 2xx is a success; a redirect is not followed,
// because a POST would become a GET on the way.
func (n *Notifier) post(ctx context.Context, w *Webhook, m Message) error {
	body, err := json.Marshal(hookBody{ID: m.ID, Kind: m.Kind, Phase: m.Phase, At: m.At.UTC().Format("2006-01-02T15:04:05Z07:00"), Subject: m.Subject, Text: m.Text})
	if err != nil {
		return fmt.Errorf("write the webhook's body: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.URL, bytes.NewReader(body))
	if err != nil {
		return errors.New("the webhook's address cannot be used; check notify.webhook.url in the configuration")
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "halert")
	if w.Secret != "" {
		mac := hmac.New(sha256.New, []byte(w.Secret))
		mac.Write(body)
		req.Header.Set(SignatureHeader, "sha256="+hex.EncodeToString(mac.Sum(nil)))
	}
	client := &http.Client{
		Transport:     &http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: n.TLS.Clone(), DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	resp, err := client.Do(req)
	if err != nil {
		if u, ok := errors.AsType[*url.Error](err); ok {
			err = u.Err // without the address, which may hold a key
		}
		return fmt.Errorf("post to the webhook at %s: %w; check notify.webhook in the configuration", hostOf(w.URL), err)
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, io.LimitReader(resp.Body, maxAnswer)); err != nil {
		return fmt.Errorf("read the answer of the webhook at %s: %w", hostOf(w.URL), err)
	}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return fmt.Errorf("the webhook at %s answered %d; check notify.webhook in the configuration", hostOf(w.URL), resp.StatusCode)
	}
	return nil
}

// hostOf is what may be shown of an address.
func hostOf(address string) string {
	if u, err := url.Parse(address); err == nil && u.Host != "" {
		return u.Host
	}
	return "the configured address"
}
