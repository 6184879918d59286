package registry_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alivemcp/alivemcp/internal/registry"
	"github.com/alivemcp/alivemcp/internal/registry/fake"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// moments are records that say what comes next: "begins" before a crawl, "page" before
// one is staged. Ended says "ended".
type moments struct {
	registry.Records
	say func(string)
}

func (m *moments) BeginCrawl(ctx context.Context, c uptime.Crawl) error {
	m.say("begins")
	return m.Records.BeginCrawl(ctx, c)
}

func (m *moments) StageListings(ctx context.Context, crawl string, l []uptime.Listing, e []uptime.Endpoint) error {
	m.say("page")
	return m.Records.StageListings(ctx, crawl, l, e)
}

// TestOffMeanwhile switches a source off at every moment of a round: what it listed
// stays gone, and nobody is told that anything failed.
func TestOffMeanwhile(t *testing.T) {
	for name, want := range map[string]struct {
		moment string
		nth    int
	}{
		"as it begins":                     {"begins", 1},
		"in its middle":                    {"page", 1},
		"after everything":                 {"ended", 1},
		"as what changed meanwhile begins": {"begins", 2},
		"in what changed meanwhile":        {"page", 2},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				isOff, m := false, &moments{say: func(string) {}}
				r := newRig(t, fake.Generate(30), func(o *registry.Options) {
					m.Records, o.Records = o.Records, m
					o.Off = func(uptime.SourceID) bool { return isOff }
					o.Ended = func(_ context.Context, c uptime.Crawl) {
						if m.say("ended"); c.State != uptime.CrawlDone {
							t.Errorf("the operator is told of %+v", c)
						}
					}
				})
				r.crawl(t, uptime.CrawlDone)
				if r.count(t) == 0 {
					t.Fatal("nothing is listed: the test proves nothing")
				}
				time.Sleep(25 * time.Hour)
				seen := map[string]int{}
				m.say = func(moment string) {
					if seen[moment]++; moment != want.moment || seen[moment] != want.nth {
						return
					}
					isOff = true
					c := uptime.Crawl{ID: "off", Source: r.source.ID(), Began: time.Now(), Ended: time.Now(), Why: "switched off"}
					if done, err := r.store.SwitchOff(t.Context(), c); err != nil || !done {
						t.Errorf("it is switched off: %t, %v", done, err)
					}
				}
				ctx, stop := context.WithTimeout(t.Context(), 30*time.Minute)
				defer stop()
				_ = r.Run(ctx)
				if !isOff {
					t.Fatalf("it was not switched off, after %v: the test proves nothing", seen)
				}
				if n := r.count(t); n != 0 {
					t.Errorf("%d listings came back", n)
				}
				if last := r.status(t).Last; last.State != uptime.CrawlNone {
					t.Errorf("the last crawl is %+v, want that it is not read", last)
				}
			})
		})
	}
}

// TestOnAgain: a source that is switched on again, without a restart, is read as a
// whole, and has to list what it did before it was switched off.
func TestOnAgain(t *testing.T) {
	for name, tc := range map[string]struct {
		then registry.Source
		want uptime.CrawlState
	}{
		"the same": {addresses(0, 100), uptime.CrawlDone},
		"others":   {addresses(50, 150), uptime.CrawlHeld},
		"nothing":  {addresses(0, 0), uptime.CrawlHeld},
	} {
		t.Run(name, func(t *testing.T) {
			now := time.Unix(1_700_000_000, 0)
			r := newRig(t, nil, func(o *registry.Options) { o.Now = func() time.Time { return now } })
			r.source = addresses(0, 100)
			r.crawl(t, uptime.CrawlDone)
			now = now.Add(time.Hour)
			if done, err := r.store.SwitchOff(t.Context(), uptime.Crawl{ID: "off", Source: r.source.ID(), Began: now, Ended: now}); err != nil || !done {
				t.Fatal(done, err)
			}
			now = now.Add(time.Hour)
			r.source = tc.then
			r.crawl(t, tc.want)
			if n, want := r.count(t), map[uptime.CrawlState]int{uptime.CrawlDone: 100}[tc.want]; n != want {
				t.Errorf("%d are listed, want %d", n, want)
			}
			if tc.want == uptime.CrawlDone {
				return
			}
			if c, err := r.Crawl(t.Context(), r.source, true); err != nil || c.State != uptime.CrawlDone || !c.Accepted {
				t.Errorf("what somebody accepted is %+v, %v", c, err)
			}
			now = now.Add(time.Hour)
			r.crawl(t, uptime.CrawlDone)
		})
	}
}
