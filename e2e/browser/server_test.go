package browser_test

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// server checks that bars, strips and charts show data, and say it in words.
func (r *rig) server(t *testing.T) {
	t.Parallel()
	t.Run("days", r.serverDays)
	t.Run("chart", r.serverChart)
	t.Run("minutes", r.serverMinutes)
}

func (r *rig) serverDays(t *testing.T) {
	w := r.tab(t)
	w.open(r.demo + "/status/inventory")
	if n := w.count("#days > div > .daybox .days > li"); n != 90 {
		t.Errorf("%d bars, want 90", n)
	}
	// The drawing has a piece in the place of each bar.
	if n := eval[int](w, `(() => { const places = new Set();
		for (const p of document.querySelectorAll("#days > div > .daybox > .bars path")) for (const m of p.getAttribute("d").matchAll(/M([\d.]+) [\d.]+(?:h(\d+))?/g))
			for (let x = 0, from = Math.floor(m[1] / 4); x < (m[2] ? m[2] / 4 : 1); x++) places.add(from + x);
		return places.size })()`); n != 90 {
		t.Errorf("%d of 90 bars are drawn", n)
	}
	bad := `[...document.querySelectorAll("#days > div > .daybox .days > li")].find((e) => e.dataset.say.includes("71 min") || e.dataset.say.includes("1 h 11 min"))`
	eval[bool](w, bad+`.querySelector("a").focus(), true`)
	w.press(kb.ArrowLeft)
	w.press(kb.ArrowRight)
	w.until("focus says how long and why", `(() => { const b = `+bad+`.querySelector(".bubble");
		return getComputedStyle(b).display !== "none" && /1 h 11 min down.*server error/.test(b.textContent) })()`)
	w.shot(r, "status-down/bubble")
	eval[bool](w, "document.activeElement.blur(), true")
	at := eval[struct{ X, Y float64 }](w, `(() => { const b = `+bad+`.getBoundingClientRect(); return {x: b.left + b.width / 2, y: b.top + b.height / 2} })()`)
	w.do(chromedp.MouseEvent("mouseMoved", at.X, at.Y))
	w.until("pointing says it too", "getComputedStyle("+bad+`.querySelector(".bubble")).display !== "none"`)
}

func (r *rig) serverChart(t *testing.T) {
	w := r.tab(t)
	w.open(r.demo + "/status/weather")
	for window, points := range map[string]int{"7d": 84, "90d": 90, "24h": 96} {
		w.click(`#speed .switch a[href*="window=` + window + `"]`)
		w.until("the address names the window", `location.search.includes("window=`+window+`")`)
		w.until("there is a point a step", "document.querySelectorAll('[data-points] tbody tr').length === "+quote(points))
		line := eval[string](w, `document.querySelector(".plot .p95").getAttribute("d")`)
		if n := strings.Count(line, " "); n < points/2 {
			t.Errorf("%s: the line has %d places", window, n)
		}
	}
	eval[bool](w, `document.querySelector(".plot svg").focus(), true`)
	w.press(kb.ArrowLeft)
	w.until("the arrow says a point", `/p95 .*p50 .*n \d/.test(document.querySelector("#speed [data-readout]").textContent)`)
}

func (r *rig) serverMinutes(t *testing.T) {
	w := r.tab(t)
	w.open(r.demo + "/status/inventory")
	down := `document.querySelector("#minutes rect.down")`
	say := eval[string](w, down+".dataset.say")
	if !strings.Contains(say, "min: down") || !strings.Contains(say, "something else than MCP") {
		t.Errorf("the strip says %q", say)
	}
	at := eval[struct{ X, Y float64 }](w, `(() => { `+down+`.scrollIntoView({block: "center"}); const b = `+down+`.getBoundingClientRect(); return {x: b.left + b.width / 2, y: b.top + b.height / 2} })()`)
	w.do(chromedp.MouseEvent("mouseMoved", at.X, at.Y))
	w.until("pointing says it", `document.querySelector("#minutes [data-readout]").textContent === `+quote(say))
	w.do(chromedp.MouseClickXY(at.X, at.Y))
	w.until("the minute has an address", `new URLSearchParams(location.search).get("minute")`)
	w.until("and a panel", `document.querySelector("#minute h3").textContent.includes("Down") && document.querySelectorAll("#minute .hour60 a[aria-current]").length === 1`)
	w.settle()
	w.shot(r, "status-down/minute")
	r.accessible(w, "a minute")
	address := w.location()
	w.open(address)
	w.until("the address is enough", `document.querySelector("#minute")`)
	w.click("#minute [rel=prev]")
	w.until("the minute before", "location.href !== "+quote(address)+` && document.querySelector("#minute")`)
}
