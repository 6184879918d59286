package draw

import (
	"time"

	"github.com/alivemcp/alivemcp/internal/board"
)

// Moment is a time as pages show it: the machine-readable form beside the words.
// The zero Moment shows nothing.
type Moment struct {
	ISO  string // RFC 3339, for <time datetime>
	Text string
}

// Clock names t: the time alone within today, the day with it otherwise. All
// times on pages are UTC and say so.
func Clock(t, now time.Time) Moment { return moment(t, board.Clock(t, now)) }

// Exact is Clock to the second, for timelines.
func Exact(t time.Time) Moment { return moment(t, t.UTC().Format("2 Jan 2006, 15:04:05 UTC")) }

func moment(t time.Time, text string) Moment {
	if t.IsZero() {
		return Moment{}
	}
	return Moment{ISO: t.UTC().Format(time.RFC3339), Text: text}
}
