package browser_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// patience is how long a page may take for anything that it does by itself, on a
// machine that does much else: only what never comes true takes this long.
const patience = time.Minute

// rig is what all tests share: the binary, one browser, one demonstration.
type rig struct {
	alivemcp string
	browser  context.Context //nolint:containedctx // what chromedp knows a browser by
	axe      string          // source of axe-core
	demo     string          // address of the demonstration, without a slash
	shots    string          // folder of the pictures
}

// TestBrowser is one test, because browser and demonstration take seconds to
// start and serve all of its parts.
func TestBrowser(t *testing.T) {
	r := newRig(t)
	// The first three wait for the monitor most of the time, the others work.
	t.Run("parts", func(t *testing.T) {
		t.Run("live", r.live)
		t.Run("hostile", r.hostile)
		t.Run("alarms", r.alarms)
		t.Run("registries", r.registries)
		t.Run("demo registries", r.demoRegistries)
		t.Run("pages", r.pages)
		t.Run("board", r.board)
		t.Run("server", r.server)
		t.Run("embed", r.embed)
		t.Run("studio", r.studio)
		t.Run("operator", r.operator)
		t.Run("print", r.print)
	})
	t.Logf("pictures are in %s", r.shots)
}

func newRig(t *testing.T) *rig {
	t.Helper()
	if testing.Short() {
		t.Skip("end-to-end tests are not short")
	}
	r := &rig{axe: axeCore(t), browser: launch(t, chromium(t)), alivemcp: alivemcp(t), shots: artifacts(t)}
	r.demo = r.serve(t, "--demo")
	r.settled(t)
	return r
}

// launch starts a browser that lives as long as the test.
func launch(t *testing.T, path string) context.Context {
	t.Helper()
	opts := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.Flag("hide-scrollbars", false), chromedp.Flag("disable-gpu", true),
		chromedp.Flag("lang", "en-GB"))
	if os.Geteuid() == 0 {
		opts = append(opts, chromedp.NoSandbox) // Chromium refuses root otherwise
	}
	alloc, stop := chromedp.NewExecAllocator(context.WithoutCancel(t.Context()), opts...)
	ctx, cancel := chromedp.NewContext(alloc)
	t.Cleanup(func() { cancel(); stop() })
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("starting the browser: %v", err)
	}
	return ctx
}

// chromium is the path of the browser.
func chromium(t *testing.T) string {
	t.Helper()
	if path := os.Getenv("ALIVEMCP_CHROMIUM"); path != "" {
		return path
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	missing(t, "there is no Chromium: install it (Debian: apt-get install chromium), or name one with ALIVEMCP_CHROMIUM")
	return ""
}

// axeCore is the source of the accessibility checker.
func axeCore(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../npm/node_modules/axe-core/axe.min.js")
	if err != nil {
		missing(t, "axe-core is not installed; run: make e2e-deps")
	}
	return string(text)
}

// alivemcp is the path of the binary under test.
func alivemcp(t *testing.T) string {
	t.Helper()
	if path := os.Getenv("ALIVEMCP_BIN"); path != "" {
		return path
	}
	path, err := filepath.Abs("../.bin/alivemcp")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "go", "build", "-C", "../..", "-o", path, "./cmd/alivemcp")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("building alivemcp: %v\n%s", err, out)
	}
	return path
}

// artifacts is an empty folder for pictures.
func artifacts(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("artifacts")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// missing ends the test: something that has to be installed is not there.
func missing(t *testing.T, hint string) {
	t.Helper()
	if os.Getenv("CI") == "true" || os.Getenv("ALIVEMCP_E2E") == "require" {
		t.Fatal(hint)
	}
	t.Skip(hint)
}

// await waits for what others do in their own time.
func await(t *testing.T, what string, happened func() bool) {
	t.Helper()
	awaitFor(t, 3*time.Minute, what, happened)
}

func awaitFor(t *testing.T, long time.Duration, what string, happened func() bool) {
	t.Helper()
	look := time.NewTicker(100 * time.Millisecond)
	defer look.Stop()
	for end := time.Now().Add(long); !happened(); <-look.C {
		if time.Now().After(end) {
			t.Fatalf("not true after %s: %s", long, what)
		}
	}
}
