//go:build linux

// Package gauge has what the benchmarks that measure whole processes share:
// figures of this machine and process, and how durations are told.
package gauge

import (
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// CPUTime is this process's user and system time.
func CPUTime() time.Duration {
	var u unix.Rusage
	_ = unix.Getrusage(unix.RUSAGE_SELF, &u) // does not fail on this process
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// Round leaves three digits to a duration, more or less.
func Round(d time.Duration) time.Duration {
	for _, to := range []time.Duration{100 * time.Second, 10 * time.Second, time.Second, 100 * time.Millisecond, 10 * time.Millisecond, time.Millisecond} {
		if d >= to {
			return d.Round(to / 100)
		}
	}
	return d.Round(100 * time.Nanosecond)
}

// Quantile returns the q-th quantile, zero of an empty list; the list is sorted
// afterwards.
func Quantile(list []time.Duration, q float64) time.Duration {
	if len(list) == 0 {
		return 0
	}
	slices.Sort(list)
	return list[min(len(list)-1, int(q*float64(len(list))))]
}

// MiB is a number of bytes in mebibytes.
func MiB(bytes int64) float64 { return float64(bytes) / (1 << 20) }

// CPUModel is what this machine's processor calls itself.
func CPUModel() string {
	info, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(info)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown CPU"
}
