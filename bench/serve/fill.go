//go:build linux

package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/alivemcp/alivemcp/bench/fleet"
	"github.com/alivemcp/alivemcp/internal/archive"
	"github.com/alivemcp/alivemcp/internal/store/sqlite"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// tenant is the one that `serve` has.
const tenant uptime.TenantID = "default"

// together is how many servers are imported in one transaction.
const together = 250

func slug(i int) string { return fmt.Sprintf("server-%05d", i) }

// world is a data directory with its store and archive.
type world struct {
	dir     string
	store   *sqlite.Store
	feed    *feed
	archive *archive.Archiver
	servers []uptime.Server
}

// openWorld opens a data directory and makes its servers so many.
func openWorld(ctx context.Context, dir string, servers int) (*world, error) {
	store, err := sqlite.Open(ctx, sqlite.Options{Dir: dir})
	if err != nil {
		return nil, err
	}
	w := &world{dir: dir, store: store, feed: &feed{}}
	list := make([]uptime.Server, servers)
	for i := range list {
		list[i] = uptime.Server{Slug: slug(i), Name: slug(i), URL: "https://" + slug(i) + ".example.com/mcp", Regions: fleet.Regions()}
	}
	if w.servers, err = store.SyncServers(ctx, tenant, list); err != nil {
		return nil, err
	}
	w.feed.servers = w.servers
	w.archive = archive.New(archive.Options{Feed: w.feed, Rows: store, Records: store})
	return w, w.archive.Open(ctx)
}

// fill imports so many days that end before until.
func (w *world) fill(ctx context.Context, days int, until uptime.Day) error {
	random := rand.New(rand.NewPCG(1, 2))
	cells := make([]uptime.MinuteCell, together*uptime.MinutesPerDay)
	for part := range slices.Chunk(w.servers, together) {
		past := make([]archive.PastDay, len(part))
		for i := range part {
			from := i * uptime.MinutesPerDay
			past[i] = archive.PastDay{Tenant: tenant, Server: part[i].ID, Cells: cells[from : from+uptime.MinutesPerDay]}
		}
		for day := until - uptime.Day(days); day < until; day++ {
			for i := range past {
				fleet.Day(random, past[i].Cells)
			}
			if err := w.archive.Import(ctx, day, past, false); err != nil {
				return err
			}
		}
	}
	return nil
}

// bytes is what the files of the database weigh.
func (w *world) bytes() int64 {
	var sum int64
	for _, name := range []string{sqlite.File, sqlite.File + "-wal"} {
		if info, err := os.Stat(filepath.Join(w.dir, name)); err == nil {
			sum += info.Size()
		}
	}
	return sum
}

// feed gives verdicts of all servers, minute by minute, from one to another.
type feed struct {
	servers  []uptime.Server
	from, to uptime.Minute
	// before is how many verdicts there were before these.
	before int
	// held makes the end of the feed an error: nothing is done after it.
	held error
}

// next is the minutes that follow.
func (f *feed) next(from, to uptime.Minute) {
	f.before += int(f.to-f.from) * len(f.servers)
	f.from, f.to = from, to
}

// After makes the same verdicts whenever it is asked for the same place.
func (f *feed) After(_ context.Context, after uptime.Cursor, limit int) ([]uptime.Verdict, error) {
	at, all := max(0, int(after)-f.before), int(f.to-f.from)*len(f.servers)
	n := min(limit, all-at)
	if n <= 0 {
		return nil, f.held
	}
	out := make([]uptime.Verdict, n)
	for i := range out {
		random := rand.New(rand.NewPCG(1, uint64(at+i)))
		minute := f.from + uptime.Minute((at+i)/len(f.servers))
		out[i] = fleet.Verdict(random, tenant, f.servers[(at+i)%len(f.servers)].ID, minute.Time(), f.before+at+i+1)
	}
	return out, nil
}

// over is the last minute that is over for the archive.
func over() uptime.Minute { return uptime.MinuteOf(time.Now().Add(-2*time.Minute-10*time.Second)) + 1 }
