package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/halert/halert/internal/failpoint"
)

// EventStatus tells how far a body has come.
type EventStatus string

// The states of an event.
const (
	EventPending     EventStatus = "pending"     // on disk, not parsed yet
	EventProcessed   EventStatus = "processed"   // its alerts are known
	EventQuarantined EventStatus = "quarantined" // it could not be understood; the body is kept
)

// Event is one body as a sender posted it (less what must not be kept).
type Event struct {
	ID             string
	Source         string // name of the source
	Kind           string // kind of the source
	ReceivedAt     time.Time
	Body           []byte
	IdempotencyKey string // the sender's, may be empty
	Status         EventStatus
	Error          string // why it is in quarantine
	Note           string // why it has no alerts, where that is as it should be
}

// Accept stores an event and returns its id: a new one, or that of the event
// which has the same idempotency key on the same source. When it returns, the
// event is on disk.
func (s *Store) Accept(ctx context.Context, e Event) (string, error) {
	return s.inbox.add(ctx, e)
}

// maxGroup bounds how many bodies share one commit.
const maxGroup = 256

// inboxWriter commits events in groups: while one commit waits for the disk
// the next group gathers, so that one fsync serves many senders.
type inboxWriter struct {
	store *Store
	queue chan *inboxEntry
	done  chan struct{}
	mu    sync.RWMutex // held shared by senders, whole by stop
	over  bool
}

type inboxEntry struct {
	event  Event
	form   string // of the body
	body   []byte
	id     string
	err    error
	result chan struct{}
}

func startInbox(s *Store) *inboxWriter {
	w := &inboxWriter{store: s, queue: make(chan *inboxEntry, maxGroup), done: make(chan struct{})}
	go w.run()
	return w
}

var errClosed = errors.New("the database is closed")

func (w *inboxWriter) add(ctx context.Context, e Event) (string, error) {
	entry := &inboxEntry{event: e, result: make(chan struct{})}
	entry.form, entry.body = w.store.packer.pack(e.Body)
	if err := w.enqueue(ctx, entry); err != nil {
		return "", fmt.Errorf("store event: %w", err)
	}
	<-entry.result // the commit cannot be called back, so its outcome is awaited
	if entry.err != nil {
		return "", fmt.Errorf("store event: %w", entry.err)
	}
	return entry.id, nil
}

func (w *inboxWriter) enqueue(ctx context.Context, entry *inboxEntry) error {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if w.over {
		return errClosed
	}
	select {
	case w.queue <- entry:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (w *inboxWriter) stop() {
	w.mu.Lock()
	if !w.over {
		w.over = true
		close(w.queue)
	}
	w.mu.Unlock()
	<-w.done
}

func (w *inboxWriter) run() {
	defer close(w.done)
	for first := range w.queue {
		group := append(make([]*inboxEntry, 0, maxGroup), first)
		for len(group) < maxGroup {
			next, ok := poll(w.queue)
			if !ok {
				break
			}
			group = append(group, next)
		}
		w.commit(group)
	}
}

func poll(queue <-chan *inboxEntry) (*inboxEntry, bool) {
	select {
	case e, ok := <-queue:
		return e, ok
	default:
		return nil, false
	}
}

func (w *inboxWriter) commit(group []*inboxEntry) {
	ctx := context.Background()
	err := w.store.transaction(ctx, func(tx *sql.Tx) error {
		insert, err := tx.PrepareContext(ctx, `
			INSERT INTO events (id, source, kind, received_at, body, idempotency_key, status, error, body_form)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
			ON CONFLICT (source, idempotency_key) DO NOTHING`)
		if err != nil {
			return err
		}
		defer insert.Close()
		for _, entry := range group {
			if err := insertEvent(ctx, tx, insert, entry); err != nil {
				return err
			}
		}
		return nil
	})
	failpoint.Hit("accepted")
	for _, entry := range group {
		if err != nil {
			entry.err = err
		}
		close(entry.result)
	}
}

func insertEvent(ctx context.Context, tx *sql.Tx, insert *sql.Stmt, entry *inboxEntry) error {
	e := entry.event
	key := sql.NullString{String: e.IdempotencyKey, Valid: e.IdempotencyKey != ""}
	entry.id = NewID()
	res, err := insert.ExecContext(ctx, entry.id, e.Source, e.Kind, millis(e.ReceivedAt), entry.body, key, string(e.Status), e.Error, entry.form)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n == 1 {
		return err
	}
	return tx.QueryRowContext(ctx, `SELECT id FROM events WHERE source = $1 AND idempotency_key = $2`, e.Source, e.IdempotencyKey).Scan(&entry.id)
}

// Pending returns the oldest events that are not parsed yet, with bodies.
func (s *Store) Pending(ctx context.Context, limit int) ([]Event, error) {
	rows, err := s.read.QueryContext(ctx, `
		SELECT id, source, kind, received_at, body, body_form FROM events
		WHERE status = 'pending' ORDER BY id LIMIT $1`, limit)
	if err != nil {
		return nil, fmt.Errorf("read pending events: %w", s.explain(err))
	}
	defer rows.Close()
	var out []Event
	for rows.Next() {
		e := Event{Status: EventPending}
		var at int64
		var form string
		if err := rows.Scan(&e.ID, &e.Source, &e.Kind, &at, &e.Body, &form); err != nil {
			return nil, fmt.Errorf("read pending events: %w", err)
		}
		if e.Body, err = s.packer.unpack(form, e.Body); err != nil {
			return nil, fmt.Errorf("read pending event %s: %w", e.ID, err)
		}
		e.ReceivedAt = fromMillis(at)
		out = append(out, e)
	}
	return out, s.explain(rows.Err())
}

// Requeue makes an event pending again, so that its stored body is parsed
// once more. It returns ErrNotFound for an unknown id, and ErrBodyGone where
// there is no body any more.
func (s *Store) Requeue(ctx context.Context, id string) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE events SET status = 'pending', error = '', note = '' WHERE id = $1 AND body_form <> 'gone'`, id)
		if err != nil {
			return fmt.Errorf("requeue event %s: %w", id, err)
		}
		if err := mustHit(res); !errors.Is(err, ErrNotFound) {
			return err
		}
		var form string
		if err := tx.QueryRowContext(ctx, `SELECT body_form FROM events WHERE id = $1`, id).Scan(&form); err != nil {
			return oneError("event", id, err)
		}
		return fmt.Errorf("event %s: %w", id, ErrBodyGone)
	})
}

func mustHit(res sql.Result) error {
	n, err := res.RowsAffected()
	if err == nil && n == 0 {
		return ErrNotFound
	}
	return err
}
