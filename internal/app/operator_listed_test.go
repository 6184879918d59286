package app_test

import (
	"net/http"
	"strings"
	"testing"
)

// TestOperatorSeesRegistries: the operator's own pages show what registries list,
// also while what they list is served on a port of its own.
func TestOperatorSeesRegistries(t *testing.T) {
	r := newRig(t)
	m := r.start(r.file("registries: {enabled: true, contact: ops@example.com, " + noSources + ", serve: {enabled: true, listen: '127.0.0.1:0'}}"))
	for site, get := range map[string]func(string) (int, string){"the operator's": r.get, "the public": r.strange} {
		for path, want := range map[string]string{
			"/registries": "No registry was read yet", "/registries/search": "No registry was read yet", "/reports": "No audit was run yet",
			"/endpoints/ep_1": "nobody ever listed", "/api/v1/endpoints": `"endpoints":[]`,
		} {
			if status, body := get(path); status == http.StatusOK == (path == "/endpoints/ep_1") || !strings.Contains(body, want) {
				t.Errorf("%s %s: %d without %q:\n%.300s", site, path, status, want, body)
			}
		}
	}
	link := `href="http://` + m.Strange() + `/"`
	if _, body := r.get("/registries"); !strings.Contains(body, link) {
		t.Error("the operator's page does not lead to the public one")
	}
	if _, body := r.strange("/registries"); strings.Contains(body, link) {
		t.Error("the public page leads to itself")
	}
	r.stop()
}

// TestPrivatePortIsNotTold: behind a public address nobody is sent to the one that is
// listened on.
func TestPrivatePortIsNotTold(t *testing.T) {
	r := newRig(t)
	m := r.start(r.file("base_url: https://status.example.com\nregistries: {enabled: true, contact: ops@example.com, " + noSources + ", serve: {enabled: true, listen: '127.0.0.1:0'}}"))
	if status, body := r.get("/registries"); status != http.StatusOK || strings.Contains(body, m.Strange()) {
		t.Errorf("%d, or strangers are sent to %s", status, m.Strange())
	}
	r.stop()
}
