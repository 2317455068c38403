package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
)

// turnLock is the advisory lock of PostgreSQL under which halert writes: the
// processes on one database take turns, as they do on SQLite, so that what
// is decided from a row still holds when it is written. Halo's own limit is
// far below what this allows. Senders do not wait for it.
const turnLock = `SELECT pg_advisory_xact_lock(7310418)`

// openPostgres opens a database that several processes may share. The address
// may hold a password, so no error repeats it.
func openPostgres(ctx context.Context, address string) (*Store, error) {
	conf, err := pgx.ParseConfig(address)
	if err != nil {
		return nil, errors.New("the database address is not one of PostgreSQL's: write postgres://user:password@host/database")
	}
	first := stdlib.OpenDB(*conf) // a migration may take its time
	if err := errors.Join(migratePostgres(ctx, first), first.Close()); err != nil {
		return nil, fmt.Errorf("open database %s on %s: %w", conf.Database, conf.Host, err)
	}
	pack, err := newPacker()
	if err != nil {
		return nil, err
	}
	conf.DialFunc = impatient(answerWithin)
	db := stdlib.OpenDB(*conf)
	db.SetMaxOpenConns(16)
	db.SetMaxIdleConns(16)
	db.SetConnMaxIdleTime(5 * time.Minute)
	s := &Store{write: db, read: db, turn: turnLock, packer: pack}
	s.inbox = startInbox(s)
	return s, nil
}

// migratePostgres lets one process migrate at a time.
func migratePostgres(ctx context.Context, db *sql.DB) (err error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	if _, err := conn.ExecContext(ctx, `SELECT pg_advisory_lock(7310417)`); err != nil {
		return fmt.Errorf("wait for the lock on the schema: %w", err)
	}
	err = migrate(ctx, db, goose.DialectPostgres)
	_, unlock := conn.ExecContext(context.WithoutCancel(ctx), `SELECT pg_advisory_unlock(7310417)`)
	return errors.Join(err, unlock)
}

// answerWithin is how long PostgreSQL may take to answer a statement, turns
// that are waited for included. Our statements take milliseconds; a longer
// silence is a network that lost the connection without a word, and without
// this bound a process would wait for a quarter of an hour.
const answerWithin = 20 * time.Second

// impatient makes connections that fail when no answer comes in time.
func impatient(within time.Duration) func(ctx context.Context, network, address string) (net.Conn, error) {
	d := net.Dialer{Timeout: 10 * time.Second, KeepAlive: 15 * time.Second}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := d.DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return impatientConn{conn, within}, nil
	}
}

type impatientConn struct {
	net.Conn
	within time.Duration
}

func (c impatientConn) Write(b []byte) (int, error) {
	if err := c.SetDeadline(time.Now().Add(c.within)); err != nil {
		return 0, err
	}
	return c.Conn.Write(b)
}
