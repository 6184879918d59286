package registry_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/alivemcp/alivemcp/internal/registry"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

const mcpSoRobots = `User-agent: GreedyBot
Disallow: /

User-Agent: *
Allow: /
Disallow: /api/
Disallow: /search
Disallow: /*?q=
Crawl-delay: 0.001

Sitemap: https://mcp.so/sitemap.xml
`

// urlset is a sitemap of slugs, each with its translations.
func urlset(slugs ...string) string {
	var b strings.Builder
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:xhtml="http://www.w3.org/1999/xhtml">`)
	for _, s := range slugs {
		fmt.Fprintf(&b, `<url><loc> http://registry.test/servers/%s </loc><lastmod>2026-01-01</lastmod><xhtml:link rel="alternate" hreflang="zh" href="http://registry.test/zh/servers/%s"/></url>`, s, s)
	}
	return b.String() + `<url><loc>http://registry.test/zh/servers/one</loc></url><url><loc>http://registry.test/about</loc></url>` +
		`<url><loc>https://elsewhere.dev/servers/evil</loc></url><url><loc>http://registry.test/servers/a/b?q=1</loc></url></urlset>`
}

func sitemapIndex(locs ...string) string {
	return `<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><sitemap><loc>` + strings.Join(locs, "</loc></sitemap><sitemap><loc>") + `</loc></sitemap></sitemapindex>`
}

func mcpSoSite() site {
	return site{
		"/robots.txt": mcpSoRobots,
		"/sitemap.xml": sitemapIndex("http://registry.test/sitemap.xml?section=static&amp;page=1", "http://registry.test/sitemap.xml?section=servers&amp;page=1",
			"http://registry.test/sitemap.xml?section=servers&amp;page=2", "https://elsewhere.dev/sitemap.xml?section=servers&amp;page=3"),
		"/sitemap.xml?section=servers&page=1": urlset("one", "two"),
		"/sitemap.xml?section=servers&page=2": urlset("two", "three"),
	}
}

func names(listings []uptime.Listing) (out []string) {
	for _, l := range listings {
		out = append(out, l.Name)
	}
	return out
}

func TestMCPSo(t *testing.T) {
	h := mcpSoSite()
	s := of(t, uptime.SourceMCPSo, func(c *registry.Config) { c.Cache = registry.NewDir(t.TempDir()) })
	read := func(want ...string) {
		t.Helper()
		_, got, err := all(t.Context(), s, direct(h), time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, names(got)); diff != "" {
			t.Errorf("the leads differ (-want +got):\n%s", diff)
		}
	}
	pages, got, err := all(t.Context(), s, direct(h), time.Time{})
	if err != nil || len(pages) != 3 || pages[0].Records != 2 || len(pages[0].Fetched) != 2 || len(pages[1].Fetched) != 1 {
		t.Fatalf("the pages are %+v, %v", pages, err)
	}
	want := uptime.Listing{Key: "one", Name: "one", Page: "https://mcp.so/servers/one"}
	if diff := cmp.Diff(want, got[0]); diff != "" {
		t.Errorf("a lead differs (-want +got):\n%s", diff)
	}
	read("one", "two", "three")
	// One that is missing may only have moved: it goes at the third time.
	h["/sitemap.xml?section=servers&page=1"] = urlset("four")
	read("four", "two", "three", "one")
	h["/sitemap.xml?section=servers&page=1"] = urlset("one")
	read("one", "two", "three", "four")
	h["/sitemap.xml?section=servers&page=1"] = urlset("four")
	read("four", "two", "three", "one")
	read("four", "two", "three", "one")
	read("four", "two", "three")
	read("four", "two", "three")
}

func TestMCPSoRefused(t *testing.T) {
	for words, change := range map[string]func(site){
		"does not allow": func(h site) { h["/robots.txt"] = "User-agent: *\nDisallow: /*section=servers" },
		"its robots.txt: it answered": func(h site) {
			h["/robots.txt"] = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) })
		},
		"its sitemap: it answered 404": func(h site) { delete(h, "/sitemap.xml") },
		"a part of its sitemap: it is": func(h site) { h["/sitemap.xml?section=servers&page=2"] = "<urlset><url><loc>http" },
		"its sitemap: it is not":       func(h site) { h["/sitemap.xml"] = "<html><br></html>" },
		"names no servers":             func(h site) { h["/sitemap.xml"] = sitemapIndex("http://registry.test/sitemap.xml?section=skills") },
	} {
		h := mcpSoSite()
		change(h)
		_, _, err := all(t.Context(), of(t, uptime.SourceMCPSo), direct(h), time.Time{})
		wantError(t, words, err, words)
	}
	h := mcpSoSite()
	delete(h, "/robots.txt")
	if _, got, err := all(t.Context(), of(t, uptime.SourceMCPSo), direct(h), time.Time{}); err != nil || len(got) != 3 {
		t.Errorf("a site without a robots.txt has %d leads, %v", len(got), err)
	}
}

// TestRobots checks what a robots.txt allows.
func TestRobots(t *testing.T) {
	for name, tc := range map[string]struct {
		text string
		ok   bool
	}{
		"empty":                     {"", true},
		"nothing is disallowed":     {"User-agent: *\nDisallow:", true},
		"everything is":             {"User-agent: *\nDisallow: /", false},
		"for another":               {"User-agent: Other\nDisallow: /", true},
		"for us":                    {"User-agent: Other\nUser-agent: AliveMCP\nDisallow: /\n\nUser-agent: *\nDisallow:", false},
		"for all but us":            {"User-agent: *\nDisallow: /\n\nUser-agent: alivemcp # hello\nAllow: /", true},
		"two groups are one":        {"User-agent: *\nDisallow: /x\n\nUser-agent: *\nDisallow: /sitemap", false},
		"the longest counts":        {"User-agent: *\nAllow: /sitemap\nDisallow: /site", true},
		"of two the one for it":     {"User-agent: *\nDisallow: /sitemap\nAllow: /sitemap", true},
		"the end":                   {"User-agent: *\nDisallow: /sitemap$", true},
		"any and the end":           {"User-agent: *\nDisallow: /*.xml$", false},
		"no expression":             {"User-agent: *\nDisallow: /(((\nDisallow: /sitemap.xml", false},
		"windows, and other fields": {"\ufeffHost: x\r\nuser-agent:*\r\nCrawl-delay: x\r\ndisallow:/sitemap\r\n", false},
		"binary":                    {"\x00\xff:\n:::\n", true},
		"a web page":                {"<!doctype html><html>", true},
	} {
		h := mcpSoSite()
		h["/robots.txt"] = tc.text
		// The index alone: the parts have a query.
		h["/sitemap.xml"] = sitemapIndex("http://registry.test/none")
		_, _, err := all(t.Context(), of(t, uptime.SourceMCPSo), direct(h), time.Time{})
		words := "names no servers"
		if !tc.ok {
			words = "does not allow"
		}
		wantError(t, name, err, words)
	}
}
