//go:build !linux

package probe_test

import "time"

// cpuTime has no better measure here than the clock.
func cpuTime(f func()) time.Duration { return wallTime(f) }
