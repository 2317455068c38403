package render

import (
	"net/url"
	"regexp"
	"strings"

	"github.com/microcosm-cc/bluemonday"
	"golang.org/x/net/html"
)

// newPolicy is what the operator's HTML may hold: text, tables and links.
// Nothing that runs, loads or covers other parts of Halo's page.
func newPolicy() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements("a", "b", "i", "u", "s", "em", "strong", "small", "sub", "sup", "code", "pre", "blockquote", "hr", "br",
		"div", "p", "span", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "dl", "dt", "dd",
		"table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td")
	p.AllowNoAttrs().OnElements("a", "span") // else they would go, and leave their text
	number := regexp.MustCompile(`^[0-9]{1,4}$`)
	p.AllowAttrs("colspan", "rowspan").Matching(number).OnElements("th", "td")
	p.AllowAttrs("href").OnElements("a")
	p.RequireParseableURLs(true)
	p.AllowRelativeURLs(false)
	p.AllowURLSchemeWithCustomPolicy("http", plainAddress)
	p.AllowURLSchemeWithCustomPolicy("https", plainAddress)
	p.AddTargetBlankToFullyQualifiedLinks(true)
	p.RequireNoFollowOnLinks(false)
	p.RequireNoReferrerOnLinks(true)
	p.AllowStyles("color", "background-color", "font-size", "font-weight", "font-style", "font-family", "text-align", "text-decoration",
		"text-transform", "vertical-align", "white-space", "line-height", "overflow-wrap", "overflow-x", "opacity",
		"border", "border-top", "border-right", "border-bottom", "border-left", "border-color", "border-style", "border-width",
		"border-radius", "border-collapse", "border-spacing", "padding", "padding-top", "padding-right", "padding-bottom", "padding-left",
		"margin", "margin-top", "margin-right", "margin-bottom", "margin-left", "width", "min-width", "max-width",
		"list-style-type").MatchingHandler(plainStyle).Globally()
	return p
}

// plainAddress keeps addresses out that only look like another host's.
func plainAddress(u *url.URL) bool { return u.User == nil && plainHost.MatchString(u.Host) }

// styleValue is made of words, numbers, colours and rgb(…).
var styleValue = regexp.MustCompile(`^[a-z0-9 ,.%#'"-]*(rgba?\([0-9 ,.%]+\)[a-z0-9 ,.%#-]*)?$`)

func plainStyle(value string) bool {
	v := strings.ToLower(value)
	return len(v) <= 200 && styleValue.MatchString(v)
}

// safe takes out of a page what could do harm, whatever wrote it.
func safe(page string) string {
	return strings.TrimSpace(newPolicy().Sanitize(strings.ToValidUTF8(strings.ReplaceAll(page, "\x00", ""), "\uFFFD")))
}

// texts are the pieces of text of a page that stand in one piece.
func texts(page string) []string {
	var out []string
	z := html.NewTokenizer(strings.NewReader(page))
	for {
		switch z.Next() {
		case html.ErrorToken: // the end: a page in memory cannot fail otherwise
			return out
		case html.TextToken:
			out = append(out, string(z.Text()))
		}
	}
}

// visible tells that there is something to read on the page.
func visible(page string) bool {
	for _, t := range texts(page) {
		if strings.TrimSpace(t) != "" {
			return true
		}
	}
	return false
}

// marked adds a mark that the page does not show in one piece: tickets and
// notes are found again by it.
func marked(page, label, mark string) string {
	if mark == "" {
		return page
	}
	for _, t := range texts(page) {
		if strings.Contains(t, mark) {
			return page
		}
	}
	return page + "\n<p>" + html.EscapeString(label+mark) + "</p>"
}
