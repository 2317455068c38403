package noise_test

import (
	"testing"

	"github.com/halert/halert/internal/cippmodel"
	"github.com/halert/halert/internal/noise"
	"github.com/halert/halert/internal/synth"
)

func TestShortMonth(t *testing.T) {
	m, err := synth.New(synth.Options{Days: 3, Tenants: 8})
	if err != nil {
		t.Fatal(err)
	}
	got, err := noise.Play(t.Context(), m, t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", noise.Judge(m, got.Tickets, noise.FromCIPP))
	t.Logf("%+v", noise.Judge(m, got.Tickets, noise.FromAlertmanager))
	t.Logf("%+v", noise.Judge(m, noise.OfModel(cippmodel.Tickets(m)), noise.FromCIPP))
	got.Tickets = nil
	t.Logf("%+v", got)
}
