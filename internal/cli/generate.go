package cli

import "errors"

type generateCmd struct {
	Days    int    `help:"Days of the month, 1 to 366." default:"30"`
	Tenants int    `help:"Customers of the MSP, 2 to 500." default:"60"`
	Seed    uint64 `help:"The same number gives the same month." default:"1"`
	Out     string `help:"Folder to write to; it must be new or empty." placeholder:"DIR" required:""`
}

// Help is shown by --help.
func (*generateCmd) Help() string {
	return `The month has what CIPP and Alertmanager send about all customers of a made up MSP: repeats,
findings that come and go, onboarding, outages, people who close tickets. bodies/ has one file
for each body, manifest.jsonl their times, truth.jsonl the incidents that there truly were. See
docs/noise.md.

Example: halert generate --days 3 --tenants 8 --out month`
}

// Validate is called when the flags are known.
func (c *generateCmd) Validate() error {
	switch {
	case c.Days < 1 || c.Days > 366:
		return errors.New("--days must be 1 to 366")
	case c.Tenants < 2 || c.Tenants > 500:
		return errors.New("--tenants must be 2 to 500")
	case c.Seed == 0:
		return errors.New("--seed must be above 0")
	}
	return nil
}

// Run makes a month.
func (c *generateCmd) Run(s *session) error {
	bodies, incidents, err := s.commands.Generate(s.ctx, GenerateOptions{Days: c.Days, Tenants: c.Tenants, Seed: c.Seed, Out: c.Out})
	if err != nil {
		return err
	}
	s.remark("%d bodies about %d incidents are in %s", bodies, incidents, c.Out)
	return nil
}
