package archive

import (
	"math"
	"slices"
	"sort"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// tape is consecutive minutes of one server: a level each, and looks as runs.
// A quiet day is 1440 bytes and a run or two.
type tape struct {
	from   uptime.Minute
	levels []level
	runs   []run // the first begins at from, each ends where the next begins
}

type run struct {
	at   uptime.Minute
	look look
}

// maxTape bounds a tape in memory: minutes further back are in blobs.
const maxTape = 3 * uptime.MinutesPerDay

// end is the minute after the last.
func (t *tape) end() uptime.Minute { return t.from + uptime.Minute(len(t.levels)) }

// put sets a minute. Minutes between the end and m become unmeasured; a tape
// that ended longer than maxTape ago, or that begins later than m by as much,
// starts anew.
func (t *tape) put(m uptime.Minute, l look, lv level) {
	switch {
	case len(t.levels) == 0 || m >= t.end()+maxTape || m < t.from-maxTape:
		*t = tape{from: m, levels: append(t.levels[:0], lv), runs: append(t.runs[:0], run{m, l})}
	case m < t.end():
		one := tape{from: m, levels: []level{lv}, runs: []run{{m, l}}}
		*t = t.over(&one)
	default:
		t.push(t.end(), look{}, 0, int(m-t.end()))
		t.push(m, l, lv, 1)
	}
}

// push appends n equal minutes, the first of which is at.
func (t *tape) push(at uptime.Minute, l look, lv level, n int) {
	if n <= 0 {
		return
	}
	if len(t.levels) == 0 {
		t.from = at
	}
	if k := len(t.runs); k == 0 || t.runs[k-1].look != l {
		t.runs = append(t.runs, run{at, l})
	}
	for range n {
		t.levels = append(t.levels, lv)
	}
}

// over returns the minutes of both tapes; where o was measured, o counts.
func (t *tape) over(o *tape) tape {
	from, end := min(t.from, o.from), max(t.end(), o.end())
	out := tape{levels: make([]level, 0, end-from)}
	for m := from; m < end; m++ {
		l, lv := o.at(m)
		if l == (look{}) {
			l, lv = t.at(m)
		}
		out.push(m, l, lv, 1)
	}
	return out
}

// at returns a minute; zeros when it is not on the tape.
func (t *tape) at(m uptime.Minute) (look, level) {
	if m < t.from || m >= t.end() {
		return look{}, 0
	}
	return t.runs[t.runAt(m)].look, t.levels[m-t.from]
}

// runAt returns the run that holds m, which is on the tape.
func (t *tape) runAt(m uptime.Minute) int {
	return sort.Search(len(t.runs), func(i int) bool { return t.runs[i].at > m }) - 1
}

// span is a stretch of minutes with the same look.
type span struct {
	from   uptime.Minute
	look   *look
	levels []level
}

// spans calls yield for the stretches of the tape within [from, to).
func (t *tape) spans(from, to uptime.Minute, yield func(span)) {
	from, to = max(from, t.from), min(to, t.end())
	if from >= to {
		return
	}
	for i := t.runAt(from); i < len(t.runs) && t.runs[i].at < to; i++ {
		begin, end := max(t.runs[i].at, from), to
		if i+1 < len(t.runs) {
			end = min(t.runs[i+1].at, to)
		}
		yield(span{begin, &t.runs[i].look, t.levels[begin-t.from : end-t.from]})
	}
}

// cut forgets the minutes before m.
func (t *tape) cut(m uptime.Minute) {
	if m <= t.from {
		return
	}
	if m >= t.end() {
		*t = tape{}
		return
	}
	i := t.runAt(m)
	t.runs = slices.Delete(t.runs, 0, i)
	t.runs[0].at = m
	t.levels = slices.Delete(t.levels, 0, int(m-t.from))
	t.from = m
}

// first returns the first minute that was measured.
func (t *tape) first() (uptime.Minute, bool) {
	for _, r := range t.runs {
		if r.look != (look{}) {
			return r.at, true
		}
	}
	return 0, false
}

// cells writes the minutes from from on into out. Cells of a run share their
// Regions.
func (t *tape) cells(from uptime.Minute, out []uptime.MinuteCell) {
	var durations [math.MaxUint8 + 1]time.Duration
	t.spans(from, from+uptime.Minute(len(out)), func(s span) {
		c := s.look.cell()
		for i, lv := range s.levels {
			if durations[lv] == 0 {
				durations[lv] = lv.duration()
			}
			c.Latency = durations[lv]
			out[int(s.from-from)+i] = c
		}
	})
}
