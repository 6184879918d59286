package findings_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/findings"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// world is a store and a board.
type world struct {
	endpoints []uptime.Endpoint
	listings  []uptime.Listing
	rows      map[uptime.ServerID]*board.Row
	looks     map[uptime.ServerID]uptime.Result
	sources   []uptime.SourceStatus

	mu   sync.Mutex // for what tests change while an index runs
	read int        // how often everything was read
	err  error
}

// change changes something while an index may run.
func (w *world) change(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f()
}

func newWorld() *world {
	return &world{rows: map[uptime.ServerID]*board.Row{}, looks: map[uptime.ServerID]uptime.Result{}}
}

func (w *world) reads() (n int) {
	w.change(func() { n = w.read })
	return n
}

// serve lists an address under names, and has it monitored.
func (w *world) serve(url, tools string, names ...string) uptime.Endpoint {
	key := uptime.NewEndpointKey(url, uptime.StreamableHTTP)
	id := uptime.ServerID("srv_" + strconv.Itoa(len(w.endpoints)))
	e := uptime.Endpoint{Key: key, URL: url, Kind: uptime.EndpointRemote, Transport: uptime.StreamableHTTP, Server: id, Listings: len(names)}
	w.endpoints = append(w.endpoints, e)
	for _, name := range names {
		w.listings = append(w.listings, uptime.Listing{Source: uptime.SourceOfficial, Key: name, Name: name, Transport: "streamable-http", Status: uptime.ListingActive, Endpoint: key})
	}
	w.rows[id] = &board.Row{Tenant: "public", Server: id, Slug: string(id), Name: "name of " + string(id), State: uptime.Live, Transport: uptime.StreamableHTTP, ToolsHash: tools, Tools: 3}
	return e
}

func (w *world) Endpoints(_ context.Context, q uptime.EndpointQuery) ([]uptime.Endpoint, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if q.After != "" {
		return nil, w.err
	}
	w.read++
	return w.endpoints, w.err
}

func (w *world) Listings(_ context.Context, q uptime.ListingQuery) (page []uptime.Listing, next string, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	at, _ := strconv.Atoi(q.After)
	for ; at < len(w.listings) && len(page) < q.Limit; at++ {
		if l := w.listings[at]; q.Endpoint == "" || q.Endpoint == l.Endpoint {
			page = append(page, l)
		}
	}
	if at < len(w.listings) {
		next = strconv.Itoa(at)
	}
	return page, next, w.err
}

func (w *world) Sources(context.Context) ([]uptime.SourceStatus, error) { return w.sources, w.err }

func (w *world) index() *findings.Index {
	return findings.New(findings.Options{
		Tenant: "public", Records: w,
		Row: func(tenant uptime.TenantID, s uptime.ServerID) (*board.Row, bool) {
			w.mu.Lock()
			defer w.mu.Unlock()
			r, ok := w.rows[s]
			return r, ok && r.Tenant == tenant
		},
		Looks: func(_ uptime.TenantID, s uptime.ServerID) []uptime.Cell {
			return []uptime.Cell{{Region: "a", Attempts: []uptime.Result{w.looks[s]}}, {Region: "b"}}
		},
	})
}

func refreshed(t *testing.T, w *world) (*findings.Index, *findings.Snapshot) {
	t.Helper()
	x := w.index()
	if err := x.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	return x, x.Snapshot()
}

// TestSharedCatalogues: equal lists under other names are found, those of one name,
// of a second name of the same record and empty ones are not.
func TestSharedCatalogues(t *testing.T) {
	w := newWorld()
	a := w.serve("https://a.dev/mcp", "sha256:1", "copy/a")
	w.serve("https://b.dev/mcp", "sha256:1", "copy/b", "copy/a")
	w.serve("https://c.dev/mcp", "sha256:1", "copy/c")
	alone := w.serve("https://d.dev/mcp", "sha256:2", "alone")
	w.serve("https://e.dev/mcp", "sha256:2", "alone")
	empty := w.serve("https://f.dev/mcp", "sha256:3", "empty/a")
	w.serve("https://g.dev/mcp", "sha256:3", "empty/b")
	for _, id := range []uptime.ServerID{"srv_5", "srv_6"} {
		w.rows[id].Tools = 0
	}
	_, s := refreshed(t, w)
	e, _ := s.Entry(a.Key)
	if diff := cmp.Diff([]string{"copy/c"}, e.Live.Twins); diff != "" || !e.Has(uptime.SharedCatalogue) {
		t.Errorf("twins (-want +got):\n%s%+v", diff, e.Findings)
	}
	for _, key := range []uptime.EndpointKey{alone.Key, empty.Key} {
		if e, ok := s.Entry(key); !ok || e.Has("") {
			t.Errorf("%s has %+v", key, e)
		}
	}
	if p := s.Page(findings.Query{Finding: uptime.SharedCatalogue, Limit: 1, Offset: 1}); p.Found != 3 || len(p.Entries) != 1 || p.Counts[uptime.SharedCatalogue] != 3 {
		t.Errorf("the page is %+v", p)
	}
}

// TestNobodyIsTheirOwnCopy: also a server that no registry names shows the tools of
// others alone.
func TestNobodyIsTheirOwnCopy(t *testing.T) {
	w := newWorld()
	nameless := w.serve("https://a.dev/mcp", "sha256:1", "")
	delisted := w.serve("https://b.dev/mcp", "sha256:2")
	_, s := refreshed(t, w)
	for _, e := range []uptime.Endpoint{nameless, delisted} {
		if got, ok := s.Entry(e.Key); !ok || got.Has(uptime.SharedCatalogue) || got.Name != "name of "+string(e.Server) {
			t.Errorf("%s is %+v", e.URL, got)
		}
	}
}

// TestLaterNamesDoNotCount: a stranger who lists a server once more, under a name that
// sorts before its own, does not rename it.
func TestLaterNamesDoNotCount(t *testing.T) {
	w := newWorld()
	e := w.serve("https://a.dev/mcp", "sha256:1", "dev.a/tools", "!!! buy this")
	w.serve("https://b.dev/mcp", "sha256:1", "dev.b/tools")
	for i := range w.listings {
		w.listings[i].FirstSeen = time.Unix(int64(1000+i), 0)
	}
	_, s := refreshed(t, w)
	if got, _ := s.Entry(e.Key); got.Name != "dev.a/tools" {
		t.Errorf("it is called %q", got.Name)
	}
	if p := s.Page(findings.Query{Text: "dev.b/", Limit: 1}); len(p.Entries) != 1 || !slices.Equal(p.Entries[0].Live.Twins, []string{"dev.a/tools"}) {
		t.Errorf("the other one is %+v", p.Entries)
	}
}

// TestFormerRegistries: who listed a server once does not list it, and is found as well.
func TestFormerRegistries(t *testing.T) {
	w := newWorld()
	e := w.serve("https://a.dev/mcp", "", "a", "b")
	w.listings = append(w.listings, uptime.Listing{Source: uptime.SourceOfficial, Name: "c", Endpoint: e.Key, Gone: time.Unix(1, 0)},
		uptime.Listing{Source: uptime.SourceGlama, Name: "a", Endpoint: e.Key, Gone: time.Unix(1, 0)})
	_, s := refreshed(t, w)
	p := s.Page(findings.Query{Source: uptime.SourceGlama, Limit: 1})
	if len(p.Entries) != 1 || !slices.Equal(p.Entries[0].Sources, []uptime.SourceID{uptime.SourceOfficial}) || !slices.Equal(p.Entries[0].Former, []uptime.SourceID{uptime.SourceGlama}) {
		t.Errorf("%+v", p.Entries)
	}
}

// TestNothingLiveIsSaidOfOthers: of what an owner does not want to be looked at, and
// of servers of another tenant, only the listings are compared.
func TestNothingLiveIsSaidOfOthers(t *testing.T) {
	w := newWorld()
	optout := w.serve("https://a.dev/mcp", "sha256:1", "a")
	private := w.serve("https://b.dev/mcp", "sha256:1", "b")
	w.serve("https://c.dev/mcp", "sha256:1", "c")
	w.endpoints[0].Optout, optout.Optout = true, true
	w.rows[private.Server].Tenant = "acme"
	w.looks[optout.Server] = uptime.Result{Redirect: &uptime.Redirect{To: "https://d.dev/mcp", Permanent: true}}
	x, s := refreshed(t, w)
	if s.Served != 1 || s.Page(findings.Query{}).Any != 0 {
		t.Errorf("%d are served, %d with findings", s.Served, s.Page(findings.Query{}).Any)
	}
	for _, e := range []uptime.Endpoint{optout, private} {
		if got, err := x.Compare(t.Context(), &e); err != nil || got.Server != "" || got.Live.State != 0 || len(got.Findings) > 0 {
			t.Errorf("%s: %+v, %v", e.URL, got, err)
		}
	}
}

// TestRefusedAnywhereIsAnAliasNowhere: a name that leads inside from one region is not
// told because another region could not resolve it.
func TestRefusedAnywhereIsAnAliasNowhere(t *testing.T) {
	w := newWorld()
	e := w.serve("https://a.dev/mcp", "", "a")
	x := findings.New(findings.Options{
		Tenant: "public", Records: w, Row: func(uptime.TenantID, uptime.ServerID) (*board.Row, bool) { return w.rows[e.Server], true },
		Looks: func(uptime.TenantID, uptime.ServerID) (cells []uptime.Cell) {
			for _, refused := range []bool{false, true, false} {
				to := uptime.Redirect{To: "https://vault.corp.dev/mcp", Permanent: true, Refused: refused}
				cells = append(cells, uptime.Cell{Attempts: []uptime.Result{{Redirect: &to}}})
			}
			return cells
		},
	})
	if got, err := x.Compare(t.Context(), &e); err != nil || got.Alias != (findings.Alias{}) || len(got.Findings) != 1 || got.Findings[0].ID != uptime.RedirectRefused {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestRedirects(t *testing.T) {
	for to, want := range map[uptime.Redirect]struct {
		moved   string
		refused bool
	}{
		{To: "https://api.new.dev/mcp?session=1", Permanent: true}:                              {moved: "https://api.new.dev/mcp"},
		{To: "https://api.new.dev/mcp"}:                                                         {}, // for now
		{To: "https://OLD.dev:443/mcp/", Permanent: true}:                                       {}, // itself
		{To: "https://93.184.215.14/mcp", Permanent: true}:                                      {}, // machines are not named
		{To: "http://169.254.169.254/", Permanent: true, Refused: true}:                         {refused: true},
		{To: "https://inside.new.dev/mcp", Refused: true}:                                       {refused: true},
		{To: "https://YOUR_TOKEN.example.com/", Permanent: true}:                                {},
		{To: "javascript:alert(1)", Permanent: true}:                                            {},
		{To: "https://api.new.dev/mcp\u202e<script>", Permanent: true}:                          {moved: "https://api.new.dev/mcp%E2%80%AE%3Cscript%3E"},
		{To: "https://api.new.dev/s/4f1c0b5d9a7e4e63b2d8/mcp", Permanent: true}:                 {}, // a session
		{To: "https://api.new.dev/3f2504e0-4f89-11d3-9a0c-0305e82c3301", Permanent: true}:       {},
		{To: "https://api.new.dev/mcp;jsessionid=ABCDEFGH01234567", Permanent: true}:            {},
		{To: "https://api.new.dev/weather-server-v2/internationalization/mcp", Permanent: true}: {moved: "https://api.new.dev/weather-server-v2/internationalization/mcp"},
		{To: "https://user:pass@api.new.dev/mcp", Permanent: true}:                              {moved: "https://api.new.dev/mcp"},
		{To: "https://xn--pple-43d.new.dev/mcp#fragment", Permanent: true}:                      {moved: "https://xn--pple-43d.new.dev/mcp"},
	} {
		w := newWorld()
		e := w.serve("https://old.dev/mcp", "", "old")
		w.looks[e.Server] = uptime.Result{Redirect: &to}
		x, s := refreshed(t, w)
		got, ok := s.Server(e.Server)
		if !ok || got.Alias.URL != want.moved || got.Has(uptime.RedirectsElsewhere) != (want.moved != "") || got.Has(uptime.RedirectRefused) != want.refused {
			t.Errorf("%+v: alias %+v, findings %+v", to, got.Alias, got.Findings)
		}
		one, err := x.Compare(t.Context(), &e)
		if diff := cmp.Diff(got.Findings, one.Findings); err != nil || diff != "" {
			t.Errorf("%+v: alone it is another (%v):\n%s", to, err, diff)
		}
		if want.moved == "https://api.new.dev/mcp" && got.Alias.Key != uptime.NewEndpointKey(want.moved, uptime.StreamableHTTP) {
			t.Errorf("%+v would be the endpoint %s", to, got.Alias.Key)
		}
		if p := s.Page(findings.Query{Text: "API.new", Limit: 5}); (p.Found == 1) != strings.HasPrefix(want.moved, "https://api.new.dev/") {
			t.Errorf("%+v: an alias is found %d times", to, p.Found)
		}
	}
}

// TestWhatIsKnownStays: a store that fails for a while takes nothing away, and what
// is listed is read again when it changed or is old, not each minute.
func TestWhatIsKnownStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		e := w.serve("https://a.dev/mcp", "", "a", "b")
		x := w.index()
		if !x.Snapshot().Made.IsZero() {
			t.Error("something is known before the first look")
		}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- x.Run(ctx) }()
		time.Sleep(5*time.Minute + time.Second)
		synctest.Wait()
		if w.reads() != 1 || x.Snapshot().Page(findings.Query{}).Any != 1 {
			t.Errorf("read %d times, found %d", w.reads(), x.Snapshot().Page(findings.Query{}).Any)
		}
		down := *w.rows[e.Server]
		down.State = uptime.Down
		w.change(func() { w.rows[e.Server], w.err = &down, errors.New("the disk is full") })
		x.Changed()
		x.Changed()
		time.Sleep(time.Minute)
		synctest.Wait()
		if got, ok := x.Snapshot().Entry(e.Key); !ok || got.State != uptime.Live || w.reads() < 2 {
			t.Errorf("after a failure it is %+v, read %d times", got, w.reads())
		}
		w.change(func() { w.err = nil })
		time.Sleep(time.Minute)
		synctest.Wait()
		if got, _ := x.Snapshot().Entry(e.Key); got.State != uptime.Down {
			t.Errorf("after that it is %s", got.State)
		}
		read := w.reads()
		time.Sleep(30 * time.Minute)
		synctest.Wait()
		if n := w.reads() - read; n < 2 || n > 4 {
			t.Errorf("read %d times in half an hour", n)
		}
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// TestManyListingsOfOneAddress: whoever lists it ten thousand times costs no more.
func TestManyListingsOfOneAddress(t *testing.T) {
	w := newWorld()
	var names []string
	for i := range 10_000 {
		names = append(names, fmt.Sprintf("name-%05d", i))
	}
	e := w.serve("https://a.dev/mcp", "", names...)
	_, s := refreshed(t, w)
	got, _ := s.Entry(e.Key)
	if len(got.Findings) != 1 || len(got.Findings[0].Text) > 1000 {
		t.Errorf("found %+v", got.Findings)
	}
}

// TestPagesWhileItIsRefreshed: pages read while everything is compared anew; the race
// detector looks on.
func TestPagesWhileItIsRefreshed(t *testing.T) {
	w := newWorld()
	var e uptime.Endpoint
	for i := range 50 {
		e = w.serve(fmt.Sprintf("https://host%d.dev/mcp", i), "sha256:1", fmt.Sprint("name-", i), fmt.Sprint("tool-", i))
	}
	x, _ := refreshed(t, w)
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for range 50 {
				if p := x.Snapshot().Page(findings.Query{Text: "name", Limit: 50}); p.Any != 50 {
					t.Errorf("found %d", p.Any)
				}
				if got, err := x.Compare(t.Context(), &e); err != nil || !got.Has(uptime.SharedCatalogue) {
					t.Errorf("%+v, %v", got, err)
				}
			}
		})
	}
	for range 20 {
		if err := x.Refresh(t.Context()); err != nil {
			t.Error(err)
		}
	}
	readers.Wait()
}

// BenchmarkRefresh compares 5,000 served servers of 40,000 listings, of which each
// tenth shares its tools; "again" is what happens each minute.
func BenchmarkRefresh(b *testing.B) {
	w := newWorld()
	for i := range 5_000 {
		e := w.serve(fmt.Sprintf("https://host%d.example%d.dev/mcp", i, i%700), fmt.Sprint("sha256:", i%4_500), fmt.Sprintf("io.github.someone/tool-%05d", i), fmt.Sprintf("Tool %d", i))
		w.looks[e.Server] = uptime.Result{Era: uptime.Legacy, ServerVer: "1.2.3", Transport: uptime.StreamableHTTP}
	}
	for i := range 30_000 {
		w.listings = append(w.listings, uptime.Listing{Source: uptime.SourceGlama, Name: fmt.Sprint("other-", i), Endpoint: uptime.EndpointKey(fmt.Sprint("ep_", i))})
	}
	for name, again := range map[string]bool{"first": false, "again": true} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			x := w.index()
			_ = x.Refresh(b.Context())
			for b.Loop() {
				if !again {
					x = w.index()
				}
				if err := x.Refresh(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
			runtime.KeepAlive(x)
		})
	}
	b.Run("page", func(b *testing.B) {
		x := w.index()
		_ = x.Refresh(b.Context())
		for b.Loop() {
			x.Snapshot().Page(findings.Query{Text: "tool", Limit: 50})
		}
	})
}

// TestSwitchedOffIsNotDelisted: of a registry that the operator has switched off nobody
// knows what it lists; of one that is read what is gone is.
func TestSwitchedOffIsNotDelisted(t *testing.T) {
	for name, full := range map[string]time.Time{"off": {}, "read": time.Unix(1, 0)} {
		w := newWorld()
		e := w.serve("https://a.dev/mcp", "sha256:1", "a")
		gone := w.listings[0]
		gone.Source, gone.Gone = uptime.SourceGlama, time.Unix(2, 0)
		w.listings = append(w.listings, gone)
		w.sources = []uptime.SourceStatus{{ID: uptime.SourceOfficial, Full: time.Unix(1, 0)}, {ID: uptime.SourceGlama, Full: full}}
		x, s := refreshed(t, w)
		all, _ := s.Entry(e.Key)
		one, err := x.Compare(t.Context(), &e)
		if err != nil {
			t.Fatal(err)
		}
		if want := name == "read"; all.Has(uptime.DelistedAlive) != want || one.Has(uptime.DelistedAlive) != want {
			t.Errorf("%s: the findings are %+v and %+v", name, all.Findings, one.Findings)
		}
	}
}
