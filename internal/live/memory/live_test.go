package memory_test

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/alivemcp/alivemcp/internal/live/livetest"
	"github.com/alivemcp/alivemcp/internal/live/memory"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

func TestLive(t *testing.T) {
	t.Parallel()
	for name, journal := range map[string]func() memory.Journal{
		"memory only":    func() memory.Journal { return nil },
		"with a journal": func() memory.Journal { return &livetest.Journal{} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			livetest.Run(t, func(t *testing.T, now time.Time, floor uptime.Minute) livetest.Live {
				t.Helper()
				l := memory.New(memory.Options{Journal: journal(), Now: func() time.Time { return now }, Floor: floor})
				if err := l.Open(t.Context()); err != nil {
					t.Fatal(err)
				}
				return l
			})
		})
	}
}

func noon() time.Time { return time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC) }

func verdict(server string, cycle time.Time) uptime.Verdict {
	return uptime.Verdict{Tenant: "default", Server: uptime.ServerID(server), Cycle: cycle, Every: time.Minute, SealedAt: cycle}
}

func open(t *testing.T, opt memory.Options) *memory.Live {
	t.Helper()
	if opt.Now == nil {
		opt.Now = func() time.Time { return noon().Add(time.Hour) }
	}
	l := memory.New(opt)
	if err := l.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	return l
}

func seal(t *testing.T, l *memory.Live, verdicts ...uptime.Verdict) int {
	t.Helper()
	n, err := l.Seal(t.Context(), verdicts)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestJournalSurvives: another process goes on where this one was.
func TestJournalSurvives(t *testing.T) {
	t.Parallel()
	j := &livetest.Journal{}
	first := open(t, memory.Options{Journal: j})
	seal(t, first, verdict("a", noon()), verdict("b", noon()))
	seal(t, first, verdict("a", noon().Add(time.Minute)))

	second := open(t, memory.Options{Journal: j})
	if n := seal(t, second, verdict("a", noon().Add(time.Minute)), verdict("b", noon().Add(time.Minute))); n != 1 {
		t.Errorf("%d sealed, want what was not", n)
	}
	got, err := second.After(t.Context(), 0, 10)
	if err != nil || len(got) != 4 || got[3].Seq != 4 {
		t.Errorf("After = %+v, %v; want all four", got, err)
	}
	if v, ok := second.Latest("default", "a"); !ok || v.Seq != 3 {
		t.Errorf("Latest = %+v, %v", v, ok)
	}
}

// TestFailingJournal: whatever becomes of an append that failed, nothing is
// shown that is not durable, nothing is lost, doubled or out of order.
func TestFailingJournal(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		j := &livetest.Journal{}
		j.FailWith(func() (bool, error) {
			switch rapid.SampledFrom([]string{"good", "full", "unsure"}).Draw(rt, "append") {
			case "full":
				return false, errors.New("disk full")
			case "unsure":
				return true, errors.New("connection lost")
			}
			return true, nil
		})
		l := open(t, memory.Options{Journal: j, Tail: rapid.IntRange(1, 20).Draw(rt, "tail")})
		want := map[string]bool{}
		for i := range rapid.IntRange(1, 12).Draw(rt, "rounds") {
			v := []uptime.Verdict{verdict("a", noon().Add(time.Duration(i)*time.Minute)), verdict(fmt.Sprint("s", i), noon())}
			for tries := 0; ; tries++ {
				if tries == 20 {
					j.FailWith(nil)
				}
				if _, err := l.Seal(t.Context(), v); err == nil {
					break
				}
				shownIsDurable(rt, l, j)
			}
			want[fmt.Sprint("a", i)], want[fmt.Sprint("s", i, 0)] = true, true
		}
		got, err := l.After(t.Context(), 0, 1000)
		if err != nil || len(got) != len(want) {
			rt.Fatalf("%d verdicts in the feed, want %d: %v", len(got), len(want), err)
		}
		for i := range got {
			if got[i].Seq != uptime.Cursor(i+1) {
				rt.Fatalf("verdict %d has number %d", i, got[i].Seq)
			}
		}
		again := open(t, memory.Options{Journal: j})
		if reread, err := again.After(t.Context(), 0, 1000); err != nil || cmp.Diff(got, reread) != "" {
			rt.Fatalf("after a restart: %v %s", err, cmp.Diff(got, reread))
		}
	})
}

func shownIsDurable(t *rapid.T, l *memory.Live, j *livetest.Journal) {
	rows, last, err := j.LastSealed(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if shown := l.Stats().Last; shown > last {
		t.Fatalf("verdict %d is shown, the journal holds %d", shown, last)
	}
	for _, v := range rows {
		if got, ok := l.Latest(v.Tenant, v.Server); ok && got.Seq > v.Seq {
			t.Fatalf("%s is shown as %d, the journal holds %d", v.Server, got.Seq, v.Seq)
		}
	}
}

// TestShortTail: without a journal the feed says what it has lost, and with one
// it has lost nothing.
func TestShortTail(t *testing.T) {
	t.Parallel()
	for _, journal := range []memory.Journal{nil, &livetest.Journal{}} {
		l := open(t, memory.Options{Journal: journal, Tail: 4})
		for i := range 10 {
			seal(t, l, verdict(fmt.Sprint("s", i), noon()))
		}
		got, err := l.After(t.Context(), 2, 3)
		if journal != nil {
			if err != nil || len(got) != 3 || got[0].Seq != 3 {
				t.Errorf("After = %+v, %v; want three from the journal", got, err)
			}
			continue
		}
		gap, ok := errors.AsType[*uptime.FeedGap](err)
		if !ok || gap.Resume != 6 || !errors.Is(err, uptime.ErrNotFound) {
			t.Fatalf("After = %v, %v; want a gap up to 6", got, err)
		}
		if got, err := l.After(t.Context(), gap.Resume, 100); err != nil || len(got) != 4 || got[0].Seq != 7 {
			t.Errorf("after the gap: %+v, %v", got, err)
		}
	}
}

// TestSince: a feed without a journal goes on behind the cursors of its readers.
func TestSince(t *testing.T) {
	t.Parallel()
	l := open(t, memory.Options{Since: 500})
	seal(t, l, verdict("a", noon()))
	if got, err := l.After(t.Context(), 500, 10); err != nil || len(got) != 1 || got[0].Seq != 501 {
		t.Errorf("After = %+v, %v", got, err)
	}
}

// TestPrune: what everybody has read and what is old goes; who is still there
// stays.
func TestPrune(t *testing.T) {
	t.Parallel()
	var clock atomic.Int64
	clock.Store(noon().Unix())
	j := &livetest.Journal{}
	l := open(t, memory.Options{Journal: j, Tail: 1, Now: func() time.Time { return time.Unix(clock.Load(), 0) }})
	seal(t, l, verdict("gone", noon()), verdict("a", noon()), verdict("b", noon()))
	clock.Add(int64(97 * time.Hour / time.Second))
	later := noon().Add(97 * time.Hour)
	seal(t, l, verdict("a", later))
	if err := l.Put(t.Context(), &uptime.Report{Tenant: "default", Server: "b", Region: "eu", Cycle: later}); err != nil {
		t.Fatal(err)
	}
	if err := l.Prune(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	if st := l.Stats(); st.Servers != 2 {
		t.Errorf("%d servers are known, want the two that were heard of", st.Servers)
	}
	if got, err := l.After(t.Context(), 0, 10); err != nil || len(got) != 2 || got[0].Seq != 3 {
		t.Errorf("After = %+v, %v; want what not everybody has read", got, err)
	}
	if n := seal(t, l, verdict("gone", noon())); n != 0 {
		t.Error("a cycle was sealed again after its server was forgotten")
	}
}

// TestForget: nothing is left of a server.
func TestForget(t *testing.T) {
	t.Parallel()
	l := open(t, memory.Options{})
	seal(t, l, verdict("a", noon()), verdict("b", noon()))
	l.Keep(uptime.Cell{Tenant: "default", Server: "a", Region: "eu", Cycle: noon(), Attempts: []uptime.Result{failing("x")}})
	l.Forget("default", "a")
	if got, err := l.After(t.Context(), 0, 10); err != nil || len(got) != 1 || got[0].Server != "b" {
		t.Errorf("After = %+v, %v", got, err)
	}
	if _, ok := l.Latest("default", "a"); ok || l.Look("default", "a") != nil || l.Stats().Evidence != 0 {
		t.Errorf("something is left: %+v", l.Stats())
	}
}

func failing(transcript string) uptime.Result {
	return uptime.Result{Failure: &uptime.Failure{}, Transcript: []uptime.Exchange{{Response: transcript}}}
}

// TestEvidenceIsBounded: when everything fails at once the steps are still
// there, and the memory is not.
func TestEvidenceIsBounded(t *testing.T) {
	t.Parallel()
	l := open(t, memory.Options{Evidence: 1000})
	keep := func(server, transcript string) {
		l.Keep(uptime.Cell{
			Tenant: "default", Server: uptime.ServerID(server), Region: "eu", Cycle: noon(),
			Attempts: []uptime.Result{failing(transcript)},
		})
	}
	long := strings.Repeat("x", 400)
	for i := range 5 {
		keep(fmt.Sprint("s", i), long)
	}
	if st := l.Stats(); st.Evidence != 800 {
		t.Errorf("%d bytes are kept, want 800", st.Evidence)
	}
	if got := l.Look("default", "s4"); len(got) != 1 || got[0].Last().Failure == nil || got[0].Last().Transcript != nil {
		t.Errorf("Look = %+v, want the failure alone", got)
	}
	keep("s0", "")
	keep("s4", long)
	if got := l.Look("default", "s4"); got[0].Last().Transcript == nil {
		t.Error("what was let go left no room")
	}
}

// TestCountsWhatItDrops.
func TestCountsWhatItDrops(t *testing.T) {
	t.Parallel()
	l := open(t, memory.Options{Now: func() time.Time { return noon().Add(10 * time.Minute) }, Floor: uptime.MinuteOf(noon().Add(-time.Hour))})
	put := func(region string, minutes int) {
		err := l.Put(t.Context(), &uptime.Report{Tenant: "default", Server: "a", Region: region, Cycle: noon().Add(time.Duration(minutes) * time.Minute)})
		if err != nil {
			t.Fatal(err)
		}
	}
	put("eu", 0)
	put("eu", 0)   // duplicate
	put("eu", -61) // archived
	put("eu", 12)  // ahead
	for n := 1; n <= 3; n++ {
		put("eu", n) // crowds out the first
	}
	put("us", 0) // has no place any more
	seal(t, l, verdict("a", noon().Add(3*time.Minute)), verdict("a", noon()))
	put("us", 3) // late
	got := l.Stats()
	want := memory.Stats{Reports: 4, Late: 2, Early: 1, Duplicate: 1, Crowded: 4, Sealed: 1, Unknown: 1, Refused: 1, Servers: 1, Last: 1}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
