package archive

import (
	"encoding/binary"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// dayVersion is the first byte of a packed day:
//
//	version, lexicon, runs until 1440 minutes are told (number of the look,
//	minutes), then the latencies: 0 and 1440 levels, or 1 and runs (level,
//	minutes).
const dayVersion = 1

const (
	levelsPlain = 0
	levelsRuns  = 1
)

// packDay packs a day of the tape. Minutes that are not on it are unmeasured.
func packDay(t *tape, day uptime.Day) []byte {
	var (
		words lexicon
		runs  []byte
		at    = day.First()
		lv    = make([]level, uptime.MinutesPerDay)
	)
	add := func(l look, n int) {
		if n > 0 {
			runs = binary.AppendUvarint(runs, uint64(words.number(l)))
			runs = binary.AppendUvarint(runs, uint64(n))
		}
	}
	t.spans(day.First(), (day + 1).First(), func(s span) {
		add(look{}, int(s.from-at))
		add(*s.look, len(s.levels))
		copy(lv[s.from-day.First():], s.levels)
		at = s.from + uptime.Minute(len(s.levels))
	})
	add(look{}, int((day+1).First()-at))
	b := append(words.append([]byte{dayVersion}), runs...)
	return appendLevels(b, lv)
}

// appendLevels packs latencies in the shorter way.
func appendLevels(b []byte, levels []level) []byte {
	var runs []byte
	for i := 0; i < len(levels) && len(runs) < len(levels); {
		n := 1
		for i+n < len(levels) && levels[i+n] == levels[i] {
			n++
		}
		runs = binary.AppendUvarint(append(runs, byte(levels[i])), uint64(n))
		i += n
	}
	if len(runs) < len(levels) {
		return append(append(b, levelsRuns), runs...)
	}
	b = append(b, levelsPlain)
	for _, lv := range levels {
		b = append(b, byte(lv))
	}
	return b
}

// unpackDay reads what packDay wrote.
func unpackDay(b []byte, day uptime.Day) (tape, error) {
	r := reader{b: b}
	r.version(dayVersion)
	words := readLexicon(&r)
	t := tape{from: day.First(), levels: make([]level, 0, uptime.MinutesPerDay)}
	for left := uptime.MinutesPerDay; left > 0 && r.err == nil; {
		number, n := r.uvarint(uptime.MinutesPerDay), int(r.uvarint(uint64(left)))
		if n == 0 || int(number) >= len(words) {
			r.fail("a run of nothing")
			break
		}
		t.runs = append(t.runs, run{day.First() + uptime.Minute(uptime.MinutesPerDay-left), words[number]})
		left -= n
	}
	t.readLevels(&r)
	if r.err == nil && len(r.b) > 0 {
		r.fail("more follows")
	}
	return t, r.err
}

func (t *tape) readLevels(r *reader) {
	switch r.byte() {
	case levelsPlain:
		for _, lv := range r.take(uptime.MinutesPerDay) {
			t.levels = append(t.levels, level(lv))
		}
	case levelsRuns:
		for left := uptime.MinutesPerDay; left > 0 && r.err == nil; {
			lv, n := level(r.byte()), int(r.uvarint(uint64(left)))
			if n == 0 {
				r.fail("a run of nothing")
			}
			for range n {
				t.levels = append(t.levels, lv)
			}
			left -= n
		}
	default:
		r.fail("latencies in an unknown form")
	}
}
