package repeat_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/alivemcp/alivemcp/internal/alert/repeat"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// rows hold four threads: one open, one told as closed, one not told, and one
// whose newest notice that arrived says that it is over.
type rows struct{}

func (rows) Threads(_ context.Context, tenant uptime.TenantID, open bool, _ int) ([]uptime.Thread, error) {
	if tenant != "t" || !open {
		return nil, errors.New("asked for others")
	}
	told := func(p uptime.NoticePhase) map[string]uptime.Told { return map[string]uptime.Told{"am": {Phase: p}} }
	return []uptime.Thread{
		{Key: "open", Told: told(uptime.NoticeChanges)},
		{Key: "closed", Told: told(uptime.NoticeCloses)},
		{Key: "other", Told: map[string]uptime.Told{"b": {}}},
		{Key: "over", Told: told(uptime.NoticeOpens)},
	}, nil
}

func (rows) Deliveries(_ context.Context, _ uptime.TenantID, q uptime.DeliveryQuery) ([]uptime.Delivery, error) {
	if q.Sink != "am" || q.State != uptime.DeliverySent || q.Limit != 1 {
		return nil, errors.New("asked for others")
	}
	d := uptime.Delivery{Thread: q.Thread, Notice: uptime.Notice{Phase: uptime.NoticeOpens}}
	if q.Thread == "over" {
		d.Notice.Phase = uptime.NoticeCloses
	}
	return []uptime.Delivery{d}, nil
}

func (rows) Ref(_ context.Context, _ uptime.TenantID, thread uptime.AlertKey, _ string) (string, error) {
	return "ref of " + string(thread), nil
}

// sink notes what it is told, and fails as often as it should.
type sink struct {
	got   []string
	fails int
}

func (s *sink) Repeat(_ context.Context, d *uptime.Delivery, ref string) error {
	s.got = append(s.got, string(d.Thread)+" "+ref)
	if s.fails--; s.fails >= 0 {
		return errors.New("it is away")
	}
	return nil
}

func TestRepeats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &sink{fails: 1}
		ctx, cancel := context.WithCancel(t.Context())
		r := repeat.New(repeat.Options{
			Rows: rows{}, Logger: slog.New(slog.DiscardHandler),
			Targets: func() []repeat.Target { return []repeat.Target{{Tenant: "t", Name: "am", Sink: s}} },
		})
		done := make(chan error)
		go func() { done <- r.Run(ctx) }()
		time.Sleep(11 * time.Minute)
		synctest.Wait()
		if want := []string{"open ref of open", "open ref of open"}; !cmp.Equal(s.got, want) {
			t.Errorf("in eleven minutes: %s", cmp.Diff(want, s.got))
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}
