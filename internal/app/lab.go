package app

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/alivemcp/alivemcp/internal/lab"
	"github.com/alivemcp/alivemcp/internal/probe"
	"github.com/alivemcp/alivemcp/internal/show"
	"github.com/alivemcp/alivemcp/internal/uptime"
	"github.com/alivemcp/alivemcp/internal/verdict"
)

// LabScenarios returns the scenarios of these names in the lab's order; all of
// them without names.
func LabScenarios(names []string) ([]lab.Scenario, error) {
	all := lab.Scenarios()
	if len(names) == 0 {
		return all, nil
	}
	var some []lab.Scenario
	for _, s := range all {
		if slices.Contains(names, s.Name) {
			some = append(some, s)
		}
	}
	for _, n := range names {
		if !slices.ContainsFunc(all, func(s lab.Scenario) bool { return s.Name == n }) {
			return nil, fmt.Errorf("the lab has no scenario %q", n)
		}
	}
	return some, nil
}

// DescribeLab says of each scenario what it is; with a lab that listens also
// where it is and how to check it. caFile is where the lab's CA was written.
func DescribeLab(scenarios []lab.Scenario, l *lab.Lab, caFile string) []show.LabScenario {
	out := make([]show.LabScenario, len(scenarios))
	for i, s := range scenarios {
		out[i] = show.LabScenario{
			Name: s.Name, Group: s.Group, About: s.About,
			State: s.Expect.State, Access: s.Expect.Access, Cause: s.Expect.Cause,
		}
		if l != nil {
			out[i].URL = l.URL(s.Name)
			out[i].Command = labCommand(l, s, caFile)
		}
	}
	return out
}

// labCommand is the check of a scenario, ready to copy. What has no flag is left
// to lab --check.
func labCommand(l *lab.Lab, s lab.Scenario, caFile string) string {
	srv := l.Server(s.Name)
	if unsayable(s.Setup, srv.Profile) {
		return "alivemcp lab --check " + s.Name
	}
	words := []string{"alivemcp check", quote(srv.URL), fmt.Sprintf("--attempts %d", max(1, s.Setup.Attempts))}
	add := func(when bool, flag string) {
		if when {
			words = append(words, flag)
		}
	}
	add(s.Setup.NeedsCA, "--ca-file "+quote(caFile))
	add(s.Setup.NeedsResolver, "--resolver "+l.Resolver().String())
	add(s.Setup.Timeout > 0, "--timeout "+s.Setup.Timeout.String())
	add(s.Setup.Public, "--public")
	return strings.Join(append(words, profileWords(srv.Profile)...), " ")
}

// unsayable reports what the check command cannot be told.
func unsayable(s lab.Setup, p uptime.Profile) bool {
	return s.Lag > 0 || s.LoseAgent || s.Bench || s.Repeat > 1 || p.Credential != nil || len(p.Baseline) > 0 || p.Access != ""
}

// profileWords are the flags of a profile. The lab's headers are no secrets.
func profileWords(p uptime.Profile) []string {
	var words []string
	add := func(flag, value string) { words = append(words, flag+" "+quote(value)) }
	for _, h := range p.Headers {
		add("--header", h.Name+": "+h.Value.Reveal())
	}
	if c := p.Canary; c != nil {
		add("--canary-tool", c.Tool)
		add("--canary-args", string(c.Arguments))
		for _, a := range c.Expect {
			add("--canary-expect", assertionWord(a))
		}
		if c.Downs {
			words = append(words, "--canary-downs")
		}
	}
	for _, h := range p.Health {
		add("--health-url", h.URL)
		for _, a := range h.Expect {
			add("--health-expect", assertionWord(a))
		}
		if h.Downs {
			words = append(words, "--health-downs")
		}
	}
	return append(words, listWords(p)...)
}

func listWords(p uptime.Profile) []string {
	var words []string
	if p.Resources {
		words = append(words, "--resources")
	}
	if p.Prompts != nil {
		words = append(words, "--prompts")
	}
	if c := p.Completion; c != nil {
		ref := "prompt:" + c.Prompt
		if c.Prompt == "" {
			ref = "resource:" + c.Resource
		}
		words = append(words, "--completion "+quote(ref+"#"+c.Argument+"="+c.Value))
	}
	return words
}

func assertionWord(a uptime.Assertion) string {
	switch a.Kind {
	case uptime.AssertJSONPath:
		return "json:" + a.Path + "=" + a.Value
	case uptime.AssertNoError:
		return string(a.Kind)
	case uptime.AssertNotEmpty:
		return strings.TrimSuffix(string(a.Kind)+":"+a.Path, ":")
	case uptime.AssertContains, uptime.AssertRegex, uptime.AssertMaxMillis:
	}
	return string(a.Kind) + ":" + a.Value
}

// quote quotes a word for a POSIX shell where it needs to be.
func quote(s string) string {
	plain := func(r rune) bool {
		return r < 128 && (r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || strings.ContainsRune("%+,-./:=@_", r))
	}
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// CheckLab serves each scenario in this process, probes it and compares the
// judgement with the expected one, n at a time. done is called after each. An
// error means that the lab could not be run.
func CheckLab(ctx context.Context, scenarios []lab.Scenario, n int, done func()) ([]show.LabResult, error) {
	out := make([]show.LabResult, len(scenarios))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(max(1, n))
	for i, s := range scenarios {
		group.Go(func() (err error) {
			out[i], err = checkScenario(ctx, s)
			done()
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return out, nil
}

// checkScenario runs a lab of one scenario, whose clock is moved by hand, so
// that no scenario waits for another's time to pass.
func checkScenario(ctx context.Context, s lab.Scenario) (show.LabResult, error) {
	var ahead atomic.Int64
	now := func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	run, err := startLab(ctx, lab.Options{Scenarios: []lab.Scenario{s}, Now: now})
	if err != nil {
		return show.LabResult{}, err
	}
	advance := func() { ahead.Add(int64(time.Duration(s.Setup.Advance) * time.Minute)) }
	begin := time.Now()
	state, res, err := labVerdict(ctx, run.lab, s, advance)
	took := time.Since(begin)
	for _, e := range []error{run.Stop(), err, ctx.Err()} {
		if e != nil {
			return show.LabResult{}, fmt.Errorf("checking scenario %s: %w", s.Name, e)
		}
	}
	return labResult(s, state, res, took), nil
}

func labResult(s lab.Scenario, state uptime.State, res uptime.Result, took time.Duration) show.LabResult {
	r := show.LabResult{Name: s.Name, Group: s.Group, Want: s.Expect.State, WantCause: s.Expect.Cause, Got: state, Took: took}
	if res.Failure != nil {
		r.GotCause = res.Failure.Cause
	}
	if err := s.Expect.Check(state, res); err != nil {
		r.Problem = strings.Join(strings.Split(err.Error(), "\n"), "; ")
	}
	return r
}

// labVerdict checks a scenario as its setup says and returns the judgement.
func labVerdict(ctx context.Context, l *lab.Lab, s lab.Scenario, advance func()) (uptime.State, uptime.Result, error) {
	c, err := NewChecker(labOptions(l, s.Setup))
	if err != nil {
		return uptime.Unknown, uptime.Result{}, err
	}
	srv := l.Server(s.Name)
	if s.Setup.Bench {
		return benchVerdict(c.Bench(ctx, srv, BenchOptions{Probes: 200, Concurrency: 2, Limit: 30 * time.Second, MaxErrorRate: 5}, func() {}))
	}
	var cell uptime.Cell
	for i := range max(1, s.Setup.Repeat) {
		if i > 0 {
			advance()
		}
		cell = c.prober.Cell(ctx, &srv)
	}
	reports := []uptime.Report{verdict.Report(cell, srv.Slow)}
	if s.Setup.LoseAgent {
		cell, reports = uptime.Cell{}, nil
	}
	j := verdict.Decide(1, reports)
	res := cell.Last()
	res.Failure = j.Failure
	return j.State, res, nil
}

func benchVerdict(b show.Bench) (uptime.State, uptime.Result, error) {
	if b.Failure == nil {
		return uptime.Live, uptime.Result{}, nil
	}
	f := uptime.Failure{Cause: b.Failure.Cause, Detail: b.Failure.Detail, Effect: b.Failure.Cause.Effect()}
	return f.Effect, uptime.Result{Failure: &f}, nil
}

func labOptions(l *lab.Lab, s lab.Setup) probe.Options {
	opt := probe.Options{Timeout: s.Timeout, Attempts: max(1, s.Attempts), Gap: 10 * time.Millisecond, Thorough: true}
	opt = connectLab(l, s, opt)
	if s.Lag > 0 {
		opt.Lag = func() time.Duration { return s.Lag }
	}
	return opt
}
