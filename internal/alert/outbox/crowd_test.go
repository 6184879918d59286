package outbox_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alivemcp/alivemcp/internal/alert/outbox"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// TestCrowdKeepsNobodyWaiting: thousands of readers whose mail server hangs take
// a part of the places, and no word is lost about each of them.
func TestCrowdKeepsNobodyWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const readers = 3000
		var busy, most, told atomic.Int64
		mail := func(ctx context.Context, _ *uptime.Delivery, _ string) (string, error) {
			most.Store(max(most.Load(), busy.Add(1)))
			defer busy.Add(-1)
			if time.Now().Minute() == 0 { // at first
				return hang(ctx, nil, "")
			}
			time.Sleep(time.Second)
			return "", nil
		}
		pager := &sink{}
		r := newRows()
		for i := range readers {
			r.put(delivery(fmt.Sprint("reader", i), "inc", 1))
		}
		begin := time.Now()
		d, stop := start(t, outbox.Options{
			Rows: r, Many: func(_ uptime.TenantID, name string) bool { return name != "pager" },
			Sinks: func(_ uptime.TenantID, name string) (outbox.Sink, bool) {
				if name == "pager" {
					return pager, true
				}
				return &sink{answer: mail}, true
			},
			Fails: func(context.Context, uptime.TenantID, string, time.Time, string) error { told.Add(1); return nil },
			Works: func(context.Context, uptime.TenantID, string) error { told.Add(1); return nil },
		})
		for i := range 60 {
			dl := delivery("pager", fmt.Sprint("inc", i), 1)
			r.put(dl)
			d.Wake()
			synctest.Wait()
			if got := r.get(dl.ID); got.State != uptime.DeliverySent {
				t.Fatalf("after %s the pager waits behind the readers", time.Since(begin))
			}
			time.Sleep(10 * time.Second)
		}
		stop()
		sent := 0
		for i := range readers {
			sent += r.count(fmt.Sprint("reader", i), uptime.DeliverySent)
		}
		if sent != readers || most.Load() != 32 || told.Load() != 1 {
			t.Errorf("%d of %d readers were told, at most %d at once, and %d told of", sent, readers, most.Load(), told.Load())
		}
	})
}

// TestLogOfAFailure says until when a sink rests, if it does.
func TestLogOfAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var text bytes.Buffer
		s := &sink{answer: refuse(uptime.Refusal{Temporary: true, Reason: "503"})}
		r := newRows(delivery("team", "inc1", 1), delivery("team", "inc2", 1), delivery("team", "inc3", 1), delivery("team", "inc4", 1), delivery("team", "inc5", 1))
		_, stop := start(t, outbox.Options{Rows: r, Sinks: sinks{"team": s}.get, Logger: slog.New(slog.NewTextHandler(&text, nil))})
		stop()
		lines := strings.Split(strings.TrimSpace(text.String()), "\n")
		for i, line := range lines {
			if strings.Contains(line, "rests_until") != (i == 4) {
				t.Errorf("line %d is %s", i, line)
			}
		}
		if len(lines) != 5 {
			t.Errorf("%d lines", len(lines))
		}
	})
}
