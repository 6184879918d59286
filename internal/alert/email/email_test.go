package email_test

import (
	"context"
	"crypto/x509"
	"errors"
	"flag"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/google/go-cmp/cmp"

	"github.com/alivemcp/alivemcp/internal/alert/email"
	"github.com/alivemcp/alivemcp/internal/alert/sinktest"
	"github.com/alivemcp/alivemcp/internal/guard"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

var update = flag.Bool("update", false, "write testdata anew")

func options(s *server, protect string, roots *x509.CertPool) email.Options {
	return email.Options{
		Host: s.host, Port: s.port, TLS: protect, Roots: roots, Username: user, Password: password,
		From: "AliveMCP <alerts@alive.example>", To: "Jo Döe <jo@reader.example>", Timeout: 10 * time.Second,
	}
}

func start(tb testing.TB, protect string) (*email.Sink, *server) {
	tb.Helper()
	s, roots := listen(tb, protect)
	sink, err := email.New(options(s, protect, roots))
	if err != nil {
		tb.Fatal(err)
	}
	return sink, s
}

func deliver(t *testing.T, sink *email.Sink, n uptime.Notice, transition int, ref string) string {
	t.Helper()
	ref, err := sink.Deliver(t.Context(), sinktest.Wrap(n, transition), ref)
	if err != nil {
		t.Fatalf("delivering %s: %v", n.Phase, err)
	}
	return ref
}

func TestProtection(t *testing.T) {
	for _, protect := range []string{email.StartTLS, email.TLS, email.None} {
		t.Run(protect, func(t *testing.T) {
			sink, s := start(t, protect)
			deliver(t, sink, sinktest.Outage(uptime.NoticeOpens), 1, "")
			if n := len(s.inbox(t)); n != 1 || len(s.conns) != 1 {
				t.Errorf("%d mails over %d connections", n, len(s.conns))
			}
		})
	}
}

func TestPasswordNeverGoesInTheClear(t *testing.T) {
	s, roots := listen(t, email.None)
	sink, err := email.New(options(s, email.StartTLS, roots))
	if err != nil {
		t.Fatal(err)
	}
	_, err = sink.Deliver(t.Context(), sinktest.Wrap(sinktest.Outage(uptime.NoticeOpens), 1), "")
	if err == nil || !strings.Contains(err.Error(), "STARTTLS") || !uptime.RefusalOf(err).Temporary {
		t.Errorf("a server without STARTTLS: %v", err)
	}
}

func TestConversation(t *testing.T) {
	sink, s := start(t, email.StartTLS)
	ref := deliver(t, sink, sinktest.Outage(uptime.NoticeOpens), 1, "")
	for i, phase := range []uptime.NoticePhase{uptime.NoticeChanges, uptime.NoticeCloses, uptime.NoticeOpens} {
		if next := deliver(t, sink, sinktest.Outage(phase), i+2, ref); next != ref {
			t.Errorf("the ref changed from %q to %q", ref, next)
		}
	}
	mails := s.inbox(t)
	root := mails[0].header.Get("Message-Id")
	const subject = "[P1] Weather is down: the connection is refused"
	for i, want := range []string{subject, "Re: " + subject, "Re: " + subject, subject} {
		if got := mails[i].subject(t); got != want {
			t.Errorf("subject %d is %q, want %q", i, got, want)
		}
		answers := []string{mails[i].header.Get("In-Reply-To"), mails[i].header.Get("References")}
		if want := []string{root, root}; i > 0 && !slices.Equal(answers, want) {
			t.Errorf("mail %d answers %q, want %q", i, answers, want)
		}
	}
	ids := map[string]bool{}
	for _, m := range mails {
		ids[m.header.Get("Message-Id")] = true
	}
	if len(ids) != 4 || mails[0].header.Get("In-Reply-To") != "" || !strings.HasSuffix(root, "@alive.example>") {
		t.Errorf("Message-IDs %v", ids)
	}
}

func TestLostRef(t *testing.T) {
	sink, s := start(t, email.None)
	for _, ref := range []string{"", "nonsense", "a@b@c subject", "a@b\r\nBcc: x@evil.example y"} {
		deliver(t, sink, sinktest.Outage(uptime.NoticeCloses), 3, ref)
	}
	for _, m := range s.inbox(t) {
		if got := m.subject(t); got != "[P1] Weather works again" || m.header.Get("References") != "" || m.header.Get("Bcc") != "" {
			t.Errorf("%q references %q", got, m.header.Get("References"))
		}
	}
}

func TestHeaders(t *testing.T) {
	sink, s := start(t, email.None)
	n := sinktest.Outage(uptime.NoticeOpens)
	n.UnsubscribeURL = "https://alive.example/unsubscribe?t=" + strings.Repeat("x", 200)
	deliver(t, sink, n, 1, "")
	got := map[string]string{}
	for name, values := range s.inbox(t)[0].header {
		got[name] = strings.Join(values, "|")
	}
	for _, name := range []string{"Received", "Content-Type"} {
		delete(got, name)
	}
	id := string(sinktest.Wrap(n, 1).ID)
	want := map[string]string{
		"Mime-Version": "1.0", "From": `"AliveMCP" <alerts@alive.example>`, "To": "=?utf-8?q?Jo_D=C3=B6e?= <jo@reader.example>",
		"Date": "Tue, 03 Nov 2026 09:32:00 +0000", "Message-Id": "<" + id + "@alive.example>", "Subject": "[P1] Weather is down: the connection is refused",
		"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All", "List-Id": "AliveMCP alerts <alerts.alive.example>",
		"List-Unsubscribe": "<" + n.UnsubscribeURL + ">", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
		"X-Alivemcp-Event": "alert.triggered", "X-Alivemcp-Incident-Key": "inc_sample_outage", "X-Alivemcp-Phase": "opens",
		"X-Alivemcp-Severity": "P1", "X-Alivemcp-Delivery": id,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("headers (-want +got):\n%s", diff)
	}
}

func TestNoOneClickWithoutTLS(t *testing.T) {
	sink, s := start(t, email.None)
	n := sinktest.Outage(uptime.NoticeOpens)
	for _, address := range []string{"http://alive.example/u", "javascript:alert(1)", "https://alive.example/>\r\nBcc: x@evil.example", ""} {
		n.UnsubscribeURL = address
		deliver(t, sink, n, 1, "")
	}
	for i, m := range s.inbox(t) {
		if m.header.Get("List-Unsubscribe-Post") != "" || m.header.Get("Bcc") != "" {
			t.Errorf("mail %d: %v", i, m.header)
		}
		if want := i == 0; (m.header.Get("List-Unsubscribe") != "") != want || strings.Contains(m.text, "Unsubscribe") != want {
			t.Errorf("mail %d says how to unsubscribe: %v, want %v", i, !want, want)
		}
	}
}

// Whatever names hold: one mail to one reader, with the headers that we wrote,
// and nothing in it that runs, loads or leads elsewhere.
func TestSamplesAreCleanAndReadable(t *testing.T) {
	sink, s := start(t, email.None)
	for _, sample := range sinktest.Samples() {
		t.Run(sample.Name, func(t *testing.T) {
			if _, err := sink.Deliver(t.Context(), &sample.Delivery, "root@alive.example "+sample.Delivery.Notice.Title); err != nil {
				t.Fatal(err)
			}
			m := s.inbox(t)[len(s.inbox(t))-1]
			for _, payload := range []string{m.raw[:strings.Index(m.raw, "\r\n\r\n")], m.text, m.html} {
				sinktest.Clean(t, []byte(payload))
			}
			checkHTML(t, m.html)
			checkHeaders(t, m)
			if strings.ContainsAny(m.subject(t), "\r\n\x00\x1b\u202e\u2028") || len([]rune(m.subject(t))) > 190 {
				t.Errorf("subject %q", m.subject(t))
			}
		})
	}
}

func checkHeaders(t *testing.T, m arrived) {
	t.Helper()
	known := []string{
		"Mime-Version", "From", "To", "Date", "Message-Id", "Subject", "Auto-Submitted", "X-Auto-Response-Suppress", "List-Id",
		"Content-Type", "In-Reply-To", "References", "List-Unsubscribe", "List-Unsubscribe-Post", "X-Alivemcp-Event",
		"X-Alivemcp-Incident-Key", "X-Alivemcp-Phase", "X-Alivemcp-Severity", "X-Alivemcp-Delivery",
	}
	for name, values := range m.header {
		if !slices.Contains(known, name) || len(values) != 1 {
			t.Errorf("a header that nobody wrote: %s: %q", name, values)
		}
	}
}

func FuzzNothingIsInjected(f *testing.F) {
	for _, text := range sinktest.Hostile() {
		text = text[:min(len(text), 2000)]
		f.Add(text, text, "root@alive.example "+text)
	}
	f.Add("a", "https://x.example/\r\nBcc: y@example.com", "a@b\r\nBcc: y@example.com c")
	sink, s := start(f, email.None)
	f.Fuzz(func(t *testing.T, text, address, ref string) {
		n := sinktest.Outage(uptime.NoticeChanges)
		n.Title, n.Summary, n.Key, n.Type = text, text, uptime.AlertKey(text), uptime.NoticeType(text)
		n.Regions, n.UnsubscribeURL, n.AckURL, n.Servers[0].Name = []string{text}, address, address, text
		d := sinktest.Wrap(n, 2)
		d.ID = uptime.DeliveryID(text)
		if _, err := sink.Deliver(t.Context(), d, ref); err != nil {
			t.Fatal(err)
		}
		m := s.newest(t)
		checkHeaders(t, m)
		checkHTML(t, m.html)
	})
}

func checkHTML(t *testing.T, html string) {
	t.Helper()
	for _, bad := range []string{"<script", "<img", "<link", "<style", "<iframe", "javascript:", "ZgotmplZ", "url(", `href="https://evil`} {
		if strings.Contains(html, bad) {
			t.Errorf("the html holds %q", bad)
		}
	}
	if len(html) > 100_000 { // mail programs cut what is longer than 102 kB
		t.Errorf("%d bytes of html", len(html))
	}
}

func TestRefusals(t *testing.T) {
	said := func(code int, more smtp.EnhancedCode) error {
		return &smtp.SMTPError{Code: code, EnhancedCode: more, Message: "no, 10.66.77.88 is not welcome"}
	}
	none := smtp.NoEnhancedCode
	tests := []struct {
		name, at string
		err      error
		want     uptime.Refusal
	}{
		{"greylisting", "rcpt", said(451, smtp.EnhancedCode{4, 7, 1}), uptime.Refusal{Temporary: true, Reason: "the mail server refused the recipient: 451 4.7.1"}},
		{"no such user", "rcpt", said(550, smtp.EnhancedCode{5, 1, 1}), uptime.Refusal{Gone: true, Reason: "the mail server refused the recipient: 550 5.1.1"}},
		{"a bare 550", "rcpt", said(550, none), uptime.Refusal{Gone: true, Reason: "the mail server refused the recipient: 550"}},
		{"policy", "rcpt", said(550, smtp.EnhancedCode{5, 7, 1}), uptime.Refusal{Reason: "the mail server refused the recipient: 550 5.7.1"}},
		{"the mailbox is full", "rcpt", said(452, smtp.EnhancedCode{4, 2, 2}), uptime.Refusal{Temporary: true, Reason: "the mail server refused the recipient: 452 4.2.2"}},
		{"the sender", "mail", said(553, smtp.EnhancedCode{5, 7, 1}), uptime.Refusal{Reason: "the mail server refused the sender: 553 5.7.1"}},
		{"spam", "data", said(554, smtp.EnhancedCode{5, 7, 1}), uptime.Refusal{Reason: "the mail server refused the mail: 554 5.7.1"}},
		{"a 550 for the mail", "data", said(550, none), uptime.Refusal{Reason: "the mail server refused the mail: 550"}},
		{"busy", "data", said(421, smtp.EnhancedCode{4, 3, 2}), uptime.Refusal{Temporary: true, Reason: "the mail server refused the mail: 421 4.3.2"}},
		{"the sign-in", "auth", said(535, none), uptime.Refusal{Temporary: true, Reason: "the mail server refused the sign-in (535): check username and password"}},
		{"the connection", "conn", said(554, none), uptime.Refusal{Temporary: true, Reason: "the mail server refused the connection: 554"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			sink, s := start(t, email.StartTLS)
			s.refuse[test.at] = test.err
			_, err := sink.Deliver(t.Context(), sinktest.Wrap(sinktest.Outage(uptime.NoticeOpens), 1), "")
			refusal, ok := errors.AsType[*uptime.Refusal](err)
			if !ok {
				t.Fatalf("Deliver: %v, want a refusal", err)
			}
			if diff := cmp.Diff(test.want, *refusal); diff != "" {
				t.Errorf("refusal (-want +got):\n%s", diff)
			}
		})
	}
}

// A server that cuts the connection has perhaps taken the mail: the next attempt
// sends the same one, by its name.
func TestCutAfterTheMail(t *testing.T) {
	sink, s := start(t, email.StartTLS)
	s.cut = true
	d := sinktest.Wrap(sinktest.Outage(uptime.NoticeOpens), 1)
	_, err := sink.Deliver(t.Context(), d, "")
	if err == nil || !uptime.RefusalOf(err).Temporary {
		t.Fatalf("Deliver: %v, want a temporary error", err)
	}
	s.mu.Lock()
	s.cut = false
	s.mu.Unlock()
	if _, err := sink.Deliver(t.Context(), d, ""); err != nil {
		t.Fatal(err)
	}
	mails := s.inbox(t)
	if len(mails) != 2 || mails[0].header.Get("Message-Id") != mails[1].header.Get("Message-Id") || mails[0].text != mails[1].text || mails[0].header.Get("Date") != mails[1].header.Get("Date") {
		t.Errorf("%d mails, which are not the same", len(mails))
	}
}

func TestSlowServer(t *testing.T) {
	s, roots := listen(t, email.StartTLS)
	s.slow = make(chan struct{})
	defer close(s.slow)
	o := options(s, email.StartTLS, roots)
	o.Timeout = 300 * time.Millisecond
	sink, err := email.New(o)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sink.Deliver(t.Context(), sinktest.Wrap(sinktest.Outage(uptime.NoticeOpens), 1), ""); err == nil || !uptime.RefusalOf(err).Temporary {
		t.Errorf("Deliver: %v, want a temporary error", err)
	}
}

func TestCancelledWhileTheServerThinks(t *testing.T) {
	sink, s := start(t, email.StartTLS)
	s.slow = make(chan struct{})
	defer close(s.slow)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	begun := time.Now()
	if _, err := sink.Deliver(ctx, sinktest.Wrap(sinktest.Outage(uptime.NoticeOpens), 1), ""); err == nil {
		t.Error("it was taken")
	}
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("it took %v to notice", took)
	}
}

func TestUnreachable(t *testing.T) {
	s, roots := listen(t, email.StartTLS)
	tests := map[string]struct {
		change    func(*email.Options)
		temporary bool
		want      string
	}{
		"other roots":      {func(o *email.Options) { o.Roots = x509.NewCertPool() }, true, "certificate"},
		"other roots, tls": {func(o *email.Options) { o.Roots, o.TLS = x509.NewCertPool(), email.TLS }, true, "mail server"},
		"guarded":          {func(o *email.Options) { o.Dial = email.Guarded(guard.Policy{}) }, false, "loopback"},
		"refused": {func(o *email.Options) {
			o.Dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
				return new(net.Dialer).DialContext(ctx, network, "127.0.0.1:1")
			}
		}, true, "refused the connection"},
		"no name": {func(o *email.Options) {
			o.Dial = func(context.Context, string, string) (net.Conn, error) {
				return nil, &net.DNSError{Err: "no such host", Name: "mx", Server: "10.66.77.88"}
			}
		}, true, "resolved"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			o := options(s, email.StartTLS, roots)
			test.change(&o)
			sink, err := email.New(o)
			if err != nil {
				t.Fatal(err)
			}
			_, err = sink.Deliver(t.Context(), sinktest.Wrap(sinktest.Outage(uptime.NoticeOpens), 1), "")
			if err == nil || !strings.Contains(err.Error(), test.want) || uptime.RefusalOf(err).Temporary != test.temporary {
				t.Errorf("Deliver: %v", err)
			}
			if err != nil && (strings.Contains(err.Error(), "127.0.0.1") || strings.Contains(err.Error(), "10.66") || strings.Contains(err.Error(), password)) {
				t.Errorf("the error tells too much: %v", err)
			}
		})
	}
}

func TestConfirm(t *testing.T) {
	sink, s := start(t, email.StartTLS)
	c := confirmation()
	if err := sink.Confirm(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	m := s.inbox(t)[0]
	if !strings.Contains(m.text, c.URL) || !strings.Contains(m.html, `href="https://alive.example/confirm?t=Zm9v"`) {
		t.Error("the link is not in both forms")
	}
	if m.header.Get("List-Unsubscribe") != "" || m.header.Get("Auto-Submitted") != "auto-generated" || m.header.Get("References") != "" {
		t.Errorf("headers: %v", m.header)
	}
	c.Site = "x\r\nBcc: victim@evil.example\r\n\r\n<script>"
	if err := sink.Confirm(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if m := s.inbox(t)[1]; m.header.Get("Bcc") != "" {
		t.Errorf("a header was injected: %v", m.header)
	} else {
		checkHTML(t, m.html)
	}
	c.URL = "javascript:alert(1)"
	if err := sink.Confirm(t.Context(), c); err == nil {
		t.Error("a link that is none was sent")
	}
}

func confirmation() email.Confirmation {
	return email.Confirmation{
		ID: "sub_1", Site: "Example status", About: "Weather and Search", URL: "https://alive.example/confirm?t=Zm9v",
		Sent: sinktest.Start(), Until: sinktest.Start().Add(24 * time.Hour),
	}
}

func TestNewSaysWhatIsWrong(t *testing.T) {
	good := email.Options{Host: "smtp.example.com", From: "a@example.com", To: "b@example.com", Username: user, Password: password}
	tests := map[string]func(*email.Options){
		"host":      func(o *email.Options) { o.Host = "smtp.example.com:25/x" },
		"port":      func(o *email.Options) { o.Port = 70000 },
		"starttls":  func(o *email.Options) { o.TLS = "maybe" },
		"localhost": func(o *email.Options) { o.TLS = email.None },
		"password":  func(o *email.Options) { o.Password = "" },
		"from":      func(o *email.Options) { o.From = "nobody" },
		"(to)":      func(o *email.Options) { o.To = "a@example.com, b@example.com" },
		"ASCII":     func(o *email.Options) { o.To = "jö@example.com" },
		"such as":   func(o *email.Options) { o.To = "a@example.com\r\nBcc: c@example.com" },
	}
	for want, change := range tests {
		o := good
		change(&o)
		if _, err := email.New(o); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), password) {
			t.Errorf("New: %v, want it to speak of %q", err, want)
		}
	}
	if _, err := email.New(good); err != nil {
		t.Errorf("New: %v", err)
	}
}

// The mails as they arrive, to be looked at: go test -run Golden -update, then
// open testdata in a browser.
func TestGolden(t *testing.T) {
	sink, s := start(t, email.None)
	var names []string
	for _, g := range golden() {
		deliver(t, sink, g.notice, 1, "")
		names = append(names, g.name)
	}
	if err := sink.Confirm(t.Context(), confirmation()); err != nil {
		t.Fatal(err)
	}
	names = append(names, "confirm")
	for i, m := range s.inbox(t) {
		same(t, names[i]+".txt", m.text)
		same(t, names[i]+".html", m.html)
	}
}

func same(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

type sample struct {
	name   string
	notice uptime.Notice
}

func golden() []sample {
	drift := sinktest.Outage(uptime.NoticeOpens)
	drift.Type, drift.Kind, drift.Priority, drift.Reason, drift.Cause = uptime.NoticeDrift, uptime.AlertDrift, uptime.P2, uptime.NoReason, ""
	drift.Title, drift.Regions = "Weather changed its tools in a breaking way", nil
	drift.Summary = "The tool forecast lost its parameter units, and 2 tools are new."
	drift.FirstStep = "Look at the comparison, then accept the change or ask the server's owner."
	digest := sinktest.Several()
	digest.Kind, digest.Title, digest.Priority, digest.Reason, digest.Cause = uptime.AlertDigest, "12 more alerts in the last hour", uptime.P3, "", ""
	digest.Summary, digest.FirstStep, digest.AckURL, digest.SilenceURL, digest.RunbookURL = "They were above your budget of 10 alerts an hour, so here they are at once.", "", "", "", ""
	digest.Servers, digest.More, digest.Failing, digest.Total, digest.Regions = digest.Servers[:12], 0, 11, 12, nil
	digest.Servers[3].State, digest.Servers[5].State, digest.Servers[5].Until = "degraded", "recovered", sinktest.Start().Add(7*time.Minute)
	reader := sinktest.Outage(uptime.NoticeOpens)
	reader.AckURL, reader.SilenceURL, reader.RunbookURL, reader.FirstStep = "", "", "", ""
	reader.UnsubscribeURL = "https://alive.example/unsubscribe?t=Zm9v"
	several := sinktest.Several()
	several.Servers, several.More = several.Servers[:6], 54
	several.Servers[4].Name = "A server whose name is much longer than names of servers usually are, so that it must be broken somewhere"
	return []sample{
		{"opens", sinktest.Outage(uptime.NoticeOpens)},
		{"changes", sinktest.Outage(uptime.NoticeChanges)},
		{"closes", sinktest.Outage(uptime.NoticeCloses)},
		{"drift", drift},
		{"several", several},
		{"digest", digest},
		{"reader", reader},
		{"test", sinktest.Test()},
	}
}
