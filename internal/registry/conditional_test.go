package registry_test

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alivemcp/alivemcp/internal/registry"
)

func TestDir(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "cache")
		d := registry.NewDir(path)
		if _, _, ok := d.Get(t.Context(), "a"); ok {
			t.Error("an empty cache has something")
		}
		if err := d.Sweep(time.Now(), 1<<30); err != nil {
			t.Errorf("sweeping a cache that is not there: %v", err)
		}
		began := time.Now()
		d.Put(t.Context(), "a", []byte("one"))
		d.Put(t.Context(), "b", nil)
		time.Sleep(time.Hour)
		d.Put(t.Context(), "a", []byte("two"))
		if value, at, ok := registry.NewDir(path).Get(t.Context(), "a"); string(value) != "two" || !ok || !at.Equal(began.Add(time.Hour)) {
			t.Errorf("it has %q of %s, want two", value, at)
		}
		if value, at, ok := d.Get(t.Context(), "b"); len(value) != 0 || !ok || !at.Equal(began) {
			t.Errorf("it has %q of %s, want an empty value", value, at)
		}
		d.Put(t.Context(), "long", make([]byte, 9<<20))
		if _, _, ok := d.Get(t.Context(), "long"); ok {
			t.Error("9 MiB were kept")
		}
		// Files have the time of the machine.
		if err := d.Sweep(time.Date(2199, 1, 1, 0, 0, 0, 0, time.UTC), 1<<30); err != nil {
			t.Fatal(err)
		}
		if _, _, ok := d.Get(t.Context(), "a"); ok {
			t.Error("what was swept is there")
		}
	})
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	d := registry.NewDir(file)
	d.Put(t.Context(), "a", nil) // cannot be: no matter
	if _, _, ok := d.Get(t.Context(), "a"); ok {
		t.Error("a file is a directory")
	}
}

// TestAgain checks that what has not changed is not sent again.
func TestAgain(t *testing.T) {
	tag, sent := `"one"`, 0
	h := http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if tag != "" {
			w.Header().Set("ETag", tag)
			w.Header().Set("Last-Modified", "Mon, 02 Nov 2026 10:00:00 GMT")
			if req.Header.Get("If-None-Match") == tag && req.Header.Get("If-Modified-Since") != "" {
				w.WriteHeader(http.StatusNotModified)
				return
			}
		}
		sent++
		_, _ = io.WriteString(w, "body "+tag)
	})
	cache := registry.NewDir(t.TempDir())
	get := func(bytes, wantSent int, want string) [32]byte {
		t.Helper()
		f := direct(h, func(o *registry.FetchOptions) { o.Cache = cache })
		body, got, err := f.Again(t.Context(), "http://registry.test/catalog", nil)
		if err != nil || string(body) != want || got.Bytes != bytes || sent != wantSent {
			t.Errorf("it read %q (%d bytes, sent %d times), %v; want %q (%d bytes, sent %d times)", body, got.Bytes, sent, err, want, bytes, wantSent)
		}
		return got.Hash
	}
	first := get(10, 1, `body "one"`)
	if again := get(0, 1, `body "one"`); again != first {
		t.Error("the same body has another hash")
	}
	tag = `"two"`
	get(10, 2, `body "two"`)
	get(0, 2, `body "two"`)
	tag = ""
	get(5, 3, "body ")
	// A 304 for what was asked without conditions is an answer without a body.
	f := direct(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotModified) }))
	_, _, err := f.Get(t.Context(), "http://registry.test/catalog", nil)
	_ = wantStatus(t, err, http.StatusNotModified)
}

// TestDirIsBounded: of too much the oldest goes.
func TestDirIsBounded(t *testing.T) {
	path := t.TempDir()
	d := registry.NewDir(path)
	for i, key := range []string{"oldest", "older", "newest"} {
		before := files(t, path)
		d.Put(t.Context(), key, make([]byte, 1000))
		for _, name := range files(t, path) {
			if !slices.Contains(before, name) {
				at := time.Now().Add(time.Duration(i) * time.Second)
				if err := os.Chtimes(name, at, at); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	if err := d.Sweep(time.Time{}, 2100); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]bool{"oldest": false, "older": true, "newest": true} {
		if _, _, ok := d.Get(t.Context(), key); ok != want {
			t.Errorf("%s is kept: %t, want %t", key, ok, want)
		}
	}
}

func files(t *testing.T, dir string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	return found
}
