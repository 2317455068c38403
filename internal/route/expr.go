package route

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/vm"

	"github.com/halert/halert/internal/alert"
	"github.com/halert/halert/internal/nearest"
)

// Expr is a condition in the expression language, for what matchers cannot
// say: labels["IPAddress"] startsWith "10.". The zero value never matches;
// [ParseExpr] makes them. It may be used by several goroutines at once.
type Expr struct {
	text    string
	program *vm.Program
}

// String returns the expression as it was written.
func (e *Expr) String() string { return e.text }

// Equal tells that two expressions are written alike. Both may be nil.
func (e *Expr) Equal(o *Expr) bool {
	return e == o || e != nil && o != nil && e.text == o.text
}

// environment holds what expressions can see. The names are those of matchers
// where both have them.
type environment struct {
	Source   string            `expr:"source"`
	Kind     string            `expr:"kind"`
	Severity string            `expr:"severity"`
	Customer string            `expr:"customer"` // its name
	ClientID int               `expr:"client_id"`
	Groups   []string          `expr:"groups"`
	Tenant   string            `expr:"tenant"` // its domain, or else its id
	User     string            `expr:"user"`   // UPN, or else object id, or else name; lower case
	Device   string            `expr:"device"`
	Title    string            `expr:"title"`
	Text     string            `expr:"text"`
	Labels   map[string]string `expr:"labels"` // names in lower case
}

func (v view) environment() environment {
	return environment{
		Source: v.Source, Kind: v.Kind, Severity: v.severity().String(), Customer: v.Customer.Name, ClientID: v.Customer.ClientID,
		Groups: v.Customer.Groups, Tenant: v.Tenant.String(), User: v.User.Key(), Device: v.Device, Title: v.Title, Text: v.Text, Labels: v.labels,
	}
}

// ExprNames lists what expressions can see.
func ExprNames() []string {
	var names []string
	for field := range reflect.TypeFor[environment]().Fields() {
		names = append(names, field.Tag.Get("expr"))
	}
	return names
}

// ExprFunctions lists the functions of expressions.
func ExprFunctions() []string {
	return []string{"all", "any", "count", "float", "int", "keys", "len", "lower", "none", "one", "trim", "upper", "values"}
}

// The bounds of an expression. Without loops in loops, ranges, variables and
// patterns made at run time, its work is at most the product of its nodes and
// what it sees.
const (
	maxExpr   = 2000      // bytes
	maxNodes  = 200       // of its tree
	maxMemory = 10_000    // elements that it may make when it runs
	maxRun    = maxRegexp // instructions of all its regular expressions
)

// ParseExpr compiles an expression that must give true or false. The error
// names the character (from 1) and the nearest name.
func ParseExpr(text string) (*Expr, error) {
	if len(text) > maxExpr {
		return nil, fmt.Errorf("the expression is longer than %d bytes; make it shorter, or several rules of it", maxExpr)
	}
	tree, err := parser.Parse(text)
	if err != nil {
		return nil, explain(err)
	}
	check := &checker{}
	ast.Walk(&tree.Node, check)
	if check.err != nil {
		return nil, check.err
	}
	options := []expr.Option{
		expr.Env(environment{}), expr.AsBool(), expr.MaxNodes(maxNodes), expr.Optimize(false), expr.Patch(foldLabels{}), expr.DisableAllBuiltins(),
	}
	for _, name := range ExprFunctions() {
		options = append(options, expr.EnableBuiltin(name))
	}
	program, err := expr.Compile(text, options...)
	if err != nil {
		return nil, explain(err)
	}
	return &Expr{text: text, program: program}, nil
}

// explain puts an error of the compiler on one line and adds the nearest name.
func explain(err error) error {
	var e *file.Error
	if !errors.As(err, &e) {
		return errors.New(alert.OneLine(err.Error()))
	}
	text := fmt.Sprintf("at character %d: %s", e.Column+1, alert.OneLine(e.Message))
	if _, name, found := strings.Cut(e.Message, "unknown name "); found {
		text += "; " + nearest.Hint(name, append(ExprNames(), ExprFunctions()...))
	}
	return errors.New(text)
}

// matches runs the expression. An error counts as no match.
func (e *Expr) matches(v view) (bool, error) {
	if e == nil {
		return true, nil
	}
	machine := vm.VM{MemoryBudget: maxMemory}
	out, err := machine.Run(e.program, v.environment())
	if err != nil {
		return false, fmt.Errorf("the expression %s failed: %w", shown(e.text), explain(err))
	}
	is, _ := out.(bool)
	return is, nil
}

// checker refuses what could make an expression run long, and what would not
// mean what it seems to.
type checker struct {
	patterns int // instructions of all regular expressions
	err      error
}

// Visit looks at one node.
func (c *checker) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.VariableDeclaratorNode, *ast.SequenceNode:
		c.refuse(n, "variables and sequences are not allowed")
	case *ast.PredicateNode:
		ast.Walk(&n.Node, &inLoop{c})
	case *ast.BuiltinNode: // the parser knows those with a loop even where they are switched off
		if known := ExprFunctions(); !slices.Contains(known, n.Name) {
			c.refuse(n, "unknown name %s; %s", n.Name, nearest.Hint(n.Name, known))
		}
	case *ast.BinaryNode:
		c.binary(n)
	}
}

func (c *checker) refuse(n ast.Node, format string, args ...any) {
	if c.err == nil {
		c.err = fmt.Errorf("at character %d: %s", n.Location().From+1, fmt.Sprintf(format, args...))
	}
}

func (c *checker) binary(n *ast.BinaryNode) {
	switch n.Operator {
	case "..":
		c.refuse(n, "ranges are not allowed; list the values")
	case "matches":
		pattern, ok := n.Right.(*ast.StringNode)
		if !ok {
			c.refuse(n, "after matches a regular expression in quotes must stand")
			return
		}
		if joined := ast.Find(n.Left, func(part ast.Node) bool { b, ok := part.(*ast.BinaryNode); return ok && b.Operator == "+" }); joined != nil {
			c.refuse(joined, "texts cannot be joined before matches; match each by itself")
		}
		cost, err := regexpCost(pattern.Value)
		if err != nil {
			c.refuse(n.Right, "the regular expression cannot be read: %v", err)
		}
		if c.patterns += cost; c.patterns > maxRun {
			c.refuse(n.Right, "the regular expressions are too large; make their repetitions smaller")
		}
	case "<", "<=", ">", ">=":
		if isName(n.Left, "severity") || isName(n.Right, "severity") {
			c.refuse(n, `a severity is a text here, without an order; write severity in ["error", "critical"], or the matcher severity>=error`)
		}
	}
}

// inLoop looks at what runs once for each element of a list.
type inLoop struct{ *checker }

// Visit looks at one node.
func (c *inLoop) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.PredicateNode:
		c.refuse(n, "a function over a list inside another one is not allowed")
	case *ast.IdentifierNode:
		if n.Value == "text" {
			c.refuse(n, "text cannot be searched once for each element of a list")
		}
	case *ast.BinaryNode:
		if element, ok := n.Left.(*ast.PointerNode); n.Operator == "matches" && (!ok || element.Name != "") {
			c.refuse(n, "inside a function over a list, only # can stand before matches")
		}
	}
}

func isName(n ast.Node, name string) bool {
	id, ok := n.(*ast.IdentifierNode)
	return ok && id.Value == name
}

// foldLabels makes labels["IPAddress"], labels.IPAddress and "IPAddress" in
// labels find the label under its folded name.
type foldLabels struct{}

// Visit changes one node.
func (foldLabels) Visit(node *ast.Node) {
	var name ast.Node
	switch n := (*node).(type) {
	case *ast.MemberNode:
		if isName(n.Node, "labels") {
			name = n.Property
		}
	case *ast.BinaryNode:
		if n.Operator == "in" && isName(n.Right, "labels") {
			name = n.Left
		}
	}
	if s, ok := name.(*ast.StringNode); ok {
		s.Value = fold(s.Value)
	}
}
