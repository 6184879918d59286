package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/alivemcp/alivemcp/internal/app"
	"github.com/alivemcp/alivemcp/internal/probe"
	"github.com/alivemcp/alivemcp/internal/show"
)

// checkFlags are the flags of check.
type checkFlags struct {
	connectFlags
	profileFlags
	stdioFlags
	format      string
	failOn      string
	concurrency int
	transcript  bool
	quiet       bool
	// clientConfig is the file of an MCP client, client how to read it.
	clientConfig, client string
	repeat               bool
	interval             time.Duration
	// lab runs the scenarios that the arguments name; nil without such.
	lab *app.LabTargets
}

func checkFormats() []show.Format {
	return []show.Format{show.Text, show.JSON, show.JUnit, show.GitHub, show.Markdown}
}

func newCheck(sh Shell) *cobra.Command {
	var f checkFlags
	cmd := &cobra.Command{
		Use:   "check [flags] URL... | - | --stdio -- COMMAND [ARG...]",
		Short: "Check servers now and say what is wrong",
		Long: `Check completes the handshake, lists the tools and judges each server.

A server that fails is tried again, three times in all; --attempts 1 is quicker.
--fail-on decides when the exit code is 1:
  down      a server is down (default; unknown passes, it is no evidence)
  degraded  a server is not live, unknown included
  warn      as degraded, or there is a finding of severity warn or fail
With --client-config it is also 1 when the client could not use an entry.

A credential is only ever sent to one origin: check others in a run of their own.

lab:NAME checks a server that the command itself starts; alivemcp lab --list
names them.`,
		Example: `  alivemcp check https://example.com/mcp
  alivemcp check lab:healthy-modern lab:tools-empty
  alivemcp check https://a.example/mcp https://b.example/mcp --format json
  alivemcp check https://example.com/mcp --bearer-env MCP_TOKEN --fail-on warn
  alivemcp check https://example.com/mcp --canary-tool search --canary-args '{"q":"x"}' --canary-expect not_empty
  alivemcp check --stdio -- npx -y @modelcontextprotocol/server-everything
  alivemcp check --client-config ~/.cursor/mcp.json
  alivemcp check - < urls.txt
  alivemcp check --watch --interval 30s https://example.com/mcp`,
		RunE: func(cmd *cobra.Command, args []string) error { return f.withLab(cmd, sh, args) },
	}
	f.declare(cmd)
	return cmd
}

func (f *checkFlags) declare(cmd *cobra.Command) {
	flags := cmd.Flags()
	formatFlag(cmd, &f.format, checkFormats()...)
	flags.StringVar(&f.failOn, "fail-on", "down", "exit 1 from here on: down|degraded|warn")
	flags.IntVar(&f.concurrency, "concurrency", 8, "how many servers are checked at once, 1 to 64")
	flags.BoolVar(&f.transcript, "transcript", false, "print the requests and answers, without secrets")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "no progress")
	flags.StringVar(&f.clientConfig, "client-config", "", "check the servers of an MCP client's configuration `file`; runs its commands")
	flags.StringVar(&f.client, "client", "", "read that file as this client does (default: found out): "+strings.Join(app.ClientNames(), "|"))
	_ = cmd.RegisterFlagCompletionFunc("client", cobra.FixedCompletions(app.ClientNames(), cobra.ShellCompDirectiveNoFileComp)) // fails only for a flag that does not exist
	words := []string{"down", "degraded", "warn"}
	_ = cmd.RegisterFlagCompletionFunc("fail-on", cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)) // fails only for a flag that does not exist
	flags.BoolVar(&f.repeat, "watch", false, "check again and again until interrupted")
	flags.DurationVar(&f.interval, "interval", time.Minute, "from one look to the next with --watch; at least 5s for servers elsewhere")
	f.connectFlags.declare(cmd)
	f.declareAttempts(cmd)
	f.profileFlags.declare(flags)
	f.stdioFlags.declare(flags)
}

// checkRun is a check command line, understood.
type checkRun struct {
	format  show.Format
	failOn  app.FailOn
	options probe.Options
	targets []app.Target
}

// withLab serves the scenarios among the arguments while they are checked.
func (f *checkFlags) withLab(cmd *cobra.Command, sh Shell, args []string) (err error) {
	var names []string
	for _, arg := range args {
		if name, ok := strings.CutPrefix(arg, app.LabPrefix); ok {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return f.run(cmd, sh, args)
	}
	if len(names) != len(args) || f.stdio || f.sign.given() {
		return usage("check lab:healthy-modern lab:tools-empty", "scenarios of the lab are checked by themselves, with what the lab knows of them")
	}
	if f.lab, err = app.StartLab(cmd.Context(), names); err != nil {
		return usage("lab --list", "%v", err)
	}
	defer func() { err = errors.Join(err, f.lab.Stop()) }()
	return f.run(cmd, sh, args)
}

func (f *checkFlags) run(cmd *cobra.Command, sh Shell, args []string) error {
	r, err := f.parse(sh, args, cmd.ArgsLenAtDash())
	if err != nil {
		return err
	}
	checker, err := app.NewChecker(r.options)
	if err != nil {
		return err
	}
	if f.repeat {
		return f.watch(cmd.Context(), sh, checker, r)
	}
	checks, missing := f.look(cmd.Context(), sh, checker, r.targets)
	if err := f.print(sh, r, checks); err != nil {
		return err
	}
	return judge(r.failOn, checks, missing)
}

func (f *checkFlags) parse(sh Shell, args []string, dash int) (r checkRun, err error) {
	if r.format, err = parseFormat(f.format, "check https://example.com/mcp", checkFormats()...); err != nil {
		return r, err
	}
	if r.failOn, err = app.ParseFailOn(f.failOn); err != nil {
		return r, usage("check --fail-on degraded https://example.com/mcp", "%v", err)
	}
	if f.concurrency < 1 || f.concurrency > 64 {
		return r, usage("check --concurrency 8 https://example.com/mcp", "--concurrency is 1 to 64")
	}
	if r.options, err = f.options("check"); err != nil {
		return r, err
	}
	r.options.KeepTranscript, r.options.Thorough = f.transcript, !f.repeat
	if f.lab != nil {
		r.options = f.lab.Adapt(r.options)
	}
	if r.targets, err = f.targets(sh, args, dash); err != nil || !f.repeat {
		return r, err
	}
	return r, f.checkInterval(r)
}

// look checks all servers and tells the progress meanwhile.
func (f *checkFlags) look(ctx context.Context, sh Shell, checker *app.Checker, targets []app.Target) ([]show.Check, int) {
	var done atomic.Int64
	stop := sh.progress(ctx, f.quiet, func(d time.Duration) string {
		if len(targets) == 1 {
			return fmt.Sprintf("checking %s, %.0f s", show.Clean(targets[0].Server.Name, 60), d.Seconds())
		}
		return fmt.Sprintf("checked %d of %d, %.0f s", done.Load(), len(targets), d.Seconds())
	})
	defer stop()
	return checker.All(ctx, targets, f.concurrency, func(show.Check) { done.Add(1) })
}

func (f *checkFlags) print(sh Shell, r checkRun, checks []show.Check) error {
	if len(checks) == 0 {
		return nil
	}
	st := sh.style()
	st.Transcript = f.transcript
	st.Bad = func(c show.Check) bool { return !good(r.failOn, c) }
	if err := show.Write(sh.Out, r.format, checks, st); err != nil || r.format != show.GitHub {
		return err
	}
	return sh.stepSummary(checks, st)
}

// stepSummary appends a summary to the page of a GitHub run, when there is one.
func (sh Shell) stepSummary(checks []show.Check, st show.Style) error {
	name := sh.getenv("GITHUB_STEP_SUMMARY")
	if name == "" {
		return nil
	}
	f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600) // #nosec G304 -- the runner names the file
	if err != nil {
		return fmt.Errorf("appending to GITHUB_STEP_SUMMARY: %w", err)
	}
	st.Color = false
	return errors.Join(show.Write(f, show.Markdown, checks, st), f.Close())
}

func judge(threshold app.FailOn, checks []show.Check, missing int) error {
	if missing > 0 {
		return fmt.Errorf("interrupted; %d of %d targets were not checked", missing, missing+len(checks))
	}
	for _, c := range checks {
		if !good(threshold, c) {
			return errNotGood
		}
	}
	return nil
}

// good is what the threshold says, unless the client's own file is in the way.
func good(threshold app.FailOn, c show.Check) bool {
	return threshold.Good(c) && !app.Misconfigured(c)
}
