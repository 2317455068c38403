package ingest

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/halert/halert/internal/httpserver"
	"github.com/halert/halert/internal/secret"
)

const (
	maxHint    = 4 << 20 // Halo sends the whole ticket, with its texts
	maxHintIDs = 1000
)

// Webhook handles POST /halo/webhook/{secret}: Halo tells that something
// happened to a ticket. It is a hint only, because Halo does not sign it [A]:
// all that is taken from it is the number of the ticket, which is then read.
func (rc *Receiver) Webhook(w http.ResponseWriter, r *http.Request) error {
	if hash := *rc.webhook.Load(); hash == nil || !secret.Equal(hash, r.PathValue("secret")) {
		return httpserver.Errorf(http.StatusNotFound, "not_found", "there is nothing at this address")
	}
	body, err := httpserver.ReadBody(w, r, maxHint)
	if err != nil {
		return err
	}
	if ids := ticketIDs(body); len(ids) > 0 {
		if err := rc.opts.Store.Hint(r.Context(), ids, rc.opts.Now()); err != nil {
			return err
		}
		rc.opts.Hinted()
	}
	return httpserver.WriteJSON(w, http.StatusOK, map[string]string{"status": "ok"})
}

// ticketIDs finds the numbers of tickets in whatever Halo's webhook sends: an
// object or, when it sends in batches, an array of them; with the ticket, with
// its number alone, or with the keys that an administrator chose [C].
func ticketIDs(body []byte) []int {
	var one map[string]json.RawMessage
	var many []map[string]json.RawMessage
	if json.Unmarshal(body, &one) == nil {
		many = append(many, one)
	} else if json.Unmarshal(body, &many) != nil {
		return nil
	}
	var ids []int
	for _, m := range many {
		if id := ticketID(m); id > 0 && len(ids) < maxHintIDs {
			ids = append(ids, id)
		}
	}
	return ids
}

func ticketID(m map[string]json.RawMessage) int {
	var ticket map[string]json.RawMessage
	if json.Unmarshal(m["ticket"], &ticket) == nil {
		if id := number(ticket["id"]); id > 0 {
			return id
		}
	}
	for _, key := range []string{"ticket_id", "object_id", "faultid", "id"} {
		if id := number(m[key]); id > 0 {
			return id
		}
	}
	return 0
}

// number reads 21, 21.0 and "21"; anything else is 0.
func number(raw json.RawMessage) int {
	f, err := strconv.ParseFloat(string(bytes.Trim(raw, `"`)), 64)
	if err != nil || f < 1 || f > 1<<31 {
		return 0
	}
	return int(f)
}
