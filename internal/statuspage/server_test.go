package statuspage_test

import (
	"context"
	"html"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/board/boardtest"
	"github.com/alivemcp/alivemcp/internal/statuspage"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// storyTime is when the story of the fixture is told.
func storyTime() time.Time { return time.Date(2026, 11, 23, 15, 7, 44, 0, time.UTC) }

// server is the site over the story, or over a source made of it.
func server(t *testing.T, source statuspage.Source, acts statuspage.Acts) http.Handler {
	t.Helper()
	return serverAt(t, source, acts, storyTime)
}

func serverAt(t *testing.T, source statuspage.Source, acts statuspage.Acts, now func() time.Time) http.Handler {
	t.Helper()
	s, err := statuspage.New(statuspage.Options{Tenant: boardtest.Tenant, Source: source, Acts: acts, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	return s.Handler()
}

func ask(t *testing.T, h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	t.Helper()
	r.Header.Set("Accept", "text/html")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// page is the body of a page that must be there.
func page(t *testing.T, h http.Handler, path string) string {
	t.Helper()
	w := ask(t, h, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
	if w.Code != http.StatusOK {
		t.Fatalf("%s: status %d", path, w.Code)
	}
	return w.Body.String()
}

// words is what a page says, without its markup.
func words(body string) string {
	_, body, _ = strings.Cut(body, "<main")
	var b strings.Builder
	for body != "" {
		text, rest, _ := strings.Cut(body, "<")
		b.WriteString(text + " ")
		if title, ok := strings.CutPrefix(rest, "title>"); ok { // of a drawing
			_, rest, _ = strings.Cut(title, "</title")
		}
		_, body, _ = strings.Cut(rest, ">")
	}
	return strings.Join(strings.Fields(html.UnescapeString(b.String())), " ")
}

// fold is what a page says before its history begins.
func fold(body string) string {
	text, _, _ := strings.Cut(words(body), "Minute by minute")
	return text
}

func TestServerPageAnswersAtOnce(t *testing.T) {
	h := server(t, boardtest.New(storyTime()), nil)
	for slug, want := range map[string][]string{
		"weather":         {"Operational — tools unchanged for 89 days, p95", "checked 2 min ago from 5 cities.", "Open anyone can connect", "No incident is open", "Atom feed", "Singapore live", "valid for 68 days"},
		"payments-ledger": {"Down for more than 15 min.", "Down for 43 min — it answers with a server error in Frankfurt and London, checked 2 min ago from 5 cities.", "for 43 min, since 14:24 UTC", "We are rolling back.", "An incident was opened at", "31 s after the first failure", "London down"},
		"maps":            {"Degraded — there is no MCP endpoint at its address in Singapore, for 50 min", "Own sign-in"},
		"crm-contacts":    {"Degraded — its tools changed in a way that breaks clients", "What changed in its tools", "not accepted the change of its tools yet"},
		"issue-tracker":   {"Operational, sign-in required — tools not verified", "Sign-in required", "tools were not verified", "Maintenance is planned for 25 Nov"},
		"translate":       {"Unknown — it asks the monitor to slow down"},
		"meeting-notes":   {"Waiting for the first check — it runs every minute from 5 cities", "not looked yet"},
		"inventory":       {"Paused — it is not being checked"},
		"warehouse":       {"Under maintenance — Schema migration, until", "Queries may fail while tables are rewritten", "These minutes do not count", "going on until"},
		"calendar":        {"valid for 6 days"},
		"files":           {"checked 2 min ago from 1 city."},
	} {
		got := fold(page(t, h, "/status/"+slug))
		for _, w := range want {
			if !strings.Contains(got, w) {
				t.Errorf("%s does not say %q at once, but:\n%s", slug, w, got)
			}
		}
	}
}

func TestServerPageTellsTheRest(t *testing.T) {
	h := server(t, boardtest.New(storyTime()), nil)
	for slug, want := range map[string][]string{
		"weather": {
			"5 tools", "24 hours 100 %", "1 440", "Minutes that nobody measured and planned maintenance count on neither side",
			"Fri 16 Oct 2026: 3 min down: the connection is not answered. See the incident.", "99.9 % over 30 days", "Budget left", "p95 between",
		},
		"crm-contacts":  {"breaking search_contacts needs account_id now", "Nobody has accepted the new contract"},
		"vectors":       {"tools unchanged for 9 days", "The new contract is the baseline, says the operator", "announced in the release notes"},
		"docs-search":   {"20 min down", "11 stretches of trouble", "it forgets sessions that it has just opened"},
		"calendar":      {"1 day not measured", "Tue 29 Sep 2026: not measured."},
		"issue-tracker": {"The issue database moves to new hardware."},
	} {
		got := words(page(t, h, "/status/"+slug))
		for _, w := range want {
			if !strings.Contains(got, w) {
				t.Errorf("%s does not say %q", slug, w)
			}
		}
	}
}

func TestFailingStepIsThePage(t *testing.T) {
	h := server(t, boardtest.New(storyTime()), nil)
	body := page(t, h, "/status/payments-ledger")
	said := words(body)
	failing, days := strings.Index(said, "The failing step"), strings.Index(said, "90 days A bar")
	if failing < 0 || failing > days {
		t.Errorf("the failing step comes at %d, the history at %d", failing, days)
	}
	for _, want := range []string{
		"Shake hands initialize failed", "It answers with a server error.", "What to do: The server fails on a correct request", "List the tools tools/list not reached",
		"HTTP/1.1 503 Service Unavailable", "Authorization: Bearer [redacted]",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if london := words(page(t, h, "/status/payments-ledger?region=singapore")); strings.Contains(london, "The failing step") || !strings.Contains(london, "Singapore: all steps passed") {
		t.Error("the page does not show the city that was chosen")
	}
	if healthy := page(t, h, "/status/weather"); !strings.Contains(healthy, `<details id="steps"><summary>`) {
		t.Error("the steps of a healthy server are not folded")
	}
}

func TestServerPageIsAddressable(t *testing.T) {
	h := server(t, boardtest.New(storyTime()), nil)
	for query, want := range map[string]string{
		"?minute=2026-11-23T14:40":                                 "23 Nov 2026, 14:40 UTC : Down",
		"?minute=2026-11-23T14:40&window=7d":                       "Frankfurt down",
		"?day=2026-11-11":                                          "7 min down on this day.",
		"?window=90d":                                              "Sun 22 Nov 2026",
		"?region=new-york&minute=2026-09-23T03:10&day=":            "the connection is not answered",
		"?minute=2026-11-23T14:40&unknown=<script>&day=2026-11-11": "Minute before",
	} {
		if got := words(page(t, h, "/status/payments-ledger"+query)); !strings.Contains(strings.ToLower(got), strings.ToLower(want)) {
			t.Errorf("%s does not show %q", query, want)
		}
	}
	for _, query := range []string{"?minute=yesterday", "?minute=2031-01-01T00:00", "?minute=2020-01-01T00:00", "?day=1", "?day=2020-01-01", "?window=1y", "?region=atlantis", "?region=eu-west"} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/status/payments-ledger"+query, nil)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != http.StatusBadRequest || w.Header().Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: status %d, %s", query, w.Code, w.Header().Get("Content-Type"))
		}
	}
	if w := ask(t, h, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/status/none", nil)); w.Code != http.StatusNotFound {
		t.Errorf("an unknown server: status %d", w.Code)
	}
}

func TestOneChoiceKeepsTheOthers(t *testing.T) {
	h := server(t, boardtest.New(storyTime()), nil)
	body := html.UnescapeString(page(t, h, "/status/payments-ledger?region=london&window=7d"))
	for _, want := range []string{"?region=frankfurt&window=7d#probe", "?region=london&window=90d#speed"} {
		if !strings.Contains(body, want) {
			t.Errorf("no link leads to %s", want)
		}
	}
}

// leaky is a board whose evidence tells what is nobody's business.
type leaky struct{ *boardtest.Board }

const leak = "dial tcp 203.0.113.7:443 via AS64500 (2001:db8::5): refused\nTraceback (most recent call last):\n  File \"/srv/secret/app.py\", line 3"

func leakyResult(r uptime.Result) uptime.Result {
	r.Failure = &uptime.Failure{Cause: uptime.ConnectRefused, Step: uptime.StepTCP, Detail: leak, Effect: uptime.Down}
	r.Steps = []uptime.StepResult{{Name: uptime.StepTCP, Status: uptime.StepFail, Detail: leak}}
	r.Transcript = []uptime.Exchange{{Request: "POST / HTTP/1.1\nHost: x.example", Response: "HTTP/1.1 500 No\nCF-Ray: 8a-POPXYZ\nX-Backend: node-17.internal\n\n" + leak}}
	r.Findings = []uptime.Finding{{ID: "x", Severity: uptime.SeverityWarn, Message: leak}}
	return r
}

func (l leaky) View(ctx context.Context, tenant uptime.TenantID, slug string) (board.View, error) {
	v, err := l.Board.View(ctx, tenant, slug)
	if err != nil {
		return v, err
	}
	row := *v.Row
	row.URL, row.RunbookURL = "http://10.9.8.7:9000/mcp?key=hunter2", "https://wiki.internal/runbook-77"
	v.Row = &row
	for i := range v.Regions {
		if look := v.Regions[i].Look; look != nil {
			leaked := leakyResult(*look)
			v.Regions[i].Look = &leaked
		}
	}
	return v, nil
}

func (l leaky) Incident(ctx context.Context, tenant uptime.TenantID, id uptime.IncidentID) (board.IncidentView, error) {
	v, err := l.Board.Incident(ctx, tenant, id)
	for i := range v.Evidence {
		v.Evidence[i].Result = leakyResult(v.Evidence[i].Result)
	}
	for i := range v.Events {
		if v.Events[i].Kind != uptime.IncidentNote {
			v.Events[i].Text = "region eu-west failed: " + leak
		}
	}
	return v, err
}

// pagesOf are all pages of all servers of the story.
func pagesOf(t *testing.T, b *boardtest.Board) []string {
	t.Helper()
	var paths []string
	for _, row := range b.List(boardtest.Tenant, board.Query{Limit: 500}).Rows {
		base := "/status/" + row.Slug
		paths = append(paths, base, base+"?minute=2026-11-23T14:40&day=2026-11-11&window=7d", base+"/incidents")
		incidents, err := b.Incidents(t.Context(), boardtest.Tenant, uptime.IncidentQuery{Server: row.Server})
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range incidents[:min(2, len(incidents))] {
			paths = append(paths, base+"/incidents/"+string(i.ID))
		}
		drifts, err := b.Drifts(t.Context(), boardtest.Tenant, uptime.DriftQuery{Server: row.Server})
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range drifts {
			paths = append(paths, base+"/drifts/"+string(d.ID))
		}
	}
	if len(paths) < 50 {
		t.Fatalf("only %d pages", len(paths))
	}
	return paths
}

// private returns what stands in a page and is nobody's business.
func private(body string) string {
	for _, word := range []string{
		"eu-west", "eu-central", "ap-southeast", "us-east", "us-west", // ids of regions
		"203.0.113", "2001:db8", "10.9.8", "AS64500", "POPXYZ", "node-17", "Traceback", "app.py", // the network and the code
		"hunter2", "runbook-77", "ops@", "dana@", "credential", // what belongs to the operator
	} {
		if strings.Contains(body, word) {
			return word
		}
	}
	return ""
}

func TestNoPageTellsOrRunsWhatItShouldNot(t *testing.T) {
	b := boardtest.New(storyTime())
	h := server(t, leaky{b}, nil)
	numbered := regexp.MustCompile(`(?i)step \d`)
	quoted := regexp.MustCompile(`="[^"]*"`)
	inline := regexp.MustCompile(`(?i)<[^>]*\s(style|on[a-z]+)=|<style|<script(?: [^>]*)?>[^<]`)
	direction := regexp.MustCompile(`[\x{202a}-\x{202e}\x{2066}-\x{2069}\x{200b}]`)
	for _, path := range pagesOf(t, b) {
		body := page(t, h, path)
		said := words(body)
		for what, found := range map[string]string{
			"what is private":      private(html.UnescapeString(body)),
			"the number of a step": numbered.FindString(said),
			"inline code or style": inline.FindString(quoted.ReplaceAllString(body, "=q")),
			"invisible characters": direction.FindString(body),
		} {
			if found != "" {
				t.Errorf("%s holds %s: %q", path, what, found)
			}
		}
	}
}

func TestHostileServerIsInert(t *testing.T) {
	h := server(t, boardtest.New(storyTime()), nil)
	body := page(t, h, "/status/hostile")
	for _, bad := range []string{"<script>alert", "<b>Free", "<img src=x"} {
		if strings.Contains(body, bad) {
			t.Errorf("the page holds %q", bad)
		}
	}
	if said := words(body); !strings.Contains(said, "⟨U+202E⟩") || !strings.Contains(said, "mixed letters") {
		t.Error("the page does not show what the name hides")
	}
}

func TestServerPageSaysWhenTheMonitorIsBehind(t *testing.T) {
	b := boardtest.New(storyTime())
	b.SetHealth(board.Health{Trouble: "Verdicts are 4 minutes late."})
	if got := fold(page(t, server(t, b, nil), "/status/weather")); !strings.Contains(got, "Verdicts are 4 minutes late.") {
		t.Errorf("nothing of it in:\n%s", got)
	}
}
