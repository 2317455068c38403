package secret

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func testKey(t *testing.T, fill byte) Key {
	t.Helper()
	k, err := ParseKey(base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{fill}, keyBytes)))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestSealAndOpen(t *testing.T) {
	t.Parallel()
	k := testKey(t, 1)
	for _, plain := range []string{"", "s", strings.Repeat("long ", 1000)} {
		a, b := k.Seal([]byte(plain), "halo"), k.Seal([]byte(plain), "halo")
		if bytes.Equal(a, b) {
			t.Errorf("two seals of %.10q are equal", plain)
		}
		if plain != "" && bytes.Contains(a, []byte(plain)) {
			t.Errorf("the seal of %.10q holds it in clear", plain)
		}
		if got, err := k.Open(a, "halo"); err != nil || string(got) != plain {
			t.Errorf("Open = %.10q, %v; want %.10q", got, err, plain)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	k := testKey(t, 1)
	sealed := k.Seal([]byte("hunter2"), "halo")
	if _, err := testKey(t, 2).Open(sealed, "halo"); !errors.Is(err, ErrOtherKey) || !strings.Contains(err.Error(), "HALERT_SECRET_KEY") {
		t.Errorf("with another key: %v; want ErrOtherKey with what to do", err)
	}
	if _, err := k.Open(sealed, "sources/cipp"); err == nil || errors.Is(err, ErrOtherKey) {
		t.Errorf("for another context: %v", err)
	}
	for i := range sealed {
		broken := bytes.Clone(sealed)
		broken[i] ^= 1
		if got, err := k.Open(broken, "halo"); err == nil {
			t.Errorf("with byte %d changed: %q", i, got)
		}
		if got, err := k.Open(sealed[:i], "halo"); err == nil {
			t.Errorf("cut after %d bytes: %q", i, got)
		}
	}
}

func TestParseKey(t *testing.T) {
	t.Parallel()
	raw := bytes.Repeat([]byte{0xFB, 0xFF}, keyBytes/2)
	want, err := newKey(raw)
	if err != nil {
		t.Fatal(err)
	}
	for _, enc := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
		if k, err := ParseKey(enc.EncodeToString(raw) + "\n"); err != nil || k.ID() != want.ID() {
			t.Errorf("ParseKey(%s) = %v, %v; want %v", enc.EncodeToString(raw), k, err, want)
		}
	}
	for _, text := range []string{"", "short", base64.StdEncoding.EncodeToString(raw[1:]), strings.Repeat("!", 43)} {
		if k, err := ParseKey(text); err == nil || text != "" && strings.Contains(err.Error(), text) {
			t.Errorf("ParseKey(%q) = %v, %v; want an error without the text", text, k, err)
		}
	}
}

func TestKeyIsNeverShown(t *testing.T) {
	t.Parallel()
	k := testKey(t, 7)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if got := fmt.Sprintf(verb, k); got != "key "+k.ID() {
			t.Errorf("%s of a key is %q", verb, got)
		}
	}
}

func TestLoadOrMakeKey(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "secret.key")
	var ids sync.Map
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			k, err := LoadOrMakeKey(path)
			if err != nil {
				t.Error(err)
				return
			}
			ids.Store(k.ID(), true)
		})
	}
	wg.Wait()
	count := 0
	ids.Range(func(any, any) bool { count++; return true })
	if count != 1 {
		t.Errorf("20 starts at once got %d keys; want 1", count)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode() != 0o600 {
		t.Errorf("key file: %v, %v; want mode 0600", info.Mode(), err)
	}
	if left, err := filepath.Glob(filepath.Join(dir, ".key-*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestLoadOrMakeKeyRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	open, broken := filepath.Join(dir, "open"), filepath.Join(dir, "broken")
	if err := os.WriteFile(open, []byte(randomKey()), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(open, 0o640); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(broken, []byte("hunter2"), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		open:                                 "has mode 0640, so that others can reach it; run: chmod 600 ",
		broken:                               "put back the former file",
		filepath.Join(dir, "none", "secret"): "see that the folder exists",
	} {
		if _, err := LoadOrMakeKey(path); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v; want %q", path, err, want)
		}
	}
	if got, err := os.ReadFile(broken); err != nil || string(got) != "hunter2" {
		t.Errorf("the broken key file was changed: %q, %v", got, err)
	}
}

func TestTokens(t *testing.T) {
	t.Parallel()
	a, b := NewToken(), NewToken()
	if a == b || len(a) != 52 || strings.Trim(a, "abcdefghijklmnopqrstuvwxyz234567") != "" {
		t.Errorf("tokens %q and %q", a, b)
	}
	if !Equal(HashToken(a), a) || Equal(HashToken(a), b) || Equal(nil, "") || Equal(HashToken(a)[:8], a) {
		t.Error("Equal does not tell tokens apart")
	}
	if bytes.Contains(HashToken(a), []byte(a)) {
		t.Error("the hash holds the token")
	}
}

func FuzzOpen(f *testing.F) {
	k, err := newKey(make([]byte, keyBytes))
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte{}, "")
	f.Add(k.Seal([]byte("a secret"), "context")[:1+idBytes+20], "context")
	f.Add(append([]byte{version}, k.id[:]...), "y")
	f.Fuzz(func(t *testing.T, sealed []byte, context string) {
		if plain, err := k.Open(sealed, context); err == nil {
			t.Errorf("opened %x: %x", sealed, plain)
		}
	})
}
