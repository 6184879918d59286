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
	l.batch++
	now, next := l.opt.Now(), l.feed.end()
	chosen, claims := make([]*uptime.Verdict, 0, len(verdicts)), make([]claim, 0, len(verdicts))
	for i := range verdicts {
		if l.stale(verdicts[i].Cycle, now) {
			continue
		}
		c, ok := l.claim(&verdicts[i])
		if !ok {
			continue
		}
		v := new(verdicts[i])
		next++
		v.Seq = next
		chosen, claims = append(chosen, v), append(claims, c)
	}
	return chosen, claims
}

// claim takes a cycle for this batch, unless it is sealed or taken.
func (l *Live) claim(v *uptime.Verdict) (claim, bool) {
	s, e := l.lock(v.Tenant, v.Server)
	defer s.mu.Unlock()
	at := v.Cycle.UnixNano()
	if e.sealedThrough(at) || e.batch == l.batch && at <= e.claim {
		return claim{}, false
	}
	e.claim, e.batch = at, l.batch
	return claim{s, e}, true
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

// show makes durable verdicts visible.
func (l *Live) show(verdicts []*uptime.Verdict, claims []claim) {
	if len(verdicts) == 0 {
		return
	}
	for i, v := range verdicts {
		l.admit(v, claims[i])
		l.count.states[min(v.State, uptime.Down)].Add(1)
	}
	l.feed.publish(verdicts)
	l.count.sealed.Add(uint64(len(verdicts)))
}

// admit makes a verdict the newest of its server, whose entry was claimed.
func (l *Live) admit(v *uptime.Verdict, c claim) {
	if c.entry == nil {
		c.shard, c.entry = l.lock(v.Tenant, v.Server)
	} else {
		c.shard.mu.Lock()
	}
	crowded, gone := c.entry.admit(v), c.entry.gone
	c.shard.mu.Unlock()
	l.count.crowded.Add(uint64(crowded)) //nolint:gosec // a length
	if gone {                            // it was let go in the meantime
		l.admit(v, claim{})
	}
}
