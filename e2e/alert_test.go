package e2e_test

import (
	"fmt"
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/e2e/receive"
)

const (
	// alertCycle is how often the server is looked at, and toldWithin when whoever
	// is to be told is told at the latest.
	alertCycle = 5 * time.Second
	toldWithin = alertCycle + 10*time.Second
	// slowly is how long may pass on a machine that is proven to be too busy.
	slowly = 90 * time.Second
	// publicSite is how the monitor is called by its readers: through a proxy that
	// speaks TLS.
	publicSite = "https://status.example.com"

	owner  = "ann@example.com"
	reader = "bob@example.org"
)

// alarmed is a monitor of one server, and all those who hear from it.
type alarmed struct {
	*monitor
	t    *testing.T
	rig  *rig
	data string
	up   *running
	hook *receive.Webhook
	box  *receive.Mailbox
	// again gives the port back that the stopped server had.
	again func()
}

// TestAlert does as a new user would: a server of somebody else is stopped and
// started again, and everybody hears of it once.
func TestAlert(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	a := r.alarm(t, npmServers()[0])
	a.subscribe()

	key := a.stopped()
	a.quiet()
	a.explained(key)
	a.started(key)

	a.unsubscribe()
	a.stoppedAgain(key)
}

// alarm runs a server, and a monitor that tells a webhook and two mailboxes of it.
func (r *rig) alarm(t *testing.T, s server) *alarmed {
	t.Helper()
	a := &alarmed{t: t, rig: r, data: filepath.Join(t.TempDir(), "data"), hook: receive.NewWebhook(t), box: receive.NewMailbox(t), up: r.run(t, s)}
	a.monitor = r.monitor(t, fmt.Sprintf(`data: %q
base_url: %s
smtp: {host: 127.0.0.1, port: %d, tls: none, from: status@example.com}
sinks:
  - {name: team, type: webhook, url: %q, secret: %s, verified: operator}
  - {name: inbox, type: email, to: %s, verified: operator}
subscriptions: {enabled: true, email: true, patience: 2s}
defaults: {interval: %s}
servers:
  - {slug: everything, name: Everything, url: %q}
`, a.data, publicSite, a.box.Port, a.hook.URL, receive.HookKey, owner, alertCycle, a.up.url()))
	a.await(t, judged, "the server is live", func() bool { return a.server(t, "everything").State == "live" })
	return a
}

// subscribe subscribes a reader, who opens the link in the mail and presses the
// button.
func (a *alarmed) subscribe() {
	a.t.Helper()
	a.post("/subscribe", url.Values{"kind": {"email"}, "address": {reader}, "server": {"everything"}}, http.StatusOK)
	a.await(a.t, slowly, "the reader is asked", func() bool { return len(a.box.To(reader)) == 1 })
	link := a.link(a.box.To(reader)[0].Text, "/subscribe/confirm/")
	if page := a.page(a.t, link); !strings.Contains(page, "Yes, tell me") {
		a.t.Errorf("the page that confirms is\n%s", page)
	}
	a.post(link, nil, http.StatusOK)
}

// stopped stops the server and returns the key of what everybody is told then.
func (a *alarmed) stopped() string {
	a.t.Helper()
	before := time.Now()
	a.up.process.stop()
	a.again = keepPort(a.t, port(a.t, a.up))
	a.inTime(before, "webhook and owner are told that it is down", 1)
	e, l := a.hook.Events()[0], a.box.To(owner)[0]
	a.t.Logf("after the server was stopped, the webhook was told in %.1f s and the mail arrived in %.1f s", e.Arrived.Sub(before).Seconds(), l.Arrived.Sub(before).Seconds())
	a.signed(e)
	d := e.Data
	if e.Type != "alert.triggered" || d.Severity != "P1" || d.Cause != "connect_refused" || d.Server.Slug != "everything" || d.Resolved != nil || d.Summary == "" {
		a.t.Errorf("the webhook was told %+v", e)
	}
	if page := a.page(a.t, a.link(d.StatusPage, "/status/everything")); !strings.Contains(page, d.Key) {
		a.t.Error("the page that the notice leads to does not tell of the incident")
	}
	if !strings.Contains(l.Subject, "Everything is down") || !strings.Contains(l.Text, publicSite+"/status/everything") || !strings.Contains(l.HTML, "Everything") {
		a.t.Errorf("the owner got %q:\n%s", l.Subject, l.Text)
	}
	a.await(a.t, slowly, "the reader is told", func() bool { return len(a.box.To(reader)) == 2 })
	if l := a.box.To(reader)[1]; !strings.Contains(l.Subject, "Everything is down") || strings.Contains(l.Text, "/a/") {
		a.t.Errorf("the reader got %q:\n%s", l.Subject, l.Text)
	}
	return d.Key
}

// quiet lets some cycles pass in which nothing changes: nobody hears anything.
func (a *alarmed) quiet() {
	a.t.Helper()
	a.cycles(4)
	a.heard(1, 2)
}

// explained has the command line say why.
func (a *alarmed) explained(key string) {
	a.t.Helper()
	cmd := exec.CommandContext(a.t.Context(), a.rig.alivemcp, "alert", "--data", a.data, "explain", key)
	out, err := cmd.CombinedOutput()
	if err != nil {
		a.t.Fatalf("explaining %s: %v\n%s", key, err, out)
	}
	a.t.Logf("alivemcp alert explain %s:\n%s", key, out)
	for _, want := range []string{"and lasts", "It is P1", "team: Notice 1", "inbox: Notice 1", "sent at the first try", "Everything is down: the connection is refused"} {
		if !strings.Contains(string(out), want) {
			a.t.Errorf("the explanation does not say %q", want)
		}
	}
}

// started starts the server again: the same thread ends, once for each.
func (a *alarmed) started(key string) {
	a.t.Helper()
	a.again()
	before := time.Now()
	a.up = a.rig.runOn(a.t, a.up.server, port(a.t, a.up))
	a.await(a.t, slowly, "everybody is told that it works again", func() bool {
		return len(a.hook.Events()) == 2 && len(a.box.To(owner)) == 2 && len(a.box.To(reader)) == 3
	})
	e := a.hook.Events()[1]
	a.t.Logf("after the server was started, the webhook was told in %.1f s", e.Arrived.Sub(before).Seconds())
	a.signed(e)
	if e.Type != "alert.resolved" || e.Data.Key != key || e.Data.Resolved == nil || e.ID == a.hook.Events()[0].ID {
		a.t.Errorf("the webhook was told %+v, want the end of %s", e, key)
	}
	a.threads(a.box.To(owner))
	a.threads(a.box.To(reader)[1:])
	a.cycles(2)
	a.heard(2, 3)
}

// threads checks that the second of two mails answers the first.
func (a *alarmed) threads(mails []receive.Letter) {
	a.t.Helper()
	first, second := mails[0].Header, mails[1].Header
	id := first.Get("Message-Id")
	if id == "" || second.Get("In-Reply-To") != id || !strings.Contains(second.Get("References"), id) || second.Get("Message-Id") == id {
		a.t.Errorf("the end answers %q and refers to %q, want %q", second.Get("In-Reply-To"), second.Get("References"), id)
	}
	if mails[1].Subject != "Re: "+mails[0].Subject || !strings.Contains(mails[1].Text, "Everything works again") {
		a.t.Errorf("the end is %q:\n%s", mails[1].Subject, mails[1].Text)
	}
}

// unsubscribe presses the button of the mail program (RFC 8058).
func (a *alarmed) unsubscribe() {
	a.t.Helper()
	mails := a.box.To(reader)
	h := mails[len(mails)-1].Header
	if h.Get("List-Unsubscribe-Post") != "List-Unsubscribe=One-Click" {
		a.t.Errorf("List-Unsubscribe-Post is %q", h.Get("List-Unsubscribe-Post"))
	}
	a.post(a.link(h.Get("List-Unsubscribe"), "/unsubscribe/"), url.Values{"List-Unsubscribe": {"One-Click"}}, http.StatusOK)
}

// stoppedAgain stops the server once more: it is the same thread, and the reader
// who left hears nothing.
func (a *alarmed) stoppedAgain(key string) {
	a.t.Helper()
	before := time.Now()
	a.up.process.stop()
	a.inTime(before, "webhook and owner are told that it is down again", 3)
	e := a.hook.Events()[2]
	a.t.Logf("after the server was stopped again, the webhook was told in %.1f s", e.Arrived.Sub(before).Seconds())
	a.signed(e)
	if e.Data.Key != key || e.Data.Resolved != nil {
		a.t.Errorf("the webhook was told %+v, want that %s opened again", e, key)
	}
	a.cycles(3)
	a.heard(3, 3)
}

// inTime waits until webhook and owner have n messages each, and measures how
// long that took. A machine that cannot even start a process in a second is not
// held to the limit.
func (a *alarmed) inTime(before time.Time, what string, n int) {
	a.t.Helper()
	a.await(a.t, slowly, what, func() bool { return len(a.hook.Events()) >= n && len(a.box.To(owner)) >= n })
	took := time.Since(before)
	if took <= toldWithin {
		return
	}
	begun := time.Now()
	out, err := exec.CommandContext(a.t.Context(), a.rig.alivemcp, "version").CombinedOutput()
	if start := time.Since(begun); start > time.Second {
		a.t.Logf("%s only after %s, but this machine needs %s to start a process", what, took, start)
		return
	}
	a.t.Errorf("%s after %s, want within %s (%v %s)", what, took, toldWithin, err, out)
}

// heard checks how many messages there are: of the webhook and of the owner as
// many, and of the reader.
func (a *alarmed) heard(sinks, readers int) {
	a.t.Helper()
	if n := len(a.hook.Events()); n != sinks {
		a.t.Errorf("the webhook has %d events, want %d: %+v", n, sinks, a.hook.Events())
	}
	for whom, want := range map[string]int{owner: sinks, reader: readers} {
		mails := a.box.To(whom)
		for _, l := range mails[min(want, len(mails)):] {
			a.t.Errorf("%s got more than %d mails: %s\n%s", whom, want, l.Subject, l.Text)
		}
		if len(mails) < want {
			a.t.Errorf("%s got %d mails, want %d", whom, len(mails), want)
		}
	}
}

// cycles waits until the server was looked at n times more.
func (a *alarmed) cycles(n int) {
	a.t.Helper()
	for range n {
		before := a.server(a.t, "everything").Probed
		a.await(a.t, slowly, "the next cycle is over", func() bool { return a.server(a.t, "everything").Probed.After(*before) })
	}
}

func (a *alarmed) signed(e receive.Event) {
	a.t.Helper()
	if e.Wrong != "" || e.ID == "" {
		a.t.Errorf("event %q of the webhook: %s", e.ID, e.Wrong)
	}
}

// link is the path of the first address of our own in a text, which must begin
// like this.
func (a *alarmed) link(text, path string) string {
	a.t.Helper()
	found := regexp.MustCompile(regexp.QuoteMeta(publicSite)+`([^\s<>"]*)`).FindAllStringSubmatch(text, -1)
	for _, one := range found {
		if strings.HasPrefix(one[1], path) {
			return one[1]
		}
	}
	a.t.Fatalf("no address of %s%s in:\n%s", publicSite, path, text)
	return ""
}

// post sends a form, as a browser or a mail program does.
func (a *alarmed) post(path string, form url.Values, want int) {
	a.t.Helper()
	req, err := http.NewRequestWithContext(a.t.Context(), http.MethodPost, a.origin+path, strings.NewReader(form.Encode()))
	if err != nil {
		a.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		a.t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != want {
		a.t.Fatalf("POST %s: %s, want %d", path, res.Status, want)
	}
}
