package main_test

import (
	"context"
	"database/sql"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/alivemcp/alivemcp/internal/store/sqlite"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// TestKilled kills a monitor at random moments, some of them in its start, and
// checks after each that nothing that anybody could see is lost or changed.
func TestKilled(t *testing.T) {
	t.Parallel()
	rounds := 8
	if testing.Short() {
		rounds = 2
	}
	labURL, _ := startLab(t)
	slugs := []string{
		"healthy-dual", "healthy-legacy", "healthy-modern", "healthy-json", "healthy-paged", "healthy-stateless",
		"healthy-strict", "healthy-large", "tools-null", "flapping", "second-try", "session-leak",
	}
	s := newSite(t, "", labServers(labURL, slugs...)...)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // no secret
	var past history
	for round := range rounds {
		life := time.Duration(random.Int64N(int64(12 * time.Second)))
		if round%3 == 1 {
			m := s.launch() // and kill it in its start
			<-time.After(life / 30)
			m.kill()
		} else {
			past.watch(s.start(), slugs, life)
		}
		past.check(s)
		if t.Failed() {
			t.Fatalf("after round %d, killed %s after its start", round, life)
		}
	}
	if out, code := s.admin("status"); code != 0 || !strings.Contains(out, "not running") {
		t.Errorf("admin status after a kill: exit code %d\n%s", code, out)
	}
	m := s.start()
	if out, code := s.admin("status"); code != 0 || !strings.Contains(out, "running since") {
		t.Errorf("admin status: exit code %d\n%s", code, out)
	}
	before := len(s.sealed())
	m.await(aWhile, "sealing goes on after all that", func() bool { return len(s.sealed()) > before })
	if out, code := s.admin("verify"); code != 0 {
		t.Errorf("admin verify: exit code %d\n%s", code, out)
	}
	if code := m.stop(); code != 0 {
		t.Errorf("exit code %d after SIGTERM, want 0", code)
	}
	past.check(s)
}

// history is what was known before a kill.
type history struct {
	mu       sync.Mutex
	seen     map[sight]bool
	sealed   []uptime.Verdict
	segments map[uptime.Minute]string
	through  uptime.Minute
}

// watch reads what any reader may see, for as long as the monitor is to live.
func (h *history) watch(m *monitor, slugs []string, life time.Duration) {
	end := time.After(life)
	var readers sync.WaitGroup
	stop := make(chan struct{})
	for _, slug := range slugs {
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				case <-time.After(glance):
				}
				if s, ok := m.see(slug); ok {
					h.note(s)
				}
			}
		})
	}
	<-end
	m.kill()
	close(stop)
	readers.Wait()
}

func (h *history) note(s sight) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.seen == nil {
		h.seen = map[sight]bool{}
	}
	h.seen[s] = true
}

// check compares what is stored with what was known.
func (h *history) check(s *site) {
	s.t.Helper()
	rows := s.rows()
	defer func() { _ = rows.Close() }()
	ctx := context.WithoutCancel(s.t.Context())
	if err := rows.Check(ctx); err != nil {
		s.t.Errorf("the database: %v", err)
	}
	now := s.sealed()
	if len(now) < len(h.sealed) {
		s.t.Fatalf("%d verdicts are sealed, %d were", len(now), len(h.sealed))
	}
	if diff := cmp.Diff(h.sealed, now[:len(h.sealed)], cmpopts.EquateEmpty()); diff != "" {
		s.t.Errorf("sealed verdicts have changed:\n%s", diff)
	}
	h.sealed = now
	h.checkSeen(s)
	mark, err := rows.Watermark(ctx)
	if err != nil {
		s.t.Fatal(err)
	}
	if mark.Through < h.through {
		s.t.Errorf("the archive went back from %d to %d", h.through, mark.Through)
	}
	h.through = mark.Through
	segments, err := rows.Segments(ctx, 0, mark.Through+1_000_000)
	if err != nil {
		s.t.Fatal(err)
	}
	h.checkSegments(s, segments)
}

// checkSeen checks that everything that was seen is sealed. A state that is too
// old to stand is shown as unknown.
func (h *history) checkSeen(s *site) {
	s.t.Helper()
	slugs, sealed := s.slugs(), map[sight]bool{}
	for i := range h.sealed {
		v := &h.sealed[i]
		var probed time.Time
		for _, r := range v.Reports {
			if r.Started.After(probed) {
				probed = r.Started
			}
		}
		sealed[sight{slugs[v.Server], v.State, probed.UTC().Truncate(time.Second)}] = true
	}
	for seen := range h.seen {
		if seen.State != uptime.Unknown && !sealed[seen] {
			s.t.Errorf("%s was seen %s, probed at %s, and that is not in the journal", seen.Slug, seen.State, seen.Probe)
		}
	}
}

// checkSegments checks that what was archived stays, and that each minute that
// was sealed is in the archive as far as it reaches.
func (h *history) checkSegments(s *site, segments []uptime.Segment) {
	s.t.Helper()
	now := map[uptime.Minute]string{}
	for _, segment := range segments {
		if _, twice := now[segment.Minute]; twice || segment.Minute > h.through {
			s.t.Errorf("minute %d is in the archive twice, or ahead of the watermark", segment.Minute)
		}
		now[segment.Minute] = string(segment.Cells)
	}
	for minute, cells := range h.segments {
		if now[minute] != cells {
			s.t.Errorf("minute %d has changed in the archive", minute)
		}
	}
	for i := range h.sealed {
		if m := h.sealed[i].Minute(); m <= h.through && now[m] == "" {
			s.t.Errorf("minute %d was sealed, the archive is at %d and does not have it", m, h.through)
		}
	}
	h.segments = maps.Clone(now)
}

// slugs names the servers that the rows know.
func (s *site) slugs() map[uptime.ServerID]string {
	s.t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(s.dir, sqlite.File))
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	answer, err := db.QueryContext(context.WithoutCancel(s.t.Context()), "SELECT id, slug FROM servers")
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = answer.Close() }()
	out := map[uptime.ServerID]string{}
	for answer.Next() {
		var id uptime.ServerID
		var slug string
		if err := answer.Scan(&id, &slug); err != nil {
			s.t.Fatal(err)
		}
		out[id] = slug
	}
	if err := answer.Err(); err != nil {
		s.t.Fatal(err)
	}
	return out
}
