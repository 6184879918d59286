package verdict

import (
	"fmt"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Judgement is what the regions say together about a server and one cycle.
type Judgement struct {
	State uptime.State
	// Failure explains a state other than Live; nil when Live.
	Failure *uptime.Failure
	// Why is one short sentence for people; empty when Live.
	Why string
	// Access is how most regions found the door.
	Access uptime.Access
	// Latency is the handshake time of the slowest region that completed one;
	// zero when none did.
	Latency time.Duration
}

// Decide judges one server for one cycle: expected regions against the reports
// that arrived. It is pure.
//
// Two of N: with two or more regions expected the server is Down when at least
// two failed and Degraded when exactly one did; with one region that one
// decides. Reports that are no evidence (Unknown) are set aside; when nothing is
// left the state is Unknown. The order of the reports does not matter, so that
// two sealers who hear of them in different orders say the same.
func Decide(expected int, reports []uptime.Report) Judgement {
	if len(reports) == 0 {
		return lost("no region reported")
	}
	downs, worst := 0, &reports[0]
	var latency time.Duration
	for i := range reports {
		r := &reports[i]
		if r.State == uptime.Down {
			downs++
		}
		if outweighs(r, worst) {
			worst = r
		}
		latency = max(latency, r.Latency)
	}
	j := Judgement{State: worst.State, Failure: worst.Failure, Why: worst.Why, Access: accessOf(reports), Latency: latency}
	if expected < 2 {
		return j
	}
	if downs == 1 {
		j.State = uptime.Degraded
	}
	j.Why = sentence(expected, downs, worst, reports)
	return j
}

func lost(why string) Judgement {
	return Judgement{Failure: &uptime.Failure{Cause: uptime.AgentLost, Detail: why, Effect: uptime.Unknown}, Why: why}
}

// outweighs reports whether r and not o shall speak for the cycle: the worse
// state (Unknown is the least), then the one that names a failure, then the
// region that comes first by its name.
func outweighs(r, o *uptime.Report) bool {
	switch {
	case r.State != o.State:
		return r.State > o.State
	case (r.Failure == nil) != (o.Failure == nil):
		return r.Failure != nil
	case r.Region != o.Region || r.Failure == nil:
		return r.Region < o.Region
	}
	return r.Failure.Cause < o.Failure.Cause
}

// accessOf returns what most regions found; of two that are found equally often
// the stricter.
func accessOf(reports []uptime.Report) uptime.Access {
	var best uptime.Access
	most := 0
	for _, a := range []uptime.Access{uptime.AccessBroken, uptime.AccessCustom, uptime.AccessWalled, uptime.AccessOpen} {
		n := 0
		for i := range reports {
			if reports[i].Access == a {
				n++
			}
		}
		if n > most {
			best, most = a, n
		}
	}
	return best
}

// sentence says how many of several regions share the worst finding.
func sentence(expected, downs int, worst *uptime.Report, reports []uptime.Report) string {
	expected = max(expected, len(reports))
	if downs > 0 {
		return fmt.Sprintf("%d of %d regions %s", downs, expected, ailment(reports))
	}
	if worst.State != uptime.Degraded {
		return worst.Why
	}
	same := 0
	for i := range reports {
		if reports[i].State == uptime.Degraded && reports[i].Why == worst.Why {
			same++
		}
	}
	if same == expected {
		return worst.Why
	}
	return fmt.Sprintf("%d of %d regions: %s", same, expected, worst.Why)
}

// ailment says in words what the regions that failed have in common.
func ailment(reports []uptime.Report) string {
	said := ""
	for i := range reports {
		if reports[i].State != uptime.Down {
			continue
		}
		words := ailmentOf(reports[i].Failure)
		if said != "" && said != words {
			return "failed, for different reasons"
		}
		said = words
	}
	return said
}

func ailmentOf(f *uptime.Failure) string {
	if f == nil {
		return "failed"
	}
	switch f.Reason() {
	case uptime.ConnectionRefused:
		return "cannot connect"
	case uptime.Timeout:
		return "got no answer in time"
	case uptime.ProtocolError:
		return "got an answer that no client can use"
	case uptime.ErrorRateElevated:
		return "found that it does not do its work"
	case uptime.SchemaDrift, uptime.NoReason:
	}
	return "failed"
}
