package app_test

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/internal/app"
	"github.com/alivemcp/alivemcp/internal/audit/audittest"
	"github.com/alivemcp/alivemcp/internal/config"
	"github.com/alivemcp/alivemcp/internal/store/sqlite"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// counting is an endpoint that counts who asks it.
func counting(t *testing.T) (e uptime.Endpoint, asked *atomic.Int64) {
	t.Helper()
	asked = &atomic.Int64{}
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	t.Cleanup(srv.Close)
	return uptime.Endpoint{Key: uptime.NewEndpointKey(srv.URL, uptime.StreamableHTTP), Kind: uptime.EndpointRemote, URL: srv.URL, Probe: srv.URL}, asked
}

// TestAuditHearsOfOptouts: whoever tells the monitor in the middle of an audit of
// what it lists is not looked at any more.
func TestAuditHearsOfOptouts(t *testing.T) {
	for _, out := range []bool{false, true} {
		e, asked := counting(t)
		opt := auditOf(t, &audittest.Truth{}, "")
		opt.Regions, opt.Rounds, opt.From = opt.Regions[:1], 1, t.TempDir()
		within(t, opt.From, func(s *sqlite.Store) []error { return listedAt(t, s, &e, out) })
		within(t, opt.Dir, func(s *sqlite.Store) []error {
			run := uptime.AuditRun{ID: opt.Run, Began: time.Now(), Rounds: 1, Gap: opt.Gap, Endpoints: 1, Regions: (&config.File{Regions: opt.Regions}).Places()}
			return []error{s.BeginAudit(t.Context(), run, []uptime.AuditTarget{{Endpoint: e}})}
		})
		if err := app.RunAudit(t.Context(), opt); err != nil {
			t.Fatal(err)
		}
		if got := asked.Load() > 0; got == out {
			t.Errorf("opted out: %t; asked: %t", out, got)
		}
	}
}

// within does something with the store of a directory.
func within(t *testing.T, dir string, do func(*sqlite.Store) []error) {
	t.Helper()
	s, err := sqlite.Open(t.Context(), sqlite.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range append(do(s), s.Close()) {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// listedAt has a registry list an endpoint, whose owner may opt out.
func listedAt(t *testing.T, s *sqlite.Store, e *uptime.Endpoint, out bool) []error {
	t.Helper()
	c := uptime.Crawl{ID: "crawl", Source: "official", State: uptime.CrawlRunning, Began: time.Now()}
	l := uptime.Listing{Source: "official", Key: "one", URL: e.URL, Status: uptime.ListingActive, Endpoint: e.Key}
	errs := []error{s.BeginCrawl(t.Context(), c), s.StageListings(t.Context(), c.ID, []uptime.Listing{l}, []uptime.Endpoint{*e})}
	c.State, c.Ended = uptime.CrawlDone, time.Now()
	_, _, _, err := s.FinishCrawl(t.Context(), c)
	act := uptime.AuditEntry{Tenant: app.PublicTenant, At: time.Now(), By: "owner", Action: "endpoint.optout", Object: string(e.Key)}
	return append(errs, err, s.SetOptout(t.Context(), e.Key, out, act))
}

// TestAuditHeedsOwnersFiles: what a file said counts also for what is listed of its
// host since, before any monitor has noted that.
func TestAuditHeedsOwnersFiles(t *testing.T) {
	for _, out := range []bool{false, true} {
		e, asked := counting(t)
		opt := auditOf(t, &audittest.Truth{}, "")
		opt.Regions, opt.Rounds, opt.From = opt.Regions[:1], 1, ""
		within(t, opt.Dir, func(s *sqlite.Store) []error {
			f := uptime.OwnersFile{Origin: e.URL, Asked: time.Now(), Optout: out}
			_, err := s.NoteOwners(t.Context(), f, nil, uptime.AuditEntry{Tenant: app.PublicTenant, At: time.Now(), By: "owner", Action: "endpoint.optout"})
			return append(listedAt(t, s, &e, false), err)
		})
		err := app.RunAudit(t.Context(), opt)
		if got := asked.Load() > 0; got == out || (err != nil) != out {
			t.Errorf("opted out: %t; asked: %t, %v", out, got, err)
		}
	}
}
