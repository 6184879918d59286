package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"
)

// part is something that lives until its context ends.
type part struct {
	name string
	run  func(ctx context.Context) error
}

// stage is a set of parts that end together.
type stage struct {
	name  string
	parts []part
}

// runStages starts all stages and ends them one after another, in the order
// given, when ctx ends or any part fails: whoever takes in ends before those who
// work on what was taken in. It returns when the last part has returned, with
// the errors of those that did not end by themselves in order.
func runStages(ctx context.Context, log *slog.Logger, stages []stage) error {
	ctx, failed := context.WithCancel(ctx)
	defer failed()
	running := make([]*runningStage, len(stages))
	for i, s := range stages {
		running[i] = s.start(ctx, failed)
	}
	<-ctx.Done()
	var errs []error
	for _, r := range running {
		begin := time.Now()
		errs = append(errs, r.end())
		log.DebugContext(ctx, "stage ended", "stage", r.name, "took", time.Since(begin).String())
	}
	return errors.Join(errs...)
}

// runningStage is a stage that was started.
type runningStage struct {
	name   string
	cancel func()
	group  errgroup.Group
}

// start runs the parts with a context that outlives ctx; a part that fails calls
// failed.
func (s stage) start(ctx context.Context, failed func()) *runningStage {
	r := &runningStage{name: s.name}
	ctx, r.cancel = context.WithCancel(context.WithoutCancel(ctx))
	for _, p := range s.parts {
		r.group.Go(func() error {
			err := p.run(ctx)
			if ctx.Err() != nil && (err == nil || errors.Is(err, context.Canceled)) {
				return nil
			}
			failed()
			if err == nil {
				err = errors.New("it ended by itself")
			}
			return fmt.Errorf("running the %s: %w", p.name, err)
		})
	}
	return r
}

// end ends the parts and returns when they have returned.
func (r *runningStage) end() error {
	r.cancel()
	return r.group.Wait()
}
