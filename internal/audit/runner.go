package audit

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Records is where a run is kept.
type Records interface {
	AuditRun(ctx context.Context, id uptime.AuditRunID) (uptime.AuditRun, error)
	// AuditTargets returns what a run looks at, in the order of keys: at most limit
	// that follow a key.
	AuditTargets(ctx context.Context, id uptime.AuditRunID, after uptime.EndpointKey, limit int) ([]uptime.AuditTarget, error)
	// LooksDone shows which looks of a round are kept.
	LooksDone(ctx context.Context, id uptime.AuditRunID, round int, yield func(uptime.EndpointKey, string) error) error
	// PutLooks keeps looks; when it returns they last. One that is there stays.
	PutLooks(ctx context.Context, id uptime.AuditRunID, looks []uptime.AuditLook) error
	EndAudit(ctx context.Context, id uptime.AuditRunID, at time.Time) error
}

// Look looks at an endpoint once, from a region, with all attempts that this
// takes, and says what was seen; see [LookOf]. Endpoint, Round and Region are
// filled in by the runner, and At, unless it is set, with when the look began by
// the runner's clock. It returns soon after ctx has ended, and such a look is
// thrown away. It is called concurrently.
type Look func(ctx context.Context, t *uptime.AuditTarget, region string) uptime.AuditLook

// Options are what a Runner is made of. Run, Records and Look are required.
type Options struct {
	Run     uptime.AuditRunID
	Records Records
	Look    Look
	// Round is called before the first look of each round that is made, when no look
	// is under way; its error ends the run. It may be nil.
	Round func(n int) error
	// Rate is how many looks begin in a second; 0 for what the run says, and when
	// that is 0 too, for no bound.
	Rate float64
	// Concurrent is how many looks are made at once, 256 unless it says otherwise;
	// PerHost how many of them at one host, 2 unless it says otherwise.
	Concurrent, PerHost int
	// HostGap is what lies at least between the beginnings of two looks at one host;
	// negative for nothing, 0 for half a second.
	HostGap time.Duration
	// Tries is how often a look is tried that failed through our own fault, 3 unless
	// it says otherwise; RetryAfter what lies between, a minute unless it says
	// otherwise. After the last one it is kept as unknown.
	Tries      int
	RetryAfter time.Duration
	// Skip reports whether an owner has opted out since the run began; may be nil.
	Skip func(uptime.EndpointKey) bool
	// Progress is told after each batch of looks that is kept, one call at a time,
	// and when a round is waited for; may be nil.
	Progress func(Progress)
	Clock    Clock        // nil for the real one
	Logger   *slog.Logger // nil for none
}

// Progress is how far a run is.
type Progress struct {
	// Round is the one that is made, from 1; Next is when it begins, zero when it
	// has begun.
	Round int
	Next  time.Time
	// Done and Total count looks of all rounds, those of earlier calls included.
	Done, Total int
	// Rate is the looks a second of this call, over about the last minute.
	Rate float64
	// ETA is when the last round will be over, at this rate; zero while nothing is
	// known.
	ETA time.Time
}

// Runner makes the looks of one run.
type Runner struct {
	opt     Options
	run     uptime.AuditRun
	targets []uptime.AuditTarget // those that are probed, in the order of keys
	order   []int32              // of targets, spread over hosts
	begun   time.Time            // when this call began the last round of which it made looks; zero before
	meter   meter
}

// New returns a runner. It starts nothing.
func New(opt Options) *Runner {
	setDefault(&opt.Concurrent, 256)
	setDefault(&opt.PerHost, 2)
	setDefault(&opt.HostGap, 500*time.Millisecond)
	setDefault(&opt.Tries, 3)
	setDefault(&opt.RetryAfter, time.Minute)
	if opt.Round == nil {
		opt.Round = func(int) error { return nil }
	}
	if opt.Skip == nil {
		opt.Skip = func(uptime.EndpointKey) bool { return false }
	}
	if opt.Progress == nil {
		opt.Progress = func(Progress) {}
	}
	if opt.Clock == nil {
		opt.Clock = RealClock{}
	}
	if opt.Logger == nil {
		opt.Logger = slog.New(slog.DiscardHandler)
	}
	return &Runner{opt: opt}
}

func setDefault[T comparable](value *T, otherwise T) {
	var zero T
	if *value == zero {
		*value = otherwise
	}
}

// Run makes all looks that are not kept yet, and ends the run. Round n begins n-1
// gaps after the run began; when the round before was late, or was gone on with after
// the process had been away, a gap after that, and not before it is over. When ctx
// ends it keeps what was seen and returns ctx's error; called again, it goes on from
// there.
func (r *Runner) Run(ctx context.Context) error {
	if err := r.load(ctx); err != nil || !r.run.Ended.IsZero() {
		return err
	}
	for n := 1; n <= r.run.Rounds; n++ {
		if err := r.round(ctx, n); err != nil {
			return fmt.Errorf("auditing %s, round %d: %w", r.run.ID, n, err)
		}
	}
	return r.opt.Records.EndAudit(ctx, r.run.ID, r.opt.Clock.Now())
}

func (r *Runner) load(ctx context.Context) (err error) {
	if r.run, err = r.opt.Records.AuditRun(ctx, r.opt.Run); err != nil {
		return fmt.Errorf("beginning to audit: %w", err)
	}
	if r.opt.Rate == 0 {
		r.opt.Rate = r.run.Rate
	}
	r.targets, r.order, r.begun = nil, nil, time.Time{}
	if err = r.loadTargets(ctx); err != nil {
		return err
	}
	r.plan()
	r.meter = meter{total: len(r.targets) * len(r.run.Regions) * r.run.Rounds}
	return nil
}

func (r *Runner) loadTargets(ctx context.Context) error {
	var after uptime.EndpointKey
	for {
		page, err := r.opt.Records.AuditTargets(ctx, r.run.ID, after, 1000)
		if err != nil {
			return fmt.Errorf("reading what is audited: %w", err)
		}
		if len(page) == 0 {
			return nil
		}
		after = page[len(page)-1].Key
		for _, t := range page {
			if t.Kind == uptime.EndpointRemote && !t.Optout {
				r.targets = append(r.targets, t)
			}
		}
	}
}

// plan sets the order, which the keys alone decide.
func (r *Runner) plan() {
	places := make([]place, len(r.targets))
	for i, t := range r.targets {
		places[i] = place{key: t.Key, host: t.Host, platform: t.Platform}
	}
	spread(places)
	r.order = make([]int32, len(places))
	for i, p := range places {
		r.order[i] = int32(r.find(p.key))
	}
}

// find returns the number of a target, or one past the last.
func (r *Runner) find(key uptime.EndpointKey) int {
	i, ok := slices.BinarySearchFunc(r.targets, key, func(t uptime.AuditTarget, key uptime.EndpointKey) int {
		return cmp.Compare(t.Key, key)
	})
	if !ok {
		return len(r.targets)
	}
	return i
}

// job is a look of a round: the number of its target times the number of
// regions, and the region's number.
type job uint32

func (r *Runner) target(j job) *uptime.AuditTarget { return &r.targets[int(j)/len(r.run.Regions)] }
func (r *Runner) region(j job) string              { return r.run.Regions[int(j)%len(r.run.Regions)].ID }

// turn returns the nth job of a round. The regions go the same way, each from
// another place on it, so that they are not at one host at the same time.
func (r *Runner) turn(n int) job {
	regions := len(r.run.Regions)
	region := n % regions
	at := (n/regions + region*len(r.order)/regions) % len(r.order)
	return job(int(r.order[at])*regions + region)
}

// starts returns when a round begins at the earliest, after one that was begun, or
// gone on with, at a time; zero for none.
func (r *Runner) starts(round int, before time.Time) time.Time {
	at := r.run.Began.Add(time.Duration(round-1) * r.run.Gap)
	if late := before.Add(r.run.Gap); late.After(at) {
		return late
	}
	return at
}

// done returns which jobs of a round are kept.
func (r *Runner) done(ctx context.Context, round int) ([]bool, int, error) {
	done, n := make([]bool, len(r.targets)*len(r.run.Regions)), 0
	regions := map[string]int{}
	for i, region := range r.run.Regions {
		regions[region.ID] = i
	}
	err := r.opt.Records.LooksDone(ctx, r.run.ID, round, func(key uptime.EndpointKey, region string) error {
		t := r.find(key)
		at, ok := regions[region]
		if j := t*len(regions) + at; ok && t < len(r.targets) && !done[j] {
			done[j] = true
			n++
		}
		return nil
	})
	if err != nil {
		return nil, 0, fmt.Errorf("reading what is done: %w", err)
	}
	return done, n, nil
}

// round makes what is missing of a round.
func (r *Runner) round(ctx context.Context, n int) error {
	done, kept, err := r.done(ctx, n)
	if err != nil {
		return err
	}
	r.meter.add(time.Time{}, kept)
	if !r.missing(done) {
		return nil
	}
	if start := r.starts(n, r.begun); r.opt.Clock.Now().Before(start) {
		r.opt.Progress(r.progress(n, start))
		if err := r.opt.Clock.Sleep(ctx, start); err != nil {
			return err
		}
	}
	if err := r.opt.Round(n); err != nil {
		return err
	}
	r.begun = r.opt.Clock.Now()
	return r.make(ctx, n, done)
}

// missing reports whether there is a look to make: none is at those who opted out.
func (r *Runner) missing(done []bool) bool {
	for j, kept := range done {
		if !kept && !r.opt.Skip(r.target(job(j)).Key) {
			return true
		}
	}
	return false
}

func (r *Runner) progress(round int, next time.Time) Progress {
	now := r.opt.Clock.Now()
	p := Progress{Round: round, Next: next, Done: r.meter.done, Total: r.meter.total, Rate: r.meter.rate(now)}
	if p.Rate > 0 {
		p.ETA = r.eta(now, round, p)
	}
	return p
}

// eta adds the rounds that are left, each of which waits for its time.
func (r *Runner) eta(now time.Time, round int, p Progress) time.Time {
	at, begun, left := now, r.begun, max(0, p.Total/r.run.Rounds*round-p.Done)
	if !p.Next.IsZero() {
		at, begun = p.Next, p.Next
	}
	for {
		at = at.Add(time.Duration(float64(left) / p.Rate * float64(time.Second)))
		if round++; round > r.run.Rounds {
			return at
		}
		if start := r.starts(round, begun); start.After(at) {
			at = start
		}
		begun, left = at, p.Total/r.run.Rounds
	}
}
