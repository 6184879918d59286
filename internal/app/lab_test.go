package app_test

import (
	"context"
	"crypto/x509"
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/internal/lab"
	"github.com/alivemcp/alivemcp/internal/probe"
	"github.com/alivemcp/alivemcp/internal/uptime"
	"github.com/alivemcp/alivemcp/internal/verdict"
)

// TestEveryScenarioOfTheLab holds the probe against every fault that the lab
// knows.
func TestEveryScenarioOfTheLab(t *testing.T) {
	l := lab.New(lab.Options{Minute: 50 * time.Millisecond})
	if err := l.Listen(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	stopped := make(chan error, 1)
	go func() { stopped <- l.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-stopped; err != nil {
			t.Error(err)
		}
	})
	for _, s := range l.Scenarios() {
		t.Run(s.Group+"/"+s.Name, func(t *testing.T) {
			t.Parallel()
			checkScenario(t, l, s)
		})
	}
}

func checkScenario(t *testing.T, l *lab.Lab, s lab.Scenario) {
	t.Helper()
	if s.Setup.Bench {
		t.Skip("only a series of handshakes shows it")
	}
	opt := probe.Options{Timeout: s.Setup.Timeout, Attempts: max(s.Setup.Attempts, 1), Gap: time.Millisecond, Thorough: true}
	if s.Setup.NeedsCA {
		opt.Roots = x509.NewCertPool()
		opt.Roots.AppendCertsFromPEM(l.CAPEM())
	}
	if s.Setup.NeedsResolver {
		opt.Resolver = l.Resolver()
	}
	if s.Setup.Lag > 0 {
		opt.Lag = func() time.Duration { return s.Setup.Lag }
	}
	p, err := probe.New(opt)
	if err != nil {
		t.Fatal(err)
	}
	var cells []uptime.Cell
	for i := range max(s.Setup.Repeat, 1) {
		if i > 0 && s.Setup.Advance > 0 {
			<-time.After(time.Duration(s.Setup.Advance) * 50 * time.Millisecond)
		}
		cells = []uptime.Cell{p.Cell(t.Context(), l.Server(s.Name))}
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
