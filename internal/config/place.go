package config

import (
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// At makes a problem of what was found out later about a place of a file that
// [Parse] has read, such as a name that Halo does not know. The path is one as
// problems have it, "routes[1].ticket.team". Where the file does not go as
// deep, the nearest place above is named.
func At(file string, data []byte, path, text string) Problem {
	r := &reader{file: file}
	p := Problem{File: file, Line: 1, Column: 1, Path: path, Text: text}
	top, ok := r.document(data)
	if !ok || top == nil {
		return p
	}
	if at := locate(top, strings.FieldsFunc(path, func(c rune) bool { return c == '.' || c == '[' || c == ']' })); at != nil {
		p.Line, p.Column = at.Position.Line, at.Position.Column
	}
	return p
}

// locate follows the steps of a path, and returns where the last one that is
// there begins: its key, or the entry of a list.
func locate(n ast.Node, steps []string) *token.Token {
	var at *token.Token
	for _, step := range steps {
		if list, ok := n.(*ast.SequenceNode); ok {
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || i >= len(list.Values) {
				return at
			}
			n = list.Values[i]
			at = startOf(n)
			continue
		}
		keys, _ := entries(n)
		found := false
		for _, e := range keys {
			if key := e.key.GetToken(); unmask(key.Value) == step {
				n, at, found = e.value, key, true
				break
			}
		}
		if !found {
			return at
		}
	}
	return at
}
