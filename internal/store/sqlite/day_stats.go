package sqlite

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// The statistics of a day are one packed value. At every start those of all
// servers are read, and every column of a row costs the driver as much as this
// whole value: with columns the start takes twice as long. They are the format,
// then varints: demo, the six counts, P50, P95, Samples; Worst; and what each
// region saw: its id and the six counts. A text is its length and its bytes.

// statFormat is the first byte of packed statistics.
const statFormat = 1

// packStat packs the statistics of a day, but for the day itself.
func packStat(d *uptime.DayStat) []byte {
	out := make([]byte, 0, 64+32*len(d.Regions))
	out = append(out, statFormat, 0)
	if d.Demo {
		out[1] = 1
	}
	out = appendCounts(out, &d.Counts)
	for _, n := range []int64{int64(d.P50), int64(d.P95), int64(d.Samples)} {
		out = binary.AppendUvarint(out, uint64(n))
	}
	out = appendText(out, string(d.Worst))
	for i := range d.Regions {
		out = appendText(out, d.Regions[i].Region)
		out = appendCounts(out, &d.Regions[i].Counts)
	}
	return out
}

func appendText(out []byte, text string) []byte {
	return append(binary.AppendUvarint(out, uint64(len(text))), text...)
}

func appendCounts(out []byte, c *uptime.Counts) []byte {
	for _, n := range [...]int{c.Live, c.Degraded, c.Down, c.Unknown, c.Maintenance, c.Slow} {
		out = binary.AppendUvarint(out, uint64(n))
	}
	return out
}

// errStat means that the packed statistics of a day make no sense.
var errStat = errors.New("the statistics of a day are cut short, or of another format")

// statReader unpacks statistics. It keeps the few causes and region ids that
// there are, so that all days share them.
type statReader struct {
	rest  []byte
	bad   bool
	texts map[string]string
}

// unpack fills in what packStat packed.
func (r *statReader) unpack(d *uptime.DayStat, data []byte) error {
	if len(data) < 2 || data[0] != statFormat {
		return fmt.Errorf("%w (%w)", ErrDamaged, errStat)
	}
	r.rest, r.bad = data[2:], false
	d.Demo = data[1] == 1
	r.counts(&d.Counts)
	d.P50, d.P95, d.Samples = time.Duration(r.number()), time.Duration(r.number()), int(r.number())
	d.Worst = uptime.Cause(r.text())
	if len(r.rest) > 0 {
		d.Regions = make([]uptime.RegionDay, 0, 4)
	}
	for len(r.rest) > 0 {
		day := uptime.RegionDay{Region: r.text()}
		r.counts(&day.Counts)
		d.Regions = append(d.Regions, day)
	}
	if r.bad {
		return fmt.Errorf("%w (%w)", ErrDamaged, errStat)
	}
	return nil
}

func (r *statReader) counts(c *uptime.Counts) {
	c.Live, c.Degraded, c.Down = int(r.number()), int(r.number()), int(r.number())
	c.Unknown, c.Maintenance, c.Slow = int(r.number()), int(r.number()), int(r.number())
}

// number returns zero when there is none.
func (r *statReader) number() uint64 {
	v, n := binary.Uvarint(r.rest)
	if n <= 0 {
		r.bad, r.rest = true, nil
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

// text returns an empty text when there is none.
func (r *statReader) text() string {
	size := r.number()
	if size > uint64(len(r.rest)) {
		r.bad, r.rest = true, nil
		return ""
	}
	raw := r.rest[:size]
	r.rest = r.rest[size:]
	text, ok := r.texts[string(raw)]
	if !ok {
		text = string(raw)
		r.texts[text] = text
	}
	return text
}

func newStatReader() *statReader { return &statReader{texts: map[string]string{}} }
