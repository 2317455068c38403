package alert

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
)

// DedupKey identifies an alert for good: the same finding of the same tenant
// by the same source has the same key, whenever and in whichever form it is
// sent. The tenant is the canonical name ([Aliases.Canonical]).
func DedupKey(source, tenant, kind, fingerprint string) string {
	sum := sha256.Sum256([]byte(strings.Join([]string{source, tenant, kind, fingerprint}, "\x00")))
	return hex.EncodeToString(sum[:16])
}

// GroupKey says which alerts share one open ticket: those of one customer
// (client and site), source and kind, and of one user where tickets are cut
// per user. A nonce that is not empty keeps the ticket apart from all others.
func GroupKey(c Customer, source, kind, user, nonce string) string {
	sum := sha256.Sum256([]byte(strings.Join([]string{kind, user, nonce}, "\x00")))
	return strings.Join([]string{
		source, strconv.Itoa(c.ClientID), strconv.Itoa(c.SiteID), hex.EncodeToString(sum[:12]),
	}, "/")
}

// MoveGroup is the group key of the same matter at another client or site.
func MoveGroup(key string, to Customer) string {
	parts := strings.Split(key, "/")
	if len(parts) < 4 {
		return key
	}
	tail := parts[len(parts)-3:]
	tail[0], tail[1] = strconv.Itoa(to.ClientID), strconv.Itoa(to.SiteID)
	return strings.Join(parts, "/")
}
