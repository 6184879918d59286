package browser_test

import (
	"fmt"
	"testing"
)

// pageCase is a page of the demonstration and what must be on it.
type pageCase struct {
	name, path string
	signedIn   bool
	words      string // a condition, in JavaScript, that tells that it is this page
	mute       string // a complaint of the browser that belongs to the page
}

// has is the condition that a text stands in the page's own part.
func has(text string) string {
	return fmt.Sprintf("document.querySelector('main').innerText.includes(%q)", text)
}

// pageCases are all kinds of pages, and all states of a server.
func (r *rig) pageCases(t *testing.T) []pageCase {
	t.Helper()
	var incidents struct {
		Incidents []struct{ ID, Server string }
	}
	getJSON(t, r.demo+"/api/v1/incidents?limit=50", &incidents)
	var drifts struct {
		Drifts []struct{ ID, Server, Class string }
	}
	getJSON(t, r.demo+"/api/v1/drifts", &drifts)
	cases := []pageCase{
		{name: "board", path: "/", words: has("Payments sandbox")},
		{name: "board-filtered", path: "/?state=degraded&state=down&sort=name", words: has("Geocoder")},
		{name: "board-groups", path: "/?by=group", words: has("Public data")},
		{name: "board-paged", path: "/?per=5&page=2", words: has("Previous")},
		{name: "board-empty", path: "/?q=nothing+has+this+name", words: has("No server matches")},
		{name: "status-healthy", path: "/status/weather", words: has("Operational")},
		{name: "status-down", path: "/status/inventory", words: has("The failing step")},
		{name: "status-walled", path: "/status/billing", words: has("Sign-in")},
		{name: "status-drifted", path: "/status/product-search", words: has("breaking")},
		{name: "status-degraded", path: "/status/geocoder", words: has("Degraded")},
		{name: "status-unknown", path: "/status/translate", words: has("Unknown")},
		{name: "status-maintenance", path: "/status/payments", words: has("Upgrade of the payment sandbox")},
		{name: "status-restarting", path: "/status/tickets?window=90d", words: has("Ticket desk")},
		{name: "status-young", path: "/status/images?window=7d", words: has("Image tools")},
		{name: "incidents", path: "/status/tickets/incidents", words: has("Incidents")},
		{name: "studio", path: "/status/weather/badge", words: has("Badge studio")},
		{name: "operator", path: "/operator", words: has("Token")},
		{name: "operator-in", path: "/operator", words: has("signed in"), signedIn: true},
		{name: "demo-sinks", path: "/operator/sinks", signedIn: true, words: has("status-bot")},
		{name: "demo-deliveries", path: "/operator/deliveries", signedIn: true, words: has("Inventory is down")},
		{name: "demo-silences", path: "/operator/silences", signedIn: true, words: has("raises our limit")},
		{name: "check", path: "/check", words: has("Test a server"), signedIn: true},
		{name: "status-operator", path: "/status/inventory", words: has("Probe from"), signedIn: true},
		{name: "missing", path: "/status/nobody", words: has("nothing at this address"), mute: "404"},
	}
	seen := map[string]bool{}
	for _, in := range incidents.Incidents {
		if name := "incident-" + in.Server; !seen[name] && (in.Server == "inventory" || in.Server == "tickets") {
			seen[name] = true
			cases = append(cases, pageCase{name: name, path: "/status/" + in.Server + "/incidents/" + in.ID, words: has("Timeline")})
		}
	}
	for _, d := range drifts.Drifts {
		if name := "drift-" + d.Class; !seen[name] {
			seen[name] = true
			cases = append(cases, pageCase{name: name, path: "/status/" + d.Server + "/drifts/" + d.ID, words: has("What breaks")})
		}
	}
	if len(seen) < 4 {
		t.Fatalf("only %v of the demonstration's incidents and drifts are there", seen)
	}
	return cases
}

// pages opens every page in every width, and looks at it in every dress.
func (r *rig) pages(t *testing.T) {
	t.Parallel()
	for _, c := range r.pageCases(t) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := r.tab(t)
			if c.mute != "" {
				w.expect(c.mute)
			}
			if c.signedIn {
				w.signIn(r.demo)
			}
			for _, width := range []int64{1280, 768, 360} {
				r.lookAt(w, r.demo, c, width)
			}
		})
	}
}

// lookAt looks at a page. News may change what is on it meanwhile: a server of the
// demonstration changes its tools after two minutes, another restarts. Only what
// moves each time moves by itself.
func (r *rig) lookAt(w *tab, base string, c pageCase, width int64) {
	w.t.Helper()
	for try := range 3 {
		r.dressed(w, base, c, width)
		if try == 2 || w.moved() < stillness {
			break
		}
	}
	w.steady()
}

// dressed opens a page once, and changes its dress.
func (r *rig) dressed(w *tab, base string, c pageCase, width int64) {
	w.t.Helper()
	w.size(width)
	w.dress("light")
	w.open(base + c.path)
	w.until("it is the page "+c.name, c.words)
	for _, dress := range dresses() {
		w.dress(dress)
		if width == 1280 && dress != "contrast" || width == 360 && dress == "light" {
			r.accessible(w, fmt.Sprintf("%s, %s, %d", c.name, dress, width))
		}
		if width != 768 || dress == "light" { // between phone and desk only the layout is its own
			w.shot(r, fmt.Sprintf("%s/%s-%d", c.name, dress, width))
		}
	}
}

// accessible fails the test for whatever axe-core finds.
func (r *rig) accessible(w *tab, what string) {
	w.t.Helper()
	if !eval[bool](w, "!!window.axe") {
		eval[bool](w, r.axe+"; true")
	}
	found := eval[[]struct {
		ID, Help, Impact string
		Nodes            []struct {
			HTML           string
			FailureSummary string
		}
	}](w, `axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"], resultTypes: ["violations"]})
		.then((r) => r.violations.map((v) => ({ID: v.id, Help: v.help, Impact: v.impact, Nodes: v.nodes.slice(0, 3).map((n) => ({HTML: n.html, FailureSummary: n.failureSummary}))})))`)
	for _, f := range found {
		for _, n := range f.Nodes {
			w.t.Errorf("%s: %s (%s): %.300s\n%s", what, f.ID, f.Help, n.HTML, n.FailureSummary)
		}
	}
}

// signIn signs the demonstration's operator in.
func (w *tab) signIn(base string) {
	w.t.Helper()
	w.signInWith(base, "demo")
}

func (w *tab) signInWith(base, token string) {
	w.t.Helper()
	w.open(base + "/operator")
	w.fill("#name", "Ada")
	w.fill("#token", token)
	w.click(".say button")
	w.until("signed in", "location.pathname === '/' || "+has("You are signed in"))
}
