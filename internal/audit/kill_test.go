package audit_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/internal/audit"
	"github.com/alivemcp/alivemcp/internal/store/sqlite"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// childDir tells a copy of the test binary to be the process that is killed.
const childDir = "ALIVEMCP_AUDIT_TEST_DIR"

// Of the audit that is killed: what it counts, how many looks it makes at once,
// and how many may wait to be written.
const (
	killedEndpoints = 700
	killedAtOnce    = 8
	killedUnwritten = 2*500 + killedAtOnce
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		if err := auditIn(context.Background(), dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// auditIn makes, or goes on with, an audit over a store. It says on standard
// output what is durable, and keeps a line for each look that it began.
func auditIn(ctx context.Context, dir string) (err error) {
	s, err := sqlite.Open(ctx, sqlite.Options{Dir: dir})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	run := threeRounds(time.Now(), "eu", "us")
	run.Rounds, run.Gap, run.Endpoints = 2, 0, killedEndpoints
	if _, err := s.AuditRun(ctx, run.ID); errors.Is(err, uptime.ErrNotFound) {
		if err := s.BeginAudit(ctx, run, targets(killedEndpoints, killedEndpoints)); err != nil {
			return err
		}
	}
	made, err := os.OpenFile(filepath.Join(dir, "made"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, made.Close()) }()
	return audit.New(audit.Options{
		Run: run.ID, Records: s, Rate: 2500, Concurrent: killedAtOnce, HostGap: -1,
		Look: func(_ context.Context, t *uptime.AuditTarget, region string) uptime.AuditLook {
			_, _ = fmt.Fprintf(made, "%s %s\n", t.Key, region)
			return uptime.AuditLook{State: uptime.Live, Access: uptime.AccessOpen, ServerName: fmt.Sprint(os.Getpid(), " ", time.Now().UnixNano())}
		},
		Progress: func(p audit.Progress) { fmt.Println(p.Done) },
	}).Run(ctx)
}

// TestKillNine kills an audit in the middle of its rounds, again and again: what
// it had said to be kept stays as it was, and the last call makes the rest.
func TestKillNine(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	dir, before := t.TempDir(), map[string]uptime.AuditLook{}
	kills, over := 0, false
	for ; !over && kills < 20; kills++ {
		var said int
		said, over = auditChild(t, dir)
		before = stillThere(t, dir, before, said)
	}
	if !over || kills < 3 {
		t.Fatalf("over %t after %d calls", over, kills)
	}
	const all = killedEndpoints * 2 * 2
	if len(before) != all {
		t.Errorf("%d looks are kept, want %d", len(before), all)
	}
	made, err := os.ReadFile(filepath.Join(dir, "made"))
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(made), "\n"); n < all || n > all+kills*killedUnwritten {
		t.Errorf("%d looks were made in %d calls for %d that are kept", n, kills, all)
	}
}

// auditChild runs the audit until it has kept something, and a moment more. It
// returns how many looks it said to be kept, and whether it came to its end.
func auditChild(t *testing.T, dir string) (said int, over bool) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	child := exec.CommandContext(t.Context(), self)
	child.Env, child.Stderr = append(os.Environ(), childDir+"="+dir), os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	first := true
	for lines := bufio.NewScanner(out); lines.Scan(); first = false {
		if _, err := fmt.Sscan(lines.Text(), &said); err != nil {
			t.Fatal(err)
		}
		if first {
			time.AfterFunc(30*time.Millisecond, func() { _ = child.Process.Kill() })
		}
	}
	return said, child.Wait() == nil
}

// stillThere returns what is kept, which has all that was kept before, unchanged,
// and at least as much as was said.
func stillThere(t *testing.T, dir string, before map[string]uptime.AuditLook, said int) map[string]uptime.AuditLook {
	t.Helper()
	s, err := sqlite.Open(t.Context(), sqlite.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	now := map[string]uptime.AuditLook{}
	err = s.AuditEvidence(t.Context(), "test", func(_ *uptime.AuditTarget, looks []uptime.AuditLook) error {
		for i := range looks {
			now[lookKey(&looks[i])] = looks[i]
		}
		return nil
	})
	if err := errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
	for key, l := range before {
		if now[key].ServerName != l.ServerName {
			t.Fatalf("%s was %q and is %q", key, l.ServerName, now[key].ServerName)
		}
	}
	if len(now) < said {
		t.Fatalf("%d looks are kept, and %d were said to be", len(now), said)
	}
	return now
}
