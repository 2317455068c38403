package store

import (
	"bytes"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/halert/halert/internal/alert"
)

// target is an empty PostgreSQL database.
func target(t *testing.T) engine {
	t.Helper()
	server := os.Getenv(postgresVariable)
	if server == "" {
		t.Skip("no PostgreSQL: set " + postgresVariable + ", or run `make test`, which starts one")
	}
	return engine{address: freshPostgres(t, server)}
}

// moved moves a folder and returns the rows of each table, as they were told.
func moved(t *testing.T, to engine, dir string) map[string]int64 {
	t.Helper()
	told := make(map[string]int64)
	ok(t, Move(t.Context(), to.address, dir, func(table string, rows int64) { told[table] = rows }))
	return told
}

// busyFolder is a folder in which there is some of all. It returns the ticket
// of a create that was begun and is under lease until a minute after t0.
func busyFolder(t *testing.T) (dir, begun string) {
	t.Helper()
	dir = t.TempDir()
	s := engine{dir: dir}.open(t)
	ctx := t.Context()
	fillTickets(t, s)
	fillInbox(t, s)
	ok(t, s.Learn(ctx, []alert.Tenant{{ID: "guid-9", Domain: "fabrikam.example"}}))
	ok(t, s.PutSettings(ctx, map[string][]byte{"bytes": {0, 0xff, 0xfe, '\\', 0}, "none": {}}, t0))
	for _, name := range []string{"ci", "console"} {
		_, err := s.AddToken(ctx, Token{Name: name, Hash: append([]byte{0}, name...), CreatedAt: t0})
		ok(t, err)
	}
	for range 3 {
		_, err := s.TakeCall(ctx, 10, time.Hour, t0)
		ok(t, err)
	}
	post(t, s, t0, report("begun", "a"))
	c := claim(t, s, "node", t0)
	ok(t, s.Begin(ctx, c.ID, "node", CallCreate, c.Seq, t0))
	ok(t, s.Cancel(ctx, ticketOf(t, s, post(t, s, t0, braked("held back", "a", 1))).ID, t0))
	ok(t, s.Close())
	return dir, c.ID
}

// fillTickets makes deliveries in all states that are stored.
func fillTickets(t *testing.T, s *Store) {
	t.Helper()
	ctx := t.Context()
	fail := func(kind string, state DeliveryState) string {
		post(t, s, t0, report(kind, "a"), report(kind, "b"))
		c := claim(t, s, "node", t0)
		ok(t, s.Fail(ctx, c.ID, "node", Failure{Call: CallCreate, Class: "refused", Error: "no " + kind + " – nïcht", State: state, DueAt: t0.Add(MaxWait), Known: true, Counts: true}, t0))
		return c.ID
	}
	post(t, s, t0, report("done", "a"))
	opened(t, s, 1, t0)
	post(t, s, t0, report("closed", "a"))
	opened(t, s, 2, t0)
	post(t, s, t0, report("closed", "b")) // Halo is not told any more: it has a follower
	c := claim(t, s, "node", t0)
	ok(t, s.Closed(ctx, c.ID, "node", t0))
	opened(t, s, 3, t0)
	fail("retryable", Retryable)
	fail("scheduled", Scheduled)
	parked := fail("discarded", Discarded)
	ok(t, s.Edit(ctx, parked, Edit{Priority: ptr(ptr(1))}, t0))
	ok(t, s.Cancel(ctx, fail("cancelled", Discarded), t0))
}

// fillInbox makes events in all states and forms, and held alerts.
func fillInbox(t *testing.T, s *Store) {
	t.Helper()
	for i, status := range []EventStatus{EventPending, EventQuarantined} {
		_, err := s.Accept(t.Context(), Event{Source: "cipp", Kind: "cipp", ReceivedAt: t0, Body: bytes.Repeat([]byte(`{"user":"adele"},`), 5000),
			IdempotencyKey: fmt.Sprint("key", i), Status: status, Error: "not JSON"})
		ok(t, err)
		_, err = s.Accept(t.Context(), Event{Source: "cipp", Kind: "cipp", ReceivedAt: t0, Body: []byte{0, 0xff, '{'}, Status: status})
		ok(t, err)
	}
	held := report("held", "adele")
	held.Customer, held.Held = nil, "tenant acme.example is not mapped"
	many := []Report{held}
	for i := range 300 {
		r := held
		r.Event.Fingerprint = fmt.Sprint(i)
		many = append(many, r)
	}
	post(t, s, t0.Add(-100*days), many...)
	_, err := s.AddSilence(t.Context(), Silence{Matchers: []string{`kind="mfa"`}, Reason: "known", Author: "jo", From: t0, Until: t0.Add(days), CreatedAt: t0})
	ok(t, err)
	sweep(t, s, Retention{Bodies: 30 * days}, t0) // its body is gone
}

// contents reads all rows of all tables.
func contents(t *testing.T, db *sql.DB, tables []table) map[string][][]any {
	t.Helper()
	all := make(map[string][][]any)
	for _, table := range tables {
		rows, err := list(t.Context(), db, `SELECT `+strings.Join(table.columns, ", ")+` FROM `+table.name+` ORDER BY 1, 2`, nil, func(row scanner) ([]any, error) {
			values, into := make([]any, len(table.columns)), make([]any, len(table.columns))
			for i := range values {
				into[i] = &values[i]
			}
			err := row.Scan(into...)
			for i, v := range values {
				if b, isBytes := v.([]byte); isBytes && b == nil {
					values[i] = []byte{} // one driver's way to give empty bytes; NULL is the nil without a type
				}
			}
			return values, err
		})
		ok(t, err)
		all[table.name] = rows
	}
	return all
}

func TestMoveKeepsAll(t *testing.T) {
	to := target(t)
	dir, begun := busyFolder(t)
	told := moved(t, to, dir)
	s, p := engine{dir: dir}.open(t), to.open(t)
	tables, err := tablesOf(t.Context(), s.read)
	ok(t, err)
	before, after := contents(t, s.read, tables), contents(t, p.read, tables)
	for _, table := range tables {
		name := table.name
		if len(before[name]) == 0 || told[name] != int64(len(before[name])) {
			t.Errorf("%s: %d rows were told, want %d, and more than none", name, told[name], len(before[name]))
		}
		if name == "settings" { // reopening marked that a process is at work
			continue
		}
		if diff := cmp.Diff(before[name], after[name]); diff != "" {
			t.Errorf("%s: rows (-folder +PostgreSQL)\n%s", name, diff)
		}
	}
	sameViews(t, s, p)
	for _, name := range []string{"bytes", "none"} {
		want, err := s.Setting(t.Context(), name)
		ok(t, err)
		if got, err := p.Setting(t.Context(), name); err != nil || got == nil || !bytes.Equal(got, want) {
			t.Errorf("setting %s: % x, %v; want % x", name, got, err, want)
		}
	}
	// The lease of the stopped server ends by itself, and its create is taken up.
	c := claim(t, p, "other", t0.Add(time.Minute))
	if c == nil || c.ID != begun || c.Begun != CallCreate {
		t.Fatalf("claimed %+v, want the begun create %s", c, begun)
	}
	ok(t, p.Opened(t.Context(), c.ID, "other", 77, false, c.Seq, t0))
	ok(t, p.Done(t.Context(), c.ID, "other", c.Seq, false, t0))
	post(t, p, t0, report("done", "a"))
	if got := claim(t, p, "other", t0); got == nil || got.HaloID != 1 || got.Seq != 2 {
		t.Errorf("a repeat after the move: %+v, want the second report on Halo's ticket 1", got)
	}
}

// sameViews compares what people see of two stores.
func sameViews(t *testing.T, a, b *Store) {
	t.Helper()
	type views struct {
		Alerts   []Alert
		Tickets  []Ticket
		Events   []Event
		Bodies   map[string]string
		Attempts map[string][]Attempt
		Tokens   []Token
		Aliases  alert.Aliases
		Stats    Stats
	}
	read := func(s *Store) (v views) {
		ctx, all := t.Context(), Page{Limit: 1000}
		errs := make([]error, 6)
		v.Alerts, errs[0] = s.Alerts(ctx, AlertFilter{}, all)
		v.Tickets, errs[1] = s.Tickets(ctx, TicketFilter{}, all, t0)
		v.Events, errs[2] = s.Events(ctx, "", all)
		v.Tokens, errs[3] = s.Tokens(ctx)
		v.Aliases, errs[4] = s.Aliases(ctx)
		v.Stats, errs[5] = s.Stats(ctx, t0)
		for _, err := range errs {
			ok(t, err)
		}
		v.Bodies, v.Attempts = make(map[string]string), make(map[string][]Attempt)
		for _, e := range v.Events {
			body, err := s.Body(ctx, e.ID)
			v.Bodies[e.ID] = fmt.Sprintf("%s %v", body, err)
		}
		for _, ticket := range v.Tickets {
			history, err := s.Attempts(ctx, ticket.ID)
			ok(t, err)
			v.Attempts[ticket.ID] = history
		}
		return v
	}
	want := read(a)
	if diff := cmp.Diff(want, read(b)); diff != "" {
		t.Errorf("views (-folder +PostgreSQL)\n%s", diff)
	}
	for _, state := range []DeliveryState{Available, Retryable, Scheduled, Completed, Discarded, Cancelled} {
		if want.Stats.Deliveries[state] == 0 {
			t.Errorf("no delivery is %s: the comparison says nothing of it", state)
		}
	}
}

// A column that only one engine has would be lost, or stop the move.
func TestEnginesHaveTheSameColumns(t *testing.T) {
	p, s := target(t).open(t), engine{dir: t.TempDir()}.open(t)
	tables, err := tablesOf(t.Context(), s.read)
	ok(t, err)
	want := make(map[string][]string)
	for _, table := range tables {
		want[table.name] = table.columns
	}
	got := make(map[string][]string)
	columns, err := list(t.Context(), p.read, `
		SELECT table_name, column_name FROM information_schema.columns
		WHERE table_schema = 'public' AND table_name <> 'goose_db_version' ORDER BY table_name, ordinal_position`, nil,
		func(row scanner) (c [2]string, err error) {
			err = row.Scan(&c[0], &c[1])
			return c, err
		})
	ok(t, err)
	for _, c := range columns {
		got[c[0]] = append(got[c[0]], c[1])
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-SQLite +PostgreSQL)\n%s", diff)
	}
}

// After a crash the newest rows are in the -wal file alone. They are moved,
// and neither file changes.
func TestMoveAfterACrash(t *testing.T) {
	to := target(t)
	live, dir := t.TempDir(), t.TempDir()
	s := engine{dir: live}.open(t)
	post(t, s, t0, report("mfa", "adele"))
	sums := func() (all []string) {
		for _, name := range []string{databaseFile, databaseFile + "-wal"} {
			data, err := os.ReadFile(filepath.Join(dir, name))
			ok(t, err)
			all = append(all, fmt.Sprintf("%s %d %x", name, len(data), sha256.Sum256(data)))
		}
		return all
	}
	for _, name := range []string{databaseFile, databaseFile + "-wal"} {
		data, err := os.ReadFile(filepath.Join(live, name))
		ok(t, err)
		if len(data) == 0 {
			t.Fatalf("%s is empty: there is nothing to recover", name)
		}
		ok(t, os.WriteFile(filepath.Join(dir, name), data, 0o600))
	}
	before := sums()
	if told := moved(t, to, dir); told["tickets"] != 1 || told["events"] != 1 {
		t.Errorf("moved %v, want the ticket and its event", told)
	}
	if diff := cmp.Diff(before, sums()); diff != "" {
		t.Errorf("the folder has changed\n%s", diff)
	}
}

func TestMoveReplacesWhatPostgreSQLCannotKeep(t *testing.T) {
	to := target(t)
	dir := t.TempDir()
	s := engine{dir: dir}.open(t)
	_, err := s.Accept(t.Context(), Event{Source: "cipp", Kind: "cipp", ReceivedAt: t0, Status: EventQuarantined, Error: "a\x00b\xffc"})
	ok(t, err)
	ok(t, s.Close())
	moved(t, to, dir)
	events, err := to.open(t).Events(t.Context(), EventQuarantined, Page{Limit: 2})
	ok(t, err)
	if len(events) != 1 || events[0].Error != "a\uFFFDb\uFFFDc" {
		t.Errorf("events %+v", events)
	}
}

// edited is a folder with one ticket whose file a statement has changed.
func edited(t *testing.T, stmt string) string {
	t.Helper()
	dir := t.TempDir()
	s := engine{dir: dir}.open(t)
	post(t, s, t0, report("mfa", "adele"))
	conn, err := s.write.Conn(t.Context())
	ok(t, err)
	for _, stmt := range []string{"PRAGMA foreign_keys = OFF", stmt} {
		_, err := conn.ExecContext(t.Context(), stmt)
		ok(t, err)
	}
	ok(t, conn.Close())
	ok(t, s.Close())
	return dir
}

func TestMoveIsAllOrNothing(t *testing.T) {
	to := target(t)
	for _, c := range []struct{ name, stmt, want string }{
		{"newer folder", `INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, 1)`, "use the newer halert"},
		{"older folder", `DELETE FROM goose_db_version WHERE version_id > 0`, "start this halert on the folder once"},
		{"unknown column", `ALTER TABLE halo_calls ADD COLUMN extra TEXT`, "copy table halo_calls"},
		{"unknown ticket", `UPDATE event_alerts SET ticket_id = 'none'`, "copy table event_alerts"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := Move(t.Context(), to.address, edited(t, c.stmt), func(table string, _ int64) { t.Errorf("%s was told as copied", table) })
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("error %v, want one with %q", err, c.want)
			}
			p := to.open(t)
			for _, table := range []string{"settings", "events", "tickets", "alerts", "event_alerts"} {
				if n := count(t, p, table); n != 0 {
					t.Errorf("%d rows are in %s", n, table)
				}
			}
		})
	}
}

func TestMoveRefusesAFilledTarget(t *testing.T) {
	for name, fill := range map[string]func(*Store) error{
		"settings": func(s *Store) error { return s.Ping(t.Context(), t0) },
		"api_tokens": func(s *Store) error {
			_, err := s.AddToken(t.Context(), Token{Name: "ci", Hash: []byte("x"), CreatedAt: t0})
			return err
		},
		"events": func(s *Store) error {
			_, err := s.Accept(t.Context(), Event{Source: "cipp", ReceivedAt: t0, Status: EventPending})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			to := target(t)
			ok(t, fill(to.open(t)))
			err := Move(t.Context(), to.address, edited(t, "PRAGMA user_version"), func(string, int64) { t.Error("something was copied") })
			if err == nil || !strings.Contains(err.Error(), "its table "+name+" is not empty") {
				t.Errorf("error %v, want a refusal for %s", err, name)
			}
		})
	}
}

func TestMoveRefusals(t *testing.T) {
	running := t.TempDir()
	engine{dir: running}.open(t)
	stopped := engine{dir: t.TempDir()}
	ok(t, stopped.open(t).Close())
	broken := t.TempDir()
	ok(t, os.WriteFile(filepath.Join(broken, databaseFile), []byte(strings.Repeat("no database ", 1000)), 0o600))
	const nowhere = "postgres://halert:hunter2@127.0.0.1:1/halert?connect_timeout=1"
	for _, c := range []struct{ name, address, dir, want string }{
		{"no folder", nowhere, filepath.Join(t.TempDir(), "none"), "there is no database in the folder"},
		{"server runs", nowhere, running, "another halert works on the folder " + running},
		{"damaged", nowhere, broken, "is damaged"},
		{"no address", "hunter2", stopped.dir, "write postgres://"},
		{"no server", nowhere, stopped.dir, "open database halert on 127.0.0.1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := Move(t.Context(), c.address, c.dir, func(string, int64) { t.Error("something was copied") })
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("error %v, want one with %q", err, c.want)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error tells the password: %v", err)
			}
		})
	}
}
