package sqlite_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/internal/store/sqlite"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// No query that runs often reads a whole table, or sorts one.
func TestHotQueriesUseIndexes(t *testing.T) {
	s := opened(t, t.TempDir())
	fill(t, s, synced(t, s, "alpha", "beta"))
	sorts := map[string]bool{"what is due": true} // what waits, which is little
	for what, query := range sqlite.Hot() {
		args := make([]any, max(strings.Count(query, "?"), 1))
		for n := range 9 {
			if strings.Contains(query, fmt.Sprint("?", n+1)) {
				args = args[:n+1]
			}
		}
		for _, step := range plan(t, s, query, args) {
			table := strings.HasPrefix(step, "SCAN") && !strings.Contains(step, "INDEX") && !strings.Contains(step, "(subquery") && !strings.HasPrefix(step, "SCAN (")
			if table || strings.Contains(step, "TEMP B-TREE") && !sorts[what] {
				t.Errorf("%s: %s", what, step)
			}
		}
	}
}

func plan(t *testing.T, s *sqlite.Store, query string, args []any) (steps []string) {
	t.Helper()
	answer, err := s.Rows().QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+query, args...)
	must(t, err)
	defer answer.Close()
	for answer.Next() {
		var id, parent, unused int
		var text string
		must(t, answer.Scan(&id, &parent, &unused, &text))
		steps = append(steps, text)
	}
	must(t, answer.Err())
	return steps
}

// How long the writer is held by a step that tells thousands of readers, and
// what a look at them costs beside many that were sent.
func BenchmarkManySent(b *testing.B) {
	s := opened(b, b.TempDir())
	servers := fleet(b, s, 100)
	const sent, each = 200_000, 5000
	for from := 0; from < sent/2; from += each {
		r := storm(servers, from, each)
		r.Decisions = nil
		for i := range r.Deliveries {
			r.Deliveries[i].State, r.Deliveries[i].Ended = uptime.DeliverySent, r.Deliveries[i].Created
		}
		must(b, s.Route(b.Context(), r))
	}
	for name, run := range map[string]func(*testing.B){
		"due": func(b *testing.B) {
			b.Helper()
			_, err := s.DueDeliveries(b.Context(), time.Now(), nil, 64)
			must(b, err)
		},
		"page": func(b *testing.B) {
			b.Helper()
			_, err := s.Deliveries(b.Context(), "acme", uptime.DeliveryQuery{Sink: "mail"})
			must(b, err)
		},
		"counts": func(b *testing.B) {
			b.Helper()
			_, err := s.Counts(b.Context(), "acme")
			must(b, err)
		},
		"sweep": func(b *testing.B) {
			b.Helper()
			_, err := s.Sweep(b.Context(), "acme", uptime.Retention{Incidents: 100 * 365 * 24 * time.Hour})
			must(b, err)
		},
		"erase": func(b *testing.B) {
			b.Helper()
			must(b, s.Erase(b.Context(), "acme", servers[0].ID))
			servers = servers[1:]
		},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				run(b)
			}
		})
	}
}
