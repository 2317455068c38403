package route

import (
	"errors"
	"regexp"
	"regexp/syntax"
)

// compileRegexp compiles a regular expression that must fit a whole text,
// without regard to case, and whose dot stands for line breaks too. The cost
// is its number of instructions: a match takes at most about that many steps
// for each byte.
func compileRegexp(pattern string) (re *regexp.Regexp, cost int, err error) {
	// Parsed by itself first: in the group around it, a stray ) would read as
	// the end of that group.
	if _, err := syntax.Parse(pattern, syntax.Perl); err != nil {
		return nil, 0, reason(err)
	}
	pattern = `(?is)\A(?:` + pattern + `)\z`
	if cost, err = regexpCost(pattern); err != nil {
		return nil, 0, err
	}
	re, err = regexp.Compile(pattern)
	return re, cost, reason(err)
}

// regexpCost counts the instructions of a regular expression.
func regexpCost(pattern string) (int, error) {
	tree, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return 0, reason(err)
	}
	prog, err := syntax.Compile(tree.Simplify())
	if err != nil {
		return 0, reason(err)
	}
	return len(prog.Inst), nil
}

// reason leaves out the expression, which the message about it shows already.
func reason(err error) error {
	var s *syntax.Error
	if errors.As(err, &s) {
		return errors.New(s.Code.String())
	}
	return err
}
