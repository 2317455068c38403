// Package source is the table of the kinds of senders that halert understands.
package source

import (
	"fmt"
	"strings"

	"github.com/halert/halert/internal/alert"
	"github.com/halert/halert/internal/source/alertmanager"
	"github.com/halert/halert/internal/source/cipp"
	"github.com/halert/halert/internal/source/generic"
)

// Parser reads the bodies of one kind of sender. It keeps no state, and is
// safe for concurrent use.
type Parser interface {
	// Prepare makes a body fit to be stored: it checks that the body is
	// readable as this kind's format, strips a byte order mark, and removes
	// what must not be kept. An error means that the body is not readable; it
	// quotes nothing of the body, and the bytes beside it are what may be kept
	// of it in quarantine.
	Prepare(body []byte) ([]byte, error)
	// Parse turns a prepared body into events. It is deterministic. An error
	// means that there is no alert in the body; the body goes to quarantine.
	Parse(body []byte) (alert.Message, error)
}

// Options are the settings of a source, for all kinds.
type Options struct {
	CIPPURL string          // kind cipp: the address of CIPP's pages, for links; may be empty
	Generic generic.Mapping // kind generic: where the parts of an alert stand; may be zero
}

// The kinds of sources.
const (
	CIPP         = "cipp"
	Alertmanager = "alertmanager"
	Generic      = "generic"
)

// Kinds lists the kinds of sources.
func Kinds() []string { return []string{CIPP, Alertmanager, Generic} }

// New returns the parser of a kind. The error for an unknown kind lists the
// kinds and names the one that was probably meant.
func New(kind string, o Options) (Parser, error) {
	switch kind {
	case CIPP:
		return cipp.New(cipp.Options{URL: o.CIPPURL}), nil
	case Alertmanager:
		return alertmanager.New(), nil
	case Generic:
		return generic.New(o.Generic), nil
	}
	hint := ""
	if near := nearest(kind); near != "" {
		hint = fmt.Sprintf("; did you mean %q?", near)
	}
	return nil, fmt.Errorf("source kind %q is not one of %s%s", kind, strings.Join(Kinds(), ", "), hint)
}

// nearest is the kind with the fewest letters to change, if they are few.
func nearest(word string) string {
	word = strings.ToLower(strings.TrimSpace(word))
	best, least := "", 4
	for _, k := range Kinds() {
		if d := distance(word, k); d < least && d < len(k) {
			best, least = k, d
		}
	}
	return best
}

// distance is the Levenshtein distance of two words.
func distance(a, b string) int {
	if len(a) > 40 {
		return len(a)
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}
