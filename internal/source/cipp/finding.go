package cipp

import (
	"net/url"
	"strings"

	"github.com/halert/halert/internal/alert"
	"github.com/halert/halert/internal/source/jsontree"
)

// finding turns one row into what a technician reads. The spec may be nil. The
// user of the task stands in where the row names nobody.
func finding(v jsontree.Value, s *spec, topic string, user alert.User) alert.Finding {
	if v.Kind != jsontree.Object {
		text := strings.TrimSpace(alert.CleanText(v.Flat()))
		f := alert.Finding{Title: alert.Cut(oneLine(text), maxTitle), User: user}
		if f.Title != text {
			f.Fields = []alert.Field{{Name: "Message", Value: alert.Cut(text, maxValue)}}
		}
		return f
	}
	f := alert.Finding{User: userOf(v, s), Device: alert.Cut(oneLine(v.Str("DeviceName", "ManagedDeviceName", "Device Name", "computerDnsName")), maxName)}
	if f.User == (alert.User{}) {
		f.User = user
	}
	for i := range v.List {
		addMember(&f, v.List[i])
	}
	f.Title, f.Fields = rowTitle(v, s, topic, f)
	return f
}

// addMember makes a field, or a link, of a member of a row.
func addMember(f *alert.Finding, m jsontree.Member) {
	if isTenantName(m.Name) || m.Value.IsEmpty() {
		return
	}
	if text := m.Value.Scalar(); isLinkName(m.Name) {
		if links := addLink(f.Links, linkText(m.Name), text); len(links) > len(f.Links) {
			f.Links = links
			return
		}
	}
	if len(f.Fields) >= maxFields {
		return
	}
	value := strings.TrimSpace(alert.CleanText(m.Value.Flat()))
	if value == "" {
		return
	}
	name := firstOf(alert.Cut(oneLine(m.Name), maxName), "Value")
	f.Fields = append(f.Fields, alert.Field{Name: name, Value: alert.Cut(value, maxValue)})
}

// messageNames are the fields in which CIPP writes a sentence. [A]
var messageNames = []string{"Message", "resultText", "Results", "Title", "IncidentName", "Text"}

// rowTitle takes the sentence of a row as its title, and drops the field that
// says just the same; else it composes one.
func rowTitle(v jsontree.Value, s *spec, topic string, f alert.Finding) (string, []alert.Field) {
	for _, name := range messageNames {
		text := strings.TrimSpace(alert.CleanText(v.Get(name).Flat()))
		if text == "" {
			continue
		}
		title := alert.Cut(oneLine(text), maxTitle)
		fields := f.Fields
		if i := valueIndex(fields, name, title); i >= 0 {
			fields = append(fields[:i:i], fields[i+1:]...)
		}
		return title, fields
	}
	return composedTitle(s, topic, f), f.Fields
}

func valueIndex(fields []alert.Field, name, value string) int {
	for i := range fields {
		if strings.EqualFold(fields[i].Name, name) && fields[i].Value == value {
			return i
		}
	}
	return -1
}

// composedTitle says what the row is about: the alert, and its user or the
// first of the telling columns.
func composedTitle(s *spec, topic string, f alert.Finding) string {
	var parts []string
	if who := f.User.String(); who != "" {
		parts = append(parts, who)
	}
	var columns []string
	if s != nil {
		columns = s.Columns
	}
	for _, c := range columns {
		for _, field := range f.Fields {
			if strings.EqualFold(field.Name, c) && !strings.Contains(strings.Join(parts, " "), field.Value) && len(parts) < 3 {
				parts = append(parts, field.Value)
			}
		}
	}
	if s == nil || len(parts) == 0 {
		for _, field := range f.Fields {
			if len(parts) < 3 && !strings.Contains(strings.Join(parts, " "), field.Value) {
				parts = append(parts, field.Name+" "+field.Value)
			}
		}
	}
	if len(parts) == 0 {
		return alert.Cut(topic, maxTitle)
	}
	return alert.Cut(oneLine(topic+": "+strings.Join(parts, ", ")), maxTitle)
}

func isTenantName(name string) bool {
	switch letters(name) {
	case "tenant", "tenantid", "tenantfilter":
		return true
	}
	return false
}

// isLinkName recognises fields that hold an address to open. A field that is
// called just "URL" is not one of them: there it is the address of the attack.
func isLinkName(name string) bool {
	n := letters(name)
	return len(n) > 3 && (strings.HasSuffix(n, "url") || strings.HasSuffix(n, "uri"))
}

// linkText turns "QuarantineViewUrl" into "Quarantine view".
func linkText(name string) string {
	name = strings.TrimSpace(name)
	name = strings.TrimRight(name[:len(name)-3], " _-")
	var b strings.Builder
	lower := false
	for i, r := range name {
		upper := r >= 'A' && r <= 'Z'
		switch {
		case i == 0:
			b.WriteString(strings.ToUpper(string(r)))
		case upper && lower:
			b.WriteString(" " + strings.ToLower(string(r)))
		default:
			b.WriteRune(r)
		}
		lower = !upper
	}
	return alert.Cut(oneLine(b.String()), maxName)
}

// addLink appends a link if it is a plain http or https address that is not
// there yet.
func addLink(links []alert.Link, text, raw string) []alert.Link {
	raw = strings.TrimSpace(raw)
	if len(links) >= maxLinks || len(raw) > maxValue {
		return links
	}
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "http" && u.Scheme != "https" {
		return links
	}
	clean := u.String()
	if alert.OneLine(clean) != clean {
		return links
	}
	for _, l := range links {
		if l.URL == clean {
			return links
		}
	}
	return append(links, alert.Link{Text: text, URL: clean})
}
