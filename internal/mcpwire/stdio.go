package mcpwire

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"time"
)

// Stdio speaks MCP with a child process: one JSON message a line on its standard
// input and output. The child runs in a process group of its own, which Close
// ends. It is for one goroutine at a time.
type Stdio struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *os.File
	lines  *bufio.Reader
	stderr *tail
	exited chan struct{} // closed when the process has ended
	limits Limits
	record *Recorder
	client []byte

	// Version and Modern are as in Streamable.
	Version string
	Modern  bool
	read    int64
}

// StdioOptions say what to start.
type StdioOptions struct {
	Path   string
	Args   []string
	Env    []string // the whole environment, as KEY=value; nil is an empty one
	Dir    string
	Limits Limits
	Client []byte // clientInfo, as a JSON object
	Record *Recorder
}

// Start starts the process. The caller must Close it.
func Start(opt StdioOptions) (*Stdio, *Fault) {
	s := &Stdio{
		stderr: &tail{}, exited: make(chan struct{}),
		limits: opt.Limits.withDefaults(), record: opt.Record, client: opt.Client,
	}
	// Close ends the process; a context would only kill the first of the group.
	s.cmd = exec.Command(opt.Path, opt.Args...) //nolint:noctx // see above
	// To exec, nil means our environment, which holds secrets.
	s.cmd.Env = append([]string{}, opt.Env...)
	s.cmd.Dir, s.cmd.Stderr = opt.Dir, s.stderr
	s.cmd.WaitDelay = time.Second
	ownGroup(s.cmd)
	if err := s.start(); err != nil {
		return nil, &Fault{Kind: SpawnFailed, Detail: "the command could not be started: " + printable(err.Error(), 200), Err: err}
	}
	return s, nil
}

func (s *Stdio) start() error {
	in, err := s.cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, child, err := os.Pipe()
	if err != nil {
		return err
	}
	s.cmd.Stdout = child
	err = s.cmd.Start()
	_ = child.Close()
	if err != nil {
		_ = out.Close()
		return err
	}
	s.in, s.out, s.lines = in, out, bufio.NewReaderSize(out, bufferSize)
	go func() {
		defer close(s.exited)
		_ = s.cmd.Wait()
	}()
	return nil
}

// Call writes a request and reads lines until one answers it.
func (s *Stdio) Call(ctx context.Context, c Call) (*Answer, *Fault) {
	helper := Streamable{opt: Options{Client: s.client}, Version: s.Version, Modern: s.Modern}
	line := encodeRequest(c.ID, c.Method, helper.params(c.Params))
	x := &reply{limits: s.limits, began: time.Now()}
	x.ans.Status = 200
	err := s.talk(ctx, line, func() error { return s.readAnswer(x, c.ID) })
	x.ans.Took = time.Since(x.began)
	f := s.faulted(ctx, err, x.ans.Took)
	s.record.addLine(x, line, f)
	return &x.ans, f
}

// Notify writes a notification.
func (s *Stdio) Notify(ctx context.Context, method string) (*Answer, *Fault) {
	x := &reply{limits: s.limits, began: time.Now()}
	x.ans.Status = 202
	line := encodeRequest(-1, method, nil)
	f := s.faulted(ctx, s.talk(ctx, line, func() error { return nil }), 0)
	s.record.addLine(x, line, f)
	return &x.ans, f
}

// talk writes a line and reads within the bounds of ctx.
func (s *Stdio) talk(ctx context.Context, line []byte, read func() error) error {
	deadline, _ := ctx.Deadline()
	_ = s.out.SetReadDeadline(deadline)
	in, _ := s.in.(*os.File)
	if in != nil {
		_ = in.SetWriteDeadline(deadline)
	}
	stop := context.AfterFunc(ctx, func() {
		_ = s.out.SetReadDeadline(past())
		if in != nil {
			_ = in.SetWriteDeadline(past())
		}
	})
	defer stop()
	if _, err := s.in.Write(append(line, '\n')); err != nil {
		return err
	}
	return read()
}

// readAnswer skips notifications; anything that is no message breaks clients at
// its first byte (2025-11-25 basic/transports, stdio).
func (s *Stdio) readAnswer(x *reply, id int) error {
	for range s.limits.Events {
		line, err := s.line()
		if err != nil {
			return err
		}
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		if x.ans.FirstByte == 0 {
			x.ans.FirstByte = time.Since(x.began)
		}
		if done, f := x.takeLine(line, id); f != nil {
			return f
		} else if done {
			return nil
		}
	}
	return fault(NoAnswer, "%d messages and no answer among them", s.limits.Events)
}

func (x *reply) takeLine(line []byte, id int) (bool, *Fault) {
	if CheckJSON(line) != nil {
		return false, fault(StdoutNoise, "standard output carries something other than MCP: %s", printable(line, 80))
	}
	return x.takeEvent(event{name: "message", data: line}, id)
}

// line reads one line of at most Limits.Body bytes.
func (s *Stdio) line() ([]byte, error) {
	var line []byte
	for {
		part, err := s.lines.ReadSlice('\n')
		s.read += int64(len(part))
		line = append(line, part...)
		switch {
		case len(line) > s.limits.Body:
			return nil, fault(BodyLimit, "a message is longer than %s", sizeWord(s.limits.Body))
		case err == nil:
			return bytes.TrimRight(line, "\r\n"), nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, err
		}
	}
}

// faulted makes a Fault of err. When the process has ended, that is what is
// wrong, whatever the pipe says.
func (s *Stdio) faulted(ctx context.Context, err error, waited time.Duration) *Fault {
	var f *Fault
	switch {
	case err == nil:
		return nil
	case errors.As(err, &f):
		return f
	case errors.Is(ctx.Err(), context.Canceled):
		return &Fault{Kind: Canceled, Detail: "canceled", Err: err}
	case isTimeout(err) && !s.ended():
		return &Fault{Kind: FirstByteTimeout, Detail: "no answer on standard output within " + round(waited).String(), Err: err}
	}
	return &Fault{Kind: Exited, Detail: "the process ended before it answered" + s.exit(), Err: err}
}

// ended reports whether the process has ended. Its children may still hold its
// standard output open.
func (s *Stdio) ended() bool {
	select {
	case <-s.exited:
		return true
	default:
		return false
	}
}

// exit describes how the process ended, once it has, or within a moment.
func (s *Stdio) exit() string {
	select {
	case <-s.exited:
		return fmt.Sprintf(" (%s)", s.cmd.ProcessState)
	case <-time.After(time.Second):
		return ""
	}
}

// Stderr returns the last lines that the process wrote to standard error.
func (s *Stdio) Stderr() string { return s.stderr.String() }

// BytesRead counts what came over standard output.
func (s *Stdio) BytesRead() int64 { return s.read }

// Close closes standard input, as the specification asks, and ends the process
// group when the process does not leave by itself: terminated after grace,
// killed after twice that. It reports whether the process left by itself.
func (s *Stdio) Close(grace time.Duration) bool {
	_ = s.in.Close()
	defer func() { _ = s.out.Close() }()
	own := s.left(grace)
	if !own {
		signalGroup(s.cmd, false)
		_ = s.left(grace)
	}
	signalGroup(s.cmd, true) // grandchildren too, also when the child has left
	<-s.exited
	return own
}

func (s *Stdio) left(grace time.Duration) bool {
	select {
	case <-s.exited:
		return true
	case <-time.After(grace):
		return false
	}
}

// tail keeps the last bytes written to it.
type tail struct {
	mu  sync.Mutex
	buf []byte
}

const tailSize = 4 << 10

// Write never fails and never blocks.
func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf = append(t.buf, p[max(0, len(p)-tailSize):]...)
	if len(t.buf) > tailSize {
		t.buf = append(t.buf[:0], t.buf[len(t.buf)-tailSize:]...)
	}
	return len(p), nil
}

// String returns what was kept.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.buf)
}
