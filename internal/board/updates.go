package board

import (
	"context"
	"sync"
)

// remembered is how many changes readers may be behind before they must read
// everything anew.
const remembered = 8192

// changes remembers which rows changed, once for all readers: a reader that
// does not come back costs nothing.
type changes struct {
	mu    sync.Mutex
	ring  [remembered]key // guarded by mu: change n is at n % remembered
	first uint64          // guarded by mu: the oldest change that is remembered
	next  uint64          // guarded by mu: the number of the change to come
	more  chan struct{}   // guarded by mu: closed when next moves
}

// newChanges numbers changes from start on. A start that grows with time lets a
// reader from before a restart be told from one of today.
func newChanges(start uint64) *changes {
	return &changes{first: start, next: start, more: make(chan struct{})}
}

func (c *changes) add(keys []key) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, k := range keys {
		c.ring[c.next%remembered] = k
		c.next++
	}
	if c.next-c.first > remembered {
		c.first = c.next - remembered
	}
	c.announce()
}

// forget makes every reader read everything anew.
func (c *changes) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.next++
	c.first = c.next
	c.announce()
}

func (c *changes) announce() {
	close(c.more)
	c.more = make(chan struct{})
}

// since returns the servers that changed from number after on, each once, and
// the number to go on with.
func (c *changes) since(after uint64) (changed []key, next uint64, resync bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if after < c.first || after > c.next {
		return nil, c.next, true
	}
	seen := make(map[key]bool, min(c.next-after, remembered))
	for n := after; n < c.next; n++ {
		if k := c.ring[n%remembered]; !seen[k] {
			seen[k] = true
			changed = append(changed, k)
		}
	}
	return changed, c.next, false
}

// beyond returns nil when there is something after, or else a channel that is
// closed when there may be.
func (c *changes) beyond(after uint64) <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if after != c.next {
		return nil
	}
	return c.more
}

// Updates returns the rows that changed since the caller was told next the last
// time, of all tenants, each once and as it is now. Resync means that the caller
// was away for too long, or starts: everything may have changed. A caller that
// starts gives 0.
func (b *Board) Updates(after uint64) (changed []*Row, next uint64, resync bool) {
	keys, next, resync := b.changes.since(after)
	for _, k := range keys {
		if row, ok := b.RowOf(k.tenant, k.server); ok {
			changed = append(changed, row)
		}
	}
	return changed, next, resync
}

// Wait returns when Updates has something to say after that number, or with the
// error of ctx. Rows change in batches, at most five times a second.
func (b *Board) Wait(ctx context.Context, after uint64) error {
	more := b.changes.beyond(after)
	if more == nil {
		return nil
	}
	select {
	case <-more:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
