package browser_test

import (
	"slices"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

const slugs = `[...document.querySelectorAll("[data-row]")].map((e) => e.dataset.row)`

const onlyDegraded = slugs + `.includes("geocoder") && [...document.querySelectorAll("[data-row]")].every((e) => e.dataset.state === "degraded")`

// onlyDown admits the ticket desk, which restarts after a while.
const onlyDown = slugs + `.includes("inventory") && [...document.querySelectorAll("[data-row]")].every((e) => e.dataset.state === "down")`

// board searches, filters, sorts and pages with the pointer, with the keyboard
// and without script.
func (r *rig) board(t *testing.T) {
	t.Parallel()
	t.Run("script", r.boardScripted)
	t.Run("no script", r.boardPlain)
	t.Run("keys", r.boardKeys)
	t.Run("tips", r.boardTips)
}

func (r *rig) boardScripted(t *testing.T) {
	r.settled(t)
	w := r.tab(t)
	w.open(r.demo + "/")
	eval[bool](w, "window.stayed = true")
	all := len(eval[[]string](w, slugs))

	w.fill("#search", "weather")
	w.until("one row is found", `document.querySelectorAll("[data-row]").length === 1 && location.search === "?q=weather"`)
	w.fill("#search", "something answers")
	w.until("the cause is found", slugs+`.join() === "inventory"`)
	w.fill("#search", " ")
	w.until("all are back", `document.querySelectorAll("[data-row]").length === `+quote(all))

	w.click("#totals .down")
	w.until("only those that are down", onlyDown+` && location.search === "?state=down"`)
	w.click("#totals .maintenance")
	w.until("only those in maintenance", slugs+`.join() === "payments"`)
	eval[bool](w, "history.back(), true")
	w.until("back", onlyDown)
	w.click("#filter .clear")
	w.until("all again", `document.querySelectorAll("[data-row]").length === `+quote(all))

	w.click(".board thead .c-name a")
	w.until("sorted", `document.querySelector(".board thead .c-name").ariaSort === "ascending"`)
	names := eval[[]string](w, `[...document.querySelectorAll("[data-row] .name a")].map((e) => e.textContent)`)
	if !slices.IsSorted(names) {
		t.Errorf("sorted by name: %q", names)
	}
	w.click(`#filter [name="by"]`)
	w.until("in groups", `document.querySelectorAll("tbody .group").length > 4`)
	eval[bool](w, `document.querySelector("[name=group]").value = "Finance", document.querySelector("[name=group]").dispatchEvent(new Event("change", {bubbles: true})), true`)
	w.until("one group", `document.querySelectorAll("[data-row]").length === 3`)
	if !eval[bool](w, "window.stayed === true") {
		t.Error("the page was loaded again")
	}
	w.open(r.demo + "/?per=5")
	first := eval[[]string](w, slugs)
	w.click(".pages [rel=next]")
	w.until("the second page", `location.search.includes("page=2")`)
	if second := eval[[]string](w, slugs); len(second) != 5 || slices.Contains(second, first[0]) {
		t.Errorf("page 1 is %q, page 2 %q", first, second)
	}
}

// boardPlain does the same with forms and links.
func (r *rig) boardPlain(t *testing.T) {
	r.settled(t)
	w := r.tab(t)
	w.scripts(false)
	w.open(r.demo + "/")
	w.do(chromedp.Focus(chromedp.CSS("#search")), chromedp.KeyEvent("geocoder"), chromedp.KeyEvent(kb.Enter))
	w.until("one row is found", slugs+`.join() === "geocoder"`)
	w.click("#filter .clear")
	w.until("all are back", slugs+`.length > 10`)
	w.click("#totals .degraded")
	w.until("only the degraded ones", onlyDegraded+` && location.search === "?state=degraded"`)
	w.click(".board thead .c-name a")
	w.until("sorted, and still filtered", onlyDegraded+` && location.search.includes("sort=name")`)
	w.open(r.demo + "/?per=5&by=group")
	w.click(".pages [rel=next]")
	w.until("the second page, in groups", `location.search.includes("page=2") && document.querySelector("tbody .group")`)
	w.click(`[data-row] .name a`)
	w.until("a server", `location.pathname.startsWith("/status/") && document.querySelector(".sentence")`)
	w.click(`.switch a[href*="7d"]`)
	w.until("the chart of a week", `document.querySelectorAll("[data-points] tbody tr").length === 84`)
	w.shot(r, "no-script/status")
}

func (r *rig) boardKeys(t *testing.T) {
	w := r.tab(t)
	w.open(r.demo + "/")
	w.press("/")
	w.until("the search has the focus", `document.activeElement.id === "search" && document.activeElement.value === ""`)
	w.press(kb.Escape)
	w.until("the search has lost it", `document.activeElement === document.body`)
	for i, key := range []string{"j", "j", "k", "j"} {
		w.press(key)
		w.until("the mark moves with "+key, `[...document.querySelectorAll("[data-row]")].findIndex((e) => e.classList.contains("here")) === `+quote([]int{0, 1, 0, 1}[i]))
	}
	seen := eval[string](w, `getComputedStyle(document.activeElement).outlineStyle + " " + document.activeElement.matches(":focus-visible")`)
	if seen != "solid true" {
		t.Errorf("the focus looks %s", seen)
	}
	w.shot(r, "keys/mark")
	slug := eval[[]string](w, slugs)[1]
	w.press(kb.Enter)
	w.until("Enter opens the row", "location.pathname === "+quote("/status/"+slug))
	w.settle()
	w.press("?")
	w.until("the keys are shown", `document.querySelector("#help").open`)
	w.shot(r, "keys/help")
	r.accessible(w, "the list of keys")
	w.press(kb.Escape)
	w.press("k", chromedp.ModifierCtrl)
	w.until("the palette", `document.querySelector("#palette").open && document.querySelector("#palette li")`)
	w.do(chromedp.KeyEvent("billing"))
	w.until("it searches", `document.querySelector("#palette li[aria-selected=true]").textContent.startsWith("Billing")`)
	w.shot(r, "keys/palette")
	r.accessible(w, "the palette")
	w.press(kb.Enter)
	w.until("it jumps", `location.pathname === "/status/billing"`)
	w.settle()
	tabbing(w)
}

// tabbing walks through a page with the Tab key: wherever the focus is, it can be
// seen.
func tabbing(w *tab) {
	w.t.Helper()
	for range 25 {
		w.press(kb.Tab)
		got := eval[string](w, `(() => { const e = document.activeElement, s = getComputedStyle(e), b = e.getBoundingClientRect();
			return e === document.body || s.outlineStyle !== "none" || e.matches("svg a:focus-visible") && b.width > 0 ? "" : e.outerHTML.slice(0, 200) })()`)
		if got != "" {
			w.t.Errorf("the focus cannot be seen on %s", got)
		}
	}
}

// boardTips points at a day of trouble: the tip says how long and why.
func (r *rig) boardTips(t *testing.T) {
	w := r.tab(t)
	w.open(r.demo + "/")
	if n := w.count("[data-days] svg.bars"); n != w.count("[data-row]") {
		t.Errorf("%d rows have bars", n)
	}
	at := eval[struct{ X, Y float64 }](w, `(() => { const c = document.querySelector('[data-row="crm"] [data-days]'), b = c.querySelector("svg").getBoundingClientRect();
		const day = c.dataset.days.split(";").slice(1).map((s) => s.split(",")).find((s) => +s[1] > 0);
		return {x: b.left + (+day[0] + 0.5) * b.width / 90, y: b.top + b.height / 2} })()`)
	w.do(chromedp.MouseEvent("mouseMoved", at.X, at.Y))
	w.until("the tip says why", `(() => { const t = document.querySelector(".tip"); return !t.hidden && /38 min down.*: its answers are not valid JSON/.test(t.textContent) })()`)
	w.shot(r, "board/tip")
}
