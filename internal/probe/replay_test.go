package probe_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/alivemcp/alivemcp/internal/probe"
	"github.com/alivemcp/alivemcp/internal/uptime"
	"github.com/alivemcp/alivemcp/internal/verdict"
)

// seen is what matters of a look at a recorded server.
type seen struct {
	State     uptime.State
	Cause     uptime.Cause
	Step      uptime.Step
	Access    uptime.Access
	Era       uptime.Era
	Transport uptime.Transport
	Version   string
	Server    string
	Tools     int
	Hash      string // of the tools, without "sha256:"
	Findings  string
	Asked     []string // what went over the wire
}

func seenIn(cell uptime.Cell, asked []string) seen {
	res := cell.Last()
	s := seen{
		State: verdict.Report(cell, 0).State, Cause: cause(res.Failure), Access: res.Access,
		Era: res.Era, Transport: res.Transport, Version: res.Version,
		Server: strings.TrimSpace(res.ServerName + " " + res.ServerVer), Asked: asked,
	}
	if res.Failure != nil {
		s.Step = res.Failure.Step
	}
	if res.Tools != nil {
		s.Tools, s.Hash = res.Tools.Count, strings.TrimPrefix(res.Tools.Hash, "sha256:")
	}
	ids := make([]string, 0, len(res.Findings))
	for _, f := range res.Findings {
		ids = append(ids, f.ID)
	}
	slices.Sort(ids)
	s.Findings = strings.Join(ids, " ")
	return s
}

// TestReplay holds the probe against what real servers said, byte for byte.
func TestReplay(t *testing.T) {
	for _, want := range replayed() {
		t.Run(want.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				if diff := cmp.Diff(want.seen, lookAt(t, want.name)); diff != "" {
					t.Errorf("(-want +got)\n%s", diff)
				}
			})
		})
	}
}

// TestReplayIsComplete fails when a recording is looked at by no test.
func TestReplayIsComplete(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "wire", "*.txt"))
	if err != nil || len(files) == 0 {
		t.Fatalf("finding the recordings: %d files, %v", len(files), err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".txt")
		known := slices.ContainsFunc(replayed(), func(r replayedServer) bool { return r.name == name })
		if !known && !strings.HasPrefix(name, "stdio-") {
			t.Errorf("%s is replayed by no test", name)
		}
	}
}

func lookAt(t *testing.T, name string) seen {
	t.Helper()
	rec := readRecording(t, name+".txt")
	p := newReplay(rec)
	w := newWorld(t, nil)
	w.raw("*", p.serve)
	prober := w.newProber(t, probe.Options{Attempts: 1})
	srv := uptime.Server{ID: "recorded", URL: rec.target, Private: true}
	cell := prober.Cell(t.Context(), &srv)
	synctest.Wait()
	return seenIn(cell, p.asked)
}
