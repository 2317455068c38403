package jsontree

import (
	"bytes"
	"encoding/json"
	"strings"
)

// maxFlat bounds how deep Flat describes a value in words, and maxText about
// how many bytes of it; people do not read more.
const (
	maxFlat = 6
	maxText = 16 << 10
)

// Encode writes the value as compact JSON. Decode reads it back unchanged.
func (v Value) Encode() []byte {
	var b bytes.Buffer
	v.write(&b)
	return b.Bytes()
}

func (v Value) write(b *bytes.Buffer) {
	switch v.Kind {
	case Null:
		b.WriteString("null")
	case Bool, Number:
		b.WriteString(v.Text)
	case String:
		quote(b, v.Text)
	case Array, Object:
		ends := "[]"
		if v.Kind == Object {
			ends = "{}"
		}
		b.WriteByte(ends[0])
		for i := range v.List {
			if i > 0 {
				b.WriteByte(',')
			}
			if v.Kind == Object {
				quote(b, v.List[i].Name)
				b.WriteByte(':')
			}
			v.List[i].Value.write(b)
		}
		b.WriteByte(ends[1])
	}
}

// quote leaves <, > and & as they are: escaping them makes HTML bodies six
// times as long.
func quote(b *bytes.Buffer, s string) {
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	if e.Encode(s) == nil { // a string always encodes
		b.Truncate(b.Len() - 1) // the line feed that Encode adds
	}
}

// Flat describes a value for people: scalars as they are, lists joined with
// ", ", objects as "name: value" pairs, name-value pairs of senders
// ({"Name": "ForwardTo", "Value": "x"}) as "ForwardTo: x". JSON in a string is
// read. Empty parts are left out.
func (v Value) Flat() string {
	var b strings.Builder
	v.flat(&b, 0)
	s := b.String()
	if len(s) > maxText {
		s = strings.ToValidUTF8(s[:maxText], "") // the cut may have split a rune
	}
	return s
}

func (v Value) flat(b *strings.Builder, depth int) {
	if b.Len() > maxText {
		return
	}
	if v = v.Unwrap(); v.Kind != Array && v.Kind != Object {
		b.WriteString(strings.TrimSpace(v.Text))
		return
	}
	if depth >= maxFlat {
		b.WriteString("…")
		return
	}
	if name, value, ok := v.pair(); ok {
		b.WriteString(name + ": ")
		value.flat(b, depth+1)
		return
	}
	first := true
	for i := range v.List {
		m := &v.List[i]
		if m.Value.IsEmpty() {
			continue
		}
		if b.Len() > maxText {
			return
		}
		if !first {
			b.WriteString(separator(v, m.Value))
		}
		first = false
		if v.Kind == Object {
			b.WriteString(m.Name + ": ")
		}
		m.Value.flat(b, depth+1)
	}
}

func separator(list, element Value) string {
	if list.Kind == Array && (element.Kind == Object || element.Kind == Array) {
		return "; "
	}
	return ", "
}

// pair recognises an object that is only a name and its value.
func (v Value) pair() (name string, value Value, ok bool) {
	if v.Kind != Object || len(v.List) != 2 {
		return "", Value{}, false
	}
	name, value = v.Str("Name", "Key"), v.Get("Value")
	return name, value, name != "" && !value.IsEmpty()
}
