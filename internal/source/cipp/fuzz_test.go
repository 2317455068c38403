package cipp_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/halert/halert/internal/alert"
)

// addBodies gives every body of the test data to a fuzz target.
func addBodies(f *testing.F) {
	f.Helper()
	paths, err := filepath.Glob("testdata/bodies/*.json")
	if err != nil || len(paths) == 0 {
		f.Fatal("no bodies", err)
	}
	for _, path := range paths {
		body, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body)
	}
}

// FuzzPrepare checks of any bytes that what is stored is stable and valid.
func FuzzPrepare(f *testing.F) {
	addBodies(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		stored, err := parser().Prepare(body)
		if err != nil {
			if !utf8.Valid(stored) || bytes.IndexByte(stored, 0) >= 0 {
				t.Error("what goes to quarantine is not clean text")
			}
			return
		}
		if !json.Valid(stored) || !utf8.Valid(stored) {
			t.Errorf("what is stored is not JSON: %q", stored)
		}
		if _, err := parser().Prepare(stored); err != nil {
			t.Errorf("what is stored cannot be prepared again: %v", err)
		}
	})
}

// FuzzParse checks of any readable body that the events are well formed, and
// the same each time.
func FuzzParse(f *testing.F) {
	addBodies(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		stored, err := parser().Prepare(body)
		if err != nil {
			return
		}
		msg, err := parser().Parse(stored)
		again, err2 := parser().Parse(stored)
		if (err == nil) != (err2 == nil) {
			t.Fatalf("once %v, once %v", err, err2)
		}
		if diff := cmp.Diff(msg, again); diff != "" {
			t.Fatalf("two readings differ:\n%s", diff)
		}
		if err == nil && len(msg.Events) == 0 && msg.Note == "" {
			t.Error("neither an event, nor a note, nor an error")
		}
		seen := make(map[[4]string]bool)
		for _, e := range msg.Events {
			checkEvent(t, e)
			key := [4]string{e.Tenant.ID, e.Tenant.Domain, e.Topic.Kind, e.Fingerprint + string(e.Action)}
			if seen[key] {
				t.Errorf("two events are one: %q", key)
			}
			seen[key] = true
		}
		for _, p := range msg.Tenants {
			if p.ID == "" || p.Domain == "" {
				t.Errorf("half a pair: %+v", p)
			}
		}
	})
}

func checkEvent(t *testing.T, e alert.Event) {
	t.Helper()
	if e.Topic.Kind == "" || e.Topic.Title == "" || e.Finding.Title == "" || e.Fingerprint == "" {
		t.Errorf("kind %q, title %q, finding %q, fingerprint %q", e.Topic.Kind, e.Topic.Title, e.Finding.Title, e.Fingerprint)
	}
	if e.Severity < alert.Info || e.Severity > alert.Critical {
		t.Errorf("severity %d", e.Severity)
	}
	texts := []string{
		e.Topic.Kind, e.Topic.Title, e.Topic.Comment, e.Tenant.ID, e.Tenant.Domain, e.Fingerprint, e.Finding.Title,
		e.Finding.Device, e.Finding.User.UPN, e.Finding.User.ObjectID, e.Finding.User.Name,
	}
	for _, f := range e.Finding.Fields {
		texts = append(texts, f.Name, f.Value)
	}
	for _, l := range append(e.Finding.Links, e.Topic.Links...) {
		texts = append(texts, l.Text, l.URL)
		if !strings.HasPrefix(l.URL, "https://") && !strings.HasPrefix(l.URL, "http://") {
			t.Errorf("link %q", l.URL)
		}
	}
	for _, s := range texts {
		if !utf8.ValidString(s) || strings.ContainsRune(s, 0) || utf8.RuneCountInString(s) > 2000 {
			t.Errorf("text %.200q is not clean, or too long", s)
		}
	}
	if n := utf8.RuneCountInString(e.Finding.Title); n > 300 {
		t.Errorf("a title of %d runes", n)
	}
}

// FuzzSecrets hides a secret in the parameters of a task, under any name and at
// any depth of quoting, and looks for it in what is stored.
func FuzzSecrets(f *testing.F) {
	f.Add("InputValue", "Headers", "x", uint8(0), "")
	f.Add("password", "a", "Results", uint8(3), "We found: <br><br>")
	f.Add("p\"q", "UserPrincipalName", "TaskInfo", uint8(9), "``` {")
	f.Fuzz(func(t *testing.T, name, outer, beside string, shape uint8, intro string) {
		const marker = "zq7Kx0Secret9"
		if strings.Contains(name+outer+beside+intro, marker) {
			return
		}
		wrap := func(v any) any {
			text, err := json.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			return string(text)
		}
		var params any = map[string]any{outer: map[string]any{name: marker}, name: []string{marker}, "copyField": marker}
		for range shape & 3 {
			params = wrap(params)
		}
		var body any = map[string]any{"Tenant": "w.example", "TaskInfo": map[string]any{"Command": "x", "pArameters": params, "Name": "n"}}
		if shape&4 != 0 {
			body = map[string]any{"payload": []any{body}, "source": beside, "schemaVersion": "1.0"}
		}
		if shape&8 != 0 {
			body = map[string]any{"text": intro + wrap(body).(string)}
		}
		text := []byte(wrap(body).(string))
		stored, err := parser().Prepare(text)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(stored, []byte(marker)) {
			t.Errorf("stored: %s", stored)
		}
		if shape&16 == 0 {
			return
		}
		kept, err := parser().Prepare(text[:len(text)-1])
		if err == nil || bytes.Contains(kept, []byte(marker)) {
			t.Errorf("in quarantine: %s (%v)", kept, err)
		}
	})
}
