//go:build linux

package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/bench/gauge"
)

// table is a report, in Markdown.
type table struct{ begun bool }

// head says what was run, where, when, and how busy the machine was.
func (t *table) head(what string) {
	load, _ := os.ReadFile("/proc/loadavg")
	fmt.Printf("%s\n%s x%d, %s, %s, load %s\n\n", what, gauge.CPUModel(), runtime.NumCPU(), runtime.Version(),
		time.Now().UTC().Format(time.DateTime), strings.Join(strings.Fields(string(load))[:1], ""))
}

// line adds a figure as soon as it is known.
func (t *table) line(what, format string, args ...any) {
	if !t.begun {
		fmt.Print("| | |\n|---|---|\n")
		t.begun = true
	}
	fmt.Printf("| %s | %s |\n", what, fmt.Sprintf(format, args...))
}

func (t *table) times(what string, c cost) {
	t.line(what, "CPU %s, wall %s", gauge.Round(c.cpu), gauge.Round(c.wall))
}

// cost is what something took.
type cost struct{ cpu, wall time.Duration }

func (c cost) each(n int) cost { return cost{c.cpu / time.Duration(n), c.wall / time.Duration(n)} }

func measure(do func() error) (cost, error) {
	runtime.GC()
	c, w := gauge.CPUTime(), time.Now()
	err := do()
	return cost{gauge.CPUTime() - c, time.Since(w)}, err
}
