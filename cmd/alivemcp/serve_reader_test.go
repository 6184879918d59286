package main_test

import (
	"fmt"
	"io"
	"mime/quotedprintable"
	"net/http"
	"net/mail"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// TestAReaderSubscribes by mail: nothing but the question arrives, and the page
// that its link leads to takes the answer.
func TestAReaderSubscribes(t *testing.T) {
	t.Parallel()
	labURL, _ := startLab(t)
	box := newMailbox(t)
	s := newSite(t, fmt.Sprintf(`
base_url: http://status.test
smtp: {host: 127.0.0.1, port: %d, tls: none, from: "status@example.com"}
subscriptions: {enabled: true, email: true, patience: 2s}
`, box.port), labServers(labURL, "healthy-legacy")...)
	m := s.start()
	m.awaitState("healthy-legacy", uptime.Live)
	if status, _ := m.form("/subscribe", url.Values{"kind": {"email"}, "address": {"ann@example.com"}}); status != http.StatusOK {
		t.Fatalf("subscribing: status %d", status)
	}
	m.await(aWhile, "the reader is asked", func() bool { return len(box.mails()) == 1 })
	link := regexp.MustCompile(`http://status\.test(/subscribe/confirm/[\w.~-]+)`).FindStringSubmatch(plain(t, box.mails()[0]))
	if link == nil {
		t.Fatal("the mail has no link that confirms")
	}
	for range 2 { // a scanner of mails opens it, then the reader
		if status, page := m.get(link[1]); status != http.StatusOK || !strings.Contains(page, "Confirm your subscription") || !strings.Contains(page, "for longer than 2 s") {
			t.Errorf("the link's page: status %d", status)
		}
	}
	if status, page := m.form(link[1], nil); status != http.StatusOK || !strings.Contains(page, "You are subscribed") {
		t.Errorf("confirming: status %d\n%s", status, page)
	}
	if n := len(box.mails()); n != 1 {
		t.Errorf("%d mails, want the question alone", n)
	}
}

// form sends a form of our own pages, and follows to where it leads.
func (m *monitor) form(path string, values url.Values) (status int, body string) {
	m.site.t.Helper()
	req, err := http.NewRequestWithContext(m.site.t.Context(), http.MethodPost, "http://"+m.addr+path, strings.NewReader(values.Encode()))
	if err != nil {
		m.site.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		m.site.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		m.site.t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

// plain returns the body of a mail with its encoding undone, all parts in one.
func plain(t *testing.T, mail *mail.Message) string {
	t.Helper()
	text, err := io.ReadAll(quotedprintable.NewReader(mail.Body))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
