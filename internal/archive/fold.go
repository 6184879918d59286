package archive

import (
	"cmp"
	"math"
	"slices"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// sight is what the archive keeps of a verdict until its minute is closed.
type sight struct {
	cycle int64         // when it began, Unix nanoseconds
	until uptime.Minute // when the next is due
	look  look
	lv    level
}

func sightOf(v *uptime.Verdict) sight {
	states := make([]uptime.RegionState, len(v.Reports))
	for i := range v.Reports {
		states[i] = uptime.RegionState{Region: v.Reports[i].Region, State: v.Reports[i].State}
	}
	s := sight{
		cycle: v.Cycle.UnixNano(),
		until: uptime.MinuteOf(v.Cycle.Add(min(v.Every, uptime.MaxInterval))),
		look:  look{state: known(v.State), maintenance: v.Maintenance, regions: packRegions(states)},
		lv:    levelOf(v.Latency),
	}
	if s.look.state != uptime.Live {
		s.look.cause = causeCode(v.Cause())
	}
	return s
}

// fold makes one minute of the verdicts that begin in it, in whatever order
// they came. Verdicts that are Unknown do not count unless all are. It is Down
// if more than half of the others are, Live if all of them are, else Degraded;
// the same for each region. The cause is that of most verdicts that argue for
// the state; the latency is the slowest; one verdict of maintenance makes the
// minute one of maintenance.
func fold(sights []sight) (look, level) {
	if len(sights) == 1 {
		return sights[0].look, sights[0].lv
	}
	var (
		votes   tally
		out     look
		slowest level
	)
	for i := range sights {
		votes[sights[i].look.state]++
		out.maintenance = out.maintenance || sights[i].look.maintenance
		slowest = max(slowest, sights[i].lv)
	}
	out.state = votes.state()
	out.cause = foldCause(sights, out.state)
	out.regions = foldRegions(sights)
	return out, slowest
}

// tally counts states.
type tally [4]int

func (t *tally) state() uptime.State {
	evidence := t[uptime.Live] + t[uptime.Degraded] + t[uptime.Down]
	switch {
	case evidence == 0:
		return uptime.Unknown
	case 2*t[uptime.Down] > evidence:
		return uptime.Down
	case t[uptime.Live] == evidence:
		return uptime.Live
	default:
		return uptime.Degraded
	}
}

func foldCause(sights []sight, state uptime.State) byte {
	var causes [256]int
	for i := range sights {
		s := sights[i].look.state
		argues := s == state || state == uptime.Degraded && s == uptime.Down
		if argues && state != uptime.Live {
			causes[sights[i].look.cause]++
		}
	}
	return byte(most(causes[1:]))
}

func foldRegions(sights []sight) string {
	votes := map[string]*tally{}
	for i := range sights {
		for name, state := range sights[i].look.each() {
			if votes[name] == nil {
				votes[name] = &tally{}
			}
			votes[name][state]++
		}
	}
	states := make([]uptime.RegionState, 0, len(votes))
	for name, v := range votes {
		states = append(states, uptime.RegionState{Region: name, State: v.state()})
	}
	return packRegions(states)
}

// minutes holds the verdicts of minutes that are not closed yet, and those that
// stand from before.
type minutes struct {
	open     map[uptime.Minute]*openMinute
	held     int // verdicts in open
	standing map[uint32]standing
}

type openMinute struct {
	first  uptime.Cursor // the earliest verdict of the feed that is in here
	sights map[uint32][]sight
}

// standing is a verdict that stands through minutes in which none begins.
type standing struct {
	look  look
	lv    level
	until uptime.Minute
}

func newMinutes() *minutes {
	return &minutes{open: map[uptime.Minute]*openMinute{}, standing: map[uint32]standing{}}
}

// add takes a verdict; one that it has already changes nothing. The feed ascends,
// so the first verdict of a minute has the least seq.
func (w *minutes) add(num uint32, m uptime.Minute, seq uptime.Cursor, s sight) {
	o := w.open[m]
	if o == nil {
		o = &openMinute{first: seq, sights: map[uint32][]sight{}}
		w.open[m] = o
	}
	if slices.ContainsFunc(o.sights[num], func(x sight) bool { return x.cycle == s.cycle }) {
		return
	}
	o.sights[num] = append(o.sights[num], s)
	w.held++
}

// next returns the first minute after m that has something to tell.
func (w *minutes) next(m uptime.Minute) (uptime.Minute, bool) {
	if len(w.standing) > 0 {
		return m + 1, true
	}
	next := uptime.Minute(math.MaxInt64)
	for o := range w.open {
		next = min(next, o)
	}
	return next, next != math.MaxInt64
}

// close ends the minute m, which next named, and returns its entries by number
// of the server.
func (w *minutes) close(m uptime.Minute) []entry {
	o := w.open[m]
	delete(w.open, m)
	entries := make([]entry, 0, len(w.standing))
	if o != nil {
		entries = slices.Grow(entries, len(o.sights))
		for num, sights := range o.sights {
			w.held -= len(sights)
			e := entry{num: num}
			e.look, e.lv = fold(sights)
			w.stand(&e, m, sights)
			entries = append(entries, e)
		}
	}
	for num, s := range w.standing {
		if o == nil || o.sights[num] == nil {
			entries = append(entries, entry{num: num, look: s.look, lv: s.lv})
		}
	}
	for i := range entries {
		entries[i].left = w.left(entries[i].num, m)
	}
	slices.SortFunc(entries, func(a, b entry) int { return cmp.Compare(a.num, b.num) })
	return entries
}

// stand replaces what stood by what was seen in m, if the newest of the verdicts
// stands beyond m.
func (w *minutes) stand(e *entry, m uptime.Minute, sights []sight) {
	newest := slices.MaxFunc(sights, func(a, b sight) int { return cmp.Compare(a.cycle, b.cycle) })
	delete(w.standing, e.num)
	if newest.until > m+1 {
		w.standing[e.num] = standing{e.look, e.lv, newest.until}
	}
}

// left is for how many minutes after m the server's verdict stands. One that
// does not is forgotten.
func (w *minutes) left(num uint32, m uptime.Minute) int {
	s, ok := w.standing[num]
	if ok && s.until <= m+1 {
		delete(w.standing, num)
		return 0
	}
	return max(0, int(s.until-m-1))
}

// resume takes up what stood when minute m was written.
func (w *minutes) resume(m uptime.Minute, entries []entry) {
	for _, e := range entries {
		if e.left > 0 {
			w.standing[e.num] = standing{e.look, e.lv, m + 1 + uptime.Minute(e.left)}
		}
	}
}

// passed returns the place of the feed up to which every verdict is closed,
// given how far it was read.
func (w *minutes) passed(read uptime.Cursor) uptime.Cursor {
	for _, o := range w.open {
		read = min(read, o.first-1)
	}
	return read
}

// oldest returns the oldest open minute.
func (w *minutes) oldest() (uptime.Minute, bool) {
	oldest := uptime.Minute(math.MaxInt64)
	for m := range w.open {
		oldest = min(oldest, m)
	}
	return oldest, len(w.open) > 0
}

// forget drops what is known of a server.
func (w *minutes) forget(num uint32) {
	delete(w.standing, num)
	for _, o := range w.open {
		w.held -= len(o.sights[num])
		delete(o.sights, num)
	}
}
