package verdict

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

const (
	// maxMissed is how many cycles a server may be behind so that the newest of
	// them is still sealed as Unknown when nobody reported: more than that, and
	// the clock jumped, the machine slept, or sealing failed for long.
	maxMissed = 2
	// maxBehind is how many cycles of one server are looked at when a later one is
	// complete: more do not fit into the time of a cell.
	maxBehind = int(uptime.CellTime/uptime.MinInterval) + 2
	// measured is the part of a cycle in which its probes run, and in which
	// maintenance counts.
	measured = time.Minute

	// slowFactor, slowRun and slowFloor make a server Degraded that is slower than
	// it used to be: its latency above three times its 7-day baseline in three
	// verdicts in a row. Below the floor nobody notices: a server next door that
	// takes 7 ms instead of 2 ms is well.
	slowFactor = 3
	slowRun    = 3
	slowFloor  = 250 * time.Millisecond
)

// batch is what is sealed at once.
type batch struct {
	verdicts []uptime.Verdict
	owners   []*track // of the verdicts
	// next is where each of the tracks goes on when the verdicts are sealed.
	tracks  []*track
	next    []time.Time
	skipped uint64
}

// reset empties the batch and keeps its memory.
func (b *batch) reset() *batch {
	clear(b.verdicts)
	clear(b.owners)
	clear(b.tracks)
	b.verdicts, b.owners, b.tracks, b.next, b.skipped = b.verdicts[:0], b.owners[:0], b.tracks[:0], b.next[:0], 0
	return b
}

// verdict returns the place for one more verdict of a server.
func (b *batch) verdict(t *track) *uptime.Verdict {
	b.verdicts, b.owners = append(b.verdicts, uptime.Verdict{}), append(b.owners, t)
	return &b.verdicts[len(b.verdicts)-1]
}

func (b *batch) add(t *track, next time.Time) {
	b.tracks, b.next = append(b.tracks, t), append(b.next, next)
}

// sealSome seals a batch of what is complete or overdue; more says that there
// may be more.
func (s *Sealer) sealSome(ctx context.Context, now time.Time) (more bool, err error) {
	s.round++
	if err := s.review(ctx); err != nil {
		return false, err
	}
	b := s.batch.reset()
	s.addReady(b, now)
	if err := s.addOvertaken(ctx, b, now); err != nil {
		return false, err
	}
	if err := s.addOverdue(ctx, b, now); err != nil {
		return false, err
	}
	if len(b.tracks) == 0 {
		s.ready = nil
		return false, nil
	}
	return true, s.commit(ctx, b)
}

// review looks again at servers that were heard of before they were due.
func (s *Sealer) review(ctx context.Context) error {
	keys := make([]uptime.CycleKey, 0, len(s.recheck))
	for _, t := range s.recheck {
		keys = append(keys, t.key(t.due))
	}
	pending, err := s.pending(ctx, keys)
	if err != nil {
		return err
	}
	for i, t := range s.recheck {
		if t.complete(pending[i].Reports) {
			t.reports = pending[i].Reports
			s.ready = append(s.ready, t)
		}
	}
	s.recheck = nil
	return nil
}

func (t *track) key(cycle time.Time) uptime.CycleKey {
	return uptime.CycleKey{Tenant: t.id.tenant, Server: t.id.server, Cycle: cycle}
}

func (s *Sealer) pending(ctx context.Context, keys []uptime.CycleKey) ([]uptime.Pending, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	pending, err := s.opt.Live.Pending(ctx, keys)
	if err != nil {
		return nil, fmt.Errorf("fetching the reports of %d cycles: %w", len(keys), err)
	}
	return pending, nil
}

// addReady adds the cycles that are complete.
func (s *Sealer) addReady(b *batch, now time.Time) {
	for _, t := range s.ready {
		if t.round == s.round || t.reports == nil {
			continue
		}
		t.round = s.round
		if next, settled := s.settled(t); settled {
			b.add(t, next)
			continue
		}
		s.judge(b.verdict(t), t, t.due, t.reports, now)
		b.add(t, t.due.Add(t.every))
	}
}

// addOvertaken adds what was reported of cycles up to one that is complete; those
// between that nobody reported on are left unmeasured.
func (s *Sealer) addOvertaken(ctx context.Context, b *batch, now time.Time) error {
	s.overtaken = slices.DeleteFunc(s.overtaken, func(t *track) bool { return !t.full.After(t.due) })
	for _, t := range s.overtaken {
		if t.round == s.round || !t.overtaken(now) {
			continue
		}
		t.round = s.round
		var keys []uptime.CycleKey
		for cycle := t.full; !cycle.Before(t.due) && len(keys) < maxBehind; cycle = cycle.Add(-t.every) {
			keys = append(keys, t.key(cycle))
		}
		slices.Reverse(keys)
		pending, err := s.pending(ctx, keys)
		if err != nil {
			return err
		}
		for i := range pending {
			if len(pending[i].Reports) == 0 {
				b.skipped++
				continue
			}
			s.judge(b.verdict(t), t, pending[i].Cycle, pending[i].Reports, now)
		}
		b.add(t, t.after(t.full))
	}
	return nil
}

// addOverdue adds the cycles whose deadline has passed.
func (s *Sealer) addOverdue(ctx context.Context, b *batch, now time.Time) error {
	var tracks []*track
	var keys []uptime.CycleKey
	for _, t := range s.agenda.queue.due(now, maxBatch) {
		if t.round == s.round {
			continue
		}
		t.round = s.round
		if next, settled := s.settled(t); settled {
			b.add(t, next)
			continue
		}
		newest := t.overdue(now)
		tracks = append(tracks, t)
		keys = append(keys, t.key(t.due), t.key(newest.Add(-t.every)), t.key(newest))
	}
	pending, err := s.pending(ctx, keys)
	if err != nil {
		return err
	}
	for i, t := range tracks {
		s.addMissed(b, t, pending[3*i:3*i+3], now)
	}
	return nil
}

// addMissed adds what there is of a server's overdue cycles: the one that was
// due, and the newest two.
func (s *Sealer) addMissed(b *batch, t *track, cycles []uptime.Pending, now time.Time) {
	newest := cycles[2].Cycle
	missed := int(newest.Sub(t.due) / t.every)
	left := missed + 1
	from := t.due
	for i := range cycles {
		p := &cycles[i]
		if p.Cycle.Before(from) || len(p.Reports) == 0 && (p.Cycle.Before(newest) || missed > maxMissed || !t.silent(now, s.opt.Live)) {
			continue
		}
		s.judge(b.verdict(t), t, p.Cycle, p.Reports, now)
		from = p.Cycle.Add(1)
		left--
	}
	b.skipped += uint64(max(0, left)) //nolint:gosec // not negative
	b.add(t, t.after(newest))
}

// settled reports whether somebody else has sealed the cycle that is due, and
// which one follows. It is asked when the cycle before was not sealed by us.
func (s *Sealer) settled(t *track) (next time.Time, ok bool) {
	if t.seen.Equal(t.due.Add(-t.every)) {
		return time.Time{}, false
	}
	v, ok := s.opt.Live.Latest(t.id.tenant, t.id.server)
	if !ok {
		return time.Time{}, false
	}
	s.note(t, &v)
	return t.after(v.Cycle), !t.due.After(v.Cycle)
}

// note counts how long a server has been slow, up to a sealed verdict.
func (s *Sealer) note(t *track, v *uptime.Verdict) {
	if !v.Cycle.After(t.seen) {
		return
	}
	t.seen = v.Cycle
	switch {
	case v.Latency == 0: // nothing was measured
	case s.slow(t.server, v.Latency):
		t.slow++
	default:
		t.slow = 0
	}
}

func (s *Sealer) slow(srv *uptime.Server, latency time.Duration) bool {
	if latency <= slowFloor || s.opt.Baseline == nil {
		return false
	}
	p95, ok := s.opt.Baseline(srv.Tenant, srv.ID)
	return ok && latency > slowFactor*p95
}

// judge makes the verdict of one cycle.
func (s *Sealer) judge(v *uptime.Verdict, t *track, cycle time.Time, reports []uptime.Report, now time.Time) {
	known, expected := t.among(reports)
	j := Decide(expected, known)
	if j.State == uptime.Live && t.slow >= slowRun-1 && s.slow(t.server, j.Latency) {
		j.State = uptime.Degraded
		j.Why = "the handshake took " + seconds(j.Latency) + ": for three cycles more than three times as long as usual"
	}
	*v = uptime.Verdict{
		Tenant: t.id.tenant, Server: t.id.server, Cycle: cycle, Every: t.every,
		State: j.State, Failure: j.Failure, Why: j.Why, Access: j.Access, Latency: j.Latency,
		Expected: expected, Reports: known,
		Maintenance: s.agenda.maintained(t, cycle), SealedAt: now.UTC(),
	}
}

// among returns the reports of the server's regions and how many there were to
// be. When the regions were all exchanged in mid-cycle the old ones still count.
func (t *track) among(reports []uptime.Report) (known []uptime.Report, expected int) {
	regions := t.regions
	if len(regions) == 0 || len(reports) == len(regions) && t.complete(reports) {
		return reports, max(1, len(reports))
	}
	for i := range reports {
		for _, region := range regions {
			if reports[i].Region == region {
				known = append(known, reports[i])
			}
		}
	}
	if len(known) == 0 && len(reports) > 0 {
		return reports, len(reports)
	}
	return known, len(regions)
}

// maintained reports whether a window touches the time in which a cycle is
// measured.
func (a *agenda) maintained(t *track, cycle time.Time) bool {
	end := cycle.Add(min(t.every, measured))
	for i := range a.windows {
		w := &a.windows[i]
		if w.From.Before(end) && w.To.After(cycle) && w.For(t.server) {
			return true
		}
	}
	return false
}

// commit seals a batch and moves its servers on.
func (s *Sealer) commit(ctx context.Context, b *batch) error {
	sealed, err := s.opt.Live.Seal(ctx, b.verdicts)
	if err != nil {
		return fmt.Errorf("sealing %d verdicts: %w", len(b.verdicts), err)
	}
	s.count.sealed.Add(uint64(sealed))                    //nolint:gosec // a length
	s.count.refused.Add(uint64(len(b.verdicts) - sealed)) //nolint:gosec // not negative
	s.count.skipped.Add(b.skipped)
	s.ready = nil
	for i, t := range b.tracks {
		s.agenda.move(t, b.next[i])
		if !t.due.After(t.heard) {
			s.recheck = append(s.recheck, t)
		}
	}
	newest := s.count.newest.Load()
	for i := range b.verdicts {
		newest = max(newest, b.verdicts[i].Cycle.UnixNano())
		if sealed == len(b.verdicts) {
			s.note(b.owners[i], &b.verdicts[i])
		}
	}
	s.count.newest.Store(newest)
	return nil
}
