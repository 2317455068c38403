package demo

import (
	"bytes"
	"log/slog"
	"regexp"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("database/sql.(*DB).connectionOpener"))
}

// Every sample becomes a ticket, on the customer whose tenant it names.
func TestOnce(t *testing.T) {
	var out, progress bytes.Buffer
	if err := Run(t.Context(), Options{Once: true, Log: slog.New(slog.DiscardHandler)}, &out, &progress); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	for _, line := range lines {
		if !regexp.MustCompile(`^\d+ `).MatchString(line) {
			t.Errorf("%q does not begin with Halo's ticket id", line)
		}
	}
	if len(lines) != 17 {
		t.Errorf("%d tickets, want 17:\n%s", len(lines), out.String())
	}
	for customer, want := range map[string]int{"Contoso": 5, "Fabrikam": 4, "Acme Dental": 4, "Northwind Traders": 3, "Our own service desk": 1} {
		if n := strings.Count(out.String(), customer+"  "); n != want {
			t.Errorf("%s has %d tickets, want %d:\n%s", customer, n, want, out.String())
		}
	}
	if strings.Contains(out.String()+progress.String(), "Sunny-Harbour") {
		t.Error("a password from a task's result was shown")
	}
}
