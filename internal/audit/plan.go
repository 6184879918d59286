package audit

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"slices"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Draw says which of what is listed a run looks at.
type Draw struct {
	// Sample is how many listed endpoints are drawn; 0 for all.
	Sample int
	// Seed chooses them. With one seed, a smaller sample is a part of a larger one.
	Seed uint64
	// Delisted is how many of those that no registry lists any more are looked at,
	// to learn whether they live. They are not counted.
	Delisted int
}

// Plan returns what a run looks at, in the order of keys, from everything that is
// known: what is counted, and the delisted that Draw asks for. Endpoints whose
// owner opted out and those that speak over standard input are left out; optouts
// is how many of the listed opted out, population how many were to be drawn from.
func Plan(all []uptime.AuditTarget, d Draw) (targets []uptime.AuditTarget, population, optouts int) {
	var listed, delisted []uptime.AuditTarget
	for _, t := range all {
		switch {
		case t.Transport == uptime.Stdio:
		case t.Optout:
			if t.Gone.IsZero() {
				optouts++
			}
		case t.Gone.IsZero():
			listed = append(listed, t)
		case t.Kind == uptime.EndpointRemote:
			delisted = append(delisted, t)
		}
	}
	population = len(listed)
	if d.Sample > 0 {
		listed = draw(listed, d.Sample, d.Seed)
	}
	targets = append(listed, draw(delisted, d.Delisted, d.Seed)...)
	slices.SortFunc(targets, func(a, b uptime.AuditTarget) int { return cmp.Compare(a.Key, b.Key) })
	return targets, population, optouts
}

// draw returns n of them, those with the smallest hashes: which does not depend
// on their order, nor on what else is listed.
func draw(from []uptime.AuditTarget, n int, seed uint64) []uptime.AuditTarget {
	slices.SortFunc(from, func(a, b uptime.AuditTarget) int {
		return cmp.Or(cmp.Compare(lot(seed, string(a.Key)), lot(seed, string(b.Key))), cmp.Compare(a.Key, b.Key))
	})
	return from[:min(max(n, 0), len(from))]
}

func lot(seed uint64, name string) uint64 {
	sum := sha256.Sum256(append(binary.BigEndian.AppendUint64(nil, seed), name...))
	return binary.BigEndian.Uint64(sum[:])
}

// place is where an endpoint is in a run: its number and those whom it shares
// machines with.
type place struct {
	key            uptime.EndpointKey
	host, platform string
	at             float64
}

// spread orders endpoints so that those of one platform, and among them those of
// one host, are as far from each other as can be: a host with a thousand
// endpoints is looked at all the time, a little.
func spread(places []place) {
	evenly(places, func(p *place) string { return p.host })
	evenly(places, func(p *place) string { return p.platform })
}

// evenly gives the members of each group, in the order in which they are, equal
// distances over the whole, beginning somewhere in the first.
func evenly(places []place, group func(*place) string) {
	size, seen := map[string]int{}, map[string]int{}
	for i := range places {
		size[group(&places[i])]++
	}
	for i := range places {
		g := group(&places[i])
		phase := float64(lot(0, g)>>11) / (1 << 53)
		places[i].at = (float64(seen[g]) + phase) / float64(size[g])
		seen[g]++
	}
	slices.SortStableFunc(places, func(a, b place) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.key, b.key)) })
}
