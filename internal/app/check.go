// Package app wires the parts into the things that the commands run.
package app

import (
	"context"

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

// Check looks at one server, up to three times when it fails, and judges it.
func (c *Checker) Check(ctx context.Context, srv uptime.Server) show.Check {
	cell := c.prober.Cell(ctx, &srv)
	j := verdict.Decide(1, []uptime.Cell{cell})
	last := cell.Last()
	return show.Check{
		Target:   srv.Name,
		State:    j.State,
		Why:      j.Why,
		Failure:  j.Failure,
		Grade:    verdict.Grade(j.State, last.Transport, last.Findings),
		Attempts: len(cell.Attempts),
		Result:   last,
	}
}
