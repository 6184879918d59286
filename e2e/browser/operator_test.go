package browser_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// operator does what an operator can do, and checks that nobody else can.
func (r *rig) operator(t *testing.T) {
	t.Parallel()
	w, guest := r.tab(t), r.tab(t)
	w.expect("403")
	w.open(r.demo + "/operator")
	if hint := w.text("main"); !strings.Contains(hint, "the token is demo") {
		t.Errorf("the page does not say how to sign in to a demonstration: %s", hint)
	}
	w.fill("#token", "guess")
	w.click(".say button")
	w.until("a wrong token is told", `document.querySelector("[role=alert]").textContent.includes("not the operator")`)
	w.signIn(r.demo)
	r.accepts(t, w, guest)
	r.notes(t, w, guest)
	r.replays(t, w)
	r.tests(t, w)
	r.crossSite(t, w)
	w.open(r.demo + "/status/weather")
	w.click(".opbar button")
	w.until("signed out", `!document.querySelector(".opbar")`)
	w.open(r.demo + "/check")
	w.until("the entrance", `location.pathname === "/operator"`)
}

// accepts accepts the open drift of the product search.
func (r *rig) accepts(t *testing.T, w, guest *tab) {
	t.Helper()
	var drifts struct {
		Drifts []struct {
			ID, Server string
			Open       bool
		}
	}
	await(t, "the product search drifts", func() bool {
		getJSON(t, r.demo+"/api/v1/drifts?limit=100", &drifts)
		for _, d := range drifts.Drifts {
			if d.Open && d.Server == "product-search" {
				w.open(r.demo + "/status/product-search/drifts/" + d.ID)
				return true
			}
		}
		return false
	})
	w.fill("#note", "The edge is being replaced.")
	w.click(".say button")
	w.until("it is accepted", `document.querySelector(".sentence").innerText.startsWith("Accepted") && `+has("The edge is being replaced."))
	w.settle()
	w.shot(r, "operator/accepted")
	guest.open(w.location())
	guest.until("the public reads the note", has("The edge is being replaced.")+" && !document.querySelector('form.say')")
}

// notes writes on the incident that is open.
func (r *rig) notes(t *testing.T, w, guest *tab) {
	t.Helper()
	w.open(r.demo + "/status/inventory")
	w.click(".doing a")
	w.until("the incident", `document.querySelector("#note")`)
	w.fill("#note", "The deployment is being rolled back.")
	w.click(".say button")
	w.until("it is on the timeline", `document.querySelector(".timeline").innerText.includes("rolled back")`)
	guest.open(r.demo + "/status/inventory")
	guest.until("the public reads it above the fold", `document.querySelector("#now").innerText.includes("rolled back")`)
}

// replays probes a server now, from a city.
func (r *rig) replays(t *testing.T, w *tab) {
	t.Helper()
	w.open(r.demo + "/status/inventory?region=virginia")
	w.click(`form[action$="/replay"] button`)
	w.until("it was probed", `document.querySelector("h1").textContent.includes("probed from Virginia just now")`)
	w.click("details.wire summary")
	w.until("the transcript is there", `/POST .*mcp/.test(document.querySelector("details.wire[open]").innerText) && document.querySelector("details.wire").innerText.includes("It works!")`)
	w.settle()
	w.steady()
	w.shot(r, "operator/replay")
	r.accessible(w, "a replay")
}

// tests tries a server before it is monitored.
func (r *rig) tests(t *testing.T, w *tab) {
	t.Helper()
	stranger := newLab(t, "Looks around.")
	w.open(r.demo + "/check")
	w.fill("#url", stranger.URL+"/mcp")
	w.click("form.say button")
	w.until("the answer", `document.querySelector("#found .sentence") && document.querySelector("pre[data-copy] + button")`)
	if got := w.text("main"); !strings.Contains(got, "It works") || !strings.Contains(got, "1 tool,") || !strings.Contains(got, "servers:\n") {
		t.Errorf("the test of a good server says:\n%s", got)
	}
	w.steady()
	w.click("pre[data-copy] + button")
	w.until("the snippet is copied or selected", `/Copied|Selected/.test(document.querySelector("pre[data-copy] + button").textContent)`)
	w.shot(r, "operator/check")
	r.accessible(w, "a test")
}

// crossSite posts a form from another site: it is refused, and the session lasts.
func (r *rig) crossSite(t *testing.T, w *tab) {
	t.Helper()
	at := foreign(t, `<!doctype html><form method="post" action="`+r.demo+`/operator/leave"><button>Win a prize</button></form>`)
	w.open(strings.Replace(at, "127.0.0.1", "localhost", 1))
	w.click("button")
	w.until("it is refused", `document.querySelector(".lost .code").textContent === "403"`)
	w.settle()
	w.shot(r, "operator/refused")
	w.open(r.demo + "/operator")
	w.until("the operator is still signed in", has("You are signed in"))

	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.demo+"/operator", strings.NewReader(url.Values{"token": {"demo"}}.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Origin", "https://example.com")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusForbidden || len(res.Cookies()) > 0 {
		t.Errorf("signing in from another site: %s, cookies %v", res.Status, res.Cookies())
	}
}

// print prints a status page: the sentence, without what only a screen needs.
func (r *rig) print(t *testing.T) {
	t.Parallel()
	w := r.tab(t)
	w.open(r.demo + "/status/inventory")
	pdf, err := chromedp.Run(w.ctx, chromedp.PrintToPDF())
	w.must(err)
	w.keep(r, "print/status.pdf", pdf)
	if pages := strings.Count(string(pdf), "/Type /Page\n"); !strings.HasPrefix(string(pdf), "%PDF-") || pages < 1 || pages > 6 {
		t.Errorf("the print has %d pages and %d bytes", pages, len(pdf))
	}
	call(w, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"})
	w.until("the sentence is printed", `document.querySelector("h1").checkVisibility() && document.querySelector("#sentence").checkVisibility()`)
	if seen := eval[[]string](w, `[...document.querySelectorAll("nav, form, button, .theme, .switch")].filter((e) => e.checkVisibility()).map((e) => e.outerHTML.slice(0, 80))`); len(seen) > 0 {
		t.Errorf("these are printed: %q", seen)
	}
	w.shot(r, "print/status")
}
