package archive

import (
	"encoding/binary"
	"math"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// segmentVersion is the first byte of a packed minute of all servers:
//
//	version, lexicon, number of entries, entries by number of the server:
//	how far to go up from the last server's number, number of the look times
//	two (plus one when it stands on, then for how many minutes), level.
//
// That is three bytes a server while there are fewer than 64 different looks.
const segmentVersion = 1

// entry is one server's minute.
type entry struct {
	num  uint32 // uptime.Server.Num
	look look
	lv   level
	// left is for how many minutes after this one the verdict stands.
	left int
}

// maxLeft bounds how long a verdict stands, in minutes.
const maxLeft = int(uptime.MaxInterval / 60e9)

// packSegment packs entries, which are sorted by num.
func packSegment(entries []entry) []byte {
	var words lexicon
	rows := make([]byte, 0, 3*len(entries))
	last := uint32(0)
	for i := range entries {
		e := &entries[i]
		rows = binary.AppendUvarint(rows, uint64(e.num-last))
		number := uint64(words.number(e.look)) << 1
		if e.left > 0 {
			rows = binary.AppendUvarint(rows, number|1)
			rows = binary.AppendUvarint(rows, uint64(e.left))
		} else {
			rows = binary.AppendUvarint(rows, number)
		}
		rows = append(rows, byte(e.lv))
		last = e.num
	}
	b := words.append([]byte{segmentVersion})
	return append(binary.AppendUvarint(b, uint64(len(entries))), rows...)
}

// unpackSegment reads what packSegment wrote.
func unpackSegment(b []byte) ([]entry, error) {
	r := reader{b: b}
	r.version(segmentVersion)
	words := readLexicon(&r)
	count := r.uvarint(uint64(len(r.b) / 3))
	entries := make([]entry, 0, count)
	num := uint64(0)
	for range count {
		num += r.uvarint(math.MaxUint32)
		e := entry{num: uint32(num)}
		number := r.uvarint(math.MaxUint32)
		if number&1 != 0 {
			e.left = int(r.uvarint(uint64(maxLeft)))
		}
		e.lv = level(r.byte())
		if num > math.MaxUint32 || int(number>>1) >= len(words) {
			r.fail("a server or a look that does not exist")
		}
		if r.err != nil {
			return nil, r.err
		}
		e.look = words[number>>1]
		entries = append(entries, e)
	}
	if r.err == nil && len(r.b) > 0 {
		r.fail("more follows")
	}
	return entries, r.err
}
