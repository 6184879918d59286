package board_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

func TestUpdates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, c := server("a"), server("c")
		w := newWorld(a, c)
		b := run(t, w)
		_, next, resync := b.Updates(0)
		if !resync {
			t.Error("a reader that starts is not told so")
		}
		short, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := b.Wait(short, next); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("without news: %v", err)
		}
		for range 3 {
			w.seal(verdict(a, time.Now(), uptime.Live))
			wait(time.Second)
		}
		if err := b.Wait(t.Context(), next); err != nil {
			t.Fatal(err)
		}
		rows, next, resync := b.Updates(next)
		if resync || len(rows) != 1 || rows[0].Slug != "a" {
			t.Errorf("three changes of a: %v, %v", rows, resync)
		}
		if rows, _, resync := b.Updates(next); resync || len(rows) != 0 {
			t.Errorf("nothing more: %v, %v", rows, resync)
		}
		if _, _, resync := b.Updates(next + 1000); !resync {
			t.Error("a reader from the future is believed")
		}
	})
}

func TestReaderThatFallsBehindStartsAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var servers []*uptime.Server
		for i := range 3000 {
			servers = append(servers, server(fmt.Sprintf("s%04d", i)))
		}
		w := newWorld(servers...)
		b := run(t, w)
		_, next, _ := b.Updates(0)
		for range 3 {
			for _, s := range servers {
				w.seal(verdict(s, time.Now(), uptime.Live))
			}
			wait(2 * time.Second)
		}
		rows, next, resync := b.Updates(next)
		if !resync || len(rows) != 0 {
			t.Errorf("%d rows, resync %v", len(rows), resync)
		}
		w.seal(verdict(servers[0], time.Now(), uptime.Live))
		if err := b.Wait(t.Context(), next); err != nil {
			t.Fatal(err)
		}
		if rows, _, resync := b.Updates(next); resync || len(rows) != 1 {
			t.Errorf("after it: %d rows, resync %v", len(rows), resync)
		}
	})
}
