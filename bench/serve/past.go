//go:build linux

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/alivemcp/alivemcp/bench/gauge"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// pastFlags say how large a past is.
type pastFlags struct {
	servers, days int
	dir           string
}

func (f *pastFlags) define(set *flag.FlagSet) {
	set.IntVar(&f.servers, "servers", 2000, "servers with a past")
	set.IntVar(&f.days, "days", 90, "days of the past")
	set.StringVar(&f.dir, "dir", "", "keep the database in this `directory`; default is one that is removed afterwards")
}

// place returns the data directory and what removes it.
func (f *pastFlags) place() (dir string, remove func(), err error) {
	if f.dir != "" {
		return f.dir, func() {}, nil
	}
	dir, err = os.MkdirTemp("", "alivemcp-bench-")
	return dir, func() { _ = os.RemoveAll(dir) }, err
}

// runPast measures archive and store in this process: filling, answering,
// archiving a minute, closing a day, opening.
func runPast(ctx context.Context, args []string) error {
	var f pastFlags
	set := flag.NewFlagSet("past", flag.ExitOnError)
	f.define(set)
	_ = set.Parse(args)
	dir, remove, err := f.place()
	if err != nil {
		return err
	}
	defer remove()
	out := &table{}
	out.head(fmt.Sprintf("%d servers x %d days in SQLite", f.servers, f.days))
	w, err := openWorld(ctx, dir, f.servers)
	if err != nil {
		return err
	}
	defer func() { _ = w.store.Close() }()
	for _, step := range []func(context.Context, *table, *world, pastFlags) error{
		measureFill, measureAnswers, measureClose, measureMinutes, measureSize, measureOpen,
	} {
		if err := step(ctx, out, w, f); err != nil {
			return err
		}
	}
	return nil
}

// measureFill imports all days but yesterday, which is archived minute by minute
// later.
func measureFill(ctx context.Context, out *table, w *world, f pastFlags) error {
	yesterday := uptime.DayOf(time.Now()) - 1
	c, err := measure(func() error { return w.fill(ctx, f.days-1, yesterday) })
	out.times(fmt.Sprintf("fill %d servers x %d days, %d servers a transaction", f.servers, f.days-1, together), c)
	return err
}

func measureAnswers(ctx context.Context, out *table, w *world, _ pastFlags) error {
	today, history := uptime.DayOf(time.Now()), w.archive.History()
	for _, q := range []struct {
		name string
		n    int
		ask  func(uptime.ServerID) error
	}{
		{"30-day uptime of a server (Summary)", 20_000, func(s uptime.ServerID) error {
			if c := history.Summary(tenant, s).D30; c.Measured() == 0 {
				return errors.New("a server without a past")
			}
			return nil
		}},
		{"90 days of a server", 5000, func(s uptime.ServerID) error {
			_, err := history.Days(ctx, tenant, s, today-89, today)
			return err
		}},
		{"minutes of 24 h of a server, from the file", 2000, func(s uptime.ServerID) error {
			_, err := history.Minutes(ctx, tenant, s, (today - 2).First(), (today - 1).First())
			return err
		}},
		{"minutes of 30 days of a server, from the file", 300, func(s uptime.ServerID) error {
			_, err := history.Minutes(ctx, tenant, s, (today - 31).First(), (today - 1).First())
			return err
		}},
	} {
		c, err := measure(func() error {
			for i := range q.n {
				if err := q.ask(w.servers[i*7%len(w.servers)].ID); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		out.times(q.name, c.each(q.n))
	}
	return nil
}

var errHeld = errors.New("the feed is held")

// measureClose archives yesterday, minute by minute, and closes it. The feed is
// held between the two.
func measureClose(ctx context.Context, out *table, w *world, f pastFlags) error {
	today := uptime.DayOf(time.Now())
	w.feed.held = errHeld
	w.feed.next((today - 1).First(), today.First())
	c, err := measure(func() error { return w.archive.CatchUp(ctx) })
	if !errors.Is(err, errHeld) {
		return fmt.Errorf("catching up on a day: %w", err)
	}
	out.times(fmt.Sprintf("catch up on a day of %d servers, making the verdicts included", f.servers), c)
	w.feed.held = nil
	c, err = measure(func() error { return w.archive.CatchUp(ctx) })
	if err == nil && w.archive.Stats().Mark.Through < today.First()-1 {
		err = errors.New("yesterday is not archived")
	}
	out.times(fmt.Sprintf("close a day of %d servers", f.servers), c)
	return err
}

// measureMinutes archives today's minutes one by one, each in a transaction of
// its own, as they come in a running monitor.
func measureMinutes(ctx context.Context, out *table, w *world, f pastFlags) error {
	const n = 20
	first := max(over()-n, uptime.DayOf(time.Now()).First())
	minutes := int(over() - first)
	if minutes <= 0 {
		return errors.New("the day is too young: come back in a few minutes")
	}
	c, err := measure(func() error {
		for m := first; m < over() && m < first+n; m++ {
			w.feed.next(m, m+1)
			if err := w.archive.CatchUp(ctx); err != nil {
				return err
			}
		}
		return nil
	})
	out.times(fmt.Sprintf("archive a minute of %d servers", f.servers), c.each(minutes))
	return err
}

func measureSize(ctx context.Context, out *table, w *world, f pastFlags) error {
	stats, err := w.store.Stats(ctx)
	if err != nil {
		return err
	}
	bytes := w.bytes()
	out.line("database", "%.0f MiB, of which %.0f MiB log and %.0f MiB free", gauge.MiB(bytes), gauge.MiB(stats.WAL), gauge.MiB(stats.Free))
	out.line("bytes a server-minute", "%.2f", float64(bytes-stats.WAL-stats.Free)/float64(f.servers*f.days*uptime.MinutesPerDay))
	return nil
}

// measureOpen opens the store and the archive again, as a start does.
func measureOpen(ctx context.Context, out *table, w *world, f pastFlags) error {
	if err := w.store.Close(); err != nil {
		return err
	}
	c, err := measure(func() (err error) {
		again, err := openWorld(ctx, w.dir, f.servers)
		if err == nil {
			w.store = again.store
		}
		return err
	})
	out.times("open store and archive", c)
	return err
}
