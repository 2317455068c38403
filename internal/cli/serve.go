package cli

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

type serveCmd struct {
	Listen    string `help:"Address to listen on." default:"127.0.0.1:8484" placeholder:"HOST:PORT" from:"HALERT_LISTEN"`
	Data      string `help:"Folder for the database and the key." default:"./data" placeholder:"DIR" from:"HALERT_DATA"`
	Database  string `help:"PostgreSQL in place of SQLite, as postgres://…" placeholder:"URL" from:"HALERT_DATABASE"`
	Apply     string `help:"Configuration file to apply at the start." placeholder:"FILE" from:"HALERT_APPLY"`
	PublicURL string `name:"public-url" help:"Address under which people reach the console." placeholder:"URL" from:"HALERT_PUBLIC_URL"`
	LogFormat string `help:"text or json." enum:"text,json" default:"text" placeholder:"FORMAT" from:"HALERT_LOG_FORMAT"`
	LogLevel  string `help:"debug, info, warn or error." enum:"debug,info,warn,error" default:"info" placeholder:"LEVEL" from:"HALERT_LOG_LEVEL"`
}

// Help is shown by --help.
func (*serveCmd) Help() string {
	return `The server takes alerts also while HaloPSA is down. Secrets come from the environment:
HALERT_API_TOKEN is the administrator's API token, HALERT_SECRET_KEY the key that seals
stored secrets; without the latter a key is made in the data folder.

Example: halert serve --data /var/lib/halert --apply halert.yaml`
}

// Run runs the server until it is told to stop.
func (c *serveCmd) Run(s *session) error {
	return s.commands.Serve(s.ctx, ServeOptions{
		Listen: c.Listen, Data: c.Data, Database: c.Database, Apply: c.Apply, PublicURL: c.PublicURL,
		LogFormat: c.LogFormat, LogLevel: c.LogLevel, Env: s.env,
	}, s.stdout, s.stderr)
}

type demoCmd struct {
	Speed float64 `help:"How fast alerts come: 10 is ten times as fast as 1." default:"1"`
	Once  bool    `help:"Play the samples once, wait until all of them are tickets, print these, and end."`
}

// Help is shown by --help.
func (*demoCmd) Help() string {
	return `A HaloPSA simulator, a server joined to it, and a stream of CIPP payloads, all in this process
and gone when it ends. The addresses are printed.

Example: halert demo --once`
}

// Validate is called when the flags are known.
func (c *demoCmd) Validate() error {
	if !(c.Speed > 0 && c.Speed <= 1e6) { // so that NaN is refused too
		return errors.New("--speed must be above 0 and at most 1000000")
	}
	return nil
}

// Run runs the demo.
func (c *demoCmd) Run(s *session) error {
	return s.commands.Demo(s.ctx, DemoOptions{Speed: c.Speed, Once: c.Once}, s.stdout, s.stderr)
}

type simCmd struct {
	Listen    string        `help:"Address to listen on." default:"127.0.0.1:8485" placeholder:"HOST:PORT"`
	RateLimit rate          `help:"Calls in a rolling window, such as 700/5m; left out: no limit." placeholder:"N/DUR"`
	Latency   time.Duration `help:"Time that is added to every answer." default:"0s" placeholder:"DUR"`
	Seed      string        `help:"Clients, users and settings to start with, from a JSON file." placeholder:"FILE"`
	Legacy    bool          `help:"Behave like an old Halo: unknown filters are ignored."`
}

// Help is shown by --help.
func (*simCmd) Help() string {
	return `The simulator answers under /api and /auth as HaloPSA does, and shows its tickets on a page.
Its credentials are demo / demo.

Example: halert sim --rate-limit 100/1m --latency 200ms`
}

// Validate is called when the flags are known.
func (c *simCmd) Validate() error {
	if c.Latency < 0 {
		return errors.New("--latency must not be negative")
	}
	return nil
}

// Run runs the simulator.
func (c *simCmd) Run(s *session) error {
	return s.commands.Sim(s.ctx, SimOptions{
		Listen: c.Listen, RateCalls: c.RateLimit.calls, RatePer: c.RateLimit.per, Latency: c.Latency, Seed: c.Seed, Legacy: c.Legacy,
	}, s.stdout, s.stderr)
}

// rate is a number of calls in a rolling window, "300/5m".
type rate struct {
	calls int
	per   time.Duration
}

// UnmarshalText reads a rate.
func (r *rate) UnmarshalText(text []byte) error {
	n, per, _ := strings.Cut(string(text), "/")
	calls, errN := strconv.Atoi(n)
	d, errD := time.ParseDuration(per)
	if errN != nil || errD != nil || calls < 1 || d <= 0 {
		return fmt.Errorf("%q is not a rate such as 300/5m", text)
	}
	r.calls, r.per = calls, d
	return nil
}
