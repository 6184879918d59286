package sqlite_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/alivemcp/alivemcp/internal/store/sqlite"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Of opt-outs from before it was kept how they came, the log tells which came by a
// file: those can be taken back by one.
func TestUpgradeOptouts(t *testing.T) {
	dir := t.TempDir()
	db, err := sqlite.OldDatabase(t.Context(), dir, 3)
	must(t, err)
	for key, of := range map[string]struct {
		url     string
		optout  int
		authors []string
	}{
		"ep_file":  {"https://a.dev/x/mcp", 1, []string{"owner"}},
		"ep_bare":  {"https://b.dev", 1, []string{"ann", "owner"}},
		"ep_mail":  {"https://a.dev/mail", 1, []string{"owner", "ann"}},
		"ep_quiet": {"https://a.dev/quiet", 1, nil},
		"ep_in":    {"https://c.dev/mcp", 0, []string{"owner"}},
		"ep_odd":   {"odd", 1, []string{"owner"}},
	} {
		_, err := db.ExecContext(t.Context(), `INSERT INTO endpoints (key, kind, platform, first_seen, optout, body) VALUES (?, 'remote', '', 1, ?, ?)`,
			key, of.optout, fmt.Sprintf(`{"key":%q,"url":%q}`, key, of.url))
		must(t, err)
		for _, author := range of.authors {
			_, err := db.ExecContext(t.Context(), `INSERT INTO audit_log (tenant, at, author, action, object, text) VALUES ('default', 1, ?, 'endpoint.optout', ?, '')`, author, key)
			must(t, err)
		}
	}
	must(t, db.Close())
	s := opened(t, dir)
	files, err := s.OwnersFiles(t.Context())
	must(t, err)
	var origins []string
	for _, f := range files {
		if f.Optout {
			origins = append(origins, f.Origin)
		}
	}
	if diff := cmp.Diff([]string{"https://a.dev", "https://b.dev"}, origins); diff != "" {
		t.Errorf("hosts that opted out (-want +got):\n%s", diff)
	}
	var back []uptime.EndpointKey
	for _, f := range files {
		f.Optout = false
		changed, err := s.NoteOwners(t.Context(), f, nil, uptime.AuditEntry{Tenant: "default", At: f.Asked.AddDate(1, 0, 0), By: "owner", Action: "endpoint.optin"})
		must(t, err)
		back = append(back, changed...)
	}
	if slices.Sort(back); !slices.Equal(back, []uptime.EndpointKey{"ep_bare", "ep_file"}) {
		t.Errorf("taken back are %v, want what files said", back)
	}
}

// A database of an older program is read beside it as it is.
func TestOwnersBesideOlder(t *testing.T) {
	dir := t.TempDir()
	db, err := sqlite.OldDatabase(t.Context(), dir, 3)
	must(t, err)
	must(t, db.Close())
	s := open(t, sqlite.Options{Dir: dir, ReadOnly: true})
	files, err := s.OwnersFiles(t.Context())
	if err != nil || len(files) != 0 {
		t.Errorf("owners said %+v, %v", files, err)
	}
	must(t, s.Close())
}

// Runs of before the upgrade forget which servers their targets were.
func TestUpgradeTargets(t *testing.T) {
	dir := t.TempDir()
	db, err := sqlite.OldDatabase(t.Context(), dir, 3)
	must(t, err)
	for _, row := range []string{
		`INSERT INTO audit_runs (id, began, body) VALUES ('run', 1, '{"id":"run"}')`,
		`INSERT INTO audit_targets (run, endpoint, body) VALUES ('run', 'ep_1', '{"key":"ep_1","server":"srv_secret","kind":"remote"}'), ('run', 'ep_2', '{"key":"ep_2"}')`,
	} {
		_, err := db.ExecContext(t.Context(), row)
		must(t, err)
	}
	must(t, db.Close())
	targets, err := opened(t, dir).AuditTargets(t.Context(), "run", "", 10)
	must(t, err)
	want := []uptime.AuditTarget{{Endpoint: uptime.Endpoint{Key: "ep_1", Kind: uptime.EndpointRemote}}, {Endpoint: uptime.Endpoint{Key: "ep_2"}}}
	if diff := cmp.Diff(want, targets); diff != "" {
		t.Errorf("the targets (-want +got):\n%s", diff)
	}
}
