// Package secret keeps secrets at rest: it seals those that halert must read
// again (AES-256-GCM under one key from the environment or a file) and hashes
// those that it only has to recognise (tokens). No error of it holds a secret.
package secret

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

const (
	keyBytes = 32
	idBytes  = 8
	version  = 1 // first byte of what Seal returns
)

// ErrOtherKey tells that a secret was sealed with another key.
var ErrOtherKey = errors.New("sealed with another key")

// Key seals and opens secrets. [ParseKey] and [LoadOrMakeKey] make it; the
// zero value is of no use.
type Key struct {
	id   [idBytes]byte
	aead cipher.AEAD
}

// ParseKey reads a key of 32 bytes in base64, with or without padding, in the
// standard or the URL alphabet.
func ParseKey(text string) (Key, error) {
	text = strings.TrimRight(strings.TrimSpace(text), "=")
	text = strings.NewReplacer("-", "+", "_", "/").Replace(text)
	raw, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil || len(raw) != keyBytes {
		return Key{}, fmt.Errorf("the secret key is not base64 of %d bytes; make one with: openssl rand -base64 %d", keyBytes, keyBytes)
	}
	return newKey(raw)
}

func newKey(raw []byte) (Key, error) {
	block, err := aes.NewCipher(raw)
	if err != nil {
		return Key{}, fmt.Errorf("use the secret key: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return Key{}, fmt.Errorf("use the secret key: %w", err)
	}
	sum := sha256.Sum256(append([]byte("halert key id\x00"), raw...))
	return Key{id: [idBytes]byte(sum[:idBytes]), aead: aead}, nil
}

// ID names the key without giving it away: 16 hexadecimal digits. It stands
// at the front of all that the key sealed.
func (k Key) ID() string { return hex.EncodeToString(k.id[:]) }

// String names the key by its id, so that no print of it shows more.
func (k Key) String() string { return "key " + k.ID() }

// GoString is String.
func (k Key) GoString() string { return k.String() }

// Seal encrypts a secret. The context says what it is for, such as
// "sources/cipp/secret"; [Key.Open] wants the same one, so that a sealed
// secret cannot be moved to another place. Two seals of one secret differ.
func (k Key) Seal(plain []byte, context string) []byte {
	sealed := append([]byte{version}, k.id[:]...)
	return k.aead.Seal(sealed, nil, plain, k.bind(context))
}

// bind is the data that is authenticated with a secret.
func (k Key) bind(context string) []byte {
	return append(append([]byte{version}, k.id[:]...), context...)
}

// Open decrypts what [Key.Seal] returned for the same context. The error is
// [ErrOtherKey], or says that the data is damaged or of another context.
func (k Key) Open(sealed []byte, context string) ([]byte, error) {
	if len(sealed) < 1+idBytes || sealed[0] != version {
		return nil, fmt.Errorf("open the secret of %s: it is damaged; enter the secret again", context)
	}
	if id := sealed[1 : 1+idBytes]; !bytes.Equal(id, k.id[:]) {
		return nil, fmt.Errorf("open the secret of %s: %w (%x, this is %s): HALERT_SECRET_KEY or the key file changed; "+
			"start with the former key, or enter the secret again", context, ErrOtherKey, id, k.ID())
	}
	plain, err := k.aead.Open(nil, nil, sealed[1+idBytes:], k.bind(context))
	if err != nil {
		return nil, fmt.Errorf("open the secret of %s: it is damaged, or was stored for something else; enter the secret again", context)
	}
	return plain, nil
}

// randomKey returns the text of a new key.
func randomKey() string {
	raw := make([]byte, keyBytes)
	_, _ = rand.Read(raw) // never fails
	return base64.StdEncoding.EncodeToString(raw)
}
