package sqlite_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/internal/store/sqlite"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// BenchmarkCrawl stages and takes over 40,000 listings: as the first crawl, and
// as one that finds one in a hundred changed, which is how long others wait that
// write.
func BenchmarkCrawl(b *testing.B) {
	const listings, page = 40_000, 100
	for n := range b.N {
		s := open(b, sqlite.Options{Dir: b.TempDir()})
		for round, what := range []string{"first", "again"} {
			c := uptime.Crawl{ID: fmt.Sprint(n, what), Source: "official", State: uptime.CrawlRunning, Began: time.Unix(int64(1+round), 0)}
			must(b, s.BeginCrawl(b.Context(), c))
			begin := time.Now()
			for at := 0; at < listings; at += page {
				l, e := pageOf(at, page, round)
				must(b, s.StageListings(b.Context(), c.ID, l, e))
			}
			b.ReportMetric(float64(time.Since(begin).Milliseconds()), what+"-stage-ms")
			begin = time.Now()
			c.State, c.Ended = uptime.CrawlDone, time.Unix(int64(100+round), 0)
			if added, changed, _, err := s.FinishCrawl(b.Context(), c); err != nil || added+changed == 0 {
				b.Fatal(added, changed, err)
			}
			b.ReportMetric(float64(time.Since(begin).Milliseconds()), what+"-take-ms")
		}
	}
}

func pageOf(at, n, round int) (listings []uptime.Listing, endpoints []uptime.Endpoint) {
	for i := at; i < at+n; i++ {
		url := fmt.Sprintf("https://h%d.example.dev/mcp", i)
		e := uptime.Endpoint{Key: uptime.NewEndpointKey(url, uptime.StreamableHTTP), Kind: uptime.EndpointRemote, URL: url, Probe: url, Platform: "example.dev"}
		l := uptime.Listing{
			Source: "official", Key: fmt.Sprintf("io.github.somebody%d/server-%d", i%977, i), Name: fmt.Sprintf("io.github.somebody%d/server-%d", i%977, i),
			Description: "A server that does something for somebody, as most descriptions say at some length.", Version: "1.0.0", URL: url,
			Status: uptime.ListingActive, Endpoint: e.Key,
		}
		if i%100 == 0 {
			l.Version = fmt.Sprintf("1.0.%d", round)
		}
		listings, endpoints = append(listings, l), append(endpoints, e)
	}
	return listings, endpoints
}

// BenchmarkSweepRetired erases a hundred retired servers of 400, each with a past of
// 90 days, beside a journal of two hours in which they are not.
func BenchmarkSweepRetired(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		s := open(b, sqlite.Options{Dir: b.TempDir()})
		servers := fleet(b, s, 400)
		for day := range uptime.Day(manyDays) {
			must(b, s.CloseDay(b.Context(), 20_000+day, fleetDay(servers, 20_000+day), nil))
		}
		served := synced(b, s, "one", "two", "three")
		for minute := range uptime.Cursor(120) {
			must(b, s.AppendSealed(b.Context(), sealed(served, 1+400*minute, 400*(minute+1))))
		}
		b.StartTimer()
		erased, err := s.SweepRetired(b.Context(), "acme", time.Now().Add(time.Hour), 100)
		if err != nil || len(erased) != 100 {
			b.Fatal(len(erased), err)
		}
		b.StopTimer()
		must(b, s.Close())
		b.StartTimer()
	}
}
