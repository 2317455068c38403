package config

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/halert/halert/internal/render"
)

func TestTemplates(t *testing.T) {
	t.Parallel()
	const src = minimal + `templates:
  - name: plain
    summary: '{{$t := .Title}}{{upper .Severity}}: {{$t}} {{$.Customer}}'
    body: |
      <p>{{.Title}}</p>

      {{range .Findings}}
        <b>{{.Title}}</b>: $${NAME} costs $5
      {{end}}
  - {name: file, note: "${file:/note.html}", summary: "${BRAND}: {{.Title}}"}
`
	l := lookup(map[string]string{"BRAND": "Acme"}, map[string]string{"/note.html": "<p>${NOT}</p>\r\n{{.Mark}}\n"})
	got := mustParse(t, src, l)
	want := []Template{
		{Name: "plain", Texts: render.Texts{
			Summary: "{{$t := .Title}}{{upper .Severity}}: {{$t}} {{$.Customer}}",
			Body:    "<p>{{.Title}}</p>\n\n{{range .Findings}}\n  <b>{{.Title}}</b>: ${NAME} costs $5\n{{end}}",
		}},
		{Name: "file", Texts: render.Texts{Summary: "Acme: {{.Title}}", Note: "<p>${NOT}</p>\n{{.Mark}}"}},
	}
	if d := cmp.Diff(want, got.Templates); d != "" {
		t.Errorf("templates (-want +got):\n%s", d)
	}
	again := mustParse(t, string(got.YAMLWithSecrets()), Lookup{})
	if d := cmp.Diff(got, again); d != "" {
		t.Errorf("read back (-want +got):\n%s\nof:\n%s", d, got.YAML())
	}
	if yaml := string(got.YAML()); !strings.Contains(yaml, "\n    body: |-\n      <p>{{.Title}}</p>\n\n      {{range .Findings}}\n") {
		t.Errorf("a text of several lines is not written so:\n%s", yaml)
	}
}

// Texts of any shape come back as they were.
func TestTemplatesWrittenAndRead(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"a", "a\nb", "a\n\n\nb", "# a\n- b: c\n'\"", "a\n  b\n    c\nd", "a \nb", "a\n\tb", "\ta\nb", "a\n \nb", "${file:x}\n$${y}$", "|\n>", "---\n...\n---", "a\u2028\nb", "a\u00a0b\nc", "%TAG\n&a *b !c", "é\n👩", "key: |\n  text", "a\r\nb"} {
		c := mustParse(t, minimal, Lookup{})
		c.Templates = []Template{{Name: "x", Texts: render.Texts{Summary: "s", Body: text, Note: "n"}}}
		again, err := Parse("again", c.YAML(), Lookup{})
		if err != nil {
			t.Errorf("%q: %v\n%s", text, err, c.YAML())
			continue
		}
		if want := strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n")); again.Templates[0].Texts.Body != want || again.Templates[0].Texts.Note != "n" {
			t.Errorf("%q comes back as %+v\n%s", want, again.Templates[0].Texts, c.YAML())
		}
	}
}

// The examples of the page can be applied.
func TestTemplateExamples(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/templates.md")
	if err != nil {
		t.Fatal(err)
	}
	examples := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(page), -1)
	if len(examples) < 4 {
		t.Fatalf("%d examples", len(examples))
	}
	for _, example := range examples {
		c := mustParse(t, minimal+example[1], Lookup{})
		if len(c.Templates) != 1 {
			t.Errorf("%d templates in\n%s", len(c.Templates), example[1])
		}
	}
}
