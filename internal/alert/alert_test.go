package alert

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestSeverityWords(t *testing.T) {
	for word, want := range map[string]Severity{
		"critical": Critical, " High ": Error, "MEDIUM": Warning, "low": Info, "Sev1": Critical, "informational": Info, "purple": 0, "": 0,
	} {
		if got := ParseSeverity(word); got != want {
			t.Errorf("%q is %v, want %v", word, got, want)
		}
	}
	for _, s := range []Severity{Info, Warning, Error, Critical} {
		text, err := s.MarshalText()
		var back Severity
		if err != nil || back.UnmarshalText(text) != nil || back != s {
			t.Errorf("%v does not survive as text %q", s, text)
		}
	}
	if new(Severity).UnmarshalText([]byte("High")) == nil {
		t.Error("a word that is none of the four was read")
	}
}

func TestShortTime(t *testing.T) {
	for d, want := range map[time.Duration]string{5 * time.Minute: "5m", time.Hour: "1h", 90 * time.Minute: "1h30m", 30 * time.Second: "30s", 0: "0s", 20 * time.Minute: "20m"} {
		if got := ShortTime(d); got != want {
			t.Errorf("%v is %q, want %q", d, got, want)
		}
	}
}

func TestUserIsComparedWithoutCase(t *testing.T) {
	if a, b := (User{UPN: "Adele@Contoso.com"}), (User{UPN: " adele@contoso.com "}); a.Key() != b.Key() {
		t.Errorf("%q and %q", a.Key(), b.Key())
	}
	if got := (User{UPN: "a@x", Name: "Adele"}).String(); got != "Adele (a@x)" {
		t.Errorf("shown as %q", got)
	}
}

func TestOneTenantCannotBelongToTwo(t *testing.T) {
	_, err := NewDirectory([]Customer{{ClientID: 1, Tenants: []string{"a.example"}}, {ClientID: 2, Tenants: []string{"A.example"}}})
	if err == nil {
		t.Error("it was given to both")
	}
}

func TestKeysKeepPartsApart(t *testing.T) {
	if DedupKey("s", "ab", "c", "d") == DedupKey("s", "a", "bc", "d") {
		t.Error("the parts of a dedup key run together")
	}
	c := Customer{ClientID: 1}
	if GroupKey(c, "s", "ab", "c", "") == GroupKey(c, "s", "a", "bc", "") {
		t.Error("the parts of a group key run together")
	}
	if GroupKey(Customer{ClientID: 1, SiteID: 11}, "s", "k", "", "") == GroupKey(Customer{ClientID: 11, SiteID: 1}, "s", "k", "", "") {
		t.Error("client and site run together")
	}
}

func FuzzText(f *testing.F) {
	for _, s := range []string{"", "plain", "a\x00b", "\xff\xfe", "line\r\nline\rline", "ab\u202Edc", strings.Repeat("é", 400)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		clean := CleanText(s)
		if !utf8.ValidString(clean) || strings.ContainsAny(clean, "\x00\r\x1b\u202E") {
			t.Errorf("%q became %q", s, clean)
		}
		if CleanText(clean) != clean {
			t.Errorf("cleaning %q twice changes it", s)
		}
		if cut := Cut(clean, 10); utf8.RuneCountInString(cut) > 10 {
			t.Errorf("%q was cut to %q", clean, cut)
		}
		if strings.ContainsAny(OneLine(s), "\n\t") {
			t.Errorf("%q is more than one line", OneLine(s))
		}
	})
}

func TestMoveGroup(t *testing.T) {
	from, to := Customer{ClientID: 12}, Customer{ClientID: 14, SiteID: 31}
	if got, want := MoveGroup(GroupKey(from, "cipp", "mfa", "adele", "n"), to), GroupKey(to, "cipp", "mfa", "adele", "n"); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := MoveGroup("no key of ours", to); got != "no key of ours" {
		t.Errorf("got %s", got)
	}
}
