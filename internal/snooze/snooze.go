// Package snooze serves the page that a ticket's snooze link opens: it shows
// the findings of the ticket that still fire, and a technician chooses which
// of them shall be quiet, for how long and why. The link is sealed, so nobody
// can make one up, and needs no account; opening it changes nothing, because
// mail filters and link previews open links too.
package snooze

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/base64"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/halert/halert/internal/alert"
	"github.com/halert/halert/internal/secret"
	"github.com/halert/halert/internal/store"
)

// purpose is what links are sealed for.
const purpose = "snooze link"

// maxShown bounds the findings on the page.
const maxShown = 200

// Path is where [Page] is to be served.
const Path = "/snooze/{secret}"

// Days lists for how many days a finding can be snoozed: those of CIPP's own
// links [A].
func Days() []int { return []int{7, 14, 30, 90} }

// Link returns the address of a ticket's snooze page. base is the server's own
// address without a slash at its end.
func Link(key secret.Key, base, ticketID string) string {
	return base + "/snooze/" + base64.RawURLEncoding.EncodeToString(key.Seal([]byte(ticketID), purpose))
}

// Options are what a Page needs.
type Options struct {
	Store   *store.Store
	Key     secret.Key
	Log     *slog.Logger
	Now     func() time.Time
	Changed func() // called when something was snoozed
}

// Page serves the page. It takes GET and POST.
type Page struct {
	Options
	html *template.Template
}

//go:embed snooze.html
var source string

// New makes the page.
func New(o Options) *Page {
	return &Page{o, template.Must(template.New("snooze").Parse(source))}
}

// view is what the page shows.
type view struct {
	Status   int // of the answer
	Title    string
	Customer string
	HaloID   int
	Findings []finding
	Days     []int
	Problem  string // what is missing in the form, or why there is none
	Done     string // what was snoozed
	Reason   string
	Author   string
}

type finding struct {
	ID      string // of the alert
	Title   string
	Chosen  bool
	Quiet   string // why it is quiet already
	dedup   string
	isQuiet bool
}

// ServeHTTP shows the findings, and snoozes what was chosen.
func (p *Page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer") // the address is a key
	h.Set("Cache-Control", "no-store")
	h.Set("X-Robots-Tag", "noindex")
	v, err := p.serve(w, r)
	if err != nil {
		p.Log.Error("the snooze page could not be shown", "error", err)
		v = view{Status: http.StatusServiceUnavailable, Problem: "halert cannot read its database at the moment. Try again in a minute."}
	}
	var page bytes.Buffer
	if err := p.html.Execute(&page, v); err != nil {
		p.Log.Error("the snooze page could not be written", "error", err)
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.WriteHeader(v.Status)
	_, _ = w.Write(page.Bytes()) // the browser has gone: nobody is there to tell
}

func (p *Page) serve(w http.ResponseWriter, r *http.Request) (view, error) {
	id := p.open(r.PathValue("secret"))
	if id == "" {
		return view{Status: http.StatusNotFound, Problem: "This link is not one of this halert, or its key has changed since. Newer tickets have good links."}, nil
	}
	v, err := p.ticket(r.Context(), id)
	if err != nil || len(v.Findings) == 0 || r.Method != http.MethodPost {
		return v, err
	}
	r.Body = http.MaxBytesReader(w, r.Body, 256<<10)
	if err := r.ParseForm(); err != nil {
		v.Status, v.Problem = http.StatusBadRequest, "The form could not be read. Try again."
		return v, nil //nolint:nilerr // the page tells it
	}
	return p.snooze(r, v)
}

// open returns the ticket of a link, or "" if it is none of ours.
func (p *Page) open(link string) string {
	sealed, err := base64.RawURLEncoding.DecodeString(link)
	if err != nil {
		return ""
	}
	id, err := p.Key.Open(sealed, purpose)
	if err != nil {
		return ""
	}
	return string(id)
}

// ticket shows what still fires on a ticket.
func (p *Page) ticket(ctx context.Context, id string) (view, error) {
	t, err := p.Store.Ticket(ctx, id, p.Now())
	if errors.Is(err, store.ErrNotFound) {
		return view{Status: http.StatusNotFound, Problem: "The ticket is so old that halert has forgotten it. There is nothing to snooze."}, nil
	}
	if err != nil {
		return view{}, err
	}
	v := view{Status: http.StatusOK, Title: t.Topic.Title, Customer: t.Customer.Name, HaloID: t.HaloID, Days: Days()}
	alerts, err := p.Store.Alerts(ctx, store.AlertFilter{TicketID: id, Status: alert.Firing}, store.Page{Limit: maxShown})
	if err != nil {
		return view{}, err
	}
	for _, a := range alerts {
		f := finding{ID: a.ID, Title: a.Title, dedup: a.DedupKey}
		if a.QuietReason != "" {
			f.Quiet, f.isQuiet = a.QuietReason, true
		}
		v.Findings = append(v.Findings, f)
	}
	if len(v.Findings) == 0 {
		v.Problem = "Nothing on this ticket fires any more. There is nothing to snooze."
	}
	return v, nil
}

// snooze silences what the form names.
func (p *Page) snooze(r *http.Request, v view) (view, error) {
	chosen := make(map[string]bool)
	for _, id := range r.PostForm["finding"] {
		chosen[id] = true
	}
	v.Reason, v.Author = alert.Cut(alert.OneLine(r.PostForm.Get("reason")), 500), alert.Cut(alert.OneLine(r.PostForm.Get("author")), 100)
	var picked []finding
	for i := range v.Findings {
		if f := &v.Findings[i]; chosen[f.ID] {
			f.Chosen = true
			picked = append(picked, *f)
		}
	}
	days, err := strconv.Atoi(r.PostForm.Get("days"))
	known := false
	for _, d := range Days() {
		known = known || d == days
	}
	v.Status = http.StatusUnprocessableEntity
	switch {
	case len(picked) == 0:
		v.Problem = "Choose at least one finding."
	case err != nil || !known:
		v.Problem = "Choose for how long."
	case v.Reason == "":
		v.Problem = "Say why, for whoever asks later."
	case v.Author == "":
		v.Problem = "Say who you are, for whoever asks later."
	}
	if v.Problem != "" {
		return v, nil
	}
	now := p.Now()
	until := now.AddDate(0, 0, days)
	for _, f := range picked {
		if _, err := p.Store.AddSilence(r.Context(), store.Silence{DedupKey: f.dedup, Reason: v.Reason, Author: v.Author, From: now, Until: until, CreatedAt: now}); err != nil {
			return view{}, err
		}
	}
	p.Log.Info("findings were snoozed from a ticket", "halo_id", v.HaloID, "findings", len(picked), "days", days)
	p.Changed()
	v.Status, v.Done = http.StatusOK, done(picked, until)
	return v, nil
}

func done(picked []finding, until time.Time) string {
	what := fmt.Sprintf("%d findings are", len(picked))
	if len(picked) == 1 {
		what = strings.TrimSuffix(picked[0].Title, ".") + " is"
	}
	return what + " snoozed until " + until.UTC().Format("2 January 2006") + ". Until then repeats make no note and no ticket; after that they are looked at again."
}
