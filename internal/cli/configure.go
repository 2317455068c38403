package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/halert/halert/internal/api"
	"github.com/halert/halert/internal/config"
)

// fileOrStdin reads a file; "-" is stdin.
func (s *session) fileOrStdin(name string) ([]byte, error) {
	if name == "-" {
		b, err := io.ReadAll(s.stdin)
		if err != nil {
			return nil, fmt.Errorf("read stdin: %w", err)
		}
		return b, nil
	}
	b, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("read the file: %w; check its name", err)
	}
	return b, nil
}

// readConfig reads a configuration file and replaces its references from the
// environment and the files of this machine.
func (s *session) readConfig(file string) (*config.Config, error) {
	return s.readConfigWith(file, config.Lookup{
		Env: func(name string) (string, bool) {
			v := s.env(name)
			return v, v != ""
		},
		ReadFile: os.ReadFile,
	})
}

func (s *session) readConfigWith(file string, lookup config.Lookup) (*config.Config, error) {
	data, err := s.fileOrStdin(file)
	if err != nil {
		return nil, err
	}
	c, err := config.Parse(file, data, lookup)
	if problems, ok := errors.AsType[config.Problems](err); ok {
		return nil, fmt.Errorf("%s has %s; nothing was done\n  %s", file, count(len(problems), "problem"),
			strings.ReplaceAll(problems.Error(), "\n", "\n  "))
	}
	return c, err
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

type applyCmd struct {
	File   string `short:"f" required:"" help:"Configuration file; - is stdin." placeholder:"FILE"`
	DryRun bool   `help:"Only print what would change."`
	remote
}

// Help is shown by --help.
func (*applyCmd) Help() string {
	return `The references ${NAME} and ${file:PATH} in the file are replaced here, from the environment and
the files of this machine. What is wrong in the file is told all at once, and then nothing is
applied. A secret that the file leaves out stays as the server has it.

Example: HALO_CLIENT_SECRET=… halert apply -f halert.yaml --dry-run`
}

// Run applies the file.
func (c *applyCmd) Run(s *session) error {
	cfg, err := s.readConfig(c.File)
	if err != nil {
		return err
	}
	res, err := c.client(s).Apply(s.ctx, c.File, cfg.YAMLWithSecrets(), c.DryRun)
	if err != nil {
		return err
	}
	outcome := "applied\n"
	switch {
	case res.Diff == "":
		outcome = "no change\n"
	case !res.Applied:
		outcome = "dry run: nothing was applied\n"
	}
	return s.print(res.Diff + outcome)
}

type exportCmd struct {
	remote
}

// Help is shown by --help.
func (*exportCmd) Help() string {
	return `The output is a file for halert apply. Secrets are left out.

Example: halert export > halert.yaml`
}

// Run prints the configuration.
func (c *exportCmd) Run(s *session) error {
	b, err := c.client(s).Config(s.ctx)
	if err != nil {
		return err
	}
	return s.print(string(b))
}

type testCmd struct {
	File     string `short:"f" help:"Test this configuration file without a server; - is stdin." placeholder:"FILE"`
	Ticket   bool   `help:"Raise a real test ticket, and close it."`
	ClientID int    `help:"Halo's id of the client for the test ticket; left out: the first that is mapped." placeholder:"ID"`
	remote
}

// Help is shown by --help.
func (*testCmd) Help() string {
	return `Each step says what was found, and for a failure what to do about it. Exit status 1 if a step
fails.

Example: halert test --ticket`
}

// Run runs the test.
func (c *testCmd) Run(s *session) error {
	r := api.TestRequest{Ticket: c.Ticket, ClientID: c.ClientID}
	out := &testOutput{session: s, style: s.style()}
	if c.File != "" {
		cfg, err := s.readConfig(c.File)
		if err != nil {
			return err
		}
		if err := s.commands.TestFile(s.ctx, cfg, r, out.step); err != nil {
			return err
		}
		return out.verdict()
	}
	res, err := c.client(s).TestHalo(s.ctx, r)
	if err != nil {
		return err
	}
	for _, step := range res.Steps {
		out.step(step)
	}
	return out.verdict()
}

// testOutput prints the steps of a connection test as they come.
type testOutput struct {
	session       *session
	style         style
	steps, failed int
	err           error // of writing
}

func (o *testOutput) step(t api.TestStep) {
	o.steps++
	mark := o.style.colour(green, "✓")
	switch {
	case t.Skipped:
		mark = o.style.colour(grey, "–")
	case !t.OK:
		mark = o.style.colour(red, "✗")
	}
	if !t.OK {
		o.failed++
	}
	text := fmt.Sprintf("%s %s: %s\n", mark, oneLine(t.Name), oneLine(t.Detail))
	if t.Remedy != "" {
		text += "    → " + oneLine(t.Remedy) + "\n"
	}
	o.err = errors.Join(o.err, o.session.print(text))
}

func (o *testOutput) verdict() error {
	if o.err != nil {
		return o.err
	}
	if o.failed > 0 {
		return fmt.Errorf("%d of %s did not go well; the remedies stand with them", o.failed, count(o.steps, "step"))
	}
	return o.session.print(fmt.Sprintf("%s went well\n", count(o.steps, "step")))
}
