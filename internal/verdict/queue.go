package verdict

import (
	"slices"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// slots is how many slots a queue has: as many as there are in the time that a
// cycle may take, with some to spare.
const slots = 1024

// queue keeps tracks by deadline, in slots of time. Most deadlines move on
// before they have passed; so a track stays in its slot until that is looked at,
// and is put into a later one then. It is never in a slot after its deadline,
// but for a deadline that lies before the queue's first slot.
type queue struct {
	ring  [slots][]*track // the slot k is at k modulo slots
	first int64           // the first slot that may hold a track
	held  int             // how many places are taken
}

func newQueue(now time.Time) *queue { return &queue{first: slotOf(now)} }

// slotOf numbers the slots of time.
func slotOf(at time.Time) int64 { return at.UnixNano() / int64(uptime.Slot) }

func (q *queue) slot(k int64) *[]*track { return &q.ring[uint64(k)%slots] } //nolint:gosec // wraps around

// slotFor returns the slot for a track, of those that there are now.
func (q *queue) slotFor(t *track) int64 {
	return min(max(slotOf(t.deadline), q.first), q.first+slots-1)
}

func (q *queue) put(t *track) {
	t.slot = q.slotFor(t)
	slot := q.slot(t.slot)
	*slot = append(*slot, t)
	q.held++
}

// move follows a new deadline. When that is earlier the place that the track had
// is void: it is not the track's slot any more.
func (q *queue) move(t *track) {
	if q.slotFor(t) < t.slot {
		q.put(t)
	}
}

// look returns the tracks that belong into a slot and moves the others on.
func (q *queue) look(k int64) []*track {
	slot := q.slot(k)
	all := *slot
	kept := all[:0]
	for _, t := range all {
		switch {
		case t.slot == k && q.slotFor(t) == k:
			kept = append(kept, t)
			continue
		case t.slot == k:
			q.put(t)
		}
		q.held--
	}
	clear(all[len(kept):])
	*slot = kept
	return kept
}

// next returns the track with the first deadline; nil when there is none.
func (q *queue) next() *track {
	for k := q.first; q.held > 0 && k < q.first+slots; k++ {
		if in := q.look(k); len(in) > 0 {
			return slices.MinFunc(in, func(a, b *track) int { return a.deadline.Compare(b.deadline) })
		}
	}
	return nil
}

// due returns at most n tracks whose deadline has passed, the oldest first but
// for those of one slot. They stay where they are until they move.
func (q *queue) due(now time.Time, n int) (due []*track) {
	for k := q.first; q.held > 0 && len(due) < n && k < q.first+slots && (k == q.first || k <= slotOf(now)); k++ {
		in := q.look(k)
		for _, t := range in {
			if len(due) < n && !t.deadline.After(now) {
				due = append(due, t)
			}
		}
		if len(in) == 0 && k == q.first && k < slotOf(now) {
			*q.slot(k) = nil // its memory may be large
			q.first++
		}
	}
	if q.held == 0 {
		q.first = max(q.first, slotOf(now))
	}
	return due
}
