package browser_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/alivemcp/alivemcp/e2e/loopback"
)

// widgets is a page of somebody else, with a strict look of its own and all four
// styles of the widget, a server that nobody monitors, and badges.
const widgets = `<!doctype html><html lang="en"><meta name="viewport" content="width=device-width"><title>Somebody else</title>
<style>body { font: 20px/3 serif; background: #fff; margin: 20px } a, span, div { color: #f0f !important; letter-spacing: 1px } .dark { background: #0d1117 }</style>
<main><h1>Our servers</h1>
<p><span data-alivemcp data-server="weather" data-style="card" data-theme="light"></span> <span data-alivemcp data-server="inventory" data-style="badge" data-theme="light"></span></p>
<p class="dark"><span data-alivemcp data-server="geocoder" data-style="card" data-theme="dark"></span> <span data-alivemcp data-server="translate" data-style="badge" data-theme="dark"></span></p>
<div id="alivemcp-embed" data-server="nobody"></div>
<p id="badges">%s</p></main>
<script async src="%s/embed.js"></script></html>`

// shadows are the texts and links of all widgets.
const shadows = `[...document.querySelectorAll("[data-alivemcp], #alivemcp-embed")].map((e) => e.shadowRoot ? e.shadowRoot.querySelector("a").textContent.trim().replace(/\s+/g, " ") + " " + e.shadowRoot.querySelector("a").href : "")`

// embed shows widgets on a page of another origin.
func (r *rig) embed(t *testing.T) {
	t.Parallel()
	t.Run("all styles", r.embedStyles)
	t.Run("no answers", r.embedWithoutAnswers)
	t.Run("no monitor", r.embedWithoutMonitor)
}

func (r *rig) embedStyles(t *testing.T) {
	var badges strings.Builder
	for _, style := range []string{"flat", "pill"} {
		for _, metric := range []string{"state", "uptime", "p95"} {
			fmt.Fprintf(&badges, `<img alt="%s %s" src="%s/badge/inventory.svg?style=%s&amp;metric=%s"> `, style, metric, r.demo, style, metric)
		}
	}
	fmt.Fprintf(&badges, `<img alt="nobody" src="%s/badge/nobody.svg">`, r.demo)
	w := r.tab(t)
	w.expect("404") // of the server that nobody monitors
	for _, dress := range dresses() {
		r.settled(t)
		w.dress(dress)
		w.open(foreign(t, fmt.Sprintf(widgets, badges.String(), r.demo)))
		w.until("all widgets have an answer", `(() => { const s = `+shadows+`; return /^weather Live \d+\.\d\d% over 30 days · p95 \d+ ms checked/.test(s[0]) && s[1].startsWith("inventory Down") &&
			s[2].startsWith("geocoder Degraded") && s[3].startsWith("translate Unknown") && s[4].startsWith("nobody MCP server status") })()`)
		w.until("all badges are drawn", `[...document.images].every((i) => i.complete && i.naturalWidth > 40 && i.naturalHeight === 20)`)
		w.shot(r, "embed/"+dress)
	}
	if color := eval[string](w, `getComputedStyle(document.querySelector("[data-alivemcp]").shadowRoot.querySelector("a")).color`); color == "rgb(255, 0, 255)" {
		t.Error("the page's style reaches into the widget")
	}
}

// embedWithoutAnswers has a monitor that only serves the script.
func (r *rig) embedWithoutAnswers(t *testing.T) {
	to, err := url.Parse(r.demo)
	if err != nil {
		t.Fatal(err)
	}
	var asked atomic.Int32
	proxy := httputil.NewSingleHostReverseProxy(to)
	monitor := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/embed.js" {
			asked.Add(1)
			http.Error(w, "gone", http.StatusBadGateway)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(monitor.Close)
	w := r.tab(t)
	w.expect("502", "CORS", "ERR_FAILED")
	w.open(foreign(t, fmt.Sprintf(widgets, "", monitor.URL)))
	await(t, "all widgets have asked", func() bool { return asked.Load() >= 5 })
	w.until("links are left", `(() => { const s = `+shadows+`; return s.length === 5 && s.every((s) => s.includes("MCP server status")) && s[0].endsWith("/status/weather") })()`)
	w.shot(r, "embed/no-answers")
}

// embedWithoutMonitor has nothing at the script's address: the page is as it
// would be without.
func (r *rig) embedWithoutMonitor(t *testing.T) {
	w := r.tab(t)
	w.expect("ERR_CONNECTION_REFUSED")
	w.open(foreign(t, fmt.Sprintf(widgets, "", "http://"+loopback.FreeAddr(t))))
	if text := w.text("main"); !strings.Contains(text, "Our servers") {
		t.Errorf("the page says %q", text)
	}
}

// studio tries the badge studio: previews follow the choices, texts are copied.
func (r *rig) studio(t *testing.T) {
	t.Parallel()
	w := r.tab(t)
	w.open(r.demo + "/status/inventory/badge")
	w.until("the widgets are there", `document.querySelectorAll(".stage [data-alivemcp]").length === 6 &&
		[...document.querySelectorAll(".stage [data-alivemcp]")].every((e) => e.shadowRoot?.querySelector("a").textContent.includes("Down"))`)
	w.click(`[name="style"][value="pill"]`)
	w.click(`[name="metric"][value="uptime"]`)
	w.until("the preview follows", `(() => { const i = document.querySelector("#preview"); return i.src.includes("style=pill") && i.src.includes("metric=uptime") && i.complete && i.naturalWidth > 40 })()`)
	w.until("so do the address and the texts", `location.search.includes("metric=uptime") && document.querySelector("#choices code").textContent.includes("style=pill&metric=uptime")`)
	want := eval[string](w, `document.querySelector("#choices code").textContent`)
	// What is written to the clipboard is kept where the test can read it.
	eval[bool](w, `(() => { const write = navigator.clipboard.writeText.bind(navigator.clipboard); navigator.clipboard.writeText = (s) => { window.copied = s; return write(s).catch(() => {}); }; return true })()`)
	w.click("#choices .copy")
	w.until("it is copied", "window.copied === "+quote(want))
	w.until("and told", `document.querySelector("#choices .copy").textContent === "Copied" && document.querySelector("#copied").textContent === "Copied."`)
	w.steady()

	plain := r.tab(t)
	plain.scripts(false)
	plain.open(r.demo + "/status/inventory/badge")
	plain.click(`[name="style"][value="pill"]`)
	plain.click(`.choices .apply`)
	plain.until("the form asks the server", `location.search.includes("style=pill") && document.querySelector("#preview").src.includes("style=pill")`)
}
