package archive

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Feed is where sealed verdicts come from.
type Feed interface {
	// After returns at most limit verdicts sealed after the cursor, ascending by
	// Seq; none when there are none now. It does not block. Asking again for the
	// same place gives the same verdicts.
	After(ctx context.Context, after uptime.Cursor, limit int) ([]uptime.Verdict, error)
}

// Rows is where the archive is written to. Each method is one transaction, and
// durable when it returns; after an error the archiver calls it again with the
// same, or, after a restart, with the same or more.
type Rows interface {
	// AppendMinutes replaces segments by minute, and the watermark, which never
	// goes back: ErrConflict.
	AppendMinutes(ctx context.Context, segments []uptime.Segment, mark uptime.Watermark) error
	// CloseDay replaces the rows of these servers and months. The day's segments
	// stay: it is called several times for one day.
	CloseDay(ctx context.Context, day uptime.Day, days []uptime.PackedDay, months []uptime.MonthStat) error
	// DropSegments forgets the segments of minutes before.
	DropSegments(ctx context.Context, before uptime.Minute) error
}

// Records is where the archive is read from.
type Records interface {
	Days
	Watermark(ctx context.Context) (uptime.Watermark, error)
	// Segments returns those of [from, to), ascending.
	Segments(ctx context.Context, from, to uptime.Minute) ([]uptime.Segment, error)
	// DayStats calls yield for every closed day from from on, of all servers, in
	// any order.
	DayStats(ctx context.Context, from uptime.Day,
		yield func(uptime.TenantID, uptime.ServerID, uptime.DayStat, []byte) error) error
	// Numbers calls yield for every server that has a number: those that are
	// monitored, and those that no longer are but are not erased.
	Numbers(ctx context.Context, yield func(num uint32, tenant uptime.TenantID, server uptime.ServerID) error) error
}

// Options say what an Archiver works with. Feed, Rows and Records are needed.
type Options struct {
	Feed    Feed
	Rows    Rows
	Records Records
	// Prune, when set, is called every hour with the place of the feed up to
	// which everything is in the rows.
	Prune func(ctx context.Context, passed uptime.Cursor) error
	// Sweep, when set, is called once a day, to enforce retention.
	Sweep func(ctx context.Context) error
	// Logger; nil discards.
	Logger *slog.Logger
}

// Stats say how an Archiver does.
type Stats struct {
	// Mark is what is in the rows.
	Mark uptime.Watermark
	// Lag is how long ago the oldest minute began of which verdicts wait to be
	// archived, or for how long feed or rows have failed if that is longer; zero
	// before Open. Lag beyond MaxLag is a fault.
	Lag time.Duration
	// Held is how many verdicts wait.
	Held int
	// Unclosed is how many days besides the newest wait to be closed.
	Unclosed int
	// Late verdicts came after their minute was closed, Odd ones claim to be from
	// more than a day ahead, Nameless ones are of servers without a number. They
	// are not archived.
	Late, Odd, Nameless uint64
	// Broken are segments that could not be read; their minutes are Unknown.
	Broken uint64
}

const (
	// MaxLag is the objective for Stats.Lag.
	MaxLag = 180 * time.Second

	batchVerdicts = 4096
	// maxHeld bounds the verdicts in memory: beyond it the feed has to wait.
	maxHeld = 1 << 20
	// maxAhead is how far ahead of the clock a verdict may be.
	maxAhead = uptime.MinutesPerDay
	// commitMinutes is how many minutes one transaction writes at most.
	commitMinutes = 60
)

var errFull = errors.New("memory is full")

// Archiver moves the sealed feed into rows. Only one may work on the same rows.
type Archiver struct {
	feed    Feed
	rows    Rows
	records Records
	prune   func(context.Context, uptime.Cursor) error
	sweep   func(context.Context) error
	log     *slog.Logger
	history *History

	mu       sync.Mutex // all below
	opened   bool
	names    names
	mark     uptime.Watermark // what is in the rows
	read     uptime.Cursor    // how far the feed was read
	minutes  *minutes
	pending  *commit // closed, not yet in the rows
	unclosed map[uptime.Day]bool
	begun    map[ref]uptime.Day // open days that were imported
	renamed  bool               // the names were read in this tick
	sums     monthCache
	stats    Stats // counters
	pruned   time.Time
	swept    uptime.Day
	reached  time.Time // when feed and rows last answered

	shown atomic.Pointer[shown] // by tick and Open, nil before
}

// shown is what Stats tells without waiting for a tick that is at work.
type shown struct {
	Stats
	reached time.Time
	oldest  uptime.Minute // that waits
	waits   bool
}

// commit is what one transaction writes.
type commit struct {
	segments []uptime.Segment
	entries  [][]entry // of each segment
	mark     uptime.Watermark
}

// New returns an Archiver that does nothing yet.
func New(o Options) *Archiver {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &Archiver{
		feed: o.Feed, rows: o.Rows, records: o.Records, prune: o.Prune, sweep: o.Sweep, log: o.Logger,
		history: newHistory(o.Records), minutes: newMinutes(), unclosed: map[uptime.Day]bool{},
		begun: map[ref]uptime.Day{},
	}
}

// History returns the read side. It is empty until Open.
func (a *Archiver) History() *History { return a.history }

// Run archives until ctx ends, at second 10 of every minute. What could not be
// done is logged and done again a minute later; nothing is lost by stopping at
// any moment. It calls Open unless that was done. It returns an error only when
// it cannot begin.
func (a *Archiver) Run(ctx context.Context) error {
	if err := a.Open(ctx); err != nil {
		return err
	}
	for ctx.Err() == nil {
		err := a.tick(ctx)
		if errors.Is(err, uptime.ErrConflict) {
			return fmt.Errorf("archiving: %w", err)
		}
		if err != nil && ctx.Err() == nil {
			a.log.WarnContext(ctx, "archiving is behind", "error", err)
		}
		timer := time.NewTimer(untilTick(time.Now()))
		select {
		case <-ctx.Done():
		case <-timer.C:
		}
		timer.Stop()
	}
	return nil
}

// CatchUp does at once what Run would do at its next tick: after a start, what
// was sealed before is known before anybody asks.
func (a *Archiver) CatchUp(ctx context.Context) error {
	if err := a.Open(ctx); err != nil {
		return err
	}
	return a.tick(ctx)
}

// untilTick is how long it is until second 10 of a minute.
func untilTick(now time.Time) time.Duration {
	next := now.Truncate(time.Minute).Add(closeAfter % time.Minute)
	if !next.After(now) {
		next = next.Add(time.Minute)
	}
	return next.Sub(now)
}

// tick does everything that is due.
func (a *Archiver) tick(ctx context.Context) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	defer a.show()
	now := time.Now()
	if err := a.pull(ctx, now); err != nil {
		return err
	}
	a.reached = now
	if err := a.closeDays(ctx, uptime.MinuteOf(now.Add(-closeAfter))); err != nil {
		return err
	}
	return a.care(ctx, now)
}

// pull reads the feed to its end and writes the minutes that are over.
func (a *Archiver) pull(ctx context.Context, now time.Time) error {
	if err := a.write(ctx); err != nil { // what is left from the last tick
		return err
	}
	a.renamed = false
	for a.minutes.held < maxHeld {
		verdicts, err := a.feed.After(ctx, a.read, batchVerdicts)
		if err != nil {
			return fmt.Errorf("reading the feed after %d: %w", a.read, err)
		}
		if len(verdicts) == 0 {
			return a.closeMinutes(ctx, now)
		}
		for i := range verdicts {
			if err := a.take(ctx, &verdicts[i], now); err != nil {
				return err
			}
		}
		// What follows was sealed later than all of these, whatever one odd clock
		// says: minutes that were over by then are complete.
		if err := a.closeMinutes(ctx, earliestSeal(verdicts, now)); err != nil {
			return err
		}
	}
	return fmt.Errorf("%w: %d verdicts wait for their minute to end, the feed has to wait too", errFull, a.minutes.held)
}

func earliestSeal(verdicts []uptime.Verdict, now time.Time) time.Time {
	for i := range verdicts {
		if verdicts[i].SealedAt.Before(now) {
			now = verdicts[i].SealedAt
		}
	}
	return now
}

// take puts a verdict into its minute.
func (a *Archiver) take(ctx context.Context, v *uptime.Verdict, now time.Time) error {
	num, ok, err := a.number(ctx, ref{v.Tenant, v.Server})
	if err != nil {
		return err
	}
	m, s := v.Minute(), sightOf(v)
	late := v.SealedAt.Sub(m.Time()) > closeAfter // else it was seen before
	if late && s.until > a.mark.Through+1 {
		m = max(m, a.mark.Through+1) // it stands, from when it was known
	}
	switch {
	case m <= a.mark.Through:
		if late {
			a.stats.Late++
		}
	case m > uptime.MinuteOf(now)+maxAhead:
		a.stats.Odd++
	case !ok:
		a.stats.Nameless++
	default:
		a.minutes.add(num, m, v.Seq, s)
	}
	a.read = max(a.read, v.Seq)
	return nil
}

// number returns the number of a server. One that is not known yet is looked for
// in the rows, once a tick.
func (a *Archiver) number(ctx context.Context, server ref) (num uint32, ok bool, err error) {
	num, ok = a.names.nums[server]
	if ok || a.renamed {
		return num, ok, nil
	}
	if err := a.readNames(ctx); err != nil {
		return 0, false, err
	}
	a.renamed = true
	num, ok = a.names.nums[server]
	return num, ok, nil
}

// closeMinutes closes and writes the minutes that are over at a moment up to
// which the feed was read.
func (a *Archiver) closeMinutes(ctx context.Context, at time.Time) error {
	target := uptime.MinuteOf(at.Add(-closeAfter))
	for {
		c := commit{mark: a.mark}
		for len(c.segments) < commitMinutes {
			m, ok := a.minutes.next(c.mark.Through)
			if !ok || m > target {
				break
			}
			entries := a.minutes.close(m)
			c.entries = append(c.entries, entries)
			c.segments = append(c.segments, uptime.Segment{Minute: m, Cells: packSegment(entries)})
			c.mark.Through = m
		}
		if len(c.segments) == 0 {
			return nil
		}
		c.mark.Cursor = max(c.mark.Cursor, a.minutes.passed(a.read))
		a.pending = &c
		if err := a.write(ctx); err != nil {
			return err
		}
	}
}

// write puts what is pending into the rows, then into the history.
func (a *Archiver) write(ctx context.Context) error {
	c := a.pending
	if c == nil {
		return nil
	}
	if err := a.rows.AppendMinutes(ctx, c.segments, c.mark); err != nil {
		return fmt.Errorf("writing %d minutes through %s: %w",
			len(c.segments), c.mark.Through.Time().Format(time.RFC3339), err)
	}
	a.pending = nil
	a.mark = c.mark
	for i, s := range c.segments {
		a.unclosed[s.Minute.Day()] = true
		a.history.enter(s.Minute, c.entries[i], a.names.refs)
	}
	return nil
}

// care prunes the feed and enforces retention when that is due.
func (a *Archiver) care(ctx context.Context, now time.Time) error {
	if a.prune != nil && now.Sub(a.pruned).Abs() >= time.Hour {
		if err := a.prune(ctx, a.mark.Cursor); err != nil {
			return fmt.Errorf("pruning the feed: %w", err)
		}
		a.pruned = now
	}
	if today := uptime.DayOf(now.Add(-closeAfter)); a.sweep != nil && a.swept != today {
		if err := a.sweep(ctx); err != nil {
			return fmt.Errorf("enforcing retention: %w", err)
		}
		a.swept = today
	}
	return nil
}

// Stats returns how the archiver does, as of its last tick.
func (a *Archiver) Stats() Stats {
	v := a.shown.Load()
	if v == nil {
		return Stats{}
	}
	s := v.Stats
	s.Lag = max(0, time.Since(v.reached)-time.Minute)
	if v.waits {
		s.Lag = max(s.Lag, time.Since(v.oldest.Time()))
	}
	return s
}

// show publishes what Stats tells.
func (a *Archiver) show() {
	v := shown{Stats: a.stats, reached: a.reached}
	v.Mark, v.Held, v.Unclosed = a.mark, a.minutes.held, max(0, len(a.unclosed)-1)
	v.oldest, v.waits = a.minutes.oldest()
	a.shown.Store(&v)
}

// Erase forgets a server in memory. It is called once the rows of the server are
// erased and nothing monitors it any more: what the open day's segments still
// hold of it stands under a number that names nobody.
func (a *Archiver) Erase(tenant uptime.TenantID, server uptime.ServerID) {
	a.mu.Lock()
	defer a.mu.Unlock()
	who := ref{tenant, server}
	if num, ok := a.names.nums[who]; ok {
		a.minutes.forget(num)
		delete(a.names.nums, who)
		delete(a.names.refs, num)
	}
	delete(a.begun, who)
	a.sums = monthCache{}
	a.history.forget(who)
}
