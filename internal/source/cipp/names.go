package cipp

import (
	"net/netip"
	"regexp"
	"strings"

	"github.com/halert/halert/internal/alert"
	"github.com/halert/halert/internal/source/jsontree"
)

var (
	guidShape   = regexp.MustCompile(`^\{?[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\}?$`)
	upnShape    = regexp.MustCompile(`^[^\s@,;:<>"()\[\]\\/=]{1,128}@[^\s@,;:<>"'()\[\]\\/=]+\.[^\s@,;:<>"'()\[\]\\/=.]{2,63}$`)
	upnInside   = regexp.MustCompile(`[^\s@,;:<>"'()\[\]\\/=]{1,128}@(?:[\p{L}\p{N}-]+\.)+[\p{L}\p{N}]{2,63}`)
	domainShape = regexp.MustCompile(`^(?:[\p{L}\p{N}_-]+\.)+[\p{L}\p{N}-]{2,63}$`)
	movingToken = regexp.MustCompile(`^[+-]?\d[\d.,:/%+-]*(?:T[\d:.,]+)?(?:Z|[+-]\d\d:?\d\d)?(?:[a-zA-Z]{1,2})?%?$`)
)

func isGUID(s string) bool { return guidShape.MatchString(s) }
func isUPN(s string) bool  { return len(s) <= 320 && upnShape.MatchString(s) }

func oneLine(s string) string { return alert.OneLine(s) }
func fold(s string) string    { return strings.ToLower(oneLine(s)) }

// noTenant are the words that CIPP writes where no one tenant is meant. [A]
func noTenant(s string) bool {
	switch strings.Trim(fold(s), "*") {
	case "", "alltenants", "all tenants", "none", "cipp", "null", "unknown", "not supplied":
		return true
	}
	return false
}

// tenantOf sorts names of one tenant into id and domain: CIPP puts either into
// any field. The first of each counts.
func tenantOf(names ...string) alert.Tenant {
	var id, domain string
	for _, n := range names {
		switch n = oneLine(n); {
		case noTenant(n):
		case isGUID(n):
			if id == "" {
				id = strings.Trim(n, "{}")
			}
		case domain == "":
			domain = n
		}
	}
	return alert.NewTenant(id, alert.Cut(domain, 253))
}

// choice is the text of a value that may be a choice of a list in CIPP's
// pages: {"label": "Contoso", "value": "contoso.com"}. [A]
func choice(v jsontree.Value) string {
	v = v.Unwrap()
	if v.Kind == jsontree.Array && len(v.List) == 1 {
		v = v.List[0].Value
	}
	if v.Kind == jsontree.Object {
		return v.Str("value", "defaultDomainName", "customerId", "userPrincipalName", "id", "label", "displayName")
	}
	return strings.TrimSpace(v.Scalar())
}

// mask replaces the words of a text that move from run to run (numbers, dates,
// percentages, sizes) by "#". Names with digits in them ("PC-01"), GUIDs and
// IP addresses stay.
func mask(text string) string {
	words := strings.Fields(alert.CleanText(text))
	for i, w := range words {
		bare := strings.Trim(w, `"'()[]{}<>.,;:!?*%`)
		if !movingToken.MatchString(bare) {
			continue
		}
		if addr, err := netip.ParseAddr(bare); err == nil && addr.IsValid() {
			continue
		}
		words[i] = "#"
	}
	return strings.ToLower(strings.Join(words, " "))
}

// stableWords are the words of a title that name its subject: no numbers,
// dates, ids or addresses.
func stableWords(text string) string {
	var kept []string
	for w := range strings.FieldsSeq(mask(text)) {
		w = strings.Trim(w, `"'()[]{}<>.,;:!?*#%-`)
		if w == "" || isGUID(w) || isUPN(w) || strings.ContainsAny(w, "0123456789") || domainShape.MatchString(w) {
			continue
		}
		kept = append(kept, w)
	}
	return alert.Cut(strings.Join(kept, " "), 120)
}
