package halo

import (
	"bytes"
	"encoding/json"
	"html"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	maxMessage      = 300 // runes
	maxMessageDepth = 4   // of objects within objects
)

// messageKeys are where Halo and the servers before it put their words, the
// best first. Exception objects have Message, the token endpoint has
// error_description, ASP.NET has errors and title [B].
func messageKeys() []string {
	return []string{"message", "errormessage", "error_description", "error", "errors", "title"}
}

// message finds Halo's own words in an error body of any shape: a JSON string,
// an object, a map of fields to complaints, HTML or plain text, whole or cut
// off. The result is one line, uncut, or empty where there are no words.
func message(body []byte) string {
	body = bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\xEF\xBB\xBF")))
	if isBinary(body) {
		return ""
	}
	if json.Valid(body) {
		return oneLine(jsonMessage(body, 0))
	}
	if len(body) > 0 && strings.IndexByte(`{["`, body[0]) >= 0 {
		return oneLine(brokenMessage(body))
	}
	return oneLine(plainText(string(body)))
}

// isBinary tells that a body is no text. A character cut at the end is fine.
func isBinary(body []byte) bool {
	if bytes.IndexByte(body, 0) >= 0 {
		return true
	}
	for i := 0; i < utf8.UTFMax && len(body) > 0 && !utf8.Valid(body); i++ {
		body = body[:len(body)-1]
	}
	return !utf8.Valid(body)
}

// jsonMessage reads words out of any JSON value. Numbers and booleans have none.
func jsonMessage(raw []byte, depth int) string {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 || depth > maxMessageDepth {
		return ""
	}
	switch raw[0] {
	case '"':
		var s string
		if json.Unmarshal(raw, &s) != nil {
			return ""
		}
		if inner := strings.TrimSpace(s); strings.HasPrefix(inner, "{") && json.Valid([]byte(inner)) {
			return jsonMessage([]byte(inner), depth+1) // JSON in a string in JSON
		}
		return plainText(s)
	case '[':
		var items []json.RawMessage
		if json.Unmarshal(raw, &items) != nil {
			return ""
		}
		for _, item := range items {
			if text := jsonMessage(item, depth+1); text != "" {
				return text
			}
		}
	case '{':
		return objectMessage(raw, depth)
	}
	return ""
}

// objectMessage tries the known keys, then the members in their order: those
// of a map from fields to complaints, where the field belongs to the words.
func objectMessage(raw []byte, depth int) string {
	members := membersOf(raw)
	for _, key := range messageKeys() {
		for _, m := range members {
			if !strings.EqualFold(m.name, key) {
				continue
			}
			text := jsonMessage(m.value, depth+1)
			if code := stringMember(members, "error"); key == "error_description" && text != "" && code != "" {
				return code + ": " + text
			}
			if text != "" {
				return text
			}
		}
	}
	for _, m := range members {
		if text := jsonMessage(m.value, depth+1); text != "" {
			return m.name + ": " + text
		}
	}
	return ""
}

type member struct {
	name  string
	value json.RawMessage
}

// membersOf lists the members of a JSON object in the order of the text.
func membersOf(raw []byte) []member {
	dec := json.NewDecoder(bytes.NewReader(raw))
	if _, err := dec.Token(); err != nil {
		return nil
	}
	var members []member
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return members
		}
		var value json.RawMessage
		if dec.Decode(&value) != nil {
			return members
		}
		key, _ := name.(string)
		members = append(members, member{key, value})
	}
	return members
}

func stringMember(members []member, name string) string {
	for _, m := range members {
		var s string
		if strings.EqualFold(m.name, name) && json.Unmarshal(m.value, &s) == nil {
			return s
		}
	}
	return ""
}

// brokenMessage finds words in JSON that is cut off or otherwise not whole.
func brokenMessage(body []byte) string {
	if body[0] == '"' {
		return plainText(unquote(string(body[1:])))
	}
	for _, key := range messageKeys() {
		pattern := regexp.MustCompile(`(?is)"` + key + `"\s*:\s*\[?\s*"((?:[^"\\]|\\.)*)`)
		if found := pattern.FindSubmatch(body); found != nil {
			return plainText(unquote(string(found[1])))
		}
	}
	return ""
}

// unquote undoes JSON's escapes as far as they go.
func unquote(s string) string {
	for range 7 { // at most a cut \uXXXX hangs at the end
		var out string
		if json.Unmarshal([]byte(`"`+s+`"`), &out) == nil {
			return out
		}
		if s == "" {
			break
		}
		s = s[:len(s)-1]
	}
	return s
}

// plainText takes the mark-up out of HTML and leaves other text alone.
func plainText(s string) string {
	if !looksLikeHTML(s) {
		return s
	}
	for _, element := range []string{"script", "style", "title"} {
		s = dropElement(s, element)
	}
	var b strings.Builder
	for {
		before, rest, found := cutTag(s)
		b.WriteString(before)
		if !found {
			break
		}
		b.WriteByte(' ')
		s = rest
	}
	return html.UnescapeString(b.String())
}

func looksLikeHTML(s string) bool {
	_, _, found := cutTag(s)
	return found
}

// cutTag splits around the first tag or comment. A tag without an end takes
// the rest of the text with it.
func cutTag(s string) (before, after string, found bool) {
	for i := 0; i+1 < len(s); i++ {
		next := s[i+1]
		letter := next|0x20 >= 'a' && next|0x20 <= 'z'
		if s[i] != '<' || !letter && next != '/' && next != '!' {
			continue
		}
		end := ">"
		if strings.HasPrefix(s[i:], "<!--") {
			end = "-->"
		}
		_, after, _ = strings.Cut(s[i:], end)
		return s[:i], after, true
	}
	return s, "", false
}

// dropElement removes an element with its content; the title of an error page
// only says again what its heading says.
func dropElement(s, name string) string {
	lower := strings.ToLower(s)
	if len(lower) != len(s) {
		return s // folding changed the length: positions would not fit
	}
	var b strings.Builder
	for {
		start := strings.Index(lower, "<"+name)
		if start < 0 {
			break
		}
		b.WriteString(s[:start])
		closing := strings.Index(lower[start:], "</"+name)
		if closing < 0 {
			return b.String()
		}
		s, lower = s[start+closing:], lower[start+closing:]
	}
	b.WriteString(s)
	return b.String()
}

// oneLine folds all white space to single spaces and drops what cannot be
// seen, such as marks that turn the direction of the text around.
func oneLine(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.In(r, unicode.Cc, unicode.Cf):
			return -1
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}

// cutRunes shortens a text to n runes, the last of them an ellipsis.
func cutRunes(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return strings.TrimSpace(string([]rune(s)[:n-1])) + "…"
}
