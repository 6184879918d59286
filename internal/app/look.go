package app

import (
	"context"
	"fmt"
	"log/slog"
	"sync"

	"github.com/alivemcp/alivemcp/internal/probe"
	"github.com/alivemcp/alivemcp/internal/schedule"
	"github.com/alivemcp/alivemcp/internal/uptime"
	"github.com/alivemcp/alivemcp/internal/verdict"
)

// cells takes what a region saw.
type cells interface {
	// Put hands over the judgement of a cell.
	Put(ctx context.Context, r *uptime.Report) error
	// Keep remembers the newest evidence of a region.
	Keep(cell uptime.Cell)
}

// looker looks at servers from one region and hands on what it saw.
type looker struct {
	prober    *probe.Prober
	clock     *schedule.Clock
	refs      *references
	way       *wayOut // nil for the straight one
	cells     cells
	tally     *tally
	contracts *contracts
	scrubbers sync.Map // *uptime.Server -> func(string) string
	log       *slog.Logger
}

// look makes one look. Nothing is handed on when ctx ended meanwhile: a look
// that was cut off says nothing about the server.
func (l *looker) look(ctx context.Context, job schedule.Job) {
	leaps := l.clock.Leaps()
	cell := l.prober.Cell(ctx, job.Server)
	if ctx.Err() != nil {
		return
	}
	cell.Cycle = job.Cycle
	l.suspect(ctx, &cell, leaps)
	l.tally.saw(cell)
	if err := l.handOn(ctx, job.Server, cell); err != nil {
		l.log.ErrorContext(ctx, "a look is lost", "server", job.Server.Slug, "error", err)
	}
}

// suspect voids a cell whose failure may be our own.
func (l *looker) suspect(ctx context.Context, cell *uptime.Cell, leaps uint64) {
	switch last := cell.Last(); {
	case l.clock.Leaps() != leaps:
		void(cell, "the monitor's clock leapt, or the machine slept, during the look")
	case last.Failure == nil || last.Failure.Effect == uptime.Unknown:
	case last.Failure.Step == uptime.StepTCP && l.way.brokenSince(cell.Attempts[0].Started):
		void(cell, "the region's way out, a proxy or a local address, does not work")
	case l.refs.Lost(ctx):
		void(cell, "the monitor reaches none of its reference endpoints")
	}
}

// handOn gives a cell to those who judge and keep it, without secrets.
func (l *looker) handOn(ctx context.Context, srv *uptime.Server, cell uptime.Cell) error {
	scrub := l.scrubber(srv)
	for i := range cell.Attempts {
		cell.Attempts[i] = cell.Attempts[i].MapText(scrub)
	}
	report := verdict.Report(cell, srv.Slow)
	report.Every = srv.Every()
	if err := l.contracts.keep(ctx, srv, listing(cell)); err != nil {
		report.ToolsHash, report.ContractHash = "", "" // nobody could show the contract
		l.log.ErrorContext(ctx, "a contract is not stored", "server", srv.Slug, "error", err)
	}
	l.cells.Keep(cell)
	if err := l.cells.Put(ctx, &report); err != nil {
		return fmt.Errorf("handing on the report about %s from %s: %w", srv.Slug, cell.Region, err)
	}
	return nil
}

// listing returns the attempt that decides, with the raw tools of an earlier one
// if that has listed the same ones: they are brought once.
func listing(cell uptime.Cell) uptime.Result {
	last := cell.Last()
	for _, a := range cell.Attempts {
		if a.Tools != nil && last.Tools != nil && a.Tools.Hash == last.Tools.Hash && len(last.Tools.Raw) == 0 {
			last.Tools = a.Tools
		}
	}
	return last
}

// scrubber returns the function that hides the server's secrets. Servers of a
// plan never change, so that one function serves as long as the plan.
func (l *looker) scrubber(srv *uptime.Server) func(string) string {
	if f, ok := l.scrubbers.Load(srv); ok {
		return f.(func(string) string) //nolint:forcetypeassert // nothing else is stored
	}
	f := scrubber(*srv)
	l.scrubbers.Store(srv, f)
	return f
}

// forget drops what was kept for servers of former plans.
func (l *looker) forget() { l.scrubbers.Clear() }
