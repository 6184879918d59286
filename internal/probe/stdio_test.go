package probe_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/alivemcp/alivemcp/internal/probe"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// childVariable tells the test binary to play a recorded child process.
const childVariable = "ALIVEMCP_TEST_CHILD"

func TestMain(m *testing.M) {
	if recording := os.Getenv(childVariable); recording != "" {
		os.Exit(playChild(recording, os.Stdin, os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// line is one line of a recorded conversation: what was written to standard
// input (>), read from standard output (<) or standard error (!).
type line struct {
	mark byte
	text string
}

// playChild answers on standard output like the recorded process, and leaves
// when standard input closes.
func playChild(name string, in io.Reader, out, errs io.Writer) int {
	script, err := readScript(name)
	if err != nil {
		_, _ = fmt.Fprintln(errs, err)
		return 2
	}
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		method, id := methodOf(lines.Bytes())
		for _, l := range answerTo(script, method, id) {
			to := out
			if l.mark == '!' {
				to = errs
			}
			_, _ = fmt.Fprintln(to, l.text)
		}
	}
	return 0
}

func readScript(name string) ([]line, error) {
	raw, err := os.ReadFile(filepath.Join("testdata", "wire", name+".txt"))
	if err != nil {
		return nil, fmt.Errorf("reading the recording: %w", err)
	}
	elsewhere, err := os.ReadFile(filepath.Join("testdata", "wire", overHTTP(name)))
	if err != nil {
		return nil, fmt.Errorf("reading the recording over HTTP: %w", err)
	}
	var script []line
	for text := range strings.Lines(string(raw)) {
		_, said, ok := strings.Cut(strings.TrimSuffix(text, "\n"), "ms ")
		if ok && len(said) > 2 && strings.IndexByte("<>!", said[0]) >= 0 {
			script = append(script, line{said[0], whole(said[2:], string(elsewhere))})
		}
	}
	return script, nil
}

// overHTTP names the recording of the same server over HTTP.
func overHTTP(name string) string {
	if name == "stdio-mcpgo-everything" {
		return "mcpgo-everything.txt"
	}
	return "everything-streamableHttp.txt"
}

// whole completes what was longer than the 1,500 characters that the recorder of
// standard output kept: the same server said the same over HTTP.
func whole(text, elsewhere string) string {
	_, rest, found := strings.Cut(elsewhere, text)
	if json.Valid([]byte(text)) || !found {
		return text
	}
	rest, _, _ = strings.Cut(rest, "\n")
	return text + strings.TrimSuffix(rest, "\r")
}

func methodOf(message []byte) (string, string) {
	var m struct {
		ID     json.RawMessage `json:"id"`
		Method string          `json:"method"`
	}
	_ = json.Unmarshal(message, &m)
	return m.Method, string(m.ID)
}

// answerTo returns what the process wrote between the recorded request with that
// method and its answer, which gets the id of the request at hand.
func answerTo(script []line, method, id string) []line {
	for i, l := range script {
		if asked, old := methodOf([]byte(l.text)); l.mark == '>' && asked == method && old != "" {
			return untilAnswer(script[i+1:], old, id)
		}
	}
	return nil
}

func untilAnswer(script []line, old, id string) []line {
	var out []line
	for _, l := range script {
		if _, got := methodOf([]byte(l.text)); l.mark == '<' && got == old {
			l.text = strings.Replace(l.text, `"id":`+old, `"id":`+id, 1)
			return append(out, l)
		}
		if l.mark == '!' || l.mark == '<' && bytes.Contains([]byte(l.text), []byte(`"method":"notifications/`)) {
			out = append(out, l)
		}
	}
	return out
}

// TestReplayStdio talks to child processes that say what recorded ones said.
func TestReplayStdio(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]seen{
		"stdio-everything": {
			State: uptime.Live, Access: uptime.AccessOpen,
			Era: uptime.Legacy, Transport: uptime.Stdio, Version: "2025-11-25", Server: "mcp-servers/everything 2.0.0",
			Tools: 13, Hash: "fb10652136756cef32fd3bd4770a434135770d7176844065b48b86b5c991c42f",
		},
		"stdio-gosdk-hello": {
			State: uptime.Live, Access: uptime.AccessOpen,
			Era: uptime.Modern, Transport: uptime.Stdio, Version: "2026-07-28", Server: "greeter",
			Tools: 1, Hash: "dad6057f37682da1fd55fce0b2338146bd959721498bb89ae177dd25d4b7e7b1",
			Findings: "result_type_missing", // its list was asked for in the legacy way
		},
		"stdio-mcpgo-everything": {
			State: uptime.Live, Access: uptime.AccessOpen,
			Era: uptime.Modern, Transport: uptime.Stdio, Version: "2026-07-28", Server: "example-servers/everything 1.0.0",
			Tools: 6, Hash: "09e1484390d092ceac5e61cae13888f03e4f03023040891362533d75ca6566f5",
			Findings: "cache_fields_invalid result_type_missing tool_description_missing", // as above
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := probe.New(probe.Options{Attempts: 1})
			if err != nil {
				t.Fatal(err)
			}
			cell := p.Cell(t.Context(), child(t, name))
			if diff := cmp.Diff(want, seenIn(cell, nil)); diff != "" {
				t.Errorf("(-want +got)\n%s\n%+v", diff, cell.Last().Steps)
			}
		})
	}
}

// child is a server that plays a recording.
func child(t *testing.T, name string) uptime.Server {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return uptime.Server{
		ID: uptime.ServerID(name), Transport: uptime.Stdio,
		Command: uptime.Command{Path: self, Env: []string{childVariable + "=" + name}},
	}
}

// TestStdioThatIsNoServer tells a command that cannot be started from one that
// leaves at once.
func TestStdioThatIsNoServer(t *testing.T) {
	t.Parallel()
	p, err := probe.New(probe.Options{Attempts: 1})
	if err != nil {
		t.Fatal(err)
	}
	missing := child(t, "nothing")
	missing.Command.Path = "/does/not/exist"
	for name, tc := range map[string]struct {
		srv  uptime.Server
		want uptime.Cause
		step uptime.Step
	}{
		"there is no such command": {missing, uptime.ConnectRefused, uptime.StepSpawn},
		"it leaves at once":        {child(t, "no-such-recording"), uptime.ConnectReset, uptime.StepInitialize},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := p.Attempt(t.Context(), tc.srv).Failure
			if f == nil || f.Cause != tc.want || f.Step != tc.step {
				t.Errorf("got %+v, want %s at %s", f, tc.want, tc.step)
			}
			if tc.step == uptime.StepInitialize && f != nil && !strings.Contains(f.Detail, "reading the recording") {
				t.Errorf("the detail %q does not quote standard error", f.Detail)
			}
		})
	}
}
