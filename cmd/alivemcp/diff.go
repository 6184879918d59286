package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/alivemcp/alivemcp/internal/app"
	"github.com/alivemcp/alivemcp/internal/drift"
	"github.com/alivemcp/alivemcp/internal/show"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// errInterrupted ends a command that a signal stopped.
var errInterrupted = errors.New("interrupted")

// diffFlags are the flags of diff.
type diffFlags struct {
	connectFlags
	format string
	failOn string
	quiet  bool
}

const tryDiff = "diff tools.json https://example.com/mcp"

func diffFormats() []show.Format {
	return []show.Format{show.Text, show.JSON, show.Markdown, show.GitHub}
}

func newDiff(sh Shell) *cobra.Command {
	var f diffFlags
	cmd := &cobra.Command{
		Use:   "diff [flags] OLD NEW",
		Short: "Say what changed between two tool contracts",
		Long: `Diff compares two tool contracts and says what a client would notice. OLD and NEW
are files that snapshot wrote (or any tools/list result), URLs, or - for standard
input. Changes are breaking, compatible or wording only.

The exit code is 1 from --fail-on upwards, and when a URL does not list its tools.`,
		Example: `  alivemcp diff tools.json https://example.com/mcp
  alivemcp diff old.json new.json --format markdown
  alivemcp diff https://staging.example/mcp https://example.com/mcp --fail-on compatible`,
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, sh, args) },
	}
	formatFlag(cmd, &f.format, diffFormats()...)
	cmd.Flags().StringVar(&f.failOn, "fail-on", "breaking", "exit 1 from here on: breaking|compatible|wording")
	words := []string{"breaking", "compatible", "wording"}
	_ = cmd.RegisterFlagCompletionFunc("fail-on", cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)) // fails only for a flag that does not exist
	cmd.Flags().BoolVarP(&f.quiet, "quiet", "q", false, "no progress")
	f.declare(cmd)
	f.declareAttempts(cmd)
	return cmd
}

func (f *diffFlags) run(cmd *cobra.Command, sh Shell, args []string) error {
	format, err := parseFormat(f.format, tryDiff, diffFormats()...)
	if err != nil {
		return err
	}
	threshold, err := f.threshold()
	if err != nil {
		return err
	}
	if len(args) != 2 || args[0] == "-" && args[1] == "-" {
		return usage(tryDiff, "diff takes two files or URLs, got %d", len(args))
	}
	report, err := f.compare(cmd.Context(), sh, args)
	if err != nil {
		return err
	}
	st := sh.style()
	if err := show.WriteDiff(sh.Out, format, report, st); err != nil {
		return err
	}
	return goodOrNot(report.Class < threshold)
}

func (f *diffFlags) threshold() (uptime.DriftClass, error) {
	for _, c := range []uptime.DriftClass{uptime.DriftWording, uptime.DriftCompatible, uptime.DriftBreaking} {
		if c.String() == f.failOn {
			return c, nil
		}
	}
	return 0, usage(tryDiff+" --fail-on compatible", "unknown class %q: want breaking, compatible or wording", f.failOn)
}

func (f *diffFlags) compare(ctx context.Context, sh Shell, args []string) (show.DiffReport, error) {
	sources, err := f.sources(sh, args)
	if err != nil {
		return show.DiffReport{}, err
	}
	var snaps [2]drift.Snapshot
	for i, arg := range args {
		if snaps[i], err = f.load(ctx, sh, arg, sources[i]); err != nil {
			return show.DiffReport{}, err
		}
	}
	return app.Diff(snaps[0], snaps[1], [2]string{sources[0].Name, sources[1].Name}), nil
}

// sources returns the servers that args name; a file has no URL, only a name.
func (f *diffFlags) sources(sh Shell, args []string) (sources [2]uptime.Server, err error) {
	var profile uptime.Profile
	if err := f.sign.profile(sh, &profile); err != nil {
		return sources, err
	}
	var remote []uptime.Server
	for i, arg := range args {
		sources[i].Name = arg
		if !strings.HasPrefix(arg, "http://") && !strings.HasPrefix(arg, "https://") {
			continue
		}
		if sources[i], err = f.at(arg, profile); err != nil {
			return sources, usage(tryDiff, "argument %d is %v", i+1, err)
		}
		remote = append(remote, sources[i])
	}
	return sources, errors.Join(f.checkTransport("diff"), f.sign.oneOrigin("diff", remote))
}

func (f *diffFlags) load(ctx context.Context, sh Shell, arg string, srv uptime.Server) (drift.Snapshot, error) {
	if srv.URL != "" {
		options, err := f.options("diff")
		if err != nil {
			return drift.Snapshot{}, err
		}
		return takeSnapshot(ctx, sh, options, srv, f.quiet)
	}
	data, err := readInput(sh, arg)
	if err != nil {
		return drift.Snapshot{}, err
	}
	snap, err := drift.ReadSnapshot(bytes.NewReader(data))
	if err != nil {
		return snap, fmt.Errorf("%s: %w; make one with: alivemcp snapshot URL > tools.json", arg, err)
	}
	return snap, nil
}

func readInput(sh Shell, name string) ([]byte, error) {
	if name == "-" {
		return readAll(sh.In, "standard input", drift.MaxSnapshot)
	}
	return readFile(name, drift.MaxSnapshot)
}
