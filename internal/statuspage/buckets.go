package statuspage

import (
	"sync"
	"time"
)

// maxBuckets bounds how many are counted apart; those beyond share one.
const maxBuckets = 10_000

// buckets hold tokens by key: burst at first, one more each time every has
// passed. A full one need not be kept, so that memory is bounded by what came
// lately.
type buckets struct {
	burst int
	every time.Duration

	mu   sync.Mutex
	full map[string]time.Time // when the bucket will be full again
}

func newBuckets(burst int, every time.Duration) *buckets {
	return &buckets{burst: burst, every: every, full: map[string]time.Time{}}
}

// take takes a token. Without one it returns how long to wait for it.
func (b *buckets) take(key string, now time.Time) (wait time.Duration, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	key = b.room(key, now)
	full := b.full[key]
	if full.Before(now) {
		full = now
	}
	full = full.Add(b.every)
	if wait = full.Sub(now) - time.Duration(b.burst)*b.every; wait > 0 {
		return wait, false
	}
	b.full[key] = full
	return 0, true
}

// room returns the key, or the shared one when there is no room for it.
func (b *buckets) room(key string, now time.Time) string {
	if _, known := b.full[key]; known || len(b.full) < maxBuckets {
		return key
	}
	for k, full := range b.full {
		if !full.After(now) {
			delete(b.full, k)
		}
	}
	if len(b.full) < maxBuckets {
		return key
	}
	return ""
}
