package halosim

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// tokenLife is how long an access token lives, as Halo's does [A].
const tokenLife = time.Hour

// token is what is known of an access token.
type token struct {
	expires time.Time
	scopes  []string
}

// allows tells whether the token's scopes cover one such as "edit:tickets".
func (t token) allows(scope string) bool {
	return slices.Contains(t.scopes, "all") || slices.Contains(t.scopes, "admin") || slices.Contains(t.scopes, scope)
}

var scopeWord = regexp.MustCompile(`^(all|admin|openid|offline_access|(read|edit|delete):[a-z]+)$`)

// ExpireTokens makes every token that was issued so far worthless.
func (s *Sim) ExpireTokens() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens = map[string]token{}
}

// issueToken answers POST /auth/token. The credentials are demo and demo; the
// tenant is not looked at.
func (s *Sim) issueToken(c *call) answer {
	form, err := url.ParseQuery(string(c.body))
	if err != nil || !strings.HasPrefix(c.r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		return authError(http.StatusBadRequest, "invalid_request", "The body must be a form.")
	}
	if form.Get("grant_type") != "client_credentials" {
		return authError(http.StatusBadRequest, "unsupported_grant_type", "The specified 'grant_type' is not supported.")
	}
	if form.Get("client_id") != "demo" || form.Get("client_secret") != "demo" || s.has(c, KindInvalidClient) {
		return authError(http.StatusUnauthorized, "invalid_client", "The specified client credentials are invalid.")
	}
	scopes := strings.Fields(form.Get("scope"))
	if len(scopes) == 0 {
		scopes = []string{"all"}
	}
	for _, word := range scopes {
		if !scopeWord.MatchString(word) {
			return authError(http.StatusBadRequest, "invalid_scope", "The specified 'scope' is not valid.")
		}
	}
	life := tokenLife
	if f := s.fault(c, KindTokenExpiry); f != nil {
		life = f.Delay
	}
	access := fakeJWT()
	s.tokens[access] = token{expires: s.now().Add(life), scopes: scopes}
	s.stats.TokensIssued++
	return ok(map[string]any{
		"scope": strings.Join(scopes, " "), "token_type": "Bearer", "access_token": access,
		"expires_in": int(tokenLife / time.Second), "refresh_token": fakeJWT(), "id_token": fakeJWT()})
}

func authError(status int, code, description string) answer {
	return jsonAnswer(status, map[string]string{"error": code, "error_description": description,
		"error_uri": "https://documentation.openiddict.com/errors/ID2055"})
}

func fakeJWT() string {
	header := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"RS256","typ":"at+jwt"}`))
	return header + "." + randomHex(40) + "." + randomHex(32)
}

// authenticate returns the token of a call to /api, or the 401 with an empty
// body that a missing, unknown or expired one gets [G].
func (s *Sim) authenticate(c *call) (token, *answer) {
	scheme, value, _ := strings.Cut(c.r.Header.Get("Authorization"), " ")
	t, known := s.tokens[strings.TrimSpace(value)]
	if !strings.EqualFold(scheme, "Bearer") || !known || !s.now().Before(t.expires) {
		a := fail(http.StatusUnauthorized, shapeEmpty, "")
		a.header = http.Header{"Www-Authenticate": {"Bearer"}}
		return token{}, &a
	}
	return t, nil
}

// permit returns a 403 if the token or the application lacks the scope.
func (s *Sim) permit(c *call, scope string) *answer {
	missing := !c.token.allows(scope)
	for _, f := range c.faults {
		missing = missing || f.Kind == KindPermissionMissing && f.Scope == scope
	}
	if !missing {
		return nil
	}
	a := forbidden()
	return &a
}

func (s *Sim) authInfo(c *call) answer {
	return ok(map[string]string{"auth_url": s.base(c.r) + "/auth", "tenant_id": s.opts.Seed.TenantID})
}

func (s *Sim) discovery(c *call) answer {
	base := s.base(c.r)
	return ok(map[string]any{
		"issuer": base + "/auth/", "token_endpoint": base + "/auth/token",
		"authorization_endpoint":                base + "/auth/authorize",
		"grant_types_supported":                 []string{"client_credentials"},
		"token_endpoint_auth_methods_supported": []string{"client_secret_post"},
		"scopes_supported":                      []string{"all", "admin", "read:tickets", "edit:tickets", "read:customers", "edit:customers"},
		"response_types_supported":              []string{"code"}, "subject_types_supported": []string{"public"}})
}

func (s *Sim) base(r *http.Request) string {
	if s.opts.BaseURL != "" {
		return strings.TrimRight(s.opts.BaseURL, "/")
	}
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}
