package cli

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/halert/halert/internal/alert"
)

// style says what the terminal can do.
type style struct {
	colours bool
	width   int // columns; 0: as many as needed
}

// The colours, as parameters of the ANSI sequence SGR.
const (
	red    = "31"
	green  = "32"
	yellow = "33"
	cyan   = "36"
	grey   = "90"
)

// style looks at stdout: what is piped is neither coloured nor cut.
func (s *session) style() style {
	f, isFile := s.stdout.(*os.File)
	if !isFile {
		return style{}
	}
	columns, isTerminal := terminal(f)
	if !isTerminal {
		return style{}
	}
	if n, err := strconv.Atoi(s.env("COLUMNS")); err == nil && n > 0 {
		columns = n
	}
	return style{colours: s.env("NO_COLOR") == "" && s.env("TERM") != "dumb", width: cmp.Or(columns, 80)}
}

func (st style) colour(code, text string) string {
	if !st.colours || code == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// column is one column of a table.
type column struct {
	head string
	// drop says in which order columns go where there is no room: the
	// highest goes first, and 0 stays.
	drop int
	max  int // greatest width in a terminal; 0: any
	tint func(cell string) string
}

// The gap between columns, and the least width of the last one.
const (
	gap     = 2
	minLast = 24
)

// table is aligned text. The last column takes the room that is left.
type table struct {
	columns []column
	rows    [][]string
}

// add adds a row, made safe for a terminal: cells hold what foreign systems
// sent.
func (t *table) add(cells ...string) {
	for i := range cells {
		cells[i] = cmp.Or(oneLine(cells[i]), "-")
	}
	t.rows = append(t.rows, cells)
}

func oneLine(s string) string { return alert.OneLine(s) }

// render lays the table out for a terminal.
func (t *table) render(st style) string {
	widths := t.fit(st.width)
	heads := make([]string, len(t.columns))
	for i, c := range t.columns {
		heads[i] = c.head
	}
	var b strings.Builder
	line(&b, widths, heads, func(_ int, cell string) string { return st.colour(grey, cell) })
	for _, row := range t.rows {
		line(&b, widths, row, func(i int, cell string) string {
			if tint := t.columns[i].tint; tint != nil {
				return st.colour(tint(row[i]), cell)
			}
			return cell
		})
	}
	return b.String()
}

func line(b *strings.Builder, widths []int, cells []string, paint func(int, string) string) {
	last := len(cells) - 1
	for i, cell := range cells {
		if widths[i] == 0 {
			continue
		}
		cell = alert.Cut(cell, widths[i])
		b.WriteString(paint(i, cell))
		if i < last {
			b.WriteString(strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)+gap))
		}
	}
	b.WriteByte('\n')
}

// fit chooses the width of each column; 0 leaves it out.
func (t *table) fit(room int) []int {
	widths := make([]int, len(t.columns))
	for i, c := range t.columns {
		widths[i] = utf8.RuneCountInString(c.head)
		for _, row := range t.rows {
			widths[i] = max(widths[i], utf8.RuneCountInString(row[i]))
		}
		if c.max != 0 && room != 0 {
			widths[i] = min(widths[i], c.max)
		}
	}
	if room == 0 {
		return widths
	}
	last := len(widths) - 1
	for _, i := range t.dropOrder() {
		if room-taken(widths[:last]) >= min(widths[last], minLast) {
			break
		}
		widths[i] = 0
	}
	widths[last] = max(min(widths[last], room-taken(widths[:last])), 1)
	return widths
}

// dropOrder lists the columns that may be left out, the first to go first.
func (t *table) dropOrder() []int {
	var order []int
	for i, c := range t.columns {
		if c.drop > 0 {
			order = append(order, i)
		}
	}
	slices.SortFunc(order, func(a, b int) int { return t.columns[b].drop - t.columns[a].drop })
	return order
}

// taken is the room of columns with the gaps after them.
func taken(widths []int) int {
	n := 0
	for _, w := range widths {
		if w > 0 {
			n += w + gap
		}
	}
	return n
}

// age says how long ago a time was, in one unit.
func age(now, t time.Time) string {
	d := now.Sub(t)
	switch {
	case t.IsZero():
		return ""
	case d < time.Second:
		return "now"
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%dm", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh", int(d.Hours()))
	}
	return fmt.Sprintf("%dd", int(d.Hours()/24))
}

// severityColour, like stateColour, gives "" where there is nothing to stress.
func severityColour(word string) string {
	switch word {
	case "critical", "error":
		return red
	case "warning":
		return yellow
	}
	return ""
}

func stateColour(word string) string {
	switch word {
	case "discarded":
		return red
	case "held", "retryable", "scheduled":
		return yellow
	case "running":
		return cyan
	case "completed", "resolved", "closed", "cancelled":
		return grey
	}
	return ""
}
