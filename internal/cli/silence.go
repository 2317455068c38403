package cli

import (
	"strings"
	"time"

	"github.com/halert/halert/internal/api"
	"github.com/halert/halert/internal/api/client"
)

type silenceCmd struct {
	Add  silenceAddCmd  `cmd:"" help:"Keep alerts from becoming tickets for a while."`
	List silenceListCmd `cmd:"" help:"List silences."`
	End  silenceEndCmd  `cmd:"" help:"End a silence now."`
}

type silenceAddCmd struct {
	Matchers []string `arg:"" optional:"" help:"What an alert must match, all of it: customer=\"Acme\", severity<error, kind=~\"audit.*\"."`
	Alert    string   `help:"Silence this one alert instead." placeholder:"ID"`
	For      string   `help:"How long: 2h, 7d." required:"" placeholder:"TIME"`
	Reason   string   `help:"Why." required:"" placeholder:"TEXT"`
	Author   string   `help:"Who asks for it; left out: the name of the token." placeholder:"NAME"`
	JSON     bool     `name:"json" help:"Print the silence as JSON."`
	remote
}

// Help is shown by --help.
func (*silenceAddCmd) Help() string {
	return `Silenced alerts are kept, and looked at again when the silence ends. "halert alerts --quiet" lists them.

Example: halert silence add 'customer="Acme Dental"' 'source=prometheus' --for 4h --reason "new server"`
}

// Run makes a silence.
func (c *silenceAddCmd) Run(s *session) error {
	made, err := c.client(s).Silence(s.ctx, api.NewSilence{AlertID: c.Alert, Matchers: c.Matchers, Reason: c.Reason, Author: c.Author, For: c.For})
	if err != nil {
		return err
	}
	if c.JSON {
		return s.printJSON(made)
	}
	return s.print(made.ID + "\n")
}

type silenceListCmd struct {
	listing
	remote
}

// Help is shown by --help.
func (*silenceListCmd) Help() string {
	return `The newest come first. Silences of the configuration stand in its file: halert export.

Example: halert silence list`
}

// Run lists silences.
func (c *silenceListCmd) Run(s *session) error {
	hc := c.client(s)
	columns := []column{{head: "STATE"}, {head: "UNTIL"}, {head: "WHAT"}, {head: "AUTHOR", max: 16}, {head: "ID", drop: 1}, {head: "REASON"}}
	return show(s, c.listing, columns, func(p client.Page) (api.List[api.Silence], error) { return hc.Silences(s.ctx, p) }, silenceRow)
}

func silenceRow(now time.Time, one api.Silence) []string {
	state := "over"
	switch {
	case one.Active:
		state = "active"
	case one.EndedAt == nil && now.Before(one.From):
		state = "to come"
	}
	what := strings.Join(one.Matchers, " ")
	if what == "" {
		what = "one alert"
	}
	return []string{state, one.Until.Format(time.RFC3339), what, one.Author, one.ID, one.Reason}
}

type silenceEndCmd struct {
	ID string `arg:"" help:"Which."`
	remote
}

// Help is shown by --help.
func (*silenceEndCmd) Help() string {
	return `What the silence kept quiet is looked at again at once.

Example: halert silence end 01a20b25-e104-727c-b481-1f114bbcab93`
}

// Run ends a silence.
func (c *silenceEndCmd) Run(s *session) error { return c.client(s).EndSilence(s.ctx, c.ID) }
