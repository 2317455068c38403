package halosim

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// object is one JSON object of a body. Its keys are lower case: Halo compares
// property names without regard to case [G].
type object map[string]any

// decodeBody reads the array of objects that every write of Halo takes [A].
// The answer, if any, is the 400 for another body.
func decodeBody(body []byte, takesObject bool) ([]object, *answer) {
	wrong := func(key, message string) ([]object, *answer) {
		a := jsonAnswer(http.StatusBadRequest, map[string][]string{key: {message}})
		return nil, &a
	}
	dec := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))))
	dec.UseNumber()
	var value any
	if err := dec.Decode(&value); err != nil {
		return wrong("", "The input was not valid JSON.")
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return wrong("", "The input was not valid JSON.")
	}
	if one, isObject := value.(map[string]any); isObject && takesObject {
		value = []any{one}
	}
	list, isArray := value.([]any)
	if !isArray {
		return wrong("", "Cannot deserialize the current JSON value because the type requires a JSON array to deserialize correctly.")
	}
	if len(list) == 0 {
		return wrong("", "The array is empty.")
	}
	items := make([]object, len(list))
	for i, v := range list {
		one, isObject := v.(map[string]any)
		if !isObject {
			return wrong(fmt.Sprintf("[%d]", i), "The input was not valid.")
		}
		items[i] = make(object, len(one))
		for k, v := range one {
			items[i][strings.ToLower(k)] = v
		}
	}
	return items, nil
}

// reader takes typed properties out of an object and collects those that have
// the wrong type, as ASP.NET's model state does.
type reader struct {
	object
	index int
	bad   map[string][]string
}

func newReader(o object, index int) *reader {
	return &reader{object: o, index: index, bad: map[string][]string{}}
}

// inside reads an object within the object; wrong types count for the whole.
func (r *reader) inside(o object) *reader {
	return &reader{object: o, index: r.index, bad: r.bad}
}

func (r *reader) wrong(name string) {
	r.bad[fmt.Sprintf("[%d].%s", r.index, name)] = []string{"The input was not valid."}
}

// refused returns the 400 for properties of a wrong type, or nil.
func (r *reader) refused() *answer {
	if len(r.bad) == 0 {
		return nil
	}
	a := jsonAnswer(http.StatusBadRequest, r.bad)
	return &a
}

// int returns a whole number and whether it was given. 95.0 is refused [B], a
// string with a whole number is taken [B], null is absent.
func (r *reader) int(name string) (int, bool) {
	var text string
	switch v := r.object[name].(type) {
	case nil:
		return 0, false
	case json.Number:
		text = v.String()
	case string:
		if text = strings.TrimSpace(v); text == "" {
			return 0, false
		}
	}
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil {
		r.wrong(name)
		return 0, false
	}
	return int(n), true
}

// positive is int for ids, where 0 and negative numbers mean "none" [G].
func (r *reader) positive(name string) int {
	if n, found := r.int(name); found && n > 0 {
		return n
	}
	return 0
}

// string returns a text and whether it was given. A number is taken as text
// [G].
func (r *reader) string(name string) (string, bool) {
	switch v := r.object[name].(type) {
	case nil:
		return "", false
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	}
	r.wrong(name)
	return "", false
}

func (r *reader) text(name string) string {
	v, _ := r.string(name)
	return v
}

// bool returns a truth value and whether it was given.
func (r *reader) bool(name string) (bool, bool) {
	switch v := r.object[name].(type) {
	case nil:
		return false, false
	case bool:
		return v, true
	case string:
		if b, err := strconv.ParseBool(strings.ToLower(v)); err == nil {
			return b, true
		}
	}
	r.wrong(name)
	return false, false
}

func (r *reader) flag(name string) bool {
	v, _ := r.bool(name)
	return v
}

// float returns a number, 0 if absent.
func (r *reader) float(name string) float64 {
	switch v := r.object[name].(type) {
	case nil:
		return 0
	case json.Number:
		if f, err := v.Float64(); err == nil {
			return f
		}
	}
	r.wrong(name)
	return 0
}

// objects returns an array of objects, nil if absent.
func (r *reader) objects(name string) []map[string]any {
	v := r.object[name]
	if v == nil {
		return nil
	}
	list, isArray := v.([]any)
	if !isArray {
		r.wrong(name) // one asset or field alone is refused [B]
		return nil
	}
	var out []map[string]any
	for _, item := range list {
		one, isObject := item.(map[string]any)
		if !isObject {
			r.wrong(name)
			return nil
		}
		out = append(out, one)
	}
	return out
}
