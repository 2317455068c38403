package cipp

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/halert/halert/internal/alert"
	"github.com/halert/halert/internal/source/jsontree"
)

// identity says which thing a row is about, within its tenant and alert kind.
type identity struct {
	key     string // the fingerprint
	exact   bool   // rows with the same key are about the same thing
	content string // all that the row says, where it is not exact
}

// maxKey is the length up to which a fingerprint stays readable; a longer one
// becomes its hash.
const maxKey = 160

func exactly(parts ...string) identity {
	return identity{key: shorten(fold(strings.Join(parts, ";"))), exact: true}
}

// boundKind keeps the begin of an alert kind that is very long.
func boundKind(kind string) string {
	if len(kind) <= 2*maxKey {
		return kind
	}
	return alert.Cut(kind, maxKey) + "~" + shorten(kind)
}

func shorten(key string) string {
	if len(key) <= maxKey {
		return key
	}
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:16])
}

// identify takes the natural keys of the alert where the row has them. CIPP's
// own contentHash is not used: it is built on the user, the id or the message
// as well, but on all of the row, moving values included, where these are
// missing, and it is absent for rows that are plain strings. [A]
func identify(v jsontree.Value, s *spec) identity {
	if s != nil {
		var parts []string
		for _, k := range s.Keys {
			if text := v.Get(k).Flat(); strings.TrimSpace(text) != "" {
				parts = append(parts, k+"="+text)
			}
		}
		if len(parts) > 0 {
			return exactly(parts...)
		}
		if u := onlyUPN(v.Str("Message")); s.UserInMessage && u.UPN != "" && slices.Contains(s.Keys, "UserPrincipalName") {
			return exactly("UserPrincipalName=" + u.UPN)
		}
		if s.Whole {
			return exactly("tenant")
		}
	}
	return describe(v)
}

// describe identifies a row by what does not move in it: user and id first,
// the message with its numbers masked, and texts that are not times, numbers
// or states.
func describe(v jsontree.Value) identity {
	if v.Kind != jsontree.Object {
		text := v.Flat()
		return identity{key: firstOf(shorten(mask(text)), "row"), content: text}
	}
	var parts []string
	for i := range v.List {
		m := v.List[i]
		if part := stablePart(m); part != "" {
			parts = append(parts, part)
		}
	}
	slices.Sort(parts) // CIPP's tables have no order of their own
	return identity{key: firstOf(shorten(fold(strings.Join(parts, ";"))), "row"), content: content(v)}
}

// content is all that a row says, whatever the order of its members.
func content(v jsontree.Value) string {
	parts := make([]string, 0, len(v.List))
	for i := range v.List {
		parts = append(parts, strings.ToLower(v.List[i].Name)+"="+string(v.List[i].Value.Encode()))
	}
	slices.Sort(parts)
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return string(sum[:])
}

func stablePart(m jsontree.Member) string {
	name := letters(m.Name)
	isID := strings.HasSuffix(name, "id") || strings.HasSuffix(name, "guid")
	if isTenantName(m.Name) || isMovingName(name) && !isID {
		return ""
	}
	switch v := m.Value.Unwrap(); v.Kind {
	case jsontree.Number:
		if isID {
			return name + "=" + v.Text
		}
	case jsontree.String:
		if isID {
			return name + "=" + oneLine(v.Text)
		}
		if text := mask(v.Text); text != removed && strings.Trim(text, "# ") != "" {
			return name + "=" + text
		}
	}
	return ""
}

// isMovingName recognises, by their name in lower case letters, values that
// differ from one run to the next.
func isMovingName(name string) bool {
	for _, part := range []string{
		"days", "hours", "percent", "count", "time", "date", "timestamp", "score", "used", "usage", "size", "bytes",
		"left", "remaining", "last", "first", "created", "updated", "received", "reported", "total", "quota", "status",
		"state", "seen", "available", "sync", "cached", "summary", "etag",
	} {
		if strings.Contains(name, part) {
			return true
		}
	}
	return name == "age" || strings.HasSuffix(name, "old")
}
