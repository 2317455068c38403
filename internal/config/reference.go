package config

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// Lookup finds what ${NAME} and ${file:PATH} stand for. A nil function means
// that such references are not allowed where the file comes from.
type Lookup struct {
	Env      func(name string) (string, bool)  // such as os.LookupEnv
	ReadFile func(path string) ([]byte, error) // such as os.ReadFile
}

// A reference without quotes would not be YAML inside {…} and […], where
// braces and commas have a meaning: {secret: ${NAME}}. Before the file is
// parsed, the characters of references that YAML would take for its own are
// replaced one for one, so that lines and columns stay, by noncharacters,
// which Unicode sets aside for such use. After it they are put back.
// Quotes and backslashes are not among them: YAML's own rules hold for those.
const meaningful = "{},[]:#&*!|>%@ ?"

const firstNonchar, lastNonchar = '\uFDD0', '\uFDEF'

// maskReferences hides the references of a YAML text from the YAML parser.
func maskReferences(src string) string {
	reference := regexp.MustCompile(`\$\{[^{}$"'\\\n\r]*\}`)
	return reference.ReplaceAllStringFunc(src, func(ref string) string {
		return "$" + strings.Map(func(c rune) rune {
			if i := strings.IndexRune(meaningful, c); i >= 0 {
				return firstNonchar + rune(i)
			}
			return c
		}, ref[1:])
	})
}

// unmask undoes maskReferences in a piece of the text.
func unmask(s string) string {
	return strings.Map(func(c rune) rune {
		if i := int(c - firstNonchar); i >= 0 && i < len(meaningful) {
			return rune(meaningful[i])
		}
		return c
	}, s)
}

// expand replaces the references of one value. It works on text that is
// already parsed, so what is put in can never become structure, and what is
// put in is not looked at again.
func (l Lookup) expand(s string) (string, error) {
	var out strings.Builder
	for s != "" {
		i := strings.IndexByte(s, '$')
		if i < 0 {
			break
		}
		out.WriteString(s[:i])
		s = s[i:]
		switch {
		case strings.HasPrefix(s, "$${"):
			out.WriteString("${")
			s = s[3:]
		case strings.HasPrefix(s, "${"):
			name, rest, closed := strings.Cut(s[2:], "}")
			if !closed {
				return "", errors.New("a ${ has no } after it; write $${ where ${ itself is meant")
			}
			value, err := l.value(name)
			if err != nil {
				return "", err
			}
			out.WriteString(value)
			s = rest
		default:
			out.WriteByte('$')
			s = s[1:]
		}
	}
	out.WriteString(s)
	return out.String(), nil
}

// maxFile bounds what ${file:PATH} may bring in, in bytes.
const maxFile = 64 << 10

func (l Lookup) value(name string) (string, error) {
	if path, isFile := strings.CutPrefix(name, "file:"); isFile {
		if l.ReadFile == nil {
			return "", errors.New("${file:…} cannot be used here; give the value itself")
		}
		data, err := l.ReadFile(path)
		if err != nil {
			return "", fmt.Errorf("${%s} cannot be read: %w", name, err)
		}
		if len(data) > maxFile {
			return "", fmt.Errorf("${%s} is larger than %d bytes; name the file that holds only the value", name, maxFile)
		}
		return strings.TrimRight(string(data), "\r\n"), nil
	}
	if !isVariable(name) {
		return "", errors.New("a reference is not of the form ${NAME} or ${file:PATH}; write $${ where ${ itself is meant")
	}
	if l.Env == nil {
		return "", fmt.Errorf("${%s} cannot be used here; give the value itself", name)
	}
	value, ok := l.Env(name)
	if !ok {
		return "", fmt.Errorf("${%s} is not set; set the environment variable %s", name, name)
	}
	return value, nil
}

func isVariable(name string) bool {
	for i, c := range name {
		letter := c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return name != ""
}
