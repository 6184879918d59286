package board_test

import (
	"context"
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// pasts gives each server a past of its own.
type pasts struct{ *world }

func (pasts) Summary(_ uptime.TenantID, s uptime.ServerID) uptime.Summary {
	n := int(s[len(s)-1]-'0') + 3*int(s[len(s)-2]-'0')
	if n%4 == 0 {
		return uptime.Summary{}
	}
	return uptime.Summary{D30: uptime.Counts{Live: 1000, Down: n % 6}, P95: time.Duration(n%5) * time.Second}
}

func (pasts) Minutes(_ context.Context, _ uptime.TenantID, _ uptime.ServerID, from, to uptime.Minute) ([]uptime.MinuteCell, error) {
	return make([]uptime.MinuteCell, to-from), nil
}

// indexed finds drifts without reading all of them.
type indexed struct {
	*world
	drifts map[uptime.ServerID][]uptime.Drift
}

func index(w *world) indexed {
	out := indexed{w, map[uptime.ServerID][]uptime.Drift{}}
	for _, d := range w.drifts {
		out.drifts[d.Server] = append(out.drifts[d.Server], d)
	}
	return out
}

func (x indexed) Drifts(_ context.Context, _ uptime.TenantID, q uptime.DriftQuery) (out []uptime.Drift, err error) {
	for _, d := range x.drifts[q.Server] {
		if !q.Open || d.Open() {
			out = append(out, d)
		}
	}
	return out, nil
}

// latest answers from a map: the world looks through its whole feed.
type latest struct {
	*world
	of map[uptime.ServerID]uptime.Verdict
}

func (l latest) Latest(_ uptime.TenantID, s uptime.ServerID) (uptime.Verdict, bool) {
	v, ok := l.of[s]
	return v, ok
}

// fill runs a board until it is ready.
func fill(tb testing.TB, o board.Options) *board.Board {
	tb.Helper()
	w := o.Looks.(*world)
	of := map[uptime.ServerID]uptime.Verdict{}
	for _, v := range w.feed {
		of[v.Server] = v
	}
	o.Feed = latest{w, of}
	b := board.New(o)
	ctx, cancel := context.WithCancel(tb.Context())
	done := make(chan error, 1)
	go func() { done <- b.Run(ctx) }()
	<-b.Ready()
	cancel()
	if err := <-done; err != nil {
		tb.Fatal(err)
	}
	return b
}
