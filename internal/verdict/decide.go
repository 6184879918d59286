// Package verdict turns evidence into judgement: the cells of one server and
// one minute into one state.
package verdict

import (
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// SlowHandshake is the handshake time above which a server is Degraded; it is
// also the bound of the service level indicator.
const SlowHandshake = 5 * time.Second

// Judgement is what the cells of one minute say about a server.
type Judgement struct {
	State uptime.State
	// Failure is what decided; nil when Live, and when Degraded for being slow or
	// for passing only after a retry.
	Failure *uptime.Failure
	// Why is one short sentence for people; empty when Live.
	Why string
}

// Decide judges one server for one minute: expected regions against the cells
// that arrived. It is pure.
//
// Two of N: with two or more regions expected the server is Down when at least
// two cells failed and Degraded when exactly one did; with one region that cell
// decides. Cells that are no evidence (Unknown) are set aside; when nothing is
// left the state is Unknown.
func Decide(expected int, cells []uptime.Cell) Judgement {
	var downs, evidence int
	var worst, firstUnknown Judgement
	for _, c := range cells {
		j := judgeCell(c)
		if j.State == uptime.Unknown {
			if firstUnknown.Failure == nil {
				firstUnknown = j
			}
			continue
		}
		evidence++
		if j.State == uptime.Down {
			downs++
		}
		if j.State > worst.State {
			worst = j
		}
	}
	switch {
	case len(cells) == 0:
		lost := uptime.Failure{Cause: uptime.AgentLost, Detail: "no region reported", Effect: uptime.Unknown}
		return Judgement{Failure: &lost, Why: "no region reported"}
	case evidence == 0:
		return firstUnknown
	case downs == 1 && expected > 1:
		worst.State, worst.Why = uptime.Degraded, "one region failed"
	}
	return worst
}

// judgeCell judges a single region's attempts.
func judgeCell(c uptime.Cell) Judgement {
	if len(c.Attempts) == 0 {
		lost := uptime.Failure{Cause: uptime.AgentLost, Detail: "the region made no attempt", Effect: uptime.Unknown}
		return Judgement{Failure: &lost, Why: lost.Detail}
	}
	last := c.Last()
	switch {
	case last.Failure != nil:
		return Judgement{State: last.Failure.Effect, Failure: last.Failure, Why: last.Failure.Detail}
	case len(c.Attempts) > 1:
		return Judgement{State: uptime.Degraded, Why: afterRetry(c.Attempts[0])}
	case last.Timings.Handshake > SlowHandshake:
		return Judgement{State: uptime.Degraded, Why: "the handshake took longer than 5 s"}
	}
	return Judgement{State: uptime.Live}
}

func afterRetry(first uptime.Result) string {
	if first.Failure == nil {
		return "passed only after a retry"
	}
	return "passed only after a retry; the first attempt failed with " + string(first.Failure.Cause)
}

// Grade summarises how well a server keeps the protocol, apart from whether it
// is up at this moment: A without a failing or warning finding, B with up to
// two warnings or when HTTP+SSE is all it speaks, C with more warnings, D with a
// failing finding, F when no client can work with it. It is empty when nothing
// could be learned.
func Grade(state uptime.State, transport uptime.Transport, findings []uptime.Finding) string {
	var fails, warns int
	for _, f := range findings {
		switch f.Severity {
		case uptime.SeverityFail:
			fails++
		case uptime.SeverityWarn:
			warns++
		case uptime.SeverityInfo:
		}
	}
	switch {
	case state == uptime.Unknown:
		return ""
	case state == uptime.Down:
		return "F"
	case fails > 0:
		return "D"
	case warns > 2:
		return "C"
	case warns > 0 || transport == uptime.HTTPSSE:
		return "B"
	}
	return "A"
}
