package board

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

const (
	// tick is how often rows are looked at that no verdict came for.
	tick = time.Second
	// pace is the least time between two batches of changes.
	pace = 200 * time.Millisecond
	// batch is how many verdicts are read at once, maxBatches how often before
	// they are shown.
	batch, maxBatches = 1000, 20
	// perTick is how many old histories are read in a tick.
	perTick = 200
	// perShow is how many rows are read at the start before they are shown.
	perShow = 256
	// patience bounds a question to the store.
	patience = 10 * time.Second
	// rereads is for how many verdicts after a change the records are read anew:
	// whoever writes them may be slower than we are.
	rereads = 3
)

// Run keeps the board up to date until ctx ends; that is no error. Run it once.
func (b *Board) Run(ctx context.Context) error {
	b.cursor = b.newest()
	b.replan(b.Now())
	b.fill(ctx)
	close(b.ready)
	from, arrived := make(chan uptime.Cursor, 1), make(chan struct{}, 1)
	done := make(chan struct{})
	go func() {
		defer close(done)
		b.listen(ctx, from, arrived)
	}()
	from <- b.cursor
	b.loop(ctx, from, arrived)
	<-done
	return nil
}

func (b *Board) loop(ctx context.Context, from chan<- uptime.Cursor, arrived <-chan struct{}) {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-arrived:
			b.pull(ctx)
			from <- b.cursor
		case <-b.wake:
			b.retouch(ctx)
		case <-ticker.C:
			b.sweep(ctx)
		}
		b.show()
		pause(ctx, pace)
	}
}

// listen turns the feed's waiting into a channel. Each place in the feed that
// comes from one side is answered once on the other, when there is more.
func (b *Board) listen(ctx context.Context, from <-chan uptime.Cursor, arrived chan<- struct{}) {
	for {
		select {
		case <-ctx.Done():
			return
		case at := <-from:
			for b.Feed.Wait(ctx, at) != nil && ctx.Err() == nil {
				pause(ctx, tick)
			}
			arrived <- struct{}{}
		}
	}
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// newest is the place in the feed to go on from: the verdicts up to there are
// each server's newest, or before it, for whoever asks for those afterwards.
func (b *Board) newest() (at uptime.Cursor) {
	for _, s := range b.Plan().Servers {
		if v, ok := b.Feed.Latest(s.Tenant, s.ID); ok {
			at = max(at, v.Seq)
		}
	}
	return at
}

// replan takes over a new plan. Readers of updates start anew after one.
func (b *Board) replan(now time.Time) {
	plan := b.Plan()
	if b.plan == plan {
		return
	}
	b.plan = plan
	shelves, entries := map[uptime.TenantID][]*uptime.Server{}, make(map[key]*entry, len(plan.Servers))
	for _, s := range plan.Servers {
		if s.Hidden && !b.Hidden {
			continue
		}
		k := key{s.Tenant, s.ID}
		shelves[s.Tenant] = append(shelves[s.Tenant], s)
		entries[k] = b.enter(k, s, now)
	}
	b.entries = entries
	b.put(shelves, now)
}

// enter returns the entry of a server, a new one with its newest verdict when
// there was none.
func (b *Board) enter(k key, s *uptime.Server, now time.Time) *entry {
	e := b.entries[k]
	if e == nil {
		e = newEntry(now)
		e.restored, e.reread = true, 1
		if v, ok := b.Feed.Latest(k.tenant, k.server); ok {
			e.server = s
			v = discreetVerdict(v)
			e.take(&v, b.plan)
		}
	}
	e.adopt(s, b.plan)
	return e
}

// current leaves out windows that are over.
func current(windows []uptime.Window, now time.Time) []uptime.Window {
	var out []uptime.Window
	for _, w := range windows {
		if now.Before(w.To) {
			out = append(out, w)
		}
	}
	return out
}

// put shows a new selection of servers.
func (b *Board) put(shelves map[uptime.TenantID][]*uptime.Server, now time.Time) {
	b.windows = current(discreetWindows(b.plan.Windows, named(shelves), grouped(shelves)), now)
	sheets := make(map[uptime.TenantID]*sheet, len(shelves))
	for tenant, servers := range shelves {
		rows := make([]*Row, len(servers))
		for i, s := range servers {
			e := b.entries[key{tenant, s.ID}]
			e.judge(now, b.windows)
			rows[i] = e.row()
		}
		sheets[tenant] = newSheet(newShelf(servers), rows)
	}
	clear(b.dirty)
	b.sheets.Store(&sheets)
	b.changes.forget()
	b.watch()
}

// fill reads everything about every server for the first time.
func (b *Board) fill(ctx context.Context) {
	for k, e := range b.entries {
		if ctx.Err() != nil {
			return
		}
		b.complete(ctx, k, e)
		if len(b.dirty) >= perShow {
			b.show()
		}
	}
	b.show()
}

// complete reads what is due about a server, and judges it.
func (b *Board) complete(ctx context.Context, k key, e *entry) {
	now := b.Now()
	b.refresh(ctx, k, e, now)
	e.judge(now, b.windows)
	if e.restored {
		b.warn(ctx, within(ctx, func(ctx context.Context) error { return b.trace(ctx, e, now) }))
		e.restored = false
		e.judge(now, b.windows)
	}
}

// refresh reads past and records of a server when they are due.
func (b *Board) refresh(ctx context.Context, k key, e *entry, now time.Time) {
	if e.history != uptime.MinuteOf(now) {
		b.warn(ctx, within(ctx, func(ctx context.Context) error { return b.remember(ctx, e, now) }))
	}
	if e.reread > 0 {
		err := within(ctx, func(ctx context.Context) error { return b.review(ctx, e) })
		b.warn(ctx, err)
		if err == nil {
			e.reread--
		}
	}
	b.dirty[k] = true
}

func within(ctx context.Context, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return do(ctx)
}

// warn logs an error, at most one in a minute: a store that is gone would fail
// for every server.
func (b *Board) warn(ctx context.Context, err error) {
	now := b.Now()
	if err == nil || ctx.Err() != nil || now.Sub(b.warned) < time.Minute {
		return
	}
	b.warned = now
	b.Logger.WarnContext(ctx, "the board shows old data", "error", err.Error())
}

// pull takes over what was sealed.
func (b *Board) pull(ctx context.Context) {
	for range maxBatches {
		verdicts, err := b.Feed.After(ctx, b.cursor, batch)
		if gap, ok := errors.AsType[*uptime.FeedGap](err); ok && gap.Resume > b.cursor {
			b.cursor = gap.Resume // what is gone was of servers that nobody asks about, or is shown by Latest
			continue
		}
		if err != nil {
			b.warn(ctx, fmt.Errorf("reading the feed after %d: %w", b.cursor, err))
			return
		}
		if len(verdicts) == 0 {
			return
		}
		for i := range verdicts {
			b.apply(ctx, &verdicts[i])
		}
		b.cursor = max(b.cursor, verdicts[len(verdicts)-1].Seq)
	}
}

func (b *Board) apply(ctx context.Context, v *uptime.Verdict) {
	k := key{v.Tenant, v.Server}
	e := b.entries[k]
	if e == nil || e.draft.Verdict != nil && v.Seq <= e.draft.Verdict.Seq {
		return
	}
	sealed := discreetVerdict(*v) // a copy: the batch shall not live as long as one of its verdicts
	if e.take(&sealed, b.plan) {
		e.reread = rereads
	}
	b.complete(ctx, k, e)
}

// retouch reads the records of servers that were touched.
func (b *Board) retouch(ctx context.Context) {
	b.mu.Lock()
	touched := b.touched
	b.touched = map[key]bool{}
	b.mu.Unlock()
	for k := range touched {
		if e := b.entries[k]; e != nil {
			e.reread = max(e.reread, 1)
			b.complete(ctx, k, e)
		}
	}
}

// sweep looks at the plan, and at rows that change by the clock alone.
func (b *Board) sweep(ctx context.Context) {
	now, left := b.Now(), perTick
	b.replan(now)
	for k, e := range b.entries {
		if left > 0 && uptime.MinuteOf(now)-e.history >= 2 {
			b.complete(ctx, k, e)
			left--
		}
		if e.judge(now, b.windows) {
			b.dirty[k] = true
		}
	}
	b.watch()
}

// show hands the rows that changed to readers.
func (b *Board) show() {
	if len(b.dirty) == 0 {
		return
	}
	changed, keys := map[uptime.TenantID]map[int]*Row{}, make([]key, 0, len(b.dirty))
	for k := range b.dirty {
		at, rows := b.sheet(k.tenant).byID[k.server], changed[k.tenant]
		if rows == nil {
			rows = map[int]*Row{}
			changed[k.tenant] = rows
		}
		rows[at] = b.entries[k].row()
		keys = append(keys, k)
	}
	sheets := make(map[uptime.TenantID]*sheet, len(*b.sheets.Load()))
	for tenant, s := range *b.sheets.Load() {
		sheets[tenant] = s
		if rows := changed[tenant]; rows != nil {
			sheets[tenant] = s.with(rows)
		}
	}
	clear(b.dirty)
	b.sheets.Store(&sheets)
	b.changes.add(keys)
}
