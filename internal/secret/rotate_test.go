package secret_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alivemcp/alivemcp/internal/secret"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// A key file is made where there are no hard links, once.
func TestKeyFileWithoutHardLinks(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	none := func(from, to string) error {
		return &os.LinkError{Op: "link", Old: from, New: to, Err: errors.ErrUnsupported}
	}
	var first []byte
	for range 2 {
		if err := secret.FirstKeyFile(path, none); err != nil {
			t.Fatal(err)
		}
		now := must[[]byte](t)(os.ReadFile(path))
		if first == nil {
			first = now
		}
		if string(now) != string(first) {
			t.Error("it was replaced")
		}
	}
	if left := must[[]string](t)(filepath.Glob(path + ".*")); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
	d := newDrawer()
	k := open(t, path, d)
	s := stock(t, k)
	if n, err := k.Rotate(t.Context(), d); err != nil || n != len(d.keys) {
		t.Errorf("%d keys of %d: %v", n, len(d.keys), err)
	}
	s.opens(t, open(t, path, d))
}

// What was begun before a kill is finished at the next start.
func TestFinish(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	d := newDrawer()
	k := open(t, path, d)
	s := stock(t, k)
	done := d.puts
	d.fail = func(n int) error {
		if n-done > 2 {
			return errors.New("the disk is full")
		}
		return nil
	}
	if _, err := k.Rotate(t.Context(), d); err == nil {
		t.Fatal("it did not fail")
	}
	d.fail = nil
	again := open(t, path, d)
	if err := again.Finish(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	if left := must[[]string](t)(filepath.Glob(path + ".*")); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
	s.opens(t, open(t, path, d))
}

// A key that is somewhere in memory alone is not replaced: everything that it has
// wrapped would be lost.
func TestRotateRefuses(t *testing.T) {
	for name, spoil := range map[string]func(path string) error{
		"another key": func(path string) error {
			return os.WriteFile(path, []byte("QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWY="), 0o600)
		},
		"no key":       func(path string) error { return os.WriteFile(path, nil, 0o600) },
		"no key file":  os.Remove,
		"of everybody": func(path string) error { return os.Chmod(path, 0o644) },
		"one that another process rotates": func(path string) error {
			return os.WriteFile(path+".old", []byte("QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWY="), 0o600)
		},
	} {
		path := filepath.Join(t.TempDir(), "key")
		d := newDrawer()
		k := open(t, path, d)
		s := stock(t, k)
		before := must[[]byte](t)(os.ReadFile(path))
		if err := spoil(path); err != nil {
			t.Fatal(err)
		}
		if _, err := k.Rotate(t.Context(), d); err == nil || !strings.Contains(err.Error(), path) || strings.HasSuffix(name, "process rotates") && !errors.Is(err, uptime.ErrConflict) {
			t.Errorf("%s: %v", name, err)
		}
		s.opens(t, k)
		_ = os.Remove(path + ".old") // of the other
		if err := errors.Join(os.WriteFile(path, before, 0o600), os.Chmod(path, 0o600)); err != nil {
			t.Fatal(err)
		}
		s.opens(t, open(t, path, d))
	}
}
