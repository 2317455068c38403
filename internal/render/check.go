package render

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"text/template/parse"

	"github.com/halert/halert/internal/nearest"
)

// Bounds of a template, all told before it is ever run.
const (
	maxRanges = 3         // loops within loops
	maxSteps  = 2_000_000 // parts of the template that are run, with all lists as long as they may be
)

// parseText reads a template and proves that it cannot run away: no templates
// within templates, loops only over the bounded lists of the data. It also
// finds fields that do not exist, so that they are told when the template is
// applied and not when an alert comes.
func parseText(name, text string, root any) (*parse.Tree, error) {
	if len(text) > maxTemplate {
		return nil, &TemplateError{Text: name, Reason: fmt.Sprintf("it is larger than %d bytes", maxTemplate)}
	}
	functions := newRun().functions()
	trees, err := parse.Parse(name, text, "", "", functions, builtins())
	if err != nil {
		return nil, parseError(name, err, slices.Concat(slices.Sorted(maps.Keys(functions)), slices.Sorted(maps.Keys(builtins()))))
	}
	if len(trees) > 1 {
		return nil, &TemplateError{Text: name, Reason: "it defines a template within the template; write the text in its place"}
	}
	tree := trees[name]
	if tree == nil {
		return nil, &TemplateError{Text: name, Reason: "it has no text"}
	}
	t := reflect.TypeOf(root)
	c := &checker{name: name, tree: tree, root: t, factor: 1, vars: map[string]reflect.Type{"$": t}}
	if err := c.list(tree.Root, t); err != nil {
		return nil, err
	}
	return tree, nil
}

var unknownFunction = regexp.MustCompile(`function "(\w+)" not defined`)

func parseError(name string, err error, known []string) error {
	e := templateError(name, err)
	if m := unknownFunction.FindStringSubmatch(err.Error()); m != nil {
		if own, ok := errors.AsType[*TemplateError](e); ok {
			own.Reason = "there is no function " + m[1] + "; " + nearest.Hint(m[1], known)
		}
	}
	return e
}

// checker walks a template with what is known of the types of its values. A
// nil type is not known.
type checker struct {
	name   string
	tree   *parse.Tree
	root   reflect.Type
	vars   map[string]reflect.Type
	ranges int
	factor int // how often the place is run
	steps  int
}

func (c *checker) fail(n parse.Node, format string, args ...any) error {
	at, _ := c.tree.ErrorContext(n)
	err := templateError(c.name, fmt.Errorf("template: %s: "+format, append([]any{at}, args...)...))
	return err
}

// step counts a part of the template.
func (c *checker) step(n parse.Node) error {
	if c.steps += c.factor; c.steps > maxSteps {
		return c.fail(n, "its loops may run %d steps and more; take one out", maxSteps)
	}
	return nil
}

func (c *checker) list(l *parse.ListNode, dot reflect.Type) error {
	if l == nil {
		return nil
	}
	for _, n := range l.Nodes {
		if err := c.node(n, dot); err != nil {
			return err
		}
	}
	return nil
}

func (c *checker) node(n parse.Node, dot reflect.Type) error {
	if err := c.step(n); err != nil {
		return err
	}
	switch n := n.(type) {
	case *parse.ActionNode:
		_, err := c.pipe(n.Pipe, dot)
		return err
	case *parse.IfNode:
		return c.branch(&n.BranchNode, dot, func(reflect.Type) (reflect.Type, error) { return dot, nil })
	case *parse.WithNode:
		return c.branch(&n.BranchNode, dot, func(t reflect.Type) (reflect.Type, error) { return t, nil })
	case *parse.RangeNode:
		return c.loop(n, dot)
	case *parse.TemplateNode:
		return c.fail(n, "it calls a template within the template; write the text in its place")
	}
	return nil
}

// branch checks both ways of an if or with. Variables end with their branch.
func (c *checker) branch(n *parse.BranchNode, dot reflect.Type, inner func(reflect.Type) (reflect.Type, error)) error {
	vars := maps.Clone(c.vars)
	defer func() { c.vars = vars }()
	t, err := c.pipe(n.Pipe, dot)
	if err != nil {
		return err
	}
	in, err := inner(t)
	if err != nil {
		return err
	}
	if err := c.list(n.List, in); err != nil {
		return err
	}
	return c.list(n.ElseList, dot)
}

// longest is how many elements a list of the data has at most.
func longest(t reflect.Type) int {
	switch t {
	case reflect.TypeFor[[]Finding](), reflect.TypeFor[[]string]():
		return MaxRows
	case reflect.TypeFor[[]Link]():
		return maxLinks
	case reflect.TypeFor[[]SectionData]():
		return maxSections
	}
	return maxFields
}

func (c *checker) loop(n *parse.RangeNode, dot reflect.Type) error {
	vars, ranges, factor := maps.Clone(c.vars), c.ranges, c.factor
	defer func() { c.vars, c.ranges, c.factor = vars, ranges, factor }()
	if c.ranges++; c.ranges > maxRanges {
		return c.fail(n, "its loops stand more than %d deep in each other", maxRanges)
	}
	declared := n.Pipe.Decl
	n.Pipe.Decl = nil // they are not the list's, but its elements'
	t, err := c.pipe(n.Pipe, dot)
	n.Pipe.Decl = declared
	if err != nil {
		return err
	}
	if !isList(t) {
		return c.fail(n, "range goes over a list of the data, such as .Findings, or .List and .Links of a finding")
	}
	if len(declared) > 0 {
		c.vars[declared[len(declared)-1].Ident[0]] = t.Elem()
	}
	if len(declared) == 2 {
		c.vars[declared[0].Ident[0]] = keyOf(t)
	}
	if err := c.list(n.ElseList, dot); err != nil {
		return err
	}
	c.factor *= longest(t)
	return c.list(n.List, t.Elem())
}

func isList(t reflect.Type) bool {
	return t != nil && (t.Kind() == reflect.Slice || t.Kind() == reflect.Map)
}

func keyOf(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Map {
		return t.Key()
	}
	return reflect.TypeFor[int]()
}

// pipe returns the type of a pipeline.
func (c *checker) pipe(p *parse.PipeNode, dot reflect.Type) (t reflect.Type, err error) {
	for i, cmd := range p.Cmds {
		if err := c.step(cmd); err != nil {
			return nil, err
		}
		if t, err = c.command(cmd, dot); err != nil {
			return nil, err
		}
		if i > 0 {
			t = nil
		}
	}
	for _, v := range p.Decl {
		name := v.Ident[0]
		// A list that became a number, which can be any, would be a loop
		// without bounds the next time round.
		if was := c.vars[name]; p.IsAssign && was != t && isList(was) {
			return nil, c.fail(p, "%s is a list and becomes something else; take another name", name)
		}
		c.vars[name] = t
	}
	return t, nil
}

func (c *checker) command(cmd *parse.CommandNode, dot reflect.Type) (reflect.Type, error) {
	var first, second reflect.Type
	for i, arg := range cmd.Args {
		if err := c.step(arg); err != nil {
			return nil, err
		}
		t, err := c.value(arg, dot)
		if err != nil {
			return nil, err
		}
		switch i {
		case 0:
			first = t
		case 1:
			second = t
		}
	}
	called, ok := cmd.Args[0].(*parse.IdentifierNode)
	switch {
	case !ok:
		return first, nil
	case called.Ident == "index" && len(cmd.Args) == 3 && isList(second):
		return second.Elem(), nil
	case called.Ident == "slice":
		return second, nil
	}
	return nil, nil
}

func (c *checker) value(n parse.Node, dot reflect.Type) (reflect.Type, error) {
	switch n := n.(type) {
	case *parse.DotNode:
		return dot, nil
	case *parse.FieldNode:
		return c.fields(n, dot, n.Ident)
	case *parse.VariableNode:
		return c.fields(n, c.vars[n.Ident[0]], n.Ident[1:])
	case *parse.ChainNode:
		t, err := c.value(n.Node, dot)
		if err != nil {
			return nil, err
		}
		return c.fields(n, t, n.Field)
	case *parse.PipeNode:
		return c.pipe(n, dot)
	}
	return nil, nil
}

// fields follows names from a type.
func (c *checker) fields(n parse.Node, t reflect.Type, names []string) (reflect.Type, error) {
	for _, name := range names {
		switch {
		case t == nil:
			return nil, nil
		case t.Kind() == reflect.Map:
			t = t.Elem()
		case t.Kind() == reflect.Struct:
			f, ok := t.FieldByName(name)
			if !ok {
				return nil, c.fail(n, "there is no field .%s here; %s", name, nearest.Hint("."+name, dotted(t)))
			}
			t = f.Type
		default:
			return nil, c.fail(n, "a %s has no field .%s", kindWord(t), name)
		}
	}
	return t, nil
}

func dotted(t reflect.Type) []string {
	var out []string
	for _, f := range reflect.VisibleFields(t) {
		if !f.Anonymous {
			out = append(out, "."+f.Name)
		}
	}
	return out
}

func kindWord(t reflect.Type) string {
	return map[reflect.Kind]string{reflect.String: "text", reflect.Int: "number", reflect.Bool: "truth", reflect.Slice: "list"}[t.Kind()]
}
