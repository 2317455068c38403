package route

import (
	"strings"
	"testing"
	"testing/quick"

	"github.com/google/go-cmp/cmp"
)

func TestExpr(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		`labels["IPAddress"] startsWith "10."`:                       true,
		`labels.ipaddress == "10.1.2.3"`:                             true,
		`"IPAddress" in labels and not ("Port" in labels)`:           true,
		`labels["None"] == ""`:                                       true,
		`source == "cipp" && kind startsWith "audit/"`:               true,
		`severity in ["error", "critical"]`:                          true,
		`severity == "warning"`:                                      false,
		`client_id == 12 and customer == "Harbour Dental"`:           true,
		`"gold" in groups`:                                           true,
		`any(groups, lower(#) == "north")`:                           true,
		`all(groups, # matches "^[a-z]+$")`:                          false,
		`count(keys(labels), # contains "count") == 1`:               true,
		`any(values(labels), # == "17")`:                             true,
		`int(labels["Count"]) > 16`:                                  true,
		`user == "ada@harbour.example"`:                              true,
		`tenant == "harbour.example" and device endsWith "7"`:        true,
		`len(title) > 5 ? text contains "evil" : false`:              true,
		`text matches "(?s)first.*evil"`:                             true,
		`trim(" x ") == "x" and upper(source) == "CIPP" and 2 > 1.5`: true,
	} {
		e, err := ParseExpr(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got, err := e.matches(newView(subject())); err != nil || got != want {
			t.Errorf("%s: %v, %v; want %v", text, got, err, want)
		}
	}
}

func TestExprErrors(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`severty == "error"`:                             "at character 1: unknown name severty; did you mean severity?",
		`source`:                                         "expected bool, but got string",
		`source ==`:                                      "at character 9: unexpected token EOF",
		`client_id == "12"`:                              "at character 11: invalid operation: == (mismatched types int and string)",
		`severity >= "error"`:                            `at character 10: a severity is a text here, without an order; write severity in ["error", "critical"], or the matcher severity>=error`,
		`any(1..9, # > 2)`:                               "at character 6: ranges are not allowed; list the values",
		`let a = text; a == ""`:                          "at character 5: variables and sequences are not allowed",
		`any(groups, any(groups, # == "x"))`:             "at character 25: a function over a list inside another one is not allowed",
		`any(groups, text contains #)`:                   "at character 13: text cannot be searched once for each element of a list",
		`any(groups, (# + #) matches "x")`:               "at character 16: texts cannot be joined before matches; match each by itself",
		`any(groups, lower(#) matches "x")`:              "at character 22: inside a function over a list, only # can stand before matches",
		`lower(text + title) matches "x"`:                "at character 12: texts cannot be joined before matches; match each by itself",
		`text matches title`:                             "at character 6: after matches a regular expression in quotes must stand",
		`text matches "("`:                               "at character 14: the regular expression cannot be read: missing closing )",
		`text matches "a{600}" or text matches "b{600}"`: "at character 39: the regular expressions are too large; make their repetitions smaller",
		`len(filter(groups, true)) > 0`:                  "at character 5: unknown name filter; ",
		`fromJSON(text).x`:                               "at character 1: unknown name fromJSON",
		`now() == now()`:                                 "at character 1: unknown name now",
		strings.Repeat("!", 250) + "true":                "at character ",
		strings.Repeat(" ", maxExpr) + "true":            "the expression is longer than 2000 bytes",
		"":                                               "at character 1: unexpected token EOF",
	} {
		if _, err := ParseExpr(text); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%.60s:\n got %v\nwant %s", text, err, want)
		}
	}
}

func TestExprFailsAtRunTime(t *testing.T) {
	t.Parallel()
	for _, text := range []string{`groups[7] == "x"`, `int(title) > 3`, `1 % (client_id - 12) == 0`} {
		e, err := ParseExpr(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got, err := e.matches(newView(subject())); got || err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, %v; want an error of one line", text, got, err)
		}
	}
}

func TestExprNames(t *testing.T) {
	t.Parallel()
	want := []string{"source", "kind", "severity", "customer", "client_id", "groups", "tenant", "user", "device", "title", "text", "labels"}
	if diff := cmp.Diff(want, ExprNames()); diff != "" {
		t.Error(diff)
	}
}

// large is a subject at all its bounds.
func large() Subject {
	s := subject()
	s.Text = strings.Repeat("ab", maxText)
	s.Labels = make(map[string]string)
	for i := range 2 * maxLabels {
		s.Labels[strings.Repeat("l", i+1)] = strings.Repeat("ab", maxValue)
	}
	return s
}

func TestViewIsBounded(t *testing.T) {
	t.Parallel()
	v := newView(large())
	if len(v.Text) != maxText || len(v.labels) != maxLabels || len(v.labels["l"]) != maxValue {
		t.Errorf("text %d, labels %d of %d", len(v.Text), len(v.labels), len(v.labels["l"]))
	}
	whole := func(s string, n uint8) bool {
		return strings.HasPrefix(s, head(s, int(n))) && len(head(s, int(n))) <= max(int(n), 0)
	}
	if err := quick.Check(whole, nil); err != nil {
		t.Error(err)
	}
	if got := head("aé", 2); got != "a" {
		t.Errorf("cut within a rune: %q", got)
	}
}

// Whatever compiles ends soon on the largest alert: a run that does not shows
// as a hang, which the fuzzer reports.
func FuzzExpr(f *testing.F) {
	for _, s := range []string{
		`any(values(labels), # matches "(a|b)*c")`, `text matches "(a?){19}c"`, `any(keys(labels), lower(labels[#]) == #)`, `1..1e9 == 3`,
		`let a = text + text; a == ""`, `any(groups, any(groups, any(groups, # == text)))`, `labels?.x ?? "" == ""`, `text[1:] == title[:3]`,
		`count(groups, true) ** 9 ** 9 > 1`, `{"a": 1}.a == 1`, `[1, 2][client_id] == 2`, `groups | any(# == "x")`, `if true {false} else {true}`,
	} {
		f.Add(s)
	}
	v := newView(large())
	f.Fuzz(func(t *testing.T, text string) {
		e, err := ParseExpr(text)
		if err == nil {
			_, err = e.matches(v)
		}
		if err != nil && strings.ContainsAny(err.Error(), "\n\r") {
			t.Errorf("%q: an error of several lines: %v", text, err)
		}
	})
}
