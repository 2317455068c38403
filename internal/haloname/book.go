// Package haloname turns the names that people write into the ids that Halo
// takes: of ticket types, priorities, teams, custom fields and others. A
// [Book] keeps Halo's lists for a while and resolves the fields of a ticket;
// what cannot be resolved is left out and told of. [Check] finds the same
// faults, and ids that do not exist, before a configuration is used.
package haloname

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/halert/halert/internal/halo"
)

const (
	believed = time.Hour        // how long a list is believed
	missed   = 10 * time.Minute // how long it is believed that a name is not in it, or that Halo does not give it
)

// row is one thing in one of Halo's lists.
type row struct {
	id     int
	name   string
	label  string             // a second name; custom fields have one
	sla    int                // of ticket types and priorities; 0: not told
	off    bool               // inactive or disabled
	values []halo.LookupValue // to choose from; of custom fields
}

// shelf is one list and how it is read. A shelf without rows may have been
// withheld, which says why.
type shelf struct {
	rows     []row
	withheld error
	at       time.Time
	used     bool // since it was read
	missed   bool // something was not found in it
	read     reader
}

type reader func(context.Context) ([]row, error)

func (s shelf) life() time.Duration {
	if s.missed || s.withheld != nil {
		return missed
	}
	return believed
}

// Book looks names up in Halo's lists. It reads a list when the first name
// needs it, which is one call, and keeps it for an hour. It may be used by
// several goroutines.
type Book struct {
	halo    *halo.Client
	now     func() time.Time
	mu      sync.Mutex
	shelves map[string]shelf
}

// New makes a book that asks h and tells the time by now.
func New(h *halo.Client, now func() time.Time) *Book {
	return &Book{halo: h, now: now, shelves: make(map[string]shelf)}
}

// Refresh reads those lists again that were used and are past the middle of
// their life, so that the next ticket need not wait for them. A list that
// cannot be read stays as it is.
func (b *Book) Refresh(ctx context.Context) {
	b.mu.Lock()
	old := make(map[string]reader)
	for name, s := range b.shelves {
		if s.used && b.now().Sub(s.at) > s.life()/2 {
			old[name] = s.read
		}
	}
	b.mu.Unlock()
	for name, read := range old {
		if _, err := b.load(ctx, name, read); err != nil {
			return
		}
	}
}

// search returns the list of that name when pick finds something in it, or
// when it is fresh enough for a miss to be believed. The error is Halo's
// trouble; a list that Halo withholds is no error.
func (b *Book) search(ctx context.Context, name string, read reader, pick func([]row) bool) (shelf, error) {
	b.mu.Lock()
	s, ok := b.shelves[name]
	b.mu.Unlock()
	age := b.now().Sub(s.at)
	var err error
	if !ok || age >= believed || age >= missed && (s.withheld != nil || !pick(s.rows)) {
		if s, err = b.load(ctx, name, read); err != nil {
			return shelf{}, err
		}
	}
	s.used = true
	if !pick(s.rows) { // asked last of the rows that are returned
		s.missed = true
	}
	b.put(name, s)
	return s, nil
}

func (b *Book) load(ctx context.Context, name string, read reader) (shelf, error) {
	rows, err := read(ctx)
	if err != nil && !withheld(err) {
		return shelf{}, err
	}
	s := shelf{rows: rows, withheld: err, at: b.now(), read: read}
	b.put(name, s)
	return s, nil
}

func (b *Book) put(name string, s shelf) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.shelves[name] = s
}

// withheld tells that Halo was reached and does not give what was asked for,
// so that asking again soon would not help.
func withheld(err error) bool {
	e, ok := errors.AsType[*halo.Error](err)
	if !ok {
		return false
	}
	switch e.Class {
	case halo.ClassForbidden, halo.ClassNotFound, halo.ClassRefused, halo.ClassUnreadable:
		return true
	}
	return false
}
