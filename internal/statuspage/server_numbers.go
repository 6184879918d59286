package statuspage

import (
	"fmt"

	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/statuspage/draw"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// share is one uptime number with what it rests upon.
type share struct {
	Window  string // 24 hours
	Percent string
	Strict  string // when degraded minutes count as down
	Down    string
	N       string // measured minutes
	// Unknown and Planned are shares of all minutes of the window.
	Unknown, Planned string
	Meter            int // 0 to 1000
}

func sharesOf(s uptime.Summary) []share {
	return []share{
		shareOf("24 hours", s.H24), shareOf("7 days", s.D7), shareOf("30 days", s.D30), shareOf("90 days", s.D90),
	}
}

func shareOf(window string, c uptime.Counts) share {
	return share{
		Window: window, Percent: percentText(c), Strict: percentText(c.Strict()), Down: wholeMinutes(c.Down), N: board.Count(c.Measured()),
		Unknown: partOf(c.Unknown, c.Total()), Planned: partOf(c.Maintenance, c.Total()),
	}
}

// partOf writes a part in percent; a little is never rounded to nothing.
func partOf(part, all int) string {
	if all == 0 || part == 0 {
		return "0 %"
	}
	p := 100 * float64(part) / float64(all)
	switch {
	case p < 0.1:
		return "<0.1 %"
	case part == all:
		return "100 %"
	}
	return fmt.Sprintf("%.1f %%", p)
}

// budgetView is the service level objective.
type budgetView struct {
	Target, Window string
	Left           string
	// Percent is what is left, 0 to 100, for the meter.
	Percent        int
	State          string // live, degraded (burning), down (missed)
	Words          string
	Bad, Allowed   string
	Burn1h, Burn6h string
}

func budgetOf(b *uptime.Budget) *budgetView {
	if b == nil {
		return nil
	}
	v := &budgetView{
		Target: fmt.Sprintf("%g %%", b.Objective.Percent), Window: manyText(int(b.Objective.Window.Hours()/24), "day"),
		Left: fmt.Sprintf("%.0f %%", 100*b.Left), Percent: int(min(100, max(0, 100*b.Left))),
		Bad: wholeMinutes(b.Bad), Allowed: wholeMinutes(int(b.Allowed)),
		Burn1h: fmt.Sprintf("%.1f×", b.Burn1h), Burn6h: fmt.Sprintf("%.1f×", b.Burn6h),
	}
	v.State, v.Words = budgetWords(b)
	return v
}

// budgetWords judges a budget as its burn does: 14.4 uses two per cent of a
// month's budget in an hour, 6 five per cent in six.
func budgetWords(b *uptime.Budget) (state, words string) {
	switch {
	case b.Left < 0:
		return "down", "The objective is missed: the budget is used up."
	case b.Burn1h >= 14.4 || b.Burn6h >= 6:
		return "degraded", "The budget is being used up fast."
	case b.Left < 0.25:
		return "degraded", "Little of the budget is left."
	}
	return "live", "The objective is being met."
}

// surfaceView is the tool surface.
type surfaceView struct {
	Known         bool
	Tools         string
	Hash, Short   string
	Bytes, Tokens string
	Changed       string
	ChangedAt     draw.Moment
	Untold        string // why nothing is known
}

func surfaceOf(v *board.View, now nowText) surfaceView {
	s := surfaceView{Known: v.ToolsHash != "", Tools: manyText(v.Tools, "tool"), Hash: visible(v.ToolsHash), Short: shortHash(v.ToolsHash)}
	if !s.Known {
		s.Untold = upperFirst(untoldTools(v.Access))
	}
	if c := v.Contract; c != nil {
		s.Bytes, s.Tokens = board.Count(c.Bytes)+" bytes", "about "+board.Count(c.Tokens)+" tokens"
	}
	s.Changed = "never, as long as it is watched"
	if v.Drift != nil {
		s.Changed, s.ChangedAt = now.ago(v.Drift.Detected), now.clock(v.Drift.Detected)
	}
	return s
}

// shortHash is what people compare by eye.
func shortHash(hash string) string {
	const prefix = "sha256:"
	if len(hash) > len(prefix)+12 {
		return visible(hash[len(prefix) : len(prefix)+12])
	}
	return visible(hash)
}
