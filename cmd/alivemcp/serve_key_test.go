package main_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestTheKeyIsReplacedAndLinksStillWork: also for a monitor that is killed at once
// afterwards, and for one that was killed with the former key still there.
func TestTheKeyIsReplacedAndLinksStillWork(t *testing.T) {
	t.Parallel()
	labURL, _ := startLab(t)
	box := newMailbox(t)
	s := newSite(t, fmt.Sprintf(`
base_url: https://status.test
smtp: {host: 127.0.0.1, port: %d, tls: none, from: "status@example.com"}
sinks: [{name: inbox, type: email, to: ann@example.com}]
`, box.port), labServers(labURL, "healthy-legacy")...)
	m := s.start()
	s.alert("verify", "inbox")
	m.await(aWhile, "the reader is asked", func() bool { return len(box.mails()) == 1 })
	link := regexp.MustCompile(`https://status\.test(/sink/accept/[\w.~-]+)`).FindStringSubmatch(plain(t, box.mails()[0]))
	key := filepath.Join(s.dir, "secret.key")
	before, err := os.ReadFile(key)
	if err != nil || link == nil {
		t.Fatalf("%v, link %q", err, link)
	}
	if out, code := s.admin("rotate-key"); code != 0 || !strings.Contains(out, "replaced the key in") {
		t.Fatalf("rotating: %d %s", code, out)
	}
	m.kill()
	if after, err := os.ReadFile(key); err != nil || string(after) == string(before) {
		t.Errorf("the key file was not replaced: %v", err)
	}
	if err := os.WriteFile(key+".old", before, 0o600); err != nil {
		t.Fatal(err)
	}
	m = s.start()
	if _, err := os.Stat(key + ".old"); !os.IsNotExist(err) {
		t.Errorf("the former key is still there: %v", err)
	}
	if status, page := m.form(link[1], nil); status != http.StatusOK || !strings.Contains(page, "Alerts come to you") {
		t.Errorf("a link from before: status %d", status)
	}
	if code := m.stop(); code != 0 {
		t.Errorf("exit code %d after SIGTERM, want 0", code)
	}
}
