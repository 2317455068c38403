package notify

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"mime"
	"mime/quotedprintable"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func sample() Message {
	return Message{ID: "stuck-began-20261123T080000", Kind: Stuck, Phase: Began, At: t0, Subject: "halert: nichts geht über die Leitung",
		Text: "First line.\n\nSecond paragraph with ünïcode, and a long line " + strings.Repeat("of words ", 30) + "\n.\nEnd.\n"}
}

func TestMail(t *testing.T) {
	for name, tt := range map[string]struct {
		server *mailServer
		mode   TLSMode
		user   string
	}{
		"starttls and LOGIN, as Microsoft 365": {&mailServer{start: true, auth: "LOGIN XOAUTH2"}, StartTLS, "halert"},
		"starttls and PLAIN":                   {&mailServer{start: true, auth: "PLAIN"}, StartTLS, "halert"},
		"tls and PLAIN":                        {&mailServer{whole: true, auth: "PLAIN LOGIN"}, WholeTLS, "halert"},
		"starttls without sign-in":             {&mailServer{start: true}, StartTLS, ""},
		"in clear":                             {&mailServer{}, NoTLS, ""},
	} {
		t.Run(name, func(t *testing.T) {
			server := tt.server
			n := New(Options{Now: func() time.Time { return t0 }, TLS: serveMail(t, server)})
			e := &Email{Server: server.addr, From: "halert@msp.example", To: []string{"noc@msp.example", "oncall@msp.example"}, Username: tt.user, Password: mailPassword, TLS: tt.mode}
			if err := n.mail(t.Context(), e, sample()); err != nil {
				t.Fatal(err)
			}
			got := server.received()
			if len(got) != 1 {
				t.Fatalf("%d mails", len(got))
			}
			if got[0].tls != (tt.mode != NoTLS) || got[0].user != tt.user || len(got[0].to) != 2 || !strings.HasPrefix(got[0].from, "FROM:<halert@msp.example>") {
				t.Errorf("envelope %+v", got[0])
			}
			checkMail(t, got[0].data)
		})
	}
}

func checkMail(t *testing.T, data string) {
	t.Helper()
	parsed, err := mail.ReadMessage(strings.NewReader(data))
	if err != nil {
		t.Fatalf("%v in:\n%s", err, data)
	}
	h := parsed.Header
	subject, err := new(mime.WordDecoder).DecodeHeader(h.Get("Subject"))
	if err != nil || subject != sample().Subject {
		t.Errorf("subject %q, %v", subject, err)
	}
	date, err := h.Date()
	if err != nil || !date.Equal(t0) {
		t.Errorf("date %s, %v", date, err)
	}
	for header, want := range map[string]string{
		"Message-ID": "<stuck-began-20261123T080000.halert@msp.example>", "Auto-Submitted": "auto-generated",
		"Content-Type": "text/plain; charset=UTF-8", "Content-Transfer-Encoding": "quoted-printable",
	} {
		if got := h.Get(header); got != want {
			t.Errorf("%s is %q, want %q", header, got, want)
		}
	}
	body, err := io.ReadAll(quotedprintable.NewReader(parsed.Body))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(sample().Text, strings.ReplaceAll(string(body), "\r\n", "\n")); diff != "" {
		t.Errorf("body (-want +got):\n%s", diff)
	}
}

func TestMailThatCannotBeSent(t *testing.T) {
	for name, tt := range map[string]struct {
		server   *mailServer
		trust    bool
		password string
		want     string
	}{
		"no STARTTLS":           {&mailServer{auth: "PLAIN"}, true, mailPassword, "STARTTLS"},
		"a foreign certificate": {&mailServer{start: true, auth: "PLAIN"}, false, mailPassword, "certificate"},
		"a wrong password":      {&mailServer{start: true, auth: "PLAIN"}, true, "wrong-password", "not known"},
		"nobody of that name":   {&mailServer{start: true, auth: "LOGIN", deny: "oncall"}, true, mailPassword, "nobody lives here"},
	} {
		t.Run(name, func(t *testing.T) {
			server := tt.server
			trust := serveMail(t, server)
			if !tt.trust {
				trust = nil
			}
			n := New(Options{Now: func() time.Time { return t0 }, TLS: trust})
			err := n.mail(t.Context(), &Email{Server: server.addr, From: "halert@msp.example", To: []string{"oncall@msp.example"}, Username: "halert", Password: tt.password, TLS: StartTLS}, sample())
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), server.addr) || strings.Contains(err.Error(), "password") {
				t.Errorf("error %v, want one with %q and without the password", err, tt.want)
			}
			if got := server.received(); len(got) != 0 {
				t.Errorf("the server took %+v", got)
			}
		})
	}
}

func TestWebhook(t *testing.T) {
	var header http.Header
	var body []byte
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header = r.Header
		body, _ = io.ReadAll(r.Body)
		w.WriteHeader(http.StatusAccepted)
	}))
	defer hook.Close()
	n := New(Options{Now: func() time.Time { return t0 }})
	for _, secret := range []string{"", "signing-secret"} {
		if err := n.post(t.Context(), &Webhook{URL: hook.URL + "/in?key=k", Secret: secret}, sample()); err != nil {
			t.Fatal(err)
		}
		want := ""
		if secret != "" {
			mac := hmac.New(sha256.New, []byte(secret))
			mac.Write(body)
			want = "sha256=" + hex.EncodeToString(mac.Sum(nil))
		}
		if got := header.Get("X-Halert-Signature"); got != want {
			t.Errorf("signature %q, want %q", got, want)
		}
		var got map[string]string
		if err := json.Unmarshal(body, &got); err != nil || header.Get("Content-Type") != "application/json" {
			t.Errorf("%s %s: %v", header.Get("Content-Type"), body, err)
		}
		if diff := cmp.Diff(map[string]string{"id": "stuck-began-20261123T080000", "kind": "stuck", "phase": "began", "at": "2026-11-23T08:00:00Z",
			"subject": sample().Subject, "text": sample().Text}, got); diff != "" {
			t.Errorf("body (-want +got):\n%s", diff)
		}
	}
}

func TestWebhookThatDoesNotTakeIt(t *testing.T) {
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/key-500":
			w.WriteHeader(http.StatusInternalServerError)
		case "/key-302":
			http.Redirect(w, r, "/elsewhere", http.StatusFound)
		case "/key-cut":
			panic(http.ErrAbortHandler)
		}
	}))
	defer hook.Close()
	n := New(Options{Now: func() time.Time { return t0 }})
	for path, want := range map[string]string{"/key-500": "answered 500", "/key-302": "answered 302", "/key-cut": "post to the webhook"} {
		err := n.post(t.Context(), &Webhook{URL: hook.URL + path, Secret: "signing-secret"}, sample())
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "key") || strings.Contains(err.Error(), "signing") {
			t.Errorf("%s: error %v, want one with %q that shows no path and no secret", path, err, want)
		}
	}
	if err := n.post(t.Context(), &Webhook{URL: "http://127.0.0.1:1/key"}, sample()); err == nil || strings.Contains(err.Error(), "key") {
		t.Errorf("nobody listens: %v", err)
	}
}
