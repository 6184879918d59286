package sqlite_test

import (
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/internal/store/sqlite"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// TestDamagedNoticeHoldsUpNobody: it comes without its notice, and the others
// come with theirs.
func TestDamagedNoticeHoldsUpNobody(t *testing.T) {
	s, err := sqlite.Open(t.Context(), sqlite.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.SyncServers(t.Context(), "t", nil); err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	alert := uptime.Alert{Key: "a", Tenant: "t", Kind: uptime.AlertTest, Opened: now, Updated: now}
	thread := uptime.Thread{Key: "a", Tenant: "t", Kind: uptime.AlertTest, Members: []uptime.AlertKey{"a"}, Opened: now}
	routing := uptime.Routing{Alerts: []uptime.Alert{alert}, Threads: []uptime.Thread{thread}}
	for _, sink := range []string{"one", "two"} {
		routing.Deliveries = append(routing.Deliveries, uptime.Delivery{
			ID: uptime.NewDeliveryID("t", "a", sink, 1), Tenant: "t", Thread: "a", Sink: sink, Transition: 1,
			Created: now, Due: now, State: uptime.DeliveryWaiting, Notice: uptime.Notice{Type: uptime.NoticeTest, Key: "a"},
		})
	}
	if err := s.Route(t.Context(), routing); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Rows().ExecContext(t.Context(), `UPDATE deliveries SET notice = '{"type":' WHERE sink = 'one'`); err != nil {
		t.Fatal(err)
	}
	due, err := s.DueDeliveries(t.Context(), now, nil, 10)
	if err != nil || len(due) != 2 {
		t.Fatalf("%d deliveries, %v", len(due), err)
	}
	for _, d := range due {
		if want := d.Sink == "two"; (d.Notice.Type != "") != want {
			t.Errorf("%s has the notice %q", d.Sink, d.Notice.Type)
		}
	}
}
