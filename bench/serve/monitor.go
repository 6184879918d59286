//go:build linux

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// clockTick is the unit of processor times in /proc, on every Linux.
const clockTick = 10 * time.Millisecond

// look is how often a condition is looked at that is waited for.
const look = 100 * time.Millisecond

// monitor is a running `alivemcp serve`.
type monitor struct {
	cmd   *exec.Cmd
	url   string // without a slash at the end
	began time.Time
	log   *os.File
}

// build makes the binary as `make build` does.
func build(ctx context.Context, dir string) (string, error) {
	binary := filepath.Join(dir, "alivemcp")
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", binary, "./cmd/alivemcp")
	cmd.Env, cmd.Stderr = append(os.Environ(), "CGO_ENABLED=0"), os.Stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("building alivemcp: %w", err)
	}
	return binary, nil
}

// configuration is what `serve` is given.
type configuration struct {
	data     string
	servers  int
	interval time.Duration
	regions  []string
	targets  *targets
	pprof    string // where Go's profiler answers; empty for nowhere
}

// write writes the configuration file.
func (c configuration) write(file string) error {
	var b strings.Builder
	fmt.Fprintf(&b, "data: %q\nlog: {level: warn}\nmetrics: {per_server: false}\ndefaults: {interval: %s}\nregions:\n", c.data, c.interval)
	for _, region := range c.regions {
		fmt.Fprintf(&b, "  - {id: %s}\n", region)
	}
	if c.pprof != "" {
		fmt.Fprintf(&b, "pprof: %q\n", c.pprof)
	}
	b.WriteString("servers:\n")
	for i := range c.servers {
		fmt.Fprintf(&b, "  - {slug: %s, url: %q}\n", slug(i), c.targets.url(i))
	}
	return os.WriteFile(file, []byte(b.String()), 0o600)
}

// startMonitor runs the binary with arguments and returns once it says where it
// serves. What it says else goes to a file beside the binary.
func startMonitor(ctx context.Context, binary string, env []string, args ...string) (*monitor, error) {
	log, err := os.Create(binary + ".log")
	if err != nil {
		return nil, err
	}
	m := &monitor{cmd: exec.CommandContext(ctx, binary, append([]string{"serve", "--listen", "127.0.0.1:0"}, args...)...), log: log}
	m.cmd.Env = append(os.Environ(), env...)
	m.cmd.Cancel = func() error { return m.cmd.Process.Signal(syscall.SIGTERM) }
	said, err := m.cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	m.began = time.Now()
	if err := m.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", binary, err)
	}
	lines := bufio.NewReader(said)
	for m.url == "" {
		line, err := lines.ReadString('\n')
		if err != nil {
			return nil, fmt.Errorf("alivemcp ended early, see %s: %w", log.Name(), errors.Join(err, m.stop()))
		}
		_, _ = log.WriteString(line)
		if _, rest, ok := strings.Cut(line, "serving "); ok {
			m.url = strings.TrimSuffix(strings.Fields(rest)[0], "/")
		}
	}
	go func() { _, _ = io.Copy(log, lines) }()
	return m, nil
}

// stop ends the monitor in order.
func (m *monitor) stop() error {
	_ = m.cmd.Process.Signal(syscall.SIGTERM)
	return errors.Join(m.cmd.Wait(), m.log.Close())
}

// get fetches a page.
func (m *monitor) get(ctx context.Context, path string) (status int, body []byte, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, m.url+path, http.NoBody)
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Accept-Encoding", "gzip") // as a browser: and the client leaves the body as it is
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = res.Body.Close() }()
	body, err = io.ReadAll(res.Body)
	return res.StatusCode, body, err
}

// metrics are the figures of /metrics, by name with labels.
type metrics map[string]float64

func (m *monitor) metrics(ctx context.Context) (metrics, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, m.url+"/metrics", http.NoBody)
	if err != nil {
		return nil, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }()
	out := metrics{}
	for lines := bufio.NewScanner(res.Body); lines.Scan(); {
		name, value, ok := strings.Cut(lines.Text(), " ")
		if v, err := strconv.ParseFloat(value, 64); ok && err == nil {
			out[name] = v
		}
	}
	return out, nil
}

// sealed is how many verdicts there were, of all states.
func (m metrics) sealed() int {
	var sum float64
	for name, v := range m {
		if strings.HasPrefix(name, "alivemcp_verdicts_sealed_total{") {
			sum += v
		}
	}
	return int(sum)
}

// seconds is a figure in seconds.
func (m metrics) seconds(name string) time.Duration {
	return time.Duration(m[name] * float64(time.Second))
}

// await looks at the metrics until something is true, and returns when that was
// after the start.
func (m *monitor) await(ctx context.Context, within time.Duration, what string, holds func(metrics) bool) (time.Duration, error) {
	return m.until(ctx, within, what, func() (bool, error) {
		seen, err := m.metrics(ctx)
		return err == nil && holds(seen), err
	})
}

// until looks until something is true, and returns when that was after the start.
func (m *monitor) until(ctx context.Context, within time.Duration, what string, holds func() (bool, error)) (time.Duration, error) {
	for {
		ok, err := holds()
		switch {
		case err != nil:
			return 0, fmt.Errorf("looking whether %s: %w", what, err)
		case ok:
			return time.Since(m.began), nil
		case time.Since(m.began) > within:
			return 0, fmt.Errorf("it is not true within %s that %s", within, what)
		}
		if err := pause(ctx, look); err != nil {
			return 0, err
		}
	}
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// cpu is what a process has used so far.
func cpu(pid int) time.Duration {
	stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, rest, _ := strings.Cut(string(stat), ") ") // behind the name, which may hold anything
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * clockTick
}

// resident is what a process has in memory now, and had at most, in bytes.
func resident(pid int) (now, peak int64) {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for line := range strings.Lines(string(status)) {
		name, value, _ := strings.Cut(line, ":")
		kb, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
		switch name {
		case "VmRSS":
			now = kb << 10
		case "VmHWM":
			peak = kb << 10
		}
	}
	return now, peak
}

// files is how many descriptors a process has open.
func files(pid int) int {
	list, _ := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	return len(list)
}
