package proof

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

const (
	// rounds is how often proofs are looked at that are due.
	rounds = time.Hour
	// together is how many sinks are asked at once.
	together = 8
	lapsed   = "the proof is too old"
)

// Run keeps proofs fresh until ctx ends, without people:
//
//   - Those by challenge or DNS are repeated each week.
//   - Those by code are good for another week when the sink took something within
//     the last one, or when its service says, without anybody seeing it, that it
//     would. Where it cannot be asked, silence is no fault: a sink that was told
//     nothing for a month is sent a test that asks for nothing, and to take it is
//     enough.
//   - Those by link last until the receiver stops them.
//
// What cannot be renewed is tried again, has a week of grace, and then counts no
// more; what says that it is gone counts no more at once. Lost is told of both.
func (p *Prover) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		p.round(ctx)
		timer := time.NewTimer(rounds)
		select {
		case <-ctx.Done():
		case <-timer.C:
		}
		timer.Stop()
	}
	return nil
}

// round renews everything that is due, once.
func (p *Prover) round(ctx context.Context) {
	defer p.settle(ctx)
	var wg sync.WaitGroup
	places := make(chan struct{}, together)
	for _, pr := range p.due(ctx) {
		places <- struct{}{}
		wg.Go(func() {
			defer func() { <-places }()
			if err := p.renew(ctx, pr); err != nil && ctx.Err() == nil {
				p.o.Logger.WarnContext(ctx, "a proof could not be renewed", "tenant", pr.Tenant, "sink", pr.Sink, "error", err)
			}
		})
	}
	wg.Wait()
}

// due returns the proofs whose time has come, of sinks that are still where they
// were, and forgets what was asked more than a day ago.
func (p *Prover) due(ctx context.Context) (out []uptime.Proof) {
	for _, tenant := range p.o.Tenants() {
		if err := p.load(ctx, tenant); err != nil && ctx.Err() == nil {
			p.o.Logger.WarnContext(ctx, "proofs could not be read", "tenant", tenant, "error", err)
		}
	}
	now := p.o.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, pr := range p.proofs {
		if !pr.Verified.IsZero() && pr.Stopped.IsZero() && !pr.Due.IsZero() && !now.Before(pr.Due) {
			out = append(out, pr)
		}
	}
	for what, times := range p.asked {
		if len(fresh(times, now)) == 0 {
			delete(p.asked, what)
		}
	}
	return out
}

// renew repeats a proof, or says why that did not work.
func (p *Prover) renew(ctx context.Context, old uptime.Proof) error {
	s, ok := p.o.Sinks(old.Tenant, old.Sink)
	if !ok || s.Address != old.Address {
		return nil // it counts no more as it is
	}
	next, err := p.again(ctx, old, s)
	if err != nil || ctx.Err() != nil {
		return err
	}
	if next.Verified.IsZero() {
		if err := p.o.Lost(ctx, old.Tenant, old.Sink, old.Due, next.Failed); err != nil {
			return fmt.Errorf("telling that sink %s is not verified any more: %w", old.Sink, err)
		}
	}
	return p.change(ctx, old.Tenant, old.Sink, func(pr *uptime.Proof) error {
		if pr.Address == old.Address && pr.Method == old.Method && pr.Verified.Equal(old.Verified) && pr.Stopped.IsZero() {
			pr.Method, pr.Verified, pr.Due, pr.Failed = next.Method, next.Verified, next.Due, next.Failed
		}
		return nil
	})
}

// again returns what a proof is after it was tried to renew it.
func (p *Prover) again(ctx context.Context, pr uptime.Proof, s Sink) (uptime.Proof, error) {
	now := p.o.Now()
	next, failed, err := p.repeat(ctx, pr, s)
	switch {
	case err != nil || failed == nil:
		return next, err
	case gone(failed):
		pr.Verified, pr.Failed = time.Time{}, brief(failed)
	case !now.Before(pr.Due.Add(grace)):
		pr.Verified, pr.Failed = time.Time{}, lapsed+": "+brief(failed)
	default:
		pr.Failed = brief(failed)
	}
	return pr, nil
}

// repeat returns a proof as it is renewed, or why it is not. The last error is
// ours.
func (p *Prover) repeat(ctx context.Context, pr uptime.Proof, s Sink) (next uptime.Proof, failed, err error) {
	if pr.Method == MethodChallenge || pr.Method == MethodDNS {
		method, failed := p.auto(ctx, pr.Tenant, pr.Sink, s)
		pr.Method, pr.Verified, pr.Due, pr.Failed = method, p.o.Now(), p.o.Now().Add(week), ""
		return pr, failed, nil
	}
	last, err := p.lastSent(ctx, pr)
	if err != nil {
		return pr, nil, err
	}
	now := p.o.Now()
	switch {
	case now.Sub(last) < week:
		pr.Due, pr.Failed = last.Add(week), ""
		return pr, nil, nil
	case s.Look != nil:
		failed = p.look(ctx, s)
	case now.Sub(pr.Verified) >= month && now.Sub(last) >= month:
		if p.admit("still there "+string(pr.Tenant)+" "+s.Address, stopped, 1) != nil {
			return pr, errors.New(pr.Failed), nil // it failed today already
		}
		failed = p.ask(ctx, pr, s)
		pr.Verified = now
	}
	pr.Due, pr.Failed = now.Add(week), ""
	return pr, failed, nil
}

// lastSent returns when a sink took something last; zero for never.
func (p *Prover) lastSent(ctx context.Context, pr uptime.Proof) (time.Time, error) {
	if p.o.LastSent == nil {
		return time.Time{}, nil
	}
	last, err := p.o.LastSent(ctx, pr.Tenant, pr.Sink)
	if err != nil {
		return last, fmt.Errorf("reading when sink %s took something: %w", pr.Sink, err)
	}
	return last, nil
}

func (p *Prover) look(ctx context.Context, s Sink) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return s.Look(ctx)
}

// ask sends a notice that wants nothing, to see whether it is taken.
func (p *Prover) ask(ctx context.Context, pr uptime.Proof, s Sink) error {
	return p.deliver(ctx, pr.Tenant, pr.Sink, s, uptime.Notice{
		Priority: uptime.P4, Title: "Alerts from AliveMCP still come here",
		Summary: "Nothing is wrong, and there is nothing to do. It has been quiet for a month, so this says that " + pr.Sink + " still works.",
	})
}

// gone reports whether an error says that nobody is there any more.
func gone(err error) bool { return uptime.RefusalOf(err).Gone }

// lost reports whether a proof counts no more, and Lost was told so.
func lost(pr *uptime.Proof) bool { return pr.Verified.IsZero() && !pr.Due.IsZero() }

// settle tells of what was lost and is none of ours any more: it was stopped, or
// is somewhere else, or nowhere.
func (p *Prover) settle(ctx context.Context) {
	var all []uptime.Proof
	p.mu.RLock()
	for _, pr := range p.proofs {
		if lost(&pr) {
			all = append(all, pr)
		}
	}
	p.mu.RUnlock()
	for _, pr := range all {
		s, ok := p.o.Sinks(pr.Tenant, pr.Sink)
		still := ok && s.Address == pr.Address && !s.Vouched && pr.Stopped.IsZero()
		if still || !p.found(ctx, pr.Tenant, pr.Sink) {
			continue
		}
		err := p.change(ctx, pr.Tenant, pr.Sink, func(pr *uptime.Proof) error {
			if lost(pr) {
				pr.Due = time.Time{}
			}
			return nil
		})
		if err != nil {
			p.o.Logger.WarnContext(ctx, "a proof that was lost could not be forgotten", "tenant", pr.Tenant, "sink", pr.Sink, "error", err)
		}
	}
}

// found tells that a sink is not lost any more, and reports whether that worked.
// What nobody heard is heard when the sink takes the next notice.
func (p *Prover) found(ctx context.Context, tenant uptime.TenantID, sink string) bool {
	err := p.o.Found(ctx, tenant, sink)
	if err != nil && ctx.Err() == nil {
		p.o.Logger.WarnContext(ctx, "it could not be told that a sink is verified again", "tenant", tenant, "sink", sink, "error", err)
	}
	return err == nil
}
