package demo_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/internal/demo"
	"github.com/alivemcp/alivemcp/internal/registry/fake"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// TestListed checks that the registries of the demonstration list what people should
// see, and that nothing is written in two ways at once.
func TestListed(t *testing.T) {
	now := time.Date(2026, 11, 23, 16, 0, 0, 0, time.UTC)
	for _, r := range demo.Readings() {
		seen := map[string]bool{}
		for _, s := range demo.Listed(r.Source, r.Ago, now) {
			if seen[s.Name] || s.Name == "" || s.Published.After(now) {
				t.Errorf("%s, %d days ago: %q is there twice, or has no name, or is from the future", r.Source, r.Ago, s.Name)
			}
			seen[s.Name] = true
		}
	}
	has := func(source uptime.SourceID, what string, ok func(fake.Server) bool) {
		t.Helper()
		if !slices.ContainsFunc(demo.Listed(source, 0, now), ok) {
			t.Errorf("%s lists nothing that is %s", source, what)
		}
	}
	has(uptime.SourceOfficial, "templated", func(s fake.Server) bool { return len(s.Variables) > 0 })
	has(uptime.SourceOfficial, "on this machine", func(s fake.Server) bool { return strings.HasPrefix(s.URL, "http://localhost") })
	has(uptime.SourceOfficial, "an example", func(s fake.Server) bool { return strings.Contains(s.URL, "example.com") })
	has(uptime.SourceOfficial, "deleted", func(s fake.Server) bool { return s.Status == "deleted" })
	has(uptime.SourceOfficial, "deprecated", func(s fake.Server) bool { return s.Status == "deprecated" })
	has(uptime.SourceOfficial, "the owner's who does not want it", func(s fake.Server) bool { return s.URL == demo.Optout() })
	has(uptime.SourceGitHub, "with a slash", func(s fake.Server) bool { return s.URL == demo.Address("weather")+"/" })
	has(uptime.SourcePulseMCP, "with a capital", func(s fake.Server) bool { return s.URL == "https://Weather.acme-demo.dev/mcp" })
	before, after := len(demo.Listed(uptime.SourceGitHub, 1, now)), len(demo.Listed(uptime.SourceGitHub, 0, now))
	if before < 20 || 10*after >= 9*before {
		t.Errorf("GitHub's registry shrinks from %d to %d, which a crawl would not notice", before, after)
	}
}

// TestAuditLooks checks that the same evidence is invented each time, from every
// region in every round, and only of what can be probed.
func TestAuditLooks(t *testing.T) {
	now := time.Date(2026, 11, 23, 16, 0, 0, 0, time.UTC)
	targets := []uptime.AuditTarget{
		{Endpoint: uptime.Endpoint{Key: "ep_1", Kind: uptime.EndpointRemote, Host: "weather.acme-demo.dev"}},
		{Endpoint: uptime.Endpoint{Key: "ep_2", Kind: uptime.EndpointRemote, Host: "trains.toolhub-demo.dev"}},
		{Endpoint: uptime.Endpoint{Key: "ep_3", Kind: uptime.EndpointLocal, Host: "localhost"}},
	}
	audits := demo.Audits(now)
	if len(audits) != 2 {
		t.Fatalf("there are %d audits", len(audits))
	}
	for ago, a := range audits {
		looks := a.Looks(targets)
		if len(looks) != 2*3*3 || !a.Ended.Before(now) || !slices.EqualFunc(looks, a.Looks(targets), func(x, y uptime.AuditLook) bool { return x.At.Equal(y.At) && x.State == y.State && x.Total == y.Total }) {
			t.Errorf("the audit of %d days ago has %d looks, or others each time", ago, len(looks))
		}
		for _, l := range looks {
			if (l.Endpoint == "ep_1") != (l.State == uptime.Live) || l.At.After(a.Ended) {
				t.Errorf("a look at %s is %s at %s", l.Endpoint, l.State, l.At)
			}
		}
	}
}
