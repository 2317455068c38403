package halo

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Int is a whole number as Halo writes it: 21, 21.0, "21", "21.0", null or ""
// (both 0), or -1 for none [A]. Some ids are doubles in Halo's own schema.
type Int int

// UnmarshalJSON fails for what is no whole number below 2^53.
func (n *Int) UnmarshalJSON(b []byte) error {
	text := strings.TrimSpace(string(b))
	if strings.HasPrefix(text, `"`) {
		var s string
		if err := json.Unmarshal(b, &s); err != nil {
			return err
		}
		text = strings.TrimSpace(s)
	}
	if text == "" || text == "null" {
		*n = 0
		return nil
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || strings.ContainsAny(text, "xX_pP") || f != math.Trunc(f) || math.Abs(f) >= 1<<53 {
		return errors.New("not a whole number")
	}
	*n = Int(f)
	return nil
}

// fields is a JSON object as Halo sends it, its names in lower case. Versions
// of Halo differ in what they send, and no ticket may be lost over an odd
// field that nobody needs: a field that cannot be read counts as absent.
type fields map[string]json.RawMessage

func parseFields(raw []byte) (fields, error) {
	var object map[string]json.RawMessage
	if err := json.Unmarshal(raw, &object); err != nil {
		return nil, err
	}
	if object == nil {
		return nil, errors.New("null in place of an object")
	}
	f := make(fields, len(object))
	for name, value := range object {
		f[strings.ToLower(name)] = value
	}
	return f, nil
}

// int returns the first of the named fields that is a number but 0.
func (f fields) int(names ...string) int {
	for _, name := range names {
		var n Int
		if raw, ok := f[name]; ok && n.UnmarshalJSON(raw) == nil && n != 0 {
			return int(n)
		}
	}
	return 0
}

// hasInt tells that a field is there and holds a number, be it 0.
func (f fields) hasInt(name string) bool {
	raw, ok := f[name]
	var n Int
	text := string(bytes.TrimSpace(raw))
	return ok && text != "null" && text != `""` && n.UnmarshalJSON(raw) == nil
}

// text returns the first of the named fields that is not empty. Numbers are
// given as they are written.
func (f fields) text(names ...string) string {
	for _, name := range names {
		raw := bytes.TrimSpace(f[name])
		if len(raw) == 0 {
			continue
		}
		var s string
		switch {
		case raw[0] == '"' && json.Unmarshal(raw, &s) == nil && s != "":
			return s
		case raw[0] == '-' || raw[0] >= '0' && raw[0] <= '9':
			return string(raw)
		}
	}
	return ""
}

// bool also takes 0, 1 and the words in quotes.
func (f fields) bool(name string) bool {
	text := strings.ToLower(strings.Trim(string(f[name]), " \t\r\n\""))
	return text == "true" || text == "1" || text == "1.0"
}

// time takes times with and without a zone; without, they are UTC [A]. Halo's
// empty date, 1900-01-01, is the zero time [G].
func (f fields) time(names ...string) time.Time {
	for _, name := range names {
		text := f.text(name)
		for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05", time.DateOnly} {
			if t, err := time.Parse(layout, text); err == nil && t.Year() > 1900 {
				return t.UTC()
			}
		}
	}
	return time.Time{}
}

// items returns the elements of an array field.
func (f fields) items(name string) []json.RawMessage {
	var items []json.RawMessage
	if json.Unmarshal(f[name], &items) != nil {
		return nil
	}
	return items
}

// objects returns those elements of an array field that are objects.
func (f fields) objects(name string) []fields {
	var out []fields
	for _, item := range f.items(name) {
		if o, err := parseFields(item); err == nil {
			out = append(out, o)
		}
	}
	return out
}

// page is one answer to a list request.
type page struct {
	rows     []fields
	total    int // record_count
	hasTotal bool
}

// parsePage reads a list: a bare array, or an array within an object, under
// the given name or as its only array. Endpoints and versions differ [B].
// Null, there or here, is an empty list [A].
func parsePage(text []byte, name string) (page, error) {
	text = bytes.TrimSpace(bytes.TrimPrefix(text, []byte("\xEF\xBB\xBF")))
	if len(text) == 0 {
		return page{}, errors.New("an empty answer in place of a list")
	}
	if text[0] == '[' || string(text) == "null" {
		rows, err := parseRows(text)
		return page{rows: rows}, err
	}
	object, err := parseFields(text)
	if err != nil {
		return page{}, fmt.Errorf("not a list: %w", plainSyntax(err))
	}
	p := page{total: object.int("record_count"), hasTotal: object.hasInt("record_count")}
	list, ok := object[name]
	if !ok {
		list, ok = onlyArray(object)
	}
	if !ok && p.hasTotal && p.total == 0 {
		return p, nil
	}
	if !ok {
		return page{}, errors.New("an object without a list")
	}
	p.rows, err = parseRows(list)
	return p, err
}

func onlyArray(object fields) (json.RawMessage, bool) {
	var found json.RawMessage
	for _, value := range object {
		if v := bytes.TrimSpace(value); len(v) > 0 && v[0] == '[' {
			if found != nil {
				return nil, false
			}
			found = v
		}
	}
	return found, found != nil
}

func parseRows(list []byte) ([]fields, error) {
	var items []json.RawMessage
	if err := json.Unmarshal(list, &items); err != nil {
		return nil, fmt.Errorf("not a list: %w", plainSyntax(err))
	}
	rows := make([]fields, 0, len(items))
	for i, item := range items {
		row, err := parseFields(item)
		if err != nil {
			return nil, fmt.Errorf("row %d of the list is not an object", i+1)
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// errNoObject tells an answer that is sound but has no object with an id.
var errNoObject = errors.New("no object with an id")

// parseObject reads one object with an id: bare, or in an array or an object
// around it. Of several it is the last, as Halo answers a POST of several [B].
func parseObject(text []byte) (fields, error) {
	text = bytes.TrimSpace(bytes.TrimPrefix(text, []byte("\xEF\xBB\xBF")))
	if string(text) == "null" {
		return nil, errNoObject
	}
	if len(text) > 0 && text[0] == '[' {
		rows, err := parseRows(text)
		if err != nil {
			return nil, err
		}
		for i := len(rows) - 1; i >= 0; i-- {
			if rows[i].hasInt("id") {
				return rows[i], nil
			}
		}
		return nil, errNoObject
	}
	object, err := parseFields(text)
	if err != nil {
		return nil, fmt.Errorf("not an object: %w", plainSyntax(err))
	}
	if object.hasInt("id") {
		return object, nil
	}
	if len(object) == 1 {
		for _, inner := range object {
			if o, err := parseInner(inner); err == nil {
				return o, nil
			}
		}
	}
	if list, ok := onlyArray(object); ok {
		return parseInner(list)
	}
	return nil, errNoObject
}

// parseInner is parseObject one level down, and no further.
func parseInner(text []byte) (fields, error) {
	candidates := []fields{}
	if o, err := parseFields(text); err == nil {
		candidates = append(candidates, o)
	} else if rows, err := parseRows(text); err == nil {
		candidates = rows
	}
	for i := len(candidates) - 1; i >= 0; i-- {
		if candidates[i].hasInt("id") {
			return candidates[i], nil
		}
	}
	return nil, errNoObject
}

// plainSyntax keeps what the JSON decoder says about the syntax and drops what
// it says about Go types, which helps nobody who reads it in a console.
func plainSyntax(err error) error {
	if s, ok := errors.AsType[*json.SyntaxError](err); ok {
		return s
	}
	return errors.New("another kind of JSON value")
}

// object is the body of a request. put leaves out what is not set.
type object map[string]any

func put[T comparable](o object, name string, value T) {
	var zero T
	if value != zero {
		o[name] = value
	}
}

// putTime writes a time in UTC to the second.
func putTime(o object, name string, t time.Time) {
	if !t.IsZero() {
		o[name] = wireTime(t)
	}
}

func wireTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }
