package httpserver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
)

// HandlerFunc answers a request, or returns an error before it has written
// anything. [Handle] makes the error an answer.
type HandlerFunc func(w http.ResponseWriter, r *http.Request) error

// Handle makes an http.Handler. A *[Problem] in the error becomes the answer;
// any other error, and a panic, is a 500 with code "internal" whose text goes
// to the log only. Errors of status 500 and above are logged, once, with the
// request id. An error after the answer began, and http.ErrAbortHandler, break
// the connection off, so that half an answer is not taken for a whole one.
func Handle(log *slog.Logger, h HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec, ok := w.(*recorder)
		if !ok {
			rec = &recorder{ResponseWriter: w}
		}
		err := call(h, rec, r)
		if err == nil {
			return
		}
		answer(log, rec, r, err)
	})
}

// call runs the handler and turns a panic into an error with its stack.
func call(h HandlerFunc, w http.ResponseWriter, r *http.Request) (err error) {
	defer func() {
		switch p := recover(); p {
		case nil:
		case http.ErrAbortHandler:
			panic(p)
		default:
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return h(w, r)
}

func answer(log *slog.Logger, rec *recorder, r *http.Request, err error) {
	ctx := r.Context()
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		panic(http.ErrAbortHandler) // the client is gone
	}
	id := RequestID(ctx)
	problem, known := errors.AsType[*Problem](err)
	if !known {
		problem = Errorf(http.StatusInternalServerError, "internal", "the server could not do this; its log has the reason under request id %s", id)
	}
	begun := rec.status != 0
	if problem.Status >= 500 || begun {
		log.LogAttrs(ctx, slog.LevelError, "request failed", slog.String("request_id", id), slog.String("error", err.Error()))
	}
	if begun {
		panic(http.ErrAbortHandler)
	}
	drain(r)
	if problem.write(rec) != nil {
		panic(http.ErrAbortHandler)
	}
}

// maxDrain is how many bytes of a refused body are read, in bytes.
const maxDrain = 32 << 20

// drain reads what is left of a refused body and drops it: many senders look
// for an answer only when all is sent, and would see a broken connection in
// its place. The deadline of the body holds here too. A sender that waits for
// 100 Continue is not asked for its body.
func drain(r *http.Request) {
	if r.Body != nil && r.Header.Get("Expect") == "" {
		_, _ = io.CopyN(io.Discard, r.Body, maxDrain) // nobody misses it
	}
}

// recorder notes what was answered.
type recorder struct {
	http.ResponseWriter
	status int // 0: nothing yet
	bytes  int64
}

// Unwrap lets http.ResponseController reach the connection.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// WriteHeader notes the final status; 1xx is not one, but 101 is.
func (w *recorder) WriteHeader(status int) {
	if w.status == 0 && (status >= 200 || status == http.StatusSwitchingProtocols) {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// FlushError sends what is written; http.ResponseController uses it.
func (w *recorder) FlushError() error {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return http.NewResponseController(w.ResponseWriter).Flush()
}

// Write notes the bytes of the answer.
func (w *recorder) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(b)
	w.bytes += int64(n)
	return n, err
}
