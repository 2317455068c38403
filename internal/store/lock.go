package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

var errLocked = errors.New("another process has the lock")

// lockFolder keeps other processes off a SQLite folder. The lock is the
// operating system's: it ends with the process, also at kill -9, so that the
// file that stays behind means nothing.
func lockFolder(dir string) (*os.File, error) {
	path := filepath.Join(dir, "halert.lock")
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock the data folder: %w", err)
	}
	if err := lockFile(f); errors.Is(err, errLocked) {
		return nil, errors.Join(fmt.Errorf("another halert works on the folder %s: stop it first, or give this one a folder of its own with --data", dir), f.Close())
	} else if err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", path, err), f.Close())
	}
	return f, nil
}
