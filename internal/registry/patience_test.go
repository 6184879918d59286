package registry_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/alivemcp/alivemcp/internal/registry"
	"github.com/alivemcp/alivemcp/internal/registry/fake"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// drip answers every request a byte at a time, so slowly that each just about ends.
type drip struct{ http.Handler }

func (d drip) RoundTrip(req *http.Request) (*http.Response, error) {
	res, err := wire(d).RoundTrip(req)
	if err == nil {
		res.Body = &dripBody{ReadCloser: res.Body, ended: req.Context().Done()}
	}
	return res, err
}

type dripBody struct {
	io.ReadCloser
	ended  <-chan struct{}
	waited bool
}

func (b *dripBody) Read(p []byte) (int, error) {
	if !b.waited {
		b.waited = true
		select {
		case <-time.After(55 * time.Second):
		case <-b.ended:
			return 0, context.Canceled
		}
	}
	return b.ReadCloser.Read(p)
}

// TestCrawlHasAnEnd: a registry whose pages all just about come does not hold a crawl
// for longer than there is until the next.
func TestCrawlHasAnEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := drip{fake.New(fake.Generate(9000)...)}
		r := newRig(t, nil, func(o *registry.Options) {
			o.Fetch = func(uptime.SourceID) *registry.Fetcher {
				return registry.NewFetcher(registry.FetchOptions{Client: &http.Client{Transport: slow}, UserAgent: agent})
			}
		})
		began := time.Now()
		c := r.crawl(t, uptime.CrawlFailed)
		if took := time.Since(began); took != 50*time.Minute || c.Why != "it took longer than 50m0s" || c.Cut {
			t.Errorf("it took %s, and failed because %q", took, c.Why)
		}
		if n := r.count(t); n != 0 {
			t.Errorf("%d listings are there", n)
		}
	})
}

// TestKilled: a process that is killed in the middle of a crawl, again and again,
// asks once in ten minutes, and once it has read a registry not before that is due.
func TestKilled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fake.Generate(30))
		good := time.Now()
		r.registry.Break(fake.Slow(9999, time.Millisecond))
		r.crawl(t, uptime.CrawlDone)
		time.Sleep(time.Until(good.Add(2 * time.Minute)))
		killed := func() {
			t.Helper()
			c := uptime.Crawl{ID: "crawl_" + time.Now().Format(time.RFC3339), Source: r.source.ID(), State: uptime.CrawlRunning, Began: time.Now()}
			if err := r.store.BeginCrawl(t.Context(), c); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
			if err := r.store.EndCrawls(t.Context(), time.Now()); err != nil {
				t.Fatal(err)
			}
		}
		run := func(d time.Duration) {
			t.Helper()
			ctx, stop := context.WithTimeout(t.Context(), d)
			defer stop()
			if err := r.Run(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("it ended with %v", err)
			}
		}
		killed()
		run(57 * time.Minute)
		if diff := cmp.Diff([]string{"full", "failed"}, r.crawls(t)); diff != "" {
			t.Errorf("before it is due (-want +got):\n%s", diff)
		}
		run(2 * time.Minute)
		if got := r.crawls(t); len(got) != 3 {
			t.Errorf("when it is due the crawls are %v", got)
		}
		if last := r.status(t).Last; last.State != uptime.CrawlDone {
			t.Errorf("the last is %+v", last)
		}
		time.Sleep(3 * time.Hour) // long due
		killed()
		for range 9 {
			run(time.Minute)
		}
		if got := r.crawls(t); len(got) != 4 {
			t.Errorf("within ten minutes of one that was killed it was read again: %v", got)
		}
		run(2 * time.Minute)
		if got := r.crawls(t); len(got) < 5 {
			t.Errorf("after ten minutes it was not read again: %v", got)
		}
	})
}
