// Package alertmanager reads the webhook of Prometheus Alertmanager (version 4)
// and of what speaks like it. One alert of a notification is one event.
package alertmanager

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/halert/halert/internal/alert"
	"github.com/halert/halert/internal/source/jsontree"
)

// Limits of what goes on from one alert.
const (
	maxTitle  = 300
	maxValue  = 2000
	maxName   = 100
	maxFields = 100
)

// Parser reads notifications. The zero value is ready, and safe for concurrent use.
type Parser struct{}

// New makes a parser.
func New() *Parser { return &Parser{} }

var errNoAlerts = errors.New(`the JSON has no array "alerts"; point a webhook receiver of Alertmanager here`)
var errEmpty = errors.New(`the array "alerts" is empty; Alertmanager sends at least one alert`)

// Prepare checks that the body is an object with an array "alerts", and strips
// a byte order mark.
func (p *Parser) Prepare(body []byte) ([]byte, error) {
	v, err := jsontree.Decode(body)
	if err == nil && v.Get("alerts").Kind != jsontree.Array {
		err = errNoAlerts
	}
	if err != nil {
		return body, err
	}
	return jsontree.Trim(body)
}

// Parse turns a notification into events, one for each alert.
func (p *Parser) Parse(body []byte) (alert.Message, error) {
	v, err := jsontree.Decode(body)
	if err != nil {
		return alert.Message{}, err
	}
	if v.Get("alerts").Kind != jsontree.Array {
		return alert.Message{}, errNoAlerts
	}
	var msg alert.Message
	for _, a := range v.Get("alerts").List {
		if a.Value.Kind == jsontree.Object {
			msg.Events = append(msg.Events, event(a.Value, v))
		}
	}
	if len(msg.Events) == 0 {
		return alert.Message{}, errEmpty
	}
	return msg, nil
}

// event reads one alert. The tenant is the label "tenant", the kind
// "alertname", the identity "fingerprint".
func event(a, notification jsontree.Value) alert.Event {
	labels, annotations := a.Get("labels"), a.Get("annotations")
	name := alert.Cut(alert.OneLine(labels.Str("alertname")), maxTitle)
	if name == "" {
		name = "Alertmanager alert"
	}
	e := alert.Event{
		Action: alert.Trigger, Tenant: tenant(labels.Str("tenant")),
		Severity: alert.Warning, Fingerprint: fingerprint(a, labels), OccurredAt: moment(a.Str("startsAt")),
		Topic:   alert.Topic{Kind: strings.ToLower(name), Title: name},
		Finding: alert.Finding{Title: title(name, labels, annotations)},
	}
	status := a.Str("status")
	if status == "" {
		status = notification.Str("status")
	}
	if strings.EqualFold(status, "resolved") {
		e.Action = alert.Resolve
	}
	if s := alert.ParseSeverity(labels.Str("severity")); s != 0 {
		e.Severity = s
	}
	e.Finding.Device = alert.Cut(alert.OneLine(labels.Str("instance", "host", "hostname", "node")), maxName)
	e.Finding.Fields, e.Finding.Links = details(labels, annotations, e.Finding.Title)
	e.Finding.Links = addLink(e.Finding.Links, "Source", a.Str("generatorURL"))
	if base := notification.Str("externalURL"); base != "" {
		e.Topic.Links = addLink(nil, "Alertmanager", base)
	}
	return e
}

var guidShape = regexp.MustCompile(`^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

func tenant(label string) alert.Tenant {
	label = alert.OneLine(label)
	if guidShape.MatchString(label) {
		return alert.NewTenant(label, "")
	}
	return alert.NewTenant("", alert.Cut(label, 253))
}

// fingerprint is Alertmanager's own, else a hash of all labels.
func fingerprint(a, labels jsontree.Value) string {
	if f := alert.Cut(alert.OneLine(a.Str("fingerprint")), maxName); f != "" {
		return f
	}
	pairs := make([]string, 0, len(labels.List))
	for _, m := range labels.List {
		pairs = append(pairs, m.Name+"\x00"+m.Value.Flat())
	}
	slices.Sort(pairs)
	sum := sha256.Sum256([]byte(strings.Join(pairs, "\x01")))
	return hex.EncodeToString(sum[:8])
}

func title(name string, labels, annotations jsontree.Value) string {
	for _, field := range []string{"summary", "title", "description", "message"} {
		if s := alert.OneLine(annotations.Str(field)); s != "" {
			return alert.Cut(s, maxTitle)
		}
	}
	if on := alert.OneLine(labels.Str("instance", "host", "job")); on != "" {
		return alert.Cut(name+" on "+on, maxTitle)
	}
	return name
}

// details makes fields of annotations and labels, and links of the addresses
// among the annotations.
func details(labels, annotations jsontree.Value, title string) ([]alert.Field, []alert.Link) {
	var fields []alert.Field
	var links []alert.Link
	for _, list := range []jsontree.Value{annotations, labels} {
		for _, m := range list.List {
			name := alert.Cut(alert.OneLine(m.Name), maxName)
			value := strings.TrimSpace(alert.CleanText(m.Value.Flat()))
			switch {
			case value == "" || name == "alertname" || name == "tenant" || value == title:
				continue
			case isLinkName(name):
				if more := addLink(links, linkText(name), value); len(more) > len(links) {
					links = more
					continue
				}
			}
			if len(fields) < maxFields {
				fields = append(fields, alert.Field{Name: name, Value: alert.Cut(value, maxValue)})
			}
		}
	}
	return fields, links
}

// isLinkName recognises the customary annotations runbook_url, dashboard_url
// and their like.
func isLinkName(name string) bool {
	n := strings.ToLower(name)
	return strings.Contains(n, "url") || strings.Contains(n, "runbook") || strings.Contains(n, "dashboard")
}

func linkText(name string) string {
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return r == '_' || r == '-' || r == ' ' })
	words = slices.DeleteFunc(words, func(w string) bool { return w == "url" })
	text := strings.Join(words, " ")
	if text == "" {
		return "Link"
	}
	first, size := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(first)) + text[size:]
}

func addLink(links []alert.Link, text, raw string) []alert.Link {
	u, err := url.Parse(strings.TrimSpace(raw))
	if err != nil || len(raw) > maxValue || len(links) >= 10 || u.Host == "" || u.User != nil || u.Scheme != "http" && u.Scheme != "https" {
		return links
	}
	if s := u.String(); alert.OneLine(s) == s {
		return append(links, alert.Link{Text: text, URL: s})
	}
	return links
}

func moment(s string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil || t.Year() < 2000 || t.Year() >= 2100 {
		return time.Time{}
	}
	return t.UTC()
}
