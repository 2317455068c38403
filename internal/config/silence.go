package config

import (
	"strconv"
	"strings"
	"time"
)

func (n node) own() Own {
	s := n.section("client", "site")
	return Own{ClientID: s.client(), SiteID: s.numberOr("site", 1, 0)}
}

// silence reads how long a source may be silent: whole hours or days, "24h",
// "7d". Its ticket needs a client.
func (s section) silence(key string, own Own) time.Duration {
	text := s.text(key)
	if text == "" {
		return 0
	}
	n := s.byKey[key]
	unit := time.Hour
	number, ok := strings.CutSuffix(text, "h")
	if !ok {
		unit = day
		number, ok = strings.CutSuffix(text, "d")
	}
	count, err := strconv.ParseUint(number, 10, 16)
	after := time.Duration(count) * unit
	if !ok || err != nil || after < time.Hour || after > 365*day {
		n.problem("is %s; write whole hours or days, 1h to 365d", n.shown())
		return 0
	}
	if own.ClientID == 0 {
		n.problem("makes a ticket that needs a client: set own_alerts: {client: ID} with the id of your own company in Halo")
	}
	return after
}

// hoursOrDays writes what silence reads.
func hoursOrDays(d time.Duration) string {
	if d%day == 0 {
		return strconv.Itoa(int(d/day)) + "d"
	}
	return strconv.Itoa(int(d/time.Hour)) + "h"
}
