package route

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/halert/halert/internal/alert"
	"github.com/halert/halert/internal/nearest"
)

// Matcher is one condition on an alert, such as kind=~"drift|standards". The
// zero value matches nothing; [ParseMatcher] makes them.
type Matcher struct {
	Name  string // one of [Names]
	Op    string // one of = != =~ !~, and for severity >= and <= too
	Value string

	re *regexp.Regexp // for =~ and !~
}

// Equal tells that two matchers say the same.
func (m Matcher) Equal(o Matcher) bool { return m.Name == o.Name && m.Op == o.Op && m.Value == o.Value }

const (
	maxMatcher = 2000 // bytes of a matcher
	maxRegexp  = 1000 // instructions of a compiled regular expression
)

const matcherForm = "write NAME OPERATOR VALUE, like severity>=error"

// ParseMatcher reads a matcher as Alertmanager writes it: a name, an operator
// and a value, quoted or bare. A bare value has no white space, quotes, braces
// or commas. The error names the text, the character (from 1) and what is
// allowed there.
func ParseMatcher(text string) (Matcher, error) {
	if len(text) > maxMatcher {
		return Matcher{}, fmt.Errorf("the matcher is longer than %d bytes; make it shorter, or several of it", maxMatcher)
	}
	if !utf8.ValidString(text) {
		return Matcher{}, fmt.Errorf("the matcher %s is not UTF-8", shown(text))
	}
	at := strings.IndexAny(text, "=!<>~\"")
	if at < 0 {
		return Matcher{}, wrong(text, len(text), "has no operator; %s", matcherForm)
	}
	m := Matcher{Name: strings.TrimSpace(text[:at])}
	if err := m.checkName(text); err != nil {
		return Matcher{}, err
	}
	for _, op := range []string{"=~", "!~", "!=", ">=", "<=", "="} {
		if strings.HasPrefix(text[at:], op) {
			m.Op = op
			break
		}
	}
	ordered := m.Op == ">=" || m.Op == "<="
	switch {
	case m.Op == "" && m.Name == "severity":
		return Matcher{}, wrong(text, at, "an operator must stand here: one of = != =~ !~ >= <=")
	case m.Op == "" || ordered && m.Name != "severity":
		return Matcher{}, wrong(text, at, "an operator must stand here: one of = != =~ !~ (>= and <= are for severity only)")
	}
	at += len(m.Op)
	at += len(text[at:]) - len(strings.TrimLeft(text[at:], " \t"))
	if err := m.readValue(text, at); err != nil {
		return Matcher{}, err
	}
	if err := m.prepare(text, at); err != nil {
		return Matcher{}, err
	}
	return m, nil
}

func (m Matcher) checkName(text string) error {
	if label, ok := strings.CutPrefix(m.Name, labelPrefix); ok {
		if strings.TrimSpace(label) == "" {
			return wrong(text, 0, "names no label; write label.NAME, like label.alertname")
		}
		return nil
	}
	switch known := Names(); {
	case m.Name == "":
		return wrong(text, 0, "a name must stand here: one of %s", strings.Join(known, ", "))
	case !slices.Contains(known, m.Name):
		return wrong(text, 0, "the name %s is unknown; %s", shown(m.Name), nearest.Hint(m.Name, known))
	}
	return nil
}

// readValue reads what stands from a place in the text to its end.
func (m *Matcher) readValue(text string, at int) error {
	value := strings.TrimRight(text[at:], " \t")
	switch {
	case value == "":
		return wrong(text, at, "a value must stand here; write \"\" for none")
	case value[0] != '"':
		if i := strings.IndexAny(value, " \t\r\n\"'`{},"); i >= 0 {
			return wrong(text, at+i, "a value with white space, quotes, braces or commas must stand in double quotes")
		}
		if strings.ContainsRune("=~<>!", rune(value[0])) {
			return wrong(text, at, "an operator is followed by its value; put a value that begins with %s in double quotes", value[:1])
		}
		m.Value = value
		return nil
	}
	var out strings.Builder
	for i := 1; i < len(value); i++ {
		switch c := value[i]; {
		case c == '"' && i == len(value)-1:
			m.Value = out.String()
			return nil
		case c == '"':
			return wrong(text, at+i+1, "nothing may follow the closing quote; write a matcher of its own for each condition")
		case c == '\\' && i+1 < len(value) && (value[i+1] == '"' || value[i+1] == '\\'):
			i++
			out.WriteByte(value[i])
		default: // a backslash before anything else is the regular expression's own
			out.WriteByte(c)
		}
	}
	return wrong(text, len(text), "the closing quote is missing")
}

func (m *Matcher) prepare(text string, at int) error {
	if m.Op == "=~" || m.Op == "!~" {
		re, cost, err := compileRegexp(m.Value)
		switch {
		case err != nil:
			return wrong(text, at, "the regular expression cannot be read: %v", err)
		case cost > maxRegexp:
			return wrong(text, at, "the regular expression is too large; make its repetitions smaller")
		}
		m.re = re
		return nil
	}
	if m.Name == "severity" && new(alert.Severity).UnmarshalText([]byte(m.Value)) != nil {
		words := []string{"critical", "error", "warning", "info"}
		return wrong(text, at, "%s is no severity (%s); %s", shown(m.Value), strings.Join(words, ", "), nearest.Hint(m.Value, words))
	}
	return nil
}

// wrong makes the error about a place in the text of a matcher.
func wrong(text string, at int, format string, args ...any) error {
	return fmt.Errorf("in %s at character %d: %s", shown(text), utf8.RuneCountInString(text[:at])+1, fmt.Sprintf(format, args...))
}

func shown(s string) string { return strconv.Quote(alert.Cut(alert.OneLine(s), 80)) }

// String writes the matcher so that [ParseMatcher] reads the same again.
func (m Matcher) String() string {
	if regexp.MustCompile(`^[A-Za-z0-9_.@/:+*|()\[\]?^$-]+$`).MatchString(m.Value) {
		return m.Name + m.Op + m.Value
	}
	return m.Name + m.Op + `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(m.Value) + `"`
}

// matches compares without regard to case. Of what has several names, = and
// =~ want one that fits, != and !~ none.
func (m Matcher) matches(v view) bool {
	switch m.Op {
	case ">=", "<=":
		var limit alert.Severity
		if limit.UnmarshalText([]byte(m.Value)) != nil {
			return false
		}
		return m.Op == ">=" && v.severity() >= limit || m.Op == "<=" && v.severity() <= limit
	case "=", "=~":
		return slices.ContainsFunc(v.values(m.Name), m.fits)
	case "!=", "!~":
		return !slices.ContainsFunc(v.values(m.Name), m.fits)
	}
	return false
}

func (m Matcher) fits(value string) bool {
	if m.re != nil {
		return m.re.MatchString(value)
	}
	return strings.EqualFold(strings.TrimSpace(value), strings.TrimSpace(m.Value))
}

// allMatch tells that every matcher matches.
func allMatch(all []Matcher, v view) bool {
	return !slices.ContainsFunc(all, func(m Matcher) bool { return !m.matches(v) })
}
