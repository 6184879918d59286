package board_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// crowd is a board with n servers of all kinds.
func crowd(tb testing.TB, n int) *board.Board {
	tb.Helper()
	_, b := crowdIn(tb, n)
	return b
}

func crowdIn(tb testing.TB, n int) (*world, *board.Board) {
	tb.Helper()
	rng := rand.New(rand.NewPCG(1, uint64(n)))
	pick := func(words ...string) string { return words[rng.IntN(len(words))] }
	var servers []*uptime.Server
	var verdicts []uptime.Verdict
	w := newWorld()
	for i := range n {
		s := server(fmt.Sprintf("s%05d", i), func(s *uptime.Server) {
			s.Name = pick("Weather", "weather", "Maps", "Ärger", "Files") + pick("", " two")
			s.Group = pick("", "blue", "green")
			s.Description = pick("", "Tells tales", "Sells CARS")
			s.URL = "https://" + pick("a", "b") + ".example/mcp"
		})
		servers = append(servers, s)
		if state := uptime.State(rng.IntN(5)); state <= uptime.Down {
			verdicts = append(verdicts, verdict(s, time.Now(), state, func(v *uptime.Verdict) {
				v.Access = uptime.Access(pick("", "open", "auth_walled"))
			}))
		}
		if rng.IntN(3) == 0 {
			d := uptime.Drift{ID: uptime.DriftID(s.Slug), Tenant: tenant, Server: s.ID, Detected: time.Now().Add(time.Duration(i%7) * time.Minute)}
			if rng.IntN(2) == 0 {
				d.Accepted = time.Now()
			}
			w.drifts = append(w.drifts, d)
		}
	}
	w.replan(servers)
	w.seal(verdicts...)
	o := w.options()
	o.History, o.Records = pasts{w}, index(w)
	return w, fill(tb, o)
}

// model answers a query the slow way.
func model(rows []*board.Row, q board.Query) (slugs []string) {
	rows = slices.DeleteFunc(slices.Clone(rows), func(r *board.Row) bool { return !wanted(r, q) })
	slices.SortFunc(rows, func(a, b *board.Row) int {
		if c := before(a, b, q); c != 0 {
			return c
		}
		if c := strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)); c != 0 {
			if q.Order == board.ByName && q.Reverse {
				return -c
			}
			return c
		}
		if q.Order == board.ByName && q.Reverse {
			return strings.Compare(b.Slug, a.Slug)
		}
		return strings.Compare(a.Slug, b.Slug)
	})
	for _, r := range rows {
		slugs = append(slugs, r.Slug)
	}
	return slugs
}

func wanted(r *board.Row, q board.Query) bool {
	for word := range strings.FieldsSeq(strings.ToLower(q.Text)) {
		fields := []string{r.Name, r.Slug, r.Group, r.Description, r.URL}
		if r.Verdict != nil {
			fields = append(fields, string(r.Verdict.Cause()), board.CausePhrase(r.Verdict.Cause()))
		}
		if !slices.ContainsFunc(fields, func(f string) bool { return strings.Contains(strings.ToLower(f), word) }) {
			return false
		}
	}
	return (len(q.States) == 0 || slices.Contains(q.States, r.State)) &&
		(len(q.Access) == 0 || slices.Contains(q.Access, r.Access)) &&
		(q.Group == "" || q.Group == r.Group) && (!q.Drifted || r.OpenDrift != nil)
}

// before compares what the order is about; rows without a value come last.
func before(a, b *board.Row, q board.Query) int {
	value := func(r *board.Row) (float64, bool) {
		switch q.Order {
		case board.ByName:
			return 0, true
		case board.ByUptime:
			return r.Summary.D30.Uptime()
		case board.ByLatency:
			return -r.Summary.P95.Seconds(), r.Summary.P95 > 0
		case board.ByDrift:
			if r.Drift == nil {
				return 0, false
			}
			return -float64(r.Drift.Detected.Unix()), true
		default:
			return float64(slices.Index([]uptime.State{uptime.Down, uptime.Degraded, uptime.Unknown, uptime.Live}, r.State)), true
		}
	}
	x, hasX := value(a)
	y, hasY := value(b)
	switch {
	case hasX != hasY && hasX:
		return -1
	case hasX != hasY:
		return 1
	case !hasX || x == y:
		return 0
	case (x < y) != q.Reverse:
		return -1
	}
	return 1
}

func TestListIsTheModel(t *testing.T) {
	b := crowd(t, 400)
	all := b.List(tenant, board.Query{Limit: board.MaxLimit})
	if all.Found != 400 || len(all.Rows) != 400 {
		t.Fatalf("%d found, %d rows", all.Found, len(all.Rows))
	}
	rapid.Check(t, func(t *rapid.T) {
		q := board.Query{
			Text: strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{
				"wea", "WEATHER", "ärg", "two", "s0001", "blue", "cars", "refused", "connect_refused", "a.example", "nothing", " ",
			}), 0, 3).Draw(t, "text"), " "),
			States:  rapid.SliceOfN(rapid.SampledFrom([]uptime.State{0, 1, 2, 3}), 0, 2).Draw(t, "states"),
			Access:  rapid.SliceOfN(rapid.SampledFrom([]uptime.Access{"open", "auth_walled"}), 0, 2).Draw(t, "access"),
			Group:   rapid.SampledFrom([]string{"", "blue", "green", "grey"}).Draw(t, "group"),
			Drifted: rapid.Bool().Draw(t, "drifted"),
			Order:   rapid.SampledFrom(board.Orders()).Draw(t, "order"),
			Reverse: rapid.Bool().Draw(t, "reverse"),
			Offset:  rapid.IntRange(-1, 120).Draw(t, "offset"),
			Limit:   rapid.IntRange(-1, 60).Draw(t, "limit"),
		}
		want := model(all.Rows, q)
		page := b.List(tenant, q)
		if page.Found != len(want) {
			t.Fatalf("found %d, want %d", page.Found, len(want))
		}
		limit := q.Limit
		if limit <= 0 {
			limit = board.DefaultLimit
		}
		want = want[min(max(q.Offset, 0), len(want)):]
		want = want[:min(limit, len(want))]
		var got []string
		for _, r := range page.Rows {
			got = append(got, r.Slug)
		}
		if diff := cmp.Diff(want, got, cmp.Transformer("nil", func(s []string) []string { return append([]string{}, s...) })); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestTotals(t *testing.T) {
	b := crowd(t, 300)
	want := board.Totals{}
	for _, r := range b.List(tenant, board.Query{Limit: 500}).Rows {
		want.Servers++
		if r.Window != nil {
			want.Maintenance++
		} else {
			*map[uptime.State]*int{0: &want.Unknown, 1: &want.Live, 2: &want.Degraded, 3: &want.Down}[r.State]++
		}
		if r.Access == uptime.AccessWalled {
			want.Walled++
		}
		if r.OpenDrift != nil {
			want.Drifts++
		}
		want.Counts.Add(r.Summary.D30)
		if r.Verdict != nil && r.Verdict.SealedAt.After(want.AsOf) {
			want.AsOf = r.Verdict.SealedAt
		}
	}
	if diff := cmp.Diff(want, b.Totals(tenant)); diff != "" {
		t.Error(diff)
	}
	if got := b.Groups(tenant); !slices.Equal(got, []string{"blue", "green"}) {
		t.Errorf("groups %v", got)
	}
	if p := b.List("stranger", board.Query{}); p.Found != 0 || p.Totals.Servers != 0 {
		t.Errorf("a stranger sees %+v", p)
	}
}

func BenchmarkListWarm(b *testing.B) { benchmarkList(b, false) }

func BenchmarkListCold(b *testing.B) { benchmarkList(b, true) }

func benchmarkList(b *testing.B, cold bool) {
	b.Helper()
	const n = 10_000
	board10k := crowd(b, n)
	queries := map[string]board.Query{
		"trouble": {}, "search": {Text: "wea example"}, "uptime": {Order: board.ByUptime, Reverse: true, Offset: 5000},
		"causes": {Text: "refused"},
	}
	for name, q := range queries {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if cold {
					board10k.Refresh(tenant)
				}
				if board10k.List(tenant, q).Found == 0 {
					b.Fatal("nothing found")
				}
			}
		})
	}
}

// BenchmarkSweep is the price of a quiet second with 10,000 servers.
func BenchmarkSweep(b *testing.B) {
	board10k := crowd(b, 10_000)
	b.ReportAllocs()
	for b.Loop() {
		board10k.Sweep(b.Context())
	}
}

// BenchmarkPull is the price of the verdicts of a second with 10,000 servers of
// a minute each; the past is free here.
func BenchmarkPull(b *testing.B) {
	w, board10k := crowdIn(b, 10_000)
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		var batch []uptime.Verdict
		for _, s := range w.plan.Servers[:167] {
			batch = append(batch, verdict(s, time.Now(), uptime.Live))
		}
		w.seal(batch...)
		b.StartTimer()
		board10k.Pull(b.Context())
	}
}
