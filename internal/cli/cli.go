// Package cli is halert's command line. It reads flags and the environment,
// and prints; the work is done by a running server, which it calls through
// api/client, or by the functions in [Commands]. Secrets come from the
// environment or from files, never from flags, which other users of the
// machine can see.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"github.com/halert/halert/internal/api"
	"github.com/halert/halert/internal/api/client"
	"github.com/halert/halert/internal/config"
	"github.com/halert/halert/internal/rehearse"
)

// Commands are the parts of halert that run inside this process. They write
// what people should see to stdout, logs to stderr, and return when ctx ends.
type Commands struct {
	Serve func(ctx context.Context, o ServeOptions, stdout, stderr io.Writer) error
	Demo  func(ctx context.Context, o DemoOptions, stdout, stderr io.Writer) error
	Sim   func(ctx context.Context, o SimOptions, stdout, stderr io.Writer) error
	// Generate writes a made up month of alerts into a folder, and returns how
	// many bodies and true incidents it has.
	Generate func(ctx context.Context, o GenerateOptions) (bodies, incidents int, err error)
	// Backup copies the SQLite database in a folder to a new file.
	Backup func(ctx context.Context, data, file string) error
	// Migrate copies the SQLite database in a folder into an empty PostgreSQL
	// database, and then tells how many rows each table has.
	Migrate func(ctx context.Context, database, data string, copied func(table string, rows int64)) error
	// TryRoutes decides about a payload by a configuration. An empty source is
	// the one that understands the payload.
	TryRoutes func(c *config.Config, source string, payload []byte, at time.Time) (rehearse.Trial, error)
	// TestFile runs the connection test on a configuration without a server,
	// and tells each step when it is done. Its error is for what keeps the
	// test from starting.
	TestFile func(ctx context.Context, c *config.Config, r api.TestRequest, done func(api.TestStep)) error
}

// ServeOptions are the flags of halert serve.
type ServeOptions struct {
	Listen    string // host:port
	Data      string // folder of the database and the key
	Database  string // a postgres:// URL; empty: SQLite in Data
	Apply     string // configuration file to apply at the start; empty: none
	PublicURL string // address under which people reach the console; empty: none
	LogFormat string // text, json
	LogLevel  string // debug, info, warn, error
	// Env reads the environment: HALERT_API_TOKEN, HALERT_SECRET_KEY, and what
	// the configuration file refers to.
	Env func(name string) string
}

// DemoOptions are the flags of halert demo.
type DemoOptions struct {
	Speed float64 // 1: at the pace of a quiet day, 10: ten times that; above 0
	Once  bool    // play the samples once, wait for their tickets, and end
}

// SimOptions are the flags of halert sim.
type SimOptions struct {
	Listen    string        // host:port
	RateCalls int           // calls in each RatePer; 0: no limit
	RatePer   time.Duration // length of the rolling window
	Latency   time.Duration // added to every answer
	Seed      string        // seed file; empty: the default seed
	Legacy    bool          // behave like an old Halo
}

// GenerateOptions are the flags of halert generate.
type GenerateOptions struct {
	Days    int    // 1 to 366
	Tenants int    // 2 to 500
	Seed    uint64 // the same seed gives the same month
	Out     string // folder to write to; new or empty
}

// session is one run of the program.
type session struct {
	ctx            context.Context
	env            func(string) string
	stdin          io.Reader
	stdout, stderr io.Writer
	now            func() time.Time
	commands       Commands
}

// grammar is the command line: its fields are the commands.
type grammar struct {
	Serve       serveCmd      `cmd:"" help:"Run the server."`
	Demo        demoCmd       `cmd:"" help:"Try halert with a simulated HaloPSA and sample alerts; nothing else is needed."`
	Sim         simCmd        `cmd:"" help:"Run the HaloPSA simulator alone."`
	Test        testCmd       `cmd:"" help:"Test the connection to HaloPSA, step by step."`
	Notify      notifyCmd     `cmd:"" help:"Test the ways by which people are told of trouble."`
	Apply       applyCmd      `cmd:"" help:"Make a file the configuration of the server."`
	RouteTest   routeTestCmd  `cmd:"" help:"Tell what a file's rules make of one payload, without a server."`
	Rehearse    rehearseCmd   `cmd:"" help:"Tell which tickets a draft would have made of the past."`
	Export      exportCmd     `cmd:"" help:"Print the configuration of the server."`
	Send        sendCmd       `cmd:"" help:"Send payload files as an alert sender does."`
	Alerts      alertsCmd     `cmd:"" help:"List alerts."`
	Tickets     ticketsCmd    `cmd:"" help:"List tickets."`
	Deliveries  deliveriesCmd `cmd:"" help:"List deliveries, and replay them."`
	Silence     silenceCmd    `cmd:"" help:"Keep alerts quiet for a while."`
	Explain     explainCmd    `cmd:"" help:"Tell why an alert went where it went."`
	Template    templateCmd   `cmd:"" help:"Try templates on stored tickets."`
	Token       tokenCmd      `cmd:"" help:"Make, list and delete API tokens."`
	Generate    generateCmd   `cmd:"" help:"Make up a month of alerts, with the incidents that they truly tell of."`
	Backup      backupCmd     `cmd:"" help:"Copy the database to a file, also while the server runs."`
	Migrate     migrateCmd    `cmd:"" help:"Move the data folder's database to PostgreSQL."`
	Healthcheck healthCmd     `cmd:"" help:"Ask whether the server lives."`
	Version     versionCmd    `cmd:"" help:"Print the version."`
}

// Exit statuses.
const (
	exitOK    = 0
	exitError = 1
	exitUsage = 2
)

// Run runs one command and returns the exit status: 0, 1 after one clear line
// on stderr, 2 for wrong usage. args has no program name.
func Run(ctx context.Context, args []string, env func(string) string, stdin io.Reader, stdout, stderr io.Writer, commands Commands) int {
	s := &session{ctx: ctx, env: env, stdin: stdin, stdout: stdout, stderr: stderr, now: time.Now, commands: commands}
	helped := false
	parser, err := kong.New(&grammar{},
		kong.Name("halert"),
		kong.Description("halert turns alerts into HaloPSA tickets."),
		kong.Writers(stdout, stderr),
		kong.Exit(func(int) { helped = true }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
		kong.Resolvers(s.fromEnvironment()),
		kong.ValueFormatter(flagHelp),
	)
	if err != nil {
		return s.fail(exitError, err)
	}
	command, err := parser.Parse(args)
	if helped {
		return exitOK // kong goes on after it has printed the help
	}
	if err != nil {
		return s.fail(exitUsage, usage(err))
	}
	if err := command.Run(s); err != nil {
		return s.fail(exitError, err)
	}
	return exitOK
}

func (s *session) fail(status int, err error) int {
	if s.ctx.Err() != nil && errors.Is(err, context.Canceled) {
		err = errors.New("interrupted")
	}
	_, _ = fmt.Fprintf(s.stderr, "halert: %s\n", strings.TrimRight(err.Error(), "\n")) // nothing is left to tell it to
	return status
}

// usage adds to an error of the command line where to read on.
func usage(err error) error {
	command := "halert"
	if p, ok := errors.AsType[*kong.ParseError](err); ok {
		if node := p.Context.Selected(); node != nil {
			command = node.FullPath()
		}
	}
	return fmt.Errorf("%w; see %s --help", err, command)
}

// envTag is the struct tag that names the variable of a flag. Kong's own tag
// for that reads the process's environment past ours.
const envTag = "from"

func (s *session) fromEnvironment() kong.ResolverFunc {
	return func(_ *kong.Context, _ *kong.Path, f *kong.Flag) (any, error) {
		if name := f.Tag.Get(envTag); name != "" {
			if v := s.env(name); v != "" {
				return v, nil
			}
		}
		return nil, nil
	}
}

// flagHelp adds the default and the variable of a flag to its help.
func flagHelp(v *kong.Value) string {
	var more []string
	if v.Default != "" {
		more = append(more, "default "+v.Default)
	}
	if name := v.Tag.Get(envTag); name != "" {
		more = append(more, "$"+name)
	}
	if len(more) == 0 {
		return v.Help
	}
	return strings.TrimSuffix(v.Help, ".") + " (" + strings.Join(more, "; ") + ")."
}

// remote is embedded by the commands that call a server.
type remote struct {
	Server string `help:"Address of the server." default:"http://127.0.0.1:8484" placeholder:"URL" from:"HALERT_SERVER"`
}

func (r remote) client(s *session) *client.Client {
	return &client.Client{Server: r.Server, Token: s.env("HALERT_API_TOKEN")}
}

// print writes to stdout.
func (s *session) print(text string) error {
	if _, err := io.WriteString(s.stdout, text); err != nil {
		return fmt.Errorf("write the output: %w", err)
	}
	return nil
}

// remark tells people something that is not part of the output.
func (s *session) remark(format string, args ...any) {
	_, _ = fmt.Fprintf(s.stderr, format+"\n", args...) // the output itself has been written
}
