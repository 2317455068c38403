package cipp

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/halert/halert/internal/alert"
	"github.com/halert/halert/internal/source/jsontree"
)

// Limits of what goes on from one finding. The rest is not for people to read.
const (
	maxTitle  = 300
	maxValue  = 2000
	maxName   = 100
	maxFields = 100
	maxLinks  = 10
)

// collector gathers the events of one body.
type collector struct {
	base    string // CIPP's own address, or empty
	msg     alert.Message
	at      map[string]int            // event key → index in msg.Events
	content map[string]map[string]int // event key → what was seen under it → number
	pairs   map[alert.Tenant]bool
}

func newCollector(base string) *collector {
	return &collector{
		base:    base,
		at:      make(map[string]int),
		content: make(map[string]map[string]int),
		pairs:   make(map[alert.Tenant]bool),
	}
}

// learn notes that a tenant's id and domain belong together.
func (c *collector) learn(t alert.Tenant) {
	if t.ID == "" || !isGUID(t.ID) || !domainShape.MatchString(t.Domain) || c.pairs[t] {
		return
	}
	c.pairs[t] = true
	c.msg.Tenants = append(c.msg.Tenants, t)
}

// whole notes that the body has all findings of a kind at a tenant.
func (c *collector) whole(s alert.Set) {
	if !slices.Contains(c.msg.Sets, s) {
		c.msg.Sets = append(c.msg.Sets, s)
	}
}

// add puts an event on the list. The same finding twice is one event that
// tells both. Findings that only look the same, because what tells them apart
// may move from run to run, are numbered.
func (c *collector) add(e alert.Event, id identity) {
	e.Topic.Kind = boundKind(e.Topic.Kind)
	key := strings.Join([]string{e.Tenant.ID, e.Tenant.Domain, e.Topic.Kind, id.key, string(e.Action)}, "\x00")
	if !id.exact {
		seen := c.content[key]
		if seen == nil {
			seen = make(map[string]int)
			c.content[key] = seen
		}
		if _, ok := seen[id.content]; !ok {
			seen[id.content] = len(seen) + 1
		}
		if n := seen[id.content]; n > 1 {
			id.key += "#" + strconv.Itoa(n)
			key += "#" + strconv.Itoa(n)
		}
	}
	e.Fingerprint = id.key
	e.Finding.Title = firstOf(e.Finding.Title, e.Topic.Title)
	if i, ok := c.at[key]; ok {
		merge(&c.msg.Events[i], e)
		return
	}
	c.at[key] = len(c.msg.Events)
	c.msg.Events = append(c.msg.Events, e)
}

// merge adds to an event what a second row about the same thing says.
func merge(into *alert.Event, e alert.Event) {
	into.Severity = max(into.Severity, e.Severity)
	for _, f := range e.Finding.Fields {
		i := fieldIndex(into.Finding.Fields, f.Name)
		if i < 0 {
			if len(into.Finding.Fields) < maxFields {
				into.Finding.Fields = append(into.Finding.Fields, f)
			}
			continue
		}
		have := &into.Finding.Fields[i].Value
		if len(*have) < maxValue && !strings.Contains(*have, f.Value) {
			*have = alert.Cut(*have+"; "+f.Value, maxValue)
		}
	}
	for _, l := range e.Finding.Links {
		into.Finding.Links = addLink(into.Finding.Links, l.Text, l.URL)
	}
}

func fieldIndex(fields []alert.Field, name string) int {
	for i := range fields {
		if fields[i].Name == name {
			return i
		}
	}
	return -1
}

// resultCount is CIPP's placeholder for the number of findings, which it does
// not fill in for webhooks. [A]
const resultCount = "%resultcount%"

// comment is what the operator wrote into the rule.
func comment(raw string, findings int) string {
	s := strings.TrimSpace(alert.CleanText(raw))
	low := strings.ToLower(s)
	if len(low) == len(s) { // else the positions differ
		for i := strings.LastIndex(low, resultCount); i >= 0; i = strings.LastIndex(low[:i], resultCount) {
			s = s[:i] + strconv.Itoa(findings) + s[i+len(resultCount):]
		}
	}
	return alert.Cut(s, maxValue)
}

// grouping reads PsaTicketStrategy, from wherever an item has it. [A]
func grouping(env envelope, places ...jsontree.Value) alert.Grouping {
	if env.chat {
		return alert.GroupPerCustomer
	}
	for _, p := range places {
		word := fold(choice(p.Get("PsaTicketStrategy")))
		switch {
		case strings.Contains(word, "split"):
			return alert.GroupPerUser
		case strings.Contains(word, "consolidated"):
			return alert.GroupPerCustomer
		}
	}
	return alert.GroupDefault
}

// moment reads CIPP's times: seconds since 1970, or ISO 8601 with or without a
// zone (then UTC). [A]
func moment(texts ...string) time.Time {
	for _, s := range texts {
		s = strings.TrimSpace(s)
		if n, err := strconv.ParseInt(s, 10, 64); err == nil {
			if n > 946_684_800 && n < 4_102_444_800 { // 2000 to 2100
				return time.Unix(n, 0).UTC()
			}
			continue
		}
		for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05"} {
			if t, err := time.Parse(layout, s); err == nil && t.Year() >= 2000 && t.Year() < 2100 {
				return t.UTC()
			}
		}
	}
	return time.Time{}
}
