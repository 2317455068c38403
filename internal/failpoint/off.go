//go:build !failpoint

// Package failpoint is where the proof of reliability (cmd/halert, TestChaos)
// takes hold of a process: it names the instants at which it may die, moves
// its clock, and fills its disk. In a build without the tag failpoint it does
// nothing.
package failpoint

import (
	"database/sql"
	"time"
)

// Hit marks an instant.
func Hit(string) {}

// Now is time.Now.
func Now() time.Time { return time.Now() }

// Disk is told of the connection that writes to SQLite.
func Disk(*sql.DB) {}
