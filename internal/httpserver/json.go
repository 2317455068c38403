package httpserver

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// WriteJSON answers with a value. It fails before anything is written if the
// value cannot be encoded.
func WriteJSON(w http.ResponseWriter, status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode the answer: %w", err)
	}
	return send(w, status, "application/json", body)
}

// ReadJSON reads a body of at most max bytes into v: exactly one JSON value,
// without unknown fields. The media type is not asked: curl and most HTTP
// libraries name a form when nobody says otherwise, and no caller signs in with
// a cookie that a foreign page could use. The error is a *[Problem] (400, 408,
// 413, 415) that does not repeat the body.
func ReadJSON(w http.ResponseWriter, r *http.Request, max int64, v any) error {
	body, err := ReadBody(w, r, max)
	if err != nil {
		return err
	}
	if len(bytes.TrimSpace(body)) == 0 {
		return badJSON("the body is empty; send a JSON value")
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return explain(err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return badJSON("the body holds more than one JSON value, or something after it; send one")
	}
	return nil
}

func badJSON(format string, args ...any) *Problem {
	return Errorf(http.StatusBadRequest, "bad_json", format, args...)
}

// explain says what is wrong with a body in the client's words, not in Go's.
func explain(err error) *Problem {
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		return badJSON("the body is not JSON: it breaks off or goes wrong at byte %d", syntax.Offset)
	}
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		field := wrong.Field
		if field == "" {
			field = "the body"
		}
		return badJSON("%s has the wrong type at byte %d; see the API description", field, wrong.Offset)
	}
	if _, name, ok := strings.Cut(err.Error(), "unknown field "); ok {
		return badJSON("the field %.80s is unknown; see the API description", name)
	}
	return badJSON("the body is not JSON, or breaks off")
}
