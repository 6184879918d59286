package browser_test

import (
	"net/url"
	"os/exec"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// Texts of people who want to be where they should not.
const (
	hostileName = "<script>pwned=1</script><b>Bank</b>\u202egnp.exe"
	hostileText = `"><img src=x onerror="pwned=2">` + "\u2066\u200bhidden {{.Secret}} </textarea><svg onload=pwned=3>"
)

// hostile monitors a server whose every text is an attack, and one that nobody
// looked at yet.
func (r *rig) hostile(t *testing.T) {
	t.Parallel()
	bad := newLab(t, hostileText)
	base := r.serve(t, config(t, "  - {slug: bad, name: %s, description: %s, group: %s, url: %q}\n"+
		"  - {slug: young, name: Young, interval: 24h, url: %q}\n",
		quote(hostileName), quote(hostileText), quote("javascript:pwned=4//\u202e<i>"), bad.URL, bad.URL+"/other")...)
	young := r.tab(t)
	r.fresh(young, base)
	awaitFor(t, cycle, "the first verdict", func() bool { return stateOf(t, base, "bad") == "live" })
	bad.describe(hostileText + " and more")
	w := r.tab(t)
	w.expect("404")
	w.must(listenDialogs(w))
	awaitFor(t, cycle, "the drift", func() bool { d := driftOf(t, base); return d != "" })
	for name, path := range map[string]string{
		"board": "/", "groups": "/?by=group", "search": "/?q=" + url.QueryEscape(hostileText), "status": "/status/bad",
		"drift": "/status/bad/drifts/" + driftOf(t, base), "studio": "/status/bad/badge", "missing": "/status/" + url.PathEscape(hostileName),
	} {
		for _, width := range []int64{1280, 360} {
			w.size(width)
			w.open(base + path)
			w.inert(name)
			w.steady()
			r.accessible(w, "hostile "+name)
			w.shot(r, "hostile/"+name+"-"+quote(width))
		}
	}
	w.open(base + "/")
	w.press("k", chromedp.ModifierCtrl)
	w.until("the palette", `document.querySelector("#palette li")`)
	w.inert("the palette")
	w.until("what the name hides is visible", `document.querySelector("#palette li").textContent.includes("⟨U+202E⟩") || `+has("⟨U+202E⟩"))
	r.badSlug(t)
}

// fresh looks at a server before its first check.
func (r *rig) fresh(w *tab, base string) {
	w.t.Helper()
	if stateOf(w.t, base, "young") != "unknown" {
		return // it was quicker
	}
	r.lookAt(w, base, pageCase{name: "status-new", path: "/status/young", words: has("Young")}, 1280)
	r.lookAt(w, base, pageCase{name: "status-new", path: "/status/young", words: has("Young")}, 360)
}

func driftOf(t *testing.T, base string) string {
	t.Helper()
	var list struct{ Drifts []struct{ ID string } }
	getJSON(t, base+"/api/v1/drifts", &list)
	if len(list.Drifts) == 0 {
		return ""
	}
	return list.Drifts[0].ID
}

// listenDialogs makes a dialog that a page opens a complaint.
func listenDialogs(w *tab) error {
	return listen(w, func(ev any) {
		if d, ok := ev.(*page.EventJavascriptDialogOpening); ok {
			w.complain("a dialog: " + d.Message)
		}
	})
}

// inert fails the test when a script of somebody else ran, or when one of their
// elements or of their invisible letters is on the page.
func (w *tab) inert(name string) {
	w.t.Helper()
	if eval[bool](w, `"pwned" in window`) {
		w.t.Errorf("%s: a script ran", name)
	}
	if found := eval[[]string](w, `[...document.querySelectorAll("img[src=x], svg[onload], main b > i, [href^='javascript:'], script:not([src])")].map((e) => e.outerHTML)`); len(found) > 0 {
		w.t.Errorf("%s: these came from outside: %q", name, found)
	}
	text := eval[string](w, "document.body.innerText")
	if strings.ContainsAny(text, "\u202e\u2066\u200b") {
		w.t.Errorf("%s shows letters that nobody can see", name)
	}
}

// badSlug checks that a slug cannot be an attack in the first place.
func (r *rig) badSlug(t *testing.T) {
	t.Helper()
	args := config(t, "  - {slug: %s, url: http://127.0.0.1:1/mcp}\n", quote(`a"><script>`))
	out, err := exec.CommandContext(t.Context(), r.alivemcp, "config", "check", args[1]).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "slug") {
		t.Errorf("a hostile slug: %v\n%s", err, out)
	}
}
