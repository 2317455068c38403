// Package cipp reads what CIPP sends to a webhook: scripted alerts and tasks,
// audit log alerts, the logbook, standards, drift, baselines and custom tests,
// each in the legacy and in the standardised schema, also wrapped for a chat
// service. No setting is needed; a body's shape tells what it is. Facts about
// CIPP carry a mark: [A] three sources agree or the code says so, [B] two
// sources, [C] one, [G] a guess.
package cipp

import (
	"errors"
	"net/url"
	"strings"

	"github.com/halert/halert/internal/alert"
	"github.com/halert/halert/internal/source/jsontree"
)

// Options are the settings of a CIPP source. All are optional.
type Options struct {
	// URL is the address of CIPP's own pages ("https://cipp.example.com"), for
	// links. Anything but an http or https address is left out of account.
	URL string
}

// Parser reads CIPP's bodies. It is safe for concurrent use.
type Parser struct{ base string }

// New makes a parser.
func New(o Options) *Parser { return &Parser{base: pageBase(o.URL)} }

var (
	errScalar  = errors.New("the body is a single JSON value; CIPP sends an object or an array")
	errNothing = errors.New("the body is valid JSON, but there is nothing in it that could be an alert; see in CIPP what was sent")
)

// Prepare makes a body fit to be stored: it checks that the body is JSON, and
// removes what must not be kept (see [Redact]). Of the parameters of a task
// only the affected user's name and id stay. Preparing what
// comes back once more does no harm. With an error, for a body that is not readable, comes
// what may be kept of it.
func (p *Parser) Prepare(body []byte) ([]byte, error) {
	v, err := jsontree.Decode(body)
	if err == nil && v.Kind != jsontree.Object && v.Kind != jsontree.Array {
		err = errScalar
	}
	if err != nil {
		return Redact(body), err
	}
	return redactTree(v).Encode(), nil
}

// Parse turns a prepared body into events, one for each finding. It fails if
// the body is not JSON or holds nothing at all.
func (p *Parser) Parse(body []byte) (alert.Message, error) {
	v, err := jsontree.Decode(body)
	if err != nil {
		return alert.Message{}, err
	}
	c := newCollector(p.base)
	c.body(v)
	if len(c.msg.Events) == 0 && c.msg.Note == "" {
		return alert.Message{}, errNothing
	}
	return c.msg, nil
}

// envelope is what surrounds an item: CIPP's standardised schema, or nothing.
type envelope struct {
	source, invoking, title, tenant string
	generated                       string
	chat                            bool // wrapped for a chat service: no more than one ticket
}

// body reads a whole body, whichever of CIPP's forms it has.
func (c *collector) body(v jsontree.Value) {
	env := envelope{}
	if inner, ok := chatJSON(v); ok {
		v, env.chat = inner, true
	}
	if isEnvelope(v) {
		env.source = oneLine(v.Str("source"))
		env.invoking = oneLine(v.Str("invoking"))
		env.title = oneLine(v.Str("title"))
		env.tenant = v.Str("tenant")
		env.generated = v.Str("generatedAt")
		payload := v.Get("payload").Unwrap()
		if payload.IsEmpty() {
			c.unknown(jsontree.Value{}, env)
			return
		}
		v = payload
	}
	if v = v.Unwrap(); v.Kind != jsontree.Array {
		c.item(v, env)
		return
	}
	for i := range v.List {
		c.item(v.List[i].Value.Unwrap(), env)
	}
}

// isEnvelope recognises the standardised schema, also in a version to come. [A]
func isEnvelope(v jsontree.Value) bool {
	if !v.Has("payload") {
		return false
	}
	return v.Has("schemaVersion") || v.Has("source") || v.Has("invoking") || v.Has("generatedAt")
}

// item reads one element of a body. Its keys tell its kind, in both schemas. [A]
func (c *collector) item(v jsontree.Value, env envelope) {
	switch {
	case v.IsEmpty():
	case isTask(v):
		c.task(v, env)
	case isAudit(v):
		c.audit(v, env)
	case isList(v, "Tests"):
		c.customTests(v, env)
	case v.Has("Event") && v.Has("Baseline"):
		c.baseline(v, env)
	case isList(v, "AlertData"):
		c.drift(v, env)
	case v.Has("buttonurl") && v.Has("buttontext"):
		c.standards(v, env)
	case isTestButton(v, env):
		c.msg.Note = "CIPP's test alert: received, no ticket is made"
	case isList(v, "blocks"):
		c.slackBlocks(v, env)
	case v.Has("API") && v.Has("Message"):
		c.logRow(v, env)
	default:
		c.unknown(v, env)
	}
}

func isList(v jsontree.Value, name string) bool {
	kind := v.Get(name).Unwrap().Kind
	return kind == jsontree.Array || kind == jsontree.Object
}

// isTestButton recognises "Send Test Alert": a title and a text and nothing
// else, or the name of the endpoint behind the button. [A]
func isTestButton(v jsontree.Value, env envelope) bool {
	if strings.EqualFold(env.invoking, "Invoke-ExecAddAlert") {
		return true
	}
	return len(v.List) == 2 && v.Has("Title") && v.Has("Text") &&
		(strings.Contains(fold(v.Str("Title")), "notification test") || strings.Contains(fold(v.Str("Text")), "this is a test"))
}

// items lists what may be one object where an array is meant. [A]
func items(v jsontree.Value) []jsontree.Value {
	v = v.Unwrap()
	if v.IsEmpty() {
		return nil
	}
	if v.Kind != jsontree.Array {
		return []jsontree.Value{v}
	}
	list := make([]jsontree.Value, 0, len(v.List))
	for i := range v.List {
		if e := v.List[i].Value.Unwrap(); !e.IsEmpty() {
			list = append(list, e)
		}
	}
	return list
}

func pageBase(raw string) string {
	u, err := url.Parse(strings.TrimSpace(raw))
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http" {
		return ""
	}
	return u.Scheme + "://" + u.Host + strings.TrimRight(u.EscapedPath(), "/")
}
