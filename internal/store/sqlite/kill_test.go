package sqlite_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/alivemcp/alivemcp/internal/store/sqlite"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// childDir tells a copy of the test binary to be the process that is killed.
const childDir = "ALIVEMCP_STORE_TEST_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		live := appendForEver
		if os.Getenv(childRoutes) != "" {
			live = routeForEver
		}
		if err := live(context.Background(), dir, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// batchSize is how many verdicts the child seals at once.
const batchSize = 3

// appendForEver goes on where the journal and the archive end, and reports each
// thing that was durable.
func appendForEver(ctx context.Context, dir string, report io.Writer) error {
	s, err := sqlite.Open(ctx, sqlite.Options{Dir: dir})
	if err != nil {
		return err
	}
	servers, err := s.SyncServers(ctx, "acme", []uptime.Server{{Slug: "alpha"}, {Slug: "beta"}})
	if err != nil {
		return err
	}
	_, last, err := s.LastSealed(ctx)
	if err != nil {
		return err
	}
	mark, err := s.Watermark(ctx)
	if err != nil {
		return err
	}
	for {
		batch := sealed(servers, last+1, last+batchSize)
		if err := s.AppendSealed(ctx, batch); err != nil {
			return err
		}
		last += batchSize
		tell(report, "sealed", int64(last))
		mark = uptime.Watermark{Cursor: last, Through: mark.Through + 1}
		if err := s.AppendMinutes(ctx, []uptime.Segment{{Minute: mark.Through, Cells: []byte{byte(mark.Through)}}}, mark); err != nil {
			return err
		}
		tell(report, "archived", int64(mark.Through))
		if last%7 == 0 {
			if err := s.PruneSealed(ctx, time.Time{}, 0); err != nil {
				return err
			}
		}
	}
}

// tell reports something durable; whoever kills the child may not read it.
func tell(report io.Writer, what string, n int64) {
	_, _ = fmt.Fprintln(report, what, n)
}

// Whatever was reported durable before a kill -9 is there after it, once.
func TestKillNine(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	dir := t.TempDir()
	var told durable
	for round := range 12 {
		told.follow(t, killed(t, dir, time.Duration(5+rand.IntN(60))*time.Millisecond, nil))
		told.check(t, dir)
		if t.Failed() {
			t.Fatalf("in round %d", round)
		}
	}
	if told.sealed < 12*batchSize {
		t.Errorf("only %d verdicts in all rounds: nothing was tested", told.sealed)
	}
}

// killed runs the child until it has reported something, and a moment more; it
// returns what it said.
func killed(t *testing.T, dir string, moment time.Duration, env []string) []string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	child := exec.CommandContext(t.Context(), self)
	child.Env = append(append(os.Environ(), childDir+"="+dir), env...)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	var said []string
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if said = append(said, lines.Text()); len(said) == 1 {
			time.AfterFunc(moment, func() { _ = child.Process.Kill() })
		}
	}
	if err := child.Wait(); err == nil {
		t.Fatal("the child ended by itself")
	}
	return said
}

// durable is what children have reported durable.
type durable struct {
	sealed   uptime.Cursor
	archived uptime.Minute
}

func (d *durable) follow(t *testing.T, said []string) {
	t.Helper()
	for _, line := range said {
		var what string
		var n int64
		if _, err := fmt.Sscan(line, &what, &n); err != nil {
			continue // cut off by the kill
		}
		switch what {
		case "sealed":
			d.sealed = uptime.Cursor(n)
		case "archived":
			d.archived = uptime.Minute(n)
		}
	}
}

// check opens what a killed child has left, and takes its end for the next
// round: what was stored but not reported may be there too.
func (d *durable) check(t *testing.T, dir string) {
	t.Helper()
	s := open(t, sqlite.Options{Dir: dir})
	defer s.Close()
	all, err := s.ReadSealed(t.Context(), 0, 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	end := uptime.Cursor(len(all))
	if end < d.sealed || end > d.sealed+batchSize {
		t.Errorf("%d verdicts in the journal, %d were reported durable", end, d.sealed)
	}
	if diff := cmp.Diff(sealed(synced(t, s, "alpha", "beta"), 1, end), all); diff != "" {
		t.Errorf("the journal (-want +got):\n%s", diff)
	}
	mark, err := s.Watermark(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	minutes, err := s.Segments(t.Context(), 0, 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	if mark.Through < d.archived || mark.Through > d.archived+1 || len(minutes) != int(mark.Through) {
		t.Errorf("watermark %+v over %d minutes, %d were reported durable", mark, len(minutes), d.archived)
	}
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
	d.sealed, d.archived = end, mark.Through
}
