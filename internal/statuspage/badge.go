package statuspage

import (
	"cmp"
	"fmt"
	"time"

	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/uptime"
	"github.com/alivemcp/alivemcp/internal/web"
)

// badgeStyle is how a badge looks.
type badgeStyle string

const (
	badgeFlat badgeStyle = "flat"
	badgePill badgeStyle = "pill"
)

func badgeStyles() []badgeStyle { return []badgeStyle{badgeFlat, badgePill} }

// badgeMetric is what a badge tells.
type badgeMetric string

const (
	metricState  badgeMetric = "state"
	metricUptime badgeMetric = "uptime" // of 30 days
	metricP95    badgeMetric = "p95"    // of 24 hours
)

func badgeMetrics() []badgeMetric { return []badgeMetric{metricState, metricUptime, metricP95} }

// Where the colour of a number changes. Slow is the objective's own limit.
const (
	uptimeGreen hundredths = 99_50
	uptimeAmber hundredths = 97_00
	p95Green               = time.Second
	p95Amber               = 5 * time.Second
)

// maxBadgeName bounds a name in a badge's title, in characters.
const maxBadgeName = 80

// badgeOf says what a row's badge tells by a metric.
func badgeOf(row *board.Row, metric badgeMetric) badge {
	b := badge{label: "mcp", value: row.State.String(), level: row.State}
	switch metric {
	case metricState:
	case metricUptime:
		b.label, b.value = "mcp uptime 30d", board.PercentWord(row.Summary.D30)
		b.level = uptimeLevel(uptimeOf(row.Summary.D30))
	case metricP95:
		b.label, b.value = "mcp p95 24h", cmp.Or(board.Millis(row.Summary.P95), "no data")
		b.level = p95Level(row.Summary.P95)
	}
	b.title = fmt.Sprintf("%s: %s %s", web.Visible(row.Name, maxBadgeName), b.label, b.value)
	return b
}

// uptimeLevel grades an uptime for its colour.
func uptimeLevel(h hundredths) uptime.State {
	switch {
	case h < 0:
		return uptime.Unknown
	case h >= uptimeGreen:
		return uptime.Live
	case h >= uptimeAmber:
		return uptime.Degraded
	default:
		return uptime.Down
	}
}

// p95Level grades a latency for its colour.
func p95Level(p95 time.Duration) uptime.State {
	switch {
	case p95 <= 0:
		return uptime.Unknown
	case p95 < p95Green:
		return uptime.Live
	case p95 < p95Amber:
		return uptime.Degraded
	default:
		return uptime.Down
	}
}

// greyBadge says that there is nothing to tell, and why.
func greyBadge(why string) badge {
	return badge{label: "mcp", value: why, level: uptime.Unknown, title: "mcp: " + why}
}
