package render

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"text/template"
	"time"

	"github.com/halert/halert/internal/alert"
)

// Bounds of the work of one run. They are counted and not timed, so that a
// template fails for every ticket of the same size or for none.
const (
	maxWork   = 50_000_000 // bytes that functions and the writer handle; each call counts callWork more
	callWork  = 50
	maxResult = 100_000 // text that a function returns
)

// run is one execution of a template.
type run struct{ left int }

func newRun() *run { return &run{left: maxWork} }

// spend counts work. A template that has none left ends with the error.
func (r *run) spend(bytes int) error {
	if r.left -= bytes + callWork; r.left < 0 {
		return errTooMuch
	}
	return nil
}

// text counts the work on a function's texts and bounds its result.
func (r *run) text(s string, from ...string) (string, error) {
	work := len(s)
	for _, f := range from {
		work += len(f)
	}
	if err := r.spend(work); err != nil {
		return "", err
	}
	if len(s) > maxResult {
		return "", fmt.Errorf("makes a text of more than %d bytes; use cut", maxResult)
	}
	return s, nil
}

// functions are all that a template may call, besides [builtins]. None
// reaches the environment, files or the network; date knows the names of the
// time zones.
func (r *run) functions() template.FuncMap {
	return template.FuncMap{
		"upper":    func(s string) (string, error) { return r.text(strings.ToUpper(s), s) },
		"lower":    func(s string) (string, error) { return r.text(strings.ToLower(s), s) },
		"trim":     func(s string) (string, error) { return r.text(strings.TrimSpace(s), s) },
		"line":     func(s string) (string, error) { return r.text(alert.OneLine(s), s) },
		"cut":      r.cut,
		"replace":  r.replace,
		"join":     r.join,
		"contains": r.contains,
		"default":  r.fallback,
		"date":     r.date,
		"count":    func(one string, n int) (string, error) { return r.text(number(n, one), one) },
		"label":    func(name string) (string, error) { return r.text(label(name), name) },
		"add":      func(a, b int) int { return a + b },
		"sub":      func(a, b int) int { return a - b },
		"print":    func(v ...any) (string, error) { return r.print("", v) },
		"printf":   r.printf,
	}
}

// builtins are the functions of Go's templates that may be used. The others
// call what a value holds, or write without bounds.
func builtins() map[string]any {
	known := make(map[string]any)
	for _, name := range []string{"and", "or", "not", "eq", "ne", "lt", "le", "gt", "ge", "len", "index", "slice"} {
		known[name] = name
	}
	return known
}

func (r *run) cut(n int, s string) (string, error) {
	if n < 1 {
		return "", errors.New("the number of characters must be 1 or more")
	}
	return r.text(alert.Cut(s, n), s)
}

// replace counts the growth before it is made.
func (r *run) replace(from, to, s string) (string, error) {
	if from == "" {
		return "", errors.New("the text to replace is empty")
	}
	if grown := len(s) + strings.Count(s, from)*(len(to)-len(from)); grown > maxResult {
		return r.text(strings.Repeat(" ", maxResult+1))
	}
	return r.text(strings.ReplaceAll(s, from, to), s)
}

// join takes the texts of a list such as .Routes.
func (r *run) join(sep string, list []string) (string, error) {
	size := 0
	for _, s := range list {
		size += len(s) + len(sep)
	}
	if size > 10*maxResult {
		return r.text(strings.Repeat(" ", maxResult+1))
	}
	return r.text(strings.Join(list, sep))
}

func (r *run) contains(part, s string) (bool, error) {
	return containsFold(s, part), r.spend(len(s) + len(part))
}

// fallback is what a value is replaced by where it is empty.
func (r *run) fallback(other, v any) (any, error) {
	if truth, ok := template.IsTrue(v); ok && truth {
		return v, r.spend(0)
	}
	return other, r.spend(0)
}

// date writes a time for people. What is no time in RFC 3339 stays as it is:
// senders have times of their own.
func (r *run) date(layout, zone, s string) (string, error) {
	where, err := time.LoadLocation(zone)
	if err != nil || zone == "Local" {
		return "", errors.New("the time zone is unknown; write one like Europe/Berlin, or UTC")
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return r.text(s)
	}
	return r.text(t.In(where).Format(layout), layout)
}

// verb is a part of a format that may be used: a width makes long texts out of
// short ones.
var verb = regexp.MustCompile(`^%([-+ 0]?[0-9]{0,2}(\.[0-9]{1,2})?[sdvq]|%)`)

func (r *run) printf(format string, v ...any) (string, error) {
	for i := strings.IndexByte(format, '%'); i >= 0; {
		m := verb.FindString(format[i:])
		if m == "" {
			return "", errors.New("the format has more than %s, %d, %v, %q and widths of two digits")
		}
		next := strings.IndexByte(format[i+len(m):], '%')
		if next < 0 {
			break
		}
		i += len(m) + next
	}
	if err := r.spend(len(format) * 100); err != nil {
		return "", err
	}
	return r.print(format, v)
}

// print writes texts, numbers and truths. Other values are no text.
func (r *run) print(format string, v []any) (string, error) {
	size := len(format)
	for _, one := range v {
		switch reflect.ValueOf(one).Kind() {
		case reflect.String:
			size += reflect.ValueOf(one).Len()
		case reflect.Int, reflect.Int64, reflect.Float64, reflect.Bool:
			size += 20
		default:
			return "", errors.New("a list or a group of fields is no text; name one of its fields, or use range")
		}
	}
	if size > 10*maxResult {
		return r.text(strings.Repeat(" ", maxResult+1))
	}
	if format == "" {
		return r.text(fmt.Sprint(v...))
	}
	return r.text(fmt.Sprintf(format, v...))
}
