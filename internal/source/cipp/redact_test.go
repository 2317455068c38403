package cipp_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/halert/halert/internal/source/cipp"
)

// secretBodies hold a secret in every place where CIPP may put one.
func secretBodies() map[string]string {
	inner := `{"UserPrincipalName":"noor@wingtip.example","InputValue":"Quartz!Falcon77","Headers":{"x-ms-client-principal":"Quartz!Falcon77"}}`
	quoted := func(s string) string { b, _ := json.Marshal(s); return string(b) }
	task := func(params, results string) string {
		return `{"Tenant":"wingtip.example","TaskInfo":{"Command":"Add-Thing","Name":"Do it","Parameters":` + params + `},"Results":` + results + `}`
	}
	return map[string]string{
		"parameters as a string":  task(quoted(inner), `[]`),
		"parameters as an object": task(inner, `[]`),
		"parameters twice quoted": task(quoted(quoted(inner)), `[]`),
		"parameters as text":      task(quoted("@{InputValue=Quartz!Falcon77; Headers=}"), `[]`),
		"parameters as a list":    task(`["Quartz!Falcon77"]`, `[]`),
		"task as text":            `{"Tenant":"w.example","TaskInfo":"@{Command=x; Parameters={\"a\":\"Quartz!Falcon77\"}; Name=y}","Results":[]}`,
		"task quoted":             `{"Tenant":"w.example","TaskInfo":` + quoted(`{"Command":"x","Parameters":`+quoted(inner)+`}`) + `}`,
		"standardised":            `{"schemaVersion":"1.0","payload":[{"task":{"command":"x","PARAMETERS":` + quoted(inner) + `},"results":[]}]}`,
		"teams":                   `{"text":` + quoted("We found: <br><br>"+task(quoted(inner), `[]`)) + `}`,
		"slack":                   `{"text":` + quoted("We found: ```"+task(quoted(inner), `[]`)+"```") + `}`,
		"teams, cut off":          `{"text":` + quoted("We found: <br><br>"+task(quoted(inner), `[]`)[:150]) + `}`,
		"slack blocks":            `{"blocks":[{"type":"section","fields":[{"type":"mrkdwn","text":"*Password:*\nQuartz!Falcon77"}]}]}`,
		"password field":          task(`{}`, `[{"newPassword":"Quartz!Falcon77","Message":"Use Quartz!Falcon77 to sign in"}]`),
		"pass field":              task(`{}`, `[{"TemporaryAccessPass":"Quartz!Falcon77"}]`),
		"nested":                  task(`{}`, `[{"a":[{"b":{"passwordProfile":{"password":"Quartz!Falcon77"}}}]}]`),
		"name and value":          task(`{}`, `[{"Name":"Password","Value":"Quartz!Falcon77"}]`),
		"keys and values":         task(`{}`, `{"Keys":["user","password"],"Values":["noor","Quartz!Falcon77"],"Count":2}`),
		"copy field":              task(`{}`, `[{"resultText":"Done: Quartz!Falcon77","copyField":"Quartz!Falcon77"}]`),
		"parameter in a result":   task(`{"password":"Quartz!Falcon77"}`, `["Mailbox made, first sign-in with Quartz!Falcon77 please"]`),
		"password is":             task(`{}`, `["The password is Quartz!Falcon77"]`),
		"password colon":          task(`{}`, `["Password: Quartz!Falcon77"]`),
		"new password is":         task(`{}`, `["Reset it. The new password is Quartz!Falcon77."]`),
		"new password":            task(`{}`, `["Set new password Quartz!Falcon77 for noor"]`),
		"password for":            task(`{}`, `["Password for noor@wingtip.example has been reset to Quartz!Falcon77"]`),
		"password in html":        task(`{}`, `["Password is <b>Quartz!Falcon77</b>"]`),
		"pass for":                task(`{}`, `["Temporary Access Pass for noor@wingtip.example is Quartz!Falcon77"]`),
		"password twice":          task(`{}`, `["Set password: password is Quartz!Falcon77"]`),
		"TAP":                     task(`{}`, `["The TAP for noor is 'Quartz!Falcon77'"]`),
		"hash table as text":      task(`{}`, `["@{User=noor; Password=Quartz!Falcon77; State=ok}"]`),
		"headers":                 `{"Tenant":"w.example","API":"x","Message":"y","Headers":{"a":"Quartz!Falcon77"},"x-forwarded-for":"Quartz!Falcon77"}`,
		"log data":                `{"Tenant":"w.example","API":"x","Message":"y","LogData":` + quoted(`{"clientSecret":"Quartz!Falcon77"}`) + `}`,
		"unknown kind":            `[{"what":{"Parameters":{"a":"Quartz!Falcon77"}}}]`,
		"snooze":                  `{"TaskInfo":{"Command":"x"},"Results":[{"password":"Quartz!Falcon77"}],"Snooze":{"items":[{"contentPreview":"Quartz!Falcon77","alertItem":{"password":"Quartz!Falcon77"}}]}}`,
	}
}

// TestNothingSecretIsStored prepares those bodies, whole and broken.
func TestNothingSecretIsStored(t *testing.T) {
	t.Parallel()
	onlyRepeated := map[string]bool{"keys and values": true}
	for name, body := range secretBodies() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stored, err := parser().Prepare([]byte(body))
			if err != nil {
				t.Fatal(err)
			}
			if bytes.Contains(stored, []byte("Falcon77")) {
				t.Errorf("the secret is stored: %s", stored)
			}
			again, err := parser().Prepare(stored)
			if err != nil || !bytes.Equal(again, stored) {
				t.Errorf("prepared again it differs: %v\n%s\n%s", err, stored, again)
			}
			// The same body, broken, as it goes to quarantine. There, only
			// names and wording tell what is a secret.
			kept := cipp.Redact([]byte(body[:len(body)-1]))
			if bytes.Contains(kept, []byte("Falcon77")) && !onlyRepeated[name] {
				t.Errorf("the secret is in quarantine: %s", kept)
			}
		})
	}
}

// TestQuarantineKeepsNoParameters breaks bodies in ways that cannot be decoded.
func TestQuarantineKeepsNoParameters(t *testing.T) {
	t.Parallel()
	body := readBody(t, "task-new-user-legacy")
	deep := append(bytes.Repeat([]byte("["), 20_000), body...)
	var wide []byte
	for _, u := range utf16.Encode([]rune("\uFEFF" + string(body))) {
		wide = append(wide, byte(u), byte(u>>8))
	}
	for name, broken := range map[string][]byte{
		"cut off":   body[:len(body)-3],
		"cut early": body[:bytes.Index(body, []byte("Falcon77"))+4],
		"too deep":  deep,
		"UTF-16":    wide,
		"trailing":  append(bytes.Clone(body), "}}"...),
		"quoted": []byte(`{"text":"{\"Parameters\":\"{\\\"p\\\":\\\"Quartz!Falcon77\\\"}\",` +
			`\"password\":\"Quartz!Falcon77\"}"`),
		"escaped quotes": []byte(`{"a":"\u0022Parameters\u0022:\u0022Quartz!Falcon77\u0022"`),
		"nested":         []byte(`{"Parameters":{"a":"}","b":["]","Quartz!Falcon77"]},"z":1`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			kept, err := parser().Prepare(broken)
			if err == nil {
				t.Fatal("it can be decoded")
			}
			if strings.Contains(err.Error(), "Falcon") || strings.Contains(err.Error(), "wingtip") {
				t.Errorf("the error quotes the body: %v", err)
			}
			for _, word := range []string{"Quartz", "Falcon", "dana-principal", "198.51.100"} {
				if bytes.Contains(kept, []byte(word)) {
					t.Errorf("%q is kept: %.300q", word, kept)
				}
			}
		})
	}
}

// TestRedactionSparesTheRest names texts that speak of passwords and hold none.
func TestRedactionSparesTheRest(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"Reset user password.", "The password is expired", "User must change password at next logon", "Password is required",
		"Secret 'build' of app Harbour expires 2026-10-01", "The password was changed by dana", "new password policy for all",
		"Failed to reset password for noor@wingtip.example",
	} {
		body, err := json.Marshal(map[string]any{"Tenant": "w.example", "SecretName": "build", "lastPasswordChangeDateTime": "2026-09-14", "Message": text})
		if err != nil {
			t.Fatal(err)
		}
		stored, err := parser().Prepare(body)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(stored, body) {
			t.Errorf("changed to %s", stored)
		}
	}
}

// TestBodiesKeepNoCaller looks through the golden files: whatever is added
// there, what the test bodies hold of secrets is not.
func TestBodiesKeepNoCaller(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob("testdata/golden/*.json")
	if err != nil || len(paths) < 60 {
		t.Fatal(len(paths), err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, word := range []string{"Falcon77", "8kz#", "dana-principal", "ZGFuYS1wcmluY2lwYWw", "198.51.100", "InputValue"} {
			if bytes.Contains(text, []byte(word)) {
				t.Errorf("%s holds %q", path, word)
			}
		}
	}
}

func TestUnreadableBodies(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"empty": "", "blank": " \n", "text": "hello", "cut": `{"a":`, "scalar": `"hello"`, "number": `7`, "null": `null`,
		"two": `{}{}`, "UTF-16": "\xff\xfe{\x00}\x00", "UTF-16 without mark": "{\x00}\x00", "deep": strings.Repeat("[", 10_001) + strings.Repeat("]", 10_001),
	} {
		if _, err := parser().Prepare([]byte(body)); err == nil {
			t.Errorf("%s: no error", name)
		} else if len(err.Error()) < 20 || !strings.Contains(err.Error(), ";") {
			t.Errorf("%s: the error %q does not say what to do", name, err)
		}
	}
	for name, body := range map[string]string{"{}": `{}`, "[]": `[]`, "[null]": `[null,{}]`} {
		stored, err := parser().Prepare([]byte(body))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := parser().Parse(stored); err == nil {
			t.Errorf("%s: an alert out of nothing", name)
		}
	}
}

func TestOddBodiesAreRead(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat(`{"a":`, 9_990) + "1" + strings.Repeat("}", 9_990)
	for name, body := range map[string]string{
		"byte order mark": "\uFEFF" + `{"Tenant":"w.example","Message":"x"}`,
		"NUL":             `{"Tenant":"w.example","Message":"a\u0000b"}`,
		"invalid UTF-8":   "{\"Tenant\":\"w.example\",\"Message\":\"a\xffb\"}",
		"deep":            `{"Tenant":"w.example","Message":` + deep + `}`,
		"deep result":     `{"Tenant":"w.example","TaskInfo":{"Command":"x"},"Results":` + deep + `}`,
	} {
		events := parse(t, []byte(body)).Events
		if len(events) != 1 || events[0].Tenant.Domain != "w.example" {
			t.Errorf("%s: %d events", name, len(events))
			continue
		}
		if text := fmt.Sprint(events); strings.ContainsRune(text, 0) {
			t.Errorf("%s: NUL in %q", name, text)
		}
	}
	title := parse(t, []byte(`{"Tenant":"w.example","Message":"`+strings.Repeat("word ", 1000)+`"}`)).Events[0].Finding
	if n := len([]rune(title.Title)); n > 300 {
		t.Errorf("a title of %d runes", n)
	}
	if v := title.Fields[0].Value; len([]rune(v)) > 2000 || len(v) < 1900 {
		t.Errorf("the long text has %d runes", len([]rune(v)))
	}
}
