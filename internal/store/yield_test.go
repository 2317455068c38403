package store

import (
	"testing"
	"time"
)

// A shutdown in the middle of a create: nobody starts another one while Halo
// may still be at work on it.
func TestYieldInTheMiddleOfACreate(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		s := e.open(t)
		post(t, s, t0, report("first", "x"))
		c := claim(t, s, "node", t0)
		ok(t, s.Begin(t.Context(), c.ID, "node", CallCreate, c.Seq, t0))
		post(t, s, t0, report("second", "x"))
		ok(t, s.Yield(t.Context(), c.ID, "node"))
		if other := claim(t, s, "next", t0.Add(createRuns-time.Second)); other != nil {
			t.Errorf("ticket %s was claimed for a create too early", other.Kind)
		}
		if claim(t, s, "next", t0.Add(createRuns)) == nil {
			t.Error("nothing was claimed when Halo must be done")
		}
	})
}
