package app_test

import (
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/internal/store/sqlite"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

const twoRegions = "regions: [{id: one, city: Rome}, {id: two, city: Oslo}]"

// TestLongCycles: a server with a long cycle that begins to be monitored in the
// middle of one is judged at once, by all of its regions, also when the archive
// has passed the minute in which the cycle began; and its verdict stands.
func TestLongCycles(t *testing.T) {
	t.Parallel()
	s, r := newStage(t), newRig(t)
	well := s.door("weather")
	daily := func(slug, url string) string { return "interval: 24h, slug: " + slug + ", url: \"" + url + "/mcp\"" }
	quick := "interval: 5s, " + server("quick", well)
	r.start(r.file(twoRegions, quick, daily("dead", "http://127.0.0.1:1")))
	r.awaitState("dead", "down")
	first := r.newest("dead")
	if len(first.Reports) != 2 || first.Expected != 2 {
		t.Errorf("the verdict is made of %d of %d reports", len(first.Reports), first.Expected)
	}
	r.stop()
	r.archiveThrough(uptime.MinuteOf(time.Now()) - 1)
	r.start(r.file(twoRegions, quick, daily("dead", "http://127.0.0.1:1"), daily("late", "http://127.0.0.1:1"), daily("good", well.URL)))
	r.awaitState("late", "down")
	r.awaitState("good", "live")
	if got := r.newest("dead"); got.Seq != first.Seq {
		t.Errorf("the cycle of %s was sealed again", first.Cycle)
	}
}

// archiveThrough says in the rows that everything up to a minute is archived.
func (r *rig) archiveThrough(m uptime.Minute) {
	r.t.Helper()
	s, err := sqlite.Open(r.t.Context(), sqlite.Options{Dir: r.dir})
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	mark, err := s.Watermark(r.t.Context())
	if err == nil {
		err = s.AppendMinutes(r.t.Context(), nil, uptime.Watermark{Through: m, Cursor: mark.Cursor})
	}
	if err != nil {
		r.t.Fatal(err)
	}
}
