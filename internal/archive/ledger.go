package archive

import (
	"encoding/binary"
	"math"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// ledger is the closed days of a server, ascending and packed: some thirty bytes
// a day, so that 90 days of 10,000 servers stay in memory. It never leaves the
// process. An entry is the length of the rest and
//
//	day, counts, levels of P50 and P95, samples, cause, demo, then for each
//	region its number times two, plus one when it counted what the server did,
//	else its counts.
type ledger struct {
	packed []byte
	last   uptime.Day
}

// ledgerRoom is how many bytes a ledger grows by.
const ledgerRoom = 256

// roll numbers the names of regions for ledgers.
type roll struct {
	names   []string
	numbers map[string]int
}

func (r *roll) number(name string) int {
	n, ok := r.numbers[name]
	if !ok {
		if r.numbers == nil {
			r.numbers = map[string]int{}
		}
		n = len(r.names)
		r.names = append(r.names, name)
		r.numbers[name] = n
	}
	return n
}

// page is one entry of a ledger, partly still packed.
type page struct {
	uptime.DayStat
	p50, p95 level
	regions  []byte
}

// each calls yield for the entries, ascending, until it returns false.
func (l *ledger) each(yield func(page) bool) {
	for r := (reader{b: l.packed}); len(r.b) > 0; {
		entry := reader{b: r.take(int(r.uvarint(math.MaxUint16)))}
		if !yield(readPage(&entry)) {
			return
		}
	}
}

func readPage(r *reader) page {
	var p page
	p.Day = uptime.Day(r.uvarint(math.MaxInt32))
	p.Counts = readCounts(r)
	p.p50, p.p95 = level(r.byte()), level(r.byte())
	p.Samples = int(r.uvarint(math.MaxInt32))
	p.Worst = causeOf(r.byte())
	p.Demo = r.byte() == 1
	p.regions = r.b
	return p
}

// stat returns the whole entry.
func (p *page) stat(names *roll) uptime.DayStat {
	s := p.DayStat
	s.P50, s.P95 = p.p50.duration(), p.p95.duration()
	for r := (reader{b: p.regions}); len(r.b) > 0; {
		number := r.uvarint(math.MaxUint32)
		d := uptime.RegionDay{Region: names.names[number>>1], Counts: p.Counts}
		d.Slow = 0
		if number&1 == 0 {
			d.Counts = readCounts(&r)
		}
		s.Regions = append(s.Regions, d)
	}
	return s
}

// put adds or replaces a day, and forgets days before oldest.
func (l *ledger) put(s *uptime.DayStat, oldest uptime.Day, names *roll) {
	entry := packStat(s, names)
	entry = append(binary.AppendUvarint(nil, uint64(len(entry))), entry...)
	at, old := l.place(s.Day)
	tail := l.packed[at:]
	if old != nil {
		tail = tail[len(old):]
	}
	if at == len(l.packed) && cap(l.packed)-at >= len(entry) {
		l.packed = append(l.packed, entry...)
	} else {
		grown := make([]byte, 0, len(l.packed)+len(entry)+ledgerRoom)
		l.packed = append(append(append(grown, l.packed[:at]...), entry...), tail...)
	}
	l.last = max(l.last, s.Day)
	for first, _ := l.entry(0); first < oldest; first, _ = l.entry(0) {
		_, raw := l.entry(0)
		l.packed = l.packed[len(raw):]
	}
}

// place returns where the entry of the day is or belongs, and the entry that is
// there.
func (l *ledger) place(day uptime.Day) (at int, old []byte) {
	if day > l.last {
		return len(l.packed), nil
	}
	for at < len(l.packed) {
		d, raw := l.entry(at)
		switch {
		case d == day:
			return at, raw
		case d > day:
			return at, nil
		}
		at += len(raw)
	}
	return at, nil
}

// entry returns the entry that begins at a place, and its day; the last of all
// days when there is none.
func (l *ledger) entry(at int) (uptime.Day, []byte) {
	if at >= len(l.packed) {
		return math.MaxInt32, nil
	}
	size, head := binary.Uvarint(l.packed[at:])
	raw := l.packed[at : at+head+int(size)]
	day, _ := binary.Uvarint(raw[head:])
	return uptime.Day(day), raw
}

func packStat(s *uptime.DayStat, names *roll) []byte {
	b := binary.AppendUvarint(nil, uint64(max(s.Day, 0)))
	b = appendCounts(b, s.Counts)
	b = append(b, byte(levelOf(s.P50)), byte(levelOf(s.P95)))
	b = binary.AppendUvarint(b, uint64(s.Samples))
	b = append(b, causeCode(s.Worst), 0)
	if s.Demo {
		b[len(b)-1] = 1
	}
	same := s.Counts
	same.Slow = 0
	for _, r := range s.Regions {
		number := uint64(names.number(r.Region)) << 1
		if r.Counts == same {
			b = binary.AppendUvarint(b, number|1)
		} else {
			b = appendCounts(binary.AppendUvarint(b, number), r.Counts)
		}
	}
	return b
}

// appendCounts packs counts: which of them are not zero, and those.
func appendCounts(b []byte, c uptime.Counts) []byte {
	at := len(b)
	b = append(b, 0)
	for i, n := range [...]int{c.Live, c.Degraded, c.Down, c.Unknown, c.Maintenance, c.Slow} {
		if n > 0 {
			b[at] |= 1 << i
			b = binary.AppendUvarint(b, uint64(n))
		}
	}
	return b
}

func readCounts(r *reader) (c uptime.Counts) {
	which := r.byte()
	for i, n := range [...]*int{&c.Live, &c.Degraded, &c.Down, &c.Unknown, &c.Maintenance, &c.Slow} {
		if which&(1<<i) != 0 {
			*n = int(r.uvarint(math.MaxInt32))
		}
	}
	return c
}
