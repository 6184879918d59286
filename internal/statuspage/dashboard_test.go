package statuspage_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/board/boardtest"
	"github.com/alivemcp/alivemcp/internal/statuspage"
	"github.com/alivemcp/alivemcp/internal/uptime"
	"github.com/alivemcp/alivemcp/internal/web"
)

func now() time.Time { return time.Date(2026, 3, 14, 15, 9, 26, 0, time.UTC) }

// dashSite is a site of the board, as it is served.
func dashSite(tb testing.TB, b *boardtest.Board) http.Handler {
	tb.Helper()
	site, err := statuspage.New(statuspage.Options{
		Tenant: boardtest.Tenant, Source: b, Now: func() time.Time { return b.Now() },
	})
	if err != nil {
		tb.Fatal(err)
	}
	return site.Handler()
}

func dashGet(h http.Handler, target string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, target, http.NoBody)
	r.Header.Set("Accept", "text/html")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// slugs are the rows of a page, in order.
func slugs(html string) []string {
	var out []string
	for _, m := range regexp.MustCompile(`data-row="([^"]+)"`).FindAllStringSubmatch(html, -1) {
		out = append(out, m[1])
	}
	return out
}

func TestDashboardShowsAllServersWorstFirst(t *testing.T) {
	w := dashGet(dashSite(t, boardtest.New(now())), "/")
	page := w.Body.String()
	if w.Code != 200 {
		t.Fatalf("status %d: %s", w.Code, page)
	}
	got := slugs(page)
	if len(got) != 15 || got[0] != "payments-ledger" {
		t.Errorf("rows %v", got)
	}
	for _, want := range []string{
		`<h1 id="sentence" data-fresh>1 of 15 servers is down, 5 degraded, 3 unknown and 1 in maintenance.</h1>`, // one sentence first
		`<title>1 down · AliveMCP</title>`,
		`>It answers with a server error in Frankfurt and London<`, // words, never ids
		`aria-label="sign-in required"`,                            // the second axis
		`downtime on 3 days: 43 min on 14 Mar`,                     // bars in words
		`n 43` + "\u202f" + `200`,                                  // what the uptime is a share of
		`breaking change`,
		`href="/status/weather"`,
		`<html lang="en">`, `<a class="skip" href="#main">`, `<main id="main"`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	if strings.Contains(page, "eu-west") {
		t.Error("the page names a region by its id")
	}
}

func TestDashboardIsInert(t *testing.T) {
	page := dashGet(dashSite(t, boardtest.New(now())), "/?by=group&q=hostile").Body.String()
	// What a form sends back has to be what it is; nobody sees it.
	page = regexp.MustCompile(` value="[^"]*"`).ReplaceAllString(page, "")
	if got := slugs(page); len(got) != 1 || got[0] != "hostile" {
		t.Fatalf("rows %v", got)
	}
	for _, bad := range []string{"<script>alert", "<b>Free", "<img", "\u202e", "\u200b", "\u2066", "onerror=alert(1)>"} {
		if strings.Contains(page, bad) {
			t.Errorf("the page holds %+q", bad)
		}
	}
	if !strings.Contains(page, "⟨U&#43;202E⟩") || !strings.Contains(page, "mixed letters") {
		t.Error("what the name hides is not shown")
	}
	inline := regexp.MustCompile(`(?i)<script(>| [^>]*[^r]>)[^<]|\son\w+="|\sstyle="|<style`)
	for _, tag := range inline.FindAllString(page, -1) {
		t.Errorf("something inline: %q", tag)
	}
}

func TestDashboardFilters(t *testing.T) {
	h := dashSite(t, boardtest.New(now()))
	for target, want := range map[string][]string{
		"/?q=weather":                               {"weather"},
		"/?q=WAREHOUSE+sql":                         {"warehouse"},
		"/?q=rate_limited":                          {"translate"},
		"/?state=down":                              {"payments-ledger"},
		"/?state=maintenance":                       {"warehouse"},
		"/?state=down&state=degraded&q=ledger":      {"payments-ledger"},
		"/?drift=open":                              {"crm-contacts"},
		"/?access=broken":                           {"hostile"},
		"/?access=locked&sort=name":                 {"hostile", "issue-tracker", "maps", "calendar"},
		"/?group=Engineering&sort=name":             {"docs-search", "issue-tracker", "vectors"},
		"/?group=Engineering&sort=name&dir=reverse": {"vectors", "issue-tracker", "docs-search"},
		"/?group=Engineering&sort=p95":              {"docs-search", "issue-tracker", "vectors"},
		"/?per=1&page=2&sort=name&q=example.com":    {"issue-tracker"},
		"/?q=nothing-like-this":                     nil,
	} {
		w := dashGet(h, target)
		if diff := cmp.Diff(want, slugs(w.Body.String())); diff != "" || w.Code != 200 {
			t.Errorf("%s: status %d (-want +got):\n%s", target, w.Code, diff)
		}
	}
}

func TestDashboardGroups(t *testing.T) {
	page := dashGet(dashSite(t, boardtest.New(now())), "/?by=group").Body.String()
	engineering, money := strings.Index(page, ">Engineering</th>"), strings.Index(page, ">Money</th>")
	if engineering < 0 || money < engineering {
		t.Fatalf("group headings at %d and %d", engineering, money)
	}
	if got := slugs(page[engineering:money]); len(got) < 3 || got[0] != "docs-search" {
		t.Errorf("first group begins with %v", got)
	}
}

func TestDashboardRefusesWhatItDoesNotUnderstand(t *testing.T) {
	h := dashSite(t, boardtest.New(now()))
	for _, query := range []string{"state=blue", "sort=magic", "page=0", "page=x", "page=99999999", "per=201", "access=some", "q=" + strings.Repeat("x", 201)} {
		w := dashGet(h, "/?"+query, "Accept", "application/json")
		var p web.Problem
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || w.Code != 400 || p.Status != 400 || p.Detail == "" {
			t.Errorf("%s: status %d, problem %+v, %v", query, w.Code, p, err)
		}
		if w := dashGet(h, "/?"+query); w.Code != 400 || !strings.Contains(w.Body.String(), "<main") {
			t.Errorf("%s: a browser got %d", query, w.Code)
		}
	}
}

func TestDashboardPages(t *testing.T) {
	h := dashSite(t, boardtest.Many(120, now()))
	seen := map[string]bool{}
	target := "/?sort=name"
	for pages := 0; target != "" && pages < 10; pages++ {
		page := dashGet(h, target).Body.String()
		for _, slug := range slugs(page) {
			seen[slug] = true
		}
		next := regexp.MustCompile(`rel="next" href="([^"]+)"`).FindStringSubmatch(page)
		if target = ""; next != nil {
			target = strings.ReplaceAll(next[1], "&amp;", "&")
		}
	}
	if len(seen) != 120 {
		t.Errorf("following the pages shows %d of 120 servers", len(seen))
	}
	if page := dashGet(h, "/?page=9").Body.String(); !strings.Contains(page, "The list is not that long") {
		t.Error("a page behind the last says nothing about it")
	}
}

func TestDashboardIsSentOnce(t *testing.T) {
	h := dashSite(t, boardtest.New(now()))
	first := dashGet(h, "/")
	tag := first.Header().Get("ETag")
	if w := dashGet(h, "/", "If-None-Match", tag); w.Code != 304 || w.Body.Len() != 0 {
		t.Errorf("again: status %d, %d bytes", w.Code, w.Body.Len())
	}
	if got := first.Header().Get("Cache-Control"); got != web.CachePrivate {
		t.Errorf("Cache-Control %q", got)
	}
	if got := strings.Join(first.Header().Values("Vary"), ","); !strings.Contains(got, "Cookie") || !strings.Contains(got, "Accept-Encoding") {
		t.Errorf("Vary %q", got)
	}
	if !strings.Contains(first.Header().Get("Content-Security-Policy"), "default-src 'none'") {
		t.Error("no policy")
	}
	if w := dashGet(h, "/", "If-None-Match", tag, "Cookie", "alivemcp-theme=dark"); w.Code != 200 || !strings.Contains(w.Body.String(), `data-theme="dark"`) {
		t.Error("another theme is another page")
	}
}

func TestEverythingThePageLoadsIsThere(t *testing.T) {
	h := dashSite(t, boardtest.New(now()))
	page := dashGet(h, "/").Body.String()
	found := regexp.MustCompile(`(?:href|src)="(/static/[^"]+)"`).FindAllStringSubmatch(page, -1)
	if len(found) < 4 {
		t.Fatalf("%d static files", len(found))
	}
	for _, m := range found {
		if w := dashGet(h, m[1]); w.Code != 200 || !strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
			t.Errorf("%s: status %d", m[1], w.Code)
		}
	}
}

func TestTheme(t *testing.T) {
	h := dashSite(t, boardtest.New(now()))
	for back, want := range map[string]string{"/?q=x": "/?q=x", "//evil.example": "/", "https://evil.example": "/", `/\evil.example`: "/", "": "/"} {
		form := url.Values{"theme": {"dark"}, "back": {back}}.Encode()
		r := httptest.NewRequest(http.MethodPost, "/theme", strings.NewReader(form))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != http.StatusSeeOther || w.Header().Get("Location") != want || !strings.Contains(w.Header().Get("Set-Cookie"), "alivemcp-theme=dark") {
			t.Errorf("back to %q: %d %v", back, w.Code, w.Header())
		}
	}
}

// TestBrokenFormIsTheClients: what a stranger sends is no failure of ours, which
// would be logged.
func TestBrokenFormIsTheClients(t *testing.T) {
	for _, body := range []string{"theme=%zz", strings.Repeat("x", 5<<10)} {
		r := httptest.NewRequest(http.MethodPost, "/theme", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		dashSite(t, boardtest.New(now())).ServeHTTP(w, r)
		if w.Code < 400 || w.Code >= 500 {
			t.Errorf("a form of %d bytes that is broken: status %d", len(body), w.Code)
		}
	}
}

func TestErrorsSuitTheClient(t *testing.T) {
	h := dashSite(t, boardtest.New(now()))
	page := dashGet(h, "/nowhere")
	if page.Code != 404 || !strings.Contains(page.Body.String(), "There is nothing at this address") {
		t.Errorf("a browser got %d", page.Code)
	}
	problem := dashGet(h, "/nowhere", "Accept", "*/*")
	if problem.Code != 404 || problem.Header().Get("Content-Type") != "application/problem+json" {
		t.Errorf("a script got %d %s", problem.Code, problem.Header().Get("Content-Type"))
	}
}

func TestEmptyBoardSaysHowToBegin(t *testing.T) {
	page := dashGet(dashSite(t, boardtest.Empty(now())), "/").Body.String()
	for _, want := range []string{"No servers are watched yet.", "servers:", "alivemcp config import"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
}

func TestDashboardSaysWhenTheMonitorIsBehind(t *testing.T) {
	b := boardtest.New(now())
	h := dashSite(t, b)
	if page := dashGet(h, "/").Body.String(); !strings.Contains(page, `id="behind" data-fresh role="status" hidden>`) {
		t.Error("a healthy monitor is said to be behind")
	}
	b.SetHealth(board.Health{Trouble: "The monitor is 4 min behind: what is shown may be older than it looks."})
	if page := dashGet(h, "/").Body.String(); !strings.Contains(page, "The monitor is 4 min behind") {
		t.Error("the page does not say that the monitor is behind")
	}
}

func TestSentence(t *testing.T) {
	for want, states := range map[string][]uptime.State{
		"The only server is live.":                             {uptime.Live},
		"All 2 servers are live.":                              {uptime.Live, uptime.Live},
		"2 of 3 servers are down.":                             {uptime.Down, uptime.Down, uptime.Live},
		"1 of 3 servers is degraded, 1 unknown; none is down.": {uptime.Degraded, uptime.Unknown, uptime.Live},
		"1 of 2 servers is unknown; none is known to be down.": {uptime.Unknown, uptime.Live},
	} {
		b := boardtest.Empty(now())
		for i, s := range states {
			b.Push(&board.Row{Tenant: boardtest.Tenant, Slug: fmt.Sprint("s", i), Name: "S", State: s})
		}
		if page := dashGet(dashSite(t, b), "/").Body.String(); !strings.Contains(page, want) {
			t.Errorf("no %q in the page", want)
		}
	}
}

func TestJumpList(t *testing.T) {
	w := dashGet(dashSite(t, boardtest.Many(300, now())), "/servers.json?q=weather", "Accept", "application/json")
	var list []struct{ Slug, Name, State string }
	if err := json.Unmarshal(w.Body.Bytes(), &list); err != nil {
		t.Fatal(err)
	}
	if len(list) != 12 || !strings.HasPrefix(list[0].Slug, "weather") || list[0].State == "" {
		t.Errorf("%d entries, first %+v", len(list), list[0])
	}
}

// answered is a board that has looked up its pages already: what remains is the
// time that the site itself takes.
type answered struct {
	*boardtest.Board
	pages []board.Page
}

func (a *answered) List(_ uptime.TenantID, q board.Query) board.Page { return a.pages[q.Offset/50] }

// BenchmarkDashboard is the server time of a page of 50 rows with 90 days each,
// compressed, without the look-up. Warm is what many readers of one page cost;
// cold renders every row anew.
func BenchmarkDashboard(b *testing.B) {
	source := &answered{Board: boardtest.Many(10_000, now())}
	for i := range 200 {
		source.pages = append(source.pages, source.Board.List(boardtest.Tenant, board.Query{Offset: i * 50, Order: board.ByName}))
	}
	for name, pages := range map[string]int{"warm": 1, "cold": 200} {
		b.Run(name, func(b *testing.B) {
			site, err := statuspage.New(statuspage.Options{Tenant: boardtest.Tenant, Source: source, Now: source.Now})
			if err != nil {
				b.Fatal(err)
			}
			h, size, n := site.Handler(), 0, 0
			for b.Loop() {
				w := dashGet(h, fmt.Sprintf("/?page=%d", n%pages+1), "Accept-Encoding", "gzip")
				if w.Code != 200 {
					b.Fatal(w.Code)
				}
				size += w.Body.Len()
				n++
			}
			b.ReportMetric(float64(size)/float64(n), "B/page")
		})
	}
}
