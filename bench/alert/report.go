//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/bench/gauge"
)

// table is a report, in Markdown, and the same figures for programs.
type table struct {
	begun   bool
	figures map[string]any
}

// head says what was run, where, when, and how busy the machine was.
func newTable(what string) *table {
	t := &table{figures: map[string]any{
		"what": what, "machine": fmt.Sprintf("%s x%d", gauge.CPUModel(), runtime.NumCPU()), "go": runtime.Version(),
		"date": time.Now().UTC().Format(time.DateTime), "load": load(),
	}}
	fmt.Printf("%s\n%s, %s, %s UTC, load %s\n\n", what, t.figures["machine"], t.figures["go"], t.figures["date"], t.figures["load"])
	return t
}

// line adds a figure as soon as it is known.
func (t *table) line(what, format string, args ...any) {
	if !t.begun {
		fmt.Print("| | |\n|---|---|\n")
		t.begun = true
	}
	fmt.Printf("| %s | %s |\n", what, fmt.Sprintf(format, args...))
}

// figure keeps a figure for programs. Durations are in seconds.
func (t *table) figure(key string, value any) {
	switch v := value.(type) {
	case time.Duration:
		value = math.Round(v.Seconds()*1e6) / 1e6
	case float64:
		value = math.Round(v*1e3) / 1e3
	}
	t.figures[key] = value
}

// timed is a line and a figure of the same duration.
func (t *table) timed(key, what string, d time.Duration) {
	t.figure(key, d)
	t.line(what, "%s", gauge.Round(d))
}

// end prints the figures for programs.
func (t *table) end() error {
	t.figure("load_after", load())
	line, err := json.Marshal(t.figures)
	if err != nil {
		return fmt.Errorf("writing the figures: %w", err)
	}
	fmt.Printf("\n%s\n\n", line)
	return nil
}

func load() string {
	text, _ := os.ReadFile("/proc/loadavg")
	first, _, _ := strings.Cut(string(text), " ")
	return first
}

// reached says whether an aim was.
func reached(ok bool) string {
	if ok {
		return "reached"
	}
	return "**not reached**"
}
