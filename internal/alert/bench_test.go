package alert_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/internal/alert"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// BenchmarkStorm measures the steps that take 2,000 incidents in, tell them at
// three sinks, and look at them when nothing is new.
func BenchmarkStorm(b *testing.B) {
	const n = 2000
	for b.Loop() {
		b.StopTimer()
		rec, now := newRecords(), time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		plan := &uptime.Plan{Version: 1}
		for i := range n {
			s := server("t", fmt.Sprintf("s%d", i), "host.example")
			plan.Servers = append(plan.Servers, s)
			rec.news = append(rec.news, uptime.News{Seq: uint64(i + 1), Event: uptime.IncidentOpened, Incident: &uptime.Incident{
				ID: uptime.NewIncidentID("t", s.ID, now), Tenant: "t", Server: s.ID, Opened: now, Failure: uptime.Failure{Cause: uptime.ConnectRefused}, Regions: []string{"eu"},
			}})
		}
		policies := []*uptime.Policy{{Tenant: "t", Sinks: []uptime.Sink{sink("a"), sink("b"), sink("c", editing)}}}
		r, err := alert.New(alert.Options{
			Records: rec, Feed: &feed{}, Plan: func() *uptime.Plan { return plan },
			Policies: func() []*uptime.Policy { return policies }, Now: func() time.Time { return now },
		})
		if err != nil {
			b.Fatal(err)
		}
		took := func(name string) {
			start := time.Now()
			b.StartTimer()
			if err := r.Step(b.Context()); err != nil {
				b.Fatal(err)
			}
			b.StopTimer()
			b.ReportMetric(float64(time.Since(start).Microseconds())/1000, name+"-ms")
		}
		took("first-1000")
		took("next-1000")
		now = now.Add(4 * time.Second)
		took("tell")
		took("idle")
		if len(rec.deliveries) != 3 {
			b.Fatalf("%d deliveries", len(rec.deliveries))
		}
		b.StartTimer()
	}
}
