package show

import (
	"context"
	"fmt"
	"io"
	"time"
)

// How often progress is told: redrawn on a terminal, appended elsewhere, and
// there only when it takes long.
const (
	redrawEvery = 200 * time.Millisecond
	firstLine   = 2 * time.Second
	nextLine    = 10 * time.Second
)

// Progress tells on w what text returns until ctx ends, and wipes its line
// then. text gets the time since the beginning. That w does not take it is no
// reason to stop.
func Progress(ctx context.Context, w io.Writer, terminal bool, text func(time.Duration) string) {
	begin := time.Now()
	wait, again := firstLine, nextLine
	if terminal {
		wait, again = redrawEvery, redrawEvery
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	drawn := false
	for {
		select {
		case <-ctx.Done():
			if terminal && drawn {
				_, _ = fmt.Fprint(w, "\r\x1b[K")
			}
			return
		case now := <-timer.C:
			tell(w, terminal, text(now.Sub(begin)))
			drawn = true
			timer.Reset(again)
		}
	}
}

func tell(w io.Writer, terminal bool, line string) {
	if terminal {
		_, _ = fmt.Fprintf(w, "\r\x1b[K%s", line)
		return
	}
	_, _ = fmt.Fprintln(w, line)
}
