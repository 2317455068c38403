package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/halert/halert/internal/alert"
)

// Setting returns the value stored under a name, or nil.
func (s *Store) Setting(ctx context.Context, name string) ([]byte, error) {
	var v []byte
	err := s.read.QueryRowContext(ctx, `SELECT value FROM settings WHERE name = $1`, name).Scan(&v)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read setting %s: %w", name, err)
	}
	return v, nil
}

// PutSettings stores values under their names, all or none.
func (s *Store) PutSettings(ctx context.Context, values map[string][]byte, now time.Time) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		for name, v := range values {
			if err := put(ctx, tx, name, v, now); err != nil {
				return err
			}
		}
		return nil
	})
}

func put(ctx context.Context, tx *sql.Tx, name string, value []byte, now time.Time) error {
	_, err := tx.ExecContext(ctx, `
		INSERT INTO settings (name, value, updated_at) VALUES ($1, $2, $3)
		ON CONFLICT (name) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at`,
		name, value, millis(now))
	if err != nil {
		return fmt.Errorf("store setting %s: %w", name, err)
	}
	return nil
}

// Token is a key to the management API. Only its hash is kept.
type Token struct {
	ID        string
	Name      string
	Hash      []byte // SHA-256 of the token
	CreatedAt time.Time
	ExpiresAt time.Time // zero: never
}

// ErrExists is returned for a name that is taken.
var ErrExists = errors.New("the name is taken")

// AddToken stores a token under a new id. A name that is taken is ErrExists.
func (s *Store) AddToken(ctx context.Context, t Token) (string, error) {
	id := NewID()
	err := s.tx(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `
			INSERT INTO api_tokens (id, name, hash, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (name) DO NOTHING`, id, t.Name, t.Hash, millis(t.CreatedAt), millis(t.ExpiresAt))
		if err != nil {
			return fmt.Errorf("store token %s: %w", t.Name, err)
		}
		if err := mustHit(res); errors.Is(err, ErrNotFound) {
			return ErrExists
		} else if err != nil {
			return err
		}
		return nil
	})
	return id, err
}

// Tokens lists all tokens, the oldest first.
func (s *Store) Tokens(ctx context.Context) ([]Token, error) {
	rows, err := s.read.QueryContext(ctx, `SELECT id, name, hash, created_at, expires_at FROM api_tokens ORDER BY id`)
	if err != nil {
		return nil, fmt.Errorf("read tokens: %w", err)
	}
	defer rows.Close()
	var out []Token
	for rows.Next() {
		var t Token
		var created, expires int64
		if err := rows.Scan(&t.ID, &t.Name, &t.Hash, &created, &expires); err != nil {
			return nil, fmt.Errorf("read tokens: %w", err)
		}
		t.CreatedAt, t.ExpiresAt = fromMillis(created), fromMillis(expires)
		out = append(out, t)
	}
	return out, rows.Err()
}

// DeleteToken removes the token of that name. An unknown name is ErrNotFound.
func (s *Store) DeleteToken(ctx context.Context, name string) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `DELETE FROM api_tokens WHERE name = $1`, name)
		if err != nil {
			return fmt.Errorf("delete token %s: %w", name, err)
		}
		return mustHit(res)
	})
}

// Aliases returns all pairs of domain and tenant id that were learned.
func (s *Store) Aliases(ctx context.Context) (alert.Aliases, error) {
	rows, err := s.read.QueryContext(ctx, `SELECT domain, tenant FROM tenant_aliases`)
	if err != nil {
		return nil, fmt.Errorf("read tenant aliases: %w", err)
	}
	defer rows.Close()
	out := make(alert.Aliases)
	for rows.Next() {
		var domain, tenant string
		if err := rows.Scan(&domain, &tenant); err != nil {
			return nil, fmt.Errorf("read tenant aliases: %w", err)
		}
		out[domain] = tenant
	}
	return out, rows.Err()
}

// Learn remembers that a domain belongs to a tenant id, and gives the alerts
// that were kept under the domain the id's key, so that they are recognised
// when they come again under the id. A domain that moves to another tenant id
// (the sender says so now) takes only new alerts along.
func (s *Store) Learn(ctx context.Context, pairs []alert.Tenant) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		for _, p := range pairs {
			if p.ID == "" || p.Domain == "" || p.ID == p.Domain {
				continue
			}
			_, err := tx.ExecContext(ctx, `
				INSERT INTO tenant_aliases (domain, tenant) VALUES ($1, $2)
				ON CONFLICT (domain) DO UPDATE SET tenant = excluded.tenant`, p.Domain, p.ID)
			if err != nil {
				return fmt.Errorf("learn tenant %s: %w", p, err)
			}
			if err := rekey(ctx, tx, p); err != nil {
				return fmt.Errorf("rename alerts of tenant %s: %w", p, err)
			}
		}
		return nil
	})
}

func rekey(ctx context.Context, tx *sql.Tx, p alert.Tenant) error {
	type row struct{ id, source, kind, fingerprint string }
	old, err := list(ctx, tx, `SELECT id, source, kind, fingerprint FROM alerts WHERE tenant = $1`, []any{p.Domain}, func(s scanner) (row, error) {
		var r row
		err := s.Scan(&r.id, &r.source, &r.kind, &r.fingerprint)
		return r, err
	})
	if err != nil {
		return err
	}
	for _, r := range old {
		// An alert that is known under the id already stays as it is.
		_, err := tx.ExecContext(ctx, `
			UPDATE alerts SET tenant = $1, tenant_id = $1, dedup_key = $2
			WHERE id = $3 AND NOT EXISTS (SELECT 1 FROM alerts b WHERE b.dedup_key = $2)`,
			p.ID, alert.DedupKey(r.source, p.ID, r.kind, r.fingerprint), r.id)
		if err != nil {
			return err
		}
	}
	return nil
}
