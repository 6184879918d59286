//go:build linux

package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/alivemcp/alivemcp/bench/fleet"
	"github.com/alivemcp/alivemcp/internal/archive"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// past is a filled archive.
type past struct {
	rows    *rows
	history *archive.History
	servers int
	days    int
}

// measureFill imports days of many servers.
func measureFill(ctx context.Context, out *table, servers, days int) (*past, error) {
	rows := newRows(servers)
	a := archive.New(archive.Options{Feed: &feed{}, Rows: rows, Records: rows})
	if err := a.Open(ctx); err != nil {
		return nil, err
	}
	var err error
	r := rand.New(rand.NewPCG(1, 2))
	cells := make([]uptime.MinuteCell, uptime.MinutesPerDay)
	today := uptime.DayOf(time.Now())
	cpu, wall := cost(func() {
		for i := range servers {
			for day := today - uptime.Day(days); day < today && err == nil; day++ {
				fleet.Day(r, cells)
				err = a.Import(ctx, day, []archive.PastDay{{Tenant: tenant, Server: serverID(i), Cells: cells}}, true)
			}
		}
	})
	out.times(fmt.Sprintf("fill %d servers x %d days", servers, days), cpu, wall)
	out.line("a closed minute of a server", fmt.Sprintf("%.2f bytes", rows.bytesPerMinute()), "")
	return &past{rows, a.History(), servers, days}, err
}

// measureAnswers asks about one server after the other.
func measureAnswers(ctx context.Context, out *table, p *past) error {
	today := uptime.DayOf(time.Now())
	var failed error
	each := func(name string, n int, ask func(uptime.ServerID) error) {
		cpu, wall := cost(func() {
			for i := range n {
				if err := ask(serverID(i % p.servers)); err != nil {
					failed = err
				}
			}
		})
		out.times(name, cpu/time.Duration(n), wall/time.Duration(n))
	}
	each("summary with 30-day uptime", 10_000, func(s uptime.ServerID) error {
		p.history.Summary(tenant, s)
		return nil
	})
	each("error budget", 10_000, func(s uptime.ServerID) error {
		p.history.Budget(tenant, s, uptime.Objective{Percent: 99.9})
		return nil
	})
	each("90 days", 5000, func(s uptime.ServerID) error {
		_, err := p.history.Days(ctx, tenant, s, today-89, today)
		return err
	})
	each("minutes of 24 h", 2000, func(s uptime.ServerID) error {
		_, err := p.history.Minutes(ctx, tenant, s, today.First()-720, today.First()+720)
		return err
	})
	each("minutes of 30 days", 200, func(s uptime.ServerID) error {
		_, err := p.history.Minutes(ctx, tenant, s, (today - 30).First(), today.First())
		return err
	})
	each("latency of 7 days by the hour", 500, func(s uptime.ServerID) error {
		_, err := p.history.Latency(ctx, tenant, s, (today - 7).Time(), today.Time(), time.Hour)
		return err
	})
	return failed
}

// measureStart opens an archive over the past of many servers, made of the rows
// of the few, and weighs it.
func measureStart(ctx context.Context, out *table, p *past, many int) error {
	copies := &repeated{rows: p.rows, servers: p.servers, many: many}
	before := heap()
	a := archive.New(archive.Options{Feed: &feed{}, Rows: p.rows, Records: copies})
	var err error
	cpu, wall := cost(func() { err = a.Open(ctx) })
	if err != nil {
		return err
	}
	weight := heap() - before
	out.times(fmt.Sprintf("start with %d servers x %d days", many, p.days), cpu, wall)
	out.line("in memory then", fmt.Sprintf("%.1f MiB", float64(weight)/(1<<20)), fmt.Sprintf("%.0f bytes a server", float64(weight)/float64(many)))
	a.History().Summary(tenant, serverID(0)) // keeps it alive until here
	return nil
}
