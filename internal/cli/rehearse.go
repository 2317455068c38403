package cli

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/halert/halert/internal/rehearse"
)

type rehearseCmd struct {
	File  string `short:"f" required:"" help:"Draft of a configuration; - is stdin." placeholder:"FILE"`
	Since string `help:"For how long back: 14d, 12h; at most as long as bodies are kept." default:"7d" placeholder:"TIME"`
	JSON  bool   `name:"json" help:"Print the API's answer."`
	remote
}

// Help is shown by --help.
func (*rehearseCmd) Help() string {
	return `Plays the bodies that the server has stored through a draft, beside the configuration in force, and
prints the tickets that would come, go or change. Halo is not touched, and nothing is written.
Secrets are not needed: what stands for one may be unset.

Example: halert rehearse -f new.yaml --since 14d`
}

// Run rehearses.
func (c *rehearseCmd) Run(s *session) error {
	cfg, err := s.readDraft(c.File)
	if err != nil {
		return err
	}
	out, err := c.client(s).Rehearse(s.ctx, c.File, cfg.YAML(), c.Since)
	if err != nil {
		return err
	}
	if c.JSON {
		return s.printJSON(out)
	}
	return s.print(rehearsalText(s.style(), out))
}

func rehearsalText(st style, r rehearse.Rehearsal) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s since %s", bodies(r.Bodies), r.Since.UTC().Format(time.RFC3339))
	if r.Gone > 0 {
		fmt.Fprintf(&b, ", %d of them not kept any more", r.Gone)
	}
	b.WriteString("\n")
	if !r.Complete {
		fmt.Fprintf(&b, "There are more: only those until %s were played.\n", r.Until.UTC().Format(time.RFC3339))
	}
	for _, p := range r.Problems {
		fmt.Fprintf(&b, "A rule of the draft does not match, because it failed: %s\n", oneLine(p))
	}
	b.WriteString("\n")
	totals := table{columns: []column{{head: ""}, {head: "IN FORCE"}, {head: "DRAFT"}}}
	for _, row := range []struct {
		name string
		a, b int
	}{
		{"tickets", r.InForce.Tickets, r.Draft.Tickets}, {"notes, about", r.InForce.Notes, r.Draft.Notes}, {"quiet alerts", r.InForce.Quiet, r.Draft.Quiet},
		{"held alerts", r.InForce.Held, r.Draft.Held}, {"bodies not read", r.InForce.Unread, r.Draft.Unread},
	} {
		totals.add(row.name, strconv.Itoa(row.a), strconv.Itoa(row.b))
	}
	b.WriteString(totals.render(st))
	fmt.Fprintf(&b, "\n%s: %d come, %d go, %d change, %d stay as they are\n",
		count(r.Come+r.Go+r.Change+r.Same, "ticket"), r.Come, r.Go, r.Change, r.Same)
	if len(r.Changes) == 0 {
		return b.String()
	}
	b.WriteString("\n")
	changes := table{columns: []column{{head: "WHAT", tint: changeColour}, {head: "AT", drop: 2}, {head: "CUSTOMER", max: 30}, {head: "TICKET", max: 40}, {head: "ALERTS"}, {head: "BODIES", drop: 1}, {head: "HOW"}}}
	for _, c := range r.Changes {
		behind := cmp.Or(c.Draft, c.InForce)
		changes.add(c.What, c.At.UTC().Format("2006-01-02 15:04"), c.Customer, c.Title, strconv.Itoa(behind.Alerts), strconv.Itoa(behind.Bodies), how(c))
	}
	b.WriteString(changes.render(st))
	if left := r.Come + r.Go + r.Change - len(r.Changes); left > 0 {
		fmt.Fprintf(&b, "and %d more\n", left)
	}
	return b.String()
}

func changeColour(what string) string {
	return map[string]string{"come": green, "go": red, "change": yellow}[what]
}

// how tells the differences in one line.
func how(c rehearse.TicketChange) string {
	var parts []string
	if c.Why != "" {
		parts = append(parts, c.Why)
	}
	for _, d := range c.Differences {
		switch {
		case c.What == "change":
			parts = append(parts, fmt.Sprintf("%s: %s -> %s", d.Name, cmp.Or(d.InForce, "none"), cmp.Or(d.Draft, "none")))
		case c.What == "come" && d.Name != "customer":
			parts = append(parts, d.Name+" "+d.Draft)
		}
	}
	return strings.Join(parts, "; ")
}

func bodies(n int) string {
	if n == 1 {
		return "1 body"
	}
	return strconv.Itoa(n) + " bodies"
}
