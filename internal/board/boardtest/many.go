package boardtest

import (
	"fmt"
	"time"

	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Many returns a board of n servers that are made of the story's, for speed and
// for size. They have rows, but neither views nor records.
func Many(n int, now time.Time) *Board {
	b := empty(now)
	cast := New(b.now).rows
	for i := range n {
		b.rows = append(b.rows, copyOf(cast[i%len(cast)], i))
	}
	return b
}

func copyOf(row *board.Row, i int) *board.Row {
	r := *row
	r.Slug = fmt.Sprintf("%s-%05d", row.Slug, i)
	r.Name = fmt.Sprintf("%s %d", row.Name, i)
	r.Server = uptime.ServerID("srv_" + r.Slug)
	if r.Group != "" {
		r.Group = fmt.Sprintf("%s %d", row.Group, i/500)
	}
	if i%17 != 0 && r.State != uptime.Live { // a big board is mostly well
		r.State, r.Verdict, r.Incident, r.DownLong = uptime.Live, nil, nil, false
	}
	return &r
}
