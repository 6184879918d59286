package audit

import (
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// DriftFacts say how often tools changed between the rounds. An endpoint's
// changes are the most that any one region saw, because regions can be served
// from machines that legitimately differ.
type DriftFacts struct {
	// Endpoints are those whose tools were seen in at least two rounds from one
	// region; the others say nothing about drift.
	Endpoints int `json:"endpoints"`
	// Changes is the distribution: row n is endpoints that changed n times.
	Changes []DriftRow `json:"changes"`
	// Within says how soon they change: row n is round n+2.
	Within []WithinRow `json:"within"`
	// Contract are endpoints one of whose changes was of the contract (names and
	// schemas), which is breaking or compatible; Wording those that changed only
	// titles, descriptions or annotations. Hashes tell these apart and no more.
	Contract int `json:"contract"`
	Wording  int `json:"wording_only"`
	// Back are endpoints whose tools came back to what they had been before.
	Back int `json:"came_back"`
	// Regions are endpoints that showed different contracts to different regions in
	// the same round.
	Regions int `json:"regions_differ"`
}

// DriftRow is how many endpoints changed so many times.
type DriftRow struct {
	Changes   int      `json:"changes"`
	Endpoints int      `json:"endpoints"`
	Percent   *float64 `json:"percent"`
}

// WithinRow is how many endpoints had changed by a round, of those whose tools
// one region saw in the first round and in that one.
type WithinRow struct {
	Round int `json:"round"`
	// After is what lay between the first looks of the two rounds, about; empty for
	// a round that was not made.
	After string `json:"after"`
	// Longest is what lay at most between the two looks at one endpoint: more than
	// After when a round was cut off, or some of its looks were late.
	Longest   string   `json:"longest"`
	Endpoints int      `json:"endpoints"`
	Changed   int      `json:"changed"`
	Percent   *float64 `json:"percent"`

	longest time.Duration
}

func newDriftFacts(rounds int) DriftFacts {
	return DriftFacts{Changes: make([]DriftRow, max(1, rounds)), Within: make([]WithinRow, max(0, rounds-1))}
}

func (d *DriftFacts) add(s *sight) {
	d.Regions += count(regionsDiffer(s))
	d.within(s)
	if !s.drift.seen {
		return
	}
	d.Endpoints++
	d.Changes[s.drift.changes].Endpoints++
	d.Back += count(s.drift.back)
	switch {
	case s.drift.contract > 0:
		d.Contract++
	case s.drift.changes > 0:
		d.Wording++
	}
}

// within notes by which rounds the tools of an endpoint had changed.
func (d *DriftFacts) within(s *sight) {
	if len(d.Within) == 0 {
		return
	}
	compared, changed := make([]bool, len(d.Within)), make([]bool, len(d.Within))
	for i, row := range s.grid {
		if !showsTools(row[0], s.class[i][0]) {
			continue
		}
		before, moved := row[0], false
		for n, l := range row[1:] {
			if !showsTools(l, s.class[i][n+1]) {
				continue
			}
			differs, _ := differ(before, l)
			before, moved = l, moved || differs
			compared[n], changed[n] = true, changed[n] || moved
			d.Within[n].longest = max(d.Within[n].longest, l.At.Sub(row[0].At))
		}
	}
	for n := range d.Within {
		d.Within[n].Endpoints += count(compared[n])
		d.Within[n].Changed += count(changed[n])
	}
}

// regionsDiffer reports whether two regions saw different contracts in one round.
func regionsDiffer(s *sight) bool {
	for n := range len(s.grid[0]) {
		var first *uptime.AuditLook
		for i, row := range s.grid {
			if s.class[i][n] != ClassOK || row[n].ContractHash == "" {
				continue
			}
			if first == nil {
				first = row[n]
			}
			if first.ContractHash != row[n].ContractHash {
				return true
			}
		}
	}
	return false
}

// finish sets the shares, and when the rounds were.
func (d *DriftFacts) finish(rounds []RoundRow) DriftFacts {
	for i := range d.Changes {
		d.Changes[i].Changes, d.Changes[i].Percent = i, percent(d.Changes[i].Endpoints, d.Endpoints)
	}
	for i := range d.Within {
		w, round := &d.Within[i], &rounds[i+1]
		w.Round, w.Percent = round.Round, percent(w.Changed, w.Endpoints)
		if !round.From.IsZero() {
			w.After, w.Longest = duration(about(round.From.Sub(rounds[0].From))), duration(about(w.longest))
		}
	}
	return *d
}

// about rounds a duration to what people say.
func about(d time.Duration) time.Duration {
	switch {
	case d >= 10*time.Hour:
		return d.Round(time.Hour)
	case d >= 10*time.Minute:
		return d.Round(time.Minute)
	case d >= time.Second:
		return d.Round(time.Second)
	}
	return d.Round(10 * time.Millisecond)
}
