package synth_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/halert/halert/internal/source"
	"github.com/halert/halert/internal/synth"
)

var update = flag.Bool("update", false, "write the golden files")

// defaultMonth is the month that everybody gets.
var defaultMonth = sync.OnceValues(func() (*synth.Month, error) { return synth.New(synth.Options{}) })

func month(t *testing.T) *synth.Month {
	t.Helper()
	m, err := defaultMonth()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func small(t *testing.T, seed uint64) *synth.Month {
	t.Helper()
	m, err := synth.New(synth.Options{Seed: seed, Days: 4, Tenants: 5})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestDefaultMonth: everybody has the same month, on every machine. Its
// figures stand in docs/noise.md.
func TestDefaultMonth(t *testing.T) {
	m := month(t)
	sum := sha256.New()
	for _, b := range m.Bodies {
		sum.Write(b.JSON)
	}
	truth, err := json.Marshal(m.Incidents)
	if err != nil {
		t.Fatal(err)
	}
	sum.Write(truth)
	kinds := make(map[string]int)
	for _, in := range m.Incidents {
		kind := in.Kind
		if strings.HasPrefix(kind, "baseline ") {
			kind = "baseline"
		}
		kinds[kind]++
	}
	got := fmt.Sprintf("bodies %d\nincidents %d\nclosings %d\nsha256 %x\n", len(m.Bodies), len(m.Incidents), len(m.Closings), sum.Sum(nil))
	for _, kind := range slices.Sorted(mapKeys(kinds)) {
		got += fmt.Sprintf("%5d %s\n", kinds[kind], kind)
	}
	const golden = "testdata/default.golden.txt"
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("the default month changed; measure docs/noise.md anew (-want +got):\n%s", diff)
	}
}

func mapKeys(m map[string]int) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

func TestSeed(t *testing.T) {
	a, b, c := small(t, 5), small(t, 5), small(t, 6)
	if !reflect.DeepEqual(a, b) { // cmp takes minutes for so many bytes
		t.Error("one seed gives two months")
	}
	if reflect.DeepEqual(a.Bodies, c.Bodies) {
		t.Error("two seeds give one month")
	}
}

func TestOptionsOutOfRange(t *testing.T) {
	for _, o := range []synth.Options{{Days: -1}, {Days: synth.MaxDays + 1}, {Tenants: 1}, {Tenants: synth.MaxTenants + 1}} {
		if _, err := synth.New(o); err == nil {
			t.Errorf("%+v was taken", o)
		}
	}
}

// TestBodiesAreUnderstood: each body is what its parser knows, and names the
// tenants that it is about.
func TestBodiesAreUnderstood(t *testing.T) {
	m, err := synth.New(synth.Options{Days: 8, Tenants: 12})
	if err != nil {
		t.Fatal(err)
	}
	forms := make(map[string]int)
	for _, b := range m.Bodies {
		forms[b.Form]++
		parser, err := source.New(b.Source, source.Options{})
		if err != nil {
			t.Fatal(err)
		}
		body, err := parser.Prepare(b.JSON)
		if err != nil {
			t.Fatalf("%s: %v", b.Name, err)
		}
		msg, err := parser.Parse(body)
		if err != nil || len(msg.Events) == 0 {
			t.Fatalf("%s: %d events, %v", b.Name, len(msg.Events), err)
		}
		for _, e := range msg.Events {
			known := slices.ContainsFunc(m.Tenants, func(v synth.Tenant) bool { return v.ID == e.Tenant.ID || v.Domain == e.Tenant.Domain })
			if thin := strings.HasSuffix(b.Name, "-standards.json"); known == thin {
				t.Fatalf("%s: an event names the tenant %q", b.Name, e.Tenant)
			}
			if strings.Contains(e.Topic.Kind, "unknown") {
				t.Fatalf("%s: of kind %s", b.Name, e.Topic.Kind)
			}
		}
	}
	for _, form := range []string{synth.FormLegacy, synth.FormStandardized, synth.FormAlertmanager} {
		if forms[form] < 30 {
			t.Errorf("%d bodies are in the form %s", forms[form], form)
		}
	}
}

// TestTruth: the incidents hold together with the bodies, and with the
// definition.
func TestTruth(t *testing.T) {
	m := month(t)
	at, texts := make(map[string]time.Time), make(map[string]string)
	for _, b := range m.Bodies {
		at[b.Name], texts[b.Name] = b.At, string(b.JSON)
	}
	last, owner := make(map[[3]string]synth.Incident), make(map[string][3]string)
	for i, in := range m.Incidents {
		key := [3]string{in.Tenant, in.Kind, in.User}
		switch before, again := last[key]; {
		case in.ID != i, len(in.Bodies) == 0, !in.From.Equal(at[in.Bodies[0]]), in.Until.Before(in.From), in.Until.After(m.End):
			t.Errorf("does not hold together: %+v", in)
		case (in.Client == 0) != (in.Tenant == ""), in.Client != 0 && len(in.Words) == 0:
			t.Errorf("nobody could tell whose it is: %+v", in)
		case again && in.From.Before(before.Until):
			t.Errorf("two at once of %v: from %s and from %s", key, before.From, in.From)
		case again && strings.HasPrefix(in.Kind, "prometheus ") && in.From.Sub(before.Until) < synth.Flap:
			t.Errorf("a flap is two incidents: %+v", in)
		}
		last[key] = in
		for _, w := range in.Words {
			if who, taken := owner[w]; taken && who != key {
				t.Errorf("the word %s is of %v and of %v", w, who, key)
			}
			owner[w] = key
			if !slices.ContainsFunc(in.Bodies, func(name string) bool { return strings.Contains(texts[name], w) }) {
				t.Errorf("the word %s stands in no body of its incident %d", w, in.ID)
			}
		}
	}
}

// TestPeopleAndOutages: what people do comes after what they were told, and
// CIPP sends nothing while it is out of order.
func TestPeopleAndOutages(t *testing.T) {
	m := month(t)
	known := 0
	for _, c := range m.Closings {
		in := m.Incidents[c.Incident]
		if !c.At.After(in.From) || !c.Known && in.Ending == synth.EndFixed && !c.At.Equal(in.Until) && in.Ending != synth.EndGone {
			t.Errorf("%+v does not fit %+v", c, in)
		}
		if c.Known {
			known++
		}
	}
	if known == 0 {
		t.Error("nobody closed a ticket as known")
	}
	kinds := make(map[string]bool)
	for _, o := range m.Outages {
		kinds[o.Kind] = true
		for _, b := range m.Bodies {
			if o.Kind == synth.OutageSender && b.Source == synth.SourceCIPP && o.In(b.At) {
				t.Errorf("%s was sent while CIPP was out of order", b.Name)
			}
		}
	}
	if len(kinds) != 3 {
		t.Errorf("outages of %v", kinds)
	}
}

// TestOnboarding: a newcomer brings a storm of findings within an hour.
func TestOnboarding(t *testing.T) {
	m := month(t)
	newcomer := m.Tenants[len(m.Tenants)-1]
	if !newcomer.Joined.After(m.Start) || !newcomer.Mapped.After(newcomer.Joined) {
		t.Fatalf("%+v is no newcomer", newcomer)
	}
	words := make(map[string]bool)
	for _, in := range m.Incidents {
		if in.Tenant == newcomer.ID && in.From.Before(newcomer.Joined.Add(time.Hour)) {
			for _, w := range in.Words {
				words[w] = true
			}
		}
	}
	if len(words) < 100 {
		t.Errorf("%d findings in the first hour", len(words))
	}
}

func TestWrite(t *testing.T) {
	m, dir := small(t, 1), filepath.Join(t.TempDir(), "month")
	if err := m.Write(dir); err != nil {
		t.Fatal(err)
	}
	lines := func(name string) [][]byte {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return bytes.Split(bytes.TrimSpace(data), []byte("\n"))
	}
	for i, line := range lines(synth.FileManifest) {
		var b synth.Body
		if err := json.Unmarshal(line, &b); err != nil {
			t.Fatal(err)
		}
		var err error
		if b.JSON, err = os.ReadFile(filepath.Join(dir, synth.FolderBodies, b.Name)); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(m.Bodies[i], b) {
			t.Errorf("body %d was not written as it is:\n%+v\n%+v", i, m.Bodies[i], b)
		}
	}
	var incidents []synth.Incident
	for _, line := range lines(synth.FileTruth) {
		var in synth.Incident
		if err := json.Unmarshal(line, &in); err != nil {
			t.Fatal(err)
		}
		incidents = append(incidents, in)
	}
	if diff := cmp.Diff(m.Incidents, incidents); diff != "" {
		t.Errorf("the truth was not written as it is:\n%s", diff)
	}
	if err := m.Write(dir); err == nil || !strings.Contains(err.Error(), "name a new folder") {
		t.Errorf("a second month went into the same folder: %v", err)
	}
}
