package httpserver

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"
)

// entry is what the log will say of a request. The router fills in the path,
// so that a path that no route knows, which may hold a secret in a place where
// nobody looks for it, stays out of the log.
type entry struct {
	id   string
	path string
}

type entryKey struct{}

func entryOf(ctx context.Context) *entry {
	e, _ := ctx.Value(entryKey{}).(*entry)
	return e
}

// RequestID returns the id of the request that ctx belongs to; it is empty
// outside of [AccessLog].
func RequestID(ctx context.Context) string {
	if e := entryOf(ctx); e != nil {
		return e.id
	}
	return ""
}

// AccessLog gives every request an id (the sender's X-Request-Id if it has 1
// to 64 letters, digits, ".", "_" or "-"; else a random one), returns it in
// X-Request-Id, and logs one line for each request when it is over, for a read
// that went well at level debug. The line
// holds no query, no header, and no path but one that a [Mux] below has routed;
// a path with a secret shows as its pattern.
func AccessLog(log *slog.Logger, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		e := &entry{id: r.Header.Get("X-Request-Id"), path: "(no route)"}
		if !isRequestID(e.id) {
			e.id = strings.ToLower(rand.Text())
		}
		w.Header().Set("X-Request-Id", e.id)
		rec := &recorder{ResponseWriter: w}
		ctx := context.WithValue(r.Context(), entryKey{}, e)
		aborted := true
		defer func() {
			if rec.status == 0 && !aborted {
				rec.status = http.StatusOK // net/http's answer to silence
			}
			attrs := []slog.Attr{
				slog.String("request_id", e.id), slog.String("method", r.Method), slog.String("path", e.path),
				slog.Int("status", rec.status), slog.Int64("bytes", rec.bytes),
				slog.Duration("took", time.Since(start)), slog.String("remote", remote(r)),
			}
			if aborted {
				attrs = append(attrs, slog.Bool("aborted", true))
			}
			log.LogAttrs(ctx, level(r.Method, rec.status), "request", attrs...)
		}()
		next.ServeHTTP(rec, r.WithContext(ctx))
		aborted = false
	})
}

// level keeps the log readable at night: reads that went well, health checks
// before all, show only to those who ask for it.
func level(method string, status int) slog.Level {
	if (method == http.MethodGet || method == http.MethodHead) && status < 400 {
		return slog.LevelDebug
	}
	return slog.LevelInfo
}

func isRequestID(id string) bool {
	return id != "" && len(id) <= 64 && !strings.ContainsFunc(id, func(c rune) bool {
		return !(c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || strings.ContainsRune("._-", c))
	})
}

// remote is the other end's address without its port.
func remote(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
