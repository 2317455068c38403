package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/halert/halert/internal/store"
)

// ledger keeps a State: in the store, where all processes share it, or, if
// there is none, in memory.
type ledger struct {
	store  *store.Store
	now    func() time.Time
	mu     sync.Mutex
	memory []byte
}

const (
	claimFor  = timeout + 10*time.Second // after which another process may send a claimed message
	keepFor   = 24 * time.Hour           // after which a message that does not go out is dropped
	maxTries  = 10                       // at changing what others change too
	firstWait = 10 * time.Second         // after a failure
	mostWait  = 10 * time.Minute
)

var errBusy = errors.New("other processes change the state of notifications all the time; the next round tries again")

func (l *ledger) load(ctx context.Context) (raw []byte, st State, err error) {
	if l.store == nil {
		l.mu.Lock()
		raw = l.memory
		l.mu.Unlock()
	} else if raw, err = l.store.Setting(ctx, setting); err != nil {
		return nil, st, err
	}
	if raw != nil && json.Unmarshal(raw, &st) != nil {
		st = State{} // begun anew: better told twice than never
	}
	return raw, st, nil
}

func (l *ledger) read(ctx context.Context) (State, error) {
	_, st, err := l.load(ctx)
	return st, err
}

// update changes the state, again with what is there now if somebody else was
// quicker, and returns what it has become. f must not keep what it is given.
func (l *ledger) update(ctx context.Context, f func(State) State) (State, error) {
	for range maxTries {
		raw, st, err := l.load(ctx)
		if err != nil {
			return State{}, err
		}
		next := f(st)
		fresh, err := json.Marshal(next)
		if err != nil {
			return State{}, fmt.Errorf("write the state of notifications: %w", err)
		}
		if bytes.Equal(raw, fresh) {
			return next, nil
		}
		won, err := l.swap(ctx, raw, fresh)
		if won || err != nil {
			return next, err
		}
	}
	return State{}, errBusy
}

func (l *ledger) swap(ctx context.Context, old, fresh []byte) (bool, error) {
	if l.store != nil {
		return l.store.SwapSetting(ctx, setting, old, fresh, l.now())
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if !bytes.Equal(old, l.memory) {
		return false, nil
	}
	l.memory = fresh
	return true, nil
}

// claim takes the oldest message that waits for a channel, so that nobody else
// sends it meanwhile. It returns nil if none is due: a later message waits for
// an earlier one.
func (l *ledger) claim(ctx context.Context, channel string) (*Message, error) {
	var got *Message
	_, err := l.update(ctx, func(st State) State {
		got = nil
		now := l.now()
		for i := range st.Outbox {
			m := &st.Outbox[i]
			j := slices.IndexFunc(m.Open, func(t Try) bool { return t.Channel == channel })
			if j < 0 {
				continue
			}
			if m.Open[j].Next.After(now) {
				break
			}
			m.Open[j].Next = now.Add(claimFor)
			m.Open[j].Count++
			copied := *m
			got = &copied
			break
		}
		return st
	})
	if err != nil {
		return nil, err
	}
	return got, nil
}

// settle records how the sending of a claimed message went.
func (l *ledger) settle(ctx context.Context, channel, id string, sent bool) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	_, err := l.update(ctx, func(st State) State {
		for i := range st.Outbox {
			m := &st.Outbox[i]
			j := slices.IndexFunc(m.Open, func(t Try) bool { return t.Channel == channel })
			if m.ID != id || j < 0 {
				continue
			}
			if sent {
				m.Open = slices.Delete(m.Open, j, j+1)
			} else {
				m.Open[j].Next = l.now().Add(wait(m.Open[j].Count))
			}
		}
		st.Outbox = slices.DeleteFunc(st.Outbox, func(m Message) bool { return len(m.Open) == 0 })
		return st
	})
	return err
}

// wait is the time between two tries after so many in vain.
func wait(tries int) time.Duration {
	return min(firstWait<<min(max(tries-1, 0), 10), mostWait)
}
