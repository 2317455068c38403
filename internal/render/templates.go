package render

import (
	"errors"
	"fmt"
	"html/template"
	"io"
	"regexp"
	"strconv"
	"strings"
	texttemplate "text/template"
	"text/template/parse"
)

// Texts are the operator's templates as written. An empty one leaves that text
// to halert.
type Texts struct {
	Summary string // the subject: plain text, text/template
	Body    string // HTML, html/template
	Note    string // HTML, html/template
}

// Templates write the texts of tickets in the operator's words. A nil one
// writes halert's own. It may be used by several goroutines.
type Templates struct {
	summary *texttemplate.Template // nil: halert's own; the same for the others
	body    *template.Template
	note    *template.Template
}

// TemplateError says what is wrong with a template. It holds nothing of an
// alert.
type TemplateError struct {
	Text   string // summary, body or note
	Line   int    // in the template, from 1; 0: not known
	Reason string // what is wrong and what to do
}

// Error writes "body template, line 3: …".
func (e *TemplateError) Error() string {
	at := ""
	if e.Line > 0 {
		at = ", line " + strconv.Itoa(e.Line)
	}
	return e.Text + " template" + at + ": " + e.Reason
}

// maxTemplate bounds one template, in bytes.
const maxTemplate = 64 << 10

// ParseTemplates checks the templates and makes them ready. Each is tried on a
// sample ticket with all fields set. The error joins a [*TemplateError] for
// each text that cannot be used.
func ParseTemplates(texts Texts) (*Templates, error) {
	t := &Templates{}
	var problems []error
	for _, part := range []struct {
		name, text string
		root       any
		use        func(*parse.Tree) error
	}{
		{"summary", texts.Summary, Data{}, t.useSummary},
		{"body", texts.Body, Data{}, t.useBody},
		{"note", texts.Note, NoteData{}, t.useNote},
	} {
		if strings.TrimSpace(part.text) == "" {
			continue
		}
		tree, err := parseText(part.name, part.text, part.root)
		if err == nil {
			err = part.use(tree)
		}
		if err != nil {
			problems = append(problems, err)
		}
	}
	if len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	return t, nil
}

func (t *Templates) useSummary(tree *parse.Tree) error {
	made, err := texttemplate.New("summary").Option("missingkey=zero").Funcs(newRun().functions()).AddParseTree("summary", tree)
	if err != nil {
		return templateError("summary", err)
	}
	t.summary = made
	_, err = t.writeSummary(sample())
	return err
}

func (t *Templates) useBody(tree *parse.Tree) (err error) {
	if t.body, err = htmlTemplate("body", tree); err != nil {
		return err
	}
	_, err = writeHTML(t.body, newData(sample()))
	return err
}

func (t *Templates) useNote(tree *parse.Tree) (err error) {
	if t.note, err = htmlTemplate("note", tree); err != nil {
		return err
	}
	_, err = writeHTML(t.note, newNoteData(sample(), sampleNote()))
	return err
}

func htmlTemplate(name string, tree *parse.Tree) (*template.Template, error) {
	made, err := template.New(name).Option("missingkey=zero").Funcs(newRun().functions()).AddParseTree(name, tree)
	if err != nil {
		return nil, templateError(name, err)
	}
	return made, nil
}

// Summary is the subject: one line of at most MaxSummary characters. With an
// error, a [*TemplateError], it is halert's own; so it is without one where
// the template is left out or writes nothing.
func (t *Templates) Summary(ticket Ticket) (string, error) {
	own := Summary(ticket)
	if t == nil || t.summary == nil {
		return own, nil
	}
	text, err := t.writeSummary(ticket)
	if err != nil || text == "" {
		return own, err
	}
	return text, nil
}

func (t *Templates) writeSummary(ticket Ticket) (string, error) {
	run := newRun()
	made, err := t.summary.Clone()
	if err != nil {
		return "", templateError("summary", err)
	}
	var out limited
	out.run = run
	if err := guarded(made.Funcs(run.functions()), &out, newData(ticket)); err != nil {
		return "", templateError("summary", err)
	}
	return line(out.String(), MaxSummary), nil
}

// Body is the ticket's text: a fragment of HTML of fewer than MaxBytes bytes,
// with nothing in it that runs or loads, and always with the reference. When
// halert's own comes back instead, that is as with [Templates.Summary].
func (t *Templates) Body(ticket Ticket) (string, error) {
	if t == nil || t.body == nil {
		return Body(ticket), nil
	}
	data := newData(ticket)
	html, err := writeHTML(t.body, data)
	if err != nil || html == "" {
		return Body(ticket), err
	}
	return marked(html, "Reference: ", data.Reference), nil
}

// Note is the text of a note on the ticket, bounded and made safe as by
// [Templates.Body], and always with the note's mark. Of the ticket, the
// findings are not looked at.
func (t *Templates) Note(ticket Ticket, note Note) (string, error) {
	if t == nil || t.note == nil {
		return NoteHTML(note), nil
	}
	data := newNoteData(ticket, note)
	html, err := writeHTML(t.note, data)
	if err != nil || html == "" {
		return NoteHTML(note), err
	}
	return marked(html, "", data.Mark), nil
}

// writeHTML runs a template and makes safe what it writes; "" stands for
// nothing that can be seen. The template itself is only cloned: one that has
// run can be cloned no more.
func writeHTML(t *template.Template, data any) (string, error) {
	run := newRun()
	made, err := t.Clone()
	if err != nil {
		return "", templateError(t.Name(), err)
	}
	out := limited{run: run}
	if err := guarded(made.Funcs(run.functions()), &out, data); err != nil {
		return "", templateError(t.Name(), err)
	}
	html := safe(out.String())
	if len(html) > maxOutput {
		return "", templateError(t.Name(), errTooLong)
	}
	if !visible(html) {
		return "", nil
	}
	return html, nil
}

// guarded turns a panic into an error.
func guarded(t interface{ Execute(io.Writer, any) error }, w io.Writer, data any) (err error) {
	defer func() {
		if recover() != nil { // what it says may hold a value of the alert
			err = errors.New("it cannot be run; take parts out until it can")
		}
	}()
	return t.Execute(w, data)
}

// maxOutput leaves room below MaxBytes for the reference.
const maxOutput = MaxBytes - 2_000

var (
	errTooLong = fmt.Errorf("it writes more than %d bytes; show fewer findings or fields", maxOutput)
	errTooMuch = errors.New("it works too long; take out loops or functions")
)

// limited is a writer that stops at maxOutput.
type limited struct {
	strings.Builder
	run *run
}

// Write implements [io.Writer].
func (l *limited) Write(p []byte) (int, error) {
	if err := l.run.spend(len(p)); err != nil {
		return 0, err
	}
	if l.Len()+len(p) > maxOutput {
		return 0, errTooLong
	}
	return l.Builder.Write(p)
}

// goError is how Go's template packages write their errors.
var goError = regexp.MustCompile(`^(?:html/)?template: ?[a-z]+:(\d+)(?::\d+)?: (?s:(.*))$`)

// templateError takes the line out of an error of Go's template packages, and
// the parts that tell an operator nothing.
func templateError(name string, err error) error {
	e := &TemplateError{Text: name, Reason: err.Error()}
	for _, own := range []error{errTooLong, errTooMuch} {
		if errors.Is(err, own) {
			e.Reason = own.Error()
		}
	}
	if m := goError.FindStringSubmatch(err.Error()); m != nil {
		e.Line, _ = strconv.Atoi(m[1]) // only digits
		if e.Reason == err.Error() {
			e.Reason = m[2]
		}
	}
	e.Reason = strings.TrimPrefix(e.Reason, `executing "`+name+`" at `)
	return e
}
