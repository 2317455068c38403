package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// ErrStorage is wrapped by errors that are the database's or the disk's, and
// not those of what was to be written.
var ErrStorage = errors.New("the database cannot be used")

// explain adds the remedy to errors of the disk and of a damaged file.
func (s *Store) explain(err error) error { return withRemedy(s.path, err) }

func withRemedy(path string, err error) error {
	if err == nil || errors.Is(err, ErrStorage) {
		return err
	}
	if state, ok := errors.AsType[*pgconn.PgError](err); ok {
		return postgresRemedy(state, err)
	}
	if lostConnection(err) {
		return fmt.Errorf("%w: the connection to PostgreSQL broke or could not be made; look whether it runs, halert then goes on by itself: %w", ErrStorage, err)
	}
	e, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return err
	}
	switch e.Code() & 0xff { // the rest of the code says it more finely
	case sqlite3.SQLITE_FULL:
		return fmt.Errorf("%w: the disk of %s is full; free some space, halert then goes on by itself: %w", ErrStorage, path, err)
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return damaged(path, err)
	case sqlite3.SQLITE_IOERR:
		return fmt.Errorf("%w: the disk of %s fails to read or write; look whether it is full and at the system's log, then start halert anew: %w", ErrStorage, path, err)
	}
	return err
}

// postgresRemedy tells by the class of SQLSTATE what is PostgreSQL's matter.
func postgresRemedy(state *pgconn.PgError, err error) error {
	if state.Code == "53100" {
		return fmt.Errorf("%w: PostgreSQL's disk is full; free some space there: %w", ErrStorage, err)
	}
	if len(state.Code) != 5 {
		return err
	}
	switch state.Code[:2] {
	// Connection, transaction rolled back, resources, operator, system,
	// and a database that only reads.
	case "08", "40", "53", "57", "58", "25":
		return fmt.Errorf("%w: PostgreSQL refuses for now; look at its log, halert goes on by itself: %w", ErrStorage, err)
	}
	return err
}

// lostConnection tells that nobody is at the other end. SQLite has none.
func lostConnection(err error) bool {
	_, network := errors.AsType[net.Error](err)
	_, connect := errors.AsType[*pgconn.ConnectError](err)
	return network || connect || errors.Is(err, driver.ErrBadConn) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, net.ErrClosed)
}

func damaged(path string, err error) error {
	return fmt.Errorf("%w: the file %s is damaged: stop halert, put the file and those beside it (-wal, -shm) aside, and restore a backup as docs/operations.md says: %w",
		ErrStorage, path, err)
}

const (
	settingStop = "stop" // how the last process on a SQLite file ended
	stopClean   = "clean"
	stopUnclean = "unclean" // or it still runs
	// checkUpTo bounds the check after an unclean stop, so that a server
	// still answers within two seconds.
	checkUpTo = 64 << 20 // bytes
)

// checkAfterCrash reads the whole file after an unclean stop, if it is small
// enough, and marks that a process is at work.
func (s *Store) checkAfterCrash(ctx context.Context) error {
	last, err := s.Setting(ctx, settingStop)
	if err != nil {
		return err
	}
	info, err := os.Stat(s.path)
	if err != nil {
		return err
	}
	if string(last) == stopUnclean && info.Size() <= checkUpTo {
		if err := quickCheck(ctx, s.write); err != nil {
			return damaged(s.path, err)
		}
	}
	return s.PutSettings(ctx, map[string][]byte{settingStop: []byte(stopUnclean)}, time.Now())
}

// quickCheck returns what SQLite finds wrong with a file.
func quickCheck(ctx context.Context, db *sql.DB) error {
	var found string
	if err := db.QueryRowContext(ctx, `PRAGMA quick_check(1)`).Scan(&found); err != nil {
		return err
	}
	if found != "ok" {
		return errors.New(found)
	}
	return nil
}
