package synth

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// obj is a JSON object whose members keep their order.
type obj []member

type member struct {
	name  string
	value any
}

// get is the text of a member, empty where it is none.
func (o obj) get(name string) string {
	for _, m := range o {
		if m.name == name {
			s, _ := m.value.(string)
			return s
		}
	}
	return ""
}

// text is the JSON of what this package puts together.
func text(v any) string { return string(appendJSON(nil, v)) }

// appendJSON writes objects in their order, and what is in them.
func appendJSON(b []byte, v any) []byte {
	switch v := v.(type) {
	case obj:
		b = append(b, '{')
		for i, m := range v {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(appendJSON(b, m.name), ':')
			b = appendJSON(b, m.value)
		}
		return append(b, '}')
	case []obj:
		b = append(b, '[')
		for i, o := range v {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendJSON(b, o)
		}
		return append(b, ']')
	case int:
		return strconv.AppendInt(b, int64(v), 10)
	}
	scalar, err := encode(v)
	if err != nil { // only values that cannot fail are put into objects
		panic(fmt.Sprintf("synth: write %T as JSON: %v", v, err))
	}
	return append(b, scalar...)
}

// encode writes one value as JSON, without escapes for HTML.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimRight(b.Bytes(), "\n"), nil
}

// stamp is a time as CIPP writes it: UTC with seven decimals. [A]
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.0000000Z") }
