package halosim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"strconv"
	"time"
)

// answer is what a call gets: a status and a body. An answer with status 0
// closes the connection without a word.
type answer struct {
	status      int
	contentType string
	body        []byte
	header      http.Header
}

// ok answers v as JSON.
func ok(v any) answer { return jsonAnswer(http.StatusOK, v) }

func jsonAnswer(status int, v any) answer {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // .NET leaves HTML as it is
	if err := enc.Encode(v); err != nil {
		panic(fmt.Sprintf("halosim: marshal an answer: %v", err)) // own types only
	}
	return answer{status: status, contentType: "application/json; charset=utf-8", body: bytes.TrimSpace(b.Bytes())}
}

// exception is a .NET exception as Halo serialises it.
type exception struct {
	ClassName        string  `json:"ClassName"`
	Message          string  `json:"Message"`
	Data             any     `json:"Data"`
	InnerException   any     `json:"InnerException"`
	HelpURL          *string `json:"HelpURL"`
	StackTraceString *string `json:"StackTraceString"`
}

// The shapes of error bodies that clients of Halo have met.
const (
	shapeException  = "exception"  // {"ClassName":…,"Message":…} [B]
	shapeString     = "string"     // a JSON string [B]
	shapeMessage    = "message"    // {"message":…} [B]
	shapeModelState = "modelstate" // {"[0].id":["…"]} [A-]
	shapeProblem    = "problem"    // {"errors":{…},"title":…} [G]
	shapeResult     = "result"     // {"resultCode":…,"errorMessage":…} [B]
	shapeAuth       = "auth"       // {"error":…,"error_description":…} [B]
	shapeHTML       = "html"       // from a proxy [G]
	shapeText       = "text"       // plain text [G]
	shapeEmpty      = "empty"      // nothing [G]
)

func shapes() []string {
	return []string{shapeException, shapeString, shapeMessage, shapeModelState, shapeProblem,
		shapeResult, shapeAuth, shapeHTML, shapeText, shapeEmpty}
}

// fail answers an error in the given shape. An unknown shape is empty.
func fail(status int, shape, message string) answer {
	switch shape {
	case shapeException:
		return jsonAnswer(status, exception{ClassName: "System.Exception", Message: message})
	case shapeString:
		return jsonAnswer(status, message)
	case shapeMessage:
		return jsonAnswer(status, map[string]string{"message": message})
	case shapeModelState:
		return jsonAnswer(status, map[string][]string{"[0].id": {message}})
	case shapeProblem:
		return jsonAnswer(status, map[string]any{
			"title": "One or more validation errors occurred.", "status": status,
			"errors": map[string][]string{"id": {message}}})
	case shapeResult:
		return jsonAnswer(status, map[string]any{"resultCode": strconv.Itoa(status), "errorMessage": message})
	case shapeAuth:
		return jsonAnswer(status, map[string]string{"error": "server_error", "error_description": message})
	case shapeHTML:
		page := "<!DOCTYPE html>\r\n<html><head><title>" + strconv.Itoa(status) + " " + http.StatusText(status) +
			"</title></head><body><h2>" + html.EscapeString(message) + "</h2></body></html>\r\n"
		return answer{status: status, contentType: "text/html", body: []byte(page)}
	case shapeText:
		return answer{status: status, contentType: "text/plain; charset=utf-8", body: []byte(message)}
	}
	return answer{status: status}
}

// refuse is Halo's usual 400: an exception with a sentence.
func refuse(format string, args ...any) answer {
	return fail(http.StatusBadRequest, shapeException, fmt.Sprintf(format, args...))
}

// forbidden is a missing permission [B]; the words are a guess.
func forbidden() answer {
	return fail(http.StatusForbidden, shapeMessage, "You do not have permission to access this resource.")
}

func notFound(what string, id int) answer {
	return fail(http.StatusNotFound, shapeMessage, fmt.Sprintf("%s %d was not found.", what, id))
}

// double is a number that Halo writes with a fraction, such as 21.0 [A].
type double float64

// MarshalJSON writes at least one decimal.
func (d double) MarshalJSON() ([]byte, error) {
	return []byte(decimal(float64(d))), nil
}

func decimal(f float64) string {
	if f == float64(int64(f)) {
		return strconv.FormatFloat(f, 'f', 1, 64)
	}
	return strconv.FormatFloat(f, 'f', -1, 64)
}

// haloTime is a time as Halo writes it: UTC without a zone [A]; null if zero.
type haloTime struct{ time.Time }

// MarshalJSON writes the time, or null.
func (t haloTime) MarshalJSON() ([]byte, error) {
	if t.IsZero() {
		return []byte("null"), nil
	}
	return []byte(t.UTC().Format(`"2006-01-02T15:04:05.999"`)), nil
}

// write sends the answer. For status 0 it closes the connection.
func (a answer) write(w http.ResponseWriter) {
	if a.status == 0 {
		panic(http.ErrAbortHandler)
	}
	for k, v := range a.header {
		w.Header()[k] = v
	}
	if a.contentType != "" {
		w.Header().Set("Content-Type", a.contentType)
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
	w.WriteHeader(a.status)
	w.Write(a.body) //nolint:errcheck // the caller is gone, then
}
