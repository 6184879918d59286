//go:build linux

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// look is how often a condition is looked at that is waited for.
const look = 100 * time.Millisecond

// monitor is a running `alivemcp serve`.
type monitor struct {
	cmd     *exec.Cmd
	url     string // without a slash at the end
	profile string // address of Go's profiler
	log     *os.File
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

// startMonitor runs the binary with a configuration and returns once it says
// where it serves. What it says else goes to a file beside the configuration.
func startMonitor(ctx context.Context, binary, file, profile string) (*monitor, error) {
	log, err := os.Create(file + ".log")
	if err != nil {
		return nil, err
	}
	m := &monitor{cmd: exec.CommandContext(ctx, binary, "serve", "--listen", "127.0.0.1:0", "--config", file), log: log, profile: profile}
	m.cmd.Cancel = func() error { return m.cmd.Process.Signal(syscall.SIGTERM) }
	said, err := m.cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := m.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", binary, err)
	}
	lines := bufio.NewReader(said)
	for m.url == "" {
		line, err := lines.ReadString('\n')
		_, _ = log.WriteString(line)
		if err != nil {
			text, _ := os.ReadFile(log.Name())
			return nil, fmt.Errorf("alivemcp ended early: %s: %w", text, errors.Join(err, m.stop()))
		}
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

func get(ctx context.Context, url string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return "", err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	return string(body), err
}

// metric returns a figure of /metrics, by its name with labels.
func (m *monitor) metric(ctx context.Context, name string) (float64, error) {
	text, err := get(ctx, m.url+"/metrics")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(text) {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			return strconv.ParseFloat(strings.TrimSpace(value), 64)
		}
	}
	return 0, fmt.Errorf("there is no metric %s", name)
}

// weight is the memory of a process at one moment, in bytes.
type weight struct{ resident, live int64 }

// weigh collects garbage in the monitor and says what is left. With a file it
// writes there what that is.
func (m *monitor) weigh(ctx context.Context, file string) (weight, error) {
	profile, err := get(ctx, "http://"+m.profile+"/debug/pprof/heap?gc=1")
	if err != nil {
		return weight{}, err
	}
	if file != "" {
		if err := os.WriteFile(file, []byte(profile), 0o600); err != nil {
			return weight{}, err
		}
	}
	live, err := m.metric(ctx, "go_memstats_heap_alloc_bytes")
	return weight{resident(m.cmd.Process.Pid), int64(live)}, err
}

// resident is what a process has in memory, in bytes.
func resident(pid int) int64 {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for line := range strings.Lines(string(status)) {
		if value, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kb, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
			return kb << 10
		}
	}
	return 0
}

// peak remembers the most memory that a process had, until it is taken.
type peak struct {
	mu   sync.Mutex
	most int64
}

// watch samples until ctx ends.
func (p *peak) watch(ctx context.Context, pid int) {
	for pause(ctx, look) == nil {
		now := resident(pid)
		p.mu.Lock()
		p.most = max(p.most, now)
		p.mu.Unlock()
	}
}

func (p *peak) take() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	most := p.most
	p.most = 0
	return most
}

// until looks until something is true.
func until(ctx context.Context, within time.Duration, what string, holds func() (bool, error)) error {
	for began := time.Now(); ; {
		ok, err := holds()
		switch {
		case err != nil:
			return fmt.Errorf("looking whether %s: %w", what, err)
		case ok:
			return nil
		case time.Since(began) > within:
			return fmt.Errorf("it is not true within %s that %s", within, what)
		}
		if err := pause(ctx, look); err != nil {
			return err
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

// freeAddress is one that nobody listens at for now.
func freeAddress(ctx context.Context) (string, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}
