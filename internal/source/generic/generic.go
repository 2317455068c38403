// Package generic reads the JSON of any sender. A [Mapping] names the fields;
// where it does not, the usual names are tried.
package generic

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/halert/halert/internal/alert"
	"github.com/halert/halert/internal/source/jsontree"
)

// Mapping says where the parts of an alert stand. Every field but Resolved is
// a dotted path, "labels.tenant" or "items.0.name"; case does not matter. An
// empty path means that the usual names are tried at the top of the alert.
type Mapping struct {
	// List is the path to the array of alerts. Empty: the body is one alert,
	// or is itself an array of them.
	List string
	// Tenant is whose alert it is: an id, a domain or a name.
	Tenant string
	// Title is what is wrong, in one line.
	Title string
	// Severity holds one of the words of [alert.ParseSeverity].
	Severity string
	// Kind is what alerts of one ticket have in common. Empty: the usual
	// names, else the title without its numbers.
	Kind string
	// ID identifies the alert when it comes again. Empty: the usual names,
	// else the title without its numbers and the device.
	ID string
	// Status holds the state of the alert.
	Status string
	// Resolved are the values of Status that mean that the alert is over.
	// Empty: resolved, ok, closed, normal, recovered, up, inactive, cleared.
	Resolved []string
	// User is whom the alert is about: a user principal name or e-mail address.
	User string
	// Device is what the alert is about: a computer, a host.
	Device string
	// URL is an http or https address to look further.
	URL string
	// Message is the long text.
	Message string
}

// Limits of what goes on from one alert.
const (
	maxTitle  = 300
	maxValue  = 2000
	maxName   = 100
	maxFields = 100
)

// The names that are tried where the mapping has no path.
var (
	tenantNames   = []string{"tenant", "tenant_id", "tenantId", "customer", "client", "organization", "organisation", "company"}
	titleNames    = []string{"title", "subject", "name", "alert", "summary", "message"}
	severityNames = []string{"severity", "priority", "level"}
	kindNames     = []string{"kind", "alert_type", "type", "rule", "check"}
	idNames       = []string{"id", "alert_id", "alertId", "fingerprint", "incident_id"}
	statusNames   = []string{"status", "state"}
	userNames     = []string{"user", "upn", "userPrincipalName", "email", "username"}
	deviceNames   = []string{"device", "host", "hostname", "computer", "machine"}
	urlNames      = []string{"url", "link", "alert_url", "details_url"}
	messageNames  = []string{"message", "description", "body", "details", "text"}
	timeNames     = []string{"timestamp", "time", "occurred_at", "created_at", "date"}
)

var resolvedWords = []string{"resolved", "ok", "closed", "normal", "recovered", "up", "inactive", "cleared"}

// Parser reads bodies by a mapping. It is safe for concurrent use.
type Parser struct{ m Mapping }

// New makes a parser. The zero Mapping is useful.
func New(m Mapping) *Parser { return &Parser{m: m} }

var (
	errScalar = errors.New("the body is a single JSON value; send an object or an array of objects")
	errNoList = errors.New("there is no array of alerts at the path that the source's mapping names as its list; compare the mapping with the body")
	errNone   = errors.New("the body holds no alert; send an object, or an array of objects")
)

// Prepare checks that the body is a JSON object or array, and strips a byte
// order mark.
func (p *Parser) Prepare(body []byte) ([]byte, error) {
	v, err := jsontree.Decode(body)
	if err == nil && v.Kind != jsontree.Object && v.Kind != jsontree.Array {
		err = errScalar
	}
	if err != nil {
		return body, err
	}
	return jsontree.Trim(body)
}

// Parse turns a body into events. An alert whose title is not found is an
// event all the same.
func (p *Parser) Parse(body []byte) (alert.Message, error) {
	v, err := jsontree.Decode(body)
	if err != nil {
		return alert.Message{}, err
	}
	list := v
	if p.m.List != "" {
		if list = v.Path(p.m.List).Unwrap(); list.Kind != jsontree.Array && list.Kind != jsontree.Object {
			return alert.Message{}, errNoList
		}
	}
	alerts := []jsontree.Member{{Value: list}}
	if list.Kind == jsontree.Array {
		alerts = list.List
	}
	var msg alert.Message
	for _, a := range alerts {
		if !a.Value.IsEmpty() {
			msg.Events = append(msg.Events, p.event(a.Value))
		}
	}
	if len(msg.Events) == 0 {
		return alert.Message{}, errNone
	}
	return msg, nil
}

func (p *Parser) event(a jsontree.Value) alert.Event {
	title := alert.Cut(alert.OneLine(text(a, p.m.Title, titleNames)), maxTitle)
	message := strings.TrimSpace(alert.CleanText(text(a, p.m.Message, messageNames)))
	if title == "" {
		title = alert.Cut(alert.OneLine(message), maxTitle)
	}
	if title == "" && a.Kind != jsontree.Object {
		title = alert.Cut(alert.OneLine(a.Flat()), maxTitle)
	}
	if title == "" {
		title = "Alert without a title"
	}
	kind := alert.OneLine(text(a, p.m.Kind, kindNames))
	topic := alert.Topic{Title: kind, Kind: strings.ToLower(alert.Cut(kind, maxTitle))}
	if kind == "" {
		topic = alert.Topic{Title: title, Kind: masked(title)}
	}
	topic.Title = alert.Cut(topic.Title, maxTitle)
	e := alert.Event{
		Action: alert.Trigger, Topic: topic, Tenant: tenant(text(a, p.m.Tenant, tenantNames)), Severity: alert.Warning,
		OccurredAt: moment(text(a, "", timeNames)),
		Finding: alert.Finding{
			Title: title, User: user(text(a, p.m.User, userNames)),
			Device: alert.Cut(alert.OneLine(text(a, p.m.Device, deviceNames)), maxName),
		},
	}
	if s := alert.ParseSeverity(text(a, p.m.Severity, severityNames)); s != 0 {
		e.Severity = s
	}
	if p.isResolved(text(a, p.m.Status, statusNames)) {
		e.Action = alert.Resolve
	}
	e.Finding.Links = link(text(a, p.m.URL, urlNames))
	e.Finding.Fields = fields(a, message, title)
	e.Fingerprint = fingerprint(text(a, p.m.ID, idNames), title, e.Finding.Device, e.Finding.User.Key())
	return e
}

// text finds a part of the alert by its path, else by the usual names.
func text(a jsontree.Value, path string, names []string) string {
	if path != "" {
		return strings.TrimSpace(a.Path(path).Flat())
	}
	return a.Str(names...)
}

func (p *Parser) isResolved(status string) bool {
	words := p.m.Resolved
	if len(words) == 0 {
		words = resolvedWords
	}
	return status != "" && slices.ContainsFunc(words, func(w string) bool { return strings.EqualFold(strings.TrimSpace(w), status) })
}

// fields shows the long text first, then all else in the sender's order.
func fields(a jsontree.Value, message, title string) []alert.Field {
	var out []alert.Field
	if message != "" && message != title {
		out = append(out, alert.Field{Name: "Message", Value: alert.Cut(message, maxValue)})
	}
	if a.Kind != jsontree.Object {
		return out
	}
	for _, m := range a.List {
		value := strings.TrimSpace(alert.CleanText(m.Value.Flat()))
		if value == "" || value == title || value == message || len(out) >= maxFields {
			continue
		}
		name := alert.Cut(alert.OneLine(m.Name), maxName)
		out = append(out, alert.Field{Name: name, Value: alert.Cut(value, maxValue)})
	}
	return out
}

var guidShape = regexp.MustCompile(`^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

func tenant(name string) alert.Tenant {
	name = alert.Cut(alert.OneLine(name), 253)
	if guidShape.MatchString(name) {
		return alert.NewTenant(name, "")
	}
	return alert.NewTenant("", name)
}

func user(name string) alert.User {
	name = alert.Cut(alert.OneLine(name), maxTitle)
	switch {
	case guidShape.MatchString(name):
		return alert.User{ObjectID: strings.ToLower(name)}
	case strings.Contains(name, "@"):
		return alert.User{UPN: name}
	}
	return alert.User{Name: name}
}

func link(raw string) []alert.Link {
	u, err := url.Parse(raw)
	if err != nil || len(raw) > maxValue || u.Host == "" || u.User != nil || u.Scheme != "http" && u.Scheme != "https" {
		return nil
	}
	s := u.String()
	if alert.OneLine(s) != s {
		return nil
	}
	return []alert.Link{{Text: "Open", URL: s}}
}

var numbers = regexp.MustCompile(`\b\d[\d.,:%/-]*\b%?`)

// masked is a text without the numbers in it, which move from one alert to the
// next.
func masked(s string) string {
	return strings.ToLower(alert.OneLine(numbers.ReplaceAllString(s, "#")))
}

// fingerprint is the sender's id, else what the alert is about.
func fingerprint(id, title, device, user string) string {
	if id = alert.OneLine(id); id != "" && len(id) <= maxTitle {
		return id
	}
	parts := []string{id}
	if id == "" {
		parts = []string{masked(title), strings.ToLower(device), user}
	}
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:16])
}

func moment(s string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil || t.Year() < 2000 || t.Year() >= 2100 {
		return time.Time{}
	}
	return t.UTC()
}
