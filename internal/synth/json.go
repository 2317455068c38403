package synth

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"
)

// obj is a JSON object whose members keep their order.
type obj []member

type member struct {
	name  string
	value any
}

// MarshalJSON writes the members in their order.
func (o obj) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		for _, v := range []any{m.name, m.value} {
			text, err := encode(v)
			if err != nil {
				return nil, fmt.Errorf("member %s: %w", m.name, err)
			}
			b.Write(text)
			b.WriteByte(':')
		}
		b.Truncate(b.Len() - 1)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
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

func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimRight(b.Bytes(), "\n"), nil
}

// text is the JSON of what this package puts together: strings, numbers,
// objects and lists, which cannot fail.
func text(v any) string {
	b, err := encode(v)
	if err != nil {
		panic("synth: " + err.Error())
	}
	return string(b)
}

// stamp is a time as CIPP writes it: UTC with seven decimals. [A]
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.0000000Z") }
