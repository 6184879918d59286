package draw_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/alivemcp/alivemcp/internal/statuspage/draw"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

func TestChartBreaksWhereNothingWasMeasured(t *testing.T) {
	from := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	var points []uptime.LatencyPoint
	for i := range 96 {
		p := uptime.LatencyPoint{At: from.Add(time.Duration(i) * 15 * time.Minute), P50: 100 * time.Millisecond, P95: 180 * time.Millisecond, Samples: 15}
		if i >= 10 && i < 20 || i == 21 { // point 20 stands alone
			p = uptime.LatencyPoint{At: p.At}
		}
		points = append(points, p)
	}
	now := from.Add(24 * time.Hour)
	day, err := draw.WindowOf("24h")
	if err != nil {
		t.Fatal(err)
	}
	c := draw.ChartOf(day, from, now, points, now)
	if got := strings.Count(c.P95, "M"); got != 3 {
		t.Errorf("the line has %d pieces, want 3: it must not cross a gap", got)
	}
	got := []any{len(c.Gaps), len(c.Dots), c.YTicks[0].Text, c.Text, c.Empty}
	want := []any{2, 2, "200 ms", "p95 between 180 ms and 180 ms; 11 of 96 steps were not measured.", false}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("gaps, dots, top, text and emptiness (-want +got):\n%s", diff)
	}
	if c := draw.ChartOf(day, from, now, make([]uptime.LatencyPoint, 96), now); !c.Empty {
		t.Error("a chart of nothing is not empty")
	}
	// What has not happened yet is no gap.
	if c := draw.ChartOf(day, from, now, points[:10], from.Add(3*time.Hour)); len(c.Gaps) != 0 {
		t.Errorf("%d gaps in the future", len(c.Gaps))
	}
}
