package render

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/microcosm-cc/bluemonday"
	"golang.org/x/net/html"

	"github.com/halert/halert/internal/alert"
)

// mustTemplates parses templates that are good.
func mustTemplates(t testing.TB, texts Texts) *Templates {
	t.Helper()
	made, err := ParseTemplates(texts)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// checkSafe proves by a second parser that a page holds nothing that runs,
// loads or leads elsewhere than to a plain http address.
func checkSafe(t *testing.T, page string) {
	t.Helper()
	if !utf8.ValidString(page) || strings.ContainsRune(page, 0) || len(page) >= MaxBytes {
		t.Errorf("the page is not UTF-8 without NUL of fewer than %d bytes: %d", MaxBytes, len(page))
	}
	z := html.NewTokenizer(strings.NewReader(page))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return
		case html.StartTagToken, html.SelfClosingTagToken:
			token := z.Token()
			if strings.Contains(" script style iframe frame object embed form input button svg math img link meta base video audio template ", " "+token.Data+" ") {
				t.Errorf("the page has a <%s>:\n%s", token.Data, page)
			}
			for _, a := range token.Attr {
				switch v := strings.ToLower(a.Val); {
				case strings.HasPrefix(a.Key, "on") || a.Key == "src" || a.Key == "srcset" || a.Key == "id" || a.Key == "class":
					t.Errorf("the page has the attribute %s", a.Key)
				case a.Key == "style" && (strings.Contains(v, "url") || strings.Contains(v, "expression") || strings.Contains(v, "position:") || strings.Contains(v, `\`)):
					t.Errorf("the page has the style %q", a.Val)
				case a.Key == "href" && !strings.HasPrefix(v, "http://") && !strings.HasPrefix(v, "https://"):
					t.Errorf("the page leads to %q", a.Val)
				}
			}
		}
	}
}

func shownText(page string) string { return strings.Join(texts(page), "") }

const (
	plainBody = `<h2>{{.Title}}</h2>
<p style="color:#ffffff;background-color:#a4161a;padding:4px">{{upper .Severity}} at {{default "an unknown customer" .Customer}} ({{.ClientID}})</p>
{{range .Findings}}<p><b>{{.User.Name}}</b>{{range .List}}, {{label .Name}}: {{.Value}}{{end}}{{range .Links}} <a href="{{.URL}}">{{.Text}}</a>{{end}}</p>
{{end}}{{.Table}}
<p>{{count "finding" .Total}}, first seen {{date "02.01.2006 15:04" "Europe/Berlin" .FirstSeen}}; {{join ", " .Routes}}</p>`
	plainNote = `{{if .AllClear}}<p>Over.</p>{{else}}<p>{{.NewTotal}} new, {{.RepeatedTotal}} again, {{.GoneTotal}} over; {{.Firing}} open at {{.Customer}}</p>
{{range .Gone}}<p>gone: {{cut 60 .Title}}</p>{{end}}{{.Table}}{{end}}`
	plainSummary = `[{{upper .Severity}}] {{.Title}}{{with .User.Name}} - {{.}}{{end}} - {{.Customer}}`
)

func TestTemplatesGolden(t *testing.T) {
	t.Parallel()
	own := mustTemplates(t, Texts{Summary: plainSummary, Body: plainBody, Note: plainNote})
	for name, c := range cases() {
		c.ClientID, c.Routes = 31, []string{"security", "night"}
		subject, err := own.Summary(c)
		if err != nil {
			t.Fatal(err)
		}
		body, err := own.Body(c)
		if err != nil {
			t.Fatal(err)
		}
		checkSafe(t, body)
		if name == "five-thousand" {
			continue // the tables of all cases are in their own files
		}
		golden(t, "template-"+name+".html", "<!-- "+strings.ReplaceAll(subject, "--", "- -")+" -->\n"+body+"\n")
	}
	for name, n := range noteCases() {
		note, err := own.Note(scriptedMany(), n)
		if err != nil {
			t.Fatal(err)
		}
		checkSafe(t, note)
		golden(t, "template-"+name+".html", note+"\n")
	}
}

// What halert writes itself is good enough for the operator's templates too.
func TestPolicyKeepsOwnTable(t *testing.T) {
	t.Parallel()
	for name, c := range cases() {
		own := Body(c)
		kept := safe(own)
		if d := cmp.Diff(strings.TrimSpace(shownText(own)), strings.TrimSpace(shownText(kept))); d != "" {
			t.Errorf("%s: the text changes:\n%s", name, d)
		}
		for _, what := range []string{"<a ", "<th", "<td", "style="} {
			if a, b := strings.Count(own, what), strings.Count(kept, what); a != b {
				t.Errorf("%s: %d of %s become %d", name, a, what, b)
			}
		}
	}
}

func TestParseTemplates(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ text, want string }{
		"unknown field":        {"a\n{{.Refrence}}", "body template, line 2: there is no field .Refrence here; did you mean .Reference?"}, //nolint:misspell // on purpose
		"field of a finding":   {"{{range .Findings}}\n{{.Titel}}{{end}}", "body template, line 2: there is no field .Titel here; did you mean .Title?"},
		"field of a variable":  {"{{range $i, $f := .Findings}}{{$f.User.Nam}}{{end}}", "body template, line 1: there is no field .Nam here; did you mean .Name?"},
		"in a branch not run":  {"{{if eq .Kind `x`}}{{else}}{{end}}{{if eq .Kind `never`}}{{.Nothing}}{{end}}", "body template, line 1: there is no field .Nothing here; known are"},
		"field of a text":      {"{{.Title.Length}}", "body template, line 1: a text has no field .Length"},
		"unknown function":     {"\n\n{{uper .Title}}", "body template, line 3: there is no function uper; did you mean upper?"},
		"no environment":       {`{{env "HOME"}}`, "there is no function env"},
		"no calls":             {`{{call .Title}}`, "there is no function call"},
		"syntax":               {"{{if .Title}}", "body template, line 1: unexpected EOF"},
		"open braces":          {"x\n{{.Title", "body template, line 2: unclosed action"},
		"define":               {`{{define "x"}}a{{end}}b`, "defines a template within the template"},
		"recursion":            {`{{template "body" .}}`, "body template, line 1: it calls a template within the template"},
		"four loops":           {"{{range .Findings}}{{range .Links}}{{range .Text}}{{end}}{{end}}{{end}}", "range goes over a list of the data"},
		"deep loops":           {"{{range .Links}}{{range $.Links}}{{range $.Links}}{{range $.Links}}x{{end}}{{end}}{{end}}{{end}}", "more than 3 deep"},
		"long loops":           {"{{range .Findings}}{{range .List}}{{range $.Findings}}{{.Title}}{{.Device}}{{.User.UPN}}{{end}}{{end}}{{end}}", "steps and more"},
		"a number":             {"{{range 1000000000}}{{end}}", "range goes over a list of the data"},
		"a number in disguise": {"{{$x := .Findings}}{{range .Findings}}{{range $x}}{{end}}{{$x = 1000000000}}{{end}}", "$x is a list and becomes something else"},
		"a function's number":  {"{{range add .Total 1000000000}}{{end}}", "range goes over a list of the data"},
		"wide":                 {`{{printf "%999999d" .Total}}`, "widths of two digits"},
		"zone":                 {`{{date "15:04" "Mars/Olympus" .FirstSeen}}`, "the time zone is unknown"},
		"wrong type":           {`{{upper .Total}}`, "body template, line 1: <.Total>: wrong type for value; expected string; got int"},
		"half a tag":           {`<a href="`, "body template"},
		"growing":              {`{{$x := "0123456789"}}` + strings.Repeat(`{{$x = print $x $x}}`, 30), "makes a text of more than"},
		"growing by replacing": {`{{$x := "aaaaaaaaaa"}}` + strings.Repeat(`{{$x = replace "a" "aaaaaaaaaa" $x}}`, 30), "makes a text of more than"},
		"too large":            {strings.Repeat("x", maxTemplate+1), "it is larger than"},
		"writes too much":      {`{{range .List}}{{end}}`, "there is no field .List here"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := ParseTemplates(Texts{Body: test.text})
			var e *TemplateError
			if got != nil || !errors.As(err, &e) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error: %v\nwant:  %s", err, test.want)
			}
		})
	}
	_, err := ParseTemplates(Texts{Summary: "{{.A}}", Body: "{{.Tenant.X}}", Note: "{{.AllClearr}}"})
	if err == nil || strings.Count(err.Error(), "there is no field") != 3 || !strings.Contains(err.Error(), "did you mean .AllClear?") {
		t.Errorf("not all three are told: %v", err)
	}
}

func TestTemplatesWrite(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ text, want string }{
		"builtins":        {`{{if and .Title (not .Device)}}{{len .Findings}} {{(index .Findings 0).User.Name}}{{end}}`, "3 Mira Holt"},
		"fields by name":  {`{{range slice .Findings 0 1}}{{index .Fields "DisplayName"}}{{.Fields.Missing}}!{{end}}`, "Mira Holt!"},
		"parts":           {`{{with .Tenant}}{{.Domain}}{{end}}`, "harbourdental.onmicrosoft.com"},
		"arithmetic":      {`{{sub (add .Total 2) 1}}`, "4"},
		"texts":           {`{{lower "AB"}}{{trim "  c "}}{{replace "d" "e" "dd"}}{{line "f  g"}}{{print .Total "x"}}`, "abceef g3x"},
		"printf":          {`{{printf "%02d/%s 100%%" .Total .Severity}}`, "03/error 100%"},
		"contains":        {`{{if contains "MFA" .Title}}yes{{end}}`, "yes"},
		"no time":         {`{{date "2006" "UTC" "yesterday"}}`, "yesterday"},
		"own reference":   {`<b>{{.Reference}}</b>`, "<b>HLTQ7M2KXA4T9WBCE</b>"},
		"escaped":         {`{{"<b>&"}}`, "&lt;b&gt;&amp;"},
		"script is gone":  {`a<script>alert({{.Title}})</script><b onclick="x()">c</b>`, "a<b>c</b>"},
		"no odd links":    {`<a href="javascript:alert(1)">a</a><a href="https://u@evil.example/">b</a><a href="data:text/html,x">c</a>`, "<a>a</a><a>b</a><a>c</a>"},
		"styles by list":  {`<p style="position:fixed;color:red;background:url(https://x.example)">a</p>`, `<p style="color: red">a</p>`},
		"lists":           {`{{range $i, $l := .Links}}{{if $i}}|{{end}}{{.Text}}{{else}}none{{end}}`, "Entra: authentication methods|CIPP: MFA report"},
		"else":            {`{{range .Routes}}x{{else}}none{{end}}`, "none"},
		"break":           {`{{range .Findings}}{{.User.Name}}{{break}}{{end}}`, "Mira Holt"},
		"a kept variable": {`{{$n := 0}}{{range .Findings}}{{$n = add $n 1}}{{end}}{{$n}}`, "3"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := scriptedMany()
			got, err := mustTemplates(t, Texts{Body: test.text}).Body(c)
			if err != nil {
				t.Fatal(err)
			}
			checkSafe(t, got)
			if d := cmp.Diff(test.want, strings.TrimSuffix(got, "\n<p>Reference: "+c.Reference+"</p>")); d != "" {
				t.Error(d)
			}
		})
	}
}

// Whatever goes wrong, there is a text.
func TestTemplatesFallBack(t *testing.T) {
	t.Parallel()
	fails := map[string]string{
		"beyond the list": `{{(index .Findings 1).Title}}`,
		"too long":        `{{range .Findings}}{{range .List}}{{range $.Findings}}{{.Title}}{{end}}{{end}}{{end}}`,
		"work":            `{{range .Findings}}{{range .List}}{{upper .Value}}{{lower .Value}}{{upper .Value}}{{lower .Value}}{{end}}{{end}}`,
	}
	long := devices()
	long.Findings = nil
	f := alert.Finding{Title: strings.Repeat("title", 100)}
	for range maxFields {
		f.Fields = append(f.Fields, alert.Field{Name: fmt.Sprint("field", len(f.Fields)), Value: strings.Repeat("value", 150)})
	}
	long.Findings = slices.Repeat([]alert.Finding{f}, MaxRows)
	few := perUser(true)
	for name, text := range fails {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := long
			if name == "beyond the list" {
				c = few
			}
			n := Note{Reference: c.Reference, Mark: "[" + c.Reference + "/3]", New: c.Findings}
			made := mustTemplates(t, Texts{Summary: text, Body: text, Note: text})
			var e *TemplateError
			if got, err := made.Body(c); !errors.As(err, &e) || e.Text != "body" || got != Body(c) {
				t.Errorf("Body: error %v, own text %v", err, got == Body(c))
			}
			if got, err := made.Note(c, n); !errors.As(err, &e) || e.Text != "note" || got != NoteHTML(n) {
				t.Errorf("Note: error %v, own text %v", err, got == NoteHTML(n))
			}
			if got, err := made.Summary(c); !errors.As(err, &e) || e.Text != "summary" || got != Summary(c) {
				t.Errorf("Summary: error %v, own text %v", err, got == Summary(c))
			}
		})
	}
}

func TestTemplatesLeftOut(t *testing.T) {
	t.Parallel()
	c, n := scriptedMany(), noteCases()["note-new-one"]
	for name, made := range map[string]*Templates{"none": nil, "empty": mustTemplates(t, Texts{Body: " \n"}), "silent": mustTemplates(t, Texts{Summary: `{{""}} `, Body: "<p> </p>", Note: "{{/* x */}}<br>"})} {
		summary, err1 := made.Summary(c)
		body, err2 := made.Body(c)
		note, err3 := made.Note(c, n)
		if err := errors.Join(err1, err2, err3); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if summary != Summary(c) || body != Body(c) || note != NoteHTML(n) {
			t.Errorf("%s: not halert's own texts", name)
		}
	}
}

// The marks are looked for in one piece.
func TestMarked(t *testing.T) {
	t.Parallel()
	for page, want := range map[string]string{
		"<p>HLT1</p>":                            "<p>HLT1</p>",
		"<p>HL<b>T1</b></p>":                     "<p>HL<b>T1</b></p>\n<p>Reference: HLT1</p>",
		`<a href="https://x.example/HLT1">x</a>`: `<a href="https://x.example/HLT1">x</a>` + "\n<p>Reference: HLT1</p>",
	} {
		if got := marked(page, "Reference: ", "HLT1"); got != want {
			t.Errorf("%s becomes %s", page, got)
		}
	}
}

// FuzzTemplates puts foreign text into a template and a foreign template
// around it: neither brings in what runs, and the marks are there.
func FuzzTemplates(f *testing.F) {
	for _, template := range []string{plainBody, plainNote, `<a href="{{.Title}}" style="color:{{.What}}">{{.Customer}}</a>`, `<b {{.Title}}={{.What}}>`, `<script>{{.Title}}</script>`,
		`<svg onload={{.Title}}>`, `<p style="background:url({{.Title}})">`, `{{range .Findings}}{{.List}}{{end}}`, `<!--{{.Title}}-->`, `<textarea>{{.Table}}`, `<math><style>{{.Title}}`} {
		f.Add(template, evil, "javascript:alert(1)")
		f.Add(template, "</p onclick=x>", "a\x00\xff\u202E")
	}
	f.Fuzz(func(t *testing.T, template, value, link string) {
		c := ticket(adminsWithoutMFA, 2, admin(value, link, value))
		c.Reference, c.Customer, c.Topic.Title, c.Topic.What = "HLTFUZZ", value, link, value
		n := Note{Reference: c.Reference, Mark: "[HLTFUZZ/4]", New: c.Findings, NewTotal: 1}
		for _, texts := range []Texts{{Summary: template}, {Body: template}, {Note: template}, {Summary: plainSummary, Body: plainBody, Note: plainNote}} {
			made, err := ParseTemplates(texts)
			if err != nil {
				var e *TemplateError
				if !errors.As(err, &e) || made != nil {
					t.Errorf("the error is %#v", err)
				}
				continue
			}
			subject, _ := made.Summary(c) // with an error it is halert's own, which is checked as well
			if !utf8.ValidString(subject) || subject == "" || utf8.RuneCountInString(subject) > MaxSummary || strings.ContainsAny(subject, "\r\n\x00") {
				t.Errorf("the subject is %q", subject)
			}
			body, _ := made.Body(c)
			note, _ := made.Note(c, n)
			checkSafe(t, body)
			checkSafe(t, note)
			if !strings.Contains(shownText(body), "HLTFUZZ") || !strings.Contains(note, "[HLTFUZZ/4]") {
				t.Errorf("a mark is missing:\n%s\n%s", body, note)
			}
			if again := bluemonday.StrictPolicy().Sanitize(safe(body)); again == "" {
				t.Error("nothing is left to read")
			}
		}
	})
}

// One set of templates serves all workers; the race detector looks on.
func TestTemplatesTogether(t *testing.T) {
	t.Parallel()
	own := mustTemplates(t, Texts{Summary: plainSummary, Body: plainBody, Note: plainNote})
	c, n := scriptedMany(), noteCases()["note-new-one"]
	want, err := own.Body(c)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			body, err1 := own.Body(c)
			_, err2 := own.Note(c, n)
			_, err3 := own.Summary(c)
			if err := errors.Join(err1, err2, err3); err != nil || body != want {
				t.Errorf("error %v, the same text %v", err, body == want)
			}
		})
	}
	wg.Wait()
}
