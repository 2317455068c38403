package synth

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// The names of what [Month.Write] writes.
const (
	FolderBodies = "bodies"         // one file for each body
	FileManifest = "manifest.jsonl" // a line for each [Body]: its file, time, source and form
	FileTruth    = "truth.jsonl"    // a line for each [Incident]
	FileClosings = "closings.jsonl" // a line for each [Closing]
	FileTenants  = "tenants.jsonl"  // a line for each [Tenant]
	FileOutages  = "outages.jsonl"  // a line for each [Outage]
)

const (
	permFile   = 0o644
	permFolder = 0o755
)

// Write writes a month into a folder, which is made, or must be empty.
func (m *Month) Write(dir string) error {
	entries, err := os.ReadDir(dir)
	if err == nil && len(entries) > 0 {
		return fmt.Errorf("write a month to %s: there is something in it already; name a new folder", dir)
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("write a month: %w", err)
	}
	if err := os.MkdirAll(filepath.Join(dir, FolderBodies), permFolder); err != nil {
		return fmt.Errorf("write a month: %w", err)
	}
	for _, b := range m.Bodies {
		if err := os.WriteFile(filepath.Join(dir, FolderBodies, b.Name), b.JSON, permFile); err != nil {
			return fmt.Errorf("write a body: %w", err)
		}
	}
	return errors.Join(
		writeLines(filepath.Join(dir, FileManifest), m.Bodies),
		writeLines(filepath.Join(dir, FileTruth), m.Incidents),
		writeLines(filepath.Join(dir, FileClosings), m.Closings),
		writeLines(filepath.Join(dir, FileTenants), m.Tenants),
		writeLines(filepath.Join(dir, FileOutages), m.Outages),
	)
}

// writeLines writes one line of JSON for each item.
func writeLines[T any](path string, items []T) error {
	var lines []byte
	for _, item := range items {
		line, err := encode(item)
		if err != nil {
			return fmt.Errorf("write %s: %w", path, err)
		}
		lines = append(append(lines, line...), '\n')
	}
	if err := os.WriteFile(path, lines, permFile); err != nil {
		return fmt.Errorf("write a month: %w", err)
	}
	return nil
}
