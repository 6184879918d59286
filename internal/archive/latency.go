package archive

import (
	"encoding/binary"
	"math"
	"time"
)

// level is a latency on a logarithmic scale; 0 is none. Levels are 6 % apart
// and reach from 50 us to 2 minutes; what is outside becomes the first or the
// last. level.duration is off by at most 3 % inside that range.
type level uint8

const (
	levelRatio = 1.06
	// slowLevel begins at exactly slowTime, so that counting slow minutes is
	// exact although latencies are not.
	slowLevel = 199
	slowTime  = 5 * time.Second
)

func levelOf(d time.Duration) level {
	if d <= 0 {
		return 0
	}
	steps := math.Floor(math.Log(float64(d)/float64(slowTime)) / math.Log(levelRatio))
	return level(min(max(steps+slowLevel, 1), math.MaxUint8))
}

// duration returns the middle of the level.
func (l level) duration() time.Duration {
	if l == 0 {
		return 0
	}
	d := float64(slowTime) * math.Pow(levelRatio, float64(l)-slowLevel+0.5)
	return time.Duration(d).Round(time.Microsecond)
}

// histogram counts minutes by level; level 0 is not counted.
type histogram [math.MaxUint8 + 1]uint32

func (h *histogram) add(levels []level) {
	for _, l := range levels {
		h[l]++
	}
	h[0] = 0
}

func (h *histogram) samples() (n int) {
	for _, c := range h {
		n += int(c)
	}
	return n
}

// quantile returns the nearest-rank quantile, 0 < q <= 1; zero without samples.
func (h *histogram) quantile(q float64) time.Duration {
	rank := int(math.Ceil(q * float64(h.samples())))
	for l, c := range h {
		if rank -= int(c); rank <= 0 && c > 0 {
			return level(l).duration()
		}
	}
	return 0
}

const digestVersion = 1

// digest packs the histogram: pairs of how many levels to go up, and how many
// minutes are there.
func (h *histogram) digest() []byte {
	b := []byte{digestVersion}
	last := 0
	for l, c := range h {
		if c > 0 {
			b = binary.AppendUvarint(b, uint64(l-last))
			b = binary.AppendUvarint(b, uint64(c))
			last = l
		}
	}
	return b
}

// merge adds a packed histogram. An empty digest is an empty histogram. What
// was read before an error stays added.
func (h *histogram) merge(digest []byte) error {
	if len(digest) == 0 {
		return nil
	}
	r := reader{b: digest}
	r.version(digestVersion)
	at := uint64(0)
	for len(r.b) > 0 && r.err == nil {
		at += r.uvarint(math.MaxUint8)
		n := r.uvarint(math.MaxInt32)
		if at == 0 || at > math.MaxUint8 {
			r.fail("a latency beyond the scale")
			break
		}
		h[at] += uint32(n)
	}
	return r.err
}
