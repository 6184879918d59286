package browser_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/alivemcp/alivemcp/e2e/loopback"
	"github.com/alivemcp/alivemcp/e2e/receive"
)

// alarmWorld is a monitor of one server, with sinks in every state.
type alarmWorld struct {
	*rig
	base  string
	quick *lab
	team  *receive.Webhook // takes everything
	bot   *receive.Webhook // refuses everything, until it is told otherwise
	phone *receive.Webhook // nobody has verified it
	box   *receive.Mailbox
}

func (r *rig) newAlarmWorld(t *testing.T) *alarmWorld {
	t.Helper()
	a := &alarmWorld{
		rig: r, quick: newLab(t, "Looks around."), box: receive.NewMailbox(t),
		team: receive.NewWebhook(t), bot: receive.NewWebhook(t), phone: receive.NewWebhook(t),
	}
	gone, rests := receive.NewWebhook(t), receive.NewWebhook(t)
	a.bot.Answer(http.StatusBadRequest)
	gone.Answer(http.StatusGone)
	rests.Answer(http.StatusServiceUnavailable)
	addr := loopback.FreeAddr(t)
	a.base = "http://" + addr
	r.serveAt(t, addr, config(t, `  - {slug: quick, name: Quick, url: %q, runbook_url: "https://runbooks.example.com/quick"}
base_url: %s
smtp: {host: 127.0.0.1, port: %d, tls: none, from: status@example.com}
subscriptions: {enabled: true, email: true, webhook: true}
sinks:
  - {name: team, type: webhook, url: %q, secret: %s, verified: operator}
  - {name: inbox, type: email, to: ann@example.com, severity: P2, verified: operator}
  - {name: bot, type: webhook, url: %[6]q, secret: %[5]s, verified: operator}
  - {name: gone, type: webhook, url: %[7]q, secret: %[5]s, verified: operator}
  - {name: rests, type: webhook, url: %[8]q, secret: %[5]s, verified: operator}
  - {name: phone, type: ntfy, topic: phone, url: %[9]q, severity: P1}
`, a.quick.URL, a.base, a.box.Port, a.team.URL, receive.HookKey, a.bot.URL, gone.URL, rests.URL, a.phone.URL)...)
	awaitFor(t, cycle, "the first verdict", func() bool { return stateOf(t, a.base, "quick") == "live" })
	return a
}

// alarms does what operators and readers do about alerts: on real deliveries to
// receivers that work, refuse, are gone and are out of order.
func (r *rig) alarms(t *testing.T) {
	t.Parallel()
	a := r.newAlarmWorld(t)
	w := r.tab(t)
	w.expect("400", "404", "409", "502") // of acts that are refused
	w.signInWith(a.base, "secret")
	a.empty(w)
	a.verifies(w)
	a.reads(t)

	a.quick.set(true)
	awaitFor(t, cycle, "the team is told", func() bool { return len(a.triggered()) > 0 })
	key := a.triggered()[0].Data.Key
	a.tests(w)
	a.replaysDead(t, w)
	a.silences(t, w, key)
	a.acknowledges(t, w, key)
	a.looks(w, key)
}

// triggered are the outages that the team was told of.
func (a *alarmWorld) triggered() (out []receive.Event) {
	for _, e := range a.team.Events() {
		if e.Type == "alert.triggered" {
			out = append(out, e)
		}
	}
	return out
}

// seen looks at what stands there, in all dresses and on a phone: for pages that
// no address leads to.
func (a *alarmWorld) seen(w *tab, name string) {
	w.t.Helper()
	for _, width := range []int64{1280, 360} {
		w.size(width)
		for _, dress := range []string{"dark", "light"} {
			w.dress(dress)
			w.settle()
			a.accessible(w, fmt.Sprintf("%s, %s, %d", name, dress, width))
			w.shot(a.rig, fmt.Sprintf("%s/%s-%d", name, dress, width))
		}
		w.steady()
	}
	w.size(1280)
}

// whole opens a page in every width and dress.
func (a *alarmWorld) whole(w *tab, c pageCase) {
	w.t.Helper()
	for _, width := range []int64{1280, 768, 360} {
		a.lookAt(w, a.base, c, width)
	}
	w.size(1280)
	w.dress("light")
}

// empty looks at the pages before anything was sent.
func (a *alarmWorld) empty(w *tab) {
	w.t.Helper()
	a.whole(w, pageCase{name: "deliveries-none", path: "/operator/deliveries", words: has("Nothing was sent yet")})
	a.whole(w, pageCase{name: "silences-none", path: "/operator/silences", words: has("Nothing is silenced")})
}

// verifies has the phone prove that it is wanted, with the code that it got.
func (a *alarmWorld) verifies(w *tab) {
	w.t.Helper()
	w.open(a.base + "/operator/sinks")
	w.until("the phone is not verified", `document.querySelector("#sink-phone").innerText.includes("Not verified")`)
	w.click(`#sink-phone form[action$="/challenge"] button`)
	w.until("a code can be entered", `document.querySelector("#sink-phone [name=code]") && `+has("was sent to phone"))
	a.seen(w, "sinks-code")
	w.fill("#sink-phone [name=code]", "AAAA-AAAA")
	w.click("#sink-phone .code button")
	w.until("a wrong code is told", `document.querySelector("[role=alert]").innerText.includes("phone:")`)
	w.shot(a.rig, "sinks-code/wrong")
	events := a.phone.Events()
	code := regexp.MustCompile(`\b[0-9A-Z]{4}-[0-9A-Z]{4}\b`).FindString(events[len(events)-1].Body)
	if code == "" {
		w.t.Fatalf("no code in %s", events[len(events)-1].Body)
	}
	w.fill("#sink-phone [name=code]", code)
	w.click("#sink-phone .code button")
	w.until("the phone is verified", has("phone is verified")+` && /Ready|Working/.test(document.querySelector("#sink-phone").innerText)`)
}

// reads subscribes a reader by mail, and ends that again.
func (a *alarmWorld) reads(t *testing.T) {
	t.Helper()
	w := a.tab(t)
	w.expect("400", "404")
	for name, path := range map[string]string{"subscribe": "/subscribe", "subscribe-server": "/subscribe?server=quick", "subscribe-webhook": "/subscribe?kind=webhook"} {
		a.whole(w, pageCase{name: name, path: path, words: `document.querySelector("form.say #address")`})
	}
	w.open(a.base + "/subscribe?server=quick")
	w.fill("#address", "bob@refused")
	w.click("form.say button")
	w.until("a wrong address is told", `document.querySelector("[role=alert]").innerText.includes("e-mail address")`)
	a.seen(w, "subscribe-wrong")
	w.fill("#address", "bob@example.org")
	w.click("form.say button")
	w.until("a mail is on its way", has("Look into your mailbox"))
	a.seen(w, "subscribe-sent")
	await(t, "the mail is there", func() bool { return len(a.box.To("bob@example.org")) == 1 })
	w.open(link(t, a.box.To("bob@example.org")[0].Text, a.base+"/subscribe/confirm/"))
	w.until("it wants a click", has("Confirm your subscription")+" && "+has("Quick"))
	a.seen(w, "subscribe-confirm")
	w.click(".message button")
	w.until("subscribed", has("You are subscribed"))
	a.seen(w, "subscribe-done")
	w.open(a.base + "/subscribe/confirm/nonsense")
	w.until("a link that is none", `document.querySelector(".message, .lost")`)
	a.seen(w, "subscribe-bad-link")
}

// link is the first address in a text that begins like this.
func link(t *testing.T, text, prefix string) string {
	t.Helper()
	found := regexp.MustCompile(regexp.QuoteMeta(prefix) + `[^\s<>"]+`).FindString(text)
	if found == "" {
		t.Fatalf("no address like %s in:\n%s", prefix, text)
	}
	return found
}

// tests sends a test to a sink that works, and to one that does not.
func (a *alarmWorld) tests(w *tab) {
	w.t.Helper()
	w.open(a.base + "/operator/sinks")
	w.click(`#sink-team form[action$="/test"] button`)
	w.until("the test was taken", has("The test was taken by team"))
	w.click(`#sink-rests form[action$="/test"] button`)
	w.until("the failure is told", `document.querySelector("[role=alert]").innerText.includes("503")`)
	w.shot(a.rig, "sinks/test-failed")
}

// replaysDead sends what was given up once more, after its sink was mended.
func (a *alarmWorld) replaysDead(t *testing.T, w *tab) {
	t.Helper()
	dead := pageCase{name: "deliveries-dead", path: "/operator/deliveries?sink=bot&state=dead", words: has("Given up") + ` && document.querySelector(".ledger .do button")`}
	awaitFor(t, cycle, "the bot's delivery is given up", func() bool {
		w.open(a.base + dead.path)
		return eval[bool](w, "!!("+dead.words+")")
	})
	a.whole(w, dead)
	w.open(a.base + dead.path)
	w.click(".ledger th a")
	w.until("the delivery", `document.querySelector("#h-said")`)
	a.seen(w, "delivery-dead")
	a.bot.Answer(http.StatusOK)
	before := len(a.bot.Events())
	w.open(a.base + dead.path)
	w.click(".ledger .do button")
	w.until("it is to be sent again", has("It is sent once more"))
	awaitFor(t, cycle, "the bot got it", func() bool { return len(a.bot.Events()) > before })
	at, _, _ := strings.Cut(w.location(), "?")
	awaitFor(t, cycle, "the page says so", func() bool {
		w.open(at)
		return strings.Contains(w.text(".head .sentence"), "Sent")
	})
	a.seen(w, "delivery-sent")
}

// silences keeps the incident quiet from its page, and ends that.
func (a *alarmWorld) silences(t *testing.T, w *tab, key string) {
	t.Helper()
	w.open(a.base + "/status/quick/incidents/" + key)
	w.until("it is told who was told", `document.querySelector("#told").innerText.includes("team")`)
	w.click(`#told form[action$="/silence"] button`)
	w.until("it is silenced", `document.querySelector("#told .quiet").innerText.includes("Silenced until")`)
	w.open(a.base + "/operator/silences")
	w.until("it is in the list", has("Quick is down"))
	w.fill("#servers", "quick")
	w.fill("#note", "moving to new hardware")
	w.click("form.say button.main")
	w.until("there are two", `document.querySelectorAll(".silences .sink").length === 2 && `+has("moving to new hardware"))
	a.whole(w, pageCase{name: "silences", path: "/operator/silences", words: has("moving to new hardware")})
	for left := 1; left >= 0; left-- {
		w.click(".silences form button")
		w.until("one is over", "document.querySelectorAll('.silences .sink').length === "+quote(left))
	}
}

// acknowledges follows the link of the mail, without signing in.
func (a *alarmWorld) acknowledges(t *testing.T, w *tab, key string) {
	t.Helper()
	guest := a.tab(t)
	awaitFor(t, cycle, "the mail is there", func() bool { return len(a.box.To("ann@example.com")) > 0 })
	var text string
	for _, m := range a.box.To("ann@example.com") {
		if strings.Contains(m.Subject, "Quick is down") {
			text = m.Text
		}
	}
	at := link(t, text, a.base+"/a/")
	a.whole(guest, pageCase{name: "link", path: strings.TrimPrefix(at, a.base), words: has("Acknowledge")})
	guest.click(`button[value="ack"]`)
	guest.until("it is acknowledged", has("Acknowledged"))
	a.seen(guest, "link-acknowledged")
	w.open(a.base + "/status/quick/incidents/" + key)
	w.until("the incident says so", `document.querySelector("#told").innerText.includes("Acknowledged by")`)
}

// looks looks at the pages that are full now.
func (a *alarmWorld) looks(w *tab, key string) {
	w.t.Helper()
	for _, c := range []pageCase{
		{name: "sinks", path: "/operator/sinks", words: has("Resting until") + " && " + has("Working")},
		{name: "deliveries", path: "/operator/deliveries", words: `document.querySelectorAll(".ledger tbody tr").length >= 5`},
		{name: "deliveries-filtered", path: "/operator/deliveries?sink=team&incident=" + key, words: has("Quick is down")},
		{name: "deliveries-none-like-this", path: "/operator/deliveries?sink=phone&state=dead", words: has("None like this")},
		{name: "alert", path: "/operator/alerts/" + key, words: has("Who was told")},
		{name: "incident-told", path: "/status/quick/incidents/" + key, words: has("Who was told")},
	} {
		a.whole(w, c)
	}
	w.open(a.base + "/status/quick/incidents/" + key)
	for w.count("#told details:not([open])") > 0 {
		w.click("#told details:not([open]) > summary")
	}
	a.seen(w, "incident-told-open")
}
