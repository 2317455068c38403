package halo

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"net/url"
	"strconv"
)

const (
	defaultPageSize = 100 // the most that Halo gives of tickets [A]
	defaultMaxPages = 1000
)

// listCall describes a request for a list and how its rows are read.
type listCall[T any] struct {
	op    string
	path  string
	query url.Values
	name  string // of the array, where it is within an object
	read  func(fields) T

	// For lists in pages only.
	id       func(T) int
	pageSize int // 0: defaultPageSize
	maxPages int // 0: defaultMaxPages
}

// all returns a list that comes in one piece.
func all[T any](ctx context.Context, c *Client, l listCall[T]) ([]T, error) {
	p, err := fetchPage(ctx, c, l, l.query)
	if err != nil {
		return nil, err
	}
	out := make([]T, 0, len(p.rows))
	for _, row := range p.rows {
		out = append(out, l.read(row))
	}
	return out, nil
}

func fetchPage[T any](ctx context.Context, c *Client, l listCall[T], query url.Values) (page, error) {
	a, err := c.get(ctx, l.op, l.path, query)
	if err != nil {
		return page{}, err
	}
	p, err := parsePage(a.text, l.name)
	if err != nil {
		return page{}, a.unreadable(err)
	}
	return p, nil
}

// pages walks through a list in pages. It ends when record_count rows are
// there, at an empty page, at a short one where Halo does not count, and at a
// page with no row that is new: then the server ignores the page number. Rows
// that slip from one page to the next while we read come only once, rows
// without an id not at all. After an error nothing more comes.
func pages[T any](ctx context.Context, c *Client, l listCall[T]) iter.Seq2[T, error] {
	size, most := l.pageSize, l.maxPages
	if size <= 0 {
		size = defaultPageSize
	}
	if most <= 0 {
		most = defaultMaxPages
	}
	return func(yield func(T, error) bool) {
		var none T
		seen := make(map[int]bool)
		for number := 1; number <= most; number++ {
			p, err := fetchPage(ctx, c, l, pageQuery(l.query, size, number))
			if err != nil {
				yield(none, err)
				return
			}
			before := len(seen)
			for _, row := range p.rows {
				item := l.read(row)
				if id := l.id(item); id == 0 || seen[id] {
					continue
				}
				seen[l.id(item)] = true
				if !yield(item, nil) {
					return
				}
			}
			switch {
			case len(seen) == before,
				p.total > 0 && len(seen) >= p.total,
				p.total <= 0 && len(p.rows) < size:
				return
			}
		}
		yield(none, &Error{Op: l.op, Method: http.MethodGet, Path: l.path, Status: http.StatusOK,
			Class: ClassUnreadable, Err: ErrPageLimit})
	}
}

// pageQuery adds the page to a query. "pageinate" is Halo's spelling [A].
func pageQuery(query url.Values, size, number int) url.Values {
	q := url.Values{
		"pageinate": {"true"},
		"page_size": {strconv.Itoa(size)},
		"page_no":   {strconv.Itoa(number)},
	}
	for name, values := range query {
		q[name] = values
	}
	return q
}

// one reads an object by its id. An answer without it is [ClassNotFound].
func one[T any](ctx context.Context, c *Client, op, path string, query url.Values, read func(fields) T) (T, error) {
	var none T
	a, err := c.get(ctx, op, path, query)
	if err != nil {
		return none, err
	}
	o, err := parseObject(a.text)
	if errors.Is(err, errNoObject) {
		return none, a.absent()
	}
	if err != nil {
		return none, a.unreadable(err)
	}
	return read(o), nil
}

func setInt(q url.Values, name string, n int) {
	if n != 0 {
		q.Set(name, strconv.Itoa(n))
	}
}

func setText(q url.Values, name, text string) {
	if text != "" {
		q.Set(name, text)
	}
}

func setTrue(q url.Values, name string, on bool) {
	if on {
		q.Set(name, "true")
	}
}
