package halo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// AuthInfo is what a Halo tells anybody about itself.
type AuthInfo struct {
	ResourceURL string // "https://acme.halopsa.com/api"
	AuthURL     string // "https://acme.halopsa.com/auth"
	Tenant      string // blank where self-hosted
}

const (
	authInfoPath = "/api/authinfo"
	opDiscover   = "find Halo"
)

// Discover asks a Halo for its addresses [B]. The address may be a host, the
// base address, or that of any page inside Halo. A nil client means one with
// time-outs of its own. Nothing secret is sent. Look at what comes back before
// a secret goes there.
func Discover(ctx context.Context, httpClient *http.Client, address string) (AuthInfo, error) {
	bases, err := discoverBases(address)
	if err != nil {
		return AuthInfo{}, &Error{Op: opDiscover, Method: http.MethodGet, Path: authInfoPath, Class: ClassNetwork, Err: err}
	}
	if httpClient == nil {
		transport := newTransport()
		defer transport.CloseIdleConnections()
		httpClient = &http.Client{Transport: transport, Timeout: defaultTimeout}
	}
	var first error
	for _, base := range bases {
		info, err := discoverAt(ctx, httpClient, base)
		if err == nil {
			return info, nil
		}
		if first == nil {
			first = err
		}
		if e, ok := errors.AsType[*Error](err); ok && e.Class == ClassNetwork {
			break // the same host: asking again would not help
		}
	}
	return AuthInfo{}, first
}

// discoverBases returns where Halo may live: at the root of the host, or below
// one of the first parts of the path.
func discoverBases(address string) ([]string, error) {
	address = strings.TrimSpace(address)
	if !strings.Contains(address, "://") {
		address = "https://" + address
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, errors.New("not a web address; use one such as https://acme.halopsa.com")
	}
	base := u.Scheme + "://" + u.Host
	bases := []string{base}
	parts := strings.Split(strings.Trim(u.EscapedPath(), "/"), "/")
	for _, part := range parts[:min(len(parts), 3)] {
		if part == "" || part == "api" || part == "auth" {
			break
		}
		base += "/" + part
		bases = append(bases, base)
	}
	return bases, nil
}

func discoverAt(ctx context.Context, httpClient *http.Client, base string) (AuthInfo, error) {
	r := request{op: opDiscover, method: http.MethodGet, path: authInfoPath}
	var c Client // without secrets: only its way of making errors is wanted
	ctx, cancel := context.WithTimeout(ctx, defaultTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+authInfoPath, nil)
	if err != nil {
		return AuthInfo{}, c.networkError(r, err, false, "")
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", userAgent)
	resp, err := httpClient.Do(req)
	if err != nil {
		return AuthInfo{}, c.networkError(r, err, false, "")
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody))
	if err != nil {
		return AuthInfo{}, c.networkError(r, err, false, "")
	}
	a := &answer{request: r, status: resp.StatusCode, header: resp.Header, text: text}
	if !a.good() {
		return AuthInfo{}, c.statusError(a, "")
	}
	info, err := parseAuthInfo(text, resp.Request.URL)
	if err != nil {
		e := a.unreadable(err)
		e.MaybeDone = false
		return AuthInfo{}, e
	}
	return info, nil
}

// parseAuthInfo reads the answer that came from the given address, which is
// another than the one asked where Halo has moved.
func parseAuthInfo(text []byte, from *url.URL) (AuthInfo, error) {
	f, err := parseFields(text)
	if err != nil {
		return AuthInfo{}, errors.New("the answer is not Halo's; check the address")
	}
	auth, tenant := f.text("auth_url"), f.text("tenant_id", "tenant")
	if auth == "" && tenant == "" {
		return AuthInfo{}, errors.New("the answer names no authorisation server; check the address")
	}
	resource := *from
	resource.RawQuery, resource.Fragment, resource.User = "", "", nil
	resource.Path, resource.RawPath = strings.TrimSuffix(strings.TrimRight(resource.Path, "/"), "/authinfo"), ""
	if auth == "" {
		auth = "auth"
	}
	// A relative address is one beside the API.
	u, err := resource.Parse(auth)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return AuthInfo{}, fmt.Errorf("the authorisation server in the answer is not a web address")
	}
	return AuthInfo{ResourceURL: resource.String(), AuthURL: strings.TrimRight(u.String(), "/"), Tenant: tenant}, nil
}
