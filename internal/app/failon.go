package app

import (
	"fmt"

	"github.com/alivemcp/alivemcp/internal/show"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// FailOn says from where on a check is not good.
type FailOn string

// The thresholds, from the most patient to the strictest.
const (
	// FailOnDown minds Down only. Unknown is no evidence and passes.
	FailOnDown FailOn = "down"
	// FailOnDegraded minds whatever is not Live, Unknown included: who asks for
	// proof of life has not got it.
	FailOnDegraded FailOn = "degraded"
	// FailOnWarn also minds findings of severity warn and fail.
	FailOnWarn FailOn = "warn"
)

// ParseFailOn accepts the words of FailOn.
func ParseFailOn(word string) (FailOn, error) {
	switch f := FailOn(word); f {
	case FailOnDown, FailOnDegraded, FailOnWarn:
		return f, nil
	}
	return "", fmt.Errorf("unknown threshold %q: want down, degraded or warn", word)
}

// Good reports whether a check stays below the threshold.
func (f FailOn) Good(c show.Check) bool {
	if f == FailOnDown {
		return c.State != uptime.Down
	}
	if c.State != uptime.Live {
		return false
	}
	return f != FailOnWarn || !warned(c.Result.Findings)
}

func warned(findings []uptime.Finding) bool {
	for _, f := range findings {
		if f.Severity != uptime.SeverityInfo {
			return true
		}
	}
	return false
}
