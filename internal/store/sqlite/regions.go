package sqlite

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// The regions of a day are packed: there are as many rows as servers times
// days, and at every start all of them are read. A region is the length of its
// id, the id, and the six counts in the order of uptime.Counts, as varints.

// packRegions packs what each region saw.
func packRegions(regions []uptime.RegionDay) []byte {
	var out []byte
	for i := range regions {
		r := &regions[i]
		out = binary.AppendUvarint(out, uint64(len(r.Region)))
		out = append(out, r.Region...)
		for _, n := range countsOf(&r.Counts) {
			out = binary.AppendUvarint(out, uint64(*n))
		}
	}
	return out
}

// countsOf returns the counts in the order in which they are packed.
func countsOf(c *uptime.Counts) [6]*int {
	return [...]*int{&c.Live, &c.Degraded, &c.Down, &c.Unknown, &c.Maintenance, &c.Slow}
}

// reused keeps the few region ids and causes there are, so that a million rows
// share them.
type reused map[string]string

func (u reused) text(b []byte) string {
	s, ok := u[string(b)]
	if !ok {
		s = string(b)
		u[s] = s
	}
	return s
}

// errRegions means that the packed regions of a day make no sense.
var errRegions = errors.New("the regions of a day are cut short")

// unpackRegions fills in the regions of a day.
func (u reused) unpackRegions(d *uptime.DayStat, data []byte) error {
	if len(data) == 0 {
		return nil
	}
	d.Regions = make([]uptime.RegionDay, 0, 4)
	for len(data) > 0 {
		var r uptime.RegionDay
		var err error
		if data, err = u.unpackRegion(&r, data); err != nil {
			return fmt.Errorf("%w (%w)", ErrDamaged, err)
		}
		d.Regions = append(d.Regions, r)
	}
	return nil
}

func (u reused) unpackRegion(r *uptime.RegionDay, data []byte) (rest []byte, err error) {
	size, n := binary.Uvarint(data)
	if n <= 0 || size > uint64(len(data)-n) {
		return nil, errRegions
	}
	data = data[n:]
	r.Region, data = u.text(data[:size]), data[size:]
	for _, count := range countsOf(&r.Counts) {
		v, n := binary.Uvarint(data)
		if n <= 0 {
			return nil, errRegions
		}
		*count, data = int(v), data[n:]
	}
	return data, nil
}
