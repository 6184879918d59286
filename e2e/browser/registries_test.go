package browser_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/e2e/loopback"
	"github.com/alivemcp/alivemcp/internal/statuspage/registrytest"
)

// registries looks at what registries list, hostile listings among it, and at
// reports: of a monitor that has read and counted before.
func (r *rig) registries(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	story, err := registrytest.New(t.Context(), dir, "default", "", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if err := story.Close(); err != nil {
		t.Fatal(err)
	}
	base, args := r.listing(t)
	r.serveAt(t, base[len("http://"):], append(args, "--data", dir)...)
	report := "/reports/" + string(registrytest.Audit)
	w := r.tab(t)
	w.expect("409")
	awaitFor(t, cycle, "the reports are made", func() bool {
		w.open(base + report)
		return eval[bool](w, has("Of a hundred endpoints"))
	})
	awaitFor(t, cycle, "what is listed is compared", func() bool {
		w.open(base + "/registries/findings")
		return eval[bool](w, has("dev.test/weather"))
	})
	endpoint := func(what string) string { return "/endpoints/" + string(story.Keys[what]) }
	for _, c := range []pageCase{
		{name: "registries", path: "/registries", words: has("Held back")},
		{name: "listings", path: "/registries/search?q=dev.test", words: has("<script>alert(1)</script>")},
		{name: "listings-none", path: "/registries/search?q=nothing+has+this+name", words: has("Nothing like this is listed")},
		{name: "endpoint", path: endpoint(registrytest.Weather), words: has("Listed for the first time")},
		{name: "endpoint-gone", path: endpoint(registrytest.Gone), words: has("no registry lists it any more")},
		{name: "endpoint-templated", path: endpoint(registrytest.Templated), words: has("only a customer can fill in")},
		{name: "endpoint-local", path: endpoint(registrytest.Local), words: has("never probed")},
		{name: "endpoint-opted-out", path: endpoint(registrytest.Locked), words: has("its owner does not want it")},
		{name: "findings", path: "/registries/findings", words: has("Listings disagree on the transport")},
		{name: "findings-none", path: "/registries/findings?finding=shared_catalogue", words: has("Nothing like this was found")},
		{name: "listed-server", path: "/status/weather", words: has("Who lists it, side by side")},
		{name: "endpoint-hostile", path: endpoint(registrytest.Hostile), words: has("never probed")},
		{name: "reports", path: "/reports", words: has("strictly")},
		{name: "report", path: report, words: has("Where every endpoint is")},
	} {
		for _, width := range []int64{1280, 768, 360} {
			r.lookAt(w, base, c, width)
		}
	}
}

// listing is where a monitor will be that shows what registries list, and how it is
// started. No registry is reached: what the story has is on, as what is off is not
// listed, at an address where nobody answers or without its key. Neither is the
// server: its checks are paused.
func (r *rig) listing(t *testing.T) (base string, args []string) {
	t.Helper()
	args = config(t, `  - {name: Weather, url: "https://mcp.weather.test.dev/mcp", paused: true}
registries:
  enabled: true
  contact: ops@example.com
  sources: {official: {url: 'http://127.0.0.1:1'}, github: false, pulsemcp: false, glama: true, smithery: true, github-topics: false, docker: {url: 'http://127.0.0.1:1'}, cline: false, toolsdk: false, mcp.so: false}
`)
	return "http://" + loopback.FreeAddr(t), args[:2]
}
