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

	"github.com/halert/halert/internal/failpoint"

	_ "modernc.org/sqlite" // the database/sql driver "sqlite", in pure Go
)

//go:embed migrations/*.sql
var migrations embed.FS

// ErrNotFound is returned for an id that is not in the database.
var ErrNotFound = errors.New("not found")

// Store is an open database. It is safe for concurrent use.
type Store struct {
	write *sql.DB
	read  *sql.DB
	// turn is a statement that waits until no other process writes. It is
	// empty for SQLite, which sees to that itself.
	turn   string
	inbox  *inboxWriter
	packer *packer
	path   string   // of the SQLite file
	lock   *os.File // on the SQLite folder
}

// Open opens a database and brings its schema up to date. A schema newer than
// this program is an error. The address is postgres://…, or empty for SQLite
// in the folder dir, which is made if it is missing.
func Open(ctx context.Context, address, dir string) (*Store, error) {
	if address != "" {
		return openPostgres(ctx, address)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the data folder: %w", err)
	}
	lock, err := lockFolder(dir)
	if err != nil {
		return nil, err
	}
	s, err := openFolder(ctx, dir)
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	s.lock = lock
	return s, nil
}

func openFolder(ctx context.Context, dir string) (*Store, error) {
	path := filepath.Join(dir, databaseFile)
	write, err := openSQLite(path, "immediate", 1)
	if err != nil {
		return nil, err
	}
	read, err := openSQLite(path, "deferred", 8)
	if err != nil {
		return nil, errors.Join(err, write.Close())
	}
	pack, err := newPacker()
	if err != nil {
		return nil, errors.Join(err, write.Close(), read.Close())
	}
	failpoint.Disk(write)
	s := &Store{write: write, read: read, packer: pack, path: path}
	if err := s.prepareSQLite(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open database %s: %w", path, withRemedy(path, err)), write.Close(), read.Close())
	}
	s.inbox = startInbox(s)
	return s, nil
}

// openSQLite puts the pragmas into the DSN, so that every pooled connection
// has them. synchronous=FULL makes a commit survive the loss of power.
func openSQLite(path, lock string, conns int) (*sql.DB, error) {
	q := url.Values{
		"_txlock": {lock},
		// auto_vacuum is a property of the file: it must come before all that makes the file.
		"_pragma": {"busy_timeout(10000)", "auto_vacuum(INCREMENTAL)", "journal_mode(WAL)", "journal_size_limit(67108864)",
			"synchronous(FULL)", "foreign_keys(ON)", "temp_store(MEMORY)"},
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

// createRuns is how long Halo may be at work on a create whose caller is gone.
// No other may start meanwhile: Halo's numbering races.
const createRuns = 8 * time.Second

func (s *Store) prepareSQLite(ctx context.Context) error {
	if err := migrate(ctx, s.write, goose.DialectSQLite3); err != nil {
		return err
	}
	return s.checkAfterCrash(ctx)
}

// Started releases the leases of an earlier process on a SQLite folder: there
// is one process at a time, so whoever held them is gone. Only the lease of a
// create that was under way lasts a while longer, for Halo may still be at
// work on it. On PostgreSQL it does nothing: leases there end by themselves.
func (s *Store) Started(ctx context.Context, now time.Time) error {
	if s.turn != "" {
		return nil
	}
	return s.tx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, releaseLeases, millis(now.Add(createRuns))); err != nil {
			return fmt.Errorf("release the leases of the earlier process: %w", err)
		}
		return nil
	})
}

// releaseLeases ends the leases of a process that is gone, those of creates
// at a given time.
const releaseLeases = `
	UPDATE tickets SET lease_owner = '', lease_until = CASE WHEN begun <> 'create' OR halo_id IS NOT NULL THEN 0 ELSE CAST($1 AS BIGINT) END
	WHERE lease_until <> 0 OR lease_owner <> ''`

// migrate applies the numbered migrations that are missing, each in a
// transaction.
func migrate(ctx context.Context, db *sql.DB, dialect goose.Dialect) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(dialect, db, files)
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
	if s.read == s.write {
		return s.write.Close()
	}
	// Where this cannot be written, the next start checks the file for nothing.
	_ = s.PutSettings(context.Background(), map[string][]byte{settingStop: []byte(stopClean)}, time.Now())
	err := errors.Join(s.read.Close(), s.write.Close())
	if e := s.lock.Close(); !errors.Is(e, os.ErrClosed) { // closing twice does no harm
		err = errors.Join(err, e)
	}
	return err
}

// Ping proves that the database can be written to.
func (s *Store) Ping(ctx context.Context, now time.Time) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		return put(ctx, tx, "ping", []byte("ok"), now)
	})
}

// tx runs f in a write transaction, when it is this process's turn.
func (s *Store) tx(ctx context.Context, f func(*sql.Tx) error) error {
	return s.transaction(ctx, func(tx *sql.Tx) error {
		if s.turn != "" {
			if _, err := tx.ExecContext(ctx, s.turn); err != nil {
				return fmt.Errorf("wait for the turn to write: %w", err)
			}
		}
		return f(tx)
	})
}

// transaction runs f in a transaction that waits for no turn.
func (s *Store) transaction(ctx context.Context, f func(*sql.Tx) error) error {
	return s.explain(s.attempt(ctx, f))
}

func (s *Store) attempt(ctx context.Context, f func(*sql.Tx) error) error {
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
