// Package ingest is the receiver: it authenticates a sender, reads a bounded
// body, checks that it is readable, removes what must not be kept, and
// answers 202 once the rest is on disk. Nothing that is wrong with Halo, a
// mapping or a rule reaches it. What an accepted body means is worked out
// later (pipeline).
package ingest

import (
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/halert/halert/internal/httpserver"
	"github.com/halert/halert/internal/secret"
	"github.com/halert/halert/internal/source"
	"github.com/halert/halert/internal/store"
)

// MaxBody is the largest body that is taken, in bytes, after unpacking.
const MaxBody = 10 << 20

// Source is a configured inbound endpoint.
type Source struct {
	Name       string
	Kind       string
	SecretHash []byte // SHA-256 of the secret
	Parser     source.Parser
}

// Options are what a Receiver needs.
type Options struct {
	Store    *store.Store
	Log      *slog.Logger
	Now      func() time.Time
	Accepted func()                      // called after a body was stored
	Hinted   func()                      // called after Halo told of a change
	Count    func(source, result string) // result: accepted, quarantined, refused, failed
}

// Receiver answers POST /hooks/{source} and POST /halo/webhook/{secret}.
type Receiver struct {
	opts    Options
	sources atomic.Pointer[map[string]Source]
	webhook atomic.Pointer[[]byte]
}

// New makes a receiver without sources.
func New(o Options) *Receiver {
	r := &Receiver{opts: o}
	r.Configure(nil, nil)
	return r
}

// Configure sets the sources from now on, and the SHA-256 of the secret that
// Halo's webhook shows; nil: Halo has no webhook to here.
func (rc *Receiver) Configure(sources []Source, webhook []byte) {
	rc.webhook.Store(&webhook)
	m := make(map[string]Source, len(sources))
	for _, s := range sources {
		m[s.Name] = s
	}
	rc.sources.Store(&m)
}

// Post handles POST /hooks/{source} and POST /hooks/{source}/{secret}.
func (rc *Receiver) Post(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("source")
	src, known := (*rc.sources.Load())[name]
	if !known {
		return httpserver.Errorf(http.StatusNotFound, "unknown_source", "there is no source of this name; look at `sources` in the configuration")
	}
	if !authorised(r, src.SecretHash) {
		rc.count(name, "refused")
		w.Header().Set("WWW-Authenticate", `Bearer realm="halert"`)
		return httpserver.Errorf(http.StatusUnauthorized, "wrong_secret",
			"the source's secret is missing or wrong; send it as Authorization: Bearer, as the password of Basic, as X-API-Key, or as the last part of the path")
	}
	body, err := httpserver.ReadBody(w, r, MaxBody)
	if err != nil {
		rc.count(name, "refused")
		return err
	}
	return rc.accept(w, r, src, body)
}

func (rc *Receiver) accept(w http.ResponseWriter, r *http.Request, src Source, body []byte) error {
	e := store.Event{
		Source: src.Name, Kind: src.Kind, ReceivedAt: rc.opts.Now(), Status: store.EventPending,
		IdempotencyKey: idempotencyKey(r.Header.Get("Idempotency-Key")),
	}
	clean, unreadable := src.Parser.Prepare(body)
	e.Body = clean
	if unreadable != nil {
		e.Status, e.Error = store.EventQuarantined, unreadable.Error()
	}
	id, err := rc.opts.Store.Accept(r.Context(), e)
	if err != nil {
		rc.count(src.Name, "failed")
		rc.opts.Log.Error("a body could not be stored; its sender was told to come again", "source", src.Name, "error", err)
		p := httpserver.Errorf(http.StatusServiceUnavailable, "not_stored", "the body could not be stored; send it again")
		p.RetryAfter = 10 * time.Second
		return p
	}
	if unreadable != nil {
		rc.count(src.Name, "quarantined")
		rc.opts.Log.Warn("a body could not be read and is in quarantine", "source", src.Name, "event", id, "error", unreadable)
		p := httpserver.Errorf(http.StatusBadRequest, "unreadable_body", "the body is not readable as %s: %v", src.Kind, unreadable)
		p.ID = id
		return p
	}
	rc.count(src.Name, "accepted")
	rc.opts.Accepted()
	return httpserver.WriteJSON(w, http.StatusAccepted, map[string]string{"id": id})
}

func (rc *Receiver) count(name, result string) {
	if rc.opts.Count != nil {
		rc.opts.Count(name, result)
	}
}

// authorised compares every place where a sender may have put the secret.
func authorised(r *http.Request, hash []byte) bool {
	offered := []string{r.PathValue("secret"), r.Header.Get("X-API-Key")}
	if kind, token, ok := strings.Cut(r.Header.Get("Authorization"), " "); ok && strings.EqualFold(kind, "Bearer") {
		offered = append(offered, strings.TrimSpace(token))
	}
	if _, password, ok := r.BasicAuth(); ok {
		offered = append(offered, password)
	}
	good := false
	for _, o := range offered {
		if o != "" && secret.Equal(hash, o) {
			good = true
		}
	}
	return good
}

// idempotencyKey keeps long keys short; two keys that differ stay different.
func idempotencyKey(key string) string {
	if len(key) <= 128 {
		return strings.ToValidUTF8(strings.ReplaceAll(key, "\x00", ""), "\uFFFD")
	}
	sum := sha256.Sum256([]byte(key))
	return "sha256:" + hex.EncodeToString(sum[:])
}
