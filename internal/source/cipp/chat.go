package cipp

import (
	"strings"

	"github.com/halert/halert/internal/alert"
	"github.com/halert/halert/internal/source/jsontree"
)

// chatJSON finds the body inside of what CIPP makes of it for Teams and Slack
// ("text") and for Discord ("content"): a greeting, and the JSON after a line
// break or between fences. [A]
func chatJSON(v jsontree.Value) (jsontree.Value, bool) {
	if v.Kind != jsontree.Object || v.Has("Title") || v.Has("API") || v.Has("Tenant") {
		return jsontree.Value{}, false
	}
	for _, name := range []string{"text", "content"} {
		s := v.Get(name)
		if s.Kind != jsontree.String {
			continue
		}
		for _, part := range embedded(s.Text) {
			if !part.value.IsEmpty() {
				return part.value, true
			}
		}
	}
	return jsontree.Value{}, false
}

// slackBlocks makes one event of a message in Slack's blocks: all texts of the
// form "*Name:*\nvalue" are its fields. [A]
func (c *collector) slackBlocks(v jsontree.Value, env envelope) {
	var fields []jsontree.Member
	var loose []string
	for _, text := range blockTexts(v.Get("blocks")) {
		if m, ok := boldField(text); ok {
			fields = append(fields, m)
		} else if oneLine(text) != "" {
			loose = append(loose, oneLine(text))
		}
	}
	all := jsontree.ObjectValue(fields...)
	name := taskName(all.Str("Task Name", "Title"), "")
	title := firstOf(name, strings.Join(loose, " "), "Alert from CIPP")
	kind := "chat/" + stableWords(title)
	if name != "" {
		kind = "task/" + fold(name)
	}
	env.chat = true
	e := alert.Event{
		Action: alert.Trigger, Tenant: tenantOf(all.Str("Tenant")), Severity: orSeverity(rowSeverity(all), alert.Warning),
		Grouping: grouping(env),
		Topic: alert.Topic{
			Kind: kind, Title: alert.Cut(title, maxTitle),
			What:  "CIPP sent an alert as a chat message.",
			Means: "Such a message has only a part of the alert.",
			Do:    "Give CIPP an address without the name of a chat service in it, to get the whole alert.",
		},
	}
	rest := jsontree.Value{Kind: jsontree.Object}
	seen := make(map[string]bool)
	for _, m := range fields {
		switch {
		case letters(m.Name) == "taskname" || letters(m.Name) == "timestamp" || isTenantName(m.Name) || seen[m.Name+"="+m.Value.Text]:
		default:
			seen[m.Name+"="+m.Value.Text] = true
			rest.List = append(rest.List, m)
		}
	}
	e.Finding = finding(rest, nil, e.Topic.Title, alert.User{})
	e.Finding.User = alert.User{}
	if users := distinct(rest, "UserPrincipalName"); len(users) == 1 {
		e.Finding.User = sure(person(jsontree.StringValue(users[0])))
	}
	e.Finding.Title = alert.Cut(firstOf(e.Finding.Title, title), maxTitle)
	c.add(e, describe(rest))
}

func distinct(v jsontree.Value, name string) []string {
	var out []string
	for i := range v.List {
		if strings.EqualFold(v.List[i].Name, name) {
			out = append(out, v.List[i].Value.Text)
		}
	}
	return out
}

// blockTexts collects the texts of blocks, in their order.
func blockTexts(v jsontree.Value) []string {
	var out []string
	for _, block := range items(v) {
		if kind := block.Str("type"); kind == "header" || kind == "divider" {
			continue
		}
		if text := block.Get("text"); !text.IsEmpty() {
			out = append(out, firstOf(text.Str("text"), text.Scalar()))
		}
		for _, f := range items(block.Get("fields")) {
			out = append(out, f.Str("text"))
		}
	}
	return out
}

// boldField reads "*Name:*\nvalue".
func boldField(text string) (jsontree.Member, bool) {
	text = strings.TrimSpace(text)
	if !strings.HasPrefix(text, "*") {
		return jsontree.Member{}, false
	}
	name, value, ok := strings.Cut(text[1:], ":*")
	if !ok || len(name) > maxName {
		return jsontree.Member{}, false
	}
	value = strings.TrimSpace(value)
	// Slack shows addresses as <mailto:a@b|a@b>.
	if strings.HasPrefix(value, "<") && strings.HasSuffix(value, ">") && strings.Contains(value, "|") {
		value = value[strings.LastIndex(value, "|")+1 : len(value)-1]
	}
	return jsontree.Member{Name: oneLine(name), Value: jsontree.StringValue(value)}, true
}
