// Package store keeps everything that halert knows in a SQL database: the
// inbox of accepted bodies, alerts, tickets with their deliveries, and the
// applied configuration. One exported method is one transaction. The clock is
// always a parameter. What a row means is decided elsewhere (alert, pipeline,
// deliver); here is only the bookkeeping, and the promise that what a method
// has returned without an error survives the loss of power.
package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/google/uuid"
	"github.com/pressly/goose/v3"

	_ "modernc.org/sqlite" // the database/sql driver "sqlite", in pure Go
)

//go:embed migrations
var migrations embed.FS

// ErrNotFound is returned for an id that is not in the database.
var ErrNotFound = errors.New("not found")

// Store is an open database. It is safe for concurrent use.
type Store struct {
	write *sql.DB // one connection: SQLite has one writer at a time
	read  *sql.DB
	inbox *inboxWriter
}

// Open opens the SQLite database in dir, making both where they are missing,
// and brings its schema up to date. A schema newer than this program is an
// error. Leases of an earlier process on this database are released: SQLite
// has one process at a time, so whoever held them is gone.
func Open(ctx context.Context, dir string) (*Store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the data folder: %w", err)
	}
	path := filepath.Join(dir, "halert.db")
	write, err := openSQLite(path, "immediate", 1)
	if err != nil {
		return nil, err
	}
	read, err := openSQLite(path, "deferred", 8)
	if err != nil {
		return nil, errors.Join(err, write.Close())
	}
	s := &Store{write: write, read: read}
	if err := s.prepare(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open database %s: %w", path, err), write.Close(), read.Close())
	}
	s.inbox = startInbox(s)
	return s, nil
}

// openSQLite puts the pragmas into the DSN, so that every pooled connection
// has them. synchronous=FULL makes a commit survive the loss of power.
func openSQLite(path, lock string, conns int) (*sql.DB, error) {
	q := url.Values{
		"_txlock": {lock},
		"_pragma": {"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(ON)", "temp_store(MEMORY)"},
	}
	dsn := (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: q.Encode()}).String()
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, fmt.Errorf("open database %s: %w", path, err)
	}
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	return db, nil
}

func (s *Store) prepare(ctx context.Context) error {
	if err := migrate(ctx, s.write); err != nil {
		return err
	}
	_, err := s.write.ExecContext(ctx, `UPDATE tickets SET lease_owner = '', lease_until = 0 WHERE lease_until <> 0`)
	return err
}

// migrate applies the numbered migrations that are missing, each in a
// transaction.
func migrate(ctx context.Context, db *sql.DB) error {
	files, err := fs.Sub(migrations, "migrations/sqlite")
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, db, files)
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	current, target, err := p.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("read the schema's version: %w", err)
	}
	if current > target {
		return fmt.Errorf("the database has schema %d, this halert knows only %d: use the newer halert, or restore a backup", current, target)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrate the schema from %d to %d: %w", current, target, err)
	}
	return nil
}

// Close waits for what is being written and closes the database.
func (s *Store) Close() error {
	s.inbox.stop()
	return errors.Join(s.read.Close(), s.write.Close())
}

// Ping proves that the database can be written to.
func (s *Store) Ping(ctx context.Context, now time.Time) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		return put(ctx, tx, "ping", []byte("ok"), now)
	})
}

// tx runs f in a write transaction.
func (s *Store) tx(ctx context.Context, f func(*sql.Tx) error) error {
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin transaction: %w", err)
	}
	if err := f(tx); err != nil {
		return errors.Join(err, ignoreDone(tx.Rollback()))
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

func ignoreDone(err error) error {
	if errors.Is(err, sql.ErrTxDone) {
		return nil
	}
	return err
}

// NewID makes an id that sorts by time of making.
func NewID() string { return uuid.Must(uuid.NewV7()).String() }

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func fromMillis(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
