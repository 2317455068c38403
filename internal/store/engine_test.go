package store

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// Every test of the store runs on SQLite, and on the PostgreSQL that
// HALERT_TEST_POSTGRES names (`make test` starts one).
const postgresVariable = "HALERT_TEST_POSTGRES"

// engine opens a fresh database, and the same one again.
type engine struct {
	address, dir string
}

func (e engine) open(t *testing.T) *Store {
	t.Helper()
	s, err := Open(t.Context(), e.address, e.dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// onEach runs a test on each engine that there is.
func onEach(t *testing.T, test func(*testing.T, engine)) {
	t.Run("SQLite", func(t *testing.T) { test(t, engine{dir: t.TempDir()}) })
	t.Run("PostgreSQL", func(t *testing.T) {
		server := os.Getenv(postgresVariable)
		if server == "" {
			t.Skip("no PostgreSQL: set " + postgresVariable + ", or run `make test`, which starts one")
		}
		test(t, engine{address: freshPostgres(t, server)})
	})
}

// freshPostgres makes a database for one test and returns its address.
func freshPostgres(t *testing.T, server string) string {
	t.Helper()
	conf, err := pgx.ParseConfig(server)
	if err != nil {
		t.Fatal(err)
	}
	admin := stdlib.OpenDB(*conf)
	name := "halert_" + fmt.Sprintf("%x", NewID()[9:18]) + "_" + fmt.Sprint(os.Getpid())
	do := func(ctx context.Context, stmt string) {
		if _, err := admin.ExecContext(ctx, stmt); err != nil {
			t.Error(err)
		}
	}
	do(t.Context(), "CREATE DATABASE "+name)
	t.Cleanup(func() {
		do(context.Background(), "DROP DATABASE "+name+" WITH (FORCE)")
		admin.Close()
	})
	conf.Database = name
	return fmt.Sprintf("postgres://%s:%s@%s:%d/%s?sslmode=disable", conf.User, conf.Password, conf.Host, conf.Port, name)
}

// explain returns the plan of a query in one text.
func explain(t *testing.T, db *sql.DB, query string) []string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var plan []string
	for rows.Next() {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			t.Fatal(err)
		}
		plan = append(plan, detail)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return plan
}
