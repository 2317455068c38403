package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
)

// Move copies all that the SQLite folder dir holds into the PostgreSQL
// database at address, in one transaction: all arrives, or nothing. (Where the
// connection breaks at the commit, the next try tells: it is refused if all
// has arrived.) It takes the folder's lock, so no server may run on
// it, and leaves the database file as it is. The target gets this halert's
// schema and must hold nothing. Leases end with the process that had them, so
// they are not copied. Characters that PostgreSQL cannot keep in a text (NUL,
// broken UTF-8) become U+FFFD. Once all is committed, copied is told of each
// table and its number of rows.
func Move(ctx context.Context, address, dir string, copied func(table string, rows int64)) (err error) {
	path := filepath.Join(dir, databaseFile)
	if _, err := os.Stat(path); err != nil {
		return fmt.Errorf("move: there is no database in the folder %s; name the server's with --data: %w", dir, err)
	}
	lock, err := lockFolder(dir)
	if err != nil {
		return fmt.Errorf("move: %w", err)
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	from, err := openToRead(path)
	if err != nil {
		return fmt.Errorf("move: %w", err)
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	if err := quickCheck(ctx, from); err != nil {
		return fmt.Errorf("move: %w", damaged(path, err))
	}
	to, err := openPostgres(ctx, address)
	if err != nil {
		return fmt.Errorf("move: %w", err)
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	tables, err := to.receive(ctx, from)
	if err != nil {
		return fmt.Errorf("move %s to PostgreSQL: %w", path, withRemedy(path, err))
	}
	for _, t := range tables {
		copied(t.name, t.rows)
	}
	return nil
}

// openToRead opens a database file so that nothing in it can change. The
// pragmas of openSQLite would write to it.
func openToRead(path string) (*sql.DB, error) {
	q := url.Values{"mode": {"ro"}, "_pragma": {"busy_timeout(10000)", "query_only(ON)"}}
	dsn := (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: q.Encode()}).String()
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, fmt.Errorf("open database %s: %w", path, err)
	}
	return db, nil
}

type table struct {
	name    string
	columns []string
	rows    int64
}

// receive copies all tables of a SQLite database into this one.
func (s *Store) receive(ctx context.Context, from *sql.DB) (tables []table, err error) {
	if tables, err = tablesOf(ctx, from); err != nil {
		return nil, fmt.Errorf("read the schema: %w", err)
	}
	conn, err := s.write.Conn(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	err = conn.Raw(func(driver any) error {
		return pgx.BeginFunc(ctx, driver.(*stdlib.Conn).Conn(), func(tx pgx.Tx) error {
			return copyTables(ctx, from, tx, tables)
		})
	})
	return tables, err
}

// tablesOf lists the tables in the order in which they were made. PostgreSQL
// made them by the same migrations, and there a reference needs its table to
// be there first: so this order suits the foreign keys.
func tablesOf(ctx context.Context, from *sql.DB) ([]table, error) {
	tables, err := list(ctx, from, `
		SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name <> $1 ORDER BY rowid`,
		[]any{goose.DefaultTablename}, func(row scanner) (t table, err error) {
			err = row.Scan(&t.name)
			return t, err
		})
	if err != nil {
		return nil, err
	}
	for i := range tables {
		t := &tables[i]
		t.columns, err = list(ctx, from, `SELECT name FROM pragma_table_info($1) ORDER BY cid`, []any{t.name}, func(row scanner) (name string, err error) {
			err = row.Scan(&name)
			return name, err
		})
		if err != nil {
			return nil, err
		}
	}
	return tables, nil
}

func copyTables(ctx context.Context, from *sql.DB, tx pgx.Tx, tables []table) error {
	if err := sameSchema(ctx, from, tx); err != nil {
		return err
	}
	if err := lockEmpty(ctx, tx, tables); err != nil {
		return err
	}
	for i := range tables {
		t := &tables[i]
		if err := copyTable(ctx, from, tx, t); err != nil {
			return fmt.Errorf("copy table %s: %w", t.name, err)
		}
	}
	return nil
}

// sameSchema refuses a folder whose schema is not the one that this halert
// has just made in the target.
func sameSchema(ctx context.Context, from *sql.DB, tx pgx.Tx) error {
	const version = `SELECT MAX(version_id) FROM ` + goose.DefaultTablename
	var source, target int64
	if err := from.QueryRowContext(ctx, version).Scan(&source); err != nil {
		return fmt.Errorf("read the schema's version: %w", err)
	}
	if err := tx.QueryRow(ctx, version).Scan(&target); err != nil {
		return fmt.Errorf("read the target's schema version: %w", err)
	}
	if source > target {
		return fmt.Errorf("the folder has schema %d, this halert knows only %d: use the newer halert", source, target)
	}
	if source < target {
		return fmt.Errorf("the folder has schema %d, this halert makes %d: start this halert on the folder once, stop it, and try again", source, target)
	}
	return nil
}

// lockEmpty keeps all other writers off the target and refuses one that holds
// anything.
func lockEmpty(ctx context.Context, tx pgx.Tx, tables []table) error {
	for _, t := range tables {
		name := pgx.Identifier{t.name}.Sanitize()
		if _, err := tx.Exec(ctx, `LOCK TABLE `+name+` IN SHARE ROW EXCLUSIVE MODE`); err != nil {
			return fmt.Errorf("lock the target's table %s: %w", t.name, err)
		}
		var filled bool
		if err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM `+name+`)`).Scan(&filled); err != nil {
			return fmt.Errorf("look into the target's table %s: %w", t.name, err)
		}
		if filled {
			return fmt.Errorf("the target is in use, its table %s is not empty: name a new, empty database with HALERT_DATABASE", t.name)
		}
	}
	return nil
}

// copyTable streams the rows of one table and counts them on both sides.
func copyTable(ctx context.Context, from *sql.DB, tx pgx.Tx, t *table) error {
	name := pgx.Identifier{t.name}.Sanitize()
	columns := make([]string, len(t.columns))
	for i, c := range t.columns {
		columns[i] = pgx.Identifier{c}.Sanitize()
	}
	rows, err := from.QueryContext(ctx, `SELECT `+strings.Join(columns, ", ")+` FROM `+name)
	if err != nil {
		return err
	}
	defer rows.Close()
	if _, err := tx.CopyFrom(ctx, pgx.Identifier{t.name}, t.columns, streamed(rows, len(columns))); err != nil {
		return err
	}
	var there, here int64
	if err := from.QueryRowContext(ctx, `SELECT COUNT(*) FROM `+name).Scan(&there); err != nil {
		return fmt.Errorf("count the folder's rows: %w", err)
	}
	if err := tx.QueryRow(ctx, `SELECT COUNT(*) FROM `+name).Scan(&here); err != nil {
		return fmt.Errorf("count the target's rows: %w", err)
	}
	if here != there {
		return fmt.Errorf("%d rows arrived of %d: this is a fault of halert's, please report it", here, there)
	}
	t.rows = here
	return nil
}

// streamed gives the rows one at a time, so that no table need fit into memory.
func streamed(rows *sql.Rows, width int) pgx.CopyFromSource {
	values, into := make([]any, width), make([]any, width)
	for i := range values {
		into[i] = &values[i]
	}
	return pgx.CopyFromFunc(func() ([]any, error) {
		if !rows.Next() {
			return nil, rows.Err()
		}
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		for i, v := range values {
			values[i] = forPostgres(v)
		}
		return values, nil
	})
}

// forPostgres makes of a value that SQLite gave one that PostgreSQL takes.
func forPostgres(v any) any {
	switch v := v.(type) {
	case string:
		return strings.ToValidUTF8(strings.ReplaceAll(v, "\x00", "\uFFFD"), "\uFFFD")
	case []byte: // the driver gives nil for empty bytes, which pgx takes for NULL
		return append([]byte{}, v...)
	}
	return v
}
