package archive

import (
	"encoding/binary"
	"math"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// ledger is the closed days of a server, ascending and packed: some twenty
// bytes a day, so that 90 days of 10,000 servers stay in memory. It never
// leaves the process. An entry is the length of the rest and
//
//	day, six counts, levels of P50 and P95, samples, cause, demo, then for each
//	region its number times two, plus one when it counted what the server did,
//	else its six counts.
type ledger []byte

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
func (l ledger) each(yield func(page) bool) {
	for r := (reader{b: l}); len(r.b) > 0; {
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

// put returns the ledger with the day added or replaced, and without days
// before oldest.
func (l ledger) put(s *uptime.DayStat, oldest uptime.Day, names *roll) ledger {
	entry := packStat(s, names)
	out := make(ledger, 0, len(l)+len(entry)+2)
	done := false
	add := func() {
		out = append(binary.AppendUvarint(out, uint64(len(entry))), entry...)
		done = true
	}
	for r := (reader{b: l}); len(r.b) > 0; {
		raw := r.take(int(r.uvarint(math.MaxUint16)))
		day, _ := binary.Uvarint(raw)
		if !done && uptime.Day(day) >= s.Day {
			add()
		}
		if uptime.Day(day) != s.Day && uptime.Day(day) >= oldest {
			out = append(binary.AppendUvarint(out, uint64(len(raw))), raw...)
		}
	}
	if !done {
		add()
	}
	return out
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

func appendCounts(b []byte, c uptime.Counts) []byte {
	for _, n := range [...]int{c.Live, c.Degraded, c.Down, c.Unknown, c.Maintenance, c.Slow} {
		b = binary.AppendUvarint(b, uint64(max(n, 0)))
	}
	return b
}

func readCounts(r *reader) (c uptime.Counts) {
	for _, n := range [...]*int{&c.Live, &c.Degraded, &c.Down, &c.Unknown, &c.Maintenance, &c.Slow} {
		*n = int(r.uvarint(math.MaxInt32))
	}
	return c
}
