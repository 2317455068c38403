//go:build failpoint

// Package failpoint is where the proof of reliability (cmd/halert, TestChaos)
// takes hold of a process. This build has the tag failpoint, and follows the
// environment:
//
//	HALERT_FAILPOINTS="created:5,noted:20"  dies at the instant "created" one time in five, at "noted" one time in twenty
//	HALERT_CLOCK=FILE                       the time of day is off by the milliseconds that stand in the file
//	HALERT_DISK_FULL=FILE                   while the file exists, the SQLite file cannot grow
package failpoint

import (
	"context"
	"database/sql"
	"log/slog"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"time"
)

// Hit kills the process as kill -9 would, if the dice say so.
func Hit(name string) {
	for entry := range strings.SplitSeq(os.Getenv("HALERT_FAILPOINTS"), ",") {
		at, odds, _ := strings.Cut(entry, ":")
		if n, err := strconv.Atoi(odds); at != name || err != nil || n < 1 || rand.IntN(n) != 0 {
			continue
		}
		p, err := os.FindProcess(os.Getpid())
		if err == nil {
			_ = p.Kill()
		}
		select {} // until the signal is delivered
	}
}

// Now is the time of day, off by what HALERT_CLOCK says.
func Now() time.Time {
	text, err := os.ReadFile(os.Getenv("HALERT_CLOCK"))
	if err != nil {
		return time.Now()
	}
	off, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	if err != nil {
		return time.Now() // it is being written
	}
	return time.Now().Add(time.Duration(off) * time.Millisecond)
}

// Disk keeps the file from growing while HALERT_DISK_FULL says so. SQLite then
// fails as it does on a full disk.
func Disk(db *sql.DB) {
	file := os.Getenv("HALERT_DISK_FULL")
	if file == "" {
		return
	}
	go func() {
		const most = 1 << 30 // pages
		for full := false; ; time.Sleep(20 * time.Millisecond) {
			_, err := os.Stat(file)
			if is := err == nil; is == full {
				continue
			}
			full = !full
			pages := most
			if full {
				pages = 1 // SQLite makes it the present size
			}
			if _, err := db.ExecContext(context.Background(), "PRAGMA max_page_count = "+strconv.Itoa(pages)); err != nil {
				slog.Error("failpoint: the size of the database could not be bounded", "error", err)
				return
			}
		}
	}()
}
