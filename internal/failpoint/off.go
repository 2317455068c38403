//go:build !failpoint

// Package failpoint names the instants at which a process may die in the proof
// of reliability (cmd/halert, TestChaos). In a build without the tag failpoint
// it does nothing.
package failpoint

// Hit marks an instant.
func Hit(string) {}
