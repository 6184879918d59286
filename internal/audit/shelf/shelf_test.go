package shelf_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/csv"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alivemcp/alivemcp/internal/audit/shelf"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// records are runs over one endpoint that is always live.
type records struct {
	runs  []uptime.AuditRun
	reads map[uptime.AuditRunID]int
	gone  atomic.Bool // the disk
	out   bool        // the owner does not want it
}

func (r *records) AuditOptouts(context.Context) ([]uptime.EndpointKey, error) {
	if r.out {
		return []uptime.EndpointKey{"ep_1"}, nil
	}
	return nil, nil
}

func (r *records) AuditRuns(context.Context) ([]uptime.AuditRun, error) { return r.runs, nil }

func (r *records) AuditEvidence(_ context.Context, id uptime.AuditRunID, yield func(*uptime.AuditTarget, []uptime.AuditLook) error) error {
	r.reads[id]++
	if r.gone.Load() {
		return errors.New("the disk is gone")
	}
	target := uptime.AuditTarget{Endpoint: uptime.Endpoint{Key: "ep_1", Kind: uptime.EndpointRemote, URL: "https://a.test.dev/mcp", Optout: r.out}, Sources: []uptime.SourceID{uptime.SourceOfficial}}
	return yield(&target, []uptime.AuditLook{{Endpoint: "ep_1", Round: 1, Region: "eu", State: uptime.Live, Access: uptime.AccessOpen, Tools: 1, ToolsHash: "a"}})
}

func run(id uptime.AuditRunID, began time.Time, over bool) uptime.AuditRun {
	r := uptime.AuditRun{ID: id, Began: began, Rounds: 1, Regions: []uptime.Region{{ID: "eu", City: "London"}}, Endpoints: 1}
	if over {
		r.Ended = began.Add(time.Hour)
	}
	return r
}

func day(n int) time.Time { return time.Date(2026, 10, n, 0, 0, 0, 0, time.UTC) }

func TestReportsAreMadeOnce(t *testing.T) {
	r := &records{runs: []uptime.AuditRun{run("third", day(20), false), run("second", day(10), true), run("first", day(1), true)}, reads: map[uptime.AuditRunID]int{}}
	s := shelf.New(r, nil)
	if _, err := s.Report("second"); !errors.Is(err, uptime.ErrNotFound) {
		t.Errorf("before anything was read: %v", err)
	}
	for range 3 {
		if err := s.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	// Of each report, its numbers and its rows; the first also as the second's past.
	if r.reads["second"] != 2 || r.reads["first"] != 3 || r.reads["third"] != 0 {
		t.Errorf("the evidence was read %v times", r.reads)
	}
	if _, err := s.Report("third"); !errors.Is(err, uptime.ErrConflict) {
		t.Errorf("a run that is not over: %v", err)
	}
	got, err := s.Report("second")
	if err != nil {
		t.Fatal(err)
	}
	if h := got.Headline("strict"); h.Numerator != 1 || h.Denominator != 1 || len(got.Fragment) == 0 || len(got.Markdown) == 0 {
		t.Errorf("the report is %+v", got)
	}
	if !bytes.Contains(got.JSON, []byte(`"cohort": {`)) {
		t.Error("it says nothing of the run before")
	}
	text, err := got.EndpointsCSV()
	if err != nil {
		t.Fatal(err)
	}
	if rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll(); err != nil || len(rows) != 2 || rows[1][0] != "ep_1" {
		t.Errorf("the rows are %v, %v", rows, err)
	}
}

func TestReportNamesNobodyWhoOptedOut(t *testing.T) {
	r := &records{runs: []uptime.AuditRun{run("one", day(1), true)}, reads: map[uptime.AuditRunID]int{}}
	s := shelf.New(r, nil)
	for _, out := range []bool{false, true, true, false} {
		r.out = out
		if err := s.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		got, err := s.Report("one")
		if err != nil {
			t.Fatal(err)
		}
		rows, err := got.EndpointsCSV()
		if err != nil {
			t.Fatal(err)
		}
		if named := bytes.Contains(rows, []byte("a.test.dev")); named == out || (got.Endpoints == 0) != out {
			t.Errorf("opted out %t: named %t, of %d", out, named, got.Endpoints)
		}
	}
	if r.reads["one"] != 6 {
		t.Errorf("the evidence was read %d times, want twice whenever the owner changed their mind", r.reads["one"])
	}
}

// TestLooks: the looks of a report are read when somebody asks, once, and name nobody
// who opted out since.
func TestLooks(t *testing.T) {
	r := &records{runs: []uptime.AuditRun{run("one", day(1), true)}, reads: map[uptime.AuditRunID]int{}}
	s := shelf.New(r, nil)
	if _, err := s.Looks(t.Context(), "one"); !errors.Is(err, uptime.ErrNotFound) {
		t.Errorf("before the first report: %v", err)
	}
	for _, out := range []bool{false, true} {
		r.out = out
		if err := s.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		read := r.reads["one"]
		for range 3 {
			rows := looksOf(t, s, "one")
			if len(rows) < 1 || (len(rows) == 1) != out || rows[0][0] != "endpoint" {
				t.Errorf("opted out %t: the looks are %v", out, rows)
			}
		}
		if n := r.reads["one"] - read; n != 1 {
			t.Errorf("the evidence was read %d times for three readers", n)
		}
	}
}

func looksOf(t *testing.T, s *shelf.Shelf, id uptime.AuditRunID) [][]string {
	t.Helper()
	text, err := s.Looks(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(z).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func TestRunThatIsTakenUpAgainHasNoReport(t *testing.T) {
	r := &records{runs: []uptime.AuditRun{run("one", day(1), true)}, reads: map[uptime.AuditRunID]int{}}
	s := shelf.New(r, nil)
	for _, over := range []bool{true, false} {
		r.runs = []uptime.AuditRun{run("one", day(1), over)}
		if err := s.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Report("one"); over != (err == nil) {
			t.Errorf("over %t: %v", over, err)
		}
	}
}

func TestReportsComeWhenRunsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &records{runs: []uptime.AuditRun{run("one", day(1), true)}, reads: map[uptime.AuditRunID]int{}}
		r.gone.Store(true)
		s := shelf.New(r, nil)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- s.Run(ctx) }()
		synctest.Wait()
		if e := s.Entries(); len(e) != 1 || e[0].Report != nil {
			t.Errorf("what cannot be read gives %+v", e)
		}
		r.gone.Store(false)
		time.Sleep(61 * time.Second)
		synctest.Wait()
		if _, err := s.Report("one"); err != nil {
			t.Errorf("a minute later: %v", err)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}
