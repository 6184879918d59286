package app_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// What waits in the outbox goes to a sink that was verified, and not to what
// stands in the configuration in its place.
func TestOutboxTellsNobodyUnproved(t *testing.T) {
	var asked atomic.Int64
	place := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	t.Cleanup(place.Close)
	r := newRig(t)
	m, err := r.open(r.file(`sinks:
  - {name: mine, type: webhook, url: "`+place.URL+`/mine", secret: 0123456789abcdef0123456789abcdef, private: true, verified: operator}
  - {name: stranger, type: webhook, url: "`+place.URL+`/stranger", secret: 0123456789abcdef0123456789abcdef, private: true}`,
		`slug: a, url: "https://a.example/mcp"`))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	for name, told := range map[string]bool{"mine": true, "stranger": false} {
		sink, ok := m.Outlet(name)
		if !ok {
			t.Fatalf("there is no sink %s", name)
		}
		before := asked.Load()
		_, err := sink.Deliver(t.Context(), &uptime.Delivery{ID: "dlv_1", Created: time.Now(), Notice: uptime.Notice{Type: uptime.NoticeTest}}, "")
		refused, is := errors.AsType[*uptime.Refusal](err)
		if (err == nil) != told || (asked.Load() > before) != told || !told && (!is || !refused.Temporary) {
			t.Errorf("%s: asked %d times, %v", name, asked.Load()-before, err)
		}
	}
}
