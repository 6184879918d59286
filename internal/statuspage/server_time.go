package statuspage

import (
	"fmt"
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/statuspage/draw"
)

// spellExact is spell to the second below an hour: for times to detect and
// recover.
func spellExact(d time.Duration) string {
	d = max(d, 0).Round(time.Second)
	if d < time.Minute || d >= time.Hour || d%time.Minute == 0 {
		return board.Span(d)
	}
	return fmt.Sprintf("%d min %d s", int(d.Minutes()), int(d.Seconds())%60)
}

// nowText writes moments as they look from now.
type nowText time.Time

func (n nowText) clock(t time.Time) draw.Moment { return draw.Clock(t, time.Time(n)) }
func (n nowText) exact(t time.Time) draw.Moment { return draw.Exact(t) }

func (n nowText) ago(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return board.Span(time.Time(n).Sub(t)) + " ago"
}

// wholeMinutes is a number of minutes, exactly: 0 min, 43 min, 75 h 12 min.
func wholeMinutes(n int) string {
	if n < 60 {
		return fmt.Sprintf("%d min", n)
	}
	return strings.TrimSuffix(fmt.Sprintf("%s h %d min", board.Count(n/60), n%60), " 0 min")
}
