package audit

import "github.com/alivemcp/alivemcp/internal/uptime"

// DriftFacts say how often tools changed between the rounds. An endpoint's
// changes are the most that any one region saw, because regions can be served
// from machines that legitimately differ.
type DriftFacts struct {
	// Endpoints are those whose tools were seen in at least two rounds from one
	// region; the others say nothing about drift.
	Endpoints int `json:"endpoints"`
	// Changes is the distribution: row n is endpoints that changed n times.
	Changes []DriftRow `json:"changes"`
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

func (d *DriftFacts) add(s *sight) {
	d.Regions += count(regionsDiffer(s))
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

func (d *DriftFacts) finish() DriftFacts {
	for i := range d.Changes {
		d.Changes[i].Changes, d.Changes[i].Percent = i, percent(d.Changes[i].Endpoints, d.Endpoints)
	}
	return *d
}
