package secret_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/internal/secret"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// drawer keeps wrapped keys, as a store does.
type drawer struct {
	mu   sync.Mutex
	keys map[uptime.TenantID][]byte
	// fail, when set, is asked before every change.
	fail func(n int) error
	puts int
}

func newDrawer() *drawer { return &drawer{keys: map[uptime.TenantID][]byte{}} }

func (d *drawer) TenantKey(_ context.Context, tenant uptime.TenantID) ([]byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if k, ok := d.keys[tenant]; ok {
		return slices.Clone(k), nil
	}
	return nil, uptime.ErrNotFound
}

func (d *drawer) PutTenantKey(_ context.Context, tenant uptime.TenantID, old, wrapped []byte) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.puts++
	if d.fail != nil {
		if err := d.fail(d.puts); err != nil {
			return err
		}
	}
	if !bytes.Equal(d.keys[tenant], old) {
		return uptime.ErrConflict
	}
	d.keys[tenant] = slices.Clone(wrapped)
	return nil
}

func (d *drawer) KeyTenants(context.Context) (out []uptime.TenantID, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for t := range d.keys {
		out = append(out, t)
	}
	return out, nil
}

func open(tb testing.TB, path string, d *drawer) *secret.Keyring {
	tb.Helper()
	k, err := secret.Open(secret.Options{Path: path, Keys: d})
	if err != nil {
		tb.Fatal(err)
	}
	return k
}

func keyring(tb testing.TB) *secret.Keyring {
	tb.Helper()
	return open(tb, filepath.Join(tb.TempDir(), "key"), newDrawer())
}

func must[T any](tb testing.TB) func(T, error) T {
	tb.Helper()
	return func(v T, err error) T {
		tb.Helper()
		if err != nil {
			tb.Fatal(err)
		}
		return v
	}
}

func place(tenant uptime.TenantID, purpose, id string) secret.Place {
	return secret.Place{Tenant: tenant, Purpose: purpose, ID: id}
}

// A value opens where it was sealed for, whole, and nowhere else.
func TestSealedStaysInItsPlace(t *testing.T) {
	k := keyring(t)
	places := []secret.Place{
		place("acme", "subscription", "sub_1"),
		place("acme", "subscription", "sub_2"),
		place("acme", "sink", "sub_1"),
		place("other", "subscription", "sub_1"),
		place("acme", "subscriptionsub_", "1"),
		place("", "acmesubscription", "sub_1"),
		{},
	}
	for i, p := range places {
		plain := bytes.Repeat([]byte{byte(i), 0xff}, rand.IntN(3000))
		sealed := must[[]byte](t)(k.Seal(t.Context(), p, plain))
		if len(plain) > 16 && bytes.Contains(sealed, plain[:16]) {
			t.Error("the value can be read")
		}
		for j, q := range places {
			must[[]byte](t)(k.Seal(t.Context(), q, nil)) // so that its tenant has a key
			got, err := k.Open(t.Context(), q, sealed)
			if i == j && (err != nil || !bytes.Equal(got, plain)) {
				t.Errorf("%+v does not open: %v", p, err)
			}
			if i != j && !errors.Is(err, uptime.ErrInvalid) {
				t.Errorf("what was sealed for %+v opens for %+v: %v", p, q, err)
			}
		}
	}
	p := places[0]
	if a, b := must[[]byte](t)(k.Seal(t.Context(), p, []byte("x"))), must[[]byte](t)(k.Seal(t.Context(), p, []byte("x"))); bytes.Equal(a, b) {
		t.Error("the same value is sealed to the same twice")
	}
	if _, err := k.Seal(t.Context(), p, make([]byte, 1<<20+1)); !errors.Is(err, uptime.ErrInvalid) {
		t.Errorf("too much: %v", err)
	}
}

func TestChangedDoesNotOpen(t *testing.T) {
	k := keyring(t)
	p := place("acme", "x", "1")
	sealed := must[[]byte](t)(k.Seal(t.Context(), p, []byte("hunter2 is the password")))
	for i := range sealed {
		for _, bit := range []byte{1, 0x80} {
			changed := slices.Clone(sealed)
			changed[i] ^= bit
			if _, err := k.Open(t.Context(), p, changed); !errors.Is(err, uptime.ErrInvalid) {
				t.Errorf("byte %d changed: %v", i, err)
			}
		}
		if _, err := k.Open(t.Context(), p, sealed[:i]); !errors.Is(err, uptime.ErrInvalid) {
			t.Errorf("cut to %d bytes: %v", i, err)
		}
	}
	if _, err := k.Open(t.Context(), place("nobody", "x", "1"), sealed); !errors.Is(err, uptime.ErrNotFound) {
		t.Errorf("of a tenant without a key: %v", err)
	}
}

func TestToken(t *testing.T) {
	k := keyring(t)
	now := time.Unix(1_800_000_000, 0)
	token := must[string](t)(k.Token(t.Context(), "acme", "ack", []byte("inc_1"), now.Add(time.Hour)))
	check := func(purpose, token string, at time.Time) error {
		tenant, payload, err := k.Check(t.Context(), purpose, token, at)
		if err == nil && (tenant != "acme" || string(payload) != "inc_1") {
			t.Errorf("it says %q of %q", payload, tenant)
		}
		return err
	}
	if err := check("ack", token, now.Add(time.Hour-time.Second)); err != nil {
		t.Errorf("a good token: %v", err)
	}
	if err := check("ack", token, now.Add(time.Hour)); !errors.Is(err, secret.ErrExpired) || !errors.Is(err, uptime.ErrForbidden) {
		t.Errorf("an old token: %v", err)
	}
	if err := check("silence", token, now); !errors.Is(err, uptime.ErrForbidden) || errors.Is(err, secret.ErrExpired) {
		t.Errorf("for another purpose: %v", err)
	}
	for i := range token {
		changed := []byte(token)
		changed[i] = "AB"[b2i(changed[i] == 'A')]
		if err := check("ack", string(changed), now); !errors.Is(err, uptime.ErrForbidden) {
			t.Errorf("character %d changed: %v", i, err)
		}
		if err := check("ack", token[:i], now); !errors.Is(err, uptime.ErrForbidden) {
			t.Errorf("cut to %d characters: %v", i, err)
		}
	}
	forever := must[string](t)(k.Token(t.Context(), "acme", "ack", []byte("inc_1"), time.Time{}))
	if err := check("ack", forever, now.AddDate(100, 0, 0)); err != nil {
		t.Errorf("a token that does not expire: %v", err)
	}
	if len(token) > 120 {
		t.Errorf("a token of %d characters", len(token))
	}
	if _, err := k.Token(t.Context(), "acme", "ack", make([]byte, 1025), now); !errors.Is(err, uptime.ErrInvalid) {
		t.Errorf("too much to say: %v", err)
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// A token of a tenant that nobody knows makes no key for it.
func TestStrangersGetNoKey(t *testing.T) {
	d := newDrawer()
	theirs := keyring(t)
	token := must[string](t)(theirs.Token(t.Context(), "stranger", "ack", nil, time.Time{}))
	k := open(t, filepath.Join(t.TempDir(), "key"), d)
	if _, _, err := k.Check(t.Context(), "ack", token, time.Now()); !errors.Is(err, uptime.ErrForbidden) || len(d.keys) != 0 {
		t.Errorf("%v, and %d keys", err, len(d.keys))
	}
}

func TestFingerprint(t *testing.T) {
	k := keyring(t)
	a := must[string](t)(k.Fingerprint(t.Context(), "acme", "email:ada@example.com"))
	again := must[string](t)(k.Fingerprint(t.Context(), "acme", "email:ada@example.com"))
	theirs := must[string](t)(k.Fingerprint(t.Context(), "other", "email:ada@example.com"))
	another := must[string](t)(k.Fingerprint(t.Context(), "acme", "email:bob@example.com"))
	if a != again || a == theirs || a == another || len(a) != 32 {
		t.Errorf("%q, again %q, of another tenant %q, of another text %q", a, again, theirs, another)
	}
}

func TestKeyFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	d := newDrawer()
	k := open(t, path, d)
	sealed := must[[]byte](t)(k.Seal(t.Context(), place("acme", "x", "1"), []byte("v")))
	info := must[os.FileInfo](t)(os.Stat(path))
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode %o", info.Mode().Perm())
	}
	if got := must[[]byte](t)(open(t, path, d).Open(t.Context(), place("acme", "x", "1"), sealed)); string(got) != "v" {
		t.Errorf("after a restart: %q", got)
	}
	text := must[[]byte](t)(os.ReadFile(path))
	for name, c := range map[string]struct {
		text string
		mode os.FileMode
		want error
	}{
		"the group may read": {string(text), 0o640, uptime.ErrForbidden},
		"all may read":       {string(text), 0o604, uptime.ErrForbidden},
		"empty":              {"", 0o600, uptime.ErrInvalid},
		"short":              {string(text[:20]), 0o600, uptime.ErrInvalid},
		"no base64":          {"se-cret-" + string(text[8:]), 0o600, uptime.ErrInvalid},
		"long":               {string(text) + string(text), 0o600, uptime.ErrInvalid},
	} {
		bad := filepath.Join(t.TempDir(), "key")
		if err := os.WriteFile(bad, []byte(c.text), c.mode); err != nil {
			t.Fatal(err)
		}
		_, err := secret.Open(secret.Options{Path: bad, Keys: d})
		if !errors.Is(err, c.want) || !strings.Contains(err.Error(), bad) {
			t.Errorf("%s: %v", name, err)
		}
		if len(c.text) > 8 && err != nil && strings.Contains(err.Error(), c.text[:8]) {
			t.Errorf("%s: the error shows the key: %v", name, err)
		}
	}
	other := open(t, filepath.Join(t.TempDir(), "key"), d)
	if _, err := other.Open(t.Context(), place("acme", "x", "1"), sealed); !errors.Is(err, uptime.ErrInvalid) || !strings.Contains(err.Error(), "restore") {
		t.Errorf("with another key file: %v", err)
	}
}

// safe is what was sealed for some tenants.
type safe map[secret.Place][]byte

func stock(t *testing.T, k *secret.Keyring) safe {
	t.Helper()
	out := safe{}
	for n := range 5 {
		p := place(uptime.TenantID(fmt.Sprint("tenant", n)), "x", "1")
		out[p] = must[[]byte](t)(k.Seal(t.Context(), p, []byte(p.Tenant)))
	}
	return out
}

func (s safe) opens(t *testing.T, k *secret.Keyring) {
	t.Helper()
	for p, sealed := range s {
		if got, err := k.Open(t.Context(), p, sealed); err != nil || string(got) != string(p.Tenant) {
			t.Errorf("of %s: %q, %v", p.Tenant, got, err)
		}
	}
}

func TestRotate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	d := newDrawer()
	k := open(t, path, d)
	s := stock(t, k)
	token := must[string](t)(k.Token(t.Context(), "tenant1", "ack", nil, time.Time{}))
	before, wrapped := must[[]byte](t)(os.ReadFile(path)), must[[]byte](t)(d.TenantKey(t.Context(), "tenant1"))
	for range 3 {
		if _, err := k.Rotate(t.Context(), d); err != nil {
			t.Fatal(err)
		}
	}
	if bytes.Equal(before, must[[]byte](t)(os.ReadFile(path))) || bytes.Equal(wrapped, must[[]byte](t)(d.TenantKey(t.Context(), "tenant1"))) {
		t.Error("nothing was replaced")
	}
	if left := must[[]string](t)(filepath.Glob(path + ".*")); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
	for _, k := range []*secret.Keyring{k, open(t, path, d)} {
		s.opens(t, k)
		if _, _, err := k.Check(t.Context(), "ack", token, time.Now()); err != nil {
			t.Errorf("a link from before: %v", err)
		}
	}
}

// However far a rotation came, everything opens after a restart, and the next
// rotation finishes it.
func TestRotateInterrupted(t *testing.T) {
	for stop := range 7 {
		path := filepath.Join(t.TempDir(), "key")
		d := newDrawer()
		k := open(t, path, d)
		s := stock(t, k)
		done := d.puts
		broken := errors.New("the disk is full")
		d.fail = func(n int) error {
			if n-done > stop {
				return broken
			}
			return nil
		}
		if _, err := k.Rotate(t.Context(), d); (stop < 5) != errors.Is(err, broken) {
			t.Errorf("after %d keys: %v", stop, err)
		}
		d.fail = nil
		s.opens(t, k)
		again := open(t, path, d)
		s.opens(t, again)
		if _, err := again.Rotate(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		s.opens(t, open(t, path, d))
	}
}

// What a kill may leave in the directory does not matter.
func TestLeftovers(t *testing.T) {
	for name, leave := range map[string]func(path string) error{
		"a new key that was cut off":  func(path string) error { return os.WriteFile(path+".new", []byte("abc"), 0o600) },
		"an old one that is in use":   func(path string) error { return os.Link(path, path+".old") },
		"an old one that was cut off": func(path string) error { return os.WriteFile(path+".old.new", []byte("abc"), 0o600) },
	} {
		path := filepath.Join(t.TempDir(), "key")
		d := newDrawer()
		s := stock(t, open(t, path, d))
		if err := leave(path); err != nil {
			t.Fatal(err)
		}
		k := open(t, path, d)
		s.opens(t, k)
		if _, err := k.Rotate(t.Context(), d); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		s.opens(t, open(t, path, d))
	}
}

// Tenants whose first key is made during rotations, by several at a time, keep
// what they seal.
func TestManyAtTheSameTime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	d := newDrawer()
	k := open(t, path, d)
	var all sync.WaitGroup
	var mu sync.Mutex
	sealed := map[secret.Place][]byte{}
	for w := range 4 {
		all.Go(func() {
			for n := range 50 {
				p := place(uptime.TenantID(fmt.Sprint("tenant", n)), "x", fmt.Sprint(w))
				v, err := k.Seal(t.Context(), p, []byte(p.Tenant))
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				sealed[p] = v
				mu.Unlock()
			}
		})
	}
	all.Go(func() {
		for range 5 {
			if _, err := k.Rotate(t.Context(), d); err != nil {
				t.Error(err)
			}
		}
	})
	all.Wait()
	safe(sealed).opens(t, k)
	safe(sealed).opens(t, open(t, path, d))
}

func FuzzOpen(f *testing.F) {
	k := keyring(f)
	p := place("acme", "x", "1")
	good := must[[]byte](f)(k.Seal(f.Context(), p, []byte("hunter2")))
	f.Add(good)
	f.Add(good[:33])
	f.Add([]byte{1})
	f.Fuzz(func(t *testing.T, sealed []byte) {
		got, err := k.Open(t.Context(), p, sealed)
		if err == nil && (!bytes.Equal(sealed, good) || string(got) != "hunter2") {
			t.Errorf("a forgery opens: %q", got)
		}
		if err != nil && (!errors.Is(err, uptime.ErrInvalid) || strings.Contains(err.Error(), "hunter2")) {
			t.Errorf("%v", err)
		}
	})
}

func FuzzCheck(f *testing.F) {
	k := keyring(f)
	now := time.Unix(1_800_000_000, 0)
	good := must[string](f)(k.Token(f.Context(), "acme", "ack", []byte("inc_1"), now.Add(time.Hour)))
	f.Add(good)
	f.Add(good[:60])
	f.Add("AQAAAAAAAAAA_wAA")
	f.Fuzz(func(t *testing.T, token string) {
		_, _, err := k.Check(t.Context(), "ack", token, now)
		if err == nil && token != good {
			t.Errorf("a forgery is believed: %q", token)
		}
		if err != nil && !errors.Is(err, uptime.ErrForbidden) {
			t.Errorf("%v", err)
		}
	})
}
