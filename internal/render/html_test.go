package render

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/microcosm-cc/bluemonday"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// content is what a browser makes of a page.
type content struct {
	text  string
	links []string
	tags  map[string]int
}

// read parses a page as a browser does. It fails the test for anything that
// the templates do not write: what is left of it came out of a value.
func read(t *testing.T, page string) content {
	t.Helper()
	nodes, err := html.ParseFragment(strings.NewReader(page), &html.Node{Type: html.ElementNode, Data: "body", DataAtom: atom.Body})
	if err != nil {
		t.Fatalf("the page cannot be parsed: %v", err)
	}
	c := content{tags: make(map[string]int)}
	var text strings.Builder
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		switch n.Type {
		case html.TextNode:
			text.WriteString(n.Data)
		case html.ElementNode:
			c.tags[n.Data]++
			c.links = append(c.links, attributes(t, n)...)
			if n.Data == "br" {
				text.WriteByte('\n')
			}
		}
		for k := n.FirstChild; k != nil; k = k.NextSibling {
			walk(k)
		}
	}
	for _, n := range nodes {
		walk(n)
	}
	c.text = text.String()
	return c
}

// attributes checks an element and returns the address that it leads to.
func attributes(t *testing.T, n *html.Node) (links []string) {
	t.Helper()
	if !slices.Contains([]string{"div", "p", "b", "i", "br", "span", "a", "table", "thead", "tbody", "tr", "th", "td", "ul", "li"}, n.Data) {
		t.Errorf("the page has a <%s>", n.Data)
	}
	for _, a := range n.Attr {
		switch {
		case a.Key == "style" && !strings.Contains(a.Val, "url") && strings.Trim(a.Val, "abcdefghijklmnopqrstuvwxyz0123456789 :;.#-") == "":
			colour := strings.Contains(";"+a.Val, ";color:")
			if colour != strings.Contains(a.Val, "background-color:") {
				t.Errorf("<%s style=%q> sets one of text and background without the other", n.Data, a.Val)
			}
		case n.Data == "a" && (a.Key == "target" && a.Val == "_blank" || a.Key == "rel" && a.Val == "noopener noreferrer"):
		case n.Data == "a" && a.Key == "href":
			u, err := url.Parse(a.Val)
			if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil {
				t.Errorf("the page leads to %q", a.Val)
			}
			links = append(links, a.Val)
		default:
			t.Errorf("the page has <%s %s=%q>", n.Data, a.Key, a.Val)
		}
	}
	return links
}

// checkHTML proves that a page is whole, bounded and harmless, and that a
// strict sanitiser takes neither text nor link from it.
func checkHTML(t *testing.T, page string) content {
	t.Helper()
	if !utf8.ValidString(page) || strings.ContainsRune(page, 0) {
		t.Error("the page is not UTF-8 without NUL")
	}
	if len(page) >= MaxBytes {
		t.Errorf("the page has %d bytes, the limit is %d", len(page), MaxBytes)
	}
	got := read(t, page)
	policy := bluemonday.NewPolicy()
	policy.AllowElements("div", "p", "b", "i", "br", "span", "table", "thead", "tbody", "tr", "th", "td", "ul", "li")
	policy.AllowAttrs("href").OnElements("a")
	policy.AllowURLSchemes("http", "https")
	policy.RequireParseableURLs(true)
	clean := read(t, policy.Sanitize(page))
	if got.text != clean.text || len(got.links) != len(clean.links) {
		t.Errorf("a sanitiser changes the page\ntext before: %q\nafter:       %q\nlinks before: %q\nafter:        %q", got.text, clean.text, got.links, clean.links)
	}
	return got
}
