package registry_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/internal/registry"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// addresses makes a source that lists the addresses of these numbers.
func addresses(from, to int) registry.Source {
	p := &registry.Page{Records: to - from}
	for i := from; i < to; i++ {
		p.Listings = append(p.Listings, uptime.Listing{Key: fmt.Sprint("key-", i), URL: fmt.Sprintf("https://h%d.a.dev/mcp", i)})
	}
	return source{pages: []*registry.Page{p}}
}

// TestReplaced: a mirror that lists as many addresses, but others, is not believed
// before somebody has looked.
func TestReplaced(t *testing.T) {
	for name, tc := range map[string]struct {
		then registry.Source
		why  string
	}{
		"all":         {addresses(1000, 1100), "of 100 addresses that it listed, 100 are not there any more: more than a tenth is missing"},
		"and more":    {addresses(20, 300), "of 100 addresses that it listed, 20 are not there any more: more than a tenth is missing"},
		"eleven":      {addresses(11, 111), "of 100 addresses that it listed, 11 are not there any more: more than a tenth is missing"},
		"ten":         {addresses(10, 110), ""},
		"the names":   {renamed(100, func(l *uptime.Listing) { l.Key = "new-" + l.Key }), "of 100 addresses that it listed, 100 are"},
		"the targets": {renamed(100, func(l *uptime.Listing) { l.URL += "/evil" }), "of 100 addresses that it listed, 100 are"},
		"transports":  {renamed(100, func(l *uptime.Listing) { l.Transport = "sse" }), ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, nil)
			r.source = addresses(0, 100)
			r.crawl(t, uptime.CrawlDone)
			r.source = tc.then
			if tc.why == "" {
				r.crawl(t, uptime.CrawlDone)
				return
			}
			if c := r.crawl(t, uptime.CrawlHeld); !strings.HasPrefix(c.Why, tc.why) {
				t.Errorf("it is held because %q, want %q", c.Why, tc.why)
			}
			if all := r.listed(t, uptime.ListingQuery{Search: "h99.a.dev"}); len(all) != 1 || all[0].Key != "key-99" {
				t.Errorf("what is listed is %+v, want the last known good", all)
			}
			c, err := r.Crawl(t.Context(), r.source, true)
			if err != nil || c.State != uptime.CrawlDone || !c.Accepted {
				t.Errorf("what somebody accepted is %+v, %v", c, err)
			}
			if c := r.crawl(t, uptime.CrawlDone); c.Accepted {
				t.Errorf("the same again is %+v, which nobody had to accept", c)
			}
		})
	}
}

func renamed(n int, change func(*uptime.Listing)) registry.Source {
	s := addresses(0, n).(source)
	for i := range s.pages[0].Listings {
		change(&s.pages[0].Listings[i])
	}
	return s
}

// TestCreeping: less than a tenth goes in each crawl, and in a week much more.
func TestCreeping(t *testing.T) {
	for name, then := range map[string]func(crawl int) registry.Source{
		"growth":      func(n int) registry.Source { return addresses(7*n, 100+70*n) }, // first many come, then the others go
		"loss":        func(n int) registry.Source { return addresses(7*n, 100) },
		"replacement": func(n int) registry.Source { return addresses(7*n, 100+7*n) },
	} {
		t.Run(name, func(t *testing.T) {
			now := time.Unix(1_700_000_000, 0)
			r := newRig(t, nil, func(o *registry.Options) { o.Now = func() time.Time { return now } })
			for n := range 2 {
				r.source = then(n)
				r.crawl(t, uptime.CrawlDone)
				now = now.Add(time.Hour)
			}
			r.source = then(2)
			if c := r.crawl(t, uptime.CrawlHeld); !strings.HasPrefix(c.Why, "of 100 addresses that it listed on 2023-11-14, 14 are not there any more: more than a tenth is missing") {
				t.Errorf("it is held because %q", c.Why)
			}
			// What somebody accepted is what the next ones are compared with.
			if c, err := r.Crawl(t.Context(), r.source, true); err != nil || c.State != uptime.CrawlDone {
				t.Fatalf("what was accepted is %+v, %v", c, err)
			}
			if name == "growth" {
				return // of that many little went
			}
			now = now.Add(time.Hour)
			r.source = then(3)
			r.crawl(t, uptime.CrawlDone)
			now = now.Add(time.Hour)
			r.source = then(4)
			r.crawl(t, uptime.CrawlHeld)
			// In more than a week a tenth may go, again and again.
			now = now.Add(8 * 24 * time.Hour)
			r.crawl(t, uptime.CrawlDone)
		})
	}
}
