package halo

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"sync"
	"time"
)

const (
	tokenPath     = "/token"
	tokenMargin   = 60 * time.Second // renewed this long before its end
	tokenLife     = time.Hour        // where Halo does not say [A]
	tokenLifeMost = 24 * time.Hour
	opToken       = "get token"
)

// tokenCache holds one access token and sees to it that only one renewal runs
// at a time, however many callers wait for it.
type tokenCache struct {
	mu     sync.Mutex
	value  string
	until  time.Time
	flight *tokenFlight
}

// tokenFlight is a renewal under way; value and err are set before done closes.
type tokenFlight struct {
	done  chan struct{}
	value string
	err   error
}

// Token fetches an access token unless there is one that is still good. The
// other methods do so by themselves; this one is for testing the connection.
func (c *Client) Token(ctx context.Context) error {
	_, err := c.token(ctx, opToken)
	return err
}

// token returns a good token. It waits for a renewal that is under way. The
// renewal does not end with the caller that happened to start it.
func (c *Client) token(ctx context.Context, op string) (string, error) {
	t := &c.tokens
	t.mu.Lock()
	if t.value != "" && c.now().Before(t.until) {
		defer t.mu.Unlock()
		return t.value, nil
	}
	f := t.flight
	if f == nil {
		f = &tokenFlight{done: make(chan struct{})}
		t.flight = f
		go c.renew(context.WithoutCancel(ctx), f)
	}
	t.mu.Unlock()

	select {
	case <-f.done:
		return f.value, tokenFailure(f.err, op)
	case <-ctx.Done():
		r := request{op: op, method: http.MethodPost, path: tokenPath}
		return "", tokenFailure(c.networkError(r, ctx.Err(), false, ""), op)
	}
}

// renew brings the flight to its end and keeps the token.
func (c *Client) renew(ctx context.Context, f *tokenFlight) {
	asked := c.now()
	value, life, err := c.fetchToken(ctx)
	f.value, f.err = value, err

	t := &c.tokens
	t.mu.Lock()
	t.value, t.until = value, asked.Add(life)
	t.flight = nil
	t.mu.Unlock()
	close(f.done)
}

// drop forgets a token that Halo refused, unless it has been replaced since.
func (t *tokenCache) drop(value string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.value == value {
		t.value = ""
	}
}

// fetchToken asks for a token by client credentials [A] and returns it with
// the time for which it may be used.
func (c *Client) fetchToken(ctx context.Context) (string, time.Duration, error) {
	scope := c.Scope
	if scope == "" {
		scope = "all"
	}
	form := url.Values{
		"grant_type":    {"client_credentials"},
		"client_id":     {c.ClientID},
		"client_secret": {c.ClientSecret},
		"scope":         {scope},
	}
	r := request{op: opToken, method: http.MethodPost, path: tokenPath, body: []byte(form.Encode())}
	if c.Tenant != "" {
		r.query = url.Values{"tenant": {c.Tenant}}
	}
	header := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	a, err := c.exchange(ctx, c.AuthURL, r, header, "")
	if err != nil {
		return "", 0, err
	}
	if !a.good() {
		e := c.statusError(a, "")
		if a.status >= 400 && e.Class != ClassServer && e.Class != ClassRateLimited {
			e.Class = ClassCredentials
		}
		return "", 0, e
	}
	value, life, err := parseToken(a.text)
	if err != nil {
		return "", 0, a.unreadable(err)
	}
	return value, life, nil
}

// parseToken reads a token answer. The time is until a minute before the
// token ends, or half of its life where that is less than two minutes.
func parseToken(body []byte) (string, time.Duration, error) {
	var v struct {
		AccessToken string `json:"access_token"`
		ExpiresIn   Int    `json:"expires_in"`
	}
	err := json.Unmarshal(body, &v)
	if v.AccessToken == "" {
		return "", 0, errors.New("no token in the answer; check that the authorisation URL ends in /auth and is Halo's")
	}
	if err != nil {
		v.ExpiresIn = 0 // a token with an odd life is still a token
	}
	for _, b := range []byte(v.AccessToken) {
		if b <= ' ' || b > '~' {
			return "", 0, errors.New("the token in the answer has characters that no token has")
		}
	}
	life := tokenLife
	if n := v.ExpiresIn; n > 0 {
		life = time.Duration(min(int64(n), int64(tokenLifeMost/time.Second))) * time.Second
	}
	if life <= 2*tokenMargin {
		return v.AccessToken, life / 2, nil
	}
	return v.AccessToken, life - tokenMargin, nil
}

// tokenFailure says for which call the token was wanted. A call whose token
// failed was never sent, so it cannot have been carried out. The error is
// copied because all who waited share it.
func tokenFailure(err error, op string) error {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return err
	}
	own := *e
	own.MaybeDone = false
	own.Op = opToken
	if op != opToken {
		own.Op = op + ": " + opToken
	}
	return &own
}
