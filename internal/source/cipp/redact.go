package cipp

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/halert/halert/internal/source/jsontree"
)

const removed = "[removed]"

// Redact takes out of a raw body what must not be kept: the parameters of
// tasks, passwords and other secrets, and the headers that name the caller. It
// is meant for bodies that cannot be decoded, and does for them what can be
// done by looking for names. The result is valid UTF-8 without NUL.
func Redact(raw []byte) []byte {
	if v, err := jsontree.Decode(raw); err == nil {
		return redactTree(v).Encode()
	}
	// UTF-16 text of the Latin script is UTF-8 once its zero bytes are gone.
	raw = bytes.TrimPrefix(bytes.TrimPrefix(raw, []byte{0xFF, 0xFE}), []byte{0xFE, 0xFF})
	raw = bytes.ReplaceAll(raw, []byte{0}, nil)
	text := rawPSParameters.ReplaceAllString(strings.ToValidUTF8(string(raw), "\uFFFD"), "${1}"+removed)
	text, secrets := redactMembers(text)
	r := redactor{seen: make(map[string]bool)}
	for _, s := range secrets {
		r.seen[s] = true
	}
	return []byte(redactText(r.replacer().Replace(text)))
}

// redactTree removes the secrets of a document: those that a name gives away,
// wherever they stand, and the same values where they are repeated in texts.
func redactTree(v jsontree.Value) jsontree.Value {
	r := redactor{seen: make(map[string]bool)}
	r.collect(v)
	r.repeats = r.replacer()
	return r.clean(v)
}

// longestFirst takes a secret that contains another one before that one.
func longestFirst(a, b string) int {
	if len(a) != len(b) {
		return len(b) - len(a)
	}
	return strings.Compare(a, b)
}

type redactor struct {
	seen    map[string]bool // secrets that may be repeated in texts
	repeats *strings.Replacer
}

// minRepeat is the length from which on a secret is looked for in texts;
// shorter ones are words of the language too often.
const minRepeat = 6

func (r *redactor) replacer() *strings.Replacer {
	var pairs []string
	for _, s := range slices.SortedFunc(maps.Keys(r.seen), longestFirst) {
		pairs = append(pairs, s, removed)
	}
	return strings.NewReplacer(pairs...)
}

func (r *redactor) collect(v jsontree.Value) {
	if v.Kind == jsontree.String {
		for _, part := range embedded(v.Text) {
			r.collect(part.value)
		}
		return
	}
	for i := range v.List {
		if secretAt(v, i) {
			r.remember(v.List[i])
			continue
		}
		r.collect(v.List[i].Value)
	}
}

func (r *redactor) remember(m jsontree.Member) {
	v := m.Value.Unwrap()
	if v.Kind == jsontree.Object {
		r.collect(v) // only what has a telling name itself: the rest may be a user name
		return
	}
	if v.Kind == jsontree.Array {
		for i := range v.List {
			r.remember(jsontree.Member{Name: m.Name, Value: v.List[i].Value})
		}
		return
	}
	s := strings.TrimSpace(v.Text)
	name := letters(m.Name)
	// The copy button's field holds a user name as often as a password.
	if len(s) < minRepeat || isPlainWord(s) || name == "copyfield" && isUPN(s) {
		return
	}
	r.seen[s] = true
}

func (r *redactor) clean(v jsontree.Value) jsontree.Value {
	if v.Kind == jsontree.String {
		v.Text = r.text(v.Text)
		return v
	}
	if v.Kind != jsontree.Object && v.Kind != jsontree.Array {
		return v
	}
	out := jsontree.Value{Kind: v.Kind, List: make([]jsontree.Member, 0, len(v.List))}
	for i := range v.List {
		m := v.List[i]
		switch {
		case v.Kind == jsontree.Object && isCallerHeader(m.Name):
			continue
		case v.Kind == jsontree.Object && letters(m.Name) == "parameters":
			trace, ok := userTrace(m.Value)
			if !ok {
				continue
			}
			m.Value = trace
		case secretAt(v, i):
			m.Value = jsontree.StringValue(removed)
		default:
			m.Value = r.clean(m.Value)
		}
		out.List = append(out.List, m)
	}
	return cleanKeyList(out)
}

// text cleans a string: the JSON inside it as JSON, the rest by its wording.
func (r *redactor) text(s string) string {
	s = cutPSParameters(s) // before JSON is taken out of it
	var b strings.Builder
	at := 0
	for _, part := range embedded(s) {
		b.WriteString(r.words(s[at:part.start]))
		b.Write(r.clean(part.value).Encode())
		at = part.end
	}
	b.WriteString(r.words(s[at:]))
	return b.String()
}

func (r *redactor) words(s string) string {
	s, _ = redactMembers(r.repeats.Replace(s))
	return redactText(s)
}

// embeddedJSON is an object or array that stands in a text.
type embeddedJSON struct {
	start, end int
	value      jsontree.Value
}

// maxTries bounds how many braces of a text are looked at as the possible
// begin of JSON.
const maxTries = 32

// embedded finds the JSON in a text, as a chat message has it after its
// greeting.
func embedded(s string) []embeddedJSON {
	var found []embeddedJSON
	at := 0
	for range maxTries {
		i := strings.IndexAny(s[at:], "{[")
		if i < 0 {
			break
		}
		at += i
		var raw json.RawMessage
		if json.NewDecoder(strings.NewReader(s[at:])).Decode(&raw) != nil {
			at++
			continue
		}
		v, err := jsontree.Decode(raw)
		if err != nil {
			at++
			continue
		}
		found = append(found, embeddedJSON{start: at, end: at + len(raw), value: v})
		at += len(raw)
	}
	return found
}

// userTrace is what may be kept of a task's parameters: the affected user.
func userTrace(params jsontree.Value) (jsontree.Value, bool) {
	u := taskUser(params)
	var trace []jsontree.Member
	if u.UPN != "" {
		trace = append(trace, jsontree.Member{Name: "UserPrincipalName", Value: jsontree.StringValue(u.UPN)})
	}
	if u.ObjectID != "" {
		trace = append(trace, jsontree.Member{Name: "Id", Value: jsontree.StringValue(u.ObjectID)})
	}
	return jsontree.ObjectValue(trace...), len(trace) > 0
}

// secretAt tells that the member i of v holds a secret: by its own name, or
// because it is the value of a name-value pair with such a name.
func secretAt(v jsontree.Value, i int) bool {
	m := &v.List[i]
	if v.Kind != jsontree.Object || m.Value.IsEmpty() || m.Value.Kind == jsontree.Bool || isPlainWord(m.Value.Scalar()) {
		return false
	}
	if isSecretName(m.Name) {
		return true
	}
	return strings.EqualFold(m.Name, "value") && isSecretName(v.Str("Name", "Key", "Property", "DisplayName"))
}

// cleanKeyList removes secrets of a hash table that was serialised as its .NET
// members Keys and Values. [C]
func cleanKeyList(v jsontree.Value) jsontree.Value {
	keys := v.Get("Keys")
	if keys.Kind != jsontree.Array {
		return v
	}
	for i := range v.List {
		values := &v.List[i].Value
		if !strings.EqualFold(v.List[i].Name, "values") || values.Kind != jsontree.Array {
			continue
		}
		for k := range min(len(keys.List), len(values.List)) {
			if isSecretName(keys.List[k].Value.Scalar()) {
				values.List[k].Value = jsontree.StringValue(removed)
			}
		}
	}
	return v
}

// isCallerHeader recognises the request headers that CIPP keeps with a task:
// who made it, and from which address. [A]
func isCallerHeader(name string) bool {
	name = strings.ToLower(strings.TrimSpace(name))
	switch name {
	case "headers", "client-ip", "cookie", "set-cookie", "authorization", "disguised-host", "true-client-ip":
		return true
	}
	return strings.HasPrefix(name, "x-")
}

// isSecretName recognises names of fields whose value is a secret. Names about
// a secret (SecretName, lastPasswordChangeDateTime) are not among them.
func isSecretName(name string) bool {
	if len(name) < 2 || len(name) > 80 {
		return false
	}
	n := letters(name)
	switch n {
	case "tap", "pass", "pin", "pw", "copyfield", "credential", "credentials":
		return true
	}
	for _, end := range []string{
		"password", "passwords", "passwordvalue", "passwordtext", "plaintext", "passwd", "pwd", "passphrase", "passcode",
		"secret", "secrets", "secrettext", "secretvalue", "accesspass", "apikey", "accesstoken", "refreshtoken",
		"bearertoken", "privatekey", "recoverykey",
	} {
		if strings.HasSuffix(n, end) {
			return true
		}
	}
	return false
}

func letters(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsLetter(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, s)
}
