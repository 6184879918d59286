package app_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/internal/app"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// host is a host whose owner says one thing or another.
type host struct {
	*httptest.Server
	stays atomic.Int64           // requests that would keep their connections
	says  atomic.Pointer[string] // nil for no file
	fails atomic.Int64           // a status in place of the file; less than zero hangs
	asked atomic.Int64
}

func newHost(t *testing.T, says string) *host {
	t.Helper()
	h := &host{}
	h.says.Store(&says)
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.asked.Add(1)
		if !r.Close {
			h.stays.Add(1)
		}
		switch status, text := h.fails.Load(), h.says.Load(); {
		case status < 0:
			<-r.Context().Done()
		case status > 0:
			w.WriteHeader(int(status))
		case text == nil || r.URL.Path != "/.well-known/alivemcp.json":
			http.NotFound(w, r)
		default:
			_, _ = io.WriteString(w, *text)
		}
	}))
	t.Cleanup(h.Close)
	return h
}

// askable is a choice of servers on this machine, whose owners can be asked.
func askable(t *testing.T, asks bool, addresses ...string) *choice {
	t.Helper()
	c := newChoice(t, 100, 4)
	c.file.Registries.Serve.Private = true
	c.servers, c.bind = app.Listed(c.store, c.file, asks)
	c.list(t, addresses...)
	return c
}

func (c *choice) ask(t *testing.T, at time.Time) (changed int) {
	t.Helper()
	changed, err := app.AskOwners(t.Context(), c.store, c.file, at)
	if err != nil {
		t.Fatal(err)
	}
	return changed
}

// out returns the addresses that opted out.
func (c *choice) out(t *testing.T) (out []string) {
	t.Helper()
	all, err := c.store.Endpoints(t.Context(), uptime.EndpointQuery{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range all {
		if e.Optout {
			out = append(out, e.URL)
		}
	}
	slices.Sort(out)
	return out
}

var noon = time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)

// TestOwnersOptOutAsAWhole: what a host says counts for all that is listed of it, also
// for what there was no place to serve, and for no other host.
func TestOwnersOptOutAsAWhole(t *testing.T) {
	shy, open := newHost(t, `{"optout":true}`), newHost(t, `{"optout":false}`)
	sent := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, shy.URL+r.URL.Path, http.StatusFound)
	}))
	defer sent.Close()
	tenant := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { // of a path, not of the host
		if r.URL.Path != "/tenant/.well-known/alivemcp.json" {
			http.NotFound(w, r)
			return
		}
		_, _ = io.WriteString(w, `{"optout":true}`)
	}))
	defer tenant.Close()
	var want, all []string
	for i := range 10 {
		path := fmt.Sprintf("/%d/mcp", i)
		for _, of := range []string{shy.URL, open.URL, sent.URL, tenant.URL} {
			all = append(all, of+path)
		}
		want = append(want, shy.URL+path)
	}
	c := askable(t, false, append(all, tenant.URL+"/tenant/mcp")...)
	c.ask(t, noon)
	if got := c.out(t); !slices.Equal(got, want) {
		t.Errorf("%v opted out, want the %d of the host that does not want it", got, len(want))
	}
	if n, open := shy.asked.Load(), shy.stays.Load(); n != 1 || open != 0 {
		t.Errorf("the host was asked %d times, and %d connections stay", n, open)
	}
	log, err := c.store.Audit(t.Context(), app.DefaultTenant, 100)
	if err != nil || len(log) != len(want) || log[0].Action != "endpoint.optout" || log[0].By != "owner" {
		t.Errorf("the log says %+v, %v", log, err)
	}
}

// TestOwnersTakeBack: what a file said holds until it says something else, or is gone
// for a day; that a host cannot be asked takes back nothing.
func TestOwnersTakeBack(t *testing.T) {
	const day, week = 24 * time.Hour, 7 * 24 * time.Hour
	out, in, page := `{"optout":true}`, `{"optout":false}`, "<html>"+strings.Repeat(" ", 5000)
	type step struct {
		after time.Duration
		says  *string
		fails int64
		out   bool
	}
	cut, other, marked := `{"optout":`, `{"status":"ok"}`, "\ufeff"+out
	for name, steps := range map[string][]step{
		"it says something else":   {{week, &in, 0, false}},
		"not asked before a week":  {{week - time.Hour, &in, 0, true}, {time.Hour, &in, 0, false}},
		"gone, twice a day apart":  {{week, nil, 0, true}, {time.Hour, nil, 0, true}, {day, nil, 0, false}},
		"a page for every address": {{week, &page, 0, true}, {day, &page, 0, false}},
		"an answer for any file":   {{week, &other, 0, true}, {day, &other, 0, false}},
		"with a byte order mark":   {{week, nil, 0, true}, {day, &marked, 0, true}, {day, nil, 0, true}},
		"gone, and there again":    {{week, nil, 0, true}, {day, &out, 0, true}, {week, nil, 0, true}, {day - time.Hour, nil, 0, true}},
		"gone, then broken":        {{week, nil, 0, true}, {day, nil, 503, true}, {week, nil, -1, true}, {week, nil, 0, false}},
		"broken":                   {{week, nil, 500, true}, {week, nil, 401, true}, {week, nil, 302, true}, {week, &cut, 0, true}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHost(t, out)
			c, now := askable(t, false, h.URL+"/mcp", h.URL+"/mail"), noon
			mail := uptime.NewEndpointKey(h.URL+"/mail", "")
			all, err := c.store.Endpoints(t.Context(), uptime.EndpointQuery{Limit: 10})
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range all {
				if strings.HasSuffix(e.URL, "/mail") {
					mail = e.Key
				}
			}
			if err := c.store.SetOptout(t.Context(), mail, true, uptime.AuditEntry{Tenant: "default", At: now, By: "ann", Action: "endpoint.optout"}); err != nil {
				t.Fatal(err)
			}
			c.ask(t, now)
			for i, s := range steps {
				now = now.Add(s.after)
				h.says.Store(s.says)
				h.fails.Store(s.fails)
				c.ask(t, now)
				want := []string{h.URL + "/mail", h.URL + "/mcp"}
				if !s.out {
					want = want[:1]
				}
				if got := c.out(t); !slices.Equal(got, want) {
					t.Fatalf("step %d: %v opted out, want %v", i, got, want)
				}
			}
		})
	}
}

// TestOwnersFirst: what is new is not served before its owner was asked, and a host
// that hangs keeps back nobody else.
func TestOwnersFirst(t *testing.T) {
	shy, open, hangs := newHost(t, `{"optout":true}`), newHost(t, ""), newHost(t, "")
	hangs.fails.Store(-1)
	c, now := askable(t, true, shy.URL+"/mcp", open.URL+"/mcp", hangs.URL+"/mcp"), time.Now()
	if got := c.serve(t); len(got) != 0 {
		t.Errorf("before anybody was asked %v are served", got)
	}
	if c.ask(t, now) == 0 {
		t.Error("that owners were asked changes nothing")
	}
	served := c.serve(t)
	if len(served) != 2 || served[open.URL+"/mcp"] == "" || served[hangs.URL+"/mcp"] == "" {
		t.Errorf("served are %v, want those that do not mind or say nothing", served)
	}
	// Another of the shy host is known to be unwanted, and need not be asked for.
	c.list(t, shy.URL+"/mcp", shy.URL+"/new", open.URL+"/mcp", open.URL+"/new", hangs.URL+"/mcp")
	if got := c.serve(t); len(got) != 3 || got[shy.URL+"/new"] != "" {
		t.Errorf("served are %v, want the new one of the open host, and none of the shy one", got)
	}
	before := shy.asked.Load()
	if c.ask(t, now.Add(time.Hour)); len(c.out(t)) != 2 || shy.asked.Load() != before {
		t.Errorf("%v opted out, and the host was asked %d times more", c.out(t), shy.asked.Load()-before)
	}
	if c.ask(t, now.Add(2*time.Hour)) != 0 {
		t.Error("nothing is new, and something has changed")
	}
}

// TestOwnersWithoutNetwork: when nobody at all answers, that is at first believed to be
// this machine's fault; but hosts that never answer are shown as down one day.
func TestOwnersWithoutNetwork(t *testing.T) {
	gone := newHost(t, `{"optout":true}`)
	gone.fails.Store(-1)
	c := askable(t, true, gone.URL+"/mcp", gone.URL+"/other")
	ask, now := app.Owners(c.store, c.file), time.Now()
	for n := range 3 {
		if changed, err := ask(t.Context(), now); err == nil || changed != 0 || len(c.serve(t)) != 0 {
			t.Fatalf("try %d: %d changes, %v, served are %v", n, changed, err, c.serve(t))
		}
	}
	if changed, err := ask(t.Context(), now); err != nil || changed == 0 || len(c.serve(t)) != 2 {
		t.Errorf("the last try: %d changes, %v, served are %v", changed, err, c.serve(t))
	}
	c.list(t, gone.URL+"/mcp", gone.URL+"/other")
	gone.fails.Store(0)
	if _, err := ask(t.Context(), now.Add(25*time.Hour)); err != nil || len(c.out(t)) != 2 {
		t.Errorf("a day later %v opted out, %v", c.out(t), err)
	}
}

// TestOwnersRedirect: the same file of the same host may be had by HTTPS alone.
func TestOwnersRedirect(t *testing.T) {
	const file = "/.well-known/alivemcp.json"
	for _, tc := range []struct {
		from, to string
		want     bool
	}{
		{"http://a.dev", "https://a.dev" + file, true},
		{"http://a.dev:80", "https://a.dev:443" + file, true},
		{"http://a.dev", "https://www.a.dev" + file, false},
		{"http://a.dev", "https://b.dev" + file, false},
		{"http://a.dev", "https://a.dev/login", false},
		{"http://a.dev", "https://a.dev:8443" + file, false},
		{"http://a.dev:8080", "https://a.dev" + file, false},
		{"http://a.dev", "http://a.dev" + file, false},
		{"https://a.dev", "http://a.dev" + file, false},
	} {
		from, err := url.Parse(tc.from + file)
		if err != nil {
			t.Fatal(err)
		}
		to, err := url.Parse(tc.to)
		if err != nil {
			t.Fatal(err)
		}
		if got := app.OnlySafer(from, to); got != tc.want {
			t.Errorf("from %s to %s: %t", from, to, got)
		}
	}
}

// TestOwnersForget: what a host said long ago is no consent to probe what is new of it.
func TestOwnersForget(t *testing.T) {
	h := newHost(t, "")
	c, now := askable(t, true, h.URL+"/mcp"), time.Now()
	c.ask(t, now.Add(-72*time.Hour))
	if got := c.serve(t); len(got) != 0 {
		t.Errorf("three days after anybody was asked %v are served", got)
	}
	if c.ask(t, now) == 0 || len(c.serve(t)) != 1 {
		t.Error("what a host does not mind is not served, or nobody is told that it may be")
	}
	c.ask(t, now.AddDate(10, 0, 0)) // by a clock that is wrong
	before := h.asked.Load()
	if c.ask(t, time.Now()); h.asked.Load() != before+1 {
		t.Error("a host is not asked again before the time of a clock that was wrong")
	}
	c.list(t, h.URL+"/mcp", h.URL+"/new")
	if got := c.serve(t); len(got) != 2 {
		t.Errorf("served are %v, want the new one, too: its host was asked of late", got)
	}
}
