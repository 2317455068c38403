// Package route decides what becomes of an alert: which rules match it, what
// they set for its ticket, and whether a silence keeps it from one. It is
// pure: no I/O, and the time of day is a parameter.
//
// Rules match by [Matcher], as Alertmanager writes them, by an expression
// ([Expr]), and by the time of day ([Hours]).
package route

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/halert/halert/internal/alert"
)

// Bounds on what a rule sees of one alert, in bytes. Together with those on
// expressions they bound the time that a decision takes.
const (
	maxText   = 32 << 10
	maxValue  = 1 << 10
	maxLabels = 200
)

// Subject is what a rule sees of one alert. Texts are compared without regard
// to case. Of Text the first 32 KiB are seen, of any other text the first KiB,
// of Labels the first 200 by name.
type Subject struct {
	Source   string // name of the source
	Kind     string // the alert kind
	Severity alert.Severity
	Title    string
	Customer alert.Customer // zero if nobody's
	Tenant   alert.Tenant   // both parts where both are known
	User     alert.User
	Device   string
	Labels   map[string]string // the fields of the finding
	Text     string            // all plain text of the alert
}

// severity is the one that counts: an alert that names none is a warning.
func (s Subject) severity() alert.Severity {
	if s.Severity == 0 {
		return alert.Warning
	}
	return s.Severity
}

// view is a subject made ready for matching: bounded, and its labels under
// their folded names.
type view struct {
	Subject
	labels map[string]string
}

func newView(s Subject) view {
	v := view{Subject: s, labels: make(map[string]string, min(len(s.Labels), maxLabels))}
	for _, text := range []*string{&v.Source, &v.Kind, &v.Title, &v.Device, &v.Customer.Name, &v.Tenant.ID, &v.Tenant.Domain, &v.User.UPN, &v.User.ObjectID, &v.User.Name} {
		*text = head(*text, maxValue)
	}
	v.Text = head(s.Text, maxText)
	names := make([]string, 0, len(s.Labels))
	for name := range s.Labels {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		key := fold(name)
		if _, taken := v.labels[key]; !taken && len(v.labels) < maxLabels {
			v.labels[key] = head(s.Labels[name], maxValue)
		}
	}
	return v
}

// head cuts a text to at most n bytes, at a rune.
func head(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

func fold(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

// labelPrefix begins the names of labels in matchers and in group_by.
const labelPrefix = "label."

// Names lists what matchers can look at. A label is "label." and its name.
func Names() []string {
	return []string{"source", "kind", "severity", "customer", "group", "tenant", "user", "device", "title", "text", labelPrefix + "NAME"}
}

// values returns all that a matcher's name stands for: a user is known by
// several names, a customer belongs to several groups. It is never empty; what
// is not there is one empty text.
func (v view) values(name string) []string {
	var all []string
	switch name {
	case "source":
		all = []string{v.Source}
	case "kind":
		all = []string{v.Kind}
	case "severity":
		all = []string{v.severity().String()}
	case "customer":
		all = []string{v.Customer.Name}
		if v.Customer.ClientID != 0 {
			all = append(all, strconv.Itoa(v.Customer.ClientID))
		}
	case "group":
		all = slices.Clone(v.Customer.Groups)
	case "tenant":
		all = []string{v.Tenant.ID, v.Tenant.Domain}
	case "user":
		all = []string{v.User.UPN, v.User.ObjectID, v.User.Name}
	case "device":
		all = []string{v.Device}
	case "title":
		all = []string{v.Title}
	case "text":
		all = []string{v.Text}
	default:
		all = []string{v.labels[fold(strings.TrimPrefix(name, labelPrefix))]}
	}
	all = slices.DeleteFunc(all, func(s string) bool { return s == "" })
	if len(all) == 0 {
		return []string{""}
	}
	return all
}
