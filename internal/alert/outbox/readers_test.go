package outbox_test

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/internal/alert/outbox"
	"github.com/alivemcp/alivemcp/internal/store/sqlite"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// told is a thread about one server, and what is to be told of it.
func told(s uptime.Server, thread string, names ...string) uptime.Routing {
	key, at := uptime.AlertKey(thread), time.Now().UTC()
	r := uptime.Routing{
		Alerts:  []uptime.Alert{{Key: key, Tenant: s.Tenant, Server: s.ID, Kind: uptime.AlertIncident, Opened: at}},
		Threads: []uptime.Thread{{Key: key, Tenant: s.Tenant, Server: s.ID, Members: []uptime.AlertKey{key}, Opened: at, Told: map[string]uptime.Told{}}},
	}
	for _, name := range names {
		r.Threads[0].Told[name] = uptime.Told{Transition: 1, Phase: uptime.NoticeOpens, At: at, Digest: "0123456789abcdef-0123456789abcdef"}
		d := delivery(name, thread, 1)
		d.Tenant, d.ID = s.Tenant, uptime.NewDeliveryID(s.Tenant, key, name, 1)
		d.Notice.Phase, d.Notice.Title = uptime.NoticeOpens, "Weather is down: the connection is refused"
		d.Notice.Summary = strings.Repeat("It is down. ", 20)
		d.Notice.UnsubscribeURL = "https://status.example/unsubscribe/" + strings.Repeat("x", 120)
		d.Notice.Servers = []uptime.NoticeServer{{Slug: s.Slug, Name: s.Name, State: "down", Since: at}}
		r.Deliveries = append(r.Deliveries, d)
	}
	return r
}

// BenchmarkReaders tells thousands of readers of one incident, while a pager has
// to be told of others.
func BenchmarkReaders(b *testing.B) {
	const readers = 5000
	for b.Loop() {
		s, err := sqlite.Open(b.Context(), sqlite.Options{Dir: b.TempDir()})
		if err != nil {
			b.Fatal(err)
		}
		servers, err := s.SyncServers(b.Context(), tenant, []uptime.Server{{Slug: "weather", Name: "Weather"}})
		if err != nil {
			b.Fatal(err)
		}
		names := make([]string, readers)
		for i := range names {
			names[i] = fmt.Sprintf("sub_%05d", i)
		}
		began := time.Now()
		if err := s.Route(b.Context(), told(servers[0], "inc_readers", names...)); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(time.Since(began).Milliseconds()), "route-ms")
		tellReaders(b, s, servers[0], readers)
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

func tellReaders(b *testing.B, s *sqlite.Store, server uptime.Server, readers int64) {
	b.Helper()
	var sent atomic.Int64
	all := make(chan struct{})
	paged := make(chan time.Duration, 100)
	mail := &sink{answer: func(context.Context, *uptime.Delivery, string) (string, error) {
		time.Sleep(50 * time.Millisecond)
		if sent.Add(1) == readers {
			close(all)
		}
		return "", nil
	}}
	pager := &sink{answer: func(_ context.Context, d *uptime.Delivery, _ string) (string, error) {
		paged <- time.Since(d.Created)
		return "", nil
	}}
	d := outbox.New(outbox.Options{Rows: s, Sinks: func(_ uptime.TenantID, name string) (outbox.Sink, bool) {
		if name == "pager" {
			return pager, true
		}
		return &sink{answer: mail.answer}, true
	}, Many: func(_ uptime.TenantID, name string) bool { return name != "pager" }})
	ctx, stop := context.WithCancel(b.Context())
	began, cpu := time.Now(), processorTime()
	ended := make(chan error)
	go func() { ended <- d.Run(ctx) }()
	var worst, write time.Duration
	for i := 0; ; i++ {
		at := time.Now()
		if err := s.Route(b.Context(), told(server, fmt.Sprint("inc_", i), "pager")); err != nil {
			b.Fatal(err)
		}
		write = max(write, time.Since(at))
		d.Wake()
		worst = max(worst, <-paged)
		select {
		case <-all:
			b.ReportMetric(time.Since(began).Seconds(), "s/readers")
			b.ReportMetric((processorTime() - cpu).Seconds(), "cpu-s")
			b.ReportMetric(float64(worst.Milliseconds()), "pager-worst-ms")
			b.ReportMetric(float64(write.Milliseconds()), "write-worst-ms")
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			b.ReportMetric(float64(m.Sys>>20), "MB")
			stop()
			if err := <-ended; err != nil {
				b.Error(err)
			}
			return
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func processorTime() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
