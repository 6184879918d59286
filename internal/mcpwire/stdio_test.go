//go:build unix

package mcpwire_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/internal/mcpwire"
)

// childEnv names the behaviour that the test binary takes on as a child.
const childEnv = "MCPWIRE_TEST_CHILD"

// TestMain turns the test binary into a server on standard input and output
// when it is started as one.
func TestMain(m *testing.M) {
	if play, ok := children()[os.Getenv(childEnv)]; ok {
		play()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// children are the servers. Each returns when its work is done.
func children() map[string]func() {
	fmtln := func(lines ...string) func() {
		return func() { eachRequest(func(string) { fmt.Println(strings.Join(lines, "\n")) }) }
	}
	return map[string]func(){
		"good":          fmtln(good),
		"talkative":     fmtln("", changed, " ", changed+"\r", good),
		"asking":        fmtln(asking, good),
		"noise":         fmtln("Server running on stdio", good),
		"banner":        func() { fmt.Println("\x1b[1mWelcome\x1b[0m"); fmtln(good)() },
		"invalid UTF-8": fmtln("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"\xff\"}"),
		"array":         fmtln("[" + good + "]"),
		"other id":      fmtln(foreign),
		"huge line":     func() { _, _ = io.Copy(os.Stdout, forever("x")) },
		"huge answer":   fmtln(`{"jsonrpc":"2.0","id":1,"result":"` + strings.Repeat("x", 7<<20) + `"}`),
		"cut":           func() { bufio.NewScanner(os.Stdin).Scan(); fmt.Print(good[:20]) },
		"silent":        func() { eachRequest(func(string) {}) },
		"dies": func() {
			fmt.Fprintln(os.Stderr, "Error: Cannot find module 'x'")
			os.Exit(3)
		},
		"chatty": func() {
			_, _ = io.CopyN(os.Stderr, forever("line\n"), 1<<20)
			fmt.Fprint(os.Stderr, "the end")
			fmtln(good)()
		},
		"reads never": func() { ignoreTermination(); select {} },
		"stubborn": func() {
			ignoreTermination()
			grandchild("sleeper")
			eachRequest(func(string) { fmt.Println(good) })
			select {}
		},
		"leaves a child": func() { grandchild("sleeper"); eachRequest(func(string) { fmt.Println(good) }) },
		"dies over a child": func() {
			bufio.NewScanner(os.Stdin).Scan()
			grandchild("sleeper")
			os.Exit(4)
		},
		"sleeper": func() { ignoreTermination(); select {} },
	}
}

func eachRequest(do func(line string)) {
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		do(in.Text())
	}
}

func ignoreTermination() { signal.Ignore(syscall.SIGTERM, syscall.SIGPIPE) }

// grandchild starts a process that holds standard output open, and tells its id
// on standard error.
func grandchild(name string) {
	cmd := exec.CommandContext(context.Background(), os.Args[0])
	cmd.Env = []string{childEnv + "=" + name}
	cmd.Stdout = os.Stdout
	if err := cmd.Start(); err != nil {
		panic(err)
	}
	fmt.Fprintf(os.Stderr, "grandchild %d\n", cmd.Process.Pid)
}

// start starts a child; the test's end kills what is left of it.
func start(t *testing.T, name string) *mcpwire.Stdio {
	t.Helper()
	s, f := mcpwire.Start(mcpwire.StdioOptions{
		Path: os.Args[0], Env: []string{childEnv + "=" + name, "GORACE=atexit_sleep_ms=0"}, Client: []byte(`{"name":"test"}`),
	})
	if f != nil {
		t.Fatal(f)
	}
	t.Cleanup(func() { s.Close(time.Millisecond) })
	return s
}

func TestStdio(t *testing.T) {
	tests := map[string]struct {
		kind   mcpwire.Kind
		detail string
		notes  int
	}{
		"good":              {"", "", 0},
		"talkative":         {"", "", 0},
		"asking":            {"", "", 1},
		"chatty":            {"", "", 0},
		"noise":             {mcpwire.StdoutNoise, "Server running on stdio", 0},
		"banner":            {mcpwire.StdoutNoise, "[1mWelcome", 0},
		"invalid UTF-8":     {mcpwire.StdoutNoise, "", 0},
		"array":             {mcpwire.BadEnvelope, "array", 0},
		"other id":          {mcpwire.IDMismatch, "", 1},
		"huge line":         {mcpwire.BodyLimit, "8 MiB", 0},
		"cut":               {mcpwire.Exited, "exit status 0", 0},
		"dies":              {mcpwire.Exited, "exit status 3", 0},
		"dies over a child": {mcpwire.Exited, "exit status 4", 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := start(t, name)
			ctx, cancel := timeout(t, 10*time.Second)
			defer cancel()
			if name == "dies over a child" { // whose output stays open
				ctx, cancel = timeout(t, time.Second)
				defer cancel()
			}
			ans, f := s.Call(ctx, theCall())
			wantKind(t, f, test.kind)
			if test.kind == "" {
				wantGood(t, ans, f)
			} else if f != nil && !strings.Contains(f.Detail, test.detail) {
				t.Errorf("detail is %q, want %q in it", f.Detail, test.detail)
			}
			if len(ans.Notes) != test.notes {
				t.Errorf("notes are %v", ans.Notes)
			}
		})
	}
}

func TestStdioHugeAnswer(t *testing.T) {
	s := start(t, "huge answer")
	ans, f := s.Call(t.Context(), theCall())
	if f != nil || len(ans.Message.Result) != 7<<20+2 || s.BytesRead() < 7<<20 {
		t.Errorf("%d bytes of result, fault %v", len(ans.Message.Result), f)
	}
}

func TestStdioConversation(t *testing.T) {
	s := start(t, "good")
	s.Modern, s.Version = true, "2026-07-28"
	for range 3 {
		ans, f := s.Call(t.Context(), theCall())
		wantGood(t, ans, f)
	}
	if _, f := s.Notify(t.Context(), "notifications/initialized"); f != nil {
		t.Error(f)
	}
	if !s.Close(10 * time.Second) {
		t.Error("the child did not leave when its input was closed")
	}
}

func TestStdioStderrTail(t *testing.T) {
	s := start(t, "dies")
	_, f := s.Call(t.Context(), theCall())
	wantKind(t, f, mcpwire.Exited)
	if got := s.Stderr(); got != "Error: Cannot find module 'x'\n" {
		t.Errorf("stderr is %q", got)
	}
	s = start(t, "chatty")
	ans, f := s.Call(t.Context(), theCall())
	wantGood(t, ans, f)
	if s.Close(10 * time.Second); len(s.Stderr()) != 4<<10 || !strings.HasSuffix(s.Stderr(), "the end") {
		t.Errorf("%d bytes of stderr, ending in %q", len(s.Stderr()), s.Stderr()[max(0, len(s.Stderr())-20):])
	}
}

func TestStdioAfterTheEnd(t *testing.T) {
	s := start(t, "dies")
	_, f := s.Call(t.Context(), theCall())
	wantKind(t, f, mcpwire.Exited)
	_, f = s.Call(t.Context(), theCall())
	wantKind(t, f, mcpwire.Exited)
	_, f = s.Notify(t.Context(), "notifications/initialized")
	wantKind(t, f, mcpwire.Exited)
}

func TestStdioDeadline(t *testing.T) {
	s := start(t, "silent")
	ctx, cancel := timeout(t, 30*time.Millisecond)
	defer cancel()
	_, f := s.Call(ctx, theCall())
	wantKind(t, f, mcpwire.FirstByteTimeout)
}

// TestStdioNotRead: a child that reads nothing fills the pipe; the deadline and
// the context end the writing too.
func TestStdioNotRead(t *testing.T) {
	call := theCall()
	call.Params = []byte(`"` + strings.Repeat("x", 1<<20) + `"`)
	s := start(t, "reads never")
	ctx, cancel := timeout(t, 30*time.Millisecond)
	defer cancel()
	_, f := s.Call(ctx, call)
	wantKind(t, f, mcpwire.FirstByteTimeout)
	s = start(t, "reads never")
	ctx, cancel = context.WithCancel(t.Context())
	time.AfterFunc(30*time.Millisecond, cancel)
	_, f = s.Call(ctx, call)
	wantKind(t, f, mcpwire.Canceled)
}

func TestStdioCancel(t *testing.T) {
	s := start(t, "silent")
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(10*time.Millisecond, cancel)
	_, f := s.Call(ctx, theCall())
	wantKind(t, f, mcpwire.Canceled)
}

// TestStdioEnvironment: the child sees what it is given, and nothing of ours.
func TestStdioEnvironment(t *testing.T) {
	t.Setenv("MCPWIRE_TEST_SECRET", "ours")
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("there is no shell that could show its environment")
	}
	const show = `read -r _; printf '{"jsonrpc":"2.0","id":1,"result":"%s"}\n' "$MCPWIRE_TEST_SECRET"`
	for want, env := range map[string][]string{`""`: nil, `"given"`: {"MCPWIRE_TEST_SECRET=given"}} {
		s, f := mcpwire.Start(mcpwire.StdioOptions{Path: shell, Args: []string{"-c", show}, Env: env})
		if f != nil {
			t.Fatal(f)
		}
		t.Cleanup(func() { s.Close(time.Second) })
		ans, f := s.Call(t.Context(), theCall())
		if f != nil || string(ans.Message.Result) != want {
			t.Errorf("with the environment %q: the child sees %s, fault %v; want %s", env, ans.Message.Result, f, want)
		}
	}
}

func TestStdioSpawn(t *testing.T) {
	_, f := mcpwire.Start(mcpwire.StdioOptions{Path: t.TempDir() + "/none"})
	wantKind(t, f, mcpwire.SpawnFailed)
}

// TestStdioLeavesNothing: Close ends the child and what it started, also when
// neither wants to go.
func TestStdioLeavesNothing(t *testing.T) {
	for name, leaves := range map[string]bool{"stubborn": false, "leaves a child": true} {
		t.Run(name, func(t *testing.T) {
			s := start(t, name)
			ans, f := s.Call(t.Context(), theCall())
			wantGood(t, ans, f)
			grace := 50 * time.Millisecond
			if leaves {
				grace = 10 * time.Second
			}
			if own := s.Close(grace); own != leaves {
				t.Errorf("Close reports %v", own)
			}
			_, id, _ := strings.Cut(s.Stderr(), "grandchild ")
			pid, err := strconv.Atoi(strings.TrimSpace(id))
			if err != nil {
				t.Fatal(err)
			}
			awaitGone(t, pid)
		})
	}
}

// awaitGone waits until the process is no more. Who reaps an orphan, and when,
// is up to the system: a zombie counts as gone.
func awaitGone(t *testing.T, pid int) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); <-time.After(time.Millisecond) {
		if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			return
		}
		stat, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
		if strings.Contains(string(stat), ") Z ") {
			return
		}
	}
	t.Errorf("process %d is still there", pid)
}
