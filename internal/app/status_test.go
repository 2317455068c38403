package app

import (
	"strings"
	"testing"

	"github.com/halert/halert/internal/store"
)

func TestLookupStepSaysWhatIsKnown(t *testing.T) {
	t.Parallel()
	yes, no := true, false
	got := lookupStep(store.Lookups{Listed: &yes, Filter: &no})
	if !got.OK || !strings.Contains(got.Detail, "lists show the reference: yes") ||
		!strings.Contains(got.Detail, "by its id shows it: not known yet") || !strings.HasSuffix(got.Detail, "works: no") {
		t.Errorf("got %+v", got)
	}
}
