package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/alivemcp/alivemcp/internal/app"
	"github.com/alivemcp/alivemcp/internal/drift"
	"github.com/alivemcp/alivemcp/internal/probe"
	"github.com/alivemcp/alivemcp/internal/show"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// snapshotFlags are the flags of snapshot.
type snapshotFlags struct {
	connectFlags
	stdioFlags
	format string
	out    string
	quiet  bool
}

const trySnapshot = "snapshot https://example.com/mcp > tools.json"

func newSnapshot(sh Shell) *cobra.Command {
	var f snapshotFlags
	cmd := &cobra.Command{
		Use:   "snapshot [flags] URL | --stdio -- COMMAND [ARG...]",
		Short: "Write down a server's tools, to compare them later",
		Long: `Snapshot lists the tools and writes them as JSON in an order that does not change,
so that the file can be kept in a repository, compared with diff and given to
check --baseline. The exit code is 1 when the tools could not be listed.`,
		Example: `  alivemcp snapshot https://example.com/mcp > tools.json
  alivemcp snapshot https://example.com/mcp --out tools.json
  alivemcp snapshot https://example.com/mcp --format text
  alivemcp snapshot --stdio -- node server.js > tools.json`,
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, sh, args) },
	}
	flags := cmd.Flags()
	formatFlag(cmd, &f.format, show.JSON, show.Text)
	flags.StringVar(&f.out, "out", "", "write to this `file` instead of standard output; it is replaced only when the list was had")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "no progress")
	f.connectFlags.declare(cmd)
	f.declareAttempts(cmd)
	f.stdioFlags.declare(flags)
	return cmd
}

func (f *snapshotFlags) run(cmd *cobra.Command, sh Shell, args []string) error {
	format, err := parseFormat(f.format, "snapshot https://example.com/mcp", show.JSON, show.Text)
	if err != nil {
		return err
	}
	srv, err := f.source(sh, args, cmd.ArgsLenAtDash())
	if err != nil {
		return err
	}
	options, err := f.options("snapshot")
	if err != nil {
		return err
	}
	snap, err := takeSnapshot(cmd.Context(), sh, options, srv, f.quiet)
	if err != nil {
		return err
	}
	return f.write(sh, format, snap)
}

func (f *snapshotFlags) source(sh Shell, args []string, dash int) (uptime.Server, error) {
	if err := f.checkTransport("snapshot"); err != nil {
		return uptime.Server{}, err
	}
	if f.stdio {
		return f.server(sh, args, dash, "snapshot")
	}
	if len(args) != 1 {
		return uptime.Server{}, usage(trySnapshot, "snapshot takes one URL, got %d", len(args))
	}
	var profile uptime.Profile
	if err := f.sign.profile(sh, &profile); err != nil {
		return uptime.Server{}, err
	}
	srv, err := f.at(args[0], profile)
	if err != nil {
		return srv, usage(trySnapshot, "the target is %v", err)
	}
	return srv, nil
}

// takeSnapshot lists the tools of srv. When it cannot, it says why on stderr
// and returns errNotGood.
func takeSnapshot(ctx context.Context, sh Shell, options probe.Options, srv uptime.Server, quiet bool) (drift.Snapshot, error) {
	options.KeepTools = true
	checker, err := app.NewChecker(options)
	if err != nil {
		return drift.Snapshot{}, err
	}
	stop := sh.progress(ctx, quiet, func(d time.Duration) string {
		return fmt.Sprintf("listing the tools of %s, %.0f s", show.Clean(srv.Name, 60), d.Seconds())
	})
	snap, check, listed := checker.Snapshot(ctx, srv)
	stop()
	switch {
	case ctx.Err() != nil:
		return snap, errInterrupted
	case !listed:
		st := sh.style()
		st.Color = st.Color && sh.ErrTTY
		if err := show.Write(sh.Err, show.Text, []show.Check{check}, st); err != nil {
			return snap, err
		}
		return snap, errNotGood
	}
	return snap, nil
}

func (f *snapshotFlags) write(sh Shell, format show.Format, snap drift.Snapshot) error {
	var b bytes.Buffer
	if format == show.Text {
		show.WriteContract(&b, snap, sh.style())
	} else if _, err := snap.WriteTo(&b); err != nil {
		return err
	}
	if f.out == "" {
		_, err := sh.Out.Write(b.Bytes())
		return err
	}
	return replaceFile(f.out, b.Bytes())
}

// replaceFile writes name in one step: readers see the old content or the new.
func replaceFile(name string, data []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(name), ".alivemcp-*")
	if err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	defer func() { _ = os.Remove(tmp.Name()) }()
	_, err = tmp.Write(data)
	if err == nil {
		err = tmp.Chmod(0o644)
	}
	if cerr := tmp.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(tmp.Name(), name)
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	return nil
}
