package audit

import "time"

// meter counts looks and how many there are in a second.
type meter struct {
	done, total int
	// marks are when how many of this call were done, for about a minute.
	marks []mark
	here  int
}

type mark struct {
	at   time.Time
	here int
}

// meterSpan is over how long the rate is taken.
const meterSpan = time.Minute

// add counts looks. Those of earlier calls have no time and do not count in the
// rate.
func (m *meter) add(at time.Time, n int) {
	m.done += n
	if at.IsZero() {
		return
	}
	m.here += n
	m.marks = append(m.marks, mark{at: at, here: m.here})
	for len(m.marks) > 2 && at.Sub(m.marks[1].at) >= meterSpan {
		m.marks = m.marks[1:]
	}
}

// start begins to measure: what happens between rounds is no slowness.
func (m *meter) start(at time.Time) { m.marks = []mark{{at: at, here: m.here}} }

func (m *meter) rate(now time.Time) float64 {
	if len(m.marks) == 0 || !now.After(m.marks[0].at) {
		return 0
	}
	return float64(m.here-m.marks[0].here) / now.Sub(m.marks[0].at).Seconds()
}

// bucket is a bound on how often something begins: evenly, with what was missed
// of the last tenth of a second made up for.
type bucket struct {
	every time.Duration // 0 for no bound
	next  time.Time
}

func newBucket(rate float64) bucket {
	if rate <= 0 {
		return bucket{}
	}
	return bucket{every: time.Duration(float64(time.Second) / rate)}
}

const burst = 100 * time.Millisecond

// take returns when the next may begin.
func (b *bucket) take(now time.Time) time.Time {
	if b.every == 0 {
		return now
	}
	if oldest := now.Add(-burst); b.next.Before(oldest) {
		b.next = oldest
	}
	at := b.next
	b.next = at.Add(b.every)
	return at
}
