package main

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/alivemcp/alivemcp/internal/app"
	"github.com/alivemcp/alivemcp/internal/lab"
	"github.com/alivemcp/alivemcp/internal/show"
)

// labFlags are the flags of lab.
type labFlags struct {
	format    string
	list      bool
	check     []string
	scenarios []string
	listen    string
	minute    time.Duration
	caOut     string
	registry  string
	quiet     bool
}

func newLab(sh Shell) *cobra.Command {
	var f labFlags
	cmd := &cobra.Command{
		Use:   "lab [flags]",
		Short: "Serve MCP servers with known faults, to try checks and alerts on",
		Long: `Lab serves servers that each misbehave in one known way, or in none, and prints
for each the command that checks it. It runs until it is interrupted.

With --registry there are also registries that list these servers, and a configuration
that reads them, so that crawling and auditing can be tried without the internet.

With --check the lab is served in this process, every scenario is probed and the
judgement compared with the expected one; the exit code is 1 when they differ.`,
		Example: `  alivemcp lab --list
  alivemcp lab --scenario tools-null
  alivemcp lab --listen 127.0.0.1:8765 --ca-out lab-ca.pem
  alivemcp lab --registry lab.yaml
  alivemcp lab --check all`,
		Args: noArgs("lab"),
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd.Context(), sh) },
	}
	f.declare(cmd)
	return cmd
}

func (f *labFlags) declare(cmd *cobra.Command) {
	flags := cmd.Flags()
	formatFlag(cmd, &f.format, show.Text, show.JSON)
	flags.BoolVar(&f.list, "list", false, "list the scenarios and what a check must say about each")
	flags.StringArrayVar(&f.check, "check", nil, "probe the scenario of this `name`, or all, and compare (repeatable)")
	flags.StringArrayVar(&f.scenarios, "scenario", nil, "serve only the scenario of this `name` (repeatable)")
	flags.StringVar(&f.listen, "listen", "127.0.0.1:8765", "where to listen; scenarios with a port of their own choose one")
	flags.DurationVar(&f.minute, "minute", time.Minute, "how long a lab minute lasts")
	flags.StringVar(&f.caOut, "ca-out", "", "write the certificate of the lab's CA to this `file`, for --ca-file")
	flags.StringVar(&f.registry, "registry", "", "serve registries that list the servers, too, and write a configuration that reads them to this `file`")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "no progress")
	names := func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return scenarioNames(), cobra.ShellCompDirectiveNoFileComp
	}
	_ = cmd.RegisterFlagCompletionFunc("scenario", names) // fails only for a flag that does not exist
	_ = cmd.RegisterFlagCompletionFunc("check", names)    // as above
}

func scenarioNames() []string {
	all, _ := app.LabScenarios(nil) // all of them always exist
	names := make([]string, len(all))
	for i, s := range all {
		names[i] = s.Name
	}
	return names
}

func (f *labFlags) run(ctx context.Context, sh Shell) error {
	format, err := parseFormat(f.format, "lab --list", show.Text, show.JSON)
	if err != nil {
		return err
	}
	names := f.scenarios
	if len(f.check) > 0 {
		names = f.check
	}
	if len(names) == 1 && names[0] == "all" {
		names = nil
	}
	scenarios, err := app.LabScenarios(names)
	switch {
	case err != nil:
		return usage("lab --list", "%v", err)
	case f.minute <= 0:
		return usage("lab --minute 10s", "--minute must be positive")
	case f.list:
		return show.WriteLab(sh.Out, format, app.DescribeLab(scenarios, nil, ""), sh.style())
	case len(f.check) > 0:
		return f.verify(ctx, sh, format, scenarios)
	}
	return f.serve(ctx, sh, format, scenarios)
}

// labWorkers is how many scenarios are checked at once: they mostly wait.
const labWorkers = 8

func (f *labFlags) verify(ctx context.Context, sh Shell, format show.Format, scenarios []lab.Scenario) error {
	var done atomic.Int64
	stop := sh.progress(ctx, f.quiet, func(d time.Duration) string {
		return fmt.Sprintf("checked %d of %d scenarios, %.0f s", done.Load(), len(scenarios), d.Seconds())
	})
	results, err := app.CheckLab(ctx, scenarios, labWorkers, func() { done.Add(1) })
	stop()
	if err != nil {
		return err
	}
	if err := show.WriteLabResults(sh.Out, format, results, sh.style()); err != nil {
		return err
	}
	for _, r := range results {
		if r.Problem != "" {
			return errNotGood
		}
	}
	return nil
}

func (f *labFlags) serve(ctx context.Context, sh Shell, format show.Format, scenarios []lab.Scenario) error {
	l := lab.New(lab.Options{Addr: f.listen, Scenarios: scenarios, Minute: f.minute})
	if err := l.Listen(); err != nil { //nolint:contextcheck // listening takes no time; Run takes the context
		return fmt.Errorf("%w; try another address with --listen", err)
	}
	if f.caOut != "" {
		if err := replaceFile(f.caOut, l.CAPEM()); err != nil {
			return err
		}
	}
	caFile := f.caOut
	if caFile == "" {
		caFile = "lab-ca.pem"
	}
	if err := show.WriteLab(sh.Out, format, app.DescribeLab(scenarios, l, caFile), sh.style()); err != nil {
		return err
	}
	if f.caOut == "" {
		sh.remark("TLS scenarios need the lab's CA: add --ca-out lab-ca.pem")
	}
	if f.registry != "" {
		return f.serveListed(ctx, sh, l)
	}
	sh.remark("the lab serves until it is interrupted")
	return l.Run(ctx)
}

// serveListed serves the lab and registries that list its servers.
func (f *labFlags) serveListed(ctx context.Context, sh Shell, l *lab.Lab) error {
	r, err := app.OpenLabRegistries(ctx, l, f.listen)
	if err != nil {
		return err
	}
	if err := replaceFile(f.registry, r.Config()); err != nil {
		return err
	}
	sh.remark("registries list these servers, and " + f.registry + " reads them; in another terminal:")
	sh.remark("  alivemcp registry crawl --config " + f.registry)
	sh.remark("  alivemcp audit run trial --config " + f.registry + " --private --rounds 2 --gap 1s --rate 0 --host-gap 0s --per-host 100 --attempts 1 --timeout 3s")
	sh.remark("the lab serves until it is interrupted")
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx); cancel() }()
	err = l.Run(ctx)
	cancel()
	return errors.Join(err, <-ended)
}
