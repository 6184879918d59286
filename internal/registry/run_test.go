package registry_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/alivemcp/alivemcp/internal/registry"
	"github.com/alivemcp/alivemcp/internal/registry/fake"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// crawls are the crawls of a source, oldest first: full, since or a state.
func (r *rig) crawls(t *testing.T) (out []string) {
	t.Helper()
	all, err := r.store.Crawls(t.Context(), r.source.ID(), 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range slices.Backward(all) {
		word := "full"
		if !c.Since.IsZero() {
			word = "since"
		}
		if c.State != uptime.CrawlDone {
			word = string(c.State)
		}
		out = append(out, word)
	}
	return out
}

// TestRun lets two days pass.
func TestRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fake.Generate(150))
		r.registry.Break(fake.Slow(9999, time.Millisecond)) // or all crawls would begin at the same time
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- r.Run(ctx) }()
		defer func() {
			stop()
			if err := <-done; !errors.Is(err, context.Canceled) {
				t.Errorf("it ended with %v", err)
			}
		}()
		time.Sleep(time.Minute)
		if diff := cmp.Diff([]string{"full", "since"}, r.crawls(t)); diff != "" {
			t.Fatalf("the first round differs (-want +got):\n%s", diff)
		}
		r.registry.Asked()
		r.registry.Publish(fake.One("a.new/one", "https://new.dev/mcp", time.Now()))
		time.Sleep(66 * time.Minute)
		if got := r.listed(t, uptime.ListingQuery{Search: "a.new"}); len(got) != 1 {
			t.Errorf("after an hour the new one is %+v", got)
		}
		r.registry.SetStatus("a.new/one", "deleted", "", time.Now())
		time.Sleep(66 * time.Minute)
		if got := r.listed(t, uptime.ListingQuery{Search: "a.new"}); len(got) != 0 {
			t.Errorf("what was deleted is %+v", got)
		}
		time.Sleep(46 * time.Hour)
		got := r.crawls(t)
		full := 0
		for i, word := range got {
			if word == "full" {
				full++
				if i+1 < len(got) && got[i+1] != "since" {
					t.Errorf("crawl %d is %s, want what changed meanwhile", i+1, got[i+1])
				}
			}
		}
		if full != 2 && full != 3 || len(got) < 46 || len(got) > 57 {
			t.Errorf("in two days it was read %d times, %d of them as a whole", len(got), full)
		}
	})
}

// TestRestart checks that a process that begins again and again asks no more often.
func TestRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fake.Generate(30))
		run := func(d time.Duration) {
			t.Helper()
			ctx, stop := context.WithTimeout(t.Context(), d)
			defer stop()
			if err := r.Run(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("it ended with %v", err)
			}
		}
		for range 11 {
			run(5 * time.Minute)
		}
		if got := len(r.crawls(t)); got != 2 {
			t.Errorf("in the first hour it was read %d times, want as a whole and its changes", got)
		}
		run(10 * time.Minute)
		if got := len(r.crawls(t)); got != 3 {
			t.Errorf("after the first hour it was read %d times, want once more", got)
		}
	})
}

// TestRunFailing lets a day pass in which a registry does not work, and one of
// which it wants to be left alone.
func TestRunFailing(t *testing.T) {
	for name, tc := range map[string]struct {
		fault           fake.Fault
		atLeast, atMost int
	}{
		"broken":          {fake.Refuse(9999, 500, ""), 5, 6}, // after 1, 2, 4, 8 and 8 hours
		"left alone":      {fake.Refuse(9999, 429, "43200"), 2, 3},
		"well after that": {fake.Refuse(5, 500, ""), 23, 28},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, fake.Generate(30))
				r.registry.Break(tc.fault)
				ctx, stop := context.WithTimeout(t.Context(), 24*time.Hour)
				defer stop()
				if err := r.Run(ctx); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("it ended with %v", err)
				}
				if got := r.crawls(t); len(got) < tc.atLeast || len(got) > tc.atMost {
					t.Errorf("it was read %d times: %v; want %d to %d", len(got), got, tc.atLeast, tc.atMost)
				}
			})
		})
	}
}

// TestRunPace checks that what wants to be read once a day is.
func TestRunPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := counting(site{"/indexes/packages-list.json": `{"one":{"path":"a/one.json"}}`, "/packages/a/one.json": `{"name":"one"}`})
		r := newRig(t, nil, func(o *registry.Options) {
			o.Sources = []registry.Source{of(t, uptime.SourceToolSDK)}
			o.Fetch = func(uptime.SourceID) *registry.Fetcher { return direct(h) }
		})
		ctx, stop := context.WithTimeout(t.Context(), 70*time.Hour)
		defer stop()
		if err := r.Run(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("it ended with %v", err)
		}
		if n := h.n["/indexes/packages-list.json"]; n < 3 || n > 4 {
			t.Errorf("in three days it was read %d times", n)
		}
	})
}
