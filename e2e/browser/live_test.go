package browser_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/chromedp"

	"github.com/alivemcp/alivemcp/e2e/loopback"
)

// cycle is how long news may take: a cycle of five seconds, the attempts in it,
// and two good verdicts that close an incident, on a busy machine.
const cycle = 2 * time.Minute

// live follows a server that falls and rises, on pages that nobody reloads.
func (r *rig) live(t *testing.T) {
	t.Parallel()
	quick := newLab(t, "Looks around.")
	addr := loopback.FreeAddr(t)
	args := config(t, "  - {slug: quick, name: Quick, url: %q}\n", quick.URL)
	m := r.serveAt(t, addr, args...)
	base := "http://" + addr
	awaitFor(t, cycle, "the first verdict", func() bool { return stateOf(t, base, "quick") == "live" })
	board, page := r.tab(t), r.tab(t)
	for _, w := range []*tab{board, page} {
		w.expect("ERR_", "Failed to load resource", "503")
		w.dress("light")
	}
	board.open(base + "/")
	page.open(base + "/status/quick")
	for _, w := range []*tab{board, page} {
		eval[bool](w, "window.stayed = true")
	}
	board.until("the stream is told of", `document.querySelector("#stream").textContent === "updates by itself"`)

	still(board, page)

	quick.set(true)
	board.untilFor(cycle, "the row says down", `document.querySelector('[data-row="quick"]').dataset.state === "down"`)
	board.until("the sentence says down", `document.querySelector("#sentence").textContent.includes("is down")`)
	board.until("the totals say down", `document.querySelector('[data-total="down"]').textContent === "1"`)
	page.untilFor(cycle, "the page says down", `document.querySelector("#sentence").innerText.startsWith("Down")`)
	page.until("the incident is on the page", `document.querySelector("#incidents .card.open")`)
	board.shot(r, "live-board/down")
	page.shot(r, "live-status/down")

	quick.set(false)
	board.untilFor(cycle, "the row says live", `document.querySelector('[data-row="quick"]').dataset.state === "live"`)
	page.untilFor(cycle, "the page says operational", `document.querySelector("#sentence").innerText.startsWith("Operational")`)
	ages(board)
	for _, w := range []*tab{board, page} {
		if !eval[bool](w, "window.stayed === true") {
			t.Errorf("%s was loaded again", w.location())
		}
		// A new state brings sentences of its own; even so nothing may jump.
		if shift := eval[float64](w, "e2e.shift"); shift >= 0.1 {
			t.Errorf("%s moved by %.3f while the state changed twice", w.location(), shift)
		}
	}
	r.refused(board)
	r.broken(t, board, m, args)
}

// still checks that news that change no state move nothing. On a busy machine a
// verdict may be another one for a cycle, so it looks up to three times.
func still(board, page *tab) {
	for try := range 3 {
		for range 2 {
			board.untilFor(cycle, "the next verdict", verdict+" !== "+quote(verdictOf(board)))
		}
		if try == 2 || max(board.moved(), page.moved()) < stillness {
			break
		}
		for _, w := range []*tab{board, page} {
			eval[bool](w, "e2e.shift = 0, e2e.moved = [], true")
		}
	}
	board.steady()
	page.steady()
}

// verdict is when the newest verdict was, as the board says it.
const verdict = `document.querySelector("#as-of").dateTime`

func verdictOf(w *tab) string { return eval[string](w, verdict) }

// ages waits until a time ago grew older by itself.
func ages(w *tab) {
	w.t.Helper()
	const newest = `document.querySelector("#as-of")`
	before := eval[string](w, newest+".textContent")
	w.until("the age moves", newest+".textContent !== "+quote(before))
	if age := eval[string](w, newest+".textContent"); !strings.HasSuffix(age, " ago") {
		w.t.Errorf("the age is %q", age)
	}
}

// refused has the stream refused, as a busy monitor does: the page polls.
func (r *rig) refused(w *tab) {
	w.t.Helper()
	ctx, cancel := context.WithCancel(w.ctx)
	defer cancel()
	paused := chromedp.Events(ctx, fetch.RequestPaused)
	go func() {
		for ev, err := range paused {
			if err != nil {
				return
			}
			_, _ = chromedp.Call(ctx, fetch.FulfillRequest, fetch.FulfillRequestParams{RequestID: ev.RequestID, ResponseCode: 503})
		}
	}()
	call(w, fetch.Enable, fetch.EnableParams{Patterns: []*fetch.RequestPattern{{URLPattern: "*/events?*"}}})
	again := `document.dispatchEvent(new Event("visibilitychange")), true`
	eval[bool](w, again)
	w.until("the page polls", `document.querySelector("#stream").textContent === "asks every minute"`)
	call(w, fetch.Disable, cdp.Empty{})
	eval[bool](w, again)
	w.until("the stream is back", `document.querySelector("#stream").textContent === "updates by itself"`)
}

// broken stops the monitor and starts it again.
func (r *rig) broken(t *testing.T, w *tab, m *monitor, args []string) {
	t.Helper()
	addr := strings.TrimSuffix(strings.TrimPrefix(w.location(), "http://"), "/")
	m.stop()
	w.until("the page says that it may be old", `document.querySelector("#stream").textContent.includes("may be old")`)
	w.shot(r, "live-board/gone")
	r.serveAt(t, addr, args...)
	w.untilFor(cycle, "the page follows again", `document.querySelector("#stream").textContent === "updates by itself"`)
	if !eval[bool](w, "window.stayed === true") {
		t.Error("the page was loaded again")
	}
}

// stateOf is the state of a server, as the API says it.
func stateOf(t *testing.T, base, slug string) string {
	t.Helper()
	for _, s := range servers(t, base) {
		if s.Slug == slug {
			return s.State
		}
	}
	return ""
}
