// Package config reads and writes halert's configuration file: YAML with
// ${NAME} and ${file:PATH} in its values. [Parse] finds all that is wrong at
// once, with file and line, and changes nothing; what it returns is whole and
// can be applied. Secrets never show in errors, logs or exports.
package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/halert/halert/internal/alert"
	"github.com/halert/halert/internal/route"
)

// Config is a whole, valid configuration. [Parse] makes it.
type Config struct {
	Halo      Halo
	Unmapped  Unmapped
	Own       Own
	Customers []alert.Customer
	Sources   []Source
	Notify    *Notify // nil: nobody is told
	Retention Retention
	Templates []Template
	Storm     *Storm // nil: a customer may get any number of tickets

	Hours    []*route.Hours // windows of time that routes and silences name
	Routes   route.Table
	Silences route.Silences // each has an end or weekly windows
	Exclude  route.Silences // for good
}

// Quiet returns the exclusions and the silences together.
func (c *Config) Quiet() route.Silences { return slices.Concat(c.Exclude, c.Silences) }

// Retention says how long things are kept after they are over: 1 to 36,500
// days, in whole days.
type Retention struct {
	Bodies  time.Duration // of processed events; at most History
	History time.Duration // events, alerts and tickets
}

// Storm says how many new tickets a customer may get at once; what comes beyond
// them goes on one.
type Storm struct {
	Tickets int           // 1 to 10,000
	Within  time.Duration // 1 minute to 24 hours, whole seconds
}

// Halo says how to reach HaloPSA and what its tickets look like.
type Halo struct {
	ResourceURL  string // Resource Server, without a slash at the end
	AuthURL      string // Authorisation Server, without a slash at the end
	Tenant       string // empty if Halo is self-hosted
	ClientID     string
	ClientSecret Secret // empty: keep the stored one
	// WebhookSecret is the last part of the address to which Halo's webhook
	// posts. Empty: keep the stored one, if there is one.
	WebhookSecret Secret
	TicketType    int // Halo's id, positive

	Priority      *int // nil: Halo's own choice for the ticket type
	RequestSource *int // nil: Halo's own choice; 0 and negative ids are valid [B]
	NoteOutcome   int  // the action used for notes; 7 is Internal Note in a default Halo [B]
	ClosedStatus  *int // nil: not configured; 9 is Closed in a default Halo [B]

	Consolidate bool // repeats go on the open ticket
	LinkUsers   bool // one ticket per affected user
	LinkAssets  bool // tickets are linked to the Halo assets of the devices they name
	AdoptCIPP   bool // CIPP's own open tickets are taken over
	SnoozeLinks bool // tickets have a link to the page that snoozes their findings
	RateLimit   Rate
}

// Rate is a number of calls in a rolling window of time.
type Rate struct {
	Calls int           // 1 to 100,000
	Per   time.Duration // 1 s to 24 h, whole seconds
}

// String writes the rate as it stands in the file: "300/5m".
func (r Rate) String() string {
	return strconv.Itoa(r.Calls) + "/" + alert.ShortTime(r.Per)
}

// Unmapped says what becomes of an alert whose tenant belongs to no customer.
// The zero value holds it.
type Unmapped struct {
	ClientID int // the Halo client that gets it; 0: it is held
	SiteID   int // a site of that client; 0: the client's own
}

// Hold tells that such alerts wait until somebody maps their tenant.
func (u Unmapped) Hold() bool { return u.ClientID == 0 }

// Own is the Halo client of the operator itself, on which halert's own alerts
// become tickets. The zero value means that there are none.
type Own struct {
	ClientID int // 0: none
	SiteID   int // 0: the client's own
}

// OwnTenant is the tenant that halert's own alerts name, and OwnSource their
// source. Neither can be configured.
const (
	OwnTenant = "halert"
	OwnSource = "halert"
)

// The kinds of sources.
const (
	KindCIPP         = "cipp"
	KindAlertmanager = "alertmanager"
	KindGeneric      = "generic"
)

// Kinds lists the kinds of sources that a configuration may name.
func Kinds() []string { return []string{KindCIPP, KindAlertmanager, KindGeneric} }

// Source is an inbound endpoint.
type Source struct {
	Name   string // unique; lower case letters, digits, "-" and "_"; stands in the address
	Kind   string // one of [Kinds]
	Secret Secret // empty: keep the stored one
	URL    string // kind cipp: CIPP's own address, for links; may be empty
	Fields Fields // kind generic

	SilentAfter        time.Duration // a silence of the source for longer is a ticket; 0: it is not
	SilentTenantsAfter time.Duration // so is one of a tenant that it has spoken of; 0: it is not
}

// Fields says where a generic body keeps what halert needs: dotted paths such
// as "event.severity". An empty path is not looked up.
type Fields struct {
	List     string // the list of alerts; the other paths then start at its entries
	Tenant   string
	Title    string
	Severity string
	Kind     string
	ID       string
	Status   string
	Resolved string
	User     string
	Device   string
	URL      string
	Message  string
}

// fieldPath is one entry of [Fields] with its key in the file.
type fieldPath struct {
	key  string
	path *string
}

// paths lists the fields in the order in which they are written.
func (f *Fields) paths() []fieldPath {
	return []fieldPath{
		{"list", &f.List}, {"tenant", &f.Tenant}, {"title", &f.Title}, {"severity", &f.Severity},
		{"kind", &f.Kind}, {"id", &f.ID}, {"status", &f.Status}, {"resolved", &f.Resolved},
		{"user", &f.User}, {"device", &f.Device}, {"url", &f.URL}, {"message", &f.Message},
	}
}

// Directory maps tenants to customers. It fails only for a configuration that
// did not come from [Parse].
func (c *Config) Directory() (alert.Directory, error) {
	all := c.Customers
	if c.Own.ClientID != 0 {
		all = append(all[:len(all):len(all)], alert.Customer{ClientID: c.Own.ClientID, SiteID: c.Own.SiteID, Name: c.nameOf(c.Own.ClientID), Tenants: []string{OwnTenant}})
	}
	return alert.NewDirectory(all)
}

// nameOf is the name of a client, if it stands among the customers.
func (c *Config) nameOf(client int) string {
	if i := slices.IndexFunc(c.Customers, func(o alert.Customer) bool { return o.ClientID == client }); i >= 0 {
		return c.Customers[i].Name
	}
	return ""
}

// Triage is the customer that gets what is mapped to nobody; nil: it is held.
func (c *Config) Triage() *alert.Customer {
	if c.Unmapped.Hold() {
		return nil
	}
	return &alert.Customer{ClientID: c.Unmapped.ClientID, SiteID: c.Unmapped.SiteID, Name: c.nameOf(c.Unmapped.ClientID)}
}

// MissingSecrets names the secrets that the file does not give, as
// "halo.client_secret", "sources.NAME.secret" and "notify.email.password".
// They are no problem where one is stored already.
func (c *Config) MissingSecrets() []string {
	var missing []string
	if c.Halo.ClientSecret == "" {
		missing = append(missing, "halo.client_secret")
	}
	for _, s := range c.Sources {
		if s.Secret == "" {
			missing = append(missing, "sources."+s.Name+".secret")
		}
	}
	if n := c.Notify; n != nil && n.Email != nil && n.Email.Username != "" && n.Email.Password == "" {
		missing = append(missing, "notify.email.password")
	}
	return missing
}

// Problem is one thing that is wrong in a configuration file.
type Problem struct {
	File   string
	Line   int    // from 1
	Column int    // from 1, in characters
	Path   string // "customers[2].client"; empty if the file as a whole is meant
	Text   string // what is wrong and what to do; free of secrets
}

// String writes the problem as "halert.yaml:12:5: halo.priority: …".
func (p Problem) String() string {
	at := fmt.Sprintf("%s:%d:%d: ", p.File, p.Line, p.Column)
	if p.Path != "" {
		at += p.Path + ": "
	}
	return at + p.Text
}

// Problems is all that is wrong in a file, in the order of its lines. It is
// the error of [Parse].
type Problems []Problem

// Error lists the problems, one on a line.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, problem := range p {
		lines[i] = problem.String()
	}
	return strings.Join(lines, "\n")
}

// Parse reads a configuration. The name is the file's, for messages. The
// error is of type [Problems]; the configuration is then nil.
func Parse(name string, data []byte, lookup Lookup) (*Config, error) {
	r := &reader{file: name, lookup: lookup, hidden: make(map[string]string)}
	c := r.config(data)
	if len(r.problems) > 0 {
		slices.SortStableFunc(r.problems, func(a, b Problem) int {
			if a.Line != b.Line {
				return a.Line - b.Line
			}
			return a.Column - b.Column
		})
		return nil, r.problems
	}
	return c, nil
}
