package config

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"github.com/halert/halert/internal/alert"
)

const kept = "not shown; the stored one is kept when this file is applied"

// YAML writes the configuration in its canonical form. The secrets are left
// out, each with a comment that the stored one is kept.
func (c *Config) YAML() []byte { return c.write(false) }

// YAMLWithSecrets writes the configuration with its secrets in clear: for
// sending it to a server, never for people or files.
func (c *Config) YAMLWithSecrets() []byte { return c.write(true) }

// writer collects the text of the file.
type writer struct {
	strings.Builder
	secrets bool
	indent  string // of lines
}

func (c *Config) write(secrets bool) []byte {
	w := &writer{secrets: secrets}
	w.halo(c.Halo)
	if c.Unmapped.Hold() {
		w.WriteString("unmapped: hold\n")
	} else {
		fmt.Fprintf(w, "unmapped: {client: %d%s}\n", c.Unmapped.ClientID, site(c.Unmapped.SiteID))
	}
	if c.Own.ClientID != 0 {
		fmt.Fprintf(w, "own_alerts: {client: %d%s}\n", c.Own.ClientID, site(c.Own.SiteID))
	}
	w.notify(c.Notify)
	if keep := c.Retention; keep.History > 0 {
		fmt.Fprintf(w, "retention: {bodies: %dd, history: %dd}\n", keep.Bodies/day, keep.History/day)
	}
	w.storm(c.Storm)
	if len(c.Customers) > 0 {
		w.WriteString("customers:\n")
	}
	for _, customer := range c.Customers {
		w.customer(customer)
	}
	if len(c.Sources) > 0 {
		w.WriteString("sources:\n")
	}
	for _, s := range c.Sources {
		w.source(s)
	}
	w.templates(c.Templates)
	w.rules(c)
	return []byte(w.String())
}

func (w *writer) halo(h Halo) {
	w.WriteString("halo:\n")
	w.indent = "  "
	w.line("resource_url", quoted(h.ResourceURL))
	w.line("auth_url", quoted(h.AuthURL))
	if h.Tenant != "" {
		w.line("tenant", quoted(h.Tenant))
	}
	w.line("client_id", quoted(h.ClientID))
	w.secret("client_secret", h.ClientSecret)
	w.line("ticket_type", strconv.Itoa(h.TicketType))
	w.number("priority", h.Priority)
	w.number("request_source", h.RequestSource)
	w.line("note_outcome", strconv.Itoa(h.NoteOutcome))
	w.number("closed_status", h.ClosedStatus)
	w.line("consolidate", strconv.FormatBool(h.Consolidate))
	w.line("link_users", strconv.FormatBool(h.LinkUsers))
	if h.LinkAssets {
		w.line("link_assets", "true")
	}
	if h.AdoptCIPP {
		w.line("adopt_cipp", "true")
	}
	if h.SnoozeLinks {
		w.line("snooze_links", "true")
	}
	w.line("rate_limit", h.RateLimit.String())
	w.secret("webhook_secret", h.WebhookSecret)
}

func (w *writer) line(key, value string) { fmt.Fprintf(w, "%s%s: %s\n", w.indent, key, value) }

func (w *writer) number(key string, value *int) {
	if value != nil {
		w.line(key, strconv.Itoa(*value))
	}
}

func (w *writer) secret(key string, s Secret) {
	switch {
	case !w.secrets:
		fmt.Fprintf(w, "%s# %s: %s\n", w.indent, key, kept)
	case s != "":
		w.line(key, quoted(s.Reveal()))
	}
}

func site(id int) string {
	if id == 0 {
		return ""
	}
	return ", site: " + strconv.Itoa(id)
}

func (w *writer) customer(c alert.Customer) {
	fmt.Fprintf(w, "  - {client: %d%s", c.ClientID, site(c.SiteID))
	if c.Name != "" {
		w.WriteString(", name: " + quoted(c.Name))
	}
	w.WriteString(", tenants: " + list(c.Tenants))
	if len(c.Groups) > 0 {
		w.WriteString(", groups: " + list(c.Groups))
	}
	w.WriteString("}\n")
}

func (w *writer) source(s Source) {
	fmt.Fprintf(w, "  - name: %s\n", quoted(s.Name))
	w.indent = "    "
	w.line("kind", quoted(s.Kind))
	w.secret("secret", s.Secret)
	if s.URL != "" {
		w.line("url", quoted(s.URL))
	}
	var fields []string
	for _, p := range s.Fields.paths() {
		if *p.path != "" {
			fields = append(fields, p.key+": "+quoted(*p.path))
		}
	}
	if len(fields) > 0 {
		w.line("fields", "{"+strings.Join(fields, ", ")+"}")
	}
	if s.SilentAfter != 0 {
		w.line("silent_after", hoursOrDays(s.SilentAfter))
	}
	if s.SilentTenantsAfter != 0 {
		w.line("silent_tenants_after", hoursOrDays(s.SilentTenantsAfter))
	}
}

// The texts that need no quotes, and the words among them that do, because
// YAML reads them as something else.
var (
	plain    = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]*([ .][A-Za-z0-9][A-Za-z0-9_-]*)*$`)
	reserved = regexp.MustCompile(`(?i)^(true|false|null|yes|no|on|off|y|n)$`)
)

// quoted writes a text as a YAML scalar that [Parse] reads back unchanged.
func quoted(s string) string {
	if plain.MatchString(s) && !reserved.MatchString(s) {
		return s
	}
	s = strings.ReplaceAll(s, "${", "$${")
	if strings.Contains(s, `"`) && !strings.ContainsFunc(s, func(c rune) bool { return c == '\'' || !unicode.IsPrint(c) }) {
		return "'" + s + "'"
	}
	var out strings.Builder
	out.WriteByte('"')
	for _, c := range s {
		switch {
		case c == '"' || c == '\\':
			out.WriteByte('\\')
			out.WriteRune(c)
		case unicode.IsPrint(c):
			out.WriteRune(c)
		default:
			fmt.Fprintf(&out, `\U%08X`, c)
		}
	}
	out.WriteByte('"')
	return out.String()
}
