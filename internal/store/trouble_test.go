package store

import (
	"bytes"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

func TestBackupOfALiveDatabase(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(t.Context(), "", dir)
	ok(t, err)
	defer s.Close()
	id := post(t, s, t0, report("mfa", "adele"))
	file := filepath.Join(t.TempDir(), "monday.db")
	ok(t, Backup(t.Context(), dir, file))
	post(t, s, t0, report("later", "x")) // the server goes on

	info, err := os.Stat(file)
	ok(t, err)
	if info.Mode().Perm() != 0o600 {
		t.Errorf("the backup has mode %v, want 0600", info.Mode())
	}
	if err := Backup(t.Context(), dir, file); err == nil || !strings.Contains(err.Error(), "exists already") {
		t.Errorf("over an existing file: %v", err)
	}
	if err := Backup(t.Context(), t.TempDir(), file+"2"); err == nil {
		t.Error("an empty folder was backed up")
	}
	restored := t.TempDir()
	ok(t, os.Rename(file, filepath.Join(restored, databaseFile)))
	r, err := Open(t.Context(), "", restored)
	ok(t, err)
	defer r.Close()
	if got := ticketOf(t, r, id); got.Kind != "mfa" || count(t, r, "tickets") != 1 {
		t.Errorf("restored: %+v", got)
	}
}

func TestOneProcessOnAFolder(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(t.Context(), "", dir)
	ok(t, err)
	if two, err := Open(t.Context(), "", dir); err == nil {
		two.Close()
		t.Error("a folder was opened twice")
	} else if !strings.Contains(err.Error(), "another halert works on the folder "+dir) {
		t.Errorf("the second: %v", err)
	}
	ok(t, s.Close())
	s, err = Open(t.Context(), "", dir)
	ok(t, err)
	ok(t, s.Close())
}

func TestDamagedFile(t *testing.T) {
	for name, damage := range map[string]func([]byte) []byte{
		"no database": func(b []byte) []byte { return bytes.Repeat([]byte("not a database. "), len(b)/16) },
		// All pages but the first: only a check of the whole file sees it.
		"after a crash": func(b []byte) []byte {
			for i := 4096 * 3; i+4096 <= len(b); i += 4096 {
				copy(b[i:], bytes.Repeat([]byte{0xA5}, 64))
			}
			return b
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s, err := Open(t.Context(), "", dir)
			ok(t, err)
			for i := range 50 {
				post(t, s, t0, report("mfa", fmt.Sprint(i)))
			}
			copied := filepath.Join(t.TempDir(), databaseFile)
			ok(t, Backup(t.Context(), dir, copied)) // it has the mark of a process at work
			ok(t, s.Close())
			data, err := os.ReadFile(copied)
			ok(t, err)
			broken := t.TempDir()
			path := filepath.Join(broken, databaseFile)
			ok(t, os.WriteFile(path, damage(data), 0o600))
			s, err = Open(t.Context(), "", broken)
			if err == nil {
				s.Close()
				t.Fatal("a damaged file was opened")
			}
			if !errors.Is(err, ErrStorage) || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "restore a backup") {
				t.Errorf("the error does not say what and what to do: %v", err)
			}
		})
	}
}

func TestDiskFullHeals(t *testing.T) {
	s := engine{dir: t.TempDir()}.open(t)
	first := post(t, s, t0, report("mfa", "adele"))
	limit := func(pages string) {
		_, err := s.write.ExecContext(t.Context(), "PRAGMA max_page_count = "+pages)
		ok(t, err)
	}
	limit("1") // SQLite makes it the present size
	var kept []string
	full := false
	for range 1000 {
		id, err := s.Accept(t.Context(), Event{Source: "cipp", ReceivedAt: t0, Body: []byte(NewID() + strings.Repeat("x", 400)), Status: EventPending})
		if err == nil {
			kept = append(kept, id)
			continue
		}
		if full = true; !errors.Is(err, ErrStorage) || !strings.Contains(err.Error(), "is full") {
			t.Fatalf("full: %v", err)
		}
		break
	}
	if !full {
		t.Fatal("the limit was never met")
	}
	limit("1000000")
	post(t, s, t0, report("mfa", "alex"))
	pending, err := s.Pending(t.Context(), 2000)
	ok(t, err)
	if len(pending) != len(kept) {
		t.Errorf("%d events are pending, want the %d that were accepted", len(pending), len(kept))
	}
	if got := ticketOf(t, s, first); got.Seq != 2 {
		t.Errorf("the ticket counts %d reports, want 2", got.Seq)
	}
}

// An event is put into quarantine for its own fault only: what is the
// database's must be told apart.
func TestWhatIsTheDatabasesFault(t *testing.T) {
	pg := func(code string) error { return fmt.Errorf("apply: %w", &pgconn.PgError{Code: code, Message: "m"}) }
	for name, tt := range map[string]struct {
		err  error
		want bool
	}{
		"ended by the administrator": {pg("57P01"), true},
		"starting up":                {pg("57P03"), true},
		"too many connections":       {pg("53300"), true},
		"deadlock":                   {pg("40P01"), true},
		"connection broke":           {fmt.Errorf("apply: %w", io.ErrUnexpectedEOF), true},
		"connection refused":         {&net.OpError{Op: "dial", Err: errors.New("refused")}, true},
		"a bad connection":           {driver.ErrBadConn, true},
		"a text with NUL":            {pg("22021"), false},
		"a broken constraint":        {pg("23505"), false},
		"our own mistake":            {errors.New("x"), false},
	} {
		if got := errors.Is(withRemedy("p", tt.err), ErrStorage); got != tt.want {
			t.Errorf("%s: the database's fault %v, want %v", name, got, tt.want)
		}
	}
}
