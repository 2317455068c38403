package jsontree_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/halert/halert/internal/source/jsontree"
)

func decode(t *testing.T, s string) jsontree.Value {
	t.Helper()
	v, err := jsontree.Decode([]byte(s))
	if err != nil {
		t.Fatalf("Decode(%.100q): %v", s, err)
	}
	return v
}

func TestDecodeKeepsOrderAndDigits(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"\uFEFF {\"b\": 1, \"a\": 10000000000000000001.50}\n": `{"b":1,"a":10000000000000000001.50}`,
		`[null, true, "<&>", [], {}]`:                         `[null,true,"<&>",[],{}]`,
		`{"a":1,"a":2}`:                                       `{"a":1,"a":2}`,
		"\"\\u0000\xff\"":                                     "\"\\u0000\uFFFD\"",
	} {
		if got := string(decode(t, in).Encode()); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ body, says string }{
		"empty":         {" ", "empty"},
		"cut":           {`{"key":"secret`, "ends before"},
		"wrong":         {`{"key" secret}`, "byte 8"},
		"UTF-16":        {"\xfe\xff\x00{\x00}", "UTF-16"},
		"UTF-16 bare":   {"{\x00}\x00", "UTF-16"},
		"too deep":      {strings.Repeat("[", 10_001) + strings.Repeat("]", 10_001), "too deeply"},
		"too many":      {"[" + strings.Repeat("1,", jsontree.MaxValues) + "1]", "more than"},
		"two documents": {`{} {}`, "byte 4"},
	} {
		_, err := jsontree.Decode([]byte(tt.body))
		if err == nil || !strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: error %v, want one that says %q and quotes nothing", name, err, tt.says)
		}
	}
}

func TestGet(t *testing.T) {
	t.Parallel()
	v := decode(t, `{"NAME":"upper","Name":"exact","n":null,"num":7,"blank":" ","list":[{"x":"y"},"z"]}`)
	for _, tt := range []struct{ got, want string }{
		{v.Str("Name"), "exact"},
		{v.Str("name"), "upper"},
		{v.Str("n", "blank", "NUM"), "7"},
		{v.Path("LIST.0.X").Text, "y"},
		{v.Path("list.1").Text, "z"},
		{v.Path("list.2").Text + v.Path("list.-1").Text + v.Path("list.99999999999999999999").Text + v.Path("list.").Text, ""},
		{v.Get("list").Scalar(), ""},
	} {
		if tt.got != tt.want {
			t.Errorf("got %q, want %q", tt.got, tt.want)
		}
	}
	if !v.Has("N") || v.Get("n").Kind != jsontree.Null || jsontree.StringValue("x").Has("x") {
		t.Error("Has and Get disagree about null")
	}
}

func TestFlat(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`"  text "`:                                  "text",
		`["a",null,"b",[]]`:                          "a, b",
		`{"a":1,"b":{"c":true},"d":""}`:              "a: 1, b: c: true",
		`[{"Name":"ForwardTo","Value":"x"},{"a":1}]`: "ForwardTo: x; a: 1",
		`"{\"City\":\"Natal\",\"Proxy\":false}"`:     "City: Natal, Proxy: false",
		`[[[[[[[[1]]]]]]]]`:                          "…",
		`null`:                                       "",
	} {
		if got := decode(t, in).Flat(); got != want {
			t.Errorf("%s is %q, want %q", in, got, want)
		}
	}
	long := decode(t, `"`+strings.Repeat("é", 20_000)+`"`).Flat()
	if len(long) > 17_000 || strings.Trim(long, "é") != "" {
		t.Errorf("%d bytes of a long text, or a broken rune", len(long))
	}
}

func TestUnwrap(t *testing.T) {
	t.Parallel()
	inner := `{"a":[1]}`
	once, _ := json.Marshal(inner)
	twice, _ := json.Marshal(string(once))
	for _, in := range []string{inner, string(once)} {
		if diff := cmp.Diff(decode(t, inner), decode(t, in).Unwrap()); diff != "" {
			t.Errorf("%s: %s", in, diff)
		}
	}
	if v := decode(t, string(twice)).Unwrap(); v.Kind != jsontree.String {
		t.Error("a quoted string is JSON of a string, not of an object")
	}
}

func FuzzDecode(f *testing.F) {
	for _, s := range []string{`{"a":[1,"x",null,true]}`, "\uFEFF[]", `"\ud800"`, `{"a":"{\"b\":1}"}`, `[1e999,-0]`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		v, err := jsontree.Decode(body)
		if err != nil {
			return
		}
		text := v.Encode()
		if !json.Valid(text) {
			t.Fatalf("not JSON: %q", text)
		}
		again, err := jsontree.Decode(text)
		if err != nil || !bytes.Equal(again.Encode(), text) {
			t.Errorf("read again: %q, %v", again.Encode(), err)
		}
		v.Flat()
		v.Unwrap()
		v.Path("a.0.b")
	})
}
