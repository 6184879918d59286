package config_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/internal/config"
)

// reload is what a Watcher tells.
type reload struct {
	file     *config.File
	problems config.Problems
}

// watch watches the configuration at name until the test ends.
func watch(t *testing.T, name string) (*config.Watcher, chan reload) {
	t.Helper()
	w := config.NewWatcher(name, config.Options{})
	if f, problems := w.Load(); f == nil {
		t.Fatal(problems)
	}
	told := make(chan reload, 100)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- w.Run(ctx, time.Millisecond, func(f *config.File, p config.Problems) { told <- reload{f, p} })
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return w, told
}

// next is the next reload; a test that waits too long fails by itself.
func next(t *testing.T, told chan reload) reload {
	t.Helper()
	select {
	case r := <-told:
		return r
	case <-time.After(30 * time.Second):
		t.Fatal("the change was not noticed")
		return reload{}
	}
}

func put(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestWatch: each way to replace a file is noticed, once; a broken one leaves
// the last good one in place, and the same content is no change.
func TestWatch(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "alivemcp.yaml")
	put(t, name, "listen: :1\n"+oneServer)
	w, told := watch(t, name)

	put(t, name, "listen: :1\n"+oneServer) // the same again
	put(t, name, "listen: :2\n"+oneServer)
	for r := next(t, told); r.file == nil || r.file.Listen != ":2"; r = next(t, told) {
		t.Log("seen half written") // WriteFile truncates first
	}

	put(t, name+".new", "listen: nowhere\n")
	if err := os.Rename(name+".new", name); err != nil {
		t.Fatal(err)
	}
	if r := next(t, told); r.file != nil || !r.problems.Broken() || w.Current().Listen != ":2" {
		t.Errorf("a broken file gave %+v, and %s is in place", r, w.Current().Listen)
	}

	put(t, name+".new", "listen: :3\n"+oneServer)
	if err := os.Rename(name+".new", name); err != nil {
		t.Fatal(err)
	}
	if r := next(t, told); r.file == nil || w.Current().Listen != ":3" {
		t.Errorf("a mended file gave %+v", r)
	}
	if len(told) > 0 {
		t.Errorf("told again without a change: %+v", <-told)
	}
}

// TestWatchLink turns a link to another folder, as Kubernetes does, and changes
// files that the configuration names.
func TestWatchLink(t *testing.T) {
	dir := t.TempDir()
	in := func(parts ...string) string { return filepath.Join(append([]string{dir}, parts...)...) }
	for _, version := range []string{"v1", "v2"} {
		if err := os.Mkdir(in(version), 0o700); err != nil {
			t.Fatal(err)
		}
		put(t, in(version, "alivemcp.yaml"), "listen: :1\nservers_from: ['"+in("more")+"/*.yaml']\noperator_token: file:"+in("token")+"\n# "+version)
	}
	put(t, in("token"), "one")
	if err := errors.Join(os.Mkdir(in("more"), 0o700), os.Symlink("v1", in("data")), os.Symlink(filepath.Join("data", "alivemcp.yaml"), in("alivemcp.yaml"))); err != nil {
		t.Skip("no links here: ", err)
	}
	w, told := watch(t, in("alivemcp.yaml"))

	if err := errors.Join(os.Symlink("v2", in("new")), os.Rename(in("new"), in("data"))); err != nil {
		t.Fatal(err)
	}
	next(t, told)

	put(t, in("token"), "two")
	for w.Current().OperatorToken.Reveal() != "two" {
		next(t, told)
	}
	put(t, in("more", "a.yaml"), "[{url: https://a.example}]")
	for len(w.Current().Servers) != 1 {
		next(t, told)
	}
}
