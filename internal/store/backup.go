package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

const databaseFile = "halert.db"

// Backup writes a consistent copy of the SQLite database in dir to a new
// file, which only its owner can read. A server may work on the folder
// meanwhile; neither waits for the other. The copy is checked, and synced to
// the disk.
func Backup(ctx context.Context, dir, file string) (err error) {
	path := filepath.Join(dir, databaseFile)
	if _, err := os.Stat(path); err != nil {
		return fmt.Errorf("back up: there is no database in the folder %s; name the server's with --data: %w", dir, err)
	}
	f, err := os.OpenFile(file, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600) // SQLite fills an empty file
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("back up: %s exists already; name a new file", file)
	}
	if err != nil {
		return fmt.Errorf("back up: %w", err)
	}
	defer func() {
		err = errors.Join(err, f.Close())
		if err != nil {
			err = errors.Join(err, os.Remove(file))
		}
	}()
	if err := copyInto(ctx, path, file); err != nil {
		return fmt.Errorf("back up %s to %s: %w", path, file, withRemedy(path, err))
	}
	if err := f.Sync(); err != nil {
		return fmt.Errorf("back up: sync %s: %w", file, err)
	}
	return nil
}

func copyInto(ctx context.Context, path, file string) (err error) {
	db, err := openSQLite(path, "deferred", 1)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if _, err := db.ExecContext(ctx, `VACUUM INTO $1`, file); err != nil {
		return err
	}
	if _, err := db.ExecContext(ctx, `ATTACH $1 AS made`, file); err != nil {
		return err
	}
	var found string
	if err := db.QueryRowContext(ctx, `PRAGMA made.quick_check(1)`).Scan(&found); err != nil {
		return err
	}
	if found != "ok" {
		return fmt.Errorf("the copy is damaged: %s", found)
	}
	return nil
}
