package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/alivemcp/alivemcp/internal/app"
	"github.com/alivemcp/alivemcp/internal/drill"
	"github.com/alivemcp/alivemcp/internal/show"
)

// drillFlags are the flags of drill outage.
type drillFlags struct {
	kind   string
	format string
	output string
	tamper string
	quiet  bool
}

func newDrill(sh Shell) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "drill",
		Short: "Try whether the right people are told when something breaks",
		Long: `Drill breaks servers that exist for that only, and checks that exactly the right
notices arrive, in time. It needs no configuration and touches no running monitor.`,
		Example: `  alivemcp drill outage
  alivemcp drill outage --kind cluster`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usage("drill outage", "there is no drill %q", args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newDrillOutage(sh))
	return cmd
}

func newDrillOutage(sh Shell) *cobra.Command {
	var f drillFlags
	cmd := &cobra.Command{
		Use:   "outage [flags]",
		Short: "Break servers of the lab and check who is told",
		Long: `Outage runs a monitor in this process, with tenants of its own in a temporary
directory, from the schedule to webhooks and mails over loopback. It breaks servers,
and a receiver that verifies signatures notes what comes. A drill takes about a minute.

The kinds:
  single   one server of a tenant with three goes down: two webhooks and a mailbox of
           that tenant are told once each, on the same thread when it returns, and
           no other tenant is
  cluster  a platform fails under six of eight tenants: the operator is told once,
           the tenants are not
  budget   a tenant that may be told of two outages an hour has four: what is above
           waits for the hourly digest, and P1 does not. The clock of those who tell
           people is moved to the full hour

A notice has one cycle of five seconds plus ten seconds, the news that it is over
two cycles plus ten seconds. With --tamper the receiver does wrong: then the drill
has to fail, or it would prove nothing. The exit code is 0 when everything was as it had to be, 1 when
something was not, and 2 when the drill could not be done.`,
		Example: `  alivemcp drill outage
  alivemcp drill outage --kind cluster --output drill.txt
  alivemcp drill outage --kind budget --format json > drill.json
  alivemcp drill outage --tamper drop || echo "as it should be"`,
		Args: noArgs("drill outage"),
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd.Context(), sh) },
	}
	flags := cmd.Flags()
	formatFlag(cmd, &f.format, show.Text, show.JSON)
	flags.StringVar(&f.kind, "kind", string(drill.Single), "what breaks: "+words(drill.Kinds()))
	flags.StringVarP(&f.output, "output", "o", "", "write the report to this `file` as well")
	flags.StringVar(&f.tamper, "tamper", "", "have the receiver do wrong with every notice: "+words(drill.Tamperings()))
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "no progress")
	_ = cmd.RegisterFlagCompletionFunc("kind", cobra.FixedCompletions(strings.Split(words(drill.Kinds()), "|"), cobra.ShellCompDirectiveNoFileComp)) // fails only for a flag that does not exist
	return cmd
}

// words lists what a flag may be.
func words[W ~string](list []W) string {
	out := make([]string, len(list))
	for i, w := range list {
		out[i] = string(w)
	}
	return strings.Join(out, "|")
}

func (f *drillFlags) run(ctx context.Context, sh Shell) error {
	format, err := parseFormat(f.format, "drill outage", show.Text, show.JSON)
	if err != nil {
		return err
	}
	switch {
	case !slices.Contains(drill.Kinds(), drill.Kind(f.kind)):
		return usage("drill outage --kind single", "there is no drill %q: want %s", f.kind, words(drill.Kinds()))
	case f.tamper != "" && !slices.Contains(drill.Tamperings(), drill.Tampering(f.tamper)):
		return usage("drill outage --tamper drop", "unknown --tamper %q: want %s", f.tamper, words(drill.Tamperings()))
	}
	r, err := f.drill(ctx, sh)
	switch {
	case err != nil && ctx.Err() != nil:
		return errors.New("interrupted; the drill was not done")
	case err != nil:
		return err
	}
	var b bytes.Buffer
	write := r.Text
	if format == show.JSON {
		write = r.JSON
	}
	if err := write(&b); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	if f.output != "" {
		if err := replaceFile(f.output, b.Bytes()); err != nil {
			return err
		}
	}
	if _, err := sh.Out.Write(b.Bytes()); err != nil {
		return err
	}
	if !r.Passed {
		return errNotGood
	}
	return nil
}

// drill runs the drill and says on stderr what goes on.
func (f *drillFlags) drill(ctx context.Context, sh Shell) (*drill.Report, error) {
	scene, err := drill.SceneOf(drill.Kind(f.kind), app.DefaultTenant)
	if err != nil {
		return nil, err
	}
	var now atomic.Pointer[string]
	opt := drill.Options{Scene: scene, Version: build().Version, Tamper: drill.Tampering(f.tamper), Progress: func(text string) { now.Store(&text) }}
	opt.Progress("starting a monitor")
	stop := sh.progress(ctx, f.quiet, func(d time.Duration) string {
		return fmt.Sprintf("drill %s: %.0f s of about %.0f: %s", f.kind, d.Seconds(), scene.Takes.Seconds(), *now.Load())
	})
	defer stop()
	return app.Drill(ctx, app.DrillOptions{Options: opt})
}
