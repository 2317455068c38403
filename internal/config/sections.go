package config

import (
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/token"

	"github.com/halert/halert/internal/alert"
	"github.com/halert/halert/internal/nearest"
)

func (r *reader) config(data []byte) *Config {
	top, ok := r.document(data)
	if !ok {
		return nil
	}
	const noHalo = "the section is missing; it needs resource_url, auth_url, client_id, client_secret and ticket_type"
	if top == nil {
		r.problem(1, 1, "halo", noHalo)
		return nil
	}
	c := &Config{}
	s := node{r: r, ast: top, at: startOf(top)}.section("halo", "unmapped", "own_alerts", "customers", "sources", "notify", "retention", "storm", "templates", "hours", "routes", "silences", "exclude")
	if halo, ok := s.byKey["halo"]; ok {
		c.Halo = halo.halo()
	} else {
		r.problem(1, 1, "halo", noHalo)
	}
	if n, ok := s.byKey["unmapped"]; ok {
		c.Unmapped = n.unmapped()
	}
	if n, ok := s.byKey["own_alerts"]; ok {
		c.Own = n.own()
	}
	if n, ok := s.byKey["sources"]; ok {
		c.Sources = n.sources(c.Own)
	}
	if n, ok := s.byKey["notify"]; ok {
		c.Notify = n.notify()
	}
	if n, ok := s.byKey["templates"]; ok {
		c.Templates = n.templates()
	}
	c.Retention = Retention{Bodies: 30 * day, History: 400 * day}
	if n, ok := s.byKey["retention"]; ok {
		c.Retention = n.retention(c.Retention)
	}
	if n, ok := s.byKey["storm"]; ok {
		c.Storm = n.storm()
	}
	before := len(r.problems)
	if n, ok := s.byKey["customers"]; ok {
		c.Customers = n.customers()
	}
	rules := s.rules(c)
	if len(r.problems) == before {
		rules.runTests()
	}
	return c
}

const day = 24 * time.Hour

func (n node) retention(fallback Retention) Retention {
	s := n.section("bodies", "history")
	keep := Retention{Bodies: s.days("bodies", fallback.Bodies), History: s.days("history", fallback.History)}
	if keep.Bodies > keep.History {
		n.problem("bodies are kept longer than the history that they belong to; give history %dd or more", keep.Bodies/day)
	}
	return keep
}

// days reads "30d".
func (s section) days(key string, fallback time.Duration) time.Duration {
	text := s.text(key)
	if text == "" {
		return fallback
	}
	number, isDays := strings.CutSuffix(text, "d")
	days, err := strconv.ParseUint(number, 10, 32)
	if n := s.byKey[key]; !isDays || err != nil || days < 1 || days > 36_500 {
		n.problem("is %s; write whole days, 1d to 36500d", n.shown())
		return fallback
	}
	return time.Duration(days) * day
}

func (n node) halo() Halo {
	s := n.section("resource_url", "auth_url", "tenant", "client_id", "client_secret", "ticket_type", "priority",
		"request_source", "note_outcome", "closed_status", "consolidate", "link_users", "link_assets", "adopt_cipp", "snooze_links", "rate_limit", "webhook_secret")
	h := Halo{
		Tenant:        s.text("tenant"),
		ClientSecret:  Secret(s.text("client_secret")),
		WebhookSecret: Secret(s.text("webhook_secret")),
		TicketType:    s.ticketType(),
		Priority:      s.number("priority", 0),
		RequestSource: s.number("request_source", -1<<31),
		NoteOutcome:   s.numberOr("note_outcome", -1<<31, 7),
		ClosedStatus:  s.number("closed_status", 1),
		Consolidate:   s.flag("consolidate", true),
		LinkUsers:     s.flag("link_users", false),
		LinkAssets:    s.flag("link_assets", false),
		AdoptCIPP:     s.flag("adopt_cipp", false),
		SnoozeLinks:   s.flag("snooze_links", false),
		RateLimit:     s.rate("rate_limit", Rate{Calls: 300, Per: 5 * time.Minute}),
	}
	if text, at, ok := s.required("resource_url", "copy the Resource Server from Halo's API page, like https://acme.halopsa.com/api"); ok {
		h.ResourceURL = at.address(text)
	}
	if text, at, ok := s.required("auth_url", "copy the Authorisation Server from Halo's API page, like https://acme.halopsa.com/auth"); ok {
		h.AuthURL = at.address(text)
	}
	h.ClientID, _, _ = s.required("client_id", "copy the Client ID of the API application in Halo")
	return h
}

// ticketType reads an id or the address of the ticket type's page in Halo,
// which ends with "tickettype?id=21" and may have more after it.
func (s section) ticketType() int {
	const hint = "give the id of a ticket type, or the address of its page in Halo, which ends with tickettype?id=21"
	text, n, ok := s.required("ticket_type", hint)
	if !ok {
		return 0
	}
	if page, query, isAddress := strings.Cut(text, "?"); isAddress {
		query, _, _ = strings.Cut(query, "#")
		values, err := url.ParseQuery(query)
		if err != nil || !strings.HasSuffix(strings.ToLower(strings.TrimRight(page, "/")), "tickettype") {
			n.problem("is not the address of a ticket type; %s", hint)
			return 0
		}
		text = values.Get("id")
	}
	id, err := strconv.ParseInt(text, 10, 32)
	if err != nil || id < 1 {
		n.problem("is %s; %s", n.shown(), hint)
		return 0
	}
	return int(id)
}

// rate reads "300/5m".
func (s section) rate(key string, fallback Rate) Rate {
	text := s.text(key)
	if text == "" {
		return fallback
	}
	calls, per, _ := strings.Cut(text, "/")
	number, err := strconv.ParseInt(strings.TrimSpace(calls), 10, 32)
	window, err2 := time.ParseDuration(strings.TrimSpace(per))
	n := s.byKey[key]
	switch {
	case err != nil || err2 != nil:
		n.problem("is %s; write calls and time, like 300/5m", n.shown())
	case number < 1 || number > 100_000:
		n.problem("is %s; the calls must be 1 to 100000", n.shown())
	case window < time.Second || window > 24*time.Hour || window%time.Second != 0:
		n.problem("is %s; the time must be whole seconds, 1s to 24h", n.shown())
	}
	return Rate{Calls: int(number), Per: window}
}

func (n node) unmapped() Unmapped {
	if _, single := scalar(n.ast); single {
		if text, ok := n.text(); ok && text != "" && text != "hold" {
			n.problem("is %s; write hold, or {client: ID} with the id of a Halo client", n.shown())
		}
		return Unmapped{}
	}
	s := n.section("client", "site")
	return Unmapped{ClientID: s.client(), SiteID: s.numberOr("site", 1, 0)}
}

// client reads the Halo client, which must be there.
func (s section) client() int {
	if _, _, ok := s.required("client", "give the id of the Halo client"); !ok {
		return 0
	}
	return s.numberOr("client", 1, 0)
}

func (n node) customers() []alert.Customer {
	type place struct{ client, site int }
	seen := make(map[place]int)             // line of the customer
	owners := make(map[string]*token.Token) // where a tenant was given first
	var out []alert.Customer
	for _, item := range n.items() {
		s := item.section("client", "site", "name", "tenants", "groups")
		c := alert.Customer{ClientID: s.client(), SiteID: s.numberOr("site", 1, 0), Name: s.text("name")}
		at := place{c.ClientID, c.SiteID}
		if line := seen[at]; line > 0 && c.ClientID > 0 {
			item.problem("the same client and site are in line %d already; put the tenants together there", line)
		} else {
			seen[at] = item.at.Position.Line
		}
		if tenants, ok := s.byKey["tenants"]; ok {
			c.Tenants = tenants.tenants(owners)
		}
		for _, group := range s.list("groups") {
			same := func(other string) bool { return strings.EqualFold(group.text, other) }
			switch {
			case group.text == "":
				group.problem("is empty; give the name of a group, or delete the entry")
			case !slices.ContainsFunc(c.Groups, same):
				c.Groups = append(c.Groups, group.text)
			}
		}
		out = append(out, c)
	}
	return out
}

// tenants reads the tenants of one customer. A tenant that stands twice there
// is taken once; one that another customer has is a problem.
func (n node) tenants(owners map[string]*token.Token) []string {
	own := make(map[string]bool)
	var out []string
	for _, item := range n.items() {
		text, ok := item.text()
		if !ok {
			continue
		}
		key := alert.NewTenant(text, "").ID
		if key == OwnTenant {
			item.problem("is the tenant of halert's own alerts; set own_alerts to give them to a client")
			continue
		}
		if key == "" {
			item.problem("is empty; give a tenant id or a domain, or delete the entry")
			continue
		}
		if own[key] {
			continue
		}
		own[key] = true
		if first := owners[key]; first != nil {
			item.problem("tenant %s is already given to the customer in line %d; keep it with one of them", item.shown(), first.Position.Line)
			continue
		}
		owners[key] = item.at
		out = append(out, text)
	}
	return out
}

func (n node) sources(own Own) []Source {
	lines := make(map[string]int)
	var out []Source
	for _, item := range n.items() {
		s := item.section("name", "kind", "secret", "url", "fields", "silent_after", "silent_tenants_after")
		src := Source{Secret: Secret(s.text("secret")), Kind: s.kind(), Name: s.sourceName()}
		if line := lines[src.Name]; line > 0 && src.Name != "" {
			s.byKey["name"].problem("is already the name of the source in line %d; give each its own", line)
		} else {
			lines[src.Name] = item.at.Position.Line
		}
		if url, ok := s.onlyFor("url", src.Kind, KindCIPP); ok {
			if text, ok := url.text(); ok && text != "" {
				src.URL = url.address(text)
			}
		}
		if fields, ok := s.onlyFor("fields", src.Kind, KindGeneric); ok {
			src.Fields = fields.fields()
		}
		src.SilentAfter, src.SilentTenantsAfter = s.silence("silent_after", own), s.silence("silent_tenants_after", own)
		out = append(out, src)
	}
	return out
}

func (s section) sourceName() string {
	name, n, ok := s.required("name", "it stands in the address that the sender calls, /hooks/NAME")
	if name == OwnSource {
		n.problem("is the name of halert's own source; choose another")
		return ""
	}
	if ok && !regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,62}$`).MatchString(name) {
		n.problem("is %s; use 1 to 63 lower case letters, digits, - and _, a letter or digit first", n.shown())
		return ""
	}
	return name
}

func (s section) kind() string {
	kind, n, ok := s.required("kind", "known are "+strings.Join(Kinds(), ", "))
	if ok && !contains(Kinds(), kind) {
		n.problem("is %s, which is unknown; %s", n.shown(), nearest.Hint(kind, Kinds()))
		return ""
	}
	return kind
}

// onlyFor returns a key that only one kind of source has.
func (s section) onlyFor(key, kind, want string) (node, bool) {
	n, ok := s.byKey[key]
	if ok && kind != want && kind != "" {
		n.problem("is for the kind %s only; delete it", want)
		return n, false
	}
	return n, ok
}

func (n node) fields() Fields {
	var f Fields
	var known []string
	for _, p := range f.paths() {
		known = append(known, p.key)
	}
	s := n.section(known...)
	for _, p := range f.paths() {
		*p.path = s.text(p.key)
		if *p.path != "" && contains(strings.Split(*p.path, "."), "") {
			at := s.byKey[p.key]
			at.problem("is %s; write the names on the way to the value with dots between, like event.severity", at.shown())
		}
	}
	return f
}
