package source_test

import (
	"strings"
	"testing"

	"github.com/halert/halert/internal/source"
)

// TestKindsAreReadable gives every kind a body of its own.
func TestKindsAreReadable(t *testing.T) {
	t.Parallel()
	bodies := map[string]string{
		source.CIPP:         `{"API":"Alerts","Message":"Token refused","Tenant":"wingtip.example","RowKey":"1"}`,
		source.Alertmanager: `{"alerts":[{"status":"firing","labels":{"alertname":"DiskFull","tenant":"wingtip.example"}}]}`,
		source.Generic:      `{"tenant":"wingtip.example","title":"Disk full"}`,
	}
	if len(bodies) != len(source.Kinds()) {
		t.Errorf("kinds are %v; a new one needs a body here", source.Kinds())
	}
	for _, kind := range source.Kinds() {
		p, err := source.New(kind, source.Options{CIPPURL: "https://cipp.msp.example"})
		if err != nil {
			t.Errorf("%s: %v", kind, err)
			continue
		}
		stored, err := p.Prepare([]byte("\uFEFF" + bodies[kind]))
		if err != nil {
			t.Errorf("%s: %v", kind, err)
			continue
		}
		msg, err := p.Parse(stored)
		if err != nil || len(msg.Events) != 1 || msg.Events[0].Tenant.Domain != "wingtip.example" {
			t.Errorf("%s: %+v, %v", kind, msg, err)
		}
		for _, broken := range []string{"", "{", `"x"`, "\xff\xfe{\x00}\x00"} {
			if _, err := p.Prepare([]byte(broken)); err == nil {
				t.Errorf("%s reads %q", kind, broken)
			}
		}
	}
}

func TestUnknownKind(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"", "CIPP", "zabbix"} {
		_, err := source.New(kind, source.Options{})
		if err == nil {
			t.Errorf("%q is a kind", kind)
			continue
		}
		for _, want := range source.Kinds() {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%q: the error %q does not name the kind %s", kind, err, want)
			}
		}
	}
}
