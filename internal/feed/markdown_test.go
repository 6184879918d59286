package feed_test

import (
	"context"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/board/boardtest"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

func TestGuideNamesSurfacesThatExist(t *testing.T) {
	s := newSurface(t)
	w := s.Get(t, "/llms.txt")
	if got := w.Header().Get("Content-Type"); got != "text/plain; charset=utf-8" {
		t.Errorf("Content-Type = %q", got)
	}
	body := strings.NewReplacer("{slug}", "weather", "flat|pill", "pill", "state|uptime|p95", "p95").Replace(w.Body.String())
	seen := 0
	for _, url := range regexp.MustCompile(regexp.QuoteMeta(surfaceBase)+`[^\s):]+`).FindAllString(body, -1) {
		path := strings.TrimPrefix(url, surfaceBase)
		if path == "/api/openapi.json" { // another package's
			continue
		}
		seen++
		if got := s.Ask(t, http.MethodGet, path); got.Code != http.StatusOK {
			t.Errorf("it names %s, which answers %d", path, got.Code)
		}
	}
	if seen < 8 {
		t.Errorf("it names %d addresses:\n%s", seen, body)
	}
}

func TestServerDocument(t *testing.T) {
	s := newSurface(t)
	for slug, wants := range map[string][]string{
		"payments-ledger": {
			"# Payments ledger", "**Down for 43 min — it answers with a server error in Frankfurt and London", "- State: down since 5 Mar 2026, 13:24 UTC",
			"Red flag: down for more than 15 minutes", "| Frankfurt | down |", "| 30 days | 99.8", "| City | State |",
			"goes on", "The new release ran out of database connections.", "Objective: 99.9 %", "## How to read this",
			surfaceBase + "/api/embed-status/payments-ledger",
		},
		"crm-contacts":  {"- Endpoint: `https://crm.example.com/mcp`\n", "breaking: breaks existing clients", "search\\_contacts needs account\\_id now", "| open |", "- Weight: "},
		"issue-tracker": {"sign-in required", "## Planned maintenance", "| Database upgrade | The issue database moves"},
		"meeting-notes": {"**Waiting for the first check — it runs every minute from 5 cities.**", "- Last checked: not yet", "| 24 h | no data | 0 |", "The tools of this server could not be listed."},
	} {
		body := s.Get(t, "/status/"+slug+".md").Body.String()
		for _, want := range wants {
			if !strings.Contains(body, want) {
				t.Errorf("%s.md lacks %q:\n%s", slug, want, body)
			}
		}
	}
	for _, target := range []string{"/status/nobody.md", "/status/.md", "/status/weather.md.md", "/status/weather/x.md", "/status/%2e%2e.md"} {
		if w := s.Ask(t, http.MethodGet, target); w.Code != http.StatusNotFound {
			t.Errorf("%s = %d", target, w.Code)
		}
	}
}

// Documents and pages say the same sentence.
func TestDocumentsSayTheHeadline(t *testing.T) {
	s := newSurface(t)
	index := s.Get(t, "/index.md").Body.String()
	for _, row := range s.List(boardtest.Tenant, board.Query{}).Rows {
		if row.Slug == "hostile" {
			continue // its text is escaped
		}
		want := board.Headline(row, s.Now())
		want = strings.NewReplacer("(", `\(`, ")", `\)`, "<", `\<`).Replace(want)
		if body := s.Get(t, "/status/"+row.Slug+".md").Body.String(); !strings.Contains(body, "**"+want+"**") {
			t.Errorf("%s.md does not say %q:\n%s", row.Slug, want, body[:300])
		}
		if !strings.Contains(index, want) {
			t.Errorf("index.md does not say %q", want)
		}
	}
}

func TestIndexPages(t *testing.T) {
	b := boardtest.Many(450, surfaceNow())
	s := surfaceOf(t, b, b)
	seen := map[string]bool{}
	for target, pages := "/index.md", 0; target != ""; pages++ {
		body := s.Get(t, target).Body.String()
		for _, link := range regexp.MustCompile(`/status/[\w-]+\.md`).FindAllString(body, -1) {
			seen[link] = true
		}
		next := regexp.MustCompile(`\[Next page\]\(` + surfaceBase + `([^)]+)\)`).FindStringSubmatch(body)
		if target = ""; next != nil {
			target = next[1]
		}
		if pages > 5 {
			t.Fatal("the pages never end")
		}
	}
	if len(seen) != 450 {
		t.Errorf("%d of 450 servers are listed", len(seen))
	}
	for _, page := range []string{"0", "-1", "x", "99999999999999999999"} {
		if w := s.Ask(t, http.MethodGet, "/index.md?page="+page); w.Code != http.StatusBadRequest {
			t.Errorf("page %s = %d", page, w.Code)
		}
	}
}

// active is markup that would make something of a text but letters.
func active() *regexp.Regexp {
	return regexp.MustCompile("(^|[^\\\\])(<[a-zA-Z!/]|`|!\\[)|(?i)(^|\\s)(https?://|www\\.)evil")
}

// codeSpans match the line that is inert for another reason.
func codeSpans() *regexp.Regexp { return regexp.MustCompile("(?m)^- Endpoint: `[^`\n]+`$") }

func TestHostileNamesAreInertInMarkdown(t *testing.T) {
	s := newSurface(t)
	for _, target := range []string{"/status/hostile.md", "/index.md"} {
		body := codeSpans().ReplaceAllString(s.Get(t, target).Body.String(), "")
		if found := active().FindString(body); found != "" {
			t.Errorf("%s holds %q:\n%s", target, found, body)
		}
		if strings.ContainsAny(body, "\u202e\u200b\u2066") {
			t.Errorf("%s hides characters", target)
		}
	}
}

// FuzzMarkdown gives a server any texts: the document keeps its lines, its
// tables keep their cells, and nothing becomes markup.
func FuzzMarkdown(f *testing.F) {
	for _, seed := range []string{
		"Weather", "a | b", "](http://evil.example)", "<script>", "`code`\n# title", "![x](https://evil.example/p.png)",
		"https://evil.example www.evil.example a@evil.example", "\\", "\\|", "\r\n\r\n- x", "***", "&lt;script&gt;", "$$x$$",
	} {
		f.Add(seed)
	}
	b, text := boardtest.New(surfaceNow()), new(string)
	s := surfaceOf(f, b, renamed{b, text})
	lines := func(t *testing.T) []string {
		t.Helper()
		return strings.Split(s.Get(t, "/status/crm-contacts.md").Body.String(), "\n")
	}
	*text = "x"
	bars := regexp.MustCompile(`\\.`)
	f.Fuzz(func(t *testing.T, hostile string) {
		*text = "x"
		plain := lines(t)
		*text = "x" + hostile // an empty fact has no line
		got := lines(t)
		if len(got) != len(plain) {
			t.Fatalf("%q: %d lines, want %d", hostile, len(got), len(plain))
		}
		for i := range got {
			bare := bars.ReplaceAllString(codeSpans().ReplaceAllString(got[i], ""), "")
			if strings.Count(bare, "|") != strings.Count(plain[i], "|") || strings.Count(bare, "](") != strings.Count(plain[i], "](") {
				t.Errorf("%q changed the structure: %s", hostile, got[i])
			}
			if found := active().FindString(bare); found != "" {
				t.Errorf("%q is active (%q): %s", hostile, found, got[i])
			}
		}
	})
}

// What is never public, planted wherever the pipeline could have put it.
func TestNothingPrivateIsPublic(t *testing.T) {
	b := boardtest.New(surfaceNow())
	s := surfaceOf(t, b, planted{b})
	targets := []string{"/feed.atom", "/llms.txt", "/index.md", "/embed.js"}
	for _, row := range b.List(boardtest.Tenant, board.Query{}).Rows {
		for _, form := range []string{
			"/status/%.md", "/status/%/feed.atom", "/status/%/badge", "/api/embed-status/%", "/api/shields/%?metric=p95", "/badge/%.svg",
		} {
			targets = append(targets, strings.ReplaceAll(form, "%", row.Slug))
		}
	}
	private := regexp.MustCompile(`(?i)` + secretMark + `|\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}\b|2001:db8|\bAS\d{3,}\b|goroutine|\.go:\d|bearer |` +
		`srv_|\bstep \d|expires|(eu|us|ap)-(west|east|central|southeast)|"?tenant`)
	for _, target := range targets {
		if found := private.FindString(s.Get(t, target).Body.String()); found != "" {
			t.Errorf("%s says %q", target, found)
		}
	}
}

// secretMark stands for what must not leave the pipeline.
const secretMark = "PRIVATE-MARK"

// planted is a board with private things in every field that may hold them.
type planted struct{ *boardtest.Board }

const privateText = secretMark + " dial tcp 203.0.113.9:443 via AS64500, goroutine 7 at dial.go:12, step 4"

func (p planted) Row(tenant uptime.TenantID, slug string) (*board.Row, bool) {
	row, ok := p.Board.Row(tenant, slug)
	if !ok || row.Verdict == nil {
		return row, ok
	}
	r, v := *row, *row.Verdict
	if v.Failure != nil {
		f := *v.Failure
		f.Detail = privateText
		v.Failure = &f
	}
	r.Verdict, r.Tenant, r.RunbookURL = &v, secretMark, "https://wiki.internal/"+secretMark
	return &r, true
}

func (p planted) View(ctx context.Context, tenant uptime.TenantID, slug string) (board.View, error) {
	v, err := p.Board.View(ctx, tenant, slug)
	if err != nil {
		return v, err
	}
	v.Row, _ = p.Row(tenant, slug)
	for i := range v.Regions {
		if v.Regions[i].Report != nil {
			rep := *v.Regions[i].Report
			rep.Why, rep.Software, rep.TLSNotAfter = privateText, secretMark, time.Unix(0, 0)
			rep.Failure = &uptime.Failure{Cause: uptime.ConnectTimeout, Detail: privateText}
			v.Regions[i].Report = &rep
		}
		v.Regions[i].Look = &uptime.Result{Region: privateText}
	}
	for i := range v.Incidents {
		v.Incidents[i].Failure.Detail = privateText
		v.Incidents[i].Regions = append(v.Incidents[i].Regions[:0:0], "us-west-gone")
	}
	for i := range v.Drifts {
		v.Drifts[i].By = secretMark
	}
	return v, nil
}

func (p planted) Incidents(ctx context.Context, tenant uptime.TenantID, q uptime.IncidentQuery) ([]uptime.Incident, error) {
	list, err := p.Board.Incidents(ctx, tenant, q)
	for i := range list {
		list[i].Failure.Detail = privateText
	}
	return list, err
}
