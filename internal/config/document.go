package config

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

const (
	maxBytes = 4 << 20 // of a configuration file; one of 10,000 customers has 1.5 MB
	maxDepth = 32      // of nesting; the parser's work grows with the square of it
)

// reader collects the problems of one file while it is read.
type reader struct {
	file     string
	lookup   Lookup
	problems Problems
	hidden   map[string]string // what was put in for references, and the values as they stand in the file
}

// asWritten returns a value as messages may show it: with its references.
func (r *reader) asWritten(text string) string {
	if raw, ok := r.hidden[text]; ok {
		return raw
	}
	return text
}

func (r *reader) problem(line, column int, path, format string, args ...any) {
	r.problems = append(r.problems, Problem{
		File: r.file, Line: max(line, 1), Column: max(column, 1), Path: path, Text: fmt.Sprintf(format, args...),
	})
}

// document parses the file to its one top node; ok is false, and the problem
// noted, if it is not YAML.
func (r *reader) document(data []byte) (top ast.Node, ok bool) {
	src, ok := r.source(data)
	if !ok {
		return nil, false
	}
	tokens := lexer.Tokenize(src)
	if deep := tooDeep(tokens); deep != nil {
		r.problem(deep.Position.Line, deep.Position.Column, "", "is nested more than %d deep", maxDepth)
		return nil, false
	}
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		r.syntax(err)
		return nil, false
	}
	for _, doc := range file.Docs {
		if doc.Body == nil {
			continue
		}
		if top != nil {
			at := startOf(doc.Body).Position
			r.problem(at.Line, at.Column, "", "a second YAML document begins here; keep one in a file")
			return nil, false
		}
		top = doc.Body
	}
	return top, true
}

// source checks the bytes of the file and returns them as the parser's text.
func (r *reader) source(data []byte) (string, bool) {
	data = bytes.TrimPrefix(data, []byte("\uFEFF"))
	if len(data) > maxBytes {
		r.problem(1, 1, "", "is larger than %d MiB", maxBytes>>20)
		return "", false
	}
	for i, line := range bytes.Split(data, []byte("\n")) {
		if !utf8.Valid(line) {
			r.problem(i+1, 1, "", "is not UTF-8; save the file in that encoding")
			return "", false
		}
		if at := bytes.IndexFunc(line, isForbidden); at >= 0 {
			r.problem(i+1, utf8.RuneCount(line[:at])+1, "", "holds a character that is not text; delete it")
			return "", false
		}
	}
	return maskReferences(string(data)), true
}

// isForbidden tells the characters that no configuration needs and that the
// parser or maskReferences would misread.
func isForbidden(c rune) bool {
	return c < ' ' && c != '\t' && c != '\r' && c != '\n' || c == 0x7F || isNonchar(c)
}

func isNonchar(c rune) bool { return c >= firstNonchar && c <= lastNonchar }

// tooDeep returns the token at which the nesting passes maxDepth. Indentation
// needs no watching: it takes bytes by the square of the depth.
func tooDeep(tokens token.Tokens) *token.Token {
	depth, run, line := 0, 0, 0
	for _, t := range tokens {
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			depth++
		case token.SequenceEndType, token.MappingEndType:
			depth--
		case token.SequenceEntryType, token.MappingKeyType, token.AnchorType, token.TagType:
			if t.Position.Line != line {
				run, line = 0, t.Position.Line
			}
			run++
		}
		if depth > maxDepth || run > maxDepth {
			return t
		}
	}
	return nil
}

// syntax notes an error of the parser. What the parser quotes from the file
// is left out: it may be part of a secret.
func (r *reader) syntax(err error) {
	text, line, column := "unreadable", 1, 1
	var syntax yaml.Error
	if errors.As(err, &syntax) {
		text = syntax.GetMessage()
		if t := syntax.GetToken(); t != nil && t.Position != nil {
			line, column = t.Position.Line, t.Position.Column
		}
	}
	quoted := regexp.MustCompile(`:? *(".*"|character '.*'$)`)
	r.problem(line, column, "", "is not YAML: %s", quoted.ReplaceAllString(text, ""))
}

// startOf returns the token at which a node begins for the reader of the
// file, which for a mapping or a list without brackets is its first entry.
func startOf(n ast.Node) *token.Token {
	switch n := n.(type) {
	case *ast.MappingNode:
		if !n.IsFlowStyle && len(n.Values) > 0 {
			return n.Values[0].Key.GetToken()
		}
	case *ast.MappingValueNode:
		return n.Key.GetToken()
	}
	return n.GetToken()
}

// scalar returns the text of a single value as it stands in the file, so that
// a number or a "true" can serve as a text too.
func scalar(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return unmask(n.Value), true
	case *ast.LiteralNode:
		return unmask(n.Value.Value), true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return strings.TrimSpace(n.GetToken().Value), true
	}
	return "", false
}

// kindOf names the form of a node for people.
func kindOf(n ast.Node) string {
	switch n.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		return "a mapping"
	case *ast.SequenceNode:
		return "a list"
	case *ast.NullNode:
		return "empty"
	case *ast.AnchorNode, *ast.AliasNode:
		return "an anchor or alias; write the value itself in each place"
	case *ast.TagNode:
		return "a tag; write the value without it"
	}
	return "a single value"
}
