package browser_test

import (
	"testing"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// demoRegistries looks at what the demonstration shows of registries and audits: it
// is what people see first.
func (r *rig) demoRegistries(t *testing.T) {
	t.Parallel()
	var reports struct{ Reports []struct{ ID string } }
	getJSON(t, r.demo+"/api/v1/reports", &reports)
	if len(reports.Reports) != 2 {
		t.Fatalf("the demonstration has %d reports, want one and an earlier one", len(reports.Reports))
	}
	endpoint := func(url string, t uptime.Transport) string {
		return "/endpoints/" + string(uptime.NewEndpointKey(url, t))
	}
	w := r.tab(t)
	for _, c := range []pageCase{
		{name: "demo-registries", path: "/registries", words: has("Held back")},
		{name: "demo-listings", path: "/registries/search?q=weather", words: has("https://Weather.acme-demo.dev/mcp")},
		{name: "demo-listings-odd", path: "/registries/search?kind=templated", words: has("{tenant}")},
		{name: "demo-findings", path: "/registries/findings", words: has("Listings disagree on the version")},
		{name: "demo-endpoint", path: endpoint("https://weather.acme-demo.dev/mcp", uptime.StreamableHTTP), words: has("Docker MCP Catalog")},
		{name: "demo-endpoint-optout", path: endpoint("https://archive.umbrella-demo.dev/mcp", uptime.StreamableHTTP), words: has("its owner does not want it")},
		{name: "demo-endpoint-gone", path: endpoint("https://old-lab.umbrella-demo.dev/mcp", uptime.StreamableHTTP), words: has("no registry lists it any more")},
		{name: "demo-reports", path: "/reports", words: has("Not judged")},
		{name: "demo-report", path: "/reports/" + reports.Reports[0].ID, words: has("Since the earlier audit")},
	} {
		for _, width := range []int64{1280, 390} {
			r.lookAt(w, r.demo, c, width)
		}
	}
}
