package archive

import (
	"context"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

const (
	BatchVerdicts = batchVerdicts
	MaxAhead      = maxAhead
)

// Entry is one server's minute of a segment.
type Entry struct {
	Num  uint32
	Cell uptime.MinuteCell
	Left int
}

func PackSegment(entries []Entry) []byte {
	list := make([]entry, len(entries))
	for i := range entries {
		c := &entries[i].Cell
		list[i] = entry{entries[i].Num, lookOf(c), levelOf(c.Latency), entries[i].Left}
	}
	return packSegment(list)
}

func UnpackSegment(b []byte) ([]Entry, error) {
	list, err := unpackSegment(b)
	out := make([]Entry, len(list))
	for i := range list {
		out[i] = Entry{list[i].num, list[i].look.cell(), list[i].left}
		out[i].Cell.Latency = list[i].lv.duration()
	}
	return out, err
}

func PackDay(day uptime.Day, cells []uptime.MinuteCell) []byte {
	var t tape
	for i := range cells {
		t.put(day.First()+uptime.Minute(i), lookOf(&cells[i]), levelOf(cells[i].Latency))
	}
	return packDay(&t, day)
}

func UnpackDay(day uptime.Day, b []byte) ([]uptime.MinuteCell, error) {
	t, err := unpackDay(b, day)
	if err != nil {
		return nil, err
	}
	out := make([]uptime.MinuteCell, uptime.MinutesPerDay)
	t.cells(day.First(), out)
	return out, nil
}

// Digest packs the distribution of the latencies.
func Digest(latencies []time.Duration) []byte {
	var h histogram
	for _, d := range latencies {
		h.add([]level{levelOf(d)})
	}
	return h.digest()
}

// Quantile merges digests.
func Quantile(q float64, digests ...[]byte) (d time.Duration, samples int, err error) {
	var h histogram
	for _, b := range digests {
		if err := h.merge(b); err != nil {
			return 0, 0, err
		}
	}
	return h.quantile(q), h.samples(), nil
}

// Kept is what the packed form keeps of a latency.
func Kept(d time.Duration) time.Duration { return levelOf(d).duration() }

func CauseCode(c uptime.Cause) byte { return causeCode(c) }

func CauseOf(code byte) uptime.Cause { return causeOf(code) }

// Tick does what Run does once a minute.
func (a *Archiver) Tick(ctx context.Context) error { return a.tick(ctx) }

// Held is how many minutes of a server are in memory.
func (h *History) Held(tenant uptime.TenantID, server uptime.ServerID) int {
	return len(h.recent(ref{tenant, server}).levels)
}
