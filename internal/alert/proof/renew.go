package proof

import (
	"context"
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

// Run keeps proofs fresh until ctx ends. Those that need no people are repeated
// each week. Those by code last as long as something is delivered each week. What
// cannot be renewed has a week of grace, and then counts no more. Proofs by link
// last until the receiver stops them.
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
	switch pr.Method {
	case MethodChallenge, MethodDNS:
		method, err := p.auto(ctx, pr.Tenant, pr.Sink, s)
		if err == nil {
			pr.Method, pr.Verified, pr.Due, pr.Failed = method, now, now.Add(week), ""
			return pr, nil
		}
		pr.Failed = brief(err)
	default:
		why, last, err := p.overdue(ctx, pr)
		if err != nil {
			return pr, err
		}
		if why == "" {
			pr.Due, pr.Failed = last.Add(week), ""
			return pr, nil
		}
		pr.Failed = why
	}
	if !now.Before(pr.Due.Add(grace)) {
		pr.Verified, pr.Failed = time.Time{}, lapsed+": "+pr.Failed
	}
	return pr, nil
}
