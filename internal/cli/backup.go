package cli

import "errors"

type backupCmd struct {
	File     string `arg:"" help:"The file to make; it must not exist."`
	Data     string `help:"The server's data folder." default:"./data" placeholder:"DIR" from:"HALERT_DATA"`
	Database string `help:"As for serve; PostgreSQL has its own tools." placeholder:"URL" from:"HALERT_DATABASE"`
}

// Help is shown by --help.
func (*backupCmd) Help() string {
	return `The copy is consistent, and the server goes on meanwhile. Keep the secret key with it, but not
in the same place: without the key (secret.key in the data folder, or HALERT_SECRET_KEY) the
stored Halo secret cannot be read.

Example: halert backup --data /var/lib/halert /backup/halert-monday.db`
}

// Run makes a backup.
func (c *backupCmd) Run(s *session) error {
	if c.Database != "" {
		return errors.New("this server's database is PostgreSQL: back it up with pg_dump, for example pg_dump -Fc -f FILE URL")
	}
	if err := s.commands.Backup(s.ctx, c.Data, c.File); err != nil {
		return err
	}
	s.remark("%s is a whole copy of the database; keep the secret key too", c.File)
	return nil
}
