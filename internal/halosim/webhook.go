package halosim

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// The events that webhooks can be told of, by Halo's numbers [C].
const (
	eventNew     = 3
	eventClosed  = 39
	eventStatus  = 76
	eventDeleted = 1072
)

func eventName(no int) string {
	switch no {
	case eventNew:
		return "New Ticket Logged"
	case eventClosed:
		return "Ticket Closed"
	case eventStatus:
		return "Ticket Status Changed"
	}
	return "Ticket Deleted"
}

// webhook is one that Halo calls. It has no events until notifications are
// made for it.
type webhook struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	URL      string `json:"url"`
	Type     int    `json:"type"`
	Method   int    `json:"method"`
	Active   bool   `json:"active"`
	User     string `json:"basic_username"`
	password string
	events   []int
}

// delivery is a request that is to be sent to a webhook.
type delivery struct {
	id, webhookID, url, user, password string
	body                               []byte
}

// webhookEvent is the log of one delivery.
type webhookEvent struct {
	ID             string   `json:"id"`
	WebhookID      string   `json:"webhook_id"`
	Timestamp      haloTime `json:"timestamp"`
	Status         int      `json:"status"`
	ResponseStatus int      `json:"responsestatus"`
	RequestBody    string   `json:"requestbody"`
	Error          bool     `json:"error"`
}

// notify queues the webhooks for an event. The body is a guess [G]: Halo says
// only that ticket and action are in it.
func (s *Sim) notify(no int, t *ticket, a *action) {
	for _, w := range s.db.webhooks {
		if !w.Active || !slices.Contains(w.events, no) {
			continue
		}
		d := delivery{id: newGUID(), webhookID: w.ID, url: w.URL, user: w.User, password: w.password}
		body := map[string]any{"id": d.id, "webhook_id": w.ID, "timestamp": haloTime{s.now()}, "event": eventName(no),
			"object_id": t.ID, "ticket": s.db.faultsOne(t, true)}
		if a != nil {
			body["action"] = newActionRow(s.db, a, true)
		}
		d.body = jsonAnswer(0, body).body
		s.deliveries = append(s.deliveries, d)
	}
}

// deliver sends what is queued, each once, and logs how it went.
func (s *Sim) deliver(ctx context.Context) {
	s.mu.Lock()
	due := s.deliveries
	s.deliveries = nil
	s.mu.Unlock()
	for _, d := range due {
		status := d.send(ctx)
		s.mu.Lock()
		s.db.events = append(s.db.events, webhookEvent{ID: d.id, WebhookID: d.webhookID, Timestamp: haloTime{s.now()},
			ResponseStatus: status, RequestBody: string(d.body), Error: status < 200 || status > 299})
		s.mu.Unlock()
	}
}

// send returns the status of the answer, 0 if there was none.
func (d delivery) send(ctx context.Context) int {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.url, bytes.NewReader(d.body))
	if err != nil {
		return 0
	}
	req.Header.Set("Content-Type", "application/json")
	if d.user != "" {
		req.SetBasicAuth(d.user, d.password)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0
	}
	resp.Body.Close()
	return resp.StatusCode
}

// postWebhooks creates outbound webhooks or changes those that have an id.
func (s *Sim) postWebhooks(c *call) answer {
	return write(s, c, func(in *reader) (webhook, *answer) {
		w := s.db.webhook(in.text("id"))
		if w == nil {
			w = &webhook{ID: newGUID(), Active: true}
		}
		next := *w
		for key, to := range map[string]*string{"name": &next.Name, "url": &next.URL, "basic_username": &next.User, "basic_password": &next.password} {
			if v, found := in.string(key); found {
				*to = v
			}
		}
		if v, found := in.bool("active"); found {
			next.Active = v
		}
		next.Type, _ = in.int("type")
		u, err := url.Parse(next.URL)
		switch {
		case len(in.bad) > 0:
			return webhook{}, nil
		case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
			return webhook{}, refusal("Please enter a valid URL")
		}
		*w = next
		if s.db.webhook(w.ID) == nil {
			s.db.webhooks = append(s.db.webhooks, w)
		}
		return *w, nil
	})
}

func (db *database) webhook(id string) *webhook {
	if i := slices.IndexFunc(db.webhooks, func(w *webhook) bool { return w.ID == id }); i >= 0 {
		return db.webhooks[i]
	}
	return nil
}

func (s *Sim) listWebhooks(*call) answer {
	rows := []webhook{}
	for _, w := range s.db.webhooks {
		rows = append(rows, *w)
	}
	return ok(rows)
}

func (s *Sim) getWebhook(c *call) answer {
	if w := s.db.webhook(c.id); w != nil {
		return ok(*w)
	}
	return fail(http.StatusNotFound, shapeMessage, "The webhook was not found.")
}

func (s *Sim) deleteWebhook(c *call) answer {
	w := s.db.webhook(c.id)
	if w == nil {
		return fail(http.StatusNotFound, shapeMessage, "The webhook was not found.")
	}
	s.db.webhooks = slices.DeleteFunc(s.db.webhooks, func(v *webhook) bool { return v == w })
	return ok(map[string]string{"id": w.ID})
}

// postNotifications joins an event to a webhook.
func (s *Sim) postNotifications(c *call) answer {
	return write(s, c, func(in *reader) (map[string]any, *answer) {
		id, no := in.text("webhook_id"), in.positive("eventno")
		w := s.db.webhook(id)
		switch {
		case len(in.bad) > 0:
			return nil, nil
		case w == nil:
			return nil, refusal("The webhook %q does not exist.", id)
		}
		w.events = append(w.events, no)
		return map[string]any{"id": len(w.events), "webhook_id": id, "eventno": no}, nil
	})
}

// listWebhookEvents answers the log of deliveries, newest first.
func (s *Sim) listWebhookEvents(c *call) answer {
	rows := []webhookEvent{}
	for _, e := range slices.Backward(s.db.events) {
		if want := c.query["webhook_id"]; want == "" || want == e.WebhookID {
			rows = append(rows, e)
		}
	}
	return ok(rows)
}

// externalLink joins a ticket to something elsewhere.
type externalLink struct {
	ID            int      `json:"id"`
	TableID       int      `json:"table_id"`
	ModuleID      int      `json:"module_id"`
	HaloID        int      `json:"halo_id"`
	ThirdPartyID  string   `json:"third_party_id"`
	ThirdPartyURL string   `json:"third_party_url"`
	DateCreated   haloTime `json:"date_created"`
}

func (db *database) addLink(ticketID int, in ticketInput, at time.Time) {
	db.links = append(db.links, externalLink{ID: len(db.links) + 1, TableID: 1, ModuleID: in.linkModuleID,
		HaloID: ticketID, ThirdPartyID: in.linkThirdPartyID, ThirdPartyURL: in.linkThirdPartyURL, DateCreated: haloTime{at}})
}

func (s *Sim) listLinks(c *call) answer {
	ids := c.query.ints("halo_id")
	rows := []externalLink{}
	for _, l := range s.db.links {
		if want := c.query["third_party_id"]; (want == "" || want == l.ThirdPartyID) && (ids == nil || ids[l.HaloID]) {
			rows = append(rows, l)
		}
	}
	return ok(rows)
}
