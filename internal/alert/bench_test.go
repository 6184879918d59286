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

// BenchmarkMinute measures the step that takes 8,000 of the verdicts of 100,000
// servers in, while 10,000 of them are down for ten tenants and as many rest in
// a window.
func BenchmarkMinute(b *testing.B) {
	const n, down = 100_000, 10_000
	rec, now := newRecords(), time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	plan := &uptime.Plan{Version: 1}
	var policies []*uptime.Policy
	for i := range 11 {
		tenant := uptime.TenantID(fmt.Sprintf("t%d", i))
		policies = append(policies, &uptime.Policy{Tenant: tenant, Budget: n, Sinks: []uptime.Sink{sink("a"), sink("b", editing)}})
	}
	plan.Windows = []uptime.Window{{Tenant: "t10", From: now.Add(-time.Hour), To: now.Add(time.Hour)}}
	all := &feed{}
	for i := range n {
		tenant := uptime.TenantID(fmt.Sprintf("t%d", i%10))
		if i >= down && i < 2*down {
			tenant = "t10"
		}
		s := server(tenant, fmt.Sprintf("s%d", i), fmt.Sprintf("host.example%d.com", i))
		plan.Servers = append(plan.Servers, s)
		all.verdicts = append(all.verdicts, uptime.Verdict{
			Seq: uptime.Cursor(i + 1), Tenant: tenant, Server: s.ID, Cycle: now, Every: time.Minute, State: uptime.Live, SealedAt: now,
			Reports: []uptime.Report{{Region: "eu", State: uptime.Live, TLSNotAfter: now.Add(2000 * time.Hour)}},
		})
		if i < 2*down {
			rec.news = append(rec.news, uptime.News{Seq: uint64(i + 1), Event: uptime.IncidentOpened, Incident: &uptime.Incident{
				ID: uptime.NewIncidentID(tenant, s.ID, now), Tenant: tenant, Server: s.ID, Opened: now.Add(-time.Duration(i/10) * 3 * time.Minute), Failure: uptime.Failure{Cause: uptime.ConnectRefused},
			}})
		}
	}
	fed := &feed{}
	r, err := alert.New(alert.Options{
		Records: rec, Feed: fed, Plan: func() *uptime.Plan { return plan }, Operator: "t0", Tenants: func() int { return 11 },
		Policies: func() []*uptime.Policy { return policies }, Now: func() time.Time { return now },
	})
	if err != nil {
		b.Fatal(err)
	}
	for range 2*down/1000 + 2 {
		now = now.Add(4 * time.Second)
		if err := r.Step(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		b.StopTimer()
		for i := range 8000 {
			v := all.verdicts[i*12%n]
			v.Seq = uptime.Cursor(len(fed.verdicts) + 1)
			fed.verdicts = append(fed.verdicts, v)
		}
		b.StartTimer()
		if err := r.Step(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(r.Stats().Threads), "threads")
	b.ReportMetric(float64(r.Stats().Held), "held")
}
