package app_test

import (
	"strings"
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/internal/app"
	"github.com/alivemcp/alivemcp/internal/config"
	"github.com/alivemcp/alivemcp/internal/registry/fake"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// TestSwitchedOff: what a registry lists that the operator does not want any more is
// no reason to serve anything, after a reload as after a restart, and comes back with
// the first crawl after it is wanted again.
func TestSwitchedOff(t *testing.T) {
	r := newRig(t)
	_, on := served(t, r.dir, fake.One("a/one", "http://127.0.77.7:48001/mcp", fake.Epoch()), fake.One("a/two", "http://127.0.77.7:48002/mcp", fake.Epoch()))
	on.Listen, on.Registries.Serve.Listen, on.Registries.Serve.Enabled, on.Registries.Serve.Private = "127.0.0.1:0", "127.0.0.1:0", true, true
	copied := *on
	off := &copied
	off.Registries.Sources.Official.Enabled = false
	crawl := func(f *config.File) error {
		desk, err := app.OpenRegistries(t.Context(), app.RegistriesOptions{File: f, Create: true})
		if err != nil {
			t.Fatal(err)
		}
		_, err = desk.Crawl(t.Context(), []string{"official"}, false)
		if err := desk.Close(); err != nil {
			t.Fatal(err)
		}
		return err
	}
	serves := func(f, reloaded *config.File, want int) {
		t.Helper()
		m, err := r.open(f)
		if err != nil {
			t.Fatal(err)
		}
		if reloaded != nil {
			r.reload(m, reloaded)
		}
		if n := len(publicServers(m)); n != want {
			t.Errorf("%d are served, want %d", n, want)
		}
		if err := m.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := crawl(on); err != nil {
		t.Fatal(err)
	}
	r.asked(on)
	serves(on, nil, 2)
	if n := r.lookedUp(off); n != 2 {
		t.Errorf("looking something up with a configuration that leaves a registry out made %d of 2 listed", n)
	}
	serves(on, off, 0)
	serves(off, nil, 0)
	r.shownAsOff(off)
	if err := crawl(off); err == nil || !strings.Contains(err.Error(), "leaves out") {
		t.Errorf("crawling what is switched off: %v", err)
	}
	serves(on, nil, 0) // before it is read
	if err := crawl(on); err != nil {
		t.Fatal(err)
	}
	serves(on, nil, 2)
}

// lookedUp returns how many listings somebody finds.
func (r *rig) lookedUp(f *config.File) int {
	r.t.Helper()
	desk, err := app.OpenRegistries(r.t.Context(), app.RegistriesOptions{File: f})
	if err != nil {
		r.t.Fatal(err)
	}
	_, all, _, err := desk.Search(r.t.Context(), uptime.ListingQuery{Limit: 10})
	if err != nil {
		r.t.Fatal(err)
	}
	if err := desk.Close(); err != nil {
		r.t.Fatal(err)
	}
	return all
}

// shownAsOff wants what was listed to be history.
func (r *rig) shownAsOff(f *config.File) {
	r.t.Helper()
	desk, err := app.OpenRegistries(r.t.Context(), app.RegistriesOptions{File: f})
	if err != nil {
		r.t.Fatal(err)
	}
	rows, err := desk.Sources(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	var found bool
	for _, row := range rows {
		if row.ID == uptime.SourceOfficial {
			found = row.Off && row.Last.State == uptime.CrawlNone && strings.HasPrefix(row.Last.Why, "switched off, not read since 20") && row.Listings == 0
		}
	}
	if !found {
		r.t.Errorf("the registries are %+v, want one that is switched off", rows)
	}
	page, _, _, err := desk.Search(r.t.Context(), uptime.ListingQuery{Gone: true, Limit: 10})
	if err != nil || len(page) != 2 {
		r.t.Fatal(page, err)
	}
	if e, err := desk.Endpoint(r.t.Context(), page[0].Endpoint); err != nil || e.Gone.IsZero() || page[0].Gone.IsZero() {
		r.t.Errorf("what it listed is %+v, %v; want it to be gone, and so in no audit", e, err)
	}
	if err := desk.Close(); err != nil {
		r.t.Error(err)
	}
}

// TestRetiredAreForgotten: a listed server that is not served for long is erased, and
// never one of the operator.
func TestRetiredAreForgotten(t *testing.T) {
	r := newRig(t)
	f := r.file("", "slug: own, url: \"http://127.0.0.1:1/mcp\"")
	m, err := r.open(f)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	}()
	listed := []uptime.Server{{Slug: "one"}, {Slug: "two"}}
	for tenant, servers := range map[uptime.TenantID][]uptime.Server{app.DefaultTenant: nil, app.PublicTenant: listed[:1]} {
		for _, now := range [][]uptime.Server{listed, servers} {
			if _, err := m.Store().SyncServers(t.Context(), tenant, now); err != nil {
				t.Fatal(err)
			}
		}
	}
	numbers := func() map[uptime.TenantID]int {
		n := map[uptime.TenantID]int{}
		if err := m.Store().Numbers(t.Context(), func(_ uint32, tenant uptime.TenantID, _ uptime.ServerID) error {
			n[tenant]++
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return n
	}
	for _, step := range []struct {
		before time.Time
		left   int
	}{{time.Now().Add(-time.Hour), 2}, {time.Now().Add(time.Hour), 1}} {
		if err := m.SweepRetired(t.Context(), step.before); err != nil {
			t.Fatal(err)
		}
		if got := numbers(); got[app.PublicTenant] != step.left || got[app.DefaultTenant] != 3 {
			t.Errorf("%v servers are left, want %d that are listed and all of the operator's", got, step.left)
		}
	}
}
