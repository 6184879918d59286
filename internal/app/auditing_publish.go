package app

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/alivemcp/alivemcp/internal/store/sqlite"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// looksAtOnce is how many looks are copied in one transaction.
const looksAtOnce = 5_000

// Publish copies a run that is over from the audits of another data directory, so
// that a monitor shows its report; while one runs, it does this.
func (a *Admin) Publish(ctx context.Context, from string, id uptime.AuditRunID) error {
	path, err := filepath.Abs(from)
	if err != nil {
		return fmt.Errorf("finding %s: %w", from, err)
	}
	if a.store != nil {
		return publish(ctx, a.store, path, id)
	}
	return a.ask(ctx, "audit/publish", command{Path: path, ID: string(id)}, nil)
}

func publish(ctx context.Context, to *sqlite.Store, from string, id uptime.AuditRunID) error {
	e, err := OpenEvidence(ctx, from)
	if err != nil {
		return err
	}
	run, err := e.Run(ctx, id)
	if err == nil && run.Ended.IsZero() {
		err = fmt.Errorf("%w: the audit %s is not over; run goes on with: alivemcp audit run %s", uptime.ErrConflict, run.ID, run.ID)
	}
	if err == nil {
		err = copyRun(ctx, to, e, run)
	}
	return errors.Join(err, e.Close())
}

// copyRun copies what a run looked at and what it saw. One that was cut off goes
// on.
func copyRun(ctx context.Context, to *sqlite.Store, from *Evidence, run uptime.AuditRun) error {
	present, err := to.AuditRun(ctx, run.ID)
	switch {
	case errors.Is(err, uptime.ErrNotFound):
		if err := beginCopy(ctx, to, from, run); err != nil {
			return err
		}
	case err != nil:
		return err
	case !present.Began.Equal(run.Began):
		return fmt.Errorf("%w: another audit %s is there already, which began at %s; none is replaced", uptime.ErrConflict, run.ID, present.Began.UTC().Format(time.RFC3339))
	case !present.Ended.IsZero():
		return fmt.Errorf("%w: the audit %s is published there already", uptime.ErrConflict, run.ID)
	}
	if err := copyLooks(ctx, to, from, run.ID); err != nil {
		return err
	}
	return to.EndAudit(ctx, run.ID, run.Ended)
}

func beginCopy(ctx context.Context, to *sqlite.Store, from *Evidence, run uptime.AuditRun) error {
	var targets []uptime.AuditTarget
	for after := uptime.EndpointKey(""); ; {
		page, err := from.AuditTargets(ctx, run.ID, after, targetsPage)
		if err != nil {
			return err
		}
		if len(page) == 0 {
			break
		}
		targets, after = append(targets, page...), page[len(page)-1].Key
	}
	run.Ended = time.Time{} // until its looks are there
	return to.BeginAudit(ctx, run, targets)
}

func copyLooks(ctx context.Context, to *sqlite.Store, from *Evidence, id uptime.AuditRunID) error {
	var some []uptime.AuditLook
	flush := func(least int) error {
		if len(some) < least {
			return nil
		}
		err := to.PutLooks(ctx, id, some)
		some = some[:0]
		return err
	}
	err := from.AuditEvidence(ctx, id, func(_ *uptime.AuditTarget, looks []uptime.AuditLook) error {
		some = append(some, looks...)
		return flush(looksAtOnce)
	})
	if err != nil {
		return err
	}
	return flush(1)
}
