// Package app wires the parts into the things that the commands run.
package app

import (
	"context"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/alivemcp/alivemcp/internal/probe"
	"github.com/alivemcp/alivemcp/internal/show"
	"github.com/alivemcp/alivemcp/internal/uptime"
	"github.com/alivemcp/alivemcp/internal/verdict"
)

// Checker checks servers on demand. It is safe for concurrent use.
type Checker struct {
	prober *probe.Prober
	region string
}

// NewChecker returns a Checker that probes with the given options.
func NewChecker(opt probe.Options) (*Checker, error) {
	p, err := probe.New(opt)
	if err != nil {
		return nil, err
	}
	return &Checker{prober: p, region: opt.Region}, nil
}

// Check looks at one server, as often as its options say when it fails, and
// judges it. No text in what it returns holds a secret of srv, even when the
// server repeats it.
func (c *Checker) Check(ctx context.Context, srv uptime.Server) show.Check {
	cell := c.prober.Cell(ctx, &srv)
	j := verdict.Report(cell, srv.Slow)
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

// look checks a target that may not be a server at all.
func (c *Checker) look(ctx context.Context, t Target) show.Check {
	check := show.Check{Target: t.Server.Name, Why: t.Broken, Result: uptime.Result{Started: time.Now(), Region: c.region}}
	if t.Broken == "" {
		check = c.Check(ctx, t.Server)
	}
	check.Result.Findings = append(slices.Clone(t.Notes), check.Result.Findings...)
	return check
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

// All checks targets, at most n at a time, and calls done after each, never
// twice at once. When ctx ends it returns early: the checks that were complete,
// in the order of targets, and how many those are not.
func (c *Checker) All(ctx context.Context, targets []Target, n int, done func(show.Check)) (checks []show.Check, missing int) {
	found := make([]*show.Check, len(targets))
	var mu sync.Mutex
	var group errgroup.Group
	group.SetLimit(max(1, n))
	for i, t := range targets {
		if ctx.Err() != nil {
			break
		}
		group.Go(func() error {
			check := c.look(ctx, t)
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
	return checks, len(targets) - len(checks)
}
