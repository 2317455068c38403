package store

import (
	"errors"
	"os"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// PostgreSQL says nothing any more, as behind a firewall that forgot the
// connection: the statement fails as the database's trouble, and the next one
// goes well.
func TestSilentPostgres(t *testing.T) {
	server := os.Getenv(postgresVariable)
	if server == "" {
		t.Skip("no PostgreSQL: set " + postgresVariable + ", or run `make test`, which starts one")
	}
	conf, err := pgx.ParseConfig(server)
	ok(t, err)
	conf.DialFunc = impatient(300 * time.Millisecond)
	db := stdlib.OpenDB(*conf)
	defer db.Close()
	for range 3 { // so that a connection is at hand that was used before
		_, err = db.ExecContext(t.Context(), `SELECT 1`)
		ok(t, err)
	}
	time.Sleep(350 * time.Millisecond) // one that rests is not one that says nothing
	_, err = db.ExecContext(t.Context(), `SELECT 1`)
	ok(t, err)
	if _, err = db.ExecContext(t.Context(), `SELECT pg_sleep(60)`); !errors.Is(withRemedy("", err), ErrStorage) {
		t.Errorf("a statement without an answer: %v", err)
	}
	_, err = db.ExecContext(t.Context(), `SELECT 1`)
	ok(t, err)
}
