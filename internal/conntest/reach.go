package conntest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	reachTimeout = 15 * time.Second
	maxSkew      = 2 * time.Minute
)

func (t *test) resourceServer() (string, *failure) {
	resp, detail, bad := t.reach("Resource Server URL", t.c.ResourceURL, "/authinfo")
	if bad != nil {
		return "", bad
	}
	t.asked = t.now()
	if date, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		t.date = date
	}
	return detail, nil
}

func (t *test) authServer() (string, *failure) {
	_, detail, bad := t.reach("Authorisation Endpoint URL", t.c.AuthURL, "/.well-known/openid-configuration")
	return detail, bad
}

// reach asks for a page that anybody may read. Which status comes does not
// matter here: what counts is that the name, the port and TLS work.
func (t *test) reach(label, base, path string) (*http.Response, string, *failure) {
	u, err := url.Parse(strings.TrimSpace(base))
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, "", &failure{"the " + label + " is not a web address",
			"Copy the " + label + " from Halo: " + menuAPI + "."}
	}
	ctx, cancel := context.WithTimeout(t.ctx, reachTimeout)
	defer cancel()
	address := strings.TrimRight(u.Scheme+"://"+u.Host+u.EscapedPath(), "/") + path
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, "", &failure{"the " + label + " is not a web address", "Copy the " + label + " from Halo: " + menuAPI + "."}
	}
	req.Header.Set("User-Agent", "halert")
	resp, err := t.plainClient().Do(req)
	if err != nil {
		return nil, "", reachFailure(label, u, err)
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10)) // so that the connection can be used again
	if resp.TLS == nil {
		return resp, u.Host + " answers over plain http: the client secret and all tickets travel unencrypted", nil
	}
	return resp, u.Host + " answers, " + tls.VersionName(resp.TLS.Version) + ", " + certificate(resp.TLS), nil
}

func certificate(state *tls.ConnectionState) string {
	if len(state.PeerCertificates) == 0 {
		return "no certificate"
	}
	return "certificate valid until " + state.PeerCertificates[0].NotAfter.UTC().Format(time.DateOnly)
}

// plainClient shares the transport of the client under test, without its
// following of redirects: they would hide which server answers.
func (t *test) plainClient() *http.Client {
	var own http.Client
	if t.c.HTTP != nil {
		own = *t.c.HTTP
	}
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &own
}

// reachFailure tells apart the name, the port and the certificate.
func reachFailure(label string, u *url.URL, err error) *failure {
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err
	}
	host := u.Hostname()
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return &failure{fmt.Sprintf("the name %s does not resolve: %v", host, err),
			"Check the spelling of the " + label + ", and that this server's DNS knows " + host + "."}
	}
	if isTLS(err) {
		return &failure{fmt.Sprintf("TLS with %s failed: %v", u.Host, err),
			"The certificate of " + host + " must be valid, name this host and come from an authority that this server trusts. " +
				"For an authority of your own, install its certificate on this server."}
	}
	return &failure{fmt.Sprintf("%s does not answer: %v", u.Host, err),
		"Check host and port of the " + label + ", and that a firewall or proxy lets this server through to " + u.Host + "."}
}

func isTLS(err error) bool {
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return true
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return true
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return true
	}
	_, ok := errors.AsType[tls.AlertError](err)
	return ok
}

func (t *test) now() time.Time {
	if t.c.Now != nil {
		return t.c.Now()
	}
	return time.Now()
}

func (t *test) clock() (string, *failure) {
	if t.date.IsZero() {
		return "Halo does not tell its time", nil
	}
	skew := t.asked.Sub(t.date).Round(time.Second)
	if skew.Abs() > maxSkew {
		word := "ahead of"
		if skew < 0 {
			word = "behind"
		}
		return "", &failure{fmt.Sprintf("this server's clock is %s %s Halo's", skew.Abs(), word),
			"Set the clock of this server by NTP (for example timedatectl set-ntp true): tokens expire by the clock."}
	}
	return fmt.Sprintf("within %s of Halo's", maxSkew), nil
}
