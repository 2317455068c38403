package deliver

import (
	"sync"
	"time"
)

// memory remembers what was found at which client, and that nothing was: then
// the value is zero.
type memory[V comparable] struct {
	mu   sync.Mutex
	seen map[memoryKey]memoryEntry[V]
}

type memoryKey struct {
	client int
	name   string // lower case
}

type memoryEntry[V comparable] struct {
	value V
	until time.Time
}

const (
	foundFor   = time.Hour        // how long what was found is believed
	missedFor  = 10 * time.Minute // how long it is believed that there is nothing
	memoryMost = 20_000           // entries; then all is forgotten
)

func (m *memory[V]) get(k memoryKey, now time.Time) (V, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e, ok := m.seen[k]
	return e.value, ok && now.Before(e.until)
}

// stale tells that an entry is past the middle of its life.
func (m *memory[V]) stale(k memoryKey, now time.Time) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	e, ok := m.seen[k]
	return ok && now.After(e.until.Add(-ttl(e.value)/2))
}

func ttl[V comparable](v V) time.Duration {
	var nothing V
	if v == nothing {
		return missedFor
	}
	return foundFor
}

func (m *memory[V]) put(k memoryKey, v V, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.seen == nil || len(m.seen) >= memoryMost {
		m.seen = make(map[memoryKey]memoryEntry[V])
	}
	m.seen[k] = memoryEntry[V]{value: v, until: now.Add(ttl(v))}
}
