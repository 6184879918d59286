package main

import (
	"fmt"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/alivemcp/alivemcp/internal/app"
	"github.com/alivemcp/alivemcp/internal/show"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// benchFlags are the flags of bench.
type benchFlags struct {
	connectFlags
	format   string
	opt      app.BenchOptions
	baseline string
	maxRatio float64
	own      bool
	quiet    bool
}

const tryBench = "bench http://127.0.0.1:8080/mcp -n 100"

func newBench(sh Shell) *cobra.Command {
	var f benchFlags
	cmd := &cobra.Command{
		Use:   "bench [flags] URL",
		Short: "Probe a server of your own many times and measure every step",
		Long: `Bench runs the full probe again and again, each time on a fresh connection, and
prints the percentiles of every step.

With --baseline the exit code is 1 when the p95 of a step is more than
--max-ratio times the baseline's; differences of a millisecond or less never
count. It is also 1 when more than --max-error-rate percent of the probes fail.

Servers that are not on this machine or at a private address need
--i-own-this-server.`,
		Example: `  alivemcp bench http://127.0.0.1:8080/mcp -n 200
  alivemcp bench http://127.0.0.1:8080/mcp --format json > baseline.json
  alivemcp bench http://127.0.0.1:8080/mcp --baseline baseline.json --max-ratio 1.5
  alivemcp bench https://mine.example/mcp -n 50 --i-own-this-server`,
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, sh, args) },
	}
	f.declare(cmd)
	return cmd
}

func (f *benchFlags) declare(cmd *cobra.Command) {
	flags := cmd.Flags()
	formatFlag(cmd, &f.format, show.Text, show.JSON)
	flags.IntVarP(&f.opt.Probes, "probes", "n", 100, "how many probes, at most 10000")
	flags.IntVarP(&f.opt.Concurrency, "concurrency", "c", 1, "how many at once, at most 64")
	flags.DurationVar(&f.opt.Limit, "limit", 10*time.Minute, "begin no probe after this time, at most 1h")
	flags.Float64Var(&f.opt.MaxErrorRate, "max-error-rate", 5, "how many `percent` of the probes may fail")
	flags.StringVar(&f.baseline, "baseline", "", "compare with an earlier run, a `file` of --format json")
	flags.Float64Var(&f.maxRatio, "max-ratio", 1.5, "how many times the baseline's p95 is allowed")
	flags.BoolVar(&f.own, "i-own-this-server", false, "allow hosts that are not on this machine or a private network")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "no progress")
	f.connectFlags.declare(cmd)
}

func (f *benchFlags) run(cmd *cobra.Command, sh Shell, args []string) error {
	format, srv, err := f.parse(sh, args)
	if err != nil {
		return err
	}
	baseline, err := f.readBaseline()
	if err != nil {
		return err
	}
	options, err := f.options("bench")
	if err != nil {
		return err
	}
	checker, err := app.NewChecker(options)
	if err != nil {
		return err
	}
	result := f.measure(cmd, sh, checker, srv)
	if cmd.Context().Err() != nil {
		return fmt.Errorf("interrupted after %d of %d probes", result.Probes, f.opt.Probes)
	}
	if baseline != nil {
		result.Comparison = app.CompareBench(*baseline, result, f.maxRatio)
	}
	if err := show.WriteBench(sh.Out, format, result, sh.style()); err != nil {
		return err
	}
	return goodOrNot(result.Good())
}

// goodOrNot is errNotGood unless good.
func goodOrNot(good bool) error {
	if good {
		return nil
	}
	return errNotGood
}

func (f *benchFlags) measure(cmd *cobra.Command, sh Shell, checker *app.Checker, srv uptime.Server) show.Bench {
	var done atomic.Int64
	stop := sh.progress(cmd.Context(), f.quiet, func(d time.Duration) string {
		return fmt.Sprintf("probed %d of %d, %.0f s", done.Load(), f.opt.Probes, d.Seconds())
	})
	defer stop()
	return checker.Bench(cmd.Context(), srv, f.opt, func() { done.Add(1) })
}

func (f *benchFlags) parse(sh Shell, args []string) (format show.Format, srv uptime.Server, err error) {
	if format, err = parseFormat(f.format, tryBench, show.Text, show.JSON); err != nil {
		return format, srv, err
	}
	if err := f.bounds(args); err != nil {
		return format, srv, err
	}
	var profile uptime.Profile
	if err := f.sign.profile(sh, &profile); err != nil {
		return format, srv, err
	}
	if srv, err = f.at(args[0], profile); err != nil {
		return format, srv, usage(tryBench, "the target is %v", err)
	}
	if !f.own && !app.Private(srv) {
		return format, srv, usageError{
			"the host is not on this machine or a private network, and many probes are a burden for others",
			"if the server is yours, add --i-own-this-server",
		}
	}
	return format, srv, nil
}

func (f *benchFlags) bounds(args []string) error {
	switch {
	case len(args) != 1:
		return usage(tryBench, "bench takes one URL, got %d", len(args))
	case f.opt.Probes < 1 || f.opt.Probes > app.MaxBenchProbes:
		return usage(tryBench, "-n is 1 to %d", app.MaxBenchProbes)
	case f.opt.Concurrency < 1 || f.opt.Concurrency > app.MaxBenchConcurrency:
		return usage(tryBench+" -c 4", "-c is 1 to %d", app.MaxBenchConcurrency)
	case f.opt.Limit <= 0 || f.opt.Limit > time.Hour:
		return usage(tryBench+" --limit 10m", "--limit is more than 0 and at most 1h")
	case f.maxRatio < 1:
		return usage(tryBench+" --max-ratio 1.5", "--max-ratio is at least 1")
	case f.opt.MaxErrorRate < 0 || f.opt.MaxErrorRate > 100:
		return usage(tryBench+" --max-error-rate 5", "--max-error-rate is 0 to 100 percent")
	}
	return f.checkTransport("bench")
}

func (f *benchFlags) readBaseline() (*show.Bench, error) {
	if f.baseline == "" {
		return nil, nil
	}
	data, err := readFile(f.baseline, maxSmallFile)
	if err != nil {
		return nil, err
	}
	b, err := app.ParseBench(data)
	return &b, err
}
