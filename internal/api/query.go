package api

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/halert/halert/internal/httpserver"
	"github.com/halert/halert/internal/store"
)

// param is one parameter of a query.
type param struct {
	name string
	kind string   // a JSON Schema type: string, integer, boolean
	enum []string // the allowed values; nil: any
	min  int      // least value of an integer
	max  int      // greatest value of an integer; 0: none
	doc  string
}

// The pages of a list.
const (
	defaultLimit = 50
	maxLimit     = 500
)

// paging is what all lists take besides their filters.
func paging(filters ...param) []param {
	return append(filters,
		param{name: "limit", kind: "integer", min: 1, max: maxLimit, doc: "Items on a page; 50 if left out."},
		param{name: "cursor", kind: "string", doc: "next_cursor of the page before."})
}

// query holds the checked values of a query. A parameter that was not given,
// or is empty, is the zero value.
type query map[string]string

// parseQuery checks a query against what a route takes. A filter that is not
// known is an error: passed over, it would make a list look complete.
func parseQuery(values url.Values, params []param) (query, error) {
	q := make(query, len(values))
	for name, given := range values {
		i := slices.IndexFunc(params, func(p param) bool { return p.name == name })
		if i < 0 {
			return nil, badParameter("the parameter %q is not known here; known are: %s", name, strings.Join(names(params), ", "))
		}
		if len(given) != 1 {
			return nil, badParameter("the parameter %s is given %d times; give it once", name, len(given))
		}
		if given[0] == "" {
			continue
		}
		if err := params[i].check(given[0]); err != nil {
			return nil, err
		}
		q[name] = given[0]
	}
	return q, nil
}

func badParameter(format string, args ...any) error {
	return httpserver.Errorf(http.StatusBadRequest, "invalid_parameter", format, args...)
}

func names(params []param) []string {
	out := make([]string, len(params))
	for i, p := range params {
		out[i] = p.name
	}
	if len(out) == 0 {
		return []string{"none"}
	}
	return out
}

func (p param) check(v string) error {
	switch {
	case p.enum != nil:
		if !slices.Contains(p.enum, v) {
			return badParameter("%s=%q is not one of %s", p.name, v, strings.Join(p.enum, ", "))
		}
	case p.kind == "boolean":
		if v != "true" && v != "false" {
			return badParameter("%s=%q is neither true nor false", p.name, v)
		}
	case p.kind == "integer":
		n, err := strconv.Atoi(v)
		if err != nil {
			return badParameter("%s=%q is not a whole number", p.name, v)
		}
		if n < p.min || p.max != 0 && n > p.max {
			return badParameter("%s=%d is out of range: %s", p.name, n, p.bounds())
		}
	}
	return nil
}

func (p param) bounds() string {
	if p.max == 0 {
		return "at least " + strconv.Itoa(p.min)
	}
	return "from " + strconv.Itoa(p.min) + " to " + strconv.Itoa(p.max)
}

// number returns an integer that check has seen, or 0.
func (q query) number(name string) int {
	n, err := strconv.Atoi(q[name])
	if err != nil {
		return 0 // not given
	}
	return n
}

// boolean returns nil if the parameter was not given.
func (q query) boolean(name string) *bool {
	v, given := q[name]
	if !given {
		return nil
	}
	yes := v == "true"
	return &yes
}

// page returns one item more than was asked for: it tells whether there is a
// next page (see listOf).
func (q query) page() (store.Page, error) {
	p := store.Page{Limit: defaultLimit + 1}
	if n := q.number("limit"); n != 0 {
		p.Limit = n + 1
	}
	if c := q["cursor"]; c != "" {
		before, err := parseCursor(c)
		if err != nil {
			return p, err
		}
		p.Before = before
	}
	return p, nil
}

// A cursor is the last id of a page, in a form that nobody takes for an id.
func cursorOf(id string) string { return base64.RawURLEncoding.EncodeToString([]byte(id)) }

func parseCursor(c string) (string, error) {
	id, err := base64.RawURLEncoding.DecodeString(c)
	if err == nil {
		_, err = uuid.ParseBytes(id)
	}
	if err != nil {
		return "", httpserver.Errorf(http.StatusBadRequest, "invalid_cursor", "the cursor is not one that this API gave; leave it out for the first page")
	}
	return string(id), nil
}

// listOf cuts a page that has one item too many, and turns its rows into what
// the API shows.
func listOf[R, T any](rows []R, p store.Page, id func(R) string, view func(R) (T, error)) (List[T], error) {
	out := List[T]{Items: []T{}}
	if len(rows) == p.Limit {
		rows = rows[:len(rows)-1]
		out.NextCursor = cursorOf(id(rows[len(rows)-1]))
	}
	for _, r := range rows {
		v, err := view(r)
		if err != nil {
			return List[T]{}, err
		}
		out.Items = append(out.Items, v)
	}
	return out, nil
}
