//go:build linux

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/alivemcp/alivemcp/internal/alert"
	"github.com/alivemcp/alivemcp/internal/store/sqlite"
	"github.com/alivemcp/alivemcp/internal/uptime"
	"github.com/alivemcp/alivemcp/internal/verdict"
)

const (
	// tick is by how much the clock of a flap is moved at once.
	tick = 15 * time.Second
	// quiet is how long all is well in the end, at least: longer than what comes
	// back counts as the same.
	quiet = 20 * time.Minute
)

// clock is moved by hand.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) move(by time.Duration) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(by)
	return c.now
}

// tape is a feed of verdicts.
type tape struct {
	mu       sync.Mutex
	verdicts []uptime.Verdict
	more     chan struct{}
}

func (t *tape) add(list ...uptime.Verdict) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, v := range list {
		v.Seq = uptime.Cursor(len(t.verdicts) + 1)
		t.verdicts = append(t.verdicts, v)
	}
	close(t.more)
	t.more = make(chan struct{})
}

func (t *tape) end() uptime.Cursor {
	t.mu.Lock()
	defer t.mu.Unlock()
	return uptime.Cursor(len(t.verdicts))
}

// After returns what follows.
func (t *tape) After(_ context.Context, after uptime.Cursor, limit int) ([]uptime.Verdict, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	list := t.verdicts[min(uint64(after), uint64(len(t.verdicts))):]
	return append([]uptime.Verdict(nil), list[:min(limit, len(list))]...), nil
}

// Wait waits for more.
func (t *tape) Wait(ctx context.Context, after uptime.Cursor) error {
	t.mu.Lock()
	n, more := len(t.verdicts), t.more
	t.mu.Unlock()
	if uptime.Cursor(n) > after {
		return nil
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-more:
		return nil
	}
}

// flap is an hour of servers that go down and come back, each of a tenant of its
// own, in no time: with the real recorder, store and router, and a clock that is
// moved.
type flap struct {
	*world
	clock    *clock
	tape     *tape
	steps    *steps
	recorder *verdict.Recorder
	router   *alert.Router
	// cycles is for how many minutes each is down, and then up.
	cycles []int
}

// runFlap tells how many notices each sink got.
func runFlap(ctx context.Context, args []string) (err error) {
	set := flag.NewFlagSet("flap", flag.ExitOnError)
	length := set.Duration("for", time.Hour, "how long the servers flap")
	_ = set.Parse(args)
	out := newTable(fmt.Sprintf("flap: %s of servers that go down and come back, then %s of quiet, looked at every minute", *length, quiet))
	dir, err := os.MkdirTemp("", "alivemcp-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	f := &flap{
		clock: &clock{now: time.Now().UTC().Truncate(time.Hour)}, tape: &tape{more: make(chan struct{})},
		cycles: []int{1, 2, 3, 5, 10},
	}
	if f.world, err = openWorld(ctx, sqlite.Options{Dir: dir, Now: f.clock.Now}, len(f.cycles), 1, false); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.store.Close()) }()
	if err := f.play(ctx, *length); err != nil {
		return err
	}
	if err := f.judge(ctx, out, dir); err != nil {
		return err
	}
	return out.end()
}

// play runs the parts while time goes by.
func (f *flap) play(ctx context.Context, length time.Duration) (err error) {
	for t := range f.cycles {
		p := &uptime.Policy{Tenant: tenantName(t)}
		for _, sink := range []uptime.Sink{{Name: "hook"}, {Name: "chat", Edits: true}, {Name: "teams", Final: true}} {
			sink.Tenant, sink.Type, sink.Verified = p.Tenant, sink.Name, true
			p.Sinks = append(p.Sinks, sink)
		}
		f.policies = append(f.policies, p)
	}
	f.steps = &steps{Store: f.store}
	plan := func() *uptime.Plan { return f.plan }
	if f.recorder, err = verdict.NewRecorder(verdict.RecorderOptions{Feed: f.tape, Ledger: f.store, Plan: plan, Now: f.clock.Now}); err != nil {
		return err
	}
	f.router, err = alert.New(alert.Options{
		Records: f.steps, Feed: f.tape, Now: f.clock.Now,
		Plan:     func() *uptime.Plan { f.steps.begin(); return f.plan },
		Policies: func() []*uptime.Policy { return f.policies },
	})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	var parts sync.WaitGroup
	defer parts.Wait()
	defer cancel()
	parts.Go(func() { _ = f.recorder.Run(ctx) })
	parts.Go(func() { _ = f.router.Run(ctx) })
	begin := f.clock.Now()
	for f.clock.Now().Sub(begin) < length+quiet {
		if err := f.tick(ctx, f.clock.Now().Sub(begin), length); err != nil {
			return err
		}
	}
	return nil
}

// tick seals a verdict of each server when a minute is over, has the router look
// at what it means, and moves the clock.
func (f *flap) tick(ctx context.Context, at, length time.Duration) error {
	looks := 1
	if at%time.Minute == 0 {
		looks = 2 // one may be under way that began before this
		var list []uptime.Verdict
		for t, srv := range f.plan.Servers {
			down := at < length && int(at/time.Minute)/f.cycles[t]%2 == 0
			list = append(list, f.verdict(srv, down))
		}
		f.tape.add(list...)
		err := until(ctx, time.Minute, "incidents are recorded", func() (bool, error) {
			return f.recorder.Stats().Cursor == f.tape.end(), nil
		})
		if err != nil {
			return err
		}
	}
	before := f.steps.looked()
	f.router.Wake()
	err := until(ctx, time.Minute, "the router looked", func() (bool, error) { return f.steps.looked() >= before+looks, nil })
	f.router.Stats() // which waits for its step
	f.clock.move(tick)
	return err
}

func (f *flap) verdict(srv *uptime.Server, down bool) uptime.Verdict {
	now := f.clock.Now()
	v := uptime.Verdict{Tenant: srv.Tenant, Server: srv.ID, Cycle: now, Every: time.Minute, State: uptime.Live, Expected: 1, SealedAt: now}
	r := uptime.Report{Tenant: srv.Tenant, Server: srv.ID, Region: "local", Cycle: now, State: uptime.Live, Started: now}
	if down {
		v.State, v.Failure = uptime.Down, &uptime.Failure{Cause: uptime.ConnectRefused, Effect: uptime.Down}
		v.Why = "The connection is refused."
		r.State, r.Failure, r.Why = v.State, v.Failure, v.Why
	}
	v.Reports = []uptime.Report{r}
	return v
}

// judge tells what each sink was told.
func (f *flap) judge(ctx context.Context, out *table, dir string) error {
	rows, err := openRows(dir)
	if err != nil {
		return err
	}
	defer func() { _ = rows.close() }()
	for t, minutes := range f.cycles {
		incidents, err := rows.number(ctx, `SELECT count(*) FROM incidents WHERE tenant = ?`, tenantName(t))
		if err != nil {
			return err
		}
		for _, sink := range f.policies[t].Sinks {
			list, err := f.store.Deliveries(ctx, tenantName(t), uptime.DeliveryQuery{Sink: sink.Name, Limit: 1000})
			if err != nil {
				return err
			}
			kinds := map[string]int{}
			for i := range list {
				kinds[string(list[i].Notice.Phase)]++
			}
			last := "nothing"
			if len(list) > 0 {
				last = string(list[0].Notice.Phase)
			}
			out.figure(fmt.Sprintf("notices_%dm_%s", minutes, sink.Name), len(list))
			out.line(fmt.Sprintf("%d min down, %d min up (%d incidents), at %s", minutes, minutes, incidents, sink.Name),
				"%d notices: %d opens, %d updates, %d closes; the last one %s", len(list), kinds[opens], kinds[changes], kinds[closes], last)
		}
	}
	left, err := rows.unresolved(ctx)
	if err != nil {
		return err
	}
	most, err := rows.number(ctx, `SELECT max(n) FROM (SELECT count(*) AS n FROM decisions GROUP BY tenant, alert)`)
	out.figure("left_open", left)
	out.figure("most_decisions_of_an_alert", most)
	out.line("left open; most decisions of one alert", "%d; %d", left, most)
	return err
}
