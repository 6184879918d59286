package main

import (
	"context"
	"errors"
	"time"

	"github.com/alivemcp/alivemcp/internal/app"
	"github.com/alivemcp/alivemcp/internal/show"
)

// Bounds of --watch.
const (
	leastInterval         = 5 * time.Second
	leastLoopbackInterval = 100 * time.Millisecond
	// mostRows is how many targets a screen can show; more are appended.
	mostRows = 30
)

// checkInterval refuses to bother servers that are not on this machine.
func (f *checkFlags) checkInterval(r checkRun) error {
	least := leastLoopbackInterval
	for _, t := range r.targets {
		if !app.Loopback(t.Server) {
			least = leastInterval
		}
	}
	switch {
	case f.interval < least:
		return usage("check --watch --interval 60s https://example.com/mcp", "--interval must be at least %s", least)
	case r.format != show.Text && r.format != show.JSON:
		return usage("check --watch --format json https://example.com/mcp", "--watch prints text or json")
	}
	return nil
}

// watch repeats until it is interrupted; then the last look at each server
// decides, since that is how a watch is meant to end.
func (f *checkFlags) watch(ctx context.Context, sh Shell, checker *app.Checker, r checkRun) error {
	looks := make(chan app.Look)
	go func() {
		defer close(looks)
		checker.Watch(ctx, r.targets, f.concurrency, f.interval, looks)
	}()
	last := map[int]show.Check{}
	if err := f.draw(sh, r, looks, last); err != nil {
		return err
	}
	if len(last) == 0 {
		return errors.New("interrupted before the first look ended")
	}
	for _, c := range last {
		if !good(r.failOn, c) {
			return errNotGood
		}
	}
	return nil
}

// draw shows looks until the channel closes.
func (f *checkFlags) draw(sh Shell, r checkRun, looks <-chan app.Look, last map[int]show.Check) error {
	st := sh.style()
	st.Transcript = f.transcript
	if r.format == show.Text && sh.OutTTY && !sh.dumb() && len(r.targets) <= mostRows {
		return drawBoard(sh, st, r, looks, last)
	}
	for look := range looks {
		last[look.Target] = look.Check
		if err := show.WriteLine(sh.Out, r.format, look.Check, st); err != nil {
			return err
		}
	}
	return nil
}

// drawBoard redraws after each look and each second.
func drawBoard(sh Shell, st show.Style, r checkRun, looks <-chan app.Look, last map[int]show.Check) error {
	names := make([]string, len(r.targets))
	for i, t := range r.targets {
		names[i] = t.Server.Name
	}
	board := show.NewBoard(names, st)
	second := time.NewTicker(time.Second)
	defer second.Stop()
	for {
		if err := board.Draw(sh.Out, time.Now()); err != nil {
			return err
		}
		select {
		case look, more := <-looks:
			if !more {
				return nil
			}
			last[look.Target] = look.Check
			board.Add(look.Target, look.Check, time.Now())
		case <-second.C:
		}
	}
}
