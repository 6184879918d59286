package browser_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// watcher runs in every page before its own scripts. It adds up how far things
// moved without a reason, and notes what the content policy refused.
const watcher = `window.e2e = {shift: 0, moved: [], refused: []};
new PerformanceObserver((list) => { for (const e of list.getEntries()) if (!e.hadRecentInput) {
	e2e.shift += e.value;
	for (const s of e.sources) e2e.moved.push((s.node?.parentElement?.className || s.node?.parentElement?.tagName) + ">" + (s.node?.id || s.node?.className || s.node?.nodeName) + " " + e.value.toFixed(4));
} }).observe({type: "layout-shift", buffered: true});
addEventListener("securitypolicyviolation", (e) => e2e.refused.push(e.violatedDirective + " " + e.blockedURI + " " + e.sourceFile));`

// tab is a window of the browser with cookies of its own. What its pages
// complain about fails the test at its end.
type tab struct {
	t   *testing.T
	ctx context.Context //nolint:containedctx // what chromedp knows a window by

	plain bool // its pages run no script

	mu     sync.Mutex
	wrongs []string
	mute   []string // what may be complained about
}

// tab opens a window.
func (r *rig) tab(t *testing.T) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(r.browser, chromedp.WithNewBrowserContext(), chromedp.WithNewWindow(true))
	w := &tab{t: t, ctx: ctx}
	t.Cleanup(func() {
		w.calm()
		cancel()
	})
	w.must(chromedp.Listen(ctx, w.hear))
	call(w, log.Enable, cdp.Empty{})
	call(w, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: watcher})
	call(w, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
	w.size(1280)
	return w
}

// hear keeps what the page complains about.
func (w *tab) hear(ev any) {
	var wrong string
	switch ev := ev.(type) {
	case *runtime.EventExceptionThrown:
		wrong = ev.ExceptionDetails.Text
		if e := ev.ExceptionDetails.Exception; e != nil {
			wrong += " " + e.Description
		}
	case *runtime.EventConsoleAPICalled:
		if ev.Type == runtime.ConsoleAPICalledTypeError || ev.Type == runtime.ConsoleAPICalledTypeWarning {
			wrong = "console:"
			for _, a := range ev.Args {
				wrong += " " + string(a.Value) + a.Description
			}
		}
	case *log.EventEntryAdded:
		if ev.Entry.Level == log.EntryLevelError || ev.Entry.Level == log.EntryLevelWarning {
			wrong = ev.Entry.Text + " " + ev.Entry.URL
		}
	}
	if wrong != "" {
		w.complain(wrong)
	}
}

func (w *tab) complain(wrong string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.wrongs = append(w.wrongs, wrong)
}

// listen hands over the events of the tab while it is open.
func listen(w *tab, fn func(ev any)) error { return chromedp.Listen(w.ctx, fn) }

// calm fails the test if the pages complained, and forgets it.
func (w *tab) calm() {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, wrong := range w.wrongs {
		muted := false
		for _, m := range w.mute {
			muted = muted || strings.Contains(wrong, m)
		}
		if !muted {
			w.t.Errorf("the page complains: %s", wrong)
		}
	}
	w.wrongs = nil
}

// expect says which complaints are part of the test.
func (w *tab) expect(parts ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.mute = append(w.mute, parts...)
}

func (w *tab) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, 2*patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		w.t.Fatalf("%v at %s", err, w.location())
	}
}

// open goes to an address and waits until the page has drawn itself.
func (w *tab) open(url string) {
	w.t.Helper()
	w.do(chromedp.Navigate(url))
	w.settle()
}

// settle waits for fonts and two frames: what moves by itself has moved then.
func (w *tab) settle() {
	w.t.Helper()
	if w.plain {
		return // nothing moves by itself, and no frame would be told
	}
	eval[bool](w, `document.fonts.ready.then(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => done(true), 50)))))`)
}

// location is the address of the page, or why it is not known.
func (w *tab) location() string {
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	at, err := chromedp.Run(ctx, chromedp.Location())
	if err != nil {
		return err.Error()
	}
	return at
}

// size sets the width of the window; below 600 it is a phone with a finger.
func (w *tab) size(width int64) {
	w.t.Helper()
	phone := width < 600
	one := 1.0
	call(w, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: 900, DeviceScaleFactor: one, Mobile: phone})
	call(w, emulation.SetTouchEmulationEnabled, emulation.SetTouchEmulationEnabledParams{Enabled: phone})
}

// dresses are the ways in which the system can want pages to look.
func dresses() []string { return []string{"light", "dark", "contrast"} }

// dress has the system want light, dark, or forced colours with high contrast.
func (w *tab) dress(name string) {
	w.t.Helper()
	scheme, contrast, forced := name, "no-preference", "none"
	if name == "contrast" {
		scheme, contrast, forced = "dark", "more", "active"
	}
	call(w, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: scheme},
		{Name: "prefers-contrast", Value: contrast},
		{Name: "forced-colors", Value: forced},
		{Name: "prefers-reduced-motion", Value: "reduce"},
	}})
}

// shot keeps a picture of the whole page, or of the window with a dialog.
func (w *tab) shot(r *rig, name string) {
	w.t.Helper()
	quick, whole := true, !eval[bool](w, `!!document.querySelector("dialog[open]")`) // a dialog darkens the window only
	got := call(w, page.CaptureScreenshot, page.CaptureScreenshotParams{CaptureBeyondViewport: &whole, OptimizeForSpeed: &quick})
	w.keep(r, name+".png", got.Data)
}

// keep writes a file for people to look at.
func (w *tab) keep(r *rig, name string, content []byte) {
	w.t.Helper()
	path := filepath.Join(r.shots, name)
	w.must(os.MkdirAll(filepath.Dir(path), 0o755))
	w.must(os.WriteFile(path, content, 0o644))
}

// stillness is how much layout shift nobody sees.
const stillness = 0.02

// moved is how far things moved by themselves since the page was opened.
func (w *tab) moved() float64 {
	w.t.Helper()
	return eval[float64](w, "e2e.shift")
}

// steady fails the test when the page is wider than the window, when something
// moved by itself, or when the content policy refused something.
func (w *tab) steady() {
	w.t.Helper()
	got := eval[struct {
		Shift          float64
		Moved, Refused []string
		Wide, Window   int
		Widest         string
	}](w, `(() => { const all = [...document.body.querySelectorAll("*")].filter((e) => e.getBoundingClientRect().right > innerWidth + 1);
		return {...e2e, wide: document.documentElement.scrollWidth, window: document.documentElement.clientWidth,
			widest: all.map((e) => e.tagName + "." + (e.getAttribute("class") ?? "")).slice(0, 8).join(" ")} })()`)
	if got.Shift >= stillness {
		w.t.Errorf("%s moves by itself: %.4f, %s", w.location(), got.Shift, strings.Join(got.Moved, ", "))
	}
	if len(got.Refused) > 0 {
		w.t.Errorf("%s breaks its content policy: %q", w.location(), got.Refused)
	}
	if got.Wide > got.Window {
		w.t.Errorf("%s is %d wide in a window of %d: %s", w.location(), got.Wide, got.Window, got.Widest)
	}
}

// press types keys, such as "j" or kb.Enter, as a keyboard does: a key that the
// page has taken types no letter.
func (w *tab) press(keys string, mods ...chromedp.Modifier) {
	w.t.Helper()
	for _, r := range keys {
		k := kb.Keys[r]
		p := input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeRawKeyDown, Key: k.Key, Code: k.Code, WindowsVirtualKeyCode: k.Windows}
		for _, m := range mods {
			p.Modifiers |= int64(m)
		}
		if k.Print && len(mods) == 0 {
			p.Type, p.Text, p.UnmodifiedText = input.DispatchKeyEventTypeKeyDown, k.Text, k.Unmodified
		}
		call(w, input.DispatchKeyEvent, p)
		p.Type, p.Text, p.UnmodifiedText = input.DispatchKeyEventTypeKeyUp, "", ""
		call(w, input.DispatchKeyEvent, p)
	}
}

// until waits for a condition of the page, which may be another page meanwhile.
func (w *tab) until(what, js string) {
	w.t.Helper()
	w.untilFor(patience, what, js)
}

func (w *tab) untilFor(long time.Duration, what, js string) {
	w.t.Helper()
	look := time.NewTicker(50 * time.Millisecond)
	defer look.Stop()
	for end := time.Now().Add(long); ; <-look.C {
		ok, err := tryEval[bool](w, "!!("+js+")")
		if err == nil && ok {
			return
		}
		if time.Now().After(end) {
			w.t.Fatalf("not true after %s at %s: %s (%v)\n%s", long, w.location(), what, err, w.text("main"))
		}
	}
}

// text is the visible text of the first element that matches.
func (w *tab) text(selector string) string {
	w.t.Helper()
	text, err := tryEval[string](w, fmt.Sprintf("document.querySelector(%q)?.innerText ?? ''", selector))
	w.must(err)
	return text
}

// count is how many elements match.
func (w *tab) count(selector string) int {
	w.t.Helper()
	return eval[int](w, fmt.Sprintf("document.querySelectorAll(%q).length", selector))
}

// click clicks the first element that matches, as a finger would.
func (w *tab) click(selector string) {
	w.t.Helper()
	w.do(chromedp.ScrollIntoView(chromedp.CSS(selector)), chromedp.Click(chromedp.CSS(selector)))
}

// fill writes into a field as if typed.
func (w *tab) fill(selector, text string) {
	w.t.Helper()
	w.do(chromedp.Focus(chromedp.CSS(selector)))
	eval[bool](w, fmt.Sprintf("(document.querySelector(%q).select?.(), true)", selector))
	w.do(chromedp.KeyEvent(kb.Delete), chromedp.KeyEvent(text))
}

// scripts switches JavaScript off and on.
func (w *tab) scripts(on bool) {
	w.t.Helper()
	w.plain = !on
	call(w, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !on})
}

// eval is the value of an expression, or of its promise.
func eval[T any](w *tab, js string) T {
	w.t.Helper()
	v, err := tryEval[T](w, js)
	if err != nil {
		w.t.Fatalf("%v at %s, of %.200s", err, w.location(), js)
	}
	return v
}

func tryEval[T any](w *tab, js string) (T, error) {
	ctx, cancel := context.WithTimeout(w.ctx, 2*patience)
	defer cancel()
	return chromedp.Run(ctx, chromedp.Evaluate[T](js, chromedp.EvalAwaitPromise))
}

// call runs a command of the protocol.
func call[P, R any](w *tab, cmd cdp.Command[P, R], params P) R {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	got, err := chromedp.Call(ctx, cmd, params)
	w.must(err)
	return got
}

// quote writes a value as JavaScript does.
func quote(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // texts and numbers only
	}
	return string(text)
}
