package embed

import (
	"cmp"
	"fmt"
	"time"

	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/uptime"
	"github.com/alivemcp/alivemcp/internal/web"
)

// Style is how a badge looks.
type Style string

// The styles.
const (
	StyleFlat Style = "flat"
	StylePill Style = "pill"
)

// Styles are all styles; the first is what people get who ask for none.
func Styles() []Style { return []Style{StyleFlat, StylePill} }

// Metric is what a badge tells.
type Metric string

// The metrics.
const (
	MetricState  Metric = "state"
	MetricUptime Metric = "uptime" // of 30 days
	MetricP95    Metric = "p95"    // of 24 hours
)

// Metrics are all metrics; the first is what people get who ask for none.
func Metrics() []Metric { return []Metric{MetricState, MetricUptime, MetricP95} }

// Where the colour of a number changes. Slow is the objective's own limit.
const (
	uptimeGreen hundredths = 99_50
	uptimeAmber hundredths = 97_00
	p95Green               = time.Second
	p95Amber               = 5 * time.Second
)

// maxName bounds a name in a badge's title, in characters.
const maxName = 80

// BadgeOf says what a row's badge tells by a metric.
func BadgeOf(row *board.Row, metric Metric) Badge {
	b := Badge{label: "mcp", value: row.State.String(), level: row.State}
	switch metric {
	case MetricState:
	case MetricUptime:
		b.label, b.value = "mcp uptime 30d", board.PercentWord(row.Summary.D30)
		b.level = uptimeLevel(uptimeOf(row.Summary.D30))
	case MetricP95:
		b.label, b.value = "mcp p95 24h", cmp.Or(board.Millis(row.Summary.P95), "no data")
		b.level = p95Level(row.Summary.P95)
	}
	b.Title = fmt.Sprintf("%s: %s %s", web.Visible(row.Name, maxName), b.label, b.value)
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
func greyBadge(why string) Badge {
	return Badge{label: "mcp", value: why, level: uptime.Unknown, Title: "mcp: " + why}
}
