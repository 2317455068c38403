package cipp

import (
	"regexp"
	"strings"
)

var (
	// A value after "password is", "Password:", "temporary access pass for X is" and the like.
	saidSecret = regexp.MustCompile(`(?i)((?:pass(?:words?|wd|code|phrase)|\bpwd|temporary access pass|\btap|(?:client|app|application) secret)\b["'*_` + "`" + `]*` +
		`(?:\s+(?:for|of)\s+(?:(?:the|this|user|account|mailbox)\s+)*[^\s:=]+(?:\s+\([^\s)]+\))?)?` +
		`(?:\s+(?:is|was|has been|had been)(?:\s+(?:now|set to|reset to|changed to))?\s*:?|\s+(?:set|reset|changed)?\s*to\b|\s*(?::|=|->)))` +
		`((?:[\s*_` + "`" + `]|<[^<>]{1,40}>)*)("[^"]*"|'[^']*'|[^\s<]+)`)
	// "new password Xyz", without a word between.
	bareSecret = regexp.MustCompile(`(?i)(\b(?:new|temporary|temp|initial|generated|random)\s+password\s+["'*_` + "`" + `]*)([^\s<"']+)`)
	// The begin of a member in JSON, at whatever depth of escaping.
	memberStart = regexp.MustCompile(`(\\*)"([^"\\\r\n]{2,80})\\*"\s*:\s*`)
	// The parameters in a hash table of PowerShell that was turned into a string.
	psParameters = regexp.MustCompile(`(?is)(\bParameters\s*=\s*).+`)
	// The same in a string of a body that cannot be decoded.
	rawPSParameters = regexp.MustCompile(`(?is)(@\{[^"]*?\bParameters\s*=\s*)(?:[^"\\]|\\.)*`)
)

// redactText removes secrets that a sentence tells.
func redactText(s string) string {
	if !mentionsSecret(strings.ToLower(s)) {
		return s
	}
	s = replaceSaid(saidSecret, s, 3)
	return replaceSaid(bareSecret, s, 2)
}

// cutPSParameters removes the parameters of a task that was serialised as
// "@{Command=…; Parameters=…}", and all behind them: their end cannot be told.
func cutPSParameters(s string) string {
	if !strings.HasPrefix(strings.TrimSpace(s), "@{") {
		return s
	}
	return psParameters.ReplaceAllString(s, "${1}"+removed)
}

func mentionsSecret(low string) bool {
	for _, w := range []string{"pass", "pwd", "tap", "secret"} {
		if strings.Contains(low, w) {
			return true
		}
	}
	return false
}

// replaceSaid replaces the given group of every match, unless it is a word of
// the sentence ("the password is expired").
func replaceSaid(re *regexp.Regexp, s string, group int) string {
	var b strings.Builder
	at := 0
	for at < len(s) {
		m := re.FindStringSubmatchIndex(s[at:])
		if m == nil {
			break
		}
		start, end := at+m[2*group], at+m[2*group+1]
		b.WriteString(s[at:start])
		if at = start; isPlainWord(s[start:end]) {
			continue // and look again from that word on: "the password for the password is X"
		}
		b.WriteString(removed)
		at = end
	}
	return b.String() + s[at:]
}

// isPlainWord recognises words that stand after "password is" in sentences
// about a password, and values that are no secret.
func isPlainWord(s string) bool {
	switch strings.ToLower(strings.Trim(s, `"'.,;:!()[]`+"`")) {
	case "", "true", "false", "yes", "no", "null", "none", "n/a", "enabled", "disabled", "removed",
		"expired", "expiring", "required", "weak", "strong", "old", "older", "too", "not", "never", "set", "reset", "changed",
		"about", "the", "a", "an", "in", "on", "at", "for", "of", "to", "is", "was", "has", "been", "be", "by", "and", "or", "with",
		"password", "passwords", "user", "their", "his", "her", "its", "this", "that", "must", "will", "should", "can", "cannot", "could", "now", "still",
		"unchanged", "unknown", "blank", "empty", "managed", "stored", "shared", "invalid", "incorrect", "compromised", "breached",
		"policy", "policies", "hash", "protection", "writeback", "expiration", "expiry", "successfully", "failed":
		return true
	}
	return false
}

// redactMembers removes the values of JSON members with telling names from a
// text that cannot be decoded: cut off, or escaped several times over. It also
// returns the plain secrets that it removed.
func redactMembers(s string) (string, []string) {
	if !strings.Contains(s, `"`) && !strings.Contains(s, `u0022`) {
		return s, nil
	}
	s = strings.ReplaceAll(s, `\u0022`, `\"`)
	return memberScan{whole: true}.run(s)
}

// memberScan goes once through a text. With whole, the parameters of tasks and
// the headers of callers go as a whole; without, only what is in them by its
// own name. Values are looked at once, so that the time stays linear.
type memberScan struct{ whole bool }

func (scan memberScan) run(s string) (string, []string) {
	var b strings.Builder
	var secrets []string
	at, named := 0, false // named: the member before said that it is a secret's name
	for at < len(s) {
		m := memberStart.FindStringSubmatchIndex(s[at:])
		if m == nil {
			break
		}
		escape, name, start := s[at+m[2]:at+m[3]], s[at+m[4]:at+m[5]], at+m[1]
		b.WriteString(s[at:start])
		at = start
		switch {
		case scan.whole && (letters(name) == "parameters" || isCallerHeader(name)):
			at = valueEnd(s, start, len(escape))
			_, inner := memberScan{}.run(s[start:at])
			secrets = append(secrets, inner...)
		case isSecretName(name) || named && strings.EqualFold(name, "value"):
			at = valueEnd(s, start, len(escape))
			if value := strings.Trim(s[start:at], `\"`); len(value) >= minRepeat && len(value) <= maxName && !isPlainWord(value) {
				secrets = append(secrets, value)
			}
		default:
			named = isPairName(name) && isSecretName(beginOf(s[start:]))
			continue
		}
		b.WriteString(escape + `"` + removed + escape + `"`)
		named = false
	}
	b.WriteString(s[at:])
	return b.String(), secrets
}

// beginOf is the string that a value begins with.
func beginOf(s string) string {
	s = strings.TrimLeft(s[:min(len(s), maxName)], `\"`)
	if end := strings.IndexAny(s, `\"`); end >= 0 {
		return s[:end]
	}
	return s
}

func isPairName(name string) bool {
	return strings.EqualFold(name, "name") || strings.EqualFold(name, "key")
}

// valueEnd finds the end of the JSON value at i, in a text whose quotes have
// this many backslashes before them. A value that does not end takes all.
func valueEnd(s string, i, escape int) int {
	depth, inString, slashes := 0, false, 0
	for ; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\':
			slashes++
			continue
		case c == '"' && slashes <= escape:
			if slashes < escape {
				return i // the string around ends
			}
			inString = !inString
			if !inString && depth == 0 {
				return i + 1
			}
		case inString:
		case c == '{' || c == '[':
			depth++
		case (c == '}' || c == ']') && depth > 0:
			if depth--; depth == 0 {
				return i + 1
			}
		case depth == 0 && strings.IndexByte(",}] \t\r\n", c) >= 0:
			return i
		}
		slashes = 0
	}
	return len(s)
}
