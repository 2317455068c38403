//go:build failpoint

// Package failpoint names the instants at which a process may die in the proof
// of reliability (cmd/halert, TestChaos). This build has the tag failpoint:
// HALERT_FAILPOINTS="created:5,noted:20" kills the process at the instant
// "created" one time in five, and at "noted" one time in twenty.
package failpoint

import (
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
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
