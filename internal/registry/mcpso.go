package registry

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// mcpSo reads the sitemaps of MCP.so, which has no API: names and links alone,
// leads without addresses. Entries move between the sitemap's pages while it is
// read, so that one which is missing is not yet gone: it counts as listed until it
// was missing three times in a row, which the cache remembers.
type mcpSo struct {
	base  string
	cache Cache
}

func (*mcpSo) pace() (gap, every time.Duration) { return 2 * time.Second, 24 * time.Hour }

// ID implements Source.
func (*mcpSo) ID() uptime.SourceID { return uptime.SourceMCPSo }

// Access implements Source.
func (*mcpSo) Access() (access, missing string) { return "open", "" }

// Incremental implements Source.
func (*mcpSo) Incremental() bool { return false }

// The bounds of the sitemaps.
const (
	maxSitemaps = 300
	maxMissed   = 3
)

// Read implements Source.
func (m *mcpSo) Read(ctx context.Context, f *Fetcher, _ time.Time, page func(*Page) error) error {
	rules, err := readRobots(ctx, f, m.base)
	if err != nil {
		return err
	}
	f.slow(rules.delay)
	parts, fetched, err := m.sitemap(ctx, f, &rules, m.base+"/sitemap.xml")
	if err != nil {
		return fmt.Errorf("its sitemap: %w", err)
	}
	seen, read := map[string]bool{}, []Fetched{fetched}
	for _, part := range m.parts(parts) {
		locs, got, err := m.sitemap(ctx, f, &rules, part)
		if err != nil {
			return fmt.Errorf("a part of its sitemap: %w", err)
		}
		p := m.page(locs, seen)
		p.Fetched, read = append(read, got), nil
		if err := page(p); err != nil {
			return err
		}
	}
	if len(seen) == 0 {
		return errors.New("its sitemap names no servers")
	}
	return page(&Page{Listings: m.missed(ctx, seen)})
}

// sitemap reads the addresses of a sitemap or an index of sitemaps.
func (m *mcpSo) sitemap(ctx context.Context, f *Fetcher, rules *robots, address string) (locs []string, got Fetched, err error) {
	if !rules.allows(strings.TrimPrefix(address, m.base)) {
		return nil, got, errors.New("its robots.txt does not allow to read it")
	}
	body, got, err := f.Again(ctx, address, nil)
	if err != nil {
		return nil, got, err
	}
	locs, err = sitemapLocs(body)
	return locs, got, err
}

// sitemapLocs returns the text of every loc of a sitemap, in order. Links to
// translations are no locs.
func sitemapLocs(body []byte) (out []string, err error) {
	d := xml.NewDecoder(bytes.NewReader(body))
	for {
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, errors.New("it is not the XML that it should be")
		}
		if start, ok := t.(xml.StartElement); ok && start.Name.Local == "loc" {
			var loc string
			if err := d.DecodeElement(&loc, &start); err != nil {
				return nil, errors.New("it is not the XML that it should be")
			}
			out = append(out, strings.TrimSpace(loc))
		}
	}
}

// parts are the sitemaps of servers: those of the same site alone.
func (m *mcpSo) parts(locs []string) (out []string) {
	for _, loc := range locs {
		u, err := url.Parse(loc)
		if err == nil && strings.HasPrefix(loc, m.base+"/") && u.Query().Get("section") == "servers" && len(out) < maxSitemaps {
			out = append(out, loc)
		}
	}
	return out
}

// page makes leads of addresses of servers. Those of translations begin with a
// language.
func (m *mcpSo) page(locs []string, seen map[string]bool) *Page {
	p := &Page{}
	for _, loc := range locs {
		slug, ok := strings.CutPrefix(loc, m.base+"/servers/")
		if !ok || slug == "" || len(slug) > 200 || strings.ContainsAny(slug, "/?#") {
			continue
		}
		p.Records++
		if !seen[slug] {
			p.Listings = append(p.Listings, m.lead(slug))
		}
		seen[slug] = true
	}
	return p
}

func (m *mcpSo) lead(slug string) uptime.Listing {
	return uptime.Listing{Key: slug, Name: slug, Page: "https://mcp.so/servers/" + slug} // not where a mirror is
}

// missed returns what was there before, is not now, and may only have moved; and
// remembers how often each was missing.
func (m *mcpSo) missed(ctx context.Context, seen map[string]bool) (out []uptime.Listing) {
	const key = "mcp.so missing"
	missing := map[string]int{} // by slug: how many times in a row
	if raw, _, ok := m.cache.Get(ctx, key); ok && json.Unmarshal(raw, &missing) != nil {
		clear(missing)
	}
	for _, slug := range slices.Sorted(maps.Keys(missing)) {
		if missing[slug]++; seen[slug] || missing[slug] >= maxMissed {
			delete(missing, slug)
			continue
		}
		out = append(out, m.lead(slug))
	}
	for slug := range seen {
		missing[slug] = 0
	}
	if raw, err := json.Marshal(missing); err == nil {
		m.cache.Put(ctx, key, raw)
	}
	return out
}
