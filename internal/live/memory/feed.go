package memory

import (
	"context"
	"fmt"
	"sync"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// maxRead is how many verdicts After returns at most.
const maxRead = 10_000

// feed is the newest verdicts in the order of Seq, without a gap.
type feed struct {
	mu sync.RWMutex
	// ring holds the verdict n at n modulo its capacity; nil when it was erased.
	ring []*uptime.Verdict
	size uptime.Cursor
	// first is the cursor before the oldest verdict in the ring, last that of the
	// newest.
	first, last uptime.Cursor
	more        chan struct{} // closed when last grows
}

// open empties the feed and sets where it goes on.
func (f *feed) open(size int, last uptime.Cursor) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.size = uptime.Cursor(max(1, size)) //nolint:gosec // positive
	f.ring, f.first, f.last, f.more = nil, last, last, make(chan struct{})
}

func (f *feed) end() uptime.Cursor {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.last
}

// publish appends verdicts, whose Seq continues the feed, and wakes the readers.
func (f *feed) publish(verdicts []*uptime.Verdict) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.ring == nil {
		f.ring = make([]*uptime.Verdict, f.size)
	}
	for _, v := range verdicts {
		f.ring[v.Seq%f.size] = v
		f.last = v.Seq
	}
	if f.last-f.first > f.size {
		f.first = f.last - f.size
	}
	close(f.more)
	f.more = make(chan struct{})
}

// forget erases a server.
func (f *feed) forget(key serverKey) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, v := range f.ring {
		if v != nil && v.Tenant == key.tenant && v.Server == key.server {
			f.ring[i] = nil
		}
	}
}

// read copies at most limit verdicts after a cursor; ok is false when the ring
// does not reach back so far, or forth.
func (f *feed) read(after uptime.Cursor, limit int) (out []uptime.Verdict, ok bool) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	if after < f.first || after > f.last {
		return nil, false
	}
	for n := after + 1; n <= f.last && len(out) < limit; n++ {
		if v := f.ring[n%f.size]; v != nil && v.Seq == n {
			out = append(out, *v)
		}
	}
	return out, true
}

// bounds returns the cursors before the oldest and at the newest verdict.
func (f *feed) bounds() (first, last uptime.Cursor) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.first, f.last
}

// After returns at most limit sealed verdicts that follow a cursor, ascending;
// none when there are none yet. When what follows is not kept, or the cursor is
// ahead of the feed, the error is a *uptime.FeedGap.
func (l *Live) After(ctx context.Context, after uptime.Cursor, limit int) ([]uptime.Verdict, error) {
	if limit <= 0 || limit > maxRead {
		limit = maxRead
	}
	if out, ok := l.feed.read(after, limit); ok {
		return out, nil
	}
	first, last := l.feed.bounds()
	if l.opt.Journal == nil || after > last {
		return nil, &uptime.FeedGap{After: after, Resume: first}
	}
	return l.reread(ctx, after, last, limit)
}

// reread reads from the journal what the ring does not hold any more, up to what
// is shown.
func (l *Live) reread(ctx context.Context, after, last uptime.Cursor, limit int) ([]uptime.Verdict, error) {
	out, err := l.opt.Journal.ReadSealed(ctx, after, limit)
	if err != nil {
		return nil, fmt.Errorf("reading the feed after %d from the journal: %w", after, err)
	}
	for i := range out {
		if out[i].Seq > last {
			out = out[:i]
			break
		}
	}
	if first, _ := l.feed.bounds(); len(out) == 0 && first > after {
		return nil, &uptime.FeedGap{After: after, Resume: first}
	}
	return out, nil
}

// Wait returns when the feed has more than the cursor.
func (l *Live) Wait(ctx context.Context, after uptime.Cursor) error {
	for {
		l.feed.mu.RLock()
		last, more := l.feed.last, l.feed.more
		l.feed.mu.RUnlock()
		if last > after {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for verdicts after %d: %w", after, ctx.Err())
		case <-more:
		}
	}
}
