package main_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// TestAMailboxSaysYesAndNo: a sink of the configuration gets mail once its reader
// pressed a button, and none after one click in a mail program, whatever the
// configuration says.
func TestAMailboxSaysYesAndNo(t *testing.T) {
	t.Parallel()
	labURL, _ := startLab(t)
	box := newMailbox(t)
	s := newSite(t, fmt.Sprintf(`
base_url: https://status.test
smtp: {host: 127.0.0.1, port: %d, tls: none, from: "status@example.com"}
sinks:
  - {name: inbox, type: email, to: ann@example.com}
  - {name: ops, type: email, to: ops@example.com, verified: operator}
`, box.port), labServers(labURL, "healthy-legacy")...)
	m := s.start()
	s.sinkIs("inbox", "not verified")
	if out, err := s.tryAlert("test", "inbox"); err == nil {
		t.Errorf("it was told without being asked: %s", out)
	}
	s.alert("verify", "inbox")
	m.await(aWhile, "the reader is asked", func() bool { return len(box.mails()) == 1 })
	text := plain(t, box.mails()[0])
	accept := regexp.MustCompile(`https://status\.test(/sink/accept/[\w.~-]+)`).FindStringSubmatch(text)
	if accept == nil || !regexp.MustCompile(`code is [2-9A-Z]{4}-[2-9A-Z]{4}`).MatchString(text) {
		t.Fatalf("the mail has no link or no code:\n%s", text)
	}
	for range 2 { // a scanner of mails opens it, then the reader
		if status, page := m.get(accept[1]); status != http.StatusOK || !strings.Contains(page, "Do you want alerts here?") {
			t.Errorf("the link's page: status %d", status)
		}
	}
	s.sinkIs("inbox", "not verified")
	if status, page := m.form(accept[1], nil); status != http.StatusOK || !strings.Contains(page, "Alerts come to you") {
		t.Errorf("saying yes: status %d\n%s", status, page)
	}
	s.sinkIs("inbox", "works")
	for i, name := range []string{"inbox", "ops"} {
		s.alert("test", name)
		mail := box.mails()[1+i]
		if got := mail.Header.Get("List-Unsubscribe-Post"); got != "List-Unsubscribe=One-Click" {
			t.Errorf("%s: List-Unsubscribe-Post is %q", name, got)
		}
		leave := regexp.MustCompile(`^<https://status\.test(/sink/leave/[\w.~-]+)>$`).FindStringSubmatch(mail.Header.Get("List-Unsubscribe"))
		if leave == nil {
			t.Fatalf("%s: List-Unsubscribe is %q", name, mail.Header.Get("List-Unsubscribe"))
		}
		if status, _ := m.get(leave[1]); status != http.StatusOK {
			t.Errorf("%s: the page that stops it: status %d", name, status)
		}
		s.sinkIs(name, "works")
		if status, page := m.form(leave[1], url.Values{"List-Unsubscribe": {"One-Click"}}); status != http.StatusOK || !strings.Contains(page, "Nothing more is sent to you") {
			t.Errorf("%s: one click: status %d", name, status)
		}
		s.sinkIs(name, "stopped by its reader")
	}
	m.kill()
	m = s.start()
	for _, name := range []string{"inbox", "ops"} {
		s.sinkIs(name, "stopped by its reader")
		if out, err := s.tryAlert("test", name); err == nil || !strings.Contains(out, "not verified") {
			t.Errorf("%s is told after it was stopped: %v %s", name, err, out)
		}
	}
	if n := len(box.mails()); n != 3 {
		t.Errorf("%d mails, want a question and two tests", n)
	}
	if code := m.stop(); code != 0 {
		t.Errorf("exit code %d after SIGTERM, want 0", code)
	}
}

// sinkIs looks for a word in the list of sinks.
func (s *site) sinkIs(name, word string) {
	s.t.Helper()
	if out := s.alert("sinks"); !regexp.MustCompile(`(?m)^` + name + ` .*` + word).MatchString(out) {
		s.t.Errorf("%s is not %q:\n%s", name, word, out)
	}
}
