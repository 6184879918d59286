package archive

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// errPacked is what every error of a decoder wraps: the bytes are not what the
// archive wrote.
var errPacked = errors.New("the packed minutes are broken")

// reader reads packed bytes. After its first error it returns zeros; it never
// reads beyond the bytes and never allocates more than they are long.
type reader struct {
	b   []byte
	err error
}

func (r *reader) fail(what string) {
	if r.err == nil {
		r.err = fmt.Errorf("%w: %s", errPacked, what)
	}
	r.b = nil
}

func (r *reader) version(want byte) {
	if v := r.byte(); v != want && r.err == nil {
		r.fail(fmt.Sprintf("version %d, this program reads %d", v, want))
	}
}

func (r *reader) byte() byte {
	if len(r.b) == 0 {
		r.fail("they end early")
		return 0
	}
	v := r.b[0]
	r.b = r.b[1:]
	return v
}

// uvarint reads a number that is at most limit.
func (r *reader) uvarint(limit uint64) uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 || v > limit {
		r.fail("a number is cut off or too large")
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) take(n int) []byte {
	if n > len(r.b) {
		r.fail("they end early")
		return nil
	}
	v := r.b[:n]
	r.b = r.b[n:]
	return v
}

// lexicon is the looks of a record, each once, and the names of the regions in
// them: the records themselves refer to looks by number.
type lexicon struct {
	looks   []look
	numbers map[look]int
	last    int // the number that was asked for last
}

// number returns the number of the look, and gives it one.
func (x *lexicon) number(l look) int {
	if x.last < len(x.looks) && x.looks[x.last] == l {
		return x.last // most servers look like their neighbour
	}
	n, ok := x.numbers[l]
	if !ok {
		if x.numbers == nil {
			x.numbers = map[look]int{}
		}
		n = len(x.looks)
		x.looks = append(x.looks, l)
		x.numbers[l] = n
	}
	x.last = n
	return n
}

// append packs the lexicon: the names of regions; then the looks, each as state
// and maintenance, cause, and its regions as number of the name and state.
func (x *lexicon) append(b []byte) []byte {
	names := map[string]int{}
	var list []byte
	for i := range x.looks {
		for name := range x.looks[i].each() {
			if _, ok := names[name]; !ok {
				names[name] = len(names)
				list = append(binary.AppendUvarint(list, uint64(len(name))), name...)
			}
		}
	}
	b = append(binary.AppendUvarint(b, uint64(len(names))), list...)
	b = binary.AppendUvarint(b, uint64(len(x.looks)))
	for i := range x.looks {
		b = appendLook(b, &x.looks[i], names)
	}
	return b
}

func appendLook(b []byte, l *look, names map[string]int) []byte {
	head := byte(l.state)
	if l.maintenance {
		head |= 4
	}
	b = append(b, head, l.cause)
	var n uint64
	var list []byte
	for name, state := range l.each() {
		list = binary.AppendUvarint(list, uint64(names[name])<<2|uint64(state))
		n++
	}
	return append(binary.AppendUvarint(b, n), list...)
}

// readLexicon reads what lexicon.append wrote.
func readLexicon(r *reader) []look {
	names := make([]string, 0, 8)
	for range r.uvarint(uint64(len(r.b))) {
		names = append(names, string(r.take(int(r.uvarint(maxRegionName)))))
		if r.err != nil {
			return nil
		}
	}
	looks := make([]look, 0, 8)
	for range r.uvarint(uint64(len(r.b))) {
		looks = append(looks, readLook(r, names))
		if r.err != nil {
			return nil
		}
	}
	return looks
}

func readLook(r *reader, names []string) look {
	head, cause := r.byte(), r.byte()
	if head > 7 || int(cause) > len(causeTable()) {
		r.fail("a state or cause that does not exist")
	}
	l := look{state: uptime.State(head & 3), maintenance: head&4 != 0, cause: cause}
	count := r.uvarint(uint64(min(len(r.b), len(names))))
	states := make([]uptime.RegionState, 0, count)
	for range count {
		v := r.uvarint(1 << 32)
		if int(v>>2) >= len(names) {
			r.fail("a region without a name")
			return look{}
		}
		states = append(states, uptime.RegionState{Region: names[v>>2], State: uptime.State(v & 3)})
	}
	l.regions = packRegions(states)
	return l
}
