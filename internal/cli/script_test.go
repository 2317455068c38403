package cli_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/halert/halert/internal/api"
	"github.com/halert/halert/internal/api/apitest"
	"github.com/halert/halert/internal/app"
	"github.com/halert/halert/internal/cli"
	"github.com/halert/halert/internal/config"
)

// printingCommands print with what they were called.
func printingCommands() cli.Commands {
	return cli.Commands{
		TryRoutes: app.TryRoutes,
		Serve: func(_ context.Context, o cli.ServeOptions, stdout, _ io.Writer) error {
			token := o.Env("HALERT_API_TOKEN") != ""
			o.Env = nil
			_, err := fmt.Fprintf(stdout, "serve %+v token=%t\n", o, token)
			if o.Listen == "taken:1" {
				return fmt.Errorf("listen on %s: the port is taken", o.Listen)
			}
			return err
		},
		Demo: func(_ context.Context, o cli.DemoOptions, stdout, _ io.Writer) error {
			_, err := fmt.Fprintf(stdout, "demo %+v\n", o)
			return err
		},
		Sim: func(_ context.Context, o cli.SimOptions, stdout, _ io.Writer) error {
			_, err := fmt.Fprintf(stdout, "sim %+v\n", o)
			return err
		},
		Generate: func(_ context.Context, o cli.GenerateOptions) (int, int, error) {
			if strings.HasSuffix(o.Out, "full") {
				return 0, 0, fmt.Errorf("write a month to %s: there is something in it already", o.Out)
			}
			return o.Days * o.Tenants, int(o.Seed), nil
		},
		Migrate: func(_ context.Context, database, data string, copied func(string, int64)) error {
			if database != "postgres://halert:hunter2@db.example/halert" || strings.HasSuffix(data, "running") {
				return fmt.Errorf("another halert works on the folder %s", data)
			}
			copied("settings", 3)
			copied("event_alerts", 1200)
			return nil
		},
		TestFile: func(_ context.Context, c *config.Config, r api.TestRequest, done func(api.TestStep)) error {
			done(api.TestStep{Name: "address", OK: true, Detail: c.Halo.ResourceURL + " answers"})
			done(api.TestStep{Name: "token", OK: c.Halo.ClientSecret.Reveal() == "right", Detail: fmt.Sprintf("asked for a token, ticket=%t", r.Ticket), Remedy: "renew the secret"})
			done(api.TestStep{Name: "ticket type", OK: c.Halo.ClientSecret.Reveal() == "right", Skipped: c.Halo.ClientSecret.Reveal() != "right", Detail: "waits for token"})
			return nil
		},
	}
}

// TestScripts runs the scripts against a real API on a real database.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			w := apitest.New(env.T().(testing.TB), time.Now())
			w.Live.Store(true)
			w.SetSteps(goodStep(), api.TestStep{Name: "ticket type", OK: true, Detail: "21 is Monitoring alert"})
			env.Values["world"] = w
			env.Setenv("HALERT_SERVER", w.Server.URL)
			env.Setenv("HALERT_API_TOKEN", apitest.Token)
			env.Setenv("HALERT_SOURCE_SECRET", apitest.HookSecret)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"halert":  halert,
			"status":  status,
			"setvar":  setVariable,
			"break":   breakHalo,
			"tell":    tellPeople,
			"applied": applied,
		},
	})
}

func world(ts *testscript.TestScript) *apitest.World { return ts.Value("world").(*apitest.World) }

// halert runs the command line inside the test: halert ARGS…. Its status must
// be 0, or not with "!".
func halert(ts *testscript.TestScript, neg bool, args []string) {
	if status := run(ts, args); (status == 0) == neg {
		ts.Fatalf("exit status %d", status)
	}
}

// status runs it and checks the status: status N ARGS….
func status(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	if got := run(ts, args[1:]); got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
}

// run runs one command line. The last word may be <FILE, for stdin.
func run(ts *testscript.TestScript, args []string) int {
	stdin := ""
	if last := len(args) - 1; last >= 0 && strings.HasPrefix(args[last], "<") {
		stdin, args = ts.ReadFile(args[last][1:]), args[:last]
	}
	return cli.Run(context.Background(), args, ts.Getenv, strings.NewReader(stdin), ts.Stdout(), ts.Stderr(), printingCommands())
}

// setVariable keeps a word of the last output: setvar NAME LINE WORD, from 0.
func setVariable(ts *testscript.TestScript, _ bool, args []string) {
	var line, word int
	if _, err := fmt.Sscan(args[1]+" "+args[2], &line, &word); err != nil {
		ts.Fatalf("setvar: %v", err)
	}
	lines := strings.Split(ts.ReadFile("stdout"), "\n")
	if line >= len(lines) || word >= len(strings.Fields(lines[line])) {
		ts.Fatalf("setvar: no word %d in line %d of %q", word, line, lines)
	}
	ts.Setenv(args[0], strings.Fields(lines[line])[word])
}

// breakHalo lets a step of the connection test fail.
func breakHalo(ts *testscript.TestScript, _ bool, _ []string) {
	world(ts).SetSteps(goodStep(), api.TestStep{
		Name: "ticket type", Detail: "there is no ticket type 21", Remedy: "choose one under Configuration > Tickets > Ticket Types"})
}

// tellPeople configures two ways to tell people: tell WEBHOOK'S-STATUS.
func tellPeople(ts *testscript.TestScript, _ bool, args []string) {
	world(ts).SetNotify(nil, api.TestStep{Name: "email", OK: true, Detail: "a test message was taken"},
		api.TestStep{Name: "webhook", OK: args[0] == "200", Detail: "it answered " + args[0]})
}

func goodStep() api.TestStep {
	return api.TestStep{Name: "token", OK: true, Detail: "Halo gave a token"}
}

// applied writes the configuration in force to a file.
func applied(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(world(ts).Applied()), 0o600))
}

// TestHelp: every command has a help with an example.
func TestHelp(t *testing.T) {
	for _, command := range []string{
		"serve", "demo", "sim", "test", "notify test", "apply", "export", "send", "alerts", "tickets", "deliveries list", "deliveries replay", "deliveries edit", "deliveries cancel",
		"explain", "route-test", "rehearse", "template try", "token create", "token list", "token delete", "generate", "backup", "migrate", "healthcheck", "version",
	} {
		var stdout, stderr strings.Builder
		status := cli.Run(t.Context(), append(strings.Fields(command), "--help"), func(string) string { return "" },
			strings.NewReader(""), &stdout, &stderr, cli.Commands{})
		if status != 0 || stderr.Len() > 0 || !strings.Contains(stdout.String(), "Example: ") || !strings.Contains(stdout.String(), "halert "+command) {
			t.Errorf("%s --help: status %d, %s%s", command, status, stdout.String(), stderr.String())
		}
	}
}
