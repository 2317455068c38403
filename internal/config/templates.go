package config

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"

	"github.com/halert/halert/internal/render"
)

// Template is a set of the operator's own texts, which routes name.
type Template struct {
	Name  string // unique; lower case letters, digits, "-" and "_"
	Texts render.Texts
}

func (n node) templates() []Template {
	lines := make(map[string]int)
	var out []Template
	for _, item := range n.items() {
		s := item.section("name", "summary", "body", "note")
		t := Template{Name: s.templateName()}
		if line := lines[t.Name]; line > 0 && t.Name != "" {
			s.byKey["name"].problem("is already the name of the template in line %d; give each its own", line)
		} else {
			lines[t.Name] = item.at.Position.Line
		}
		t.Texts.Summary = s.template("summary", func(text string) render.Texts { return render.Texts{Summary: text} })
		t.Texts.Body = s.template("body", func(text string) render.Texts { return render.Texts{Body: text} })
		t.Texts.Note = s.template("note", func(text string) render.Texts { return render.Texts{Note: text} })
		if !s.has("summary", "body", "note") && !s.broken {
			item.problem("writes nothing; give summary, body, note, or several of them")
		}
		out = append(out, t)
	}
	return out
}

// has tells that at least one of the keys has a value.
func (s section) has(keys ...string) bool {
	return slices.ContainsFunc(keys, func(key string) bool { _, ok := s.byKey[key]; return ok })
}

func (s section) templateName() string {
	name, n, ok := s.required("name", "routes name the template by it")
	if ok && !regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,62}$`).MatchString(name) {
		n.problem("is %s; use 1 to 63 lower case letters, digits, - and _, a letter or digit first", n.shown())
		return ""
	}
	return name
}

// template reads one text and tries it.
func (s section) template(key string, texts func(string) render.Texts) string {
	n, ok := s.byKey[key]
	if !ok {
		return ""
	}
	text, ok := n.lines()
	if !ok {
		return ""
	}
	_, err := render.ParseTemplates(texts(text))
	if wrong, is := errors.AsType[*render.TemplateError](err); is {
		n.templateProblem(wrong)
		return ""
	}
	return text
}

// templateProblem shows the line of the file where the text stands in it line
// by line; else that of the key, and the line within the text.
func (n node) templateProblem(wrong *render.TemplateError) {
	raw, _ := scalar(n.ast)
	if l, is := n.ast.(*ast.LiteralNode); is && wrong.Line > 0 && strings.HasPrefix(l.Start.Value, "|") && !strings.Contains(raw, "${") {
		n.r.problem(l.Start.Position.Line+wrong.Line, 1, n.path, "%s", wrong.Reason)
		return
	}
	if wrong.Line > 0 {
		n.problem("line %d of the template: %s", wrong.Line, wrong.Reason)
		return
	}
	n.problem("%s", wrong.Reason)
}

// lines reads a text that may have several lines, with what its references
// stand for put in and white space around it gone.
func (n node) lines() (string, bool) {
	raw, single := scalar(n.ast)
	if !single {
		n.problem("must be a single value, but is %s; write a template that begins with {{ in quotes, or below a |", kindOf(n.ast))
		return "", false
	}
	text, err := n.r.lookup.expand(raw)
	if err != nil {
		n.problem("%v", err)
		return "", false
	}
	text = strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n"))
	if !utf8.ValidString(text) || strings.ContainsFunc(text, func(c rune) bool {
		return unicode.IsControl(c) && c != '\n' && c != '\t' || isNonchar(c)
	}) {
		n.problem("holds a character that is not text; delete it")
		return "", false
	}
	return text, true
}

func (w *writer) templates(all []Template) {
	if len(all) == 0 {
		return
	}
	w.WriteString("templates:\n")
	for _, t := range all {
		fmt.Fprintf(w, "  - name: %s\n", quoted(t.Name))
		w.indent = "    "
		for _, text := range []struct{ key, text string }{{"summary", t.Texts.Summary}, {"body", t.Texts.Body}, {"note", t.Texts.Note}} {
			w.text(text.key, text.text)
		}
	}
}

// text writes a text of several lines line by line, where YAML can hold it
// so; people compare configurations.
func (w *writer) text(key, text string) {
	switch {
	case text == "":
	case !strings.Contains(text, "\n") || !isBlock(text):
		w.line(key, quoted(text))
	default:
		fmt.Fprintf(w, "%s%s: |-\n", w.indent, key)
		for line := range strings.Lines(strings.ReplaceAll(text, "${", "$${")) {
			if line != "\n" {
				w.WriteString(w.indent + "  ")
			}
			w.WriteString(line)
		}
		w.WriteString("\n")
	}
}

// isBlock tells that a text stays as it is between the lines of a file.
func isBlock(text string) bool {
	for line := range strings.Lines(text) {
		if l := strings.TrimSuffix(line, "\n"); strings.TrimRight(l, " \t") != l || strings.ContainsFunc(l, func(c rune) bool { return !unicode.IsPrint(c) }) {
			return false
		}
	}
	return !strings.HasPrefix(text, " ")
}
