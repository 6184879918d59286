package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/alivemcp/alivemcp/internal/app"
	"github.com/alivemcp/alivemcp/internal/config"
)

// defaultConfig is the configuration that is read when none is named.
const defaultConfig = "alivemcp.yaml"

// serveFlags are the flags of serve.
type serveFlags struct {
	config string
	demo   bool
	listen string
	data   string
}

func newServe(sh Shell) *cobra.Command {
	var f serveFlags
	cmd := &cobra.Command{
		Use:   "serve [flags]",
		Short: "Monitor servers around the clock, with pages, badges and an API",
		Long: `Serve probes every server of the configuration once a minute, seals a verdict for
each minute, keeps the history, and serves a dashboard, status pages, badges and an
API. It needs nothing else installed: what lasts is in one SQLite file in the data
directory.

The configuration is read again when the file changes and on SIGHUP. SIGTERM stops
in order: what was probed is judged and stored.

With --demo it monitors servers of its own, with an invented past, in a temporary
directory.`,
		Example: `  alivemcp serve --demo
  alivemcp config init > alivemcp.yaml && alivemcp serve
  alivemcp serve --config /etc/alivemcp/alivemcp.yaml --listen 0.0.0.0:8080`,
		Args: noArgs("serve"),
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd.Context(), sh) },
	}
	flags := cmd.Flags()
	flags.StringVarP(&f.config, "config", "c", "", "read this `file`; default "+defaultConfig)
	flags.BoolVar(&f.demo, "demo", false, "monitor demonstration servers, with an invented past")
	flags.StringVar(&f.listen, "listen", "", "serve the pages here instead of where the file says, as `HOST:PORT`")
	flags.StringVar(&f.data, "data", "", "keep the data in this `directory` instead of the one that the file names")
	return cmd
}

func (f *serveFlags) run(ctx context.Context, sh Shell) error {
	if f.demo {
		return f.runDemo(ctx, sh)
	}
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP) // now: before, and while the data are read, it would end the process
	defer signal.Stop(hup)
	watcher := config.NewWatcher(f.path(), configOptions(sh))
	file, problems := watcher.Load()
	if file == nil && f.nothing() {
		return usage("serve --demo", "there is no %s here: make one with `alivemcp config init`, name one with --config, or look around first", defaultConfig)
	}
	for _, p := range problems {
		sh.remark(p.String())
	}
	if file == nil {
		return fmt.Errorf("%s cannot be used; see above, or: alivemcp config check %s", f.path(), f.path())
	}
	f.override(file)
	log := newLog(sh, file.Log)
	m, err := app.OpenMonitor(ctx, app.MonitorOptions{
		File: file, Environ: app.MinimalEnv(sh.LookupEnv), NotifySocket: sh.getenv("NOTIFY_SOCKET"),
		Version: build().Version, Log: log,
	})
	if err != nil {
		return err
	}
	reload := func(file *config.File) {
		f.override(file)
		if _, err := m.Reload(ctx, file); err != nil {
			log.ErrorContext(ctx, "the new configuration is not used", "error", err)
		}
	}
	go follow(ctx, watcher, hup, log, reload)
	return f.serve(ctx, sh, m)
}

// serve runs the monitor until it is told to stop.
func (f *serveFlags) serve(ctx context.Context, sh Shell, m *app.Monitor) error {
	sh.remark("serving http://" + m.Addr() + "/ (stop with Ctrl-C)")
	return errors.Join(m.Run(ctx), m.Close())
}

// follow reloads when the file changes, and when SIGHUP asks for it; one after
// the other, and what was read last is what is used.
func follow(ctx context.Context, w *config.Watcher, hup <-chan os.Signal, log *slog.Logger, reload func(*config.File)) {
	var turn sync.Mutex
	adopt := func(file *config.File, problems config.Problems) {
		turn.Lock()
		defer turn.Unlock()
		for _, p := range problems {
			log.WarnContext(ctx, "configuration", "problem", p.String())
		}
		if file == nil {
			log.ErrorContext(ctx, "the configuration has errors: the former one stays in use")
			return
		}
		reload(w.Current()) // of two loads at once the newer counts
	}
	go func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-hup:
				adopt(w.Load())
			}
		}
	}()
	_ = w.Run(ctx, 0, adopt) // ends with ctx alone
}

func (f *serveFlags) path() string {
	if f.config != "" {
		return f.config
	}
	return defaultConfig
}

// nothing reports whether there is no configuration, and none was named.
func (f *serveFlags) nothing() bool {
	_, err := os.Stat(f.path())
	return f.config == "" && errors.Is(err, fs.ErrNotExist)
}

func (f *serveFlags) override(file *config.File) {
	if f.listen != "" {
		file.Listen = f.listen
	}
	if f.data != "" {
		file.Data = f.data
	}
}

// runDemo serves the demonstration from a temporary directory, unless --data
// names one.
func (f *serveFlags) runDemo(ctx context.Context, sh Shell) error {
	if f.config != "" {
		return usage("serve --demo", "--demo brings its own configuration: leave out --config")
	}
	demo, err := app.NewDemonstration(time.Now()) //nolint:contextcheck // opening ports takes no time
	if err != nil {
		return err
	}
	file := demo.File()
	f.override(file)
	if f.data == "" {
		dir, err := os.MkdirTemp("", "alivemcp-demo-")
		if err != nil {
			return fmt.Errorf("making a place for the demonstration: %w; name one with --data", err)
		}
		defer func() { _ = os.RemoveAll(dir) }()
		file.Data = dir
	}
	if token := demo.Lock(); token != "" {
		sh.remark("others can reach it, so sign in as the operator with the token " + token)
	}
	m, err := app.OpenMonitor(ctx, app.MonitorOptions{File: file, Demo: demo, Version: build().Version, Log: newLog(sh, file.Log)})
	if err != nil {
		return err
	}
	sh.remark("a demonstration: the servers are part of this process, the past is invented")
	sh.remark("what its sinks are sent is at " + demo.Inbox())
	return f.serve(ctx, sh, m)
}

// newLog logs to stderr as the configuration says.
func newLog(sh Shell, l config.Log) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(l.Level)) // checked when the file was read
	opt := &slog.HandlerOptions{Level: level}
	if l.Format == "json" {
		return slog.New(slog.NewJSONHandler(sh.Err, opt))
	}
	return slog.New(slog.NewTextHandler(sh.Err, opt))
}
