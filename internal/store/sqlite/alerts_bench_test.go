//go:build unix

package sqlite_test

import (
	"bytes"
	"compress/flate"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

func BenchmarkRoute2000(b *testing.B) {
	s := opened(b, b.TempDir())
	servers := fleet(b, s, manyServers)
	defer cpu(b)()
	for n := 0; b.Loop(); n++ {
		b.StopTimer()
		r := storm(servers, n*manyServers, manyServers)
		b.StartTimer()
		must(b, s.Route(b.Context(), r))
	}
}

// One thread that all are in, as correlation makes it.
func BenchmarkRouteCorrelated2000(b *testing.B) {
	s := opened(b, b.TempDir())
	servers := fleet(b, s, manyServers)
	r := storm(servers, 0, manyServers)
	r.Threads = r.Threads[:1]
	for i := range r.Alerts[1:] {
		r.Threads[0].Members = append(r.Threads[0].Members, r.Alerts[i+1].Key)
	}
	r.Deliveries = r.Deliveries[:2]
	defer cpu(b)()
	for n := 0; b.Loop(); n++ {
		r.Deliveries[0].ID, r.Deliveries[0].Transition, r.Deliveries[0].Notice = uptime.DeliveryID(fmt.Sprint("dlv_", n)), n+1, notice(50)
		must(b, s.Route(b.Context(), r))
	}
}

func BenchmarkOutbox(b *testing.B) {
	s := opened(b, b.TempDir())
	servers := fleet(b, s, manyServers)
	const sent = 50_000 // steps of two deliveries
	for from := 0; from < sent; from += 5000 {
		r := storm(servers, from, 5000)
		r.Decisions = nil
		for i := range r.Deliveries {
			r.Deliveries[i].State, r.Deliveries[i].Ended = uptime.DeliverySent, r.Deliveries[i].Created
		}
		must(b, s.Route(b.Context(), r))
	}
	must(b, s.Route(b.Context(), storm(servers, sent, manyServers))) // 4,000 that wait
	b.Run("DueDeliveries", func(b *testing.B) {
		defer cpu(b)()
		for b.Loop() {
			if due, err := s.DueDeliveries(b.Context(), time.Unix(1<<32, 0), nil, 100); err != nil || len(due) != 2 {
				b.Fatal(len(due), err)
			}
		}
	})
	b.Run("Page", func(b *testing.B) {
		defer cpu(b)()
		for b.Loop() {
			if page, err := s.Deliveries(b.Context(), "acme", uptime.DeliveryQuery{Sink: "mail"}); err != nil || len(page) != 50 {
				b.Fatal(len(page), err)
			}
		}
	})
	b.Run("Counts", func(b *testing.B) {
		defer cpu(b)()
		for b.Loop() {
			if counts, err := s.Counts(b.Context(), "acme"); err != nil || counts["mail"].Waiting != manyServers {
				b.Fatal(counts, err)
			}
		}
	})
	b.Run("Deliver", func(b *testing.B) {
		defer cpu(b)()
		for n := 0; b.Loop(); n++ {
			d := step(servers[n%manyServers], 1+n%sent).Deliveries[0]
			must(b, s.ReplayDelivery(b.Context(), d.Tenant, d.ID, d.Due, uptime.AuditEntry{At: d.Due, By: "Ada", Action: "x"}))
			must(b, s.BeginDelivery(b.Context(), d.Tenant, d.ID, d.Due))
			d.State, d.Ended = uptime.DeliverySent, d.Due
			must(b, s.EndDelivery(b.Context(), d, "ref"))
		}
	})
	b.Run("Erase", func(b *testing.B) {
		defer cpu(b)()
		for n := 0; b.Loop(); n++ {
			must(b, s.Erase(b.Context(), "acme", servers[n].ID))
		}
	})
}

// Whether packing a notice pays: B/plain against B/packed, and the time of
// packing.
func BenchmarkPackNotice(b *testing.B) {
	for _, servers := range []int{1, 50} {
		b.Run(fmt.Sprint(servers), func(b *testing.B) {
			plain, err := json.Marshal(notice(servers))
			must(b, err)
			w, _ := flate.NewWriter(io.Discard, flate.BestSpeed)
			var out bytes.Buffer
			for b.Loop() {
				out.Reset()
				w.Reset(&out)
				_, err := w.Write(plain)
				must(b, errors.Join(err, w.Close()))
			}
			b.ReportMetric(float64(len(plain)), "B/plain")
			b.ReportMetric(float64(out.Len()), "B/packed")
		})
	}
}
