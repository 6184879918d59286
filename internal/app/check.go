// Package app wires the parts into the things that the commands run.
package app

import (
	"context"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/alivemcp/alivemcp/internal/probe"
	"github.com/alivemcp/alivemcp/internal/show"
	"github.com/alivemcp/alivemcp/internal/uptime"
	"github.com/alivemcp/alivemcp/internal/verdict"
)

// Checker checks servers on demand. It is safe for concurrent use.
type Checker struct{ prober *probe.Prober }

// NewChecker returns a Checker that probes with the given options.
func NewChecker(opt probe.Options) (*Checker, error) {
	p, err := probe.New(opt)
	if err != nil {
		return nil, err
	}
	return &Checker{prober: p}, nil
}

// Check looks at one server, as often as its options say when it fails, and
// judges it. No text in what it returns holds a secret of srv, even when the
// server repeats it.
func (c *Checker) Check(ctx context.Context, srv uptime.Server) show.Check {
	cell := c.prober.Cell(ctx, srv)
	j := verdict.Decide(1, []uptime.Cell{cell})
	last := cell.Last()
	check := show.Check{
		Target:   srv.Name,
		State:    j.State,
		Why:      j.Why,
		Failure:  j.Failure,
		Grade:    verdict.Grade(j.State, last.Transport, last.Findings),
		Attempts: len(cell.Attempts),
		Result:   last,
	}
	return explain(check.MapText(scrubber(srv)))
}

// explain puts a reason that has no failure among the findings, where readers
// of JSON find it.
func explain(c show.Check) show.Check {
	if c.State == uptime.Degraded && c.Failure == nil {
		c.Result.Findings = append(c.Result.Findings, uptime.Finding{
			ID: "slow_handshake", Severity: uptime.SeverityWarn, Message: c.Why,
		})
	}
	return c
}

// All checks servers, at most n at a time, and calls done after each, never
// twice at once. When ctx ends it returns early: the checks that were complete,
// in the order of servers, and how many those are not.
func (c *Checker) All(ctx context.Context, servers []uptime.Server, n int, done func(show.Check)) (checks []show.Check, missing int) {
	found := make([]*show.Check, len(servers))
	var mu sync.Mutex
	var group errgroup.Group
	group.SetLimit(max(1, n))
	for i, srv := range servers {
		if ctx.Err() != nil {
			break
		}
		group.Go(func() error {
			check := c.Check(ctx, srv)
			if ctx.Err() != nil {
				return nil
			}
			mu.Lock()
			defer mu.Unlock()
			found[i] = &check
			done(check)
			return nil
		})
	}
	_ = group.Wait() // the functions above return no errors
	for _, f := range found {
		if f != nil {
			checks = append(checks, *f)
		}
	}
	return checks, len(servers) - len(checks)
}
