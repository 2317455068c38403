// Package nearest helps people who misspelt a word: it offers the known one
// that they most likely meant.
package nearest

import (
	"fmt"
	"strings"
)

const (
	maxListed = 20 // known words in a hint
	maxWord   = 64 // bytes; a longer word is near to none
)

// Hint offers the known word that is nearest to an unknown one, or lists the
// known words if none is near. Case does not matter.
func Hint(word string, known []string) string {
	best, distance := "", len(word)/3+2
	for _, k := range known {
		if d := editDistance(strings.ToLower(word), strings.ToLower(k)); d < distance {
			best, distance = k, d
		}
	}
	switch more := len(known) - maxListed; {
	case best != "":
		return "did you mean " + best + "?"
	case len(known) == 0:
		return "there are none"
	case more > 0:
		return fmt.Sprintf("known are %s and %d more", strings.Join(known[:maxListed], ", "), more)
	}
	return "known are " + strings.Join(known, ", ")
}

// editDistance counts the bytes to insert, delete or replace.
func editDistance(a, b string) int {
	if len(a) > maxWord {
		return len(a)
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replace := diagonal
			if a[i] != b[j] {
				replace++
			}
			diagonal = row[j+1]
			row[j+1] = min(replace, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
