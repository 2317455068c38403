package secret

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"strings"
)

// NewToken returns a random token of 52 lower case letters and digits (260
// bits): fit for an address, a header and a double click.
func NewToken() string { return strings.ToLower(rand.Text() + rand.Text()) }

// HashToken returns the SHA-256 of a token, to be stored in its place. It is
// meant for tokens with the strength of [NewToken], not for passwords.
func HashToken(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

// Equal tells whether the hash is that of the token. The time that it takes
// does not depend on where they differ.
func Equal(hash []byte, token string) bool {
	return subtle.ConstantTimeCompare(hash, HashToken(token)) == 1
}
