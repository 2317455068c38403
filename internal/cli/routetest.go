package cli

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/halert/halert/internal/config"
	"github.com/halert/halert/internal/rehearse"
)

type routeTestCmd struct {
	File    string `short:"f" required:"" help:"Configuration file; - is stdin." placeholder:"FILE"`
	Payload string `arg:"" help:"File with a body as the sender posts it; - is stdin."`
	Source  string `help:"Name of the source in the file; left out: the one that understands the payload." placeholder:"NAME"`
	At      string `help:"The moment, for rules that look at the clock: 2026-03-09T22:00:00Z; left out: now." placeholder:"TIME"`
	JSON    bool   `name:"json" help:"Print JSON."`
}

// Help is shown by --help.
func (*routeTestCmd) Help() string {
	return `Tells for each alert of a payload what a configuration decides: the customer, what keeps it quiet, the
routes that match and what they set, and with which alerts it shares a ticket. No server and no
secrets are needed; what stands for a secret may be unset. Not known here are silences that
people made, and names of tenants that a server has learned.

Example: halert route-test -f halert.yaml payload.json --at 2026-03-09T22:00:00Z`
}

// Validate is called when the flags are known.
func (c *routeTestCmd) Validate() error {
	if c.File == "-" && c.Payload == "-" {
		return errors.New("only one of the file and the payload can be stdin")
	}
	_, err := c.at(time.Time{})
	return err
}

func (c *routeTestCmd) at(now time.Time) (time.Time, error) {
	if c.At == "" {
		return now, nil
	}
	at, err := time.Parse(time.RFC3339, c.At)
	if err != nil {
		return at, fmt.Errorf("--at %q is no moment with a zone, such as 2026-03-09T22:00:00Z", c.At)
	}
	return at, nil
}

// Run tries the routes.
func (c *routeTestCmd) Run(s *session) error {
	at, err := c.at(s.now())
	if err != nil {
		return err
	}
	cfg, err := s.readDraft(c.File)
	if err != nil {
		return err
	}
	payload, err := s.fileOrStdin(c.Payload)
	if err != nil {
		return err
	}
	t, err := s.commands.TryRoutes(cfg, c.Source, payload, at)
	if err != nil {
		return err
	}
	if c.JSON {
		return s.printJSON(t)
	}
	return s.print(s.trial(t))
}

// trial writes the alerts one below the other.
func (s *session) trial(t rehearse.Trial) string {
	st := s.style()
	var b strings.Builder
	fmt.Fprintf(&b, "source %s, at %s: %s\n", t.Source, t.At.UTC().Format(time.RFC3339), count(len(t.Alerts), "alert"))
	if t.Note != "" {
		fmt.Fprintf(&b, "%s\n", oneLine(t.Note))
	}
	for _, p := range t.Problems {
		fmt.Fprintf(&b, "A rule does not match, because it failed: %s\n", oneLine(p))
	}
	for _, v := range t.Alerts {
		fmt.Fprintf(&b, "\n%s: %s, %s\n", oneLine(v.Title), st.colour(severityColour(v.Severity.String()), v.Severity.String()), v.Status)
		for _, line := range verdictLines(v) {
			fmt.Fprintf(&b, "  %-8s  %s\n", line[0], oneLine(line[1]))
		}
	}
	return b.String()
}

// verdictLines are names and what is decided.
func verdictLines(v rehearse.Verdict) [][2]string {
	tenant := v.Tenant
	if tenant == "" {
		tenant = "none"
	}
	lines := [][2]string{{"kind", v.Kind}, {"tenant", tenant}, {"customer", customerLine(v)}}
	if v.Quiet != "" {
		quiet := v.Quiet
		if v.QuietUntil != nil {
			quiet += "; until " + v.QuietUntil.UTC().Format(time.RFC3339)
		}
		lines = append(lines, [2]string{"quiet", quiet})
	}
	routes := "none matches"
	if len(v.Routes) > 0 {
		routes = strings.Join(v.Routes, ", ")
	}
	lines = append(lines, [2]string{"routes", routes})
	for i, one := range v.Settings {
		name := ""
		if i == 0 {
			name = "set"
		}
		lines = append(lines, [2]string{name, one.Name + ": " + one.Value})
	}
	if v.User != "" {
		lines = append(lines, [2]string{"about", v.User})
	}
	if v.Ticket > 0 {
		lines = append(lines, [2]string{"ticket", fmt.Sprintf("number %d of this payload, for %s, of the same customer and source", v.Ticket, v.Group)})
	} else {
		lines = append(lines, [2]string{"ticket", "none"})
	}
	return lines
}

func customerLine(v rehearse.Verdict) string {
	if v.ClientID == 0 {
		return "none: " + v.Held
	}
	at := strings.TrimPrefix(fmt.Sprintf("%s, Halo client %d", v.Customer, v.ClientID), ", ")
	if v.SiteID != 0 {
		at += fmt.Sprintf(", site %d", v.SiteID)
	}
	if v.TenantName == "" {
		return at + ", which takes what belongs to nobody"
	}
	return fmt.Sprintf("%s, found by the tenant's %s %s", at, v.FoundBy, v.TenantName)
}

// unset stands for a reference that leads nowhere on this machine.
const unset = "unset-reference-"

// readDraft reads a configuration of which only the rules are wanted: what
// stands for a secret may be unset.
func (s *session) readDraft(file string) (*config.Config, error) {
	c, err := s.readConfigWith(file, config.Lookup{
		Env: func(name string) (string, bool) {
			if v := s.env(name); v != "" {
				return v, true
			}
			return unset + name, true
		},
		ReadFile: func(path string) ([]byte, error) {
			data, err := os.ReadFile(path)
			if err != nil {
				return []byte(unset + "file"), nil //nolint:nilerr // a secret is not needed here
			}
			return data, nil
		},
	})
	if err != nil {
		return nil, err
	}
	if found := regexp.MustCompile(unset + `(\w*)`).FindSubmatch(c.YAML()); found != nil {
		return nil, fmt.Errorf("%s refers to %s where no secret is, and it is not set; set it", file, found[1])
	}
	return c, nil
}
