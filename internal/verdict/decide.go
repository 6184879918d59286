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
	// Failure explains a state other than Live; nil when Live.
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
// left the state is Unknown. The order of the cells does not matter, so that two
// sealers who hear of them in different orders say the same.
func Decide(expected int, cells []uptime.Cell) Judgement {
	if len(cells) == 0 {
		return lost("no region reported")
	}
	downs := 0
	worst := voice{Judgement: judgeCell(cells[0]), region: cells[0].Region}
	for i, c := range cells {
		v := voice{Judgement: judgeCell(c), region: c.Region}
		if v.State == uptime.Down {
			downs++
		}
		if i > 0 && v.outweighs(worst) {
			worst = v
		}
	}
	if downs == 1 && expected > 1 {
		worst.State, worst.Why = uptime.Degraded, "one region failed"
	}
	return worst.Judgement
}

func lost(why string) Judgement {
	return Judgement{Failure: &uptime.Failure{Cause: uptime.AgentLost, Detail: why, Effect: uptime.Unknown}, Why: why}
}

// voice is what one region says.
type voice struct {
	Judgement
	region string
}

// outweighs reports whether v and not o shall speak for the minute: the worse
// state (Unknown is the least), then the one that names a failure, then the
// region that comes first by its name.
func (v voice) outweighs(o voice) bool {
	switch {
	case v.State != o.State:
		return v.State > o.State
	case (v.Failure == nil) != (o.Failure == nil):
		return v.Failure != nil
	case v.region != o.region || v.Failure == nil:
		return v.region < o.region
	}
	return v.Failure.Cause < o.Failure.Cause
}

// judgeCell judges a single region's attempts.
func judgeCell(c uptime.Cell) Judgement {
	if len(c.Attempts) == 0 {
		return lost("the region made no attempt")
	}
	last := c.Last()
	switch {
	case last.Failure != nil:
		return Judgement{State: last.Failure.Effect, Failure: last.Failure, Why: last.Failure.Detail}
	case len(c.Attempts) > 1:
		return Judgement{State: uptime.Degraded, Failure: c.Attempts[0].Failure, Why: "passed only after a retry"}
	case last.Timings.Handshake > SlowHandshake:
		return Judgement{State: uptime.Degraded, Why: "the handshake took longer than 5 s"}
	}
	return Judgement{State: uptime.Live}
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
