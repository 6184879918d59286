//go:build unix

package command_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/internal/alert/command"
	"github.com/alivemcp/alivemcp/internal/alert/sinktest"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// run delivers the notice to a shell script.
func run(t *testing.T, script string, n uptime.Notice, opt command.Options) *uptime.Refusal {
	t.Helper()
	opt.Path, opt.Args = "/bin/sh", []string{"-c", script}
	s, err := command.New(opt)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Deliver(t.Context(), sinktest.Wrap(n, 1), ""); err != nil {
		return uptime.RefusalOf(err)
	}
	return nil
}

func TestExit(t *testing.T) {
	for script, want := range map[string]struct {
		taken, temporary bool
		reason           string
	}{
		"exit 0":                               {true, false, ""},
		"exec <&-; exit 0":                     {true, false, ""},
		"exit 75":                              {false, true, "status 75"},
		"exit 1":                               {false, true, "status 1"},
		"exit 65":                              {false, false, "status 65"},
		"exit 78":                              {false, false, "status 78"},
		"kill -9 $$":                           {false, true, "signal"},
		"echo out; echo 'no \x1b' >&2; exit 3": {false, true, "status 3: out no"},
		"yes xxxxxxxxxx | head -c 1000000; echo; echo THE END; exit 3": {false, true, "THE END"},
	} {
		r := run(t, script, sinktest.Outage(uptime.NoticeOpens), command.Options{})
		if (r == nil) != want.taken {
			t.Errorf("%s: %+v", script, r)
		}
		if r != nil && (r.Temporary != want.temporary || !strings.Contains(r.Reason, want.reason) || len(r.Reason) > 600) {
			t.Errorf("%s: %+v", script, r)
		}
	}
}

// What it runs longer than it may ends with all its children.
func TestTimeout(t *testing.T) {
	left := filepath.Join(t.TempDir(), "left")
	begin := time.Now()
	r := run(t, "(sleep 120; touch "+left+") & sleep 120", sinktest.Test(), command.Options{Timeout: 200 * time.Millisecond})
	if r == nil || !r.Temporary || !strings.Contains(r.Reason, "longer than") {
		t.Errorf("got %+v", r)
	}
	if took := time.Since(begin); took > 60*time.Second {
		t.Errorf("it took %v: a child was still holding the output", took)
	}
}

// What the program wrote is told to others when the sink fails.
func TestOutputIsNotRepeatedInFull(t *testing.T) {
	script := `echo "curl -H 'Bearer $KEY' https://user:pw@pager.internal/x?t=1 at 12:30:45: connect to 10.1.2.3:8443 [fe80::1] 1.2.3 failed"; exit 3`
	r := run(t, script, sinktest.Test(), command.Options{Env: []string{"KEY=" + sinktest.Secret}})
	for _, word := range []string{sinktest.Secret, "pager.internal", "pw@", "10.1.2.3", "fe80::1"} {
		if strings.Contains(r.Reason, word) {
			t.Errorf("the reason holds %q: %s", word, r.Reason)
		}
	}
	for _, word := range []string{"at 12:30:45: connect to", "1.2.3 failed"} {
		if !strings.Contains(r.Reason, word) {
			t.Errorf("the reason lacks %q: %s", word, r.Reason)
		}
	}
}

// The outbox waits for as long as the program may run.
func TestTimeoutIsTold(t *testing.T) {
	s, err := command.New(command.Options{Path: "/bin/true", Timeout: time.Minute})
	if err != nil || s.Timeout() <= time.Minute {
		t.Errorf("got %v, %v", s.Timeout(), err)
	}
}

// A script without its first line is no program, however often it is tried.
func TestNoProgram(t *testing.T) {
	file := filepath.Join(t.TempDir(), "script")
	if err := os.WriteFile(file, []byte("echo hello\n"), 0o700); err != nil { //nolint:gosec // it has to be executable
		t.Fatal(err)
	}
	s, err := command.New(command.Options{Path: file})
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Deliver(t.Context(), sinktest.Wrap(sinktest.Test(), 1), "")
	if r := uptime.RefusalOf(err); err == nil || r.Temporary || !strings.Contains(r.Reason, "#!") {
		t.Errorf("got %+v", r)
	}
}

func TestInputAndEnvironment(t *testing.T) {
	t.Setenv("ALIVEMCP_TEST_LEAK", sinktest.Secret)
	file := filepath.Join(t.TempDir(), "out")
	r := run(t, "cat > "+file+"; env > "+file+".env; pwd > "+file+".dir", sinktest.Outage(uptime.NoticeCloses), command.Options{Env: []string{"MINE=yes"}})
	if r != nil {
		t.Fatal(r)
	}
	var got struct{ Delivery, Key, Severity, Title string }
	if err := json.Unmarshal(read(t, file), &got); err != nil || got.Key != "inc_sample_outage" || got.Severity != "P1" || got.Title == "" || got.Delivery == "" {
		t.Errorf("got %+v, %v", got, err)
	}
	env := string(read(t, file+".env"))
	for _, line := range []string{"MINE=yes\n", "ALIVEMCP_PHASE=closes\n", "ALIVEMCP_TYPE=alert.resolved\n", "ALIVEMCP_SEVERITY=P1\n", "ALIVEMCP_DELIVERY=" + got.Delivery + "\n"} {
		if !strings.Contains(env, line) {
			t.Errorf("the environment lacks %q", line)
		}
	}
	if strings.Contains(env, sinktest.Secret) || string(read(t, file+".dir")) != "/\n" {
		t.Errorf("the environment is %s", env)
	}
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestPayloads(t *testing.T) {
	file := filepath.Join(t.TempDir(), "out")
	for _, sample := range sinktest.Samples() {
		s, err := command.New(command.Options{Path: "/bin/sh", Args: []string{"-c", "cat > " + file}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Deliver(t.Context(), &sample.Delivery, ""); err != nil {
			t.Errorf("%s: %v", sample.Name, err)
		}
		sinktest.CleanJSON(t, read(t, file))
	}
}

func TestNotThere(t *testing.T) {
	s, err := command.New(command.Options{Path: "/does/not/exist"})
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Deliver(t.Context(), sinktest.Wrap(sinktest.Test(), 1), "")
	if r := uptime.RefusalOf(err); err == nil || r.Temporary {
		t.Errorf("got %+v", r)
	}
	for _, opt := range []command.Options{{}, {Path: "sh"}, {Path: "/bin/sh", Env: []string{"X"}}} {
		if _, err := command.New(opt); err == nil {
			t.Errorf("%+v is taken", opt)
		}
	}
}
