package render

import (
	"slices"
	"strings"
	"unicode"

	"github.com/halert/halert/internal/alert"
)

// table is a list of findings as the template shows it. With Pairs it is one
// finding, a row for each of its fields; else each finding is a row.
type table struct {
	Pairs bool
	Lead  string // what all findings have to say, if the table does not
	Head  []string
	Rows  [][]cell
	Links []alert.Link // Pairs: the finding's
	Shown int          // findings in the table
	Total int          // findings there are
	More  int          // Pairs: fields that are not shown; else findings
}

// cell is the text of a cell in lines, and its links.
type cell struct {
	Lines []string
	Links []alert.Link
}

// hidden is what the ticket says elsewhere, so that the table need not.
type hidden struct {
	values []string // fields that only say this again are left out
	user   alert.User
	device string
}

// newTable chooses the form: one finding is read from top to bottom, several
// are compared in columns.
func newTable(findings []alert.Finding, total int, first []string, hide hidden) table {
	if total == 1 && len(findings) == 1 {
		return pairs(findings[0], first, hide)
	}
	t := table{Shown: len(findings), Total: total, More: total - len(findings)}
	fields, asked := columns(findings, first, hide)
	extras := extraColumns(findings, fields, hide)
	// Columns that are asked for are in the order that the source knows best.
	// They need not say what the ticket says elsewhere.
	known := ""
	if asked > 0 {
		known = strings.Join(append(hide.values[:len(hide.values):len(hide.values)], hide.user.String(), hide.device), "\n")
	}
	said := titlesSaid(findings, fields[:min(len(fields), MaxColumns-len(extras))], known)
	switch named := slices.IndexFunc(fields, func(c column) bool { return c.isTitle(findings) }); {
	case asked > 0 && said || len(findings) == 0:
	case named >= 0:
		c := fields[named]
		fields = slices.Insert(slices.Delete(fields, named, named+1), 0, c)
	case sameTitles(findings):
		t.Lead = line(findings[0].Title, maxValue)
	case !said:
		extras = slices.Insert(extras, 0, extra{"Finding", func(f alert.Finding) string { return f.Title }})
	}
	t.Head, t.Rows = grid(findings, extras, fields[:min(len(fields), MaxColumns-len(extras))])
	return t
}

// grid lays the findings out, a row each. Their links stand in the first
// column, which is in sight on a narrow screen too.
func grid(findings []alert.Finding, extras []extra, fields []column) (head []string, rows [][]cell) {
	for _, x := range extras {
		head = append(head, x.name)
	}
	for _, c := range fields {
		head = append(head, label(c.name))
	}
	for i, f := range findings {
		var row []cell
		for _, x := range extras {
			row = append(row, cell{Lines: lines(x.text(f), MaxCell)})
		}
		for _, c := range fields {
			row = append(row, cell{Lines: lines(c.values[i], MaxCell)})
		}
		if l := links(f.Links); len(row) > 0 {
			row[0].Links = l
		}
		rows = append(rows, row)
	}
	if len(head) == 0 {
		return nil, nil
	}
	return head, rows
}

// pairs shows one finding from top to bottom.
func pairs(f alert.Finding, first []string, hide hidden) table {
	one := []alert.Finding{f}
	t := table{Pairs: true, Shown: 1, Total: 1, Links: links(f.Links)}
	fields, _ := columns(one, first, hide)
	if i := slices.IndexFunc(fields, func(c column) bool { return c.isTitle(one) }); i >= 0 {
		t.Lead = line(fields[i].values[0], maxValue)
		fields = slices.Delete(fields, i, i+1)
	} else if !titlesSaid(one, fields, "") {
		t.Lead = line(f.Title, maxValue)
	}
	t.More = max(len(f.Fields)-maxFields, 0)
	if len(fields) > maxPairs {
		t.More += len(fields) - maxPairs
		fields = fields[:maxPairs]
	}
	for _, c := range fields {
		t.Rows = append(t.Rows, []cell{{Lines: []string{label(c.name)}}, {Lines: lines(c.values[0], maxValue)}})
	}
	return t
}

// extra is a column that is not a field.
type extra struct {
	name string
	text func(alert.Finding) string
}

// fixedColumns is how many fields are shown whatever extras there are: title,
// user and device.
const fixedColumns = MaxColumns - 3

// extraColumns adds the user and the device where the fields do not say them.
func extraColumns(findings []alert.Finding, fields []column, hide hidden) (out []extra) {
	fixed := fields[:min(len(fields), fixedColumns)]
	lacks := func(name func(alert.Finding) string) bool {
		for i, f := range findings {
			if s := line(name(f), maxValue); s != "" && !containsFold(line(f.Title, maxValue)+"\n"+values(fixed, i), s) {
				return true
			}
		}
		return false
	}
	if hide.user.Key() == "" && lacks(func(f alert.Finding) string { return f.User.Key() }) {
		out = append(out, extra{"User", func(f alert.Finding) string { return f.User.String() }})
	}
	device := func(f alert.Finding) string { return f.Device }
	if hide.device == "" && lacks(device) {
		out = append(out, extra{"Device", device})
	}
	return out
}

// titlesSaid tells that each word of every title stands in the finding's
// columns or is known, so that the title would say the same thing twice.
func titlesSaid(findings []alert.Finding, fields []column, known string) bool {
	for i, f := range findings {
		row := make(map[string]bool)
		for _, w := range words(known + "\n" + values(fields, i)) {
			row[w] = true
		}
		title, cut := strings.CutSuffix(line(f.Title, maxValue), "…")
		all := words(title)
		if cut {
			all = all[:max(len(all)-1, 0)]
		}
		if slices.ContainsFunc(all, func(w string) bool { return !row[w] }) {
			return false
		}
	}
	return true
}

// words are the words and numbers of a text, without regard to case. Times are
// taken as the columns show them.
func words(text string) (all []string) {
	for part := range strings.FieldsSeq(text) {
		part = readable(strings.Trim(part, ",;()"))
		all = append(all, strings.FieldsFunc(strings.ToLower(part), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })...)
	}
	return all
}

func sameTitles(findings []alert.Finding) bool {
	for _, f := range findings {
		if f.Title != findings[0].Title {
			return false
		}
	}
	return true
}
