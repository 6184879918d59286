package app_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/alivemcp/alivemcp/internal/app"
	"github.com/alivemcp/alivemcp/internal/show"
)

func TestCompareBench(t *testing.T) {
	spread := func(p95 float64) show.Spread {
		return show.Spread{Name: "tools", Count: 10, P95: p95}
	}
	for _, tc := range []struct {
		name     string
		old, now float64
		want     []show.Slower
	}{
		{"twice as slow", 10, 20, []show.Slower{{Name: "tools", Baseline: 10, P95: 20, Ratio: 2}}},
		{"within the ratio", 10, 15, []show.Slower{}},
		{"noise below the floor", 0.2, 1.1, []show.Slower{}},
		{"from nothing", 0, 5, []show.Slower{{Name: "tools", Baseline: 0, P95: 5, Ratio: 5000}}},
		{"faster", 20, 10, []show.Slower{}},
	} {
		base := show.Bench{Steps: []show.Spread{spread(tc.old), {Name: "gone", Count: 1, P95: 1}}}
		now := show.Bench{Steps: []show.Spread{spread(tc.now), {Name: "new", Count: 1, P95: 99}}}
		if diff := cmp.Diff(tc.want, app.CompareBench(base, now, 1.5).Slower); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.name, diff)
		}
	}
}

func TestParseBenchWantsItsSchema(t *testing.T) {
	for in, ok := range map[string]bool{`{"schema":"alivemcp.bench/v1"}`: true, `{"schema":"x"}`: false, `{}`: false, `nope`: false} {
		if _, err := app.ParseBench([]byte(in)); (err == nil) != ok {
			t.Errorf("%s: %v", in, err)
		}
	}
}
