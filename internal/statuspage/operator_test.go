package statuspage_test

import (
	"context"
	"crypto/subtle"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/board/boardtest"
	"github.com/alivemcp/alivemcp/internal/show"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

const operatorToken = "a-token-of-the-operator"

// diary is an operator's hand that writes down what it was told to do.
type diary struct {
	board *boardtest.Board
	done  []string
}

func (*diary) Check(token string) bool {
	return subtle.ConstantTimeCompare([]byte(token), []byte(operatorToken)) == 1
}

func (d *diary) Accept(_ context.Context, tenant uptime.TenantID, id uptime.DriftID, by, note string) error {
	d.done = append(d.done, fmt.Sprintf("accept %s %s by %s: %s", tenant, id, by, note))
	return nil
}

func (d *diary) Note(_ context.Context, tenant uptime.TenantID, id uptime.IncidentID, by, text string) error {
	d.done = append(d.done, fmt.Sprintf("note %s %s by %s: %s", tenant, id, by, text))
	return nil
}

func (*diary) Regions() []uptime.Region { return boardtest.Regions() }

func (d *diary) Replay(ctx context.Context, tenant uptime.TenantID, slug, region string) (uptime.Cell, error) {
	d.done = append(d.done, fmt.Sprintf("replay %s %s from %s", tenant, slug, region))
	v, err := d.board.View(ctx, tenant, slug)
	i := slices.IndexFunc(v.Regions, func(r board.RegionView) bool { return r.ID == region })
	if err != nil || i < 0 {
		return uptime.Cell{}, uptime.ErrNotFound
	}
	return uptime.Cell{Attempts: []uptime.Result{leakyResult(*v.Regions[i].Look)}}, nil
}

func (d *diary) Test(ctx context.Context, rawURL, header, region string) (show.Check, error) {
	d.done = append(d.done, fmt.Sprintf("test %s with %q from %s", rawURL, header, region))
	if strings.Contains(rawURL, "refused") {
		return show.Check{}, fmt.Errorf("%w: this address is not contacted", uptime.ErrInvalid)
	}
	v, err := d.board.View(ctx, boardtest.Tenant, "weather")
	if err != nil {
		return show.Check{}, err
	}
	res := *v.Regions[0].Look
	res.Findings = []uptime.Finding{{ID: "session_not_deleted", Severity: uptime.SeverityWarn, Message: "the session stays open", Spec: "basic/transports"}}
	return show.Check{Target: rawURL, State: uptime.Live, Grade: "B", Result: res}, nil
}

// browser is a client with a cookie jar that sends what browsers send.
type browser struct {
	t       *testing.T
	h       http.Handler
	cookies []*http.Cookie
	site    string // Sec-Fetch-Site
}

func (b *browser) do(method, path string, form url.Values) *httptest.ResponseRecorder {
	b.t.Helper()
	r := httptest.NewRequestWithContext(b.t.Context(), method, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if b.site != "" {
		r.Header.Set("Sec-Fetch-Site", b.site)
	}
	for _, c := range b.cookies {
		r.AddCookie(c)
	}
	return ask(b.t, b.h, r)
}

func (b *browser) signIn() *http.Cookie {
	b.t.Helper()
	w := b.do(http.MethodPost, "/operator", url.Values{"token": {operatorToken}, "name": {"Dana"}, "back": {"/check"}})
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/check" {
		b.t.Fatalf("signing in: status %d to %q", w.Code, w.Header().Get("Location"))
	}
	b.cookies = w.Result().Cookies()
	return b.cookies[0]
}

func visitor(t *testing.T) (*browser, *diary) {
	t.Helper()
	b := boardtest.New(storyTime())
	d := &diary{board: b}
	return &browser{t: t, h: server(t, b, d), site: "same-origin"}, d
}

// acts are all that an operator can post, with the story's ids.
func acts(t *testing.T, d *diary) map[string]url.Values {
	t.Helper()
	row, _ := d.board.Row(boardtest.Tenant, "crm-contacts")
	return map[string]url.Values{
		"/status/crm-contacts/drifts/" + string(row.OpenDrift.ID) + "/accept": {"note": {"announced"}},
		incidentsOf(t, d.board, "payments-ledger")[0] + "/note":               {"note": {"rolling back"}},
		"/status/payments-ledger/replay":                                      {"region": {"london"}},
		"/check":                                                              {"url": {"https://example.com/mcp"}, "header": {"X-Api-Key: s3cret"}, "region": {"frankfurt"}},
	}
}

func TestStrangersActOnNothing(t *testing.T) {
	b, d := visitor(t)
	for path, form := range acts(t, d) {
		if w := b.do(http.MethodPost, path, form); w.Code != http.StatusForbidden {
			t.Errorf("%s: status %d, want 403", path, w.Code)
		}
	}
	if w := b.do(http.MethodGet, "/check", nil); w.Code != http.StatusSeeOther {
		t.Errorf("/check: status %d, want the way to sign in", w.Code)
	}
	if len(d.done) != 0 {
		t.Errorf("done all the same: %v", d.done)
	}
	// Without an operator the paths are not there at all.
	h := server(t, d.board, nil)
	for _, path := range []string{"/operator", "/check"} {
		if w := ask(t, h, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)); w.Code != http.StatusNotFound {
			t.Errorf("%s without acts: status %d", path, w.Code)
		}
	}
}

func TestOperatorActs(t *testing.T) {
	b, d := visitor(t)
	b.signIn()
	for path, form := range acts(t, d) {
		if w := b.do(http.MethodPost, path, form); w.Code != http.StatusOK && w.Code != http.StatusSeeOther {
			t.Errorf("%s: status %d: %s", path, w.Code, words(w.Body.String()))
		}
	}
	slices.Sort(d.done)
	row, _ := d.board.Row(boardtest.Tenant, "crm-contacts")
	want := []string{
		"accept default " + string(row.OpenDrift.ID) + " by Dana: announced",
		"note default " + strings.TrimPrefix(incidentsOf(t, d.board, "payments-ledger")[0], "/status/payments-ledger/incidents/") + " by Dana: rolling back",
		"replay default payments-ledger from eu-west",
		`test https://example.com/mcp with "X-Api-Key: s3cret" from eu-central`,
	}
	if !slices.Equal(d.done, want) {
		t.Errorf("done:\n%s\nwant:\n%s", strings.Join(d.done, "\n"), strings.Join(want, "\n"))
	}
}

func TestOperatorSaysWhy(t *testing.T) {
	b, d := visitor(t)
	b.signIn()
	for path := range acts(t, d) {
		if !strings.HasSuffix(path, "accept") && !strings.HasSuffix(path, "note") {
			continue
		}
		for _, note := range []string{"", "  \n", strings.Repeat("x", 2001)} {
			if w := b.do(http.MethodPost, path, url.Values{"note": {note}}); w.Code != http.StatusBadRequest {
				t.Errorf("%s with a note of %d bytes: status %d", path, len(note), w.Code)
			}
		}
	}
	if len(d.done) != 0 {
		t.Errorf("done all the same: %v", d.done)
	}
}

func TestFormsOfOtherSitesAreRefused(t *testing.T) {
	b, d := visitor(t)
	b.signIn()
	b.site = "cross-site"
	paths := acts(t, d)
	paths["/operator"], paths["/operator/leave"] = url.Values{"token": {operatorToken}}, nil
	for path, form := range paths {
		if w := b.do(http.MethodPost, path, form); w.Code != http.StatusForbidden {
			t.Errorf("%s: status %d, want 403", path, w.Code)
		}
	}
}

func TestSession(t *testing.T) {
	b, _ := visitor(t)
	c := b.signIn()
	if !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.MaxAge <= 0 || c.MaxAge > 24*3600 || strings.Contains(c.Value, operatorToken) {
		t.Errorf("the session's cookie is %v", c)
	}
	signedIn := func() bool {
		return strings.Contains(words(b.do(http.MethodGet, "/status/weather", nil).Body.String()), "signed in as the operator, Dana")
	}
	if !signedIn() {
		t.Error("no banner says who is signed in")
	}
	parts := strings.SplitN(c.Value, ".", 3)
	for _, forged := range []string{"", ".", "..", parts[0] + "." + parts[1], "9999999999." + parts[1] + "." + parts[2], parts[0] + ".Um9vdA." + parts[2], c.Value + "x"} {
		b.cookies = []*http.Cookie{{Name: c.Name, Value: forged}}
		if signedIn() {
			t.Errorf("the cookie %q is believed", forged)
		}
	}
	// Another process has another key.
	other, _ := visitor(t)
	other.cookies = []*http.Cookie{c}
	if strings.Contains(other.do(http.MethodGet, "/status/weather", nil).Body.String(), "Dana") {
		t.Error("another process believes the cookie")
	}
	b.cookies = []*http.Cookie{c}
	if w := b.do(http.MethodPost, "/operator/leave", nil); w.Code != http.StatusSeeOther || w.Result().Cookies()[0].MaxAge >= 0 {
		t.Errorf("signing out: status %d, cookie %v", w.Code, w.Result().Cookies())
	}
}

func TestSignInIsGuarded(t *testing.T) {
	b, _ := visitor(t)
	for n := range 5 {
		w := b.do(http.MethodPost, "/operator", url.Values{"token": {"guess"}})
		if w.Code != http.StatusForbidden || len(w.Result().Cookies()) != 0 {
			t.Fatalf("guess %d: status %d, cookies %v", n, w.Code, w.Result().Cookies())
		}
	}
	if w := b.do(http.MethodPost, "/operator", url.Values{"token": {operatorToken}}); w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") == "" {
		t.Errorf("after five guesses: status %d", w.Code)
	}
	for _, back := range []string{"https://evil.example/", "//evil.example", `/\evil.example`} {
		fresh, _ := visitor(t)
		w := fresh.do(http.MethodPost, "/operator", url.Values{"token": {operatorToken}, "back": {back}})
		if got := w.Header().Get("Location"); got != "/" {
			t.Errorf("back=%s leads to %s", back, got)
		}
	}
}

// TestSignInCountsNetworks: who has a network of addresses has no more tries.
func TestSignInCountsNetworks(t *testing.T) {
	b, _ := visitor(t)
	for n := range 6 {
		form := strings.NewReader(url.Values{"token": {"guess"}}.Encode())
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/operator", form)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.RemoteAddr = fmt.Sprintf("[2001:db8:1:2::%d]:4711", n+1)
		want := http.StatusForbidden
		if n == 5 {
			want = http.StatusTooManyRequests
		}
		if got := ask(t, b.h, r).Code; got != want {
			t.Errorf("guess %d: status %d, want %d", n+1, got, want)
		}
	}
}

func TestOperatorSeesMore(t *testing.T) {
	b, d := visitor(t)
	b.signIn()
	w := b.do(http.MethodPost, "/status/payments-ledger/replay", url.Values{"region": {"london"}})
	said := words(w.Body.String())
	for _, want := range []string{"probed from London just now", "203.0.113.7", "CF-Ray: 8a-POPXYZ", "What to do:", "Connect TCP failed"} {
		if !strings.Contains(said, want) {
			t.Errorf("the replay does not show %q", want)
		}
	}
	if w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("the replay may be kept: %s", w.Header().Get("Cache-Control"))
	}
	row, _ := d.board.Row(boardtest.Tenant, "crm-contacts")
	if !strings.Contains(words(b.do(http.MethodGet, "/status/crm-contacts/drifts/"+string(row.OpenDrift.ID), nil).Body.String()), "Accept as the new baseline") {
		t.Error("the operator is not offered to accept")
	}
}

func TestOperatorReadsEveryPage(t *testing.T) {
	b, d := visitor(t)
	b.signIn()
	for _, path := range append(pagesOf(t, d.board), "/operator", "/check") {
		w := b.do(http.MethodGet, path, nil)
		if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "Sign out") {
			t.Errorf("%s: status %d, or no way to sign out", path, w.Code)
		}
		if cache := w.Header().Get("Cache-Control"); !strings.Contains(cache, "private") && cache != "no-store" {
			t.Errorf("%s may be shared: %s", path, cache)
		}
	}
}

func TestCheckBeforeItIsSaved(t *testing.T) {
	b, d := visitor(t)
	b.signIn()
	w := b.do(http.MethodPost, "/check", url.Values{"url": {"https://www.Example.com/mcp?x=1"}, "header": {"X-Api-Key: s3cret"}, "region": {"london"}})
	body := w.Body.String()
	for _, want := range []string{
		"It works: a client could use it.", "B keeps the protocol, with a remark or two", "List the tools tools/list passed", "the session stays open",
		`- slug: example-com`, `url: "https://www.Example.com/mcp?x=1"`, `"X-Api-Key": env:EXAMPLE_COM_X_API_KEY`,
	} {
		if !strings.Contains(words(body), want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if strings.Contains(body, "s3cret") {
		t.Error("the page shows the header's value")
	}
	for _, bad := range []string{"", "example.com", "file:///etc/passwd", "javascript:alert(1)", "https://refused.example/"} {
		if w := b.do(http.MethodPost, "/check", url.Values{"url": {bad}}); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), `role="alert"`) {
			t.Errorf("url %q: status %d", bad, w.Code)
		}
	}
	if n := len(d.done); n != 2 {
		t.Errorf("%d probes were made, want 2: %v", n, d.done)
	}
}

func TestSessionsEnd(t *testing.T) {
	now := storyTime()
	b := boardtest.New(now)
	h := serverAt(t, b, &diary{board: b}, func() time.Time { return now })
	v := &browser{t: t, h: h, site: "same-origin"}
	v.signIn()
	now = now.Add(13 * time.Hour)
	if w := v.do(http.MethodPost, "/status/weather/replay", nil); w.Code != http.StatusForbidden {
		t.Errorf("after thirteen hours: status %d", w.Code)
	}
}
