package e2e_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const (
	startsWithin = 20 * time.Second
	stopsWithin  = 5 * time.Second
	portWithin   = 2 * time.Minute
	lookEvery    = 20 * time.Millisecond
	tailBytes    = 4 << 10
)

// process is a server that the test started, in a process group of its own.
type process struct {
	cmd  *exec.Cmd
	addr string // where it is to listen
	out  tail
	done chan struct{} // closed when the process has ended and was waited for
}

// start runs argv and returns when addr accepts connections.
func start(t *testing.T, addr string, env, argv []string) *process {
	t.Helper()
	p := launch(t, addr, env, argv)
	p.ready(t)
	return p
}

// launch runs argv, which is to listen on addr. The process ends with the test at
// the latest; what it printed last is shown if the test failed.
func launch(t *testing.T, addr string, env, argv []string) *process {
	t.Helper()
	p := &process{cmd: exec.Command(argv[0], argv[1:]...), addr: addr, done: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.out
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	p.cmd.WaitDelay = time.Second
	if err := p.cmd.Start(); err != nil {
		t.Fatalf("starting %q: %v", argv, err)
	}
	go p.wait()
	t.Cleanup(func() {
		p.stop()
		if t.Failed() {
			t.Logf("the last output of %q:\n%s", argv, p.out.String())
		}
	})
	return p
}

// ready returns when the process accepts connections.
func (p *process) ready(t *testing.T) {
	t.Helper()
	if err := p.await(t.Context()); err != nil {
		t.Fatalf("waiting for %q to listen on %s: %v", p.cmd.Args, p.addr, err)
	}
}

func (p *process) wait() {
	_ = p.cmd.Wait() // how a server ends when it is told to is its own affair
	close(p.done)
}

// await returns nil as soon as its address accepts a connection.
func (p *process) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startsWithin)
	defer cancel()
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", p.addr)
		if err == nil {
			return conn.Close()
		}
		select {
		case <-look.C:
		case <-p.done:
			return errors.New("it ended")
		case <-ctx.Done():
			return err
		}
	}
}

// stop ends the process and its group: politely, then by force. It may be
// called twice.
func (p *process) stop() {
	group := -p.cmd.Process.Pid
	_ = syscall.Kill(group, syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(stopsWithin):
	}
	_ = syscall.Kill(group, syscall.SIGKILL)
	<-p.done
}

// descendants counts the living children of the process, their children and so
// on, also those that moved into another process group.
func (p *process) descendants(t *testing.T) int {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "ps", "-A", "-o", "ppid=,pid=").Output()
	if err != nil {
		missing(t, "listing the processes: %v", err)
	}
	children := map[int][]int{}
	for line := range strings.Lines(string(out)) {
		var parent, child int
		if _, err := fmt.Sscan(line, &parent, &child); err != nil {
			t.Fatalf("reading %q of the process list: %v", line, err)
		}
		children[parent] = append(children[parent], child)
	}
	return count(children, p.cmd.Process.Pid)
}

func count(children map[int][]int, pid int) int {
	n := len(children[pid])
	for _, child := range children[pid] {
		n += count(children, child)
	}
	return n
}

// keepPort holds a port on which nobody shall listen for a while, so that no
// other process is given it: connections to it are refused all the same.
func keepPort(t *testing.T, port int) (release func()) {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatalf("holding port %d: %v", port, err)
	}
	release = sync.OnceFunc(func() { _ = syscall.Close(fd) })
	t.Cleanup(release)
	if err := syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1); err != nil {
		t.Fatalf("holding port %d: %v", port, err)
	}
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatalf("holding port %d: %v", port, err)
	}
	return release
}

// demandPort waits for the one port that a server insists on: others of its kind
// may have it for a while.
func demandPort(t *testing.T, port int) {
	t.Helper()
	look := time.NewTicker(10 * lookEvery)
	defer look.Stop()
	for end := time.Now().Add(portWithin); ; <-look.C {
		l, err := net.Listen("tcp", ":"+strconv.Itoa(port))
		if err == nil {
			_ = l.Close()
			return
		}
		if time.Now().After(end) {
			absent(t, "the server insists on a port that is taken: %v", err)
		}
	}
}

// tail keeps the last bytes written to it.
type tail struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (w *tail) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.buf.Write(p)
	if excess := w.buf.Len() - tailBytes; excess > 0 {
		w.buf.Next(excess)
	}
	return len(p), nil
}

func (w *tail) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.buf.String()
}
