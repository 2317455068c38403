package halosim

import (
	"html"
	"regexp"
	"strings"
	"time"
)

// The lengths that Halo's database takes, in characters. More is refused, as
// SQL Server does [C for the lengths, G for the refusal].
const (
	maxSummary         = 4000
	maxDetails         = 3_000_000
	maxClientReference = 50
	maxReference       = 100
)

const wordsTruncated = "String or binary data would be truncated. The statement has been terminated."

// ticketInput is a ticket as a caller sends it. Absent properties are nil or,
// for ids, 0.
type ticketInput struct {
	id, typeID, slaID, priorityID, statusID     int
	clientID, siteID, userID, agentID, parentID int
	thirdPartyID                                *int
	source, impact, urgency                     *int
	summary, details, detailsHTML, team         *string
	reportedBy, closureNote                     *string
	thirdPartyIDString, supplierReference       *string
	clientReference, reference                  *string
	categories                                  [4]*string
	customFields, assets                        []map[string]any
	occurred                                    time.Time
	noValidate, returnThis                      bool
	linkThirdPartyID, linkThirdPartyURL         string
	linkModuleID                                int
	object                                      object
}

// readTicket takes the known properties out of an object; it ignores others.
func readTicket(in *reader) (ticketInput, *answer) {
	number := func(name string) *int {
		if n, found := in.int(name); found {
			return &n
		}
		return nil
	}
	text := func(name string) *string {
		if v, found := in.string(name); found {
			return &v
		}
		return nil
	}
	t := ticketInput{
		object: in.object,
		id:     in.positive("id"), typeID: in.positive("tickettype_id"), slaID: in.positive("sla_id"),
		priorityID: in.positive("priority_id"), statusID: in.positive("status_id"), clientID: in.positive("client_id"),
		siteID: in.positive("site_id"), userID: in.positive("user_id"), agentID: in.positive("agent_id"),
		parentID: in.positive("parent_id"), thirdPartyID: number("third_party_id"),
		source: number("source"), impact: number("impact"), urgency: number("urgency"),
		summary: text("summary"), details: text("details"), detailsHTML: text("details_html"), team: text("team"),
		reportedBy: text("reportedby"), closureNote: text("closure_note"), thirdPartyIDString: text("third_party_id_string"),
		supplierReference: text("supplier_reference"), clientReference: text("client_reference"), reference: text("reference"),
		customFields: in.objects("customfields"), assets: in.objects("assets"), noValidate: in.flag("_novalidate"),
		returnThis: true,
	}
	for i, name := range []string{"category_1", "category_2", "category_3", "category_4"} {
		t.categories[i] = text(name)
	}
	if v, found := in.bool("return_this"); found {
		t.returnThis = v
	}
	t.occurred = readTime(in, "dateoccurred")
	if lookup, isObject := in.object["userlookup"].(map[string]any); isObject && t.userID == 0 {
		t.userID = in.inside(lookup).positive("id")
	}
	if link, isObject := in.object["new_external_link"].(map[string]any); isObject {
		l := in.inside(link)
		t.linkThirdPartyID, t.linkThirdPartyURL, t.linkModuleID = l.text("third_party_id"), l.text("third_party_url"), l.positive("module_id")
	}
	return t, in.refused()
}

// readTime reads a time with or without a zone; without, it is UTC.
func readTime(in *reader, name string) time.Time {
	text := in.text(name)
	if text == "" {
		return time.Time{}
	}
	t, known := parseTime(text)
	if !known {
		in.wrong(name)
	}
	return t
}

func parseTime(text string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05", "2006-01-02T15:04", time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}

// tooLong returns the 400 for a text that the database does not take.
func (t ticketInput) tooLong() *answer {
	for _, field := range []struct {
		text *string
		most int
	}{{t.summary, maxSummary}, {t.details, maxDetails}, {t.detailsHTML, maxDetails},
		{t.clientReference, maxClientReference}, {t.reference, maxReference}, {t.supplierReference, maxSummary}} {
		if field.text != nil && len([]rune(*field.text)) > field.most {
			a := refuse(wordsTruncated)
			return &a
		}
	}
	return nil
}

// missing returns the 400 for mandatory properties that a new ticket lacks.
func (t ticketInput) missing(mandatory []string) *answer {
	var names []string
	for _, name := range mandatory {
		if v := t.object[name]; v == nil || v == "" {
			words := strings.NewReplacer("_1", "", "_", " ").Replace(name)
			names = append(names, strings.ToUpper(words[:1])+words[1:])
		}
	}
	if len(names) == 0 || t.noValidate {
		return nil
	}
	verb := " is required"
	if len(names) > 1 {
		verb = " are required"
	}
	a := refuse("%s", strings.Join(names, " and ")+verb)
	return &a
}

var tags = regexp.MustCompile(`(?s)<[^>]*>`)

// plainText makes readable text of HTML.
func plainText(markup string) string {
	lines := strings.NewReplacer("<br>", "\n", "<br/>", "\n", "<br />", "\n", "</p>", "\n", "</div>", "\n", "</li>", "\n", "</tr>", "\n", "</td>", " ", "</th>", " ").Replace(markup)
	return strings.TrimSpace(html.UnescapeString(tags.ReplaceAllString(lines, "")))
}

// markup makes HTML of plain text.
func markup(text string) string {
	return strings.ReplaceAll(html.EscapeString(text), "\n", "<br>")
}
