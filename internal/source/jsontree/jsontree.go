// Package jsontree reads foreign JSON into a tree that keeps what senders mean
// and encoding/json's maps lose: the order of the keys, keys in whatever case
// the sender writes them, and numbers digit by digit.
package jsontree

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// MaxValues is how many values one document may hold. It bounds the memory
// that a hostile body can claim (about 64 bytes for each value).
const MaxValues = 1 << 20

// Kind is the JSON type of a value.
type Kind uint8

// The JSON types. Null is also the kind of a value that is not there.
const (
	Null Kind = iota
	Bool
	Number
	String
	Array
	Object
)

// Value is one JSON value. The zero value is null.
type Value struct {
	Kind Kind
	Text string   // the string, or the literal of a number or boolean
	List []Member // members of an object, elements of an array
}

// Member is a member of an object, or an element of an array (Name is empty).
type Member struct {
	Name  string
	Value Value
}

// StringValue makes a string.
func StringValue(s string) Value { return Value{Kind: String, Text: s} }

// ObjectValue makes an object of these members.
func ObjectValue(m ...Member) Value { return Value{Kind: Object, List: m} }

// ArrayValue makes an array of these elements.
func ArrayValue(v ...Value) Value {
	list := make([]Member, len(v))
	for i := range v {
		list[i].Value = v[i]
	}
	return Value{Kind: Array, List: list}
}

var (
	errUTF16 = errors.New("the body is UTF-16; send it as UTF-8")
	errEmpty = errors.New("the body is empty; send a JSON document")
)

// Decode reads one JSON document. A UTF-8 byte order mark is accepted; UTF-16
// is refused. Errors are for the sender and quote nothing of the body.
func Decode(body []byte) (Value, error) {
	body, err := Trim(body)
	if err != nil {
		return Value{}, err
	}
	if !json.Valid(body) {
		return Value{}, explain(body)
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	r := reader{dec: d}
	return r.value()
}

// Trim removes a UTF-8 byte order mark and the white space around a body.
func Trim(body []byte) ([]byte, error) {
	if bytes.HasPrefix(body, []byte{0xFF, 0xFE}) || bytes.HasPrefix(body, []byte{0xFE, 0xFF}) {
		return nil, errUTF16
	}
	body = bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\uFEFF")))
	if len(body) == 0 {
		return nil, errEmpty
	}
	if len(body) >= 2 && (body[0] == 0) != (body[1] == 0) {
		return nil, errUTF16
	}
	return body, nil
}

// explain names the place where a body stops to be JSON, and not what stands
// there: errors are logged, bodies are not.
func explain(body []byte) error {
	var discard json.RawMessage
	err := json.Unmarshal(body, &discard)
	var syntax *json.SyntaxError
	switch {
	case err == nil:
		return errors.New("the body is not JSON; send one JSON document")
	case strings.Contains(err.Error(), "max depth"):
		return errors.New("the JSON is nested too deeply; 10000 levels are read")
	case errors.As(err, &syntax) && syntax.Offset >= int64(len(body)):
		return errors.New("the JSON ends before it is complete; send the whole document")
	case errors.As(err, &syntax):
		return fmt.Errorf("the body is not JSON: it goes wrong at byte %d; send one JSON document", syntax.Offset)
	}
	return errors.New("the body is not JSON; send one JSON document")
}

type reader struct {
	dec    *json.Decoder
	values int
}

// value recurses at most 10,000 deep, because json.Valid has refused more.
func (r *reader) value() (Value, error) {
	if r.values++; r.values > MaxValues {
		return Value{}, fmt.Errorf("the JSON holds more than %d values; send it in parts", MaxValues)
	}
	tok, err := r.dec.Token()
	if err != nil {
		return Value{}, errors.New("the body is not JSON; send one JSON document")
	}
	switch t := tok.(type) {
	case string:
		return StringValue(t), nil
	case json.Number:
		return Value{Kind: Number, Text: t.String()}, nil
	case bool:
		return Value{Kind: Bool, Text: fmt.Sprint(t)}, nil
	case json.Delim:
		return r.list(t)
	}
	return Value{}, nil
}

func (r *reader) list(open json.Delim) (Value, error) {
	v := Value{Kind: Array}
	if open == '{' {
		v.Kind = Object
	}
	for r.dec.More() {
		var m Member
		if v.Kind == Object {
			tok, err := r.dec.Token()
			name, ok := tok.(string)
			if err != nil || !ok {
				return Value{}, errors.New("the body is not JSON; send one JSON document")
			}
			m.Name = name
		}
		var err error
		if m.Value, err = r.value(); err != nil {
			return Value{}, err
		}
		v.List = append(v.List, m)
	}
	_, err := r.dec.Token()
	return v, err
}

// Get returns the first member of an object that is there and not null, trying
// the names in their order. Case does not matter, as in PowerShell; an exact
// match goes before others.
func (v Value) Get(names ...string) Value {
	if v.Kind != Object {
		return Value{}
	}
	for _, name := range names {
		var found Value
		for i := range v.List {
			m := &v.List[i]
			if m.Value.Kind == Null || !strings.EqualFold(m.Name, name) {
				continue
			}
			if m.Name == name {
				return m.Value
			}
			if found.Kind == Null {
				found = m.Value
			}
		}
		if found.Kind != Null {
			return found
		}
	}
	return Value{}
}

// Str returns the text of the first of these members that is a string, number
// or boolean and not blank.
func (v Value) Str(names ...string) string {
	for _, name := range names {
		if s := strings.TrimSpace(v.Get(name).Scalar()); s != "" {
			return s
		}
	}
	return ""
}

// Has tells that an object has this member, null included.
func (v Value) Has(name string) bool {
	if v.Kind != Object {
		return false
	}
	for i := range v.List {
		if strings.EqualFold(v.List[i].Name, name) {
			return true
		}
	}
	return false
}

// Path follows a dotted path; a number is the index of an array.
func (v Value) Path(path string) Value {
	for part := range strings.SplitSeq(path, ".") {
		if v.Kind == Array {
			v = v.element(part)
			continue
		}
		v = v.Get(part)
	}
	return v
}

func (v Value) element(index string) Value {
	n := 0
	for _, c := range index {
		if c < '0' || c > '9' || n > len(v.List) {
			return Value{}
		}
		n = n*10 + int(c-'0')
	}
	if index == "" || n >= len(v.List) {
		return Value{}
	}
	return v.List[n].Value
}

// Scalar returns the text of a string, number or boolean, else "".
func (v Value) Scalar() string {
	if v.Kind == Array || v.Kind == Object {
		return ""
	}
	return v.Text
}

// IsEmpty tells that there is nothing to show: null, a blank string, or a list
// without members.
func (v Value) IsEmpty() bool {
	switch v.Kind {
	case Null:
		return true
	case String:
		return strings.TrimSpace(v.Text) == ""
	case Array, Object:
		return len(v.List) == 0
	}
	return false
}

// Unwrap reads JSON that a sender put into a string, as often as it is
// wrapped. Any other value comes back as it is.
func (v Value) Unwrap() Value {
	for v.Kind == String {
		inner, ok := Embedded(v.Text)
		if !ok {
			return v
		}
		v = inner
	}
	return v
}

// Embedded reads a string as a JSON object or array.
func Embedded(s string) (Value, bool) {
	s = strings.TrimSpace(s)
	if len(s) < 2 || s[0] != '{' && s[0] != '[' {
		return Value{}, false
	}
	v, err := Decode([]byte(s))
	return v, err == nil
}
