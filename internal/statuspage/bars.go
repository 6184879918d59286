package statuspage

import (
	"fmt"
	"html/template"
	"maps"
	"slices"
	"strings"

	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/statuspage/draw"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// bars draws days with their label.
func bars(days []uptime.DayStat) template.HTML {
	counts := make([]uptime.Counts, len(days))
	for i := range days {
		counts[i] = days[i].Counts
	}
	return draw.Bars(counts, barsLabel(days))
}

// shownDays is how many days a label spells out.
const shownDays = 4

// barsLabel says in words what the bars show.
func barsLabel(days []uptime.DayStat) string {
	var down []uptime.DayStat
	var degraded, blank int
	for _, d := range days {
		switch {
		case d.Down > 0:
			down = append(down, d)
		case d.Degraded > 0:
			degraded++
		case d.Measured()+d.Maintenance == 0:
			blank++
		}
	}
	if blank == len(days) {
		return fmt.Sprintf("%d days: nothing was measured", len(days))
	}
	parts := []string{downLabel(down)}
	if degraded > 0 {
		parts = append(parts, fmt.Sprintf("degraded on %s", manyText(degraded, "other day")))
	}
	if blank > 0 {
		parts = append(parts, fmt.Sprintf("not measured on %s", manyText(blank, "day")))
	}
	return fmt.Sprintf("%d days: %s", len(days), strings.Join(parts, "; "))
}

func downLabel(down []uptime.DayStat) string {
	if len(down) == 0 {
		return "no downtime"
	}
	slices.SortStableFunc(down, func(a, b uptime.DayStat) int { return b.Down - a.Down })
	var worst []string
	for _, d := range down[:min(len(down), shownDays)] {
		worst = append(worst, fmt.Sprintf("%s on %s", minutesText(d.Down), d.Day.Time().Format("2 Jan")))
	}
	text := fmt.Sprintf("downtime on %s: %s", manyText(len(down), "day"), strings.Join(worst, ", "))
	if len(down) > shownDays {
		text += " and more"
	}
	return text
}

// troubleDays is what script shows when a bar is pointed at: the first day, and
// of each day that was not simply live its place, its minutes (down, degraded,
// not measured, maintenance) and the cause.
func troubleDays(days []uptime.DayStat) string {
	if len(days) == 0 {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s", days[0].Day)
	for i, d := range days {
		if d.Down+d.Degraded+d.Unknown+d.Maintenance > 0 {
			fmt.Fprintf(&b, ";%d,%d,%d,%d,%d,%s", i, d.Down, d.Degraded, d.Unknown, d.Maintenance, d.Worst)
		}
	}
	return b.String()
}

// troubleWords says what the causes of troubleDays are, each once: cause=words,
// separated by semicolons.
func troubleWords(days []uptime.DayStat) string {
	words := map[uptime.Cause]string{}
	for _, d := range days {
		if d.Worst != "" && d.Down+d.Degraded+d.Unknown > 0 {
			words[d.Worst] = string(d.Worst) + "=" + board.CausePhrase(d.Worst)
		}
	}
	return strings.Join(slices.Sorted(maps.Values(words)), ";")
}
