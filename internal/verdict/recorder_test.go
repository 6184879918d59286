package verdict_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/alivemcp/alivemcp/internal/live/memory"
	"github.com/alivemcp/alivemcp/internal/uptime"
	"github.com/alivemcp/alivemcp/internal/verdict"
)

// ledger keeps what is recorded as a store would: rows are replaced by id.
type ledger struct {
	fail func() (apply bool, err error)

	mu        sync.Mutex
	incidents map[uptime.IncidentID]uptime.Incident
	drifts    map[uptime.DriftID]uptime.Drift
	baselines map[uptime.ServerID]uptime.Baseline
	events    []uptime.IncidentEvent
	evidence  []uptime.Evidence
	cursor    uptime.Cursor
	records   int
}

func newLedger() *ledger {
	return &ledger{
		incidents: map[uptime.IncidentID]uptime.Incident{}, drifts: map[uptime.DriftID]uptime.Drift{},
		baselines: map[uptime.ServerID]uptime.Baseline{},
	}
}

func (l *ledger) Ongoing(context.Context) (on uptime.Ongoing, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, in := range l.incidents {
		if in.Open() {
			on.Incidents = append(on.Incidents, in)
		}
	}
	for _, d := range l.drifts {
		if d.Open() {
			on.Drifts = append(on.Drifts, d)
		}
	}
	on.Baselines = slices.Collect(maps.Values(l.baselines))
	on.Cursor = l.cursor
	return on, nil
}

func (l *ledger) Record(_ context.Context, c uptime.Changes) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	apply, err := true, error(nil)
	if l.fail != nil {
		apply, err = l.fail()
	}
	if !apply {
		return err
	}
	l.records++
	for _, in := range c.Incidents {
		l.incidents[in.ID] = in
	}
	for _, d := range c.Drifts {
		l.drifts[d.ID] = d
	}
	for _, b := range c.Baselines {
		l.baselines[b.Server] = b
	}
	for _, e := range c.Events {
		same := func(o uptime.IncidentEvent) bool {
			return o.Incident == e.Incident && o.At.Equal(e.At) && o.Kind == e.Kind
		}
		if !slices.ContainsFunc(l.events, same) {
			l.events = append(l.events, e)
		}
	}
	for _, e := range c.Evidence {
		same := func(o uptime.Evidence) bool {
			return o.Incident == e.Incident && o.Region == e.Region && o.Cycle.Equal(e.Cycle)
		}
		if !slices.ContainsFunc(l.evidence, same) {
			l.evidence = append(l.evidence, e)
		}
	}
	l.cursor = c.Cursor
	return err
}

// desk is a recorder over a feed, in virtual time.
type desk struct {
	t      *testing.T
	live   *memory.Live
	ledger *ledger
	rec    *verdict.Recorder
	plan   atomic.Pointer[uptime.Plan]
	opt    verdict.RecorderOptions
	cycle  time.Time // of the next verdict
	stop   func()
}

func newDesk(t *testing.T, opt verdict.RecorderOptions, servers ...*uptime.Server) *desk {
	t.Helper()
	d := &desk{t: t, ledger: newLedger(), live: memory.New(memory.Options{}), opt: opt, cycle: time.Now().UTC().Truncate(time.Minute)}
	d.plan.Store(&uptime.Plan{Version: 1, Servers: servers})
	d.opt.Feed, d.opt.Ledger, d.opt.Plan, d.opt.Looks = d.live, d.ledger, d.plan.Load, d.live
	d.run()
	t.Cleanup(func() { d.stop() })
	return d
}

func (d *desk) run() {
	var err error
	if d.rec, err = verdict.NewRecorder(d.opt); err != nil {
		d.t.Fatal(err)
	}
	rec := d.rec
	ctx, cancel := context.WithCancel(d.t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := rec.Run(ctx); !errors.Is(err, context.Canceled) {
			d.t.Errorf("Run = %v", err)
		}
	})
	d.stop = func() { cancel(); wg.Wait() }
}

func (d *desk) restart() {
	d.stop()
	d.run()
}

// seal seals the verdict that reports of these kinds lead to, and waits until it
// is recorded. Each is of the next minute.
func (d *desk) seal(s *uptime.Server, change func(*uptime.Verdict), kinds ...string) uptime.Verdict {
	d.t.Helper()
	v := uptime.Verdict{Tenant: s.Tenant, Server: s.ID, Cycle: d.cycle, Every: time.Minute, Expected: len(s.Regions)}
	for i, k := range kinds {
		c := cellOf(k, s.Regions[i])
		c.Tenant, c.Server, c.Cycle = s.Tenant, s.ID, d.cycle
		for a := range c.Attempts {
			c.Attempts[a].Started = d.cycle.Add(time.Duration(10-i+5*a) * time.Second)
		}
		d.live.Keep(c)
		v.Reports = append(v.Reports, verdict.Report(c, 0))
	}
	j := verdict.Decide(v.Expected, v.Reports)
	v.State, v.Failure, v.Why = j.State, j.Failure, j.Why
	if change != nil {
		change(&v)
	}
	d.cycle = d.cycle.Add(time.Minute)
	time.Sleep(time.Until(d.cycle))
	v.SealedAt = d.cycle
	if n, err := d.live.Seal(d.t.Context(), []uptime.Verdict{v}); n != 1 || err != nil {
		d.t.Fatalf("Seal = %d, %v", n, err)
	}
	synctest.Wait()
	return v
}

// only returns the one incident that was ever recorded.
func (d *desk) only() *uptime.Incident {
	d.t.Helper()
	synctest.Wait()
	if len(d.ledger.incidents) != 1 {
		d.t.Fatalf("%d incidents: %+v", len(d.ledger.incidents), d.ledger.incidents)
	}
	for _, in := range d.ledger.incidents {
		return &in
	}
	return nil
}

func (d *desk) kinds() (out []uptime.IncidentEventKind) {
	for _, e := range d.ledger.events {
		out = append(out, e.Kind)
	}
	return out
}

func TestAnIncident(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := server("a", "ap", "eu", "us")
		d := newDesk(t, verdict.RecorderOptions{}, s)
		d.seal(s, nil, good, good, good)
		d.seal(s, nil, good, good, down)
		if len(d.ledger.incidents) != 0 {
			t.Fatalf("one region alone opened %+v", d.ledger.incidents)
		}
		first := d.seal(s, nil, down, down, good)
		in := d.only()
		want := uptime.Incident{
			ID: uptime.NewIncidentID("default", "a", first.Cycle), Tenant: "default", Server: "a",
			Opened: first.Cycle.Add(9 * time.Second), Detected: first.SealedAt,
			Failure: *first.Failure, Regions: []string{"ap", "eu"},
		}
		if diff := cmp.Diff(&want, in); diff != "" {
			t.Fatal(diff)
		}
		d.seal(s, nil, down, down, good) // nothing new
		d.seal(s, nil, good, down, down)
		d.seal(s, nil, good, downed, downed)
		d.seal(s, nil, limited, limited, limited)
		d.seal(s, nil, good, good, retried)
		d.seal(s, nil)
		d.seal(s, nil, down, downed, down)
		back := d.seal(s, nil, good, good, good)
		d.seal(s, nil)
		closed := d.seal(s, nil, good, good, slow)
		d.seal(s, nil, good, good, good)

		in = d.only()
		if in.Open() || !in.Recovered.Equal(back.Cycle) || !in.Closed.Equal(closed.SealedAt) || !in.Opened.Equal(want.Opened) {
			t.Errorf("%+v", in)
		}
		if got := in.Regions; !slices.Equal(got, []string{"ap", "eu", "us"}) {
			t.Errorf("regions %q", got)
		}
		wantKinds := []uptime.IncidentEventKind{
			uptime.IncidentOpened, uptime.IncidentRegions, uptime.IncidentCause, uptime.IncidentRecovery,
			uptime.IncidentRelapse, uptime.IncidentRegions, uptime.IncidentCause, uptime.IncidentRecovery, uptime.IncidentResolved,
		}
		if diff := cmp.Diff(wantKinds, d.kinds()); diff != "" {
			t.Error(diff)
		}
		for i, e := range d.ledger.events {
			if e.Text == "" || e.Incident != in.ID || i > 0 && e.At.Before(d.ledger.events[i-1].At) {
				t.Errorf("event %d: %+v", i, e)
			}
		}
		if st := d.rec.Stats(); st.Incidents != 0 || st.Cursor != 14 || st.Failed != 0 {
			t.Errorf("%+v", st)
		}
	})
}

// TestEvidenceOfAnIncident: what the failing regions saw, when it opened and
// when it changed; what is gone is told from the report.
func TestEvidenceOfAnIncident(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := server("a", "ap", "eu")
		d := newDesk(t, verdict.RecorderOptions{}, s)
		forgotten := d.seal(s, func(v *uptime.Verdict) {
			newer := cellOf(good, "ap")
			newer.Tenant, newer.Server, newer.Cycle = v.Tenant, v.Server, v.Cycle.Add(time.Hour)
			d.live.Keep(newer)
		}, down, down)
		d.seal(s, nil, down, down)
		d.seal(s, nil, downed, downed)
		got := d.ledger.evidence
		if len(got) != 4 {
			t.Fatalf("%d pieces: %+v", len(got), got)
		}
		for _, e := range got {
			if e.Incident != d.only().ID || e.Result.Failure == nil || e.Result.Started.IsZero() {
				t.Errorf("%+v", e)
			}
		}
		if got[0].Region != "ap" || !got[0].Cycle.Equal(forgotten.Cycle) || got[0].Result.Region != "ap" {
			t.Errorf("%+v", got[0])
		}
		for range 100 {
			d.seal(s, nil, down, down)
			d.seal(s, nil, downed, downed)
		}
		if n := len(d.ledger.evidence); n > 24 {
			t.Errorf("%d pieces of evidence", n)
		}
		for range 100 {
			d.seal(s, nil, good, good)
			d.seal(s, nil, down, down)
		}
		if n := len(d.ledger.events); n > 200 {
			t.Errorf("%d events", n)
		}
		d.seal(s, nil, good, good)
		d.seal(s, nil, good, good)
		if last := d.kinds()[len(d.kinds())-1]; last != uptime.IncidentResolved || d.only().Open() {
			t.Errorf("the last event is %s", last)
		}
	})
}

func TestMaintenanceOpensNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := server("a", "eu")
		d := newDesk(t, verdict.RecorderOptions{}, s)
		planned := func(v *uptime.Verdict) { v.Maintenance = true }
		d.seal(s, planned, down)
		if len(d.ledger.incidents) != 0 {
			t.Fatalf("%+v", d.ledger.incidents)
		}
		d.seal(s, nil, down)
		d.seal(s, planned, good)
		d.seal(s, planned, down) // neither here nor there
		d.seal(s, planned, good)
		if d.only().Open() {
			t.Errorf("%+v", d.only())
		}
	})
}

func TestRemovedServerIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, other := server("a", "eu"), server("b", "eu")
		d := newDesk(t, verdict.RecorderOptions{}, s, other)
		d.seal(s, showing("x"), good)
		d.seal(s, showing("y"), down)
		d.plan.Store(&uptime.Plan{Version: 2, Servers: []*uptime.Server{other}})
		time.Sleep(5 * time.Second)
		in := d.only()
		if in.Open() || !in.Recovered.IsZero() || in.Duration(time.Now().Add(time.Hour)) > 2*time.Minute {
			t.Errorf("%+v", in)
		}
		if got := d.kinds(); !slices.Equal(got, []uptime.IncidentEventKind{uptime.IncidentOpened, uptime.IncidentForgotten}) {
			t.Errorf("events %q", got)
		}
		for _, dr := range d.ledger.drifts {
			if dr.Open() {
				t.Errorf("%+v", dr)
			}
		}
		d.seal(s, nil, down) // was on its way
		if d.seal(other, nil, down); len(d.ledger.incidents) != 2 {
			t.Errorf("%+v", d.ledger.incidents)
		}
	})
}

// TestPlanIsAwaited: nothing is passed over before it is known what is
// monitored.
func TestPlanIsAwaited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := server("a", "eu")
		d := newDesk(t, verdict.RecorderOptions{}, s)
		d.stop()
		d.plan.Store(nil)
		d.run()
		d.seal(s, nil, down)
		d.plan.Store(&uptime.Plan{})
		time.Sleep(5 * time.Second)
		if len(d.ledger.incidents) != 0 {
			t.Error("recorded without a plan")
		}
		d.plan.Store(&uptime.Plan{Version: 1, Servers: []*uptime.Server{s}})
		time.Sleep(5 * time.Second)
		d.only()
	})
}

// TestQuietFeedIsRecordedRarely: verdicts that change nothing cost a write now
// and then, and none is read twice after a clean stop.
func TestQuietFeedIsRecordedRarely(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := server("a", "eu")
		s.Interval = 5 * time.Second
		d := newDesk(t, verdict.RecorderOptions{}, s)
		for range 600 {
			v := uptime.Verdict{Tenant: s.Tenant, Server: s.ID, Cycle: s.CycleAt(time.Now()), State: uptime.Live, SealedAt: time.Now()}
			_, _ = d.live.Seal(t.Context(), []uptime.Verdict{v}) // without a journal it cannot fail
			time.Sleep(5 * time.Second)
		}
		synctest.Wait()
		if d.ledger.records > 310 {
			t.Errorf("%d writes for 600 verdicts", d.ledger.records)
		}
		d.stop()
		if d.ledger.cursor != 600 {
			t.Errorf("the cursor is at %d", d.ledger.cursor)
		}
	})
}

// TestGapIsPassed: verdicts that are lost are lost, and those after them count.
func TestGapIsPassed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := server("a", "eu")
		d := newDesk(t, verdict.RecorderOptions{}, s)
		d.stop()
		d.live = memory.New(memory.Options{Tail: 2})
		d.opt.Feed = d.live
		for range 5 {
			d.seal(s, nil, down)
		}
		d.run()
		d.seal(s, nil, down)
		if in := d.only(); !in.Detected.Equal(d.cycle.Add(-2 * time.Minute)) {
			t.Errorf("%+v", in)
		}
	})
}

// TestNoteSurvives: what an operator changes is not undone by what is recorded
// at the same time.
func TestNoteSurvives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := server("a", "ap", "eu", "us")
		d := newDesk(t, verdict.RecorderOptions{}, s)
		d.seal(s, nil, down, down, good)
		err := d.rec.Amend(t.Context(), func(context.Context) error {
			in := d.only()
			in.Note = "we are on it"
			d.ledger.incidents[in.ID] = *in
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		d.seal(s, nil, down, down, down)
		d.seal(s, nil, good, good, good)
		d.seal(s, nil, good, good, good)
		if in := d.only(); in.Note != "we are on it" || in.Open() {
			t.Errorf("%+v", in)
		}
		fault := errors.New("no")
		if err := d.rec.Amend(t.Context(), func(context.Context) error { return fault }); !errors.Is(err, fault) {
			t.Errorf("Amend = %v", err)
		}
	})
}

func TestRecorderOptions(t *testing.T) {
	t.Parallel()
	if _, err := verdict.NewRecorder(verdict.RecorderOptions{}); !errors.Is(err, uptime.ErrInvalid) {
		t.Errorf("NewRecorder = %v, want that it is invalid", err)
	}
}

// showing makes all regions of a verdict show these contracts; the last is for
// all that follow.
func showing(hashes ...string) func(*uptime.Verdict) {
	return func(v *uptime.Verdict) {
		for i := range v.Reports {
			v.Reports[i].ToolsHash = hashes[min(i, len(hashes)-1)]
		}
	}
}

// all returns the drifts in the order in which they were found.
func (d *desk) all() []uptime.Drift {
	synctest.Wait()
	return slices.SortedFunc(maps.Values(d.ledger.drifts), func(a, b uptime.Drift) int { return a.Detected.Compare(b.Detected) })
}

// compared is a comparison that says which contracts it saw.
func compared(_ context.Context, _ uptime.TenantID, from, to string) (uptime.DriftClass, string, int, error) {
	if to == "gone" {
		return 0, "", 0, uptime.ErrNotFound
	}
	return uptime.DriftCompatible, fmt.Sprintf("%s became %s", from, to), 3, nil
}
