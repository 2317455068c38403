package config

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"

	"github.com/halert/halert/internal/alert"
	"github.com/halert/halert/internal/nearest"
)

// node is a place in the file.
type node struct {
	r    *reader
	ast  ast.Node
	at   *token.Token // where its problems are shown
	path string
}

func (n node) problem(format string, args ...any) {
	n.r.problem(n.at.Position.Line, n.at.Position.Column, n.path, format, args...)
}

// entry is one key of a mapping with its value.
type entry struct{ key, value ast.Node }

func entries(n ast.Node) ([]entry, bool) {
	var values []*ast.MappingValueNode
	switch n := n.(type) {
	case *ast.MappingNode:
		values = n.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{n}
	default:
		return nil, false
	}
	out := make([]entry, len(values))
	for i, v := range values {
		out[i] = entry{v.Key, v.Value}
	}
	return out, true
}

// section is a mapping whose keys are known. Keys without a value are as if
// they were not there.
type section struct {
	node
	byKey  map[string]node
	broken bool // not a mapping, which has been said
}

// section reads a mapping and reports keys that are unknown or doubled.
func (n node) section(known ...string) section {
	s := section{node: n, byKey: make(map[string]node)}
	list, ok := entries(n.ast)
	if !ok {
		n.problem("must be a mapping of keys, but is %s", kindOf(n.ast))
		s.broken = true
		return s
	}
	lines := make(map[string]int)
	for _, e := range list {
		at := e.key.GetToken()
		key := unmask(at.Value)
		child := node{r: n.r, ast: e.value, at: at, path: join(n.path, key)}
		switch {
		case !contains(known, key):
			child.path = n.path
			child.problem("key %s is unknown; %s", quote(key), nearest.Hint(key, known))
			continue
		case lines[key] > 0:
			child.problem("stands twice; the first is in line %d", lines[key])
			continue
		}
		lines[key] = at.Position.Line
		if _, single := scalar(e.value); single {
			child.at = startOf(e.value)
		}
		if e.value.Type() != ast.NullType {
			s.byKey[key] = child
		}
	}
	return s
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func contains(list []string, s string) bool {
	for _, v := range list {
		if v == s {
			return true
		}
	}
	return false
}

// items reads a list.
func (n node) items() []node {
	list, ok := n.ast.(*ast.SequenceNode)
	if !ok {
		n.problem("must be a list, but is %s", kindOf(n.ast))
		return nil
	}
	out := make([]node, len(list.Values))
	for i, v := range list.Values {
		out[i] = node{r: n.r, ast: v, at: startOf(v), path: fmt.Sprintf("%s[%d]", n.path, i)}
	}
	return out
}

// text reads a single value, with what its references stand for put in and
// white space around it gone. After a problem ok is false.
func (n node) text() (text string, ok bool) {
	raw, single := scalar(n.ast)
	if !single {
		n.problem("must be a single value, but is %s", kindOf(n.ast))
		return "", false
	}
	text, err := n.r.lookup.expand(raw)
	if err != nil {
		n.problem("%v", err)
		return "", false
	}
	text = strings.TrimSpace(text)
	if !utf8.ValidString(text) || strings.ContainsFunc(text, func(c rune) bool { return unicode.IsControl(c) || isNonchar(c) }) {
		n.problem("holds a line break or another character that is not text; give it as one line")
		return "", false
	}
	if text != strings.TrimSpace(raw) {
		n.r.hidden[text] = raw
	}
	return text, true
}

// invalid reports an error about a text that was read here, which may quote
// it. What references stand for is not shown.
func (n node) invalid(text string, err error) {
	if _, replaced := n.r.hidden[text]; replaced {
		n.problem("is %s, and what that stands for cannot be used here; write the value itself to see why", n.shown())
		return
	}
	n.problem("%s", alert.OneLine(err.Error()))
}

// shown is the value as messages may show it: as it stands in the file, so
// that what a reference stands for remains unseen.
func (n node) shown() string {
	raw, _ := scalar(n.ast)
	return quote(raw)
}

func quote(s string) string { return strconv.Quote(alert.Cut(alert.OneLine(s), 60)) }

// text reads an optional text; it is empty if the key is not there.
func (s section) text(key string) string {
	n, ok := s.byKey[key]
	if !ok {
		return ""
	}
	text, _ := n.text()
	return text
}

// required reads a text that must be there; the hint says what to write.
func (s section) required(key, hint string) (string, node, bool) {
	n, ok := s.byKey[key]
	if !ok {
		n = s.node
		n.path = join(s.path, key)
		if !s.broken {
			n.problem("is missing; %s", hint)
		}
		return "", n, false
	}
	text, ok := n.text()
	if ok && text == "" {
		n.problem("is empty; %s", hint)
		return "", n, false
	}
	return text, n, ok
}

// number reads an optional whole number; nil if it is not there or not one.
func (s section) number(key string, lowest int) *int {
	n, ok := s.byKey[key]
	if !ok {
		return nil
	}
	text, ok := n.text()
	if !ok || text == "" {
		return nil
	}
	v, err := strconv.ParseInt(text, 10, 32)
	switch {
	case err != nil:
		n.problem("must be a whole number, but is %s", n.shown())
		return nil
	case int(v) < lowest:
		n.problem("must be %d or more, but is %s", lowest, n.shown())
		return nil
	}
	number := int(v)
	return &number
}

// numberOr is number with a default.
func (s section) numberOr(key string, lowest, fallback int) int {
	if v := s.number(key, lowest); v != nil {
		return *v
	}
	return fallback
}

// flag reads an optional true or false.
func (s section) flag(key string, fallback bool) bool {
	n, ok := s.byKey[key]
	if !ok {
		return fallback
	}
	text, ok := n.text()
	switch {
	case !ok || text == "":
		return fallback
	case strings.EqualFold(text, "true"):
		return true
	case strings.EqualFold(text, "false"):
		return false
	}
	n.problem("must be true or false, but is %s", n.shown())
	return fallback
}

// address checks a URL and takes off the slash at its end. The URL itself is
// in no message: it may carry a password.
func (n node) address(text string) string {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Hostname() == "" || u.Scheme != "https" && u.Scheme != "http":
		n.problem("must be a whole address that begins with https:// (or http://)")
	case u.User != nil:
		n.problem("must not hold a user name or password; halert signs in with client_id and client_secret")
	case strings.ContainsAny(text, "?#"):
		n.problem("must end before the ? or #")
	}
	return strings.TrimRight(text, "/")
}
