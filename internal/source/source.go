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
// kinds.
func New(kind string, o Options) (Parser, error) {
	switch kind {
	case CIPP:
		return cipp.New(cipp.Options{URL: o.CIPPURL}), nil
	case Alertmanager:
		return alertmanager.New(), nil
	case Generic:
		return generic.New(o.Generic), nil
	}
	return nil, fmt.Errorf("source kind %q is not one of %s", kind, strings.Join(Kinds(), ", "))
}
