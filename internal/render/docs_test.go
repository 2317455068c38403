package render

import (
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The page of the templates names all fields and functions, and none that do
// not exist.
func TestDocsNameAllFieldsAndFunctions(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("../../docs/templates.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(data)
	section := func(title string) string {
		_, after, found := strings.Cut(page, "\n## "+title+"\n")
		if !found {
			t.Fatalf("no section %s", title)
		}
		text, _, _ := strings.Cut(after, "\n## ")
		return text
	}
	var documented, fields []string
	for _, m := range regexp.MustCompile("(?m)^\\| (`[^|]*`) \\|").FindAllStringSubmatch(section("Fields"), -1) {
		documented = append(documented, regexp.MustCompile(`\.[A-Z]\w*`).FindAllString(m[1], -1)...)
	}
	for _, m := range regexp.MustCompile("each has `(\\.\\w+)` and `(\\.\\w+)`").FindAllStringSubmatch(section("Fields"), -1) {
		documented = append(documented, m[1:]...)
	}
	for _, root := range []any{NoteData{}, Tenant{}, Person{}, Finding{}, Field{}, Link{}, SectionData{}} {
		fields = append(fields, dotted(reflect.TypeOf(root))...)
	}
	sorted := func(names []string) []string { slices.Sort(names); return slices.Compact(names) }
	if a, b := sorted(documented), sorted(fields); !slices.Equal(a, b) {
		t.Errorf("documented are\n%v\nthere are\n%v", a, b)
	}
	functions := section("Functions")
	for name := range newRun().functions() {
		if !regexp.MustCompile("`" + name + " ").MatchString(functions) {
			t.Errorf("the function %s is not in the table", name)
		}
	}
	for name := range builtins() {
		if !strings.Contains(functions, "`"+name+"`") {
			t.Errorf("Go's function %s is not named", name)
		}
	}
}
