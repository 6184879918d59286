package app_test

import (
	"context"
	"crypto/x509"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/internal/lab"
	"github.com/alivemcp/alivemcp/internal/probe"
	"github.com/alivemcp/alivemcp/internal/uptime"
	"github.com/alivemcp/alivemcp/internal/verdict"
)

// TestEveryScenarioOfTheLab holds the probe against every fault that the lab
// knows: state, cause, step, wording, findings.
func TestEveryScenarioOfTheLab(t *testing.T) {
	shared := newBench(t, nil)
	for _, s := range lab.Scenarios() {
		t.Run(s.Group+"/"+s.Name, func(t *testing.T) {
			t.Parallel()
			b := shared
			if s.Setup.Advance > 0 { // it moves the clock, which others share
				b = newBench(t, []lab.Scenario{s})
			}
			b.check(t, s)
		})
	}
}

// bench is a running lab with a clock that can be moved on.
type bench struct {
	lab   *lab.Lab
	ahead atomic.Int64
}

func newBench(t *testing.T, scenarios []lab.Scenario) *bench {
	t.Helper()
	b := &bench{}
	now := func() time.Time { return time.Now().Add(time.Duration(b.ahead.Load())) }
	b.lab = lab.New(lab.Options{Scenarios: scenarios, Now: now})
	if err := b.lab.Listen(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	stopped := make(chan error, 1)
	go func() { stopped <- b.lab.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-stopped; err != nil {
			t.Error(err)
		}
	})
	return b
}

func (b *bench) check(t *testing.T, s lab.Scenario) {
	t.Helper()
	if s.Setup.Bench {
		t.Skip("only a series of handshakes shows it; see TestBench")
	}
	p := b.prober(t, s)
	var cells []uptime.Cell
	for i := range max(s.Setup.Repeat, 1) {
		if i > 0 {
			b.ahead.Add(int64(time.Duration(s.Setup.Advance) * time.Minute))
		}
		cells = []uptime.Cell{p.Cell(t.Context(), b.lab.Server(s.Name))}
	}
	if s.Setup.LoseAgent {
		cells = nil
	}
	j := verdict.Decide(1, cells)
	var res uptime.Result
	if len(cells) > 0 {
		res = cells[0].Last()
	}
	res.Failure = j.Failure
	if err := s.Expect.Check(j.State, res); err != nil {
		t.Errorf("%s\n%v\ngot state %s failure %+v\nsteps %+v\nfindings %+v", s.About, err, j.State, j.Failure, res.Steps, res.Findings)
	}
}

func (b *bench) prober(t *testing.T, s lab.Scenario) *probe.Prober {
	t.Helper()
	opt := probe.Options{Timeout: s.Setup.Timeout, Attempts: max(s.Setup.Attempts, 1), Gap: time.Millisecond, Thorough: true}
	if s.Setup.NeedsCA {
		opt.Roots = x509.NewCertPool()
		opt.Roots.AppendCertsFromPEM(b.lab.CAPEM())
	}
	if s.Setup.NeedsResolver {
		opt.Resolver = b.lab.Resolver()
	}
	if s.Setup.Lag > 0 {
		opt.Lag = func() time.Duration { return s.Setup.Lag }
	}
	p, err := probe.New(opt)
	if err != nil {
		t.Fatal(err)
	}
	return p
}
