// Package verdict turns evidence into judgement. Report judges the cell of one
// region, Decide the regions of one cycle, Grade how well a server keeps the
// protocol; these are pure. A Sealer seals one verdict a cycle, and a Recorder
// reads the sealed verdicts and keeps incidents and drifts.
package verdict

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// SlowHandshake is the handshake time above which a server is Degraded unless it
// has a threshold of its own; it is also the bound of the service level
// indicator.
const SlowHandshake = 5 * time.Second

// Report judges one region's cell and leaves the evidence behind. slow is the
// server's own threshold (uptime.Server.Slow); zero means SlowHandshake. It is
// pure.
func Report(cell uptime.Cell, slow time.Duration) uptime.Report {
	r := uptime.Report{
		Tenant: cell.Tenant, Server: cell.Server, Region: cell.Region, Cycle: cell.Cycle,
		Attempts: len(cell.Attempts),
	}
	if len(cell.Attempts) == 0 {
		j := lost("the region made no attempt")
		r.State, r.Failure, r.Why = j.State, j.Failure, j.Why
		return r
	}
	last := &cell.Attempts[len(cell.Attempts)-1]
	r.State, r.Failure, r.Why = judge(cell.Attempts, cmp.Or(slow, SlowHandshake))
	r.Started = cell.Attempts[0].Started
	describe(&r, last)
	return r
}

// judge judges the attempts of a cell, of which there is at least one.
func judge(attempts []uptime.Result, slow time.Duration) (uptime.State, *uptime.Failure, string) {
	last := &attempts[len(attempts)-1]
	switch {
	case last.Failure != nil:
		return last.Failure.Effect, last.Failure, last.Failure.Detail
	case len(attempts) > 1:
		return uptime.Degraded, attempts[0].Failure, "passed only after a retry"
	case last.Timings.Handshake > slow:
		return uptime.Degraded, nil, "the handshake took longer than " + seconds(slow)
	}
	return uptime.Live, nil, ""
}

// describe copies what is worth knowing of the attempt that decided.
func describe(r *uptime.Report, last *uptime.Result) {
	r.Latency, r.Total = last.Timings.Handshake, last.Timings.Total
	r.Access, r.Transport, r.Era, r.Version = last.Access, last.Transport, last.Era, last.Version
	r.Software = strings.TrimSpace(last.ServerName + " " + last.ServerVer)
	if last.Tools != nil {
		r.Tools, r.ToolsHash, r.ContractHash = last.Tools.Count, last.Tools.Hash, last.Tools.ContractHash
	}
	if last.TLS != nil {
		r.TLSNotAfter = last.TLS.NotAfter
	}
}

// seconds writes a duration for people, such as 5 s or 0.25 s.
func seconds(d time.Duration) string {
	return strconv.FormatFloat(d.Seconds(), 'g', 3, 64) + " s"
}
