package verdict_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/alivemcp/alivemcp/internal/uptime"
	"github.com/alivemcp/alivemcp/internal/verdict"
)

// scene is one verdict and what happens to the recorder before it.
type scene struct {
	server  int
	kinds   []string
	planned bool
	before  string
}

// The things that happen to a recorder.
const (
	calm    = "calm"
	restart = "restart"
	kill    = "kill"   // without a last word
	full    = "full"   // the next record fails
	unsure  = "unsure" // the next record is stored, and fails
)

func someScenes(t *rapid.T) []scene {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) scene {
		return scene{
			server:  rapid.IntRange(0, 1).Draw(t, "server"),
			kinds:   rapid.SliceOfN(rapid.SampledFrom([]string{good, good, down, down, downed, limited, retried}), 0, 3).Draw(t, "regions"),
			planned: rapid.SampledFrom([]bool{false, false, false, true}).Draw(t, "planned"),
			before:  rapid.SampledFrom([]string{calm, calm, calm, restart, kill, full, unsure}).Draw(t, "before"),
		}
	}), 1, 40).Draw(t, "scenes")
}

// again is a feed that repeats what was read before.
type again struct{ verdict.Feed }

func (a again) After(ctx context.Context, after uptime.Cursor, limit int) ([]uptime.Verdict, error) {
	got, err := a.Feed.After(ctx, after, limit)
	if err != nil || len(got) == 0 {
		return got, err
	}
	return a.Feed.After(ctx, after-min(after, 3), limit)
}

// play lets the scenes happen and returns the verdicts and what was recorded.
func play(t *testing.T, scenes []scene) (feed []uptime.Verdict, recorded *ledger) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		servers := []*uptime.Server{server("a", "ap", "eu", "us"), server("b", "ap", "eu", "us")}
		d := newDesk(t, verdict.RecorderOptions{}, servers...)
		d.stop()
		d.opt.Feed = again{d.live}
		d.run()
		var dead atomic.Bool
		var next atomic.Value
		next.Store(calm)
		d.ledger.fail = func() (bool, error) {
			if dead.Load() {
				return false, errors.New("killed")
			}
			what, _ := next.Swap(calm).(string)
			if what == full || what == unsure {
				return what == unsure, errors.New(what)
			}
			return true, nil
		}
		for _, s := range scenes {
			switch s.before {
			case restart:
				d.restart()
			case kill:
				dead.Store(true)
				d.stop()
				dead.Store(false)
				d.run()
			case full, unsure:
				next.Store(s.before)
			}
			feed = append(feed, d.seal(servers[s.server], func(v *uptime.Verdict) { v.Maintenance = s.planned }, s.kinds...))
		}
		time.Sleep(time.Minute)
		d.stop()
		recorded = d.ledger
	})
	return feed, recorded
}

// model is what incidents are, said simply: a list of verdicts and no memory
// between them but the open incident.
func model(feed []uptime.Verdict) map[uptime.IncidentID]uptime.Incident {
	all := map[uptime.IncidentID]uptime.Incident{}
	open := map[uptime.ServerID]uptime.IncidentID{}
	for i := range feed {
		v := &feed[i]
		in, ongoing := all[open[v.Server]], open[v.Server] != ""
		up := v.State == uptime.Live || v.State == uptime.Degraded
		switch {
		case v.State == uptime.Down && !v.Maintenance:
			if !ongoing {
				in = uptime.Incident{
					ID: uptime.NewIncidentID(v.Tenant, v.Server, v.Cycle), Tenant: v.Tenant, Server: v.Server,
					Opened: earliest(v), Detected: v.SealedAt,
				}
			}
			in.Recovered = time.Time{}
			in.AddRegions(v.Failed())
			open[v.Server] = in.ID
		case up && ongoing && in.Recovered.IsZero():
			in.Recovered = v.Cycle
		case up && ongoing:
			in.Closed = v.SealedAt
			delete(open, v.Server)
		default:
			continue
		}
		if in.ID != "" {
			all[in.ID] = in
		}
	}
	return all
}

func earliest(v *uptime.Verdict) time.Time {
	var starts []time.Time
	for i := range v.Reports {
		if v.Reports[i].State == uptime.Down {
			starts = append(starts, v.Reports[i].Started)
		}
	}
	return slices.MinFunc(starts, time.Time.Compare)
}

// TestRecorderProperty: whatever the verdicts are, wherever the recorder is
// stopped, killed or refused, and however often it reads the same: the incidents
// are those of the model, and each has a whole timeline.
func TestRecorderProperty(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		feed, got := play(t, someScenes(rt))
		incidents := maps.Clone(got.incidents)
		for id, in := range incidents {
			in.Failure = uptime.Failure{} // the newest, which the model does not follow
			incidents[id] = in
		}
		if diff := cmp.Diff(model(feed), incidents); diff != "" {
			rt.Fatal(diff)
		}
		if int(got.cursor) != len(feed) {
			rt.Fatalf("the cursor is at %d of %d", got.cursor, len(feed))
		}
		for id, in := range got.incidents {
			wholeTimeline(rt, in, got, id)
		}
	})
}

func wholeTimeline(t *rapid.T, in uptime.Incident, l *ledger, id uptime.IncidentID) {
	count := map[uptime.IncidentEventKind]int{}
	for _, e := range l.events {
		if e.Incident == id {
			count[e.Kind]++
		}
	}
	resolved, good := 1, 0
	if in.Open() {
		resolved = 0
	}
	if !in.Recovered.IsZero() {
		good = 1
	}
	if count[uptime.IncidentOpened] != 1 || count[uptime.IncidentResolved] != resolved ||
		count[uptime.IncidentRecovery] != count[uptime.IncidentRelapse]+good {
		t.Fatalf("%+v has the events %v", in, count)
	}
	if !slices.ContainsFunc(l.evidence, func(e uptime.Evidence) bool { return e.Incident == id }) {
		t.Fatalf("%+v has no evidence", in)
	}
}
