package cli

import (
	"errors"
	"fmt"
	"strings"
)

type migrateCmd struct {
	Data     string `help:"The server's data folder." default:"./data" placeholder:"DIR" from:"HALERT_DATA"`
	Database string `help:"The empty PostgreSQL database, as postgres://… Prefer the variable: others on the machine can read a flag, and with it the password." placeholder:"URL" from:"HALERT_DATABASE"`
}

// Help is shown by --help.
func (*migrateCmd) Help() string {
	return `Stop the server first. All or nothing is copied, and the folder's database stays as it is. The
PostgreSQL database must be empty; its tables are made here. See docs/operations.md.

Example: HALERT_DATABASE=postgres://halert:PASSWORD@db.example/halert halert migrate --data /var/lib/halert`
}

// Run moves a folder.
func (c *migrateCmd) Run(s *session) error {
	if c.Database == "" {
		return errors.New("say where to: set HALERT_DATABASE to the address of an empty PostgreSQL database, postgres://user:password@host/database")
	}
	var out strings.Builder
	err := s.commands.Migrate(s.ctx, c.Database, c.Data, func(table string, rows int64) {
		fmt.Fprintf(&out, "%-15s %d\n", table, rows)
	})
	if err != nil {
		return err
	}
	s.remark("PostgreSQL holds a copy of all that is in %s; rows of each table:", c.Data)
	if err := s.print(out.String()); err != nil {
		return err
	}
	s.remark(`Start halert with HALERT_DATABASE set, and with the same secret key: the file secret.key of this
folder, or HALERT_SECRET_KEY. Without it the stored Halo secret cannot be read.
Do not start halert on the old database again: both would make tickets.`)
	return nil
}
