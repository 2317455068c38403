package notify

import (
	"fmt"
	"strings"
	"time"

	"github.com/halert/halert/internal/alert"
	"github.com/halert/halert/internal/store"
)

// text is a message for people. It says what is wrong, what that means, and
// what to do; it holds no body of an alert and no secret.
type text struct{ subject, body string }

const maxWords = 300 // characters of what Halo says

const nothingLost = "Nothing is lost: halert keeps taking alerts, and delivers them by itself when this is over."

func lines(subject string, paragraphs ...string) text {
	return text{subject: "halert: " + subject, body: strings.Join(paragraphs, "\n\n") + "\n"}
}

func clock(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

func words(said string) string {
	if said = alert.Cut(alert.OneLine(said), maxWords); said == "" {
		return "no reason is known"
	}
	return said
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func deliveries(n int) string { return count(n, "delivery waits", "deliveries wait") }

func stuckText(o Observation, since time.Time) text {
	said, todo := o.Backlog.Error, "Look whether HaloPSA can be reached from this server (`halert test`), and at `halert deliveries --state retryable`."
	if t := o.Trouble; t != nil {
		said = t.Reason
	}
	return lines("nothing gets through to HaloPSA",
		fmt.Sprintf("Since %s nothing got through to HaloPSA. %s.", clock(since), deliveries(o.Backlog.Waiting)),
		"What went wrong last: "+words(said),
		nothingLost, todo)
}

func stuckEnd(since time.Time, waiting int) text {
	return lines("HaloPSA takes tickets again",
		fmt.Sprintf("Deliveries to HaloPSA go on. They stood still since %s.", clock(since)),
		rest(waiting))
}

func rest(waiting int) string {
	if waiting == 0 {
		return "Nothing waits any more. There is nothing to do."
	}
	return deliveries(waiting) + " still, and will go as fast as HaloPSA's rate limit lets them. There is nothing to do."
}

func refusedText(o Observation) text {
	t := o.Trouble
	return lines("HaloPSA refuses all tickets",
		fmt.Sprintf("Since %s HaloPSA refuses whatever halert asks. %s.", clock(t.Since), deliveries(o.Backlog.Waiting)),
		"HaloPSA says: "+words(t.Reason),
		nothingLost, t.Remedy)
}

func refusedEnd(since time.Time, waiting int) text {
	return lines("HaloPSA takes tickets again",
		fmt.Sprintf("HaloPSA refused whatever halert asked since %s. That is over.", clock(since)),
		rest(waiting))
}

func discardedText(p store.Troubles) text {
	var list strings.Builder
	fmt.Fprintf(&list, "%s. Parked in all: %d.", count(p.New, "delivery was refused by HaloPSA and is parked", "deliveries were refused by HaloPSA and are parked"), p.Total)
	for _, t := range p.First {
		fmt.Fprintf(&list, "\n- d_%s (source %s, %s): %s", t.ID, t.Source, clock(t.At), words(t.Error))
	}
	return lines(count(p.New, "ticket was refused by HaloPSA", "tickets were refused by HaloPSA"), list.String()+more(p),
		"These alerts have no ticket, or one that is not up to date, until somebody acts. They are kept; all other deliveries go on.",
		"Put right what HaloPSA names, then run `halert deliveries replay ID` for one, or `halert deliveries replay --all --state discarded` for all.")
}

func more(p store.Troubles) string {
	if n := p.New - len(p.First); n > 0 {
		return fmt.Sprintf("\n- and %d more", n)
	}
	return ""
}

func discardedEnd() text {
	return lines("no delivery is parked any more", "All deliveries that HaloPSA had refused were replayed or ended. There is nothing to do.")
}

func quarantinedText(q store.Troubles) text {
	var list strings.Builder
	fmt.Fprintf(&list, "%s. In quarantine in all: %d.", count(q.New, "message could not be understood and is in quarantine", "messages could not be understood and are in quarantine"), q.Total)
	for _, t := range q.First {
		fmt.Fprintf(&list, "\n- event %s (source %s, %s)", t.ID, t.Source, clock(t.At))
	}
	return lines(count(q.New, "alert message could not be understood", "alert messages could not be understood"), list.String()+more(q),
		"They are kept, but no ticket comes of them. The sender may have changed its format, or may not be the one that the source is for.",
		"`GET /api/v1/events/ID` says why, `GET /api/v1/events/ID/body` shows the message. When the cause is gone, `POST /api/v1/events/ID/replay` reads it again.")
}

func quarantinedEnd() text {
	return lines("no message is in quarantine any more", "All messages that could not be understood were dealt with. There is nothing to do.")
}

func inboxText(o Observation) text {
	return lines("accepted alerts are not worked on",
		fmt.Sprintf("%s to be worked on, the oldest since %s.", count(o.Pending, "accepted message waits", "accepted messages wait"), clock(o.OldestPending)),
		"Nothing is lost: they are on disk, and are worked on when this is over. Until then no tickets come of them.",
		"Look at halert's log and at the load of its server. A restart does no harm.")
}

func inboxEnd(since time.Time) text {
	return lines("accepted alerts are worked on again", fmt.Sprintf("Accepted messages waited since %s. That is over. There is nothing to do.", clock(since)))
}

func storageText(o Observation) text {
	return lines("the database cannot be used",
		"halert cannot read or write its database: "+words(o.StorageError),
		"New alerts are answered 503, so that senders which repeat them lose nothing; those which do not repeat may lose alerts now. What was accepted before is kept. No tickets are made.",
		"Look at free disk space and rights in the data folder, or whether PostgreSQL runs and can be reached.")
}

func storageEnd(since time.Time) text {
	return lines("the database can be used again",
		fmt.Sprintf("halert could not use its database since %s. That is over.", clock(since)),
		"Alerts of senders that do not repeat may be missing from that time: compare with what the senders show.")
}

func testMessage(now time.Time) Message {
	return message("test", Tried, now, lines("a test message", "Somebody asked halert to send this message, to see that it arrives. There is nothing to do."))
}
