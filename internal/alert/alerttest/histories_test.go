package alerttest_test

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestHistories are sequences that are rare among random ones, or that once ended
// with a sink that believed what was not so.
func TestHistories(t *testing.T) {
	const soon, while = 20 * time.Second, 4 * time.Minute
	dir, known := blank(t, someServers())
	for name, h := range map[string]struct {
		policy string
		moves  []move
	}{
		"openings wait for a sink that was gone": {"plain", []move{
			{What: "once", Sink: 0, N: 6, After: soon}, {What: "down", Server: 3, After: while}, {What: "down", N: 2, After: while}, {What: "relief", After: while},
		}},
		"paused before it was told": {"plain", []move{
			{What: "silence", N: 2, After: soon}, {What: "down", After: while}, {What: "pause", After: 20 * time.Minute},
		}},
		"a digest that empties": {"budget", []move{
			{What: "down", Server: 3, N: 1, After: while}, {What: "down", N: 1, After: while}, {What: "off", N: 8, After: while}, {What: "down", N: 2, After: while},
		}},
		"cut, then killed after it was taken": {"plain", []move{
			{What: "once", Sink: 2, N: 3, After: soon}, {What: "kill", N: 4, Late: true}, {What: "outage", After: while}, {What: "kill", N: 6}, {What: "relief", After: while},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, dir, known, somePolicies(h.policy)...)
				w.pass(2 * time.Minute)
				for _, m := range h.moves {
					w.act(m)
					w.pass(m.After)
				}
				w.heal()
				w.judge()
			})
		})
	}
}
