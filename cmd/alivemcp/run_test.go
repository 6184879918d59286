package main_test

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"strings"
	"testing"

	main "github.com/alivemcp/alivemcp/cmd/alivemcp"
)

// terminal is a Shell whose streams are terminals, in an environment.
func terminal(out io.Writer, env map[string]string) main.Shell {
	return main.Shell{
		In: strings.NewReader(""), Out: out, Err: io.Discard, OutTTY: true, ErrTTY: true, Width: 120,
		LookupEnv: func(name string) (string, bool) { v, ok := env[name]; return v, ok },
	}
}

func TestColourOnlyOnTerminalsThatWantIt(t *testing.T) {
	url, _ := startLab(t)
	for _, tc := range []struct {
		name string
		env  map[string]string
		tty  bool
		want bool
	}{
		{"terminal", map[string]string{"TERM": "xterm"}, true, true},
		{"NO_COLOR", map[string]string{"TERM": "xterm", "NO_COLOR": "1"}, true, false},
		{"empty NO_COLOR", map[string]string{"TERM": "xterm", "NO_COLOR": ""}, true, true},
		{"dumb", map[string]string{"TERM": "dumb"}, true, false},
		{"pipe", map[string]string{"TERM": "xterm"}, false, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var out bytes.Buffer
			sh := terminal(&out, tc.env)
			sh.OutTTY = tc.tty
			if code := main.Run(t.Context(), sh, []string{"check", url + "/healthy-dual/mcp"}); code != 0 {
				t.Fatalf("exit code %d\n%s", code, out.Bytes())
			}
			if got := bytes.ContainsRune(out.Bytes(), 0x1b); got != tc.want {
				t.Errorf("escapes: %v, want %v\n%q", got, tc.want, out.Bytes())
			}
		})
	}
}

// TestWatch interrupts a watch after two lines; the last look decides.
func TestWatch(t *testing.T) {
	url, _ := startLab(t)
	for _, tc := range []struct {
		scenario, format string
		tty              bool
		code             int
		needle           string
	}{
		{"healthy-dual", "json", false, 0, `"state":"live"`},
		{"healthy-dual", "text", false, 0, " live "},
		{"tools-null", "text", false, 1, "tools_malformed"},
		{"healthy-dual", "text", true, 0, "\x1b[1A\r\x1b[K"},
	} {
		ctx, interrupt := context.WithCancel(t.Context())
		r, w := io.Pipe()
		sh := terminal(w, map[string]string{"LANG": "C.UTF-8"})
		sh.OutTTY = tc.tty
		code := make(chan int, 1)
		go func() {
			code <- main.Run(ctx, sh, []string{"check", "--watch", "--interval", "100ms", "--attempts", "1", "--format", tc.format, url + "/" + tc.scenario + "/mcp"})
			_ = w.Close()
		}()
		seen := readLines(r, 3)
		interrupt()
		_, _ = io.Copy(io.Discard, r)
		if got := <-code; got != tc.code || !strings.Contains(seen, tc.needle) {
			t.Errorf("%s %s: exit code %d, want %d; %q in\n%q", tc.scenario, tc.format, got, tc.code, tc.needle, seen)
		}
	}
}

func readLines(r io.Reader, n int) string {
	lines := bufio.NewReader(r)
	var seen strings.Builder
	for range n {
		line, err := lines.ReadString('\n')
		seen.WriteString(line)
		if err != nil {
			break
		}
	}
	return seen.String()
}

func TestInterruptedCheckSaysSo(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out, complaint bytes.Buffer
	sh := terminal(&out, nil)
	sh.Err = &complaint
	if code := main.Run(ctx, sh, []string{"check", "http://127.0.0.1:1/mcp"}); code != 2 || out.Len() > 0 {
		t.Errorf("exit code %d, output %q", code, out.Bytes())
	}
	if got := complaint.String(); !strings.Contains(got, "interrupted; 1 of 1 targets were not checked") {
		t.Errorf("stderr %q", got)
	}
}
