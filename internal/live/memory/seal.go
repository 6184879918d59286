package memory

import (
	"context"
	"fmt"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Seal settles cycles for ever: it numbers the verdicts, writes them to the
// journal, and shows them in the feed and in Latest, in this order. It returns
// how many were sealed; the others were of cycles that are sealed already,
// archived, or older than the server's newest verdict, and are dropped. With an
// error nothing is shown, and the caller tries again. Calls may overlap; they
// take turns.
func (l *Live) Seal(ctx context.Context, verdicts []uptime.Verdict) (sealed int, err error) {
	l.sealing.Lock()
	defer l.sealing.Unlock()
	if err := l.settle(ctx); err != nil {
		return 0, err
	}
	chosen, claims := l.choose(verdicts)
	l.count.refused.Add(uint64(len(verdicts) - len(chosen))) //nolint:gosec // not negative
	if len(chosen) == 0 {
		return 0, nil
	}
	if err := l.write(ctx, chosen); err != nil {
		return 0, err
	}
	l.show(chosen, claims)
	return len(chosen), nil
}

// claim is a cycle that is taken by the batch that is being sealed.
type claim struct {
	shard *shard
	entry *entry
}

// choose copies and numbers those verdicts that can be sealed.
func (l *Live) choose(verdicts []uptime.Verdict) ([]*uptime.Verdict, []claim) {
	claims, taken := l.claim(verdicts)
	chosen, next := make([]*uptime.Verdict, len(taken)), l.feed.end()
	for i, n := range taken {
		v := new(verdicts[n])
		next++
		v.Seq = next
		chosen[i] = v
	}
	return chosen, claims
}

// claim takes cycles for this batch, unless they are sealed or taken, and
// returns the places of their verdicts.
func (l *Live) claim(verdicts []uptime.Verdict) (claims []claim, taken []int) {
	l.batch++
	now := l.opt.Now()
	claims, taken = make([]claim, 0, len(verdicts)), make([]int, 0, len(verdicts))
	var held hold
	defer held.release()
	for i := range verdicts {
		v := &verdicts[i]
		if l.stale(v.Cycle, v.Every, now) {
			continue
		}
		s, e := held.lock(l, v.Tenant, v.Server)
		at := v.Cycle.UnixNano()
		if e.sealedThrough(at) || e.batch == l.batch && at <= e.claim {
			continue
		}
		e.claim, e.batch = at, l.batch
		claims, taken = append(claims, claim{s, e}), append(taken, i)
	}
	return claims, taken
}

// write makes verdicts durable.
func (l *Live) write(ctx context.Context, chosen []*uptime.Verdict) error {
	if l.opt.Journal == nil {
		return nil
	}
	batch := make([]uptime.Verdict, len(chosen))
	for i, v := range chosen {
		batch[i] = *v
	}
	if err := l.opt.Journal.AppendSealed(ctx, batch); err != nil {
		l.doubt = true
		l.count.failed.Add(1)
		return fmt.Errorf("writing %d verdicts to the journal: %w", len(batch), err)
	}
	return nil
}

// settle finds out what became of an append that failed: what is in the journal
// is sealed.
func (l *Live) settle(ctx context.Context) error {
	for l.doubt {
		found, err := l.opt.Journal.ReadSealed(ctx, l.feed.end(), l.opt.Tail)
		if err != nil {
			return fmt.Errorf("reading from the journal what was written before it failed: %w", err)
		}
		l.doubt = len(found) > 0
		late := make([]*uptime.Verdict, len(found))
		for i := range found {
			late[i] = &found[i]
		}
		l.show(late, make([]claim, len(late)))
	}
	return nil
}

// show makes durable verdicts visible. Claims may be zero.
func (l *Live) show(verdicts []*uptime.Verdict, claims []claim) {
	if len(verdicts) == 0 {
		return
	}
	l.admit(verdicts, claims)
	l.feed.publish(verdicts)
	l.count.sealed.Add(uint64(len(verdicts)))
}

// admit makes each verdict the newest of its server.
func (l *Live) admit(verdicts []*uptime.Verdict, claims []claim) {
	var held hold
	defer held.release()
	for i, v := range verdicts {
		e := claims[i].entry
		if e != nil {
			held.take(claims[i].shard)
		}
		if e == nil || e.gone { // it was let go in the meantime
			_, e = held.lock(l, v.Tenant, v.Server)
		}
		if crowded := e.admit(v); crowded > 0 {
			l.count.crowded.Add(uint64(crowded)) //nolint:gosec // a length
		}
		l.count.states[min(v.State, uptime.Down)].Add(1)
	}
}
