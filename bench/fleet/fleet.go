// Package fleet makes what many servers would have measured, for the
// measurements of this folder.
package fleet

import (
	"math"
	"math/rand/v2"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Regions are where the fleet is probed from.
func Regions() []string { return []string{"ap-south", "eu-west", "us-east"} }

// Day fills in a day as servers have them: latencies that wander, now and then
// an outage, a few blips in one region.
func Day(r *rand.Rand, out []uptime.MinuteCell) {
	base := 40e6 * math.Exp(3*r.Float64())
	live, down, blip := regions(uptime.Live), regions(uptime.Down), regions(uptime.Live)
	blip[2].State = uptime.Down
	outage := r.IntN(5 * uptime.MinutesPerDay)
	for i := range out {
		out[i] = uptime.MinuteCell{State: uptime.Live, Regions: live, Latency: time.Duration(base * math.Exp(r.NormFloat64()/4))}
		switch {
		case i >= outage && i < outage+17:
			out[i] = uptime.MinuteCell{State: uptime.Down, Cause: uptime.ConnectRefused, Regions: down}
		case r.IntN(400) == 0:
			out[i].State, out[i].Cause, out[i].Regions = uptime.Degraded, uptime.FirstByteTimeout, blip
		}
	}
}

func regions(s uptime.State) []uptime.RegionState {
	var out []uptime.RegionState
	for _, region := range Regions() {
		out = append(out, uptime.RegionState{Region: region, State: s})
	}
	return out
}

// Verdict is what is sealed about a healthy server.
func Verdict(r *rand.Rand, tenant uptime.TenantID, server uptime.ServerID, cycle time.Time, seq int) uptime.Verdict {
	v := uptime.Verdict{
		Seq: uptime.Cursor(seq), Tenant: tenant, Server: server, Cycle: cycle, Every: time.Minute,
		State: uptime.Live, Latency: time.Duration(1e8 * (1 + r.Float64())), SealedAt: cycle.Add(30 * time.Second),
	}
	for _, region := range Regions() {
		v.Reports = append(v.Reports, uptime.Report{Region: region, State: uptime.Live})
	}
	return v
}
