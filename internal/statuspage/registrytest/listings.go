package registrytest

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/internal/endpoint"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

const (
	weatherURL = "https://mcp.weather.test.dev/mcp"
	month      = 30 * 24 * time.Hour
	secret     = "ghp_16C7e42F292c6912E7710c838347Ae178B4a"
)

// crawlAll lets all registries be read: each as it is today.
func (s *Story) crawlAll(ctx context.Context) error {
	first, today := s.official()
	for _, one := range []struct {
		c        uptime.Crawl
		listings []uptime.Listing
	}{
		{s.crawled(uptime.SourceOfficial, 2*month, "open"), first},
		{s.crawled(uptime.SourceOfficial, month, "open"), withVersion(first, "1.1.0")},
		{s.refusing(s.crawled(uptime.SourceOfficial, 23*time.Minute, "open")), today},
		{s.crawled(uptime.SourceGlama, 3*time.Hour, "key"), glama()},
		{s.held(), []uptime.Listing{at("one", "https://one.test.dev/mcp")}},
		{s.crawled(uptime.SourceDocker, 26*time.Hour, "open"), docker()},
		{s.failed(), nil},
	} {
		if err := s.crawl(ctx, one.c, one.listings); err != nil {
			return err
		}
	}
	s.remember(append(append(first, today...), glama()...))
	return s.BeginCrawl(ctx, uptime.Crawl{
		ID: "crawl_ffffffffffffffff", Source: uptime.SourcePulseMCP, State: uptime.CrawlNone, Why: "no API key and tenant", Began: s.now.Add(-23 * time.Minute), Ended: s.now.Add(-23 * time.Minute),
	})
}

func (s *Story) refusing(c uptime.Crawl) uptime.Crawl {
	c.Records, c.Listings, c.Refused = 131, 126, map[string]int{"it has no name": 3, "it is too long": 2}
	return c
}

func (s *Story) held() uptime.Crawl {
	c := s.crawled(uptime.SourceGlama, 40*time.Minute, "key")
	c.State, c.Why, c.Records, c.Listings, c.Previous = uptime.CrawlHeld, "it lists 60 addresses, and had 240 before: more than a tenth is missing", 60, 60, 240
	return c
}

func (s *Story) failed() uptime.Crawl {
	c := s.crawled(uptime.SourceDocker, 11*time.Minute, "open")
	c.State, c.Why, c.Records = uptime.CrawlFailed, "page 3 answered 503 Service Unavailable four times", 200
	return c
}

// remember finds the endpoints that tests speak of.
func (s *Story) remember(all []uptime.Listing) {
	names := map[string]string{
		"dev.test/weather": Weather, "dev.test/locked": Locked, "dev.test/tenants": Templated, "dev.test/hostile": Hostile, "dev.test/gone": Gone, "dev.test/local": Local,
		"dev.test/old": Old, "io.github.someone/tool-000": Tool, "io.github.someone/tool-030": Copy,
	}
	for i := range all {
		if what := names[all[i].Key]; what != "" && s.Keys[what] == "" {
			l := all[i]
			s.Keys[what] = endpoint.Of(&l).Key
		}
	}
}

// at is a listing by its key.
func at(key, url string) uptime.Listing {
	return uptime.Listing{Key: key, Name: key, URL: url, Version: "1.0.0", Transport: "streamable-http", Status: uptime.ListingActive}
}

func withVersion(all []uptime.Listing, version string) []uptime.Listing {
	out := make([]uptime.Listing, len(all))
	for i := range all {
		out[i] = all[i]
		out[i].Version = version
	}
	return out
}

// official is what the official registry listed first, and lists today.
func (s *Story) official() (first, today []uptime.Listing) {
	weather := at("dev.test/weather", weatherURL)
	weather.Title, weather.Description, weather.Code = "Weather", "Forecasts and warnings for any place.", "https://github.com/test-dev/weather"
	first = []uptime.Listing{weather, at("dev.test/gone", "https://gone.test.dev/mcp"), at("dev.test/locked", "https://locked.test.dev/mcp")}

	weather.Version, weather.Updated = "1.4.0", s.now.Add(-time.Hour)
	old := at("dev.test/old", "https://old.test.dev/sse")
	old.Transport, old.Status, old.Note = "sse", uptime.ListingDeprecated, "Use dev.test/weather instead"
	today = append(today, weather, old, at("dev.test/locked", "https://locked.test.dev/mcp"),
		at("dev.test/tenants", "https://{tenant}.test.dev/mcp"), at("dev.test/example", "https://example.com/mcp"), at("dev.test/local", "http://localhost:3000/mcp"),
		at("dev.test/tunnel", "https://a1b2c3.ngrok-free.app/mcp"), at("dev.test/key", "https://keyed.test.dev/mcp?api_key="+secret))
	today = append(today, hostile()...)
	for i := range 100 {
		today = append(today, at(fmt.Sprintf("io.github.someone/tool-%03d", i), fmt.Sprintf("https://tool%d.%s/mcp", i, platform(i))))
	}
	return first, today
}

// platform shares tools out: the first has the most.
func platform(i int) string {
	for n, most := range []int{30, 48, 60, 68, 74} {
		if i < most {
			return []string{"mcpgate.dev", "tools.run", "apps.sh", "fly.dev", "workers.dev"}[n]
		}
	}
	return fmt.Sprintf("maker%d.dev", i)
}

// hostile are listings of people who mean harm.
func hostile() []uptime.Listing {
	markup := at("dev.test/hostile", `javascript:alert("<script>x</script>")`)
	markup.Name, markup.Title = `dev.test/<script>alert(1)</script>`, "\u202egnp.exe <img src=x onerror=alert(2)>"
	markup.Description, markup.Note, markup.Version = `"><script>alert(3)</script>`, "[click](javascript:alert(4))", "<b>9</b>"
	markup.Page, markup.Code, markup.Transport = "javascript:alert(5)", "javascript:alert(6)", "<i>sse</i>"
	markup.Headers = []uptime.ListedHeader{{Name: "X-<script>alert(7)</script>", Secret: true}}
	long := at("dev.test/long", "https://long.test.dev/"+strings.Repeat("a/very/long/path/", 100))
	long.Title = strings.Repeat("Looooooong", 20)
	mixed := at("dev.test/mixed", "https://xn--pple-43d.test.dev/mcp")
	mixed.Name = "dev.test/\u0430pple"
	meta := at("dev.test/metadata", "http://169.254.169.254/latest/meta-data")
	return []uptime.Listing{markup, long, mixed, meta}
}

// glama lists some of it too, in its own words.
func glama() []uptime.Listing {
	weather := at("dev.test/weather", weatherURL+"/")
	weather.Name, weather.Version, weather.Transport, weather.Page = "Weather (test.dev)", "1.1.0", "sse", "https://glama.ai/mcp/connectors/test-dev/weather"
	locked := at("dev.test/locked", "https://locked.test.dev/mcp")
	locked.Access, locked.Page = uptime.AccessWalled, "https://glama.ai/mcp/connectors/test-dev/locked"
	return []uptime.Listing{weather, locked}
}

// docker lists it a third time, and a record without an address.
func docker() []uptime.Listing {
	weather := at("weather", weatherURL)
	weather.Version, weather.Page = "", "https://hub.docker.com/mcp/server/weather/overview"
	lead := at("lead", "")
	lead.Name = "a lead without an address"
	return []uptime.Listing{weather, lead}
}
