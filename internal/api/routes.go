package api

import (
	"cmp"
	"net/http"

	"github.com/halert/halert/internal/httpserver"
	"github.com/halert/halert/internal/rehearse"
)

// route is one operation: how it is served, and how it is described.
type route struct {
	method, path string // the path is relative to /api/v1
	id           string // the operation's name for generated clients
	summary      string
	doc          string
	query        []param
	in           any    // zero value of the JSON body that is taken; nil: none
	inType       string // content type of a body that is not JSON
	optional     bool   // the body may be left out
	out          any    // zero value of the JSON that is answered
	outType      string // content type of an answer that is not JSON
	status       int    // of a success; 0: 200
	open         bool   // needs no token
	handle       func(http.ResponseWriter, *http.Request, query) (result, error)
}

func clientParam() param {
	return param{name: "client_id", kind: "integer", min: 1, doc: "Halo's id of the client."}
}

func deliveryStates() []string {
	return []string{"available", "pending", "running", "retryable", "scheduled", "completed", "discarded", "cancelled"}
}

// routes is the whole API.
func routes(s *server) []route {
	table := append(eventRoutes(s), alertRoutes(s)...)
	table = append(table, ticketRoutes(s)...)
	table = append(table, silenceRoutes(s)...)
	return append(table, adminRoutes(s)...)
}

func eventRoutes(s *server) []route {
	return []route{
		{method: "GET", path: "/events", id: "listEvents", summary: "List events",
			doc:   "All bodies that were accepted, the newest first.",
			query: paging(param{name: "status", kind: "string", enum: []string{"pending", "processed", "quarantined"}, doc: "Only events in this state."}),
			out:   List[Event]{}, handle: s.listEvents},
		{method: "GET", path: "/events/{id}", id: "getEvent", summary: "Follow an event",
			doc: "An event is known from the moment of the 202. It names the alerts that it reported, their tickets, and how far Halo is.",
			out: Event{}, handle: s.getEvent},
		{method: "GET", path: "/events/{id}/body", id: "getEventBody", summary: "Read a stored body",
			doc:     "The body as it was stored, byte for byte. It was written by a foreign system: show it as text only.",
			outType: "application/octet-stream", handle: s.getEventBody},
		{method: "POST", path: "/events/{id}/replay", id: "replayEvent", summary: "Parse a stored body again",
			doc: "For a body in quarantine after the parser was bettered. Alerts that are known already are recognised; they make no second ticket.",
			out: Event{}, handle: s.replayEvent},
	}
}

func alertRoutes(s *server) []route {
	return []route{
		{method: "GET", path: "/alerts", id: "listAlerts", summary: "List alerts", doc: "All alerts, the newest first.",
			query: paging(
				param{name: "status", kind: "string", enum: []string{"firing", "resolved"}, doc: "Only alerts in this state."},
				param{name: "held", kind: "boolean", doc: "Only alerts that wait for their tenant to be mapped, or only those that do not."},
				param{name: "quiet", kind: "boolean", doc: "Only alerts that make no ticket because they are silenced, excluded or dropped, or only those that do."},
				param{name: "severity", kind: "string", enum: []string{"critical", "error", "warning", "info"}, doc: "Only alerts of this severity."},
				clientParam(),
				param{name: "source", kind: "string", doc: "Only alerts of the source with this name."},
				param{name: "ticket_id", kind: "string", doc: "Only alerts on this ticket, by our id."},
				param{name: "event_id", kind: "string", doc: "Only alerts that this event reported."},
				param{name: "q", kind: "string", doc: "Part of the title, the kind or the tenant, in any case."}),
			out: List[Alert]{}, handle: s.listAlerts},
		{method: "GET", path: "/alerts/{id}", id: "getAlert", summary: "Show an alert", doc: "One alert with its ticket.",
			out: Alert{}, handle: s.getAlert},
		{method: "GET", path: "/alerts/{id}/explain", id: "explainAlert", summary: "Explain an alert",
			doc: "Why the alert went where it went: source, tenant, customer, kind, ticket, and what Halo said.",
			out: Explanation{}, handle: s.explainAlert},
	}
}

func ticketRoutes(s *server) []route {
	return []route{
		{method: "GET", path: "/tickets", id: "listTickets", summary: "List tickets", doc: "All tickets, the newest first.",
			query: paging(
				param{name: "state", kind: "string", enum: []string{"pending", "open", "closed"}, doc: "Only tickets in this state."},
				param{name: "reference", kind: "string", doc: "The ticket with this reference."},
				clientParam(),
				param{name: "halo_id", kind: "integer", min: 1, doc: "Tickets with this id in Halo."},
				param{name: "event_id", kind: "string", doc: "Only tickets that this event's alerts went on."}),
			out: List[Ticket]{}, handle: s.listTickets},
		{method: "GET", path: "/tickets/{id}", id: "getTicket", summary: "Show a ticket", doc: "One ticket, by our id.",
			out: Ticket{}, handle: s.getTicket},
		{method: "GET", path: "/deliveries", id: "listDeliveries", summary: "List deliveries",
			doc:   "A delivery is the outbound side of a ticket: the work that brings Halo in line with it. Every ticket has one. The newest ticket's comes first.",
			query: paging(param{name: "state", kind: "string", enum: deliveryStates(), doc: "Only deliveries in this state."}),
			out:   List[Delivery]{}, handle: s.listDeliveries},
		{method: "GET", path: "/deliveries/{id}", id: "getDelivery", summary: "Show a delivery", doc: "One delivery with its history: each call to Halo and how it went.",
			out: DeliveryDetail{}, handle: s.getDelivery},
		{method: "PATCH", path: "/deliveries/{id}", id: "editDelivery", summary: "Edit a delivery",
			doc: "Changes client, site, ticket type or priority of a ticket that is not in Halo yet, so that a replay can go well. What is left out stays; null is the configured value. 409 tells why it cannot be: already_in_halo, closed, being_delivered, or occupied where another ticket for the same matter is open there.",
			in:  DeliveryEdit{}, out: Delivery{}, handle: s.editDelivery},
		{method: "POST", path: "/deliveries/{id}/cancel", id: "cancelDelivery", summary: "Cancel a delivery",
			doc: "Ends a delivery. A ticket that is not in Halo yet never comes there; its alerts stay, and their next report opens a new ticket. A ticket that Halo has stays open, and what Halo does not know yet is told with the next report. 409: closed, being_delivered, or completed where nothing is left to cancel.",
			out: Delivery{}, handle: s.cancelDelivery},
		{method: "POST", path: "/deliveries/{id}/replay", id: "replayDelivery", summary: "Replay a delivery",
			doc: "Gives a parked delivery another chance, and one that waits its next one at once. That of a closed ticket is refused with 409.",
			out: Delivery{}, handle: s.replayDelivery},
		{method: "POST", path: "/deliveries/replay", id: "replayDeliveries", summary: "Replay deliveries",
			doc: "Replays all deliveries in a state, and counts them.",
			in:  ReplayRequest{}, out: Replayed{}, handle: s.replayDeliveries},
	}
}

func adminRoutes(s *server) []route {
	return []route{
		{method: "POST", path: "/halo/test", id: "testHalo", summary: "Test the connection to Halo",
			doc: "Goes through all that delivery needs, step by step, with a remedy for each failure. The answer is 200 also when a step fails.",
			in:  TestRequest{}, optional: true, out: TestResult{}, handle: s.testHalo},
		{method: "POST", path: "/notify/test", id: "testNotify", summary: "Send a test message",
			doc: "Sends a test message by each way that is configured to tell people of trouble. The answer is 200 also when a step fails.",
			out: TestResult{}, handle: s.testNotify},
		{method: "POST", path: "/templates/preview", id: "previewTemplates", summary: "Try templates on a stored ticket",
			doc: "Writes a stored ticket's texts by templates, without Halo. A template that cannot be used is 422 invalid_template; one that fails for this ticket shows halert's own text and the error.",
			in:  PreviewRequest{}, out: Preview{}, handle: s.previewTemplates},
		{method: "GET", path: "/config", id: "getConfig", summary: "Export the configuration",
			doc: "The configuration in force as YAML. Secrets are left out.", outType: "application/yaml", handle: s.getConfig},
		{method: "PUT", path: "/config", id: "putConfig", summary: "Apply a configuration",
			doc: "Makes the YAML in the body the configuration. All problems are told at once, and then nothing is applied. Applying is idempotent.",
			query: []param{
				{name: "file", kind: "string", doc: "Name of the file, for messages."},
				{name: "dry_run", kind: "boolean", doc: "Only say what would change."}},
			inType: "application/yaml", out: Applied{}, handle: s.putConfig},
		{method: "POST", path: "/route-test", id: "testRoutes", summary: "Try the rules on a payload",
			doc: "Decides about the body, as a sender would post it, by the configuration in force: customer, silence, routes, and what they set. Nothing is stored. What people silenced is left out. 422 not_understood: no source reads it. 409: nothing_configured.",
			query: []param{
				{name: "source", kind: "string", doc: "Name of the source that would send it; left out: the one whose kind understands it."},
				{name: "at", kind: "string", doc: "Time at which it would come, RFC 3339, for rules about time; left out: now."}},
			inType: "application/octet-stream", out: rehearse.Trial{}, handle: s.testRoutes},
		{method: "POST", path: "/rehearse", id: "rehearse", summary: "Rehearse a draft of a configuration",
			doc: "Plays the stored bodies of the latest time through the sources, customers, routes and silences of the YAML in the body, and through the configuration in force, and compares the tickets. Halo is not touched, and nothing is written. At most 200000 bodies are played, one rehearsal at a time; it ends when the caller goes away. 422 since_too_long: bodies are not kept for so long. 409: rehearsal_running, nothing_configured.",
			query: []param{
				{name: "since", kind: "string", doc: "For how long back: 14d, 12h; at most as long as bodies are kept. Left out: 7d."},
				{name: "file", kind: "string", doc: "Name of the file, for messages."}},
			inType: "application/yaml", out: rehearse.Rehearsal{}, handle: s.rehearse},
		{method: "GET", path: "/tokens", id: "listTokens", summary: "List API tokens", doc: "All tokens of this API, without the tokens themselves.",
			out: Tokens{}, handle: s.listTokens},
		{method: "POST", path: "/tokens", id: "createToken", summary: "Make an API token", doc: "The token is in the answer this once.",
			in: NewToken{}, out: MadeToken{}, status: http.StatusCreated, handle: s.createToken},
		{method: "DELETE", path: "/tokens/{name}", id: "deleteToken", summary: "Delete an API token", doc: "The token ceases to work at once.",
			status: http.StatusNoContent, handle: s.deleteToken},
		{method: "GET", path: "/stats", id: "getStats", summary: "Show the numbers", doc: "How much waits, is held, is open.",
			out: Stats{}, handle: s.getStats},
		{method: "GET", path: "/openapi.json", id: "getOpenAPI", summary: "Describe this API", doc: "This document.",
			outType: "application/json", open: true, handle: s.getOpenAPI},
	}
}

// handler serves a table of routes. Whoever has no token learns only that: an
// address that does not exist is answered like one that does.
func (s *server) handler(table []route) http.Handler {
	mux := httpserver.NewMux(s.Log)
	open := make(map[string]bool)
	for _, rt := range table {
		mux.HandleFunc(rt.method+" "+prefix+rt.path, rt.serve)
		open[prefix+rt.path] = rt.open
	}
	return httpserver.Handle(s.Log, func(w http.ResponseWriter, r *http.Request) error {
		if !open[r.URL.Path] {
			if _, ok := s.Authorise(r.Context(), bearer(r)); !ok {
				w.Header().Set("WWW-Authenticate", `Bearer realm="halert"`)
				return httpserver.Errorf(http.StatusUnauthorized, "unauthorised",
					"no API token, or one that is unknown or expired: send it as Authorization: Bearer TOKEN; the halert command takes it from HALERT_API_TOKEN")
			}
		}
		mux.ServeHTTP(w, r)
		return nil
	})
}

// serve checks the query, runs the handler, and writes what it answers.
func (rt route) serve(w http.ResponseWriter, r *http.Request) error {
	q, err := parseQuery(r.URL.Query(), rt.query)
	if err != nil {
		return err
	}
	res, err := rt.handle(w, r, q)
	if err != nil {
		return err
	}
	status := cmp.Or(rt.status, http.StatusOK)
	switch {
	case rt.outType != "":
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Content-Type", rt.outType)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.WriteHeader(status)
		_, err = w.Write(res.body)
		return err
	case rt.out == nil:
		w.WriteHeader(status)
		return nil
	}
	return httpserver.WriteJSON(w, status, res.value)
}
