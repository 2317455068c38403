package render

import (
	"slices"
	"strings"
	"unicode"

	"github.com/halert/halert/internal/alert"
)

// column is a field with its value in each finding.
type column struct {
	name   string
	values []string // as people read them; "" where a finding has none
	filled int      // findings that have one
}

// columns are the fields to show, best first: those asked for, then those
// that at least half of the findings have. Among these, what tells findings
// apart comes before what is the same for all. Bare ids are shown for a single
// finding only, unless they are asked for. It also returns how many of the
// columns were asked for.
func columns(findings []alert.Finding, first []string, hide hidden) (all []column, asked int) {
	fields := slices.DeleteFunc(fieldColumns(findings), func(c column) bool {
		return c.filled == 0 || c.isLink(findings)
	})
	for _, name := range first {
		if i := slices.IndexFunc(fields, func(c column) bool { return strings.EqualFold(c.name, name) }); i >= 0 {
			all = append(all, fields[i])
			fields = slices.Delete(fields, i, i+1)
		}
	}
	asked = len(all)
	var same, ids []column
	for _, c := range fields {
		switch {
		case 2*c.filled < len(findings) || c.each(hide.says):
		case c.each(isID):
			ids = append(ids, c)
		case len(findings) > 1 && c.each(func(v string) bool { return v == c.values[0] }):
			same = append(same, c)
		default:
			all = append(all, c)
		}
	}
	all = append(all, same...)
	if len(findings) == 1 || len(all) == 0 {
		all = append(all, ids...)
	}
	return all, asked
}

// fieldColumns collects all fields, in the order in which they come. Names
// are compared without regard to case, as senders are not strict with them.
func fieldColumns(findings []alert.Finding) []column {
	var all []column
	at := make(map[string]int)
	for row, f := range findings {
		for _, field := range f.Fields[:min(len(f.Fields), maxFields)] {
			name := line(field.Name, maxName)
			key := strings.ToLower(name)
			i, ok := at[key]
			if !ok {
				i = len(all)
				at[key] = i
				all = append(all, column{name: name, values: make([]string, len(findings))})
			}
			if v := readable(field.Value); v != "" && all[i].values[row] == "" {
				all[i].values[row] = v
				all[i].filled++
			}
		}
	}
	return all
}

// each tells whether all values that there are have a property.
func (c column) each(is func(string) bool) bool {
	for _, v := range c.values {
		if v != "" && !is(v) {
			return false
		}
	}
	return true
}

// isLink tells that the column only repeats addresses that are links already.
func (c column) isLink(findings []alert.Finding) bool {
	for i, v := range c.values {
		u, ok := safeURL(v)
		if v != "" && !(ok && slices.ContainsFunc(links(findings[i].Links), func(l alert.Link) bool { return l.URL == u })) {
			return false
		}
	}
	return true
}

// isTitle tells that the column has every finding's title, which may be cut.
func (c column) isTitle(findings []alert.Finding) bool {
	for i, f := range findings {
		value, title := line(c.values[i], maxValue), line(f.Title, maxValue)
		start, cut := strings.CutSuffix(title, "…")
		if value == "" || value != title && !(cut && start != "" && strings.HasPrefix(value, start)) {
			return false
		}
	}
	return len(findings) > 0
}

// values are the values of one finding, one on a line.
func values(fields []column, row int) string {
	var all []string
	for _, c := range fields {
		all = append(all, line(c.values[row], maxValue))
	}
	return strings.Join(all, "\n")
}

// says tells that the ticket names a value elsewhere, such as its tenant.
func (h hidden) says(value string) bool {
	return slices.ContainsFunc(h.values, func(s string) bool { return s != "" && strings.EqualFold(s, value) })
}

// isID tells that a value is a GUID, which people do not read.
func isID(v string) bool {
	if len(v) != 36 {
		return false
	}
	for i, r := range v {
		dash := i == 8 || i == 13 || i == 18 || i == 23
		if dash != (r == '-') || !dash && !unicode.Is(unicode.ASCII_Hex_Digit, r) {
			return false
		}
	}
	return true
}
